"""Do two long answers state the same facts? Sentence by sentence, since their wordings, order and layout differ.

A difference that is found is of one of two kinds: a contradiction (two sentences about the same thing with another
number or name in each) says "different"; anything that only one of the two has, and any doubt, says nothing. Only where
nothing at all was found may the caller say "same".
"""

from collections.abc import Iterable, Sequence

import msgspec

from halfpenny.semantic_cache.decision.answer_facts import AnswerFacts
from halfpenny.semantic_cache.lexicon import FUNCTION_WORDS, NEGATIONS_VI
from halfpenny.semantic_cache.reading import topic

_ALIKE = 0.3
"""Least share of the shorter sentence's words that two sentences about the same thing have in common."""
_COVERED = 0.3
"""Least share of a sentence's words that must be found in the other answer, in one place."""
_LONG_SENTENCE = 4
_NEAR = 0.01
_SCOPE = 3
"""Words after a negation that it speaks of."""
_NOT = frozenset({"not", "never", "no", "cannot", "nobody", "nothing", "none", "nor", "neither", *NEGATIONS_VI})

class Difference(msgspec.Struct, frozen=True):
    """`contradicts`: the two cannot both be right."""

    contradicts: bool
    detail: str


class _Sentence(msgspec.Struct, frozen=True):
    """`words`: stems of what it says, without `numbers`. `negated`: for each negation the few words that follow."""

    words: frozenset[str]
    numbers: frozenset[str]
    names: frozenset[str]
    negated: tuple[frozenset[str], ...]


def first_difference(one: AnswerFacts, other: AnswerFacts, echoed: Iterable[str]) -> Difference | None:
    """The most telling difference of fact between two long answers, or None. `echoed`: numbers of both questions."""
    mine, theirs = _sentences(one), _sentences(other)
    doubts = _negations(mine, theirs)
    for here, there in ((mine, theirs), (theirs, mine)):
        numbers = frozenset(echoed).union(*(one.numbers for one in there))
        for sentence in here:
            lacking = frozenset(value for value in sentence.numbers - numbers if not _is_rounded(value, numbers))
            names = sentence.names - _words_of(there)
            if lacking or names:
                instead = _instead(sentence, here, there, numbers=bool(lacking))
                if instead:
                    return Difference(True, f"{_some(lacking or names)}/{_some(instead)}")
                doubts.append(f"only one says {_some(lacking or names)}")
        # the first sentence may be a mere opening
        doubts += [f"only one says {_some(one.words)}" for one in here[1:] if not _is_covered(one, there)]
    return Difference(False, doubts[0]) if doubts else None


def _instead(
    sentence: _Sentence, here: Sequence[_Sentence], there: Sequence[_Sentence], *, numbers: bool
) -> frozenset[str]:
    """The numbers, or the names, that the sentence about the same thing has and this side has nowhere."""
    match = _match(sentence, there)
    if match is None:
        return frozenset()
    return match.numbers.difference(*(one.numbers for one in here)) if numbers else match.names - _words_of(here)


def _sentences(answer: AnswerFacts) -> Sequence[_Sentence]:
    found = []
    for text in answer.sentences:
        facts = AnswerFacts(text)
        numbers = frozenset(facts.numbers)
        words = frozenset(facts.content) - numbers
        if words or numbers:
            found.append(_Sentence(words, numbers, frozenset(facts.names & answer.names), _scopes(facts.words)))
    return found


def _scopes(words: Sequence[str]) -> tuple[frozenset[str], ...]:
    found = []
    for at, word in enumerate(words):
        if word in _NOT:
            after = [topic(one) for one in words[at + 1 : at + 8] if one not in FUNCTION_WORDS and one not in _NOT]
            found.append(frozenset(after[:_SCOPE]))
    return tuple(found)


def _negations(mine: Sequence[_Sentence], theirs: Sequence[_Sentence]) -> list[str]:
    """Negations of the one that the other does not share: where it says the same without one; or any of them if the one
    has more of them than the other."""
    doubts = []
    counts = [sum(len(one.negated) for one in side) for side in (mine, theirs)]
    for here, there in ((mine, theirs), (theirs, mine)):
        negated = [scope for one in there for scope in one.negated]
        for scope in (scope for one in here for scope in one.negated):
            if any(scope & other for other in negated):
                continue
            said = any(len(scope & one.words) >= min(2, len(scope)) for one in there)
            if said or counts[0] != counts[1]:
                doubts.append(f"negated in one: {_some(scope)}")
    return doubts


def _match(sentence: _Sentence, others: Sequence[_Sentence]) -> _Sentence | None:
    """The other answer's sentence about the same thing."""
    best = max(others, key=lambda one: _alike(sentence, one), default=None)
    return best if best is not None and _alike(sentence, best) >= _ALIKE else None


def _alike(one: _Sentence, other: _Sentence) -> float:
    shorter = min(len(one.words), len(other.words))
    return len(one.words & other.words) / max(shorter, _LONG_SENTENCE)


def _is_covered(sentence: _Sentence, others: Sequence[_Sentence]) -> bool:
    """Whether enough of its words are in two sentences of the other that follow one another; short ones always are."""
    if len(sentence.words) < _LONG_SENTENCE:
        return True
    pairs = zip(others, [*others[1:], *others[-1:]], strict=True)
    found = max((len(sentence.words & (a.words | b.words)) for a, b in pairs), default=0)
    return found >= _COVERED * len(sentence.words)


def _words_of(sentences: Sequence[_Sentence]) -> frozenset[str]:
    return frozenset().union(*(one.words | one.names for one in sentences))


def _is_rounded(value: str, others: Iterable[str]) -> bool:
    try:
        number = float(value)
        return any(abs(number - float(one)) <= _NEAR * abs(number) for one in others if "." in one or "." in value)
    except ValueError:
        return False


def _some(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)[:3])
