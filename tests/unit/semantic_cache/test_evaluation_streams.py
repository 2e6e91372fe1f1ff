"""A rule is scored by what it did, and cannot see the label of a request that it serves."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.evaluation.streams import (
    Answers,
    LabelLeak,
    Outcome,
    RuleError,
    Stream,
    arrival_order,
    load_stream,
    mean_summary,
    run_rule,
    run_seeds,
    summary,
)

Body = Callable[[Answers, NDArray[np.int64], np.random.Generator], None]


class Scripted:
    """A rule made of one function, to do what is wanted of it."""

    name = "scripted"

    def __init__(self, body: Body) -> None:
        self.body = body

    def run(
        self,
        texts: Sequence[str],
        answers: Answers,
        vectors: Vector,
        order: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> Outcome:
        self.body(answers, order, rng)
        return answers.outcome(np.arange(len(order), dtype=np.float64))


def fetch_all(answers: Answers, order: NDArray[np.int64], _rng: np.random.Generator) -> None:
    for row in order:
        answers.fetch(int(row))


def first_serves_all(answers: Answers, order: NDArray[np.int64], _rng: np.random.Generator) -> None:
    for at, row in enumerate(order):
        answers.serve(int(row), int(order[0])) if at else answers.fetch(int(row))


def stream(classes: Sequence[str], vectors: Vector | None = None) -> Stream:
    rows = len(classes)
    return Stream(
        [f"t{n}" for n in range(rows)], classes, np.eye(rows, dtype=np.float32) if vectors is None else vectors
    )


# the score


def test_hits_and_false_hits_are_counted_from_the_true_classes() -> None:
    found = summary(run_rule(Scripted(first_serves_all), stream(["a", "a", "b", "a"])))
    assert found["requests"] == 4
    assert (found["hits"], found["false_hits"]) == (3, 1)
    assert (found["hit_rate"], found["false_hit_rate"]) == (0.75, 0.25)
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["labels_used"] == 0
    assert (found["p50_ms"], found["p99_ms"]) == (1.5, pytest.approx(2.97))


def test_nothing_served_is_precise_and_useless() -> None:
    found = summary(run_rule(Scripted(fetch_all), stream(["a", "a"])))
    assert (found["hits"], found["precision"], found["net_rate"]) == (0, 1.0, 0.0)


def test_exploring_is_a_miss_that_the_net_rate_pays_for() -> None:
    def body(answers: Answers, order: NDArray[np.int64], _rng: np.random.Generator) -> None:
        answers.fetch(0)
        answers.fetch(1, explored=True)
        answers.serve(2, 0)
        answers.serve(3, 1)

    found = summary(run_rule(Scripted(body), stream(["a"] * 4)))
    assert (found["hit_rate"], found["reasked_rate"], found["net_rate"]) == (0.5, 0.25, 0.25)


def test_the_bound_is_measured_behind_the_warm_up() -> None:
    outcome = run_rule(Scripted(first_serves_all), stream(["a", "b", "b", "a", "a", "a", "b", "a"]))
    assert summary(outcome, warm_up=3)["false_hit_rate_after_warmup"] == pytest.approx(1 / 5)
    assert summary(outcome, warm_up=3)["false_hit_rate"] == pytest.approx(3 / 8)
    assert summary(outcome, warm_up=8)["false_hit_rate_after_warmup"] == pytest.approx(3 / 8), "no more than warm-up"


def test_seeds_give_means_and_the_worst() -> None:
    def body(answers: Answers, order: NDArray[np.int64], rng: np.random.Generator) -> None:
        answers.fetch(0)
        answers.serve(1, 0) if rng.random() < 0.5 else answers.fetch(1)

    single = [summary(run_rule(Scripted(body), stream(["a", "b"]), seed=seed)) for seed in range(8)]
    rates = [one["false_hit_rate"] for one in single]
    assert set(rates) == {0.0, 0.5}, "the seed reaches the rule"
    means = run_seeds(Scripted(body), stream(["a", "b"]), seeds=8)
    assert means["false_hit_rate"] == pytest.approx(np.mean(rates))
    assert means["worst_false_hit_rate"] == means["worst_false_hit_rate_after_warmup"] == 0.5
    assert {*means} == {*single[0], "worst_false_hit_rate", "worst_false_hit_rate_after_warmup"}
    with pytest.raises(ValueError, match="seeds"):
        run_seeds(Scripted(body), stream(["a"]), seeds=0)
    with pytest.raises(ValueError, match="no run"):
        mean_summary([])


# labels


def test_a_label_is_there_for_a_miss_and_counted_once() -> None:
    def body(answers: Answers, order: NDArray[np.int64], _rng: np.random.Generator) -> None:
        answers.fetch(0)
        answers.fetch(1)
        assert answers.labels_used == 0
        assert answers.ask(0) == answers.ask(0) == answers.ask(1)
        answers.fetch(2)
        assert answers.agrees(2, 0) is False
        assert answers.agrees(2, 1) is False

    assert summary(run_rule(Scripted(body), stream(["a", "a", "b"])))["labels_used"] == 3


@pytest.mark.parametrize("look", [lambda a: a.ask(1), lambda a: a.agrees(1, 0)])
def test_a_rule_that_looks_at_the_label_of_what_it_served_is_stopped(look: Callable[[Answers], object]) -> None:
    def cheat(answers: Answers, order: NDArray[np.int64], _rng: np.random.Generator) -> None:
        answers.fetch(0)
        answers.serve(1, 0)
        look(answers)

    with pytest.raises(LabelLeak):
        run_rule(Scripted(cheat), stream(["a", "b"]))


@pytest.mark.parametrize("look", [lambda a: a.ask(1), lambda a: a.agrees(1, 0), lambda a: a.agrees(0, 1)])
def test_a_rule_that_looks_first_and_serves_then_is_stopped(look: Callable[[Answers], object]) -> None:
    """The label of a request that has not arrived, or is still undecided, is out of reach: no peeking ahead."""

    def cheat(answers: Answers, order: NDArray[np.int64], _rng: np.random.Generator) -> None:
        answers.fetch(0)
        look(answers)
        answers.serve(1, 0)

    with pytest.raises(LabelLeak):
        run_rule(Scripted(cheat), stream(["a", "b"]))


def out_of_order(answers: Answers) -> None:
    answers.fetch(1)


def twice(answers: Answers) -> None:
    answers.fetch(0)
    answers.fetch(0)


def fetched_then_served(answers: Answers) -> None:
    answers.fetch(0)
    answers.fetch(1)
    answers.ask(1)
    answers.serve(1, 0)


def from_nothing(answers: Answers) -> None:
    answers.fetch(0)
    answers.serve(1, 2)


def from_a_hit(answers: Answers) -> None:
    answers.fetch(0)
    answers.serve(1, 0)
    answers.serve(2, 1)


def too_many(answers: Answers) -> None:
    for row in (0, 1, 2, 0):
        answers.fetch(row)


@pytest.mark.parametrize("body", [out_of_order, twice, fetched_then_served, from_nothing, from_a_hit, too_many])
def test_what_a_cache_cannot_do_is_refused(body: Callable[[Answers], None]) -> None:
    with pytest.raises(RuleError):
        run_rule(Scripted(lambda answers, _order, _rng: body(answers)), stream(["a", "b", "a"]))


def test_unsettled_requests_are_refused() -> None:
    with pytest.raises(RuleError, match="2 requests were never settled"):
        run_rule(Scripted(lambda answers, _order, _rng: answers.fetch(0)), stream(["a", "b", "a"]))


def test_a_rule_cannot_report_what_it_did_not_do() -> None:
    class Boasting(Scripted):
        def run(self, *arguments: object) -> Outcome:
            done = super().run(*arguments)  # type: ignore[arg-type]
            return Outcome(np.ones_like(done.hit), done.wrong, done.asked, 0, done.decision_ms, done.order)

    with pytest.raises(RuleError, match="not what it did"):
        run_rule(Boasting(fetch_all), stream(["a", "b"]))


def test_times_must_be_given_for_every_request() -> None:
    answers = Answers(np.array([0, 0]), np.array([0, 1]))
    answers.fetch(0)
    answers.fetch(1)
    with pytest.raises(RuleError, match="decision_ms"):
        answers.outcome([1.0])


# label noise


def noisy(noise: float, seed: int = 0, classes: int = 4, rows: int = 4000) -> tuple[Answers, NDArray[np.int64]]:
    truth = np.random.default_rng(9).integers(0, classes, rows)
    answers = Answers(truth, np.arange(rows), noise=noise, rng=np.random.default_rng(seed))
    for row in range(rows):
        answers.fetch(row)
    return answers, truth


def test_a_label_is_wrong_with_the_given_probability_and_stays_so() -> None:
    answers, truth = noisy(0.2)
    seen = np.array([answers.ask(row) for row in range(len(truth))])
    assert (seen != truth).mean() == pytest.approx(0.2, abs=0.03)
    assert [answers.ask(row) for row in range(len(truth))] == seen.tolist()
    assert set(seen) <= set(truth), "a wrong label is another class of the stream"


def test_a_comparison_errs_in_both_directions() -> None:
    answers, truth = noisy(0.1)
    same = [row for row in range(1, len(truth)) if truth[row] == truth[0]]
    other = [row for row in range(1, len(truth)) if truth[row] != truth[0]]
    assert np.mean([not answers.agrees(row, 0) for row in same]) == pytest.approx(0.1, abs=0.04)
    first = [answers.agrees(row, 0) for row in other]
    assert np.mean(first) == pytest.approx(0.1, abs=0.04)
    assert [answers.agrees(row, 0) for row in other] == first


def test_with_one_class_only_a_wrong_label_is_a_new_class() -> None:
    answers, _ = noisy(0.5, classes=1, rows=50)
    assert {answers.ask(row) for row in range(50)} == {0, 1}


def test_noise_never_touches_the_score() -> None:
    body = Scripted(first_serves_all)
    clean, dirty = (run_rule(body, stream(["a", "b", "a"]), label_noise=noise) for noise in (0.0, 0.9))
    assert clean.wrong.tolist() == dirty.wrong.tolist() == [False, True, False]


@pytest.mark.parametrize("noise", [-0.1, 1.0])
def test_noise_is_a_probability(noise: float) -> None:
    with pytest.raises(ValueError, match="noise"):
        run_rule(Scripted(fetch_all), stream(["a"]), label_noise=noise)


# order, warm start, bad vectors


def test_orders_are_permutations_of_the_seed_alone() -> None:
    assert arrival_order(5, "file", 3).tolist() == [0, 1, 2, 3, 4]
    one, other = arrival_order(50, "shuffle", 1), arrival_order(50, "shuffle", 2)
    assert sorted(one) == sorted(other) == list(range(50))
    assert one.tolist() != other.tolist()
    assert arrival_order(50, "shuffle", 1).tolist() == one.tolist()


def test_the_outcome_is_in_order_of_arrival() -> None:
    classes = ["a", "b"] * 10
    outcome = run_rule(Scripted(first_serves_all), stream(classes), order="shuffle", seed=4)
    first = classes[outcome.order[0]]
    assert outcome.wrong.tolist() == [classes[row] != first for row in outcome.order]
    assert not outcome.hit[0]


def test_a_warm_start_serves_from_the_first_file_but_scores_the_second() -> None:
    warm = stream(["a", "b"], np.eye(3, dtype=np.float32)[:2])

    def body(answers: Answers, order: NDArray[np.int64], _rng: np.random.Generator) -> None:
        answers.fetch(0)
        answers.fetch(1)
        answers.ask(1)
        answers.serve(2, 0)
        answers.serve(3, 1)
        answers.fetch(4, explored=True)
        answers.ask(4)

    outcome = run_rule(Scripted(body), stream(["a", "a", "c"]), warm=warm)
    assert outcome.hit.tolist() == [True, True, False]
    assert outcome.wrong.tolist() == [False, True, False], "classes mean the same in both files"
    assert outcome.asked.tolist() == [False, False, True]
    assert outcome.labels_used == 1, "the warm file's labels are not counted"
    assert outcome.decision_ms.tolist() == [2, 3, 4]
    assert outcome.order.tolist() == [0, 1, 2]


def test_unusable_vectors_are_misses_that_no_rule_sees() -> None:
    vectors = np.eye(4, dtype=np.float32)
    vectors[0, 0], vectors[2, 0] = 0.0, np.nan
    seen: list[int] = []

    def body(answers: Answers, order: NDArray[np.int64], rng: np.random.Generator) -> None:
        seen.extend(order.tolist())
        first_serves_all(answers, order, rng)

    outcome = run_rule(Scripted(body), stream(["a", "b", "a", "b"], vectors))
    assert seen == [1, 3]
    assert outcome.hit.tolist() == [False, False, False, True]
    assert outcome.wrong.tolist() == [False] * 4
    assert summary(outcome)["unusable_vectors"] == 2


def test_a_stream_without_a_single_usable_vector_is_all_misses() -> None:
    found = summary(run_rule(Scripted(fetch_all), stream(["a", "a"], np.full((2, 2), np.nan, dtype=np.float32))))
    assert (found["requests"], found["hits"], found["unusable_vectors"]) == (2, 0, 2)


def test_a_stream_is_of_one_length_and_not_empty(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="differ in length"):
        Stream(["a"], ["x", "y"], np.eye(1, dtype=np.float32))
    with pytest.raises(ValueError, match="at least one"):
        Stream([], [], np.empty((0, 3), dtype=np.float32))
    (tmp_path / "s.jsonl").write_text('{"id": 1, "text": "a", "cls": 3}\n')
    assert load_stream(tmp_path / "s.jsonl") == (["a"], [3])
