"""A flight's own task: semantic lookup, plan, attempts, relay, store. It performs the second half of `flow.py`.

Every call has an intent in the ledger before it is made and is settled whatever happens, the flight's cancellation
included: settling is one synchronous append, so there is nothing that a cancellation could interrupt.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Any, assert_never

import msgspec

from halfpenny.backends.base import BackendError, BackendUnavailable, BadCall, Call, ConnectError, PhaseTimeout, Reply
from halfpenny.backends.retry import retry_after_s
from halfpenny.ledger.base import Opened, Outcome, Settled, State, Usage
from halfpenny.proxy import flow
from halfpenny.proxy.bodies import alter_body, decoded
from halfpenny.proxy.coalesce import Flight, ReplyHead
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.exchange import Exchange, new_id
from halfpenny.proxy.headers import Pairs, forwarded, returned
from halfpenny.proxy.prompts import build_prompt, estimate_tokens
from halfpenny.proxy.runtime import Runtime, Services, Slot
from halfpenny.proxy.surfaces.base import Ask, Recorder, Reported, Surface, has_error
from halfpenny.router.base import NoPlan, Plan, Step
from halfpenny.semantic_cache.admission import without_volatile
from halfpenny.semantic_cache.base import Entry, SemanticHit, Vector
from halfpenny.semantic_cache.lookup import nearest_accepted

log = logging.getLogger(__name__)

MAX_WHOLE_BYTES = 32 * 1024 * 1024
ERROR_BODY_BYTES = 1024 * 1024


class Fetch:
    """One flight's work. Built by the pipeline for the request that leads; `run` is the flight's task."""

    def __init__(self, services: Services, runtime: Runtime, exchange: Exchange, flight: Flight, body: bytes) -> None:
        assert exchange.ask is not None
        assert exchange.surface is not None
        self.services = services
        self.runtime = runtime
        self.exchange = exchange
        self.flight = flight
        self.body = body
        self.ask: Ask = exchange.ask
        self.surface: Surface = exchange.surface
        self.vector: Vector | None = None
        self.embedding: asyncio.Task[Vector | None] | None = None
        self.asked_usage = False

    async def run(self) -> None:
        """Perform the states of the flight. Whatever goes wrong, the flight ends."""
        try:
            await self._fly()
        except asyncio.CancelledError:
            # everybody left, or the drain time is over: whoever still reads must not take what came for a whole answer
            self._end_badly(ProxyError(503, "shutting_down", "the proxy ended before the answer did"))
            raise
        except Exception:
            log.exception("flight failed", extra={"request_id": self.exchange.request_id})
            self._end_badly(ProxyError(500, "internal_error", "the proxy failed to fetch this answer"))
        finally:
            self.services.flights.forget(self.flight)

    def _end_badly(self, error: ProxyError) -> None:
        if self.flight.head is None:
            self.flight.refuse(error)
        elif not self.flight.ended:
            self.flight.break_off(error)

    def ended(self, task: asyncio.Task[None]) -> None:
        """The task is done. Called from outside it: a task cancelled before its first step never runs its `finally`."""
        self.services.flights.forget(self.flight)
        self.runtime.uses.release()
        exchange = self.exchange
        if task.cancelled() and not exchange.row_written:
            # everybody left before a call was made
            exchange.row_written = True
            self.services.ledger.settled(
                exchange.row(
                    kind="refusal", outcome="error", error="the client left", client_gone=True, why=exchange.why
                )
            )

    async def _fly(self) -> None:
        exchange = self.exchange
        last_user = exchange.ask.messages[-1][1] if exchange.ask and exchange.ask.messages else ""
        if self.ask.answer_is_text:
            exchange.allowed = without_volatile(exchange.allowed, last_user)
        state: Any = flow.take_off(exchange.allowed, has_partition=exchange.partition is not None)
        pending: _Open | None = None
        while True:
            match state:
                case flow.LookUpSemantic():
                    state = state.next(await self._semantic())
                case flow.ChoosePlan():
                    state = state.next(self._plan())
                case flow.Attempt():
                    pending, state = await self._attempt(state)
                case flow.Relay():
                    assert pending is not None
                    await self._relay(pending, state)
                    return
                case flow.Replay():
                    assert isinstance(state.hit, SemanticHit)
                    self.flight.answer_from(state.hit)
                    return
                case flow.Refuse():
                    self.flight.refuse(state.error)
                    return
                case _:
                    assert_never(state)

    # lookups and plan

    async def _semantic(self) -> SemanticHit | None:
        """A broken semantic cache is a miss."""
        try:
            return await self._nearest()
        except Exception:
            log.exception("semantic lookup failed", extra={"request_id": self.exchange.request_id})
            return None

    async def _nearest(self) -> SemanticHit | None:
        exchange, neighbours = self.exchange, self.services.neighbours
        if neighbours is None or exchange.partition is None:
            return None
        settings = self.runtime.config.cache.semantic
        if not neighbours.holds(exchange.partition) or not exchange.allowed.look_up:
            # nothing to find: the vector is only needed to store the answer, so it is made while the upstream works
            self.embedding = self.services.tasks.spawn("embed", neighbours.embed(self.ask.text))
            return None
        self.vector = await neighbours.embed(self.ask.text)
        if self.vector is None:
            exchange.why["semantic"] = "no embedding in time"
            return None
        found = await nearest_accepted(
            neighbours,
            self.services.cache,
            exchange.partition,
            self.ask.text,
            self.vector,
            max_false_hit_rate=_stricter(settings.max_false_hit_rate, exchange.wishes.max_false_hit_rate),
            ttl_s=settings.ttl,
            min_similarity=settings.min_similarity,
            max_age_s=exchange.wishes.max_age_s,
            now_s=time.time(),
        )
        exchange.why["neighbours"] = found.considered
        return found.hit

    def _plan(self) -> Plan | NoPlan:
        exchange = self.exchange
        prompt = build_prompt(exchange, self.vector)
        try:
            plan = self.runtime.router.plan(
                prompt,
                pinned_route=exchange.wishes.route,
                pinned_model=exchange.wishes.model,
                small_is_ready=all(slot.ready for slot in self.runtime.slots.values()),
            )
        except Exception:
            log.exception("router failed", extra={"request_id": exchange.request_id})
            plan = self._plan_without_router()
        exchange.why["route"] = plan.why
        if isinstance(plan, Plan):
            exchange.route = plan.route
        return plan

    def _plan_without_router(self) -> Plan | NoPlan:
        """A broken router: whatever serves the model asked for under its own name, remote before local."""
        on = [slot for slot in self.runtime.slots.values() if slot.backend is not None]
        on.sort(key=lambda slot: slot.local)
        steps = tuple(Step(backend=s.section.name, model=s.section.model or self.ask.model) for s in on)
        why = {"error": "the router failed: remote backends first"}
        if not steps:
            return NoPlan(code="no_backend", message="no backend is on", why=why)
        return Plan(route="", steps=steps, why=why)

    # one attempt

    async def _attempt(self, state: flow.Attempt) -> "tuple[_Open | None, Any]":
        if state.delay_s:
            await asyncio.sleep(state.delay_s)
        slot = self.runtime.slots[state.step.backend]
        last = state.index + 1 == len(state.plan.steps)
        if slot.backend is None or (not slot.breaker.allow() and not last):
            error: ProxyError | None = ProxyError(
                503, "backend_unavailable", f"backend {state.step.backend!r} is resting after failures", final=True
            )
            return None, state.next(flow.Verdict("elsewhere"), error)
        if state.number == 1:
            self.services.retry_budget.note_call()
        opened = _Open(self, slot, state)
        try:
            verdict, error = await self._call(opened, state)
        except asyncio.CancelledError:
            await opened.abandon("the client left", client_gone=True)
            raise
        if verdict.kind == "again" and not self.services.retry_budget.take():
            verdict = flow.Verdict("elsewhere")
        following = state.next(verdict, error)
        if not isinstance(following, flow.Relay):
            await opened.fail(concluded=isinstance(following, flow.Refuse), error=error)
            return None, following
        return opened, following

    async def _call(self, opened: "_Open", state: flow.Attempt) -> tuple[flow.Verdict, ProxyError | None]:
        """Make the call, look at its head. A refusal of our own `stream_options` is answered by the caller's bytes."""
        call = self._build_call(opened.slot, state.step)
        backend = opened.slot.backend
        assert backend is not None
        try:
            opened.reply = await backend.call(call)
            if self.asked_usage and opened.reply.status in (400, 422):
                await self._blame_usage(opened)
            await opened.first_chunk()
        except BackendError as error:
            opened.error = error
            return self._judge_error(opened, state, error)
        except Exception as error:
            log.exception("backend %s failed in an unforeseen way", state.step.backend)
            opened.error = BackendUnavailable(f"backend {state.step.backend!r} failed: {type(error).__name__}")
            return self._judge_error(opened, state, opened.error)
        opened.slot.ready = True
        return self._judge_head(opened, state), None

    async def _blame_usage(self, opened: "_Open") -> None:
        """The body that we added to was refused: perhaps for that. Send it without, and remember."""
        reply = opened.reply
        assert reply is not None
        refusal = await read_some(reply, ERROR_BODY_BYTES)
        if b"stream_options" not in refusal and b"include_usage" not in refusal:
            opened.error_body = refusal
            return
        await reply.close()
        opened.slot.asks_usage = False
        assert opened.slot.backend is not None
        opened.reply = await opened.slot.backend.call(self._build_call(opened.slot, opened.state.step))

    def _judge_error(
        self, opened: "_Open", state: flow.Attempt, error: BackendError
    ) -> tuple[flow.Verdict, ProxyError]:
        final = state.number > 1
        worded = ProxyError(error.status_hint, error.code, str(error), final=final)
        if isinstance(error, BadCall):
            # the caller's fault, and so it would be elsewhere
            opened.slot.breaker.success()
            return flow.Verdict("final"), worded
        opened.slot.breaker.failure()
        if isinstance(error, BackendUnavailable):
            return flow.Verdict("elsewhere"), worded
        decision = self.runtime.retry.after_error(
            error, attempt=opened.tries, elapsed_s=opened.elapsed_s(), rng=self.services.rng
        )
        if decision is None or isinstance(error, PhaseTimeout):
            return flow.Verdict("elsewhere"), worded
        return flow.Verdict("again", decision), worded

    def _judge_head(self, opened: "_Open", state: flow.Attempt) -> flow.Verdict:
        reply = opened.reply
        assert reply is not None
        status = reply.status
        if status < 400:
            opened.slot.breaker.success()
            return flow.Verdict("good")
        decision = self.runtime.retry.after_status(
            status,
            reply.headers,
            opened.error_body or opened.first,
            attempt=opened.tries,
            elapsed_s=opened.elapsed_s(),
            rng=self.services.rng,
        )
        if status >= 500:
            opened.slot.breaker.failure()
        else:
            opened.slot.breaker.success()
        asked_s = retry_after_s(reply.headers)
        if status == 429 and asked_s is not None and decision is None and opened.slot.has_own_key:
            # Longer than we would wait for: the next requests go elsewhere until then. Not where each caller brings a
            # key: the limit of one is none of the others' business.
            opened.slot.breaker.rest(asked_s)
        if decision is not None:
            return flow.Verdict("again", decision)
        if status >= 500 or status in (408, 429):
            return flow.Verdict("elsewhere")
        return flow.Verdict("final")

    def _build_call(self, slot: Slot, step: Step) -> Call:
        ask = self.ask
        self.asked_usage = self.surface.usage_on_request and slot.asks_usage and ask.stream and not ask.wants_usage
        body = alter_body(
            self.body,
            ask.document,
            model=step.model if step.model != ask.model else None,
            ask_usage=self.asked_usage,
        )
        headers = forwarded(self.exchange.raw_headers, drop=("accept-encoding",))
        return Call(
            method=self.exchange.method,
            target=self.exchange.target,
            headers=(*headers, ("Accept-Encoding", "identity")),
            body=body,
            timeouts=slot.timeouts(),
        )

    # relay

    async def _relay(self, opened: "_Open", state: flow.Relay) -> None:
        reply = opened.reply
        assert reply is not None
        streamed = self.ask.stream and _is_event_stream(reply.headers) and reply.status == 200
        try:
            if streamed:
                await self._relay_stream(opened, state, reply)
            else:
                await self._relay_whole(opened, state, reply)
        except asyncio.CancelledError:
            await opened.abandon("the client left", client_gone=True)
            raise
        except BackendError as error:
            if opened.settled:
                # only the end of a connection whose answer is complete was lost
                self.flight.end()
                return
            opened.slot.breaker.failure()
            opened.error = error
            opened.settle("estimated", "error", status=reply.status)
            worded = ProxyError(error.status_hint, error.code, str(error))
            if self.flight.head is None:
                self.flight.refuse(worded)
            else:
                self.flight.break_off(worded)
        finally:
            opened.close_open_row()
            await reply.close()

    async def _relay_whole(self, opened: "_Open", state: flow.Relay, reply: Reply) -> None:
        body = bytearray(opened.error_body or opened.first)
        async for chunk in opened.rest():
            body += chunk
            if len(body) > MAX_WHOLE_BYTES:
                await self._relay_huge(opened, reply, bytes(body))
                return
        raw = bytes(body)
        plain = decoded(raw, reply.headers, MAX_WHOLE_BYTES)
        document = _json(plain) if plain is not None else None
        reported = self.surface.reported(document)
        # a 200 whose body is an error (gateways do that) is an error: it costs nothing and is never stored
        good = reply.status == 200 and not has_error(document)
        state_of_row: State = "final"
        if good and not reported.known:
            state_of_row = "estimated"
            reported = self._estimated(0, len(plain or raw))
        why_not = "" if good else f"status {reply.status}"
        if good:
            why_not = self.surface.admissible(document)
        entry = None
        if good and plain is not None and not why_not and self._may_store(state, opened, len(plain)):
            await self._await_vector()
            cost = opened.price(reported).pico
            entry = self._entry(opened, "json", plain, _content_type(reply.headers), reported, cost)
        stored = entry is not None and self._store(entry)
        outcome: Outcome = "error" if not good else self._plain_outcome()
        cost_pico = opened.settle(state_of_row, outcome, status=reply.status, reported=reported if good else None)
        self.flight.publish_whole(
            ReplyHead(
                status=reply.status,
                headers=tuple(returned(reply.headers)),
                served_by=opened.served_by,
                storing=stored,
                whole=True,
                cost_pico=cost_pico if good else None,
                spent_retries=opened.state.number > 1 and not good,
            ),
            raw,
        )
        self.flight.cost_pico = cost_pico
        self.flight.end()
        if stored and entry is not None:
            self._index(entry)

    async def _relay_huge(self, opened: "_Open", reply: Reply, begun: bytes) -> None:
        """Too large to hold: pass it on as it comes, understood no further."""
        self.services.flights.forget(self.flight)
        self.flight.close_to_joiners()
        self.flight.publish_head(self._head(opened, reply, storing=False))
        size = len(begun)
        await self.flight.publish(begun)
        async for chunk in opened.rest():
            size += len(chunk)
            await self.flight.publish(chunk)
        opened.settle("estimated", self._plain_outcome(), status=reply.status, reported=self._estimated(0, size))
        self.flight.end()

    async def _relay_stream(self, opened: "_Open", state: flow.Relay, reply: Reply) -> None:
        recorder = self.surface.recorder(self.ask)
        opened.recorder = recorder
        limit = self.runtime.config.cache.max_entry
        plain = _content_encoding(reply.headers) == ""
        recording = bytearray() if plain and self._may_store(state, opened, 0) else None
        self.flight.publish_head(self._head(opened, reply, storing=recording is not None))
        concluded = False
        async for chunk in _chained(opened.first, opened):
            if plain:
                recorder.feed(chunk)
            if recording is not None and not concluded:
                recording += chunk
                if len(recording) > limit:
                    recording = None
            if recorder.complete and not concluded:
                await self._await_vector()
                # stored before its last bytes go out: who has the whole answer can rely on it being kept
                self._conclude_stream(opened, recorder, recording, whole=True, plain=plain)
                concluded = True
            await self.flight.publish(chunk)
        whole = (concluded or recorder.finish()) and plain
        if not concluded:
            await self._await_vector()
            self._conclude_stream(opened, recorder, recording, whole=whole, plain=plain)
        self.flight.whole = whole
        if whole or not plain or recorder.error or recorder.closed:
            # With `recorder.error`, an error event of the upstream's own has gone by: the dialect ended as a failure.
            # With `closed`, the upstream said that this is all: odd, but what the caller would have got without us.
            self.flight.end()
        else:
            opened.slot.breaker.failure()
            self.flight.break_off(
                ProxyError(502, "upstream_truncated", "the upstream ended its answer before it was complete")
            )

    def _conclude_stream(
        self, opened: "_Open", recorder: Recorder, recording: bytearray | None, *, whole: bool, plain: bool
    ) -> None:
        reported = recorder.reported()
        row_state: State = "final" if reported.known and whole else "estimated"
        if not reported.known:
            reported = self._estimated(recorder.content_chunks, 0)
        entry = None
        if whole and recorder.admissible and recording is not None:
            cost = opened.price(reported).pico
            kind = _content_type(opened.reply.headers) if opened.reply is not None else ""
            entry = self._entry(opened, "sse", bytes(recording), kind, reported, cost)
        stored = entry is not None and self._store(entry)
        ended = whole or not plain or (recorder.closed and not recorder.error)
        outcome: Outcome = self._plain_outcome() if ended else "error"
        error = "" if ended else (recorder.error or "ended before it was complete")
        self.flight.cost_pico = opened.settle(row_state, outcome, status=200, reported=reported, error=error)
        if stored and entry is not None:
            self._index(entry)

    def _head(self, opened: "_Open", reply: Reply, *, storing: bool) -> ReplyHead:
        shown = (self.asked_usage or self.ask.wants_usage) and not _content_encoding(reply.headers)
        drop = {"content-length"} if shown else set()
        return ReplyHead(
            status=reply.status,
            headers=tuple((n, v) for n, v in returned(reply.headers) if n.lower() not in drop),
            served_by=opened.served_by,
            storing=storing,
            whole=False,
            usage_shown=shown,
        )

    def _plain_outcome(self) -> Outcome:
        return "miss" if self.exchange.allowed.store else "bypass"

    def _estimated(self, chunks: int, answer_bytes: int) -> Reported:
        return Reported(
            input_tokens=estimate_tokens(self.ask.input_bytes),
            output_tokens=chunks or estimate_tokens(answer_bytes),
        )

    # store

    async def _await_vector(self) -> None:
        """The embedding that was begun beside the upstream call; None if it failed or took too long."""
        if self.embedding is not None:
            self.vector = await self.embedding
            self.embedding = None

    def _may_store(self, state: flow.Relay, opened: "_Open", size: int) -> bool:
        return (
            state.storable
            and self.exchange.allowed.store
            and size <= self.runtime.config.cache.max_entry
            and opened.reply is not None
            and opened.reply.status == 200
        )

    def _entry(
        self, opened: "_Open", mode: str, body: bytes, content_type: str, reported: Reported, cost_pico: int
    ) -> Entry:
        exchange, now_s = self.exchange, time.time()
        vector = self.vector if exchange.allowed.semantic and exchange.partition else None
        neighbours = self.services.neighbours
        return Entry(
            id=new_id("e-", time.time_ns() // 1000),
            key=exchange.key,
            tenant=exchange.head.tenant,
            partition=exchange.partition or "",
            surface=self.surface.name,
            model=self.ask.model,
            served_by=opened.served_by,
            mode="sse" if mode == "sse" else "json",
            status=200,
            content_type=content_type or ("text/event-stream" if mode == "sse" else "application/json"),
            body=body,
            created_s=now_s,
            expires_s=now_s + self.runtime.config.cache.ttl,
            text=self.ask.text if vector is not None else "",
            vector=vector.astype("float16").tobytes() if vector is not None else b"",
            embedder=neighbours.embedder_name if vector is not None and neighbours is not None else "",
            input_tokens=reported.input_tokens,
            output_tokens=reported.output_tokens,
            cost_pico=cost_pico,
            tags=exchange.wishes.tags,
        )

    def _store(self, entry: Entry) -> bool:
        try:
            return self.services.cache.put(entry)
        except Exception:
            log.exception("an answer could not be stored", extra={"request_id": self.exchange.request_id})
            return False

    def _index(self, entry: Entry) -> None:
        if self.vector is not None and entry.vector and self.services.neighbours is not None:
            self.services.neighbours.add(entry.partition, entry.id, entry.text, self.vector)


class _Open:
    """An attempt under way: its intent is in the ledger, and it must be settled exactly once."""

    def __init__(self, fetch: Fetch, slot: Slot, state: flow.Attempt) -> None:
        self.fetch = fetch
        self.slot = slot
        self.state = state
        self.reply: Reply | None = None
        self.recorder: Recorder | None = None
        self.error: BackendError | None = None
        self.first = b""
        self.error_body = b""
        self.tries = state.tries
        self._chunks: Any = None
        self._priced: tuple[Reported, Any] | None = None
        self.settled = False
        self._started = time.perf_counter()
        self._at_us = time.time_ns() // 1000
        self._ttft_us = 0
        self.id = new_id("", self._at_us)
        estimate = self.price(Reported(input_tokens=estimate_tokens(fetch.ask.input_bytes)))
        exchange = fetch.exchange
        fetch.services.ledger.opened(
            Opened(
                id=self.id,
                request_id=exchange.request_id,
                at_us=self._at_us,
                tenant=exchange.head.tenant,
                surface=fetch.surface.name,
                route=exchange.route,
                backend=slot.section.name,
                model=state.step.model,
                requested_model=fetch.ask.model,
                stream=fetch.ask.stream,
                attempt=state.number,
                tags=exchange.wishes.tags,
                input_tokens_estimate=estimate_tokens(fetch.ask.input_bytes),
                cost_estimate_pico=estimate.pico,
            )
        )
        self._span = fetch.services.tracing.call(
            operation="embeddings" if fetch.surface.name == "embeddings" else "chat",
            model=state.step.model,
            backend=slot.section.name,
            request_id=exchange.request_id,
            attempt=state.number,
        )

    @property
    def served_by(self) -> str:
        return f"{self.slot.section.name}/{self.state.step.model}"

    def elapsed_s(self) -> float:
        return time.perf_counter() - self.fetch.exchange.started

    def price(self, reported: Reported) -> Any:
        """Cost of this usage on this backend. Remembered: an answer is priced when it is stored and when settled."""
        if self._priced is not None and self._priced[0] is reported:
            return self._priced[1]
        cost = self._price(reported)
        self._priced = reported, cost
        return cost

    def _price(self, reported: Reported) -> Any:
        usage = Usage(
            input_tokens=reported.input_tokens,
            output_tokens=reported.output_tokens,
            cached_input_tokens=reported.cached_input_tokens,
            cache_write_tokens=reported.cache_write_tokens,
            reasoning_tokens=reported.reasoning_tokens,
        )
        prices = self.fetch.runtime.prices
        return prices.cost(self.slot.price_url, self.state.step.model, usage, datetime.now(UTC))

    async def first_chunk(self) -> None:
        """Wait for the first bytes of the body: until then, the call may still fail unseen and be made again."""
        reply = self.reply
        assert reply is not None
        if self.error_body:
            self._chunks = _none()
            return
        self._chunks = reply.chunks()
        if reply.status >= 400:
            # an error's body is short: hold it whole, it decides whether the call may be made again
            body = bytearray()
            async for chunk in self._chunks:
                body += chunk
                if len(body) > ERROR_BODY_BYTES:
                    break
            self.first = bytes(body)
        else:
            async for chunk in self._chunks:
                self.first = chunk
                break
        self._ttft_us = int((time.perf_counter() - self._started) * 1e6)
        self.fetch.services.metrics.first_token(self._ttft_us / 1e6)

    async def rest(self) -> Any:
        async for chunk in self._chunks:
            yield chunk

    def settle(
        self,
        state: State,
        outcome: Outcome | None,
        *,
        status: int,
        reported: Reported | None = None,
        client_gone: bool = False,
        error: str = "",
    ) -> int:
        """Write the row. Returns the cost in pico-dollars. A second call does nothing."""
        if self.settled:
            return 0
        self.settled = True
        fetch, exchange, services = self.fetch, self.fetch.exchange, self.fetch.services
        if reported is None and state == "estimated":
            reported = self._partial()
        used = reported or Reported()
        cost = self.price(used)
        elapsed_us = int((time.perf_counter() - self._started) * 1e6)
        exchange.upstream_s += elapsed_us / 1e6
        saved, saved_by = self._routing_saved(used, cost.pico, outcome)
        services.ledger.settled(
            Settled(
                id=self.id,
                request_id=exchange.request_id,
                kind="attempt",
                outcome=outcome,
                state=state,
                at_us=self._at_us,
                settled_at_us=self._at_us + elapsed_us,
                tenant=exchange.head.tenant,
                surface=fetch.surface.name,
                route=exchange.route,
                backend=self.slot.section.name,
                model=self.state.step.model,
                requested_model=fetch.ask.model,
                stream=fetch.ask.stream,
                attempt=self.state.number,
                status=status,
                error=error or (str(self.error) if self.error is not None else ""),
                client_gone=client_gone,
                usage=Usage(
                    input_tokens=used.input_tokens,
                    output_tokens=used.output_tokens,
                    cached_input_tokens=used.cached_input_tokens,
                    cache_write_tokens=used.cache_write_tokens,
                    reasoning_tokens=used.reasoning_tokens,
                ),
                usage_raw=used.raw,
                price_source=cost.source,
                price_date=cost.date,
                cost_pico=cost.pico,
                saved_pico=saved,
                saved_by=saved_by,
                ttft_us=self._ttft_us,
                duration_us=elapsed_us,
                tags=exchange.wishes.tags,
                why={**exchange.why, "key": exchange.key, "cache": exchange.allowed.reason or "looked up"}
                if outcome is not None
                else {"attempt": "tried again elsewhere"},
            )
        )
        services.metrics.attempt(self.slot.section.name, status)
        services.metrics.spend(cost.pico)
        if saved_by is not None:
            services.metrics.saved(saved_by, saved)
        if outcome is not None:
            exchange.outcome = outcome
            exchange.row_written = True
        if self._span is not None:
            self._span.set_attribute("gen_ai.usage.input_tokens", used.input_tokens)
            self._span.set_attribute("gen_ai.usage.output_tokens", used.output_tokens)
            self._span.end()
        return int(cost.pico)

    def _routing_saved(self, used: Reported, cost_pico: int, outcome: Outcome | None) -> Any:
        """What the large model would have cost for the same tokens, when the small one answered in its stead."""
        if outcome not in ("miss", "bypass") or self.state.step.role != "small":
            return 0, None
        for step in self.state.plan.steps:
            other = self.fetch.runtime.slots[step.backend]
            if step.role == "large" and not other.local:
                usage = Usage(input_tokens=used.input_tokens, output_tokens=used.output_tokens)
                priced = self.fetch.runtime.prices.cost(other.price_url, step.model, usage, datetime.now(UTC))
                return (priced.pico - cost_pico, "routed") if priced.known else (0, None)
        return 0, None

    def _partial(self) -> Reported:
        """Usage of an attempt that broke: what the stream last reported, else what went by."""
        if self.reply is None and not isinstance(self.error, PhaseTimeout) and self.error is not None:
            return Reported()
        if self.recorder is not None:
            reported = self.recorder.reported()
            if reported.known:
                return reported
            return self.fetch._estimated(self.recorder.content_chunks, 0)
        return Reported(input_tokens=estimate_tokens(self.fetch.ask.input_bytes))

    async def fail(self, *, concluded: bool, error: ProxyError | None) -> None:
        """This call came to nothing; it will be made again, elsewhere, or the request is refused."""
        outcome: Outcome | None = "error" if concluded else None
        if self.reply is not None:
            # a good head whose body then broke may have cost its prompt; an error status costs nothing
            begun = self.error is not None and self.reply.status < 400
            self.settle("estimated" if begun else "final", outcome, status=self.reply.status)
            await self.reply.close()
        else:
            billed: State = "final" if isinstance(self.error, ConnectError | BackendUnavailable) else "estimated"
            self.settle(billed, outcome, status=0, error=error.code if error else "")

    async def abandon(self, why: str, *, client_gone: bool) -> None:
        """Cancelled: settle first (synchronously), then close the connection."""
        status = self.reply.status if self.reply is not None else 0
        self.settle("estimated", "error", status=status, client_gone=client_gone, error=why)
        if self.reply is not None:
            await self.reply.close()

    def close_open_row(self) -> None:
        """The last net: an attempt never stays open."""
        if not self.settled:
            self.settle("estimated", "error", status=0, error="internal error")


def _stricter(configured: float, wished: float | None) -> float:
    return configured if wished is None else min(configured, wished)


async def read_some(reply: Reply, limit: int) -> bytes:
    body = bytearray()
    async for chunk in reply.chunks():
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)


async def _none() -> Any:
    return
    yield


async def _chained(first: bytes, opened: _Open) -> Any:
    if first:
        yield first
    async for chunk in opened.rest():
        yield chunk


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None


def _header(headers: Pairs, wanted: str) -> str:
    for name, value in headers:
        if name.lower() == wanted:
            return value
    return ""


def _content_type(headers: Pairs) -> str:
    return _header(headers, "content-type")


def _content_encoding(headers: Pairs) -> str:
    encoding = _header(headers, "content-encoding").strip().lower()
    return "" if encoding == "identity" else encoding


def _is_event_stream(headers: Pairs) -> bool:
    return _content_type(headers).lower().startswith("text/event-stream")
