"""What the difficulty score is worth: on hand-labelled prompts, on recorded outcomes, and in microseconds.

    .venv/bin/python benchmarks/router.py --data DIR [--json]

DIR holds `routing/*.jsonl.gz` (recorded outcomes of several models on the same prompts: lm-sys/RouteLLM and
WildEval/ZeroEval, Apache-2.0; not part of this repository) and optionally `semantic/*_stream_dev.jsonl`.
Without it only the first and the last part run. No model is called: everything is a replay of recorded
outcomes.

APGR: quality recovered between always-small (0) and always-large (1) as the share of large calls goes from 0
to 1, averaged; a random order has 0.5. AUC: the chance that a prompt that the small model gets wrong scores
above one that it gets right. The two GSM8K sets share their questions, so neither is ever trained on to judge
the other.
"""

import argparse
import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from halfpenny.router import Prompt  # noqa: E402
from halfpenny.router.difficulty import rate, threshold_for  # noqa: E402
from halfpenny.router.features import NAMES, extract  # noqa: E402

Array = NDArray[np.float64]
HAND_LABELLED = ROOT / "tests" / "unit" / "router" / "difficulty_prompts.jsonl"
SETS = {  # file, small model, large model, the sets that share no question with it
    "gsm8k": ("routellm_gsm8k", "mixtral-8x7b", "gpt-4-1106", ("mmlu",)),
    "mmlu": ("routellm_mmlu_29", "mixtral-8x7b", "gpt-4-1106", ("gsm8k",)),
    "zeroeval-gsm": ("zeroeval_gsm", "Meta-Llama-3.1-8B-Instruct", "gpt-4o-2024-08-06", ("mmlu",)),
}
ASSUMED_EASY = ("clinc150_stream_dev", "banking77_stream_dev", "nlu_slots_stream_dev")
SEED = 20261122
SHUFFLES = 50
HEAD_SHUFFLES = 20  # heads trained on shuffled labels: how far from 0.5 mere chance gets


def prompt_of(messages: list[list[str]], *, has_tools: bool = False) -> Prompt:
    pairs = tuple((role, text) for role, text in messages)
    return Prompt(
        surface="openai_chat",
        path="/v1/chat/completions",
        model="m",
        messages=pairs,
        last_user=next(text for role, text in reversed(pairs) if role == "user"),
        input_tokens=sum(len(text) for _, text in pairs) // 4,
        has_tools=has_tools,
    )


def auc(positive: Array, score: Array) -> float:
    """Ties count half."""
    wrong, right = score[positive > 0.5], score[positive <= 0.5]
    above = (wrong[:, None] > right).mean() + 0.5 * (wrong[:, None] == right).mean()
    return float(above)


def apgr(small: Array, large: Array, score: Array, rng: np.random.Generator) -> float:
    """Ties are broken at random."""
    order = np.lexsort((rng.random(len(score)), -score))
    recovered = np.concatenate([[0.0], np.cumsum((large - small)[order])])
    return float((recovered / (large - small).sum()).mean())


def logistic(x: Array, y: Array, ridge: float = 1.0) -> Callable[[Array], Array]:
    """Ridge logistic regression by Newton's method, on standardised features."""
    mean, spread = x.mean(0), x.std(0) + 1e-9
    design = np.c_[np.ones(len(x)), (x - mean) / spread]
    weights = np.zeros(design.shape[1])
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 1e-6
    for _ in range(25):
        p = 1 / (1 + np.exp(-np.clip(design @ weights, -30, 30)))
        gradient = design.T @ (p - y) + penalty * weights
        hessian = (design * (p * (1 - p))[:, None]).T @ design + np.diag(penalty)
        weights -= np.linalg.solve(hessian, gradient)
    return lambda new: (
        1 / (1 + np.exp(-np.clip(np.c_[np.ones(len(new)), (new - mean) / spread] @ weights, -30, 30)))
    )


def out_of_fold(x: Array, y: Array, rng: np.random.Generator, folds: int = 5) -> Array:
    fold = rng.permutation(len(x)) % folds
    score = np.zeros(len(x))
    for k in range(folds):
        score[fold == k] = logistic(x[fold != k], y[fold != k])(x[fold == k])
    return score


def hand_labelled() -> dict[str, Any]:
    rows = [json.loads(line) for line in HAND_LABELLED.read_text().splitlines()]
    rng = np.random.default_rng(SEED)
    result: dict[str, Any] = {}
    for half in ("tune", "held"):
        part = [row for row in rows if row["half"] == half]
        score = np.array(
            [rate(prompt_of(r["messages"], has_tools=r.get("has_tools", False))).score for r in part]
        )
        hard = np.array([float(row["hard"]) for row in part])
        shuffled = [auc(rng.permutation(hard), score) for _ in range(SHUFFLES)]
        result[half] = {
            "prompts": len(part),
            "accuracy": round(float(((score >= threshold_for(0.97)) == (hard > 0.5)).mean()), 3),
            "auc": round(auc(hard, score), 3),
            "auc_shuffled": round(float(np.mean(shuffled)), 3),
        }
    return result


def load(folder: Path) -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = {}
    for name, (file, small, large, _) in SETS.items():
        with gzip.open(folder / "routing" / f"{file}.jsonl.gz", "rt") as lines:
            rows = [row for row in map(json.loads, lines) if not row.get("contaminated")]
        prompts = [prompt_of([["user", row["prompt"]]]) for row in rows]
        ratings = [rate(prompt) for prompt in prompts]
        loaded[name] = {
            "small": np.array([float(row["scores"][small]) for row in rows]),
            "large": np.array([float(row["scores"][large]) for row in rows]),
            "x": np.array([extract(prompt).values for prompt in prompts]),
            "hand": np.array([rating.score for rating in ratings]),
            "length": np.array([float(len(row["prompt"])) for row in rows]),
            "abstained": float(np.mean([bool(rating.abstained) for rating in ratings])),
        }
    return loaded


def recorded(folder: Path) -> dict[str, Any]:
    data = load(folder)
    result: dict[str, Any] = {}
    for name, (_, _, _, others) in SETS.items():
        rng = np.random.default_rng(SEED)
        own = data[name]
        wrong = 1.0 - own["small"]
        x = np.concatenate([data[other]["x"] for other in others])
        y = np.concatenate([1.0 - data[other]["small"] for other in others])
        trained = logistic(x, y)(own["x"])
        untaught = [logistic(x, rng.permutation(y))(own["x"]) for _ in range(HEAD_SHUFFLES)]
        head_control = [apgr(own["small"], own["large"], score, rng) for score in untaught]
        scores = {
            "hand-made score": own["hand"],
            "length only": own["length"],
            f"head trained on {'+'.join(others)}": trained,
            "mean of score and head": (own["hand"] + trained) / 2,
            "head, own set, 5-fold": out_of_fold(own["x"], wrong, rng),
            "oracle": own["large"] - own["small"],
        }
        shuffles = [
            apgr(own["small"], own["large"], rng.permutation(own["hand"]), rng) for _ in range(SHUFFLES)
        ]
        result[name] = {
            "rows": len(wrong),
            "all_small": round(float(own["small"].mean()), 3),
            "all_large": round(float(own["large"].mean()), 3),
            "abstained": round(own["abstained"], 3),
            "called_hard": round(float((own["hand"] >= threshold_for(0.97)).mean()), 3),
            "shuffled_apgr": round(float(np.mean(shuffles)), 3),
            "shuffled_apgr_sd": round(float(np.std(shuffles)), 3),
            "shuffled_head_apgr": round(float(np.mean(head_control)), 3),
            "shuffled_head_apgr_sd": round(float(np.std(head_control)), 3),
            "scores": {
                label: {
                    "apgr": round(apgr(own["small"], own["large"], score, rng), 3),
                    "auc": round(auc(wrong, score), 3),
                }
                for label, score in scores.items()
            },
        }
    return result


def assumed_easy(folder: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """Short commands to assistants and banks, written by others. That they are easy is an assumption, not
    a label.
    """
    for name in ASSUMED_EASY:
        path = folder / "semantic" / f"{name}.jsonl"
        if path.exists():
            texts = [json.loads(line)["text"] for line in path.read_text().splitlines()[:3_000]]
            ratings = [rate(prompt_of([["user", text]])) for text in texts]
            easy = np.mean([rating.score < threshold_for(0.97) for rating in ratings])
            abstained = np.mean([bool(rating.abstained) for rating in ratings])
            yield (
                name,
                {"rows": len(texts), "easy": round(float(easy), 3), "abstained": round(float(abstained), 3)},
            )


def latency() -> dict[str, dict[str, float]]:
    """CPU microseconds of one `rate`, by characters of the last message with as much again before it."""
    base = "Compare the two offers below, explain which of them is cheaper and say what is missing. "
    result: dict[str, dict[str, float]] = {}
    for chars in (300, 3_000, 1_000_000):
        text = (base * (chars // len(base) + 1))[:chars]
        prompt = prompt_of([["user", text], ["assistant", text], ["user", text]])
        spent = []
        for _ in range(500):
            began = time.process_time_ns()
            rate(prompt)
            spent.append((time.process_time_ns() - began) / 1e3)
        p50, p95 = np.percentile(spent, [50, 95])
        result[str(chars)] = {
            "p50_us": round(float(p50)),
            "p95_us": round(float(p95)),
            "min_us": round(min(spent)),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="What the difficulty score is worth")
    parser.add_argument("--data", type=Path, help="folder with routing/ and semantic/")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    arguments = parser.parse_args()
    report: dict[str, Any] = {"features": len(NAMES), "hand_labelled": hand_labelled(), "latency": latency()}
    if arguments.data:
        report["recorded"] = recorded(arguments.data)
        report["assumed_easy"] = dict(assumed_easy(arguments.data))
    if arguments.json:
        print(json.dumps(report))
        return
    for part in ("hand_labelled", "latency", "assumed_easy"):
        for name, row in report.get(part, {}).items():
            print(f"{part:14} {name:22}", *(f"{key}={value}" for key, value in row.items()))
    for name, row in report.get("recorded", {}).items():
        print(f"\n{name}:", *(f"{key}={value}" for key, value in row.items() if key != "scores"))
        for label, score in row["scores"].items():
            print(f"  {label:28} apgr {score['apgr']:.3f}  auc {score['auc']:.3f}")


if __name__ == "__main__":
    main()
