"""Every path that no surface reads goes through byte for byte; upgrades are piped."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator

import aiohttp
import pytest
from yarl import URL

from tests.conftest import Proxy, Serve, one_backend
from tests.upstream import ScriptedUpstream


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_method_target_headers_and_body_arrive_unchanged(
    proxy: Proxy, upstream: ScriptedUpstream, method: str
) -> None:
    data = os.urandom(5000) if method in ("POST", "PUT", "PATCH") else None
    headers = {"X-Mixed-Case": "a", "x-lower": "ümlaut", "Authorization": "Bearer k"}
    url = URL(proxy.url + "/v1/fine_tuning/jobs/%2e%2E/x;y?b=2&a=%20+1&b=1", encoded=True)
    async with proxy.session.request(method, url, data=data, headers=headers) as reply:
        echoed = await reply.json(content_type=None)
        assert reply.status == 200
        assert reply.headers["Cache-Status"] == "halfpenny; fwd=bypass"
    (call,) = upstream.calls
    assert call.method == method
    assert call.target == "/v1/fine_tuning/jobs/%2e%2E/x;y?b=2&a=%20+1&b=1"
    names = [name for name, _ in call.headers]
    assert [n for n in names if n in headers] == list(headers)
    if data is not None:
        assert echoed["body_sha256"] == hashlib.sha256(data).hexdigest()


async def test_a_chunked_upload_streams_through_unbuffered(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    piece = os.urandom(1 << 20)
    sent = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield piece
        sent.set()

    # larger than server.body_limit, which holds for what must be understood, not for what passes through
    async with proxy.session.post(proxy.url + "/v1/uploads", data=pieces()) as reply:
        assert reply.status == 200
    assert upstream.calls[0].body == piece * 40
    assert sent.is_set()


async def test_head_requests_have_no_body(proxy: Proxy) -> None:
    async with proxy.session.head(proxy.url + "/v1/things") as reply:
        assert await reply.read() == b""
        assert "Halfpenny-Request-Id" in reply.headers


async def test_a_multipart_upload_passes(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    form = aiohttp.FormData()
    form.add_field("purpose", "batch")
    form.add_field("file", b"{}\n" * 1000, filename="x.jsonl", content_type="application/jsonl")
    async with proxy.session.post(proxy.url + "/v1/files", data=form) as reply:
        assert reply.status == 200
    assert b'filename="x.jsonl"' in upstream.calls[0].body
    rows = await proxy.rows(reply.headers["Halfpenny-Request-Id"])
    assert [(row["outcome"], row["surface"], row["status"]) for row in rows] == [("bypass", "passthrough", 200)]


async def test_websockets_are_piped_both_ways(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    async with proxy.session.ws_connect(proxy.url + "/v1/realtime?model=x") as socket:
        for size in (1, 1000, 200_000):
            message = "é" * size
            await socket.send_str(message)
            assert (await socket.receive_str(timeout=5)) == message
        await socket.send_bytes(b"\0\1\2")
        assert (await socket.receive_bytes(timeout=5)) == b"\0\1\2"
    assert upstream.calls[0].target == "/v1/realtime?model=x"
    async with asyncio.timeout(5):
        while proxy.app.pipeline.in_flight or proxy.app.data_server.connections:
            await asyncio.sleep(0.01)


async def test_an_upstream_that_is_down_is_a_clear_error(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream).replace(upstream.base_url, "http://127.0.0.1:1/v1"))
    for path in ("/v1/anything", "/v1/models"):
        answer = await proxy.get(path)
        assert answer.status == 502
        assert answer.json()["error"]["code"] == "upstream_unreachable"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await proxy.session.ws_connect(proxy.url + "/v1/realtime")
    assert refused.value.status == 502


async def test_models_of_one_remote_backend_pass_through(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    through = await proxy.get("/v1/models")
    async with proxy.session.get(upstream.base_url + "/models") as direct:
        assert through.body == await direct.read()


async def test_models_of_several_backends_are_merged(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, '[[backends]]\nname = "toy"\nkind = "echo"\nmodel = "toy-1"\n'))
    listed = {model["id"] for model in (await proxy.get("/v1/models")).json()["data"]}
    assert {"toy-1", "gpt-4o-mini"} <= listed
    assert (await proxy.get("/v1/models/toy-1")).json()["id"] == "toy-1"
    missing = await proxy.get("/v1/models/nonesuch")
    assert (missing.status, missing.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET http://evil/v1/models HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /v1/x HTTP/2.0\r\nHost: x\r\n\r\n", 400),
        (b"POST /v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        (b"NONSENSE\r\n\r\n", 400),
    ],
)
async def test_ambiguous_framing_never_reaches_the_upstream(
    proxy: Proxy, upstream: ScriptedUpstream, request_head: bytes, status: int
) -> None:
    reader, writer = await asyncio.open_connection(*proxy.app.data_address)
    try:
        writer.write(request_head)
        async with asyncio.timeout(5):
            line = await reader.readline()
        assert int(line.split()[1]) == status
    finally:
        writer.close()
        await writer.wait_closed()
    assert upstream.calls == []


async def test_a_head_that_never_ends_is_cut(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream).replace("[server]", '[server]\nheader_timeout = "200ms"'))
    reader, writer = await asyncio.open_connection(*proxy.app.data_address)
    try:
        writer.write(b"GET /v1/x HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        async with asyncio.timeout(3):
            assert await reader.read() == b""
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_body_that_stalls_is_cut(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream).replace("[server]", '[server]\nbody_idle_timeout = "200ms"'))
    reader, writer = await asyncio.open_connection(*proxy.app.data_address)
    try:
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        async with asyncio.timeout(3):
            answer = await reader.read()
        assert b" 408 " in answer.splitlines()[0]
        assert b"body_timeout" in answer
    finally:
        writer.close()
        await writer.wait_closed()
