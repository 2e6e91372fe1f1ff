"""The event stream of `/v1/responses`: recording it, and writing it for a stored answer.

Every event is `event: T` and `data: {"type": T, "sequence_number": n, ...}`; the last one carries the whole response
(event types and their fields: the official Python SDK 3.54; llama.cpp, as measured, sends no indexes and no sequence
numbers). The terminal events are response.completed, response.incomplete and response.failed; no `[DONE]` is needed.
"""

from typing import Any

import msgspec

from halfpenny.proxy.surfaces.base import Reported, has_error
from halfpenny.proxy.surfaces.openai_usage import read_response_usage
from halfpenny.proxy.surfaces.pieces import pieces_of
from halfpenny.proxy.surfaces.recording import EventRecorder
from halfpenny.proxy.surfaces.sse import data_of, events_of

_WHOLE = ("response.completed", "response.incomplete")
# What hosted tools put into the output saw the outside world; what we do not know, we do not store.
_STORABLE_ITEMS = frozenset({"message", "reasoning", "function_call", "custom_tool_call", "compaction"})
_TERMINAL = {
    "completed": "response.completed",
    "incomplete": "response.incomplete",
    "failed": "response.failed",
}
_decoder = msgspec.json.Decoder()

Fields = dict[str, Any]


def why_not_stored(response: Any, most_tokens: int = 0) -> str:
    """Empty if this response object may be stored, else why not. `most_tokens` is the `max_output_tokens` asked for.

    llama.cpp says `completed` also where the limit cut the text (measured): an answer that used all of it counts as
    cut.
    """
    if not isinstance(response, dict) or has_error(response):
        return "an error in the body"
    if response.get("status") != "completed":
        return f"status {response.get('status')}"
    if response.get("incomplete_details") is not None:
        return "incomplete_details"
    limit = most_tokens or _count(response.get("max_output_tokens"))
    if limit and read_response_usage(response.get("usage")).output_tokens >= limit:
        return "as long as max_output_tokens"
    output = response.get("output")
    if not isinstance(output, list) or not output:
        return "no output"
    answered = False
    for item in output:
        if not isinstance(item, dict) or str(item.get("type")) not in _STORABLE_ITEMS:
            return "an output item that is not the model's own"
        if item.get("status") not in (None, "completed"):
            return "an unfinished output item"
        if item["type"] == "message":
            why, text = _message(item)
            if why:
                return why
            answered = answered or text
        elif item["type"] in ("function_call", "custom_tool_call"):
            answered = True
    return "" if answered else "an empty answer"


class ResponsesRecorder(EventRecorder):
    """`Recorder` of one streamed response. `most_tokens` as in `why_not_stored`."""

    def __init__(self, most_tokens: int = 0) -> None:
        super().__init__()
        self._most_tokens = most_tokens
        self._usage: Any = None
        self._why_not = "no terminal event"

    @property
    def admissible(self) -> bool:
        return self._good and not self._why_not

    def reported(self) -> Reported:
        return read_response_usage(self._usage)

    def _done(self) -> None:
        # not of this dialect, but some compatible servers send it
        self.closed = not self.error

    def _event(self, document: dict[str, Any]) -> None:
        kind = document.get("type")
        response = document.get("response")
        if isinstance(response, dict) and response.get("usage") is not None:
            self._usage = response["usage"]
        if kind == "response.failed":
            self._fail()
        elif kind in _WHOLE and not self.error:
            self.closed = True
            self.complete = isinstance(response, dict)
            self._why_not = (
                why_not_stored(response, self._most_tokens) if kind == "response.completed" else "incomplete"
            )
        elif isinstance(kind, str) and kind.endswith(".delta") and document.get("delta"):
            self.content_chunks += 1


def response_of(stream: bytes) -> Fields:
    """The response object of the terminal event, verbatim. Raises `ValueError` if the stream is not whole."""
    found: Any = None
    for raw in events_of(stream):
        data = data_of(raw)
        if not data or data == b"[DONE]":
            continue
        try:
            event = _decoder.decode(data)
        except msgspec.DecodeError as error:
            raise ValueError(f"an event that is not JSON: {error}") from None
        if isinstance(event, dict) and event.get("type") in _WHOLE:
            found = event.get("response")
    if not isinstance(found, dict):
        raise ValueError("a stream without a response in its terminal event")
    return found


def stream_of(response: Any) -> bytes:
    """The whole event stream that leads to this response. Raises `ValueError` for what no stream can express."""
    if not isinstance(response, dict) or not isinstance(response.get("output"), list):
        raise ValueError("a response without output")
    terminal = _TERMINAL.get(str(response.get("status")))
    if terminal is None:
        raise ValueError("a response that has not ended")
    writer = _Writer()
    opening = _opening(response)
    writer.add("response.created", response=opening)
    writer.add("response.in_progress", response=opening)
    for at, item in enumerate(response["output"]):
        writer.item(at, item)
    writer.add(terminal, response=response)
    return b"".join(writer.out)


def _opening(response: Fields) -> Fields:
    """The response as it stands before any output."""
    opening = {name: value for name, value in response.items() if name not in ("output_text", "completed_at")}
    opening |= {"status": "in_progress", "output": [], "usage": None}
    for name in ("error", "incomplete_details"):
        if name in opening:
            opening[name] = None
    if "completed_at" in response:
        opening["completed_at"] = None
    return opening


class _Writer:
    """Events in order, numbered from 0."""

    def __init__(self) -> None:
        self.out: list[bytes] = []

    def add(self, kind: str, **fields: Any) -> None:
        data = msgspec.json.encode({"type": kind, "sequence_number": len(self.out), **fields})
        self.out.append(b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n")

    def item(self, at: int, item: Any) -> None:
        if not isinstance(item, dict):
            raise ValueError("an output item that is not an object")
        write = {
            "message": self._message,
            "function_call": self._function_call,
            "custom_tool_call": self._custom_tool_call,
            "reasoning": self._reasoning,
        }.get(str(item.get("type")), self._unknown)
        write(at, item)
        self.add("response.output_item.done", output_index=at, item=item)

    def _unknown(self, at: int, item: Fields) -> None:
        self.add("response.output_item.added", output_index=at, item=item)

    def _begin(self, at: int, item: Fields, **empty: Any) -> Fields:
        """Announces the item without its content; what the events of its content have in common."""
        started = {name: empty.get(name, value) for name, value in item.items()}
        if "status" in item and item["status"] is not None:
            started["status"] = "in_progress"
        self.add("response.output_item.added", output_index=at, item=started)
        return {"item_id": _text(item, "id"), "output_index": at}

    def _message(self, at: int, item: Fields) -> None:
        where = self._begin(at, item, content=[])
        for number, part in enumerate(_parts(item, "content")):
            self._part({**where, "content_index": number}, part)

    def _part(self, where: Fields, part: Fields) -> None:
        kind = part.get("type")
        if kind == "output_text":
            self._output_text(where, part)
        elif kind == "refusal":
            self._text_part(where, part, "refusal", "response.refusal")
        elif kind == "reasoning_text":
            self._text_part(where, part, "text", "response.reasoning_text")
        else:
            self.add("response.content_part.added", **where, part=part)
        self.add("response.content_part.done", **where, part=part)

    def _output_text(self, where: Fields, part: Fields) -> None:
        text = _text(part, "text")
        empty = {name: [] if isinstance(value, list) else value for name, value in part.items()}
        self.add("response.content_part.added", **where, part={**empty, "text": ""})
        logprobs = part.get("logprobs")
        tokens = logprobs if isinstance(logprobs, list) else []
        for piece, of_piece in _on_token_borders(text, tokens):
            self.add("response.output_text.delta", **where, delta=piece, logprobs=of_piece)
        annotations = part.get("annotations")
        for number, annotation in enumerate(annotations if isinstance(annotations, list) else ()):
            self.add("response.output_text.annotation.added", **where, annotation_index=number, annotation=annotation)
        self.add("response.output_text.done", **where, text=text, logprobs=tokens)

    def _text_part(self, where: Fields, part: Fields, name: str, kind: str) -> None:
        self.add("response.content_part.added", **where, part={**part, name: ""})
        self._pieces(where, _text(part, name), kind, name)

    def _pieces(self, where: Fields, text: str, kind: str, name: str) -> None:
        for piece in pieces_of(text):
            self.add(f"{kind}.delta", **where, delta=piece)
        self.add(f"{kind}.done", **where, **{name: text})

    def _function_call(self, at: int, item: Fields) -> None:
        where = self._begin(at, item, arguments="")
        self._pieces(where, _text(item, "arguments"), "response.function_call_arguments", "arguments")

    def _custom_tool_call(self, at: int, item: Fields) -> None:
        where = self._begin(at, item, input="")
        self._pieces(where, _text(item, "input"), "response.custom_tool_call_input", "input")

    def _reasoning(self, at: int, item: Fields) -> None:
        where = self._begin(at, item, summary=[], content=None if item.get("content") is None else [])
        for number, part in enumerate(_parts(item, "summary")):
            here = {**where, "summary_index": number}
            if part.get("type") == "summary_text":
                self.add("response.reasoning_summary_part.added", **here, part={**part, "text": ""})
                self._pieces(here, _text(part, "text"), "response.reasoning_summary_text", "text")
            else:
                self.add("response.reasoning_summary_part.added", **here, part=part)
            self.add("response.reasoning_summary_part.done", **here, part=part)
        for number, part in enumerate(_parts(item, "content")):
            self._part({**where, "content_index": number}, part)


def _on_token_borders(text: str, tokens: list[Any]) -> list[tuple[str, list[Any]]]:
    """Text in pieces, each with its log-probabilities; one piece where the tokens do not add up to the text."""
    if not tokens:
        return [(piece, []) for piece in pieces_of(text)]
    named = [token.get("token") if isinstance(token, dict) else None for token in tokens]
    if all(isinstance(token, str) and token for token in named) and "".join(map(str, named)) == text:
        return [(str(name), [token]) for name, token in zip(named, tokens, strict=True)]
    return [(text, tokens)]


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ValueError(f"'{name}' is not text")
    return value


def _parts(item: Fields, name: str) -> list[Fields]:
    parts = item.get(name)
    if parts is None:
        return []
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise ValueError(f"'{name}' is not a list of objects")
    return parts


def _message(item: Fields) -> tuple[str, bool]:
    """(why this message may not be stored, whether it says anything)."""
    content = item.get("content")
    if not isinstance(content, list):
        return "a message without content", False
    said = False
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "refusal":
            return "a refusal", False
        if kind != "output_text" or not isinstance(part.get("text"), str):
            return "content that is not text", False
        said = said or bool(part["text"])
    return "", said


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
