"""semantic_cache/decision/reliability.py: log-odds that were too confident say less, and never more."""

import numpy as np
import pytest

from halfpenny.semantic_cache.decision.logistic import sigmoid
from halfpenny.semantic_cache.decision.reliability import LIKELY, Reliability

Z = np.linspace(-3.0, 8.0, 23)


def told(slope: float, shift: float, *, seed: int = 0, reasked: bool = False, count: int = 400) -> Reliability:
    """Outcomes that follow `shift + slope * z` where the calibrator said z."""
    rng = np.random.default_rng(seed)
    found = Reliability()
    for z in rng.uniform(LIKELY, 4.0, size=count):
        right = bool(rng.random() < sigmoid(np.float64(shift + slope * z)))
        (found.reasked if reasked else found.fetched)(float(z), right=right)
    found.fit()
    return found


def test_without_outcomes_the_calibrator_is_taken_at_its_word() -> None:
    found = Reliability()
    found.fetched(2.0, right=False)
    found.fit()
    assert np.array_equal(found.probability(Z), sigmoid(Z))


@pytest.mark.parametrize("reasked", [False, True])
def test_too_much_confidence_is_taken_back(reasked: bool) -> None:
    found = told(0.5, -0.3, reasked=reasked)
    wanted = sigmoid(0.5 * Z - 0.3)
    sure = Z > 1
    assert (found.probability(Z)[sure] < sigmoid(Z)[sure]).all()
    assert np.abs(found.probability(Z)[sure] - wanted[sure]).max() < np.abs(sigmoid(Z) - wanted)[sure].max()


def test_too_little_confidence_is_not_made_up_for() -> None:
    found = told(1.5, 1.0)
    assert found.shift > 0
    assert (found.probability(Z) <= sigmoid(Z)).all()


def test_right_probabilities_stay_about_as_they_are() -> None:
    assert np.abs(told(1.0, 0.0).probability(Z) - sigmoid(Z)).max() < 0.06


def test_unlikely_candidates_and_those_that_are_no_number_say_nothing() -> None:
    found = told(1.0, 0.0)
    before = (found.shift, found.slope)
    for _ in range(100):
        found.fetched(LIKELY - 0.1, right=True)
        found.fetched(float("nan"), right=False)
    found.fit()
    assert (found.shift, found.slope) == before


def test_a_re_ask_that_is_no_number_changes_nothing() -> None:
    found = told(1.0, 0.0)
    before = (found.shift, found.slope)
    found.reasked(float("nan"), right=False)
    found.fit()
    assert (found.shift, found.slope) == before
    for _ in range(50):
        found.reasked(3.0, right=False)
    found.fit()
    assert found.shift + 3 * found.slope < before[0] + 3 * before[1]  # and what comes after it counts


def test_the_old_outcomes_are_forgotten() -> None:
    found = told(0.4, -0.5)
    for z in np.random.default_rng(1).uniform(LIKELY, 4.0, size=400):
        found.fetched(float(z), right=True)
    found.fit()
    assert np.array_equal(found.probability(Z[Z > 0]), sigmoid(Z[Z > 0]))
