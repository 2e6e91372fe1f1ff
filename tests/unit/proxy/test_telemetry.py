"""proxy/telemetry.py: what is counted under which labels, and the spans by the GenAI conventions."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from halfpenny.proxy.telemetry import Metrics, Tracing


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    found: float | None = metrics.registry.get_sample_value(name, labels)
    return found


def test_requests_are_counted_by_outcome_route_and_surface() -> None:
    metrics = Metrics()
    for _ in range(3):
        metrics.request("exact", "none", "chat")
    metrics.request("miss", "default", "chat")
    assert value(metrics, "halfpenny_requests_total", outcome="exact", route="none", surface="chat") == 3
    assert value(metrics, "halfpenny_requests_total", outcome="miss", route="default", surface="chat") == 1
    assert value(metrics, "halfpenny_requests_total", outcome="miss", route="none", surface="chat") is None


def test_money_is_counted_in_dollars() -> None:
    metrics = Metrics()
    metrics.spend(1_500_000_000_000)
    metrics.saved("exact", 250_000_000_000)
    metrics.saved("exact", 250_000_000_000)
    assert value(metrics, "halfpenny_spend_usd_total") == 1.5
    assert value(metrics, "halfpenny_saved_usd_total", by="exact") == 0.5


@pytest.mark.parametrize("amount", [0, -5])
def test_what_is_free_or_lost_adds_nothing_to_a_counter(amount: int) -> None:
    metrics = Metrics()
    metrics.spend(amount)
    metrics.saved("routed", amount)
    assert value(metrics, "halfpenny_spend_usd_total") == 0
    assert value(metrics, "halfpenny_saved_usd_total", by="routed") is None


def test_an_attempt_without_an_answer_has_the_status_error() -> None:
    metrics = Metrics()
    metrics.attempt("up", 200)
    metrics.attempt("up", 0)
    assert value(metrics, "halfpenny_upstream_attempts_total", backend="up", status="200") == 1
    assert value(metrics, "halfpenny_upstream_attempts_total", backend="up", status="error") == 1


def test_only_the_configuration_in_force_is_shown() -> None:
    metrics = Metrics()
    metrics.set_config("aaa")
    metrics.set_config("bbb")
    text = metrics.render().decode()
    assert 'halfpenny_config_info{sha="bbb"} 1.0' in text
    assert "aaa" not in text


def test_label_values_are_escaped() -> None:
    metrics = Metrics()
    metrics.request("miss", 'a"b\nc\\d', "chat")
    assert 'route="a\\"b\\nc\\\\d"' in metrics.render().decode()


def test_two_processes_worth_of_metrics_do_not_share() -> None:
    one, two = Metrics(), Metrics()
    one.spend(10**12)
    assert value(two, "halfpenny_spend_usd_total") == 0


def test_without_a_provider_no_span_is_made() -> None:
    tracing = Tracing()
    assert tracing.call(operation="chat", model="m", backend="b", request_id="hp-1", attempt=1) is None
    tracing.close()


def test_a_span_follows_the_conventions() -> None:
    exporter, closed = InMemorySpanExporter(), []
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing = Tracing(provider, lambda: closed.append(True))
    span = tracing.call(operation="chat", model="gpt-4o", backend="up", request_id="hp-1", attempt=2)
    assert span is not None
    span.end()
    (made,) = exporter.get_finished_spans()
    assert made.name == "chat gpt-4o"
    assert dict(made.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "halfpenny.backend": "up",
        "halfpenny.request_id": "hp-1",
        "halfpenny.attempt": 2,
    }
    tracing.close()
    assert closed == [True]
    provider.shutdown()
