"""What the proxy must know of an API dialect. A surface reads bodies and answers; it performs nothing.

Adding one: a file here, a line in `__init__.py`; tests/contract/test_surfaces.py runs over the table.
"""

from collections.abc import Sequence
from typing import Any, Protocol, cast

import msgspec

from halfpenny.proxy.errors import Dialect, ProxyError

STRUCTURED = "structured output"
"""The one `Ask.exact_only` that an operator may lift (`structured`): text, frame and namespace are given with it."""


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """Usage as the upstream reported it, and its own object unchanged. `known` is False if there was none.

    `input_tokens` counts all input, `cached_input_tokens` (read from the provider's prompt cache) and
    `cache_write_tokens` (written to it) included.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    raw: Any = None
    known: bool = False


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A request body, read. `document` is the decoded JSON object and is never changed in place.

    `noise` names the top-level fields that do not change the answer. `stateful` says why the answer may not be stored
    at all (empty if it may); `exact_only` why it may not be served semantically. `text` is what similarity is judged
    on and `frame` the document with that text taken out: what must be equal before similarity counts. `namespace` is
    the part of the frame that all conversations of one app have in common (system prompt, tools, schema): what the
    semantic cache learns of errors is kept for each namespace. It is given wherever `frame` is.

    `keyed` stands for the document in the cache key where noise sits deeper than its top level; `scope` for the request
    target (path and query) where a part of that is noise, a credential or the mode. `form` is the representation asked
    for, where one entry serves several (embeddings: "float", "base64"). `items` are the inputs of a surface that
    answers each of several by itself (see `Itemised`).
    """

    document: dict[str, Any]
    model: str
    stream: bool
    wants_usage: bool
    noise: frozenset[str]
    stateful: str = ""
    exact_only: str = ""
    text: str = ""
    frame: dict[str, Any] | None = None
    namespace: dict[str, Any] | None = None
    end_user: str = ""
    messages: tuple[tuple[str, str], ...] = ()
    input_bytes: int = 0
    answer_is_text: bool = True
    """False where the answer cannot depend on now or on the outside world (vectors)."""
    max_output_tokens: int = 0
    has_tools: bool = False
    has_images: bool = False
    wants_schema: bool = False
    sampled: bool = False
    keyed: dict[str, Any] | None = None
    scope: str = ""
    form: str = ""
    items: tuple[Any, ...] = ()

    def may_be_semantic(self, *, structured: bool = False) -> bool:
        """Whether similarity may be asked at all; `structured` opts in to answers of a given schema."""
        return self.frame is not None and (not self.exact_only or (structured and self.exact_only == STRUCTURED))


class Recorder(Protocol):
    """Watches one streamed answer go by.

    `feed` takes raw bytes as they come. `complete` turns True at the dialect's terminal marker, if every choice has
    ended by then; `closed` at the marker alone: the upstream says that this is all, so the client's stream ends cleanly
    even where the answer is too odd to be stored. `error` is set by an error event of the upstream's own. `finish()` is
    called at a clean end of the body and says whether the answer is whole. `admissible` is False for an answer that is
    whole but must not be stored (filtered, refused, truncated by length, an error inside the stream).
    """

    complete: bool
    closed: bool
    content_chunks: int
    error: str

    @property
    def admissible(self) -> bool: ...

    def feed(self, data: bytes) -> None: ...

    def finish(self) -> bool: ...

    def reported(self) -> Reported: ...


class Surface(Protocol):
    """One dialect. All methods are pure; `read` raises `ProxyError` (400) naming the field."""

    name: str
    dialect: Dialect
    path: str
    """The path under which a server that speaks only the plain form of this API takes such requests."""
    usage_on_request: bool
    """A stream reports usage only if `stream_options.include_usage` asks for it."""
    model_in_body: bool
    """The model is named in the body's `model`, not in the path."""
    request_id_header: str
    """The response header in which clients of this dialect look for the request's id."""
    limit_is_silent: bool
    """Servers are known that call an answer complete which the limit on output tokens has cut."""
    charged: bool
    """False where the provider takes no money for it, whatever was sent (counting tokens, moderation)."""

    def read(self, body: bytes, target: str) -> Ask:
        """`target` is the raw request target: path and query."""
        ...

    def retarget(self, target: str, model: str) -> str:
        """The request target for another model; the same where the model is not in the path."""
        ...

    def reported(self, document: Any) -> Reported:
        """Usage of a whole JSON answer."""
        ...

    def admissible(self, document: Any) -> str:
        """Empty if this whole JSON answer may be stored, else why not."""
        ...

    def recorder(self, ask: Ask) -> Recorder: ...

    def to_stream(self, document: Any, *, include_usage: bool) -> bytes:
        """A whole JSON answer as the event stream that this dialect would have sent."""
        ...

    def to_document(self, stream: bytes) -> dict[str, Any]:
        """A whole event stream as the JSON answer that this dialect would have sent."""
        ...

    def without_usage(self, stream: bytes) -> bytes:
        """Whole events as a caller sees them who did not ask for the usage event."""
        ...

    def in_form(self, body: bytes, form: str) -> bytes:
        """A whole JSON answer in the representation `form` (of `Ask.form`); the very bytes if they have it already."""
        ...


class Itemised(Protocol):
    """A surface whose requests ask for several independent answers at once: each is stored and coalesced by itself.

    `Ask.items` holds the inputs. An answer to one input alone is a whole answer of the surface.
    """

    def item_document(self, ask: Ask, item: Any) -> dict[str, Any]:
        """The request's document with this input alone: what the item's key is made of."""
        ...

    def with_items(self, ask: Ask, items: Sequence[Any]) -> Ask:
        """The ask for these inputs alone."""
        ...

    def taken_apart(self, ask: Ask, document: Any) -> list[dict[str, Any]] | None:
        """A whole answer to `ask.items` as one whole answer for each; None if it does not fit. The parts' usage adds up
        to the whole's."""
        ...

    def put_together(self, documents: Sequence[Any]) -> dict[str, Any]:
        """Whole answers to one input each, in the order of the request, as one answer."""
        ...

    def form_of(self, body: bytes) -> str:
        """The representation (of `Ask.form`) that a whole answer is in; empty if it is none, or more than one."""
        ...


def itemised(surface: Surface | None) -> Itemised:
    """The surface of an ask that has `items`."""
    return cast("Itemised", surface)


class Plain:
    """What most surfaces have in common. A surface overrides what is different."""

    usage_on_request = False
    model_in_body = True
    request_id_header = "x-request-id"
    charged = True
    limit_is_silent = False

    def retarget(self, target: str, model: str) -> str:
        return target

    def without_usage(self, stream: bytes) -> bytes:
        return stream

    def in_form(self, body: bytes, form: str) -> bytes:
        return body


class Unstreamed(Plain):
    """A surface whose answers are always one JSON document."""

    def recorder(self, ask: Ask) -> Recorder:
        return _Nothing()

    def to_stream(self, document: Any, *, include_usage: bool) -> bytes:
        raise ProxyError(400, "invalid_request", "answers of this path are not streamed", param="stream")

    def to_document(self, stream: bytes) -> dict[str, Any]:
        raise ProxyError(400, "invalid_request", "answers of this path are not streamed", param="stream")


class _Nothing:
    """The recorder of a stream that there should not be: nothing is ever complete."""

    complete = False
    closed = False
    content_chunks = 0
    error = ""
    admissible = False

    def feed(self, data: bytes) -> None:
        return None

    def finish(self) -> bool:
        return False

    def reported(self) -> Reported:
        return Reported()


def has_error(document: Any) -> bool:
    """Whether a JSON answer is an error, whatever its status: `{"error": ...}` (OpenAI, Google, Triton), the same in a
    one-element list (Google), `{"type": "error", ...}` (Anthropic)."""
    if isinstance(document, list):
        document = document[0] if len(document) == 1 else None
    return isinstance(document, dict) and (document.get("error") is not None or document.get("type") == "error")
