"""What the verdict and the volatile gate do on labelled prompts.

    python -m benchmarks.semantic_guards --data ../shared/data/semantic [--limit 5000] [--json FILE]

Streams: the cache starts empty, one pass in order, misses are stored, the nearest 3 neighbours get a verdict. A false
hit is one whose class differs; both rates are per request. Pairs: a trap is a pair with y = 0 that is served.
"""

import argparse
import gzip
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from halfpenny.semantic_cache.base import Embedder, Ruling, Vector
from halfpenny.semantic_cache.embedders import load_embedder
from halfpenny.semantic_cache.verdict import DEFAULT_MIN_SIMILARITY, judge
from halfpenny.semantic_cache.volatile import volatile_reason

STREAMS = ("templates", "nlu_slots", "qqp", "banking77", "clinc150")
PAIRS = ("fow", "langcache", "qqp")
THRESHOLDS = (0.75, DEFAULT_MIN_SIMILARITY, 0.85, 0.90, 0.94)
JUDGED = 3

Judge = Callable[[str, str, float, float], Ruling]
Row = dict[str, Any]


def cosine_only(_asked: str, _stored: str, similarity: float, min_similarity: float) -> Ruling:
    """The baseline: no guards."""
    return Ruling(accepted=similarity >= min_similarity, similarity=similarity)


def run_stream(rows: Sequence[Row], vectors: Vector, min_similarity: float, verdict: Judge) -> tuple[float, float]:
    """Hit rate and false-hit rate in per cent of the requests; `vectors` of shape (len(rows), dimensions)."""
    stored = np.empty_like(vectors)
    origins: list[int] = []
    hits = wrong = 0
    for number, row in enumerate(rows):
        served = None
        cosines = stored[: len(origins)] @ vectors[number]
        nearest = np.argpartition(-cosines, JUDGED)[:JUDGED] if len(origins) > JUDGED else np.arange(len(origins))
        for at in nearest[np.argsort(-cosines[nearest])]:
            if cosines[at] < min_similarity:
                break
            if verdict(row["text"], rows[origins[at]]["text"], float(cosines[at]), min_similarity).accepted:
                served = rows[origins[at]]
                break
        if served is None:
            stored[len(origins)] = vectors[number]
            origins.append(number)
        else:
            hits += 1
            wrong += served["cls"] != row["cls"]
    return 100 * hits / len(rows), 100 * wrong / len(rows)


def run_pairs(rows: Sequence[Row], cosines: Sequence[float]) -> dict[str, str]:
    """Served of all, by kind: "trap negation": "0/44"."""
    seen: Counter[str] = Counter()
    served: Counter[str] = Counter()
    for row, cosine in zip(rows, cosines, strict=True):
        kind = f"{'same' if row['y'] else 'trap'} {row.get('kind', '')}".strip()
        seen[kind] += 1
        served[kind] += judge(row["b"], row["a"], cosine, DEFAULT_MIN_SIMILARITY).accepted
    return {kind: f"{served[kind]}/{seen[kind]}" for kind in sorted(seen)}


def run_volatile(rows: Iterable[Row]) -> dict[str, float]:
    counts = Counter((bool(row["y"]), volatile_reason(row["text"]) is not None) for row in rows)
    right = counts[True, True]
    return {
        "precision": right / max(right + counts[False, True], 1),
        "recall": right / max(right + counts[True, False], 1),
    }


def read_rows(folder: Path, stem: str, limit: int) -> list[Row]:
    """The first `limit` rows of `stem`.jsonl or `stem`.jsonl.gz; none if there is neither."""
    for path, opener in ((folder / f"{stem}.jsonl", open), (folder / f"{stem}.jsonl.gz", gzip.open)):
        if path.exists():
            with opener(path, "rt", encoding="utf-8") as lines:
                return [json.loads(line) for line, _ in zip(lines, range(limit), strict=False)]
    return []


def embed_all(embedder: Embedder, texts: Iterable[str], known: dict[str, Vector]) -> None:
    for text in texts:
        if text not in known:
            known[text] = embedder.embed([text])[0]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.semantic_guards")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/semantic"))
    parser.add_argument("--limit", type=int, default=5000, help="rows of each file")
    parser.add_argument("--embedder", default="onnx")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    if not options.data.is_dir():
        print(f"skipped: no data in {options.data}")
        return 0
    embedder = load_embedder(options.embedder)
    vectors: dict[str, Vector] = {}
    report: dict[str, Any] = {"embedder": embedder.name, "limit": options.limit, "streams": {}, "pairs": {}}
    for name in STREAMS:
        rows = read_rows(options.data, f"{name}_stream_dev", options.limit)
        if not rows:
            print(f"skipped: {name}_stream_dev is not in {options.data}")
            continue
        embed_all(embedder, (row["text"] for row in rows), vectors)
        matrix = np.stack([vectors[row["text"]] for row in rows])
        print(f"{name} ({len(rows)} requests): hit %/false hit %")
        found: dict[str, Any] = {"requests": len(rows)}
        for label, verdict in (("guards", judge), ("cosine only", cosine_only)):
            rates = {f"{t:.2f}": run_stream(rows, matrix, t, verdict) for t in THRESHOLDS}
            found[label] = rates
            print(f"  {label:12}", "  ".join(f"{t} {hit:.1f}/{wrong:.2f}" for t, (hit, wrong) in rates.items()))
        report["streams"][name] = found
    for name in PAIRS:
        rows = read_rows(options.data, f"{name}_pairs_dev", options.limit)
        embed_all(embedder, (row[side] for row in rows for side in "ab"), vectors)
        report["pairs"][name] = run_pairs(rows, [float(vectors[r["a"]] @ vectors[r["b"]]) for r in rows])
        print(f"{name} pairs served at {DEFAULT_MIN_SIMILARITY:.2f}:", report["pairs"][name])
    report["volatile"] = run_volatile(read_rows(options.data, "volatile_prompts_dev", options.limit))
    print("volatile:", report["volatile"])
    if options.json:
        options.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
