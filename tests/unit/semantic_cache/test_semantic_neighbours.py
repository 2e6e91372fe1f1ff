"""The facade: batching, cancellation, failure, eviction. Fakes stand in for the model and the index."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import numpy as np
import pytest

from halfpenny.semantic_cache.base import Embedder, Entry, Index, Vector
from halfpenny.semantic_cache.embedders.hashing import HashingEmbedder
from halfpenny.semantic_cache.indexes.brute_force import BruteForceIndex
from halfpenny.semantic_cache.neighbours import Neighbours


class GatedEmbedder:
    """Waits for `gate` in every call and keeps the batches and the threads that it saw."""

    def __init__(self) -> None:
        self._inner = HashingEmbedder(64)
        self.name, self.dimensions = self._inner.name, 64
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.batches: list[list[str]] = []
        self.threads: set[str] = set()

    def embed(self, texts: Sequence[str]) -> Vector:
        self.threads.add(threading.current_thread().name)
        self.batches.append(list(texts))
        self.entered.set()
        assert self.gate.wait(10)
        if "break" in texts:
            raise RuntimeError("broken model")
        return self._inner.embed(texts)


class BrokenIndex(BruteForceIndex):
    def search(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        raise RuntimeError("broken index")


def _broken_factory() -> Embedder:
    raise OSError("no weights")


async def _started(
    embedder: GatedEmbedder | None = None, make_index: Callable[[int], Index] = BruteForceIndex, **limits: float
) -> Neighbours:
    model = embedder or GatedEmbedder()
    neighbours = Neighbours(lambda: model, make_index, **limits)  # type: ignore[arg-type]
    await neighbours.start()
    assert await neighbours.wait_ready()
    return neighbours


async def _add(neighbours: Neighbours, partition: str, entry_id: str, text: str) -> Vector:
    vector = await neighbours.embed(text)
    assert vector is not None
    neighbours.add(partition, entry_id, text, vector)
    return vector


async def _ids(neighbours: Neighbours, partition: str, vector: Vector, k: int = 9) -> list[str]:
    return [found.entry_id for found in await neighbours.nearest(partition, vector, k)]


async def test_finds_neighbours_in_their_partition_only() -> None:
    neighbours = await _started()
    egg = await _add(neighbours, "p", "1", "boil an egg")
    await _add(neighbours, "p", "2", "file a tax return")
    await _add(neighbours, "q", "3", "boil an egg")
    found = await neighbours.nearest("p", egg, 2)
    assert [(n.entry_id, n.text) for n in found] == [("1", "boil an egg"), ("2", "file a tax return")]
    assert found[0].similarity == pytest.approx(1.0, abs=1e-5)
    assert await _ids(neighbours, "nowhere", egg) == []
    assert repr(neighbours) == "2 partitions, 3 entries"
    await neighbours.close()


async def test_all_work_is_done_in_the_one_thread() -> None:
    model = GatedEmbedder()
    neighbours = await _started(model)
    await _add(neighbours, "p", "1", "text")
    assert model.threads == {"halfpenny-embed_0"}
    await neighbours.close()


async def test_not_ready_before_start_and_after_a_failed_load() -> None:
    neighbours = Neighbours(_broken_factory, BruteForceIndex)
    assert await neighbours.embed("text") is None
    await neighbours.start()
    assert not await neighbours.wait_ready()
    assert not neighbours.ready
    assert await neighbours.embed("text") is None
    assert (neighbours.failures, neighbours.rejected, neighbours.embedder_name) == (1, 2, "")
    await neighbours.close()


async def test_what_arrives_during_a_batch_forms_the_next_one() -> None:
    model = GatedEmbedder()
    neighbours = await _started(model, max_batch=3)
    model.gate.clear()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(neighbours.embed("a"))
        await asyncio.to_thread(model.entered.wait, 10)
        rest = [group.create_task(neighbours.embed(text)) for text in "bcdef"]
        await asyncio.sleep(0)
        model.gate.set()
    assert model.batches == [["a"], ["b", "c", "d"], ["e", "f"]]
    expected = HashingEmbedder(64).embed(list("abcdef"))
    for task, vector in zip([first, *rest], expected, strict=True):
        result = task.result()
        assert result is not None
        np.testing.assert_array_equal(result, vector)
    assert neighbours.embedded == 6
    await neighbours.close()


async def test_a_cancelled_caller_leaves_the_others_of_its_batch_alone() -> None:
    model = GatedEmbedder()
    neighbours = await _started(model)
    model.gate.clear()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(neighbours.embed("a"))
        await asyncio.to_thread(model.entered.wait, 10)
        left, stayed = group.create_task(neighbours.embed("b")), group.create_task(neighbours.embed("c"))
        await asyncio.sleep(0)
        first.cancel()
        left.cancel()
        await asyncio.sleep(0)
        model.gate.set()
    assert stayed.result() is not None
    assert first.cancelled()
    assert left.cancelled()
    assert model.batches == [["a"], ["c"]]
    await neighbours.close()


async def test_a_late_embedding_is_none_and_counted() -> None:
    model = GatedEmbedder()
    neighbours = await _started(model, timeout_s=0.01)
    model.gate.clear()
    assert await neighbours.embed("slow") is None
    assert neighbours.timeouts == 1
    model.gate.set()
    await neighbours.close()


async def test_a_full_queue_rejects() -> None:
    model = GatedEmbedder()
    neighbours = await _started(model, max_waiting=1)
    model.gate.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(neighbours.embed("runs"))
        await asyncio.to_thread(model.entered.wait, 10)
        waits = group.create_task(neighbours.embed("waits"))
        await asyncio.sleep(0)
        assert await neighbours.embed("too many") is None
        model.gate.set()
    assert waits.result() is not None
    assert neighbours.rejected == 1
    await neighbours.close()


async def test_a_failing_model_costs_one_batch() -> None:
    neighbours = await _started()
    assert await neighbours.embed("break") is None
    assert neighbours.failures == 1
    assert await neighbours.embed("fine") is not None
    await neighbours.close()


async def test_a_failing_index_finds_nothing() -> None:
    neighbours = await _started(make_index=BrokenIndex)
    vector = await _add(neighbours, "p", "1", "text")
    assert await neighbours.nearest("p", vector, 3) == []
    assert neighbours.failures == 1
    await neighbours.close()


async def test_an_entry_of_the_wrong_size_leaves_no_trace() -> None:
    neighbours = await _started()
    vector = await _add(neighbours, "p", "1", "text")
    neighbours.add("p", "2", "odd", np.ones(3, dtype=np.float32))
    assert await _ids(neighbours, "p", vector) == ["1"]
    assert (len(neighbours), neighbours.failures) == (1, 1)
    await neighbours.close()


async def test_removed_and_replaced_entries() -> None:
    neighbours = await _started()
    vector = await _add(neighbours, "p", "1", "one")
    await _add(neighbours, "p", "2", "two")
    neighbours.remove(["1", "unknown"])
    assert await _ids(neighbours, "p", vector) == ["2"]
    await _add(neighbours, "q", "2", "two moved")
    assert await _ids(neighbours, "p", vector) == []
    assert await _ids(neighbours, "q", vector) == ["2"]
    assert repr(neighbours) == "1 partitions, 1 entries"
    await neighbours.close()


async def test_the_oldest_entries_go_first() -> None:
    neighbours = await _started(max_entries=3)
    for number in range(5):
        vector = await _add(neighbours, f"p{number % 2}", str(number), f"text {number}")
    assert set(await _ids(neighbours, "p0", vector)) == {"2", "4"}
    assert set(await _ids(neighbours, "p1", vector)) == {"3"}
    assert (len(neighbours), neighbours.evicted) == (3, 2)
    await neighbours.close()


async def test_rebuild_takes_what_this_embedder_made() -> None:
    vectors = HashingEmbedder(64).embed([f"text {n}" for n in range(4)])

    async def entries() -> AsyncIterator[Entry]:
        yield _entry("0", "hashing-64", vectors[0])
        yield _entry("1", "another", vectors[1])
        yield _entry("2", "hashing-64", vectors[2][:32])
        yield _entry("3", "hashing-64", vectors[3])

    neighbours = await _started()
    assert await neighbours.rebuild(entries()) == 2
    found = await neighbours.nearest("p", vectors[3], 9)
    assert [n.entry_id for n in found] == ["3", "0"]
    assert found[0].similarity == pytest.approx(1.0, abs=1e-3)
    await neighbours.close()


async def test_closing_answers_those_who_wait_and_the_rest_is_quiet() -> None:
    model = GatedEmbedder()
    neighbours = await _started(model)
    vector = await _add(neighbours, "p", "1", "text")
    model.entered.clear()
    model.gate.clear()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(neighbours.embed("runs"))
        await asyncio.to_thread(model.entered.wait, 10)
        waiting = group.create_task(neighbours.embed("waits"))
        searching = group.create_task(neighbours.nearest("p", vector, 1))
        await asyncio.sleep(0)
        closing = group.create_task(neighbours.close())
        await asyncio.sleep(0)
        model.gate.set()
        await closing
    assert running.result() is not None
    assert waiting.result() is None
    assert searching.result() == []
    assert await neighbours.embed("late") is None
    assert await neighbours.nearest("p", vector, 1) == []
    neighbours.add("p", "2", "late", vector)
    neighbours.remove(["1"])
    await neighbours.close()


def _entry(entry_id: str, embedder: str, vector: Vector) -> Entry:
    return Entry(
        id=entry_id,
        key=entry_id,
        tenant="t",
        partition="p",
        surface="openai_chat",
        model="m",
        served_by="b",
        mode="json",
        status=200,
        content_type="application/json",
        body=b"",
        created_s=0.0,
        expires_s=1.0,
        text=f"text {entry_id}",
        vector=vector.astype(np.float16).tobytes(),
        embedder=embedder,
    )
