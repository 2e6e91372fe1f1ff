"""Answers of a backend that speaks another dialect, put into the caller's: a reply like any other for the relay.

Only on routes with `convert = true`. What converts is in `halfpenny.proxy.dialects`; here are the decision whether to
convert, the call, and the reply.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from halfpenny.backends.base import BrokenReply, Call, Reply, Timeouts
from halfpenny.proxy.bodies import decoded
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.headers import Pairs, header_value
from halfpenny.proxy.surfaces.base import Ask, Reported
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
_ASKED = {"chat": "chat", "messages": "messages", "gemini_generate": "generate", "responses": "responses"}
"""Surface -> its name among the dialects that convert."""
CONVERTIBLE = tuple(_ASKED)
_TARGETS = ("openai", "anthropic", "gemini")
_LIMIT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Converting:
    """A conversion, and how the other dialect reports usage."""

    conversion: "Conversion"
    reported: Callable[[Any], Reported]


def speaks(surface: str, dialects: tuple[str, ...]) -> bool:
    """Whether a backend of these dialects takes the surface's requests as they are."""
    return surface == "passthrough" or _NATIVE.get(surface, "gemini") in dialects


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
    converting: "Converting", ask: Ask, *, method: str, model: str, headers: Pairs, timeouts: Timeouts
) -> Call:
    """The call in the backend's dialect. Raises `ProxyError` (400) for what cannot be expressed there."""
    conversion = converting.conversion
    if is_partial(ask):
        raise ProxyError(400, "not_expressible", f"the body cannot be converted ({ask.stateful})")
    outgoing = conversion.request(ask.document, model=model, stream=ask.stream)
    return Call(
        method=method,
        target=outgoing.target,
        headers=conversion.headers(headers),
        body=msgspec.json.encode(outgoing.document),
        timeouts=timeouts,
    )


class ConvertedReply:
    """A `Reply` in the caller's dialect. `reported` is the usage in the upstream's own words, once it is known."""

    def __init__(self, reply: Reply, converting: "Converting") -> None:
        self._reply = reply
        self._conversion = converting.conversion
        self._reported = converting.reported
        self.status = reply.status
        self.reported = Reported()
        self._streamed = reply.status == 200 and header_value(reply.headers, "content-type").lower().startswith(
            "text/event-stream"
        )
        kept = [
            (name, value)
            for name, value in reply.headers
            if name.lower() not in ("content-length", "content-encoding", "content-type")
        ]
        kind = "text/event-stream; charset=utf-8" if self._streamed else "application/json"
        self.headers: Pairs = (*kept, ("Content-Type", kind))

    async def chunks(self) -> AsyncIterator[bytes]:
        if self._streamed:
            async for out in self._events():
                yield out
            return
        body = bytearray()
        async for chunk in self._reply.chunks():
            body += chunk
            if len(body) > _LIMIT_BYTES:
                raise BrokenReply("upstream: the answer is too large to be converted")
        plain = decoded(bytes(body), self._reply.headers, _LIMIT_BYTES)
        if plain is None:
            raise BrokenReply("upstream: the answer's content encoding cannot be undone")
        yield self._conversion.error(self.status, plain) if self.status >= 400 else self._whole(plain)

    def _whole(self, plain: bytes) -> bytes:
        try:
            document: Any = msgspec.json.decode(plain)
            answer = self._conversion.answer(document)
        except (msgspec.DecodeError, RecursionError, ValueError) as error:
            raise BrokenReply(f"upstream: the answer cannot be converted: {type(error).__name__}") from error
        self.reported = self._reported(document)
        return msgspec.json.encode(answer)

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
