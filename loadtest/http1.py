"""HTTP/1.1 messages as bytes: just enough, and fast enough, for both ends of a load test.

Trusted peers on loopback only: nothing here defends against a hostile one.
"""

from collections.abc import Iterable
from typing import NamedTuple

_END = b"\r\n\r\n"


class Message(NamedTuple):
    """A request or a response. `head` is all before the empty line, as it came."""

    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        """Of a response."""
        return int(self.head[9:12])

    def header(self, name: str) -> str:
        """The first value of a header; empty if there is none."""
        wanted = name.lower().encode() + b":"
        for line in self.head.split(b"\r\n")[1:]:
            if line.lower().startswith(wanted):
                return line[len(wanted) :].strip().decode("latin-1")
        return ""


def take(data: bytes, start: int = 0) -> tuple[Message, int] | None:
    """The message that begins at `start` and the offset behind it; None while it is incomplete.

    A message without Content-Length and not chunked has no body (requests, 204, 304). Raises ValueError for a
    Content-Length or a chunk size that is no number.
    """
    end = data.find(_END, start)
    if end < 0:
        return None
    head = data[start:end]
    body_at = end + 4
    low = head.lower()
    at = low.find(b"\r\ncontent-length:")
    if at >= 0:
        stop = low.find(b"\r\n", at + 17)
        size = int(low[at + 17 : stop if stop >= 0 else len(low)])
        if len(data) < body_at + size:
            return None
        return Message(head, data[body_at : body_at + size]), body_at + size
    if b"\r\ntransfer-encoding: chunked" in low:
        return _take_chunks(data, head, body_at)
    return Message(head, b""), body_at


def _take_chunks(data: bytes, head: bytes, at: int) -> tuple[Message, int] | None:
    body = bytearray()
    while True:
        line_end = data.find(b"\r\n", at)
        if line_end < 0:
            return None
        size = int(data[at:line_end].partition(b";")[0], 16)
        at = line_end + 2
        if len(data) < at + size + 2:
            return None
        body += data[at : at + size]
        at += size + 2
        if size == 0:
            return Message(head, bytes(body)), at


class Reader:
    """Puts messages together from what a socket delivers."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Message]:
        """All messages that are complete now."""
        if self._rest:
            data = self._rest + data
        found = []
        at = 0
        while at < len(data):
            taken = take(data, at)
            if taken is None:
                break
            message, at = taken
            found.append(message)
        self._rest = data[at:] if at else data
        return found


def request(method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> bytes:
    """The bytes of a request; Content-Length is added where there is a body."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + _END + body


def response(status: int, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} OK", *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode("latin-1") + _END + body
