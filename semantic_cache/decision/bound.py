"""The live upper bound on the share of a namespace's requests that got a wrong answer from the cache.

What is known
-------------
A request is a miss, or a *would-be hit*. Would-be hit t is asked upstream again with a known probability eps_t, by a
coin R_t. If it is (R_t = 1) we learn W_t, 1 if the cached answer is wrong, and the caller gets the fresh answer. If it
is not, the caller gets the cached answer and nobody learns W_t. The quantity that is bounded is what happened, not a
model of it: ``V = sum of W_t over the hits that were served``, divided by all requests.

Why the bound holds
-------------------
Take any number p_t fixed before the coin (0, or the calibrator's own P(wrong)), and s > 0. Let ``q = W_t - p_t`` and

    exp(-g_t(W)) = (exp(-s q) - (1 - eps_t)) / eps_t        (positive as long as s < -log(1 - eps_t))

Then ``E[exp(s q - R_t g_t(W_t)) | past, W_t] = (1 - eps_t) e^(s q) + eps_t e^(s q - g_t) = 1``. Hence ``M(s) = exp(s
sum(W_t - p_t) - sum of g_t over the re-asked)`` is a non-negative martingale that begins at 1, and so is any mixture of
M(s) with fixed weights over several s, and over p_t = 0 ("plain") and p_t = the model's ("assisted"). By Ville's
inequality ``P(ever: M >= 1/alpha) <= alpha``. M grows with the unknown sum of W, so the largest sum with M < 1/alpha is
an upper confidence bound at all times at once. Negative s (plain only) give the lower bound in the same way.

This is the betting construction of Waudby-Smith and Ramdas ("Estimating means of bounded random variables by betting",
JRSS-B 2023) with bets that pay exactly 1 whatever W_t is, in place of bets on a mean. Covered are therefore the
*realised* wrong answers, with no assumption on how errors come: they may drift, cluster, or be chosen by an adversary
who knows everything but the coin. Assumed are only:

1. eps_t and p_t are fixed before the coin, and the coin is fair (independent of W_t and of the past given eps_t);
2. every would-be hit has eps_t >= eps, the floor that the bound was built with: a kind of hit that is never asked again
   is a kind that nothing is known of;
3. the judge tells the truth on re-asked hits. A judge that calls wrong answers right with probability f hides a share
   f: the bound then covers (1 - f) V. Calling right answers wrong only widens it.

A re-ask that was right costs nothing in the plain form; in the assisted form it is paid for by p_t. p_t may be
nonsense: it can only widen the bound, and the plain half of the mixture limits that to a factor of 2 in M.

Feedback ("this served answer was wrong") is not a fair sample, so it enters no martingale: the known wrong answers are
a floor under bound and estimate.
"""

import math
from collections.abc import Callable
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Alarm = Literal["ok", "tighten", "off"]

DEFAULT_EPS = 0.03
DEFAULT_WINDOW_HITS = 4000

_UP = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.999)
_DOWN = (-0.1, -0.2, -0.4, -0.7, -1.2, -2.0, -3.5, -6.0, -12.0, -25.0)


def stakes(eps: float = DEFAULT_EPS) -> tuple[Floats, Floats]:
    """The values of s, (for the upper bound, for the lower bound), shapes (10,) and (10,).

    They are fractions of the largest s that re-asks of probability `eps` can pay for, -log(1 - eps): with k wrong found
    among T wrong the best fraction is about 1 - k/(eps T).
    """
    reach = -math.log1p(-eps)
    return reach * np.array(_UP), reach * np.array(_DOWN)


def price(s: Floats, wrong: Floats | bool, eps: Floats | float, p: Floats | float) -> Floats:
    """g_t of the module's docstring, element by element (all broadcast).

    `p` in 0..1, 0 < `eps` <= 1, s < -log(1 - eps); for negative s only p = 0. With eps = 1 a re-ask costs exactly
    s (W - p): the answer is known, not estimated.
    """
    gap = np.asarray(wrong, dtype=np.float64) - p
    return np.asarray(-np.log1p(np.expm1(-s * gap) / eps), dtype=np.float64)


def log_evidence(total: Floats | float, s: Floats, plain: Floats, assisted: Floats, expected: Floats | float) -> Floats:
    """log M of the mixture at `total` wrong would-be hits; equal weights throughout. Shape: that of `total`.

    `plain` and `assisted`, shapes (..., len(s)), are the sums of `price` with p = 0 and with the model's p; `expected`
    the sum of the model's p over all would-be hits. An `assisted` with a last axis of 0 leaves the plain form alone.
    """
    total = np.asarray(total, dtype=np.float64)[..., None]
    expected = np.asarray(expected, dtype=np.float64)[..., None]
    terms = s * total - plain
    if assisted.shape[-1]:
        terms = np.concatenate([terms, s * (total - expected) - assisted], axis=-1)
    top = terms.max(axis=-1, keepdims=True)
    return np.asarray((top + np.log(np.exp(terms - top).mean(axis=-1, keepdims=True)))[..., 0], dtype=np.float64)


class _Tally(msgspec.Struct):
    """The sufficient statistics of one stretch of requests: 30 sums and a few counts, whatever its length."""

    plain: list[float]
    assisted: list[float]
    below: list[float]
    """Sums of `price`: the two forms of the upper bound, and the lower bound's."""
    requests: int = 0
    hits: int = 0
    kept: int = 0
    """Hits whose cached answer went out."""
    expected: float = 0.0
    """Sum of p over all would-be hits."""
    weighted: float = 0.0
    """Sum of (W - p)/eps over the re-asked."""
    replaced: int = 0
    """Wrong ones found in time: re-asked, and the fresh answer went out."""
    told: int = 0
    caught: float = 0.0
    """Wrong ones among the re-asked, each weighed eps_floor/eps, and what the model expected of them."""
    caught_expected: float = 0.0


class LiveBound:
    """Counts one namespace's requests and bounds the wrong answers that its cache served.

    Call exactly one of `missed`, `served`, `reasked` for every request. Constant state; O(grid) = 30 logarithms for a
    re-ask, additions for the rest. Not for use from several threads at once.

    Three stretches are kept: the whole history (`upper`, `lower`, `estimate`), and two windows that restart every
    `window_hits` would-be hits, half a window apart. `recent` reads the older of the two, so it always has between half
    and all of a window behind it (but at the very start): that one sees a drift that the whole history hides. Each
    window is a fresh sequence: its bounds hold with the stated level *per window*.
    """

    def __init__(self, *, eps: float = DEFAULT_EPS, window_hits: int = DEFAULT_WINDOW_HITS) -> None:
        """`eps`: no would-be hit is asked again with a smaller probability. Raises ValueError outside (0, 1)."""
        if not 0.0 < eps < 1.0 or window_hits < 2:
            raise ValueError("eps must be in (0, 1) and window_hits at least 2")
        self._eps = eps
        self._window_hits = window_hits
        self._up, self._down = stakes(eps)
        self._all = self._fresh()
        self._elder = self._fresh()
        self._younger = self._fresh()

    @property
    def eps(self) -> float:
        """The floor of the re-ask probability. A caller that goes below it must begin another bound."""
        return self._eps

    @property
    def requests(self) -> int:
        return self._all.requests

    @property
    def hits(self) -> int:
        """Would-be hits: served and re-asked."""
        return self._all.hits

    def missed(self) -> None:
        for tally in self._stretches():
            tally.requests += 1

    def served(self, p_wrong: float) -> None:
        """A hit went out unchecked. `p_wrong` is the model's P(wrong), fixed before the coin; NaN counts as 0."""
        p = _probability(p_wrong)
        for tally in self._stretches():
            tally.requests += 1
            tally.hits += 1
            tally.kept += 1
            tally.expected += p
        self._turn()

    def reasked(self, wrong: bool, eps: float, p_wrong: float, *, shown: bool = False) -> None:
        """A would-be hit was asked again with probability `eps`. `shown`: the cached answer went out all the same (a
        shadow check). Raises ValueError for eps outside [self.eps, 1]."""
        if not self._eps * (1 - 1e-9) <= eps <= 1.0:
            raise ValueError(f"a re-ask probability of {eps} where at least {self._eps} was promised")
        p = _probability(p_wrong)
        assisted = price(self._up, wrong, eps, p)
        for tally in self._stretches():
            tally.requests += 1
            tally.hits += 1
            tally.kept += shown
            tally.expected += p
            tally.weighted += (wrong - p) / eps
            tally.replaced += wrong and not shown
            tally.caught += wrong * self._eps / eps
            tally.caught_expected += p * self._eps / eps
            tally.assisted = _sum(tally.assisted, assisted)
            if wrong:  # in the plain form a right answer costs nothing
                tally.plain = _sum(tally.plain, price(self._up, True, eps, 0.0))
                tally.below = _sum(tally.below, price(self._down, True, eps, 0.0))
        self._turn()

    def known_wrong(self) -> None:
        """Somebody said that a served answer was wrong. The request itself was counted when it was served."""
        for tally in self._stretches():
            tally.told += 1

    def upper(self, level: float = 0.95) -> float:
        """Wrong answers served / requests is below this at all times at once with probability `level`."""
        return self._upper(self._all, level)

    def lower(self, level: float = 0.95) -> float:
        """The same from below: above `max_rate`, the promise is known to be broken."""
        return self._lower(self._all, level)

    def estimate(self) -> float:
        """The unbiased importance-weighted (doubly robust) estimate of wrong answers served / requests.

        Mean of p_t + R_t (W_t - p_t)/eps_t, less those replaced in time, cut to what is possible. It jumps by
        1/(eps x requests) with every wrong one found; `steady` does not.
        """
        return self._estimate(self._all)

    def steady(self, prior: float = 1.0) -> float:
        """The model's own expectation times (found + prior)/(expected among the re-asked + prior): biased to the model,
        and calm enough to steer by."""
        return self._steady(self._all, prior)

    def recent(self, level: float = 0.95) -> "Recent":
        """The same figures over the older of the two windows."""
        tally = self._elder
        return Recent(
            requests=tally.requests,
            hits=tally.hits,
            upper=self._upper(tally, level),
            lower=self._lower(tally, level),
            estimate=self._estimate(tally),
            steady=self._steady(tally, 1.0),
        )

    def state(self) -> bytes:
        """Everything, exactly (floats survive the round trip); about 3 KB of JSON."""
        return msgspec.json.encode(
            _State(
                eps=self._eps, window_hits=self._window_hits, all=self._all, elder=self._elder, younger=self._younger
            )
        )

    @classmethod
    def from_state(cls, state: bytes) -> "LiveBound":
        """Raises ValueError for what `state` did not write (another version, a torn file)."""
        try:
            read = msgspec.json.decode(state, type=_State)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"not the state of a bound: {error}") from None
        if read.version != _VERSION:
            raise ValueError(f"the state of a bound of version {read.version}")
        made = cls(eps=read.eps, window_hits=read.window_hits)
        for tally in (read.all, read.elder, read.younger):
            if tuple(map(len, (tally.plain, tally.assisted, tally.below))) != (len(_UP), len(_UP), len(_DOWN)):
                raise ValueError("the state of a bound with another grid")
        made._all, made._elder, made._younger = read.all, read.elder, read.younger
        return made

    def _fresh(self) -> _Tally:
        return _Tally(plain=[0.0] * len(_UP), assisted=[0.0] * len(_UP), below=[0.0] * len(_DOWN))

    def _stretches(self) -> tuple[_Tally, _Tally, _Tally]:
        return self._all, self._elder, self._younger

    def _turn(self) -> None:
        """The younger window restarts once at half a window, then takes the elder's place whenever that is full."""
        half = self._window_hits // 2
        if self._elder.hits >= self._window_hits:
            self._elder, self._younger = self._younger, self._fresh()
        elif self._elder.hits == half and self._younger.hits == half:
            self._younger = self._fresh()

    def _upper(self, tally: _Tally, level: float) -> float:
        limit = _log_limit(level)
        if not tally.requests:
            return 0.0
        plain, assisted = np.array(tally.plain), np.array(tally.assisted)

        def possible(total: float) -> bool:
            return float(log_evidence(total, self._up, plain, assisted, tally.expected)) < limit

        most = float(tally.hits)
        high = most if possible(most) else _border(possible, most)[1]
        return min(max(high - tally.replaced, tally.told), tally.kept) / tally.requests

    def _lower(self, tally: _Tally, level: float) -> float:
        limit = _log_limit(level)
        if not tally.requests:
            return 0.0
        below, nothing = np.array(tally.below), np.empty(0)

        def impossible(total: float) -> bool:
            return float(log_evidence(total, self._down, below, nothing, 0.0)) >= limit

        low = _border(impossible, float(tally.hits))[0] if impossible(0.0) else 0.0
        return min(max(low - tally.replaced, tally.told, 0), tally.kept) / tally.requests

    def _estimate(self, tally: _Tally) -> float:
        if not tally.requests:
            return 0.0
        found = tally.expected + tally.weighted - tally.replaced
        return min(max(found, tally.told, 0.0), tally.kept) / tally.requests

    def _steady(self, tally: _Tally, prior: float) -> float:
        if not tally.requests:
            return 0.0
        ratio = (tally.caught + prior) / (tally.caught_expected + prior)
        mean = tally.expected / max(1, tally.hits)
        return min(max(mean * tally.kept * ratio, tally.told), tally.kept) / tally.requests


class Recent(msgspec.Struct, frozen=True, kw_only=True):
    """A window's figures, rates per request."""

    requests: int
    hits: int
    upper: float
    lower: float
    estimate: float
    steady: float


_VERSION = 1


class _State(msgspec.Struct, kw_only=True):
    eps: float
    window_hits: int
    all: _Tally
    elder: _Tally
    younger: _Tally
    version: int = _VERSION


class ClopperPearson(msgspec.Struct, frozen=True):
    """The exact one-sided upper bound on a rate, from `wrong` among `n` checks of equal probability.

    For one look at a fixed n; a bound that is read again and again needs `LiveBound`. Source: Clopper and Pearson 1934:
    the x with I_x(wrong + 1, n - wrong) = level.
    """

    wrong: int
    n: int
    level: float = 0.95

    def upper(self) -> float:
        """In 0..1; 1 if nothing or only wrong ones were seen. Raises ValueError for impossible counts or levels."""
        if not 0 <= self.wrong <= self.n:
            raise ValueError("wrong must be in 0..n")
        _log_limit(self.level)
        if self.wrong == self.n:
            return 1.0
        a, b = self.wrong + 1.0, float(self.n - self.wrong)
        return _border(lambda x: incomplete_beta(a, b, x) < self.level, 1.0)[1]


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b) for a, b > 0 and x in 0..1.

    Continued fraction DLMF 8.17.22 by Lentz's method, on the side of the mean where it converges quickly.
    """
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - incomplete_beta(b, a, 1.0 - x)
    log_front = (
        a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) - math.log(a)
    )
    return math.exp(log_front) * _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1.0 / ((1.0 - (a + b) * x / (a + 1.0)) or tiny)
    value = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        step = 1.0
        for term in (even, odd):
            d = 1.0 / ((1.0 + term * d) or tiny)
            c = (1.0 + term / c) or tiny
            step = c * d
            value *= step
        if abs(step - 1.0) < 1e-15:
            break
    return value


def alarm(upper: float, estimate: float, max_rate: float, *, lower: float, before: Alarm = "ok") -> Alarm:
    """What to do about one namespace, given the last answer.

    - "off": `lower` > `max_rate`: the promise is broken beyond doubt. Serve nothing; keep asking would-be hits again
      (with probability 1, as `reasked`). It stays off until `upper` <= `max_rate`, then goes to "tighten". With a
      window that is soon: answers that are not served cannot be wrong.
    - "tighten": the estimate is above 0.8 `max_rate` while the bound cannot exclude that the promise is broken. Demand
      surer hits. It stays until the estimate is under 0.5 `max_rate`, or the bound itself at most 0.8 `max_rate`.
    - "ok": else. A young namespace has a high `upper` and is "ok": no evidence is no reason to switch off (with a
      re-ask rate of 3 % it takes about 3/0.03/max_rate requests for the bound to come down to max_rate).

    Give it the steady figures of one stretch (`LiveBound.recent()`): the unbiased estimate jumps with each wrong answer
    that is found.
    """
    if lower > max_rate or (before == "off" and upper > max_rate):
        return "off"
    if before == "off":
        return "tighten"
    if upper <= 0.8 * max_rate:
        return "ok"
    calm = 0.5 if before == "tighten" else 0.8
    return "tighten" if estimate > calm * max_rate else "ok"


def _probability(p: float) -> float:
    return min(max(p, 0.0), 1.0) if p == p else 0.0


def _sum(sums: list[float], more: Floats) -> list[float]:
    return [a + b for a, b in zip(sums, more.tolist(), strict=True)]


def _log_limit(level: float) -> float:
    """log(1/alpha). Raises ValueError outside (0, 1)."""
    if not 0.0 < level < 1.0:
        raise ValueError("level must be in (0, 1)")
    return -math.log1p(-level)


def _border(holds: Callable[[float], bool], high: float) -> tuple[float, float]:
    """Where `holds` turns from true at 0 to false at `high`: the two sides, as near as floats get in 60 halvings."""
    low = 0.0
    for _ in range(60):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if holds(middle):
            low = middle
        else:
            high = middle
    return low, high
