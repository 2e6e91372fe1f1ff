"""Embedding and search for the proxy: one worker thread does all the work, the event loop only waits.

```
event loop                                     thread "halfpenny-embed"
embed(text), embed_tokens(text)            --> up to 32 texts at a time; later ones form the next batch
nearest(partition, vector, k)              --> one search
add(...), touch(...), remove(...), rebuild(...)   --> in the order in which they were asked for
                                               thread "halfpenny-index", low priority
                                           --> upkeep of large indexes, in pieces (`indexes/upkeep.py`)
```
The worker thread is the only one that touches the model, the indexes and the tables of entries, so none of them is
locked. Nothing here raises because a model or an index is broken: the answer is then None or an empty list, a log line
and a count. While the worker is stuck in a call (a model that hangs) everything is answered at once with "nothing".

What an entry costs in memory: its vector in the index, about 50 bytes in the roster (`roster.py`), and nothing of its
text: the texts of the last ones are kept up to `max_text_bytes`, others are asked from `load_texts`.

A shared index for several nodes (a table in PostgreSQL with pgvector) fits in as another `Index`: this module gives it
numbers and unit vectors and asks for numbers and cosines, nothing of FAISS shows. Its `add` and `remove` would queue
rows, `search` would be one query in the worker thread; `chore` is optional and such an index has none. What this module
does assume is that numbers are this process's own: a shared table must be keyed by (node, number), or carry entry ids,
in which case a class with the public methods of `Neighbours` takes its place as a whole.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from sys import getsizeof
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Embedder, Entry, Index, Neighbour, Vector
from halfpenny.semantic_cache.embedders.tokens import TokenEmbedder, TokenStates
from halfpenny.semantic_cache.indexes.upkeep import Chore, StoppedError, Upkept, give_memory_back
from halfpenny.semantic_cache.lane import Lane
from halfpenny.semantic_cache.roster import Roster

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_CHUNK = 256
"""Rows in one job of the worker: about 2 ms in which it holds the interpreter, so that the event loop gets its turn."""
_CLOSE_S = 5.0
_LENGTH_ERROR = 0.01
_TEXT_OVERHEAD_BYTES = 200

LoadTexts = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]


class Arrival(msgspec.Struct, frozen=True, eq=False):
    """An entry on its way into the index. `vector`: shape (dimensions,), length 1."""

    partition: str
    entry_id: str
    text: str
    vector: Vector
    weight: float = 1.0
    age_s: float = 0.0


def weight_of(cost_pico: int, size_bytes: int) -> float:
    """What an answer saves per byte that it takes, for `Neighbours.add`. An answer of unknown or no price counts as a
    millionth of a dollar: it still saves time.
    """
    return max(cost_pico, 1_000_000) / max(size_bytes, 1)


class _Partition:
    """The entries of one partition: its index and their number."""

    __slots__ = ("chores", "count", "index", "name", "number", "tended")

    def __init__(self, name: str, index: Index) -> None:
        self.name = name
        self.index = index
        self.number = -1
        self.count = 0
        self.chores = index.chore if isinstance(index, Upkept) else None
        self.tended = False


class Neighbours:
    """The nearest stored prompts of a partition.

    `make_embedder` is called once, in the worker thread, by `start`; `make_index` once per partition with the number of
    dimensions. Beyond `max_entries` over all partitions those go that are worth least (`roster.py`): the least weight
    times uses, where a use counts half after `half_life_s`. They go up to 256 at a time, so evicting costs little.
    At most `max_waiting` texts, and as many additions, wait. `timeout_s` bounds one `embed` or `nearest`, waiting
    included; once the worker has been in one call for `stuck_s`, nothing more is queued until it returns.

    `load_texts(entry ids)` gives the texts that are not at hand, by id; those it does not give are left out of
    `nearest` (an entry without its text cannot be judged). Without a loader such a text is "".

    Public counts: `embedded` texts, `failures` of model, index or loader, `timeouts`, `rejected` (queue full, not
    ready, stuck), `evicted` entries, `skipped` stored entries or vectors that cannot be used, `vanished` neighbours
    whose text was nowhere, `chores` of upkeep done.
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
        stuck_s: float = 10.0,
        half_life_s: float = 6 * 3600.0,
        max_text_bytes: int = 1 << 20,
        load_texts: LoadTexts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_embedder = make_embedder
        self._make_index = make_index
        self._max_entries = max_entries
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._timeout_s = timeout_s
        self._stuck_s = max(stuck_s, timeout_s)
        self._load_texts = load_texts
        self._clock = clock
        self._worker = Lane("halfpenny-embed")
        self._builder = Lane("halfpenny-index", nice=10)
        self._embedder: Embedder | None = None
        self._closed = False
        # Owned by the event loop: texts that wait for the next batch, and whether one is running.
        self._waiting: list[tuple[str, bool, asyncio.Future[Vector | TokenStates | None]]] = []
        self._batch_runs = False
        # Partitions whose first entry is queued: added to on the loop, taken from by the worker (each call is atomic).
        self._arriving: set[str] = set()
        # Additions queued (counted by the loop) and done (counted by the worker): one writer each.
        self._queued = self._done = 0
        self._warned_stuck = False
        # Owned by the worker thread.
        self._partitions: dict[str, _Partition] = {}
        self._by_number: list[_Partition | None] = []
        self._vacant: list[int] = []
        self._roster = Roster(max_entries, half_life_s=half_life_s)
        self._texts = _Texts(max_text_bytes)
        self.upkeep_runs = 0
        self.embedded = self.failures = self.timeouts = self.rejected = self.evicted = 0
        self.skipped = self.vanished = self.chores = 0

    def __len__(self) -> int:
        return len(self._roster)

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

    @property
    def stuck(self) -> bool:
        """Whether the worker has been in one call for longer than `stuck_s`."""
        stuck = self.ready and self._worker.busy_s() > self._stuck_s
        if stuck != self._warned_stuck:
            self._warned_stuck = stuck
            if stuck:
                _log.error("the embedder or the index hangs: the semantic cache is out until it returns")
            else:
                _log.warning("the embedder or the index is back")
        return stuck

    async def start(self) -> None:
        """Begin to load the model; returns at once. `ready` tells when it is there. A failure is logged."""
        self._queue(self._load)

    async def wait_ready(self) -> bool:
        """Wait for everything queued so far, the loading first; whether the model is there."""
        await self._call(lambda: None, None, timeout_s=None)
        return self.ready

    async def embed(self, text: str) -> Vector | None:
        """The vector of `text`, shape (dimensions,); None if the model is not ready, stuck, failed, gave something that
        is no unit vector, or took too long.
        """
        found = await self._embedded(text, tokens=False)
        return found.pooled if isinstance(found, TokenStates) else found

    async def embed_tokens(self, text: str) -> TokenStates | None:
        """The vector and the states of its tokens, from one run of the model, together with other waiting texts. None
        as in `embed`. An embedder that shows no tokens gives the vector and no tokens: states of shape (0, dimensions).
        """
        found = await self._embedded(text, tokens=True)
        if found is None or isinstance(found, TokenStates):
            return found
        return TokenStates(found, np.empty((0, len(found)), dtype=np.float32), [], [])

    async def nearest(self, partition: str, vector: Vector, k: int, *, texts: bool = True) -> list[Neighbour]:
        """At most k neighbours of `vector` in `partition`, best first; none if the index failed or took too long.
        `texts` False: none is loaded, who asks does not read them."""
        if self.stuck:
            self.rejected += 1
            return []
        begun_s = time.monotonic()
        found: list[tuple[str, str | None, float]] = await self._call(
            lambda: self._search(partition, vector, k), [], timeout_s=self._timeout_s
        )
        missing = [entry_id for entry_id, text, _ in found if text is None]
        if texts and missing and self._load_texts is not None:
            left_s = self._timeout_s - (time.monotonic() - begun_s)
            loaded = await self._loaded(self._load_texts, missing, left_s)
            self._queue(lambda: self._remember(loaded))
            found = [(one, loaded.get(one) if text is None else text, cosine) for one, text, cosine in found]
            whole = [one for one in found if one[1] is not None]
            self.vanished += len(found) - len(whole)
            found = whole
        return [Neighbour(entry_id=one, text=text or "", similarity=cosine) for one, text, cosine in found]

    def add(self, partition: str, entry_id: str, text: str, vector: Vector, weight: float = 1.0) -> None:
        """Queue an entry. An id that is known is replaced. Does not block; a failure is logged and counted.

        `weight`: what one answer from it saves per byte (`weight_of`); only the ratio between entries matters.
        """
        if self._queued - self._done >= self._max_waiting or self.stuck:
            self.rejected += 1
            return
        self._arriving.add(partition)
        self._queued += 1
        self._queue(lambda: self._arrive(Arrival(partition, entry_id, text, vector, weight)))

    def touch(self, entry_id: str) -> None:
        """Queue the note that this entry was of use, which keeps it longer; an unknown id is ignored."""
        if not self.stuck:
            self._queue(lambda: self._roster.touch(entry_id, self._clock()))

    def holds(self, partition: str) -> bool:
        """Whether there is, or soon will be, an entry in this partition: else no text needs a vector to be told."""
        return partition in self._partitions or partition in self._arriving

    def remove(self, entry_ids: Iterable[str]) -> None:
        """Queue a removal; unknown ids are ignored. A `nearest` asked for later does not see them."""
        gone = list(entry_ids)
        for start in range(0, len(gone), _CHUNK):
            chunk = gone[start : start + _CHUNK]
            self._queue(lambda chunk=chunk: self._discard(chunk))  # type: ignore[misc]

    async def rebuild(self, entries: AsyncIterator[Entry]) -> int:
        """Add stored entries, oldest first; how many. Those of another embedder or another length, and vectors that are
        not finite or not of length 1, are skipped.

        Their weight is `weight_of` their cost and tokens, since a scan does not bring the bodies; their age counts.
        """
        if not await self.wait_ready():
            return 0
        name, count, skipped_before = self.embedder_name, 0, self.skipped
        chunk: list[Arrival] = []
        now_s = time.time()
        async for entry in entries:
            vector = self._stored_vector(entry, name)
            if vector is None:
                self.skipped += 1
                continue
            weight = weight_of(entry.cost_pico, 1024 + 4 * entry.output_tokens)
            age_s = max(0.0, now_s - entry.created_s)
            chunk.append(Arrival(entry.partition, entry.id, entry.text, vector, weight, age_s))
            if len(chunk) == _CHUNK:
                count += await self._inserted(chunk)
                chunk = []
        count += await self._inserted(chunk)
        self._builder.submit(give_memory_back)
        _log.info("index rebuilt: %d entries, %d skipped", count, self.skipped - skipped_before)
        return count

    async def close(self) -> None:
        """Answer the waiting with None, drop what is queued and wait for the running calls to end, up to 5 s each."""
        self._closed = True
        for _, _, answer in self._waiting:
            _settle(answer, None)
        self._waiting.clear()
        self._builder.shut()
        self._worker.shut()
        # Waiting on the loop's own pool keeps the loop free.
        for lane in (self._worker, self._builder):
            if not await asyncio.to_thread(lane.join, _CLOSE_S):
                _log.error("a call into the embedder or the index hangs; its thread is left behind")

    # --- on the event loop ---

    async def _embedded(self, text: str, *, tokens: bool) -> Vector | TokenStates | None:
        if not self.ready or len(self._waiting) >= self._max_waiting or self.stuck:
            self.rejected += 1
            return None
        answer: asyncio.Future[Vector | TokenStates | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, tokens, answer))
        self._next_batch()
        try:
            # The future is this caller's alone: cancelling it leaves the others of the batch untouched.
            async with asyncio.timeout(self._timeout_s):
                return await answer
        except TimeoutError:
            self.timeouts += 1
            _log.warning("no embedding within %.1f s", self._timeout_s)
            return None

    def _next_batch(self) -> None:
        """Hand the waiting texts to the worker unless it has a batch already."""
        if self._batch_runs or self._closed:
            return
        batch = [item for item in self._waiting[: self._max_batch] if not item[2].done()]
        del self._waiting[: self._max_batch]
        if not batch:
            if self._waiting:
                self._next_batch()
            return
        self._batch_runs = True
        loop = asyncio.get_running_loop()
        texts = [text for text, _, _ in batch]
        tokens = any(wanted for _, wanted, _ in batch)
        answers = [answer for _, _, answer in batch]

        def done(future: Future[list[Vector | TokenStates | None]]) -> None:
            results: list[Vector | TokenStates | None] = [None] * len(answers)
            if not future.cancelled() and future.exception() is None:
                results = future.result()
            try:
                loop.call_soon_threadsafe(self._deliver, answers, results)
            except RuntimeError:  # the loop is closed: nobody waits any more
                _log.debug("a batch ended after its event loop")

        self._worker.submit(lambda: self._counted(lambda: self._embed_batch(texts, tokens))).add_done_callback(done)

    def _deliver(
        self,
        answers: list[asyncio.Future[Vector | TokenStates | None]],
        results: list[Vector | TokenStates | None],
    ) -> None:
        self._batch_runs = False
        for answer, result in zip(answers, results, strict=True):
            _settle(answer, result)
        self._next_batch()

    async def _inserted(self, chunk: list[Arrival]) -> int:
        return await self._call(lambda: self._insert(chunk), 0, timeout_s=None) if chunk else 0

    async def _loaded(self, load: LoadTexts, entry_ids: list[str], left_s: float) -> Mapping[str, str]:
        try:
            async with asyncio.timeout(max(0.0, left_s)):
                return await load(entry_ids)
        except TimeoutError:
            self.timeouts += 1
            _log.warning("the texts of neighbours did not come in time")
        except Exception:
            self.failures += 1
            _log.exception("the texts of neighbours could not be loaded")
        return {}

    async def _call(self, work: Callable[[], _T], otherwise: _T, *, timeout_s: float | None) -> _T:
        """`work` in the worker thread; `otherwise` if it fails, takes too long or the worker is closed."""
        if self._closed:
            return otherwise
        future = asyncio.wrap_future(self._worker.submit(lambda: self._counted(work)))
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
            self._worker.submit(lambda: self._counted(work))

    def _stored_vector(self, entry: Entry, name: str) -> Vector | None:
        if entry.embedder != name or not entry.vector or self._embedder is None:
            return None
        if len(entry.vector) != 2 * self._embedder.dimensions:
            return None
        return np.frombuffer(entry.vector, dtype=np.float16).astype(np.float32)

    # --- in the worker thread ---

    def _counted(self, work: Callable[[], _T]) -> _T:
        """Every job runs through here, so a failure is counted once, by the one thread that writes the count."""
        try:
            return work()
        except Exception:
            self.failures += 1
            _log.exception("embedder or index failed")
            raise

    def _load(self) -> None:
        self._embedder = self._make_embedder()

    def _arrive(self, arrival: Arrival) -> None:
        try:
            self._insert([arrival])
        finally:
            self._done += 1
            self._arriving.discard(arrival.partition)

    def _embed_batch(self, texts: list[str], tokens: bool) -> list[Vector | TokenStates | None]:
        embedder = self._embedder
        if embedder is None:
            return [None] * len(texts)
        found: list[Vector | TokenStates]
        if tokens and isinstance(embedder, TokenEmbedder):
            states = embedder.embed_tokens(texts)
            vectors = np.stack([one.pooled for one in states])
            found = list(states)
        else:
            vectors = np.asarray(embedder.embed(texts), dtype=np.float32)
            found = list(vectors)
        if vectors.shape != (len(texts), embedder.dimensions):
            raise ValueError(f"the embedder gave the shape {vectors.shape} for {len(texts)} texts")
        usable = _usable(vectors)
        broken = int((~usable).sum())
        if broken:
            self.failures += broken
            _log.error("the embedder gave %d of %d vectors that are not of length 1", broken, len(texts))
        self.embedded += len(texts) - broken
        return [one if good else None for one, good in zip(found, usable, strict=True)]

    def _search(self, partition: str, vector: Vector, k: int) -> list[tuple[str, str | None, float]]:
        held = self._partitions.get(partition)
        if held is None:
            return []
        vector = np.asarray(vector, dtype=np.float32)
        if not _usable(vector[None, :])[0]:
            raise ValueError("the vector that is asked for is not of length 1")
        found = []
        for number, cosine in held.index.search(vector, k):
            entry_id = self._roster.entry_id(number)
            if entry_id is not None:
                found.append((entry_id, self._texts.get(entry_id), cosine))
        if self._load_texts is None:
            return [(entry_id, text or "", cosine) for entry_id, text, cosine in found]
        return found

    def _remember(self, texts: Mapping[str, str]) -> None:
        for entry_id, text in texts.items():
            if self._roster.find(entry_id) is not None:
                self._texts.put(entry_id, text)

    def _insert(self, rows: list[Arrival]) -> int:
        latest = list({row.entry_id: row for row in rows}.values())  # the same id twice: the later one counts
        usable = self._checked(latest)
        self._discard([row.entry_id for row in usable])
        for start in range(0, len(usable), self._max_entries):
            part = usable[start : start + self._max_entries]
            self._make_room(len(part))
            by_partition: dict[str, list[Arrival]] = {}
            for row in part:
                by_partition.setdefault(row.partition, []).append(row)
            for name, group in by_partition.items():
                self._insert_into(name, group)
        return len(usable)

    def _checked(self, rows: list[Arrival]) -> list[Arrival]:
        """Those whose vectors have the embedder's length and are unit vectors."""
        dimensions = self._embedder.dimensions if self._embedder else 0
        fitting = [row for row in rows if row.vector.shape == (dimensions,)]
        usable = _usable(np.stack([row.vector for row in fitting])) if fitting else ()
        good = [row for row, fine in zip(fitting, usable, strict=True) if fine]
        if len(good) < len(rows):
            if not self.skipped:
                _log.warning("vectors of a wrong length or with values that are no numbers are skipped")
            self.skipped += len(rows) - len(good)
        return good

    def _make_room(self, wanted: int) -> None:
        overhang = len(self._roster) + wanted - self._max_entries
        while overhang > 0:
            # some more than needed, so that the next additions find room
            count = max(min(overhang, _CHUNK), min(_CHUNK, self._max_entries // 256))
            numbers = self._roster.least(count)
            self._forget([place for number in numbers if (place := self._drop(number)) is not None])
            self.evicted += len(numbers)
            overhang = len(self._roster) + wanted - self._max_entries

    def _drop(self, number: int) -> tuple[int, int] | None:
        entry_id = self._roster.entry_id(number)
        if entry_id is None:
            return None
        self._texts.drop(entry_id)
        return self._roster.drop(entry_id)

    def _insert_into(self, name: str, group: list[Arrival]) -> None:
        vectors = np.stack([row.vector for row in group]).astype(np.float32, copy=False)
        partition = self._partitions.get(name) or _Partition(name, self._make_index(vectors.shape[1]))
        at = self._number_of(partition)
        now_s = self._clock()
        numbers = [self._roster.put(row.entry_id, at, row.weight, now_s - row.age_s) for row in group]
        try:
            partition.index.add(np.array(numbers, dtype=np.int64), vectors)
        except BaseException:  # an index that raised must leave no trace in the tables
            for row in group:
                self._roster.drop(row.entry_id)
            if not partition.count:
                self._vacate(partition)
            raise
        partition.count += len(group)
        self._partitions[name] = partition
        for row in group:
            self._texts.put(row.entry_id, row.text)
        self._tend(partition)

    def _number_of(self, partition: _Partition) -> int:
        if partition.number < 0:
            partition.number = self._vacant.pop() if self._vacant else len(self._by_number)
            if partition.number == len(self._by_number):
                self._by_number.append(partition)
            self._by_number[partition.number] = partition
        return partition.number

    def _vacate(self, partition: _Partition) -> None:
        self._by_number[partition.number] = None
        self._vacant.append(partition.number)

    def _discard(self, entry_ids: Iterable[str]) -> None:
        places = []
        for entry_id in entry_ids:
            place = self._roster.drop(entry_id)
            if place is not None:
                self._texts.drop(entry_id)
                places.append(place)
        self._forget(places)

    def _forget(self, places: Iterable[tuple[int, int]]) -> None:
        """Take (number, partition) out of the indexes."""
        gone: dict[int, list[int]] = {}
        for number, at in places:
            gone.setdefault(at, []).append(number)
        for at, numbers in gone.items():
            partition = self._by_number[at]
            assert partition is not None
            partition.count -= len(numbers)
            if partition.count:
                partition.index.remove(np.array(numbers, dtype=np.int64))
            else:
                del self._partitions[partition.name]
                self._vacate(partition)

    def _tend(self, partition: _Partition) -> None:
        """Start what upkeep the index asks for, unless some of it is under way."""
        if partition.chores is None or partition.tended or self._closed:
            return
        chore = partition.chores()
        if chore is None:
            return
        partition.tended = True
        self.upkeep_runs += 1

        def finish(future: Future[None]) -> None:
            error = StoppedError() if future.cancelled() else future.exception()
            self._worker.submit(lambda: self._counted(lambda: self._tended(partition, chore, error)))

        self._builder.submit(lambda: chore.work(lambda: self._closed)).add_done_callback(finish)

    def _tended(self, partition: _Partition, chore: Chore, error: BaseException | None) -> None:
        partition.tended = False
        try:
            chore.finish(error)
            if error is None:
                self.chores += 1
                if partition.count:
                    self._tend(partition)
            elif not isinstance(error, StoppedError):
                raise RuntimeError("the upkeep of an index failed") from error
        finally:
            self.upkeep_runs -= 1


class _Texts:
    """The texts used last, by entry id, up to a number of bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0

    def get(self, entry_id: str) -> str | None:
        text = self._texts.get(entry_id)
        if text is not None:
            self._texts.move_to_end(entry_id)
        return text

    def put(self, entry_id: str, text: str) -> None:
        self.drop(entry_id)
        self._texts[entry_id] = text
        self._bytes += getsizeof(text) + _TEXT_OVERHEAD_BYTES
        while self._bytes > self._max_bytes and self._texts:
            self._bytes -= getsizeof(self._texts.popitem(last=False)[1]) + _TEXT_OVERHEAD_BYTES

    def drop(self, entry_id: str) -> None:
        text = self._texts.pop(entry_id, None)
        if text is not None:
            self._bytes -= getsizeof(text) + _TEXT_OVERHEAD_BYTES


def _usable(vectors: Vector) -> NDArray[np.bool_]:
    """Which rows of (n, dimensions) are unit vectors, half precision allowed for. NaN compares false."""
    return np.asarray(np.abs(np.einsum("ij,ij->i", vectors, vectors) - 1.0) < _LENGTH_ERROR)


def _settle(answer: asyncio.Future[Vector | TokenStates | None], result: Vector | TokenStates | None) -> None:
    if not answer.done():
        answer.set_result(result)
