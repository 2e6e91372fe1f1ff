"""Clients that leave, in every phase: the upstream is closed within 250 ms, unless somebody else still waits."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from tests.conftest import Proxy
from tests.integration.test_main_job import streamed_text
from tests.upstream import ScriptedUpstream

LIMIT_S = 0.25


def body(text: str, **fields: Any) -> bytes:
    return msgspec.json.encode({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **fields})


class RawClient:
    """A client on a bare socket, so that it can leave at any byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes, *, length: int | None = None) -> None:
        self.writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer test-key\r\nContent-Length: %d\r\n\r\n" % (len(data) if length is None else length)
        )
        self.writer.write(data)
        await self.writer.drain()

    async def read_until(self, mark: bytes) -> bytes:
        async with asyncio.timeout(5):
            return await self.reader.readuntil(mark)


@contextlib.asynccontextmanager
async def raw_client(proxy: Proxy) -> AsyncIterator[RawClient]:
    reader, writer = await asyncio.open_connection(*proxy.app.data_address)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def until(condition: Any, *, timeout_s: float = 5.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("script", ["[[delay=30]]", "[[stall=3]]"])
async def test_the_upstream_is_closed_when_the_only_client_leaves(
    proxy: Proxy, upstream: ScriptedUpstream, script: str, stream: bool
) -> None:
    async with raw_client(proxy) as client:
        await client.send(body(f"Wait {script}", stream=stream))
        await until(lambda: upstream.calls)
        if stream and "stall" in script:
            for _ in range(3):
                await client.read_until(b'"content":')
        else:
            await asyncio.sleep(0.05)
        left = time.monotonic()
    call = upstream.calls[0]
    await until(lambda: call.client_left_at is not None)
    assert call.client_left_at is not None
    assert call.client_left_at - left < LIMIT_S
    assert await proxy.app.writer.flush(5)
    report = await proxy.report()
    assert report.outcomes["error"] == 1
    assert report.estimated_rows == 1
    assert (await proxy.app.sql.stats(0.0)).entries == 0
    assert len(proxy.app.services.flights) == 0


async def test_a_half_sent_body_is_silence_and_no_call(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    async with raw_client(proxy) as client:
        await client.send(b'{"model": "gpt', length=1000)
        await asyncio.sleep(0.05)
    await until(lambda: proxy.app.pipeline.in_flight == 0)
    assert upstream.calls == []


@pytest.mark.parametrize("leave_after", ["head", "chunks"])
async def test_a_hundred_streams_are_one_call_and_survive_their_first_client(
    proxy: Proxy, upstream: ScriptedUpstream, leave_after: str
) -> None:
    question = body("Everybody asks this [[chunks=40 gap=0.02]]", stream=True)
    async with raw_client(proxy) as first:
        await first.send(question)
        await until(lambda: upstream.calls)
        others = [
            asyncio.create_task(proxy.post("/v1/chat/completions", question)) for _ in range(99)
        ]
        await first.read_until(b"\r\n\r\n")
        (flight,) = proxy.app.services.flights
        await until(lambda: flight.subscribers == 100)
        if leave_after == "chunks":
            for _ in range(8):
                await first.read_until(b'"content":')
    answers = await asyncio.gather(*others)
    assert len(upstream.calls) == 1
    assert upstream.calls[0].client_left_at is None
    texts = {streamed_text(answer.body) for answer in answers}
    assert len(texts) == 1
    assert len(texts.pop().split()) == 40
    assert all(answer.body.endswith(b"data: [DONE]\n\n") for answer in answers)
    repeat = await proxy.post("/v1/chat/completions", question)
    assert "detail=exact" in repeat.cache


async def test_when_all_leave_the_upstream_is_closed(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    question = body("Nobody stays [[stall=2]]", stream=True)
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(raw_client(proxy)) for _ in range(10)]
        for client in clients:
            await client.send(question)
        for client in clients:
            await client.read_until(b'"content":')
        assert len(upstream.calls) == 1
        left = time.monotonic()
    call = upstream.calls[0]
    await until(lambda: call.client_left_at is not None)
    assert call.client_left_at is not None
    assert call.client_left_at - left < LIMIT_S


async def test_a_slow_reader_holds_the_upstream_back(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    async with raw_client(proxy) as client:
        await client.send(body("A flood [[chunks=200000]]", stream=True))
        await client.read_until(b'"content":')
        sent = -1
        async with asyncio.timeout(20):
            while sent != upstream.calls[0].chunks_sent:
                sent = upstream.calls[0].chunks_sent
                await asyncio.sleep(0.5)
        assert sent < 200_000
