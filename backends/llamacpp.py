"""A small model in this process: llama.cpp's server (package xllamacpp) on a loopback port, called over HTTP.

One server does chat, completions and embeddings. It runs with llama.cpp's `embedding` switch on and mean pooling;
measured against a server without it, chat answers at temperature 0 were the same and prefill was as fast (69 and 72
tokens/s on the same loaded core).
Mean-pooled states of a chat model are poor embeddings: good enough to answer the API, not to build a search on.
"""

import asyncio
import contextlib
import http.client
import logging
import secrets
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import structs

from halfpenny.backends.assemble import NotAssembled, as_stream, assemble, may_be_streamed
from halfpenny.backends.base import BackendUnavailable, Call, Reply, Timeouts
from halfpenny.backends.local_reply import JSON_HEADERS, LocalReply, error_reply
from halfpenny.backends.openai_compatible import OpenAICompatible, read_all
from halfpenny.backends.secret import Secret
from halfpenny.backends.weights import BUNDLED_MODEL, WeightsError, locate, verify

# The rest of llama.cpp's server (slots, props, metrics, LoRA) shows or changes what belongs to all callers.
_SERVED = {
    "/v1/chat/completions": "POST",
    "/v1/completions": "POST",
    "/v1/embeddings": "POST",
    "/v1/responses": "POST",
    "/v1/messages": "POST",
    "/v1/messages/count_tokens": "POST",
    "/v1/models": "GET",
}
_STREAMABLE = ("/v1/chat/completions", "/v1/completions")
_TOO_LONG = b"too large to process"
_QUIET = -1
_START_LIMIT_S = 60.0
_FREE_LIMIT_S = 10.0

log = logging.getLogger(__name__)


class LlamaCpp:
    """The backend `kind = "llamacpp"`. Loads on the first `call` or `warm`, about 0.6 s for the bundled model.

    `model`: "smollm2-135m-instruct" (bundled), or the path of a .gguf file. `context_tokens`: what one request may use,
    prompt and answer together; `parallel`: requests that are worked on together (continuous batching), later ones wait
    in llama.cpp's queue. Memory grows with their product (23 KB per token for the bundled model). `threads`: 1 by
    default: 2 are about 1.6 times as fast on two idle cores, but half as fast as 1 when another process computes, and
    the proxy itself does. `embedding_tokens`: the longest input of `/v1/embeddings`; each costs 0.4 MB for good.
    """

    kind = "llamacpp"

    def __init__(
        self,
        name: str = "llamacpp",
        *,
        model: str = BUNDLED_MODEL,
        context_tokens: int = 2048,
        threads: int = 1,
        parallel: int = 4,
        embedding_tokens: int = 512,
    ) -> None:
        for option, value in (("context_tokens", context_tokens), ("threads", threads), ("parallel", parallel)):
            if value < 1:
                raise ValueError(f"{option} of backend {name!r}: expected 1 or more, got {value}")
        self.name = name
        self.model = model
        self.context_tokens = context_tokens
        self.threads = threads
        self.parallel = parallel
        self.embedding_tokens = min(embedding_tokens, context_tokens)
        self.loads = 0
        """how often the model was loaded"""
        # One thread: loading, hashing and freeing never overlap, and never wait behind others' work.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="halfpenny-llamacpp")
        self._loading: asyncio.Future[OpenAICompatible] | None = None
        self._servers: list[Any] = []
        self._client: OpenAICompatible | None = None
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed else "ready" if self._client else "loading" if self._loading else "cold"
        return f"<LlamaCpp {self.name!r} {self.model}, {state}>"

    async def call(self, call: Call) -> Reply:
        path = call.target.partition("?")[0]
        if _SERVED.get(path) != call.method:
            message = f"the in-process model does not serve {call.method} {path}"
            return error_reply(404, message, "invalid_request_error", "not_found")
        client = await self._ready()
        asked = _object(call.body) if path in _STREAMABLE else None
        if asked is not None and may_be_streamed(asked):
            return await _whole_by_stream(client, call, asked)
        reply = await client.call(call)
        if path == "/v1/embeddings" and reply.status >= 500:
            return await _blame_the_input(reply, self.embedding_tokens)
        return reply

    async def warm(self) -> None:
        await self._ready()

    async def check(self) -> str | None:
        if self._closed:
            return "closed"
        if find_spec("xllamacpp") is None:
            return "the package xllamacpp is not installed; run: pip install xllamacpp"
        try:
            path, sha256 = locate(self.model)
            await asyncio.get_running_loop().run_in_executor(self._worker, verify, path, sha256)
        except (WeightsError, OSError) as error:
            return str(error)
        return None

    async def busy_slots(self) -> int:
        """Requests that the model is working on now; 0 if it is not loaded."""
        if self._client is None:
            return 0
        call = Call(method="GET", target="/slots", headers=(), body=b"", timeouts=Timeouts(total_s=10))
        slots = msgspec.json.decode(await read_all(await self._client.call(call)))
        return sum(slot["is_processing"] for slot in slots)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._loading is not None:
            await asyncio.wait([self._loading])
        client, self._client = self._client, None
        if client is not None:
            await client.close()
        self._worker.shutdown(wait=False)
        servers, self._servers = self._servers, []
        await _freed(servers)

    async def _ready(self) -> OpenAICompatible:
        """The client of the loaded server. Callers share one load, which goes on if one of them is cancelled."""
        if self._closed:
            raise BackendUnavailable(f"backend {self.name!r} is closed")
        if self._client is not None:
            return self._client
        if self._loading is None:
            self._loading = asyncio.get_running_loop().run_in_executor(self._worker, self._load)
            self._loading.add_done_callback(self._loaded)
        return await asyncio.shield(self._loading)

    def _loaded(self, loading: "asyncio.Future[OpenAICompatible]") -> None:
        # A failed load is forgotten, so that the next call tries again: the package may have been installed by then.
        self._loading = None
        if not loading.cancelled() and loading.exception() is None:
            self._client = loading.result()

    # In the worker thread:

    def _load(self) -> OpenAICompatible:
        try:
            path, sha256 = locate(self.model)
            verify(path, sha256)
            import xllamacpp
        except (WeightsError, OSError) as error:
            raise BackendUnavailable(str(error)) from error
        except ImportError as error:
            raise BackendUnavailable("the package xllamacpp is missing; run: pip install xllamacpp") from error
        key = secrets.token_urlsafe(32)
        parameters = self._parameters(xllamacpp, str(path), path.stem, key)
        try:
            self._servers.append(xllamacpp.Server(parameters))
        except Exception as error:
            raise BackendUnavailable(f"llama.cpp could not load {path.name}") from error
        self.loads += 1
        address = self._servers[0].listening_address
        try:
            _wait_until_working(address, key)
        except BackendUnavailable:
            self._servers.clear()
            raise
        # No kept connections: each would hold one of the server's few HTTP threads, and it closes them unannounced.
        return OpenAICompatible(f"{self.name} (in process)", base_url=address, api_key=Secret(key), keepalive_s=0)

    def _parameters(self, xllamacpp: Any, path: str, stem: str, key: str) -> Any:
        p = xllamacpp.CommonParams()
        p.model.path = path
        # Else replies name the model by its path on this machine.
        p.model_alias = {self.model if self.model == BUNDLED_MODEL else stem}
        p.n_ctx = self.context_tokens * self.parallel
        p.n_parallel = self.parallel
        p.cont_batching = True
        p.n_ubatch = self.embedding_tokens
        for cpu in (p.cpuparams, p.cpuparams_batch):
            cpu.n_threads = self.threads
            cpu.poll = 0  # spinning threads starve the event loop: 2 of them on 2 busy cores all but stood still
        p.n_threads_http = self.parallel + 2
        p.cache_ram_mib = 0  # else old prompts fill up to 8 GiB of RAM
        p.embedding = True
        p.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        p.hostnames = ["127.0.0.1"]
        p.port = 0
        p.api_keys = [key]
        p.cors_origins = p.cors_methods = p.cors_headers = ""
        p.cors_credentials = False
        p.ui = False
        p.endpoint_slots = True  # for `busy_slots`; not served to callers
        p.verbosity = _QUIET
        return p


def _wait_until_working(address: str, key: str) -> None:
    """Ask for the slots, which goes through the server's queue, so that an answer means that its loop runs.

    A server that is freed before its loop has begun misses the signal to stop, and its destructor waits for ever: seen
    within 40 loads that were closed at once (xllamacpp 2026.10.11549), and not in 60 with this wait.
    """
    url = urlsplit(address)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=_START_LIMIT_S)
    try:
        connection.request("GET", "/slots", headers={"Authorization": f"Bearer {key}"})
        connection.getresponse().read()
    except (OSError, http.client.HTTPException) as error:
        raise BackendUnavailable("llama.cpp was loaded but does not answer") from error
    finally:
        connection.close()


async def _freed(servers: list[Any]) -> None:
    """Empty the list, which must hold the last references: the destructor stops the server and frees its memory.

    In a daemon thread and with a limit, so that a destructor that hangs keeps neither the caller nor the process.
    """
    loop = asyncio.get_running_loop()
    done = asyncio.Event()

    def free() -> None:
        servers.clear()
        with contextlib.suppress(RuntimeError):  # the loop may be gone if it took too long
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=free, name="halfpenny-llamacpp-free", daemon=True).start()
    try:
        async with asyncio.timeout(_FREE_LIMIT_S):
            await done.wait()
    except TimeoutError:
        log.warning("the in-process model did not stop within %g s; its memory stays taken", _FREE_LIMIT_S)


def _object(body: bytes | AsyncIterator[bytes]) -> dict[str, Any] | None:
    if not isinstance(body, bytes):
        return None
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        return None


async def _whole_by_stream(client: OpenAICompatible, call: Call, asked: dict[str, Any]) -> Reply:
    """A JSON answer, fetched as a stream.

    This server notices that a client has left only when it writes: an unstreamed answer that nobody waits for was still
    computed 25 s later (xllamacpp 2026.10.11549), while a stream's slot is free within a token or two.
    """
    headers = tuple((key, value) for key, value in call.headers if key.lower() != "content-length")
    reply = await client.call(structs.replace(call, headers=headers, body=as_stream(asked)))
    if reply.status != 200:
        return reply
    body = await read_all(reply)
    try:
        answer = assemble(body)
    except NotAssembled as error:
        return error_reply(500, f"the model failed: {error}", "server_error")
    return LocalReply(200, (*JSON_HEADERS, ("Content-Length", str(len(answer)))), (answer,))


async def _blame_the_input(reply: Reply, limit: int) -> Reply:
    """llama.cpp calls an input that is too long a 500; it is the caller's to mend and must not be tried again."""
    status, headers = reply.status, reply.headers
    body = await read_all(reply)
    if _TOO_LONG in body:
        message = f"an input is longer than this model's {limit} tokens for embeddings"
        return error_reply(400, message, "invalid_request_error", "context_length_exceeded")
    return LocalReply(status, headers, (body,))

