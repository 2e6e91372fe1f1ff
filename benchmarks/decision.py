"""CPU time of a decision beyond embedding and search, by part.

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.decision ../shared/data/semantic/banking77_stream_dev.jsonl [FILE ...]
        [--limit 1500] [--bound 0.01] [--seed 0]

Each stream is run once as the evaluation runs it (`evaluation/learned.py`), in an order drawn from the seed. Printed
are milliseconds of the thread's CPU time for each request that has neighbours, p50 and p99: all of the decision; the
pair verifier; the guards (what they read out of texts included); the rest. The control is work that never changes, a
matrix product and a loop, timed before and after: where two runs differ in it, they differ in the machine.
"""

import argparse
import gc
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import cast
from unittest.mock import patch

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Embedder
from halfpenny.semantic_cache.decision import evidence
from halfpenny.semantic_cache.decision.layers import Array
from halfpenny.semantic_cache.decision.model import Model, load_model
from halfpenny.semantic_cache.decision.prompts import Prompt
from halfpenny.semantic_cache.decision.verifier import Verifier
from halfpenny.semantic_cache.embedders import load_embedder
from halfpenny.semantic_cache.evaluation.embedding import KeptPrompts
from halfpenny.semantic_cache.evaluation.learned import Learned
from halfpenny.semantic_cache.evaluation.rows import class_codes
from halfpenny.semantic_cache.evaluation.streams import Answers, Outcome, load_stream
from halfpenny.semantic_cache.verdict import examine

CONTROLS = 200


class Parts(msgspec.Struct, frozen=True, eq=False):
    """Milliseconds of CPU of n decisions, each of shape (n,)."""

    whole: NDArray[np.float64]
    verifier: NDArray[np.float64]
    guards: NDArray[np.float64]

    @property
    def rest(self) -> NDArray[np.float64]:
        return self.whole - self.verifier - self.guards


class Clock:
    """Stands in for the verifier and for `examine`, and books what they take. A decision asks the verifier once, before
    any guard: that call begins a new row."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self.verifier_ms: list[float] = []
        self.guards_ms: list[float] = []

    def score(self, pairs: Sequence[tuple[Prompt, Prompt]]) -> Array:
        begun = time.thread_time()
        found = self._verifier.score(pairs)
        self.verifier_ms.append(_since(begun))
        self.guards_ms.append(0.0)
        return found

    def examine(self, asked: str, stored: str, similarity: float) -> tuple[tuple[str, ...], str]:
        begun = time.thread_time()
        found = examine(asked, stored, similarity)
        self.guards_ms[-1] += _since(begun)
        return found


def measured(
    model: Model, embedder: Embedder, texts: Sequence[str], answers: Answers, order: NDArray[np.int64], bound: float
) -> tuple[Outcome, Parts]:
    """One run over the rows `order`, and what its decisions took."""
    prompts = KeptPrompts(embedder, model.verifier, texts)
    clock = Clock(model.verifier)
    rule = Learned("halfpenny", lambda: model.namespace(bound), prompts.rows(texts), cast("Verifier", clock))
    for text in texts:
        prompts.of(text)  # made before the run: a proxy keeps them
    gc.collect()
    with patch.object(evidence, "examine", clock.examine):
        outcome = rule.run(texts, answers, prompts.vectors_of(texts), order, np.random.default_rng(0))
    weighed = len(clock.verifier_ms)  # the first request has no neighbours
    return outcome, Parts(outcome.decision_ms[-weighed:], np.array(clock.verifier_ms), np.array(clock.guards_ms))


def control_ms() -> float:
    """CPU of work that never changes, the median of `CONTROLS` times."""
    rows, matrix = np.ones((128, 64), dtype=np.float32), np.ones((64, 192), dtype=np.float32)
    found = []
    for _ in range(CONTROLS):
        begun = time.thread_time()
        for _ in range(4):
            rows @ matrix
        sum(range(10_000))
        found.append(_since(begun))
    return float(np.median(found))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--limit", type=int, default=1500)
    parser.add_argument("--bound", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    model, embedder = load_model(), load_embedder("onnx")
    for path in options.files:
        texts, classes = load_stream(path, options.limit)
        order = np.random.default_rng(options.seed).permutation(len(texts))
        answers = Answers(class_codes(classes), order)
        before = control_ms()
        outcome, parts = measured(model, embedder, texts, answers, order, options.bound)
        print(
            f"{path.name}: {len(order)} requests, {outcome.hit.sum()} hits, {outcome.wrong.sum()} wrong; "
            f"control {before:.3f} ms before, {control_ms():.3f} after"
        )
        for name in ("whole", "verifier", "guards", "rest"):
            p50, p99 = np.percentile(getattr(parts, name), (50, 99))
            print(f"  {name:8} p50 {p50:.3f}  p99 {p99:.3f} ms")
    return 0


def _since(begun_s: float) -> float:
    return 1000 * (time.thread_time() - begun_s)


if __name__ == "__main__":
    sys.exit(main())
