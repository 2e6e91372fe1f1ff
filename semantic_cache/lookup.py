"""The fixed rule, from neighbours to a hit: the verdict on each, then the entry itself, checked again before serving.

It decides where the learned rule (`decision/`) cannot: another embedder than its model was trained for, or no model.
"""

import math
from typing import Any

import msgspec

from halfpenny.semantic_cache.base import Entry, SemanticHit, Store, Vector
from halfpenny.semantic_cache.neighbours import Neighbours
from halfpenny.semantic_cache.verdict import DEFAULT_MIN_SIMILARITY, judge

JUDGED = 3
"""Neighbours that get a verdict. More than the nearest, since a guard may refuse it and accept the next."""
CALIBRATED_RATE = 0.01
"""The false-hit rate that `DEFAULT_MIN_SIMILARITY` was chosen for."""


class Found(msgspec.Struct, frozen=True):
    """The hit, if any, and what was considered (for `explain`)."""

    hit: SemanticHit | None
    considered: list[dict[str, Any]]


def similarity_for(max_false_hit_rate: float) -> float:
    """The similarity to ask for. A stricter rate than the calibrated one moves it towards 1; 0 allows no hit at all.

    This is a monotone rule of thumb, not a bound that is measured online (docs/semantic-cache.md).
    """
    if max_false_hit_rate <= 0.0:
        return math.inf
    if max_false_hit_rate >= CALIBRATED_RATE:
        return DEFAULT_MIN_SIMILARITY
    return 1.0 - (1.0 - DEFAULT_MIN_SIMILARITY) * math.sqrt(max_false_hit_rate / CALIBRATED_RATE)


def usable(
    entry: Entry | None, partition: str, *, now_s: float, ttl_s: float, max_age_s: int | None = None
) -> str:
    """Why an entry that the index names must not be served, "" if it may: the index is a cache of the store, so what it
    names must still be there, be of this partition, and young enough (seconds)."""
    if entry is None:
        return "gone"
    if entry.partition != partition:
        return "partition"
    oldest_s = now_s - (ttl_s if max_age_s is None else min(ttl_s, max_age_s))
    return "stale" if entry.created_s < oldest_s else ""


async def nearest_accepted(
    neighbours: Neighbours,
    store: Store,
    partition: str,
    text: str,
    vector: Vector,
    *,
    max_false_hit_rate: float,
    ttl_s: float,
    min_similarity: float | None = None,
    max_age_s: int | None = None,
    now_s: float,
) -> Found:
    """The nearest neighbour that the verdict accepts and whose entry is live, young enough and of this partition."""
    wanted = similarity_for(max_false_hit_rate)
    if min_similarity is not None:
        wanted = max(wanted, min_similarity) if max_false_hit_rate < CALIBRATED_RATE else min_similarity
    considered: list[dict[str, Any]] = []
    if wanted > 1.0:
        return Found(None, considered)
    for neighbour in await neighbours.nearest(partition, vector, JUDGED):
        ruling = judge(text, neighbour.text, neighbour.similarity, wanted)
        note: dict[str, Any] = {
            "entry": neighbour.entry_id,
            "similarity": round(neighbour.similarity, 4),
            "accepted": ruling.accepted,
        }
        if ruling.guard:
            note["guard"] = ruling.guard
        considered.append(note)
        if not ruling.accepted:
            continue
        entry = await store.by_id(neighbour.entry_id, now_s)
        if entry is None or usable(entry, partition, now_s=now_s, ttl_s=ttl_s, max_age_s=max_age_s):
            note["accepted"] = False
            note["guard"] = "stale"
            continue
        return Found(SemanticHit(entry, neighbour.similarity), considered)
    return Found(None, considered)
