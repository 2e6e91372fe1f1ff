"""Answers of a backend that speaks another dialect, put into the caller's: a reply like any other for the relay.

Only on routes with `convert = true`. What converts is in `halfpenny.proxy.dialects`; here are the decision whether to
convert, the call, and the reply.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from halfpenny.backends.base import BackendError, Call, Reply, Timeouts
from halfpenny.proxy.bodies import MAX_WHOLE_BYTES, decoded
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.headers import Pairs, is_event_stream
from halfpenny.proxy.surfaces.base import Ask, Reported, Surface, has_error
from halfpenny.proxy.surfaces.reading import is_partial

if TYPE_CHECKING:
    from halfpenny.proxy.dialects import Conversion

_NATIVE = {
    "chat": "openai",
    "completions": "openai",
    "embeddings": "openai",
    "moderations": "openai",
    "responses": "responses",
    "messages": "anthropic",
    "count_tokens": "anthropic",
}
"""Surface -> the dialect whose servers take it as it is; the other surfaces are Gemini's."""
_GEMINI = ("gemini_generate", "gemini_embed", "gemini_batch_embed", "gemini_count_tokens")
_ASKED = {"chat": "chat", "messages": "messages", "gemini_generate": "generate", "responses": "responses"}
"""Surface -> its name among the dialects that convert."""
CONVERTIBLE = tuple(_ASKED)
_TARGETS = ("openai", "anthropic", "gemini")


class UnconvertibleAnswer(BackendError):  # noqa: N818 - reads as an event, like the others
    """A whole answer that has no form in the caller's dialect. It was made and is paid: asking again mends nothing."""

    code = "not_convertible"


@dataclass(frozen=True, slots=True)
class Converting:
    """A conversion, and how the other dialect reports usage."""

    conversion: "Conversion"
    reported: Callable[[Any], Reported]


def speaks(surface: str, dialects: tuple[str, ...]) -> bool:
    """Whether a backend of these dialects takes the surface's requests as they are."""
    return surface == "passthrough" or _NATIVE.get(surface, "gemini") in dialects


def taken(dialects: tuple[str, ...]) -> tuple[str, ...]:
    """The surfaces whose requests a backend of these dialects takes as they are."""
    return ("passthrough", *(surface for surface in (*_NATIVE, *_GEMINI) if speaks(surface, dialects)))


def converted(dialects: tuple[str, ...]) -> tuple[str, ...]:
    """The surfaces whose requests can be put to it in one of its dialects."""
    if not any(dialect in _TARGETS for dialect in dialects):
        return ()
    return tuple(surface for surface in CONVERTIBLE if not speaks(surface, dialects))


def conversion_for(surface: str, dialects: tuple[str, ...]) -> "Converting | None":
    """How a request of this surface is put to a backend that does not speak it; None where nothing is to be done or
    nothing can be."""
    if speaks(surface, dialects) or surface not in CONVERTIBLE:
        return None
    spoken = next((dialect for dialect in _TARGETS if dialect in dialects), None)
    if spoken is None:
        return None
    from halfpenny.proxy.dialects import conversion, reported

    found = conversion(_ASKED[surface], spoken)
    return None if found is None else Converting(found, lambda document: reported(spoken, document))


def converted_call(
    converting: "Converting", ask: Ask, *, method: str, model: str, headers: Pairs, timeouts: Timeouts, ask_usage: bool
) -> Call:
    """The call in the backend's dialect. `ask_usage` False leaves out `stream_options`, which some servers refuse.

    Raises `ProxyError` (400) for what cannot be expressed there."""
    conversion = converting.conversion
    if is_partial(ask):
        raise ProxyError(400, "not_expressible", f"the body cannot be converted ({ask.stateful})")
    outgoing = conversion.request(ask.document, model=model, stream=ask.stream)
    document = outgoing.document
    if not ask_usage:
        document = {name: value for name, value in document.items() if name != "stream_options"}
    return Call(
        method=method,
        target=outgoing.target,
        headers=conversion.headers(headers),
        body=msgspec.json.encode(document),
        timeouts=timeouts,
    )


class ConvertedReply:
    """A `Reply` in the caller's dialect. `reported` is the usage in the upstream's own words, once it is known.

    `status` and `headers` are final once the first chunk is here: an upstream may call an error an answer, or answer a
    request for a stream with one document. `upstream_status` is what it said, `raw_error` the body of its error.
    `chunks()` also raises `UnconvertibleAnswer`.
    """

    def __init__(self, reply: Reply, converting: "Converting", surface: Surface, *, stream: bool) -> None:
        self._reply = reply
        self._conversion = converting.conversion
        self._reported = converting.reported
        self._surface = surface
        self._wants_stream = stream
        self.status = self.upstream_status = reply.status
        self.raw_error = b""
        self.reported = Reported()
        self._streamed = reply.status == 200 and is_event_stream(reply.headers)
        self._kept = [
            (name, value)
            for name, value in reply.headers
            if name.lower() not in ("content-length", "content-encoding", "content-type")
        ]
        self.headers: Pairs = self._headers(streamed=self._streamed)

    def _headers(self, *, streamed: bool) -> Pairs:
        kind = "text/event-stream; charset=utf-8" if streamed else "application/json"
        return (*self._kept, ("Content-Type", kind))

    async def chunks(self) -> AsyncIterator[bytes]:
        if self._streamed:
            async for out in self._events():
                yield out
            return
        body = bytearray()
        async for chunk in self._reply.chunks():
            body += chunk
            if len(body) > MAX_WHOLE_BYTES:
                raise UnconvertibleAnswer("upstream: the answer is too large to be converted")
        plain = decoded(bytes(body), self._reply.headers, MAX_WHOLE_BYTES)
        if plain is None:
            raise UnconvertibleAnswer("upstream: the answer's content encoding cannot be undone")
        yield self._error(plain) if self.status >= 400 else self._whole(plain)

    def _error(self, plain: bytes) -> bytes:
        self.raw_error = plain
        return self._conversion.error(self.status, plain)

    def _whole(self, plain: bytes) -> bytes:
        try:
            document: Any = msgspec.json.decode(plain)
            if has_error(document):
                self.status = self._conversion.error_status(document)
                return self._error(plain)
            answer = msgspec.json.encode(self._conversion.answer(document))
            if self._wants_stream and self.status == 200:
                answer = self._surface.to_stream(msgspec.json.decode(answer), include_usage=True)
                self.headers = self._headers(streamed=True)
        except (msgspec.DecodeError, RecursionError, ValueError, ProxyError) as error:
            raise UnconvertibleAnswer(f"upstream: the answer cannot be converted: {type(error).__name__}") from error
        self.reported = self._reported(document)
        return answer

    async def _events(self) -> AsyncIterator[bytes]:
        converter = self._conversion.stream(include_usage=True)
        async for chunk in self._reply.chunks():
            out = converter.feed(chunk)
            self.reported = converter.reported
            if out:
                yield out
        out = converter.finish()
        self.reported = converter.reported
        if out:
            yield out

    async def close(self) -> None:
        await self._reply.close()


def usage_as_converted(reply: Reply) -> Reported | None:
    """What the upstream reported in its own dialect, if the reply was converted and it said so."""
    if isinstance(reply, ConvertedReply) and reply.reported.known:
        return reply.reported
    return None
