"""semantic_cache/training/verifier.py: it learns from pairs, and finds the pairs that teach."""

import numpy as np
import pytest

from halfpenny.semantic_cache.decision.prompts import Prompt, make_prompt, with_states
from halfpenny.semantic_cache.decision.verifier import Verifier

pytest.importorskip("torch")

from halfpenny.semantic_cache.training import verifier as training

D = 12
CITIES = ["paris", "rome", "oslo", "lima", "cairo", "delhi"]
FORMS = ["weather in {}", "how is {} today", "tell me of {} please", "{} then"]


def corpus() -> tuple[list[Prompt], np.ndarray]:
    rng = np.random.default_rng(0)
    states = {word: rng.normal(size=D) for form in FORMS for word in [*form.split(), *CITIES]}
    prompts, classes = [], []
    for number, city in enumerate(CITIES):
        for form in FORMS:
            text = form.format(city)
            offsets, at = [], 0
            for word in text.split():
                offsets.append((at, at + len(word)))
                at += len(word) + 1
            rows = np.stack([states[word] for word in text.split()]).astype(np.float32)
            mean = rows.mean(0)
            prompts.append(make_prompt(text, mean / np.linalg.norm(mean), rows, [0] * len(rows), offsets))
            classes.append(number)
    return prompts, np.array(classes)


def all_pairs(classes: np.ndarray) -> list[training.Pair]:
    count = range(len(classes))
    return [training.Pair(a, b, bool(classes[a] == classes[b]), training.STRICT) for a in count for b in count if a != b]


def test_it_learns_to_tell_pairs_apart() -> None:
    prompts, classes = corpus()
    pairs = all_pairs(classes)
    right = [pair for pair in pairs if pair.same]
    weights = training.train(prompts, [*pairs, *right * 5], seed=1, epochs=22)
    judge = Verifier(weights, name="tiny")
    kept = [
        make_prompt(p.text, p.vector, judge.project(p.states), p.ids, [(0, 0)] * len(p.ids)) for p in prompts
    ]
    kept = [
        with_states(p, k.states)
        for p, k in zip(prompts, kept, strict=True)
    ]
    logits = judge.score([(kept[pair.one], kept[pair.other]) for pair in pairs])[:, training.STRICT]
    same = np.array([pair.same for pair in pairs])
    assert logits[same].mean() > 1 > -1 > logits[~same].mean()
    assert ((logits > 0) == same).mean() > 0.95


def test_the_same_seed_gives_the_same_weights() -> None:
    prompts, classes = corpus()
    one, two, other = (training.train(prompts, all_pairs(classes), seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert any(not np.array_equal(one[name], other[name]) for name in one)
    assert {value.dtype for value in one.values() if value.ndim == 2} == {np.dtype(np.float16)}


def test_too_few_pairs_are_an_error_and_no_random_verifier() -> None:
    prompts, classes = corpus()
    with pytest.raises(ValueError, match="at least 256 pairs"):
        training.train(prompts, all_pairs(classes)[:255])


def test_pairs_that_teach() -> None:
    prompts, classes = corpus()
    vectors = np.stack([prompt.vector for prompt in prompts])
    found = training.mine(vectors, classes, np.random.default_rng(0), output=training.COARSE)
    assert all(pair.same == (classes[pair.one] == classes[pair.other]) for pair in found)
    assert all(pair.one != pair.other and pair.output == training.COARSE for pair in found)
    cosines = vectors @ vectors.T
    for row in range(len(classes)):
        own = [pair.other for pair in found if pair.one == row]
        for alike in (True, False):
            rows = [at for at in range(len(classes)) if at != row and (classes[at] == classes[row]) == alike]
            nearest = sorted(rows, key=lambda at: -cosines[row, at])[:2]
            assert set(nearest) <= set(own)
    fewer = training.mine(vectors, classes, np.random.default_rng(0), output=training.COARSE, anchors=5)
    assert len({pair.one for pair in fewer}) == 5


def test_one_class_and_single_prompts_give_what_they_can() -> None:
    vectors = np.eye(4, dtype=np.float32)
    alone = training.mine(vectors, np.arange(4), np.random.default_rng(0), output=0)
    assert alone
    assert not any(pair.same for pair in alone)
    alike = training.mine(vectors, np.zeros(4, np.int64), np.random.default_rng(0), output=0)
    assert alike
    assert all(pair.same for pair in alike)
