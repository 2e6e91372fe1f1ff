"""Draws meanings, words them, and makes streams and labelled pairs of them."""

import random
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal

import msgspec

from halfpenny.semantic_cache.training.generators import catalogue
from halfpenny.semantic_cache.training.generators.grammar import Choice, Family, Mood, Ref, Template
from halfpenny.semantic_cache.training.generators.surface import Style, draw_style, dress

Language = Literal["en", "vi", "both"]
_SPACES = re.compile(r"\s+")
_PLAIN = re.compile(r"[\s.,!?:;'\"-]+")
# Kinds of change that do not come from the lexicon of a slot.
_OTHER_SLOTS, _OTHER_FAMILY, _FORMAT = "same family", "other family", "constraint"


class Prompt(msgspec.Struct, frozen=True):
    """A prompt. Prompts of equal `cls` take the same answer, prompts of different `cls` do not."""

    text: str
    cls: str
    language: str
    family: str


class Pair(msgspec.Struct, frozen=True):
    """May `b` take the answer of `a` (`y` = 1) or not (0)? `kind` says what differs.

    y = 0: "entity", "number", "question", ... with "+wording" where the wording differs as well. y = 1: "paraphrase"
    (another template) or "surface" (the same template).
    """

    a: str
    b: str
    y: int
    kind: str
    family: str
    language: str


class Meaning(msgspec.Struct, frozen=True):
    """A family with filled slots: `values[i]` is the index of the value of slot `i`; `form` the format request."""

    family: Family
    group: int
    values: tuple[int, ...]
    form: int

    def cls(self) -> str:
        family = self.family
        keys = [s.lexicon.values[v].key for s, v in zip(family.slots, self.values, strict=True)]
        if family.symmetric:
            for i, j in family.twins:
                keys[i], keys[j] = sorted((keys[i], keys[j]))
        told = ";".join(f"{s.name}={k}" for s, k in zip(family.slots, keys, strict=True))
        return f"{family.language}.{family.name}/{self.group}|{told}|{self.form}"


class Wording(msgspec.Struct, frozen=True):
    """The choices that turn a meaning into a text: template (modulo their number), seeds of inner choices, style."""

    template: int
    words: int
    aliases: int
    style: Style


def stream(seed: int, n: int, *, language: Language) -> list[Prompt]:
    """`n` different prompts in random order, two or more for most classes, with near twins of many classes.

    The same arguments give the same list. Raises RuntimeError if the tables cannot give `n` different texts.
    """
    rng = random.Random(f"stream {seed} {language}")
    taken: dict[str, str] = {}
    texts: set[str] = set()
    found: list[Prompt] = []
    barren = 0
    while len(found) < n:
        if barren > 1000:
            raise RuntimeError(f"no more than {len(found)} different prompts")
        family, kind = _draw_family(rng, _pick_language(rng, language))
        meaning = draw_meaning(rng, family)
        meanings = [meaning]
        for _ in range(rng.choice((0, 1, 2))):
            twin = _twin(rng, meaning, kind)
            if twin is not None:
                meanings.append(twin)
            kind = rng.choice(_kinds(family))
        before = len(found)
        for each in meanings:
            cls = each.cls()
            for _ in range(rng.choice((1, 2, 2, 3, 4, 5))):
                text = render(each, draw_wording(rng, family.language))
                if taken.setdefault(_plain(text), cls) == cls and text not in texts:
                    texts.add(text)
                    found.append(Prompt(text=text, cls=cls, language=family.language, family=family.name))
        barren = 0 if len(found) > before else barren + 1
    del found[n:]
    rng.shuffle(found)
    return found


def pairs(seed: int, n: int, language: Language) -> list[Pair]:
    """`n` labelled pairs in random order, half of each label, the kinds of change as even as the tables allow.

    Family, meaning and style are drawn in the same way for both labels, so none of them tells the label. The same
    arguments give the same list.
    """
    rng = random.Random(f"pairs {seed} {language}")
    made: list[Pair] = []
    while len(made) < n:
        pair = _draw_pair(rng, _pick_language(rng, language), len(made) % 2)
        if pair is not None:
            made.append(pair)
    rng.shuffle(made)
    return made


def draw_meaning(rng: random.Random, family: Family) -> Meaning:
    values = [rng.randrange(len(s.lexicon.values)) for s in family.slots]
    for i, j in family.twins:
        while values[j] == values[i]:
            values[j] = rng.randrange(len(family.slots[j].lexicon.values))
    form = rng.randrange(1, len(_formats(family))) if family.takes_format and rng.random() < 0.3 else 0
    return Meaning(family=family, group=rng.randrange(len(family.groups)), values=tuple(values), form=form)


def draw_wording(rng: random.Random, language: str) -> Wording:
    return Wording(
        template=rng.getrandbits(30),
        words=rng.getrandbits(90),
        aliases=rng.getrandbits(60),
        style=draw_style(rng, language),
    )


def render(meaning: Meaning, wording: Wording) -> str:
    """The text of a meaning in a wording. The same wording gives the same template for every meaning of a group."""
    family = meaning.family
    templates = family.groups[meaning.group].templates
    template = templates[wording.template % len(templates)]
    text = _fill(meaning, template, wording)
    if meaning.form:
        text = _with_format(text, template.mood, meaning, wording)
    speech = catalogue.speech(family.language)
    strippable = not any(s.lexicon.tone_mates[v] for s, v in zip(family.slots, meaning.values, strict=True))
    return dress(text, template.mood, wording.style, speech.manner, _words(family.language), may_strip=strippable)


def _fill(meaning: Meaning, template: Template, wording: Wording) -> str:
    values = meaning.values
    if meaning.family.symmetric and wording.aliases & 1:
        swapped = list(values)
        for i, j in meaning.family.twins:
            swapped[i], swapped[j] = swapped[j], swapped[i]
        values = tuple(swapped)
    seed = wording.words
    out: list[str] = []
    for part in template.parts:
        pieces: Sequence[str | Ref] = ()
        if isinstance(part, Choice):
            pieces = part.options[(seed & 63) % len(part.options)]
            seed >>= 6
        else:
            pieces = (part,)
        for piece in pieces:
            if isinstance(piece, str):
                out.append(piece)
            else:
                aliases = meaning.family.slots[piece.slot].lexicon.values[values[piece.slot]].aliases
                forms = aliases[(wording.aliases >> (1 + 6 * piece.slot) & 63) % len(aliases)]
                out.append(forms[piece.form] if piece.form < len(forms) else forms[0])
    return _SPACES.sub(" ", "".join(out)).strip().replace(" ,", ",")


def _with_format(text: str, mood: Mood, meaning: Meaning, wording: Wording) -> str:
    aliases = _formats(meaning.family)[meaning.form]
    said = aliases[(wording.words >> 70 & 63) % len(aliases)]
    if mood != "keywords" and wording.words >> 80 & 3 == 0:
        return f"{said}, {text}"
    return f"{text}, {said}" if wording.words >> 83 & 1 else f"{text} {said}"


def _draw_pair(rng: random.Random, language: str, y: int) -> Pair | None:
    family, kind = _draw_family(rng, language)
    first = draw_meaning(rng, family)
    other = _twin(rng, first, kind)
    if other is None or (family.symmetric and other.cls() == first.cls()):
        return None
    second = first if y else other
    how = draw_wording(rng, language)
    reworded = rng.random() < 0.6
    if reworded:
        again = draw_wording(rng, language)
        count = len(family.groups[first.group].templates)
        if second.family is family and count > 1 and again.template % count == how.template % count:
            again = msgspec.structs.replace(again, template=again.template + 1)
    elif y:
        again = _touched(rng, how, language)
    else:
        again = how if rng.random() < 0.5 else _touched(rng, how, language)
    a, b = render(first, how), render(second, again)
    if a == b or (not y and _plain(a) == _plain(b)):
        return None
    if rng.random() < 0.5:
        a, b = b, a
    if y:
        label = "paraphrase" if reworded else "surface"
    else:
        label = f"{kind}+wording" if reworded else kind
    return Pair(a=a, b=b, y=y, kind=label, family=family.name, language=language)


def _touched(rng: random.Random, how: Wording, language: str) -> Wording:
    """The same template with one to three of its other choices drawn again."""
    fresh = draw_wording(rng, language)
    bits = rng.randrange(1, 8)
    return msgspec.structs.replace(
        how,
        words=fresh.words if bits & 1 else how.words,
        aliases=fresh.aliases if bits & 2 else how.aliases,
        style=fresh.style if bits & 4 else how.style,
    )


def _twin(rng: random.Random, meaning: Meaning, kind: str) -> Meaning | None:
    """A meaning that differs from `meaning` in the way that `kind` names, or None where it cannot."""
    family = meaning.family
    ways = _ways(family)[kind]
    way = rng.choice(ways)
    if way == "group":
        group = (meaning.group + rng.randrange(1, len(family.groups))) % len(family.groups)
        return msgspec.structs.replace(meaning, group=group)
    if way == "format":
        count = len(_formats(family))
        form = 0 if meaning.form and rng.random() < 0.5 else rng.randrange(1, count)
        return msgspec.structs.replace(meaning, form=form) if form != meaning.form else None
    if way == "family":
        families = catalogue.families(family.language)
        other = draw_meaning(rng, rng.choice(families))
        return other if other.family is not family else None
    if way == "slots":
        other = msgspec.structs.replace(draw_meaning(rng, family), group=meaning.group, form=meaning.form)
        return other if all(x != y for x, y in zip(other.values, meaning.values, strict=True)) else None
    values = list(meaning.values)
    if way.startswith("swap"):
        i, j = (int(x) for x in way.split()[1:])
        values[i], values[j] = values[j], values[i]
        return msgspec.structs.replace(meaning, values=tuple(values))
    verb, at = way.split()
    i = int(at)
    words = family.slots[i].lexicon
    mates = words.tone_mates[values[i]] if verb == "tone" else words.mates[values[i]] if rng.random() < 0.4 else ()
    if verb == "tone" and not mates:
        return None
    values[i] = rng.choice(mates) if mates else rng.randrange(len(words.values))
    taken = [v for k, v in enumerate(values) if k != i and family.slots[k].lexicon.name == words.name]
    if values[i] == meaning.values[i] or values[i] in taken:
        return None
    return msgspec.structs.replace(meaning, values=tuple(values))


@cache
def _ways(family: Family) -> Mapping[str, tuple[str, ...]]:
    """How meanings of this family can differ: kind of change -> ways to make it."""
    ways: dict[str, list[str]] = {_OTHER_FAMILY: ["family"]}
    if len(family.groups) > 1:
        ways.setdefault(family.kind, []).append("group")
    if family.takes_format:
        ways.setdefault(_FORMAT, []).append("format")
    if len(family.slots) > 1:
        ways[_OTHER_SLOTS] = ["slots"]
    for i, slot in enumerate(family.slots):
        ways.setdefault(slot.lexicon.kind, []).append(f"slot {i}")
        if family.language == "vi" and any(slot.lexicon.tone_mates):
            ways.setdefault("diacritics", []).append(f"tone {i}")
    if not family.symmetric:
        for i, j in family.twins:
            ways.setdefault("direction", []).append(f"swap {i} {j}")
    return {k: tuple(v) for k, v in ways.items()}


@cache
def _kinds(family: Family) -> tuple[str, ...]:
    return tuple(_ways(family))


@cache
def _menu(language: str) -> tuple[tuple[str, ...], tuple[float, ...], Mapping[str, tuple[Family, ...]]]:
    by_kind: dict[str, list[Family]] = {}
    for family in catalogue.families(language):
        for kind in _kinds(family):
            by_kind.setdefault(kind, []).append(family)
    # The square root lies between "each kind as often" (a kind of two families would be learnt by heart) and "each
    # family as often" (rare kinds would hardly be seen). Two texts about different things are easy: few of them.
    weights = [len(f) ** 0.5 * (0.4 if k == _OTHER_FAMILY else 1.0) for k, f in by_kind.items()]
    return tuple(by_kind), tuple(weights), {k: tuple(f) for k, f in by_kind.items()}


def _draw_family(rng: random.Random, language: str) -> tuple[Family, str]:
    kinds, weights, by_kind = _menu(language)
    kind = rng.choices(kinds, weights)[0]
    return rng.choice(by_kind[kind]), kind


def _pick_language(rng: random.Random, language: Language) -> str:
    return rng.choice(("en", "vi")) if language == "both" else language


def _formats(family: Family) -> tuple[tuple[str, ...], ...]:
    return catalogue.speech(family.language).formats


@cache
def _words(language: str) -> frozenset[str]:
    """Every word of the tables of a language, in lower case."""
    found: set[str] = set()
    for family in catalogue.families(language):
        for slot in family.slots:
            for value in slot.lexicon.values:
                found.update(w for alias in value.aliases for form in alias for w in form.lower().split())
        for group in family.groups:
            for template in group.templates:
                found.update(re.findall(r"\w+", template.source.lower()))
    return frozenset(found)


def _plain(text: str) -> str:
    return _PLAIN.sub(" ", text.lower()).strip()
