"""What may be tried again, when, and how much of it in all. Pure: clock and randomness are passed in.

The statuses are those that the official clients try again (openai-python 3.x): 408, 409, 429 and 5xx, and
`x-should-retry` overrides. The caller asks only while nothing of an answer has been passed on.
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from halfpenny.backends.base import BackendError, BrokenReply, ConnectError, Headers, PhaseTimeout

NEVER_AGAIN = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "enforced_spend_limit",
        "enforced_spend_limit_reached",
        "billing_not_active",
    }
)
"""`error.code` or `error.type` of a refusal that time alone does not mend: money, not load."""

_STATUSES = frozenset({408, 409, 429})


class _Error(msgspec.Struct):
    code: object = None
    type: object = None
    details: object = None


class _ErrorBody(msgspec.Struct):
    error: _Error


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When to make a call again. `attempt` counts the calls made so far to this backend, from 1; all times in seconds.

    The wait is `base_s * 2^(attempt - 1)` up to `max_backoff_s` with full jitter, or what `retry-after-ms` or
    `Retry-After` ask for (with up to 10 % on top, so that the waiting do not return together). A wait that would end
    after `deadline_s` since the request's start, or that is longer than `max_wait_s`, is not begun.
    """

    extra_attempts: int = 2
    base_s: float = 0.5
    max_backoff_s: float = 8.0
    max_wait_s: float = 30.0
    deadline_s: float = 120.0

    def after_error(
        self, error: BackendError, *, attempt: int, elapsed_s: float, rng: random.Random
    ) -> float | None:
        """How long to wait before the next call after this error, or None if there should be none.

        A call that took too long is not made again: its time is spent, and so perhaps is its money. A connection that
        ended before the reply began is, as after a 502: it too may have cost something, and both clients do the same.
        """
        mendable = isinstance(error, ConnectError | BrokenReply) or (
            isinstance(error, PhaseTimeout) and error.phase == "connect"
        )
        if not mendable:
            return None
        return self._within_limits(self._backoff_s(attempt, rng), attempt, elapsed_s)

    def after_status(
        self,
        status: int,
        headers: Headers,
        body: bytes = b"",
        *,
        attempt: int,
        elapsed_s: float,
        rng: random.Random,
        now: datetime | None = None,
    ) -> float | None:
        """The same for an answer with this status. `now` is for a Retry-After that is a date (default: real time)."""
        if status < 400:
            return None
        wish = _header(headers, "x-should-retry").lower()
        if wish == "false" or (wish != "true" and status not in _STATUSES and status < 500):
            return None
        if is_out_of_money(body):
            return None
        asked_s = retry_after_s(headers, now)
        wait_s = self._backoff_s(attempt, rng) if asked_s is None else asked_s * (1 + 0.1 * rng.random())
        return self._within_limits(wait_s, attempt, elapsed_s)

    def _backoff_s(self, attempt: int, rng: random.Random) -> float:
        # The exponent is bounded first: 2**attempt of a large attempt is a large integer for nothing.
        return rng.random() * min(self.base_s * 2.0 ** min(attempt - 1, 16), self.max_backoff_s)

    def _within_limits(self, wait_s: float, attempt: int, elapsed_s: float) -> float | None:
        if attempt > self.extra_attempts or wait_s > self.max_wait_s or elapsed_s + wait_s > self.deadline_s:
            return None
        return wait_s


class RetryBudget:
    """One bucket for all backends: retries stay within `share` of the calls, plus `floor_per_s`.

    Every first call pays in `share` (`note_call`), time pays in `floor_per_s` per second so that quiet services can
    retry at all, every retry takes 1. At most `burst` is saved up. `clock` is in seconds and monotonic.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        share: float = 0.1,
        floor_per_s: float = 0.5,
        burst: float = 10.0,
    ) -> None:
        self._clock = clock
        self._share = share
        self._floor_per_s = floor_per_s
        self._burst = burst
        self._tokens = burst
        self._filled_at = clock()

    def __repr__(self) -> str:
        self._fill()
        return f"<RetryBudget {self._tokens:.1f} of {self._burst:g} left>"

    def note_call(self) -> None:
        """A call was made that is not a retry."""
        self._fill(self._share)

    def take(self) -> bool:
        """May one retry be made now? If so it is counted."""
        self._fill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _fill(self, extra: float = 0.0) -> None:
        now = self._clock()
        gained = (now - self._filled_at) * self._floor_per_s + extra
        self._filled_at = now
        self._tokens = min(self._tokens + gained, self._burst)


def retry_after_s(headers: Headers, now: datetime | None = None) -> float | None:
    """The wait that the headers ask for, in seconds and never negative; None if they ask for none that is readable.

    `retry-after-ms` (milliseconds) goes before `Retry-After`, which is seconds or an HTTP date (RFC 9110, 10.2.3).
    """
    milliseconds = _number(_header(headers, "retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    text = _header(headers, "retry-after")
    seconds = _number(text)
    if seconds is not None:
        return max(0.0, seconds)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())


def is_out_of_money(body: bytes) -> bool:
    """Does this error body say that a quota or a spending limit is used up?"""
    try:
        error = msgspec.json.decode(body, type=_ErrorBody).error
    except (ValueError, msgspec.DecodeError, RecursionError):  # bytes that are not UTF-8 are a ValueError
        return False
    # Anthropic puts it into details.error_code (wire.md, 1.4).
    nested = error.details.get("error_code") if isinstance(error.details, dict) else None
    return any(isinstance(code, str) and code in NEVER_AGAIN for code in (error.code, error.type, nested))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < 1e9 else None


def _header(headers: Headers, wanted: str) -> str:
    return next((value.strip() for name, value in headers if name.lower() == wanted), "")
