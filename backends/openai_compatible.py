"""Any server that speaks the OpenAI API, by its base URL: one pooled HTTP/1.1 client, byte for byte.

What leaves is what came in: header order and spelling, the raw target, the body. aiohttp's own additions are switched
off, redirects are not followed, cookies are not kept, bodies are not decompressed. What is ours to decide is written
down in `upstream_url` (the URL rule) and `outgoing` (the header rule). `backends/exchange.py` has the phases and the
border where foreign exceptions become ours.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote_plus, urlsplit
from weakref import WeakSet

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from halfpenny.backends.base import (
    QUERY_CREDENTIALS,
    BackendError,
    BackendUnavailable,
    BadCall,
    Call,
    Headers,
    Reply,
    Timeouts,
)
from halfpenny.backends.exchange import Exchange, RawRequest
from halfpenny.backends.secret import Secret

CREDENTIAL_HEADERS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})
"""What callers authenticate with; none of it goes upstream beside a key of our own."""

# aiohttp adds these unless told otherwise.
_AUTO_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
# `Expect` was answered by our own server when it read the body; forwarded, aiohttp would wait for a second 100.
_NOT_FORWARDED = frozenset({"expect", "transfer-encoding"})
_AZURE_HOSTS = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")
_CHECK_TIMEOUTS = Timeouts(connect_s=3.0, first_byte_s=5.0, idle_s=5.0, total_s=8.0)


def upstream_url(base_url: str, target: str) -> str:
    """The URL for a raw request target. The target's bytes, its query included, are kept as they are.

    | base_url                 | target  | result                     |
    | ------------------------ | ------- | -------------------------- |
    | `http://h`               | `/v1/x` | `http://h/v1/x`            |
    | `http://h/v1`            | `/v1/x` | `http://h/v1/x`            |
    | `http://h/v1`            | `/y`    | `http://h/y`               |
    | `http://h/v1beta/openai` | `/v1/x` | `http://h/v1beta/openai/x` |
    | `http://h/v1beta/openai` | `/y`    | `http://h/v1beta/openai/y` |

    So a base that ends in `/v1` says "the API's root is one above", and any other path stands for `/v1`.
    Raises BadCall for a target that is not a path (absolute form, `*`), or that has a fragment.
    """
    if not target.startswith("/") or "#" in target:
        raise BadCall("the request target must be a path")
    base = base_url.rstrip("/")
    path = urlsplit(base).path
    if path.endswith("/v1"):
        return base.removesuffix("/v1") + target
    if path and (target == "/v1" or target.startswith(("/v1/", "/v1?"))):
        return base + target.removeprefix("/v1")
    return base + target


def without_credentials(target: str) -> str:
    """The target less the credentials in its query; every other byte stays."""
    path, mark, query = target.partition("?")
    if not mark:
        return target
    items = query.split("&")
    kept = [item for item in items if unquote_plus(item.partition("=")[0]).lower() not in QUERY_CREDENTIALS]
    if len(kept) == len(items):
        return target
    return f"{path}?{'&'.join(kept)}" if kept else path


def _key_header_of(host: str) -> str:
    """Azure takes keys in a header of its own; a bearer token there is something else (an Entra ID token)."""
    return "api-key" if host.endswith(_AZURE_HOSTS) else "Authorization"


class OpenAICompatible:
    """The backend `kind = "openai"`.

    `base_url`: http(s), without query, fragment or user name. `api_key`: sent in place of the caller's own credentials
    (headers and query), in `key_header` (default: `Authorization: Bearer`, at Azure `api-key`); None lets the caller's
    through. `headers`: added to every request, in place of the caller's of the same name.
    `max_connections`: calls beyond it wait, which counts as their connect phase. `keepalive_s`: how long an idle
    connection is kept, in seconds; keep it below the upstream's own. 0: every call has a connection of its own.
    """

    kind = "openai"

    def __init__(
        self,
        name: str = "openai",
        *,
        base_url: str,
        api_key: Secret | str | None = None,
        headers: Mapping[str, str] | None = None,
        key_header: str | None = None,
        max_connections: int = 1000,
        keepalive_s: float = 30.0,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"base_url of backend {name!r}: expected http://host or https://host")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError(f"base_url of backend {name!r}: expected no user, query or fragment")
        self.name = name
        self.base_url = base_url
        self._api_key = Secret(api_key) if isinstance(api_key, str) else api_key
        self._key_header = key_header or _key_header_of(parts.hostname)
        self._headers = tuple((headers or {}).items())
        self._credentials = CREDENTIAL_HEADERS | {self._key_header.lower()}
        self._replaced = frozenset(key.lower() for key, _ in self._headers) | (
            self._credentials if self._api_key else frozenset()
        )
        self._max_connections = max_connections
        self._keepalive_s = keepalive_s
        self._session: aiohttp.ClientSession | None = None
        self._resolver: _Resolver | None = None
        self._used: WeakSet[ResponseHandler] = WeakSet()
        self._closed = False

    def __repr__(self) -> str:
        key = "own key" if self._api_key else "caller's key"
        return f"<OpenAICompatible {self.name!r} {self.base_url} {key}{', closed' if self._closed else ''}>"

    async def call(self, call: Call) -> Reply:
        session = self._open_session()
        url = upstream_url(self.base_url, self.addressed(call.target))
        exchange = Exchange(call, self.outgoing(call.headers), self._used)
        return await exchange.run(session, URL(url, encoded=True))

    async def warm(self) -> None:
        self._open_session()

    async def check(self) -> str | None:
        """Asks `GET /v1/models`, which costs nothing. Without a key of our own a refusal is what we expect."""
        call = Call(method="GET", target="/v1/models", headers=(), body=b"", timeouts=_CHECK_TIMEOUTS)
        try:
            reply = await self.call(call)
        except BackendError as error:
            return f"{self.base_url}: {error}; check base_url and the network"
        await reply.close()
        if reply.status in (401, 403) and self._api_key:
            return f"{self.base_url}: the key was refused (status {reply.status}); check the key's variable"
        if reply.status >= 500:
            return f"{self.base_url}: answers with status {reply.status}"
        return None

    async def close(self) -> None:
        self._closed = True
        session, self._session = self._session, None
        resolver, self._resolver = self._resolver, None
        if session is not None:
            await session.close()
        if resolver is not None:
            await resolver.close()

    def _open_session(self) -> aiohttp.ClientSession:
        """The session, made on first use because it belongs to the running loop."""
        if self._closed:
            raise BackendUnavailable(f"backend {self.name!r} is closed")
        if self._session is None:
            self._resolver = _Resolver()
            connector = aiohttp.TCPConnector(
                resolver=self._resolver,
                ttl_dns_cache=30,
                limit=self._max_connections,
                keepalive_timeout=self._keepalive_s or None,
                force_close=not self._keepalive_s,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                request_class=RawRequest,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_AUTO_HEADERS,
                auto_decompress=False,
                # `Exchange` keeps the time: aiohttp's limits do not tell the phases apart.
                timeout=aiohttp.ClientTimeout(total=None),
                max_line_size=64 * 1024,
                max_field_size=64 * 1024,
            )
        return self._session

    def addressed(self, target: str) -> str:
        """The target as it goes out: beside a key of our own, none of the caller's credentials is in its query."""
        return target if self._api_key is None else without_credentials(target)

    def outgoing(self, given: Headers) -> Headers:
        """The caller's headers less what we replace, then ours; `Host` is the upstream's (see `Exchange`)."""
        kept = [
            (key, value)
            for key, value in given
            if key.lower() not in self._replaced and key.lower() not in _NOT_FORWARDED
        ]
        if self._api_key is not None:
            bearer = self._key_header.lower() == "authorization"
            credential = (self._key_header, f"Bearer {self._api_key.reveal()}" if bearer else self._api_key.reveal())
            # Where the caller's stood, so that the order of the rest says nothing about us.
            at = next((i for i, (key, _) in enumerate(given) if key.lower() in self._credentials), len(kept))
            kept.insert(min(at, len(kept)), credential)
        return (*kept, *self._headers)


class _Resolver(AbstractResolver):
    """Asks the system's resolver on threads of its own.

    A silent DNS server holds its threads for half a minute each; on the loop's default executor that starved every
    other user of it (failure-modes: 29.7 s for a trivial call).
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="halfpenny-dns")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _look_up, host, port, family)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=family_found,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for family_found, _, proto, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: int) -> list[tuple[int, int, int, str, tuple[str | int, ...]]]:
    kind, flags = socket.SOCK_STREAM, socket.AI_ADDRCONFIG
    return [(*entry[:4], tuple(entry[4])) for entry in socket.getaddrinfo(host, port, family, kind, 0, flags)]


async def read_all(reply: Reply) -> bytes:
    """The whole body; the reply is closed afterwards. For small answers that are read here and not relayed."""
    try:
        chunks: AsyncIterator[bytes] = reply.chunks()
        return b"".join([chunk async for chunk in chunks])
    finally:
        await reply.close()
