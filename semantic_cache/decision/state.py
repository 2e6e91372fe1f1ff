"""What of a namespace is kept beside its labels, and how both bring it back.

The calibrator is its labels: it is fitted to them again. Groups and metric come from the stored prompts. The rest
(counts, threshold, recent evidence, the bound) is in the state, written now and then and with every re-ask.
"""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.decision.bound import Alarm, LiveBound
from halfpenny.semantic_cache.decision.evidence import FEATURES
from halfpenny.semantic_cache.decision.live import MIN_METRIC, Live, Taught
from halfpenny.semantic_cache.decision.logistic import log_odds

_VERSION = 1
_RECENT = 200


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Counts as in `Live` and `Namespace`. `features` names what `recent` (float16 rows, newest last) holds."""

    version: int
    features: str
    requests: int
    hits: int
    reasks: int
    spent: float
    threshold: float
    free: int
    alarm: Alarm
    alert: float
    off_requests: int
    off_wrong: int
    surprises: list[tuple[float, bool]]
    bound: bytes
    steer: bytes
    recent: bytes
    recent_empty: int


class Member(msgspec.Struct, frozen=True):
    """A stored prompt: its answer group ("": its own) and its vector, shape (d,)."""

    entry_id: str
    group: str
    vector: Vector


def dump(live: Live) -> bytes:
    """The state as bytes, 8 to 15 KB."""
    namespace = live.namespace
    recent = list(namespace.recent)[-_RECENT:]
    rows = [row for row in recent if row is not None]
    return msgspec.msgpack.encode(
        State(
            version=_VERSION,
            features=" ".join(FEATURES),
            requests=namespace.requests,
            hits=namespace.hits,
            reasks=namespace.reasks,
            spent=namespace.budget.spent,
            threshold=namespace.budget.threshold,
            free=live.free,
            alarm=live.alarm,
            alert=live.alert,
            off_requests=live.off_requests,
            off_wrong=live.off_wrong,
            surprises=list(live.surprises),
            bound=live.bound.state(),
            steer=live.steer.state(),
            recent=np.stack(rows).astype(np.float16).tobytes() if rows else b"",
            recent_empty=len(recent) - len(rows),
        )
    )


def restore_labels(live: Live, taught: Iterable[Taught], counts: tuple[int, int, int, float]) -> None:
    """Teach the kept labels again, oldest first, those of other features left out. `counts`: requests, hits, re-asks
    and budget spent at the last of them."""
    namespace = live.namespace
    for one in taught:
        if one.features.shape != (len(FEATURES),):
            continue
        namespace.calibrator.add(one.features, one.right, one.weight)
        if one.kind == "reask":
            namespace.budget.reasked(log_odds(one.predicted), one.predicted, right=one.right >= 0.5)
        elif one.kind == "miss":
            namespace.budget.fetched(log_odds(one.predicted), right=one.right >= 0.5)
        if one.words:
            namespace.wording.restore(msgspec.msgpack.decode(one.words, type=dict[str, tuple[float, float]]))
    namespace.calibrator.fit()
    namespace.budget.reliability.fit()
    namespace.requests, namespace.hits, namespace.reasks, namespace.budget.spent = counts
    namespace.budget.requests = namespace.requests


def restore_state(live: Live, state: bytes) -> None:
    """Raises ValueError for what `dump` of this version did not write; nothing is changed then."""
    try:
        kept = msgspec.msgpack.decode(state, type=State)
    except msgspec.DecodeError as error:
        raise ValueError(f"not the state of a namespace: {error}") from error
    if kept.version != _VERSION:
        raise ValueError(f"the state of a namespace of version {kept.version}")
    bound, steer = LiveBound.from_state(kept.bound), LiveBound.from_state(kept.steer)
    if not bound.eps == steer.eps == live.bound.eps:
        raise ValueError("the state of a bound for another re-ask probability")
    live.bound, live.steer = bound, steer
    namespace = live.namespace
    # labels are written at once and the state now and then: whichever is newer counts
    if kept.requests >= namespace.requests:
        namespace.requests, namespace.hits, namespace.reasks = kept.requests, kept.hits, kept.reasks
        namespace.budget.spent = kept.spent
        namespace.budget.requests = kept.requests
    namespace.budget.threshold = kept.threshold
    live.free, live.alarm, live.alert = kept.free, kept.alarm, kept.alert
    live.off_requests, live.off_wrong = kept.off_requests, kept.off_wrong
    live.surprises.extend(kept.surprises)
    if kept.features == " ".join(FEATURES):
        rows = np.frombuffer(kept.recent, dtype=np.float16).reshape(-1, len(FEATURES)).astype(np.float64)
        namespace.recent.extend([None] * kept.recent_empty)
        namespace.recent.extend(rows)


def restore_members(live: Live, members: Sequence[Member], taught: Iterable[Taught], *, may_own: bool) -> None:
    """Groups, their records and the metric from the stored prompts, newest first."""
    first: dict[str, Vector] = {}
    counts: dict[str, int] = {}
    for one in reversed(members):
        group = one.group or one.entry_id
        counts[group] = counts.get(group, 0) + 1
        if group in first:
            live.groups.join(group, first[group], one.vector)
        else:
            first[group] = one.vector
    for label in taught:
        if label.kind == "reask" and label.group in first and label.weight > 0:
            live.groups.record(label.group, first[label.group], right=label.right >= 0.5)
    if may_own and len(members) >= MIN_METRIC:
        live.namespace.metric.learn_many(np.stack([one.vector for one in members]))
        live.own_metric = True
    else:
        live.waiting = [one.vector for one in members[: MIN_METRIC - 1]]
