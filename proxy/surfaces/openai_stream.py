"""OpenAI's chunk streams (chat and completions): recording, and the usage event that we ask for and hide.

Terminal rule (notes on the wire, 1.3): a stream is whole when every choice has a finish_reason and `[DONE]` or a clean
end of the body followed. A clean end alone proves nothing: every SDK takes it for a complete answer.
"""

from typing import Any

import msgspec

from halfpenny.proxy.surfaces.base import Reported
from halfpenny.proxy.surfaces.openai_chunks import usage_in
from halfpenny.proxy.surfaces.openai_usage import read_usage
from halfpenny.proxy.surfaces.recording import EventRecorder
from halfpenny.proxy.surfaces.sse import data_of, events_of

STORABLE_FINISHES = frozenset({"stop", "tool_calls", "function_call", "eos"})
_EMPTY_USAGE = (b',"usage":null', b', "usage": null')
_decoder = msgspec.json.Decoder()


class ChunkRecorder(EventRecorder):
    """`Recorder` for streams of chunks with `choices[].finish_reason`."""

    def __init__(self, *, choices: int = 1, storable: frozenset[str] = STORABLE_FINISHES) -> None:
        super().__init__()
        self._expected = choices
        self._storable = storable
        self._finishes: dict[int, str] = {}
        self._usage: Any = None

    @property
    def admissible(self) -> bool:
        """False also for an answer without content: the same as JSON is refused, too."""
        return self._good and self.content_chunks > 0

    def finish(self) -> bool:
        super().finish()
        self.complete = self.complete or self._finished()
        return self.complete

    def reported(self) -> Reported:
        return read_usage(self._usage)

    def _done(self) -> None:
        self.closed = not self.error
        self.complete = self._finished()

    def _event(self, document: dict[str, Any]) -> None:
        usage = usage_in(document)
        if usage is not None:
            self._usage = usage
        choices = document.get("choices") or ()
        if not isinstance(choices, list | tuple):
            self._good = False
            return
        for choice in choices:
            self._see_choice(choice)

    def _see_choice(self, choice: Any) -> None:
        if not isinstance(choice, dict):
            self._good = False
            return
        if choice.get("error") is not None:
            self._fail()
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
            if not isinstance(finish, str) or finish not in self._storable:
                self._good = False

    def _finished(self) -> bool:
        return not self._lost and not self.error and len(self._finishes) >= self._expected


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
    except (ValueError, RecursionError):
        return False
    return isinstance(chunk, dict) and chunk.get("choices") == [] and chunk.get("usage") is not None
