"""The nouns of the cache and the protocols that its parts keep.

A *key* says what is asked and for whom (`key.py`). The exact cache answers the same key. The semantic cache answers
another key of the same *partition* (tenant, model, earlier messages, tools, sampling: all equal) if the verdict accepts
it.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
Headers = tuple[tuple[str, str], ...]
Mode = Literal["json", "sse"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A stored answer: whole, successful, past its terminal marker.

    `body` is the raw body as the upstream sent it, content-decoded, in `mode` (one JSON document or the SSE stream).
    Times are Unix seconds: at `expires_s` it turns stale, until `kept_until_s` (0: no longer) it is kept all the same.
    `text` is the prompt text that similarity is judged on; `vector` its embedding as float16 bytes (empty if the entry
    is exact-only). `cost_pico` is what it cost. `snapshot` is the model's own name for itself in the answer.

    `prompt` is what the pair verifier keeps of the text (`decision.prompts.pack`), `namespace` names what is learnt
    together with it, `group` the entry that began its answer group ("": a group of its own).
    """

    id: str
    key: str
    tenant: str
    partition: str
    surface: str
    model: str
    served_by: str
    mode: Mode
    status: int
    content_type: str
    body: bytes
    created_s: float
    expires_s: float
    text: str = ""
    vector: bytes = b""
    embedder: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_pico: int = 0
    tags: dict[str, str] = {}
    kept_until_s: float = 0.0
    snapshot: str = ""
    prompt: bytes = b""
    group: str = ""
    namespace: str = ""

    def size_bytes(self) -> int:
        """What it weighs in memory, about: body, vector, text and 1 KiB of objects."""
        return len(self.body) + len(self.vector) + len(self.prompt) + 2 * len(self.text) + 1024


class ExactHit(msgspec.Struct, frozen=True):
    entry: Entry


class SemanticHit(msgspec.Struct, frozen=True):
    entry: Entry
    similarity: float


class Neighbour(msgspec.Struct, frozen=True):
    """A candidate: the entry's id, its prompt text and the cosine in -1..1."""

    entry_id: str
    text: str
    similarity: float


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What the verdict says of one neighbour: accepted or not, and the first guard that refused it."""

    accepted: bool
    similarity: float
    guard: str = ""
    detail: str = ""


class PurgeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries to remove; the given fields must all match. `all=True` with no field removes everything."""

    key: str | None = None
    entry_id: str | None = None
    tenant: str | None = None
    model: str | None = None
    tag: str | None = None
    older_than_s: float | None = None
    all: bool = False


class Store(Protocol):
    """Keeps entries. A failure inside `get`, `by_id` or `scan` is logged and answers "nothing", never raises.

    An entry may vanish at any time. `put` is durable against the death of the process when it returns. An entry is
    found until `expires_s`. To find one that turned stale less than S seconds ago and is kept for that long, ask with
    S seconds less than the present time.
    """

    async def get(self, key: str, now_s: float) -> Entry | None: ...

    async def by_id(self, entry_id: str, now_s: float) -> Entry | None: ...

    def put(self, entry: Entry) -> bool:
        """Append without awaiting; False if it could not be kept (which is logged and counted)."""
        ...

    async def purge(self, what: PurgeFilter, now_s: float) -> int:
        """Remove and say how many. After it returns, no removed entry is ever served again."""
        ...

    def scan(self, now_s: float) -> AsyncIterator[Entry]:
        """Every live entry that has a vector, oldest first, *without* its body."""
        ...


class Embedder(Protocol):
    """Text to unit vectors. Called from one worker thread; may be slow; must not touch the event loop.

    `name` identifies weights and form: vectors of different names are never compared.
    """

    name: str
    dimensions: int

    def embed(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), dimensions), float32, rows of length 1."""
        ...


class Index(Protocol):
    """Nearest neighbours by cosine among unit vectors, keyed by 63-bit ids. Called from one worker thread."""

    def add(self, ids: NDArray[np.int64], vectors: Vector) -> None: ...

    def remove(self, ids: NDArray[np.int64]) -> None: ...

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """At most k (id, cosine), best first."""
        ...

    def __len__(self) -> int: ...
