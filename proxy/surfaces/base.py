"""What the proxy must know of an API dialect. A surface reads bodies and answers; it performs nothing.

Adding one: a file here, a line in `__init__.py`; tests/contract/test_surfaces.py runs over the table.
"""

from typing import Any, Protocol

import msgspec

from halfpenny.proxy.errors import Dialect


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """Usage as the upstream reported it, and its own object unchanged. `known` is False if there was none."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0
    raw: Any = None
    known: bool = False


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A request body, read. `document` is the decoded JSON object and is never changed in place.

    `noise` names the top-level fields that do not change the answer. `stateful` says why the answer may not be stored
    at all (empty if it may); `exact_only` why it may not be served semantically. `text` is what similarity is judged
    on and `frame` the document with that text taken out: what must be equal before similarity counts.
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


class Recorder(Protocol):
    """Watches one streamed answer go by.

    `feed` takes raw bytes as they come. `complete` turns True at the dialect's terminal marker, if every choice has
    ended by then; `closed` at the marker alone: the upstream says that this is all, so the client's stream ends cleanly
    even where the answer is too odd to be stored. `finish()` is called at a clean end of the body and says whether the
    answer is whole. `admissible` is False for an answer that is whole but
    must not be stored (filtered, refused, truncated by length, an error inside the stream).
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

    def read(self, body: bytes) -> Ask: ...

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
