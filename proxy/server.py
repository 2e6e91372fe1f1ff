"""The socket rules: what a client may do to us before a request is understood.

aiohttp's low-level `web.Server` without its Application (routing there decodes paths; we need the raw one). On top:
a limit on how long a head may take, errors as JSON, and refusal of framing that two HTTP parsers could read in two
ways (RFC 9112 sections 3.2.2, 6.1; the parsers of aiohttp differ on exactly these).
"""

import asyncio
import io
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiohttp import HttpVersion10, HttpVersion11, http_parser, web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from halfpenny.proxy.errors import ProxyError, dialect_of, error_body, error_headers

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Quick(Protocol):
    """What can answer some requests on the spot."""

    def reads(self, path: str) -> bool:
        """Whether it may be asked about this path at all: the body of any other stays untouched."""
        ...

    def quick(self, message: RawRequestMessage, body: bytes) -> bytes | None:
        """A whole request -> the whole answer (head and body), or None if it takes more than a look into memory."""
        ...


_VERSIONS = (HttpVersion11, HttpVersion10)
_LINE_BYTES = 512
_TOO_LARGE = "Too many headers"
_WRITE_BUFFER_BYTES = 1 << 16


def require_c_parser() -> None:
    """Refuse to run on the pure-Python HTTP parser: it reads six kinds of smuggled requests differently, and slowly."""
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        raise RuntimeError(
            "aiohttp's C HTTP parser is missing (AIOHTTP_NO_EXTENSIONS set, or a source build): reinstall aiohttp"
        )


class Connection(RequestHandler):
    """One client connection, closed if a request head takes longer than `header_timeout_s`.

    A request that `quick` can answer is answered right where its bytes arrive. aiohttp's own way (a task, a request, a
    response and a writer for each) costs several times as much as the look-up itself. Whatever is unusual about request
    or connection takes aiohttp's way.
    """

    __slots__ = ("_head_timer", "_header_timeout_s", "_line", "_quick", "early_body")

    def __init__(self, *args: Any, header_timeout_s: float, quick: Quick | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._header_timeout_s = header_timeout_s
        self._quick = quick
        self.early_body: tuple[RawRequestMessage, bytes] | None = None
        """The request that is about to be handled and its body, if that was taken here already."""
        self._head_timer: asyncio.TimerHandle | None = None
        self._line = b""
        """How the head that is being received began: what a malformed one is answered by."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self._request_count
        waiter = self._waiter
        idle = waiter is not None and not waiter.done() and not self._messages
        if idle:
            # not yet: the task that waits for requests is only woken for those that are not answered here
            self._waiter = None
            if not self._line:
                self._line = data[:_LINE_BYTES]
        super().data_received(data)
        if idle:
            self._waiter = waiter
        if self._request_count != before:
            self._disarm()
            self._received()
            if idle and waiter is not None and not self._answered():
                waiter.set_result(None)
        elif self._head_timer is None and self._current_request is None and not self._messages:
            self._arm()

    def _received(self) -> None:
        """A whole head has come, or something that is none. The latter may be the body of the request that is being
        handled: aiohttp would answer it behind that request, which would wait for the rest of its body for ever."""
        if not self._messages or isinstance(self._messages[-1][0], RawRequestMessage):
            self._line = b""
            return
        request = self._current_request
        if request is not None and not request.content.is_eof():
            self._messages.pop()
            # nothing more can be read from here: neither the rest of that body nor another request
            self._lingering_time = 0
            self.close()
            request.content.set_exception(
                ProxyError(400, "malformed_request", "the body is not framed as the request's head says")
            )

    def _answered(self) -> bool:
        """Try to answer the one request that has arrived; True if nothing is left to be done."""
        if len(self._messages) != 1 or self._quick is None or self._paused or self._upgraded:
            return False
        message, payload = self._messages[0]
        if (
            not isinstance(message, RawRequestMessage)
            or message.method != "POST"
            or message.should_close
            or message.version != HttpVersion11
            or not payload.is_eof()
            or not self._quick.reads(message.path)
        ):
            return False
        transport = self.transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > _WRITE_BUFFER_BYTES:
            return False
        body = payload.read_nowait(-1)
        answer = self._quick.quick(message, body)
        if answer is None:
            self.early_body = message, body
            return False
        self._messages.popleft()
        if self._parser is not None:
            self._parser.message_consumed()
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(self._next_keepalive_close_time, self._process_keepalive)
        transport.write(answer)
        return True

    def _arm(self) -> None:
        self._head_timer = self._loop.call_later(self._header_timeout_s, self._too_slow)

    def _disarm(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if self._current_request is None and not self._messages:
            self.force_close()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What aiohttp calls for a malformed request and for a handler that raised."""
        if status >= 500:
            self.log_exception("Error handling request", exc_info=exc)
            if request._payload_writer.output_size > 0:
                # the answer has begun: a second head inside its body would be read as content
                raise ConnectionError("the answer broke after it had begun") from exc
            error = ProxyError(500, "internal_error", "the proxy failed to handle this request")
            path = request.path
        else:
            error, path = _malformed(status, exc, message or ""), _path_of(self._line)
        response = error_response(error, path)
        response.force_close()
        return response


def _malformed(status: int, exc: BaseException | None, message: str) -> ProxyError:
    """The parser's complaint, without the bytes that it quotes."""
    if isinstance(exc, LineTooLong) or message.startswith(_TOO_LARGE):
        return ProxyError(431, "head_too_large", "the request head is too large: its line, a header or their number")
    reason = message.partition("\n")[0].rstrip(": ")
    return ProxyError(status, "malformed_request", f"the request is not valid HTTP/1.1: {reason}".rstrip(": "))


def _path_of(line: bytes) -> str:
    """The path in a request line that the parser did not take; empty if there is none."""
    parts = line.partition(b"\r")[0].split(b" ")
    return parts[1].partition(b"?")[0].decode("latin-1") if len(parts) > 1 and parts[1].startswith(b"/") else ""


class DataServer(web.Server):
    """The data plane's server: one handler for every path."""

    def __init__(
        self, handler: Handler, *, header_timeout_s: float, keep_alive_s: float, quick: Quick | None = None
    ) -> None:
        super().__init__(
            handler,
            handler_cancellation=True,
            keepalive_timeout=keep_alive_s,
            auto_decompress=False,
            access_log=None,
            lingering_time=2.0,
            max_line_size=32_768,
            max_field_size=32_768,
            max_headers=256,
        )
        self._header_timeout_s = header_timeout_s
        self._quick = quick

    def __call__(self) -> RequestHandler:
        return Connection(
            self, loop=self._loop, header_timeout_s=self._header_timeout_s, quick=self._quick, **self._kwargs
        )


def take_early_body(request: web.BaseRequest) -> bytes | None:
    """The body, if it was taken from the connection before the request was made."""
    connection = request.protocol
    if not isinstance(connection, Connection):
        return None
    early, connection.early_body = connection.early_body, None
    # by identity: a body must never be taken for that of another request on the connection
    return early[1] if early is not None and early[0] is request._message else None


def error_response(error: ProxyError, path: str, extra: list[tuple[str, str]] | None = None) -> web.Response:
    headers = [*(extra or ()), *error_headers(error), ("Content-Type", "application/json")]
    return web.Response(status=error.status, body=error_body(error, dialect_of(path)), headers=headers)


def check_framing(message: RawRequestMessage) -> None:
    """Refuse what two parsers could read in two ways. Raises `ProxyError` (400, 405)."""
    if message.method == "CONNECT":
        # what follows its answer would be no HTTP any more
        raise ProxyError(405, "method_not_allowed", "CONNECT is not served: this is no forward proxy")
    if not message.path.startswith("/") and message.path != "*":
        raise ProxyError(400, "invalid_target", "the request target must be a path (origin-form)")
    if message.version not in _VERSIONS:
        raise ProxyError(400, "invalid_version", "only HTTP/1.0 and HTTP/1.1 are served")
    lengths = 0
    coding = None
    for name, value in message.raw_headers:
        # by length first: lower-casing every name would cost more than all the rest here
        size = len(name)
        if size == 14 and name.lower() == b"content-length":
            lengths += 1
        elif size == 17 and name.lower() == b"transfer-encoding":
            if coding is not None or value.strip().lower() != b"chunked":
                raise ProxyError(400, "invalid_framing", "Transfer-Encoding must be exactly 'chunked'")
            coding = value
    if lengths > 1 or (lengths and coding is not None):
        raise ProxyError(400, "invalid_framing", "a body must be framed by one Content-Length or by chunks, not both")


async def read_body(request: web.BaseRequest, *, limit: int, idle_s: float) -> bytes:
    """The whole raw body. Raises `ProxyError` 413 over `limit` bytes, 408 after `idle_s` without a byte."""
    length = request.content_length
    if length is not None and length > limit:
        raise too_large(limit)
    content = request.content
    first = b""
    # not a list to be joined: that would take the body's memory twice, and the loop's time to copy it
    whole: io.BytesIO | None = None
    size = 0
    while True:
        if content.is_eof():
            # all of it has arrived: take it without arming a timer
            chunk = content.read_nowait(-1)
        else:
            try:
                async with asyncio.timeout(idle_s):
                    chunk = await content.readany()
            except TimeoutError:
                raise ProxyError(408, "body_timeout", f"no byte of the body arrived for {idle_s:g} s") from None
        if not chunk:
            return first if whole is None else whole.getvalue()
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        if not first:
            first = chunk
        else:
            if whole is None:
                whole = io.BytesIO()
                whole.write(first)
            whole.write(chunk)


def too_large(limit: int) -> ProxyError:
    return ProxyError(413, "body_too_large", f"the body exceeds the limit of {limit} bytes (server.body_limit)")
