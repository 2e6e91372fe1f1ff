"""semantic_cache/decision/logistic.py: the mode of a logistic regression with a normal prior."""

import numpy as np
import pytest
from numpy.typing import NDArray

from halfpenny.semantic_cache.decision.logistic import likelihood, log_odds, posterior_mode, sigmoid

MEAN, PRECISION = np.array([0.0, 1.0]), np.diag([8.0, 25.0])


def rows(contradicted: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Outcomes as the prior has them, and `contradicted` more against it that count three times."""
    rng = np.random.default_rng(0)
    at = np.concatenate([rng.uniform(-0.5, 4.0, 400), np.full(contradicted, 3.0)])
    right = np.concatenate([(rng.random(400) < sigmoid(at[:400])).astype(float), np.zeros(contradicted)])
    trust = np.concatenate([np.ones(400), np.full(contradicted, 3.0)])
    return np.stack([np.ones(len(at)), at], axis=1), right, trust


@pytest.mark.parametrize("contradicted", [0, 5, 50, 500])
def test_the_slope_of_the_posterior_is_nought_at_the_mode(contradicted: int) -> None:
    """Undamped Newton steps swing between two points for ever from 50 on."""
    features, right, trust = rows(contradicted)
    found, _ = posterior_mode(features, right, trust, MEAN, PRECISION, steps=30)
    slope = features.T @ (trust * (right - sigmoid(features @ found))) - PRECISION @ (found - MEAN)
    assert np.abs(slope).max() < 1e-5


def test_few_steps_are_never_worse_than_none() -> None:
    features, right, trust = rows(500)

    def height(weights: NDArray[np.float64]) -> float:
        logits, apart = features @ weights, weights - MEAN
        return float(trust @ (right * logits - np.log1p(np.exp(logits))) - 0.5 * apart @ PRECISION @ apart)

    heights = [
        height(posterior_mode(features, right, trust, MEAN, PRECISION, steps=steps)[0]) for steps in range(6)
    ]
    assert heights == sorted(heights)
    assert heights[1] > heights[0]


def test_numbers_that_are_none_come_out_as_none() -> None:
    features, right, trust = rows(0)
    features[3, 1] = np.nan
    assert np.isnan(posterior_mode(features, right, trust, MEAN, PRECISION, steps=3)[0]).any()


@pytest.mark.parametrize("p", [0.0, 1e-4, 0.3, 0.5, 0.999, 1.0])
def test_log_odds_and_back(p: float) -> None:
    assert likelihood(log_odds(p)) == pytest.approx(p, abs=3e-6)
    assert likelihood(log_odds(p)) == pytest.approx(float(sigmoid(np.float64(log_odds(p)))))  # type: ignore[arg-type]
