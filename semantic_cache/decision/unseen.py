"""Served prompts that nobody looked at: is a new kind of request being answered as if it were its nearest kind?

A hit is not stored, so the index never learns of it. If a kind of request appears whose prompts all look enough like
another kind, each is served, none is fetched, and the cache would go on being wrong with confidence. What gives it
away is that such prompts are nearer to one another than to anything stored. So the last served ones are remembered, and
a hit that has more of them around it than its neighbour's distance explains is asked again: one fetch for each such
crowd, right or wrong, since the fetched prompt is stored and the crowd has a neighbour from then on.
"""

import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector

KEPT = 128
_NEARER = 0.05
"""How much nearer than the stored neighbour a served prompt must be, in cosines."""


class Unseen:
    """The vectors of the last `KEPT` served prompts, in half precision: 98 KB at 384 dimensions, 0 before the first."""

    def __init__(self) -> None:
        self._vectors: NDArray[np.float16] | None = None
        self._count = 0
        self._next = 0

    def __len__(self) -> int:
        return self._count

    def add(self, vector: Vector) -> None:
        """A prompt was served; `vector` of shape (d,), length 1."""
        if self._vectors is None:
            self._vectors = np.zeros((KEPT, len(vector)), dtype=np.float16)
        self._vectors[self._next] = vector
        self._next = (self._next + 1) % KEPT
        self._count = min(self._count + 1, KEPT)

    def crowd(self, vector: Vector, cosine: float) -> int:
        """How many served prompts are nearer than the stored neighbour, which is at `cosine`."""
        return int(self._around(vector, cosine).sum()) if self._count else 0

    def fetched(self, vector: Vector, cosine: float) -> None:
        """A prompt was fetched, and will be stored: those around it have a neighbour now."""
        if self._vectors is not None and self._count:
            self._vectors[self._around(vector, cosine)] = 0

    def _around(self, vector: Vector, cosine: float) -> NDArray[np.bool_]:
        assert self._vectors is not None
        return np.asarray(self._vectors.astype(np.float32) @ vector > min(cosine + _NEARER, 1.0))
