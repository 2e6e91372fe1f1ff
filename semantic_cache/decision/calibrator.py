"""From evidence to a probability: Bayesian logistic regression, one per namespace, shrunk to a shipped prior.

The prior is a normal distribution over weights, learnt over many kinds of traffic (`training/priors.py`): its mean is
what is usually right, its covariance how much kinds of traffic differ. Each label moves the weights of one namespace;
older labels fade. The posterior is Laplace's approximation at the mode; predictions are MacKay's (1992) moderated
outputs, made cautious by a share of the standard deviation.
"""

from collections import deque
from collections.abc import Sequence

import msgspec
import numpy as np

from halfpenny.semantic_cache.decision.logistic import Floats, posterior_mode, sigmoid

KEPT_LABELS = 1500
HALF_LIFE = 1500.0
"""Labels after which a label counts half."""
_STEPS = 3
CAUTION = 0.25
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
        self._rows: deque[tuple[Floats, float, float]] = deque(maxlen=KEPT_LABELS)

    def add(self, features: Floats, right: float, weight: float = 1.0) -> None:
        """A label: `features` of shape (k,), `right` in 0..1 (a judge may be unsure), `weight` its trust."""
        self._rows.append((features, right, weight))
        self.labels += 1

    def fit(self) -> None:
        """Move to the mode of the posterior. Labels that are not finite are left out."""
        if not self._rows:
            return
        features = np.array([row[0] for row in self._rows])
        right = np.array([row[1] for row in self._rows])
        age = np.arange(len(self._rows) - 1, -1, -1)
        trust = np.array([row[2] for row in self._rows]) * 0.5 ** (age / HALF_LIFE)
        sound = np.isfinite(features).all(axis=1) & np.isfinite(right) & np.isfinite(trust)
        if not sound.all():
            features, right, trust = features[sound], right[sound], trust[sound]
        weights, information = posterior_mode(
            features, right, trust, self._prior.mean, self._precision, start=self.weights, steps=_STEPS
        )
        covariance = np.linalg.inv(information)
        if np.isfinite(weights).all() and np.isfinite(covariance).all():
            self.weights, self.covariance = weights, np.asarray(covariance, dtype=np.float64)

    def probability(self, features: Floats, caution: float = CAUTION) -> Floats:
        """Probability that the answer is right, for rows of (n, k): shape (n,). `caution` in standard deviations."""
        mean = features @ self.weights
        variance = np.einsum("ni,ij,nj->n", features, self.covariance, features)
        return sigmoid((mean - caution * np.sqrt(variance)) / np.sqrt(1.0 + np.pi * variance / 8.0))

    def rows(self) -> Sequence[tuple[Floats, float, float]]:
        """The kept labels, oldest first: features, right, weight."""
        return tuple(self._rows)
