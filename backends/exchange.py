"""One HTTP exchange over aiohttp: its phases, its clock, and the border where aiohttp's exceptions become
ours."""

import asyncio
import io
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from weakref import WeakSet

import aiohttp
from aiohttp import hdrs
from aiohttp.client_proto import ResponseHandler
from multidict import CIMultiDict
from yarl import URL

from halfpenny.backends.base import (
    BackendError,
    BadCall,
    BrokenReply,
    Call,
    ConnectError,
    Headers,
    Phase,
    PhaseTimeout,
    Timeouts,
)

if TYPE_CHECKING:
    from aiohttp.connector import Connection


_LARGE_BODY_BYTES = 256 * 1024


class PhaseClock:
    """Which phase runs, and when it must be over. Times are the loop's, in seconds."""

    def __init__(self, limits: Timeouts, now: float) -> None:
        self._limits = limits
        self._total_at = now + limits.total_s
        self.phase: Phase = "connect"
        self.deadline = self._total_at
        self.enter("connect", now)

    def enter(self, phase: Phase, now: float) -> float:
        """Start a phase (or start it anew); returns its deadline, which the total limit may bring forward."""
        self.phase = phase
        self.deadline = min(now + self._limit_of(phase), self._total_at)
        return self.deadline

    def expired(self) -> PhaseTimeout:
        """The error to raise when the deadline has passed: names the limit that was the nearer one."""
        phase: Phase = "total" if self.deadline == self._total_at else self.phase
        return PhaseTimeout(phase, self._limit_of(phase))

    def _limit_of(self, phase: Phase) -> float:
        limits = self._limits
        return {
            "connect": limits.connect_s,
            "first_byte": limits.first_byte_s,
            "idle": limits.idle_s,
            "total": limits.total_s,
        }[phase]


_NONE_ADDED: CIMultiDict[None] = CIMultiDict(
    (name, None) for name in ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
)


class RawRequest(aiohttp.ClientRequest):
    """aiohttp's request, which also tells its exchange when it has got a connection."""

    exchange: "Exchange | None" = None

    def update_auto_headers(self, skip_auto_headers: Iterable[str] | None) -> None:
        """None are added: `Exchange` says what is sent. aiohttp's own way makes this map anew for each request."""
        self._skip_auto_headers = _NONE_ADDED

    async def send(self, conn: "Connection") -> aiohttp.ClientResponse:
        if self.exchange is not None:
            self.exchange.connected(conn)
        return await super().send(conn)


class Exchange:
    """One call on the wire. `run` gives the reply; used once."""

    def __init__(self, call: Call, headers: Headers, used: "WeakSet[ResponseHandler]") -> None:
        self._call = call
        self._headers = headers
        self._used = used
        self._clock = PhaseClock(call.timeouts, asyncio.get_running_loop().time())
        self._timeout = asyncio.timeout_at(self._clock.deadline)
        self._transport: asyncio.Transport | None = None
        self._on_used_connection = False
        self._body_error: Exception | None = None
        self._head_arrived = False

    async def run(self, session: aiohttp.ClientSession, url: URL) -> "HttpReply":
        """Send, and wait for the head. Raises BackendError, or what the body's iterator raised."""
        _refuse_unsendable(self._headers)
        try:
            async with self._timeout:
                response = await session.request(
                    self._call.method,
                    url,
                    data=self._payload(),
                    headers=_framing(self._headers),
                    allow_redirects=False,
                    middlewares=(self._once,),
                )
        except Exception as error:
            self._abort()
            if self._body_error is not None:
                # The caller's own failure, which aiohttp has wrapped in one of the connection.
                raise self._body_error from None
            raise self._ours(error) from error.__cause__ or error
        except BaseException:
            # Cancelled: a polite close would first flush what an upstream that does not read will never take.
            self._abort()
            raise
        return HttpReply(response, self._clock, self._transport)

    def _ours(self, error: Exception) -> Exception:
        """What `run` raises for an error. What is neither aiohttp's nor ours is a bug, and stays as it is."""
        if isinstance(error, BackendError):
            return error
        if isinstance(error, TimeoutError):
            expired = self._timeout.expired()
            return self._clock.expired() if expired else ConnectError("upstream: the connection timed out")
        if isinstance(error, aiohttp.InvalidURL | ValueError):
            # aiohttp checks method, URL and header values before it connects.
            return BadCall("the request cannot be sent as HTTP/1.1")
        if isinstance(error, aiohttp.ClientError):
            return BrokenReply(f"upstream: {type(error).__name__}")
        return error

    def _payload(self) -> "AsyncIterator[bytes] | bytes | io.BytesIO | None":
        body = self._call.body
        if not isinstance(body, bytes):
            return self._watched(body)
        # In one piece, aiohttp would hand the whole body to the socket at once and hold the loop meanwhile.
        return io.BytesIO(body) if len(body) > _LARGE_BODY_BYTES else body or None

    def connected(self, conn: "Connection") -> None:
        """Called by the request when it has a connection and is about to write."""
        protocol = conn.protocol
        assert protocol is not None
        self._transport = conn.transport
        self._on_used_connection = protocol in self._used
        self._used.add(protocol)
        self._progress()

    def _progress(self) -> None:
        if not self._timeout.expired():
            self._timeout.reschedule(self._clock.enter("first_byte", asyncio.get_running_loop().time()))

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def _watched(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The caller's body. While it still comes, the upstream cannot be late. Its own error is kept as it is."""
        try:
            async for chunk in body:
                yield chunk
                # The upstream may have answered already (413, say): then `run` is over, and its clock with it.
                if not self._head_arrived:
                    self._progress()
        except Exception as error:
            self._body_error = error
            raise

    async def _once(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """An aiohttp middleware: sets the exact headers, and maps errors before aiohttp could retry for them.

        aiohttp sends idempotent requests a second time when a kept connection turns out to be closed;
        retries have one owner, and it is not this client.
        """
        assert isinstance(request, RawRequest)
        request.exchange = self
        request.headers = _exact(self._headers, request.headers)
        with self._border():
            response = await handler(request)
        self._head_arrived = True
        return response

    @contextmanager
    def _border(self) -> Iterator[None]:
        try:
            yield
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise ConnectError(f"upstream: {_reason(error)}") from error
        except aiohttp.ClientResponseError as error:
            raise BrokenReply("upstream: the reply is not valid HTTP") from error
        except (aiohttp.ClientError, OSError) as error:
            if self._on_used_connection:
                # The usual race: the server closed the idle connection just before we wrote to it.
                raise ConnectError("upstream: the kept connection had been closed") from error
            raise BrokenReply("upstream: the connection ended before the reply began") from error


class HttpReply:
    """A `Reply` over an aiohttp response."""

    def __init__(
        self, response: aiohttp.ClientResponse, clock: PhaseClock, transport: asyncio.Transport | None
    ) -> None:
        self.status = response.status
        self.headers: Headers = tuple(
            (_text(name), _text(value)) for name, value in response.raw_headers
        )
        self._response = response
        self._clock = clock
        self._transport = transport
        self._begun = False
        self._ended = False

    def __repr__(self) -> str:
        return f"<HttpReply {self.status}, {'ended' if self._ended else self._clock.phase}>"

    async def chunks(self) -> AsyncIterator[bytes]:
        content = self._response.content
        loop = asyncio.get_running_loop()
        try:
            while True:
                # The first chunk shares the head's limit; each later one has the idle limit to itself.
                clock = self._clock
                deadline = clock.enter("idle", loop.time()) if self._begun else clock.deadline
                async with asyncio.timeout_at(deadline) as limit:
                    chunk = await content.readany()
                if not chunk:
                    break
                self._begun = True
                yield chunk
        except TimeoutError as error:
            self._abort()
            ours = self._clock.expired() if limit.expired() else BrokenReply("upstream: the connection timed out")
            raise ours from error
        except (aiohttp.ClientError, OSError) as error:
            self._abort()
            raise BrokenReply("upstream: the connection ended before the reply did") from error
        except BaseException:
            self._abort()
            raise
        self._ended = True
        self._response.release()

    async def close(self) -> None:
        if not self._ended:
            self._abort()

    def _abort(self) -> None:
        """Close the connection at once; also ends a `chunks()` that another task is waiting in."""
        self._ended = True
        # A reply without a body has gone back to the pool by itself: then its connection is not ours to abort.
        if self._response.connection is not None and self._transport is not None:
            self._transport.abort()
        self._response.close()


def _framing(headers: Headers) -> CIMultiDict[str]:
    """What aiohttp must know to frame the body: the rest is set in `_once`, untouched by its merging of names."""
    return CIMultiDict((key, value) for key, value in headers if key.lower() == "content-length")


def _exact(headers: Headers, made: CIMultiDict[str]) -> CIMultiDict[str]:
    """The headers to send: ours in our order, with aiohttp's Host and body framing (`made`) put in.

    Host stands where the caller's stood, else first. Framing headers that the caller did not send come last.
    """
    host = made[hdrs.HOST]
    framing = {
        key.lower(): (key, made[key]) for key in (hdrs.CONTENT_LENGTH, hdrs.TRANSFER_ENCODING) if key in made
    }
    sent: CIMultiDict[str] = CIMultiDict()
    if not any(key.lower() == "host" for key, _ in headers):
        sent.add(hdrs.HOST, host)
    for key, value in headers:
        lower = key.lower()
        if lower in framing:
            sent.add(key, framing.pop(lower)[1])
        elif lower == "host":
            sent.add(key, host)
        elif lower != "content-length":
            sent.add(key, value)
    for key, value in framing.values():
        sent.add(key, value)
    return sent


def _refuse_unsendable(headers: Headers) -> None:
    """Raises BadCall for what aiohttp's writer would drop in silence: bytes that are not UTF-8 (seen as surrogates)."""
    for key, value in headers:
        try:
            key.encode(), value.encode()
        except UnicodeEncodeError as error:
            raise BadCall("a header is not valid UTF-8") from error


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _reason(error: Exception) -> str:
    """Why there was no connection, in words of our own: addresses and internals stay out."""
    if isinstance(error, aiohttp.ClientConnectorDNSError) or isinstance(error.__cause__, socket.gaierror):
        return "the host name was not found"
    if isinstance(error, aiohttp.ClientSSLError):
        return "the TLS handshake failed"
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionRefusedError):
        return "the connection was refused"
    return "no connection"


