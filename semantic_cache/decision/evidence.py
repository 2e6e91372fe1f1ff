"""What speaks for and against giving a prompt the answer of each group that its neighbours belong to."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.decision.classifier import Metric, group_margins
from halfpenny.semantic_cache.decision.groups import Groups
from halfpenny.semantic_cache.decision.logistic import Floats
from halfpenny.semantic_cache.decision.prompts import Prompt, tails_agree
from halfpenny.semantic_cache.decision.verifier import Verifier
from halfpenny.semantic_cache.decision.wording import Wording
from halfpenny.semantic_cache.verdict import examine

FEATURES = (
    "one", "strict", "coarse", "cosine", "cosine_margin", "share", "class_margin", "rival_strict", "record", "size",
    "words", "numbers", "opposed", "refused", "strict_margin", "wording",
)  # fmt: skip
"""The calibrator's inputs, each scaled to about -2..2:

one: the constant. strict, coarse: the verifier's logits for the group's nearest prompts, the better one. cosine: to the
nearest prompt, around 0.8. cosine_margin: over the nearest prompt of another group. share: of the neighbourhood's
weight, less a half. class_margin: log-odds of the group by `classifier.py`. rival_strict: the verifier for the best
other group. record: re-asked hits that came out right against those that came out wrong. size: of the group. words:
share of the words that only one of the two has. numbers, opposed, refused: whether the rules of `guards.py` find other
numbers, dates or literals; a negation, opposite, exchanged role or lost diacritic; or anything at all. strict_margin:
how far behind the best group it is by the verifier. wording: what the namespace has learnt of the differing words."""

CANDIDATES = 3
_SHARPNESS = 20.0
_PAIRS = 2
"""Prompts of the nearest group that the verifier reads; of the others the nearest alone."""


class Near(msgspec.Struct, frozen=True, eq=False):
    """A stored neighbour: its entry, its group, its cosine in -1..1."""

    entry_id: str
    group: str
    prompt: Prompt
    cosine: float


class Candidate(msgspec.Struct, frozen=True, eq=False):
    """A group that may answer: its nearest entry, the evidence (shape (len(FEATURES),)) and what the rules say: all
    guards that refuse, and the first reason not to serve it where nothing has been learnt yet ("" for none)."""

    near: Near
    features: Floats
    refusals: tuple[str, ...]
    cold_refusal: str


def weigh(
    prompt: Prompt,
    neighbours: Sequence[Near],
    groups: Groups,
    metric: Metric,
    verifier: Verifier,
    wording: Wording,
) -> list[Candidate]:
    """The candidates, nearest first; none without neighbours. `neighbours`: best first, of one partition.

    What is not finite (a broken embedding, a broken stored vector) is no evidence: such a candidate is left out.
    """
    neighbours = [near for near in neighbours if math.isfinite(near.cosine)]
    if not neighbours or not np.isfinite(prompt.vector).all():
        return []
    members: dict[str, list[Near]] = {}
    for near in neighbours:
        members.setdefault(near.group, []).append(near)
    ids = list(members)
    cosines = np.array([members[one][0].cosine for one in ids])
    weights = np.exp(_SHARPNESS * (np.array([near.cosine for near in neighbours]) - neighbours[0].cosine))
    of_group = dict.fromkeys(ids, 0.0)
    for near, weight in zip(neighbours, weights, strict=True):
        of_group[near.group] += float(weight)
    found = [groups.get(one, members[one][0].prompt.vector) for one in ids]
    margins = _margins(prompt.vector, found, metric)
    chosen = _chosen(margins)
    logits = _verified(prompt, [members[ids[at]] for at in chosen], verifier)
    best_strict = float(logits[:, 0].max())
    candidates: list[Candidate] = []
    for row, at in enumerate(chosen):
        near = members[ids[at]][0]
        others = np.delete(cosines, at)
        rivals = np.delete(logits[:, 0], row)
        refused, cold = examine(prompt.text, near.prompt.text, near.cosine)
        if not tails_agree(prompt, near.prompt):
            refused, cold = (*refused, "tail"), "tail"
        features = np.array([
            1.0,
            logits[row, 0] / 4,
            logits[row, 1] / 4,
            (cosines[at] - 0.8) * 5,
            min(max((cosines[at] - (others.max() if len(others) else 0.4)) * 5, -1.5), 1.5),
            of_group[ids[at]] / float(weights.sum()) - 0.5,
            min(max(float(margins[at]), -5.0), 4.0) / 3,
            (float(rivals.max()) if len(rivals) else -6.0) / 4,
            float(np.log((found[at].right + 1) / (found[at].wrong + 1))),
            float(np.log(found[at].count)) / 3,
            _words_apart(prompt, near.prompt),
            float(not _NUMBERS.isdisjoint(refused)),
            float(not _OPPOSED.isdisjoint(refused)),
            float(not _LATER.issuperset(refused)),
            (best_strict - logits[row, 0]) / 4,
            wording.log_odds(prompt, near.prompt),
        ], dtype=np.float64)  # fmt: skip
        if not np.isfinite(features).all():
            continue
        candidates.append(Candidate(near, features, refused, cold))
    return candidates


_NUMBERS = frozenset({"numbers", "dates", "literals", "tail", "length"})
_LATER = frozenset({"scripts", "marks", "order_added", "telling_added", "clause_added"})
"""Guards that the shipped prior does not know: they refuse and veto, but are no evidence until it is learnt anew (with
them qqp went from 5.6 % hits, 0.8 % wrong to 6.7 %, 1.1 %)."""
_OPPOSED = frozenset({"negation", "opposites", "order", "diacritics", "language"})


def _margins(vector: Vector, found: Sequence[object], metric: Metric) -> NDArray[np.float32]:
    direction = metric.direction(vector)
    offset = float(metric.centre @ direction)
    scores = [float(group.total @ direction) - group.count * offset for group in found]  # type: ignore[attr-defined]
    return group_margins(np.array(scores, dtype=np.float32))


def _chosen(margins: NDArray[np.float32]) -> list[int]:
    """The nearest groups, and the one that the classifier prefers if it is not among them."""
    chosen = list(range(min(CANDIDATES, len(margins))))
    best = int(np.argmax(margins))
    if best not in chosen:
        chosen[-1] = best
    return chosen


def _verified(prompt: Prompt, groups: Sequence[Sequence[Near]], verifier: Verifier) -> NDArray[np.float32]:
    """Logits per group, shape (groups, 2); the better ones where two of its prompts are read."""
    owners: list[int] = []
    pairs: list[tuple[Prompt, Prompt]] = []
    for at, near in enumerate(groups):
        for one in near[: _PAIRS if at == 0 else 1]:
            owners.append(at)
            pairs.append((prompt, one.prompt))
    scores = verifier.score(pairs)
    owned = np.array(owners)
    return np.stack([scores[owned == at].max(0) for at in range(len(groups))])


def _words_apart(one: Prompt, other: Prompt) -> float:
    every = one.plain | other.plain
    return len(one.plain ^ other.plain) / len(every) if every else 0.0
