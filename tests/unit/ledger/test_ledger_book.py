"""Rows of the ledger: any order, any number of times, one row, the same row."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.ledger.base import Opened, Settled, Usage
from halfpenny.ledger.book import KIND, Ledger, close_open_rows, settled_statement
from halfpenny.storage import lifecycle
from halfpenny.storage.engine import make_engine, reading, writing
from halfpenny.storage.schema import ledger

OPENED = Opened(
    id="a",
    request_id="r",
    at_us=1_000,
    tenant="t",
    surface="openai_chat",
    route="default",
    backend="large",
    model="gpt-4o",
    requested_model="gpt-4o",
    stream=True,
    attempt=1,
    tags={"team": "blue"},
    input_tokens_estimate=12,
    cost_estimate_pico=34_000_056,
)
SETTLED = Settled(
    id="a",
    request_id="r",
    kind="attempt",
    outcome="miss",
    state="final",
    at_us=1_000,
    settled_at_us=2_000,
    tenant="t",
    surface="openai_chat",
    route="default",
    backend="large",
    model="gpt-4o",
    requested_model="gpt-4o",
    stream=True,
    status=200,
    usage=Usage(input_tokens=10, output_tokens=5, cached_input_tokens=3, cache_write_tokens=2, reasoning_tokens=1),
    usage_raw={"prompt_tokens": 10},
    price_source="test",
    price_date="2026-01-01",
    cost_pico=-1,
    saved_pico=1_000_001,
    saved_by="routed",
    similarity=0.5,
    entry_id="e",
    ttft_us=7,
    duration_us=9,
    tags={"team": "blue"},
    why={"route": ["large"]},
)


class Spooled:
    """An `append` that keeps the payloads."""

    def __init__(self, *, works: bool = True) -> None:
        self.payloads: list[bytes] = []
        self.works = works

    def append(self, kind: str, payload: bytes) -> bool:
        assert kind == KIND
        self.payloads.append(payload)
        return self.works


def payloads_of(*events: Opened | Settled) -> list[bytes]:
    spooled = Spooled()
    book = Ledger(spooled.append)
    for event in events:
        assert book.opened(event) if isinstance(event, Opened) else book.settled(event)
    return spooled.payloads


async def apply(engine: AsyncEngine, *events: Opened | Settled) -> None:
    async with writing(engine) as connection:
        await Ledger(Spooled().append).handler(connection, payloads_of(*events))


async def rows(engine: AsyncEngine) -> list[dict[str, Any]]:
    async with reading(engine) as connection:
        found = await connection.execute(select(ledger).order_by(ledger.c.id))
        return [dict(row) for row in found.mappings()]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = make_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    await lifecycle.upgrade(made)
    yield made
    await made.dispose()


async def test_an_attempt_becomes_one_row_with_every_field(engine: AsyncEngine) -> None:
    await apply(engine, OPENED, SETTLED)
    (row,) = await rows(engine)
    assert row == {
        **{name: getattr(SETTLED, name) for name in SETTLED.__struct_fields__ if name in ledger.columns},
        **{name: getattr(SETTLED.usage, name) for name in SETTLED.usage.__struct_fields__},
        "cost_micros": -1,
        "cost_pico_rest": 999_999,
        "saved_micros": 1,
        "saved_pico_rest": 1,
        "tags": '{"team":"blue"}',
        "why": '{"route":["large"]}',
        "usage_raw": '{"prompt_tokens":10}',
        "input_tokens_estimate": 12,
        "estimate_micros": 34,
        "estimate_pico_rest": 56,
    }


async def test_an_open_row_shows_the_intent(engine: AsyncEngine) -> None:
    await apply(engine, OPENED)
    (row,) = await rows(engine)
    shown = {name: row[name] for name in ("state", "kind", "outcome", "at_us", "backend", "attempt", "stream", "tags")}
    assert shown == {
        "state": "open",
        "kind": "attempt",
        "outcome": None,
        "at_us": 1000,
        "backend": "large",
        "attempt": 1,
        "stream": True,
        "tags": '{"team":"blue"}',
    }


async def test_a_foreign_payload_is_refused(engine: AsyncEngine) -> None:
    with pytest.raises(msgspec.DecodeError):
        async with writing(engine) as connection:
            await Ledger(Spooled().append).handler(connection, [b"\xc1"])
    assert await rows(engine) == []


def test_what_the_spool_refuses_is_counted() -> None:
    book = Ledger(Spooled(works=False).append)
    assert not book.opened(OPENED)
    assert not book.settled(SETTLED)
    assert book.lost == 2


def test_the_statement_compiles_for_postgresql() -> None:
    sql = str(settled_statement("postgresql").compile(dialect=postgresql.dialect()))
    assert "ON CONFLICT (id) DO UPDATE SET" in sql


async def test_rows_of_dead_processes_are_closed_as_estimated(engine: AsyncEngine) -> None:
    later = msgspec.structs.replace(OPENED, id="b", attempt=2, at_us=1_500, cost_estimate_pico=1)
    concluded = msgspec.structs.replace(SETTLED, id="d", request_id="other")
    hedged = msgspec.structs.replace(OPENED, id="c", request_id="other")
    alive = msgspec.structs.replace(OPENED, id="z", request_id="alive", at_us=9_000)
    await apply(engine, OPENED, later, concluded, hedged, alive)
    assert await close_open_rows(engine, alive_before_us=9_000) == 3
    found = {row["id"]: row for row in await rows(engine)}
    assert {name: (row["state"], row["outcome"]) for name, row in found.items()} == {
        "a": ("estimated", None),
        "b": ("estimated", "error"),
        "c": ("estimated", None),
        "d": ("final", "miss"),
        "z": ("open", None),
    }
    assert (found["a"]["cost_micros"], found["a"]["cost_pico_rest"], found["a"]["input_tokens"]) == (34, 56, 12)
    assert await close_open_rows(engine, alive_before_us=9_000) == 0


async def test_a_late_settlement_wins_over_the_estimate(engine: AsyncEngine) -> None:
    await apply(engine, OPENED)
    await close_open_rows(engine, alive_before_us=5_000)
    await apply(engine, SETTLED)
    (row,) = await rows(engine)
    assert (row["state"], row["outcome"], row["cost_micros"]) == ("final", "miss", -1)


events = st.lists(
    st.sampled_from(
        [
            OPENED,
            SETTLED,
            msgspec.structs.replace(SETTLED, state="estimated", settled_at_us=3_000, cost_pico=77, outcome=None),
        ]
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def loop_and_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[asyncio.Runner, AsyncEngine]]:
    with asyncio.Runner() as runner:
        made = make_engine(f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('ledger')}/test.db")
        runner.run(lifecycle.upgrade(made))
        yield runner, made
        runner.run(made.dispose())


@settings(deadline=None, max_examples=25)
@given(before=events, after=events, cuts=st.sets(st.integers(0, 14)))
def test_any_order_and_any_repetition_give_the_same_row(
    loop_and_engine: tuple[asyncio.Runner, AsyncEngine],
    before: list[Opened | Settled],
    after: list[Opened | Settled],
    cuts: set[int],
) -> None:
    """Both events arrive at least once, amid repetitions and an older estimate, cut into batches anywhere."""
    runner, engine = loop_and_engine

    async def outcome(sequence: list[Opened | Settled]) -> dict[str, Any]:
        async with writing(engine) as connection:
            await connection.execute(ledger.delete())
        batch: list[Opened | Settled] = []
        for place, event in enumerate(sequence):
            batch.append(event)
            if place in cuts:
                await apply(engine, *batch)
                batch = []
        await apply(engine, *batch)
        (row,) = await rows(engine)
        return row

    expected = runner.run(outcome([OPENED, SETTLED]))
    assert runner.run(outcome([*before, SETTLED, *after, OPENED])) == expected
    assert runner.run(outcome([*before, OPENED, *after, SETTLED])) == expected
