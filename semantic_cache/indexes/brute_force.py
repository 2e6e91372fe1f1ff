"""The reference index: every cosine, in numpy. Exact; right for small sets and for checking the others."""

import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector


class BruteForceIndex:
    """Ids and vectors in two arrays that grow together. An id that is added again replaces its vector."""

    def __init__(self, dimensions: int) -> None:
        self._ids = np.empty(0, dtype=np.int64)
        self._vectors = np.empty((0, dimensions), dtype=np.float32)

    def add(self, ids: NDArray[np.int64], vectors: Vector) -> None:
        """`ids` of shape (n,), without repeats; `vectors` of shape (n, dimensions)."""
        self.remove(ids)
        self._ids = np.concatenate([self._ids, ids])
        self._vectors = np.concatenate([self._vectors, vectors])

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Ids that are not there are ignored."""
        kept = ~np.isin(self._ids, ids)
        self._ids, self._vectors = self._ids[kept], self._vectors[kept]

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """At most k (id, cosine), best first; `vector` of shape (dimensions,)."""
        cosines = self._vectors @ vector
        best = np.argsort(-cosines, kind="stable")[:k]
        return [(int(self._ids[at]), float(cosines[at])) for at in best]

    def __len__(self) -> int:
        return len(self._ids)
