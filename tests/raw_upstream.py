"""An upstream that answers byte by byte, for what an HTTP server library would not let a test do."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
"""Given the request's body and the connection; the connection is closed after it."""


class RawUpstream:
    """Reads each request whole and leaves all that goes back to `answer`. `calls` counts the requests."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.calls = 0
        self._server: asyncio.Server | None = None

    @property
    def base_url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def __aenter__(self) -> "RawUpstream":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            found = re.search(rb"(?i)content-length: (\d+)", head)
            body = await reader.readexactly(int(found[1]) if found else 0)
            self.calls += 1
            await self.answer(body, writer)
            await writer.drain()
        writer.close()
