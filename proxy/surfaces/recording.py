"""What all recorders of event streams have in common: cutting events, reading their JSON, knowing a cut from an end."""

from typing import Any

import msgspec

from halfpenny.proxy.surfaces.base import has_error
from halfpenny.proxy.surfaces.sse import EventSplitter, EventTooLargeError, data_of

_decoder = msgspec.json.Decoder()


class EventRecorder:
    """The skeleton of a `Recorder`. A dialect says what an event means (`_event`) and what `[DONE]` does (`_done`).

    `error` is set by an error event of the upstream's own, and by nothing else: the relay takes it for a failure that
    the caller has been told. An event that cannot be read makes the answer inadmissible and is passed over, since the
    upstream may know what it does; half an event at the end of the body is a cut.
    """

    def __init__(self) -> None:
        self.complete = False
        self.closed = False
        self.content_chunks = 0
        self.error = ""
        self._good = True
        self._lost = False
        self._splitter = EventSplitter()

    def feed(self, data: bytes) -> None:
        if self._lost:
            return
        try:
            events = self._splitter.feed(data)
        except EventTooLargeError:
            # relayed from here on without being understood, and ended as the upstream ends it
            self._lost = self.closed = True
            self._good = self.complete = False
            return
        for raw in events:
            self._see(data_of(raw))

    def finish(self) -> bool:
        """At a clean end of the body: whether the answer is whole."""
        rest = self._splitter.rest
        if not self._lost and rest.strip():
            data = data_of(rest)
            if data and data != b"[DONE]" and not isinstance(_decoded(data), dict | list):
                self._good = False
            else:
                self._see(data)
        return self.complete

    def _see(self, data: bytes) -> None:
        if not data:
            return
        if data == b"[DONE]":
            self._done()
            return
        document = _decoded(data)
        if has_error(document):
            self._fail()
        elif isinstance(document, dict):
            self._event(document)
        else:
            self._good = False

    def _fail(self) -> None:
        """The upstream said that it failed."""
        self.error = self.error or "the upstream reported an error inside the stream"
        self._good = self.complete = self.closed = False

    def _event(self, document: dict[str, Any]) -> None:
        raise NotImplementedError

    def _done(self) -> None:
        return None


def _decoded(data: bytes) -> Any:
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
