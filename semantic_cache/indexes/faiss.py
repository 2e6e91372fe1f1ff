"""Search with FAISS in the form that suits the size of a partition; it changes form beside its work.

```
up to FLAT_MOST         every row compared by numpy (`rows.py`): exact to 0.001, no training, no object of FAISS
beyond                  the same rows, and lists that say which of them to compare (`lists.py`); the lists are made
                        again when the partition has grown GROWTH times
```
Making lists takes chores (`upkeep.py`): a sample is copied, another thread finds clusters and how many of them a
search must look into, then the rows are entered a few thousand at a time. Until all are in, searches go on as before.
The longest step in the index's thread is copying the sample: 5 ms at 100,000 entries, 80 ms at a million. HNSW would
search as fast but cannot delete.

The constants come from `python -m benchmarks.search`: comparing all costs 0.12 microseconds per entry, so at FLAT_MOST
half of the 1 ms that a search may take.
"""

import math
from collections.abc import Callable, Iterable

import faiss
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.indexes.kmeans import centroids, probes_needed
from halfpenny.semantic_cache.indexes.lists import Lists
from halfpenny.semantic_cache.indexes.rows import SCALE_BYTES, Packed, Places, Rows, pack, unpack
from halfpenny.semantic_cache.indexes.upkeep import Chore, give_memory_back, scratch

FLAT_MOST = 4_000
GROWTH = 3
CLUSTERS = 3
"""Times the square root of the number of entries at training; 1.7 times just before the next one."""
PER_CLUSTER = 24
ROUNDS = 8
RECALL = 0.998
LEAST_SHARE = 0.1
"""Of the clusters, however easy the sample was: a partition of many near copies says nothing of the prompts to come."""
MOST_SHARE = 0.33
MOST_SCANNED = 500_000
"""A search looks at the lists of so many entries, even just before the next training: about 1.4 ms."""
CANDIDATES = 128
ONE_MORE_PER = 8_000
"""Entries to one more candidate: the more there are, the more come between the true nearest and its coarse code."""
ENTERED = 4096
LEFT_OVER = 256
"""So many rows are entered in the index's thread, in 3 ms: who enters them elsewhere never catches up to the last."""

_AT_ONCE = 512
_NONE: frozenset[int] = frozenset()


class FaissIndex:
    """Inner products, which are cosines for unit vectors. An id added again is replaced, but adding is cheap only for
    ids greater than all before: give growing ones. Removals take effect at once and are carried out later, many
    together.
    """

    __slots__ = (
        "_chore",
        "_coming",
        "_dead",
        "_dimensions",
        "_flat_most",
        "_highest",
        "_lists",
        "_retry_at",
        "_rows",
        "_shed",
        "_trained_at",
    )

    def __init__(self, dimensions: int, *, flat_most: int = FLAT_MOST) -> None:
        self._dimensions = dimensions
        self._flat_most = flat_most
        self._rows = Rows(dimensions)
        self._lists: Lists | None = None
        self._coming: _Coming | None = None
        self._trained_at = 0
        self._dead: set[int] | frozenset[int] = _NONE
        self._highest = -1
        self._chore: _Train | _Enter | _Trim | None = None
        self._retry_at = 0
        self._shed = False  # whether the memory of what upkeep used still lies in the allocator

    def __len__(self) -> int:
        if self._dead:
            self._bury()  # among them may be ids that were never here
        return len(self._rows)

    def __repr__(self) -> str:
        lists = self._lists
        name = "flat" if lists is None else "lists"
        found = f"{name} {len(self._rows)}" + ("" if lists is None else f"/{lists.clusters}x{lists.probes}")
        return found if self._coming is None else f"{found}, {self._coming.entered} entered anew"

    def add(self, ids: NDArray[np.int64], vectors: Vector) -> None:
        """`ids` of shape (n,), without repeats; `vectors` of shape (n, dimensions)."""
        if not len(ids):
            return
        if vectors.shape != (len(ids), self._dimensions):
            raise ValueError(f"vectors of shape {vectors.shape}, expected {(len(ids), self._dimensions)}")
        if ids.min() <= self._highest:
            self._dead = self._dead | set(ids.tolist())
            self._bury()
        self._highest = max(self._highest, int(ids.max()))
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        # While rows are entered anew, those that were passed already must stay what they are.
        rows = self._rows.add(ids, pack(vectors), reuse=self._coming is None)
        if self._lists is not None:
            self._lists.add(rows, vectors)

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Ids that are not there are ignored."""
        self._dead = _with(self._dead, [number for number in ids.tolist() if number <= self._highest])
        if len(self._dead) > max(64, len(self._rows) // 16):
            self._bury()

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """At most k (id, cosine), best first; `vector` of shape (dimensions,)."""
        k = min(k, len(self._rows))
        if k < 1:
            return []
        vector = np.ascontiguousarray(vector, dtype=np.float32)
        found = self._live(vector, k + min(len(self._dead), 16))
        if len(found) < k and self._dead:
            self._bury()  # the removed ones crowd out the others
            found = self._live(vector, k)
        return found[:k]

    def chore(self) -> Chore | None:
        if self._chore is not None:
            return None
        held = len(self._rows) - len(self._dead)
        if self._coming is not None:
            self._chore = _Enter(self, self._coming)
        elif self._shed:
            self._shed = False
            self._chore = _Trim(self)
        elif held >= max(self._flat_most, GROWTH * self._trained_at, self._retry_at, 1):
            random = np.random.default_rng(held)
            self._chore = _Train(self, self._rows.sample(PER_CLUSTER * _clusters(held), random), held)
        return self._chore

    def _live(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        if self._lists is None:
            ids, cosines = self._rows.search(vector, k)
        else:
            candidates = CANDIDATES + len(self._rows) // ONE_MORE_PER
            rows = self._lists.nearest(vector, max(candidates, 4 * k))
            ids, cosines = self._rows.search_among(rows, vector, k)
        # rounding may lift a cosine above 1
        found = list(zip(ids.tolist(), np.minimum(cosines, 1.0).tolist(), strict=True))
        return [one for one in found if one[0] not in self._dead] if self._dead else found

    def _bury(self) -> None:
        rows = self._rows.free(np.fromiter(self._dead, dtype=np.int64, count=len(self._dead)))
        if self._lists is not None:
            self._lists.remove(rows)
        if self._coming is not None:
            self._coming.gone.append(rows)
        self._dead = _NONE

    # --- results of chores, in the index's thread ---

    def _trained(self, lists: Lists | None, held: int) -> None:
        self._chore = None
        if lists is None:
            self._give_up(held)
        else:
            self._coming = _Coming(lists, held)

    def _entered(self, coming: "_Coming", stop: int, error: BaseException | None) -> None:
        self._chore = None
        if error is not None:
            self._coming = None
            self._give_up(coming.held)
            return
        coming.entered = stop
        if self._rows.end - stop > LEFT_OVER:
            return
        rows, packed = self._rows.copies(np.arange(stop, self._rows.end))
        coming.lists.add(rows, unpack(packed))
        if coming.gone:
            coming.lists.remove(np.concatenate(coming.gone))
        self._lists, self._coming = coming.lists, None
        self._trained_at = coming.held
        self._shed = True

    def _trimmed(self) -> None:
        self._chore = None

    def _give_up(self, held: int) -> None:
        """What failed once is not tried again at once."""
        self._retry_at = held + held // 4


class _Coming:
    """Lists that do not hold all rows yet. `entered`: the rows before this one were; `gone`: rows freed meanwhile;
    `held`: entries at training.
    """

    __slots__ = ("entered", "gone", "held", "lists")

    def __init__(self, lists: Lists, held: int) -> None:
        self.lists = lists
        self.held = held
        self.entered = 0
        self.gone: list[Places] = []


class _Train:
    """Clusters, and how many of them to look into, from a sample of the vectors."""

    def __init__(self, index: FaissIndex, sample: Packed, held: int) -> None:
        self._index, self._sample, self._held = index, sample, held
        self._made: Lists | None = None

    def work(self, stopped: Callable[[], bool]) -> None:
        faiss.omp_set_num_threads(1)
        vectors = _unpacked(self._sample)
        np.random.default_rng(0).shuffle(vectors)
        # A vector that helped to place a centroid lies nearer to it than a new one will: ask with others.
        asked, placed = np.split(vectors, [min(1024, len(vectors) // 4)])
        count = min(_clusters(self._held), len(placed))
        centres = centroids(placed, count, rounds=ROUNDS, stopped=stopped)
        needed = probes_needed(asked, placed, centres, share=RECALL, stopped=stopped)
        least = math.ceil(LEAST_SHARE * count)
        # at the size that it will have just before the next training
        most = max(least, int(count * min(MOST_SHARE, MOST_SCANNED / (GROWTH * self._held))))
        self._made = Lists(centres, vectors, min(max(needed, least), most))

    def finish(self, error: BaseException | None) -> None:
        self._index._trained(None if error else self._made, self._held)


class _Enter:
    """Some more rows into lists that come."""

    def __init__(self, index: FaissIndex, coming: _Coming) -> None:
        self._index, self._coming = index, coming
        self._stop = min(coming.entered + ENTERED, index._rows.end)
        self._rows, self._packed = index._rows.copies(np.arange(coming.entered, self._stop))

    def work(self, stopped: Callable[[], bool]) -> None:
        faiss.omp_set_num_threads(1)
        for start in range(0, len(self._rows), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            self._coming.lists.add(self._rows[part], unpack(self._packed[part]))

    def finish(self, error: BaseException | None) -> None:
        self._index._entered(self._coming, self._stop, error)


class _Trim:
    """Give back what the training left free."""

    def __init__(self, index: FaissIndex) -> None:
        self._index = index

    def work(self, stopped: Callable[[], bool]) -> None:
        give_memory_back()

    def finish(self, error: BaseException | None) -> None:
        self._index._trimmed()


def _with(ids: set[int] | frozenset[int], more: Iterable[int]) -> set[int]:
    """`ids` and more, in place where that is possible."""
    found = ids if isinstance(ids, set) else set(ids)
    found.update(more)
    return found


def _clusters(held: int) -> int:
    return max(1, int(CLUSTERS * math.sqrt(held)))


def _unpacked(packed: Packed) -> Vector:
    """The vectors in pages of their own, that go back to the system with them."""
    vectors = scratch(len(packed), packed.shape[1] - SCALE_BYTES, np.float32)
    for start in range(0, len(packed), _AT_ONCE):
        vectors[start : start + _AT_ONCE] = unpack(packed[start : start + _AT_ONCE])
    return vectors
