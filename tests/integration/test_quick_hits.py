"""The short way for hits: the same answers, rows and counts as the long way, and no harm to what follows."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from halfpenny.semantic_cache.base import PurgeFilter
from halfpenny.semantic_cache.stores.known import KnownKeys
from tests.conftest import Proxy
from tests.integration.test_disconnects import body
from tests.upstream import ScriptedUpstream


@asynccontextmanager
async def connection(proxy: Proxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*proxy.app.data_address)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()


def request(data: bytes, *, path: str = "/v1/chat/completions", more: str = "", version: str = "1.1") -> bytes:
    head = f"POST {path} HTTP/{version}\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    return (head + more + "\r\n").encode() + data


async def answer(reader: asyncio.StreamReader) -> tuple[dict[str, str], bytes]:
    async with asyncio.timeout(5):
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        assert status == "HTTP/1.1 200 OK"
        if headers.get("Transfer-Encoding") == "chunked":
            parts = b""
            while size := int(await reader.readline(), 16):
                parts += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
            return headers, parts
        return headers, await reader.readexactly(int(headers["Content-Length"]))


@pytest.mark.parametrize("stream", [True, False])
async def test_a_hit_in_one_piece_and_in_pieces_is_the_same(
    proxy: Proxy, upstream: ScriptedUpstream, stream: bool
) -> None:
    asked = request(body("How quick?", stream=stream))
    async with connection(proxy) as (reader, writer):
        writer.write(asked)
        await answer(reader)
        answers = []
        for pieces in (1, 1, 7):
            for at in range(pieces):
                size = len(asked) // pieces + 1
                writer.write(asked[at * size : (at + 1) * size])
                await writer.drain()
                await asyncio.sleep(0.005)
            answers.append(await answer(reader))
    varying = {"Halfpenny-Request-Id", "x-request-id", "Age", "Date", "Cache-Status"}
    fixed = [({k: v for k, v in headers.items() if k not in varying}, data) for headers, data in answers]
    assert fixed[0] == fixed[1] == fixed[2]
    assert all("detail=exact" in headers["Cache-Status"] for headers, _ in answers)
    assert len({headers["Halfpenny-Request-Id"] for headers, _ in answers}) == 3
    assert len(upstream.calls) == 1
    report = await proxy.report()
    assert (report.outcomes["miss"], report.outcomes["exact"], report.requests) == (1, 3, 4)
    metrics = proxy.app.metrics.render().decode()
    assert 'halfpenny_requests_total{outcome="exact",route="none",surface="chat"} 3.0' in metrics


async def test_pipelined_and_mixed_requests_keep_their_order(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    hit, miss = request(body("Known")), request(body("Unknown"))
    async with connection(proxy) as (reader, writer):
        writer.write(hit)
        _, known = await answer(reader)
        writer.write(hit + miss + hit)
        answers = [await answer(reader) for _ in range(3)]
        writer.write(hit)
        answers.append(await answer(reader))
    assert [data == known for _, data in answers] == [True, False, True, True]
    assert ["hit" in headers["Cache-Status"] for headers, _ in answers] == [True, False, True, True]
    assert len(upstream.calls) == 2


async def test_wishes_tenants_and_versions_take_the_long_way(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    asked = body("Known")
    async with connection(proxy) as (reader, writer):
        writer.write(request(asked))
        await answer(reader)
        for more, expected in (
            ("Cache-Control: no-cache\r\n", "fwd=request"),
            ("Halfpenny-Cache: off\r\n", "fwd=bypass"),
            ("Authorization: Bearer other\r\n", "fwd=uri-miss"),
            ("Connection: keep-alive\r\n", "hit"),
        ):
            writer.write(request(asked, more=more))
            headers, _ = await answer(reader)
            assert expected in headers["Cache-Status"]
        writer.write(request(asked, more="Connection: close\r\n"))
        headers, _ = await answer(reader)
        assert "hit" in headers["Cache-Status"]
        assert await reader.read() == b""


async def test_a_model_name_cannot_write_a_header(proxy: Proxy) -> None:
    """`Halfpenny-Served-By` holds the name that the caller gave."""
    evil = body("Who are you?", model="gpt\r\nX-Injected: yes")
    for _ in range(3):
        async with connection(proxy) as (reader, writer):
            writer.write(request(evil, more="Connection: close\r\n"))
            async with asyncio.timeout(5):
                received = await reader.read()
        assert b"\nX-Injected" not in received


async def test_an_idle_connection_of_hits_is_closed_in_time(proxy: Proxy) -> None:
    """The keep-alive clock runs for connections that never took the long way."""
    asked = request(body("Known"))
    async with connection(proxy) as (reader, writer):
        writer.write(asked)
        await answer(reader)
    async with connection(proxy) as (reader, writer):
        writer.write(asked)
        await answer(reader)
        (inside,) = proxy.app.data_server.connections
        assert inside._keepalive_handle is not None
        assert inside._next_keepalive_close_time > asyncio.get_running_loop().time() + 60


async def test_a_body_is_never_lost_or_taken_for_anothers(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    """Requests of every kind in turn on one connection: each reaches the upstream with its own body."""
    sent = []
    async with connection(proxy) as (reader, writer):
        for number in range(12):
            data = body(f"Number {number // 2}", stream=number % 3 == 0) if number % 2 else b'{"number": %d}' % number
            path = "/v1/chat/completions" if number % 2 else "/v1/other"
            writer.write(request(data, path=path))
            await answer(reader)
            sent.append(data)
    assert [call.body for call in upstream.calls if b"stream_options" not in call.body] == [
        data for data in sent if b'"stream":true' not in data
    ]


async def test_an_entry_of_another_process_is_found_a_little_later(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    """What the filter of known keys does not know yet is a miss; the poll brings it in."""
    cache = proxy.app.services.cache
    await proxy.chat("Shared")
    assert await proxy.app.writer.flush(5)
    (entry,) = await cache.sql.listing(0.0)
    cache.memory.purge_now(PurgeFilter(all=True), time.time() + 1)
    await cache.learn_keys()
    assert "detail=exact" in (await proxy.chat("Shared")).cache
    cache.memory.purge_now(PurgeFilter(all=True), time.time() + 1)
    cache._known = KnownKeys()
    assert await cache.get(entry.key, entry.created_s) is None
    await cache.refresh()
    assert await cache.get(entry.key, entry.created_s) is not None
