"""The one loop of a client's side: it performs what `flow.py` decides, from the head of a request to its outcome."""

import asyncio
import contextlib
import hashlib
import logging
import time
from collections import OrderedDict
from typing import Any, assert_never

import msgspec
from aiohttp import HttpVersion11, web
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http_parser import RawRequestMessage

from halfpenny.proxy import feedback, flow
from halfpenny.proxy.answers import PacedAnswer, WholeAnswer, break_connection
from halfpenny.proxy.bodies import LIGHT_BYTES
from halfpenny.proxy.coalesce import Flight, FlightKey
from halfpenny.proxy.errors import ProxyError, bad_request
from halfpenny.proxy.exchange import Exchange
from halfpenny.proxy.fetch import Fetch
from halfpenny.proxy.following import Follower, break_off
from halfpenny.proxy.headers import (
    NO_WISHES,
    read_head,
)
from halfpenny.proxy.inputs import ByInput, Gathered
from halfpenny.proxy.job import Job
from halfpenny.proxy.marks import hit_marks
from halfpenny.proxy.passthrough import PassThrough
from halfpenny.proxy.prompts import build_prompt
from halfpenny.proxy.replay import STREAM_HEADERS, render
from halfpenny.proxy.rows import write_coalesced, write_hit
from halfpenny.proxy.runtime import Runtime, Services
from halfpenny.proxy.server import check_framing, error_response, read_body, take_early_body, too_large
from halfpenny.proxy.surfaces.base import itemised
from halfpenny.proxy.surfaces.reading import is_partial, read_ask
from halfpenny.proxy.surfaces.sse import events_of
from halfpenny.semantic_cache.admission import allow
from halfpenny.semantic_cache.base import Entry, ExactHit, PurgeFilter, SemanticHit
from halfpenny.semantic_cache.key import exact_key, namespace_key, partition_key

log = logging.getLogger(__name__)
_MEMO_SIZE = 4096
_LARGE_BYTES = 1 << 20
MemoKey = tuple[bytes, str, str, Any, str, bytes, str]


class Memo(msgspec.Struct, frozen=True):
    """What reading a body said, kept by the digest of the raw body so that a repeat need not be parsed."""

    key: str
    stream: bool
    wants_usage: bool
    model: str
    form: str


class Pipeline:
    """Serves requests from `runtime`, which a reload replaces. One per process."""

    def __init__(self, services: Services, runtime: Runtime) -> None:
        self.services = services
        self.runtime = runtime
        self.draining = False
        self.in_flight = 0
        self._idle: asyncio.Event | None = None
        self._memo: OrderedDict[MemoKey, Memo] = OrderedDict()
        self._passthrough = PassThrough(services)
        self._inputs = ByInput(services)
        self.feedback = feedback.Feedback(services, feedback.Learning(services))

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The data plane's one handler. Raises nothing but the cancellation of a client that left."""
        message = request._message
        exchange = Exchange(message.method, message.path, message.raw_headers)
        runtime = self.runtime
        runtime.uses.hold()
        self.in_flight += 1
        try:
            check_framing(message)
            surface = runtime.surfaces.find(exchange.target) if message.method == "POST" else None
            if surface is None:
                if exchange.path == feedback.PATH and message.method == "POST":
                    return await self.feedback.serve(request, exchange, runtime)
                return await self._passthrough.serve(request, exchange, runtime)
            exchange.surface = surface
            expect = message.headers.get("Expect")
            if expect is not None and expect.lower() == "100-continue" and message.version >= HttpVersion11:
                await request._payload_writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            exchange.head = read_head(message.raw_headers, runtime.tenant_headers, message.path)
            if exchange.head.content_encoding:
                return await self._unread(request, exchange, runtime)
            body = take_early_body(request)
            if body is None and request.content.is_eof():
                body = await read_body(request, limit=runtime.config.server.body_limit, idle_s=0)
            if body is not None:
                if len(body) > runtime.config.server.body_limit:
                    raise too_large(runtime.config.server.body_limit)
                entry = self._known(exchange, runtime, body)
                if entry is not None and (known := self._replayed(exchange, entry)) is not None:
                    return await self._sent(request, exchange, known)
            return await self._within(request, exchange, runtime, body)
        except ProxyError as error:
            if exchange.answer is None:
                return self._refuse(exchange, error, request)
            self._write_refusal(exchange, error)
            with contextlib.suppress(ConnectionError):
                await break_off(request, exchange, error)
            return exchange.answer
        except asyncio.CancelledError:
            exchange.why["client"] = "left"
            raise
        except ConnectionError:
            self._lost(exchange)
            if exchange.answer is None:
                raise
            # nobody is there to read the rest: no error of anybody's
            break_connection(request)
            return exchange.answer
        except Exception:
            log.exception("request failed", extra={"request_id": exchange.request_id})
            if exchange.answer is not None:
                self._lost(exchange)
                break_connection(request)
                return exchange.answer
            failure = ProxyError(500, "internal_error", "the proxy failed to handle this request")
            return self._refuse(exchange, failure, request)
        finally:
            self._settle(exchange)
            runtime.uses.release()
            self.in_flight -= 1
            if self.in_flight == 0 and self._idle is not None:
                self._idle.set()

    async def wait_idle(self, timeout_s: float) -> bool:
        """Until no request is being served; False if some still are after `timeout_s`."""
        if self.in_flight:
            self._idle = asyncio.Event()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._idle.wait()
            except TimeoutError:
                return False
        return True

    # reading

    async def _unread(
        self, request: web.BaseRequest, exchange: Exchange, runtime: Runtime
    ) -> web.StreamResponse:
        """An encoded body is the upstream's to read, unless rules here depend on what it says."""
        if runtime.router.reads_prompts:
            message = f"Content-Encoding {exchange.head.content_encoding!r} is not read here: send the body plain"
            raise ProxyError(415, "unsupported_encoding", message)
        exchange.surface = None
        return await self._passthrough.serve(request, exchange, runtime, take_early_body(request))

    async def _within(
        self, request: web.BaseRequest, exchange: Exchange, runtime: Runtime, body: bytes | None
    ) -> web.StreamResponse:
        """Read what is left of the body, then perform; all of it within `server.total_timeout`."""
        server = runtime.config.server
        try:
            async with asyncio.timeout(server.total_timeout) as exchange.limit:
                if body is None:
                    body = await read_body(request, limit=server.body_limit, idle_s=server.body_idle_timeout)
                if len(body) > LIGHT_BYTES:
                    # decoding and hashing megabytes would hold up everybody else
                    await asyncio.to_thread(self._read, exchange, runtime, body)
                else:
                    self._read(exchange, runtime, body)
                return await self._sent(request, exchange, await self._perform(request, exchange, runtime, body))
        except TimeoutError:
            limit_s = server.total_timeout
            error = ProxyError(504, "total_timeout", f"not answered within {limit_s:g} s (server.total_timeout)")
            if exchange.answer is None:
                raise error from None
            await break_off(request, exchange, error)
            return exchange.answer

    def _memo_key(self, exchange: Exchange, runtime: Runtime, body: bytes) -> MemoKey | None:
        """None where more than body, path and caller decides, or where hashing would take longer than reading."""
        head = exchange.head
        if head.wishes is not NO_WISHES or len(body) > _LARGE_BYTES:
            return None
        if self._decides(exchange, runtime):
            return None
        digest = hashlib.sha256(body).digest()
        epoch = self.services.cache.epochs.of(head.tenant)
        return digest, exchange.target, head.tenant, head.key_headers, runtime.sha, runtime.fingerprint, epoch

    def reads(self, path: str) -> bool:
        """Paths that `quick` may be asked about."""
        return self.runtime.surfaces.find(path) is not None

    def quick(self, message: RawRequestMessage, body: bytes) -> bytes | None:
        """The whole answer to a body seen before whose answer is in memory; None for everything else.

        Called where the request's bytes arrive (`server.Connection`): no await, no task. Never raises.
        """
        runtime = self.runtime
        exchange = Exchange(message.method, message.path, message.raw_headers)
        try:
            check_framing(message)
            exchange.head = read_head(message.raw_headers, runtime.tenant_headers, message.path)
            if exchange.head.content_encoding:
                return None
            exchange.surface = runtime.surfaces.find(message.path)
            if exchange.surface is None:
                return None
            entry = self._known(exchange, runtime, body)
            if entry is None:
                return None
            if exchange.streams and runtime.config.cache.replay_rate:
                return None
            headers, answer = self._hit_parts(exchange, ExactHit(entry), stream=exchange.streams)
            head = _written_head(headers, len(answer))
            if head is None:
                return None
        except Exception:
            # whatever it is, the long way words it
            return None
        write_hit(self.services, exchange, entry, ExactHit(entry), stream=exchange.streams)
        self._settle(exchange)
        return head + answer

    def _known(self, exchange: Exchange, runtime: Runtime, body: bytes) -> Entry | None:
        """The entry for a body seen before, if it is in memory: nothing needs to be parsed."""
        memo_key = exchange.memo_key = self._memo_key(exchange, runtime, body)
        memo = self._memo.get(memo_key) if memo_key is not None else None
        if memo is None:
            return None
        exchange.key, exchange.model, exchange.wants_usage = memo.key, memo.model, memo.wants_usage
        exchange.streams, exchange.form = memo.stream, memo.form
        entry = self.services.cache.peek(memo.key, time.time())
        return entry if entry is not None and self._is_current(entry, runtime) else None

    def _is_current(self, entry: Entry, runtime: Runtime) -> bool:
        """False for the answer of a model snapshot that answers no more, where the configuration follows them."""
        return not (runtime.config.cache.follow_snapshots and self.services.cache.snapshots.outdated(entry))

    def _decides(self, exchange: Exchange, runtime: Runtime) -> tuple[object, ...]:
        """What rules read besides the body (none, usually)."""
        router = runtime.router
        if not router.reads_more:
            return ()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in exchange.raw_headers}
        stream = exchange.ask is not None and exchange.ask.stream
        return router.key_parts(exchange.wishes.tags, headers, stream=stream)

    def _read(self, exchange: Exchange, runtime: Runtime, body: bytes) -> None:
        """Body -> ask, key, partition, and what configuration and caller together allow."""
        assert exchange.surface is not None
        cache, wishes, head = runtime.config.cache, exchange.wishes, exchange.head
        ask = exchange.ask = read_ask(exchange.surface, body, exchange.target)
        if is_partial(ask) and runtime.router.reads_prompts:
            # what the operator's rules would say of its text cannot be known
            raise bad_request("the body cannot be read, and rules here depend on what it says", code="body_unreadable")
        exchange.model = ask.model
        exchange.wants_usage = ask.wants_usage
        exchange.form = ask.form
        exchange.streams = ask.stream
        if runtime.router.sets_caching:
            exchange.caching = runtime.router.caching(
                build_prompt(exchange), pinned_route=wishes.route, pinned_model=wishes.model
            )
        caching = exchange.caching
        exchange.allowed = allow(
            exact_enabled=cache.exact.enabled,
            semantic_enabled=cache.semantic.enabled
            and caching.semantic.enabled
            and ask.may_be_semantic(structured=cache.semantic.structured and caching.semantic.structured is not False),
            sampled_allowed=cache.sampled if caching.sampled is None else caching.sampled,
            sampled=ask.sampled,
            stateful=ask.stateful,
            wish=wishes.cache,
            no_cache=wishes.no_cache,
            no_store=wishes.no_store,
        )
        base = (
            head.tenant.encode(),
            exchange.method.encode(),
            (ask.scope or _sorted_query(exchange.target)).encode("utf-8", "surrogateescape"),
            exchange.surface.name.encode(),
            repr(head.key_headers).encode(),
            (wishes.route or "").encode("utf-8", "surrogateescape"),
            (wishes.model or "").encode("utf-8", "surrogateescape"),
            repr(self._decides(exchange, runtime)).encode("utf-8", "surrogateescape"),
            runtime.fingerprint,
            *_epoch_part(cache.epoch, caching.epoch, self.services.cache.epochs.of(head.tenant)),
        )
        exchange.key = exact_key(base, ask.keyed or ask.document, ask.noise)
        if ask.items and exchange.allowed.store:
            surface = itemised(exchange.surface)
            exchange.item_keys = tuple(
                exact_key(base, surface.item_document(ask, item), ask.noise) for item in ask.items
            )
            if len(ask.items) == 1:
                exchange.key = exchange.item_keys[0]
        if exchange.allowed.semantic and ask.frame is not None:
            end_user = "" if cache.semantic.shared_users else ask.end_user or head.end_user
            exchange.partition = partition_key(base, ask.frame, ask.noise, end_user)
            if ask.namespace is not None:
                exchange.namespace = namespace_key(base, ask.namespace, ask.noise)

    # performing

    async def _perform(
        self, request: web.BaseRequest, exchange: Exchange, runtime: Runtime, body: bytes
    ) -> web.StreamResponse:
        assert exchange.ask is not None
        ask, wishes = exchange.ask, exchange.wishes
        if exchange.item_keys:
            return await self._by_input(exchange, runtime, body)
        cache = runtime.config.cache
        grace = flow.grace_for(
            cache.stale_while_revalidate,
            cache.stale_if_error,
            max_age_s=wishes.max_age_s,
            max_stale_s=wishes.max_stale_s,
        )
        state: Any = flow.begin(
            exchange.allowed, only_if_cached=wishes.only_if_cached, max_age_s=wishes.max_age_s, grace=grace
        )
        flight: Flight | None = None
        while True:
            match state:
                case flow.LookUpExact():
                    now_s = time.time()
                    entry = await self._found(exchange, runtime, now_s, state.grace.longest_s)
                    state = state.next(entry, now_s)
                case flow.Replay():
                    self._remember(exchange)
                    if state.hit.entry.expires_s <= now_s:
                        exchange.stale = state.hit.entry
                    if state.refresh:
                        self._refresh(exchange, runtime, body)
                    try:
                        return self._replay(exchange, state.hit, stream=ask.stream)
                    except Exception:
                        # an entry that cannot be shown in this form is no hit
                        log.exception("entry %s cannot be replayed", state.hit.entry.id)
                        await self.services.cache.purge(PurgeFilter(entry_id=state.hit.entry.id), time.time())
                        exchange.stale = None
                        state = flow.JoinOrLead(exchange.allowed)
                case flow.JoinOrLead():
                    self._refuse_if_draining()
                    exchange.stale = state.stale
                    flight, joined = self._join_or_lead(exchange, runtime, body, state)
                    state = state.next(joined=joined)
                case flow.Follow():
                    assert flight is not None
                    self._remember(exchange)
                    return await self._follow(request, exchange, runtime, body, flight, collapsed=state.collapsed)
                case flow.Refuse():
                    raise state.error
                case _:
                    assert_never(state)

    async def _found(self, exchange: Exchange, runtime: Runtime, now_s: float, grace_s: float) -> Entry | None:
        """The entry of the exact key. A stale one only if there is no fresh one, which another process may have put
        into the database since memory was filled."""
        cache = self.services.cache
        entry = await cache.get(exchange.key, now_s)
        if entry is None and grace_s > 0:
            entry = await cache.get(exchange.key, now_s - grace_s)
        return entry if entry is not None and self._is_current(entry, runtime) else None

    async def _by_input(self, exchange: Exchange, runtime: Runtime, body: bytes) -> web.StreamResponse:
        """A request whose inputs are answered each by itself."""
        found = await self._inputs.look_up(exchange, lambda entry: self._is_current(entry, runtime))
        if not found.lacks(exchange.item_keys):
            try:
                if len(exchange.item_keys) == 1:
                    self._remember(exchange)
                    return self._replay(exchange, ExactHit(found.entries[exchange.key]), stream=False)
                return self._inputs.from_cache(exchange, runtime, found)
            except Exception:
                log.exception("stored inputs cannot be replayed")
                found = Gathered()
        if exchange.wishes.only_if_cached:
            raise ProxyError(504, "not_cached", "not all of it is cached, and only-if-cached was asked for")
        self._refuse_if_draining()
        self._remember(exchange)
        return await self._inputs.fetch(exchange, runtime, body, found)

    def _refuse_if_draining(self) -> None:
        if self.draining:
            raise ProxyError(503, "draining", "the proxy is shutting down", retry_after_s=1)

    def _remember(self, exchange: Exchange) -> None:
        assert exchange.ask is not None
        if exchange.memo_key is None or not exchange.allowed.look_up:
            return
        ask = exchange.ask
        self._memo[exchange.memo_key] = Memo(exchange.key, ask.stream, ask.wants_usage, ask.model, ask.form)
        self._memo.move_to_end(exchange.memo_key)
        if len(self._memo) > _MEMO_SIZE:
            self._memo.popitem(last=False)

    def _join_or_lead(
        self, exchange: Exchange, runtime: Runtime, body: bytes, state: flow.JoinOrLead
    ) -> tuple[Flight, bool]:
        assert exchange.ask is not None
        flights = self.services.flights
        wishes = exchange.wishes
        limits = (state.allowed.semantic, wishes.max_false_hit_rate, wishes.max_age_s)
        wanted = FlightKey(exchange.key, exchange.ask.stream, limits) if state.allowed.coalesce else None
        if wanted is not None:
            flight = flights.join(wanted)
            if flight is not None:
                flight.subscribers += 1
                return flight, True
        flight = Flight(wanted)
        flight.subscribers = 1
        flights.register(flight)
        assert exchange.surface is not None
        Fetch.take_off(Job(self.services, runtime, exchange, flight, exchange.surface, exchange.ask, body))
        return flight, False

    def _refresh(self, exchange: Exchange, runtime: Runtime, body: bytes) -> None:
        """Fetch a new answer behind the stale one that is being served; one flight per key, and none during a drain."""
        assert exchange.ask is not None
        assert exchange.surface is not None
        flights, wishes = self.services.flights, exchange.wishes
        limits = (exchange.allowed.semantic, wishes.max_false_hit_rate, wishes.max_age_s)
        wanted = FlightKey(exchange.key, exchange.ask.stream, limits)
        if self.draining or flights.fetches(wanted):
            return
        flight = Flight(wanted)
        flight.subscribers = 1
        flights.register_refresh(flight)
        Fetch.take_off(Job(self.services, runtime, exchange.behind(), flight, exchange.surface, exchange.ask, body))
        self.services.tasks.spawn(f"refresh {exchange.request_id}", self._sit_out(flight))

    async def _sit_out(self, flight: Flight) -> None:
        """Read a flight that no client waits for, so that it is neither held up nor cancelled."""
        try:
            await flight.wait_end()
        finally:
            if flight.leave():
                self.services.flights.forget(flight)

    # answering

    async def _follow(
        self,
        request: web.BaseRequest,
        exchange: Exchange,
        runtime: Runtime,
        body: bytes,
        flight: Flight,
        *,
        collapsed: bool,
    ) -> web.StreamResponse:
        while True:
            try:
                follower = Follower(
                    self.services,
                    request,
                    exchange,
                    flight,
                    collapsed=collapsed,
                    heartbeat_s=runtime.config.server.heartbeat,
                )
                answer = await follower.run(lambda hit: self._replay(exchange, hit, stream=exchange.streams))
                if answer is not None:
                    return answer
            except ProxyError as error:
                if exchange.stale is None or exchange.answer is not None or error.status < 500:
                    raise
                # a stream that broke for others, of which this caller, who takes a whole answer, has seen nothing
                exchange.stands_in_for = 0
                stale = self._replayed(exchange, exchange.stale)
                if stale is None:
                    raise
                return stale
            except (asyncio.CancelledError, ConnectionError):
                self._left(exchange, flight, collapsed=collapsed)
                raise
            finally:
                if flight.leave():
                    self.services.flights.forget(flight)
            # the flight that this request followed came to nothing: one new flight for all who followed it, once
            exchange.why["re-elected"] = True
            flight, collapsed = self._join_or_lead(exchange, runtime, body, flow.JoinOrLead(exchange.allowed))

    def _left(self, exchange: Exchange, flight: Flight, *, collapsed: bool) -> None:
        """The client left. A follower gets its row here; the flight writes that of the request which led it."""
        exchange.left = True
        if collapsed:
            write_coalesced(self.services, exchange, flight, client_gone=True)
        elif flight.subscribers > 1 and not flight.ended:
            exchange.outcome = "miss" if exchange.allowed.store else "bypass"

    def _replay(self, exchange: Exchange, hit: ExactHit | SemanticHit, *, stream: bool) -> web.StreamResponse:
        headers, body = self._hit_parts(exchange, hit, stream=stream)
        write_hit(self.services, exchange, hit.entry, hit, stream=stream)
        rate = self.runtime.config.cache.replay_rate
        if stream and rate:
            return PacedAnswer(200, headers, events_of(body), rate)
        return WholeAnswer(200, headers, body)

    async def _sent(
        self, request: web.BaseRequest, exchange: Exchange, answer: web.StreamResponse
    ) -> web.StreamResponse:
        """A paced answer takes its time: it is sent in here, where a drain waits for it."""
        if isinstance(answer, PacedAnswer):
            exchange.answer = answer
            await answer.prepare(request)
            await answer.write_eof()
        return answer

    def _replayed(self, exchange: Exchange, entry: Entry) -> web.StreamResponse | None:
        """A known entry as an answer; None if it cannot be shown so, which the long way deals with."""
        try:
            return self._replay(exchange, ExactHit(entry), stream=exchange.streams)
        except Exception:
            log.exception("entry %s cannot be replayed", entry.id)
            return None

    def _hit_parts(
        self, exchange: Exchange, hit: ExactHit | SemanticHit, *, stream: bool
    ) -> tuple[list[tuple[str, str]], bytes]:
        """Headers and body of a hit."""
        assert exchange.surface is not None
        entry = hit.entry
        content_type, body = render(
            entry,
            exchange.surface,
            stream=stream,
            wants_usage=exchange.wants_usage,
            form=self.runtime.form_from(entry.served_by, exchange.form) if exchange.form else "",
        )
        similarity = None if isinstance(hit, ExactHit) else hit.similarity
        headers = [
            ("Content-Type", content_type),
            *hit_marks(exchange, entry, similarity=similarity, saved_pico=entry.cost_pico),
        ]
        if stream:
            headers += STREAM_HEADERS
        return headers, body

    def _refuse(self, exchange: Exchange, error: ProxyError, request: web.BaseRequest) -> web.StreamResponse:
        self._write_refusal(exchange, error)
        response = error_response(
            error,
            exchange.path,
            [("Cache-Status", "halfpenny; fwd=bypass; detail=error"), ("Halfpenny-Request-Id", exchange.request_id)],
        )
        if not request.content.is_eof():
            # the rest of the body is not wanted; reading it only to keep the connection would cost more than a new one
            response.force_close()
        return response

    # settling

    def _write_refusal(self, exchange: Exchange, error: ProxyError) -> None:
        exchange.outcome = "error"
        exchange.why["refused"] = error.code
        if exchange.row_written or exchange.left:
            return
        exchange.row_written = True
        self.services.ledger.settled(
            exchange.row(kind="refusal", outcome="error", status=error.status, error=error.code, why=exchange.why)
        )

    def _settle(self, exchange: Exchange) -> None:
        """Every request is counted once, whatever became of it."""
        if exchange.deferred and not exchange.row_written:
            # no stale answer stood in for the failure after all: it was of another kind, or the client left meanwhile
            exchange.row_written = True
            gone = exchange.left
            self.services.ledger.settled(
                exchange.row(kind="refusal", outcome="error", error="failed", client_gone=gone, why=exchange.why)
            )
        self.services.metrics.request(exchange.outcome, exchange.route or "none", exchange.surface_name)
        if exchange.outcome != "coalesced":
            self.services.metrics.overhead(max(0.0, exchange.elapsed_us() / 1e6 - exchange.upstream_s))

    def _lost(self, exchange: Exchange) -> None:
        """The connection broke while the answer was being written: the row says so, unless the flight writes it."""
        if exchange.row_written or exchange.left:
            return
        exchange.row_written = True
        self.services.ledger.settled(
            exchange.row(kind="refusal", outcome="error", error="connection lost", client_gone=True, why=exchange.why)
        )


def _written_head(headers: list[tuple[str, str]], length: int) -> bytes | None:
    """A response head as bytes; None if a value holds what must not be in one (a model's name comes from a caller)."""
    lines = [f"{name}: {value}" for name, value in headers]
    text = "\r\n".join(
        ["HTTP/1.1 200 OK", *lines, f"Content-Length: {length}", f"Date: {rfc822_formatted_time()}", "", ""]
    )
    breaks = len(lines) + 4
    if text.count("\n") != breaks or text.count("\r") != breaks or not text.isascii():
        return None
    return text.encode("ascii")


def _epoch_part(*epochs: str) -> tuple[bytes, ...]:
    """A part of every key, there only if an epoch is: keys from before there were any stay what they are."""
    return (repr(epochs).encode("utf-8", "surrogatepass"),) if any(epochs) else ()


def _sorted_query(target: str) -> str:
    path, mark, query = target.partition("?")
    return f"{path}?{'&'.join(sorted(query.split('&')))}" if mark else path
