"""Lexicons that are counted, not listed: numbers, times, dates, amounts."""

from collections.abc import Callable, Sequence

from halfpenny.semantic_cache.training.generators.grammar import Lexicon, lexicon

_EN_SMALL = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_EN_TENS = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VI = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_COUNTS = (
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
    12,
    14,
    15,
    16,
    18,
    20,
    24,
    25,
    30,
    36,
    40,
    42,
    45,
    48,
    50,
    55,
    60,
    64,
    65,
    70,
    72,
    75,
    80,
    85,
    90,
    95,
    100,
    120,
    150,
    180,
    200,
    250,
    300,
    350,
    400,
    450,
    500,
    600,
    750,
    800,
    900,
)
_AMOUNTS = (
    5,
    10,
    15,
    20,
    25,
    30,
    40,
    50,
    60,
    75,
    80,
    90,
    100,
    120,
    150,
    200,
    250,
    300,
    400,
    500,
    600,
    700,
    750,
    800,
    900,
)


def english_number(n: int) -> str:
    """0 to 999 in words."""
    if n < 20:
        return _EN_SMALL[n]
    if n < 100:
        return _EN_TENS[n // 10] + (f"-{_EN_SMALL[n % 10]}" if n % 10 else "")
    rest = n % 100
    return f"{_EN_SMALL[n // 100]} hundred" + (f" and {english_number(rest)}" if rest else "")


def vietnamese_number(n: int) -> str:
    """0 to 999 in words."""
    if n < 10:
        return _VI[n]
    if n < 100:
        tens, ones = divmod(n, 10)
        head = "mười" if tens == 1 else f"{_VI[tens]} mươi"
        if ones == 0:
            return head
        last = "lăm" if ones == 5 else "mốt" if ones == 1 and tens > 1 else _VI[ones]
        return f"{head} {last}"
    hundreds, rest = divmod(n, 100)
    head = f"{_VI[hundreds]} trăm"
    if rest == 0:
        return head
    return f"{head} {'lẻ ' if rest < 10 else ''}{vietnamese_number(rest)}"


def _ordinal(n: int) -> str:
    return f"{n}{'th' if 10 < n % 100 < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def _counted(name: str, numbers: Sequence[int], *ways: Callable[[int], str], kind: str = "number") -> Lexicon:
    return lexicon(name, kind, [list(dict.fromkeys(way(n) for way in ways)) for n in numbers])


def english() -> dict[str, Lexicon]:
    """num, small, age, year, money, dollars, percent, clock, minutes, hours, days, weeks, date, floor."""
    word = english_number
    clock = [
        [f"{h} {half}", f"{h}{half}", f"{word(h)} {half}", f"{h}:00 {half}", f"{h} {long}"]
        for half, long in (("am", "in the morning"), ("pm", "p.m."))
        for h in range(1, 12)
    ] + [
        [f"{h}:{m} {half}", f"{h}:{m}{half}", f"{word(h)} {word(m)} {half}"]
        for half in ("am", "pm")
        for h in range(1, 12)
        for m in (15, 30, 45)
    ]
    dates = [
        [f"{m} {d}", f"{d} {m}", f"{m} {_ordinal(d)}", f"the {_ordinal(d)} of {m}"]
        for m in _MONTHS
        for d in (1, 2, 3, 5, 8, 10, 12, 14, 15, 17, 20, 21, 23, 25, 28)
    ]
    made = [
        _counted("num", _COUNTS, str, word),
        _counted("small", range(2, 13), str, word),
        _counted("age", [3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 21, 25, 30, 35, 40, 45, 50, 60, 65, 70], str, word),
        _counted("year", range(1900, 2025), str),
        _counted(
            "dollars",
            _AMOUNTS,
            lambda n: f"${n}",
            lambda n: f"{n} dollars",
            lambda n: f"{word(n)} dollars",
            lambda n: f"{n} USD",
        ),
        _counted(
            "thousands",
            _AMOUNTS,
            lambda n: f"${n},000",
            lambda n: f"${n}k",
            lambda n: f"{n} thousand dollars",
            lambda n: f"{n}000 dollars",
        ),
        _counted(
            "percent",
            [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 20, 25, 30, 35, 40, 45, 50, 60, 70, 75, 80, 90],
            lambda n: f"{n}%",
            lambda n: f"{n} percent",
            lambda n: f"{word(n)} percent",
        ),
        _counted(
            "minutes",
            [2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 35, 40, 45, 50],
            lambda n: f"{n} minutes",
            lambda n: f"{word(n)} minutes",
            lambda n: f"{n} min",
            lambda n: f"{n} mins",
            kind="time",
        ),
        _counted(
            "hours",
            range(2, 13),
            lambda n: f"{n} hours",
            lambda n: f"{word(n)} hours",
            lambda n: f"{n} hrs",
            lambda n: f"{n}h",
            kind="time",
        ),
        _counted(
            "days",
            [*range(2, 13), 14, 15, 20, 28, 30, 45, 60, 90],
            lambda n: f"{n} days",
            lambda n: f"{word(n)} days",
            kind="time",
        ),
        _counted("weeks", range(2, 13), lambda n: f"{n} weeks", lambda n: f"{word(n)} weeks", kind="time"),
        _counted(
            "years",
            [2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30],
            lambda n: f"{n} years",
            lambda n: f"{word(n)} years",
            lambda n: f"{n} yrs",
            kind="time",
        ),
        lexicon("clock", "time", clock),
        lexicon("date", "time", dates),
    ]
    return {each.name: each for each in made}


def vietnamese() -> dict[str, Lexicon]:
    """The same for Vietnamese: num, small, age, year, trieu, nghin, phantram, gio, phut, ngay, tuan, nam, ngaythang."""
    word = vietnamese_number
    clock = [
        [f"{h} giờ {part}", f"{h}h {part}", f"{word(h)} giờ {part}", f"{h}g {part}"]
        for part, hours in (("sáng", range(4, 11)), ("chiều", range(1, 6)), ("tối", range(6, 11)))
        for h in hours
    ] + [
        [f"{h} giờ rưỡi {part}", f"{h}h30 {part}", f"{h} giờ 30 {part}"]
        for part, hours in (("sáng", range(4, 11)), ("chiều", range(1, 6)), ("tối", range(6, 11)))
        for h in hours
    ]
    dates = [
        [f"ngày {d}/{m}", f"{d}/{m}", f"ngày {d} tháng {m}", f"{d} tháng {m}"]
        for m in range(1, 13)
        for d in (1, 2, 5, 8, 10, 15, 20, 23, 25, 30)
    ]
    made = [
        _counted("num", _COUNTS, str, word),
        _counted("small", range(2, 13), str, word),
        _counted("age", [3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 21, 25, 30, 35, 40, 45, 50, 60, 65, 70], str, word),
        _counted("year", range(1930, 2025), str),
        _counted(
            "trieu",
            _AMOUNTS,
            lambda n: f"{n} triệu",
            lambda n: f"{n} triệu đồng",
            lambda n: f"{word(n)} triệu",
            lambda n: f"{n}tr",
        ),
        _counted(
            "nghin",
            _AMOUNTS,
            lambda n: f"{n} nghìn",
            lambda n: f"{n}k",
            lambda n: f"{n}.000đ",
            lambda n: f"{n} ngàn",
            lambda n: f"{word(n)} nghìn đồng",
        ),
        _counted(
            "phantram",
            [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 18, 20, 25, 30, 40, 50, 60, 75, 80, 90],
            lambda n: f"{n}%",
            lambda n: f"{n} phần trăm",
            lambda n: f"{word(n)} phần trăm",
        ),
        _counted(
            "phut",
            [2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 40, 45, 50],
            lambda n: f"{n} phút",
            lambda n: f"{word(n)} phút",
            lambda n: f"{n}p",
            kind="time",
        ),
        _counted(
            "tieng",
            range(2, 13),
            lambda n: f"{n} tiếng",
            lambda n: f"{word(n)} tiếng",
            lambda n: f"{n} giờ đồng hồ",
            kind="time",
        ),
        _counted(
            "songay",
            [*range(2, 13), 14, 15, 20, 30, 45, 60, 90],
            lambda n: f"{n} ngày",
            lambda n: f"{word(n)} ngày",
            kind="time",
        ),
        _counted("tuan", range(2, 13), lambda n: f"{n} tuần", lambda n: f"{word(n)} tuần", kind="time"),
        _counted("thang", range(2, 13), lambda n: f"{n} tháng", lambda n: f"{word(n)} tháng", kind="time"),
        _counted(
            "sonam",
            [2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30],
            lambda n: f"{n} năm",
            lambda n: f"{word(n)} năm",
            kind="time",
        ),
        lexicon("gio", "time", clock),
        lexicon("ngaythang", "time", dates),
    ]
    return {each.name: each for each in made}
