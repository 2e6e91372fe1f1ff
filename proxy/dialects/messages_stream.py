"""Streams of Anthropic's Messages API, read and written (event order: notes on the wire, 1.4)."""

from typing import Any, Literal

import msgspec

from halfpenny.proxy.dialects import problems
from halfpenny.proxy.dialects.answers import encode, need_object, need_text, text_or_none
from halfpenny.proxy.dialects.base import (
    ArgumentsCame,
    Began,
    CallBegan,
    ChoiceEnded,
    Ended,
    Event,
    EventReader,
    EventWriter,
    Failed,
    RefusalCame,
    TextCame,
    ThoughtCame,
    UsageCame,
)
from halfpenny.proxy.dialects.messages_answer import ending_of, reason_of
from halfpenny.proxy.dialects.shared import json_text, prefixed
from halfpenny.proxy.dialects.usage import for_messages
from halfpenny.proxy.surfaces.anthropic_usage import read_usage
from halfpenny.proxy.surfaces.base import Reported

_decoder = msgspec.json.Decoder()
_READ_BLOCKS = frozenset({"text", "thinking", "redacted_thinking"})


class MessagesReader:
    def __init__(self) -> None:
        self._usage: dict[str, Any] = {}
        self._calls: dict[int, int] = {}
        """index of a block -> the call's number."""
        self._without_arguments: set[int] = set()
        self._ended = False

    def read(self, data: bytes) -> list[Event]:
        document = _decoder.decode(data)
        failed = problems.failure_of(document)
        if failed is not None:
            return [failed]
        event = need_object(document, "an event")
        match event.get("type"):
            case "message_start":
                message = need_object(event.get("message"), "'message'")
                began = Began(id=text_or_none(message.get("id")), model=text_or_none(message.get("model")))
                return [began, *self._count(message.get("usage"))]
            case "content_block_start":
                return self._start(_index(event), need_object(event.get("content_block"), "'content_block'"))
            case "content_block_delta":
                return self._delta(_index(event), need_object(event.get("delta"), "'delta'"))
            case "content_block_stop":
                return self._stop(_index(event))
            case "message_delta":
                delta = need_object(event.get("delta"), "'delta'")
                out = self._count(event.get("usage"))
                if delta.get("stop_reason") is not None:
                    self._ended = True
                    sequence = text_or_none(delta.get("stop_sequence")) or None
                    out.append(ChoiceEnded(ending=ending_of(delta), stop_sequence=sequence))
                return out
            case "message_stop":
                return [Ended()] if self._ended else []
            case _:
                return []  # ping, and what may be added: clients are told to pass over events they do not know

    def finish(self) -> list[Event]:
        return []

    def _count(self, usage: Any) -> list[Event]:
        if not isinstance(usage, dict):
            return []
        self._usage |= {name: value for name, value in usage.items() if value is not None}
        read = read_usage(self._usage)
        return [UsageCame(read)] if read.known else []

    def _start(self, index: int, block: dict[str, Any]) -> list[Event]:
        kind = block.get("type")
        if kind == "tool_use":
            number = len(self._calls)
            self._calls[index] = number
            name, ident = need_text(block.get("name"), "'name'"), need_text(block.get("id"), "'id'")
            out: list[Event] = [CallBegan(call=number, id=ident, name=name)]
            if block.get("input"):
                out.append(ArgumentsCame(call=number, text=json_text(block["input"])))
            else:
                self._without_arguments.add(index)
            return out
        if kind not in _READ_BLOCKS:
            raise ValueError(f"a block of the type {kind!r}")
        if text_or_none(block.get("text")):
            return [TextCame(text=block["text"])]
        return [ThoughtCame(text=block["thinking"])] if text_or_none(block.get("thinking")) else []

    def _delta(self, index: int, delta: dict[str, Any]) -> list[Event]:
        match delta.get("type"):
            case "text_delta":
                text = need_text(delta.get("text"), "'text'")
                return [TextCame(text=text)] if text else []
            case "thinking_delta":
                text = need_text(delta.get("thinking"), "'thinking'")
                return [ThoughtCame(text=text)] if text else []
            case "input_json_delta":
                text = need_text(delta.get("partial_json"), "'partial_json'")
                if not text:
                    return []
                self._without_arguments.discard(index)
                return [ArgumentsCame(call=self._calls[index], text=text)]
            case "signature_delta" | "citations_delta":
                return []
            case kind:
                raise ValueError(f"a delta of the type {kind!r}")

    def _stop(self, index: int) -> list[Event]:
        if index in self._without_arguments:
            self._without_arguments.discard(index)
            return [ArgumentsCame(call=self._calls[index], text="{}")]
        return []


def _index(event: dict[str, Any]) -> int:
    index = event.get("index")
    if not isinstance(index, int):
        raise ValueError("'index' is not a number")
    return index


class MessagesWriter:
    """Blocks come one after another: an open block is closed where the next begins."""

    def __init__(self) -> None:
        self._id = self._model = ""
        self._started = False
        self._blocks = 0
        self._open: Literal["", "text", "thinking", "tool_use"] = ""
        self._call = -1
        self._refused = False
        self._ending: ChoiceEnded | None = None
        self._usage = Reported()

    def write(self, event: Event) -> bytes:
        if getattr(event, "choice", 0) != 0:
            raise ValueError("more than one choice")
        match event:
            case Began():
                self._id, self._model = event.id, event.model
                return b""
            case UsageCame():
                self._usage = event.usage
                return b""
            case TextCame():
                return self._into("text", {"type": "text_delta", "text": event.text}) if event.text else b""
            case RefusalCame():
                self._refused = True
                return self._into("text", {"type": "text_delta", "text": event.text})
            case ThoughtCame():
                return self._into("thinking", {"type": "thinking_delta", "thinking": event.text})
            case CallBegan():
                self._call = event.call
                return self._begin("tool_use", {"type": "tool_use", "id": event.id, "name": event.name, "input": {}})
            case ArgumentsCame():
                if self._open != "tool_use" or event.call != self._call:
                    raise ValueError("the fragments of several tool calls come mixed")
                return self._block_delta({"type": "input_json_delta", "partial_json": event.text})
            case ChoiceEnded():
                self._ending = event
                return b""
            case Failed():
                return problems.event(event, "anthropic")
            case Ended():
                return self._end()

    def _into(self, kind: Literal["text", "thinking"], delta: dict[str, Any]) -> bytes:
        opening = b""
        if self._open != kind:
            block = {"type": "text", "text": ""}
            if kind == "thinking":
                block = {"type": "thinking", "thinking": "", "signature": ""}
            opening = self._begin(kind, block)
        return opening + self._block_delta(delta)

    def _begin(self, kind: Literal["text", "thinking", "tool_use"], block: dict[str, Any]) -> bytes:
        out = self._start() + self._close()
        self._open = kind
        return out + _event("content_block_start", {"index": self._blocks, "content_block": block})

    def _block_delta(self, delta: dict[str, Any]) -> bytes:
        return _event("content_block_delta", {"index": self._blocks, "delta": delta})

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        self._blocks += 1
        return _event("content_block_stop", {"index": self._blocks - 1})

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        message: dict[str, Any] = {
            "id": prefixed("msg_", self._id),
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            # most upstreams count at the end: then the true numbers come with message_delta
            "usage": {**for_messages(self._usage), "output_tokens": 0},
        }
        return _event("message_start", {"message": message})

    def _end(self) -> bytes:
        ending = self._ending or ChoiceEnded(ending="other")
        delta = reason_of(ending.ending, ending.stop_sequence, refused=self._refused)
        last = _event("message_delta", {"delta": delta, "usage": for_messages(self._usage)})
        return self._start() + self._close() + last + _event("message_stop", {})


def _event(kind: str, fields: dict[str, Any]) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + encode({"type": kind, **fields}) + b"\n\n"


_reads: type[EventReader] = MessagesReader
_writes: type[EventWriter] = MessagesWriter
