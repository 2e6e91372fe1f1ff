"""Every metric and span attribute of the proxy: name, unit, definition. docs/metrics.md is checked against it.

Two people must compute the same hit rate from these, so the overlaps are written down where they exist.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from halfpenny.ledger.base import PICO_PER_USD

_FAST = (0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_SLOW = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


_SEMANTIC = {
    "false_hit_rate_estimate": "Estimated wrong semantic hits as a share of a namespace's requests.",
    "alarm": "What is done about the promised rate in a namespace: 0 nothing, 1 hits must be surer, 2 none is served.",
    "threshold": "Least probability of being right that a semantic hit of a namespace needs.",
    "labels": "Comparisons of answers that a namespace has learnt from.",
    "requests": "Requests of a namespace that were looked up by similarity.",
    "hits": "Semantic hits served in a namespace.",
    "reasked": "Would-be hits of a namespace that were asked upstream again, to learn from them.",
}
_FIGURE_OF = {"false_hit_rate_estimate": "estimate"}
_ALARMS = {"ok": 0, "tighten": 1, "off": 2}


class Metrics:
    """One registry per process. Label values are bounded: routes, surfaces and backends are configured."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "halfpenny_requests",
            "Requests by how they ended. Each is counted once, refusals and clients that left (error) too.",
            ["outcome", "route", "surface"],
            registry=self.registry,
        )
        self._overhead = Histogram(
            "halfpenny_overhead_seconds",
            "Time that the proxy itself added: from the request head to the end of the answer, less the time that "
            "upstream calls took. On a hit that is all of it; coalesced requests are not counted here.",
            buckets=_FAST,
            registry=self.registry,
        )
        self._ttft = Histogram(
            "halfpenny_time_to_first_token_seconds",
            "From sending a call to the first byte of its body, as the upstream delivers it. Hits not counted.",
            buckets=_SLOW,
            registry=self.registry,
        )
        self._attempts = Counter(
            "halfpenny_upstream_attempts",
            "Calls made to a backend by HTTP status; status is `error` where none came. Retries and fallbacks count.",
            ["backend", "status"],
            registry=self.registry,
        )
        self._spend = Counter("halfpenny_spend_usd", "Cost of upstream calls, in US dollars.", registry=self.registry)
        self._saved = Counter(
            "halfpenny_saved_usd",
            "What the avoided calls would have cost, in US dollars; a request counts under one mechanism.",
            ["by"],
            registry=self.registry,
        )
        self._cached_share = Gauge(
            "halfpenny_provider_cached_share",
            "Share of input tokens that the provider read from its own prompt cache, over the last 32 or so answers to "
            "prompts of 1,024 tokens and more. `app` is the tag `app`, else the start of the tenant's name.",
            ["app"],
            registry=self.registry,
        )
        self._cache_lost = Counter(
            "halfpenny_provider_cache_lost_usd",
            "What input cost more because the provider's prompt cache was read less than usual, in US dollars. Counted "
            "from when the share has fallen to half of the usual until it recovers. Alert on any increase.",
            ["app"],
            registry=self.registry,
        )
        self.false_hit_rate_upper = Gauge(
            "halfpenny_false_hit_rate_upper",
            "Upper bound (95 %, at any time) on wrong semantic hits as a share of a namespace's requests. High while "
            "little is known. `namespace` is the start of its digest; the 50 with the most requests are shown. No "
            "series until it is measured.",
            ["namespace"],
            registry=self.registry,
        )
        self._semantic = {
            name: Gauge(f"halfpenny_semantic_{name}", text, ["namespace"], registry=self.registry)
            for name, text in _SEMANTIC.items()
        }
        self._semantic_failures = Counter(
            "halfpenny_semantic_failures",
            "Parts of the semantic cache that failed, by stage; the request went on as a miss. `overload`: an answer "
            "that could have taught something and did not, for lack of time.",
            ["stage"],
            registry=self.registry,
        )
        self.loop_lag = Histogram(
            "halfpenny_event_loop_lag_seconds",
            "How late a timer fires that sleeps for 0.1 s.",
            buckets=_FAST,
            registry=self.registry,
        )
        self.ledger_queue = Gauge(
            "halfpenny_ledger_queue", "Bytes in the spool that are not in the database yet.", registry=self.registry
        )
        self.dropped = Gauge(
            "halfpenny_spool_dropped",
            "Records that could not be kept since start (disk full). Alert above 0.",
            registry=self.registry,
        )
        self.config_info = Gauge(
            "halfpenny_config_info", "1 for the configuration in force, by its hash.", ["sha"], registry=self.registry
        )
        self.config_rejected = Counter(
            "halfpenny_config_rejected", "Changed configurations that were refused.", registry=self.registry
        )
        self.cache_bytes = Gauge("halfpenny_cache_memory_bytes", "Memory tier of the cache.", registry=self.registry)
        self.flights = Gauge("halfpenny_flights", "Upstream fetches that may be joined now.", registry=self.registry)
        self.waiting = Gauge("halfpenny_connections", "Open client connections.", registry=self.registry)
        self._children: dict[tuple[str, str, str], Any] = {}
        self._attempt_children: dict[tuple[str, int], Any] = {}
        self._saved_children: dict[str, Any] = {}

    def request(self, outcome: str, route: str, surface: str) -> None:
        # children are kept: looking one up by labels costs more than counting
        key = (outcome, route, surface)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = self._requests.labels(outcome, route, surface)
        child.inc()

    def overhead(self, seconds: float) -> None:
        self._overhead.observe(seconds)

    def first_token(self, seconds: float) -> None:
        self._ttft.observe(seconds)

    def attempt(self, backend: str, status: int) -> None:
        key = (backend, status)
        child = self._attempt_children.get(key)
        if child is None:
            child = self._attempt_children[key] = self._attempts.labels(backend, str(status) if status else "error")
        child.inc()

    def spend(self, pico: int) -> None:
        if pico > 0:
            self._spend.inc(pico / PICO_PER_USD)

    def saved(self, by: str, pico: int) -> None:
        if pico > 0:
            child = self._saved_children.get(by)
            if child is None:
                child = self._saved_children[by] = self._saved.labels(by)
            child.inc(pico / PICO_PER_USD)

    def semantic_failed(self, stage: str) -> None:
        self._semantic_failures.labels(stage).inc()

    def semantic_figures(self, found: Iterable[Mapping[str, Any]]) -> None:
        """The figures of the namespaces to show, in place of those shown before."""
        self.false_hit_rate_upper.clear()
        for gauge in self._semantic.values():
            gauge.clear()
        for figures in found:
            namespace = figures["namespace"]
            self.false_hit_rate_upper.labels(namespace).set(figures["upper"])
            for name, gauge in self._semantic.items():
                value = figures[_FIGURE_OF.get(name, name)]
                gauge.labels(namespace).set(_ALARMS[value] if name == "alarm" else value)

    def cached_share(self, app: str, share: float) -> None:
        self._cached_share.labels(app).set(share)

    def cache_lost(self, app: str, pico: int) -> None:
        self._cache_lost.labels(app).inc(pico / PICO_PER_USD)

    def set_config(self, sha: str) -> None:
        self.config_info.clear()
        self.config_info.labels(sha).set(1)

    def render(self) -> bytes:
        return generate_latest(self.registry)


class Span(Protocol):
    def set_attribute(self, name: str, value: Any) -> None: ...

    def end(self) -> None: ...


class Tracing:
    """Spans of upstream calls, after the OpenTelemetry GenAI conventions. Off (None spans) unless a provider is given:
    a span costs more than an exact hit."""

    def __init__(self, provider: Any = None, close: Callable[[], None] | None = None) -> None:
        self._tracer = None if provider is None else provider.get_tracer("halfpenny")
        self._close = close

    @classmethod
    def to_collector(cls, endpoint: str) -> "Tracing":
        """Export over OTLP/HTTP. Raises ImportError if the extra `otel` is not installed."""
        from opentelemetry.exporter.otlp.proto.http import trace_exporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider = TracerProvider(resource=Resource.create({"service.name": "halfpenny"}))
        provider.add_span_processor(BatchSpanProcessor(trace_exporter.OTLPSpanExporter(endpoint=endpoint)))
        return cls(provider, provider.shutdown)

    def call(self, *, operation: str, model: str, backend: str, request_id: str, attempt: int) -> Span | None:
        """A client span `{operation} {model}`, attributes by the conventions' names, ours under `halfpenny.`."""
        if self._tracer is None:
            return None
        span: Span = self._tracer.start_span(f"{operation} {model}")
        span.set_attribute("gen_ai.operation.name", operation)
        span.set_attribute("gen_ai.request.model", model)
        span.set_attribute("halfpenny.backend", backend)
        span.set_attribute("halfpenny.request_id", request_id)
        span.set_attribute("halfpenny.attempt", attempt)
        return span

    def close(self) -> None:
        if self._close is not None:
            self._close()
