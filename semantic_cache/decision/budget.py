"""How sure must a hit be, so that wrong hits stay within their share of the requests?

Serving the surest requests first is the best way to spend an error budget: for a bound on wrong hits per request the
optimal rule is one threshold on the probability (Neyman and Pearson's argument), not a lottery over all of them. The
threshold is the lowest at which the wrong hits that the calibrator itself expects among the recent requests stay within
the bound, corrected by how the re-asked hits came out.

Two probabilities are told apart: how *sure* a hit is (lowered where the calibrator knows little) decides which come
first; what is *expected* of it (not lowered) is what it costs. Counting with the lowered one spends the budget on errors
that do not happen.
"""

import math
from collections import deque

import numpy as np

from halfpenny.semantic_cache.decision.logistic import Floats

RECENT = 800
SAFETY = 0.82
_CARRY_OVER = 1500
_FEW_LABELS = 60
_HIGHEST = 0.999
_LOWEST = 0.35
_TOLD_FROM = 0.5
"""Fetched candidates that are less likely right say nothing of those that are served."""
_USUAL = 1.25
"""Wrong hits found over expected where nothing is known yet: stricter at the start."""
_SMOOTHING_BELOW = 8.0
_SMOOTHING = 4.0
"""Wrong hits expected that the ratio begins with."""


class Budget:
    """`bound`: wrong hits per request that are promised, 0..1.

    Unspent budget is carried over to the next 1,500 requests or so, up to 1.6 times the bound at any time; what was
    overspent is saved again.
    """

    def __init__(self, bound: float) -> None:
        self.bound = bound
        self.threshold = _HIGHEST
        self.requests = 0
        self.spent = 0.0
        """Wrong hits expected so far, by the probabilities at the time of serving."""
        self._reasked: deque[tuple[float, float]] = deque(maxlen=200)
        self._fetched: deque[tuple[float, float]] = deque(maxlen=300)
        self._correction: float | None = None
        """As `correction`, until there are further outcomes."""

    def served(self, expected: float) -> None:
        """`expected`: the probability that it is right, as in all that follows."""
        self.spent += 1.0 - expected

    def reasked(self, expected: float, *, right: bool) -> None:
        """A would-be hit whose answer was fetched after all."""
        self._reasked.append((1.0 - expected, 0.0 if right else 1.0))
        self._correction = None

    def fetched(self, expected: float, *, right: bool) -> None:
        """A candidate that was not sure enough, and how it would have come out: free, and much more of it than of the
        re-asked. Only those that might have been served tell of the calibrator where it matters."""
        if expected >= _TOLD_FROM:
            self._fetched.append((1.0 - expected, 0.0 if right else 1.0))
            self._correction = None

    @property
    def correction(self) -> float:
        """Wrong hits found over those expected, smoothed; 0.4 to 4. Where the calibrator erred just below the threshold
        it is expected to err in the same way above it, until the re-asked hits say otherwise."""
        if self._correction is None:
            usual = _ratio(self._fetched, _USUAL, _SMOOTHING_BELOW)
            self._correction = min(4.0, max(0.4, _ratio(self._reasked, usual, _SMOOTHING)))
        return self._correction

    def update(self, sure: Floats, expected: Floats, requests: int, labels: int) -> None:
        """Set the threshold. Shape (n,) each, by today's calibrator, of the best candidates among the last `requests`
        requests (those that had none are counted, but not listed): how sure they are, which is what the threshold is
        for, and with which probability they are expected to be right."""
        if self.bound <= 0 or not requests:
            self.threshold = math.inf if self.bound <= 0 else self.threshold
            return
        target = self.bound * SAFETY / self.correction
        slack = (self.bound * SAFETY * self.requests - self.spent * self.correction) / _CARRY_OVER
        target = min(max(target + slack, 0.4 * target), 1.6 * target)
        if labels < _FEW_LABELS:
            target *= 0.5
        surest = np.argsort(-sure, kind="stable")
        cost = np.cumsum(1.0 - expected[surest]) / requests
        affordable = int(np.searchsorted(cost, target, side="right"))
        ranked = sure[surest]
        while 0 < affordable < len(ranked) and ranked[affordable - 1] == ranked[affordable]:
            affordable -= 1  # all that are equally sure are served, or none of them
        lowest = float(ranked[affordable - 1]) if affordable else _HIGHEST
        self.threshold = min(max(lowest, _LOWEST), _HIGHEST)


def _ratio(outcomes: deque[tuple[float, float]], usual: float, smoothing: float) -> float:
    """Found over expected among (probability of being wrong, 1 if it was), drawn to `usual`."""
    expected = smoothing + sum(p_wrong for p_wrong, _ in outcomes)
    return (smoothing * usual + sum(wrong for _, wrong in outcomes)) / expected
