"""The scripted upstream: a real OpenAI-shaped server on loopback that misbehaves on request and keeps a bill.

    async with ScriptedUpstream() as up:
        client = openai.AsyncOpenAI(base_url=up.base_url, api_key="x")
        ...
        assert up.calls[0].target == "/v1/chat/completions"
        assert up.billed_pico_usd == up.price("gpt-4o-mini", prompt_tokens=3, completion_tokens=5)

or `python -m tests.upstream --port 9009`.

What it serves: `/v1/chat/completions`, `/v1/completions` (JSON and SSE), `/v1/embeddings`, `/v1/models`, a
websocket echo at `/v1/realtime`, `/bill` (the bill as JSON); every other path answers with what was
received (method, raw target, headers, length and SHA-256 of the body; the parts of a multipart upload).

The answer is `answer_to(prompt)`: a function of the prompt alone, so an answer that belongs to another
prompt shows. A stream sends one word per chunk and every chunk with a write of its own; chunks are never
merged here.

The bill is exact integer arithmetic in pico-dollars (1e-12 USD): tokens times the price per token of
`PRICES`. Prompt tokens are `ceil(UTF-8 bytes of all prompt text / 4)`; completion tokens are the words of
the answer, one per chunk. A stream that the client leaves, or that a marker cuts, is billed for its prompt
and for the chunks that were really sent; a client that leaves during `delay` pays for its prompt. An answer
that this server gives up before its head was sent, and every error status, costs nothing.

Scripts: markers anywhere in the prompt text (see `Script` for their meaning), alone or several in one pair
of brackets: `[[delay=0.5]]`, `[[chunks=50 gap=0.01]]`, `[[status=500]]`. Or `ScriptedUpstream(script=f)`,
where `f(Call) -> Script | None`.
"""

import argparse
import asyncio
import base64
import dataclasses
import email
import hashlib
import json
import re
import socket
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Self

from aiohttp import WSMsgType, hdrs, web

PICO_USD = 10**12
"""Pico-dollars in a dollar: prices per million tokens with up to six decimals stay integers per token."""

PRICES: dict[str, tuple[int, int]] = {
    "gpt-4o-mini": (150_000, 600_000),  # 0.15 and 0.60 USD per million tokens
    "gpt-4o": (2_500_000, 10_000_000),
    "text-embedding-3-small": (20_000, 0),
}
"""Model -> (prompt, completion) price in pico-dollars per token. This server's own, not real prices."""

DEFAULT_PRICE = (1_000_000, 2_000_000)
CREATED = 1_700_000_000
# fmt: off
WORDS = ("amber", "basil", "cedar", "delta", "ember", "fable", "grove", "harbor", "indigo", "juniper",
         "kettle", "lantern", "maple", "nectar", "oak", "pebble")
# fmt: on
EMBEDDING_DIMENSIONS = 8

_MARKER = re.compile(r"\[\[([a-z0-9_=. -]+)\]\]")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Script:
    """What one call does. Counts are of content chunks (words); times are seconds."""

    delay: float = 0.0
    """wait before the head"""
    body_delay: float = 0.0
    """wait between the head and the first body byte"""
    gap: float = 0.0
    """wait before every chunk but the first"""
    chunks: int | None = None
    """length of the answer in words, else 4 to 11, by the prompt"""
    status: int | None = None
    """answer with this error status in OpenAI's shape"""
    code: str | None = None
    """`error.code` of that answer"""
    retry_after: float | None = None
    """429 unless `status` says otherwise, with a Retry-After header"""
    cut: int | None = None
    """close the TCP connection after so many chunks; 0: right after the head; -1: before the head"""
    rst: int | None = None
    """the same with a TCP reset"""
    end: int | None = None
    """end the stream cleanly after so many chunks, without finish_reason and [DONE]"""
    stall: int | None = None
    """stop sending after so many chunks and keep the connection open; -1: never send the head"""
    sse_error: int | None = None
    """send an error event after so many chunks, then end cleanly"""
    ok_error: bool = False
    """`[[200error]]`: status 200 with an error body"""
    html502: bool = False
    """a gateway's HTML page with status 502"""
    length: bool = False
    """finish_reason "length" """
    filter: bool = False
    """finish_reason "content_filter" """
    flaky: int = 0
    """the first so many calls with this very text fail with 500"""
    hangup: bool = False
    """answer in full, then close the idle connection without having announced it"""

    @classmethod
    def of(cls, text: str) -> "Script":
        """The script that the markers in `text` ask for. Raises KeyError for an unknown marker."""
        kinds = {field.name: str(field.type) for field in dataclasses.fields(cls)}
        found: dict[str, Any] = {}
        for marker in _MARKER.findall(text):
            for item in marker.split():
                name, _, value = item.partition("=")
                name = {"200error": "ok_error"}.get(name, name)
                kind = kinds[name]
                if "bool" in kind:
                    found[name] = True
                else:
                    found[name] = float(value) if "float" in kind else int(value) if "int" in kind else value
        return cls(**found)


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

    def header(self, name: str) -> str | None:
        """The first header of this name, whatever its spelling."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


def count_tokens(text: str) -> int:
    """Prompt tokens of a text: a quarter of its UTF-8 bytes, rounded up."""
    return -(-len(text.encode()) // 4)


def answer_words(prompt: str, chunks: int | None = None) -> list[str]:
    """The words of the answer to a prompt: a check word of its own, then words by its hash."""
    digest = hashlib.sha256(prompt.encode()).digest()
    length = chunks if chunks is not None else 4 + digest[0] % 8
    return [f"<{digest.hex()[:8]}>", *(WORDS[digest[i % 32] % len(WORDS)] for i in range(1, length))][:length]


def answer_to(prompt: str, chunks: int | None = None) -> str:
    """The text that this server answers to a prompt (all message texts, joined by newlines)."""
    return " ".join(answer_words(prompt, chunks))


def embedding_of(text: str, dimensions: int = EMBEDDING_DIMENSIONS) -> list[float]:
    """A deterministic vector of unit length."""
    raw = hashlib.shake_128(text.encode()).digest(dimensions)
    vector = [byte - 127.5 for byte in raw]
    norm = sum(x * x for x in vector) ** 0.5
    # Rounded through float32, so that the list and the base64 form say the same.
    return list(struct.unpack(f"<{dimensions}f", struct.pack(f"<{dimensions}f", *(x / norm for x in vector))))


def prompt_of(body: Mapping[str, Any]) -> str:
    """All prompt text of a chat, completion or embedding body, in order, joined by newlines."""
    if "messages" in body:
        return "\n".join(_texts(message.get("content") for message in body["messages"]))
    return "\n".join(_texts([body.get("prompt", body.get("input", ""))]))


def _texts(parts: Any) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, list):
            yield from _texts(part)
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            yield part["text"]
        elif isinstance(part, int):
            yield str(part)


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
            return await self._send_json(request, call, {"object": "list", "data": data}, Script())
        if call.method != hdrs.METH_POST or path not in (
            "/v1/chat/completions",
            "/v1/completions",
            "/v1/embeddings",
        ):
            return await self._echo(request, call)
        try:
            body = json.loads(call.body)
            call.model = str(body["model"])
            prompt = prompt_of(body)
            script = (self._script(call) if self._script else None) or Script.of(prompt)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return _error(400, f"cannot read the request: {error!r}", "invalid_request_error", None)
        return await self._perform(request, call, body, prompt, script)

    async def _perform(
        self, request: web.Request, call: Call, body: dict[str, Any], prompt: str, script: Script
    ) -> web.StreamResponse:
        if script.delay:
            try:
                await asyncio.sleep(script.delay)
            except asyncio.CancelledError:
                # the client left while the model was at work: the prompt was read
                self._charge(call, count_tokens(prompt), 0)
                raise
        self._seen[prompt] += 1
        if self._seen[prompt] <= script.flaky:
            return _error(500, "flaky", "server_error", None)
        if (refusal := _refusal(script)) is not None:
            return refusal
        if -1 in (script.cut, script.rst):
            await _hang_up(request, call, reset=script.rst is not None)
        if script.stall == -1:
            await asyncio.Event().wait()
        if call.target.startswith("/v1/embeddings"):
            return await self._embeddings(request, call, body, prompt, script)
        answer = Answer.to(body, prompt, script, call)
        if not body.get("stream"):
            response = await self._send_json(request, call, answer.whole(), script, tokens=len(answer.words))
        else:
            response = await self._stream(request, call, answer, body.get("stream_options") or {}, script)
        if script.hangup:
            assert request.transport is not None
            await response.write_eof()
            request.transport.close()
        return response

    async def _embeddings(
        self, request: web.Request, call: Call, body: dict[str, Any], prompt: str, script: Script
    ) -> web.StreamResponse:
        inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
        if inputs and isinstance(inputs[0], int):
            inputs = [inputs]
        data = []
        for index, item in enumerate(inputs):
            vector = embedding_of("\n".join(_texts([item])), body.get("dimensions") or EMBEDDING_DIMENSIONS)
            form: object = vector
            if body.get("encoding_format") == "base64":
                form = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
            data.append({"object": "embedding", "index": index, "embedding": form})
        tokens = count_tokens(prompt)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        whole = {"object": "list", "data": data, "model": call.model, "usage": usage}
        return await self._send_json(request, call, whole, script)

    async def _send_json(
        self, request: web.Request, call: Call, whole: object, script: Script, tokens: int = 0
    ) -> web.StreamResponse:
        """A JSON answer, in two halves so that it too can be cut or stall (after 0 or more chunks)."""
        raw = json.dumps(whole).encode()
        response = web.StreamResponse(headers=_headers(call, "application/json"))
        response.content_length = len(raw)
        call.status = 200
        await response.prepare(request)
        if call.model:
            self._charge(call, count_tokens(prompt_of(json.loads(call.body))), tokens)
        await asyncio.sleep(script.body_delay)
        half = len(raw) // 2
        if script.cut is not None or script.rst is not None or script.stall is not None:
            await response.write(raw[:half])
            await asyncio.sleep(0)
            if script.stall is not None:
                await asyncio.Event().wait()
            await _hang_up(request, call, reset=script.rst is not None)
        await response.write(raw)
        call.chunks_sent = tokens
        return response

    async def _stream(
        self, request: web.Request, call: Call, answer: "Answer", options: dict[str, Any], script: Script
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=_headers(call, "text/event-stream"))
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Accel-Buffering"] = "no"
        response.enable_chunked_encoding()
        call.status = 200
        await response.prepare(request)
        self._charge(call, answer.prompt_tokens, 0)
        await asyncio.sleep(script.body_delay)
        usage_wanted = bool(options.get("include_usage"))
        continuous = usage_wanted and bool(options.get("continuous_usage_stats"))
        for index, word in enumerate(answer.words):
            await self._interrupt(request, response, call, script)
            if call.chunks_sent in (script.end, script.sse_error):
                return response
            if index and script.gap:
                await asyncio.sleep(script.gap)
            usage = answer.usage(index + 1) if continuous else None
            await _send_event(response, answer.chunk(word, index, usage, usage_wanted))
            call.chunks_sent += 1
            self._charge(call, 0, 1)
        await self._interrupt(request, response, call, script)
        if call.chunks_sent in (script.end, script.sse_error):
            return response
        await _send_event(response, answer.last(usage_wanted))
        if usage_wanted:
            await _send_event(response, answer.usage_chunk())
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _interrupt(
        self, request: web.Request, response: web.StreamResponse, call: Call, script: Script
    ) -> None:
        sent = call.chunks_sent
        if sent in (script.cut, script.rst):
            await asyncio.sleep(0)
            await _hang_up(request, call, reset=sent == script.rst)
        if sent == script.stall:
            await asyncio.Event().wait()
        if sent == script.sse_error:
            error = {"message": "the model stopped", "type": "server_error", "param": None, "code": None}
            await _send_event(response, {"error": error})

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


@dataclasses.dataclass
class Answer:
    """The answer to one prompt in either of its two shapes."""

    chat: bool
    id: str
    model: str
    words: list[str]
    finish_reason: str
    prompt_tokens: int

    @classmethod
    def to(cls, body: Mapping[str, Any], prompt: str, script: Script, call: Call) -> "Answer":
        chat = "messages" in body
        words = answer_words(prompt, script.chunks)
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        reason = "length" if script.length else "content_filter" if script.filter else "stop"
        if isinstance(limit, int) and limit < len(words):
            words, reason = words[:limit], "length"
        prefix = "chatcmpl" if chat else "cmpl"
        return cls(chat, f"{prefix}-{call.number}", call.model, words, reason, count_tokens(prompt))

    def usage(self, completion_tokens: int) -> dict[str, int]:
        total = self.prompt_tokens + completion_tokens
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": total,
        }

    def whole(self) -> dict[str, object]:
        text = " ".join(self.words)
        choice: dict[str, object] = {"index": 0, "finish_reason": self.finish_reason, "logprobs": None}
        if self.chat:
            choice["message"] = {"role": "assistant", "content": text, "refusal": None}
        else:
            choice["text"] = text
        kind = "chat.completion" if self.chat else "text_completion"
        return {**self._head(kind), "choices": [choice], "usage": self.usage(len(self.words))}

    def chunk(
        self, word: str, index: int, usage: dict[str, int] | None, usage_field: bool
    ) -> dict[str, object]:
        text = word if index == 0 else f" {word}"
        delta = {"role": "assistant", "content": text} if index == 0 else {"content": text}
        return self._event(delta, text, None, usage, usage_field)

    def last(self, usage_field: bool) -> dict[str, object]:
        return self._event({}, "", self.finish_reason, None, usage_field)

    def usage_chunk(self) -> dict[str, object]:
        return {**self._head(self._stream_kind), "choices": [], "usage": self.usage(len(self.words))}

    @property
    def _stream_kind(self) -> str:
        return "chat.completion.chunk" if self.chat else "text_completion"

    def _event(
        self,
        delta: dict[str, str],
        text: str,
        reason: str | None,
        usage: dict[str, int] | None,
        usage_field: bool,
    ) -> dict[str, object]:
        content: dict[str, object] = {"delta": delta} if self.chat else {"text": text}
        choice = {"index": 0, **content, "finish_reason": reason, "logprobs": None}
        event = {**self._head(self._stream_kind), "choices": [choice]}
        # OpenAI sends `usage: null` in every chunk once include_usage is asked for.
        return {**event, "usage": usage} if usage_field else event

    def _head(self, kind: str) -> dict[str, object]:
        return {"id": self.id, "object": kind, "created": CREATED, "model": self.model}


def _headers(call: Call, content_type: str) -> dict[str, str]:
    return {
        "Content-Type": content_type,
        "x-request-id": f"req_{call.number}",
        "openai-processing-ms": "1",
        "openai-version": "2020-10-01",
    }


def _error(status: int, message: str, type_: str, code: str | None) -> web.Response:
    body = {"error": {"message": message, "type": type_, "param": None, "code": code}}
    return web.json_response(body, status=status)


def _refusal(script: Script) -> web.Response | None:
    if script.html502:
        page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
        return web.Response(status=502, text=page, content_type="text/html")
    if script.ok_error:
        return _error(200, "failed inside a 200", "server_error", script.code)
    if script.status is None and script.retry_after is None:
        return None
    status = script.status or 429
    kind = "rate_limit_error" if status == 429 else "invalid_request_error"
    kind = "server_error" if status >= 500 else kind
    response = _error(status, f"scripted {status}", kind, script.code)
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


async def _send_event(response: web.StreamResponse, event: Mapping[str, object]) -> None:
    await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
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
