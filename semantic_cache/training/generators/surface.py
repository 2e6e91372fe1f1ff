"""What people add to a request without changing it: politeness, contractions, lower case, typos."""

import random
from collections.abc import Mapping, Set

import msgspec

from halfpenny.semantic_cache.training.generators.grammar import Mood, strip_marks


class Manner(msgspec.Struct, frozen=True):
    """How one language is dressed up: texts put before and after by mood, and pairs of words that mean the same."""

    before: Mapping[Mood, tuple[str, ...]]
    after: Mapping[Mood, tuple[str, ...]]
    same: tuple[tuple[str, str], ...]


class Style(msgspec.Struct, frozen=True):
    """`case`: sentence (capital and end mark), plain (neither added), lower. `swap`: 0 keeps words, 1 turns the first
    of each pair in `Manner.same` into the second, 2 the reverse. `typo`: seed of one typing error, 0 for none. `bare`:
    no marks on the letters at all."""

    case: str
    before: int
    after: int
    swap: int
    typo: int
    bare: bool


_CASES = ("sentence", "sentence", "plain", "lower", "lower")
_SWAPS = (0, 0, 1, 2)
_QWERTY = {
    "a": "sq",
    "e": "wr",
    "i": "uo",
    "o": "ip",
    "u": "yi",
    "n": "bm",
    "m": "n",
    "t": "ry",
    "r": "et",
    "s": "ad",
    "l": "k",
    "c": "xv",
    "d": "sf",
    "g": "fh",
    "h": "gj",
}


def draw_style(rng: random.Random, language: str) -> Style:
    """A random style. Half of them add nothing before and after."""
    return Style(
        case=_CASES[int(rng.random() * 5)],
        before=rng.getrandbits(20) + 1 if rng.random() < 0.3 else 0,
        after=rng.getrandbits(20) + 1 if rng.random() < 0.2 else 0,
        swap=_SWAPS[int(rng.random() * 4)],
        typo=rng.getrandbits(30) + 1 if language == "en" and rng.random() < 0.1 else 0,
        bare=language == "vi" and rng.random() < 0.03,
    )


def dress(text: str, mood: Mood, style: Style, manner: Manner, words: Set[str], *, may_strip: bool) -> str:
    """`text` in a style. `words` are the known words: a typing error never makes one of them."""
    if style.swap:
        text = _swapped(text, manner, forward=style.swap == 1)
    if style.typo:
        text = _mistyped(text, random.Random(style.typo), words)
    before = manner.before[mood]
    after = manner.after[mood]
    if style.before:
        lead = before[style.before % len(before)]
        if lead and text[:1].isupper() and text[1:2].islower() and text.split()[0].lower() in words:
            text = text[0].lower() + text[1:]
        text = lead + text
    if style.after:
        text += after[style.after % len(after)]
    if style.case == "lower":
        text = text.lower()
    elif style.case == "sentence":
        text = text[:1].upper() + text[1:]
        if text[-1:] not in "?.!":
            text += "?" if mood == "question" else "" if mood == "keywords" else "."
    if style.bare and may_strip:
        text = strip_marks(text)
    return text


def _swapped(text: str, manner: Manner, *, forward: bool) -> str:
    """Quoted words are what the request is about: they stay."""
    segments = text.split('"')
    for i in range(0, len(segments), 2):
        padded = f" {segments[i]} "
        for one, other in manner.same:
            old, new = (one, other) if forward else (other, one)
            if f" {old} " in padded:
                padded = padded.replace(f" {old} ", f" {new} ")
        segments[i] = padded[1:-1]
    return '"'.join(segments)


def _mistyped(text: str, rng: random.Random, words: Set[str]) -> str:
    parts = text.split(" ")
    able = [i for i, w in enumerate(parts) if len(w) >= 5 and w.isascii() and w.isalpha()]
    if not able:
        return text
    at = rng.choice(able)
    word = parts[at]
    for _ in range(4):
        wrong = _one_slip(word, rng)
        if wrong.lower() not in words and wrong != word:
            parts[at] = wrong
            break
    return " ".join(parts)


def _one_slip(word: str, rng: random.Random) -> str:
    i = rng.randrange(1, len(word) - 1)
    how = rng.randrange(4)
    if how == 0:
        return word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    if how == 1:
        return word[:i] + word[i + 1 :]
    if how == 2:
        return word[:i] + word[i] + word[i:]
    near = _QWERTY.get(word[i].lower(), word[i])
    return word[:i] + rng.choice(near) + word[i + 1 :]
