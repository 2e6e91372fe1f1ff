"""What speaks for and against giving a prompt the answer of each group that its neighbours belong to."""

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.decision.classifier import Metric, group_margins
from halfpenny.semantic_cache.decision.groups import Group, Groups
from halfpenny.semantic_cache.decision.logistic import Floats
from halfpenny.semantic_cache.decision.prompts import Prompt, alike, tails_agree
from halfpenny.semantic_cache.decision.verifier import Verifier
from halfpenny.semantic_cache.decision.wording import Wording
from halfpenny.semantic_cache.verdict import examine

FEATURES = (
    "one", "strict", "coarse", "cosine", "cosine_margin", "share", "class_margin", "rival_strict", "record", "size",
    "words", "numbers", "opposed", "refused", "strict_margin", "wording", "alike", "same_words", "foreign",
    "foreign_strict", "foreign_words", "foreign_wording", "belongs",
)  # fmt: skip
"""The calibrator's inputs, each scaled to about -2..2:

one: the constant. strict, coarse: the verifier's logits for the group's nearest prompts, the better one. cosine: to the
nearest prompt, around 0.8. cosine_margin: over the nearest prompt of another group. share: of the neighbourhood's
weight, less a half. class_margin: log-odds of the group by `classifier.py`. rival_strict: the verifier for the best
other group. record: re-asked hits that came out right against those that came out wrong. size: of the group. words:
share of the words that only one of the two has. numbers, opposed, refused: whether the rules of `guards.py` find other
numbers, dates or literals; a negation, opposite, exchanged role or lost diacritic; or anything at all. strict_margin:
how far behind the best group it is by the verifier. wording: what the namespace has learnt of the differing words.
alike: the cosine of the word that fits least (`prompts.alike`). same_words: both have the same ones. foreign: the share
of words with letters beyond ASCII; times strict, words and wording, since an English embedder says less of those.
belongs: nearer to the group than its members are to one another (`Group.belongs`)."""

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
    of_group: dict[str, float] = {}
    for near in neighbours:
        members.setdefault(near.group, []).append(near)
        weight = math.exp(_SHARPNESS * (near.cosine - neighbours[0].cosine))
        of_group[near.group] = of_group.get(near.group, 0.0) + weight
    whole = sum(of_group.values())
    ids = list(members)
    cosines = [members[one][0].cosine for one in ids]
    found = [groups.get(one, members[one][0].prompt.vector) for one in ids]
    margins = _margins(prompt.vector, found, metric)
    chosen = _chosen(margins)
    logits = _verified(prompt, [members[ids[at]] for at in chosen], verifier)
    stricts = [strict for strict, _ in logits]
    best_strict = _highest(stricts)
    candidates: list[Candidate] = []
    for row, at in enumerate(chosen):
        near = members[ids[at]][0]
        strict, coarse = logits[row]
        refused, cold = examine(prompt.text, near.prompt.text, near.cosine)
        if not tails_agree(prompt, near.prompt):
            refused, cold = (*refused, "tail"), "tail"
        apart, known = _words_apart(prompt, near.prompt), wording.log_odds(prompt, near.prompt)
        features = (
            1.0,
            strict / 4,
            coarse / 4,
            (cosines[at] - 0.8) * 5,
            min(max((cosines[at] - _highest(_without(cosines, at), 0.4)) * 5, -1.5), 1.5),
            of_group[ids[at]] / whole - 0.5,
            min(max(margins[at], -5.0), 4.0) / 3,
            _highest(_without(stricts, row), -6.0) / 4,
            math.log((found[at].right + 1) / (found[at].wrong + 1)),
            math.log(found[at].count) / 3,
            apart,
            float(not _NUMBERS.isdisjoint(refused)),
            float(not _OPPOSED.isdisjoint(refused)),
            float(not _LATER.issuperset(refused)),
            (best_strict - strict) / 4,
            known,
            2 * alike(prompt, near.prompt) - 1,
            float(not apart),
            prompt.foreign,
            prompt.foreign * strict / 4,
            prompt.foreign * apart,
            prompt.foreign * known,
            found[at].belongs(prompt.vector, metric.centre),
        )
        if not all(map(math.isfinite, features)):
            continue
        candidates.append(Candidate(near, np.array(features, dtype=np.float64), refused, cold))
    return candidates


_NUMBERS = frozenset({"numbers", "dates", "literals", "tail", "length"})
_LATER = frozenset({"scripts", "marks", "order_added", "telling_added", "clause_added"})
"""Guards that the shipped prior does not know: they refuse and veto, but are no evidence until it is learnt anew (with
them qqp went from 5.6 % hits, 0.8 % wrong to 6.7 %, 1.1 %)."""
_OPPOSED = frozenset({"negation", "opposites", "order", "diacritics", "language"})


def _margins(vector: Vector, found: Sequence[Group], metric: Metric) -> list[float]:
    direction = metric.direction(vector)
    offset = float(metric.centre @ direction)
    return group_margins([float(group.total @ direction) - group.count * offset for group in found])


def _chosen(margins: Sequence[float]) -> list[int]:
    """The nearest groups, and the one that the classifier prefers if it is not among them."""
    chosen = list(range(min(CANDIDATES, len(margins))))
    best = max(range(len(margins)), key=margins.__getitem__)
    if best not in chosen:
        chosen[-1] = best
    return chosen


def _verified(prompt: Prompt, groups: Sequence[Sequence[Near]], verifier: Verifier) -> list[tuple[float, float]]:
    """Logits, strict and coarse, of each group; the better ones where two of its prompts are read."""
    read = [near[: _PAIRS if at == 0 else 1] for at, near in enumerate(groups)]
    scores = iter(verifier.score([(prompt, one.prompt) for near in read for one in near]).tolist())
    found: list[tuple[float, float]] = []
    for near in read:
        stricts, coarses = zip(*(next(scores) for _ in near), strict=True)
        found.append((_highest(stricts), _highest(coarses)))
    return found


def _highest(values: Sequence[float], none: float = math.nan) -> float:
    """NaN if one of them is: what is broken must not be hidden by what is not. `none`: where there are no values."""
    return max(values, key=lambda value: (math.isnan(value), value)) if values else none


def _without(values: list[float], at: int) -> list[float]:
    return values[:at] + values[at + 1 :]


def _words_apart(one: Prompt, other: Prompt) -> float:
    apart = len(one.plain ^ other.plain)
    every = (len(one.plain) + len(other.plain) + apart) // 2
    return apart / every if every else 0.0
