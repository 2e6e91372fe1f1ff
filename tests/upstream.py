"""The scripted upstream: a real server on loopback that speaks four dialects, misbehaves on request and keeps a bill.

    async with ScriptedUpstream() as up:
        client = openai.AsyncOpenAI(base_url=up.base_url, api_key="x")
        ...
        assert up.calls[0].target == "/v1/chat/completions"
        assert up.billed_pico_usd == up.price("gpt-4o-mini", prompt_tokens=3, completion_tokens=5)

or `python -m tests.upstream --port 9009`.

What it serves: the POST endpoints of `tests/upstream_dialects` (OpenAI chat, completions, responses, embeddings and
moderations; Azure's paths; Anthropic messages and count_tokens; Gemini's generateContent family), `/v1/models`,
`GET /v1/responses/{id}` of a stored response, a websocket echo at `/v1/realtime`, `/bill` (the bill as JSON); every
other path answers with what was received (method, raw target, headers, length and SHA-256 of the body; the parts of a
multipart upload).

The answer is `answer_to(prompt)`: a function of the prompt alone, so an answer that belongs to another
prompt shows; with `n` above 1 each choice has words of its own. A request that offers tools is answered with
a call of the first (or the forced) one until it brings a tool's result, one with a JSON schema by a value of
that schema. A stream sends one word per chunk and every chunk with a write of its own; chunks are never
merged here.

The bill is exact integer arithmetic in pico-dollars (1e-12 USD): tokens times the price per token of
`PRICES`. Prompt tokens are `ceil(UTF-8 bytes of all prompt text / 4)`; completion tokens are the words of
the answer (all choices, reasoning included) and the pieces of a call's arguments, one per chunk. Counting
tokens costs nothing. A stream that the client leaves, or that a marker cuts, is billed for its prompt
and for the chunks that were really sent; a client that leaves during `delay` pays for its prompt. An answer
that this server gives up before its head was sent, and every error status, costs nothing.

Scripts: markers anywhere in the prompt text (see `Script` for their meaning, the same in every dialect), alone or several in one pair
of brackets: `[[delay=0.5]]`, `[[chunks=50 gap=0.01]]`, `[[status=500]]`. Or `ScriptedUpstream(script=f)`,
where `f(Call) -> Script | None`.
"""

import argparse
import asyncio
import dataclasses
import email
import hashlib
import json
import socket
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Self

from aiohttp import WSMsgType, hdrs, web

from tests.upstream_dialects import find
from tests.upstream_dialects.base import (
    CREATED,
    EMBEDDING_DIMENSIONS,
    Endpoint,
    Received,
    Refused,
    Reply,
    Script,
    answer_to,
    answer_words,
    count_tokens,
    embedding_of,
    without_faults,
)

__all__ = [
    "EMBEDDING_DIMENSIONS",
    "PICO_USD",
    "PRICES",
    "Call",
    "Script",
    "ScriptedUpstream",
    "answer_to",
    "answer_words",
    "count_tokens",
    "embedding_of",
    "events",
]

PICO_USD = 10**12
"""Pico-dollars in a dollar: prices per million tokens with up to six decimals stay integers per token."""

PRICES: dict[str, tuple[int, int]] = {
    "gpt-4o-mini": (150_000, 600_000),  # 0.15 and 0.60 USD per million tokens
    "gpt-4o": (2_500_000, 10_000_000),
    "text-embedding-3-small": (20_000, 0),
}
"""Model -> (prompt, completion) price in pico-dollars per token. This server's own, not real prices."""

DEFAULT_PRICE = (1_000_000, 2_000_000)


@dataclasses.dataclass
class Call:
    """One received request and what became of it. Times are of `time.monotonic()`."""

    number: int
    method: str
    target: str
    """the request target exactly as received, query included"""
    headers: tuple[tuple[str, str], ...]
    """header pairs in the order and the spelling of the wire"""
    body: bytes = b""
    started_at: float = 0.0
    client_port: int = 0
    """tells one connection from another"""
    model: str = ""
    status: int | None = None
    chunks_sent: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    billed_pico_usd: int = 0
    finished_at: float | None = None
    """when the whole answer had been handed to the socket"""
    client_left_at: float | None = None
    """when the client's early close was seen"""
    hung_up: bool = False
    """this side closed the connection under the answer"""
    answer_headers: dict[str, str] = dataclasses.field(default_factory=dict)
    """the dialect's own headers of the answer"""

    def header(self, name: str) -> str | None:
        """The first header of this name, whatever its spelling."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def credential(self) -> str:
        """What the caller gave as its key, in whatever header; empty if nothing."""
        for name in ("authorization", "x-api-key", "api-key", "x-goog-api-key"):
            if value := self.header(name):
                return value.removeprefix("Bearer ")
        return ""

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class ScriptedUpstream:
    """The server; see the module's docstring. `calls` holds every request in order of arrival."""

    def __init__(
        self,
        script: Callable[[Call], Script | None] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        prices: Mapping[str, tuple[int, int]] = PRICES,
        keepalive_s: float = 75.0,
        record: bool = True,
    ) -> None:
        self._script = script
        self._host = host
        self._port = port
        self._prices = prices
        self._keepalive_s = keepalive_s
        self._record = record
        self._runner: web.AppRunner | None = None
        self._seen: Counter[str] = Counter()
        self._numbers = 0
        self.calls: list[Call] = []
        self.billed_pico_usd = 0
        self._models: dict[str, dict[str, int]] = {}
        self._stored: dict[str, Any] = {}
        self.open_calls = 0
        """requests that are being answered now"""

    # --- life cycle

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{rest:.*}", self._handle)
        self._runner = web.AppRunner(
            app,
            handler_cancellation=True,  # or a client that leaves would be seen only at the next write
            auto_decompress=False,
            access_log=None,
            keepalive_timeout=self._keepalive_s,
            shutdown_timeout=0.1,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def port(self) -> int:
        return self._port

    @property
    def origin(self) -> str:
        return f"http://{self._host}:{self._port}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/v1"

    def drop_connections(self) -> int:
        """Close every open connection from this side, as a restarted server would. Returns how many."""
        assert self._runner is not None
        assert self._runner.server is not None
        dropped = 0
        for connection in list(self._runner.server.connections):
            if connection.transport is not None:
                connection.transport.close()
                dropped += 1
        return dropped

    # --- the bill

    def price(self, model: str, prompt_tokens: int, completion_tokens: int) -> int:
        """What so many tokens cost, in pico-dollars."""
        prompt_price, completion_price = self._prices.get(model, DEFAULT_PRICE)
        return prompt_tokens * prompt_price + completion_tokens * completion_price

    def _charge(self, call: Call, prompt_tokens: int, completion_tokens: int) -> None:
        cost = self.price(call.model, prompt_tokens, completion_tokens)
        call.prompt_tokens += prompt_tokens
        call.completion_tokens += completion_tokens
        if call.billed_pico_usd == 0 and cost:
            self._row(call.model)["calls"] += 1
        call.billed_pico_usd += cost
        self.billed_pico_usd += cost
        row = self._row(call.model)
        row["prompt_tokens"] += prompt_tokens
        row["completion_tokens"] += completion_tokens
        row["pico_usd"] += cost

    def _row(self, model: str) -> dict[str, int]:
        empty = {"calls": 0, "prompt_tokens": 0, "completion_tokens": 0, "pico_usd": 0}
        return self._models.setdefault(model, empty)

    def bill(self) -> dict[str, Any]:
        """The bill as JSON values. `calls` counts every request, `calls` of a model only the paid ones."""
        return {"pico_usd": self.billed_pico_usd, "calls": self._numbers, "models": self._models}

    def __repr__(self) -> str:
        usd = self.billed_pico_usd / PICO_USD
        calls = f"{self._numbers} calls, {self.open_calls} open"
        return f"<ScriptedUpstream :{self._port}, {calls}, {usd:.6f} USD>"

    # --- requests

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/bill" and request.method == hdrs.METH_GET:
            return web.json_response(self.bill())
        self._numbers += 1
        peer = request.transport.get_extra_info("peername") if request.transport else None
        call = Call(
            number=self._numbers,
            method=request.method,
            target=request.raw_path,
            headers=tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in request.raw_headers),
            started_at=time.monotonic(),
            client_port=peer[1] if peer else 0,
        )
        if self._record:
            self.calls.append(call)
        with self._watch(call):
            if request.path == "/v1/realtime":
                return await self._websocket(request, call)
            call.body = await request.read()
            response = await self._answer(request, call)
            call.status = response.status
            call.finished_at = time.monotonic()
            return response

    @contextmanager
    def _watch(self, call: Call) -> Iterator[None]:
        """Notes when the client leaves: the handler is cancelled, or a write fails."""
        self.open_calls += 1
        try:
            yield
        except (asyncio.CancelledError, ConnectionError):
            if not call.hung_up:
                call.client_left_at = time.monotonic()
            raise
        finally:
            self.open_calls -= 1

    async def _answer(self, request: web.Request, call: Call) -> web.StreamResponse:
        path = request.path
        if path == "/v1/models" and call.method == hdrs.METH_GET:
            fixed = {"object": "model", "created": CREATED, "owned_by": "scripted"}
            data = [{"id": name, **fixed} for name in self._prices]
            call.answer_headers = _openai_headers(call)
            return await self._send_json(request, call, Reply({"object": "list", "data": data}, 0, 0), Script())
        if path in self._stored and call.method == hdrs.METH_GET:
            return await self._send_json(request, call, Reply(self._stored[path], 0, 0), Script())
        endpoint = find(path) if call.method == hdrs.METH_POST else None
        if endpoint is None:
            return await self._echo(request, call)
        return await self._serve(request, call, endpoint)

    async def _serve(self, request: web.Request, call: Call, endpoint: Endpoint) -> web.StreamResponse:
        received = Received(call.number, request.path, request.query, call.header, {})
        call.answer_headers = endpoint.headers(received)
        try:
            received = dataclasses.replace(received, body=json.loads(call.body))
            if (refused := endpoint.check(received)) is not None:
                return _refused(call, refused)
            call.model = endpoint.model(received)
            prompt = endpoint.prompt(received)
            script = (self._script(call) if self._script else None) or Script.of(prompt)
            reply = endpoint.reply(received, prompt, script)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            said = f"cannot read the request: {error!r}"
            return _refused(call, Refused(400, endpoint.error(received, 400, said)))
        if self._record and isinstance(reply.document, dict) and reply.document.get("store"):
            self._stored[f"{request.path}/{reply.document['id']}"] = reply.document
        return await self._perform(request, call, endpoint, received, prompt, script, reply)

    async def _perform(
        self,
        request: web.Request,
        call: Call,
        endpoint: Endpoint,
        received: Received,
        prompt: str,
        script: Script,
        reply: Reply,
    ) -> web.StreamResponse:
        if script.delay:
            try:
                await asyncio.sleep(script.delay)
            except asyncio.CancelledError:
                # the client left while the model was at work: the prompt was read
                self._charge(call, reply.prompt_tokens, 0)
                raise
        self._seen[prompt] += 1
        if script.times is not None:
            caller = f"{prompt}\n{call.model}\n{call.credential}"
            self._seen[caller] += 1
            if self._seen[caller] > script.times:
                script = without_faults(script)
        if self._seen[prompt] <= script.flaky:
            return _refused(call, Refused(500, endpoint.error(received, 500, "flaky")))
        if (refusal := _refusal(call, endpoint, received, script)) is not None:
            return refusal
        if -1 in (script.cut, script.rst):
            await _hang_up(request, call, reset=script.rst is not None)
        if script.stall == -1:
            await asyncio.Event().wait()
        if reply.pieces is None:
            response = await self._send_json(request, call, reply, script)
        else:
            response = await self._stream(request, call, reply, script)
        if script.hangup:
            assert request.transport is not None
            await response.write_eof()
            request.transport.close()
        return response

    async def _send_json(self, request: web.Request, call: Call, reply: Reply, script: Script) -> web.StreamResponse:
        """A JSON answer, in two halves so that it too can be cut or stall (after 0 or more chunks)."""
        raw = json.dumps(reply.document).encode()
        response = web.StreamResponse(headers={"Content-Type": reply.content_type, **call.answer_headers})
        response.content_length = len(raw)
        call.status = 200
        await response.prepare(request)
        if call.model:
            self._charge(call, reply.prompt_tokens, reply.tokens)
        await asyncio.sleep(script.body_delay)
        half = len(raw) // 2
        if script.cut is not None or script.rst is not None or script.stall is not None:
            await response.write(raw[:half])
            await asyncio.sleep(0)
            if script.stall is not None:
                await asyncio.Event().wait()
            await _hang_up(request, call, reset=script.rst is not None)
        await response.write(raw)
        call.chunks_sent = reply.tokens
        return response

    async def _stream(self, request: web.Request, call: Call, reply: Reply, script: Script) -> web.StreamResponse:
        """Piece by piece. Markers are looked at before the first piece and before and after every content chunk."""
        assert reply.pieces is not None
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", **call.answer_headers})
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Accel-Buffering"] = "no"
        response.enable_chunked_encoding()
        call.status = 200
        await response.prepare(request)
        self._charge(call, reply.prompt_tokens, 0)
        await asyncio.sleep(script.body_delay)
        if await self._interrupt(request, response, call, script, reply):
            return response
        for piece in reply.pieces:
            if piece.tokens and call.chunks_sent and script.gap:
                await asyncio.sleep(script.gap)
            await _send(response, piece.data)
            if piece.tokens:
                call.chunks_sent += 1
                self._charge(call, 0, piece.tokens)
                if await self._interrupt(request, response, call, script, reply):
                    return response
        return response

    async def _interrupt(
        self, request: web.Request, response: web.StreamResponse, call: Call, script: Script, reply: Reply
    ) -> bool:
        """What a marker asks for after so many chunks. True if the stream ends here."""
        sent = call.chunks_sent
        if sent in (script.cut, script.rst):
            await asyncio.sleep(0)
            await _hang_up(request, call, reset=sent == script.rst)
        if sent == script.stall:
            await asyncio.Event().wait()
        if sent == script.sse_error:
            await _send(response, reply.error_event)
        if sent == script.failed:
            await _send(response, reply.failed_event)
        return sent in (script.end, script.sse_error, script.failed)

    async def _echo(self, request: web.Request, call: Call) -> web.StreamResponse:
        seen: dict[str, object] = {
            "method": call.method,
            "target": call.target,
            "headers": call.headers,
            "body_bytes": len(call.body),
            "body_sha256": hashlib.sha256(call.body).hexdigest(),
        }
        if request.content_type == "multipart/form-data":
            seen["parts"] = _parts(call.header("content-type") or "", call.body)
        return web.json_response(seen, headers={"X-Request-Id": f"req_{call.number}", "x-Odd-CASE": "kept"})

    async def _websocket(self, request: web.Request, call: Call) -> web.StreamResponse:
        socket_ = web.WebSocketResponse(protocols=("realtime",))
        await socket_.prepare(request)
        call.status = 101
        async for message in socket_:
            if message.type is WSMsgType.TEXT:
                await socket_.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await socket_.send_bytes(message.data)
            call.chunks_sent += 1
        return socket_


def _openai_headers(call: Call) -> dict[str, str]:
    return {"x-request-id": f"req_{call.number}", "openai-processing-ms": "1", "openai-version": "2020-10-01"}


def _refused(call: Call, refused: Refused) -> web.Response:
    return web.json_response(refused.document, status=refused.status, headers=call.answer_headers)


def _refusal(call: Call, endpoint: Endpoint, received: Received, script: Script) -> web.Response | None:
    if script.html502:
        page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
        return web.Response(status=502, text=page, content_type="text/html")
    if script.ok_error:
        return _refused(call, Refused(200, endpoint.error(received, 200, "failed inside a 200", script.code)))
    if script.status is None and script.retry_after is None:
        return None
    status = script.status or 429
    response = _refused(call, Refused(status, endpoint.error(received, status, f"scripted {status}", script.code)))
    if script.retry_after is not None:
        response.headers["Retry-After"] = f"{script.retry_after:g}"
    return response


async def _hang_up(request: web.Request, call: Call, *, reset: bool) -> None:
    """Close the connection under the answer; a reset throws away data on the way. Never returns normally."""
    transport = request.transport
    assert transport is not None
    call.hung_up = True
    if reset:
        raw = transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()  # what was written still arrives
    # aiohttp would end the chunked body cleanly if the handler returned; it cancels this wait instead.
    await asyncio.Event().wait()


async def _send(response: web.StreamResponse, data: bytes) -> None:
    await response.write(data)
    # One turn of the loop between two writes keeps them separate writes on the socket.
    await asyncio.sleep(0)


def _parts(content_type: str, body: bytes) -> list[dict[str, object]]:
    """The parts of a multipart body, read with another parser than the one that proxies under test use."""
    whole = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts: list[dict[str, object]] = []
    for part in whole.walk():
        if part.is_multipart():
            continue
        raw = part.get_payload(decode=True)
        assert isinstance(raw, bytes)
        parts.append(
            {
                "name": part.get_param("name", header="content-disposition"),
                "filename": part.get_filename(),
                "content_type": part.get_content_type(),
                "bytes": len(raw),
                "sha256": hashlib.sha256(raw).hexdigest(),
            }
        )
    return parts


async def events(chunks: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """The data lines of an SSE body, for tests that read one by hand."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data: "):
                yield line[6:].decode()


async def _serve(host: str, port: int) -> None:
    # Recording every body would fill the memory of a long-lived server.
    async with ScriptedUpstream(host=host, port=port, record=False) as upstream:
        print(f"scripted upstream on {upstream.base_url}", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="The scripted upstream (loopback only by default).")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9009)
    arguments = parser.parse_args()
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(arguments.host, arguments.port))


if __name__ == "__main__":
    main()
