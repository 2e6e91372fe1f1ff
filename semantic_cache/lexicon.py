# ruff: noqa: E501 (tables)
"""General word lists of the guards, English and Vietnamese. Nothing here comes from a data set.

To teach the guards another language, add its courtesy words, negations and number words here; without them
its texts are only served for texts with the same words (guard "language").
"""

from collections.abc import Mapping
from types import MappingProxyType


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _table(text: str) -> Mapping[str, str]:
    """One group a line, the first word standing for all: "big large" -> {"big": "big", "large": "big"}."""
    return MappingProxyType({word: line.split()[0] for line in text.strip().splitlines() for word in line.split()})


def _counted(text: str, start: int, stride: int = 1) -> dict[str, int]:
    """ "one two", 1 -> {"one": 1, "two": 2}."""
    return {word: start + stride * at for at, word in enumerate(text.split())}


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """ "on/off" -> ("on", "off"); "_" stands for a blank."""
    pairs = (pair.replace("_", " ").partition("/") for pair in text.split())
    return tuple((one, other) for one, _, other in pairs)


# --- Words that carry no topic

# Grammar. Direction, polarity and quantity words (from, off, without, all, ...) are not here on purpose.
FUNCTION_WORDS = _words(
    """
    a an the this that these those it its itself there here
    i me my mine myself we us our ours you your yours u ur he him his she her they them their one ones
    am is are was were be been being do does did doing done have has had having
    can could may might will would shall should must
    of to in at by for with as and or if so then than that's just also too very really quite about
    what which who whom whose when where why how
    on into onto up out some any such own same other 's 're 've 'll 'm 'd
    """
)

# How one asks, not what is asked.
FRAME_WORDS = _words(
    """
    please pls plz kindly thanks thank hi hello hey dear ok okay well sorry excuse tell show explain describe
    give define help wonder wondering ask asking question quick quickly possible possibly possibility
    exactly actually basically way ways manner method methods process procedure step steps approach explanation
    explaining able using mean means meaning definition called
    """
)

# How one asks only as the first word ("name the capital") or after one of these words ("I want").
LEADING_FRAMES = _words("name state list find show")
FRAMES_AFTER: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "want": _words("i we"),
        "need": _words("i we"),
        "like": _words("'d would"),
        "know": _words("to you me"),
        "out": _words("find"),
    }
)

# What a clause may be made of beside grammar and say nothing: greetings, thanks, apologies, asking for help.
COURTESIES = _words(
    """
    please pls plz kindly thanks thank thankyou thx ty cheers hi hello hey hiya dear greetings ok okay well sorry excuse
    pardon apologies morning afternoon good day regards appreciate appreciated grateful advance lot bunch much many
    help helping assist assistance question quick um uh uhm er erm hmm oh ah like just wondering know urgent asap
    everyone everybody folks team guys friend mate sir madam bye welcome idea ideas hope all any so silly anyone
    someone request suggestion suggestions advice advise recommendation recommendations
    """
)
# What else a first clause may be made of: "I would like to ask something:", "Can you explain this to me:".
OPENINGS = _words(
    """
    tell ask asking wonder explain describe show want need like know information info something issue problem
    curious interested find out looking tìm
    """
)
# Words that tell how to answer: one more of these is another task, however near the two prompts are. Adverbs of manner
# ("wrongly") are told by their ending.
TELLING = _words(
    """
    say reply respond answer write print repeat output speak shout sing translate pretend act ignore disregard forget lie
    opposite reverse backwards badly instead tone manner style accent rhyme
    """
)
HARMLESS_ADVERBS = _words(
    """
    usually generally normally typically commonly really actually exactly currently basically probably possibly
    personally roughly approximately especially mostly recently lately easily quickly silly apply supply family
    """
)
CONJUNCTIONS = _words("and but then so also or now instead")
QUESTION_WORDS = _words("what which who whom whose when where why how")
# First words of a statement, or of a clause that depends on another. Not "you": "You must lie" is an order.
SUBJECTS = _words(
    """
    i i'm im ive we he she it they this that these those there here my our your his her its their the a an some
    any all both each every one someone somebody nobody nothing everything if because since while although though
    after before until once whenever
    """
)

# Greetings and particles before and after a Vietnamese question.
COURTESY_VI = (
    "bạn ơi",
    "chào bạn",
    "xin chào",
    "ad ơi",
    "cho mình hỏi",
    "cho tôi hỏi",
    "cho em hỏi",
    "cho hỏi",
    "xin hỏi",
    "hỏi nhanh",
    "hỏi chút",
    "ai biết chỉ giúp",
    "mọi người ơi",
    "làm ơn",
    "vui lòng",
    "giúp tôi",
    "giúp mình",
    "cảm ơn",
    "hãy",
    "với ạ",
    "ạ",
    "nhé",
    "nhỉ",
    "vậy",
    "thế",
)

# --- Words for the same thing

# Only words that may stand for each other in almost every question. When in doubt they are left out.
SYNONYMS = _table(
    """
    buy purchase
    big large
    fast quick rapid
    begin start
    end finish
    repair fix
    error bug
    photo picture photograph image pic
    car automobile
    phone telephone mobile cellphone
    film movie
    tv television
    bike bicycle
    fridge refrigerator
    doctor physician
    flat apartment
    holiday vacation
    child kid
    mother mom mum
    father dad
    cost price charge fee expense
    salary wage pay
    job work
    company firm business
    shop store
    trip journey travel
    illness disease sickness
    rubbish trash garbage
    autumn fall
    kg kilogram kilo kilogramme
    g gram gramme
    km kilometer kilometre
    m meter metre
    cm centimeter centimetre
    mm millimeter millimetre
    mi mile
    lb pound
    oz ounce
    ft foot feet
    l liter litre
    ml milliliter millilitre
    hr hour
    min minute
    sec second
    c celsius centigrade
    f fahrenheit
    percent percentage
    usd dollar buck
    eur euro
    gbp quid
    js javascript
    ts typescript
    py python
    k8s kubernetes
    db database
    docs documentation doc
    config configuration
    app application
    repo repository
    colour color
    favourite favorite
    organise organize
    centre center
    create generate make
    delete erase
    select choose pick
    correct right
    wrong incorrect
    difference differ different distinguish
    guide tutorial
    introduction intro overview
    tip advice
    compare comparison
    author writer write compose composer
    inventor invent
    painter paint
    founder found
    discoverer discover
    designer design
    summary summarize summarise
    height tall
    depth deep
    weight weigh heavy
    width wide
    length long
    located location situated
    nearby near close
    reason cause
    important significant
    benefit advantage pro
    drawback disadvantage downside con
    permit allow
    forbid ban prohibit
    assist support
    happen occur
    send mail
    receive obtain acquire
    uk britain
    """
)

# Words that add nothing beside the words that they go with: "capital city", "in simple terms", "currently".
FILLERS = _words("city country term current currently simple simply convert")

# --- Polarity and direction

NEGATIONS = _words(
    """
    not no never without none nothing nobody nowhere neither nor cannot cant dont doesnt didnt isnt arent
    wasnt werent wont wouldnt couldnt shouldnt hasnt havent hadnt mustnt aint non unable except excluding
    unless lack lacking only merely
    """
)
# At the end of a Vietnamese clause the first two only make it a question ("... có an toàn không?").
QUESTION_NEGATIONS_VI = _words("không chưa hông hong ko k")
NEGATIONS_VI = _words("không chưa chẳng chả đừng chớ ko kg hông khỏi")

# Either word of a pair on one side and the other on the other side turns the question round.
OPPOSITES = _pairs(
    """
    for/against for/with for/by with/against on/under on/beneath before/during during/after is/was are/were has/had do/did does/did my/your his/her he/she him/her on/off in/out up/down before/after over/under above/below with/without inside/outside
    indoor/outdoor more/less more/fewer most/least many/few max/min maximum/minimum
    maximize/minimize maximise/minimise first/last earliest/latest early/late earlier/later
    next/last next/previous past/future high/low higher/lower highest/lowest upper/lower top/bottom
    left/right north/south east/west front/back forward/backward forwards/backwards enable/disable
    enabled/disabled activate/deactivate allow/deny allow/block allow/forbid allowed/banned
    allowed/forbidden permit/forbid accept/reject accept/decline accept/refuse approve/reject
    grant/revoke buy/sell buyer/seller borrow/lend rent/buy deposit/withdraw deposit/withdrawal
    send/receive sender/receiver import/export upload/download push/pull give/take lend/borrow
    earn/spend save/spend credit/debit profit/loss increase/decrease increasing/decreasing rise/fall
    raise/lower grow/shrink gain/lose ascending/descending expand/collapse zoom/shrink
    strengthen/weaken improve/worsen better/worse best/worst open/close open/closed opened/closed
    start/stop start/end begin/end start/finish continue/stop resume/pause add/remove add/delete
    add/subtract create/delete insert/delete install/uninstall mount/unmount attach/detach
    connect/disconnect join/leave join/split merge/split enter/leave enter/exit login/logout
    subscribe/unsubscribe follow/unfollow lock/unlock block/unblock mute/unmute hide/show
    hidden/visible public/private encrypt/decrypt encode/decode compress/decompress zip/unzip
    serialize/deserialize pack/unpack load/unload wrap/unwrap read/write input/output source/target
    source/destination client/server sync/async synchronous/asynchronous accelerate/brake win/lose
    winner/loser succeed/fail success/failure pass/fail true/false yes/no positive/negative
    plus/minus multiply/divide even/odd hot/cold warm/cool warmer/cooler wet/dry heavy/light
    big/small large/small larger/smaller bigger/smaller long/short longer/shorter tall/short
    wide/narrow thick/thin deep/shallow fast/slow faster/slower near/far close/far old/new
    older/younger oldest/youngest young/old full/empty rich/poor cheap/expensive cheapest/dearest
    budget/luxury strong/weak hard/easy hard/soft difficult/easy safe/dangerous safe/unsafe good/bad
    healthy/unhealthy right/wrong legal/illegal possible/impossible like/dislike love/hate
    agree/disagree pros/cons advantage/disadvantage benefit/risk benefit/drawback benefit/harm
    upside/downside male/female man/woman men/women boy/girl husband/wife mother/father son/daughter
    brother/sister king/queen adult/child parent/child employer/employee landlord/tenant
    teacher/student doctor/patient host/guest beginner/expert beginner/advanced
    domestic/international local/remote online/offline manual/automatic internal/external
    temporary/permanent optional/required minimum/maximum simple/complex day/night morning/evening
    am/pm summer/winter spring/autumn sunrise/sunset arrive/depart arrival/departure come/go
    inbound/outbound always/never always/sometimes everyone/nobody all/none all/some both/either
    include/exclude including/excluding eat/avoid keep/discard keeping/discarding gross/net
    single/married single/multiple single/double
    """
)

# Vietnamese is written in syllables; these are matched on whole syllables.
OPPOSITES_VI = _pairs(
    """
    bật/tắt mở/đóng mua/bán tăng/giảm trước/sau trên/dưới trong/ngoài lên/xuống vào/ra nhiều/ít
    nhất/bét lớn/nhỏ to/nhỏ cao/thấp dài/ngắn nhanh/chậm nóng/lạnh mới/cũ tốt/xấu tốt/tệ đúng/sai
    thắng/thua gửi/nhận cho/lấy vay/cho_vay gửi/rút nạp/rút thêm/xóa thêm/bớt cài_đặt/gỡ
    kích_hoạt/hủy bắt_đầu/kết_thúc tạm_dừng/tiếp_tục nâng_cấp/hạ_cấp tải_lên/tải_xuống nhập/xuất
    đọc/ghi giữ/bỏ an_toàn/nguy_hiểm có_lợi/có_hại được/bị nam/nữ sáng/tối sáng/chiều ngày/đêm
    trái/phải tối_đa/tối_thiểu đầu/cuối khóa/mở_khóa ẩn/hiện đến/đi cộng/trừ nhân/chia
    """
)

# --- Numbers, dates, units

NUMBER_WORDS: Mapping[str, int] = MappingProxyType(
    _counted("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen", 0)
    | _counted("sixteen seventeen eighteen nineteen", 16)
    | _counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10)
)
ORDINAL_WORDS: Mapping[str, int] = MappingProxyType(
    _counted("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth", 1)
)
MULTIPLES: Mapping[str, int] = MappingProxyType(
    {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
)
OTHER_NUMBERS: Mapping[str, str] = MappingProxyType(
    {"half": "1/2", "halves": "1/2", "quarter": "1/4", "once": "1", "twice": "2", "thrice": "3", "double": "2",
     "triple": "3", "½": "1/2", "¼": "1/4", "¾": "3/4", "couple": "2", "pair": "2"}
)  # fmt: skip
# "một" is also the article and "năm" also "year": they are left out.
NUMBER_WORDS_VI: Mapping[str, int] = MappingProxyType(
    _counted("hai ba bốn lăm sáu bảy tám chín mười", 2) | {"tư": 4, "bẩy": 7}
)
# "one" after these words is a pronoun ("this one").
ONE_IS_A_PRONOUN_AFTER = _words("this that the which new old another no any every each some other right wrong good")

MONTHS = _table(
    """
    january jan
    february feb
    march
    april apr
    may
    june jun
    july jul
    august aug
    september sep sept
    october oct
    november nov
    december dec
    """
)
WEEKDAYS = _table(
    """
    monday mon
    tuesday tue tues
    wednesday wed
    thursday thu thur thurs
    friday fri
    saturday sat
    sunday sun
    """
)
TIMES = _words(
    """
    today tonight tomorrow yesterday now noon midnight midday morning afternoon evening night weekend weekday
    dawn dusk am pm bc ad daily weekly monthly yearly annually annual hourly week month year day hour minute
    decade century spring summer autumn winter christmas easter
    """
)

# --- Questions

# What kind of answer the question wants; the first pattern found in the lower-case words wins. Words are
# matched whole.
QUESTION_KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "why",
        (
            "why",
            "how come",
            "what reason",
            "what is the reason",
            "what's the reason",
            "for what reason",
            "what causes",
            "what caused",
        ),
    ),
    (
        "duration",
        ("how long", "how much time", "how many hours", "how many days", "how many minutes", "what duration"),
    ),
    ("frequency", ("how often", "how frequently", "how many times")),
    ("age", ("how old", "what age")),
    ("distance", ("how far", "what distance")),
    ("quantity", ("how many", "how much", "what number of", "what amount")),
    ("quantity", ("how tall", "how high", "how deep", "how heavy", "how wide", "how big", "how large", "how fast")),
    ("quantity", ("how hot", "how cold", "how small")),
    ("when", ("when", "what time", "what date", "what day", "what year", "which year", "which day")),
    ("where", ("where", "what place", "which place", "in what location")),
    ("who", ("who", "whom", "whose", "which person", "what person")),
    ("how", ("how",)),
    ("what", ("what", "which")),
)
# "What" questions that ask how, and "how" inside other frames.
HOW_NOUNS = _words("way ways method methods process procedure steps step approach")
# "What" questions that ask how much or how many.
QUANTITY_NOUNS = _words(
    "cost price charge fee expense fare rate amount number population size height depth weight width length speed"
    " temperature distance age"
)
# A text without a question word that has one of these is an order or a wish, not a "how".
WISHES = _words("want need wanna gotta book order buy")
# A first word that makes a yes-or-no question, by what it asks; "can you", "could you", ... make a polite order.
AUXILIARIES: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(
        ["am", "is", "are", "was", "were", "do", "does", "did", "has", "have", "had", "will", "would"], "yes or no"
    )
    | dict.fromkeys(["can", "could", "may", "might"], "may it")
    | dict.fromkeys(["shall", "should", "must"], "should it")
)
POLITE = _words("can could would will")
# Words that make an exchange of two things harmless: "A and B", "the difference between A and B".
SYMMETRIC = _words("and or vs versus between difference differ different compare comparison distance both & equal same")

# --- Languages

# Short frequent words that give a Latin-script language away. "vi" without its marks is a language of its
# own.
STOPWORDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "en": _words(
            "the a an is are was were be do does did of to in on for with and or not what how why when where who i "
            "my me you your it this that can will from at by have has had please there which would should if"
        ),
        "fr": _words("le la les un une des du de est sont et ou où que qui quoi comment pourquoi je tu vous nous mon ma mes votre pour dans avec sur pas ne quel quelle quelles"),
        "de": _words("der die das den dem ein eine einen ist sind und oder nicht wie was warum wo wer ich du sie wir mein meine für mit auf von zu im kann gibt welche"),
        "es": _words("el la los las un una es son y o no qué que cómo como por para con en de del mi tu su cuál cual dónde donde quién cuándo cuánto yo"),
        "it": _words("il lo la gli le un una è sono e o non che chi come perché dove quando quale di del della per con mio mia qual"),
        "pt": _words("o a os as um uma é são e ou não que quem como por para com em do da dos das meu minha qual onde quando"),
        "nl": _words("de het een is zijn en of niet hoe wat waarom waar wie ik je mijn voor met op van naar kan"),
        "vi-plain": _words("la gi khong cua nhu nao bao nhieu lam sao cach toi ban cho hoi duoc co nhung thi mot va voi trong ngay nguoi o dau sao de tai"),
    }
)  # fmt: skip
