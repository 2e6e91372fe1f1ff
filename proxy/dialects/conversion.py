"""Joins the readers and writers of two dialects: what the fetch calls for a route that crosses dialects."""

import time
from collections.abc import Callable
from typing import Any, cast, get_args

import msgspec

from halfpenny.proxy.dialects import (
    chat_answer,
    chat_request,
    generate_answer,
    generate_request,
    messages_answer,
    messages_request,
    problems,
    responses_answer,
    responses_request,
)
from halfpenny.proxy.dialects.base import (
    Answer,
    Asked,
    Conversion,
    Ended,
    Event,
    EventReader,
    EventWriter,
    Failed,
    Outgoing,
    Request,
    Spoken,
    StreamConversion,
    UsageCame,
    not_expressible,
)
from halfpenny.proxy.dialects.chat_stream import ChatReader, ChatWriter
from halfpenny.proxy.dialects.generate_stream import GenerateReader, GenerateWriter
from halfpenny.proxy.dialects.headers import Headers, convert_headers
from halfpenny.proxy.dialects.messages_stream import MessagesReader, MessagesWriter
from halfpenny.proxy.dialects.responses_answer import ResponsesWriter
from halfpenny.proxy.dialects.shared import WHERE
from halfpenny.proxy.errors import Dialect
from halfpenny.proxy.surfaces.base import Reported
from halfpenny.proxy.surfaces.sse import EventSplitter, EventTooLargeError, data_of

_SAME = {("chat", "openai"), ("messages", "anthropic"), ("generate", "gemini")}
_READ_REQUEST: dict[Asked, Callable[[dict[str, Any], str], Request]] = {
    "chat": chat_request.read,
    "messages": messages_request.read,
    "generate": generate_request.read,
    "responses": responses_request.read,
}
_WRITE_REQUEST: dict[Spoken, Callable[[Request, str, bool], Outgoing]] = {
    "openai": chat_request.write,
    "anthropic": messages_request.write,
    "gemini": generate_request.write,
}
_READ_ANSWER: dict[Spoken, Callable[[Any], Answer]] = {
    "openai": chat_answer.read,
    "anthropic": messages_answer.read,
    "gemini": generate_answer.read,
}
_WRITE_ANSWER: dict[Asked, Callable[[Answer], dict[str, Any]]] = {
    "chat": chat_answer.write,
    "messages": messages_answer.write,
    "generate": generate_answer.write,
    "responses": responses_answer.write,
}
_READ_STREAM: dict[Spoken, Callable[[], EventReader]] = {
    "openai": ChatReader,
    "anthropic": MessagesReader,
    "gemini": GenerateReader,
}
_DIALECT: dict[Asked, Dialect] = {
    "chat": "openai",
    "messages": "anthropic",
    "generate": "gemini",
    "responses": "openai",
}


def conversion(asked: str, spoken: str, *, clock: Callable[[], float] = time.time) -> Conversion | None:
    """How a request of the surface `asked` is served by a backend of the dialect `spoken`; None if it needs nothing.

    `clock` gives seconds since 1970, to date answers that the upstream does not date. Raises ValueError
    for names that are not `Asked` and `Spoken`.
    """
    if asked not in get_args(Asked):
        raise ValueError(f"no such surface to convert from: {asked}")
    if spoken not in get_args(Spoken):
        raise ValueError(f"no such dialect to convert to: {spoken}")
    if (asked, spoken) in _SAME:
        return None
    return _Conversion(cast("Asked", asked), cast("Spoken", spoken), clock)


class _Conversion:
    def __init__(self, asked: Asked, spoken: Spoken, clock: Callable[[], float]) -> None:
        self._asked: Asked = asked
        self._spoken: Spoken = spoken
        self._clock = clock

    def request(self, document: dict[str, Any], *, model: str, stream: bool) -> Outgoing:
        request = _READ_REQUEST[self._asked](document, WHERE[self._spoken])
        last = request.turns[-1] if request.turns else None
        if last is not None and last.role == "assistant" and (self._asked, self._spoken) != ("responses", "openai"):
            # Anthropic and Gemini go on where such a turn stops, OpenAI answers it
            raise not_expressible(last.at, "ends with the assistant's turn, which the dialects take differently")
        return _WRITE_REQUEST[self._spoken](request, model, stream)

    def headers(self, headers: Headers) -> Headers:
        return convert_headers(headers, self._asked, self._spoken)

    def answer(self, document: Any) -> dict[str, Any]:
        answer = _READ_ANSWER[self._spoken](document)
        if not answer.created:
            answer = msgspec.structs.replace(answer, created=int(self._clock()))
        return _WRITE_ANSWER[self._asked](answer)

    def error(self, status: int, body: bytes) -> bytes:
        return problems.body(status, body, _DIALECT[self._asked])

    def error_status(self, document: Any) -> int:
        failed = problems.failure_of(document)
        return 500 if failed is None else failed.status

    def stream(self, *, include_usage: bool) -> StreamConversion:
        return _Stream(_READ_STREAM[self._spoken](), self._writer(include_usage))

    def _writer(self, include_usage: bool) -> EventWriter:
        created = int(self._clock())
        match self._asked:
            case "chat":
                return ChatWriter(include_usage=include_usage, created=created)
            case "messages":
                return MessagesWriter()
            case "generate":
                return GenerateWriter()
            case "responses":
                return ResponsesWriter(created=created)


class _Stream:
    """Once the caller's stream has its end or its error, nothing more is written."""

    def __init__(self, reader: EventReader, writer: EventWriter) -> None:
        self.reported = Reported()
        self._reader = reader
        self._writer = writer
        self._splitter = EventSplitter()
        self._over = False

    def feed(self, data: bytes) -> bytes:
        if self._over:
            return b""
        try:
            events = self._splitter.feed(data)
        except EventTooLargeError:
            return self._write(Failed(message="an event of the upstream is too large to be read"))
        return b"".join([self._see(data_of(event)) for event in events])

    def finish(self) -> bytes:
        rest = self._splitter.rest
        out = self._see(data_of(rest)) if rest.strip() else b""
        return out + b"".join([self._write(event) for event in self._reader.finish()])

    def _see(self, data: bytes) -> bytes:
        if self._over or not data:
            return b""
        try:
            events = self._reader.read(data)
        except (msgspec.DecodeError, RecursionError, ValueError, TypeError, KeyError) as error:
            return self._write(Failed(message=f"the upstream's stream cannot be converted: {_words(error)}"))
        return b"".join([self._write(event) for event in events])

    def _write(self, event: Event) -> bytes:
        if self._over:
            return b""
        if isinstance(event, UsageCame):
            self.reported = event.usage
        self._over = isinstance(event, Ended | Failed)
        try:
            return self._writer.write(event)
        except ValueError as error:
            self._over = True
            return self._writer.write(Failed(message=f"the upstream's stream cannot be converted: {_words(error)}"))


def _words(error: Exception) -> str:
    return str(error) if type(error) is ValueError else "it is not what its dialect says"


_fits: type[Conversion] = _Conversion
_streams: type[StreamConversion] = _Stream
