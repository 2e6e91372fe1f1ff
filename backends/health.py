"""Is a backend worth calling? A circuit breaker: pure, with the clock passed in.

Closed (calls flow), open (refused at once), half-open (one probe decides). What counts is the caller's to say:
timeouts, broken connections and 5xx are failures; 4xx is a success of the backend's; a client that left is neither.
A 429 is no failure but asks for rest (`rest`).
"""

from collections import deque
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half-open"]

MAX_REST_S = 120.0
"""The longest rest that a Retry-After can impose, in seconds: a broken clock upstream must not switch a backend off."""


class CircuitBreaker:
    """Opens when at least `failure_share` of the last `window_s` seconds' calls failed, and at least `minimum` did.

    Then it refuses for `cooldown_s`, which doubles with every failed probe up to `max_cooldown_s`. After the cooldown
    one call is let through: its success closes the breaker, its failure opens it again. A probe that never reports (its
    client left) makes room for another after a further cooldown. Times are seconds of `clock`, which must be monotonic.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        window_s: float = 30.0,
        minimum: int = 5,
        failure_share: float = 0.5,
        cooldown_s: float = 2.0,
        max_cooldown_s: float = 60.0,
    ) -> None:
        self._clock = clock
        self._window_s = window_s
        self._minimum = minimum
        self._failure_share = failure_share
        self._first_cooldown_s = cooldown_s
        self._max_cooldown_s = max_cooldown_s
        # The state. `_calls` are (time, failed) of the window, oldest first.
        self._calls: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._cooldown_s = cooldown_s
        self._open_until: float | None = None
        self._probing = False
        self._rest_until = float("-inf")

    def __repr__(self) -> str:
        now = self._clock()
        self._forget_old(now)
        shown = f"{self.state}, {self._failures} of {len(self._calls)} failed"
        wait_s = max(self._open_until if self._open_until is not None else now, self._rest_until) - now
        if wait_s > 0:
            shown += f", {wait_s:.1f} s to wait"
        return f"<CircuitBreaker {shown}>"

    @property
    def state(self) -> State:
        if self._open_until is None:
            return "closed"
        return "half-open" if self._probing or self._clock() >= self._open_until else "open"

    @property
    def closed(self) -> bool:
        """True in normal service; a rest that a 429 asked for does not change it."""
        return self._open_until is None

    def allow(self) -> bool:
        """May a call be made now? In the half-open state, True is given to one call only."""
        now = self._clock()
        if now < self._rest_until:
            return False
        if self._open_until is None:
            return True
        if now < self._open_until:
            return False
        # From here on others are refused until the probe reports, or has been silent for a whole cooldown.
        self._probing = True
        self._open_until = now + self._cooldown_s
        return True

    def success(self) -> None:
        """A call was answered, be it with a 4xx."""
        if self._open_until is not None:
            if not self._probing:
                return  # a late answer to a call from before the opening says nothing about now
            self._reset()
        self._count(failed=False)

    def failure(self) -> None:
        """A call timed out, broke, or was answered with 5xx."""
        if self._open_until is not None:
            if self._probing:
                self._cooldown_s = min(self._cooldown_s * 2, self._max_cooldown_s)
                self._open()
            return
        self._count(failed=True)
        if self._failures >= self._minimum and self._failures >= self._failure_share * len(self._calls):
            self._open()

    def rest(self, seconds: float) -> None:
        """The backend asked for rest (429 with Retry-After). Refuses for so long, at most MAX_REST_S; does not open."""
        self._rest_until = max(self._rest_until, self._clock() + min(seconds, MAX_REST_S))

    def _open(self) -> None:
        self._open_until = self._clock() + self._cooldown_s
        self._probing = False

    def _reset(self) -> None:
        self._calls.clear()
        self._failures = 0
        self._cooldown_s = self._first_cooldown_s
        self._open_until = None
        self._probing = False

    def _count(self, *, failed: bool) -> None:
        now = self._clock()
        self._calls.append((now, failed))
        self._failures += failed
        self._forget_old(now)

    def _forget_old(self, now: float) -> None:
        while self._calls and self._calls[0][0] <= now - self._window_s:
            self._failures -= self._calls.popleft()[1]
