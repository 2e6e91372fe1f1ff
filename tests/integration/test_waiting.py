"""Heartbeats while a cold upstream is awaited, what may follow them, and stored streams at a natural pace."""

import asyncio
import time
from typing import Any

import msgspec
import openai
import pytest

from tests.conftest import Proxy, Serve, one_backend
from tests.upstream import ScriptedUpstream

BEAT = b": ping\n"


@pytest.fixture
async def beating(serve: Serve, upstream: ScriptedUpstream) -> Proxy:
    proxy: Proxy = await serve(
        one_backend(upstream).replace("[server]", '[server]\nheartbeat = "100ms"') + "[retry]\nattempts = 0\n"
    )
    return proxy


async def stream(proxy: Proxy, text: str, **fields: Any) -> tuple[list[str], Exception | None]:
    """What the official client makes of it: the pieces of text, and its exception."""
    pieces: list[str] = []
    async with openai.AsyncOpenAI(base_url=f"{proxy.url}/v1", api_key="k", max_retries=0) as client:
        try:
            answer = await client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": text}], stream=True, **fields
            )
            async for chunk in answer:
                if chunk.choices and chunk.choices[0].delta.content:
                    pieces.append(chunk.choices[0].delta.content)
        except Exception as error:
            return pieces, error
    return pieces, None


async def test_a_cold_upstream_is_awaited_with_heartbeats(beating: Proxy, upstream: ScriptedUpstream) -> None:
    text = "[[delay=0.45]] Warm up"
    raw = await beating.chat(text, stream=True)
    assert raw.status == 200
    assert raw.headers["Content-Type"].startswith("text/event-stream")
    assert raw.body.startswith(BEAT)
    assert 3 <= raw.body.count(BEAT) <= 4
    assert raw.body.endswith(b"data: [DONE]\n\n")
    assert raw.cache == "halfpenny; fwd=uri-miss"
    again = await beating.chat(text, stream=True)
    assert again.cache.startswith("halfpenny; hit")
    assert BEAT not in again.body
    assert again.body in raw.body


async def test_the_official_client_reads_past_heartbeats(beating: Proxy) -> None:
    calm, failed = await stream(beating, "Say something")
    assert not failed
    cold, failed = await stream(beating, "[[delay=0.35]] Say something")
    assert not failed
    assert calm
    assert cold


async def test_no_heartbeat_for_who_does_not_stream(beating: Proxy) -> None:
    answer = await beating.chat("[[delay=0.35]] Not streamed")
    assert answer.status == 200
    assert answer.json()["choices"]


async def test_an_error_after_heartbeats_is_an_error_event_and_a_broken_connection(
    beating: Proxy, upstream: ScriptedUpstream
) -> None:
    pieces, failed = await stream(beating, "[[delay=0.25]] [[status=503 code=overloaded]] Now fail")
    assert pieces == []
    assert isinstance(failed, openai.APIError)
    assert not isinstance(failed, openai.APIConnectionError)
    assert failed.code == "overloaded"
    assert (await beating.report()).outcomes["error"] == 1


async def test_a_refusal_of_ours_after_heartbeats_is_an_error_event(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(
        one_backend(upstream)
        .replace("[server]", '[server]\nheartbeat = "100ms"')
        .replace('kind = "openai"', 'kind = "openai"\nfirst_byte_timeout = "300ms"')
    )
    pieces, failed = await stream(proxy, "[[stall=-1]] Never")
    assert pieces == []
    assert isinstance(failed, openai.APIError)
    assert failed.code == "upstream_timeout"
    rows = (await proxy.report()).outcomes
    assert rows["error"] == 1
    assert sum(rows.values()) == 1


async def test_a_cut_after_heartbeats_is_not_a_clean_end(beating: Proxy) -> None:
    _, failed = await stream(beating, "[[delay=0.25]] [[chunks=6 cut=3]] Cut")
    assert failed is not None


async def test_followers_get_heartbeats_too(beating: Proxy, upstream: ScriptedUpstream) -> None:
    text = "[[delay=0.35]] Together"
    answers = await asyncio.gather(*(beating.chat(text, stream=True) for _ in range(3)))
    assert len(upstream.calls) == 1
    assert len({answer.body.replace(BEAT, b"") for answer in answers}) == 1
    assert all(answer.body.startswith(BEAT) for answer in answers)


async def test_switched_off_the_client_waits_for_the_upstreams_own_head(
    serve: Serve, upstream: ScriptedUpstream
) -> None:
    proxy = await serve(one_backend(upstream).replace("[server]", '[server]\nheartbeat = "0s"'))
    answer = await proxy.chat("[[delay=0.3]] [[status=400]] Wait", stream=True)
    assert answer.status == 400


async def test_anthropics_heartbeat_is_its_ping_event(beating: Proxy) -> None:
    body = msgspec.json.encode(
        {
            "model": "m",
            "max_tokens": 9,
            "stream": True,
            "messages": [{"role": "user", "content": "[[delay=0.25]] hello"}],
        }
    )
    answer = await beating.post("/v1/messages", body, headers={"anthropic-version": "2023-06-01"})
    assert answer.body.startswith(b'event: ping\ndata: {"type": "ping"}\n\n')
    assert b"event: message_stop" in answer.body


async def test_googles_client_tolerates_nothing_and_gets_nothing(beating: Proxy) -> None:
    body = msgspec.json.encode({"contents": [{"role": "user", "parts": [{"text": "[[delay=0.25]] hello"}]}]})
    answer = await beating.post("/v1beta/models/m:streamGenerateContent?alt=sse", body)
    assert answer.body.startswith(b"data: ")


async def test_a_stored_stream_is_replayed_at_the_pace_that_is_set(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream) + "[cache]\nreplay_rate = 50\n[cache.exact]\nenabled = true\n")
    text = "[[chunks=10]] Slowly please"
    first = await proxy.chat(text, stream=True)
    for _ in range(2):
        began = time.monotonic()
        again = await proxy.chat(text, stream=True)
        assert time.monotonic() - began > 0.15
        assert again.cache.startswith("halfpenny; hit")
        assert again.body == first.body
    assert (await proxy.chat(text)).cache.startswith("halfpenny; hit")
