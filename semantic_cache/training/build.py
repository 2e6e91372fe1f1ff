"""Train the decision model that ships: `python -m halfpenny.semantic_cache.training.build --out decision.safetensors`.

Everything is learnt from prompts of our own generator (`generators/`): no text, label or statistic of any published
data set goes into the file, so the evaluation on those is always on sources that the model has not seen. Families are
split: the verifier learns from seven tenths of them, metric and prior from the rest, since evidence from a verifier
that knows the very families would look stronger than it is.

Needs the extra `models`. Takes about ten minutes of CPU: the bundled embedder over 28,000 prompts, one epoch of the
verifier, the prior's streams.
"""

import argparse
import logging
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.decision.classifier import Metric
from halfpenny.semantic_cache.decision.engine import Namespace
from halfpenny.semantic_cache.decision.model import save_model
from halfpenny.semantic_cache.decision.prompts import Prompt, with_states
from halfpenny.semantic_cache.decision.tensors import Tensors
from halfpenny.semantic_cache.decision.verifier import Verifier
from halfpenny.semantic_cache.embedders.onnx import OnnxEmbedder
from halfpenny.semantic_cache.evaluation.learned import Learned
from halfpenny.semantic_cache.evaluation.rows import class_codes
from halfpenny.semantic_cache.evaluation.streams import Stream, run_rule
from halfpenny.semantic_cache.training import priors, verifier
from halfpenny.semantic_cache.training.generators import Prompt as Made
from halfpenny.semantic_cache.training.generators import stream
from halfpenny.semantic_cache.training.reading import raw_prompts

_log = logging.getLogger(__name__)

NAME = "halfpenny-decision-2"
PROMPTS = {"en": 16_000, "vi": 12_000}
SEED = 11
_TAUGHT = 0.7
_BOUND = 0.02
_METRIC_WEIGHT = 60.0
_METRIC_RIDGE = 0.5


class Corpus:
    """Generated prompts, embedded. `strict`: the class that decides the answer; `coarse`: the family."""

    def __init__(self, made: list[Made], prompts: list[Prompt]) -> None:
        self.made = made
        self.prompts = prompts
        self.vectors = np.stack([prompt.vector for prompt in prompts])
        self.families = np.array([f"{one.language}|{one.family}" for one in made])
        self.strict = class_codes([f"{one.language}|{one.cls}" for one in made])
        self.coarse = class_codes(self.families.tolist())
        self.languages = np.array([one.language for one in made])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--scale", type=float, default=1.0, help="share of the prompts to make (tests)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(relativeCreated)d ms %(message)s")
    begun = time.process_time()
    digest = build(options.out, scale=options.scale)
    print(f"{options.out}: SHA-256 {digest}, {time.process_time() - begun:.0f} CPU s")
    return 0


def build(out: Path, *, scale: float = 1.0) -> str:
    """Train and write; the file's SHA-256."""
    embedder = OnnxEmbedder()
    corpus = _corpus(embedder, scale)
    rng = np.random.default_rng(SEED)
    families = np.unique(corpus.families)
    taught = np.isin(corpus.families, rng.choice(families, int(_TAUGHT * len(families)), replace=False))
    weights = _verifier_weights(corpus, np.flatnonzero(taught), rng)
    _log.info("verifier trained")
    rest = np.flatnonzero(~taught)
    inverse, centre = metric_of(corpus.vectors[rest])
    judge = Verifier(weights, name=NAME)
    projected = {int(row): _projected(corpus.prompts[row], judge) for row in rest}
    traces = [
        trace(corpus, rows, classes, projected, judge, Metric(inverse, centre))
        for rows, classes in _kinds(corpus, rest)
    ]
    tensors: Tensors = {f"verifier.{name}": value for name, value in weights.items()}
    tensors |= {"metric.inverse": inverse, "metric.centre": centre}
    return save_model(out, tensors, priors.learn(traces), name=NAME, embedder=embedder.name)


def metric_of(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The shipped metric: the inverse of a ridged covariance that weighs as much as 60 prompts, and the mean."""
    covariance = np.cov(vectors.T)
    dimensions = len(covariance)
    ridged = covariance + _METRIC_RIDGE * np.trace(covariance) / dimensions * np.eye(dimensions)
    return np.linalg.inv(ridged * _METRIC_WEIGHT).astype(np.float32), vectors.mean(0).astype(np.float32)


def trace(
    corpus: Corpus,
    rows: NDArray[np.int64],
    classes: NDArray[np.int64],
    projected: dict[int, Prompt],
    judge: Verifier,
    metric: Metric,
) -> priors.Trace:
    """Run the decision with a wide prior over one kind of traffic, and keep the evidence of all requests."""
    texts = [corpus.made[row].text for row in rows.tolist()]
    kind = Stream(texts, [int(one) for one in classes[rows]], corpus.vectors[rows])
    rule = Learned(
        "prior",
        lambda: Namespace(priors.wide_prior(), metric.fresh(), _BOUND),
        [projected[row] for row in rows.tolist()],
        judge,
    )
    outcome = run_rule(rule, kind, seed=0)
    right = [float(classes[rows[asked]] == classes[rows[nearest]]) for _, _, asked, nearest in rule.trace]
    _log.info("a kind of traffic: %d requests, %d hits, %d wrong", len(rows), outcome.hit.sum(), outcome.wrong.sum())
    return np.array([features for features, *_ in rule.trace]), np.array(right)


def _corpus(embedder: OnnxEmbedder, scale: float) -> Corpus:
    made: list[Made] = []
    for language, count in PROMPTS.items():
        made += stream(SEED, int(count * scale), language="en" if language == "en" else "vi")
    return Corpus(made, raw_prompts(embedder, [one.text for one in made]))


def _verifier_weights(corpus: Corpus, rows: NDArray[np.int64], rng: np.random.Generator) -> Tensors:
    pairs = verifier.lessons(corpus.vectors[rows], corpus.strict[rows], corpus.coarse[rows], rng)
    return verifier.train([corpus.prompts[row] for row in rows.tolist()], pairs, seed=SEED)


def _kinds(
    corpus: Corpus, rows: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Kinds of traffic: few tasks or many, each language, answers by slot value or by task."""
    kinds: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for language in PROMPTS:
        own = rows[corpus.languages[rows] == language]
        families = np.unique(corpus.families[own])
        for seed, (share, classes, most) in enumerate(
            [(0.35, corpus.strict, 1600), (0.35, corpus.strict, 1600), (0.7, corpus.coarse, 2200),
             (1.0, corpus.strict, 2500), (1.0, corpus.coarse, 2500)]
        ):
            rng = np.random.default_rng(seed)
            chosen = rng.choice(families, max(1, int(share * len(families))), replace=False)
            kinds.append((rng.permutation(own[np.isin(corpus.families[own], chosen)])[:most], classes))
    return kinds


def _projected(prompt: Prompt, judge: Verifier) -> Prompt:
    return with_states(prompt, judge.project(prompt.states))


if __name__ == "__main__":
    sys.exit(main())
