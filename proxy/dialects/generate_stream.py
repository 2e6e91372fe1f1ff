"""Streams of Gemini's `streamGenerateContent?alt=sse`, read and written.

There is no marker at the end: a stream is whole when every candidate has its `finishReason` and the body ended cleanly.
"""

from typing import Any

import msgspec

from halfpenny.proxy.dialects import problems
from halfpenny.proxy.dialects.answers import encode, need_object, text_or_none
from halfpenny.proxy.dialects.base import (
    ArgumentsCame,
    Began,
    Call,
    CallBegan,
    ChoiceEnded,
    Ended,
    Event,
    EventReader,
    EventWriter,
    Failed,
    RefusalCame,
    Text,
    TextCame,
    Thought,
    ThoughtCame,
    Token,
    UsageCame,
)
from halfpenny.proxy.dialects.generate_answer import (
    UNSAID,
    blocked,
    candidate,
    candidates_of,
    ending_of,
    head,
    index_of,
    part_of,
    parts_of,
    reason_of,
    tokens_of,
    written,
)
from halfpenny.proxy.dialects.shared import call_id, object_of
from halfpenny.proxy.dialects.usage import for_generate
from halfpenny.proxy.surfaces.base import Reported
from halfpenny.proxy.surfaces.gemini_usage import read_usage

_decoder = msgspec.json.Decoder()


class GenerateReader:
    def __init__(self) -> None:
        self._id: str | None = None
        self._calls: dict[int, int] = {}
        self._ended: dict[int, bool] = {}
        self._over = False

    def read(self, data: bytes) -> list[Event]:
        document = _decoder.decode(data)
        failed = problems.failure_of(document)
        if failed is not None:
            return [failed]
        chunk = need_object(document, "a chunk")
        out: list[Event] = []
        if self._id is None:
            self._id = text_or_none(chunk.get("responseId"))
            out.append(Began(id=self._id, model=text_or_none(chunk.get("modelVersion"))))
        usage = read_usage(chunk.get("usageMetadata"))
        if usage.known:
            out.append(UsageCame(usage))
        candidates = candidates_of(chunk)
        for at, value in enumerate(candidates):
            out += self._candidate(at, need_object(value, "a candidate"), self._id)
        if not candidates and blocked(chunk):
            self._ended[0] = True
            out.append(ChoiceEnded(ending="filter"))
        return out

    def finish(self) -> list[Event]:
        if self._over or not self._ended or not all(self._ended.values()):
            return []
        self._over = True
        return [Ended()]

    def _candidate(self, at: int, value: dict[str, Any], answer_id: str) -> list[Event]:
        index = index_of(value, at)
        self._ended.setdefault(index, False)
        tokens = tokens_of(value)
        out: list[Event] = []
        for part in parts_of(value):
            calls = self._calls.get(index, 0)
            match part_of(part, call_id(answer_id, calls, index)):
                case Text(text):
                    if text:
                        out.append(TextCame(text=text, choice=index, tokens=tokens))
                        tokens = None
                case Thought(text):
                    if text:
                        out.append(ThoughtCame(text=text, choice=index))
                case Call() as call:
                    self._calls[index] = calls + 1
                    out.append(
                        CallBegan(call=calls, id=call.id, name=call.name, signature=call.signature, choice=index)
                    )
                    out.append(ArgumentsCame(call=calls, text=call.arguments, choice=index))
        if tokens:
            out.append(TextCame(text="", choice=index, tokens=tokens))
        reason = value.get("finishReason")
        if isinstance(reason, str) and reason != UNSAID:
            self._ended[index] = True
            out.append(ChoiceEnded(ending=ending_of(reason, index in self._calls), choice=index))
        return out


class GenerateWriter:
    """Tool calls are written whole: a chunk has no place for a part of one."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = head("", "")
        self._calls: dict[tuple[int, int], tuple[CallBegan, list[str]]] = {}
        """(choice, call) -> calls whose arguments are still coming."""
        self._refused: set[int] = set()
        self._endings: dict[int, ChoiceEnded] = {}
        self._usage = Reported()

    def write(self, event: Event) -> bytes:
        match event:
            case Began():
                self._head = head(event.model, event.id)
                return b""
            case UsageCame():
                self._usage = event.usage
                return b""
            case TextCame():
                return self._flush(event.choice) + self._part(event.choice, Text(event.text), event.tokens)
            case ThoughtCame():
                return self._flush(event.choice) + self._part(event.choice, Thought(event.text))
            case RefusalCame():
                self._refused.add(event.choice)
                return self._flush(event.choice) + self._part(event.choice, Text(event.text))
            case CallBegan():
                before = self._flush(event.choice)
                self._calls[event.choice, event.call] = (event, [])
                return before
            case ArgumentsCame():
                if (event.choice, event.call) not in self._calls:
                    raise ValueError("the fragments of several tool calls come mixed")
                self._calls[event.choice, event.call][1].append(event.text)
                return b""
            case ChoiceEnded():
                self._endings[event.choice] = event
                if event.ending == "length":
                    self._drop_cut_call(event.choice)
                return self._flush(event.choice)
            case Failed():
                return problems.event(event, "gemini")
            case Ended():
                return self._end()

    def _drop_cut_call(self, choice: int) -> None:
        """See `without_cut_call`."""
        for key in [key for key in self._calls if key[0] == choice]:
            try:
                object_of("".join(self._calls[key][1]))
            except ValueError:
                del self._calls[key]

    def _flush(self, choice: int) -> bytes:
        """The calls of this choice that are waiting: whatever comes next in it, they are whole."""
        out = []
        for key in [key for key in self._calls if key[0] == choice]:
            began, pieces = self._calls.pop(key)
            call = Call(id=began.id, name=began.name, arguments="".join(pieces))
            out.append(self._part(choice, call))
        return b"".join(out)

    def _part(self, choice: int, part: Text | Thought | Call, tokens: tuple[Token, ...] | None = None) -> bytes:
        return self._chunk([candidate(choice, [written(part)], tokens=tokens)])

    def _chunk(self, candidates: list[dict[str, Any]], usage: dict[str, Any] | None = None) -> bytes:
        document = {"candidates": candidates, **({"usageMetadata": usage} if usage else {}), **self._head}
        return b"data: " + encode(document) + b"\r\n\r\n"

    def _end(self) -> bytes:
        usage = for_generate(self._usage) if self._usage.known else None
        return b"".join(
            self._chunk([candidate(choice, [], reason=reason_of(ended.ending, refused=choice in self._refused))], usage)
            for choice, ended in self._endings.items()
        )


_reads: type[EventReader] = GenerateReader
_writes: type[EventWriter] = GenerateWriter
