"""Requests for several independent answers at once (embeddings): each input is looked up, coalesced, stored by itself.

What is cached is answered from the cache, what somebody else is fetching is waited for, and only the rest is asked of
the upstream. A request of which nothing is known goes up byte for byte, and its answer comes back so.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import msgspec
from aiohttp import web

from halfpenny.proxy.answers import WholeAnswer
from halfpenny.proxy.coalesce import Flight, ReplyHead
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.exchange import Exchange
from halfpenny.proxy.fetch import Fetch
from halfpenny.proxy.headers import cache_status_forward
from halfpenny.proxy.job import Job
from halfpenny.proxy.marks import forward_marks, forward_status, hit_marks, whole_headers
from halfpenny.proxy.replay import JSON_TYPE
from halfpenny.proxy.rows import write_coalesced, write_inputs_from_cache, write_inputs_joined
from halfpenny.proxy.runtime import Runtime, Services
from halfpenny.proxy.surfaces.base import itemised
from halfpenny.semantic_cache.base import Entry

log = logging.getLogger(__name__)


class Gathered(msgspec.Struct):
    """What was found for a request so far: whole answers to one input each, by its key."""

    entries: dict[str, Entry] = {}
    answers: dict[str, bytes] = {}
    joined: list[Flight] = []
    """All flights of others that brought something."""
    led: Flight | None = None
    """Our own flight, the last one if there were several."""
    paid: set[str] = set()
    """The keys of what our own flights brought."""

    def lacks(self, keys: tuple[str, ...]) -> list[str]:
        return [key for key in dict.fromkeys(keys) if key not in self.answers]


class ByInput:
    """Serves requests whose `exchange.item_keys` are set."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def look_up(self, exchange: Exchange, usable: Callable[[Entry], bool]) -> Gathered:
        """The stored answers that are `usable`."""
        found = Gathered()
        if not exchange.allowed.look_up:
            return found
        now_s, max_age_s = time.time(), exchange.wishes.max_age_s
        for key in dict.fromkeys(exchange.item_keys):
            entry = await self.services.cache.get(key, now_s)
            if entry is not None and usable(entry) and (max_age_s is None or now_s - entry.created_s <= max_age_s):
                found.entries[key] = entry
                found.answers[key] = entry.body
        return found

    def from_cache(self, exchange: Exchange, runtime: Runtime, found: Gathered) -> web.StreamResponse:
        """All inputs were stored. Raises ValueError if an entry cannot be shown in the form asked for."""
        entries = list(found.entries.values())
        body = self._assembled(exchange, found, runtime.form_from(entries[0].served_by, exchange.form))
        # as old as the oldest, as long to live as the one that goes first
        shown = msgspec.structs.replace(
            entries[0],
            created_s=min(entry.created_s for entry in entries),
            expires_s=min(entry.expires_s for entry in entries),
        )
        saved_pico = sum(entry.cost_pico for entry in entries)
        headers = [("Content-Type", JSON_TYPE), *hit_marks(exchange, shown, similarity=None, saved_pico=saved_pico)]
        write_inputs_from_cache(self.services, exchange, entries, concludes=True)
        return WholeAnswer(200, headers, body)

    async def fetch(self, exchange: Exchange, runtime: Runtime, body: bytes, found: Gathered) -> web.StreamResponse:
        """Get the inputs that are not stored. Raises `ProxyError`, and the cancellation of a client that left."""
        join = exchange.allowed.coalesce
        spent_pico = 0
        # Three times at most: what a joined flight failed to bring is fetched without joining any, and an odd answer
        # to a part of the inputs (or a stored one that cannot be shown) leads to asking for all.
        for _ in range(3):
            flights = self._board(exchange, runtime, body, found, join=join)
            try:
                for flight in flights:
                    await flight.wait_end()
            except (asyncio.CancelledError, ConnectionError):
                exchange.left = True
                if found.led is None:
                    write_coalesced(self.services, exchange, flights[0], client_gone=True)
                raise
            finally:
                for flight in flights:
                    if flight.leave():
                        self.services.flights.forget(flight)
            led = found.led
            if led is not None:
                spent_pico += led.cost_pico
                found.paid |= led.item_costs.keys()
            if led is not None and (not led.items or led.keys == exchange.item_keys):
                if led.keys == exchange.item_keys or _is_final(led):
                    return self._as_it_came(exchange, led, spent_pico)
                # a refusal of a part may speak of positions in it, and an answer that does not fit may be wrong: ask
                # what the caller asked
                found = Gathered()
                join = False
                continue
            for flight in flights:
                found.answers |= flight.items
            if not found.lacks(exchange.item_keys):
                try:
                    whole = self._assembled(
                        exchange, found, runtime.form_from(self._head(found).served_by, exchange.form)
                    )
                except ValueError:
                    log.exception("inputs cannot be put together", extra={"request_id": exchange.request_id})
                    found = Gathered()
                else:
                    return self._answer(exchange, found, whole, spent_pico)
            join = False
        raise ProxyError(502, "upstream_error", "the upstream gave no answer to a part of the inputs")

    def _board(
        self, exchange: Exchange, runtime: Runtime, body: bytes, found: Gathered, *, join: bool
    ) -> list[Flight]:
        """Join the flights that fetch some of what is missing; lead one for the rest."""
        flights = self.services.flights
        boarded: dict[int, Flight] = {}
        rest: list[str] = []
        for key in found.lacks(exchange.item_keys):
            flight = flights.join_item(key) if join else None
            if flight is None:
                rest.append(key)
            else:
                boarded[id(flight)] = flight
        for flight in boarded.values():
            flight.subscribers += 1
        found.joined += boarded.values()
        if not rest:
            return list(boarded.values())
        found.led = self._lead(exchange, runtime, body, rest, alone=not found.answers and not boarded)
        return [*boarded.values(), found.led]

    def _lead(self, exchange: Exchange, runtime: Runtime, body: bytes, keys: list[str], *, alone: bool) -> Flight:
        assert exchange.ask is not None
        assert exchange.surface is not None
        ask, wanted = exchange.ask, exchange.item_keys
        if not alone:
            by_key = dict(zip(exchange.item_keys, ask.items, strict=True))
            ask = itemised(exchange.surface).with_items(ask, [by_key[key] for key in keys])
            body, wanted = msgspec.json.encode(ask.document), tuple(keys)
        flight = Flight(None)
        flight.subscribers = 1
        flight.keys = wanted
        self.services.flights.register_items(flight)
        Fetch.take_off(
            Job(self.services, runtime, exchange, flight, exchange.surface, ask, body, item_keys=wanted)
        )
        return flight

    def _as_it_came(self, exchange: Exchange, flight: Flight, spent_pico: int) -> web.StreamResponse:
        """The upstream's own answer: to all that was asked for, or one that cannot be taken apart (an error).
        `spent_pico` went to it and to earlier calls for the same request."""
        if flight.refusal is not None:
            raise flight.refusal
        if flight.broken is not None:
            raise flight.broken
        head = flight.head
        assert head is not None
        if head.cost_pico is not None:
            head = msgspec.structs.replace(head, cost_pico=spent_pico)
        return WholeAnswer(
            head.status, [*whole_headers(head), *forward_marks(exchange, head, collapsed=False)], flight.body()
        )

    def _answer(self, exchange: Exchange, found: Gathered, body: bytes, spent_pico: int) -> web.StreamResponse:
        """`body` was put together from the cache, from others' flights and from our own."""
        head = msgspec.structs.replace(self._head(found), cost_pico=spent_pico)
        entries = list(found.entries.values())
        saved_pico = sum(entry.cost_pico for entry in entries)
        if entries:
            write_inputs_from_cache(self.services, exchange, entries, concludes=False)
        if found.joined:
            concludes = not exchange.row_written
            joined_pico = self._joined_cost(exchange, found)
            saved_pico += joined_pico
            write_inputs_joined(self.services, exchange, head, joined_pico, concludes=concludes)
        if entries:
            cached = sum(key in found.entries for key in exchange.item_keys)
            status = cache_status_forward(
                "partial",
                stored=head.storing,
                collapsed=bool(found.joined),
                detail=f'"{cached} of {len(exchange.item_keys)} inputs cached"',
            )
        elif found.led is not None and found.joined:
            status = cache_status_forward("uri-miss", stored=head.storing, collapsed=True)
        else:
            status = forward_status(exchange, storing=head.storing, collapsed=found.led is None)
        headers = [(n, v) for n, v in head.headers if n.lower() not in ("content-length", "content-encoding")]
        marks = forward_marks(exchange, head, collapsed=False, status=status, saved_pico=saved_pico)
        return WholeAnswer(200, [*headers, *marks], body)

    def _joined_cost(self, exchange: Exchange, found: Gathered) -> int:
        costs: dict[str, int] = {}
        for flight in found.joined:
            costs |= flight.item_costs
        elsewhere = found.entries.keys() | found.paid
        return sum(costs.get(key, 0) for key in set(exchange.item_keys) - elsewhere)

    def _head(self, found: Gathered) -> ReplyHead:
        flight = found.led or found.joined[0]
        assert flight.head is not None
        return flight.head

    def _assembled(self, exchange: Exchange, found: Gathered, form: str) -> bytes:
        assert exchange.surface is not None
        surface = exchange.surface
        shown = [surface.in_form(found.answers[key], form) for key in exchange.item_keys]
        if len(shown) == 1:
            return shown[0]
        return msgspec.json.encode(itemised(surface).put_together([msgspec.json.decode(part) for part in shown]))


def _is_final(flight: Flight) -> bool:
    """Whether the same would come of asking for everything: our own refusal, a failure, a limit."""
    status = flight.head.status if flight.head is not None else 500
    return status >= 500 or status == 429
