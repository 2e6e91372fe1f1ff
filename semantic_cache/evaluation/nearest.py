"""Cosines of each arriving request to all that came before it, in blocks, so that 100,000 rows fit in memory."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector

_BLOCK_BYTES = 32 << 20
_BLOCK_ROWS = 256

ROUNDING = 1e-6
"""float32 cosines of the same two rows differ by about this much between ways of computing them."""


def arriving_cosines(vectors: Vector, order: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """For the k-th arrival its cosines to arrivals 0..k-1, shape (k,). `vectors`: unit rows; `order`: row numbers.

    One matrix product per block of arrivals is several times faster than one product per arrival.
    """
    arrived = np.ascontiguousarray(vectors[order])
    rows = max(1, min(_BLOCK_ROWS, _BLOCK_BYTES // (4 * max(len(order), 1))))
    for start in range(0, len(order), rows):
        end = min(start + rows, len(order))
        block = arrived[start:end] @ arrived[:end].T
        for at in range(start, end):
            yield block[at - start, :at]


class StoredPrompts:
    """The nearest of the arrivals that were stored, for rules that go through a stream once, in order.

    `vectors`: unit rows; `order`: row numbers. Arrivals are named by their place in the order. Cosines to what was
    stored before a block of arrivals are made in one matrix product, those to what the block itself stored one by one.
    """

    def __init__(self, vectors: Vector, order: NDArray[np.int64]) -> None:
        self._arrived = np.ascontiguousarray(vectors[order])
        self._stored = np.empty_like(self._arrived)  # pages are taken up only as rows are stored
        self._places: list[int] = []
        self._block: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)
        self._start = self._end = 0

    def nearest(self, at: int) -> tuple[int, float]:
        """(place, cosine) of the stored arrival nearest to arrival `at`; (-1, -2) while none is stored."""
        if not self._start <= at < self._end:
            self._begin_block(at)
        before = self._block.shape[1]
        best, cosine = -1, -2.0
        if before:
            row = self._block[at - self._start]
            best = int(row.argmax())
            cosine = float(row[best])
        if len(self._places) > before:
            row = self._stored[before : len(self._places)] @ self._arrived[at]
            newest = int(row.argmax())
            if row[newest] > cosine:
                best, cosine = before + newest, float(row[newest])
        return (self._places[best], cosine) if best >= 0 else (-1, cosine)

    def store(self, at: int) -> None:
        self._stored[len(self._places)] = self._arrived[at]
        self._places.append(at)

    def _begin_block(self, at: int) -> None:
        count = len(self._places)
        rows = max(1, min(_BLOCK_ROWS, _BLOCK_BYTES // (4 * max(count, 1))))
        self._start, self._end = at, min(at + rows, len(self._arrived))
        self._block = self._arrived[at : self._end] @ self._stored[:count].T
