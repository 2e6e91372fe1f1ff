"""Embedding and search for the proxy: one worker thread does all the work, the event loop only waits.

```
event loop                                     thread "halfpenny-embed"
embed(text)                        --> up to 32 texts at a time; later ones form the next batch
nearest(partition, vector, k)              --> one FAISS search
add(...), remove(...), rebuild(...)        --> in the order in which they were asked for
```
The thread is the only one that touches the model, the indexes and the tables of entries, so none of them is
locked. Nothing here raises because a model or an index is broken: the answer is then None or an empty list, a
log line and a count.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from halfpenny.semantic_cache.base import Embedder, Entry, Index, Neighbour, Vector

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_REBUILD_CHUNK = 256


class _Partition:
    """The entries of one partition: an index and what its numbers stand for."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.entries: dict[int, tuple[str, str]] = {}


class Neighbours:
    """The nearest stored prompts of a partition.

    `make_embedder` is called once, in the worker thread, by `start`; `make_index` once per partition with the
    number of dimensions. Beyond `max_entries` over all partitions the oldest entries go. At most
    `max_waiting` texts wait for a batch of at most `max_batch`. `timeout_s` bounds one `embed` or `nearest`,
    waiting included.

    Public counts: `embedded` texts, `failures` of model or index, `timeouts`, `rejected` (queue full, not
    ready), `evicted` entries.
    """

    def __init__(
        self,
        make_embedder: Callable[[], Embedder],
        make_index: Callable[[int], Index],
        *,
        max_entries: int = 100_000,
        max_batch: int = 32,
        max_waiting: int = 1024,
        timeout_s: float = 2.0,
    ) -> None:
        self._make_embedder = make_embedder
        self._make_index = make_index
        self._max_entries = max_entries
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._timeout_s = timeout_s
        self._worker = ThreadPoolExecutor(1, "halfpenny-embed")
        self._embedder: Embedder | None = None
        self._closed = False
        # Owned by the event loop: texts that wait for the next batch, and whether one is running.
        self._waiting: list[tuple[str, asyncio.Future[Vector | None]]] = []
        self._batch_runs = False
        # Partitions whose first entry is queued: added to on the loop, taken from by the worker (each call is atomic).
        self._arriving: set[str] = set()
        # Owned by the worker thread. `_where` is in order of arrival: its first is the oldest entry.
        self._partitions: dict[str, _Partition] = {}
        self._where: dict[str, tuple[str, int]] = {}
        self._next_number = 0
        self.embedded = self.failures = self.timeouts = self.rejected = self.evicted = 0

    def __len__(self) -> int:
        return len(self._where)

    def __repr__(self) -> str:
        return f"{len(self._partitions)} partitions, {len(self)} entries"

    @property
    def ready(self) -> bool:
        """Whether the model is loaded and `close` was not called."""
        return self._embedder is not None and not self._closed

    @property
    def embedder_name(self) -> str:
        """The embedder's name, "" before it is loaded; it goes into `Entry.embedder`."""
        return self._embedder.name if self._embedder else ""

    async def start(self) -> None:
        """Begin to load the model; returns at once. `ready` tells when it is there. A failure is logged."""
        self._queue(self._load)

    async def wait_ready(self) -> bool:
        """Wait for everything queued so far, the loading first; whether the model is there."""
        await self._call(lambda: None, None, timeout_s=None)
        return self.ready

    async def embed(self, text: str) -> Vector | None:
        """The vector of `text`, shape (dimensions,); None if the model is not ready, failed or took too
        long.
        """
        if not self.ready or len(self._waiting) >= self._max_waiting:
            self.rejected += 1
            return None
        answer: asyncio.Future[Vector | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, answer))
        self._next_batch()
        try:
            # The future is this caller's alone: cancelling it leaves the others of the batch untouched.
            async with asyncio.timeout(self._timeout_s):
                return await answer
        except TimeoutError:
            self.timeouts += 1
            _log.warning("no embedding within %.1f s", self._timeout_s)
            return None

    async def nearest(self, partition: str, vector: Vector, k: int) -> list[Neighbour]:
        """At most k neighbours of `vector` in `partition`, best first; none if the index failed or took too
        long.
        """
        return await self._call(lambda: self._search(partition, vector, k), [], timeout_s=self._timeout_s)

    def add(self, partition: str, entry_id: str, text: str, vector: Vector) -> None:
        """Queue an entry. An id that is known is replaced. Does not block; a failure is logged and
        counted.
        """
        self._arriving.add(partition)
        self._queue(lambda: self._arrive(partition, entry_id, text, vector))

    def holds(self, partition: str) -> bool:
        """Whether there is, or soon will be, an entry in this partition: else no text needs a vector to be told."""
        return partition in self._partitions or partition in self._arriving

    def remove(self, entry_ids: Iterable[str]) -> None:
        """Queue a removal; unknown ids are ignored. A `nearest` asked for later does not see them."""
        gone = tuple(entry_ids)
        self._queue(lambda: self._discard(gone))

    async def rebuild(self, entries: AsyncIterator[Entry]) -> int:
        """Add stored entries, oldest first; how many. Those of another embedder or another length are
        skipped.
        """
        if not await self.wait_ready():
            return 0
        name, count, skipped = self.embedder_name, 0, 0
        chunk: list[tuple[str, str, str, Vector]] = []
        async for entry in entries:
            vector = self._stored_vector(entry, name)
            if vector is None:
                skipped += 1
                continue
            chunk.append((entry.partition, entry.id, entry.text, vector))
            if len(chunk) == _REBUILD_CHUNK:
                count += await self._inserted(chunk)
                chunk = []
        count += await self._inserted(chunk)
        _log.info("index rebuilt: %d entries, %d skipped", count, skipped)
        return count

    async def close(self) -> None:
        """Answer the waiting with None, drop what is queued and wait for the running call to end."""
        self._closed = True
        for _, answer in self._waiting:
            _settle(answer, None)
        self._waiting.clear()
        self._worker.shutdown(wait=False, cancel_futures=True)
        # The thread ends after its running call; waiting for that on the loop's own pool keeps the loop free.
        await asyncio.to_thread(self._worker.shutdown, True)

    # --- on the event loop ---

    def _next_batch(self) -> None:
        """Hand the waiting texts to the worker unless it has a batch already."""
        if self._batch_runs or self._closed:
            return
        batch = [item for item in self._waiting[: self._max_batch] if not item[1].done()]
        del self._waiting[: self._max_batch]
        if not batch:
            if self._waiting:
                self._next_batch()
            return
        self._batch_runs = True
        loop = asyncio.get_running_loop()
        texts = [text for text, _ in batch]
        answers = [answer for _, answer in batch]

        def done(future: Future[list[Vector | None]]) -> None:
            vectors: list[Vector | None] = [None] * len(answers)
            if not future.cancelled() and future.exception() is None:
                vectors = future.result()
            try:
                loop.call_soon_threadsafe(self._deliver, answers, vectors)
            except RuntimeError:  # the loop is closed: nobody waits any more
                _log.debug("a batch ended after its event loop")

        self._worker.submit(self._counted, lambda: self._embed_batch(texts)).add_done_callback(done)

    def _deliver(self, answers: list[asyncio.Future[Vector | None]], vectors: list[Vector | None]) -> None:
        self._batch_runs = False
        for answer, vector in zip(answers, vectors, strict=True):
            _settle(answer, vector)
        self._next_batch()

    async def _inserted(self, chunk: list[tuple[str, str, str, Vector]]) -> int:
        return await self._call(lambda: self._insert(chunk), 0, timeout_s=None) if chunk else 0

    async def _call(self, work: Callable[[], _T], otherwise: _T, *, timeout_s: float | None) -> _T:
        """`work` in the worker thread; `otherwise` if it fails, takes too long or the worker is closed."""
        if self._closed:
            return otherwise
        future = asyncio.wrap_future(self._worker.submit(self._counted, work))
        try:
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            self.timeouts += 1
            _log.warning("the index did not answer within %s s", timeout_s)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            _log.debug("closed before the index was asked")
        except Exception:  # logged and counted where it happened
            return otherwise
        return otherwise

    def _queue(self, work: Callable[[], object]) -> None:
        if not self._closed:
            self._worker.submit(self._counted, work)

    def _stored_vector(self, entry: Entry, name: str) -> Vector | None:
        if entry.embedder != name or not entry.vector or self._embedder is None:
            return None
        if len(entry.vector) != 2 * self._embedder.dimensions:
            return None
        return np.frombuffer(entry.vector, dtype=np.float16).astype(np.float32)

    # --- in the worker thread ---

    def _counted(self, work: Callable[[], _T]) -> _T:
        """Every job runs through here, so a failure is counted once, by the one thread that writes the
        count.
        """
        try:
            return work()
        except Exception:
            self.failures += 1
            _log.exception("embedder or index failed")
            raise

    def _load(self) -> None:
        self._embedder = self._make_embedder()

    def _arrive(self, partition: str, entry_id: str, text: str, vector: Vector) -> None:
        try:
            self._insert([(partition, entry_id, text, vector)])
        finally:
            self._arriving.discard(partition)

    def _embed_batch(self, texts: list[str]) -> list[Vector | None]:
        if self._embedder is None:
            return [None] * len(texts)
        vectors = self._embedder.embed(texts)
        self.embedded += len(texts)
        return list(vectors)

    def _search(self, partition: str, vector: Vector, k: int) -> list[Neighbour]:
        found = self._partitions.get(partition)
        if found is None:
            return []
        return [
            Neighbour(entry_id=found.entries[number][0], text=found.entries[number][1], similarity=cosine)
            for number, cosine in found.index.search(np.asarray(vector, dtype=np.float32), k)
        ]

    def _insert(self, rows: list[tuple[str, str, str, Vector]]) -> int:
        latest = {row[1]: row for row in rows}  # the same id twice: the later one counts
        self._discard(latest)
        by_partition: dict[str, list[tuple[str, str, str, Vector]]] = {}
        for row in latest.values():
            by_partition.setdefault(row[0], []).append(row)
        for name, group in by_partition.items():
            self._insert_into(name, group)
        while len(self._where) > self._max_entries:
            overhang = len(self._where) - self._max_entries
            self._discard([entry_id for entry_id, _ in zip(self._where, range(overhang), strict=False)])
            self.evicted += overhang
        return len(latest)

    def _insert_into(self, name: str, group: list[tuple[str, str, str, Vector]]) -> None:
        vectors = np.stack([vector for *_, vector in group]).astype(np.float32, copy=False)
        numbers = np.arange(self._next_number, self._next_number + len(group), dtype=np.int64)
        partition = self._partitions.get(name) or _Partition(self._make_index(vectors.shape[1]))
        partition.index.add(numbers, vectors)
        # Only now: an index that raised must leave no trace in the tables.
        self._partitions[name] = partition
        self._next_number += len(group)
        for number, (_, entry_id, text, _) in zip(numbers.tolist(), group, strict=True):
            partition.entries[number] = (entry_id, text)
            self._where[entry_id] = (name, number)

    def _discard(self, entry_ids: Iterable[str]) -> None:
        gone: dict[str, list[int]] = {}
        for entry_id in entry_ids:
            place = self._where.pop(entry_id, None)
            if place is not None:
                gone.setdefault(place[0], []).append(place[1])
        for name, numbers in gone.items():
            partition = self._partitions[name]
            partition.index.remove(np.array(numbers, dtype=np.int64))
            for number in numbers:
                del partition.entries[number]
            if not partition.entries:
                del self._partitions[name]


def _settle(answer: asyncio.Future[Vector | None], vector: Vector | None) -> None:
    if not answer.done():
        answer.set_result(vector)
