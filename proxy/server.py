"""The socket rules: what a client may do to us before a request is understood.

aiohttp's low-level `web.Server` without its Application (routing there decodes paths; we need the raw one). On top:
a limit on how long a head may take, errors as JSON, and refusal of framing that two HTTP parsers could read in two
ways (RFC 9112 sections 3.2.2, 6.1; the parsers of aiohttp differ on exactly these).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import http_parser, web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler

from halfpenny.proxy.errors import ProxyError, dialect_of, error_body, error_headers

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


def require_c_parser() -> None:
    """Refuse to run on the pure-Python HTTP parser: it reads six kinds of smuggled requests differently, and slowly."""
    if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
        raise RuntimeError(
            "aiohttp's C HTTP parser is missing (AIOHTTP_NO_EXTENSIONS set, or a source build): reinstall aiohttp"
        )


class Connection(RequestHandler):
    """One client connection, closed if a request head takes longer than `header_timeout_s`."""

    __slots__ = ("_head_timer", "_header_timeout_s")

    def __init__(self, *args: Any, header_timeout_s: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._header_timeout_s = header_timeout_s
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._arm()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self._disarm()
        elif self._head_timer is None and self._current_request is None and not self._messages:
            self._arm()

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
        else:
            error = ProxyError(status, "malformed_request", "the request is not valid HTTP/1.1")
        response = error_response(error, request.path)
        response.force_close()
        return response


class DataServer(web.Server):
    """The data plane's server: one handler for every path."""

    def __init__(self, handler: Handler, *, header_timeout_s: float, keep_alive_s: float) -> None:
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

    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, header_timeout_s=self._header_timeout_s, **self._kwargs)


def error_response(error: ProxyError, path: str, extra: list[tuple[str, str]] | None = None) -> web.Response:
    headers = [*(extra or ()), *error_headers(error), ("Content-Type", "application/json")]
    return web.Response(status=error.status, body=error_body(error, dialect_of(path)), headers=headers)


def check_framing(message: RawRequestMessage) -> None:
    """Refuse what two parsers could read in two ways. Raises `ProxyError` (400)."""
    if not message.path.startswith("/") and message.path != "*":
        raise ProxyError(400, "invalid_target", "the request target must be a path (origin-form)")
    if tuple(message.version) not in ((1, 0), (1, 1)):
        raise ProxyError(400, "invalid_version", "only HTTP/1.0 and HTTP/1.1 are served")
    lengths = 0
    coding = None
    for name, value in message.raw_headers:
        low = name.lower()
        if low == b"content-length":
            lengths += 1
        elif low == b"transfer-encoding":
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
    parts: list[bytes] = []
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
            return parts[0] if len(parts) == 1 else b"".join(parts)
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        parts.append(chunk)


def too_large(limit: int) -> ProxyError:
    return ProxyError(413, "body_too_large", f"the body exceeds the limit of {limit} bytes (server.body_limit)")
