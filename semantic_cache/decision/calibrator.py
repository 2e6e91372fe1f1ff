"""From evidence to a probability: Bayesian logistic regression, one per namespace, shrunk to a shipped prior.

The prior is a normal distribution over weights, learnt over many kinds of traffic (`training/priors.py`): its mean is
what is usually right, its covariance how much kinds of traffic differ. Each label moves the weights of one namespace;
older labels fade. The posterior is Laplace's approximation at the mode; predictions are MacKay's (1992) moderated
outputs, made cautious by a share of the standard deviation.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from halfpenny.semantic_cache.decision.logistic import Floats, posterior_mode, sigmoid
from halfpenny.semantic_cache.decision.window import Window

KEPT_LABELS = 1500
HALF_LIFE = 1500.0
"""Labels after which a label counts half."""
_FADED = 0.5 ** (np.arange(KEPT_LABELS - 1, -1, -1) / HALF_LIFE)
"""What each of the kept labels counts, oldest first."""
_STEPS = 3
_CONVERGED = 1e-7
"""A Newton step this small is followed by one of about its square."""
_MOST_LOG_ODDS = 13.0
CAUTION = 0.3
"""Standard deviations that a probability is lowered by."""


class Prior(msgspec.Struct, frozen=True, eq=False):
    """Normal over k weights: `mean` of shape (k,), `covariance` of shape (k, k)."""

    mean: Floats
    covariance: Floats


class Calibrator:
    """Labels in, probabilities out. `fit` is a few Newton steps over the kept labels; call it now and then, not for
    every label. Weights and covariance before the first `fit` are the prior's."""

    def __init__(self, prior: Prior) -> None:
        self._prior = prior
        self._precision: Floats = np.linalg.inv(prior.covariance).astype(np.float64)
        self.weights: Floats = prior.mean.copy()
        self.covariance: Floats = prior.covariance.copy()
        self.labels = 0
        self._labels = Window(KEPT_LABELS, len(prior.mean) + 2)

    def add(self, features: Floats, right: float, weight: float = 1.0) -> None:
        """A label: `features` of shape (k,), `right` in 0..1 (a judge may be unsure), `weight` its trust."""
        self._labels.append(features, right, weight)
        self.labels += 1

    def fit(self) -> None:
        """Move to the mode of the posterior. Labels that are not finite are left out."""
        if not len(self._labels):
            return
        rows, faded = self._labels.rows, _FADED[-len(self._labels) :]
        finite = np.isfinite(rows)
        if not finite.all():
            sound = finite.all(axis=1)
            rows, faded = rows[sound], faded[sound]
        features, right, trust = rows[:, :-2], rows[:, -2], rows[:, -1] * faded
        weights, information = posterior_mode(
            features, right, trust, self._prior.mean, self._precision,
            start=self.weights, steps=_STEPS, converged=_CONVERGED,
        )  # fmt: skip
        covariance = np.linalg.inv(information)
        if np.isfinite(weights).all() and np.isfinite(covariance).all():
            self.weights, self.covariance = weights, np.asarray(covariance, dtype=np.float64)

    def probability(self, features: Floats, caution: float = CAUTION) -> Floats:
        """Probability that the answer is right, for rows of (n, k): shape (n,). `caution` in standard deviations."""
        mean = features @ self.weights
        variance = np.vecdot(features @ self.covariance, features)
        return sigmoid((mean - caution * np.sqrt(variance)) / np.sqrt(1.0 + np.pi * variance / 8.0))

    def log_odds(self, features: Floats) -> Floats:
        """At the mode of the posterior, not lowered for what is uncertain; of one row or of (n, k)."""
        return np.asarray(np.clip(features @ self.weights, -_MOST_LOG_ODDS, _MOST_LOG_ODDS))

    def rows(self) -> Sequence[tuple[Floats, float, float]]:
        """The kept labels, oldest first: features, right, weight."""
        return self.newest(len(self._labels))

    def newest(self, count: int) -> Sequence[tuple[Floats, float, float]]:
        """The last `count` of `rows`."""
        rows = self._labels.rows[max(len(self._labels) - count, 0) :]
        return tuple((row[:-2].copy(), float(row[-2]), float(row[-1])) for row in rows)
