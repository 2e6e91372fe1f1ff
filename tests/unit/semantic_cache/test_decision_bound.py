"""semantic_cache/decision/bound.py: the live bound covers what happened, whatever the model claims, and says so cheaply."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

from halfpenny.semantic_cache.decision.bound import (
    ClopperPearson,
    LiveBound,
    alarm,
    incomplete_beta,
    log_evidence,
    price,
    stakes,
)

Rates = tuple[NDArray[np.float64], NDArray[np.float64]]
LIMIT = math.log(20)
NOTHING = np.empty((0,))


def calibrated(rng: np.random.Generator, hits: int) -> Rates:
    """(true, predicted) error probability of each hit, 1 % in the mean, most far below."""
    p = rng.beta(0.3, 29.7, hits)
    return p, p


def over_confident(rng: np.random.Generator, hits: int) -> Rates:
    p = rng.beta(0.3, 29.7, hits)
    return np.minimum(1.0, 3 * p), p


def drifting(rng: np.random.Generator, hits: int) -> Rates:
    p = rng.beta(0.3, 29.7, hits)
    return np.where(np.arange(hits) < hits // 2, p, np.minimum(1.0, 5 * p)), p


def shameless(rng: np.random.Generator, hits: int) -> Rates:
    """Half of what it calls sure is wrong, in bursts."""
    return (np.arange(hits) // 100 % 2).astype(float), np.full(hits, 0.001)


def ever_crossed(seed: int, rates: Callable[[np.random.Generator, int], Rates], hits: int, eps: float) -> bool:
    """Whether the bound was under the true count at any moment of one history. Between re-asks only the true count
    grows, so the moments before each re-ask and the end are all that matter."""
    rng = np.random.default_rng(seed)
    true, predicted = rates(rng, hits)
    wrong, asked = rng.random(hits) < true, rng.random(hits) < eps
    s, _ = stakes(eps)
    at = np.flatnonzero(asked)
    start = np.zeros((1, len(s)))
    plain = np.vstack([start, np.cumsum(price(s, wrong[at, None], eps, 0.0), axis=0)])
    assisted = np.vstack([start, np.cumsum(price(s, wrong[at, None], eps, predicted[at, None]), axis=0)])
    moments = np.maximum(np.append(at - 1, hits - 1), 0)
    log_m = log_evidence(np.cumsum(wrong)[moments].astype(float), s, plain, assisted, np.cumsum(predicted)[moments])
    return bool((log_m >= LIMIT).any())


@pytest.mark.parametrize("rates", [calibrated, over_confident, drifting, shameless])
def test_the_95_percent_bound_is_crossed_in_fewer_than_5_percent_of_histories(
    rates: Callable[[np.random.Generator, int], Rates],
) -> None:
    """At all times at once. 250 histories: 5 % + 3 standard errors is 9.1 %."""
    crossed = sum(ever_crossed(seed, rates, 3000, 0.03) for seed in range(250))
    assert crossed <= 22


def test_a_bound_that_ignores_the_coin_would_be_caught_by_that_test() -> None:
    """The control: the prices of eps = 0.06 on coins of 0.03 break the bound far more often than 5 %."""
    crossed = 0
    s, _ = stakes(0.06)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        wrong, asked = rng.random(3000) < 0.1, rng.random(3000) < 0.03
        plain = np.vstack([np.zeros(len(s)), np.cumsum(price(s, wrong[asked][:, None], 0.06, 0.0), axis=0)])
        moments = np.append(np.flatnonzero(asked) - 1, 2999)
        total = np.cumsum(wrong)[np.maximum(moments, 0)].astype(float)
        crossed += bool((log_evidence(total, s, plain, np.empty((len(total), 0)), 0.0) >= LIMIT).any())
    assert crossed > 30


@pytest.mark.parametrize("eps", [0.03, 0.2, 1.0])
@pytest.mark.parametrize("wrong", [True, False])
@pytest.mark.parametrize("p", [0.0, 0.004, 0.3, 1.0])
def test_the_price_is_fair_whatever_the_answer_was(eps: float, wrong: bool, p: float) -> None:
    """E over the coin of exp(s q - R g) is 1: the identity that the proof rests on."""
    up, down = stakes(0.03)
    for s in (up, down) if p == 0 else (up,):
        paid = price(s, wrong, eps, p)
        growth = np.exp(s * (wrong - p))
        assert (1 - eps) * growth + eps * growth * np.exp(-paid) == pytest.approx(1.0, abs=1e-9)


def fed(bound: LiveBound, rng: np.random.Generator, hits: int, rate: float, eps: float = 0.03) -> int:
    """Feeds would-be hits, one miss for each; how many wrong ones went out."""
    out = 0
    for _ in range(hits):
        bound.missed()
        wrong = bool(rng.random() < rate)
        if rng.random() < eps:
            bound.reasked(wrong, eps, 0.01)
        else:
            bound.served(0.01)
            out += wrong
    return out


def test_the_object_agrees_with_the_formula_and_contains_the_truth() -> None:
    rng = np.random.default_rng(7)
    bound = LiveBound()
    out = fed(bound, rng, 6000, 0.02)
    assert (bound.requests, bound.hits) == (12000, 6000)
    truth = out / 12000
    assert bound.lower() < truth < bound.upper()
    assert bound.upper(0.99) > bound.upper(0.95) > bound.upper(0.5)
    assert bound.upper() < 4 * truth
    assert abs(bound.estimate() - truth) < 0.01
    assert bound.lower() <= bound.steady() <= bound.upper()


def test_the_estimate_is_unbiased_under_a_wrong_model() -> None:
    """Mean over 60 histories of 400 hits at 10 % wrong, predicted 1 %: within 4 standard errors."""
    errors = []
    for seed in range(60):
        bound = LiveBound(eps=0.2)
        truth = fed(bound, np.random.default_rng(seed), 400, 0.1, 0.2) / 800
        errors.append(bound.estimate() - truth)
    assert abs(np.mean(errors)) < 4 * np.std(errors) / math.sqrt(60)
    assert np.std(errors) > 0


def test_nothing_found_is_near_the_bound_of_one_look() -> None:
    """Any-time validity costs something: under 1.6 times Clopper-Pearson after 60 re-asks without a find."""
    bound = LiveBound()
    for at in range(2000):
        if at % 33 == 0:
            bound.reasked(False, 0.03, 0.0)
        else:
            bound.served(0.0)
    one_look = ClopperPearson(0, 61).upper()
    assert one_look < bound.upper() < 1.6 * one_look
    assert bound.lower() == 0


def test_hits_that_are_all_asked_again_serve_nothing_wrong() -> None:
    bound = LiveBound()
    for _ in range(100):
        bound.reasked(True, 1.0, 0.5)
    assert bound.upper() == 0
    assert bound.estimate() == 0


def test_a_shadow_check_counts_what_went_out() -> None:
    bound = LiveBound()
    for _ in range(100):
        bound.reasked(True, 1.0, 0.5, shown=True)
    assert bound.upper() == pytest.approx(1.0)
    assert bound.estimate() == pytest.approx(1.0)
    assert bound.lower() > 0.5


def test_more_misses_lower_the_rate_and_none_is_zero() -> None:
    bound = LiveBound()
    assert bound.upper() == bound.lower() == bound.estimate() == bound.steady() == 0
    bound.served(0.01)
    assert bound.upper() == 1
    for _ in range(9):
        bound.missed()
    assert bound.upper() == pytest.approx(0.1)


def test_feedback_is_a_floor() -> None:
    bound = LiveBound()
    for _ in range(100):
        bound.served(0.0)
    for _ in range(7):
        bound.known_wrong()
    assert bound.estimate() == bound.lower() == bound.steady() == pytest.approx(0.07)
    assert bound.upper() >= 0.07


def test_the_windows_see_a_drift_that_the_history_hides_and_forget_it() -> None:
    rng = np.random.default_rng(3)
    bound = LiveBound(eps=0.1, window_hits=1000)
    fed(bound, rng, 6000, 0.002, 0.1)
    calm = bound.recent()
    assert 500 <= calm.hits <= 1000
    fed(bound, rng, 1000, 0.3, 0.1)
    drifted = bound.recent()
    assert drifted.lower > 0.02 > calm.estimate
    assert drifted.estimate > 3 * bound.estimate()
    fed(bound, rng, 1500, 0.002, 0.1)
    assert bound.recent().estimate < 0.03
    assert bound.recent().upper < 0.06 < drifted.upper


def test_there_is_always_a_window_with_half_of_its_history() -> None:
    bound = LiveBound(window_hits=20)
    seen = []
    for _ in range(100):
        bound.served(0.0)
        seen.append(bound.recent().hits)
    assert seen[:19] == list(range(1, 20))
    assert min(seen[19:]) >= 10
    assert max(seen) < 20


def test_state_survives_exactly_and_goes_on_alike() -> None:
    bound = LiveBound(eps=0.05, window_hits=300)
    fed(bound, np.random.default_rng(1), 500, 0.05, 0.05)
    again = LiveBound.from_state(bound.state())
    assert again.state() == bound.state()
    for each in (bound, again):
        fed(each, np.random.default_rng(2), 300, 0.05, 0.05)
    assert again.upper() == bound.upper()
    assert again.recent() == bound.recent()
    assert again.eps == 0.05
    assert len(bound.state()) < 5000


@pytest.mark.parametrize(
    "state", [b"", b"{}", b"[1]", b"\xff", LiveBound().state().replace(b'"version":1', b'"version":2')]
)
def test_foreign_states_are_refused(state: bytes) -> None:
    with pytest.raises(ValueError, match="state of a bound"):
        LiveBound.from_state(state)


def test_a_state_with_another_grid_or_impossible_numbers_is_refused() -> None:
    cut = LiveBound().state().replace(b'"below":[0.0,', b'"below":[')
    with pytest.raises(ValueError, match="grid"):
        LiveBound.from_state(cut)


def test_probabilities_below_the_promise_are_refused_and_bad_predictions_are_not() -> None:
    bound = LiveBound(eps=0.03)
    for eps in (0.0, 0.01, 1.1, math.nan):
        with pytest.raises(ValueError, match="probability"):
            bound.reasked(False, eps, 0.01)
    assert bound.requests == 0
    for p in (math.nan, -1.0, 7.0):
        bound.served(p)
        bound.reasked(True, 0.03, p)
    assert 0 < bound.upper() <= 0.5
    with pytest.raises(ValueError, match="level"):
        bound.upper(1.0)
    with pytest.raises(ValueError, match="eps"):
        LiveBound(eps=0.0)


@pytest.mark.parametrize("n", [1, 2, 30, 151, 600, 20000])
@pytest.mark.parametrize("share", [0.0, 0.003, 0.1, 0.5, 0.97])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_clopper_pearson_agrees_with_scipy(n: int, share: float, level: float) -> None:
    wrong = int(share * n)
    expected = float(stats.beta.ppf(level, wrong + 1, n - wrong))
    assert ClopperPearson(wrong, n, level).upper() == pytest.approx(expected, rel=1e-8)


def test_clopper_pearson_at_the_ends() -> None:
    assert ClopperPearson(0, 0).upper() == 1
    assert ClopperPearson(5, 5).upper() == 1
    with pytest.raises(ValueError, match="wrong"):
        ClopperPearson(3, 2).upper()


def test_the_incomplete_beta_function_agrees_with_scipy() -> None:
    for a, b in ((0.5, 0.5), (1, 30), (7, 594), (500, 20000), (3, 0.2)):
        for x in (0.0, 1e-6, 0.01, 0.3, 0.5, 0.99, 1.0):
            assert incomplete_beta(a, b, x) == pytest.approx(float(special.betainc(a, b, x)), rel=1e-9, abs=1e-14)


def test_the_alarm_and_its_hysteresis() -> None:
    assert alarm(1.0, 0.0, 0.01, lower=0.0) == "ok"  # young: no evidence of anything
    assert alarm(0.03, 0.009, 0.01, lower=0.0) == "tighten"
    assert alarm(0.03, 0.006, 0.01, lower=0.0) == "ok"
    assert alarm(0.03, 0.006, 0.01, lower=0.0, before="tighten") == "tighten"
    assert alarm(0.03, 0.004, 0.01, lower=0.0, before="tighten") == "ok"
    assert alarm(0.007, 0.006, 0.01, lower=0.0, before="tighten") == "ok"
    assert alarm(0.05, 0.03, 0.01, lower=0.011) == "off"
    assert alarm(0.05, 0.0, 0.01, lower=0.0, before="off") == "off"
    assert alarm(0.0099, 0.0, 0.01, lower=0.0, before="off") == "tighten"


def test_a_namespace_that_breaks_is_switched_off_and_comes_back() -> None:
    """Drift to 20 % wrong at a bound of 2 %; while off every would-be hit is asked again, then the world is well."""
    rng = np.random.default_rng(5)
    bound = LiveBound(eps=0.05, window_hits=2000)
    state, states = "ok", []
    for at in range(16000):
        wrong = bool(rng.random() < (0.2 if 4000 <= at < 7000 else 0.001))
        eps = 1.0 if state == "off" else 0.05
        bound.missed()
        if rng.random() < eps:
            bound.reasked(wrong, eps, 0.005)
        else:
            bound.served(0.005)
        if at % 100 == 0:
            recent = bound.recent()
            state = alarm(recent.upper, recent.steady, 0.02, lower=recent.lower, before=state)  # type: ignore[arg-type]
            states.append(state)
    assert "off" not in states[:40]
    assert "off" in states[40:60]
    assert "off" not in states[-30:]
    assert states[-1] == "ok"
