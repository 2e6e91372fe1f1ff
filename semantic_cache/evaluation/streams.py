"""A rule is run over a stream of requests, and what it did is scored.

A rule gets no labels. It gets an `Answers`: the upstream of the evaluation, which hands out a label only for a request
that the rule let go upstream, and counts it. The rule says there what it does with each request, in order of arrival;
the score is made of that record and of the true labels, never of what the rule says about itself.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.evaluation.rows import Scalar, class_codes, read_stream_rows
from halfpenny.semantic_cache.evaluation.vectors import unit_vectors

Order = Literal["file", "shuffle"]
WARM_UP = 200
"""Requests of a namespace before the bound is held to: the issue's goals are measured behind them."""


class RuleError(RuntimeError):
    """A rule did what a cache cannot do: answered out of order, or from an answer that was never stored."""


class LabelLeak(RuleError):  # noqa: N818 - it says what happened
    """A rule asked for a label that it may not see."""


class Stream(msgspec.Struct, frozen=True, eq=False):
    """Requests in the order of the file: `texts` and `classes` of length n, `vectors` of shape (n, dimensions)."""

    texts: Sequence[str]
    classes: Sequence[Scalar]
    vectors: Vector

    def __post_init__(self) -> None:
        if not len(self.texts) == len(self.classes) == len(self.vectors):
            raise ValueError("texts, classes and vectors differ in length")
        if not len(self.texts):
            raise ValueError("a stream has at least one request")


class Outcome(msgspec.Struct, frozen=True, eq=False):
    """What a rule did with n requests. All arrays have shape (n,) and are in order of arrival; `order` names the rows.

    `hit`: served from the cache; `wrong`: a hit whose true class is another; `asked`: sent upstream although it could
    have been served (an exploration; counts as a miss); `decision_ms`: time of the decision, without embedding and
    search. `labels_used` counts the requests whose label was looked at, `unusable` those without a usable vector.
    """

    hit: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    asked: NDArray[np.bool_]
    labels_used: int
    decision_ms: NDArray[np.float64]
    order: NDArray[np.int64]
    unusable: int = 0


class Answers:
    """The answers of the evaluation, kept from the rule until it paid for them with a miss.

    `classes`: true class of every row, shape (n,); `order`: the rows that arrive, in order. Each must be settled in
    that order, once: by `serve` or by `fetch`. With `noise` a label that the rule sees is wrong with that probability
    (the same each time it is looked at); scoring always uses the true ones.
    """

    def __init__(
        self,
        classes: NDArray[np.int64],
        order: NDArray[np.int64],
        *,
        noise: float = 0.0,
        rng: np.random.Generator | None = None,
    ) -> None:
        if not 0 <= noise < 1:
            raise ValueError(f"noise: expected 0 <= p < 1, got {noise}")
        if noise and rng is None:
            raise ValueError("noise needs an rng")
        self._classes = classes
        self._order = order
        self._noise = noise
        self._rng = rng
        self._source = np.full(len(classes), -1, dtype=np.int64)
        self._fetched = np.zeros(len(classes), dtype=np.bool_)
        self._explored = np.zeros(len(classes), dtype=np.bool_)
        self._seen = np.zeros(len(classes), dtype=np.bool_)
        self._settled = 0
        self._labels: dict[int, int] = {}
        self._comparisons: dict[tuple[int, int], bool] = {}

    @property
    def labels_used(self) -> int:
        """How many requests had their label looked at."""
        return int(self._seen.sum())

    def serve(self, request: int, source: int) -> None:
        """Row `request` gets the answer of row `source`, which went upstream before. Its label is out of reach then."""
        self._arrives(request)
        if not self._fetched[source]:
            raise RuleError(f"request {request} is served from {source}, whose answer was never fetched")
        self._source[request] = source
        self._settled += 1

    def fetch(self, request: int, *, explored: bool = False) -> None:
        """Row `request` goes upstream. `explored`: it could have been served and is asked again to learn from it."""
        self._arrives(request)
        self._fetched[request] = True
        self._explored[request] = explored
        self._settled += 1

    def ask(self, request: int) -> int:
        """The class of a fetched row, perhaps a wrong one (noise). Raises LabelLeak for every other row."""
        self._look(request)
        if request not in self._labels:
            self._labels[request] = self._another_class(request) if self._errs() else int(self._classes[request])
        return self._labels[request]

    def agrees(self, request: int, source: int) -> bool:
        """Is the fresh answer of `request` that of `source`? Both must be fetched; the label of `request` is used.

        With noise the comparison itself errs, in both directions: that is how a judge of two answers is wrong.
        """
        if not self._fetched[source]:
            raise LabelLeak(f"request {request} is compared with {source}, whose answer was never fetched")
        self._look(request)
        pair = (request, source)
        if pair not in self._comparisons:
            self._comparisons[pair] = bool(self._classes[request] == self._classes[source]) != self._errs()
        return self._comparisons[pair]

    def outcome(self, decision_ms: Sequence[float] | NDArray[np.float64]) -> Outcome:
        """The score. `decision_ms`: one time per request, in order of arrival. Raises RuleError if some are not
        settled."""
        if self._settled != len(self._order):
            raise RuleError(f"{len(self._order) - self._settled} requests were never settled")
        times = np.asarray(decision_ms, dtype=np.float64)
        if times.shape != (len(self._order),):
            raise RuleError(f"decision_ms: expected {len(self._order)} times, got shape {times.shape}")
        source = self._source[self._order]
        hit = source >= 0
        return Outcome(
            hit=hit,
            wrong=hit & (self._classes[source] != self._classes[self._order]),
            asked=self._explored[self._order],
            labels_used=self.labels_used,
            decision_ms=times,
            order=self._order,
        )

    def looked_at(self, request: int) -> bool:
        return bool(self._seen[request])

    def _arrives(self, request: int) -> None:
        if self._settled >= len(self._order) or self._order[self._settled] != request:
            raise RuleError(f"request {request} is settled out of the order of arrival")

    def _look(self, request: int) -> None:
        if not self._fetched[request]:
            raise LabelLeak(f"the label of request {request} was asked for, which did not go upstream")
        self._seen[request] = True

    def _errs(self) -> bool:
        return self._rng is not None and self._noise > 0 and bool(self._rng.random() < self._noise)

    def _another_class(self, request: int) -> int:
        """The class of another request drawn at random; a class of its own where all are alike."""
        others = np.flatnonzero(self._classes != self._classes[request])
        if not len(others):
            return int(self._classes.max()) + 1
        assert self._rng is not None
        return int(self._classes[self._rng.choice(others)])


class Rule(Protocol):
    """Decides request by request whether a stored answer is served.

    `run` gets the texts, the unit vectors (shape (n, dimensions)) and the order of arrival (row numbers; rows without
    a usable vector are not among them), settles each request through `answers` and returns `answers.outcome(times)`.
    It must not look at texts or vectors of later arrivals. `rng` is the only source of chance.
    """

    @property
    def name(self) -> str: ...

    def run(
        self,
        texts: Sequence[str],
        answers: Answers,
        vectors: Vector,
        order: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> Outcome: ...


def load_stream(path: Path, limit: int | None = None) -> tuple[list[str], list[Scalar]]:
    """Texts and classes of a stream file. Raises RowsError."""
    rows = read_stream_rows(path, limit)
    return [row.text for row in rows], [row.cls for row in rows]


def arrival_order(requests: int, order: Order, seed: int) -> NDArray[np.int64]:
    """Row numbers in order of arrival; "shuffle" is a permutation that depends on nothing but the seed."""
    if order == "file":
        return np.arange(requests, dtype=np.int64)
    return _generators(seed)[0].permutation(requests).astype(np.int64)


def run_rule(
    rule: Rule,
    stream: Stream,
    *,
    seed: int = 0,
    order: Order = "file",
    label_noise: float = 0.0,
    warm: Stream | None = None,
) -> Outcome:
    """One pass over `stream` with an empty cache, or with what `warm` left in it (`warm` itself is not scored).

    A request whose vector is unusable never reaches the rule: it is a miss and is not stored. Raises RuleError if the
    rule breaks the order, looks at a label that it may not see, or returns another record than it made.
    """
    before = 0 if warm is None else len(warm.texts)
    classes = class_codes([*(warm.classes if warm else ()), *stream.classes])
    texts = [*(warm.texts if warm else ()), *stream.texts]
    vectors, usable = unit_vectors(stream.vectors if warm is None else np.concatenate([warm.vectors, stream.vectors]))
    arrivals = arrival_order(len(stream.texts), order, seed) + before
    entire = np.concatenate([np.arange(before, dtype=np.int64), arrivals])
    _, rule_rng, noise_rng = _generators(seed)
    answers = Answers(classes, entire[usable[entire]], noise=label_noise, rng=noise_rng)
    returned = rule.run(texts, answers, vectors, entire[usable[entire]], rule_rng)
    found = answers.outcome(returned.decision_ms)
    if not (np.array_equal(found.hit, returned.hit) and np.array_equal(found.asked, returned.asked)):
        raise RuleError(f"{rule.name}: the outcome that it returned is not what it did")
    return _scored_part(found, answers, arrivals, usable, before)


def _scored_part(
    found: Outcome, answers: Answers, arrivals: NDArray[np.int64], usable: NDArray[np.bool_], before: int
) -> Outcome:
    """`found` without the warm rows, and with the unusable ones as misses."""
    inside = usable[arrivals]
    skipped = int(usable[:before].sum())

    def spread(values: NDArray[np.bool_]) -> NDArray[np.bool_]:
        full = np.zeros(len(arrivals), dtype=np.bool_)
        full[inside] = values[skipped:]
        return full

    times = np.zeros(len(arrivals))
    times[inside] = found.decision_ms[skipped:]
    return Outcome(
        hit=spread(found.hit),
        wrong=spread(found.wrong),
        asked=spread(found.asked),
        labels_used=sum(answers.looked_at(int(row)) for row in arrivals),
        decision_ms=times,
        order=arrivals - before,
        unusable=int((~inside).sum()),
    )


def summary(outcome: Outcome, warm_up: int = WARM_UP) -> dict[str, float]:
    """The contract's keys, and `precision`, `reasked_rate`, `net_rate` (hits less re-asked), all per request.

    `false_hit_rate_after_warmup` leaves out the first `warm_up` requests; a stream that is not longer counts whole.
    `precision` is 1 where nothing was served: no hit was wrong.
    """
    requests, hits, wrong = len(outcome.hit), int(outcome.hit.sum()), int(outcome.wrong.sum())
    asked = int(outcome.asked.sum())
    return {
        "requests": requests,
        "hits": hits,
        "false_hits": wrong,
        "hit_rate": hits / requests,
        "false_hit_rate": wrong / requests,
        "false_hit_rate_after_warmup": float(outcome.wrong[after_warm_up(requests, warm_up)].mean()),
        "precision": 1 - wrong / hits if hits else 1.0,
        "reasked_rate": asked / requests,
        "net_rate": (hits - asked) / requests,
        "labels_used": outcome.labels_used,
        "unusable_vectors": outcome.unusable,
        "p50_ms": float(np.percentile(outcome.decision_ms, 50)),
        "p99_ms": float(np.percentile(outcome.decision_ms, 99)),
    }


def after_warm_up(requests: int, warm_up: int) -> slice:
    """Which arrivals are held to the bound."""
    return slice(warm_up, None) if requests > warm_up else slice(None)


def mean_summary(summaries: Sequence[dict[str, float]]) -> dict[str, float]:
    """Means under the same keys, and the largest false-hit rates as `worst_false_hit_rate[_after_warmup]`."""
    if not summaries:
        raise ValueError("no run to take the mean of")
    means = {key: float(np.mean([one[key] for one in summaries])) for key in summaries[0]}
    for key in ("false_hit_rate", "false_hit_rate_after_warmup"):
        means[f"worst_{key}"] = max(one[key] for one in summaries)
    return means


def run_seeds(
    rule: Rule,
    stream: Stream,
    *,
    seeds: int,
    order: Order = "file",
    label_noise: float = 0.0,
    warm: Stream | None = None,
    warm_up: int = WARM_UP,
) -> dict[str, float]:
    """`mean_summary` over the seeds 0..seeds-1. The rule is run anew each time: it must keep nothing between runs."""
    if seeds < 1:
        raise ValueError(f"seeds: expected at least 1, got {seeds}")
    return mean_summary(
        [
            summary(run_rule(rule, stream, seed=seed, order=order, label_noise=label_noise, warm=warm), warm_up)
            for seed in range(seeds)
        ]
    )


def _generators(seed: int) -> tuple[np.random.Generator, np.random.Generator, np.random.Generator]:
    """For the order, the rule and the noise: independent, so that one rule's draws do not change another's order."""
    children = np.random.SeedSequence(seed).spawn(3)
    return cast(
        "tuple[np.random.Generator, np.random.Generator, np.random.Generator]",
        tuple(np.random.default_rng(child) for child in children),
    )
