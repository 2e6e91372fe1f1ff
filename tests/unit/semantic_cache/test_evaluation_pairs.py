"""Pairs, the gate's score, the kept prompts and an operator's labels: what is counted, and what is kept of a prompt."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.decision.calibrator import Prior
from halfpenny.semantic_cache.decision.model import Model, load_model
from halfpenny.semantic_cache.decision.prompts import MAX_TOKENS, Prompt, make_prompt
from halfpenny.semantic_cache.embedders import load_embedder
from halfpenny.semantic_cache.embedders.onnx import OnnxEmbedder
from halfpenny.semantic_cache.embedders.tokens import TokenStates
from halfpenny.semantic_cache.evaluation import embedding
from halfpenny.semantic_cache.evaluation.embedding import KeptPrompts
from halfpenny.semantic_cache.evaluation.pairs import (
    Case,
    Tally,
    read_pair_cases,
    read_raw_conversations,
    run_pairs,
    run_volatile,
)
from halfpenny.semantic_cache.evaluation.rows import RowsError, VolatileRow
from halfpenny.semantic_cache.evaluation.streams import Stream
from halfpenny.semantic_cache.training.refit import (
    TRUSTED,
    Labels,
    TooFewLabelsError,
    labels_of_pairs,
    labels_of_stream,
    log_loss,
    posterior,
    refit,
)


class Plain:
    """Prompts without vectors, by their text."""

    def of(self, text: str) -> Prompt:
        nothing = np.zeros((0, 4), dtype=np.float32)
        return make_prompt(text, np.zeros(4, dtype=np.float32), nothing, (), ())


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def onnx() -> OnnxEmbedder:
    embedder = load_embedder("onnx")
    assert isinstance(embedder, OnnxEmbedder)
    return embedder


def same_first_letter(model: Model, asked: Prompt, stored: Prompt, *, bound: float) -> bool:
    assert bound == 0.02
    return asked.text[0] == stored.text[0]


def test_cases_are_counted_by_label_and_kind(model: Model) -> None:
    cases = [
        Case("ax", "ay", 1, "good"),
        Case("ax", "by", 1, "good"),
        Case("ax", "ay", 0, "trap"),
        Case("ax", "by", 0, "trap"),
        Case("q", "r", 1, identical=True),
        Case("ax", "ay", 1, "good", together=False, why="another context"),
        Case("ax", "ax", 1, identical=True, together=False, why="too long"),
    ]
    found = run_pairs(cases, model, Plain(), bound=0.02, serves=same_first_letter)
    assert found.served == (True, False, True, False, True, False, True)
    assert found.total == Tally(pairs=7, true_hits=3, false_hits=1, missed=2)
    assert found.by_kind == {"good": Tally(3, 1, 0, 2), "trap": Tally(2, 0, 1, 0)}
    assert found.apart == {"another context": 1}
    document = found.document()
    assert {"pairs", "true_hits", "false_hits", "missed"} <= document.keys()
    assert document["served_same"] == pytest.approx(3 / 5)
    assert document["served_other"] == pytest.approx(1 / 2)
    assert document["precision"] == pytest.approx(3 / 4)
    assert document["by_kind"]["trap"]["served_other"] == 0.5


def test_nothing_served_divides_by_nothing(model: Model) -> None:
    found = run_pairs([Case("ax", "by", 0)], model, Plain(), bound=0.02, serves=same_first_letter).document()
    assert (found["served_same"], found["served_other"], found["precision"]) == (0.0, 0.0, 1.0)
    assert "by_kind" not in found
    assert "apart" not in found


def test_pairs_are_judged_by_the_rule_of_the_proxy(model: Model, onnx: OnnxEmbedder) -> None:
    cases = [
        Case("How do I reset my password?", "how do i reset my password", 1),
        Case("How do I boil an egg?", "Which trains go to Paris?", 0),
        Case("Set a timer for 5 minutes", "Set a timer for 50 minutes", 0),
    ]
    texts = [text for case in cases for text in (case.a, case.b)]
    found = run_pairs(cases, model, KeptPrompts(onnx, model.verifier, texts))
    assert found.served == (True, False, False)


def test_kinds_are_read_and_missing_ones_are_none(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"a": "x", "b": "x", "y": 1, "kind": "k"}\n{"a": "x", "b": "z", "y": 0}\n')
    first, second = read_pair_cases(file)
    assert (first.kind, first.identical, second.kind, second.identical) == ("k", True, "", False)
    file.write_text('{"a": "x", "b": "x", "y": 2}\n')
    with pytest.raises(RowsError, match=r"pairs.jsonl:1: field `y`"):
        read_pair_cases(file)


def test_conversations_keep_every_field_of_a_message(tmp_path: Path) -> None:
    file = tmp_path / "talks.jsonl"
    talk = [{"role": "user", "content": "hi", "name": "Ann"}]
    file.write_text(json.dumps({"a": talk, "b": talk, "y": 1}))
    (row,) = read_raw_conversations(file)
    assert row.a == talk
    file.write_text(json.dumps({"a": talk, "b": [{"content": "hi"}], "y": 1}))
    with pytest.raises(RowsError, match=r"talks.jsonl:1: field `b\[.*role`: is missing"):
        read_raw_conversations(file)


def test_the_gate_is_scored_both_ways() -> None:
    rows = [VolatileRow(text, y) for text, y in (("now", 1), ("then", 1), ("now and then", 0), ("never", 0))]
    found = run_volatile(rows, lambda text: "time" if "now" in text else None)
    assert (found.precision, found.recall) == (0.5, 0.5)
    assert (found.refused_wrongly, found.passed_wrongly) == ((2,), (1,))
    assert found.document()["true_positives"] == 1
    nothing = run_volatile(rows[3:], lambda text: None)
    assert (nothing.precision, nothing.recall) == (1.0, 1.0)


# prompts


class Counting:
    """The real embedder, which says what it was asked."""

    def __init__(self, embedder: OnnxEmbedder) -> None:
        self.name, self.dimensions = embedder.name, embedder.dimensions
        self.asked: list[str] = []
        self._embedder = embedder
        self.tokenize = embedder.tokenize
        self.embed = embedder.embed

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenStates]:
        self.asked += texts
        return self._embedder.embed_tokens(texts)


def test_each_text_is_embedded_once_and_kept_as_the_verifier_reads_it(
    model: Model, onnx: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "CHUNK", 2)
    monkeypatch.setattr(embedding, "HELD_PROMPTS", 2)
    long = "word " * 100
    texts = ["Bán xe ở đâu?", "b", "Bán xe ở đâu?", long, "What is 12 % of 80?", "b"]
    counting = Counting(onnx)
    told: list[tuple[int, int]] = []
    kept = KeptPrompts(counting, model.verifier, texts, lambda done, total: told.append((done, total)))
    assert sorted(counting.asked) == sorted(set(texts))
    assert told[-1] == (4, 4)
    assert kept.vectors_of(texts).shape == (6, onnx.dimensions)
    for _ in range(2):  # whatever was dropped meanwhile is made again
        for text, prompt in zip(texts, kept.rows(texts), strict=True):
            (whole,) = onnx.embed_tokens([text])
            expected = make_prompt(text, whole.pooled, model.verifier.project(whole.states), whole.ids, whole.offsets)
            assert prompt.text == text
            assert prompt.ids == expected.ids
            assert (prompt.words, prompt.tail) == (expected.words, expected.tail)
            # int8 weights: a vector depends a little on its companions of the batch
            assert float(prompt.vector @ expected.vector) > 0.995
    assert len(kept.of(long).ids) == MAX_TOKENS
    assert kept.of(long).tail
    with pytest.raises(KeyError):
        kept.of("another")


def test_an_embedder_without_tokens_leaves_the_verifier_without_an_opinion(model: Model) -> None:
    kept = KeptPrompts(load_embedder("hashing"), model.verifier, ["one text", "another"])
    assert model.verifier.score([(kept.of("one text"), kept.of("another"))]).tolist() == [[0.0, 0.0]]


def test_a_vector_that_is_no_vector_is_all_zeros(model: Model) -> None:
    class Broken:
        name, dimensions = "broken", 3

        def embed(self, texts: Sequence[str]) -> Vector:
            return np.array([[np.nan, 0, 0] if text == "bad" else [3, 0, 4] for text in texts], dtype=np.float32)

    kept = KeptPrompts(Broken(), model.verifier, ["good", "bad"])
    assert kept.of("bad").vector.tolist() == [0, 0, 0]
    assert kept.of("good").vector == pytest.approx([0.6, 0, 0.8])


# an operator's labels


def made_labels(count: int, weights: Sequence[float], seed: int = 5) -> Labels:
    rng = np.random.default_rng(seed)
    features = np.column_stack([np.ones(count), rng.normal(size=(count, len(weights) - 1))])
    right = (rng.random(count) < 1 / (1 + np.exp(-features @ np.array(weights)))).astype(np.float64)
    return Labels(features, right, np.ones(count))


def test_the_posterior_is_where_the_gradient_is_nothing() -> None:
    prior = Prior(np.array([0.5, -0.5, 0.0]), np.diag([1.0, 2.0, 0.5]))
    labels = made_labels(300, [0.0, 1.0, -1.0])
    found = posterior(prior, labels)
    p = 1 / (1 + np.exp(-labels.features @ found.mean))
    slope = labels.features.T @ (labels.right - p) - np.linalg.inv(prior.covariance) @ (found.mean - prior.mean)
    assert np.abs(slope).max() < 1e-6
    hessian = (labels.features * (p * (1 - p))[:, None]).T @ labels.features + np.linalg.inv(prior.covariance)
    np.testing.assert_allclose(found.covariance, np.linalg.inv(hessian), rtol=1e-6)


def test_many_labels_count_as_a_limited_number() -> None:
    prior = Prior(np.zeros(3), np.eye(3))
    some, many = (posterior(prior, made_labels(count, [0.0, 1.0, -1.0])) for count in (int(TRUSTED), 20_000))
    ratio = np.diag(many.covariance) / np.diag(some.covariance)
    assert ((ratio > 0.7) & (ratio < 1.4)).all()


def test_a_refit_is_measured_on_labels_that_it_has_not_seen() -> None:
    prior, labels = Prior(np.array([2.0, -1.0]), np.eye(2)), made_labels(400, [-1.0, 2.0])
    held_out = np.arange(400) >= 320
    found = refit(prior, labels, held_out)
    assert (found.labels, found.held_out) == (400, 80)
    assert found.after < found.before == log_loss(prior, labels.part(held_out))
    # the held-out labels turned round: what is learnt of the others is wrong there, and it says so
    turned = Labels(labels.features, np.where(held_out, 1 - labels.right, labels.right), labels.weight)
    assert refit(prior, turned, held_out).after > found.after


@pytest.mark.parametrize("count", [8, 30])
def test_too_few_labels_are_refused(count: int) -> None:
    with pytest.raises(TooFewLabelsError, match="too few labels"):
        refit(Prior(np.zeros(2), np.eye(2)), made_labels(count, [0.0, 1.0]), np.arange(count) % 5 == 0)


def test_labels_of_one_kind_only_are_refused() -> None:
    labels = made_labels(200, [0.0, 1.0])
    ones = Labels(labels.features, np.ones(200), labels.weight)
    with pytest.raises(TooFewLabelsError, match="some with the same answer and some with another"):
        refit(Prior(np.zeros(2), np.eye(2)), ones, np.arange(200) % 5 == 0)


def test_a_stream_gives_comparisons_and_a_pair_gives_one(model: Model, onnx: OnnxEmbedder) -> None:
    texts = ["open the door", "open the window", "please open the door", "what is love"]
    kept = KeptPrompts(onnx, model.verifier, texts)
    stream = Stream(texts, ["door", "window", "door", "love"], kept.vectors_of(texts))
    found = labels_of_stream(model, stream, kept.rows(texts))
    # each request is compared with the answers that were there before it: at most 0 + 1 + 2 + 2 groups
    assert 3 <= len(found.right) <= 5
    assert found.right.sum() == 1
    assert found.features.shape == (len(found.right), len(model.prior.mean))
    pair = labels_of_pairs(model, [(kept.of(texts[0]), kept.of(texts[2]), 1)])
    assert pair.features.shape == (1, len(model.prior.mean))
    assert pair.right.tolist() == [1.0]
