"""GPTCache as a control: its own package and interface, on our streams and our vectors.

    python -m benchmarks.gptcache --data ../shared/data/semantic [--limit 5000] [--cache FOLDER] [--json FILE]

GPTCache 0.1.44 with what its manual recommends: SQLite and faiss (`get_data_manager`), `SearchDistanceEvaluation`,
`similarity_threshold` 0.8. Its scale is 4 less the squared distance, so a threshold of T asks for a cosine of 2T - 1:
0.6 by default. The cache starts empty, misses are stored, the order is the file's. Its embedding function looks up
the vector that our embedder made, so the times are without embedding. It runs in an environment of its own below
`.gptcache/` and keeps its files in a temporary folder: it commits on every store and every hit, so the times depend on
the disk there (TMPDIR).
"""

import argparse
import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.streams import load_streams
from halfpenny.semantic_cache.evaluation.rows import class_codes
from halfpenny.semantic_cache.evaluation.streams import WARM_UP, Outcome, Stream, summary
from halfpenny.semantic_cache.evaluation.vectors import unit_vectors

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "gptcache.txt"
PLACE = ROOT / ".gptcache"
DRIVER = Path(__file__).with_name("gptcache_driver.py")

RECOMMENDED = (0.8, 1000)
"""`similarity_threshold` and `max_size` (entries before the least recently used are dropped) by default."""
THRESHOLDS = (0.8, 0.9, 0.95, 0.98, 0.99)
BOUNDS = (0.01, 0.02, 0.05)


class Run(msgspec.Struct, frozen=True):
    """One run over one stream. `max_size` 0: as many entries as requests, so that nothing is dropped."""

    similarity_threshold: float
    max_size: int
    figures: dict[str, float]


def python() -> Path:
    """The interpreter that has GPTCache; installed on first use. Raises CalledProcessError if that fails."""
    PLACE.mkdir(exist_ok=True)
    stamp, home = PLACE / "stamp", PLACE / "venv"
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()
    with (PLACE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (stamp.exists() and stamp.read_text() == digest):
            print(f"installing GPTCache below {PLACE.name}/", file=sys.stderr, flush=True)
            shutil.rmtree(home, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
            install = ["-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--no-deps", "-r", str(LOCK)]
            subprocess.run([str(home / "bin" / "python"), *install], check=True)
            stamp.write_text(digest)
    return home / "bin" / "python"


def measure(
    stream: Stream, runs: Sequence[tuple[float, int]], *, interpreter: Path, timeout_s: float = 3600
) -> list[Run]:
    """Run (similarity_threshold, max_size) each over the stream, in the file's order.

    Requests without a usable vector are misses that GPTCache never sees. Raises RuntimeError if the driver fails.
    """
    vectors, usable = unit_vectors(stream.vectors)
    order = np.flatnonzero(usable)
    requests = len(stream.texts)
    with tempfile.TemporaryDirectory(prefix="gptcache-job-") as folder:
        file = Path(folder) / "vectors.npy"
        np.save(file, vectors[order], allow_pickle=False)
        job = {
            "texts": [stream.texts[row] for row in order.tolist()],
            "vectors": str(file),
            "runs": [{"similarity_threshold": t, "max_size": size or max(requests, 1)} for t, size in runs],
        }
        done = subprocess.run(
            # -I: without the folder of the driver on the path, where this module's name hides the package's.
            [str(interpreter), "-I", str(DRIVER)],
            input=json.dumps(job),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"GPTCache's driver ended with {done.returncode}: {done.stderr[-2000:]}")
    codes = class_codes(stream.classes)
    return [
        Run(threshold, size, figures(found, codes, order))
        for (threshold, size), found in zip(runs, json.loads(done.stdout), strict=True)
    ]


def figures(found: dict[str, Any], codes: NDArray[np.int64], order: NDArray[np.int64]) -> dict[str, float]:
    """`summary` of what the driver reports, the times being those of a look-up, and `store_ms` (mean).

    `codes`: class of every row; `order`: the rows that the driver saw. Their labels stayed here.
    """
    served = np.array(found["served"], dtype=np.int64)
    hit, wrong = np.zeros((2, len(codes)), dtype=np.bool_)
    times = np.zeros(len(codes))
    hit[order] = served >= 0
    wrong[order] = (served >= 0) & (codes[order[served]] != codes[order])
    times[order] = found["lookup_ms"]
    outcome = Outcome(
        hit=hit,
        wrong=wrong,
        asked=np.zeros(len(codes), dtype=np.bool_),
        labels_used=0,
        decision_ms=times,
        order=np.arange(len(codes)),
        unusable=len(codes) - len(order),
    )
    return {**summary(outcome, WARM_UP), "store_ms": float(np.mean(found["store_ms"])) if found["store_ms"] else 0.0}


def best(runs: Sequence[Run], bound: float) -> Run | None:
    """The run with the most hits among those that keep the bound after the warm-up; None if none does."""
    kept = [run for run in runs if run.figures["false_hit_rate_after_warmup"] <= bound]
    return max(kept, key=lambda run: run.figures["hit_rate"], default=None)


def table(found: dict[str, Sequence[Run]]) -> list[str]:
    """Markdown: stream by run, hits/false hits in per cent and the milliseconds of a look-up; the best in hindsight."""
    lines = [
        "| stream | threshold | cosine | entries | hits % | false % | precision | look-up p50 / p99 ms | store ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, runs in found.items():
        for run in runs:
            f = run.figures
            lines.append(
                f"| {name} | {run.similarity_threshold:g} | {2 * run.similarity_threshold - 1:.2f} "
                f"| {run.max_size or 'all'} | {100 * f['hit_rate']:.1f} | {100 * f['false_hit_rate']:.2f} "
                f"| {f['precision']:.3f} | {f['p50_ms']:.2f} / {f['p99_ms']:.2f} | {f['store_ms']:.2f} |"
            )
        for bound in BOUNDS:
            top = best(runs, bound)
            said = "none of them" if top is None else f"threshold {top.similarity_threshold:g}"
            rate = 0.0 if top is None else 100 * top.figures["hit_rate"]
            lines.append(f"| {name} | best in hindsight at {100 * bound:g} %: {said} | | | {rate:.1f} | | | | |")
    return lines


def measure_all(streams: dict[str, Stream], thresholds: Sequence[float] = THRESHOLDS) -> dict[str, Sequence[Run]]:
    """The recommended settings, then every threshold with nothing dropped."""
    interpreter = python()
    runs = [RECOMMENDED, *((threshold, 0) for threshold in thresholds)]
    found: dict[str, Sequence[Run]] = {}
    for name, stream in streams.items():
        found[name] = measure(stream, runs, interpreter=interpreter)
        print(f"GPTCache: {name} done", file=sys.stderr, flush=True)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gptcache")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/semantic"))
    parser.add_argument("--limit", type=int, default=5000, help="rows of each file (default 5000)")
    parser.add_argument("--cache", type=Path, help="folder in which vectors are kept between runs")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    streams = load_streams(options.data, limit=options.limit, cache=options.cache)
    if not streams:
        print(f"skipped: no streams in {options.data}")
        return 0
    found = measure_all(streams)
    print("\n".join(table(found)))
    if options.json:
        content = {name: [msgspec.to_builtins(run) for run in runs] for name, runs in found.items()}
        options.json.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
