"""A flight's own task: semantic lookup, plan, attempts, relay, store. It performs the second half of `flow.py`.

Every call has an intent in the ledger before it is made and is settled whatever happens, the flight's cancellation
included: settling is one synchronous append, so there is nothing that a cancellation could interrupt.
"""

import asyncio
import logging
from typing import Any, assert_never

import msgspec

from halfpenny.backends.base import BackendError, BackendUnavailable, BadCall, Call, PhaseTimeout, Reply
from halfpenny.backends.retry import retry_after_s
from halfpenny.proxy import flow
from halfpenny.proxy.attempt import ERROR_BODY_BYTES, OpenAttempt
from halfpenny.proxy.bodies import LIGHT_BYTES, alter_body
from halfpenny.proxy.converting import (
    ConvertedReply,
    Converting,
    UnconvertibleAnswer,
    conversion_for,
    converted_call,
    speaks,
)
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.headers import forwarded
from halfpenny.proxy.job import Job
from halfpenny.proxy.prompts import build_prompt
from halfpenny.proxy.relay import Relay
from halfpenny.proxy.replay import render
from halfpenny.proxy.runtime import Slot
from halfpenny.proxy.semantic import Looked, Query
from halfpenny.router.base import NoPlan, Plan, Step
from halfpenny.semantic_cache.admission import without_volatile
from halfpenny.semantic_cache.base import SemanticHit

log = logging.getLogger(__name__)
_COUNTING = frozenset({"count_tokens", "gemini_count_tokens"})


class Fetch:
    """One flight's work. Built by the pipeline for the request that leads; `run` is the flight's task."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.services = job.services
        self.runtime = job.runtime
        self.exchange = job.exchange
        self.flight = job.flight
        self.ask = job.ask
        self.surface = job.surface

    @classmethod
    def take_off(cls, job: Job) -> None:
        """Start the flight's task."""
        fetch = cls(job)
        job.runtime.uses.hold()
        job.flight.task = job.services.tasks.spawn(f"flight {job.exchange.request_id}", fetch.run())
        # not in `run`: a task that is cancelled before its first step never runs its own `finally`
        job.flight.task.add_done_callback(fetch.ended)

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
            exchange.allowed = without_volatile(exchange.allowed, last_user, self.runtime.gate)
        state: Any = flow.take_off(exchange.allowed, has_partition=exchange.partition is not None)
        pending: OpenAttempt | None = None
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
                    await Relay(self.job, pending, storable=state.storable).run()
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
        looked = Looked()
        try:
            looked = await self._looked_up()
            if looked.hit is not None:
                # an entry that has no faithful form in the mode asked for is no hit
                render(looked.hit.entry, self.surface, stream=self.ask.stream, wants_usage=self.exchange.wants_usage)
                assert self.services.semantic is not None
                self.services.semantic.served(looked)
            return looked.hit
        except Exception:
            log.exception("semantic lookup failed", extra={"request_id": self.exchange.request_id})
            if looked.hit is not None and self.services.semantic is not None:
                self.services.semantic.served(looked, whole=False)
            return None

    async def _looked_up(self) -> Looked:
        exchange, semantic = self.exchange, self.services.semantic
        if semantic is None or exchange.partition is None:
            return Looked()
        settings, rules = self.runtime.config.cache.semantic, exchange.caching.semantic
        query = Query(
            namespace=exchange.namespace,
            partition=exchange.partition,
            bound=settings.max_false_hit_rate,
            rate=rules.rate(settings.max_false_hit_rate, exchange.wishes.max_false_hit_rate),
            ttl_s=rules.lifetime_s(settings.ttl),
            min_similarity=settings.min_similarity,
            max_age_s=exchange.wishes.max_age_s,
        )
        if not semantic.neighbours.holds(exchange.partition) or not exchange.allowed.look_up:
            # nothing to find: the vector is only needed to store the answer, so it is made while the upstream works
            self.job.reading = self.services.tasks.spawn("embed", semantic.read(self.ask.text))
            if exchange.allowed.look_up:
                self.job.ticket = semantic.nothing_there(query)
            return Looked()
        self.job.read = await semantic.read(self.ask.text)
        if self.job.read is None:
            exchange.why["semantic"] = "no embedding in time"
            return Looked()
        looked = await semantic.look_up(query, self.ask.text, self.job.read)
        self.job.ticket = looked.ticket
        if looked.considered is not None:
            exchange.why["neighbours"] = looked.considered
        if looked.why is not None:
            exchange.why["semantic"] = looked.why
        return looked

    def _plan(self) -> Plan | NoPlan:
        exchange = self.exchange
        prompt = build_prompt(exchange, self.job.vector)
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
        if isinstance(plan, Plan) and (self.ask.stateful or self.surface.name in _COUNTING):
            plan = self._without_stand_ins(plan)
        exchange.why["route"] = plan.why
        if isinstance(plan, Plan):
            exchange.route = plan.route
        return plan

    def _without_stand_ins(self, plan: Plan) -> Plan:
        """What refers to a provider's state (a stored conversation, a file) is no good to a model in this process, nor
        to a small one elsewhere: the next turn may go to the large one. Tokens are counted for the model asked for.
        """
        steps = tuple(step for step in plan.steps if not self.runtime.slots[step.backend].local) or plan.steps
        steps = tuple(step for step in steps if step.role != "small") or steps
        return msgspec.structs.replace(plan, steps=steps)

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

    async def _attempt(self, state: flow.Attempt) -> tuple[OpenAttempt | None, Any]:
        if state.delay_s:
            await asyncio.sleep(state.delay_s)
        slot = self.runtime.slots[state.step.backend]
        if slot.backend is None or not slot.breaker.allow():
            state = await self._expressible_after(state)
            last = state.index + 1 == len(state.plan.steps)
            if slot.backend is None or not last:
                resting = f"backend {state.step.backend!r} is resting after failures"
                error: ProxyError | None = ProxyError(503, "backend_unavailable", resting, final=True)
                return None, state.next(flow.Verdict("elsewhere"), error)
        if state.number == 1:
            self.services.retry_budget.note_call()
        opened = OpenAttempt(self.job, slot, state)
        try:
            verdict, error = await self._call(opened, state)
        except asyncio.CancelledError:
            await opened.abandon("the client left", client_gone=True)
            raise
        except Exception:
            opened.close_open_row()
            raise
        if verdict.kind == "again" and not self.services.retry_budget.take():
            verdict = flow.Verdict("elsewhere")
        if verdict.kind == "elsewhere":
            state = await self._expressible_after(state)
        following = state.next(verdict, error)
        if not isinstance(following, flow.Relay):
            await opened.fail(concluded=isinstance(following, flow.Refuse), error=error)
            return None, following
        return opened, following

    async def _expressible_after(self, state: flow.Attempt) -> flow.Attempt:
        """The attempt without the later steps whose dialect has no place for this request: a failure here is what the
        caller is told, and not that some other backend could not have been asked."""
        if not self.runtime.router.converts(self.exchange.route):
            return state
        asked_usage = self.job.asked_usage
        done, later = state.plan.steps[: state.index + 1], state.plan.steps[state.index + 1 :]
        kept = tuple([step for step in later if await self._is_expressible(step)])
        self.job.asked_usage = asked_usage
        if len(kept) == len(later):
            return state
        return msgspec.structs.replace(state, plan=msgspec.structs.replace(state.plan, steps=done + kept))

    async def _is_expressible(self, step: Step) -> bool:
        slot = self.runtime.slots[step.backend]
        try:
            conversion = self._conversion(slot)
            if conversion is not None:
                await self._built_call(slot, step, conversion)
        except ProxyError:
            return False
        return True

    async def _call(self, opened: OpenAttempt, state: flow.Attempt) -> tuple[flow.Verdict, ProxyError | None]:
        """Make the call, look at its head. A refusal of our own `stream_options` is answered by the caller's bytes."""
        backend = opened.slot.backend
        assert backend is not None
        try:
            conversion = self._conversion(opened.slot)
            opened.reply = await backend.call(await self._built_call(opened.slot, state.step, conversion))
            if conversion is not None:
                opened.reply = ConvertedReply(opened.reply, conversion, self.surface, stream=self.ask.stream)
            elif self.job.asked_usage and opened.reply.status in (400, 422):
                await self._blame_usage(opened)
            await opened.first_chunk()
        except ProxyError as error:
            # what the backend's dialect cannot express: the caller is told, and no other backend is tried in its stead
            opened.error = BadCall(error.message)
            return flow.Verdict("final"), error
        except BackendError as error:
            opened.error = error
            return self._judge_error(opened, state, error)
        except Exception as error:
            log.exception("backend %s failed in an unforeseen way", state.step.backend)
            opened.error = BackendUnavailable(f"backend {state.step.backend!r} failed: {type(error).__name__}")
            return self._judge_error(opened, state, opened.error)
        opened.slot.ready = True
        return self._judge_head(opened, state), None

    async def _blame_usage(self, opened: OpenAttempt) -> None:
        """The body that we added to was refused: perhaps for that. Send it without, and remember."""
        reply = opened.reply
        assert reply is not None
        refusal = await _read_some(reply, ERROR_BODY_BYTES)
        if b"stream_options" not in refusal and b"include_usage" not in refusal:
            opened.error_body = refusal
            return
        await reply.close()
        opened.slot.asks_usage = False
        assert opened.slot.backend is not None
        opened.reply = await opened.slot.backend.call(await self._built_call(opened.slot, opened.state.step))

    def _judge_error(
        self, opened: OpenAttempt, state: flow.Attempt, error: BackendError
    ) -> tuple[flow.Verdict, ProxyError]:
        final = state.number > 1
        worded = ProxyError(error.status_hint, error.code, str(error), final=final)
        if isinstance(error, BadCall):
            # the caller's fault, and so it would be elsewhere
            opened.slot.breaker.success()
            return flow.Verdict("final"), worded
        if isinstance(error, UnconvertibleAnswer):
            # the backend did its work and is paid for it: asked again, it would be paid again
            opened.slot.breaker.success()
            worded.final = True
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

    def _judge_head(self, opened: OpenAttempt, state: flow.Attempt) -> flow.Verdict:
        reply = opened.reply
        assert reply is not None
        status = reply.status
        if status < 400:
            opened.slot.breaker.success()
            return flow.Verdict("good")
        raw = opened.error_body or opened.first
        if isinstance(reply, ConvertedReply):
            if reply.upstream_status < 400:
                # an error that the upstream called an answer: it is not asked again, as it is not in its own dialect
                opened.slot.breaker.success()
                return flow.Verdict("final")
            raw = reply.raw_error
        decision = self.runtime.retry.after_status(
            status,
            reply.headers,
            raw,
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

    def _conversion(self, slot: Slot) -> Converting | None:
        """How the request is put to this backend, where it speaks another dialect and the route allows to convert."""
        if not self.runtime.router.converts(self.exchange.route) or speaks(self.surface.name, slot.dialects):
            return None
        conversion = conversion_for(self.surface.name, slot.dialects)
        if conversion is None:
            raise ProxyError(
                400,
                "not_expressible",
                f"{self.exchange.path} cannot be converted for backend {slot.section.name!r},"
                f" which speaks {', '.join(slot.dialects)}",
            )
        return conversion

    async def _built_call(self, slot: Slot, step: Step, conversion: Converting | None = None) -> Call:
        """Changing megabytes takes long enough to be felt by everybody else."""
        if len(self.job.body) <= LIGHT_BYTES:
            return self._build_call(slot, step, conversion)
        return await asyncio.to_thread(self._build_call, slot, step, conversion)

    def _build_call(self, slot: Slot, step: Step, conversion: Converting | None = None) -> Call:
        ask, surface = self.ask, self.surface
        if conversion is not None:
            self.job.asked_usage = True
            headers = forwarded(self.exchange.raw_headers, identity=True)
            return converted_call(
                conversion,
                ask,
                method=self.exchange.method,
                model=step.model,
                headers=headers,
                timeouts=slot.timeouts(),
                ask_usage=slot.asks_usage,
            )
        self.job.asked_usage = self.surface.usage_on_request and slot.asks_usage and ask.stream and not ask.wants_usage
        # a request that names no model to route by keeps what it says of models (moderations)
        named = bool(ask.model) or slot.local
        renamed = (named and step.model != ask.model) or (slot.local and not surface.model_in_body)
        target = self.exchange.target
        if slot.local:
            target = surface.path
        elif renamed and not surface.model_in_body:
            target = surface.retarget(target, step.model)
        body = alter_body(
            self.job.body,
            ask.document,
            model=step.model if step.model and renamed and (surface.model_in_body or slot.local) else None,
            ask_usage=self.job.asked_usage,
        )
        return Call(
            method=self.exchange.method,
            target=target,
            headers=forwarded(self.exchange.raw_headers, identity=True),
            body=body,
            timeouts=slot.timeouts(),
        )


async def _read_some(reply: Reply, limit: int) -> bytes:
    body = bytearray()
    async for chunk in reply.chunks():
        body += chunk
        if len(body) > limit:
            break
    return bytes(body)
