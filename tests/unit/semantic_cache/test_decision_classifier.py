"""semantic_cache/decision/classifier.py: regularised least squares, kept current."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from halfpenny.semantic_cache.decision.classifier import Metric, group_margins

D = 24


def unit(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    found = rng.normal(size=(count, D))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def shipped(rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    root = rng.normal(size=(D, D)) / 3
    return np.linalg.inv(root @ root.T + 2 * np.eye(D)).astype(np.float32), unit(rng, 1)[0] / 3


def test_learning_one_by_one_is_learning_at_once_is_the_inverse() -> None:
    rng = np.random.default_rng(0)
    inverse, centre = shipped(rng)
    vectors, asked = unit(rng, 300), unit(rng, 1)[0]
    single, many = Metric(inverse, centre), Metric(inverse, centre)
    for vector in vectors:
        single.learn(vector)
    many.learn_many(vectors)
    moved = (vectors - centre).astype(np.float64)
    exact = np.linalg.inv(np.linalg.inv(inverse.astype(np.float64)) + moved.T @ moved) @ (asked - centre)
    assert np.allclose(single.direction(asked), exact, atol=1e-5)
    assert np.allclose(many.direction(asked), exact, atol=1e-5)
    assert single.count == many.count == 300


def test_thousands_of_updates_stay_near_the_inverse() -> None:
    rng = np.random.default_rng(1)
    inverse, centre = shipped(rng)
    vectors, asked = unit(rng, 6000), unit(rng, 1)[0]
    single, many = Metric(inverse, centre), Metric(inverse, centre)
    for vector in vectors:
        single.learn(vector)
    many.learn_many(vectors)
    error = np.linalg.norm(single.direction(asked) - many.direction(asked))
    assert error < 1e-3 * np.linalg.norm(many.direction(asked))


def test_what_a_namespace_learns_stays_its_own() -> None:
    rng = np.random.default_rng(2)
    inverse, centre = shipped(rng)
    inverse.setflags(write=False)  # as read from a file
    before = inverse.copy()
    one, other = Metric(inverse, centre), Metric(inverse, centre)
    vectors = unit(rng, 40)
    one.learn(vectors[0])
    other.learn_many(vectors)
    other.learn(vectors[0])
    assert np.array_equal(inverse, before)
    assert not np.allclose(one.direction(vectors[1]), other.direction(vectors[1]))


def test_a_fresh_one_is_as_now_and_apart_from_then_on() -> None:
    rng = np.random.default_rng(3)
    old = Metric(*shipped(rng))
    vectors = unit(rng, 3)
    old.learn(vectors[0])
    fresh, now = old.fresh(), old.direction(vectors[2])
    assert np.array_equal(fresh.direction(vectors[2]), now)
    old.learn(vectors[1])
    assert np.array_equal(fresh.direction(vectors[2]), now)
    fresh.learn(vectors[2])
    again = old.direction(vectors[2])
    fresh.learn(vectors[0])
    assert np.array_equal(old.direction(vectors[2]), again)


def test_vectors_that_are_not_finite_teach_nothing() -> None:
    rng = np.random.default_rng(4)
    inverse, centre = shipped(rng)
    vectors, asked = unit(rng, 10), unit(rng, 1)[0]
    broken = vectors[0].copy()
    broken[3] = np.nan
    sound, tried = Metric(inverse, centre), Metric(inverse, centre)
    sound.learn_many(vectors)
    tried.learn(broken)
    tried.learn_many(np.vstack([broken, vectors, broken * np.inf]))
    tried.learn_many(np.empty((0, D), np.float32))
    assert tried.count == 10
    assert np.array_equal(tried.direction(asked), sound.direction(asked))


def test_a_group_is_told_by_the_direction_that_decides() -> None:
    """Prompts vary most along an axis that says nothing of the answer: the cosine is misled, the classifier is not."""
    rng = np.random.default_rng(5)
    metric = Metric(np.eye(D, dtype=np.float32), np.zeros(D, np.float32))

    def prompt(answer: int) -> NDArray[np.float32]:
        found = rng.normal(size=D) * 0.05
        found[0] = 4 * rng.normal()
        found[1] = 1 if answer else -1
        return found.astype(np.float32)

    totals = np.zeros((2, D), np.float32)
    for at in range(200):
        vector = prompt(at % 2)
        totals[at % 2] += vector
        metric.learn(vector)
    answers = [at % 2 for at in range(100)]
    told = [int(np.argmax(totals @ metric.direction(prompt(answer)))) for answer in answers]
    assert told == answers


@pytest.mark.parametrize("scale", [0.1, 1.0, 3.0])
def test_margins_are_the_log_odds_of_a_softmax(scale: float) -> None:
    scores = (np.random.default_rng(6).normal(size=7) * scale).astype(np.float32)
    p = softmax(np.append(4.0 * scores.astype(np.float64), 4.0 * 0.35))[:-1]
    with np.errstate(divide="ignore"):
        odds = np.log(p) - np.log1p(-p)
    sure = np.abs(odds) < 20
    found = np.array(group_margins(scores.tolist()))
    assert sure.any()
    assert np.allclose(found[sure], odds[sure], atol=1e-3)
    assert np.isfinite(found).all()


def test_margins_of_extreme_scores_are_finite() -> None:
    found = group_margins([1e6, -1e6, 0.0])
    assert np.isfinite(found).all()
    assert found[0] > 0 > found[2] > found[1]


@pytest.mark.parametrize("count", [1, 7, 8, 9, 16, 20])
def test_updates_count_at_once_and_for_everything_after_them(count: int) -> None:
    rng = np.random.default_rng(7)
    inverse, centre = shipped(rng)
    vectors, asked = unit(rng, 30), unit(rng, 1)[0]
    moved = (vectors - centre).astype(np.float64)

    def exact(rows: int) -> NDArray[np.float64]:
        precision = np.linalg.inv(inverse.astype(np.float64)) + moved[:rows].T @ moved[:rows]
        return np.asarray(np.linalg.inv(precision) @ (asked - centre))

    metric = Metric(inverse, centre)
    for vector in vectors[:count]:
        metric.learn(vector)
    assert np.allclose(metric.direction(asked), exact(count), atol=1e-5)
    copy = metric.fresh()
    assert np.allclose(copy.direction(asked), exact(count), atol=1e-5)
    metric.learn_many(vectors[count:])
    assert np.allclose(metric.direction(asked), exact(30), atol=1e-5)
    copy.learn(vectors[count])
    assert np.allclose(copy.direction(asked), exact(count + 1), atol=1e-5)
