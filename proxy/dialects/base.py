"""The neutral form between API dialects, and what a conversion offers.

Hub and spoke: a dialect has readers (its documents -> neutral values) and writers (neutral values -> its documents).
A new dialect is two files of its own and a line in `conversion.py`. Nothing here performs I/O.
"""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.surfaces.base import Reported

Asked = Literal["chat", "messages", "generate", "responses"]
Spoken = Literal["openai", "anthropic", "gemini"]

Ending = Literal["stop", "length", "tool_calls", "filter", "other"]
"""Why an answer ended. `filter`: the provider withheld content; `other`: a reason that has no word here,
written as the target's least successful ending so that it is never taken for a good answer."""

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class Text(msgspec.Struct, frozen=True):
    text: str


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """Either `data` (base64, with its `media_type`) or `url` (https). `at` is the caller's field, for refusals."""

    media_type: str = ""
    data: str = ""
    url: str = ""
    detail: str = ""
    at: str = ""


class Thought(msgspec.Struct, frozen=True):
    """Reasoning that the model shows. The provider's seal on it is left out: no other provider can use it."""

    text: str


class Refusal(msgspec.Struct, frozen=True):
    text: str


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A tool call of the model. `arguments` is JSON text, as OpenAI sends it. `signature` is Gemini's seal on the call,
    which it wants back with the call's result."""

    id: str
    name: str
    arguments: str
    signature: str = ""
    at: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool gave back for the call `id`; `name` only where the caller says it (Gemini)."""

    id: str
    parts: tuple[Text | Image, ...]
    name: str = ""
    failed: bool = False
    at: str = ""


Part = Text | Image | Thought | Refusal | Call | Result


class Turn(msgspec.Struct, frozen=True):
    role: Literal["system", "user", "assistant"]
    parts: tuple[Part, ...]
    at: str = ""


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    description: str = ""
    schema: dict[str, Any] | None = None
    """JSON schema of the arguments; None: the caller gave none, so the tool takes none."""
    strict: bool | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """`names` narrows the choice to these tools; empty: all."""

    mode: Literal["auto", "none", "required"]
    names: tuple[str, ...] = ()


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """JSON is wanted: to fit `schema`, or any object if there is none."""

    schema: dict[str, Any] | None = None
    name: str = ""
    description: str = ""
    strict: bool | None = None


class Thinking(msgspec.Struct, frozen=True, kw_only=True):
    """How much the model is to think: in words (`effort`) or tokens (`budget`), or as it likes (neither)."""

    effort: Effort | None = None
    budget: int | None = None
    show: bool | None = None
    """The thoughts are wanted in the answer."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """`names` gives for a field of this struct the caller's own name of it, so that a refusal names what they sent."""

    turns: tuple[Turn, ...]
    names: Mapping[str, str]
    system: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    choice: ToolChoice | None = None
    parallel: bool | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    n: int = 1
    format: Format | None = None
    logprobs: bool = False
    top_logprobs: int | None = None
    thinking: Thinking | None = None
    verbosity: str = ""


class Token(msgspec.Struct, frozen=True):
    """One token with its log-probability, and the likeliest others at its place."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    index: int
    parts: tuple[Text | Thought | Refusal | Call, ...]
    ending: Ending
    stop_sequence: str | None = None
    tokens: tuple[Token, ...] | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """`created` is in seconds since 1970, 0 where the provider does not say it."""

    id: str
    model: str
    choices: tuple[Choice, ...]
    created: int = 0
    usage: Reported = Reported()


# what a streamed answer is made of


class Began(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    model: str
    created: int = 0


class TextCame(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    choice: int = 0
    tokens: tuple[Token, ...] | None = None


class ThoughtCame(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    choice: int = 0


class RefusalCame(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    choice: int = 0


class CallBegan(msgspec.Struct, frozen=True, kw_only=True):
    """`call` counts the calls of this choice from 0."""

    call: int
    id: str
    name: str
    signature: str = ""
    choice: int = 0


class ArgumentsCame(msgspec.Struct, frozen=True, kw_only=True):
    call: int
    text: str
    choice: int = 0


class ChoiceEnded(msgspec.Struct, frozen=True, kw_only=True):
    ending: Ending
    stop_sequence: str | None = None
    choice: int = 0


class UsageCame(msgspec.Struct, frozen=True):
    usage: Reported


class Failed(msgspec.Struct, frozen=True, kw_only=True):
    """The upstream reported an error inside the stream, or sent what has no place in the neutral form."""

    message: str
    status: int = 502
    code: str = "upstream_error"


class Ended(msgspec.Struct, frozen=True):
    """The upstream's terminal marker, every choice ended."""


Event = (
    Began | TextCame | ThoughtCame | RefusalCame | CallBegan | ArgumentsCame | ChoiceEnded | UsageCame | Failed | Ended
)


class EventReader(Protocol):
    """Reads the data of one server-sent event after another."""

    def read(self, data: bytes) -> list[Event]: ...

    def finish(self) -> list[Event]:
        """At a clean end of the body: `Ended` if the dialect lets a whole stream end without a marker."""
        ...


class EventWriter(Protocol):
    """Writes a stream. Endings are held back until `Ended`: a stream that broke must not look whole."""

    def write(self, event: Event) -> bytes: ...


# what the fetch uses


class Outgoing(msgspec.Struct, frozen=True):
    """`target` is the request target below the backend's root; `document` the JSON body."""

    target: str
    document: dict[str, Any]


class StreamConversion(Protocol):
    reported: Reported
    """Usage as the upstream reported it so far."""

    def feed(self, data: bytes) -> bytes:
        """Raw bytes of the upstream, cut anywhere -> bytes in the caller's dialect, possibly none."""
        ...

    def finish(self) -> bytes:
        """At a clean end of the upstream's body. If its stream was not whole, no terminal marker is written."""
        ...


class Conversion(Protocol):
    def request(self, document: dict[str, Any], *, model: str, stream: bool) -> Outgoing:
        """Raises `ProxyError` (400, `not_expressible`) naming the field that the spoken dialect has no place for."""
        ...

    def headers(self, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]: ...

    def answer(self, document: Any) -> dict[str, Any]:
        """Raises ValueError if `document` is not an answer of the spoken dialect."""
        ...

    def error(self, status: int, body: bytes) -> bytes: ...

    def error_status(self, document: Any) -> int:
        """The status (400 to 599) that an error document stands for by what it says itself."""
        ...

    def stream(self, *, include_usage: bool) -> StreamConversion: ...


def not_expressible(field: str, why: str) -> ProxyError:
    return ProxyError(400, "not_expressible", f"'{field}' {why}", param=field)
