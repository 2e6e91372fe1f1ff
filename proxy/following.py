"""A client's side of a flight: from waiting for its head to the last byte, in the mode that the client asked for.

A streaming client that waits long for a cold upstream is given the head of its answer and heartbeats; from then on,
whatever comes (an error, a hit, a whole document) has to come inside that stream.
"""

import asyncio
from collections.abc import Callable

import msgspec
from aiohttp import web

from halfpenny.proxy.answers import StreamedAnswer, WholeAnswer, break_connection
from halfpenny.proxy.bodies import MAX_WHOLE_BYTES, decoded
from halfpenny.proxy.coalesce import Flight, ReplyHead
from halfpenny.proxy.errors import HEARTBEATS, ProxyError, dialect_of, error_event, upstream_error_event
from halfpenny.proxy.exchange import Exchange
from halfpenny.proxy.headers import content_encoding
from halfpenny.proxy.marks import forward_marks, forward_status, whole_headers
from halfpenny.proxy.replay import SSE_TYPE, STREAM_HEADERS, as_json, render
from halfpenny.proxy.rows import write_coalesced, write_hit
from halfpenny.proxy.runtime import Services
from halfpenny.proxy.surfaces.base import has_error
from halfpenny.proxy.surfaces.sse import EventSplitter
from halfpenny.semantic_cache.base import Entry, ExactHit, SemanticHit

Replay = Callable[[ExactHit | SemanticHit], web.StreamResponse]


class Follower:
    """Answers one request from one flight. `heartbeat_s` 0: the client waits in silence."""

    def __init__(
        self,
        services: Services,
        request: web.BaseRequest,
        exchange: Exchange,
        flight: Flight,
        *,
        collapsed: bool,
        heartbeat_s: float,
    ) -> None:
        assert exchange.surface is not None
        assert exchange.ask is not None
        self.services = services
        self.request = request
        self.exchange = exchange
        self.flight = flight
        self.collapsed = collapsed
        self.surface = exchange.surface
        self.stream = exchange.ask.stream
        self._beat = HEARTBEATS[dialect_of(exchange.path)] if self.stream else b""
        self._heartbeat_s = heartbeat_s if self._beat else 0.0

    async def run(self, replay: Replay) -> web.StreamResponse | None:
        """The answer, sent; None if the flight failed and this follower may take part in a new one. Raises `ProxyError`
        for a failure of which nothing has been sent yet."""
        await self._head()
        exchange, flight = self.exchange, self.flight
        if exchange.stale is not None and flight.failure is not None:
            stale = await self._stand_in(exchange.stale, flight.failure, replay)
            if stale is not None:
                return stale
        if self.collapsed and flight.failed and "re-elected" not in exchange.why:
            return None
        if flight.hit is not None:
            return await self._hit(flight.hit, replay)
        if flight.refusal is not None:
            raise flight.refusal
        head = flight.head
        assert head is not None
        if head.whole or (not self.stream and flight.key is not None and flight.key.stream):
            if exchange.answer is not None:
                return await self._late_whole(exchange.answer, head)
            return await self._whole(head)
        return await self._stream(head)

    # waiting

    async def _head(self) -> None:
        """Until there is a head, a hit or a refusal; with heartbeats meanwhile."""
        flight = self.flight
        if not self._heartbeat_s:
            await flight.wait_head()
            return
        while flight.head is None and not flight.ended:
            try:
                async with asyncio.timeout(self._heartbeat_s):
                    await flight.wait_head()
            except TimeoutError:
                await (await self._begun()).write(self._beat)

    async def _begun(self) -> StreamedAnswer:
        exchange = self.exchange
        if exchange.answer is None:
            headers = [
                ("Content-Type", SSE_TYPE),
                *STREAM_HEADERS,
                ("Cache-Status", forward_status(exchange, storing=False, collapsed=self.collapsed)),
                ("Halfpenny-Request-Id", exchange.request_id),
            ]
            exchange.answer = StreamedAnswer(200, headers)
            await exchange.answer.prepare(self.request)
        return exchange.answer

    async def _stand_in(self, entry: Entry, failure: int, replay: Replay) -> web.StreamResponse | None:
        """The stale answer in place of a failure; None if it has no faithful form in our mode."""
        exchange = self.exchange
        exchange.stands_in_for = failure
        try:
            hit = ExactHit(entry)
            return replay(hit) if exchange.answer is None else await self._late_hit(exchange.answer, hit)
        except ValueError:
            exchange.stale = exchange.stands_in_for = None
            return None

    async def _hit(self, hit: SemanticHit, replay: Replay) -> web.StreamResponse | None:
        """A neighbour that the flight found, for another mode perhaps: what has no faithful form in ours is no hit."""
        exchange = self.exchange
        try:
            return replay(hit) if exchange.answer is None else await self._late_hit(exchange.answer, hit)
        except ValueError:
            self._refuse_if_again("the stored answer has no faithful form in the mode asked for")
            return None

    def _refuse_if_again(self, why: str) -> None:
        """Raises `ProxyError` where a new flight was asked for already."""
        if "re-elected" in self.exchange.why:
            raise ProxyError(502, "upstream_error", why)

    # after the head of the answer was sent

    async def _late_hit(self, answer: StreamedAnswer, hit: ExactHit | SemanticHit) -> StreamedAnswer:
        exchange = self.exchange
        _, body = render(hit.entry, self.surface, stream=True, wants_usage=exchange.wants_usage, form=exchange.form)
        write_hit(self.services, exchange, hit.entry, hit, stream=True)
        await answer.write(body)
        await answer.write_eof()
        return answer

    async def _late_whole(self, answer: StreamedAnswer, head: ReplyHead) -> StreamedAnswer:
        """An upstream's error, or an answer that it did not stream, inside the stream that has begun."""
        exchange, dialect = self.exchange, dialect_of(self.exchange.path)
        await self.flight.wait_end()
        if self.flight.broken is not None:
            raise self.flight.broken
        if self.collapsed:
            write_coalesced(self.services, exchange, self.flight)
        plain = decoded(self.flight.body(), head.headers, MAX_WHOLE_BYTES)
        try:
            document = msgspec.json.decode(plain or b"")
            if head.status == 200 and not has_error(document):
                await answer.write(self.surface.to_stream(document, include_usage=exchange.wants_usage))
                await answer.write_eof()
                return answer
            error = upstream_error_event(document, dialect)
        except Exception:
            error = error_event(ProxyError(502, "upstream_error", f"the upstream answered {head.status}"), dialect)
        await answer.write(error)
        break_connection(self.request)
        return answer

    # from the start

    async def _whole(self, head: ReplyHead) -> web.StreamResponse | None:
        """A whole body: as the upstream sent it, or a streamed flight's answer for a caller that does not stream."""
        flight = self.flight
        await flight.wait_end()
        if flight.broken is not None:
            raise flight.broken
        if not head.whole and not flight.whole:
            # what this caller would be shown is a part of an answer, or a failure in another form
            if not flight.good:
                raise ProxyError(502, "upstream_truncated", "the upstream's answer was not whole")
            self._refuse_if_again("the upstream's answer was not whole")
            return None
        body, headers = flight.body(), whole_headers(head)
        if not head.whole:
            try:
                body = as_json(self.surface.to_document(body))
            except Exception:
                # what the upstream said to another caller has no faithful form for this one: it is asked again
                self._refuse_if_again("the upstream's answer cannot be shown as JSON")
                return None
            headers = [(n, v) for n, v in headers if n.lower() != "content-type"]
            headers.append(("Content-Type", "application/json"))
        headers += forward_marks(self.exchange, head, collapsed=self.collapsed)
        if self.collapsed:
            write_coalesced(self.services, self.exchange, flight)
        return WholeAnswer(head.status, headers, body)

    async def _stream(self, head: ReplyHead) -> web.StreamResponse:
        exchange, flight = self.exchange, self.flight
        answer = exchange.answer
        if answer is not None and content_encoding(head.headers):
            # the head is out and says nothing of an encoding: these bytes would be read as text
            raise ProxyError(502, "upstream_error", "the upstream sent an encoded stream that was not asked for")
        if answer is None:
            headers = [*head.headers, *forward_marks(exchange, head, collapsed=self.collapsed)]
            answer = exchange.answer = StreamedAnswer(head.status, headers)
            await answer.prepare(self.request)
        events = EventSplitter() if head.usage_shown and not exchange.wants_usage else None
        at = size = 0
        while (chunk := await flight.read(at)) is not None:
            at += 1
            size += len(chunk)
            out = chunk if events is None else self.surface.without_usage(b"".join(events.feed(chunk)))
            if out:
                await answer.write(out)
            flight.delivered(size)
        if events is not None and events.rest:
            await answer.write(events.rest)
        if self.collapsed:
            write_coalesced(self.services, exchange, flight)
        if flight.broken is not None:
            await break_off(self.request, exchange, flight.broken)
            return answer
        await answer.write_eof()
        return answer


async def break_off(request: web.BaseRequest, exchange: Exchange, error: ProxyError) -> None:
    """An answer that has begun ends as a failure: the dialect's error event, then no terminator."""
    assert exchange.answer is not None
    await exchange.answer.write(error_event(error, dialect_of(exchange.path)))
    break_connection(request)
