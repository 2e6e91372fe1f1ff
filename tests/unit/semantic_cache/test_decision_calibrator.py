"""semantic_cache/decision/calibrator.py: Bayesian logistic regression, shrunk to a prior, with labels that fade."""

import numpy as np
import pytest

from halfpenny.semantic_cache.decision.calibrator import KEPT_LABELS, Calibrator, Prior
from halfpenny.semantic_cache.decision.logistic import Floats, sigmoid

TRUE = np.array([-0.5, 2.0, -1.5])
WIDE = Prior(np.zeros(3), 4 * np.eye(3))


def rows(rng: np.random.Generator, count: int) -> Floats:
    return np.column_stack([np.ones(count), rng.normal(size=(count, 2))])


def taught(prior: Prior, features: Floats, right: Floats, weight: float = 1.0) -> Calibrator:
    found = Calibrator(prior)
    for row, label in zip(features, right, strict=True):
        found.add(row, float(label), weight)
    for _ in range(4):  # fit is a few steps at a time
        found.fit()
    return found


def labels(rng: np.random.Generator, features: Floats, weights: Floats = TRUE) -> Floats:
    return (rng.random(len(features)) < sigmoid(features @ weights)).astype(float)


def test_it_recovers_the_weights_and_is_calibrated() -> None:
    rng = np.random.default_rng(0)
    features = rows(rng, 1500)
    found = taught(WIDE, features, labels(rng, features))
    deviation = np.sqrt(np.diag(found.covariance))
    assert np.all(np.abs(found.weights - TRUE) < 3.5 * deviation)
    assert deviation.max() < 0.3
    fresh = rows(rng, 4000)
    p, right = found.probability(fresh, 0.0), labels(rng, fresh)
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        inside = (p >= low) & (p < low + 0.2)
        assert abs(p[inside].mean() - right[inside].mean()) < 0.07


def test_it_is_the_mode_of_the_posterior() -> None:
    rng = np.random.default_rng(1)
    features = rows(rng, 60)
    right = labels(rng, features)
    prior = Prior(np.array([0.5, 1.0, 0.0]), np.diag([1.0, 0.5, 2.0]))
    found = taught(prior, features, right)
    trust = 0.5 ** (np.arange(59, -1, -1) / 1500)
    slope = features.T @ (trust * (right - sigmoid(features @ found.weights)))
    slope -= np.linalg.inv(prior.covariance) @ (found.weights - prior.mean)
    assert np.abs(slope).max() < 1e-6


def test_without_labels_the_prior_speaks_cautiously() -> None:
    prior = Prior(TRUE, 0.5 * np.eye(3))
    found = Calibrator(prior)
    found.fit()
    features = rows(np.random.default_rng(2), 50)
    assert np.array_equal(found.weights, TRUE)
    moderated = found.probability(features, 0.0)
    plain = sigmoid(features @ TRUE)
    assert np.all(np.abs(moderated - 0.5) <= np.abs(plain - 0.5) + 1e-12)
    assert np.all(found.probability(features) < moderated)
    assert np.all(found.probability(features, 1.0) < found.probability(features))


def test_a_sure_prior_holds_against_few_labels_and_yields_to_many() -> None:
    prior = Prior(-TRUE, 0.05 * np.eye(3))
    rng = np.random.default_rng(3)
    features = rows(rng, 1500)
    right = labels(rng, features)
    few, many = taught(prior, features[:5], right[:5]), taught(prior, features, right)
    assert np.linalg.norm(few.weights + TRUE) < 0.5
    assert np.linalg.norm(many.weights - TRUE) < np.linalg.norm(many.weights + TRUE) / 2


def test_labels_narrow_the_doubt() -> None:
    rng = np.random.default_rng(4)
    features = rows(rng, 400)
    right = labels(rng, features)
    spreads = [np.trace(taught(WIDE, features[:n], right[:n]).covariance) for n in (0, 10, 100, 400)]
    assert spreads == sorted(spreads, reverse=True)


def test_old_labels_fade() -> None:
    rng = np.random.default_rng(5)
    features = rows(rng, 1000)
    old, new = labels(rng, features[:500], -TRUE), labels(rng, features[500:], TRUE)
    turned = taught(WIDE, features, np.concatenate([old, new]))
    back = taught(WIDE, np.concatenate([features[500:], features[:500]]), np.concatenate([new, old]))
    assert turned.weights @ TRUE > 0.1
    assert back.weights @ TRUE < turned.weights @ TRUE - 0.2
    assert turned.labels == 1000


def test_only_the_newest_labels_are_kept() -> None:
    found = Calibrator(WIDE)
    for at in range(KEPT_LABELS + 7):
        found.add(np.array([1.0, at, 0.0]), 1.0)
    assert len(found.rows()) == KEPT_LABELS
    assert found.rows()[0][0][1] == 7
    assert found.labels == KEPT_LABELS + 7
    assert [row[0].tolist() for row in found.newest(2)] == [row[0].tolist() for row in found.rows()[-2:]]
    assert found.newest(0) == ()


def test_half_a_trust_is_half_a_label() -> None:
    features = np.array([[1.0, 0.3, 0.0]])
    whole = taught(WIDE, features, np.array([1.0]))
    unsure, doubted = taught(WIDE, features, np.array([0.5])), taught(WIDE, features, np.array([1.0]), 0.5)
    assert whole.weights[0] > doubted.weights[0] > 0
    assert np.allclose(unsure.weights, 0)
    assert np.allclose(taught(WIDE, features, np.array([0.0]), 0.0).weights, 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_label_that_is_not_finite_is_left_out(value: float) -> None:
    rng = np.random.default_rng(6)
    features = rows(rng, 100)
    right = labels(rng, features)
    found = taught(WIDE, features, right)
    before = found.weights
    found.add(np.array([1.0, value, 0.0]), 1.0)
    found.add(features[0], value)
    found.add(features[0], 1.0, value)
    found.fit()
    assert np.allclose(found.weights, before, atol=0.01)
    for row, label in zip(features, 1 - right, strict=True):
        found.add(row, float(label))
    found.fit()
    assert np.linalg.norm(found.weights - before) > 0.1  # it goes on learning


def test_nothing_but_broken_labels_leaves_the_prior() -> None:
    found = Calibrator(Prior(TRUE, np.eye(3)))
    found.add(np.full(3, np.nan), 1.0)
    found.fit()
    assert np.allclose(found.weights, TRUE)
    assert np.allclose(found.covariance, np.eye(3))


def test_separable_labels_and_huge_evidence_stay_finite() -> None:
    found = Calibrator(WIDE)
    for at in range(200):
        found.add(np.array([1.0, 1e3 * (-1) ** at, 0.0]), float(at % 2 == 0))
    found.fit()
    assert np.isfinite(found.weights).all()
    p = found.probability(np.array([[1.0, 1e3, 0], [1.0, -1e3, 0], [1, 1e12, 1e12]]))
    assert np.isfinite(p).all()
    assert p[0] > 0.5 > p[1]


def test_sigmoid() -> None:
    assert sigmoid(np.array([0.0])).tolist() == [0.5]
    assert 0 < sigmoid(np.array([-1e9]))[0] < 1e-12
    assert 1 - 1e-12 < sigmoid(np.array([1e9]))[0] <= 1
