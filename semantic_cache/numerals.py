"""Numbers in a tokenised prompt: digits, words, ordinals, fractions, times of day.

A number is a short string ("5", "3.10", "1/2", "#2" for an ordinal), compared as text: versions 3.1 and 3.10
differ.
"""

from collections.abc import Sequence

import msgspec

from halfpenny.semantic_cache.lexicon import (
    MULTIPLES,
    NUMBER_WORDS,
    NUMBER_WORDS_VI,
    ONE_IS_A_PRONOUN_AFTER,
    ORDINAL_WORDS,
    OTHER_NUMBERS,
)

_ORDINAL_ENDINGS = frozenset({"st", "nd", "rd", "th"})
_SCALES = {**MULTIPLES, "k": 1000, "bn": 10**9}
_SPELLED = frozenset({*NUMBER_WORDS, *MULTIPLES, *ORDINAL_WORDS, *OTHER_NUMBERS, *NUMBER_WORDS_VI})


class Numeral(msgspec.Struct, frozen=True):
    """A number and the span `start:end` of the tokens that wrote it."""

    value: str
    start: int
    end: int


def numerals(tokens: Sequence[str], *, vietnamese: bool = False) -> list[Numeral]:
    """The numbers of the lower-case `tokens`, in order; letters and digits are apart in them ("10", "gb")."""
    found: list[Numeral] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        begins = token in _SPELLED or token[0] == "-" or token[0].isdigit()
        numeral = _numeral_at(tokens, at, vietnamese) if begins else None
        if numeral is None:
            at += 1
        else:
            found.append(numeral)
            at = numeral.end
    return found


def _numeral_at(tokens: Sequence[str], at: int, vietnamese: bool) -> Numeral | None:
    token = tokens[at]
    if token[0].isdigit() or (token[0] == "-" and token[1:2].isdigit()):
        return _digits(tokens, at)
    if vietnamese:
        if token in NUMBER_WORDS_VI:
            return Numeral(str(NUMBER_WORDS_VI[token]), at, at + 1)
        return None
    if token in OTHER_NUMBERS:
        return Numeral(OTHER_NUMBERS[token], at, at + 1)
    if token in ORDINAL_WORDS:
        return Numeral(f"#{ORDINAL_WORDS[token]}", at, at + 1)
    if token in NUMBER_WORDS or token in MULTIPLES:
        return _spelled(tokens, at)
    return None


def _digits(tokens: Sequence[str], at: int) -> Numeral:
    value = _plain(tokens[at])
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    if following in _ORDINAL_ENDINGS:
        return Numeral(f"#{value}", at, at + 2)
    if following in _SCALES and "." not in value and "-" not in value and value.isdigit():
        return Numeral(str(int(value) * _SCALES[following]), at, at + 2)
    return Numeral(value, at, at + 1)


def _plain(digits: str) -> str:
    """Thousands separators removed ("1,000" is "1000"); leading zeros of a whole number too, as in "05"."""
    head, *groups = digits.split(",")
    if groups and all(len(group.split(".")[0]) == 3 for group in groups):
        digits = head + "".join(groups)
    return digits.lstrip("0") or "0" if digits.isdecimal() and len(digits) <= 2 else digits


def _spelled(tokens: Sequence[str], at: int) -> Numeral | None:
    """ "two hundred and five" -> 205. A lone "one" after "this", "which", ... or before "of" is no number."""
    total = current = 0
    end = at
    while end < len(tokens):
        token = tokens[end]
        if token in NUMBER_WORDS:
            value = NUMBER_WORDS[token]
            if end > at and not _continues(tokens[end - 1], value):
                break  # "five six" are two numbers
            current += value
        elif token in MULTIPLES:
            scale = MULTIPLES[token]
            current = max(current, 1) * scale
            if scale >= 1000:
                total, current = total + current, 0
        elif not (token == "and" and end > at and tokens[end - 1] in MULTIPLES and _is_word(tokens, end + 1)):
            break
        end += 1
    if end - at == 1 and tokens[at] == "one":
        before = tokens[at - 1] if at else ""
        after = tokens[end] if end < len(tokens) else ""
        if before in ONE_IS_A_PRONOUN_AFTER or after in ("", "of", "is", "can", "should", "does", "has"):
            return None
    return Numeral(str(total + current), at, end)


def _continues(before: str, value: int) -> bool:
    if before in MULTIPLES or before == "and":
        return True
    return NUMBER_WORDS.get(before, 0) >= 20 and 0 < value < 10


def _is_word(tokens: Sequence[str], at: int) -> bool:
    return at < len(tokens) and tokens[at] in NUMBER_WORDS
