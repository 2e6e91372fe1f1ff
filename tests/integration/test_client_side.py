"""What a client's side of a request must keep in odd company: followers in another mode, answers that end oddly, a
configuration that changes under a body seen before, credentials under names of their own."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from tests.conftest import Answer, Proxy, Serve, one_backend
from tests.raw_upstream import RawUpstream
from tests.upstream import ScriptedUpstream

SSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
END = b"0\r\n\r\n"


def piece(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    document = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + msgspec.json.encode(document) + b"\n\n"


GOOD = [chunk({"role": "assistant", "content": "hello "}), chunk({"content": "world"}), chunk({}, "stop")]
DONE = b"data: [DONE]\n\n"


@contextlib.asynccontextmanager
async def held(last: bytes, *, reset: bool = False) -> AsyncIterator[tuple[RawUpstream, asyncio.Event]]:
    """An upstream that sends `GOOD` and, once it may, the rest; then a clean end or a reset."""
    go = asyncio.Event()

    async def answer(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(SSE + b"\r\n" + b"".join(piece(event) for event in GOOD))
        await writer.drain()
        await go.wait()
        writer.write(piece(last))
        if reset:
            await writer.drain()
            await asyncio.sleep(0.05)
            writer.transport.abort()
        else:
            writer.write(END)

    async with RawUpstream(answer) as upstream:
        yield upstream, go


async def leader_and_follower(proxy: Proxy, go: asyncio.Event, **fields: Any) -> tuple[Answer, Answer]:
    leader = asyncio.create_task(proxy.chat("q", stream=True))
    await asyncio.sleep(0.15)
    follower = asyncio.create_task(proxy.chat("q", **fields))
    await asyncio.sleep(0.15)
    go.set()
    return await leader, await follower


async def test_a_reset_after_the_last_event_takes_nothing_from_a_follower(serve: Serve) -> None:
    async with held(DONE, reset=True) as (upstream, go):
        proxy = await serve(one_backend(upstream))  # type: ignore[arg-type]
        leader, follower = await leader_and_follower(proxy, go)
        assert leader.body.endswith(DONE)
        assert (follower.status, follower.text) == (200, "hello world")
        assert upstream.calls == 1


async def test_a_follower_of_a_call_that_failed_inside_its_stream_saved_nothing(serve: Serve) -> None:
    error = b'data: {"error": {"message": "boom", "type": "server_error", "code": null, "param": null}}\n\n'
    async with held(error) as (upstream, go):
        proxy = await serve(one_backend(upstream))  # type: ignore[arg-type]
        _, follower = await leader_and_follower(proxy, go, stream=True)
        [row] = await proxy.rows(follower.request_id)
        assert row["outcome"] == "error"
        assert row["saved_usd"] == "0.000000"
        figures = await proxy.report()
        assert figures.saved_usd == "0.000000"
        assert figures.outcomes["error"] == 2


async def test_an_encoded_stream_after_heartbeats_is_not_written_as_text(serve: Serve) -> None:
    async def answer(body: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        packed = gzip.compress(b"".join([*GOOD, DONE]))
        writer.write(SSE + b"Content-Encoding: gzip\r\n\r\n" + piece(packed) + END)

    async with RawUpstream(answer) as upstream:
        text = one_backend(upstream)  # type: ignore[arg-type]
        proxy = await serve(text.replace("[server]", '[server]\nheartbeat = "100ms"'))
        with pytest.raises(aiohttp.ClientPayloadError):
            await proxy.chat("q", stream=True)


async def test_a_neighbour_without_a_form_in_the_followers_mode_is_no_hit(serve: Serve) -> None:
    odd = [chunk({"content": "hello", "weird": "a"}), chunk({"content": "x", "weird": 1}), chunk({}, "stop"), DONE]

    async def answer(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(SSE + b"\r\n" + b"".join(piece(event) for event in odd) + END)

    async with RawUpstream(answer) as upstream:
        text = one_backend(upstream)  # type: ignore[arg-type]
        proxy = await serve(text.replace('embedder = "hashing"', 'embedder = "hashing"\nmin_similarity = 0.1'))
        await proxy.chat("please tell me how tall the tower is", stream=True)
        await asyncio.sleep(0.2)
        neighbours = proxy.app.services.neighbours
        assert neighbours is not None
        real = neighbours.embed

        async def slow(text: str) -> Any:
            vector = await real(text)
            await asyncio.sleep(0.3)
            return vector

        neighbours.embed = slow  # type: ignore[method-assign]
        rephrased = "please tell me how tall the towers is"
        leader = asyncio.create_task(proxy.chat(rephrased, stream=True))
        await asyncio.sleep(0.1)
        follower = await proxy.chat(rephrased)
        assert (await leader).status == 200
        assert follower.status in (200, 502)
        assert follower.headers.get("Halfpenny-Error") != "internal_error"


async def test_a_body_seen_before_is_not_answered_by_a_backend_that_no_longer_leads(
    serve: Serve, tmp_path: Path, upstream: ScriptedUpstream
) -> None:
    """A key file appears: the large backend is on, and what the small one said is no answer any more."""
    key = tmp_path / "key"
    large = f'[[backends]]\nname = "large"\nkind = "openai"\nbase_url = "{upstream.base_url}"\napi_key_file = "{key}"\n'
    routes = '[[routes]]\nname = "r"\nbackends = ["large", "up"]\n'
    proxy = await serve(one_backend(upstream, large + routes), path=tmp_path / "config.toml")
    for _ in range(3):
        assert (await proxy.chat("q")).headers["Halfpenny-Served-By"].startswith("up/")
    key.write_text("own")
    await proxy.app.reload()
    answer = await proxy.chat("q")
    assert answer.headers["Halfpenny-Served-By"].startswith("large/")
    assert answer.cache == "halfpenny; fwd=uri-miss; stored"


@pytest.mark.parametrize(
    "name",
    ["Ocp-Apim-Subscription-Key", "apikey", "x-portkey-api-key", "x-portkey-config", "Helicone-Auth", "X-My-Secret"],
)
async def test_a_credential_of_any_name_parts_the_tenants(proxy: Proxy, name: str) -> None:
    for value in ("ann", "bob"):
        answer = await proxy.chat("q", headers={name: value, "Authorization": ""})
        assert answer.cache == "halfpenny; fwd=uri-miss; stored", value
    assert (await proxy.chat("q", headers={name: "bob", "Authorization": ""})).cache.startswith("halfpenny; hit")


async def test_a_key_that_makes_retries_safe_is_no_credential(proxy: Proxy) -> None:
    await proxy.chat("q", headers={"Idempotency-Key": "1"})
    assert (await proxy.chat("q", headers={"Idempotency-Key": "2"})).cache.startswith("halfpenny; hit")


async def test_our_own_limit_is_not_booked_as_the_clients_leaving(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream).replace("[server]", '[server]\ntotal_timeout = "300ms"'))
    answer = await proxy.chat("[[delay=3]] q")
    assert (answer.status, answer.headers["Halfpenny-Error"]) == (504, "total_timeout")
    await asyncio.sleep(0.1)
    [row] = await proxy.rows(answer.request_id)
    assert row["outcome"] == "error"
    assert not row["client_gone"]
    assert "total_timeout" in row["error"]


async def test_usage_that_was_asked_for_is_not_missing_from_a_hit(serve: Serve, upstream: ScriptedUpstream) -> None:
    text = one_backend(upstream).replace('kind = "openai"', 'kind = "openai"\nusage_in_stream = false')
    proxy = await serve(text)
    assert b'"usage"' not in (await proxy.chat("q", stream=True)).body
    asked = await proxy.chat("q", stream=True, stream_options={"include_usage": True})
    assert b'"usage"' in asked.body
    assert len(upstream.calls) == 2
    again = await proxy.chat("q", stream=True, stream_options={"include_usage": True})
    assert again.cache.startswith("halfpenny; hit")
    assert again.body == asked.body


async def test_bytes_that_are_no_utf8_pass(serve: Serve) -> None:
    odd = b'{"choices": [{"message": {"content": "\xff"}}]}'

    async def answer(body: bytes, writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(odd)
        writer.write(head + odd)

    async with RawUpstream(answer) as upstream:
        proxy = await serve(one_backend(upstream))  # type: ignore[arg-type]
        got = await proxy.chat("q")
        assert got.headers.get("Halfpenny-Error") != "internal_error"
        assert got.status in (200, 502)


async def test_a_drain_waits_for_a_paced_answer(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream) + "[cache]\nreplay_rate = 20\n")
    text = "[[chunks=8]] q"
    first = await proxy.chat(text, stream=True)
    paced = asyncio.create_task(proxy.chat(text, stream=True))
    await asyncio.sleep(0.15)
    assert proxy.app.pipeline.in_flight == 1
    assert await proxy.app.pipeline.wait_idle(5)
    assert (await paced).body == first.body
