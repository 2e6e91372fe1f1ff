"""How sure must a hit be, so that wrong hits stay within their share of the requests?

Serving the surest requests first is the best way to spend an error budget: for a bound on wrong hits per request the
optimal rule is one threshold on the probability (Neyman and Pearson's argument), not a lottery over all of them. The
threshold is the lowest at which the wrong hits that the calibrator itself expects among the recent requests stay within
the bound: by its log-odds as they came out so far (`reliability.py`), corrected by how the re-asked hits came out.

Two probabilities are told apart: how *sure* a hit is (lowered where the calibrator knows little) decides which come
first; what is *expected* of it (not lowered) is what it costs. Counting with the lowered one spends the budget on
errors that do not happen.
"""

import math
from collections import deque

import numpy as np

from halfpenny.semantic_cache.decision.logistic import Floats
from halfpenny.semantic_cache.decision.reliability import Reliability

RECENT = 800
SAFETY = 0.85
_CARRY_OVER = 1500
_AT_MOST = 1.6
_AT_FIRST = 0.4
_BEGINNING = 600
"""Requests until all of the budget may be spent, and the share of it at the start: errors of the calibrator are largest
then, and what is saved is carried over."""
_FEW_LABELS = 60
_HIGHEST = 0.999
_LOWEST = 0.45
_SMOOTHING, _USUAL = 4.0, 1.25
"""Wrong hits expected that the correction begins with, and what it is where nothing is known: stricter at first."""
_REASKS = 200


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
        self.reliability = Reliability()
        self._reasked: deque[tuple[float, float, float]] = deque(maxlen=_REASKS)
        self._correction: float | None = None
        """As `correction`, until there are further outcomes."""

    def expected(self, log_odds: float) -> float:
        """The probability that a candidate with these log-odds by the calibrator is right; 0 if they are no number."""
        found = float(self.reliability.probability(np.float64(log_odds)))  # type: ignore[arg-type]
        return 0.0 if math.isnan(found) else found

    def served(self, expected: float) -> None:
        self.spent += 1.0 - expected

    def reasked(self, log_odds: float, expected: float, *, right: bool, weight: float = 1.0) -> None:
        """A would-be hit whose answer was fetched after all. `weight`, 0..1: how many served ones it stands for, beside
        those that are re-asked least; unsure hits are re-asked more often and must not speak for the sure ones."""
        self.reliability.reasked(log_odds, right=right)
        self._reasked.append((1.0 - expected, 0.0 if right else 1.0, weight))
        self._correction = None

    def fetched(self, log_odds: float, *, right: bool) -> None:
        """A candidate that was not sure enough, and how it would have come out: free, and much more of it than of the
        re-asked."""
        self.reliability.fetched(log_odds, right=right)

    def forget(self) -> None:
        """What came out so far was of another world."""
        self.reliability = Reliability()
        self._reasked.clear()
        self._correction = None

    @property
    def correction(self) -> float:
        """Wrong re-asked hits over those expected, each for as many as it stands for, smoothed; 0.75 to 4."""
        if self._correction is None:
            expected = _SMOOTHING + sum(weight * p_wrong for p_wrong, _, weight in self._reasked)
            found = _SMOOTHING * _USUAL + sum(weight * wrong for _, wrong, weight in self._reasked)
            self._correction = min(4.0, max(0.75, found / expected))
        return self._correction

    def update(self, sure: Floats, log_odds: Floats, requests: int, labels: int) -> None:
        """Set the threshold. Shape (n,) each, by today's calibrator, of the best candidates among the last `requests`
        requests (those that had none are counted, but not listed): how sure they are, which is what the threshold is
        for, and their log-odds, which say what they cost."""
        if self.bound <= 0 or not requests:
            self.threshold = math.inf if self.bound <= 0 else self.threshold
            return
        self.reliability.fit()
        surest = np.argsort(-sure, kind="stable")
        cost = np.cumsum(1.0 - self.reliability.probability(log_odds[surest])) / requests
        affordable = int(np.searchsorted(cost, self._target(labels), side="right"))
        ranked = sure[surest]
        while 0 < affordable < len(ranked) and ranked[affordable - 1] == ranked[affordable]:
            affordable -= 1  # all that are equally sure are served, or none of them
        lowest = float(ranked[affordable - 1]) if affordable else _HIGHEST
        self.threshold = min(max(lowest, _LOWEST), _HIGHEST)

    def _target(self, labels: int) -> float:
        """Wrong hits per request that may be expected from here on."""
        target = self.bound * SAFETY / self.correction
        saved = self.bound * SAFETY * self.requests / self.correction - self.spent
        target = min(max(target + saved / _CARRY_OVER, 0.4 * target), _AT_MOST * target)
        target *= min(1.0, _AT_FIRST + (1.0 - _AT_FIRST) * self.requests / _BEGINNING)
        return 0.5 * target if labels < _FEW_LABELS else target
