"""vCache's rule as a control: an own implementation of the mathematics in arXiv 2502.03771.

Every stored prompt has observations of its own: at cosine s the stored answer was right (1) or wrong (0), beginning
with wrong at 0 and right at 1. The chance that it is right is taken to be logistic, L(s; t, g) = 1 / (1 + exp(-g (s -
t))), fitted by maximum likelihood. With t'(e) = t + z(1-e) sd(t), an upper confidence limit of the threshold, the
answer is right with probability at least a(e) = (1 - e) L(s; t'(e), g); so serving with probability 1 - tau, tau =
min over e of 1 - delta / (1 - a(e)), is wrong with probability at most delta. Otherwise the request goes upstream, its
answer is compared with the stored one, and it is stored itself only if that was wrong.
"""

from collections.abc import Sequence
from math import exp, log1p, sqrt
from statistics import NormalDist
from time import perf_counter

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.evaluation.nearest import StoredPrompts
from halfpenny.semantic_cache.evaluation.streams import Answers, Outcome

LEAST_OBSERVATIONS = 6
SEEDS = ((0.0, False), (1.0, True))
SEPARABLE_SLACK = 0.1
"""Chosen so that hits and errors on banking77 and nlu_slots come near those of another implementation of the rule."""
_LEVELS = np.linspace(0, 1, 52)[1:-1]
_QUANTILES = np.array([NormalDist().inv_cdf(1 - level) for level in _LEVELS])
_STEPS = 60
_LEAST_GAP = 1e-6
_LEAST_DETERMINANT = 1e-12

Observation = tuple[float, bool]


class Fit(msgspec.Struct, frozen=True):
    """The likeliest threshold and slope of one entry, and the standard deviation of the threshold."""

    threshold: float
    slope: float
    deviation: float


class VCache(msgspec.Struct, frozen=True):
    """The rule at the error bound `delta`."""

    delta: float

    def __post_init__(self) -> None:
        if not 0 < self.delta < 1:
            raise ValueError(f"delta: expected 0 < delta < 1, got {self.delta}")

    @property
    def name(self) -> str:
        return f"vCache {self.delta:g}"

    def run(
        self,
        texts: Sequence[str],
        answers: Answers,
        vectors: Vector,
        order: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> Outcome:
        """See `Rule.run`. A request counts as re-asked where serving was the likelier draw."""
        prompts = StoredPrompts(vectors, order)
        seen: dict[int, list[Observation]] = {}
        fits: dict[int, Fit | None] = {}
        times = np.zeros(len(order))
        for at, request in enumerate(order.tolist()):
            near, cosine = prompts.nearest(at)
            if near < 0:
                answers.fetch(request)
                prompts.store(at)
                seen[at] = list(SEEDS)
                continue
            start = perf_counter()
            similarity = min(max(cosine, 0.0), 1.0)
            if near not in fits and len(seen[near]) >= LEAST_OBSERVATIONS:
                fits[near] = fit(seen[near])
            tau = explore_probability(fits.get(near), similarity, self.delta)
            explores = rng.random() < tau
            times[at] = 1000 * (perf_counter() - start)
            if not explores:
                answers.serve(request, int(order[near]))
                continue
            answers.fetch(request, explored=tau < 0.5)
            right = answers.agrees(request, int(order[near]))
            seen[near].append((similarity, right))
            fits.pop(near, None)
            if not right:
                prompts.store(at)
                seen[at] = list(SEEDS)
        return answers.outcome(times)


def explore_probability(found: Fit | None, similarity: float, delta: float) -> float:
    """tau; 1 where there is no usable fit."""
    if found is None:
        return 1.0
    limits = np.clip(found.threshold + _QUANTILES * found.deviation, 0, 1)
    right = 1 / (1 + np.exp(-np.clip(found.slope * (similarity - limits), -700, 700)))
    sure = (1 - _LEVELS) * right
    return float(np.clip(1 - delta / (1 - sure), 0, 1).min())


def fit(observations: Sequence[Observation]) -> Fit | None:
    """Maximum likelihood of a logistic curve; None where there is none that rises with the similarity.

    Observations that a threshold separates have no likeliest curve: the likelihood grows with the slope without end.
    The paper leaves this case to a table of constants; this remedy is ours: the threshold is taken to be uniform over
    the gap (middle, width / sqrt(12)), and the slope is the least whose log-likelihood is within `SEPARABLE_SLACK` of
    its supremum 0. Elsewhere the variance of the threshold is the delta method's, from the inverse Fisher information.
    """
    low = max(s for s, right in observations if not right)
    high = min(s for s, right in observations if right)
    if high - low > _LEAST_GAP:
        return _separable_fit(observations, low, high)
    points = [(s, 1.0 if right else 0.0) for s, right in observations]
    found = _maximise(points)
    if found is None or found[1] <= 0:
        return None
    intercept, slope = found
    threshold = -intercept / slope
    a, b, c = _information(points, intercept, slope)
    # Gradient of t = -b0/b1 is (-1/b1, -t/b1); the covariance is the inverse of [[a, b], [b, c]].
    variance = (c - 2 * threshold * b + threshold * threshold * a) / (a * c - b * b) / slope**2
    return Fit(threshold, slope, sqrt(max(variance, 0.0)))


def _separable_fit(observations: Sequence[Observation], low: float, high: float) -> Fit:
    threshold = (low + high) / 2
    margins = np.array([s - threshold if right else threshold - s for s, right in observations])
    slope = 0.0
    # Newton's steps on a falling convex function from its left: they never pass the root.
    for _ in range(_STEPS):
        odds = np.exp(-np.minimum(slope * margins, 700.0))
        over = float(np.log1p(odds).sum()) - SEPARABLE_SLACK
        if over < 1e-6:
            break
        slope += over / float((margins * odds / (1 + odds)).sum())
    return Fit(threshold, slope, (high - low) / sqrt(12))


def _maximise(points: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """(intercept, slope) of the unregularised logistic regression; None if it does not converge.

    Newton's steps on a concave function, halved until the likelihood grows. Plain numbers: for two unknowns and a
    handful of observations they are faster than matrices.
    """
    intercept = slope = 0.0
    now = _likelihood(points, intercept, slope)
    for _ in range(_STEPS):
        a, b, c = _information(points, intercept, slope)
        determinant = a * c - b * b
        if determinant <= _LEAST_DETERMINANT:
            return None
        g0 = g1 = 0.0
        for at, right in points:
            residual = right - _logistic(intercept + slope * at)
            g0 += residual
            g1 += residual * at
        step0, step1 = (c * g0 - b * g1) / determinant, (a * g1 - b * g0) / determinant
        size = 1.0
        while (then := _likelihood(points, intercept + size * step0, slope + size * step1)) < now:
            size /= 2
            if size < 1e-6:
                return intercept, slope  # no step gains anything more: rounding
        intercept, slope = intercept + size * step0, slope + size * step1
        if then - now < 1e-10:
            return intercept, slope
        now = then
    return None


def _information(points: Sequence[tuple[float, float]], intercept: float, slope: float) -> tuple[float, float, float]:
    """a, b, c of the Fisher information [[a, b], [b, c]]."""
    a = b = c = 0.0
    for at, _ in points:
        p = _logistic(intercept + slope * at)
        weight = p * (1 - p)
        a += weight
        b += weight * at
        c += weight * at * at
    return a, b, c


def _logistic(value: float) -> float:
    return 1 / (1 + exp(-min(max(value, -700.0), 700.0)))


def _likelihood(points: Sequence[tuple[float, float]], intercept: float, slope: float) -> float:
    """Its logarithm: -log(1 + exp(-m)) summed over the margins m, without overflow."""
    total = 0.0
    for at, right in points:
        margin = (intercept + slope * at) * (1 if right else -1)
        total -= log1p(exp(-margin)) if margin > 0 else log1p(exp(max(margin, -700.0))) - margin
    return total
