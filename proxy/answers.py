"""Responses as they go out: what the upstream said, less aiohttp's own additions."""

import asyncio
from collections.abc import Iterable

from aiohttp import hdrs, web
from multidict import CIMultiDict

Pairs = Iterable[tuple[str, str]]


class _Faithful(web.StreamResponse):
    """aiohttp adds `Server` and a default `Content-Type`; an answer that had none must not get one here."""

    def _had(self, headers: Pairs) -> CIMultiDict[str]:
        given: CIMultiDict[str] = CIMultiDict(headers)
        self._bare = tuple(name for name in (hdrs.SERVER, hdrs.CONTENT_TYPE) if name not in given)
        return given

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        for name in self._bare:
            self.headers.pop(name, None)


class WholeAnswer(_Faithful, web.Response):
    """An answer whose body is all there: head and body leave in one write."""

    def __init__(self, status: int, headers: Pairs, body: bytes) -> None:
        web.Response.__init__(self, status=status, headers=self._had(headers), body=body)


class StreamedAnswer(_Faithful):
    """An answer passed on as it comes."""

    def __init__(self, status: int, headers: Pairs) -> None:
        web.StreamResponse.__init__(self, status=status, headers=self._had(headers))


class PacedAnswer(StreamedAnswer):
    """A stored stream, sent event by event at `rate` events per second."""

    def __init__(self, status: int, headers: Pairs, events: Iterable[bytes], rate: float) -> None:
        super().__init__(status, headers)
        self._events = events
        self._pause_s = 1.0 / rate

    async def write_eof(self, data: bytes = b"") -> None:
        for at, event in enumerate(self._events):
            if at:
                await asyncio.sleep(self._pause_s)
            await self.write(event)
        self._events = ()
        await super().write_eof(data)


def break_connection(request: web.BaseRequest) -> None:
    """End a response without its terminator: what was written is flushed, then the connection closes.

    A clean end here would be taken for a complete answer by every official SDK.
    """
    if request.transport is not None:
        request.transport.close()
