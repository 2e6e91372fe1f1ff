"""semantic_cache/training/priors.py: the mean of kinds of traffic, and how much they differ."""

import numpy as np
import pytest

from halfpenny.semantic_cache.decision.calibrator import Prior
from halfpenny.semantic_cache.decision.evidence import FEATURES
from halfpenny.semantic_cache.decision.logistic import sigmoid
from halfpenny.semantic_cache.training import priors

K = len(FEATURES)


def kinds(rng: np.random.Generator, mean: np.ndarray, spread: np.ndarray, count: int) -> list[priors.Trace]:
    found = []
    for _ in range(count):
        features = np.column_stack([np.ones(1500), rng.normal(size=(1500, K - 1))])
        weights = rng.normal(mean, spread)
        found.append((features, (rng.random(1500) < sigmoid(features @ weights)).astype(float)))
    return found


def test_it_recovers_mean_and_spread_of_kinds() -> None:
    rng = np.random.default_rng(0)
    mean = np.linspace(-2, 2, K)
    spread = np.where(np.arange(K) % 2, 1.5, 0.1)
    found = priors.learn(kinds(rng, mean, spread, 16), Prior(np.zeros(K), 4 * np.eye(K)))
    assert np.all(np.abs(found.mean - mean) < 4 * np.hypot(spread, 0.15) / 4)
    variance = np.diag(found.covariance)
    assert variance[1::2].min() > 2 * variance[::2].max()
    assert variance.min() >= 0.15  # never so sure that a namespace could not learn
    assert np.array_equal(found.covariance, np.diag(variance))


def test_the_same_traces_give_the_same_prior() -> None:
    traces = kinds(np.random.default_rng(1), np.ones(K), np.full(K, 0.5), 2)
    one, other = priors.learn(traces), priors.learn(traces)
    assert np.array_equal(one.mean, other.mean)
    assert np.array_equal(one.covariance, other.covariance)


def test_traffic_that_can_be_told_apart_leaves_a_finite_prior() -> None:
    features = np.zeros((200, K))
    features[:, 0] = 1
    features[:, 1] = np.where(np.arange(200) % 2, 3, -3)
    found = priors.learn([(features, (features[:, 1] > 0).astype(float))] * 2)
    assert np.isfinite(found.mean).all()
    assert found.mean[1] > 0
    assert np.linalg.eigvalsh(found.covariance).min() > 0


def test_no_trace_is_no_prior() -> None:
    with pytest.raises(ValueError, match="no trace"):
        priors.learn([])


def test_the_wide_prior_has_a_guess_for_every_feature() -> None:
    found = priors.wide_prior()
    assert found.mean.shape == (K,)
    assert np.array_equal(found.covariance, 4 * np.eye(K))
    at = FEATURES.index
    assert found.mean[at("strict")] > 0 > found.mean[at("numbers")]
