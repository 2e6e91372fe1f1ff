"""Is this neighbour near enough? The guards first, then the similarity.

`judge` is the only rule that decides a semantic hit. A learned rule would replace its last two steps (the
demanded similarity) and keep the guards.
"""

from functools import lru_cache

from halfpenny.semantic_cache.base import Ruling
from halfpenny.semantic_cache.clauses import tells_how
from halfpenny.semantic_cache.guards import GUARDS, MAX_JUDGED_CHARS, extra_words
from halfpenny.semantic_cache.reading import Reading

# Chosen on the dev streams with all guards on: the lowest value keeping false hits about or under 1 % of the requests
# (all-MiniLM-L6-v2 int8; hit %/false hit %: templates 9.8/0.00, nlu_slots 10.6/1.05, qqp 5.1/0.68, banking77 18.6/0.28,
# clinc150 17.5/0.04). At 0.85 nlu_slots falls to 9.0/0.88, but plain re-phrasings ("What is X?", "Can you explain X?")
# lie between 0.80 and 0.85.
#   python -m benchmarks.semantic_guards --data ../shared/data/semantic
DEFAULT_MIN_SIMILARITY = 0.80
# Where one text says something more ("... in the kitchen"), only a near copy will do. Chosen in the same way.
EXTRA_WORDS_SIMILARITY = 0.95


def judge(asked: str, stored: str, similarity: float, min_similarity: float = DEFAULT_MIN_SIMILARITY) -> Ruling:
    """Whether the answer to `stored` may be served for `asked`; `similarity` is their cosine in -1..1.

    The ruling names the first guard that refused, or "similarity", or "words" when one of them says more than
    the other and they are no near copies.
    """
    if not similarity >= min_similarity:  # NaN is refused too
        return Ruling(accepted=False, similarity=similarity, guard="similarity", detail=f"under {min_similarity:.3f}")
    mine, theirs = _read(asked), _read(stored)
    for name, guard in GUARDS:
        detail = guard(mine, theirs)
        if detail:
            return Ruling(accepted=False, similarity=similarity, guard=name, detail=detail)
    if extra := _says_more(mine, theirs, similarity):
        return Ruling(accepted=False, similarity=similarity, guard="words", detail=f"+{extra}")
    return Ruling(accepted=True, similarity=similarity)


def examine(asked: str, stored: str, similarity: float) -> tuple[tuple[str, ...], str]:
    """The names of all guards that find a difference between the two, as evidence for a learned rule; and the guard
    that `judge` would name, "" if it accepts. The guards run once, and of texts that are too long only that is said."""
    if max(len(asked), len(stored)) > MAX_JUDGED_CHARS:
        return ("length",), "length"
    mine, theirs = _read(asked), _read(stored)
    refused = tuple(name for name, guard in GUARDS if guard(mine, theirs))
    if not similarity >= DEFAULT_MIN_SIMILARITY:
        return refused, "similarity"
    if refused:
        return refused, refused[0]
    return refused, "words" if _says_more(mine, theirs, similarity) else ""


def _says_more(mine: Reading, theirs: Reading, similarity: float) -> str:
    """A topic word that only one of the two has, if they are no near copies or it says how to answer."""
    only_mine, only_theirs = extra_words(mine, theirs)
    extra = only_mine | only_theirs
    if extra and not similarity >= EXTRA_WORDS_SIMILARITY:
        return min(extra)
    return min(filter(tells_how, extra), default="")


def _read(text: str) -> Reading:
    """Readings are kept for a while: one prompt is judged against several neighbours, and popular ones come back."""
    return _kept_reading(text) if len(text) <= MAX_JUDGED_CHARS else Reading(text)


@lru_cache(maxsize=2048)
def _kept_reading(text: str) -> Reading:
    return Reading(text)
