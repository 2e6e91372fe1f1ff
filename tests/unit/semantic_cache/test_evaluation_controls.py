"""Static thresholds: the fast search agrees with a plain one, and hindsight is an upper limit."""

import time

import numpy as np
import pytest

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.evaluation.controls import StaticThreshold, static_curve, static_in_hindsight
from halfpenny.semantic_cache.evaluation.streams import Order, Stream, arrival_order, run_rule, summary

THRESHOLDS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.97, 1.0)


def clusters(rows: int = 400, classes: int = 40, spread: float = 0.6, seed: int = 0, dimensions: int = 16) -> Stream:
    """Each class a cloud around a centre; the clouds overlap, so that every threshold makes some errors."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, dimensions))
    labels = rng.integers(0, classes, rows)
    vectors = (centres[labels] + spread * rng.normal(size=(rows, dimensions))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Stream([str(n) for n in range(rows)], labels.tolist(), vectors)


def plain(stream: Stream, threshold: float, order: Order, seed: int) -> tuple[list[bool], list[bool]]:
    """The definition, one request at a time: the nearest stored prompt is served, else the request is stored."""
    stored: list[int] = []
    hits, wrong = [], []
    for row in arrival_order(len(stream.texts), order, seed):
        cosines = [float(stream.vectors[row] @ stream.vectors[other]) for other in stored]
        best = int(np.argmax(cosines)) if stored else -1
        hit = best >= 0 and cosines[best] >= threshold - 1e-6
        hits.append(hit)
        wrong.append(hit and stream.classes[stored[best]] != stream.classes[row])
        if not hit:
            stored.append(int(row))
    return hits, wrong


@pytest.mark.parametrize("order", ["file", "shuffle"])
@pytest.mark.parametrize("threshold", THRESHOLDS)
def test_the_rule_does_what_the_definition_says(threshold: float, order: Order) -> None:
    stream = clusters()
    outcome = run_rule(StaticThreshold(threshold), stream, order=order, seed=5)
    assert (outcome.hit.tolist(), outcome.wrong.tolist()) == plain(stream, threshold, order, 5)
    assert outcome.labels_used == 0


@pytest.mark.parametrize("order", ["file", "shuffle"])
def test_one_pass_over_all_thresholds_gives_what_each_gives_alone(order: Order) -> None:
    stream = clusters()
    curve = static_curve(stream, THRESHOLDS, order=order, seed=5, warm_up=100)
    for at, threshold in enumerate(THRESHOLDS):
        alone = summary(run_rule(StaticThreshold(threshold), stream, order=order, seed=5), warm_up=100)
        assert curve.thresholds[at] == threshold
        assert curve.hit_rate[at] == pytest.approx(alone["hit_rate"])
        assert curve.false_hit_rate[at] == pytest.approx(alone["false_hit_rate"])
        assert curve.false_hit_rate_after_warmup[at] == pytest.approx(alone["false_hit_rate_after_warmup"])
    assert curve.hit_rate[0] > curve.hit_rate[-1], "the test has something to see"


@pytest.mark.parametrize("bound", [0.005, 0.02, 0.05, 0.2])
def test_hindsight_is_the_best_of_a_fine_grid_and_keeps_the_bound(bound: float) -> None:
    stream = clusters()
    (best,), curve = static_in_hindsight(stream, [bound])
    fine = static_curve(stream, np.linspace(0.3, 1, 2000))
    kept = fine.hit_rate[fine.false_hit_rate_after_warmup <= bound]
    assert best.false_hit_rate_after_warmup <= bound
    # The refinement need not find each single step of a path-dependent curve, but nearly all of it.
    assert best.hit_rate >= kept.max() - 0.01
    assert best.hit_rate >= curve.hit_rate[curve.false_hit_rate_after_warmup <= bound].max()
    again = summary(run_rule(StaticThreshold(best.threshold), stream))
    assert again["hit_rate"] == pytest.approx(best.hit_rate)
    assert again["false_hit_rate_after_warmup"] == pytest.approx(best.false_hit_rate_after_warmup)


def test_hindsight_serves_nothing_where_no_threshold_keeps_the_bound() -> None:
    vectors = np.ones((300, 4), dtype=np.float32) / 2
    (best,), _ = static_in_hindsight(Stream(["same"] * 300, list(range(300)), vectors), [0.01])
    assert (best.threshold, best.hit_rate, best.false_hit_rate) == (float("inf"), 0.0, 0.0)


def test_exact_copies_are_served_at_a_threshold_of_one() -> None:
    rng = np.random.default_rng(2)
    base = rng.normal(size=(100, 384)).astype(np.float32)
    base /= np.linalg.norm(base, axis=1, keepdims=True)
    outcome = run_rule(
        StaticThreshold(1.0), Stream(["t"] * 200, [*range(100), *range(100)], np.concatenate([base, base]))
    )
    assert outcome.hit.tolist() == [False] * 100 + [True] * 100
    assert not outcome.wrong.any()


def test_one_row_and_unusable_vectors() -> None:
    (best,), curve = static_in_hindsight(Stream(["a"], ["x"], np.eye(1, dtype=np.float32)), [0.01])
    assert (best.hit_rate, best.requests, curve.requests) == (0.0, 1, 1)
    vectors: Vector = np.ones((4, 2), dtype=np.float32)
    vectors[1] = np.nan
    curve = static_curve(Stream(["a"] * 4, ["x"] * 4, vectors), [0.5])
    assert curve.hit_rate.tolist() == [0.5], "the row with NaN is a miss, and no neighbour"
    nothing = static_curve(Stream(["a"], ["x"], np.full((1, 2), np.nan, dtype=np.float32)), [0.5])
    assert nothing.hit_rate.tolist() == [0.0]


def test_a_long_stream_is_cut_and_says_so() -> None:
    stream = clusters()
    (best,), curve = static_in_hindsight(stream, [0.05], max_rows=150)
    assert best.requests == curve.requests == 150
    cut = Stream(stream.texts[:150], stream.classes[:150], stream.vectors[:150])
    assert static_in_hindsight(cut, [0.05])[0][0] == best


def test_sixty_thresholds_over_two_thousand_rows_take_seconds() -> None:
    stream = clusters(rows=2000, dimensions=384)
    start = time.process_time()
    static_curve(stream, np.linspace(0.3, 1, 60))
    # 5,000 rows may take 60 s and the work grows with the square: 9.6 s would be the bound here.
    assert time.process_time() - start < 9.6
