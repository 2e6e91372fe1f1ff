"""The report: the contract's keys, exact sums, no invented intervals."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.ledger.base import Opened, Settled, Usage
from halfpenny.ledger.book import Ledger
from halfpenny.ledger.report import explain, render, report
from halfpenny.storage import lifecycle
from halfpenny.storage.engine import make_engine, writing

DAY = datetime(2026, 11, 1, tzinfo=UTC)
AT_US = int(DAY.timestamp()) * 1_000_000
KEYS = [
    "requests",
    "outcomes",
    "spend_usd",
    "saved_usd",
    "saved_low_usd",
    "saved_high_usd",
    "own_cost_usd",
    "saved_by",
    "false_hit_rate",
    "false_hit_rate_upper",
    "estimated_rows",
    "since",
    "until",
]


def settled(name: str, **changes: Any) -> Settled:
    base = {
        "id": name,
        "request_id": f"r-{name}",
        "kind": "attempt",
        "outcome": "miss",
        "state": "final",
        "at_us": AT_US,
        "settled_at_us": AT_US + 10,
        "tenant": "t",
        "surface": "openai_chat",
        "route": "default",
        "model": "gpt-4o",
    }
    return Settled(**{**base, **changes})


EVENTS = [
    settled("a", cost_pico=1_500_000_000_001, tags={"team": "blue", "env": "prod"}, usage=Usage(input_tokens=3)),
    settled("a0", request_id="r-a", outcome=None, cost_pico=1, attempt=0),
    settled("b", kind="hit", outcome="exact", saved_by="exact", saved_pico=2_000_000_000_000),
    settled("c", kind="hit", outcome="semantic", saved_by="semantic", saved_pico=500_000, model="small"),
    settled("d", kind="hit", outcome="coalesced", saved_by="coalesced", saved_pico=500_000, tenant="u"),
    settled("e", outcome="miss", saved_by="routed", saved_pico=-3_000_000, route="cheap", tags={"team": "red"}),
    settled("f", outcome="error", state="estimated", cost_pico=999_999),
    settled("late", at_us=AT_US + 86_400_000_000, cost_pico=10**15),
]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = make_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    await lifecycle.upgrade(made)
    async with writing(made) as connection:
        book = Ledger(lambda _kind, _payload: True)
        await book.handler(connection, [msgspec.msgpack.encode(event) for event in EVENTS])
    yield made
    await made.dispose()


async def test_the_figures_of_a_day(engine: AsyncEngine) -> None:
    found = await report(engine, DAY, DAY + timedelta(days=1))
    shown = msgspec.to_builtins(found)
    assert sorted(shown) == sorted(KEYS)
    assert shown == {
        "since": "2026-11-01T00:00:00Z",
        "until": "2026-11-02T00:00:00Z",
        "requests": 6,
        "outcomes": {"exact": 1, "semantic": 1, "coalesced": 1, "miss": 2, "bypass": 0, "error": 1},
        # 1.500000000001 + 0.000000000001 + 0.000000999999
        "spend_usd": "1.500001",
        "saved_usd": "1.999998",
        "saved_low_usd": "1.999998",
        "saved_high_usd": "2.000001",
        "own_cost_usd": "0.000000",
        "saved_by": {"exact": "2.000000", "semantic": "0.000000", "coalesced": "0.000000", "routed": "-0.000003"},
        "false_hit_rate": None,
        "false_hit_rate_upper": None,
        "estimated_rows": 1,
    }


async def test_nothing_is_reported_of_an_empty_span(engine: AsyncEngine) -> None:
    found = await report(engine, DAY - timedelta(days=2), DAY)
    assert (found.requests, found.spend_usd, found.saved_low_usd) == (0, "0.000000", "0.000000")


@pytest.mark.parametrize(
    ("by", "requests"),
    [
        ("model", {"gpt-4o": 5, "small": 1}),
        ("route", {"cheap": 1, "default": 5}),
        ("tenant", {"t": 5, "u": 1}),
        ("tag", {"env=prod": 1, "team=blue": 1, "team=red": 1}),
    ],
)
async def test_groups(engine: AsyncEngine, by: Any, requests: dict[str, int]) -> None:
    found = await report(engine, DAY, DAY + timedelta(days=1), by=by)
    assert found.by is not msgspec.UNSET
    assert {name: figures.requests for name, figures in found.by.items()} == requests
    assert sorted(msgspec.to_builtins(found)) == sorted([*KEYS, "by"])


async def test_many_small_costs_are_not_rounded_away(tmp_path: Path) -> None:
    """A thousand calls of 0.4 micro-dollars are 0.0004 dollars and not nothing."""
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/small.db")
    await lifecycle.upgrade(engine)
    payloads = [msgspec.msgpack.encode(settled(str(number), cost_pico=400_000)) for number in range(1000)]
    async with writing(engine) as connection:
        await Ledger(lambda _kind, _payload: True).handler(connection, payloads)
    assert (await report(engine, DAY, DAY + timedelta(days=1))).spend_usd == "0.000400"
    await engine.dispose()


async def test_explain_shows_every_row_of_a_request(engine: AsyncEngine) -> None:
    async with writing(engine) as connection:
        opened = Opened(
            id="open",
            request_id="r-a",
            at_us=AT_US,
            tenant="t",
            surface="openai_chat",
            route="default",
            backend="large",
            model="gpt-4o",
            requested_model="gpt-4o",
            stream=False,
            attempt=2,
            cost_estimate_pico=5_000_000,
        )
        await Ledger(lambda _kind, _payload: True).handler(connection, [msgspec.msgpack.encode(opened)])
    rows = await explain(engine, "r-a")
    assert [row["id"] for row in rows] == ["a0", "a", "open"]
    assert (rows[1]["cost_usd"], rows[1]["cost_pico"]) == ("1.500000", 1_500_000_000_001)
    assert rows[1]["tags"] == {"team": "blue", "env": "prod"}
    assert (rows[2]["state"], rows[2]["cost_estimate_usd"], rows[2]["why"]) == ("open", "0.000005", {})
    assert await explain(engine, "unknown") == []


async def test_the_terminal_shows_the_money_and_says_what_is_not_measured(engine: AsyncEngine) -> None:
    shown = render(await report(engine, DAY, DAY + timedelta(days=1), by="route"))
    assert "spent       $1.500001" in shown
    assert "between $1.999998 and $2.000001" in shown
    assert "not measured (no labels)" in shown
    assert "\ncheap\n" in shown
