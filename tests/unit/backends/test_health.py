"""The circuit breaker, with a clock in the hand."""

import pytest

from halfpenny.backends.health import MAX_REST_S, CircuitBreaker


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> CircuitBreaker:
    return CircuitBreaker(clock=clock, window_s=10, minimum=4, failure_share=0.5, cooldown_s=2, max_cooldown_s=5)


def fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        breaker.failure()


def test_needs_the_minimum(breaker: CircuitBreaker) -> None:
    fail(breaker, 3)
    assert breaker.allow()
    assert repr(breaker) == "<CircuitBreaker closed, 3 of 3 failed>"
    breaker.failure()
    assert not breaker.allow()
    assert not breaker.closed
    assert repr(breaker) == "<CircuitBreaker open, 4 of 4 failed, 2.0 s to wait>"


def test_needs_the_share(breaker: CircuitBreaker) -> None:
    for _ in range(6):
        breaker.success()
    fail(breaker, 5)
    assert breaker.closed  # 5 of 11
    breaker.failure()
    assert breaker.state == "open"  # 6 of 12


def test_old_failures_are_forgotten(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 10
    fail(breaker, 3)
    assert breaker.closed


def test_one_probe_closes(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 4)
    clock.now += 2
    assert breaker.state == "half-open"
    assert breaker.allow()
    assert not breaker.allow()
    breaker.success()
    assert breaker.closed
    assert breaker.allow()


def test_failed_probes_lengthen_the_cooldown(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 4)
    for cooldown_s in (2, 4, 5, 5):
        clock.now += cooldown_s - 0.1
        assert not breaker.allow()
        clock.now += 0.1
        assert breaker.allow()
        breaker.failure()


def test_probe_whose_client_left_makes_room(breaker: CircuitBreaker, clock: Clock) -> None:
    fail(breaker, 4)
    clock.now += 2
    assert breaker.allow()
    clock.now += 1.9
    assert not breaker.allow()
    clock.now += 0.1
    assert breaker.allow()


def test_late_answers_do_not_close(breaker: CircuitBreaker) -> None:
    fail(breaker, 4)
    breaker.success()
    breaker.failure()
    assert breaker.state == "open"
    assert "2.0 s to wait" in repr(breaker)


def test_rest_refuses_and_does_not_open(breaker: CircuitBreaker, clock: Clock) -> None:
    breaker.rest(3)
    breaker.rest(1)
    assert not breaker.allow()
    assert breaker.closed
    clock.now += 3
    assert breaker.allow()
    breaker.rest(1e9)
    clock.now += MAX_REST_S
    assert breaker.allow()
