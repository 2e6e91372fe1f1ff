"""Answers of OpenAI's Responses API, written: whole and as the sequence of typed events (SDK 3.54).

The settings that an answer repeats from its request (`tools`, `tool_choice`, `parallel_tool_calls`) have their defaults
here: an answer is converted without its request. A whole answer is what the stream of it ends with.
"""

import hashlib
from typing import Any, Literal

from halfpenny.proxy.dialects import problems
from halfpenny.proxy.dialects.answers import encode, events_of, only_choice
from halfpenny.proxy.dialects.base import (
    Answer,
    ArgumentsCame,
    Began,
    CallBegan,
    ChoiceEnded,
    Ended,
    Event,
    EventWriter,
    Failed,
    RefusalCame,
    TextCame,
    ThoughtCame,
    Token,
    UsageCame,
)
from halfpenny.proxy.dialects.shared import prefixed
from halfpenny.proxy.dialects.usage import for_responses
from halfpenny.proxy.surfaces.base import Reported

Kind = Literal["", "text", "refusal", "thought", "call"]
_INCOMPLETE = {"length": "max_output_tokens", "filter": "content_filter", "other": "content_filter"}


def write(answer: Answer) -> dict[str, Any]:
    only_choice(answer)
    writer = ResponsesWriter(created=answer.created)
    for event in events_of(answer):
        writer.write(event)
    return writer.response


class ResponsesWriter:
    """One item is open at a time, and in a message one part. `response` is the answer as far as it is written."""

    def __init__(self, *, created: int) -> None:
        self._created = created
        self._sequence = 0
        self._stem = ""
        self._open: Kind = ""
        self._call = -1
        self._text: list[str] = []
        self._tokens: list[dict[str, Any]] = []
        self._item: dict[str, Any] | None = None
        self._ending: ChoiceEnded | None = None
        self.response = self._response(Began(id="", model=""))
        self._started = False

    def _response(self, began: Began) -> dict[str, Any]:
        self._stem = hashlib.blake2b(began.id.encode(), digest_size=8).hexdigest()
        return {
            "id": prefixed("resp_", began.id),
            "object": "response",
            "created_at": began.created or self._created,
            "status": "in_progress",
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "max_output_tokens": None,
            "metadata": {},
            "model": began.model,
            "output": [],
            "parallel_tool_calls": True,
            "previous_response_id": None,
            "store": False,
            "temperature": None,
            "tool_choice": "auto",
            "tools": [],
            "top_p": None,
            "usage": None,
        }

    def write(self, event: Event) -> bytes:
        if getattr(event, "choice", 0) != 0:
            raise ValueError("more than one choice")
        match event:
            case Began():
                self.response = self._response(event)
                return b""
            case UsageCame(usage):
                self.response["usage"] = _written_usage(usage)
                return b""
            case TextCame():
                return self._into_text(event.text, event.tokens)
            case RefusalCame():
                out = b"" if self._open == "refusal" else self._begin_part("refusal")
                self._text.append(event.text)
                return out + self._event("response.refusal.delta", **self._part_place(), delta=event.text)
            case ThoughtCame():
                out = b"" if self._open == "thought" else self._begin_thought()
                self._text.append(event.text)
                return out + self._event(
                    "response.reasoning_summary_text.delta", **self._place(), summary_index=0, delta=event.text
                )
            case CallBegan():
                self._call = event.call
                item = {
                    "type": "function_call",
                    "call_id": event.id,
                    "name": event.name,
                    "arguments": "",
                    "status": "in_progress",
                }
                return self._begin_item("call", "fc", item)
            case ArgumentsCame():
                if self._open != "call" or event.call != self._call:
                    raise ValueError("the fragments of several tool calls come mixed")
                self._text.append(event.text)
                return self._event("response.function_call_arguments.delta", **self._place(), delta=event.text)
            case ChoiceEnded():
                self._ending = event
                return b""
            case Failed():
                return self._failed(event)
            case Ended():
                return self._end()

    # parts and items

    def _into_text(self, text: str, tokens: tuple[Token, ...] | None) -> bytes:
        out = b"" if self._open == "text" else self._begin_part("text")
        logprobs = _written_tokens(tokens or ())
        self._text.append(text)
        self._tokens += logprobs
        return out + self._event("response.output_text.delta", **self._part_place(), delta=text, logprobs=logprobs)

    def _begin_part(self, kind: Literal["text", "refusal"]) -> bytes:
        out = b""
        if self._item is not None and self._item["type"] == "message":
            out = self._close_part()
        else:
            message = {"type": "message", "status": "in_progress", "role": "assistant", "content": []}
            out = self._begin_item("", "msg", message)
        self._open = kind
        part = {"type": "refusal", "refusal": ""}
        if kind == "text":
            part = _text_part("", [])
        return out + self._event("response.content_part.added", **self._part_place(), part=part)

    def _begin_thought(self) -> bytes:
        out = self._begin_item("thought", "rs", {"type": "reasoning", "summary": []})
        part = {"type": "summary_text", "text": ""}
        return out + self._event("response.reasoning_summary_part.added", **self._place(), summary_index=0, part=part)

    def _begin_item(self, kind: Kind, prefix: str, item: dict[str, Any]) -> bytes:
        out = self._start() + self._close_item()
        self._open = kind
        self._item = {"id": f"{prefix}_{self._stem}_{len(self.response['output'])}", **item}
        return out + self._event(
            "response.output_item.added", output_index=len(self.response["output"]), item=self._item
        )

    def _close_part(self) -> bytes:
        """Ends what is open in the item: its text is whole."""
        kind, text, tokens = self._open, "".join(self._text), self._tokens
        place = self._part_place() if kind in ("text", "refusal") else {}
        self._open, self._text, self._tokens = "", [], []
        item = self._item
        if not kind or item is None:
            return b""
        if kind == "call":
            item["arguments"] = text
            return self._event(
                "response.function_call_arguments.done", **self._place(), name=item["name"], arguments=text
            )
        if kind == "thought":
            summary = {"type": "summary_text", "text": text}
            item["summary"] = [summary]
            where = {**self._place(), "summary_index": 0}
            return self._event("response.reasoning_summary_text.done", **where, text=text) + self._event(
                "response.reasoning_summary_part.done", **where, part=summary
            )
        if kind == "text":
            part = _text_part(text, tokens)
            done = self._event("response.output_text.done", **place, text=text, logprobs=tokens)
        else:
            part = {"type": "refusal", "refusal": text}
            done = self._event("response.refusal.done", **place, refusal=text)
        item["content"] = [*item["content"], part]
        return done + self._event("response.content_part.done", **place, part=part)

    def _close_item(self, status: str = "completed") -> bytes:
        out = self._close_part()
        item = self._item
        if item is None:
            return out
        if "status" in item:
            item["status"] = status
        self._item = None
        index = len(self.response["output"])
        self.response["output"].append(item)
        return out + self._event("response.output_item.done", output_index=index, item=item)

    def _place(self) -> dict[str, Any]:
        return {"item_id": (self._item or {}).get("id", ""), "output_index": len(self.response["output"])}

    def _part_place(self) -> dict[str, Any]:
        content = (self._item or {}).get("content", [])
        return {**self._place(), "content_index": len(content)}

    # the whole

    def _start(self) -> bytes:
        if self._started:
            return b""
        self._started = True
        return self._event("response.created", response=self.response) + self._event(
            "response.in_progress", response=self.response
        )

    def _end(self) -> bytes:
        reason = _INCOMPLETE.get(self._ending.ending if self._ending is not None else "other")
        status = "completed" if reason is None else "incomplete"
        out = self._start() + self._close_item(status)
        self.response["status"] = status
        if reason is not None:
            self.response["incomplete_details"] = {"reason": reason}
        return out + self._event(f"response.{status}", response=self.response)

    def _failed(self, failed: Failed) -> bytes:
        """With an `error` object beside the event's own members: the clients raise on that."""
        error = problems.document(failed, "openai")["error"]
        return self._event("error", message=failed.message, code=failed.code, param=None, error=error)

    def _event(self, kind: str, **fields: Any) -> bytes:
        data = encode({"type": kind, "sequence_number": self._sequence, **fields})
        self._sequence += 1
        return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"


def _text_part(text: str, logprobs: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs}


def _written_tokens(tokens: tuple[Token, ...]) -> list[dict[str, Any]]:
    return [
        {**_written_token(token.token, token.logprob), "top_logprobs": [_written_token(*top) for top in token.top]}
        for token in tokens
    ]


def _written_token(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def _written_usage(usage: Reported) -> dict[str, Any] | None:
    return for_responses(usage) if usage.known else None


_writes: type[EventWriter] = ResponsesWriter
