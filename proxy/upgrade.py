"""Upgraded connections (websockets): after the request head, bytes are piped both ways and not looked at.

RFC 9110 section 7.8: an upgrade is between the two ends; a proxy that relays it must not send a byte of what follows
the request before the upstream has agreed. The client's early bytes are therefore held until the upstream's head.
"""

import asyncio
import contextlib
import ssl
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from halfpenny.backends.base import Headers
from halfpenny.backends.openai_compatible import upstream_url
from halfpenny.proxy.exchange import Exchange
from halfpenny.proxy.headers import forwarded, returned

_CONNECT_S = 10.0
_HANDSHAKE_S = 60.0
_PIECE = 64 * 1024
_HIGH_WATER = 256 * 1024


class Dialable(Protocol):
    """A backend that can be dialled directly: its address, and the target and headers that it would send."""

    base_url: str

    def addressed(self, target: str) -> str: ...

    def outgoing(self, given: Headers) -> Headers: ...


def is_upgrade(request: web.BaseRequest) -> bool:
    """A websocket handshake (RFC 6455 section 4.1: GET, no body). Other upgrades may be ignored (RFC 9110 section 7.8),
    and are: what followed them on the connection would be requests that nobody here has read."""
    return (
        request.method == "GET"
        and "upgrade" in request.headers.get("Connection", "").lower()
        and request.headers.get("Upgrade", "").strip().lower() == "websocket"
        and not request.can_read_body
    )


class Refused(msgspec.Struct, frozen=True):
    """The upstream did not agree: its own answer, to be passed on."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


async def pipe(request: web.BaseRequest, exchange: Exchange, backend: Any) -> Refused | None:
    """Dial the upstream, send the head; relay both ways if it agrees. Raises OSError if it cannot be reached."""
    target = cast("Dialable", backend)
    url = urlsplit(upstream_url(target.base_url, target.addressed(exchange.target)))
    port = url.port or (443 if url.scheme == "https" else 80)
    secure = ssl.create_default_context() if url.scheme == "https" else None
    async with asyncio.timeout(_CONNECT_S):
        reader, writer = await asyncio.open_connection(url.hostname, port, ssl=secure)
    try:
        writer.write(_head(request, exchange, target, url.netloc))
        try:
            async with asyncio.timeout(_HANDSHAKE_S):
                head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise ConnectionError("the upstream did not answer the handshake") from error
        if not head.startswith((b"HTTP/1.1 101", b"HTTP/1.0 101")):
            return await _refused(head, reader)
        await _relay(request, head, reader, writer)
        return None
    finally:
        writer.close()


async def _refused(head: bytes, reader: asyncio.StreamReader) -> Refused:
    line, *fields = head.decode("latin-1").split("\r\n")
    pairs = [(name, value.strip()) for name, colon, value in (f.partition(":") for f in fields) if colon]
    length = next((value for name, value in pairs if name.lower() == "content-length"), "0")
    body = b""
    if length.isdigit() and int(length) <= _PIECE:
        with contextlib.suppress(asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(_CONNECT_S):
                body = await reader.readexactly(int(length))
    kept = [(name, value) for name, value in returned(pairs) if name.lower() != "content-length"]
    return Refused(int(line.split()[1]), kept, body)


def _head(request: web.BaseRequest, exchange: Exchange, backend: Dialable, host: str) -> bytes:
    path = upstream_url(backend.base_url, backend.addressed(exchange.target)).split("://", 1)[1]
    path = path[path.index("/") :]
    lines = [f"{exchange.method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in backend.outgoing(forwarded(exchange.raw_headers))]
    lines += ["Connection: Upgrade", f"Upgrade: {request.headers['Upgrade']}", "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


class _Client(asyncio.Protocol):
    """Takes over the client's transport from aiohttp. `original` still hears of the loss of the connection."""

    def __init__(self, transport: asyncio.Transport, original: Any, early: bytes) -> None:
        self.transport = transport
        self.original = original
        self.received = bytearray(early)
        self.closed = False
        self._waiter: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        self.received += data
        if len(self.received) > _HIGH_WATER:
            self.transport.pause_reading()
        self._wake(self._waiter)

    def eof_received(self) -> bool:
        self.closed = True
        self._wake(self._waiter)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._wake(self._waiter)
        self._wake(self._room)
        self.original.connection_lost(exc)

    def pause_writing(self) -> None:
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        self._wake(self._room)

    @staticmethod
    def _wake(waiter: asyncio.Future[None] | None) -> None:
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def read(self) -> bytes:
        while not self.received and not self.closed:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        data = bytes(self.received)
        self.received.clear()
        if data and not self.closed:
            self.transport.resume_reading()
        return data

    async def write(self, data: bytes) -> None:
        self.transport.write(data)
        if self._room is not None and not self._room.done() and not self.closed:
            await self._room


async def _relay(
    request: web.BaseRequest, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    transport = request.transport
    if transport is None:
        return
    original: Any = request.protocol
    client = _Client(transport, original, original._message_tail)
    transport.set_protocol(client)
    transport.write(head)

    async def down() -> None:
        while data := await reader.read(_PIECE):
            await client.write(data)

    async def up() -> None:
        while data := await client.read():
            writer.write(data)
            await writer.drain()

    try:
        async with asyncio.TaskGroup() as group:
            first_down = group.create_task(down(), name="upgrade:down")
            first_up = group.create_task(up(), name="upgrade:up")
            await asyncio.wait({first_down, first_up}, return_when=asyncio.FIRST_COMPLETED)
            first_down.cancel()
            first_up.cancel()
    except* ConnectionError:
        pass
