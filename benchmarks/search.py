"""Cost, recall and memory of the search for neighbours.

    python -m benchmarks.search forms [--data ../shared/data/semantic] [--vectors FILE]
    python -m benchmarks.search index --entries 100000 [...]
    python -m benchmarks.search memory --entries 100000 [--partitions 1]
    python -m benchmarks.search stall [--seconds 10]

`forms`: one search in each form at several sizes, which is where FLAT_MOST comes from. `index`: fills one partition in
chunks as a rebuild does, waits for its upkeep, then measures searches, recall against all vectors compared in full
precision, additions, removals. `memory`: resident bytes per entry of a whole `Neighbours`, texts and roster included,
in a process of its own. `stall`: how late the event loop runs while entries arrive, searches are answered and upkeep
works; `benchmarks.stall` does the same for whole requests, with a control.

Vectors: the prompts of the development sets, embedded once and kept in FILE (float16, `.npy`). Where more are asked for
than there are prompts, the rest are mixes of two real ones with noise. Queries are real and held out. One thread; CPU
time of the thread, since the machine is shared.
"""

import argparse
import asyncio
import gc
import json
import sys
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks.semantic_guards import read_rows
from halfpenny.semantic_cache.base import Entry, Vector
from halfpenny.semantic_cache.embedders import load_embedder
from halfpenny.semantic_cache.embedders.hashing import HashingEmbedder
from halfpenny.semantic_cache.indexes.faiss import FaissIndex
from halfpenny.semantic_cache.indexes.upkeep import give_memory_back
from halfpenny.semantic_cache.neighbours import Neighbours

DIMENSIONS = 384
STREAMS = ("banking77", "clinc150", "nlu_slots", "templates", "qqp")
QUERIES = 2000
K = 8


def real_vectors(data: Path, kept: Path, most: int) -> Vector:
    """Unit vectors of up to `most` distinct prompts, shuffled; from `kept` if it is there."""
    if kept.exists():
        vectors = np.load(kept)[:most].astype(np.float32)
    else:
        texts = sorted({row["text"] for name in STREAMS for row in read_rows(data, f"{name}_stream_dev", most)})
        order = np.random.default_rng(0).permutation(len(texts))[:most]
        texts = [texts[at] for at in order]
        print(f"embedding {len(texts)} prompts")
        embedder = load_embedder("onnx")
        vectors = np.concatenate([embedder.embed(texts[at : at + 512]) for at in range(0, len(texts), 512)])
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, vectors.astype(np.float16))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def filled(real: Vector, count: int) -> Iterator[Vector]:
    """`count` vectors in blocks: the real ones, then mixes of two of them plus noise."""
    yield from (real[at : min(at + 8192, count)] for at in range(0, min(len(real), count), 8192))
    random = np.random.default_rng(2)
    for at in range(len(real), count, 8192):
        size = min(8192, count - at)
        one, other = real[random.integers(0, len(real), size)], real[random.integers(0, len(real), size)]
        share = random.uniform(0.5, 0.9, (size, 1)).astype(np.float32)
        mixed = share * one + (1 - share) * other + random.normal(0, 0.01, one.shape).astype(np.float32)
        yield np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True), dtype=np.float32)


def timed(search: Callable[[Vector], object], queries: Vector) -> dict[str, float]:
    """CPU milliseconds per search: median and 95th percentile."""
    spent = []
    for query in queries:
        begun = time.thread_time()
        search(query)
        spent.append(1000 * (time.thread_time() - begun))
    return {"p50_ms": round(median(spent), 3), "p95_ms": round(quantiles(spent, n=20)[18], 3)}


def forms(real: Vector) -> list[dict[str, Any]]:
    queries, base = real[-QUERIES:], real[:-QUERIES]
    rows = []
    for count in (1_000, 5_000, 10_000, 20_000, 50_000):
        if count > len(base):
            break
        part = base[:count]
        ids = np.arange(count)
        flat = FaissIndex(DIMENSIONS, flat_most=count + 1)
        flat.add(ids, part)
        begun = time.thread_time()
        index = settled(FaissIndex(DIMENSIONS, flat_most=1), [part])
        built = time.thread_time() - begun
        row = {
            "entries": count,
            "flat": timed(lambda query, flat=flat: flat.search(query, K), queries[:300]),
            "lists": timed(lambda query, index=index: index.search(query, K), queries[:300]),
            "lists_build_cpu_s": round(built, 2),
            "form": repr(index),
        }
        rows.append(row)
        print(json.dumps(row))
    return rows


def settled(index: FaissIndex, blocks: Sequence[Vector] | Iterator[Vector]) -> FaissIndex:
    """`index` with these vectors added and no upkeep left."""
    count = 0
    for block in blocks:
        index.add(np.arange(count, count + len(block)), block)
        count += len(block)
        upkeep(index)
    return index


def upkeep(index: FaissIndex) -> float:
    """Do all that is due, as the worker and the upkeep thread would; milliseconds of the longest step in the worker."""
    longest = 0.0
    while True:
        begun = time.perf_counter()
        chore = index.chore()
        longest = max(longest, time.perf_counter() - begun)
        if chore is None:
            return 1000 * longest
        chore.work(lambda: False)
        begun = time.perf_counter()
        chore.finish(None)
        longest = max(longest, time.perf_counter() - begun)


def index(real: Vector, count: int) -> dict[str, Any]:
    queries, base = real[-QUERIES:], real[:-QUERIES]
    made = FaissIndex(DIMENSIONS)
    truth_cosines = np.full(QUERIES, -2.0, dtype=np.float32)
    truth_ids = np.zeros(QUERIES, dtype=np.int64)
    at, longest = 0, 0.0
    adding = building = 0.0
    for block in filled(base, count):
        best = queries @ block.T
        nearest = best.argmax(axis=1)
        cosines = best[np.arange(QUERIES), nearest]
        better = cosines > truth_cosines
        truth_ids[better], truth_cosines[better] = at + nearest[better], cosines[better]
        begun = time.thread_time()
        made.add(np.arange(at, at + len(block)), block)
        adding += time.thread_time() - begun
        at += len(block)
        begun = time.thread_time()
        longest = max(longest, upkeep(made))
        building += time.thread_time() - begun
    found = [made.search(query, K) for query in queries]
    first = np.array([one[0][0] for one in found])
    close = np.array([abs(one[0][1] - true) <= 0.003 for one, true in zip(found, truth_cosines, strict=True)])
    among = np.array([true in [i for i, _ in one] for one, true in zip(found, truth_ids, strict=True)])
    row: dict[str, Any] = {"entries": count, "form": repr(made), "build_cpu_s": round(building, 1)}
    row["add_us"] = round(1e6 * adding / count, 1)
    row["longest_step_ms"] = round(longest, 1)
    row["search"] = timed(lambda query: made.search(query, K), queries[:1000])
    for name, least in (("all", -2.0), ("near_0.6", 0.6), ("near_0.8", 0.8)):
        which = truth_cosines >= least
        row[f"recall_{name}"] = {
            "queries": int(which.sum()),
            "first": round(float((first == truth_ids)[which].mean()), 4),
            "first_or_within_0.003": round(float(((first == truth_ids) | close)[which].mean()), 4),
            f"among_{K}": round(float(among[which].mean()), 4),
        }
    gone = np.random.default_rng(3).permutation(count)[: count // 20]
    begun = time.thread_time()
    for number in gone.tolist():
        made.remove(np.array([number]))
    row["remove_us"] = round(1e6 * (time.thread_time() - begun) / len(gone), 1)
    row["search_after_removals"] = timed(lambda query: made.search(query, K), queries[:500])
    print(json.dumps(row))
    return row


class FixedEmbedder(HashingEmbedder):
    """Takes the vectors' place where the texts do not matter."""

    def __init__(self) -> None:
        super().__init__(DIMENSIONS)


def resident_bytes() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


async def memory(real: Vector, count: int, partitions: int) -> dict[str, Any]:
    neighbours = Neighbours(FixedEmbedder, FaissIndex, max_entries=count, max_waiting=1 << 30)
    await neighbours.start()
    await neighbours.wait_ready()
    half = real.astype(np.float16)
    del real
    # load and touch the code that filling and training need, then take the base line
    settled(FaissIndex(DIMENSIONS, flat_most=1), [half[:4000].astype(np.float32)])
    await fill(neighbours, half, 300, 1, "warm")
    neighbours.remove([entry_id(n, "warm") for n in range(300)])
    await neighbours.wait_ready()
    gc.collect()
    give_memory_back()
    before = resident_bytes()
    cpu, begun = time.process_time(), time.perf_counter()
    await neighbours.rebuild(stored(half, count, partitions, neighbours.embedder_name))
    rebuilt_cpu = time.process_time() - cpu
    rebuilt_wall = time.perf_counter() - begun
    while neighbours.upkeep_runs:
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
    gc.collect()
    row = {
        "entries": len(neighbours),
        "partitions": partitions,
        "bytes_per_entry": round((resident_bytes() - before) / count, 1),
        "rebuild_cpu_s": round(rebuilt_cpu, 1),
        "rebuild_wall_s": round(rebuilt_wall, 1),
        "cpu_s_with_upkeep_and_making_the_data": round(time.process_time() - cpu, 1),
        "wall_s": round(time.perf_counter() - begun, 1),
    }
    if partitions == 1:
        row["form"] = repr(next(iter(neighbours._partitions.values())).index)
    # half as many again: the least valuable go
    before_cpu = time.process_time()
    await fill(neighbours, half, count // 2, partitions, "q")
    while neighbours.upkeep_runs:
        await asyncio.sleep(0.05)
    gc.collect()
    row |= {
        "evicted": neighbours.evicted,
        "bytes_per_entry_after_evicting": round((resident_bytes() - before) / len(neighbours), 1),
        "cpu_us_per_replacement": round(1e6 * (time.process_time() - before_cpu) / (count // 2), 1),
        "failures": neighbours.failures + neighbours.rejected + neighbours.skipped,
    }
    await neighbours.close()
    print(json.dumps(row))
    return row


def entry_id(number: int, kind: str) -> str:
    random = (number * 0x9E3779B97F4A7C15 + zlib.crc32(kind.encode())) & (1 << 64) - 1
    return f"e-{number:014x}{random:016x}"


def block(half: NDArray[np.float16], size: int, random: np.random.Generator) -> Vector:
    """`size` unit vectors: real ones with noise."""
    noisy = half[random.integers(0, len(half), size)].astype(np.float32)
    noisy += random.standard_normal(noisy.shape, dtype=np.float32) * np.float32(0.02)
    return np.asarray(noisy / np.linalg.norm(noisy, axis=1, keepdims=True), dtype=np.float32)


async def stored(half: NDArray[np.float16], count: int, partitions: int, embedder: str) -> AsyncIterator[Entry]:
    """What a scan of the store gives."""
    random = np.random.default_rng(7)
    for at in range(0, count, 256):
        vectors = block(half, min(256, count - at), random).astype(np.float16)
        for n, vector in enumerate(vectors):
            yield entry(at + n, f"{(at + n) % partitions:064x}", vector.tobytes(), embedder)
        await asyncio.sleep(0)


def entry(number: int, partition: str, vector: bytes, embedder: str) -> Entry:
    return Entry(
        id=entry_id(number, "p"),
        key="",
        tenant="t",
        partition=partition,
        surface="openai_chat",
        model="m",
        served_by="b",
        mode="json",
        status=200,
        content_type="application/json",
        body=b"",
        created_s=time.time(),
        expires_s=time.time() + 3600,
        text=f"How do I change the address of order number {number} of kind p?",
        vector=vector,
        embedder=embedder,
    )


async def fill(neighbours: Neighbours, half: NDArray[np.float16], count: int, partitions: int, kind: str) -> None:
    """`count` arrivals with texts of some 60 characters."""
    random = np.random.default_rng(len(kind))
    for at in range(0, count, 256):
        size = min(256, count - at)
        mixed = block(half, size, random)
        for n in range(size):
            number = at + n
            partition = f"{number % partitions:064x}"
            text = f"How do I change the address of order number {number} of kind {kind}?"
            neighbours.add(partition, entry_id(number, kind), text, mixed[n].copy())
        await neighbours.wait_ready()


async def stall(real: Vector, seconds: float) -> dict[str, Any]:
    """100 arrivals and 100 searches a second into a partition that passes FLAT_MOST; lateness of a 1 ms timer."""
    neighbours = Neighbours(FixedEmbedder, FaissIndex, max_entries=200_000, max_waiting=1 << 30)
    await neighbours.start()
    await neighbours.wait_ready()
    half = real.astype(np.float16)
    await fill(neighbours, half, 9_900, 1, "p")
    late: list[float] = []
    waits: list[float] = []
    running = True

    async def tick() -> None:
        while running:
            begun = time.perf_counter()
            await asyncio.sleep(0.001)
            late.append(1000 * (time.perf_counter() - begun) - 1)

    async def ask() -> None:
        number = 1 << 40
        while running:
            begun = time.perf_counter()
            await neighbours.nearest(f"{0:064x}", real[number % len(real)], K)
            waits.append(1000 * (time.perf_counter() - begun))
            neighbours.add(f"{0:064x}", entry_id(number, "s"), "text", real[number % len(real)])
            number += 1
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as group:
        group.create_task(tick())
        await asyncio.sleep(seconds / 3)
        running = False
    idle, running = late.copy(), True
    late.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(tick())
        group.create_task(ask())
        await asyncio.sleep(seconds)
        running = False
    row = {
        "entries": len(neighbours),
        "form": repr(next(iter(neighbours._partitions.values())).index),
        "chores": neighbours.chores,
        "late_ms_without_work": {"p99": round(quantiles(idle, n=100)[98], 2), "max": round(max(idle), 2)},
        "late_ms": {
            "p50": round(median(late), 2),
            "p99": round(quantiles(late, n=100)[98], 2),
            "max": round(max(late), 2),
        },
        "nearest_wall_ms": {
            "p50": round(median(waits), 2),
            "p99": round(quantiles(waits, n=100)[98], 2),
            "max": round(max(waits), 2),
        },
    }
    await neighbours.close()
    print(json.dumps(row))
    return row


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search")
    parser.add_argument("what", choices=("forms", "index", "memory", "stall"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data/semantic"))
    parser.add_argument("--vectors", type=Path, default=Path(".bench/prompt_vectors.npy"))
    parser.add_argument("--real", type=int, default=110_000, help="embed at most so many prompts")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--partitions", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    faiss.omp_set_num_threads(1)
    most = 20_000 if options.what in ("memory", "stall") else options.real
    real = real_vectors(options.data, options.vectors, most)
    result: Any
    match options.what:
        case "forms":
            result = forms(real)
        case "index":
            result = index(real, options.entries)
        case "memory":
            result = asyncio.run(memory(real, options.entries, options.partitions))
        case _:
            result = asyncio.run(stall(real, options.seconds))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
