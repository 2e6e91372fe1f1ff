"""The forms in which a partition keeps its vectors: `Few` and `Flat` compare with all, `Lists` with near clusters.

Codes taken from a form (`Batch`) are copies: they may be decoded in another thread while the form changes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import faiss
import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.indexes.kmeans import nearest_of
from halfpenny.semantic_cache.indexes.upkeep import scratch

Ids = NDArray[np.int64]
Codes = NDArray[np.uint8]
_BLOCK = 1024
Found = tuple[Ids, NDArray[np.float32]]


class Batch(msgspec.Struct, frozen=True, eq=False):
    """n vectors as a form keeps them: `codes` of shape (n, bytes per vector), and what makes vectors of them. `lists`:
    the clusters that they were, for `Lists.cut`.
    """

    ids: Ids
    codes: Codes
    decode: Callable[[Codes], Vector]
    lists: list[int] = []

    def vectors(self) -> Vector:
        """Shape (n, dimensions), length 1 again."""
        width = self.decode(self.codes[:1]).shape[1]
        found = scratch(len(self.ids), width, np.float32)
        for start in range(0, len(found), _BLOCK):
            part = self.decode(self.codes[start : start + _BLOCK])
            found[start : start + _BLOCK] = part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-12)
        return found


class Few:
    """Half precision in one small array, compared by numpy: no object of FAISS, which takes some thousand bytes."""

    __slots__ = ("_ids", "_vectors")

    def __init__(self, dimensions: int) -> None:
        self._ids: Ids = np.empty(0, dtype=np.int64)
        self._vectors: NDArray[np.float16] = np.empty((0, dimensions), dtype=np.float16)

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: Ids, vectors: Vector) -> None:
        self._ids = np.concatenate([self._ids, ids])
        self._vectors = np.concatenate([self._vectors, vectors.astype(np.float16)])

    def remove(self, ids: Ids) -> None:
        kept = ~np.isin(self._ids, ids)
        self._ids, self._vectors = self._ids[kept], self._vectors[kept]

    def search(self, vector: Vector, k: int) -> Found:
        cosines = self._vectors.astype(np.float32) @ vector
        best = np.argsort(-cosines, kind="stable")[:k]
        return self._ids[best], cosines[best]

    def everything(self) -> tuple[Ids, Vector]:
        return self._ids, self._vectors.astype(np.float32)


class Flat:
    """Half precision, every vector compared: exact to 0.0001, 0.05 microseconds of CPU each at 384 dimensions."""

    def __init__(self, dimensions: int) -> None:
        self._index = faiss.IndexScalarQuantizer(dimensions, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        self._ids: Ids = np.empty(0, dtype=np.int64)
        self._codec = _decoder(self._index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: Ids, vectors: Vector) -> None:
        self._index.add(vectors)
        self._ids = np.concatenate([self._ids, ids])

    def remove(self, ids: Ids) -> None:
        gone = np.isin(self._ids, ids)
        if gone.any():
            self._index.remove_ids(faiss.IDSelectorBatch(np.flatnonzero(gone)))
            self._ids = self._ids[~gone]

    def search(self, vector: Vector, k: int) -> Found:
        cosines, at = self._index.search(vector[None, :], min(k, len(self)))
        return self._ids[at[0]], cosines[0]

    def sample(self, count: int, random: np.random.Generator) -> Batch:
        return self._batch(np.sort(random.permutation(len(self))[:count]))

    def slice(self, count: int) -> Batch:
        """`count` vectors from the end, where removing is cheapest."""
        return self._batch(np.arange(max(0, len(self) - count), len(self)))

    def cut(self, batch: Batch) -> None:
        """Remove what `slice` gave, as far as it is still there."""
        self.remove(batch.ids)

    def _batch(self, rows: NDArray[np.intp]) -> Batch:
        codes = _bytes_at(self._index.codes.data(), len(self) * self._index.code_size)
        taken = scratch(len(rows), self._index.code_size, np.uint8)
        np.take(codes.reshape(len(self), -1), rows, axis=0, out=taken, mode="clip")  # "raise" would copy once more
        return Batch(self._ids[rows], taken, self._codec)


class Lists:
    """FAISS's IVF with 8 bits per dimension: 8 + d bytes each. A search compares with the `probes` next clusters.

    Vectors are quantised as they are, not as differences to their centroid: equally good on prompts (the ranges of
    single dimensions hardly differ between clusters), and a code then means the same in every list.
    """

    def __init__(self, centroids: Vector, training: Vector, probes: int) -> None:
        dimensions = centroids.shape[1]
        quantizer = faiss.IndexFlatIP(dimensions)
        quantizer.add(centroids)
        self._index = faiss.IndexIVFScalarQuantizer(
            quantizer,
            dimensions,
            len(centroids),
            faiss.ScalarQuantizer.QT_8bit,
            faiss.METRIC_INNER_PRODUCT,
            False,
        )
        self._centroids = centroids
        self._quantizer = quantizer  # FAISS holds only a pointer to it
        # Vectors to come may lie outside the range of the sample and would be cut off there, the more so the smaller
        # it is.
        self._index.sq.rangestat_arg = 5.0 / len(training) ** 0.5
        self._index.train(training)  # the ranges alone: the quantizer is full
        self._index.nprobe = probes
        index: Any = self._index
        self._quantised: Any = index.sq
        self._number_bytes: int = index.coarse_code_size()
        self._lists: Any = index.invlists
        self._codec = _decoder(self._index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def clusters(self) -> int:
        return int(self._index.nlist)

    @property
    def probes(self) -> int:
        return int(self._index.nprobe)

    def add(self, ids: Ids, vectors: Vector) -> None:
        self.add_encoded(ids, self.encoded(vectors))

    def encoded(self, vectors: Vector) -> Codes:
        """What `add_encoded` takes: the costly part of adding, which changes nothing and may run in another thread."""
        numbers = nearest_of(vectors, self._centroids).astype("<u8").view(np.uint8).reshape(len(vectors), 8)
        quantised: Codes = self._quantised.compute_codes(vectors)
        return np.hstack([numbers[:, : self._number_bytes], quantised])

    def add_encoded(self, ids: Ids, codes: Codes) -> None:
        self._index.add_sa_codes(codes, ids)

    def remove(self, ids: Ids) -> None:
        self._index.remove_ids(faiss.IDSelectorBatch(ids))

    def search(self, vector: Vector, k: int) -> Found:
        cosines, ids = self._index.search(vector[None, :], min(k, len(self)))
        there = ids[0] >= 0
        return ids[0][there], cosines[0][there]

    def sample(self, count: int, random: np.random.Generator) -> Batch:
        """Whole clusters' worth of codes, the same share of each."""
        share = count / max(1, len(self))
        parts = []
        for number in range(self.clusters):
            ids, codes = self._list(number)
            rows = np.flatnonzero(random.random(len(ids)) < share)
            parts.append((ids[rows], codes[rows]))
        return self._joined(parts)

    def slice(self, count: int) -> Batch:
        """At least `count` vectors if there are as many: whole clusters."""
        parts, size, lists = [], 0, []
        for number in range(self.clusters):
            if size >= count:
                break
            held = self._lists.list_size(number)
            if held:
                ids, codes = self._list(number)
                parts.append((ids.copy(), codes.copy()))
                lists.append(number)
                size += held
        return self._joined(parts, lists)

    def cut(self, batch: Batch) -> None:
        """Remove what `slice` gave. Nothing may have been added since."""
        held = sum(self._lists.list_size(number) for number in batch.lists)
        for number in batch.lists:
            self._lists.resize(number, 0)
        self._index.ntotal -= held

    def _list(self, number: int) -> tuple[Ids, Codes]:
        """Views, valid until the list changes."""
        lists = self._lists
        held = lists.list_size(number)
        if not held:
            return np.empty(0, dtype=np.int64), np.empty((0, self._index.code_size), dtype=np.uint8)
        ids = faiss.rev_swig_ptr(lists.get_ids(number), held)
        codes = faiss.rev_swig_ptr(lists.get_codes(number), held * self._index.code_size)
        return ids, codes.reshape(held, -1)

    def _joined(self, parts: list[tuple[Ids, Codes]], lists: Sequence[int] = ()) -> Batch:
        parts = parts or [self._list(0)]
        ids = np.concatenate([ids for ids, _ in parts])
        taken = scratch(len(ids), self._index.code_size, np.uint8)
        np.concatenate([codes for _, codes in parts], out=taken)
        return Batch(ids, taken, self._codec, list(lists))


def _decoder(index: Any) -> Callable[[Codes], Vector]:
    """Reads the quantiser's ranges only, which never change after training. It keeps `index` alive: FAISS's parts are
    bare pointers into it.
    """

    def decode(codes: Codes) -> Vector:
        return np.asarray(index.sq.decode(np.ascontiguousarray(codes)), dtype=np.float32)

    return decode


def _bytes_at(pointer: Any, count: int) -> Codes:
    return np.asarray(faiss.rev_swig_ptr(pointer, count), dtype=np.uint8)
