"""What may be tried again, and how much of it. Numbers of the clients are those of facts on openai-python 3.x."""

import json
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfpenny.backends.base import (
    BackendError,
    BackendUnavailable,
    BadCall,
    BrokenReply,
    ConnectError,
    Headers,
    PhaseTimeout,
)
from halfpenny.backends.retry import RetryBudget, RetryPolicy, retry_after_s

POLICY = RetryPolicy()
NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


class Always(random.Random):
    """Randomness that is always this number."""

    def __init__(self, value: float) -> None:
        super().__init__()
        self._value = value

    def random(self) -> float:
        return self._value


def after_status(status: int, headers: Headers = (), body: bytes = b"", attempt: int = 1) -> float | None:
    return POLICY.after_status(status, headers, body, attempt=attempt, elapsed_s=0, rng=Always(0.999), now=NOW)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_again(status: int) -> None:
    assert after_status(status) == pytest.approx(0.4995)
    assert after_status(status, (("X-Should-Retry", "false"),)) is None


@pytest.mark.parametrize("status", [200, 303, 400, 401, 403, 404, 413, 422])
def test_not_again(status: int) -> None:
    assert after_status(status) is None
    assert (after_status(status, (("x-should-retry", "true"),)) is not None) == (status >= 400)


@pytest.mark.parametrize(
    "error",
    [
        {"code": "insufficient_quota"},
        {"type": "insufficient_quota", "code": None},
        {"type": "rate_limit_error", "details": {"error_code": "enforced_spend_limit_reached"}},
    ],
)
def test_money_is_not_mended_by_time(error: dict[str, object]) -> None:
    body = json.dumps({"error": error}).encode()
    assert after_status(429, (("retry-after", "1"),), body) is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "x"}', b'{"error": {"code": 429}}'])
def test_other_bodies_say_nothing(body: bytes) -> None:
    assert after_status(429, (), body) is not None


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ConnectError(), True),
        (BrokenReply(), True),
        (PhaseTimeout("connect", 5), True),
        (PhaseTimeout("first_byte", 5), False),
        (PhaseTimeout("total", 5), False),
        (BackendUnavailable(), False),
        (BadCall(), False),
    ],
)
def test_errors(error: BackendError, again: bool) -> None:
    assert (POLICY.after_error(error, attempt=1, elapsed_s=0, rng=Always(0.5)) is not None) == again


def test_backoff_doubles_up_to_its_limit_with_full_jitter() -> None:
    patient = RetryPolicy(extra_attempts=99)
    full = [patient.after_error(ConnectError(), attempt=n, elapsed_s=0, rng=Always(1)) for n in (1, 2, 3, 4, 5, 6, 90)]
    assert full == [0.5, 1, 2, 4, 8, 8, 8]
    assert patient.after_error(ConnectError(), attempt=5, elapsed_s=0, rng=Always(0)) == 0


def test_attempts_and_deadline() -> None:
    assert [after_status(500, attempt=n) is not None for n in (1, 2, 3)] == [True, True, False]
    hasty = RetryPolicy(deadline_s=10)
    assert hasty.after_error(ConnectError(), attempt=1, elapsed_s=9.4, rng=Always(1)) == 0.5
    assert hasty.after_error(ConnectError(), attempt=1, elapsed_s=9.6, rng=Always(1)) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((), None),
        ((("Retry-After", "3"),), 3),
        ((("Retry-After", "3"), ("Retry-After-MS", "250")), 0.25),
        ((("retry-after", "Sun, 22 Nov 2026 12:00:07 GMT"),), 7),
        ((("retry-after", "Sun, 22 Nov 2026 11:00:00 GMT"),), 0),
        ((("retry-after", "soon"),), None),
        ((("retry-after", "-1"),), None),
        ((("retry-after", "nan"),), None),
    ],
)
def test_retry_after(headers: Headers, seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds


def test_retry_after_is_obeyed_or_not_begun() -> None:
    assert after_status(429, (("retry-after", "2"),)) == pytest.approx(2, rel=0.11)
    assert after_status(503, (("retry-after", "600"),)) is None


@given(st.text(max_size=40))
def test_any_retry_after_is_harmless(text: str) -> None:
    seconds = retry_after_s((("retry-after", text),), NOW)
    assert seconds is None or seconds >= 0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_budget_holds_retries_to_their_share() -> None:
    budget = RetryBudget(clock=Clock(), share=0.1, floor_per_s=0, burst=5)
    spent = sum(budget.take() for _ in range(100))
    assert spent == 5
    for _ in range(1000):
        budget.note_call()
        spent += budget.take()
    assert spent == pytest.approx(105, abs=1)
    assert repr(budget).startswith("<RetryBudget")


def test_budget_has_a_floor() -> None:
    clock = Clock()
    budget = RetryBudget(clock=clock, floor_per_s=0.5, burst=2)
    assert [budget.take() for _ in range(3)] == [True, True, False]
    clock.now += 2
    assert [budget.take() for _ in range(2)] == [True, False]
    clock.now += 1000
    assert [budget.take() for _ in range(3)] == [True, True, False]
