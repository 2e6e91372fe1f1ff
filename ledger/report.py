"""What was spent and what was saved, from the ledger; and one request's rows for `explain`.

Sums are exact: micro-dollars and pico-dollar remainders are added as integers and rounded once, at the end.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.ledger.base import PICO_PER_MICRO, decimal_usd
from halfpenny.storage.engine import reading
from halfpenny.storage.schema import ledger, semantic_state

By = Literal["model", "route", "tenant", "tag"]
OUTCOMES = ("exact", "semantic", "coalesced", "miss", "bypass", "error")
# Savings whose alternative is known to the token: the very answer that was bought once is given again.
CERTAIN = ("exact", "coalesced")
MECHANISMS = ("exact", "semantic", "coalesced", "routed")


class Figures(msgspec.Struct, kw_only=True):
    """Money in USD, decimal strings with six places.

    `saved_low_usd` and `saved_high_usd` bound what was saved. Exact and coalesced savings are certain.
    Semantic and routed ones count as 0 in the low bound until their error rate is measured: no interval is
    invented. `false_hit_rate` and `false_hit_rate_upper` (wrong semantic hits over the requests that were looked up by
    similarity) are None while nothing is measured, and in groups. `own_cost_usd`
    is what the proxy bought for itself. `estimated_rows` counts rows whose cost is an estimate.
    """

    requests: int = 0
    outcomes: dict[str, int]
    spend_usd: str
    saved_usd: str
    saved_low_usd: str
    saved_high_usd: str
    own_cost_usd: str
    saved_by: dict[str, str]
    false_hit_rate: float | None = None
    false_hit_rate_upper: float | None = None
    estimated_rows: int = 0


class Report(Figures, kw_only=True):
    """The figures of the rows with `since <= at < until`; `by` holds the same figures of each group, when
    asked for.

    With `by` "tag" the groups are `name=value`; a request with two tags is in two groups.
    """

    since: str
    until: str
    by: dict[str, Figures] | msgspec.UnsetType = msgspec.UNSET


class _Sums:
    """Exact sums over groups of rows."""

    def __init__(self) -> None:
        self.outcomes = dict.fromkeys(OUTCOMES, 0)
        self.spend = 0
        self.saved: dict[str, int] = {}
        self.estimated = 0

    def add(self, row: Any) -> None:
        if row.outcome is not None:
            self.outcomes[row.outcome] = self.outcomes.get(row.outcome, 0) + row.rows
        self.spend += _pico(row.cost_micros, row.cost_rest)
        saved = _pico(row.saved_micros, row.saved_rest)
        if row.saved_by is not None:
            self.saved[row.saved_by] = self.saved.get(row.saved_by, 0) + saved
        if row.state == "estimated":
            self.estimated += row.rows

    def figures(self) -> dict[str, Any]:
        certain = sum(self.saved.get(name, 0) for name in CERTAIN)
        open_ended = [amount for name, amount in self.saved.items() if name not in CERTAIN]
        return {
            "requests": sum(self.outcomes.values()),
            "outcomes": self.outcomes,
            "spend_usd": decimal_usd(self.spend),
            "saved_usd": decimal_usd(sum(self.saved.values())),
            "saved_low_usd": decimal_usd(certain + sum(min(0, amount) for amount in open_ended)),
            "saved_high_usd": decimal_usd(certain + sum(max(0, amount) for amount in open_ended)),
            "own_cost_usd": decimal_usd(0),
            "saved_by": {name: decimal_usd(self.saved.get(name, 0)) for name in MECHANISMS},
            "estimated_rows": self.estimated,
        }


async def report(engine: AsyncEngine, since: datetime, until: datetime, by: By | None = None) -> Report:
    """The report of a half-open time span (aware, or naive UTC). Raises what the database raises."""
    whole = _Sums()
    groups: dict[str, _Sums] = {}
    for row in await _grouped(engine, since, until, by):
        whole.add(row)
        for name in _names(row, by):
            groups.setdefault(name, _Sums()).add(row)
    rate, upper = await _false_hits(engine)
    return Report(
        since=_iso(since),
        until=_iso(until),
        by=msgspec.UNSET if by is None else {name: Figures(**groups[name].figures()) for name in sorted(groups)},
        false_hit_rate=rate,
        false_hit_rate_upper=upper,
        **whole.figures(),
    )


async def _false_hits(engine: AsyncEngine) -> tuple[float | None, float | None]:
    """Estimate and upper bound over all namespaces, weighed by their requests, as last written down; (None, None) while
    nothing is. They are of each namespace's whole life, whatever the span of the report."""
    query = select(semantic_state.c.requests, semantic_state.c.estimate, semantic_state.c.upper)
    async with reading(engine) as connection:
        rows = (await connection.execute(query.where(semantic_state.c.requests > 0))).all()
    requests = sum(row.requests for row in rows)
    if not requests:
        return None, None
    return (
        sum(row.requests * row.estimate for row in rows) / requests,
        sum(row.requests * row.upper for row in rows) / requests,
    )


async def explain(engine: AsyncEngine, request_id: str) -> list[dict[str, Any]]:
    """Every row of a request in order, JSON columns decoded, money as decimal strings; empty if it is
    unknown."""
    query = select(ledger).where(ledger.c.request_id == request_id).order_by(ledger.c.attempt, ledger.c.at_us)
    async with reading(engine) as connection:
        rows = (await connection.execute(query)).mappings().all()
    return [_explained(dict(row)) for row in rows]


async def recent(engine: AsyncEngine, limit: int) -> list[dict[str, Any]]:
    """The newest rows that concluded a request, newest first, shown as `explain` shows them."""
    query = select(ledger).where(ledger.c.outcome.is_not(None)).order_by(ledger.c.at_us.desc()).limit(limit)
    async with reading(engine) as connection:
        rows = (await connection.execute(query)).mappings().all()
    return [_explained(dict(row)) for row in rows]


def render(shown: Report) -> str:
    """The report for a terminal."""
    lines = [f"{shown.since} to {shown.until}", *_rendered(shown)]
    if shown.by is not msgspec.UNSET:
        for name, figures in shown.by.items():
            lines += ["", name or "(none)", *_rendered(figures)]
    return "\n".join(lines) + "\n"


async def _grouped(engine: AsyncEngine, since: datetime, until: datetime, by: By | None) -> Iterable[Any]:
    keys: list[Any] = [ledger.c.outcome, ledger.c.saved_by, ledger.c.state]
    if by is not None:
        keys.append((ledger.c.tags if by == "tag" else ledger.c[by]).label("name"))
    query = (
        select(
            *keys,
            func.count().label("rows"),
            func.sum(ledger.c.cost_micros).label("cost_micros"),
            func.sum(ledger.c.cost_pico_rest).label("cost_rest"),
            func.sum(ledger.c.saved_micros).label("saved_micros"),
            func.sum(ledger.c.saved_pico_rest).label("saved_rest"),
        )
        .where(ledger.c.at_us >= _micros(since), ledger.c.at_us < _micros(until))
        .group_by(*keys)
    )
    async with reading(engine) as connection:
        return (await connection.execute(query)).all()


def _names(row: Any, by: By | None) -> list[str]:
    if by is None:
        return []
    if by != "tag":
        return [str(row.name)]
    return [f"{name}={value}" for name, value in msgspec.json.decode(row.name).items()] if row.name else []


def _explained(row: dict[str, Any]) -> dict[str, Any]:
    for name in ("tags", "why", "usage_raw"):
        text = row[name]
        row[name] = msgspec.json.decode(text) if text else (None if name == "usage_raw" else {})
    money = (("cost", "cost"), ("saved", "saved"), ("estimate", "cost_estimate"))
    for column, name in money:
        pico = _pico(row.pop(f"{column}_micros"), row.pop(f"{column}_pico_rest"))
        row[f"{name}_pico"] = pico
        row[f"{name}_usd"] = decimal_usd(pico)
    return row


def _rendered(figures: Figures) -> list[str]:
    counts = "  ".join(f"{name} {count}" for name, count in figures.outcomes.items() if count)
    saved_by = "  ".join(f"{name} ${usd}" for name, usd in figures.saved_by.items() if usd != "0.000000")
    rate = "not measured (no labels)"
    if figures.false_hit_rate is not None:
        upper = "" if figures.false_hit_rate_upper is None else f" (at most {figures.false_hit_rate_upper:.4f})"
        rate = f"{figures.false_hit_rate:.4f}{upper}"
    lines = [
        f"  requests    {figures.requests}" + (f"   {counts}" if counts else ""),
        f"  spent       ${figures.spend_usd}",
        f"  saved       ${figures.saved_usd}   between ${figures.saved_low_usd} and ${figures.saved_high_usd}",
        f"  own cost    ${figures.own_cost_usd}",
        f"  false hits  {rate}",
    ]
    if saved_by:
        lines.insert(3, f"  saved by    {saved_by}")
    if figures.estimated_rows:
        lines.append(f"  estimated   {figures.estimated_rows} rows, whose calls were never settled or measured")
    return lines


def _pico(micros: Any, rest: Any) -> int:
    # PostgreSQL sums integers as Decimal.
    return int(micros or 0) * PICO_PER_MICRO + int(rest or 0)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _iso(moment: datetime) -> str:
    return _aware(moment).isoformat().replace("+00:00", "Z")


def _micros(moment: datetime) -> int:
    # timestamp() is a float: its microseconds are right to about the year 2255.
    return round(_aware(moment).timestamp() * 1_000_000)
