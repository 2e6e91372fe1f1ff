"""semantic_cache/decision/cold.py: what a namespace that has seen nothing serves, with the real embedder and model."""

from random import Random

import numpy as np
import pytest

from halfpenny.semantic_cache.decision.cold import first_decision, serves
from halfpenny.semantic_cache.decision.evidence import FEATURES, Candidate, Near
from halfpenny.semantic_cache.decision.model import Model, load_model
from halfpenny.semantic_cache.decision.prompts import Prompt, make_prompt
from halfpenny.semantic_cache.embedders.onnx import OnnxEmbedder

pytestmark = pytest.mark.model


class Reader:
    def __init__(self) -> None:
        self.embedder = OnnxEmbedder()
        self.model: Model = load_model()

    def __call__(self, text: str) -> Prompt:
        found = self.embedder.embed_tokens([text])[0]
        return make_prompt(text, found.pooled, self.model.verifier.project(found.states), found.ids, found.offsets)

    def serves(self, asked: str, stored: str, **how: float) -> bool:
        return serves(self.model, self(asked), self(stored), **how)


@pytest.fixture(scope="module")
def read() -> Reader:
    return Reader()


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ("What's the capital city of France?", "What is the capital of France?"),
        ("What is the capital of France?", "What's the capital city of France?"),
        ("what is the capital of france", "What is the capital of France?"),
        ("What is the capital of France?", "What is the capital of France?"),
    ],
)
def test_a_rephrasing_is_served(read: Reader, asked: str, stored: str) -> None:
    assert read.serves(asked, stored)
    assert not read.serves(asked, stored, bound=0.0)


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ("What is the capital of Germany?", "What is the capital of France?"),
        ("What's the capital city of Germany?", "What is the capital of France?"),
        ("How many ounces are in 5 pounds?", "How many ounces are in 6 pounds?"),
        ("Convert 1.5 miles to kilometers", "Convert 15 miles to kilometers"),
        ("How long do I boil an egg for 3 people?", "How long do I boil an egg for three hundred people?"),
        ("Is it safe to eat raw eggs?", "Is it not safe to eat raw eggs?"),
        ("Which foods contain gluten?", "Which foods don't contain gluten?"),
        ("How do I turn on dark mode?", "How do I turn off dark mode?"),
        ("Translate hello from English to French", "Translate hello from French to English"),
        ("Cách bán xe", "Cách bắn xe"),
        ("Giá vàng là gì", "Giá vang là gì"),
        ("What happened in May 1968?", "What happened in March 1968?"),
        ("Who wrote Hamlet?", "When was Hamlet written?"),
        ("Play jazz", "What is the capital of France?"),
        ("", "What is the capital of France?"),
    ],
)
def test_a_twin_with_another_answer_is_not(read: Reader, asked: str, stored: str) -> None:
    assert not read.serves(asked, stored)
    assert not read.serves(stored, asked)


def test_a_tail_that_is_not_read_refuses(read: Reader) -> None:
    start = "Please summarise the following list of words for me in one sentence: " + "apple pear plum " * 14
    first, other = read(start + "end red"), read(start + "end blue")
    assert len(first.tail) > 1
    decision = first_decision(read.model, other, first)
    assert not decision.served
    assert decision.vetoed == "tail"


def test_broken_embeddings_are_not_served(read: Reader) -> None:
    sound = read("What is the capital of France?")
    for value in (np.nan, np.inf):
        vector = sound.vector * np.float32(value)
        broken = make_prompt(sound.text, vector, sound.states, sound.ids, ())
        with np.errstate(all="ignore"):
            assert not serves(read.model, broken, sound, bound=0.5)
            assert not serves(read.model, sound, broken, bound=0.5)


def test_a_decision_explains_itself(read: Reader) -> None:
    decision = first_decision(read.model, read("What is the capital of Germany?"), read("What is the capital of France?"))
    assert decision.best is not None
    assert decision.best.near.entry_id == "stored"
    assert decision.vetoed
    assert "names" in decision.best.refusals
    assert not decision.reasked
    assert decision.explored == 0.0


@pytest.mark.parametrize(
    ("refused", "served"), [((), True), (("tail",), False), (("length", "words"), False), (("names",), True)]
)
def test_words_past_what_is_read_must_be_the_same_in_a_warm_namespace_too(
    refused: tuple[str, ...], served: bool
) -> None:
    model = load_model()
    namespace = model.namespace(0.01, reasked=0.0)
    features = np.zeros(len(FEATURES))
    for _ in range(60):
        namespace.calibrator.add(features, 1.0)
    namespace.budget.threshold = 0.5
    vector = np.eye(1, 384, dtype=np.float32)[0]
    prompt = make_prompt("hello", vector, np.zeros((1, model.verifier.width), dtype=np.float32), [1], [(0, 5)])
    surely = np.where(np.array(FEATURES) == "one", 1.0, 0.0)
    decision = namespace.decide([Candidate(Near("e", "e", prompt, 0.99), surely, refused, "")], Random(0))
    assert not namespace.cold
    assert decision.served is served
