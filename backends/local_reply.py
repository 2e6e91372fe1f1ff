"""A reply that is made here and did not come over a network."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import msgspec

from halfpenny.backends.base import BrokenReply, Headers

JSON_HEADERS: Headers = (("Content-Type", "application/json"),)
SSE_HEADERS: Headers = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-cache, no-transform"),
    ("X-Accel-Buffering", "no"),
)


class LocalReply:
    """A `Reply` over chunks that are already known. `gap_s` is the pause before each chunk but the first."""

    def __init__(self, status: int, headers: Headers, chunks: Iterable[bytes], gap_s: float = 0.0) -> None:
        self.status = status
        self.headers = headers
        self._chunks = chunks
        self._gap_s = gap_s
        self._closed = False

    async def chunks(self) -> AsyncIterator[bytes]:
        for number, chunk in enumerate(self._chunks):
            # At least one turn of the loop: a reader must never be able to block the others.
            await asyncio.sleep(self._gap_s if number else 0)
            if self._closed:
                raise BrokenReply("the reply was closed before its end")
            yield chunk

    async def close(self) -> None:
        self._closed = True


def json_reply(status: int, value: object) -> LocalReply:
    """A whole JSON answer with its Content-Length."""
    body = msgspec.json.encode(value)
    return LocalReply(status, (*JSON_HEADERS, ("Content-Length", str(len(body)))), (body,))


def error_reply(status: int, message: str, kind: str, code: str | None = None) -> LocalReply:
    """An error in OpenAI's shape; all four fields are required by its specification."""
    return json_reply(status, {"error": {"message": message, "type": kind, "param": None, "code": code}})
