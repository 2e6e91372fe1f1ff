"""semantic_cache/decision/budget.py: the lowest threshold that the promise can afford."""

import math

import numpy as np
import pytest

from halfpenny.semantic_cache.decision.budget import SAFETY, Budget
from halfpenny.semantic_cache.decision.logistic import Floats
from halfpenny.semantic_cache.decision.logistic import log_odds as log_odds_of

LONG_AGO = 10_000
"""Requests after which nothing is special about the start."""


def log_odds(p: Floats) -> Floats:
    return np.array([log_odds_of(one) if one == one else one for one in p])


def settled(bound: float, recent: Floats, requests: int, *, labels: int = 1000, seen: int = LONG_AGO) -> Budget:
    """A budget whose spending so far is just what was allowed, so that nothing is carried over, and whose re-asked hits
    came out as expected. The probabilities of `recent` are right: how sure is what is expected."""
    budget = Budget(bound)
    budget._correction = 1.0
    budget.requests = seen
    budget.spent = bound * SAFETY * seen
    budget.update(recent, log_odds(recent), requests, labels)
    return budget


def expected_wrong(budget: Budget, recent: Floats, requests: int) -> float:
    return float((1 - recent)[recent >= budget.threshold].sum()) / requests


@pytest.mark.parametrize("bound", [0.001, 0.01, 0.05])
@pytest.mark.parametrize("shape", [(8, 1), (1, 1), (0.5, 0.1), (30, 3)])
def test_expected_wrong_hits_stay_within_the_bound_and_use_it(bound: float, shape: tuple[float, float]) -> None:
    recent = np.random.default_rng(0).beta(*shape, size=600)
    budget = settled(bound, recent, 800)
    spent = expected_wrong(budget, recent, 800)
    assert spent <= bound * SAFETY + 1e-9
    next_surest = recent[recent < budget.threshold].max()
    if 0.5 < budget.threshold < 0.999:
        assert spent + (1 - next_surest) / 800 >= bound * SAFETY - 1e-4  # lower would be too low


def test_what_really_is_wrong_keeps_the_bound_if_the_probabilities_are_right() -> None:
    rng = np.random.default_rng(1)
    wrong = []
    for _ in range(40):
        recent, coming = rng.beta(8, 1, size=(2, 800))
        budget = settled(0.02, recent, 800)
        served = coming[coming >= budget.threshold]
        wrong.append(float((rng.random(len(served)) > served).sum()) / 800)
    assert 0.01 < np.mean(wrong) <= 0.02


def test_a_stricter_promise_asks_for_surer_hits() -> None:
    recent = np.random.default_rng(2).beta(8, 1, size=800)
    thresholds = [settled(bound, recent, 800).threshold for bound in (0.05, 0.02, 0.01, 0.005, 0.001)]
    assert thresholds == sorted(thresholds)
    assert len(set(thresholds)) == 5


def test_a_promise_of_no_wrong_hit_serves_nothing() -> None:
    budget = settled(0.0, np.ones(10), 10)
    assert budget.threshold == math.inf


def test_nothing_seen_leaves_the_highest_threshold() -> None:
    assert settled(0.01, np.empty(0), 0).threshold == Budget(0.01).threshold
    assert settled(0.01, np.empty(0), 100).threshold == 0.999
    assert settled(0.01, np.full(50, 0.2), 60).threshold == 0.999


def test_probabilities_that_are_no_numbers_are_not_served() -> None:
    recent = np.array([np.nan] * 5 + [0.9999] * 95)
    budget = settled(0.01, recent, 100)
    assert 0.5 < budget.threshold <= 0.9999


def test_what_is_more_likely_wrong_than_right_is_not_served() -> None:
    assert settled(0.5, np.full(10, 0.6), 1000).threshold == pytest.approx(0.6)
    assert 0.4 <= settled(0.5, np.full(10, 0.3), 1000).threshold <= 0.5


def test_what_is_expected_is_spent_and_not_what_is_sure() -> None:
    """Caution decides which come first; it does not make a hit dearer."""
    likely = np.random.default_rng(8).beta(8, 1, size=800)
    cautious = likely**2
    budget = Budget(0.02)
    budget._correction = 1.0
    budget.requests, budget.spent = LONG_AGO, 0.02 * SAFETY * LONG_AGO
    budget.update(cautious, log_odds(likely), 800, 1000)
    served = cautious >= budget.threshold
    assert (1 - likely)[served].sum() / 800 == pytest.approx(0.02 * SAFETY, rel=0.05)


def test_less_is_spent_at_the_start() -> None:
    recent = np.random.default_rng(9).beta(8, 1, size=200)
    spent = [expected_wrong(settled(0.02, recent, 200, seen=seen), recent, 200) for seen in (200, 400, LONG_AGO)]
    assert spent[0] < spent[1] < spent[2] <= 0.02 * SAFETY + 1e-9


def test_nothing_known_counts_as_worse_than_expected() -> None:
    assert Budget(0.01).correction > 1.0


def test_wrong_re_asks_raise_the_correction_and_the_threshold() -> None:
    recent = np.random.default_rng(3).beta(8, 1, size=800)
    budget = settled(0.02, recent, 800)
    before = budget.threshold
    for _ in range(6):
        budget.reasked(4.0, 0.98, right=False)
    assert 2 < budget.correction <= 4
    budget.update(recent, log_odds(recent), 800, 1000)
    assert budget.threshold > before
    for _ in range(400):  # the wrong ones are forgotten
        budget.reasked(2.2, 0.9, right=True)
    assert 0.5 < budget.correction < 1.0
    budget.update(recent, log_odds(recent), 800, 1000)
    assert budget.threshold < before


def test_the_correction_is_bounded() -> None:
    budget = Budget(0.01)
    for _ in range(200):
        budget.reasked(4.6, 0.99, right=False)
    assert budget.correction == 4.0


def test_what_was_overspent_is_saved_and_what_was_not_is_carried_over() -> None:
    recent = np.random.default_rng(4).beta(8, 1, size=800)
    even = settled(0.02, recent, 800, seen=1000)
    thrifty, lavish = Budget(0.02), Budget(0.02)
    thrifty.requests = lavish.requests = 1000
    thrifty._correction = lavish._correction = 1.0
    for _ in range(400):
        lavish.served(0.9)
    thrifty.update(recent, log_odds(recent), 800, 1000)
    lavish.update(recent, log_odds(recent), 800, 1000)
    assert lavish.spent == pytest.approx(40)
    assert thrifty.threshold < even.threshold < lavish.threshold
    assert expected_wrong(thrifty, recent, 800) <= 1.6 * SAFETY * 0.02 + 1e-9
    assert expected_wrong(lavish, recent, 800) > 0  # it goes on serving the surest


def test_few_labels_halve_the_budget() -> None:
    recent = np.random.default_rng(5).beta(8, 1, size=800)
    few = settled(0.02, recent, 800, labels=59)
    assert expected_wrong(few, recent, 800) <= 0.01 * SAFETY + 1e-9
    assert few.threshold > settled(0.02, recent, 800, labels=60).threshold


def test_an_error_just_below_the_threshold_is_expected_above_it_too() -> None:
    recent = np.random.default_rng(6).beta(8, 1, size=800)
    even = settled(0.02, recent, 800)
    over, under = settled(0.02, recent, 800), settled(0.02, recent, 800)
    for at in range(200):
        over.fetched(1.4, right=at % 2 == 0)  # half were wrong where a fifth was expected
        under.fetched(1.4, right=True)
    for budget in (over, under):
        budget.update(recent, log_odds(recent), 800, 1000)
    assert over.threshold > even.threshold
    assert over.expected(2.0) < even.expected(2.0)
    assert under.threshold == even.threshold  # that they came out better is no reason to trust surer ones more
    told = over.reliability.shift
    for _ in range(200):
        over.fetched(-0.8, right=False)  # never a candidate for serving: says nothing
    over.update(recent, log_odds(recent), 800, 1000)
    assert over.reliability.shift == told


def test_log_odds_that_are_no_number_are_expected_to_be_wrong() -> None:
    assert Budget(0.01).expected(math.nan) == 0.0


def test_what_is_forgotten_counts_no_more() -> None:
    budget = Budget(0.01)
    fresh = budget.correction
    for _ in range(20):
        budget.reasked(3.0, 0.95, right=False)
        budget.fetched(1.0, right=False)
    budget.reliability.fit()
    assert budget.correction > fresh
    assert budget.expected(3.0) < 0.9
    budget.forget()
    assert budget.correction == fresh
    assert budget.expected(3.0) > 0.95


def test_a_re_ask_that_stands_for_few_weighs_little() -> None:
    heavy, light = Budget(0.01), Budget(0.01)
    for budget, weight in ((heavy, 1.0), (light, 0.1)):
        for _ in range(6):
            budget.reasked(2.0, 0.9, right=False, weight=weight)
    assert heavy.correction > light.correction > Budget(0.01).correction
