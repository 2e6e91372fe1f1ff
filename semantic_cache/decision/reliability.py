"""Do the calibrator's probabilities mean what they say, where hits are decided?

The calibrator is fitted to all comparisons, most of them of candidates that are surely wrong. How its log-odds relate
to what came out among the likely ones is looked at separately: a shift and a slope (Platt 1999), with a normal prior
around "as they are", fitted to predictions made before the outcome was known. Re-asked hits stand for the many that
were served and whose outcome nobody knows, so each counts as several.
"""

import math
from collections import deque

import numpy as np

from halfpenny.semantic_cache.decision.logistic import Floats, posterior_mode, sigmoid

LIKELY = -0.5
"""Least log-odds of a fetched candidate that is counted: less likely ones say nothing of those that are served."""
_FETCHED, _REASKED = 400, 200
_REASKED_WEIGHT = 3.0
_MEAN = np.array([0.0, 1.0])
_PRECISION = np.diag([1 / 0.35**2, 1 / 0.2**2])
_LEAST_SLOPE = 0.3
_FEW = 5


class Reliability:
    """Log-odds in, probabilities as they come out. Until `fit` finds a few outcomes they are taken at their word."""

    def __init__(self) -> None:
        self.shift, self.slope = 0.0, 1.0
        self._fetched: deque[tuple[float, float]] = deque(maxlen=_FETCHED)
        self._reasked: deque[tuple[float, float]] = deque(maxlen=_REASKED)

    def fetched(self, log_odds: float, *, right: bool) -> None:
        """A best candidate that was not sure enough, and whether it would have been right."""
        if log_odds > LIKELY:
            self._fetched.append((log_odds, float(right)))

    def reasked(self, log_odds: float, *, right: bool) -> None:
        if math.isfinite(log_odds):
            self._reasked.append((log_odds, float(right)))

    def fit(self) -> None:
        rows = np.array([*self._fetched, *self._reasked], dtype=np.float64).reshape(-1, 2)
        if len(rows) < _FEW:
            return
        features = np.stack([np.ones(len(rows)), rows[:, 0]], axis=1)
        weight = np.repeat([1.0, _REASKED_WEIGHT], [len(self._fetched), len(self._reasked)])
        found, _ = posterior_mode(features, rows[:, 1], weight, _MEAN, _PRECISION, steps=6, converged=1e-6)
        if np.isfinite(found).all():
            self.shift, self.slope = float(found[0]), max(float(found[1]), _LEAST_SLOPE)

    def probability(self, log_odds: Floats) -> Floats:
        """Never more than the calibrator's own: that what was not sure enough came out better than expected is no
        reason to trust what is surer still. Shape as given."""
        return np.minimum(sigmoid(log_odds), sigmoid(self.shift + self.slope * log_odds))
