"""OpenAI's chunk streams (chat and completions): recording, and the usage event that we ask for and hide.

Terminal rule (notes on the wire, 1.3): a stream is whole when every choice has a finish_reason and `[DONE]` or a clean
end of the body followed. A clean end alone proves nothing: every SDK takes it for a complete answer.
"""

from typing import Any

import msgspec

from halfpenny.proxy.surfaces.base import Reported
from halfpenny.proxy.surfaces.openai_usage import read_usage
from halfpenny.proxy.surfaces.sse import EventSplitter, EventTooLargeError, data_of, events_of

STORABLE_FINISHES = frozenset({"stop", "tool_calls", "function_call", "eos"})
_EMPTY_USAGE = (b',"usage":null', b', "usage": null')
_decoder = msgspec.json.Decoder()


class ChunkRecorder:
    """`Recorder` for streams of chunks with `choices[].finish_reason`."""

    def __init__(self, *, choices: int = 1, storable: frozenset[str] = STORABLE_FINISHES) -> None:
        self.complete = False
        self.closed = False
        self.content_chunks = 0
        self.error = ""
        self._good = True
        self._splitter = EventSplitter()
        self._expected = choices
        self._storable = storable
        self._finishes: dict[int, str] = {}
        self._usage: Any = None
        self._lost = False

    @property
    def admissible(self) -> bool:
        """False also for an answer without content: the same as JSON is refused, too."""
        return self._good and self.content_chunks > 0

    def feed(self, data: bytes) -> None:
        if self._lost:
            return
        try:
            events = self._splitter.feed(data)
        except EventTooLargeError:
            self._give_up("an event is too large to be read")
            return
        for raw in events:
            self._see(data_of(raw))

    def finish(self) -> bool:
        if not self._lost and self._splitter.rest.strip():
            self._see(data_of(self._splitter.rest))
        self.complete = self.complete or self._finished()
        return self.complete

    def reported(self) -> Reported:
        return read_usage(self._usage)

    def _see(self, data: bytes) -> None:
        if not data:
            return
        if data == b"[DONE]":
            self.closed = not self.error
            self.complete = self._finished() and self.closed
            return
        try:
            chunk = _decoder.decode(data)
        except (msgspec.DecodeError, RecursionError):
            self._give_up("an event is not JSON")
            return
        if not isinstance(chunk, dict):
            self._give_up("an event is not an object")
            return
        if chunk.get("error") is not None:
            self._give_up("the upstream reported an error inside the stream")
            return
        usage = chunk.get("usage")
        if usage is not None:
            self._usage = usage
        for choice in chunk.get("choices") or ():
            self._see_choice(choice)

    def _see_choice(self, choice: Any) -> None:
        if not isinstance(choice, dict):
            self._give_up("a choice is not an object")
            return
        delta = choice.get("delta")
        if isinstance(delta, dict):
            if any(delta.get(name) for name in delta if name != "role"):
                self.content_chunks += 1
            if delta.get("refusal"):
                self._good = False
        elif choice.get("text"):
            self.content_chunks += 1
        finish = choice.get("finish_reason")
        if finish is not None:
            index = choice.get("index")
            self._finishes[index if isinstance(index, int) else 0] = str(finish)
            if finish not in self._storable:
                self._good = False

    def _finished(self) -> bool:
        return not self._lost and len(self._finishes) >= self._expected

    def _give_up(self, why: str) -> None:
        self.error = self.error or why
        self._good = False
        self._lost = True


def without_usage_event(stream: bytes) -> bytes:
    return b"".join(hide_usage(raw) for raw in events_of(stream))


def hide_usage(raw: bytes) -> bytes:
    """The event as a caller sees it who did not ask for usage: no usage event, and no `usage: null` on the others.

    Cutting the text is safe: inside a JSON string the quotes would be escaped.
    """
    if b'"usage"' not in raw:
        return raw
    if is_usage_event(raw):
        return b""
    for empty in _EMPTY_USAGE:
        raw = raw.replace(empty, b"")
    return raw


def is_usage_event(raw: bytes) -> bool:
    """The extra chunk of `include_usage`: no choices, a usage object (OpenAI, vLLM, llama.cpp)."""
    if b'"usage"' not in raw:
        return False
    try:
        chunk = _decoder.decode(data_of(raw))
    except (msgspec.DecodeError, RecursionError):
        return False
    return isinstance(chunk, dict) and chunk.get("choices") == [] and chunk.get("usage") is not None


def chunks_of(stream: bytes) -> list[dict[str, Any]]:
    """The decoded chunks of a whole stream that was recorded as complete."""
    chunks = []
    for raw in events_of(stream):
        data = data_of(raw)
        if data and data != b"[DONE]":
            chunks.append(_decoder.decode(data))
    return chunks


def head_of(chunks: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The top-level fields of the JSON answer: those of the chunks, under the answer's own `object` name."""
    head: dict[str, Any] = {}
    for chunk in chunks:
        for name, value in chunk.items():
            if name not in ("choices", "usage", "object", "obfuscation") and value is not None:
                head.setdefault(name, value)
    head["object"] = kind
    return head


def usage_of(chunks: list[dict[str, Any]]) -> Any:
    for chunk in reversed(chunks):
        if chunk.get("usage") is not None:
            return chunk["usage"]
    return None
