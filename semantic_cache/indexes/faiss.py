"""Search with FAISS in the form that suits the size of a partition; it changes form beside its work.

```
up to FEW_MOST          Few: a small array, since most partitions hold a handful of entries
up to FLAT_MOST         Flat: half precision, exact, no training
beyond                  Lists: 8 bits, clusters; trained again when it has grown GROWTH times
```
Changing form takes chores (`upkeep.py`): a sample is copied, another thread finds clusters and how many of them a
search must look into, then vectors move over a few thousand at a time. A search meanwhile looks into both forms, so
nothing is missed. The longest step in the index's thread is copying the sample: 20 ms at 100,000 entries, 100 ms at a
million; moving takes some milliseconds a step. HNSW would search as fast but cannot delete.

The constants come from `python -m benchmarks.search`: a flat scan costs 0.05 microseconds per entry and 768 bytes, so
at FLAT_MOST it has used half of the 1 ms that a search may take; clusters search the same in half the time and half the
memory, at the price of a recall below 1.
"""

import math
from collections.abc import Callable, Iterable

import faiss
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.indexes.forms import Batch, Few, Flat, Lists
from halfpenny.semantic_cache.indexes.kmeans import centroids, probes_needed
from halfpenny.semantic_cache.indexes.upkeep import Chore, give_memory_back

FLAT_MOST = 10_000
FEW_MOST = 32
GROWTH = 3
CLUSTERS = 4
"""Times the square root of the number of entries at training; 2.3 times just before the next one."""
PER_CLUSTER = 24
ROUNDS = 8
RECALL = 0.995
LEAST_PROBES = 24
"""However easy the sample was: a partition of many near copies says nothing of the prompts to come."""
MOVED = 2048
MOST_SCANNED = (8_000, 0.012)
"""A search compares with at most 8,000 entries and 1.2 % of all, even just before the next training."""

_NONE: frozenset[int] = frozenset()


class FaissIndex:
    """Inner products, which are cosines for unit vectors. An id added again is replaced, but adding is cheap only for
    ids greater than all before: give growing ones. Removals take effect at once and are carried out later, many
    together.
    """

    __slots__ = (
        "_chore",
        "_dead",
        "_dimensions",
        "_flat_most",
        "_forms",
        "_gone",
        "_highest",
        "_retry_at",
        "_shed",
        "_trained_at",
    )

    def __init__(self, dimensions: int, *, flat_most: int = FLAT_MOST) -> None:
        self._dimensions = dimensions
        self._flat_most = flat_most
        # Those that hold vectors, the one that new vectors go to last.
        self._forms: list[Few | Flat | Lists] = [Few(dimensions)]
        self._trained_at = 0
        self._dead: set[int] | frozenset[int] = _NONE
        self._highest = -1
        # What was removed since the running chore took its copies.
        self._chore: _Train | _Move | _Trim | None = None
        self._gone: set[int] | frozenset[int] = _NONE
        self._retry_at = 0
        self._shed = False  # whether a form was given up whose memory still lies in the allocator

    def __len__(self) -> int:
        if self._dead:
            self._bury()  # among them may be ids that were never here
        return self._held()

    def __repr__(self) -> str:
        return " + ".join(
            f"lists {len(form)}/{form.clusters}x{form.probes}"
            if isinstance(form, Lists)
            else f"{type(form).__name__.lower()} {len(form)}"
            for form in self._forms
        )

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
        first = self._forms[0]
        if isinstance(first, Few) and len(first) + len(ids) > FEW_MOST:
            # Per thread: one search is too small to share, and helpers that spin cost more than they give.
            faiss.omp_set_num_threads(1)
            flat = Flat(self._dimensions)
            flat.add(*first.everything())
            self._forms = [flat]
        self._forms[-1].add(np.ascontiguousarray(ids, dtype=np.int64), vectors)

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Ids that are not there are ignored."""
        gone = [number for number in ids.tolist() if number <= self._highest]
        self._dead = _with(self._dead, gone)
        if self._chore is not None:
            self._gone = _with(self._gone, gone)
        if len(self._dead) > max(64, self._held() // 16) or isinstance(self._forms[0], Few):
            self._bury()

    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """At most k (id, cosine), best first; `vector` of shape (dimensions,)."""
        k = min(k, self._held())
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
        held = self._held() - len(self._dead)
        if self._shed:
            self._shed = False
            self._chore = _Trim(self)
        elif len(self._forms) > 1:
            old = self._forms[0]
            assert not isinstance(old, Few)
            self._chore = _Move(self, old.slice(MOVED))
        elif isinstance(first := self._forms[0], Flat | Lists) and held >= max(
            self._flat_most, GROWTH * self._trained_at, self._retry_at, 1
        ):
            random = np.random.default_rng(held)
            self._chore = _Train(self, first.sample(PER_CLUSTER * _clusters(held), random), held)
        return self._chore

    def _held(self) -> int:
        """The removed ones that still lie in the forms included."""
        return sum(map(len, self._forms))

    def _live(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        found: list[tuple[int, float]] = []
        for form in self._forms:
            if len(form):
                ids, cosines = form.search(vector, k)
                found.extend(zip(ids.tolist(), cosines.tolist(), strict=True))
        if self._dead:
            found = [one for one in found if one[0] not in self._dead]
        found.sort(key=lambda one: -one[1])
        # rounding may lift a cosine above 1
        return [(number, min(1.0, cosine)) for number, cosine in found]

    def _bury(self) -> None:
        ids = np.fromiter(self._dead, dtype=np.int64, count=len(self._dead))
        if self._chore is not None:
            self._gone = _with(self._gone, self._dead)
        for form in self._forms:
            form.remove(ids)
        self._dead = _NONE

    # --- results of chores, in the index's thread ---

    def _trained(self, lists: Lists | None, held: int) -> None:
        self._end_chore()
        if lists is None:
            self._retry_at = held + held // 4  # what failed once is not tried again at once
            return
        self._trained_at = held
        self._forms.append(lists)

    def _moved(self, batch: Batch, codes: NDArray[np.uint8] | None) -> None:
        gone = self._gone
        self._end_chore()
        old, new = self._forms
        if codes is None or isinstance(old, Few) or not isinstance(new, Lists):
            return
        if gone:
            kept = ~np.isin(batch.ids, np.fromiter(gone, dtype=np.int64, count=len(gone)))
            new.add_encoded(batch.ids[kept], np.ascontiguousarray(codes[kept]))
            old.cut(batch)
            self._dead = set(self._dead).difference(batch.ids[~kept].tolist())
        else:
            new.add_encoded(batch.ids, codes)
            old.cut(batch)
        if not len(old):
            self._forms = [new]
            self._shed = True

    def _end_chore(self) -> None:
        self._chore = None
        self._gone = _NONE


class _Train:
    """Clusters, and how many of them to look into, from a sample of the vectors."""

    def __init__(self, index: FaissIndex, sample: Batch, held: int) -> None:
        self._index, self._sample, self._held = index, sample, held
        self._made: Lists | None = None

    def work(self, stopped: Callable[[], bool]) -> None:
        faiss.omp_set_num_threads(1)
        vectors = self._sample.vectors()
        np.random.default_rng(0).shuffle(vectors)
        # A vector that helped to place a centroid lies nearer to it than a new one will: ask with others.
        asked, placed = np.split(vectors, [min(1024, len(vectors) // 4)])
        count = min(_clusters(self._held), len(placed))
        centres = centroids(placed, count, rounds=ROUNDS, stopped=stopped)
        needed = probes_needed(asked, placed, centres, share=RECALL, stopped=stopped)
        base, share = MOST_SCANNED
        grown = GROWTH * self._held  # at the size that it will have just before the next training
        most = max(8, int((base + share * grown) * count / grown))
        self._made = Lists(centres, vectors, min(max(needed, LEAST_PROBES), most, count))

    def finish(self, error: BaseException | None) -> None:
        self._index._trained(None if error else self._made, self._held)


class _Move:
    """Some vectors from the old form to the new one."""

    def __init__(self, index: FaissIndex, batch: Batch) -> None:
        self._index, self._batch = index, batch
        new = index._forms[-1]
        assert isinstance(new, Lists)
        self._new = new
        self._codes: NDArray[np.uint8] | None = None

    def work(self, stopped: Callable[[], bool]) -> None:
        faiss.omp_set_num_threads(1)
        self._codes = self._new.encoded(self._batch.vectors())

    def finish(self, error: BaseException | None) -> None:
        self._index._moved(self._batch, None if error else self._codes)


class _Trim:
    """Give back what an old form and the training left free: as much as the index itself."""

    def __init__(self, index: FaissIndex) -> None:
        self._index = index

    def work(self, stopped: Callable[[], bool]) -> None:
        give_memory_back()

    def finish(self, error: BaseException | None) -> None:
        self._index._end_chore()


def _with(ids: set[int] | frozenset[int], more: Iterable[int]) -> set[int]:
    """`ids` and more, in place where that is possible."""
    found = ids if isinstance(ids, set) else set(ids)
    found.update(more)
    return found


def _clusters(held: int) -> int:
    return max(1, int(CLUSTERS * math.sqrt(held)))
