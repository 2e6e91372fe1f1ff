"""The main job over real sockets: miss, exact hit, coalesced, bypass, refusal; the ledger true for each."""

import asyncio
import contextlib
from typing import Any

import aiohttp
import msgspec
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from halfpenny.proxy.telemetry import Tracing
from tests.conftest import Proxy, Serve, one_backend
from tests.upstream import Script, ScriptedUpstream


async def test_a_miss_is_stored_and_its_repeat_is_an_exact_hit(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    first = await proxy.chat("What is a half penny?")
    second = await proxy.chat("What is a half penny?")
    assert first.cache == "halfpenny; fwd=uri-miss; stored"
    assert second.cache.startswith("halfpenny; hit; detail=exact; ttl=")
    assert second.body == first.body
    assert len(upstream.calls) == 1
    assert first.headers["Halfpenny-Served-By"] == "up/gpt-4o-mini"
    assert second.headers["Halfpenny-Saved-Usd"] == first.headers["Halfpenny-Cost-Usd"] != "0.000000"
    assert (await proxy.rows(first.request_id))[0]["outcome"] == "miss"
    (hit,) = await proxy.rows(second.request_id)
    assert (hit["outcome"], hit["kind"]) == ("exact", "hit")


async def test_the_request_goes_upstream_byte_for_byte(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    body = b'{ "model" : "gpt-4o-mini",\n "messages":[{"role":"user","content":"caf\\u00e9"}] , "unknown_field": 1.50}'
    await proxy.post("/v1/chat/completions?x=%2F&a=1", body, headers={"X-Odd-Name": "v"})
    (call,) = upstream.calls
    assert call.body == body
    assert call.target == "/v1/chat/completions?x=%2F&a=1"
    assert ("X-Odd-Name", "v") in call.headers
    assert ("Authorization", "Bearer test-key") in call.headers
    assert not [name for name, _ in call.headers if name.lower().startswith("halfpenny")]


@pytest.mark.parametrize("first_streams", [True, False])
async def test_one_entry_serves_both_modes(proxy: Proxy, upstream: ScriptedUpstream, first_streams: bool) -> None:
    first = await proxy.chat("Tell me of one entry", stream=first_streams)
    other = await proxy.chat("Tell me of one entry", stream=not first_streams)
    assert "hit" in other.cache
    assert len(upstream.calls) == 1
    texts = {first_streams: first, not first_streams: other}
    assert texts[False].text == streamed_text(texts[True].body)
    assert texts[True].headers["Content-Type"].startswith("text/event-stream")
    assert texts[True].body.endswith(b"data: [DONE]\n\n")


def streamed_text(stream: bytes) -> str:
    text = ""
    for event in stream.split(b"\n\n"):
        data = event.removeprefix(b"data: ")
        if data and data != b"[DONE]":
            for choice in msgspec.json.decode(data)["choices"]:
                text += choice["delta"].get("content") or ""
    return text


async def test_usage_is_asked_for_and_hidden(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    plain = await proxy.chat("Do you count?", stream=True)
    assert b'"usage"' not in plain.body
    assert msgspec.json.decode(upstream.calls[0].body)["stream_options"] == {"include_usage": True}
    asked = await proxy.chat("Do you count?", stream=True, stream_options={"include_usage": True})
    assert "hit" in asked.cache
    assert b'"usage":{' in asked.body.replace(b" ", b"")
    (row,) = await proxy.rows(plain.request_id)
    assert row["state"] == "final"
    assert row["output_tokens"] > 0


async def test_tenants_never_share(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    await proxy.chat("A secret of mine")
    other = await proxy.chat("A secret of mine", headers={"Authorization": "Bearer other"})
    assert "fwd=uri-miss" in other.cache
    assert len(upstream.calls) == 2


@pytest.mark.parametrize(
    ("headers", "cache", "calls"),
    [
        ({"Cache-Control": "no-store"}, "halfpenny; fwd=bypass; detail=no-store", 2),
        ({"Halfpenny-Cache": "off"}, "halfpenny; fwd=bypass; detail=request", 2),
        ({"Cache-Control": "no-cache"}, "halfpenny; fwd=request; stored", 2),
        ({"Cache-Control": "max-age=0"}, "halfpenny; fwd=uri-miss; stored", 2),
        ({"Cache-Control": "max-age=600"}, "hit", 1),
        ({"Cache-Control": "only-if-cached"}, "hit", 1),
        ({"Halfpenny-Cache": "exact"}, "hit", 1),
    ],
)
async def test_wishes(
    proxy: Proxy, upstream: ScriptedUpstream, headers: dict[str, str], cache: str, calls: int
) -> None:
    await proxy.chat("Make a wish")
    await asyncio.sleep(0.01)
    answer = await proxy.chat("Make a wish", headers=headers)
    assert cache in answer.cache
    assert len(upstream.calls) == calls
    assert "cache-control" not in {name.lower() for name, _ in upstream.calls[-1].headers}


async def test_only_if_cached_and_not_cached_is_504(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    answer = await proxy.chat("Never asked", headers={"Cache-Control": "only-if-cached"})
    assert answer.status == 504
    assert answer.json()["error"]["code"] == "not_cached"
    assert upstream.calls == []


ALWAYS = ["[[status=500]]", "[[status=400]]", "[[200error]]", "[[html502]]", "[[length]]", "[[filter]]", "[[cut=3]]"]
ONLY_STREAMS = ["[[sse_error=2]]", "[[end=3]]"]


@pytest.mark.parametrize(
    ("marker", "stream"),
    [(marker, stream) for marker in ALWAYS for stream in (True, False)] + [(marker, True) for marker in ONLY_STREAMS],
)
async def test_what_is_not_whole_and_good_is_never_stored(
    serve: Serve, upstream: ScriptedUpstream, marker: str, stream: bool
) -> None:
    proxy = await serve(one_backend(upstream, "[retry]\nattempts = 0\n"))
    for _ in range(2):
        with contextlib.suppress(aiohttp.ClientPayloadError):
            answer = await proxy.chat(f"Fail {marker}", stream=stream)
            assert "hit" not in answer.cache
    assert len(upstream.calls) == 2
    assert await proxy.app.writer.flush(5)
    assert (await proxy.app.sql.stats(0.0)).entries == 0


async def test_an_upstreams_error_passes_through_unchanged(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, "[retry]\nattempts = 0\n"))
    through = await proxy.chat("[[status=400]]")
    async with proxy.session.post(
        upstream.base_url + "/chat/completions",
        json={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "[[status=400]]"}]},
    ) as direct:
        assert (through.status, through.json()) == (direct.status, await direct.json())


async def test_a_passing_failure_is_tried_again_unseen(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    answer = await proxy.chat("Be [[flaky=1]] brave")
    assert answer.status == 200
    assert len(upstream.calls) == 2
    rows = await proxy.rows(answer.request_id)
    assert [row["outcome"] for row in rows] == [None, "miss"]
    assert [row["status"] for row in rows] == [500, 200]


async def test_nothing_is_tried_again_after_content(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    with pytest.raises(Exception, match="payload"):
        await proxy.chat("Break off [[cut=3]]", stream=True)
    assert len(upstream.calls) == 1


async def test_a_cut_stream_ends_in_an_error_event_and_no_clean_end(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    got = b""
    body = msgspec.json.encode(
        {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "Half [[end=2]] only"}]}
    )
    async with proxy.session.post(proxy.url + "/v1/chat/completions", data=body) as reply:
        request_id = reply.headers["Halfpenny-Request-Id"]
        with contextlib.suppress(aiohttp.ClientPayloadError):
            while not reply.content.at_eof():
                got += await reply.content.readany()
        assert isinstance(reply.content.exception(), aiohttp.ClientPayloadError)
    assert b'"code":"upstream_truncated"' in got
    assert b"[DONE]" not in got
    (row,) = await proxy.rows(request_id)
    assert (row["outcome"], row["state"]) == ("error", "estimated")


async def test_volatile_prompts_are_not_stored(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    for _ in range(2):
        answer = await proxy.chat("What is the weather in Hanoi right now?")
        assert answer.cache == "halfpenny; fwd=bypass; detail=volatile"
    assert len(upstream.calls) == 2


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{not json", 400, "invalid_json"),
        (b'{"model": "gpt-4o-mini"}', 400, "missing_required_parameter"),
        (b'{"model": 4, "messages": [{"role": "user", "content": "x"}]}', 400, "invalid_type"),
    ],
)
async def test_bad_input_is_refused_in_the_dialect(
    proxy: Proxy, upstream: ScriptedUpstream, body: bytes, status: int, code: str
) -> None:
    answer = await proxy.post("/v1/chat/completions", body)
    assert answer.status == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert answer.headers["Halfpenny-Error"] == code == answer.json()["error"]["code"]
    assert upstream.calls == []
    (row,) = await proxy.rows(answer.request_id)
    assert (row["kind"], row["outcome"]) == ("refusal", "error")


async def test_an_unknown_model_is_named(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream).replace('kind = "openai"', 'kind = "openai"\nmodels = ["gpt-*"]'))
    answer = await proxy.chat("hello", model="nonesuch")
    assert answer.status == 404
    assert answer.json()["error"]["code"] == "model_not_found"
    assert "nonesuch" in answer.json()["error"]["message"]


async def test_an_encoded_body_is_the_upstreams_to_read(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    await proxy.post("/v1/chat/completions", b"x", headers={"Content-Encoding": "br"})
    assert upstream.calls[0].body == b"x"


async def test_an_encoded_body_is_refused_where_rules_depend_on_its_text(
    serve: Serve, upstream: ScriptedUpstream
) -> None:
    rule = '[[routes]]\nname = "r"\nbackends = ["up"]\nrules = [{ match = { prompt = "secret" }, deny = "no" }]\n'
    judging = await serve(one_backend(upstream, rule))
    refused = await judging.post("/v1/chat/completions", b"x", headers={"Content-Encoding": "br"})
    assert (refused.status, refused.headers["Halfpenny-Error"]) == (415, "unsupported_encoding")


async def test_an_oversized_body_is_refused(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream).replace("[server]", '[server]\nbody_limit = "10KB"'))
    answer = await proxy.post("/v1/chat/completions", b" " * 20_000)
    assert answer.status == 413
    assert "10000 bytes" in answer.json()["error"]["message"]


async def herd(proxy: Proxy, text: str, count: int, **fields: Any) -> list[Any]:
    return await asyncio.gather(*(proxy.chat(text, **fields) for _ in range(count)), return_exceptions=True)


@pytest.mark.parametrize("stream", [True, False])
async def test_identical_requests_in_flight_share_one_call(
    proxy: Proxy, upstream: ScriptedUpstream, stream: bool
) -> None:
    answers = await herd(proxy, "All at once [[delay=0.5 chunks=20 gap=0.01]]", 50, stream=stream)
    assert len(upstream.calls) == 1
    assert len({answer.body for answer in answers}) == 1
    collapsed = [answer for answer in answers if "collapsed" in answer.cache]
    assert len(collapsed) == 49
    report = await proxy.report()
    assert report.outcomes == {"exact": 0, "semantic": 0, "coalesced": 49, "miss": 1, "bypass": 0, "error": 0}


async def test_followers_of_a_failed_flight_elect_one_new_leader(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, "[retry]\nattempts = 0\n"))
    answers = await herd(proxy, "First [[flaky=1 delay=0.2]] fails", 20)
    assert len(upstream.calls) == 2
    assert sorted(answer.status for answer in answers) == [200] * 19 + [500]


async def test_each_of_a_flight_sees_usage_only_if_it_asked(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    text = "Who asked? [[chunks=10 gap=0.02]]"
    answers = await asyncio.gather(
        proxy.chat(text, stream=True),
        proxy.chat(text, stream=True, stream_options={"include_usage": True}),
        proxy.chat(text, stream=True),
        proxy.chat(text, stream=True, stream_options={"include_usage": True}),
    )
    assert len(upstream.calls) == 1
    assert [b'"usage"' in answer.body for answer in answers] == [False, True, False, True]
    assert len({streamed_text(answer.body) for answer in answers}) == 1


async def test_a_request_that_takes_too_long_is_given_up(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream).replace("[server]", '[server]\ntotal_timeout = "300ms"'))
    answer = await proxy.chat("Slow [[delay=20]]")
    assert (answer.status, answer.json()["error"]["code"]) == (504, "total_timeout")
    with pytest.raises(aiohttp.ClientPayloadError):
        await proxy.chat("Slow [[stall=2]]", stream=True)
    report = await proxy.report()
    assert report.requests == 2
    assert report.outcomes["error"] == 2


async def test_a_server_that_refuses_the_usage_option_is_asked_without(
    serve: Serve, upstream: ScriptedUpstream
) -> None:
    def picky(call: Any) -> Script | None:
        return Script(status=400, code="unknown stream_options") if b"stream_options" in call.body else None

    upstream._script = picky
    proxy = await serve(one_backend(upstream))
    for number in range(2):
        answer = await proxy.chat(f"Plain {number}", stream=True)
        assert answer.status == 200
        assert streamed_text(answer.body)
    assert [b"stream_options" in call.body for call in upstream.calls] == [True, False, False]


async def test_spans_follow_the_genai_conventions(serve: Serve, upstream: ScriptedUpstream) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    proxy = await serve(one_backend(upstream))
    proxy.app.services.tracing = Tracing(provider)
    answer = await proxy.chat("Trace me")
    await proxy.chat("Trace me")
    (span,) = exporter.get_finished_spans()
    assert span.name == "chat gpt-4o-mini"
    assert span.attributes is not None
    assert span.attributes["gen_ai.operation.name"] == "chat"
    assert span.attributes["gen_ai.usage.output_tokens"] == answer.json()["usage"]["completion_tokens"]
    assert span.attributes["halfpenny.request_id"] == answer.request_id
