"""vCache's rule: its fit against closed forms and a general optimiser, and its promise on synthetic streams."""

from math import erf, sqrt

import numpy as np
import pytest

from halfpenny.semantic_cache.evaluation.streams import Stream, run_rule, run_seeds, summary
from halfpenny.semantic_cache.evaluation.vcache import (
    LEAST_OBSERVATIONS,
    SEEDS,
    SEPARABLE_SLACK,
    Fit,
    Observation,
    VCache,
    explore_probability,
    fit,
)

MIXED: list[Observation] = [*SEEDS, (0.7, True), (0.8, False), (0.85, True), (0.9, True), (0.6, False), (0.75, False)]


def log_likelihood(observations: list[Observation], threshold: float, slope: float) -> float:
    margins = np.array([slope * (s - threshold) * (1 if right else -1) for s, right in observations])
    return float(-np.log1p(np.exp(-margins)).sum())


def test_no_other_curve_is_likelier_than_the_fit() -> None:
    found = fit(MIXED)
    assert found is not None
    best = log_likelihood(MIXED, found.threshold, found.slope)
    around = [
        log_likelihood(MIXED, found.threshold + dt, found.slope * factor)
        for dt in (-0.1, -0.01, -0.001, 0, 0.001, 0.01, 0.1)
        for factor in (0.5, 0.9, 0.99, 1, 1.01, 1.1, 2)
    ]
    assert best >= max(around) - 1e-9
    assert 0.7 < found.threshold < 0.85


def test_the_deviation_is_that_of_the_delta_method() -> None:
    """Against a numerical inverse of the information matrix in (t, g), which needs no delta method for t."""
    found = fit(MIXED)
    assert found is not None
    s = np.array([at for at, _ in MIXED])
    p = 1 / (1 + np.exp(-found.slope * (s - found.threshold)))
    gradient = np.stack([np.full(len(s), -found.slope), s - found.threshold])  # of the log-odds by t and by g
    covariance = np.linalg.inv((gradient * (p * (1 - p))) @ gradient.T)
    assert found.deviation == pytest.approx(sqrt(covariance[0, 0]), rel=1e-4)


def test_separable_observations_have_a_step_in_the_gap() -> None:
    observations: list[Observation] = [*SEEDS, (0.6, False), (0.8, True), (0.9, True), (0.85, True)]
    found = fit(observations)
    assert found is not None
    assert found.threshold == pytest.approx(0.7)
    assert found.deviation == pytest.approx(0.2 / sqrt(12))
    assert log_likelihood(observations, 0.7, found.slope) == pytest.approx(-SEPARABLE_SLACK, abs=1e-4)


@pytest.mark.parametrize(
    "observations",
    [
        [*SEEDS, (1.0, False), (1.0, True), (1.0, False), (1.0, True)],
        [*SEEDS, (0.9, False), (0.95, False), (0.3, True), (0.2, True)],
        [*SEEDS, (1.0, False)] * 3,
        [*SEEDS, *[(0.5, True)] * 50, *[(0.5, False)] * 50],
        [*SEEDS, *[(0.99, True)] * 500],
    ],
)
def test_odd_observations_give_a_finite_fit_or_none(observations: list[Observation]) -> None:
    found = fit(observations)
    assert found is None or (np.isfinite([found.threshold, found.slope, found.deviation]).all() and found.slope > 0)
    assert 0 <= explore_probability(found, 0.9, 0.05) <= 1


def test_without_a_fit_everything_is_explored() -> None:
    assert explore_probability(None, 1.0, 0.05) == 1.0


def test_the_probability_of_exploring_follows_the_formula() -> None:
    found = Fit(threshold=0.8, slope=30.0, deviation=0.05)
    taus = []
    for level in np.linspace(0, 1, 52)[1:-1]:
        # The quantile by bisection of the normal distribution function.
        low, high = -10.0, 10.0
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if (1 + erf(middle / sqrt(2))) / 2 < 1 - level else (low, middle)
        limit = min(max(0.8 + low * 0.05, 0.0), 1.0)
        sure = (1 - level) / (1 + np.exp(-30 * (0.9 - limit)))
        taus.append(1 - 0.05 / (1 - sure))
    assert explore_probability(found, 0.9, 0.05) == pytest.approx(max(min(taus), 0.0), abs=1e-9)


def test_more_similar_and_looser_means_served_more_often() -> None:
    found = fit(MIXED)
    by_similarity = [explore_probability(found, s, 0.05) for s in (0.5, 0.8, 0.9, 0.99)]
    by_bound = [explore_probability(found, 0.95, delta) for delta in (0.005, 0.01, 0.05, 0.2)]
    assert by_similarity == sorted(by_similarity, reverse=True)
    assert by_bound == sorted(by_bound, reverse=True)
    assert by_similarity[0] > by_similarity[-1]
    assert explore_probability(found, 0.0, 0.05) >= 1 - 0.05 / (1 - 1e-6) - 1e-6, "at least delta is served at random"


def families(rows: int, classes: int, spread: float, seed: int = 0) -> Stream:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, 32))
    labels = rng.integers(0, classes, rows)
    vectors = (centres[labels] + spread * rng.normal(size=(rows, 32))).astype(np.float32)
    return Stream([str(n) for n in range(rows)], labels.tolist(), vectors)


@pytest.mark.parametrize("delta", [0.01, 0.02, 0.05])
def test_it_keeps_its_bound_and_serves_something(delta: float) -> None:
    found = run_seeds(VCache(delta), families(1500, 15, 1.0), seeds=2, order="shuffle")
    assert found["false_hit_rate"] <= delta
    assert found["hit_rate"] > delta
    assert found["labels_used"] < 1500


def test_an_entry_is_never_served_before_it_has_its_observations() -> None:
    stream = Stream(["same"] * 60, ["x"] * 60, np.ones((60, 2), dtype=np.float32))
    outcome = run_rule(VCache(0.05), stream)
    needed = LEAST_OBSERVATIONS - len(SEEDS)
    assert not outcome.hit[: 1 + needed].any()
    assert outcome.hit[1 + needed :].any()
    assert not outcome.asked[: 1 + needed].any(), "it could not have been served: no re-ask"


def test_a_label_that_says_wrong_makes_a_new_entry() -> None:
    """Two classes at one point: with every comparison wrong, each request becomes an entry and nothing is served."""
    vectors = np.ones((8, 2), dtype=np.float32)
    outcome = run_rule(VCache(0.05), Stream(["t"] * 8, list(range(8)), vectors))
    assert outcome.labels_used == 7
    assert not outcome.hit.any()


def test_the_seed_decides() -> None:
    stream = families(800, 8, 0.8)
    one, same, other = (run_rule(VCache(0.05), stream, seed=seed) for seed in (1, 1, 2))
    assert one.hit.tolist() == same.hit.tolist() != other.hit.tolist()
    assert summary(one)["hits"] > 0


def test_one_row() -> None:
    assert summary(run_rule(VCache(0.01), families(1, 1, 0.1)))["hits"] == 0


@pytest.mark.parametrize("delta", [0.0, 1.0, -1.0])
def test_the_bound_is_a_rate(delta: float) -> None:
    with pytest.raises(ValueError, match="delta"):
        VCache(delta)
