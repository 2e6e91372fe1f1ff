"""Is this neighbour near enough? The guards first, then the similarity.

`judge` is the only rule that decides a semantic hit. A learned rule would replace its last two steps (the
demanded similarity) and keep the guards.
"""

from functools import lru_cache

from halfpenny.semantic_cache.base import Ruling
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
    only_mine, only_theirs = extra_words(mine, theirs)
    if (only_mine or only_theirs) and similarity < EXTRA_WORDS_SIMILARITY:
        return Ruling(accepted=False, similarity=similarity, guard="words", detail=f"+{min(only_mine | only_theirs)}")
    return Ruling(accepted=True, similarity=similarity)


def refusals(asked: str, stored: str) -> tuple[str, ...]:
    """The names of all guards that find a difference between the two: evidence for a learned rule."""
    mine, theirs = _read(asked), _read(stored)
    return tuple(name for name, guard in GUARDS if guard(mine, theirs))


def _read(text: str) -> Reading:
    """Readings are kept for a while: one prompt is judged against several neighbours, and popular ones come back."""
    return _kept_reading(text) if len(text) <= MAX_JUDGED_CHARS else Reading(text)


@lru_cache(maxsize=512)
def _kept_reading(text: str) -> Reading:
    return Reading(text)
