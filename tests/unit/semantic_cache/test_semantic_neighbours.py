"""The facade: batching, cancellation, failure, eviction. Fakes stand in for the model and the index."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Embedder, Entry, Index, Vector
from halfpenny.semantic_cache.embedders.hashing import HashingEmbedder
from halfpenny.semantic_cache.embedders.tokens import Tokens, TokenStates
from halfpenny.semantic_cache.indexes.brute_force import BruteForceIndex
from halfpenny.semantic_cache.indexes.faiss import FaissIndex
from halfpenny.semantic_cache.indexes.upkeep import Chore
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


class FullIndex(BruteForceIndex):
    """Takes one entry and no more."""

    def add(self, ids: NDArray[np.int64], vectors: Vector) -> None:
        if len(self):
            raise RuntimeError("full")
        super().add(ids, vectors)


class TokenModel(GatedEmbedder):
    """One token, the text's length, for each text."""

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenStates]:
        vectors = self.embed(texts)
        return [
            TokenStates(vector, vector[None, :], [len(text)], [(0, len(text))])
            for vector, text in zip(vectors, texts, strict=True)
        ]

    def tokenize(self, text: str) -> Tokens:
        return Tokens([len(text)], [(0, len(text))])


class OddVectors(GatedEmbedder):
    """Some texts get a vector that is none."""

    def embed(self, texts: Sequence[str]) -> Vector:
        vectors = super().embed(texts)
        for row, text in enumerate(texts):
            if text in ("nan", "inf", "zero", "long"):
                vectors[row] = {"nan": np.nan, "inf": np.inf, "zero": 0.0, "long": 2.0}[text]
        return vectors[:1] if "short" in texts else vectors


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


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
    assert model.threads == {"halfpenny-embed"}
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
    assert (len(neighbours), neighbours.skipped) == (1, 1)
    await neighbours.close()


async def test_an_index_that_refuses_an_entry_leaves_no_trace() -> None:
    neighbours = await _started(make_index=FullIndex)
    vector = await _add(neighbours, "p", "1", "text")
    await _add(neighbours, "p", "2", "text")
    await _add(neighbours, "q", "3", "text")
    assert await _ids(neighbours, "p", vector) == ["1"]
    assert (len(neighbours), neighbours.failures) == (2, 1)
    assert repr(neighbours) == "2 partitions, 2 entries"
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
        yield _entry("4", "hashing-64", np.full_like(vectors[3], np.nan))
        yield _entry("5", "hashing-64", np.full_like(vectors[3], np.inf))

    neighbours = await _started()
    assert await neighbours.rebuild(entries()) == 2
    assert neighbours.skipped == 4
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


async def test_tokens_come_in_the_same_batches_as_vectors() -> None:
    model = TokenModel()
    neighbours = await _started(model)
    model.gate.clear()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(neighbours.embed("a"))
        await asyncio.to_thread(model.entered.wait, 10)
        tokens, vector = group.create_task(neighbours.embed_tokens("bc")), group.create_task(neighbours.embed("d"))
        await asyncio.sleep(0)
        model.gate.set()
    assert model.batches == [["a"], ["bc", "d"]]
    found, plain = tokens.result(), vector.result()
    assert first.result() is not None
    assert found is not None
    assert (found.ids, found.offsets) == ([2], [(0, 2)])
    assert isinstance(plain, np.ndarray)
    await neighbours.close()


async def test_tokens_of_an_embedder_without_any() -> None:
    neighbours = await _started()
    found, vector = await neighbours.embed_tokens("text"), await neighbours.embed("text")
    assert found is not None
    assert vector is not None
    np.testing.assert_array_equal(found.pooled, vector)
    assert (found.states.shape, found.ids) == ((0, 64), [])
    await neighbours.close()


@pytest.mark.parametrize("text", ["nan", "inf", "zero", "long"])
async def test_a_vector_that_is_none_is_no_answer(text: str) -> None:
    model = OddVectors()
    neighbours = await _started(model)
    model.gate.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(neighbours.embed("first"))
        await asyncio.to_thread(model.entered.wait, 10)
        odd, fine = group.create_task(neighbours.embed(text)), group.create_task(neighbours.embed("fine"))
        await asyncio.sleep(0)
        model.gate.set()
    assert odd.result() is None
    assert fine.result() is not None, "the rest of the batch is good"
    assert (neighbours.failures, neighbours.embedded) == (1, 2)
    await neighbours.close()


async def test_too_few_vectors_are_a_failure() -> None:
    model = OddVectors()
    neighbours = await _started(model)
    model.gate.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(neighbours.embed("first"))
        await asyncio.to_thread(model.entered.wait, 10)
        both = [group.create_task(neighbours.embed(text)) for text in ("short", "fine")]
        await asyncio.sleep(0)
        model.gate.set()
    assert [task.result() for task in both] == [None, None]
    assert neighbours.failures == 1
    await neighbours.close()


async def test_a_vector_that_is_none_is_not_stored_nor_searched_with() -> None:
    neighbours = await _started()
    vector = await _add(neighbours, "p", "1", "text")
    neighbours.add("p", "2", "odd", vector * np.float32(np.nan))
    assert await _ids(neighbours, "p", vector) == ["1"]
    assert await _ids(neighbours, "p", vector * np.float32(np.nan)) == []
    assert (len(neighbours), neighbours.skipped, neighbours.failures) == (1, 1, 1)
    await neighbours.close()


async def test_a_model_that_hangs_is_given_up_until_it_returns() -> None:
    model = GatedEmbedder()
    neighbours = await _started(model, timeout_s=0.05, stuck_s=0.1)
    vector = await neighbours.embed("before")
    assert vector is not None
    model.gate.clear()
    assert await neighbours.embed("hangs") is None
    assert neighbours.timeouts == 1
    while not neighbours.stuck:
        await asyncio.sleep(0.01)
    begun = asyncio.get_running_loop().time()
    for _ in range(100):
        assert await neighbours.embed("more") is None
        assert await neighbours.nearest("p", vector, 1) == []
        neighbours.add("p", "1", "text", vector)
    assert asyncio.get_running_loop().time() - begun < 0.05, "rejected at once, not after the timeout"
    assert (neighbours.rejected, neighbours.timeouts) == (300, 1)
    neighbours.remove(["1"])  # removals are never dropped
    model.gate.set()
    while neighbours.stuck:
        await asyncio.sleep(0.01)
    assert await neighbours.embed("after") is not None
    assert len(neighbours) == 0
    assert model.batches == [["before"], ["hangs"], ["after"]]
    await neighbours.close()


async def test_additions_beyond_the_queue_are_rejected() -> None:
    model = GatedEmbedder()
    neighbours = await _started(model, max_waiting=3)
    vector = await neighbours.embed("one")
    assert vector is not None
    model.gate.clear()
    waiting = asyncio.create_task(neighbours.embed("busy"))
    await asyncio.to_thread(model.entered.wait, 10)
    await asyncio.sleep(0)
    for number in range(5):
        neighbours.add("p", str(number), "text", vector)
    model.gate.set()
    await waiting
    await neighbours.wait_ready()
    assert (len(neighbours), neighbours.rejected) == (3, 2)
    neighbours.add("p", "9", "text", vector)
    await neighbours.wait_ready()
    assert len(neighbours) == 4
    await neighbours.close()


async def test_a_cheap_cold_entry_goes_before_an_expensive_hot_one() -> None:
    clock = Clock()
    neighbours = await _started(max_entries=4, clock=clock, half_life_s=100.0)  # type: ignore[arg-type]
    vector = await neighbours.embed("text")
    assert vector is not None

    async def add(entry_id: str, weight: float) -> None:
        clock.now_s += 1
        neighbours.add("p", entry_id, "text", vector, weight)
        await neighbours.wait_ready()

    await add("expensive, hot", 8.0)
    await add("cheap, hot", 1.0)
    await add("expensive", 8.0)
    await add("cheap", 1.0)
    for _ in range(4):
        neighbours.touch("expensive, hot")
        neighbours.touch("cheap, hot")
    neighbours.touch("unknown")
    went = []
    for number in range(4):
        before = set(await _ids(neighbours, "p", vector))
        await add(f"dear {number}", 1000.0)
        went += before - set(await _ids(neighbours, "p", vector))
    assert went == ["cheap", "cheap, hot", "expensive", "expensive, hot"]
    # worth halves: an old dear one goes before a new cheap one
    clock.now_s += 100.0 * 11
    await add("new, cheap", 1.0)
    await add("newer, cheap", 1.0)
    assert set(await _ids(neighbours, "p", vector)) == {"dear 2", "dear 3", "new, cheap", "newer, cheap"}
    await neighbours.close()


async def test_texts_that_are_not_at_hand_are_loaded_and_kept() -> None:
    asked: list[list[str]] = []

    async def load(entry_ids: Sequence[str]) -> dict[str, str]:
        asked.append(sorted(entry_ids))
        return {one: f"text of {one}" for one in entry_ids if one != "vanished"}

    neighbours = await _started(max_text_bytes=0, load_texts=load)  # type: ignore[arg-type]
    for entry_id in ("1", "2", "vanished"):
        vector = await _add(neighbours, "p", entry_id, "the same")
    found = await neighbours.nearest("p", vector, 3)
    assert {one.entry_id: one.text for one in found} == {"1": "text of 1", "2": "text of 2"}
    assert (asked, neighbours.vanished) == ([["1", "2", "vanished"]], 1)
    await neighbours.close()


async def test_texts_that_nobody_reads_are_not_loaded() -> None:
    async def load(entry_ids: Sequence[str]) -> dict[str, str]:
        raise AssertionError("not wanted")

    neighbours = await _started(max_text_bytes=0, load_texts=load)  # type: ignore[arg-type]
    vector = await _add(neighbours, "p", "1", "the same")
    found = await neighbours.nearest("p", vector, 3, texts=False)
    assert [(one.entry_id, one.text) for one in found] == [("1", "")]
    assert (neighbours.failures, neighbours.vanished) == (0, 0)
    await neighbours.close()


async def test_the_texts_used_last_are_kept() -> None:
    asked: list[str] = []

    async def load(entry_ids: Sequence[str]) -> dict[str, str]:
        asked.extend(entry_ids)
        return dict.fromkeys(entry_ids, "loaded")

    neighbours = await _started(max_text_bytes=1000, load_texts=load)  # type: ignore[arg-type]
    for number in range(10):
        vector = await _add(neighbours, f"p{number}", str(number), "the same")
    assert [one.text for one in await neighbours.nearest("p9", vector, 1)] == ["the same"]
    assert asked == []
    assert [one.text for one in await neighbours.nearest("p0", vector, 1)] == ["loaded"]
    assert [one.text for one in await neighbours.nearest("p0", vector, 1)] == ["loaded"]
    assert asked == ["0"], "what was loaded is at hand afterwards"
    await neighbours.close()


async def test_a_failing_or_slow_loader_leaves_out_what_it_did_not_bring() -> None:
    async def fail(entry_ids: Sequence[str]) -> dict[str, str]:
        raise OSError("no store")

    async def hang(entry_ids: Sequence[str]) -> dict[str, str]:
        await asyncio.sleep(60)
        return {}

    for load, counts in ((fail, (1, 0)), (hang, (0, 1))):
        neighbours = await _started(max_text_bytes=0, load_texts=load, timeout_s=0.2)  # type: ignore[arg-type]
        vector = await _add(neighbours, "p", "1", "text")
        assert await neighbours.nearest("p", vector, 1) == []
        assert (neighbours.failures, neighbours.timeouts) == counts
        await neighbours.close()


async def test_a_large_partition_changes_its_form_while_it_is_searched() -> None:
    vectors = np.random.default_rng(0).normal(size=(3000, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    neighbours = await _started(make_index=lambda d: FaissIndex(d, flat_most=500), max_waiting=5000)
    for number, vector in enumerate(vectors):
        neighbours.add("p", str(number), "text", vector)
        if number % 100 == 50:
            asked = number // 14 * 7 + 1  # one that stays
            assert (await _ids(neighbours, "p", vectors[asked], 1)) == [str(asked)]
        if number % 7 == 0:
            neighbours.remove([str(number)])
    while neighbours.upkeep_runs:
        await asyncio.sleep(0.01)
    assert neighbours.chores > 2
    assert neighbours.failures == 0
    assert "flat" not in repr(neighbours._partitions["p"].index)
    for number in range(0, 3000, 50):
        expected = [] if number % 7 == 0 else [str(number)]
        assert [i for i in await _ids(neighbours, "p", vectors[number], 1) if i == str(number)] == expected
    assert len(neighbours) == 3000 - 429
    await neighbours.close()


async def test_failing_upkeep_costs_no_answers() -> None:
    class Refuses(BruteForceIndex):
        def chore(self) -> Chore:
            return Broken()

    class Broken:
        def work(self, stopped: Callable[[], bool]) -> None:
            raise RuntimeError("no memory")

        def finish(self, error: BaseException | None) -> None:
            assert isinstance(error, RuntimeError)

    neighbours = await _started(make_index=Refuses)
    vector = await _add(neighbours, "p", "1", "text")
    while neighbours.upkeep_runs or not neighbours.failures:
        await asyncio.sleep(0.001)
    assert await _ids(neighbours, "p", vector) == ["1"]
    assert (neighbours.failures, neighbours.chores) == (1, 0)
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
