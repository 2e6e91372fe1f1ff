"""What one of two prompts says in a clause of its own: an order behind the question, a remark before it.

Embeddings barely see it: "What is the capital of France? Say hi." lies at 0.95 and more beside the question alone. A
clause of one prompt is covered by the other if that says at least half of its words somewhere; clauses that are nothing
but courtesy are free.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec
import re2

from halfpenny.semantic_cache.lexicon import (
    AUXILIARIES,
    CONJUNCTIONS,
    COURTESIES,
    FUNCTION_WORDS,
    HARMLESS_ADVERBS,
    OPENINGS,
    QUESTION_WORDS,
    SUBJECTS,
    TELLING,
)
from halfpenny.semantic_cache.reading import Reading, topic

# The dots of "U.S." and "Rs. 500" end no sentence; "it.Then" has lost its blank.
_ABBREVIATION = re2.compile(r"(?i)\b(?:(?:\p{L}\.){2,}|(?:mr|mrs|ms|dr|rs|st|vs|etc|approx|inc|ltd)\.)")
_GLUED = re2.compile(r"(\p{Ll}\.)(\p{Lu}\p{Ll})")
_END = r"[?!;…]+|[.:]+[\"'”’»)\]]*(?:\s+|$)|\s+[-–—]+\s+|[()\[\]{}<>\n\r|]+"
_SENTENCE = re2.compile(_END)
_CLAUSE = re2.compile(_END + r"|,+\s")
_GRAMMAR = FUNCTION_WORDS - QUESTION_WORDS
_BEGINS_SENTENCE = QUESTION_WORDS | SUBJECTS | AUXILIARIES.keys()
_COUNTERPART = 0.5
"""Least share of a clause's words that the other prompt says too, where it says the same."""
_NEARLY_ALL = 0.8


class Clause(msgspec.Struct, frozen=True):
    """`said`: the words that carry something, as stems. `order`: an imperative or a fragment, by how it begins."""

    said: tuple[str, ...]
    order: bool


def added_clause(asked: Reading, stored: Reading) -> str:
    """A clause of the one that the other has no counterpart of; only where there are more clauses than one."""
    for mine, theirs in ((asked, stored), (stored, asked)):
        said = _clauses(mine.text) if _is_divided(mine.text) else ()
        for clause in said if len(said) > 1 else ():
            if _covered(clause.said, theirs) < _COUNTERPART:
                return " ".join(clause.said)
    return ""


def added_order(asked: Reading, stored: Reading) -> str:
    """A sentence of its own that is an order or a fragment, where the one says nearly all that the other says besides.
    Fewer than 0.5 % of honest pairs differ so."""
    for mine, theirs in ((asked, stored), (stored, asked)):
        sentences = _sentences(mine.text) if _is_divided(mine.text) else ()
        for clause in sentences if len(sentences) > 1 else ():
            if clause.order and _covered(clause.said, theirs) < _COUNTERPART:
                every = [word for one in _sentences(theirs.text) for word in one.said]
                if _covered(every, mine) >= _NEARLY_ALL:
                    return " ".join(clause.said)
    return ""


def added_telling(asked: Reading, stored: Reading) -> str:
    """A word that tells how to answer, where the one is the other word for word and more."""
    mine, theirs = Counter(asked.words), Counter(stored.words)
    more, less = mine - theirs, theirs - mine
    return "" if more and less else min(filter(tells_how, more | less), default="")


def tells_how(word: str) -> bool:
    """Whether one more of this word asks for another kind of answer: "wrongly", "say"."""
    return word in TELLING or topic(word) in TELLING or (word.endswith("ly") and word not in HARMLESS_ADVERBS)


def _covered(said: Sequence[str], other: Reading) -> float:
    """Share of the words that the other says too; 1 of none."""
    return sum(word in other.stems for word in said) / len(said) if said else 1.0


@lru_cache(maxsize=2048)
def _clauses(text: str) -> tuple[Clause, ...]:
    return _parts(_CLAUSE.split(_plain(text)))


@lru_cache(maxsize=2048)
def _sentences(text: str) -> tuple[Clause, ...]:
    return _parts(_SENTENCE.split(_plain(text)))


def _is_divided(text: str) -> bool:
    """Whether there is an end of a clause before the end: most prompts have none, and are done with."""
    return _CLAUSE.search(text.rstrip(" .?!…\n")) is not None


def _plain(text: str) -> str:
    if "." not in text:
        return text
    short = _ABBREVIATION.sub(lambda match: match.group().replace(".", " "), text)
    return str(_GLUED.sub(r"\1 \2", short))


def _parts(parts: Iterable[str]) -> tuple[Clause, ...]:
    """Those that say something, in order."""
    found: list[Clause] = []
    for part in parts:
        reading = Reading(part)
        # courtesies of other languages are none in ASCII, and to tell a language takes time
        words = reading.words if part.isascii() else reading.plain_words
        free = COURTESIES if found else COURTESIES | OPENINGS
        said = tuple(topic(word) for word in words if word.lower() not in free and word.lower() not in _GRAMMAR)
        if said:
            found.append(Clause(said, _is_order(words)))
    return tuple(found)


def _is_order(words: Sequence[str]) -> bool:
    spoken = [word.lower() for word in words]
    rest = [word for word in spoken if word not in COURTESIES and word not in CONJUNCTIONS]
    return not rest or rest[0] not in _BEGINS_SENTENCE or rest[:2] == ["do", "not"]
