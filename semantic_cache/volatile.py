# ruff: noqa: E501 (tables)
"""Prompts whose answer must not be kept: it depends on now, on the talk so far, on chance or on the outside
world.

A wrong refusal costs a miss, a wrong pass serves yesterday's weather. "My" alone is no reason: help desks ask
"how do I block my card" all day and one answer serves all; only questions about the caller's own state are
refused.

Patterns run on RE2 (linear time, no backtracking) over the lower-case words joined and framed by single
blanks. To add a language, add one `Table`; every table is tried on every text.
"""

import re
import unicodedata
from typing import Any

import msgspec
import re2

MAX_CHARS = 4000
_BARE_WORDS = 40  # no phrase that is a whole prompt by itself is as long, courtesies included
_SET_BYTES = 1 << 27  # a bound on RE2's state cache; what it really takes is a few megabytes


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Alternatives by reason, one pattern a line; `@` is a blank. `harmless` is cut out first, `bare` is
    whole texts.

    `courtesies` are words that do not count towards a whole text.
    """

    harmless: str
    reasons: dict[str, str]
    bare: str
    courtesies: str


ENGLISH = Table(
    harmless=r"""
    (?:electric|electrical|direct|alternating|ocean|induced|eddy)@currents?
    current@(?:in|through|of|density|densities|source|divider|flow|flows|account|accounts|assets|liabilities|ratio)
    random@(?:number@generators?|forests?|variables?|walks?|access|process|processes|effects?|sampl\w+)
    (?:present|past|future)@day@(?:value|values)
    how@(?:do|can|to|would|could|should)(?:@\w+){1,6}?@(?:current|latest|random|newest)@\w+
    how@(?:do|can|to|would|could|should)(?:@\w+){0,2}@(?:check|fetch|show|display|read|forecast|predict)@the@weather
    (?:price|value)@of@\w+@in@\d\d\d\d
    """,
    reasons={
        "time": r"""
        (?:today|tonight|tomorrow|yesterday|nowadays|currently|todays|tomorrows)(?:@s)?
        right@now
        now$
        (?:is|are|open|playing|happening|available|worth)@now
        (?:at@the|at@this)@moment
        (?:at|as@of)@(?:present|now|today)
        these@days
        (?:the|s|is|are|show|get|give@me)@current@\w+
        ^current@\w+
        (?:this|next|last|past|coming|previous)@(?:week|month|year|weekend|quarter|season|morning|afternoon|evening|night|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|june|july|august|september|october|november|december)
        (?:latest|newest|most@recent|upcoming|up@to@date)
        what@(?:time|day|date|month|year)@is@it
        what@(?:is|s)@the@(?:time|date|day)(?:@(?:in|at|please)@.*)?$
        (?:tell|give)@me@the@(?:time|date)(?:@please)?$
        (?:how@many|how@long)(?:@\w+){0,3}@(?:until|till)
        (?:countdown|days|weeks|months)@(?:to|until|till|left)
        (?:minutes?|hours?)@from@now
        so@far@this
        (?:when|what)@(?:is|s)@(?:the|my)@next@\w+
        (?:what@is|what@s)@new(?:@with@\w+)?$
        """,
        "world": r"""
        weather@(?:in|for|forecast|like|report|at|near|over|outside|be|going)
        (?:how|what)@(?:is|s)@the@weather
        (?:is|will)@it@(?:be@)?(?:rain|raining|snow|snowing|sunny|windy|cloudy|foggy)
        (?:how@(?:hot|cold|warm)@is@it|is@it@(?:hot|cold|warm)@(?:in|outside))
        (?:weather|snow|rain)@forecast
        (?:headlines|breaking@news|news@(?:about|on|from|in|of|for|update|updates)|in@the@news|any@news|the@news)
        trending@(?:now|on|in|topics|songs|news|videos|hashtags|movies|today)
        (?:what|who)@(?:is|s|are)@trending
        (?:bitcoin|btc|ethereum|eth|crypto|stock|share|gold|silver|oil|gas|petrol|house|ticket|flight)@(?:price|prices)@(?:now|in|of|for|at)
        (?:price|value)@of@(?:bitcoin|btc|ethereum|gold|silver|oil|gas|petrol|a@barrel)
        (?:what|how)@(?:is|s|much@is|are)(?:@the)?@(?:bitcoin|btc|ethereum|tesla|apple|google)(?:@stock|@shares)?@(?:trading|worth|at|price)
        (?:stock|share)@price@of
        exchange@rates?@(?:of|for|between|from|to|usd|eur|us|in)
        (?:score|result|results)@of@(?:the|last|this)@(?:game|match|race|election)
        who@(?:is|s)@(?:winning|leading|playing|ahead)
        who@won@(?:the|last)@(?:game|match|race)$
        traffic@(?:in|on|to|like|near|right|report|jam|conditions)@(?:\w+)
        (?:how|what)@(?:is|s)@(?:the@)?traffic
        (?:how@(?:is|s)|is)@the@(?:stock@)?market@(?:doing|up|down|open)
        (?:how@much|what)@(?:is|s|does)@(?:a@|one@)?(?:bitcoin|btc|ethereum|gold|silver|oil)@(?:now|cost|worth|up|down)
        how@much@(?:is|s)@(?:a@|one@)?(?:bitcoin|btc|ethereum|gold|silver|oil)$
        is@(?:bitcoin|btc|ethereum|the@dollar|the@euro)@(?:up|down|crashing|falling|rising)
        what@(?:is|s)@the@score$
        where@(?:is|s)@my@(?:package|parcel|order|delivery|shipment|refund|driver|flight|food|train|bus)
        (?:near|around)@(?:me|here)
        (?:in@stock|sold@out)@(?:now|at|near|anywhere)
        """,
        "context": r"""
        (?:the|this|that)@(?:above|previous|preceding|earlier|aforementioned)(?:@(?:text|code|message|answer|question|paragraph|passage|list|table|conversation|response|reply|example|sentence|article|email|output|one))
        (?:text|code|message|answer|question|paragraph|passage|list|table|conversation|response|example|sentence|article|email|data|image|output)@(?:above|below)
        (?:summari[sz]e|translate|explain|rewrite|fix|shorten|continue|proofread|expand|repeat|answer|use)@(?:the@)?(?:above|below|previous)
        (?:this|our|the)@(?:conversation|chat|discussion|thread)@(?:so@far|above|until)?
        (?:summari[sz]e|translate|rewrite|fix|shorten|proofread|continue|explain|repeat|correct|expand|improve)@(?:this|that|it|them|these|those)(?:@(?:again|please|for@me))*$
        (?:summari[sz]e|recap)@(?:this|our|the)@(?:conversation|chat|discussion|thread)
        what@(?:did|have|had|were|was)@(?:i|we|you)@(?:just@|already@|previously@)?(?:say|said|ask|asked|tell|told|mention|mentioned|talk|talking|discuss|discussing|write|written|saying|asking)
        (?:i|you|we)@(?:just|previously|already|earlier)@(?:said|asked|told|mentioned|sent|wrote|shared|pasted|uploaded|attached|gave|discussed|showed|posted|described)
        (?:that|which|what|as|like|code|text|file|image)@(?:i|we)@(?:sent|pasted|uploaded|attached|shared)
        (?:do|can|did)@you@(?:still@)?remember@(?:me|my|what|when|our|that)
        what@(?:is|s)@my@(?:\w+@){0,2}?name
        (?:who|where)@am@i
        ^(?:please@|can@you@|could@you@|now@)?(?:make|rewrite|translate|shorten|expand|rephrase|put|turn|convert|summari[sz]e|explain|fix|send|repeat)@(?:it|that|this|them)@(?:in|into|to|as|again|shorter|longer|simpler|better|more|less|clearer|funnier|for)
        ^(?:and|but|or|so)@(?:in|for|what|if|with|the|how|why|when|where)
        ^(?:what|how)@about@\w+(?:@\w+){0,2}$
        (?:can|could)@you@(?:please@)?(?:elaborate|clarify|continue|go@on|say@more|be@more@specific|repeat)
        (?:another|one@more|more|different|other|further)@(?:example|examples|option|options|suggestion|suggestions|idea|ideas|details|alternatives?)$
        as@(?:i|you|we)@(?:said|mentioned|wrote|discussed|asked)
        (?:remind@me|remember)@(?:of@)?what@(?:i|we|you)
        (?:code|text|file|message|data|example)@(?:that@)?(?:i|you)@(?:posted|gave|wrote|provided|sent)
        how@old@am@i
        (?:my|your)@(?:last|previous|earlier|first)@(?:question|message|answer|prompt|reply|response|request)
        (?:say|explain|do|repeat|try|answer)@(?:that|it|this)@again
        (?:try|explain|once|and)@again(?:@please)?$
        """,
        "random": r"""
        (?:tell|give|pick|choose|generate|show|create|draw|suggest|play|name|select|say|write|make)(?:@\w+){0,3}@random
        ^(?:a@)?random@\w+(?:@please)?$
        (?:random|randomly)@(?:pick|choose|select|generate)
        (?:flip|toss)@(?:a|the|this|me@a)@coin
        (?:roll|throw)@(?:a|the|some|two|three|\d+)@(?:\w+@)?(?:dice|die|d\d+)
        surprise@me
        (?:pick|choose|think@of|guess|say|give@me)@(?:a|any)@(?:number|colou?r|card|letter|word|name)(?:@(?:between|from)@.*)?$
        ^(?:please@|can@you@)?tell@(?:me|us)@(?:a|some|any)@(?:\w+@)?(?:jokes?|riddles?|fun@facts?|facts?|stor(?:y|ies))(?:@please)?$
        ^(?:please@|can@you@|could@you@)?(?:generate|create|make|give@me|i@need)(?:@\w+){0,4}@(?:uuids?|guids?|passwords?|passphrases?|nonces?)
        (?:another|different|new|other|more|fresh)@(?:jokes?|riddles?|quotes?|facts?|one|ones|poems?|stories|story|fun@facts?|versions?)$
        (?:another|a@different)@(?:joke|riddle|quote|fact|poem|story|version|answer)
        """,
        "state": r"""
        (?:show|read|list|check|open|summari[sz]e|find|get|see|display)(?:@me)?@my@(?:last|latest|next|recent|unread|upcoming|previous|new|newest|pending|open|past|first|all)
        my@(?:last|latest|next|most@recent|unread|upcoming|newest)@(?:\w+@)?(?:e?mails?|messages?|invoices?|orders?|meetings?|appointments?|transactions?|payments?|bills?|flights?|paychecks?|payslips?|texts?|calls?|notifications?)
        (?:unread|new)@(?:messages|emails|mails|notifications|texts)@(?:do|have|for|are|in)
        ^(?:please@|can@you@|could@you@)?(?:read|check|open|show|list|search)@(?:me@)?(?:all@)?my@(?:e?mails?|messages?|texts?|inbox|calendar|agenda|schedule|notifications|voicemails?)
        what@(?:is|s)@(?:on|in)@my@(?:calendar|schedule|agenda|inbox|cart|list)
        (?:do@i@have|have@i@got)@(?:any@)?(?:\w+@)?(?:messages?|emails?|mails?|meetings?|appointments?|notifications?|calls?|texts?|events?|reminders?|alarms?|mentions)
        (?:what|how@much)@(?:is|s|are)@(?:\w+@)?my@(?:\w+@){0,2}?(?:balance|schedule|calendar|agenda|appointments|meetings|inbox|invoices|orders|usage|location|age|birthday|bill|credit@score|order@status)
        (?:did|has|have|will)@my@(?:\w+@){1,3}?(?:go@through|gone@through|arrive|arrived|ship|shipped|clear|cleared|land|landed)
        (?:is|are)@my@(?:\w+@){1,3}?(?:delayed|on@time|approved|ready|shipped|here@yet|overdue)
        (?:cancel|track|return|refund|change|check|where@is|status@of)@(?:my@|the@)?(?:order|booking|ticket|case|parcel|shipment|invoice)@(?:number@|no@)?\d+
        """,
    },
    bare="""
    continue / go on / keep going / carry on / proceed / more / next / go ahead / do it / yes / no / ok / okay / sure / why / how / why not /
    really / again / retry / try again / stop / undo / thanks / thank you / and then / what else / anything else / tell me more /
    say more / elaborate / explain / go deeper / shorter / longer / simpler / in english / book it / send it / buy it / order it /
    cancel it / delete it / fix it / fix this / fix that / run it / open it / play it / save it / print it / explain it /
    explain this / explain that / what is this / what is that / what about it / what do you mean / like what / which one / surprise me
    """,
    courtesies="please pls now then just so and ok okay yes sure",
)

VIETNAMESE = Table(
    harmless=r"""
    số@ngẫu@nhiên@là@gì
    biến@ngẫu@nhiên
    """,
    reasons={
        "time": r"""
        (?:hôm|tối|sáng|chiều|trưa|đêm|năm|dạo|ngày)@nay
        (?:hôm@qua|hôm@kia|ngày@mai|ngày@kia|tối@qua|tối@mai|sáng@mai|chiều@mai)
        (?:bây@giờ|lúc@này|ngay@lúc@này|hiện@tại|hiện@nay|hiện@giờ|hiện@thời|đương@nhiệm)
        (?:tuần|tháng|quý|mùa|năm)@(?:này|sau|trước|tới|ngoái|vừa@rồi)
        (?:mới@nhất|gần@đây@nhất|gần@nhất|sắp@tới|vừa@qua|mới@đây)
        mấy@giờ@rồi
        (?:đang|giờ)@là@mấy@giờ
        (?:hôm@nay|nay)@(?:là@)?(?:thứ@mấy|ngày@mấy)
        còn@(?:bao@nhiêu|mấy)@(?:ngày|tuần|tháng)
        """,
        "world": r"""
        thời@tiết@(?:ở|tại|thế@nào|ra@sao|như@thế@nào|hà@nội|sài@gòn)
        dự@báo@thời@tiết
        thời@tiết(?:@\w+){0,3}@(?:cuối@tuần|thế@nào|ra@sao)
        ^tin@tức$
        trời@(?:có@|đang@|sắp@)?(?:mưa|nắng|lạnh|nóng|bão)@(?:không|chưa|to)
        giá@(?:vàng|xăng|dầu|bitcoin|cổ@phiếu|đô|đô@la|usd|bạc|điện|gạo)@(?:bao@nhiêu|thế@nào|ra@sao|đang|trong@nước|thế@giới|ở)
        giá@(?:vàng|xăng|dầu|bitcoin|cổ@phiếu|đô|đô@la|usd|bạc)$
        tỷ@giá@(?:đô|đô@la|usd|euro|yên|đồng)(?:@bao@nhiêu|@thế@nào)?$
        (?:tin@tức|tin@nóng|thời@sự)@(?:về|trong|ở|thế@giới|bóng@đá|mới|nóng)
        (?:kết@quả@xổ@số|kết@quả@trận|tỷ@số@trận|kẹt@xe@không|tình@hình@giao@thông)
        (?:gần@tôi|gần@chỗ@tôi|gần@mình|quanh@đây|gần@nhà@tôi)
        """,
        "context": r"""
        (?:lúc@nãy|vừa@nãy|ban@nãy|khi@nãy|hồi@nãy)
        (?:tôi|bạn|mình|em|anh|ta)@vừa@(?:\w+)
        (?:đoạn|câu|phần|văn@bản|bài|mã|code|tin@nhắn|ý|danh@sách|bảng)(?:@văn)?@(?:ở@|bên@|phía@)?(?:trên|vừa@rồi|trước@đó)
        (?:dịch|tóm@tắt|giải@thích|sửa|viết@lại)@(?:nó|cái@này|đoạn@này|bài@này|văn@bản@này|phần@trên|ở@trên|câu@này)$
        (?:cuộc@trò@chuyện|cuộc@hội@thoại|hội@thoại)@(?:này|trên|của@chúng@ta)
        (?:tôi|mình|em|anh)@(?:tên@(?:là@)?gì|là@ai|bao@nhiêu@tuổi|đang@ở@đâu|đã@hỏi@gì|hỏi@gì|đã@nói@gì|nói@gì)
        tên@(?:của@)?(?:tôi|mình|em)@là@gì
        (?:giải@thích|nói|nhắc|viết|làm|thử|trả@lời)@lại(?:@đi|@lần@nữa|@nhé|@xem)*$
        bạn@(?:có@)?nhớ@(?:tôi|mình|những|điều)
        ^(?:viết|dịch|sửa|làm|giải@thích)@lại
        ^(?:còn|thế@còn|vậy@còn)@\w+(?:@\w+){0,2}(?:@thì@sao)?$
        (?:ví@dụ|gợi@ý|lựa@chọn|ý@tưởng)@khác(?:@đi)?$
        """,
        "random": r"""
        (?:tạo|chọn|cho|đưa|lấy|sinh|nói|kể|gợi@ý)(?:@\w+){0,5}@ngẫu@nhiên
        (?:tung|búng)@(?:một@)?(?:đồng@)?xu
        (?:gieo|tung|đổ)@(?:một@)?(?:con@)?xúc@xắc
        ^(?:hãy@)?(?:tạo|sinh|đặt)(?:@\w+){0,4}@(?:mật@khẩu|uuid|mã@pin)
        (?:chuyện@cười|truyện@cười|câu@đố|bài@thơ|câu@chuyện|câu|cái|phiên@bản)@khác(?:@đi)?$
        """,
        "state": r"""
        (?:tôi|mình|em)@có@(?:bao@nhiêu@|mấy@)?(?:lịch@hẹn|cuộc@hẹn|cuộc@họp|tin@nhắn|thư|email|thông@báo|đơn@hàng)
        (?:số@dư|lịch@hẹn|lịch|đơn@hàng|hóa@đơn|tài@khoản|chuyến@bay|hộp@thư)@(?:\w+@){0,2}?(?:của@)?(?:tôi|mình|em)@(?:là@bao@nhiêu|còn@bao@nhiêu|bao@nhiêu|có@bị|đã|đang|thế@nào|tới@đâu|đến@đâu|ở@đâu)
        (?:hủy|theo@dõi|kiểm@tra|đổi|trả)@(?:đơn@hàng|đơn|vé|hóa@đơn)@(?:số@)?\d+
        ^(?:số@dư|lịch@hẹn|đơn@hàng)@(?:của@)?(?:tôi|mình|em)
        """,
    },
    bare="""
    tiếp / tiếp tục / tiếp đi / nữa / thêm / thêm nữa / có / không / được / đồng ý / vì sao / tại sao / rồi sao nữa / còn gì nữa /
    nói thêm / nói rõ hơn / giải thích / làm lại / thử lại / dừng lại / cảm ơn / đặt đi / gửi đi / mua đi / hủy đi / sửa đi / dịch đi
    """,
    courtesies="đi nhé ạ nha vậy với hãy",
)

TABLES = (ENGLISH, VIETNAMESE)

_QUOTED = re2.compile(r"```[^`]*```|`[^`\n]+`|\"[^\"\n]+\"|“[^”\n]+”|«[^»\n]+»")
_QUOTES = frozenset('`"“«')
# RE2's findall makes Python objects by hand, ten times slower than `re`; a single class repeated cannot backtrack.
_ASCII_WORD = re.compile(r"[a-z]+|[0-9]+")
_WORD = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f])+|[0-9]+")


class _Compiled(msgspec.Struct, frozen=True):
    harmless: Any
    reasons: tuple[tuple[str, Any], ...]
    any_reason: Any
    """All reasons' patterns as one RE2 set: one pass over the text instead of one for each, twenty times faster."""
    bare: frozenset[str]
    courtesies: frozenset[str]


def volatile_reason(text: str) -> str | None:
    """ "time", "world", "context", "random" or "state" if the answer must not be stored; None if it may be.

    Only the first and the last `MAX_CHARS` / 2 characters are read.
    """
    if len(text) > MAX_CHARS:
        text = f"{text[: MAX_CHARS // 2]} {text[-MAX_CHARS // 2 :]}"
    spoken = unicodedata.normalize("NFC", text).lower()
    if not _QUOTES.isdisjoint(spoken):
        spoken = _QUOTED.sub(" quotation ", spoken)
    words = (_ASCII_WORD if spoken.isascii() else _WORD).findall(spoken)
    for table in _COMPILED:
        reason = _reason_in(table, words)
        if reason:
            return reason
    return None


def _reason_in(table: _Compiled, words: list[str]) -> str | None:
    if len(words) <= _BARE_WORDS:
        core = [word for word in words if word not in table.courtesies]
        if " ".join(core) in table.bare or " ".join(words) in table.bare:
            return "context"
    said = f" {' '.join(words)} "
    # Harmless phrases are only looked for where something was found: taking them out can only take a reason away.
    if not table.any_reason.Match(said):
        return None
    spoken = table.harmless.sub("  ", said)
    return next((reason for reason, pattern in table.reasons if pattern.search(spoken)), None)


def _compile(table: Table) -> _Compiled:
    reasons = tuple((reason, _pattern(lines)) for reason, lines in table.reasons.items())
    options = re2.Options()
    options.max_mem = _SET_BYTES
    any_reason = re2.Set.SearchSet(options)
    for _, pattern in reasons:
        any_reason.Add(pattern.pattern)
    any_reason.Compile()
    return _Compiled(
        harmless=_pattern(table.harmless),
        reasons=reasons,
        any_reason=any_reason,
        bare=frozenset(" ".join(phrase.split()) for phrase in table.bare.split("/")) - {""},
        courtesies=frozenset(table.courtesies.split()),
    )


def _pattern(lines: str) -> Any:
    """One alternation of whole-word patterns: each line is framed by blanks, `^` and `$` are the ends of the
    text.
    """
    framed = []
    for line in lines.split():
        line = line.replace("@", " ").replace(r"\w", r"[\p{L}\p{M}\d]")
        start = "^ " if line.startswith("^") else " "
        end = " $" if line.endswith("$") else " "
        framed.append(f"{start}(?:{line.removeprefix('^').removesuffix('$')}){end}")
    return re2.compile("|".join(framed))


_COMPILED = tuple(_compile(table) for table in TABLES)
