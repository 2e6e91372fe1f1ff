"""Reads the tables of words and tasks.

A table of words has one lexicon a line: `name kind: value; value=alias=alias; base~second form`. The kind names what
differs when two values differ ("entity", "number", ...). An empty value is allowed: nothing is said. An equals sign
between spaces is text.

A table of tasks has families:

    @ name flag flag kind=polarity     flags: `fmt` takes a format request ("in one sentence"), `sym` says that numbered
                                       slots of one lexicon may be exchanged without changing the meaning
    $ slot kind: value; value          a lexicon of this family alone
    how long do I (boil|cook) {food}?  a template: `(a|b)` chooses, `{slot}` is filled, `{slot.1}` takes form 2,
                                       `{city1}` and `{city2}` are two different values of `city`
    - group                            what follows means something else; `kind=` names the difference between groups

The end or the first character tells the mood: `?` at the end a question, `!` first a command, `#` first a keyword
search, else a statement. Words in capitals are macros (`HOWTO`).
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

Mood = Literal["question", "command", "keywords", "statement"]
_PIECE = re.compile(r"\(([^()]*)\)|\{([^{}]*)\}")
_ALIAS = re.compile(r"(?<! )=(?! )")
# A macro as one option of a choice: its options join the outer ones.
_NESTED = re.compile(r"(?<=[(|])\(([^()]*)\)(?=[|)])")
_MACRO = re.compile(r"\b[A-Z]{4,}\b")


class Value(msgspec.Struct, frozen=True):
    """One value of a slot: `key` names it, `aliases` are the ways to say it, each a tuple of grammatical forms."""

    key: str
    aliases: tuple[tuple[str, ...], ...]


class Lexicon(msgspec.Struct, frozen=True):
    """Values of one type. `mates[i]` are the indices of values that begin like value `i`, `tone_mates[i]` of those
    that differ from it in their marks alone."""

    name: str
    kind: str
    values: tuple[Value, ...]
    mates: tuple[tuple[int, ...], ...]
    tone_mates: tuple[tuple[int, ...], ...]


class Ref(msgspec.Struct, frozen=True):
    slot: int
    form: int


class Choice(msgspec.Struct, frozen=True):
    options: tuple[tuple["str | Ref", ...], ...]


class Template(msgspec.Struct, frozen=True):
    source: str
    mood: Mood
    parts: tuple[str | Ref | Choice, ...]

    def slots(self) -> set[int]:
        """The slots that every rendering of this template fills."""
        found: set[int] = set()
        for part in self.parts:
            if isinstance(part, Ref):
                found.add(part.slot)
            elif isinstance(part, Choice):
                found |= set.intersection(*({p.slot for p in o if isinstance(p, Ref)} for o in part.options))
        return found


class Slot(msgspec.Struct, frozen=True):
    name: str
    lexicon: Lexicon


class Group(msgspec.Struct, frozen=True):
    name: str
    templates: tuple[Template, ...]


class Family(msgspec.Struct, frozen=True, eq=False):
    """A task. `twins` are the pairs of slots that draw from one lexicon. Compared by identity: cheap to look up."""

    name: str
    language: str
    kind: str
    groups: tuple[Group, ...]
    slots: tuple[Slot, ...]
    takes_format: bool
    symmetric: bool
    twins: tuple[tuple[int, int], ...]


def strip_marks(text: str) -> str:
    """The letters without tone and vowel marks: "Đà Nẵng" gives "Da Nang"."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def lexicon(name: str, kind: str, values: Iterable[Iterable[str]]) -> Lexicon:
    """A lexicon from lists of aliases. Raises ValueError where two values share a wording."""
    made: list[Value] = []
    seen: dict[str, str] = {}
    for aliases in values:
        forms = tuple(tuple(f.strip() for f in a.split("~")) for a in aliases)
        value = Value(key=forms[0][0], aliases=forms)
        for alias in forms:
            for word in set(alias):
                if seen.setdefault(word.lower(), value.key) != value.key:
                    raise ValueError(f"{name}: {word!r} is said for {seen[word.lower()]!r} and {value.key!r}")
        made.append(value)
    bare = [strip_marks(v.key).lower() for v in made]
    tones = tuple(tuple(j for j, b in enumerate(bare) if j != i and b == a) for i, a in enumerate(bare))
    like = tuple(tuple(j for j, b in enumerate(bare) if j != i and a and b[:3] == a[:3]) for i, a in enumerate(bare))
    return Lexicon(name=name, kind=kind, values=tuple(made), mates=like, tone_mates=tones)


def read_lexicons(table: str) -> dict[str, Lexicon]:
    return {lex.name: lex for lex in (_lexicon_line(line) for line in table.splitlines() if line.strip())}


def read_families(
    table: str, language: str, lexicons: Mapping[str, Lexicon], macros: Mapping[str, str]
) -> tuple[Family, ...]:
    """The families of a table. Raises ValueError for a slot without lexicon or a template that lacks a slot."""
    blocks = re.split(r"^@ ", table, flags=re.M)[1:]
    return tuple(_family(block.splitlines(), language, lexicons, macros) for block in blocks)


def _lexicon_line(line: str) -> Lexicon:
    head, _, body = line.partition(":")
    name, kind = head.split()
    return lexicon(name, kind, [[a.strip() for a in _ALIAS.split(value)] for value in body.split(";")])


def _family(lines: list[str], language: str, lexicons: Mapping[str, Lexicon], macros: Mapping[str, str]) -> Family:
    name, *flags = lines[0].split()
    own = {lex.name: lex for lex in (_lexicon_line(line[1:]) for line in lines[1:] if line.startswith("$"))}
    known = {**lexicons, **own}
    groups: list[tuple[str, list[str]]] = [("", [])]
    for raw in lines[1:]:
        line = raw.strip()
        if line.startswith("- "):
            groups.append((line[2:], []))
        elif line and not line.startswith("$"):
            groups[-1][1].append(line)
    groups = [g for g in groups if g[1]]
    names = sorted({r.split(".")[0] for _, ts in groups for t in ts for r in re.findall(r"\{([^{}]*)\}", t)})
    slots = []
    for slot in names:
        found = known.get(slot) or known.get(slot.rstrip("123456789"))
        if found is None:
            raise ValueError(f"{language} {name}: no lexicon for {slot!r}")
        slots.append(Slot(name=slot, lexicon=found))
    kinds = [f.partition("=")[2] for f in flags if f.startswith("kind=")]
    family = Family(
        name=name,
        language=language,
        kind=kinds[0] if kinds else "question",
        groups=tuple(Group(name=g, templates=tuple(_template(t, names, macros) for t in ts)) for g, ts in groups),
        slots=tuple(slots),
        takes_format="fmt" in flags,
        symmetric="sym" in flags,
        twins=tuple(
            (i, j)
            for i, a in enumerate(slots)
            for j, b in enumerate(slots)
            if i < j and a.lexicon.name == b.lexicon.name
        ),
    )
    for group in family.groups:
        for template in group.templates:
            if template.slots() != set(range(len(slots))):
                raise ValueError(f"{language} {name}: {template.source!r} does not fill {names}")
    return family


def _template(source: str, names: list[str], macros: Mapping[str, str]) -> Template:
    text = _NESTED.sub(r"\1", _MACRO.sub(lambda m: macros.get(m[0], m[0]), source))
    mood: Mood = "statement"
    if text.startswith("!"):
        mood, text = "command", text[1:]
    elif text.startswith("#"):
        mood, text = "keywords", text[1:]
    elif text.endswith("?"):
        mood, text = "question", text[:-1]
    return Template(source=source, mood=mood, parts=_parts(text.strip(), names))


def _parts(text: str, names: list[str]) -> tuple[str | Ref | Choice, ...]:
    parts: list[str | Ref | Choice] = []
    end = 0
    for found in _PIECE.finditer(text):
        if found.start() > end:
            parts.append(text[end : found.start()])
        if found[2] is not None:
            parts.append(_ref(found[2], names))
        else:
            options = tuple(_flat(option, names) for option in found[1].split("|"))
            parts.append(Choice(options=options))
        end = found.end()
    if end < len(text):
        parts.append(text[end:])
    return tuple(parts)


def _flat(text: str, names: list[str]) -> tuple[str | Ref, ...]:
    pieces = re.split(r"\{([^{}]*)\}", text)
    return tuple(_ref(p, names) if i % 2 else p for i, p in enumerate(pieces) if p)


def _ref(text: str, names: list[str]) -> Ref:
    name, _, form = text.partition(".")
    return Ref(slot=names.index(name), form=int(form or 0))
