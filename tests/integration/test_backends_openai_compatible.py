"""OpenAICompatible over real sockets: byte-faithfulness, and every way in which an upstream can fail."""

import asyncio
import contextlib
import gzip
import hashlib
import json
import socket
import time
from collections.abc import AsyncIterator

import pytest

from halfpenny.backends.base import (
    BackendUnavailable,
    BadCall,
    BrokenReply,
    Call,
    ConnectError,
    PhaseTimeout,
    Timeouts,
)
from halfpenny.backends.openai_compatible import OpenAICompatible, read_all
from halfpenny.backends.secret import Secret
from tests.upstream import ScriptedUpstream, answer_to, count_tokens, events

PATIENT = Timeouts(connect_s=5, first_byte_s=5, idle_s=5, total_s=10)
SOON_S = 0.25
"""How soon an upstream must see that the client is gone."""


@pytest.fixture
async def up() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture
async def backend(up: ScriptedUpstream) -> AsyncIterator[OpenAICompatible]:
    made = OpenAICompatible(base_url=up.base_url)
    yield made
    await made.close()


def chat(text: str, timeouts: Timeouts = PATIENT, **fields: object) -> Call:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **fields}
    return Call(
        method="POST",
        target="/v1/chat/completions",
        headers=(("Content-Type", "application/json"), ("Authorization", "Bearer caller")),
        body=json.dumps(body).encode(),
        timeouts=timeouts,
    )


def get(target: str, *headers: tuple[str, str]) -> Call:
    return Call(method="GET", target=target, headers=headers, body=b"", timeouts=PATIENT)


async def text_of(stream: AsyncIterator[bytes]) -> str:
    parts = []
    async for data in events(stream):
        if data != "[DONE]":
            choices = json.loads(data)["choices"]
            parts += [choice["delta"].get("content", "") for choice in choices]
    return "".join(parts)


async def eventually(condition: object, within_s: float = SOON_S) -> None:
    assert callable(condition)
    give_up = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < give_up, "not in time"
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def raw_server(answer: bytes, *, close: bool = True, read: bool = True) -> AsyncIterator[str]:
    """A server that says exactly these bytes to every request."""
    writers = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if read:
            with contextlib.suppress(asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if close:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        for writer in writers:
            writer.close()
        server.close()


class TestFaithful:
    async def test_json(self, up: ScriptedUpstream, backend: OpenAICompatible) -> None:
        reply = await backend.call(chat("hello"))
        assert reply.status == 200
        answer = json.loads(await read_all(reply))
        assert answer["choices"][0]["message"]["content"] == answer_to("hello")
        assert up.calls[0].header("authorization") == "Bearer caller"

    async def test_stream(self, backend: OpenAICompatible) -> None:
        reply = await backend.call(chat("hello", stream=True))
        assert await text_of(reply.chunks()) == answer_to("hello")

    async def test_headers_keep_order_spelling_and_repeats(
        self, up: ScriptedUpstream, backend: OpenAICompatible
    ) -> None:
        sent = (
            ("X-second", "1"),
            ("accept", "*/*"),
            ("x-SECOND", "2"),
            ("X-Umlaut", "ü"),
            ("X-second", "3"),
            ("cookie", "a=b"),
        )
        reply = await backend.call(get("/v1/files", *sent))
        await read_all(reply)
        host, *rest = up.calls[0].headers
        assert host == ("Host", f"127.0.0.1:{up.port}")
        assert tuple((k, v.encode("latin-1").decode()) for k, v in rest) == sent
        # The reply's headers come back as they were spelled.
        assert ("x-Odd-CASE", "kept") in reply.headers

    async def test_framing_headers_stay_in_place(self, up: ScriptedUpstream, backend: OpenAICompatible) -> None:
        given = (("content-LENGTH", "2"), ("hOST", "proxy.example"), ("Expect", "100-continue"), ("X-A", "1"))
        call = Call(method="POST", target="/v1/files", headers=given, body=b"{}", timeouts=PATIENT)
        await read_all(await backend.call(call))
        names = [("content-LENGTH", "2"), ("hOST", f"127.0.0.1:{up.port}"), ("X-A", "1")]
        assert list(up.calls[0].headers) == names

    @pytest.mark.parametrize(
        "target",
        [
            "/v1//x/../y;p=1",
            "/v1/a%2fb%2F?x=%zz&y=a+b&&",
            "/v1/x?a={b}|c&d=%C3%BC",
            "/v1/%",
            "/v1/x?y=http://z/?q",
        ],
    )
    async def test_raw_target(self, up: ScriptedUpstream, backend: OpenAICompatible, target: str) -> None:
        await read_all(await backend.call(get(target)))
        assert up.calls[0].target == target

    @pytest.mark.parametrize("target", ["http://evil/v1/x", "*", "", "/v1/x#y"])
    async def test_target_that_is_no_path(self, backend: OpenAICompatible, target: str) -> None:
        with pytest.raises(BadCall):
            await backend.call(get(target))

    @pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "\udcff"])
    async def test_header_that_http_cannot_carry(
        self, up: ScriptedUpstream, backend: OpenAICompatible, value: str
    ) -> None:
        with pytest.raises(BadCall):
            await backend.call(get("/v1/x", ("X-A", value)))
        assert up.calls == []

    async def test_own_key_replaces_every_credential(self, up: ScriptedUpstream) -> None:
        backend = OpenAICompatible(base_url=up.base_url, api_key=Secret("own"), headers={"X-Extra": "e"})
        credentials = (("authorization", "Bearer caller"), ("x-api-key", "c"), ("api-key", "c"))
        given = (("X-A", "1"), *credentials, ("x-extra", "c"))
        await read_all(await backend.call(get("/v1/x", *given)))
        await backend.close()
        expected = (("X-A", "1"), ("Authorization", "Bearer own"), ("X-Extra", "e"))
        assert up.calls[0].headers[1:] == expected
        assert "own" not in repr(backend).replace("own key", "")

    async def test_streamed_request_body(self, up: ScriptedUpstream, backend: OpenAICompatible) -> None:
        first_seen = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b"one,"
            # The upstream has the request before the body is whole: it is not buffered.
            await eventually(lambda: up.open_calls == 1)
            first_seen.set()
            yield b"two"

        call = Call(method="PUT", target="/v1/files", headers=(), body=body(), timeouts=PATIENT)
        seen = json.loads(await read_all(await backend.call(call)))
        assert first_seen.is_set()
        assert seen["body_sha256"] == hashlib.sha256(b"one,two").hexdigest()
        assert up.calls[0].header("transfer-encoding") == "chunked"

    async def test_large_body(self, up: ScriptedUpstream, backend: OpenAICompatible) -> None:
        body = bytes(range(256)) * 20_000
        call = Call(method="POST", target="/v1/files", headers=(), body=body, timeouts=PATIENT)
        seen = json.loads(await read_all(await backend.call(call)))
        assert seen["body_sha256"] == hashlib.sha256(body).hexdigest()
        assert up.calls[0].headers[1:] == (("Content-Length", str(len(body))),)

    async def test_streamed_body_with_length(self, up: ScriptedUpstream, backend: OpenAICompatible) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b"ab"
            yield b"cd"

        headers = (("Content-Length", "4"),)
        call = Call(method="POST", target="/v1/files", headers=headers, body=body(), timeouts=PATIENT)
        await read_all(await backend.call(call))
        assert up.calls[0].body == b"abcd"
        assert up.calls[0].header("transfer-encoding") is None

    @pytest.mark.parametrize("own", [LookupError, ValueError, TimeoutError, ConnectionResetError])
    async def test_body_that_fails_raises_its_own_error(self, backend: OpenAICompatible, own: type[Exception]) -> None:
        async def body() -> AsyncIterator[bytes]:
            yield b"one"
            raise own("the client left")

        call = Call(method="POST", target="/v1/files", headers=(), body=body(), timeouts=PATIENT)
        with pytest.raises(own, match="the client left"):
            await backend.call(call)

    async def test_compressed_body_untouched(self) -> None:
        packed = gzip.compress(b'{"a": 1}')
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
        async with raw_server(head + packed) as base_url:
            backend = OpenAICompatible(base_url=base_url)
            reply = await backend.call(get("/v1/x"))
            assert await read_all(reply) == packed
            assert ("Content-Encoding", "gzip") in reply.headers
            await backend.close()

    async def test_redirect_and_cookie_are_only_passed_on(self) -> None:
        head = b"HTTP/1.1 303 See Other\r\nLocation: /other\r\nSet-Cookie: a=b\r\n"
        answer = head + b"Connection: close\r\nContent-Length: 0\r\n\r\n"
        async with raw_server(answer) as base_url:
            backend = OpenAICompatible(base_url=base_url)
            for _ in range(2):
                reply = await backend.call(get("/v1/x"))
                assert reply.status == 303
                assert ("Location", "/other") in reply.headers
                assert await read_all(reply) == b""
            await backend.close()


class TestFailures:
    async def test_refused_port(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as held:
            port = held.getsockname()[1]
        backend = OpenAICompatible(base_url=f"http://127.0.0.1:{port}/v1")
        with pytest.raises(ConnectError, match="refused"):
            await backend.call(chat("x"))
        problem = await backend.check()
        assert problem is not None
        assert "refused" in problem
        await backend.close()

    async def test_unknown_host(self) -> None:
        backend = OpenAICompatible(base_url="http://halfpenny.invalid/v1")
        with pytest.raises(ConnectError):
            await backend.call(chat("x"))
        await backend.close()

    async def test_blackhole(self) -> None:
        """A full listen queue: the kernel drops further SYNs, so connecting hangs."""
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(socket.socket())
            server.bind(("127.0.0.1", 0))
            server.listen(0)
            for _ in range(4):
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(server.getsockname())
            backend = OpenAICompatible(base_url=f"http://127.0.0.1:{server.getsockname()[1]}/v1")
            started = time.monotonic()
            with pytest.raises(PhaseTimeout) as caught:
                await backend.call(chat("x", Timeouts(connect_s=0.2)))
            assert caught.value.phase == "connect"
            assert time.monotonic() - started < 0.4
            await backend.close()

    async def test_pool_wait_is_connect_time(self, up: ScriptedUpstream) -> None:
        backend = OpenAICompatible(base_url=up.base_url, max_connections=1)
        held = await backend.call(chat("[[stall=1]]", stream=True))
        with pytest.raises(PhaseTimeout) as caught:
            await backend.call(chat("x", Timeouts(connect_s=0.1)))
        assert caught.value.phase == "connect"
        await held.close()
        await backend.close()

    @pytest.mark.parametrize(
        ("text", "limits", "phase"),
        [
            ("[[stall=-1]]", Timeouts(first_byte_s=0.15), "first_byte"),
            ("[[delay=5]]", Timeouts(first_byte_s=5, total_s=0.15), "total"),
        ],
    )
    async def test_slow_head(
        self, up: ScriptedUpstream, backend: OpenAICompatible, text: str, limits: Timeouts, phase: str
    ) -> None:
        started = time.monotonic()
        with pytest.raises(PhaseTimeout) as caught:
            await backend.call(chat(text, limits))
        assert caught.value.phase == phase
        assert 0.1 < time.monotonic() - started < 0.3
        await eventually(lambda: up.calls[0].client_left_at)

    @pytest.mark.parametrize(
        ("text", "limits", "phase"),
        [
            ("[[body_delay=5]]", Timeouts(first_byte_s=0.15), "first_byte"),
            ("[[stall=2]]", Timeouts(idle_s=0.15), "idle"),
            ("[[gap=0.05 chunks=50]]", Timeouts(idle_s=1, total_s=0.2), "total"),
        ],
    )
    async def test_slow_body(
        self, up: ScriptedUpstream, backend: OpenAICompatible, text: str, limits: Timeouts, phase: str
    ) -> None:
        reply = await backend.call(chat(text, limits, stream=True))
        with pytest.raises(PhaseTimeout) as caught:
            await text_of(reply.chunks())
        assert caught.value.phase == phase
        await eventually(lambda: up.calls[0].client_left_at)
        await reply.close()

    async def test_a_slow_reader_is_not_the_upstreams_fault(self, backend: OpenAICompatible) -> None:
        limits = Timeouts(first_byte_s=0.1, idle_s=0.1)
        reply = await backend.call(chat("x", limits, stream=True))
        await asyncio.sleep(0.15)
        assert await text_of(reply.chunks()) == answer_to("x")

    @pytest.mark.parametrize("how", ["cut", "rst"])
    async def test_cut_at_every_chunk(self, up: ScriptedUpstream, backend: OpenAICompatible, how: str) -> None:
        for chunks in range(5):
            text = f"[[chunks=4 {how}={chunks}]]"
            reply = await backend.call(chat(text, stream=True))
            got = b""
            with pytest.raises(BrokenReply):  # noqa: PT012 - what came before the error matters
                async for chunk in reply.chunks():
                    got += chunk
            assert b"[DONE]" not in got
            assert up.calls[-1].chunks_sent == chunks
            if how == "cut":
                assert got.count(b"data: ") == chunks

    @pytest.mark.parametrize("how", ["cut", "rst"])
    async def test_json_cut_in_the_middle(self, backend: OpenAICompatible, how: str) -> None:
        reply = await backend.call(chat(f"[[{how}=0]]"))
        with pytest.raises(BrokenReply):
            await read_all(reply)

    @pytest.mark.parametrize("how", ["cut", "rst"])
    async def test_cut_before_the_head_of_a_new_connection(
        self, up: ScriptedUpstream, backend: OpenAICompatible, how: str
    ) -> None:
        with pytest.raises(BrokenReply):
            await backend.call(chat(f"[[{how}=-1]]"))
        assert len(up.calls) == 1

    @pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
    async def test_no_method_is_sent_twice(
        self, up: ScriptedUpstream, backend: OpenAICompatible, method: str
    ) -> None:
        """aiohttp would repeat GET and PUT on a kept connection that breaks."""
        await read_all(await backend.call(chat("x")))
        seen = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                try:
                    head = await reader.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError:
                    break
                seen.append(head)
                if len(seen) == 1:
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                else:
                    break
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        other = OpenAICompatible(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await read_all(await other.call(get("/x")))
        with pytest.raises(ConnectError, match="kept connection"):
            await other.call(Call(method=method, target="/x", headers=(), body=b"", timeouts=PATIENT))
        assert len(seen) == 2
        await other.close()
        server.close()

    async def test_stale_kept_connection(self, up: ScriptedUpstream, backend: OpenAICompatible) -> None:
        """Closed by the server while idle: noticed, or reported as ConnectError; then a new connection works."""
        await read_all(await backend.call(chat("x")))
        await read_all(await backend.call(chat("y")))
        assert up.calls[0].client_port == up.calls[1].client_port
        assert up.drop_connections() == 1
        with contextlib.suppress(ConnectError):
            await read_all(await backend.call(chat("z")))
        await read_all(await backend.call(chat("z")))
        assert up.calls[-1].client_port != up.calls[0].client_port

    @pytest.mark.parametrize(
        "answer",
        [
            b"garbage\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            b"HTTP/1.1 999999 OK\r\n\r\n",
            b"",
        ],
    )
    async def test_not_http(self, answer: bytes) -> None:
        async with raw_server(answer) as base_url:
            backend = OpenAICompatible(base_url=base_url)
            with pytest.raises(BrokenReply) as caught:
                await backend.call(chat("x"))
            assert caught.value.__cause__ is not None
            await backend.close()

    @pytest.mark.parametrize(
        "rest",
        [
            b"Content-Length: 10\r\n\r\nshort",
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\nzz\r\n",
        ],
    )
    async def test_broken_framing(self, rest: bytes) -> None:
        async with raw_server(b"HTTP/1.1 200 OK\r\n" + rest) as base_url:
            backend = OpenAICompatible(base_url=base_url)
            with pytest.raises(BrokenReply):
                await read_all(await backend.call(get("/v1/x")))
            await backend.close()

    async def test_answer_before_the_body_was_read(self) -> None:
        answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
        async with raw_server(answer, close=False) as base_url:
            backend = OpenAICompatible(base_url=base_url)

            async def body() -> AsyncIterator[bytes]:
                yield b"start"
                await asyncio.Event().wait()

            reply = await backend.call(
                Call(method="POST", target="/v1/x", headers=(), body=body(), timeouts=PATIENT)
            )
            assert reply.status == 413
            assert await read_all(reply) == b"{}"
            await backend.close()


class TestLeaving:
    @pytest.mark.parametrize("stream", [True, False])
    async def test_cancel_while_waiting(
        self, up: ScriptedUpstream, backend: OpenAICompatible, stream: bool
    ) -> None:
        task = asyncio.create_task(backend.call(chat("[[delay=30]]", stream=stream)))
        await eventually(lambda: up.open_calls == 1, 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await eventually(lambda: up.calls[0].client_left_at)
        # A model that was at work has read the prompt.
        assert up.billed_pico_usd == up.price("gpt-4o-mini", count_tokens("[[delay=30]]"), 0)

    async def test_cancel_while_the_upstream_does_not_read(self) -> None:
        """20 MB wait in the socket: closing politely would wait for a reader that never comes."""
        closed = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.transport.pause_reading()
            with contextlib.suppress(ConnectionError):
                while not writer.transport.is_closing():
                    await asyncio.sleep(0.01)
                    if started.is_set():
                        writer.transport.resume_reading()
                        while await reader.read(1 << 20):
                            pass
                        break
            closed.set()
            writer.close()

        started = asyncio.Event()
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        backend = OpenAICompatible(base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        call = Call(method="POST", target="/x", headers=(), body=b"x" * 20_000_000, timeouts=PATIENT)
        task = asyncio.create_task(backend.call(call))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        started.set()
        async with asyncio.timeout(SOON_S):
            await closed.wait()
        await backend.close()
        server.close()

    async def test_close_mid_stream_is_billed_for_what_was_sent(
        self, up: ScriptedUpstream, backend: OpenAICompatible
    ) -> None:
        reply = await backend.call(chat("[[chunks=500 gap=0.02]]", stream=True))
        async for _ in reply.chunks():
            break
        left_at = time.monotonic()
        await reply.close()
        await reply.close()
        call = up.calls[0]
        await eventually(lambda: call.client_left_at)
        assert call.client_left_at is not None
        assert call.client_left_at - left_at < SOON_S
        assert call.completion_tokens == call.chunks_sent < 10
        assert up.billed_pico_usd == up.price("gpt-4o-mini", call.prompt_tokens, call.chunks_sent)

    async def test_close_wakes_a_reader(self, backend: OpenAICompatible) -> None:
        reply = await backend.call(chat("[[stall=1]]", stream=True))
        reading = asyncio.create_task(read_all(reply))
        await asyncio.sleep(0.05)
        await reply.close()
        with pytest.raises(BrokenReply):
            await reading

    async def test_cancelled_reader_closes(self, up: ScriptedUpstream, backend: OpenAICompatible) -> None:
        reply = await backend.call(chat("[[stall=1]]", stream=True))
        reading = asyncio.create_task(text_of(reply.chunks()))
        await asyncio.sleep(0.05)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await eventually(lambda: up.calls[0].client_left_at)

    async def test_whole_reply_gives_the_connection_back(
        self, up: ScriptedUpstream, backend: OpenAICompatible
    ) -> None:
        for number in range(5):
            reply = await backend.call(chat(f"{number}", stream=bool(number % 2)))
            await read_all(reply)
        assert len({call.client_port for call in up.calls}) == 1

    async def test_without_keep_alive(self, up: ScriptedUpstream) -> None:
        backend = OpenAICompatible(base_url=up.base_url, keepalive_s=0)
        for _ in range(2):
            await read_all(await backend.call(chat("x")))
        await backend.close()
        assert len({call.client_port for call in up.calls}) == 2

    async def test_after_close(self, up: ScriptedUpstream, backend: OpenAICompatible) -> None:
        await backend.warm()
        await backend.close()
        await backend.close()
        with pytest.raises(BackendUnavailable):
            await backend.call(chat("x"))
        with pytest.raises(BackendUnavailable):
            await backend.warm()

    async def test_check(self, backend: OpenAICompatible) -> None:
        assert await backend.check() is None
