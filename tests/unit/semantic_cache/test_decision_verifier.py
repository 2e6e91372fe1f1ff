"""semantic_cache/decision/verifier.py: numpy computes what torch trained; a pair's score is its own."""

from typing import Any

import numpy as np
import pytest

from halfpenny.semantic_cache.decision.prompts import Prompt, make_prompt, with_states
from halfpenny.semantic_cache.decision.tensors import ModelFileError, Tensors
from halfpenny.semantic_cache.decision.verifier import FLAGS, Verifier, token_flags

D, WIDTH = 16, 8
RNG = np.random.default_rng(0)


def prompt(text: str, width: int = WIDTH, dimensions: int = D, seed: int = 0) -> Prompt:
    """A token for each word and one in front; states and vector at random, but fixed by text and seed."""
    rng = np.random.default_rng([seed, *text.encode()])
    offsets, at = [(0, 0)], 0
    for word in text.split():
        offsets.append((at, at + len(word)))
        at += len(word) + 1
    vector = rng.normal(size=dimensions).astype(np.float32)
    ids = [101, *(sum(word.lower().encode()) for word in text.split())]
    states = rng.normal(size=(len(ids), width)).astype(np.float32)
    return make_prompt(text, vector / np.linalg.norm(vector), states, ids, offsets)


def random_weights(seed: int = 0, layers: int = 2) -> Tensors:
    rng = np.random.default_rng(seed)

    def some(*shape: int) -> Any:
        return (rng.normal(size=shape) / 2).astype(np.float32)

    weights = {
        "ln.weight": some(D), "ln.bias": some(D), "proj.weight": some(WIDTH, D), "proj.bias": some(WIDTH),
        "fl.weight": some(WIDTH, FLAGS), "fl.bias": some(WIDTH), "seg.weight": some(2, WIDTH),
        "norm.weight": some(WIDTH), "norm.bias": some(WIDTH), "pv.weight": some(WIDTH, D), "pv.bias": some(WIDTH),
        "out.0.weight": some(2 * WIDTH, 6 * WIDTH + 1), "out.0.bias": some(2 * WIDTH),
        "out.3.weight": some(2, 2 * WIDTH), "out.3.bias": some(2),
    }  # fmt: skip
    for at in range(layers):
        weights |= {
            f"enc.layers.{at}.{name}": value
            for name, value in {
                "norm1.weight": some(WIDTH), "norm1.bias": some(WIDTH), "norm2.weight": some(WIDTH),
                "norm2.bias": some(WIDTH), "self_attn.in_proj_weight": some(3 * WIDTH, WIDTH),
                "self_attn.in_proj_bias": some(3 * WIDTH), "self_attn.out_proj.weight": some(WIDTH, WIDTH),
                "self_attn.out_proj.bias": some(WIDTH), "linear1.weight": some(2 * WIDTH, WIDTH),
                "linear1.bias": some(2 * WIDTH), "linear2.weight": some(WIDTH, 2 * WIDTH), "linear2.bias": some(WIDTH),
            }.items()
        }  # fmt: skip
    return weights


SHORT = (prompt("wake me"), prompt("Wake me please"))
LONG = (prompt("play the 2 songs that I heard on the radio"), prompt("what is the height of that mountain over there"))


def test_numpy_computes_what_torch_does() -> None:
    torch = pytest.importorskip("torch")
    training = pytest.importorskip("halfpenny.semantic_cache.training.verifier")
    torch.manual_seed(3)
    network = training.Network(24).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.15)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    judge = Verifier(weights, name="random")
    texts = ["wake me", "Wake me at 7", "a much longer prompt about 12 things", "x", "bán xe", "bắn xe"]
    raw = [prompt(text, 24, 24) for text in texts]
    kept = [make_prompt(p.text, p.vector, judge.project(p.states), p.ids, ()) for p in raw]
    kept = [
        with_states(p, k.states)
        for p, k in zip(raw, kept, strict=True)
    ]
    numbers = [(a, b) for a in range(len(texts)) for b in range(len(texts))]
    with torch.no_grad():
        wanted = network(training.collate([(raw[a], raw[b]) for a, b in numbers])).numpy()
    found = judge.score([(kept[a], kept[b]) for a, b in numbers])
    assert found.shape == wanted.shape == (36, 2)
    assert wanted.std() > 0.1  # it says something
    assert np.abs(found - wanted).max() < 0.02  # the tanh form of GELU


def test_a_pairs_score_does_not_depend_on_the_batch() -> None:
    judge = Verifier(random_weights(), name="random")
    alone = np.concatenate([judge.score([pair]) for pair in (SHORT, LONG)])
    assert np.allclose(judge.score([SHORT, LONG]), alone, atol=1e-4)
    assert np.allclose(judge.score([LONG, SHORT])[::-1], alone, atol=1e-4)
    assert np.abs(alone[0] - alone[1]).min() > 1e-3


def test_sides_matter_only_by_their_own_weights() -> None:
    weights = random_weights()
    weights["seg.weight"][1] = weights["seg.weight"][0]
    for pair in (SHORT, LONG):
        one, turned = Verifier(weights, name="even").score([pair, pair[::-1]])
        assert np.allclose(one, turned, atol=1e-4)
    one, turned = Verifier(random_weights(1), name="odd").score([LONG, LONG[::-1]])
    assert not np.allclose(one, turned, atol=1e-4)


def test_without_states_it_has_no_opinion() -> None:
    judge = Verifier(random_weights(), name="random")
    mute = make_prompt("wake me", SHORT[0].vector, np.empty((0, WIDTH), np.float32), [], [])
    found = judge.score([(mute, SHORT[1]), SHORT, (SHORT[0], mute), (mute, mute)])
    assert np.array_equal(found[[0, 2, 3]], np.zeros((3, 2)))
    assert np.allclose(found[1], judge.score([SHORT])[0], atol=1e-5)
    assert judge.score([]).shape == (0, 2)
    assert judge.score([(mute, mute)]).tolist() == [[0, 0]]


def test_projecting_is_norm_and_linear() -> None:
    weights = random_weights()
    states = RNG.normal(size=(5, D)).astype(np.float32) * 3 + 1
    normed = (states - states.mean(1, keepdims=True)) / np.sqrt(states.var(1, keepdims=True) + 1e-5)
    wanted = (normed * weights["ln.weight"] + weights["ln.bias"]) @ weights["proj.weight"].T + weights["proj.bias"]
    assert np.allclose(Verifier(weights, name="x").project(states), wanted, atol=1e-4)


def test_flags_say_where_a_word_is_found() -> None:
    found = token_flags(prompt("Sell bán 7 cars"), prompt("bắn cars 8 sell"))
    assert found.tolist() == [
        [0, 0, 0, 0, 1, 1],  # [CLS], which both have
        [1, 0, 0, 1, 1, 0],  # the same word, with a capital
        [0, 1, 0, 0, 0, 0],  # but for its marks
        [0, 0, 1, 0, 0, 0],  # a number, another one
        [1, 0, 0, 0, 1, 0],
    ]


@pytest.mark.parametrize("name", sorted(random_weights()))
def test_weights_that_lack_anything_are_refused(name: str) -> None:
    weights = random_weights()
    del weights[name]
    with pytest.raises(ModelFileError):
        Verifier(weights, name="x")


@pytest.mark.parametrize("name", sorted(name for name in random_weights() if "out." not in name))
def test_weights_of_another_form_are_refused(name: str) -> None:
    weights = random_weights()
    for broken in (weights[name][..., None], np.concatenate([weights[name], weights[name]])):
        if name in ("pv.weight", "pv.bias") or "linear" in name:
            continue
        with pytest.raises(ModelFileError):
            Verifier(weights | {name: broken}, name="x")


def test_no_weights_and_no_layers_are_refused() -> None:
    for weights in ({}, random_weights(layers=0), {"proj.weight": np.zeros(3, np.float32)}):
        with pytest.raises(ModelFileError):
            Verifier(weights, name="x")
