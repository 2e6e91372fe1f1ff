"""What the ledger knows of a request that a caller passes judgement on, and the row that keeps the judgement.

A judgement is a row of kind `feedback` under the request's own id: it concludes nothing, costs nothing, and `explain`
shows it beside the rest. There is one per request; a later one of another verdict takes its place.
"""

import time
from typing import Any, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.ledger.base import Outcome, Settled
from halfpenny.storage.engine import reading
from halfpenny.storage.schema import ledger

Opinion = Literal["right", "wrong"]


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """How a request of one tenant was answered. `entry_id`: the entry that served it, or that its answer was stored as;
    "" if there is none. `opinion` is what was said of it before, None if nothing."""

    request_id: str
    tenant: str
    outcome: Outcome
    entry_id: str
    surface: str
    route: str
    backend: str
    model: str
    requested_model: str
    opinion: Opinion | None = None


async def answered(engine: AsyncEngine, request_id: str, tenant: str) -> Answered | None:
    """None if this tenant has no such request, or none that was concluded. Raises what the database raises."""
    query = select(ledger).where(ledger.c.request_id == request_id, ledger.c.tenant == tenant)
    async with reading(engine) as connection:
        rows = (await connection.execute(query)).mappings().all()
    concluding = next((row for row in rows if row["outcome"] is not None), None)
    if concluding is None:
        return None
    said = next((row for row in rows if row["kind"] == "feedback"), None)
    return Answered(
        request_id=request_id,
        tenant=tenant,
        opinion=None if said is None else msgspec.json.decode(said["why"])["verdict"],
        **{name: concluding[name] for name in _TAKEN},
    )


def judged(of: Answered, opinion: Opinion, comment: str, evicted: int) -> Settled:
    """The row that keeps a judgement. Its id is fixed by the request's, so that a newer one replaces it."""
    now_us = time.time_ns() // 1000
    why: dict[str, Any] = {"verdict": opinion, "of": of.outcome, "evicted": evicted}
    if comment:
        why["comment"] = comment
    return Settled(
        id=f"feedback-{of.request_id}",
        request_id=of.request_id,
        kind="feedback",
        outcome=None,
        state="final",
        at_us=now_us,
        settled_at_us=now_us,
        tenant=of.tenant,
        surface=of.surface,
        route=of.route,
        backend=of.backend,
        model=of.model,
        requested_model=of.requested_model,
        entry_id=of.entry_id,
        why=why,
    )


_TAKEN = ("outcome", "entry_id", "surface", "route", "backend", "model", "requested_model")
