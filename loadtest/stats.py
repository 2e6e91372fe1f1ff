"""Order statistics. No figure here assumes a distribution."""

import math
from collections.abc import Sequence

import msgspec


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the least value that `share` (0 to 1) of all values do not exceed."""
    if not values:
        raise ValueError("no values")
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share: expected 0 to 1, got {share}")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle value; of an even number, the mean of the two in the middle."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


class Spread(msgspec.Struct, frozen=True):
    """A figure over the rounds."""

    median: float
    low: float
    high: float
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values), len(values))

    def text(self, digits: int = 2) -> str:
        return f"{self.median:,.{digits}f} ({self.low:,.{digits}f}-{self.high:,.{digits}f})"


def ratios(subject: Sequence[float], control: Sequence[float]) -> Spread:
    """Subject over control, round by round: noise that a round's two halves share falls out."""
    return Spread.of([mine / theirs for mine, theirs in zip(subject, control, strict=True)])


def differences(subject: Sequence[float], control: Sequence[float]) -> Spread:
    return Spread.of([mine - theirs for mine, theirs in zip(subject, control, strict=True)])
