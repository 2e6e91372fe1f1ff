"""semantic_cache/evaluation/learned.py: the proxy's decision over a stream, which sees no label that it did not pay for."""

import numpy as np
import pytest

from halfpenny.semantic_cache.decision.model import load_model
from halfpenny.semantic_cache.decision.prompts import make_prompt
from halfpenny.semantic_cache.embedders.onnx import OnnxEmbedder
from halfpenny.semantic_cache.evaluation.learned import Learned
from halfpenny.semantic_cache.evaluation.streams import Outcome, Stream, run_rule
from halfpenny.semantic_cache.training.generators import stream

pytestmark = pytest.mark.model
REQUESTS = 500


@pytest.fixture(scope="module")
def traffic() -> tuple[Learned, Stream]:
    """A few families of prompts, each asked again and again in other words."""
    made = stream(5, 6000, language="en")
    families = sorted({one.family for one in made})[:12]
    made = [one for one in made if one.family in families][:REQUESTS]
    texts = [one.text for one in made]
    embedder, model = OnnxEmbedder(), load_model()
    tokens = embedder.embed_tokens(texts)
    prompts = [
        make_prompt(text, one.pooled, model.verifier.project(one.states), one.ids, one.offsets)
        for text, one in zip(texts, tokens, strict=True)
    ]
    rule = Learned("learned", lambda: model.namespace(0.02), prompts, model.verifier)
    return rule, Stream(texts, [one.cls for one in made], np.stack([one.pooled for one in tokens]))


@pytest.fixture(scope="module")
def outcome(traffic: tuple[Learned, Stream]) -> Outcome:
    return run_rule(*traffic, seed=1)


def test_it_hits_and_keeps_its_promise(traffic: tuple[Learned, Stream], outcome: Outcome) -> None:
    requests = len(outcome.hit)
    assert requests >= 150
    assert outcome.hit.sum() > 0.02 * requests
    assert outcome.wrong.sum() <= 0.03 * requests
    assert outcome.labels_used == requests - outcome.hit.sum()  # a label for every miss, none for a hit


def test_the_same_seed_gives_the_same_run(traffic: tuple[Learned, Stream]) -> None:
    outcome = run_rule(*traffic, seed=1)
    probabilities = [p for _, p, _, _ in traffic[0].trace]
    again = run_rule(*traffic, seed=1)
    assert np.array_equal(again.hit, outcome.hit)
    assert np.array_equal(again.asked, outcome.asked)
    assert [p for _, p, _, _ in traffic[0].trace] == probabilities


def test_labels_of_served_requests_change_nothing(traffic: tuple[Learned, Stream], outcome: Outcome) -> None:
    """Were they looked at, the run would be another one: now they are all wrong."""
    rule, whole = traffic
    lied = [f"other {at}" if hit else str(cls) for at, (cls, hit) in enumerate(zip(whole.classes, outcome.hit, strict=True))]
    found = run_rule(rule, Stream(whole.texts, lied, whole.vectors), seed=1)
    assert np.array_equal(found.hit, outcome.hit)
    assert np.array_equal(found.asked, outcome.asked)
    assert found.wrong.sum() == found.hit.sum() > 0


def test_labels_of_fetched_requests_do_change_it(traffic: tuple[Learned, Stream], outcome: Outcome) -> None:
    rule, whole = traffic
    apart = Stream(whole.texts, list(range(len(whole.texts))), whole.vectors)
    found = run_rule(rule, apart, seed=1)  # no answer ever comes again: it learns not to serve
    half = len(found.hit) // 2
    assert found.hit[half:].sum() < max(outcome.hit[half:].sum(), 1)


def test_the_trace_names_what_was_weighed(traffic: tuple[Learned, Stream]) -> None:
    rule, whole = traffic
    run_rule(rule, whole, seed=1)
    asked = [row for _, _, row, _ in rule.trace]
    assert asked == sorted(asked)
    assert all(nearest < row for _, _, row, nearest in rule.trace)  # stored before it was asked
    assert all(0 <= p <= 1 and np.isfinite(features).all() for features, p, _, _ in rule.trace)
