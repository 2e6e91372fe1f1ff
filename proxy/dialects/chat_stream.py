"""Streams of chat completion chunks, read and written.

Whole when every choice has a `finish_reason` and `[DONE]` or a clean end of the body followed (notes on the wire, 1.3).
"""

from typing import Any

import msgspec

from halfpenny.proxy.dialects import problems
from halfpenny.proxy.dialects.answers import encode, need_object, text_or_none, with_calls
from halfpenny.proxy.dialects.base import (
    ArgumentsCame,
    Began,
    Call,
    CallBegan,
    ChoiceEnded,
    Ended,
    Ending,
    Event,
    EventReader,
    EventWriter,
    Failed,
    RefusalCame,
    TextCame,
    ThoughtCame,
    UsageCame,
)
from halfpenny.proxy.dialects.chat_answer import (
    FINISHES,
    check_message,
    ending_of,
    stop_sequence_of,
    thought_of,
    tokens_of,
    written_call,
    written_tokens,
)
from halfpenny.proxy.dialects.shared import call_id, prefixed
from halfpenny.proxy.dialects.usage import for_chat
from halfpenny.proxy.surfaces.base import Reported
from halfpenny.proxy.surfaces.openai_usage import read_usage
from halfpenny.proxy.surfaces.sse import event

_decoder = msgspec.json.Decoder()


class ChatReader:
    def __init__(self) -> None:
        self._id: str | None = None
        self._calls: dict[tuple[int, int], int] = {}
        """(choice, the upstream's index) -> the call's number in its choice."""
        self._ended: dict[int, bool] = {}
        self._over = False

    def read(self, data: bytes) -> list[Event]:
        if data == b"[DONE]":
            return self.finish()
        document = _decoder.decode(data)
        failed = problems.failure_of(document)
        if failed is not None:
            return [failed]
        chunk = need_object(document, "a chunk")
        out: list[Event] = []
        if self._id is None:
            self._id = text_or_none(chunk.get("id"))
            created = chunk.get("created")
            created = created if isinstance(created, int) else 0
            out.append(Began(id=self._id, model=text_or_none(chunk.get("model")), created=created))
        usage = read_usage(chunk.get("usage"))
        if usage.known:
            out.append(UsageCame(usage))
        for value in chunk.get("choices") or ():
            out += self._choice(need_object(value, "a choice"), self._id)
        return out

    def finish(self) -> list[Event]:
        if self._over or not self._ended or not all(self._ended.values()):
            return []
        self._over = True
        return [Ended()]

    def _choice(self, choice: dict[str, Any], answer_id: str) -> list[Event]:
        index = choice.get("index")
        index = index if isinstance(index, int) else 0
        self._ended.setdefault(index, False)
        delta = choice.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        check_message(delta)
        out: list[Event] = []
        thought = thought_of(delta)
        if thought:
            out.append(ThoughtCame(text=thought, choice=index))
        text, tokens = text_or_none(delta.get("content")), tokens_of(choice.get("logprobs"))
        if text or tokens:
            out.append(TextCame(text=text, choice=index, tokens=tokens))
        refusal = text_or_none(delta.get("refusal"))
        if refusal:
            out.append(RefusalCame(text=refusal, choice=index))
        for at, call in enumerate(delta.get("tool_calls") or ()):
            out += self._call(index, at, need_object(call, "a tool call"), answer_id)
        if choice.get("finish_reason") is not None:
            self._ended[index] = True
            called = any(of == index for of, _ in self._calls)
            ending = with_calls(ending_of(choice), called)
            out.append(ChoiceEnded(ending=ending, stop_sequence=stop_sequence_of(choice), choice=index))
        return out

    def _call(self, choice: int, at: int, call: dict[str, Any], answer_id: str) -> list[Event]:
        index = call.get("index")
        key = (choice, index if isinstance(index, int) else at)
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        out: list[Event] = []
        if key not in self._calls:
            number = sum(1 for of, _ in self._calls if of == choice)
            self._calls[key] = number
            name = text_or_none(function.get("name"))
            if not name:
                raise ValueError("a tool call that begins without a name")
            name_of_call = text_or_none(call.get("id")) or call_id(answer_id, number, choice)
            out.append(CallBegan(call=number, id=name_of_call, name=name, choice=choice))
        arguments = text_or_none(function.get("arguments"))
        if arguments:
            out.append(ArgumentsCame(call=self._calls[key], text=arguments, choice=choice))
        return out


class ChatWriter:
    """The endings of the choices are held back until the upstream's terminal marker."""

    def __init__(self, *, include_usage: bool, created: int) -> None:
        self._include_usage = include_usage
        self._head: dict[str, Any] = {
            "id": prefixed("chatcmpl-", ""),
            "object": "chat.completion.chunk",
            "created": created,
            "model": "",
        }
        self._opened: set[int] = set()
        self._endings: dict[int, Ending] = {}
        self._usage = Reported()

    def write(self, event: Event) -> bytes:
        match event:
            case Began():
                self._head["id"] = prefixed("chatcmpl-", event.id)
                self._head["model"] = event.model
                self._head["created"] = event.created or self._head["created"]
                return b""
            case TextCame():
                logprobs = None
                if event.tokens is not None:
                    logprobs = {"content": written_tokens(event.tokens), "refusal": None}
                return self._delta(event.choice, {"content": event.text}, logprobs)
            case ThoughtCame():
                return self._delta(event.choice, {"reasoning_content": event.text})
            case RefusalCame():
                return self._delta(event.choice, {"refusal": event.text})
            case CallBegan():
                call = Call(id=event.id, name=event.name, arguments="", signature=event.signature)
                return self._delta(event.choice, {"tool_calls": [{"index": event.call, **written_call(call)}]})
            case ArgumentsCame():
                part = {"index": event.call, "function": {"arguments": event.text}}
                return self._delta(event.choice, {"tool_calls": [part]})
            case ChoiceEnded():
                self._endings[event.choice] = event.ending
                return b""
            case UsageCame():
                self._usage = event.usage
                return b""
            case Failed():
                return problems.event(event, "openai")
            case Ended():
                return self._end()

    def _delta(self, choice: int, delta: dict[str, Any], logprobs: Any = None) -> bytes:
        opening = b""
        if choice not in self._opened:
            self._opened.add(choice)
            opening = self._chunk(choice, {"role": "assistant", "content": ""})
        return opening + self._chunk(choice, delta, logprobs)

    def _chunk(self, index: int, delta: dict[str, Any], logprobs: Any = None, finish: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        usage = {"usage": None} if self._include_usage else {}
        return event(encode({**self._head, "choices": [choice], **usage}))

    def _end(self) -> bytes:
        out = []
        for choice, ending in self._endings.items():
            if choice not in self._opened:
                out.append(self._chunk(choice, {"role": "assistant", "content": ""}))
            out.append(self._chunk(choice, {}, finish=FINISHES[ending]))
        if self._include_usage and self._usage.known:
            out.append(event(encode({**self._head, "choices": [], "usage": for_chat(self._usage)})))
        out.append(event(b"[DONE]"))
        return b"".join(out)


_reads: type[EventReader] = ChatReader
_writes: type[EventWriter] = ChatWriter
