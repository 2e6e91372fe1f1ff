"""Reasons why two prompts cannot share an answer, whatever their cosine says.

Sentence embeddings barely see a changed number, name, negation or direction ("Paris"/"Rome", "on"/"off"); at
cosine 0.94 half of such twins would be served. Each guard is a pure function of two readings and answers with
the difference that it found, or "" if it found none. They err on the side of refusing: a refusal only costs a
miss.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable

import re2

from halfpenny.semantic_cache.clauses import added_clause, added_order, added_telling
from halfpenny.semantic_cache.lexicon import (
    AUXILIARIES,
    FILLERS,
    HOW_NOUNS,
    OPPOSITES_VI,
    QUANTITY_NOUNS,
    SYMMETRIC,
    WISHES,
)
from halfpenny.semantic_cache.reading import OPPOSITES_OF, Reading, fold

Guard = Callable[[Reading, Reading], str]

_PHONETIC = re2.compile(r"[\x{0250}-\x{02ff}\x{1d00}-\x{1dbf}\x{a720}-\x{ab6f}]")
_RUN = re2.compile(r"[[:punct:]][[:punct:]\s]*[[:punct:]]")
_CLOSING, _OPENING = r"[\"'`)\]}*_]{0,3}", r"[\"'`(\[{*_#@$]{0,3}"
_STOPS = r"(?:[.,?!;:]{1,3}|\?+|!+|\.+|\.(?:\s\.){1,5})?"
_ORDINARY = re2.compile(
    rf"{_CLOSING}(?:[-+]{{1,3}}|[%#/&°])?\s?{_CLOSING}{_STOPS}\s*{_CLOSING}(?:\s+(?:-{{1,3}}|[/&]))?\s*{_OPENING}"
    r"|-+|=+|\*+|_+|#+|~+|`+"
)
_MANY_RUNS = 3

# MiniLM reads 256 tokens, about 1,000 characters of English. What lies past them it does not see.
MAX_JUDGED_CHARS = 1000
_EMOJI_STYLE = "\ufe0f"  # some keyboards add it to an emoji, others do not


def length(asked: Reading, stored: Reading) -> str:
    """Text that the embedder cut off."""
    longest = max(len(asked.text), len(stored.text))
    return f"{longest} characters" if longest > MAX_JUDGED_CHARS else ""


def signs(asked: Reading, stored: Reading) -> str:
    """Emoji, symbols, invisible characters and loose marks beyond ASCII: the tokenizer drops them or reads them all as
    one unknown piece, so what they say has a cosine of 1.000 with anything else that is said so."""
    if asked.text.isascii() and stored.text.isascii():
        return ""
    return _difference(_signs(asked.text), _signs(stored.text))


def scripts(asked: Reading, stored: Reading) -> str:
    """Letters of a script that the other has none of: no paraphrase brings them in, but a payload that the tokenizer
    does not read, or the look-alikes of Latin letters, do."""
    return " ".join(sorted(_scripts(asked.text) ^ _scripts(stored.text)))


def marks(asked: Reading, stored: Reading) -> str:
    """Runs of punctuation that end no sentence and set nothing apart: Morse, markup, rulers of mixed signs."""
    return _difference(_marks(asked.text), _marks(stored.text))


def language(asked: Reading, stored: Reading) -> str:
    """Another language; or a language that the embedder does not know, unless the words are the same."""
    if asked.language != stored.language:
        return f"{asked.language}/{stored.language}"
    if asked.language != "en" and asked.plain_words != stored.plain_words:
        return asked.language
    return ""


def diacritics(asked: Reading, stored: Reading) -> str:
    """Words that are equal but for their marks: "bán" sells, "bắn" shoots, MiniLM sees "ban" twice."""
    if asked.text.isascii() and stored.text.isascii():
        return ""
    mine, theirs = _apart(asked.word_set, stored.word_set)
    folded = {fold(word): word for word in theirs}
    for word in mine:
        if fold(word) in folded:
            return f"{word}/{folded[fold(word)]}"
    return ""


def literals(asked: Reading, stored: Reading) -> str:
    """Quoted text, code, addresses, paths, identifiers, operations."""
    return _difference(asked.literals, stored.literals)


def numbers(asked: Reading, stored: Reading) -> str:
    """The same numbers in the same order, and of the same things where both say of what."""
    if asked.numbers != stored.numbers:
        return f"{' '.join(asked.numbers) or '-'}/{' '.join(stored.numbers) or '-'}"
    for (value, unit), (_, other) in zip(asked.units, stored.units, strict=True):
        if unit and other and unit != other:
            return f"{value} {unit}/{value} {other}"
    return ""


def dates(asked: Reading, stored: Reading) -> str:
    """Months, weekdays, times of day."""
    return _difference(asked.dates, stored.dates)


def negation(asked: Reading, stored: Reading) -> str:
    """One says not and the other does not, or they say it of different things."""
    if asked.negations != stored.negations:
        return f"{asked.negations}/{stored.negations}"
    for mine, theirs in zip(asked.negated, stored.negated, strict=False):
        if mine != theirs and mine in stored.topics and theirs in asked.topics:
            return f"not {mine}/not {theirs}"
    return ""


def opposites(asked: Reading, stored: Reading) -> str:
    """One says on where the other says off."""
    mine, theirs = asked.word_counts, stored.word_counts
    for word in asked.opposable if stored.opposable else ():
        if mine[word] > theirs.get(word, 0):
            turned = [other for other in OPPOSITES_OF[word] if theirs.get(other, 0) > mine.get(other, 0)]
            if turned:
                return f"{word}/{min(turned)}"
    if asked.language == "vi":
        a, b = f" {' '.join(asked.words)} ", f" {' '.join(stored.words)} "
        for one, other in OPPOSITES_VI:
            if (f" {one} " in a and f" {other} " in b) or (f" {other} " in a and f" {one} " in b):
                return f"{one}/{other}" if a != b else ""
    return ""


def order(asked: Reading, stored: Reading) -> str:
    """From A to B is not from B to A; A bites B is not B bites A."""
    mine_to, theirs_to = asked.roles["target"], stored.roles["target"]
    for here, there in (("source", "target"), ("target", "source")):
        moved = (asked.roles[here] & stored.roles[there]) - stored.roles[here]
        if moved:
            return f"{here} {min(moved)}"
    if mine_to and theirs_to and mine_to.isdisjoint(theirs_to):
        moved = mine_to & stored.topic_set
        if moved and theirs_to & asked.topic_set:
            return f"target {min(moved)}"
    mine, theirs = asked.topics, stored.topics
    turned = _turned_pronouns(asked, stored)
    if len(turned) > 1 or (turned and mine != theirs and sorted(mine) == sorted(theirs)):
        return " ".join(turned)
    if asked.counted != stored.counted and asked.counted in theirs and stored.counted in mine:
        return f"how many {asked.counted}/how many {stored.counted}"
    if mine == theirs or not (SYMMETRIC & asked.word_set).isdisjoint(stored.word_set):
        return ""
    if mine_to.isdisjoint(theirs_to):
        both = asked.proper & stored.proper & stored.topic_set
        shared = [name for name in dict.fromkeys(mine) if name in both] if len(both) > 1 else []
        if shared != sorted(shared, key=theirs.index):
            return " ".join(shared)
    if len(mine) == len(theirs) and asked.topic_set == stored.topic_set and sorted(mine) == sorted(theirs):
        # "Who invaded Russia?" asks for the subject, "who did Russia invade?" for the object.
        if {"do", "does", "did"} & (asked.word_set ^ stored.word_set) and asked.kind in ("who", "what"):
            return "subject/object"
        moved_at = [at for at, (a, b) in enumerate(zip(mine, theirs, strict=True)) if a != b]
        if len(moved_at) == 2 and moved_at[1] - moved_at[0] > 1:
            return f"{mine[moved_at[0]]} {mine[moved_at[1]]}"
    return ""


def question(asked: Reading, stored: Reading) -> str:
    """Who is not when. A text without a question ("python sort list") may go with what, how, how many, or yes
    or no.
    """
    if asked.kind == stored.kind or _compatible(asked, stored) or _compatible(stored, asked):
        return ""
    return f"{asked.kind or '-'}/{stored.kind or '-'}"


def names(asked: Reading, stored: Reading) -> str:
    """A name on one side that does not occur on the other, in whatever case."""
    for one, other in ((asked, stored), (stored, asked)):
        missing = one.names.keys() - other.stems if one.names else None
        if missing:
            return min(missing)
    return ""


def words(asked: Reading, stored: Reading) -> str:
    """A topic word of the one was exchanged for another ("rice", "quinoa"); or there is none to compare."""
    if not (asked.topics or asked.literals) and asked.words != stored.words:
        return "no topic"
    mine, theirs = extra_words(asked, stored)
    return f"{min(mine)}/{min(theirs)}" if mine and theirs else ""


def extra_words(asked: Reading, stored: Reading) -> tuple[frozenset[str], frozenset[str]]:
    """The topic words, as stems, that only the one and only the other has."""
    mine, theirs = _apart(asked.topic_set, stored.topic_set)
    return mine - FILLERS, theirs - FILLERS


GUARDS: tuple[tuple[str, Guard], ...] = (
    ("length", length),
    ("signs", signs),
    ("scripts", scripts),
    ("marks", marks),
    ("order_added", added_order),
    ("telling_added", added_telling),
    ("clause_added", added_clause),
    ("language", language),
    ("diacritics", diacritics),
    ("literals", literals),
    ("numbers", numbers),
    ("dates", dates),
    ("negation", negation),
    ("opposites", opposites),
    ("order", order),
    ("question", question),
    ("names", names),
    ("words", words),
)


def _turned_pronouns(asked: Reading, stored: Reading) -> list[str]:
    """Who is the subject on one side and the object on the other: "I hit my wife", "my wife hit me"."""
    mine, theirs = set(asked.words), set(stored.words)
    found = []
    for subject, thing in (("i", "me"), ("we", "us"), ("he", "him"), ("she", "her"), ("they", "them")):
        here, there = mine & {subject, thing}, theirs & {subject, thing}
        if len(here) == len(there) == 1 and here != there:
            found.append(f"{min(here)}/{min(there)}")
    return found


def _signs(text: str) -> Counter[str]:
    if text.isascii():
        return Counter()
    return Counter(
        f"U+{ord(c):04X}"
        for c in unicodedata.normalize("NFC", text)
        if c > "\x7f" and c != _EMOJI_STYLE and (unicodedata.category(c)[0] in "CS" or _is_loose(c))
    )


def _scripts(text: str) -> frozenset[str]:
    """Of the letters beyond ASCII, by the first word of their Unicode names; Latin ones that only phoneticians use,
    full-width and mathematical ones are scripts of their own. Those that are mixed in Japanese count as one."""
    if text.isascii():
        return frozenset()
    found = {_script_of(c) for c in text if c > "\x7f" and c.isalpha()}
    return frozenset(found - {"LATIN"})


def _script_of(c: str) -> str:
    name = unicodedata.name(c, "UNKNOWN")
    if _PHONETIC.match(c) or "TURNED" in name:
        return "PHONETIC"
    script = name.split(maxsplit=1)[0]
    return "CJK" if script in ("HIRAGANA", "KATAKANA", "HANGUL") else script


def _marks(text: str) -> Counter[str]:
    return Counter(" ".join(run.split()) for run in _RUN.findall(text) if not _is_ordinary(run))


def _is_ordinary(run: str) -> bool:
    """What an end of a sentence, quotes, brackets, a dash or a ruler leave, alone or two at a time."""
    pieces = run.split()
    return _ORDINARY.fullmatch(run) is not None and (len(pieces) < _MANY_RUNS or set(pieces) == {"."})


def _is_loose(c: str) -> bool:
    """A mark that NFC left by itself and that no script writes its words with: payloads are written in those."""
    return "\u0300" <= c <= "\u036f" or "\ufe00" <= c <= "\ufe0e" or "\U000e0100" <= c <= "\U000e01ef"


def _apart(mine: frozenset[str], theirs: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    return mine - theirs, theirs - mine


def _difference(mine: Counter[str], theirs: Counter[str]) -> str:
    if mine == theirs:
        return ""
    return f"{' '.join(sorted(mine - theirs)) or '-'}/{' '.join(sorted(theirs - mine)) or '-'}"


def _compatible(plain: Reading, other: Reading) -> bool:
    """Whether `plain`, a "what" or no question at all, may ask the same as `other`."""
    said = plain.word_set
    if plain.kind == "":
        return other.kind in ("what", "how", "quantity", *AUXILIARIES.values()) and not (
            other.kind == "how" and said & WISHES
        )
    if plain.kind == "what" and other.kind == "how":
        return bool(said & HOW_NOUNS)
    return plain.kind == "what" and other.kind == "quantity" and bool(said & QUANTITY_NOUNS)
