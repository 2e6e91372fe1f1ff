"""One upstream call under way: its intent is in the ledger, and it is settled exactly once, whatever happens."""

import time
from datetime import UTC, datetime
from typing import Any

from halfpenny.backends.base import BackendError, BackendUnavailable, BadCall, ConnectError, PhaseTimeout, Reply
from halfpenny.ledger.base import Opened, Outcome, Settled, State, Usage
from halfpenny.proxy import flow
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.exchange import new_id
from halfpenny.proxy.job import Job
from halfpenny.proxy.prompts import estimate_tokens
from halfpenny.proxy.runtime import Slot
from halfpenny.proxy.surfaces.base import Recorder, Reported

ERROR_BODY_BYTES = 1024 * 1024
_OPERATIONS = {
    "completions": "text_completion",
    "embeddings": "embeddings",
    "gemini_embed": "embeddings",
    "gemini_batch_embed": "embeddings",
    "gemini_generate": "generate_content",
}
"""Surface -> `gen_ai.operation.name` of the OpenTelemetry conventions; the rest are chats."""


class OpenAttempt:
    """An attempt under way: its intent is in the ledger, and it must be settled exactly once."""

    def __init__(self, job: Job, slot: Slot, state: flow.Attempt) -> None:
        self.job = job
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
        expected = estimate_tokens(job.ask.input_bytes) if job.surface.charged else 0
        estimate = self.price(Reported(input_tokens=expected))
        exchange = job.exchange
        job.services.ledger.opened(
            Opened(
                id=self.id,
                request_id=exchange.request_id,
                at_us=self._at_us,
                tenant=exchange.head.tenant,
                surface=job.surface.name,
                route=exchange.route,
                backend=slot.section.name,
                model=state.step.model,
                requested_model=job.ask.model,
                stream=job.ask.stream,
                attempt=state.number,
                tags=exchange.wishes.tags,
                input_tokens_estimate=expected,
                cost_estimate_pico=estimate.pico,
            )
        )
        self._span = job.services.tracing.call(
            operation=_OPERATIONS.get(job.surface.name, "chat"),
            model=state.step.model,
            backend=slot.section.name,
            request_id=exchange.request_id,
            attempt=state.number,
        )

    @property
    def served_by(self) -> str:
        return f"{self.slot.section.name}/{self.state.step.model}"

    def elapsed_s(self) -> float:
        return time.perf_counter() - self.job.exchange.started

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
        prices = self.job.runtime.prices
        return prices.cost(self.slot.price_url, self.state.step.model, usage, datetime.now(UTC))

    async def first_chunk(self) -> None:
        """Wait for the first bytes of the body: until then, the call may still fail unseen and be made again."""
        reply = self.reply
        assert reply is not None
        if self.error_body:
            self._chunks = _nothing()
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
        self.job.services.metrics.first_token(self._ttft_us / 1e6)

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
        if self.job.item_keys and self.job.exchange.row_written:
            # a second call for the same request (inputs that somebody else's call failed to bring): counted once
            outcome = None
        job, exchange, services = self.job, self.job.exchange, self.job.services
        because = {**exchange.why, "key": exchange.key, "cache": exchange.allowed.reason or "looked up"}
        if outcome is None and not exchange.background:
            because = {"attempt": "tried again elsewhere"}
        if exchange.background:
            # the request was concluded by the stale answer that it got
            outcome = None
        elif outcome == "error" and exchange.stale is not None and not exchange.left and not exchange.row_written:
            # the client's side knows whether the stale answer stands in for this, and concludes the request
            exchange.deferred, outcome = True, None
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
                surface=job.surface.name,
                route=exchange.route,
                backend=self.slot.section.name,
                model=self.state.step.model,
                requested_model=job.ask.model,
                stream=job.ask.stream,
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
                entry_id=job.flight.entry_id if len(job.item_keys) <= 1 else "",
                ttft_us=self._ttft_us,
                duration_us=elapsed_us,
                tags=exchange.wishes.tags,
                why=because,
            )
        )
        if reported is not None and reported.known and not self.slot.local:
            self._watch_prompt_cache(used)
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

    def _watch_prompt_cache(self, used: Reported) -> None:
        exchange, prices = self.job.exchange, self.job.runtime.prices
        model, url, now = self.state.step.model, self.slot.price_url, datetime.now(UTC)

        def cost_of_missing(tokens: int) -> int:
            dear = prices.cost(url, model, Usage(input_tokens=tokens), now)
            cheap = prices.cost(url, model, Usage(input_tokens=tokens, cached_input_tokens=tokens), now)
            return max(0, dear.pico - cheap.pico)

        app = exchange.wishes.tags.get("app") or exchange.head.tenant[:8]
        self.job.services.prompt_cache.observe(
            app, model, used.input_tokens, used.cached_input_tokens, cost_of_missing
        )

    def _routing_saved(self, used: Reported, cost_pico: int, outcome: Outcome | None) -> Any:
        """What the large model would have cost for the same tokens, when the small one answered in its stead."""
        if outcome not in ("miss", "bypass") or self.state.step.role != "small":
            return 0, None
        for step in self.state.plan.steps:
            other = self.job.runtime.slots[step.backend]
            if step.role == "large" and not other.local:
                usage = Usage(input_tokens=used.input_tokens, output_tokens=used.output_tokens)
                priced = self.job.runtime.prices.cost(other.price_url, step.model, usage, datetime.now(UTC))
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
            return self.job.estimated(self.recorder.content_chunks, 0)
        return self.job.estimated(0, 0)

    async def fail(self, *, concluded: bool, error: ProxyError | None) -> None:
        """This call came to nothing; it will be made again, elsewhere, or the request is refused."""
        outcome: Outcome | None = "error" if concluded else None
        if self.reply is not None:
            # a good head whose body then broke may have cost its prompt; an error status costs nothing
            begun = self.error is not None and self.reply.status < 400
            self.settle("estimated" if begun else "final", outcome, status=self.reply.status)
            await self.reply.close()
        else:
            unbilled = isinstance(self.error, ConnectError | BackendUnavailable | BadCall)
            billed: State = "final" if unbilled else "estimated"
            self.settle(billed, outcome, status=0, error=error.code if error else "")

    async def abandon(self, why: str, *, client_gone: bool) -> None:
        """Cancelled: settle first (synchronously), then close the connection."""
        if client_gone:
            why, client_gone = self.job.exchange.why_left()
        status = self.reply.status if self.reply is not None else 0
        self.settle("estimated", "error", status=status, client_gone=client_gone, error=why)
        if self.reply is not None:
            await self.reply.close()

    def close_open_row(self) -> None:
        """The last net: an attempt never stays open."""
        if not self.settled:
            self.settle("estimated", "error", status=0, error="internal error")


async def _nothing() -> Any:
    return
    yield
