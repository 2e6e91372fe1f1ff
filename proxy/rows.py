"""Ledger rows of requests that were answered without a call of their own."""

from typing import Any

from halfpenny.proxy.coalesce import Flight, ReplyHead
from halfpenny.proxy.exchange import Exchange
from halfpenny.proxy.runtime import Services
from halfpenny.semantic_cache.base import Entry, ExactHit, SemanticHit


def write_hit(
    services: Services, exchange: Exchange, entry: Entry, hit: ExactHit | SemanticHit, *, stream: bool
) -> None:
    exact = isinstance(hit, ExactHit)
    outcome = exchange.outcome = "exact" if exact else "semantic"
    exchange.row_written = True
    backend, _, model = entry.served_by.partition("/")
    why: dict[str, Any] = {"key": exchange.key} if exact else {**exchange.why, "key": exchange.key}
    saved_pico = entry.cost_pico
    if exchange.stale is entry:
        why["stale_s"] = max(0, exchange.at_us // 1_000_000 - int(entry.expires_s))
    if exchange.stands_in_for is not None:
        # a call was made all the same: nothing was saved by this
        saved_pico, why["instead_of"] = 0, exchange.stands_in_for or "no answer"
    services.ledger.settled(
        exchange.row(
            kind="hit",
            outcome=outcome,
            status=200,
            backend=backend,
            model=model,
            stream=stream,
            saved_pico=saved_pico,
            saved_by=outcome,
            entry_id=entry.id,
            similarity=None if isinstance(hit, ExactHit) else hit.similarity,
            why=why,
        )
    )
    services.metrics.saved(outcome, saved_pico)


def write_coalesced(services: Services, exchange: Exchange, flight: Flight, *, client_gone: bool = False) -> None:
    """The row of a follower: served by another's call, or failed with it."""
    if exchange.row_written:
        return
    exchange.row_written = True
    head = flight.head
    good = flight.good and flight.broken is None and head is not None and head.status < 400
    exchange.outcome = "coalesced" if good else "error"
    saved_pico = flight.cost_pico if good and not client_gone else 0
    backend, _, model = (head.served_by if head else "/").partition("/")
    services.ledger.settled(
        exchange.row(
            kind="hit" if good else "refusal",
            outcome=exchange.outcome,
            status=head.status if head else 0,
            backend=backend,
            model=model,
            stream=exchange.ask is not None and exchange.ask.stream,
            saved_pico=saved_pico,
            saved_by="coalesced" if saved_pico else None,
            entry_id=flight.entry_id,
            client_gone=client_gone,
            why={"key": exchange.key},
        )
    )
    services.metrics.saved("coalesced", saved_pico)


def write_inputs_from_cache(services: Services, exchange: Exchange, entries: list[Entry], *, concludes: bool) -> None:
    """The inputs of a list that were stored already: what they cost when they were bought is what this saved.

    `concludes`: nothing else was needed, so this row is the request's outcome.
    """
    saved_pico = sum(entry.cost_pico for entry in entries)
    if concludes:
        exchange.outcome = "exact"
        exchange.row_written = True
    backend, _, model = entries[0].served_by.partition("/")
    services.ledger.settled(
        exchange.row(
            kind="hit",
            outcome="exact" if concludes else None,
            status=200,
            backend=backend,
            model=model,
            saved_pico=saved_pico,
            saved_by="exact",
            entry_id=entries[0].id,
            why={"inputs_from_cache": len(entries), "of": len(exchange.item_keys)},
        )
    )
    services.metrics.saved("exact", saved_pico)


def write_inputs_joined(
    services: Services, exchange: Exchange, head: ReplyHead | None, saved_pico: int, *, concludes: bool
) -> None:
    """The inputs of a list that other requests were fetching: what these paid for them is what this saved."""
    if concludes:
        exchange.outcome = "coalesced"
        exchange.row_written = True
    backend, _, model = (head.served_by if head else "/").partition("/")
    services.ledger.settled(
        exchange.row(
            kind="hit",
            outcome="coalesced" if concludes else None,
            status=200,
            backend=backend,
            model=model,
            saved_pico=saved_pico,
            saved_by="coalesced" if saved_pico else None,
            why={"key": exchange.key},
        )
    )
    services.metrics.saved("coalesced", saved_pico)
