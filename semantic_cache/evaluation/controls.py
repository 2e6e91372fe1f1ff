"""Static thresholds: the rule that most semantic caches use, and the best that it could have done in hindsight."""

from collections.abc import Sequence
from time import perf_counter

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.evaluation.nearest import ROUNDING, StoredPrompts, arriving_cosines
from halfpenny.semantic_cache.evaluation.rows import class_codes
from halfpenny.semantic_cache.evaluation.streams import (
    WARM_UP,
    Answers,
    Order,
    Outcome,
    Stream,
    after_warm_up,
    arrival_order,
)
from halfpenny.semantic_cache.evaluation.vectors import unit_vectors

LOWEST, HIGHEST, GRID, REFINED = 0.3, 1.0, 60, 12
MAX_ROWS = 20_000
"""Hindsight takes time in the square of the rows: of longer streams the first arrivals are taken."""

_NOT_STORED = np.float32(-4)


class StaticThreshold(msgspec.Struct, frozen=True):
    """The nearest stored prompt is served at cosine >= `threshold`; a miss is stored. No labels."""

    threshold: float

    @property
    def name(self) -> str:
        return f"static {self.threshold:g}"

    def run(
        self,
        texts: Sequence[str],
        answers: Answers,
        vectors: Vector,
        order: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> Outcome:
        """See `Rule.run`."""
        prompts = StoredPrompts(vectors, order)
        times = np.zeros(len(order))
        for at, request in enumerate(order.tolist()):
            near, cosine = prompts.nearest(at)
            start = perf_counter()
            served = near >= 0 and cosine >= self.threshold - ROUNDING
            times[at] = 1000 * (perf_counter() - start)
            if served:
                answers.serve(request, int(order[near]))
            else:
                answers.fetch(request)
                prompts.store(at)
        return answers.outcome(times)


class Curve(msgspec.Struct, frozen=True, eq=False):
    """What each of T thresholds does to one stream in one order: arrays of shape (T,), thresholds ascending.

    Rates are shares of all `requests`, `false_hit_rate_after_warmup` of those behind the warm-up.
    """

    thresholds: NDArray[np.float64]
    hit_rate: NDArray[np.float64]
    false_hit_rate: NDArray[np.float64]
    false_hit_rate_after_warmup: NDArray[np.float64]
    requests: int


class Hindsight(msgspec.Struct, frozen=True):
    """The best threshold that keeps the bound on that very stream and order: no static rule can promise as much.

    `threshold` is infinite where no threshold keeps the bound; nothing is served then. `requests` is less than the
    stream's where only its first arrivals were taken.
    """

    bound: float
    threshold: float
    hit_rate: float
    false_hit_rate: float
    false_hit_rate_after_warmup: float
    requests: int


def static_curve(
    stream: Stream,
    thresholds: Sequence[float] | NDArray[np.float64],
    *,
    order: Order = "file",
    seed: int = 0,
    warm_up: int = WARM_UP,
    max_rows: int = MAX_ROWS,
) -> Curve:
    """All thresholds in one pass over (at most `max_rows` of) the stream, each with a cache of its own.

    What a threshold stored decides what it meets later, so each is played through; nothing is inferred from another.
    """
    levels = np.unique(np.asarray(thresholds, dtype=np.float64))
    vectors, usable = unit_vectors(stream.vectors)
    classes = class_codes(stream.classes)
    arrivals = arrival_order(len(stream.texts), order, seed)[:max_rows]
    requests = len(arrivals)
    hits, wrong = np.zeros((2, len(levels), requests), dtype=np.bool_)
    places = np.flatnonzero(usable[arrivals])
    order_, codes = arrivals[places], classes[arrivals[places]]
    penalty = np.full((len(levels), len(order_)), _NOT_STORED)
    scratch = np.empty_like(penalty)
    every = np.arange(len(levels))
    limits = (levels - ROUNDING).astype(np.float32)
    for at, cosines in enumerate(arriving_cosines(vectors, order_)):
        if at:
            reach = np.add(penalty[:, :at], cosines, out=scratch[:, :at])
            best = reach.argmax(axis=1)
            served = reach[every, best] >= limits
            hits[:, places[at]] = served
            wrong[:, places[at]] = served & (codes[best] != codes[at])
            penalty[~served, at] = 0
        else:
            penalty[:, at] = 0
    return Curve(
        thresholds=levels,
        hit_rate=hits.mean(axis=1),
        false_hit_rate=wrong.mean(axis=1),
        false_hit_rate_after_warmup=wrong[:, after_warm_up(requests, warm_up)].mean(axis=1),
        requests=requests,
    )


def static_in_hindsight(
    stream: Stream,
    bounds: Sequence[float],
    *,
    order: Order = "file",
    seed: int = 0,
    warm_up: int = WARM_UP,
    max_rows: int = MAX_ROWS,
) -> tuple[list[Hindsight], Curve]:
    """For each bound the most hits of a static threshold whose false-hit rate after the warm-up is at most the bound.

    A grid over 0.3..1, then two rounds of finer steps between the best threshold and its lower neighbour: errors do
    not fall evenly with the threshold, so halving an interval would not be exact. The curve holds all that was tried.
    """
    curve = static_curve(
        stream, np.linspace(LOWEST, HIGHEST, GRID), order=order, seed=seed, warm_up=warm_up, max_rows=max_rows
    )
    for _ in range(2):
        finer = np.concatenate([_finer(curve, bound) for bound in bounds] or [np.empty(0)])
        if len(finer := np.setdiff1d(finer, curve.thresholds)):
            more = static_curve(stream, finer, order=order, seed=seed, warm_up=warm_up, max_rows=max_rows)
            curve = _merged(curve, more)
    return [_best(curve, bound) for bound in bounds], curve


def _best_at(curve: Curve, bound: float) -> int:
    """Where in the curve the best threshold is; -1 if none keeps the bound. Of equals the strictest."""
    kept = np.flatnonzero(curve.false_hit_rate_after_warmup <= bound)
    if not len(kept):
        return -1
    rates = curve.hit_rate[kept]
    return int(kept[np.flatnonzero(rates == rates.max())[-1]])


def _finer(curve: Curve, bound: float) -> NDArray[np.float64]:
    at = _best_at(curve, bound)
    high = curve.thresholds[at]
    low = curve.thresholds[at - 1] if at > 0 or at == -1 else high
    return np.linspace(low, high, REFINED + 2)[1:-1]


def _merged(one: Curve, other: Curve) -> Curve:
    thresholds = np.concatenate([one.thresholds, other.thresholds])
    ascending = np.argsort(thresholds)

    def both(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([first, second])[ascending]

    return Curve(
        thresholds=thresholds[ascending],
        hit_rate=both(one.hit_rate, other.hit_rate),
        false_hit_rate=both(one.false_hit_rate, other.false_hit_rate),
        false_hit_rate_after_warmup=both(one.false_hit_rate_after_warmup, other.false_hit_rate_after_warmup),
        requests=one.requests,
    )


def _best(curve: Curve, bound: float) -> Hindsight:
    at = _best_at(curve, bound)
    if at < 0:
        return Hindsight(bound, float("inf"), 0.0, 0.0, 0.0, curve.requests)
    return Hindsight(
        bound,
        float(curve.thresholds[at]),
        float(curve.hit_rate[at]),
        float(curve.false_hit_rate[at]),
        float(curve.false_hit_rate_after_warmup[at]),
        curve.requests,
    )
