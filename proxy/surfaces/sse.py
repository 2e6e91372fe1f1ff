"""Server-sent events, read tolerantly and written the one way that every client accepts.

Source: the WHATWG event stream grammar; the tolerances of real clients are in the notes on the wire (never `id:` or
`retry:`, a comment ends in one newline).
"""

import re
from collections.abc import Iterator

MAX_EVENT_BYTES = 32 * 1024 * 1024
# one pattern for both line ends: looking for them apart would search the whole buffer again for every event
_BLANK_LINE = re.compile(rb"\n\r?\n")


class EventTooLargeError(Exception):
    """One event exceeds MAX_EVENT_BYTES: the stream is relayed but no longer understood."""


class EventSplitter:
    """Cuts a byte stream into raw events, each with its terminating blank line. Nothing is lost or altered:
    the concatenation of all events and `rest` equals the input."""

    __slots__ = ("_buffer", "_searched")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        buffer = self._buffer
        buffer += data
        events: list[bytes] = []
        start = 0
        at = max(0, self._searched - 3)
        while True:
            end = _event_end(buffer, at)
            if end < 0:
                break
            events.append(bytes(buffer[start:end]))
            start = at = end
        while buffer.startswith(b":", start) and (end := buffer.find(b"\n", start)) >= 0:
            # a comment line is a heartbeat, whole without a blank line after it: it must not wait for the next event
            events.append(bytes(buffer[start : end + 1]))
            start = end + 1
        if start:
            del buffer[:start]
        self._searched = len(buffer)
        if len(buffer) > MAX_EVENT_BYTES:
            raise EventTooLargeError
        return events

    @property
    def rest(self) -> bytes:
        return bytes(self._buffer)


def _event_end(buffer: bytearray, at: int) -> int:
    """The index after the first blank line at or after `at`, or -1. Both LF and CRLF line ends count."""
    found = _BLANK_LINE.search(buffer, at)
    return found.end() if found is not None else -1


def data_of(event: bytes) -> bytes:
    """The `data` field of one event, several data lines joined by a newline; empty if it has none (a comment)."""
    if event.startswith(b"data: ") and event.endswith(b"\n\n") and event.count(b"\n") == 2 and b"\r" not in event:
        return event[6:-2]
    parts = []
    for line in event.splitlines():
        if line.startswith(b"data:"):
            value = line[5:]
            parts.append(value[1:] if value.startswith(b" ") else value)
    return b"\n".join(parts)


def events_of(stream: bytes) -> Iterator[bytes]:
    """The raw events of a whole stream; a last event without its blank line counts."""
    splitter = EventSplitter()
    yield from splitter.feed(stream)
    if splitter.rest.strip():
        yield splitter.rest


def event(data: bytes) -> bytes:
    return b"data: " + data + b"\n\n"
