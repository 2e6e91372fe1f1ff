"""Which rows of a large partition are worth comparing: FAISS's inverted file with 4-bit product codes.

A vector is kept a second time, as one of 16 choices for every few dimensions, in 21 to 64 bytes: too coarse to rank by,
but 32 of them are compared at a time with table look-ups in registers (F. Andre and others, "Cache locality is not
enough: high-performance nearest neighbor search with product quantization fast scan", VLDB 2015), at 2 ns each. So a
search can afford to look into a third of all clusters, which is where neighbours used to be missed, and only the
best candidates are compared by their rows (`rows.py`).
"""

import faiss
import numpy as np

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.indexes.rows import Places

_TRAINED_WITH = 16_384
_TRAINING_ROUNDS = 12
_LEAST_TRAINED_WITH = 16


class Lists:
    """Rows by cluster. Belongs to one thread at a time: whoever fills it hands it over."""

    def __init__(self, centroids: Vector, training: Vector, probes: int) -> None:
        """`centroids` of shape (clusters, d), `training` of shape (n, d), both of length 1; a search looks into
        `probes` clusters. Takes less than a second, in which it cannot be stopped.
        """
        dimensions = centroids.shape[1]
        self._quantizer = faiss.IndexFlatIP(dimensions)  # FAISS holds only a pointer to it
        self._quantizer.add(centroids)
        self._index = faiss.IndexIVFPQFastScan(
            self._quantizer,
            dimensions,
            len(centroids),
            dimensions // _width(dimensions),
            4,
            faiss.METRIC_INNER_PRODUCT,
        )
        # Codes of the differences to the centroids find fewer of the true neighbours among as many candidates: the
        # 8-bit tables of a fast scan then have to span the cosine of the centroid as well.
        self._index.by_residual = False
        self._index.pq.cp.niter = _TRAINING_ROUNDS
        training = training[:_TRAINED_WITH]
        if len(training) < _LEAST_TRAINED_WITH:
            training = np.resize(training, (_LEAST_TRAINED_WITH, dimensions))
        self._index.train(training)  # the product codes alone: the quantizer is full
        self._index.nprobe = probes

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def clusters(self) -> int:
        return int(self._index.nlist)

    @property
    def probes(self) -> int:
        return int(self._index.nprobe)

    def add(self, rows: Places, vectors: Vector) -> None:
        if len(rows):
            self._index.add_with_ids(vectors, rows)

    def remove(self, rows: Places) -> None:
        """Looks through everything, so many together."""
        if len(rows):
            self._index.remove_ids(faiss.IDSelectorBatch(rows))

    def nearest(self, vector: Vector, count: int) -> Places:
        """About the `count` nearest to `vector` (shape (d,)), in no order that means anything."""
        rows = self._index.search(vector[None, :], min(count, len(self)))[1][0]
        return np.asarray(rows[rows >= 0], dtype=np.int64)


def _width(dimensions: int) -> int:
    """Dimensions that share a code."""
    return next(width for width in (6, 5, 4, 3, 2, 1) if dimensions % width == 0)
