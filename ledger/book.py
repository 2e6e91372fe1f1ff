"""The ledger's pen: events go to the spool at once, the writer carries them into the table.

A row is one attempt, hit or refusal. Applying is idempotent and does not depend on order: `Settled` always
wins over `Opened`, `final` over `estimated`, and the estimate comes from `Opened` alone.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Integer, Text, and_, case, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from halfpenny.ledger.base import Event, Opened, Settled, micro_dollars
from halfpenny.storage.bulk import CHUNK, Bulk, insert_for
from halfpenny.storage.engine import writing
from halfpenny.storage.schema import ledger

KIND = "ledger"
_log = logging.getLogger(__name__)
_ESTIMATES = ("input_tokens_estimate", "estimate_micros", "estimate_pico_rest")


class Ledger:
    """`append` is the spool's: durable at its return, never raises, False if it could not keep the record.

    `lost` counts events that could not be kept; the answer to the caller goes out all the same.
    """

    def __init__(self, append: Callable[[str, bytes], bool]) -> None:
        self.lost = 0
        self._append = append
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Event).decode
        self._open_rows = Bulk(ledger, _keep_what_is_settled)
        self._settled_rows = Bulk(ledger, _settle)

    def opened(self, event: Opened) -> bool:
        """Write the intent of an upstream call; before the call goes out."""
        return self._write(event)

    def settled(self, event: Settled) -> bool:
        """Write what came of an attempt, a hit or a refusal."""
        return self._write(event)

    async def handler(self, connection: AsyncConnection, payloads: list[bytes]) -> None:
        """Apply a batch inside the writer's transaction. Raises msgspec.DecodeError for a foreign payload.

        Rows go in by id order, so that two writers on PostgreSQL cannot deadlock.
        """
        opened, settled = [], []
        for count, payload in enumerate(payloads, start=1):
            event = self._decode(payload)
            if count % CHUNK == 0:
                await asyncio.sleep(0)  # a full batch takes milliseconds; requests go on in between
            if isinstance(event, Opened):
                opened.append(_opened_row(event))
            else:
                settled.append(_settled_row(event))
        await self._open_rows.execute(connection, sorted(opened, key=_by_id))
        await self._settled_rows.execute(connection, sorted(settled, key=_by_id))

    def _write(self, event: Opened | Settled) -> bool:
        try:
            kept = self._append(KIND, self._encode(event))
        except Exception:
            _log.exception("a ledger event could not be encoded")
            kept = False
        if not kept:
            self.lost += 1
        return kept


async def close_open_rows(engine: AsyncEngine, alive_before_us: int) -> int:
    """Close the rows that dead processes left open; say how many.

    Call it at start, after the spool was replayed. `alive_before_us` is the start of the oldest process that
    lives: what was opened earlier has nobody left to settle it. Its cost becomes the estimate; the last
    attempt of a request that nothing concluded gets the outcome `error`. A `Settled` that turns up later
    still wins.
    """
    async with writing(engine) as connection:
        stale = and_(ledger.c.state == "open", ledger.c.at_us < alive_before_us)
        found = await connection.execute(
            select(ledger.c.id, ledger.c.request_id).where(stale).order_by(ledger.c.attempt, ledger.c.at_us)
        )
        last = {row.request_id: row.id for row in found}
        closed = await connection.execute(
            update(ledger)
            .where(stale)
            .values(
                state="estimated",
                error="the process ended before this call was settled",
                settled_at_us=alive_before_us,
                cost_micros=ledger.c.estimate_micros,
                cost_pico_rest=ledger.c.estimate_pico_rest,
                input_tokens=ledger.c.input_tokens_estimate,
            )
        )
        for request_id, row_id in last.items():
            concluded = select(ledger.c.id).where(ledger.c.request_id == request_id, ledger.c.outcome.is_not(None))
            if (await connection.execute(concluded.limit(1))).first() is None:
                await connection.execute(update(ledger).where(ledger.c.id == row_id).values(outcome="error"))
        return closed.rowcount


def settled_statement(dialect_name: str) -> Any:
    """The statement that stores `Settled` rows, for a look at its SQL."""
    return _settle(insert_for(dialect_name, ledger))


def _by_id(row: tuple[Any, ...]) -> str:
    return str(row[0])


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def _opened_row(event: Opened) -> tuple[Any, ...]:
    estimate, estimate_rest = micro_dollars(event.cost_estimate_pico)
    return (
        event.id,
        event.request_id,
        "attempt",
        None,
        "open",
        event.at_us,
        0,
        event.tenant,
        event.surface,
        event.route,
        event.backend,
        event.model,
        event.requested_model,
        event.stream,
        event.attempt,
        0,
        "",
        False,
        *(0, 0, 0, 0, 0),
        "",
        *("", ""),
        *(0, 0, 0, 0),
        *(None, None),
        "",
        *(0, 0),
        _json(event.tags) if event.tags else "",
        "",
        event.input_tokens_estimate,
        estimate,
        estimate_rest,
    )


def _settled_row(event: Settled) -> tuple[Any, ...]:
    cost, cost_rest = micro_dollars(event.cost_pico)
    saved, saved_rest = micro_dollars(event.saved_pico)
    usage = event.usage
    return (
        event.id,
        event.request_id,
        event.kind,
        event.outcome,
        event.state,
        event.at_us,
        event.settled_at_us,
        event.tenant,
        event.surface,
        event.route,
        event.backend,
        event.model,
        event.requested_model,
        event.stream,
        event.attempt,
        event.status,
        event.error,
        event.client_gone,
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_input_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
        "" if event.usage_raw is None else _json(event.usage_raw),
        event.price_source,
        event.price_date,
        cost,
        cost_rest,
        saved,
        saved_rest,
        event.saved_by,
        event.similarity,
        event.entry_id,
        event.ttft_us,
        event.duration_us,
        _json(event.tags) if event.tags else "",
        _json(event.why) if event.why else "",
        *(0, 0, 0),
    )


def _keep_what_is_settled(insert: Any) -> Any:
    """An `Opened` that finds a row adds the estimate and nothing else."""
    return insert.on_conflict_do_update(
        index_elements=[ledger.c.id], set_={name: insert.excluded[name] for name in _ESTIMATES}
    )


def _settle(insert: Any) -> Any:
    """A `Settled` overwrites an open row, an estimated one if it is final, and its like only if it is
    newer."""
    new = insert.excluded
    rank = _rank(new.state), _rank(ledger.c.state)
    newer = or_(rank[0] > rank[1], and_(rank[0] == rank[1], new.settled_at_us > ledger.c.settled_at_us))
    taken = [column.name for column in ledger.columns if column.name not in ("id", *_ESTIMATES)]
    return insert.on_conflict_do_update(
        index_elements=[ledger.c.id], set_={name: new[name] for name in taken}, where=newer
    )


def _rank(state: Any) -> Any:
    """`final` 2, `estimated` 1, `open` 0; written out, because a bulk statement has no parameters but its
    row."""
    two, one, zero = (literal_column(number, Integer) for number in "210")
    is_final = state == literal_column("'final'", Text)
    return case((is_final, two), (state == literal_column("'estimated'", Text), one), else_=zero)
