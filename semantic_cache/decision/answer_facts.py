"""What two answers can be compared on: words without layout, numbers with units, names, yes or no, code, refusals.

Pure; English and Vietnamese. Unlike the readings of prompts (`reading.py`) these forgive layout, echoes and precision:
answers to one question differ in them.
"""

import textwrap
import unicodedata
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

import re2

from halfpenny.semantic_cache.lexicon import (
    FUNCTION_WORDS,
    MONTHS,
    NEGATIONS,
    NEGATIONS_VI,
    NUMBER_WORDS,
    NUMBER_WORDS_VI,
    OPPOSITES,
    OPPOSITES_VI,
    ORDINAL_WORDS,
)
from halfpenny.semantic_cache.reading import Reading, topic

_FENCE = re2.compile(r"(?s)```[^\n`]*\n(.*?)(?:```|\z)")
_LINE_MARKS = re2.compile(
    r"(?m)^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*•+][ \t]+|(?:(?i:step|bước)[ \t]+)?\d{1,2}[.):][ \t]+)+"
)
_LINK = re2.compile(r"\[([^\]\n]+)\]\((?:[^)\s]+)\)")
_EMPHASIS = re2.compile(r"\*\*|__|~~|`|(?:^|\s)\*+|\*+(?:$|[\s.,;:!?])")
_COMMENT = re2.compile(r"^\s*--\s|(?:^|\s)(?:#|//)\s")
_INLINE = re2.compile(r"`[^`\n]+`")
_CASED = re2.compile(r"-\p{L}|\p{L}[\p{L}\p{N}]?\p{Lu}|\p{L}\p{Lu}[\p{L}\p{N}]?|[\p{N}.,]+\p{L}?\p{Lu}")
_QUOTES = str.maketrans("", "", "\"“”„«»‘’'")
_STOPS = re2.compile(r"[.,;:!]+(?:\s|$)")
_NUMBER = r"\d+(?:[.,:/-]\d+)*"
_TOKEN = re2.compile(
    r"(?:[$€£¥₫]\s?)?[-−]?"
    + _NUMBER
    + r"|[\p{L}\p{M}]+(?:['’_.][\p{L}\p{N}]+)*[+#]*|[%°$€£¥₫?^*/+×÷<>=]|[<>=!]=|\s[-−]\s"
)
_SENTENCE = re2.compile(r"[.!?…]+(?:\s+|$)|\n+")
_ISO_DATE = re2.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_SUFFIX = re2.compile(r"(\d)(st|nd|rd|th)\b")
_GLUED = re2.compile(r"(\d)(\p{L})")
_LITERAL = re2.compile(
    r"`[^`\n]+`|\"[^\"\n]+\"|“[^”\n]+”|«[^»\n]+»|(?:[a-z]+://|www\.)[^\s<>\"']+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|\b[A-Za-z]+(?:[._][A-Za-z]\w*)+(?:\(\))?"
)

_MARKS = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₫": "vnd", "%": "percent", "°": "degree"}
_UNITS: Mapping[str, str] = MappingProxyType(
    {
        word: line.split()[0]
        for line in """
        km kilometer kilometers kilometre kilometres kms
        m meter meters metre metres mét
        cm centimeter centimeters centimetre centimetres
        mm millimeter millimeters millimetre millimetres
        mile miles mi dặm
        ft foot feet
        inch inches
        kg kilogram kilograms kilo kilos kilôgam
        g gram grams gam
        mg milligram milligrams
        lb lbs pound pounds
        oz ounce ounces
        l liter liters litre litres lít
        ml milliliter milliliters millilitre millilitres
        second seconds sec secs s giây
        minute minutes min mins phút
        hour hours hr hrs h giờ
        day days
        week weeks tuần
        month months
        year years
        percent pct
        c celsius
        f fahrenheit
        k kelvin
        usd dollar dollars đô
        eur euro euros
        gbp sterling
        jpy yen
        vnd đồng dong
        kb kilobyte kilobytes
        mb megabyte megabytes
        gb gigabyte gigabytes
        tb terabyte terabytes
        kwh
        am a.m
        pm p.m
        bc bce
        """.strip().splitlines()
        for word in line.split()
    }
)
_MONEY = frozenset({"usd", "eur", "gbp", "jpy", "vnd"})
_SCALES: Mapping[str, int] = MappingProxyType(
    {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
    | {"trăm": 100, "nghìn": 1000, "ngàn": 1000, "triệu": 10**6, "tỷ": 10**9, "tỉ": 10**9}
)
# Auxiliaries and prepositions change what an answer claims: "must"/"can", "was"/"is", "to"/"from".
# Forms of one claim; every other auxiliary and preposition stands for itself: "must"/"can", "was"/"is", "to"/"from".
_CLAIMS: Mapping[str, str] = MappingProxyType(
    {"could": "can", "might": "may", "shall": "must", "were": "was", "'ll": "will", "'d": "would", "'ve": "have"}
)
_YES = (
    "yes",
    "yeah",
    "yep",
    "correct",
    "true",
    "absolutely",
    "certainly",
    "definitely",
    "có",
    "đúng",
    "vâng",
    "phải",
    "dạ",
)
_NO = ("no", "nope", "incorrect", "false", "never", "không", "chưa", "sai")
_REFUSALS = (
    "i'm sorry but i can",
    "i am sorry but i can",
    "sorry i can",
    "sorry but i can",
    "i can't help",
    "i cannot help",
    "i can't assist",
    "i cannot assist",
    "i'm unable to",
    "i am unable to",
    "i'm not able to",
    "i don't know",
    "i do not know",
    "i don't have access",
    "i do not have access",
    "as an ai",
    "could you please provide",
    "could you clarify",
    "please provide",
    "xin lỗi tôi không thể",
    "xin lỗi nhưng tôi không",
    "tôi không thể giúp",
    "tôi không thể hỗ trợ",
    "rất tiếc tôi không",
    "tôi không biết",
    "tôi không có thông tin",
    "bạn có thể cung cấp",
    "vui lòng cung cấp",
)
_COPULAS = frozenset(["is", "are", "was", "were", "'s", "là", "equals"])
# What an English answer may have more or less of without claiming anything else.
_EMPTY = frozenset(
    "a an the is are am be it its of and 's 're 'm please you i we us do does here so just also".split()  # noqa: SIM905
)
_PARTICLES_VI = frozenset("là của và một các những cái ạ nhé đó này".split())  # noqa: SIM905


# Facts are read out of this much of an answer; `normal` is made of all of it.
_READ_CHARS = 20_000


class AnswerFacts:
    """One answer, taken apart; each part when first asked for."""

    def __init__(self, text: str) -> None:
        sound = text.encode("utf-8", "replace").decode()  # JSON can spell lone surrogates, patterns cannot read them
        self.text = unicodedata.normalize("NFC", sound).replace("’", "'").replace("\u00a0", " ").strip()

    @cached_property
    def code(self) -> tuple[str, ...]:
        """The fenced blocks: blank lines, idle blanks and the common indent out."""
        return tuple(_settled(match.group(1)) for match in _FENCE.finditer(self.text))

    @cached_property
    def bare_code(self) -> tuple[str, ...]:
        """`code` without comments."""
        return tuple(_settled("\n".join(map(_without_comment, block.splitlines()))) for block in self.code)

    @cached_property
    def prose(self) -> str:
        """Without code, list marks and emphasis; lines kept."""
        text = _LINK.sub(r"\1", _LINE_MARKS.sub("", _FENCE.sub("\n", self.text)))
        return str(
            _EMPHASIS.sub(lambda match: " " if match.group().strip("*_~`") else match.group().strip("*_~`"), text)
        )

    @cached_property
    def normal(self) -> str:
        """The prose in lower case without stops, quotes and layout, then the code as it is.

        Where case tells things apart it stays: flags, short symbols ("mW", "MW"), code in a line.
        """
        plain = _STOPS.sub(" ", self.prose.translate(_QUOTES) + " ")
        words = [word if _CASED.fullmatch(word) else word.casefold() for word in plain.split()]
        return " ".join([*words, *self.code, *sorted(self.inline)])

    @cached_property
    def inline(self) -> frozenset[str]:
        """Code within a line in which case may matter."""
        spans = (match.group().strip("`") for match in _INLINE.finditer(_FENCE.sub("\n", self.text)))
        return frozenset(span for span in spans if span != span.casefold())

    @cached_property
    def cased(self) -> frozenset[str]:
        """What case may tell apart: `inline`, flags, short symbols."""
        plain = _STOPS.sub(" ", self.prose.translate(_QUOTES) + " ").split()
        return self.inline | {word for word in plain if len(word) <= 3}

    @cached_property
    def vietnamese(self) -> bool:
        return Reading(self.head).language == "vi"

    @cached_property
    def sentences(self) -> list[str]:
        return [part.strip() for part in _SENTENCE.split(self.prose) if part.strip()]

    @cached_property
    def head(self) -> str:
        return ". ".join(self.sentences[:2])[:600]

    @cached_property
    def words(self) -> list[str]:
        return [token.casefold() for token in self.tokens]

    @cached_property
    def tokens(self) -> list[str]:
        """Words and numbers as written; contractions apart ("isn't" is "is", "not"), units apart from their numbers."""
        text = _GLUED.sub(r"\1 \2", _SUFFIX.sub(r"\1", _ISO_DATE.sub(_spelled_date, self.prose[:_READ_CHARS])))
        return [part for match in _TOKEN.finditer(text) for part in _parts(match.group().strip())]

    @cached_property
    def numerals(self) -> dict[int, tuple[str, str, int]]:
        """By the token where it begins: (value in one spelling, unit or "", the token after it). Months too."""
        found: dict[int, tuple[str, str, int]] = {}
        words, at = self.words, 0
        while at < len(words):
            numeral = self._numeral(at)
            if numeral:
                found[at] = numeral
            at = numeral[2] if numeral else at + 1
        return found

    def _numeral(self, at: int) -> tuple[str, str, int] | None:
        word = self.words[at]
        if word in MONTHS and (self.tokens[at][0].isupper() or word not in ("may", "march")):
            return f"month:{MONTHS[word]}", "", at + 1
        value = self._value(at)
        end = at + 1
        if not value:
            if word not in _SCALES or word == "trăm":
                return None
            value, end = "1", at
        if self.words[end : end + 1] and self.words[end] in _SCALES:
            value, end = _scaled(value, _SCALES[self.words[end]]), end + 1
        unit = _MARKS.get(word[0], "")
        if not unit:
            unit, end = _unit(self.words, end)
        if unit in _MONEY and "." in value:
            value = value.rstrip("0").rstrip(".")  # 3.10 and 3.1 are one price and two versions
        return value, unit, end

    @cached_property
    def numbers(self) -> dict[str, str]:
        """Each number in one spelling, with its unit ("" if none): {"8.05": "km"}; July is "month:july"."""
        return {value: unit for value, unit, _ in self.numerals.values()}

    def _value(self, at: int) -> str:
        word = self.words[at].lstrip("$€£¥₫ ").replace("−", "-")
        before = self.words[at - 1] if at else ""
        if word[:1].isdigit() or (word[:1] == "-" and word[1:2].isdigit()):
            value = _canonical(word, vietnamese=self.vietnamese)
            return f"month:{_MONTH_NAMES[int(value) - 1]}" if before == "tháng" and value in _MONTH_NUMBERS else value
        if self.vietnamese:
            return str(NUMBER_WORDS_VI[word]) if word in NUMBER_WORDS_VI else ""
        if word in ORDINAL_WORDS and word not in ("first", "second"):
            return str(ORDINAL_WORDS[word])
        # "one" is more often a pronoun than a count
        return str(NUMBER_WORDS[word]) if word in NUMBER_WORDS and word != "one" else ""

    @cached_property
    def names(self) -> set[str]:
        """Capitalised words inside a sentence, mixed case, quoted strings, addresses and identifiers, in lower case."""
        found = {name for name in Reading(self.prose[:4000]).names if name not in MONTHS and name not in _UNITS}
        for match in _LITERAL.finditer(_FENCE.sub("\n", self.text)[:4000]):
            literal = match.group().strip('"“”«»` .,;:').casefold()
            if not literal.replace(".", "").replace(",", "").isdigit():
                found.add(literal)
        return found

    @cached_property
    def content(self) -> list[str]:
        """The words that carry the claim, as stems, in order; numbers in one spelling, the month before the day."""
        found: list[str] = []
        end = 0
        for at, word in enumerate(self.words):
            if at < end:
                continue
            if at in self.numerals:
                value, unit, end = self.numerals[at]
                if value.startswith("month:") and found and found[-1] in _DAYS:
                    found.insert(-1, value)
                else:
                    found += [value, unit] if unit else [value]
            elif (word in ("ngày", "tháng", "năm") and at + 1 in self.numerals) or (word == "to" and not at):
                continue
            else:
                found += self._carried(word)
        return found

    def _carried(self, word: str) -> list[str]:
        if word in _CLAIMS:
            return [_CLAIMS[word]]
        if word in _MARKS:
            return [_MARKS[word]]
        if self.vietnamese:
            return [] if word in _PARTICLES_VI else [word]
        return [] if word in _EMPTY else [topic(word)]

    @cached_property
    def verdict(self) -> str:
        """ "yes" or "no" if the answer begins with one, else ""."""
        words = self.words
        first = words[0] if words else ""
        if first in _YES and not (first == "phải" and self.words[1:2] != []):
            return "" if first == "có" and words[1:2] == ["thể"] and len(words) > 30 else "yes"
        return "no" if first in _NO and words[1:2] not in (["problem"], ["worries"], ["one"], ["sao"]) else ""

    @cached_property
    def negations(self) -> int:
        known = NEGATIONS_VI if self.vietnamese else NEGATIONS
        return sum(word in known for word in self.words[bool(self.verdict) :])

    @cached_property
    def has_copula(self) -> bool:
        return not _COPULAS.isdisjoint(self.words)

    @cached_property
    def refuses(self) -> bool:
        spoken = " ".join(self.head.casefold().replace(",", " ").split())
        return any(phrase in spoken[:160] for phrase in _REFUSALS)


_MONTH_NAMES = tuple(dict.fromkeys(MONTHS.values()))
_DAYS = frozenset(str(number) for number in range(1, 32))
_MONTH_NUMBERS = frozenset(str(number) for number in range(1, 13))


def _canonical(digits: str, *, vietnamese: bool) -> str:
    """One spelling of a number: thousands separators out, a decimal point. Versions and times stay as written."""
    sign = "-" if digits.startswith("-") else ""
    digits = digits.lstrip("-")
    if re2.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", digits) and not (vietnamese and digits.count(",") == 1):
        digits = digits.replace(",", "")
    elif re2.fullmatch(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?", digits) and (vietnamese or digits.count(".") > 1):
        digits = digits.replace(".", "").replace(",", ".")
    elif re2.fullmatch(r"\d+,\d+", digits):
        digits = digits.replace(",", ".")
    return sign + (digits.lstrip("0") or "0" if re2.fullmatch(r"0+\d+", digits) else digits)


def _scaled(value: str, scale: int) -> str:
    try:
        return f"{float(value) * scale:.10g}" if scale > 1 else value
    except ValueError:
        return value


def _unit(words: list[str], at: int) -> tuple[str, int]:
    """The unit right at `at` and the place after it; "degrees" only leads to one."""
    after = at
    while after < len(words) and words[after] in ("°", "degree", "degrees", "độ"):
        after += 1
    word = words[after] if after < len(words) else ""
    unit = _MARKS.get(word) or _UNITS.get(word, "")
    return (unit, after + 1) if unit else ("", at)


def _parts(token: str) -> list[str]:
    if token.casefold() == "cannot":
        return [token[:3], "not"]
    head, apostrophe, tail = token.partition("'")
    if not apostrophe or not head:
        return [token]
    if tail.casefold() == "t" and head.casefold().endswith("n") and len(head) > 2:
        return [{"ca": "can", "wo": "will"}.get(head[:-1].casefold(), head[:-1]), "not"]
    return [head, f"'{tail.casefold()}"] if tail.casefold() in ("s", "re", "ve", "ll", "d", "m") else [token]


def _spelled_date(match: "re2.Match[str]") -> str:
    month = int(match.group(2))
    name = _MONTH_NAMES[month - 1] if 1 <= month <= 12 else match.group(2)
    return f"{int(match.group(3))} {name} {match.group(1)}"


def _settled(block: str) -> str:
    lines = textwrap.dedent(block.expandtabs(4)).splitlines()
    indents = (line[: len(line) - len(line.lstrip())] for line in lines)
    return "\n".join(
        indent + " ".join(line.split()) for indent, line in zip(indents, lines, strict=True) if line.strip()
    )


def _without_comment(line: str) -> str:
    """A sign within a string is no comment, nor is "--" within a line, which may be an argument."""
    found = _COMMENT.search(line)
    if found is None or any(line[: found.end()].count(quote) % 2 for quote in "\"'`"):
        return line
    return line[: found.start()]


def opposed_words(one: AnswerFacts, other: AnswerFacts) -> str:
    """A pair of opposites of which only the one says the first and only the other the second ("hot/cold"), or ""."""
    mine, theirs = set(one.words) - set(other.words), set(other.words) - set(one.words)
    for a, b in OPPOSITES:
        if ((a in mine and b in theirs) or (b in mine and a in theirs)) and not {a, b} <= FUNCTION_WORDS:
            return f"{a}/{b}"
    if not (one.vietnamese and other.vietnamese):
        return ""
    here, there = f" {' '.join(one.words)} ", f" {' '.join(other.words)} "
    for a, b in OPPOSITES_VI:
        for x, y in ((a, b), (b, a)):
            if f" {x} " in here and f" {y} " in there and f" {x} " not in there and f" {y} " not in here:
                return f"{x}/{y}"
    return ""
