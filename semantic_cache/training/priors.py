"""The calibrator's prior: what its weights usually are, and how much kinds of traffic differ.

Each kind of traffic is a stream that the decision runs over with a wide prior; of every request that had a candidate
its evidence and whether the candidate was right are kept. A hierarchical normal model over the kinds' weights
(empirical Bayes, a few rounds of expectation and maximisation) gives mean and covariance.
"""

from collections.abc import Sequence

import numpy as np

from halfpenny.semantic_cache.decision.calibrator import Prior
from halfpenny.semantic_cache.decision.evidence import FEATURES
from halfpenny.semantic_cache.decision.logistic import Floats, posterior_mode

Trace = tuple[Floats, Floats]
"""Evidence of shape (n, len(FEATURES)), and whether the candidate was right, shape (n,)."""

_ROUNDS = 3
_ROWS = 1500
_FLOOR = 0.15
_WIDEN = 1.3
_START = {
    "one": -2.0, "strict": 1.5, "coarse": 1.0, "cosine": 1.0, "cosine_margin": 0.5, "share": 1.5, "class_margin": 2.0,
    "rival_strict": -0.3, "record": 0.5, "size": 0.3, "words": -1.0, "numbers": -1.0, "opposed": -1.0,
    "refused": -0.5, "strict_margin": -0.5, "wording": 1.0, "alike": 0.5, "same_words": 0.5, "foreign": 0.0,
    "foreign_strict": 0.0, "foreign_words": 0.0, "foreign_wording": 0.0, "belongs": 0.5,
}  # fmt: skip


def wide_prior() -> Prior:
    """Where nothing is known: the signs that one would guess, with a standard deviation of 2."""
    return Prior(np.array([_START[name] for name in FEATURES]), np.diag(np.full(len(FEATURES), 4.0)))


def learn(traces: Sequence[Trace], start: Prior | None = None) -> Prior:
    """The prior over the kinds of traffic in `traces`. Raises ValueError for none."""
    if not traces:
        raise ValueError("no trace to learn a prior from")
    begun = start or wide_prior()
    mean, variance = begun.mean.copy(), np.diag(begun.covariance).copy()
    rng = np.random.default_rng(0)
    for _ in range(_ROUNDS):
        weights, spreads = [], []
        for features, right in traces:
            rows = rng.permutation(len(right))[:_ROWS]
            fitted, information = posterior_mode(
                features[rows], right[rows], np.ones(len(rows)), mean, np.diag(1.0 / variance)
            )
            weights.append(fitted)
            spreads.append(np.diag(np.linalg.inv(information)))
        every = np.array(weights)
        mean = every.mean(0)
        variance = ((every - mean) ** 2 + np.array(spreads)).mean(0) + _FLOOR / len(traces)
    return Prior(mean, np.diag(variance * _WIDEN + _FLOOR))
