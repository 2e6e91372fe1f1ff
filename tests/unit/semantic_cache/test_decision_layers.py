"""semantic_cache/decision/layers.py: folded weights compute what the plain ones do."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from halfpenny.semantic_cache.decision.layers import AFTER_GELU, BEFORE_GELU, centred, folded, gelu, run

WIDTH, HEADS = 12, 3
Exact = NDArray[np.float64]


def weights(seed: int, size: float = 0.5) -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    shapes = {
        "norm1.weight": (WIDTH,), "norm1.bias": (WIDTH,), "norm2.weight": (WIDTH,), "norm2.bias": (WIDTH,),
        "self_attn.in_proj_weight": (3 * WIDTH, WIDTH), "self_attn.in_proj_bias": (3 * WIDTH,),
        "self_attn.out_proj.weight": (WIDTH, WIDTH), "self_attn.out_proj.bias": (WIDTH,),
        "linear1.weight": (20, WIDTH), "linear1.bias": (20,), "linear2.weight": (WIDTH, 20), "linear2.bias": (WIDTH,),
    }  # fmt: skip
    return {name: (rng.normal(size=shape) * size).astype(np.float32) for name, shape in shapes.items()}


def normed(x: Exact, w: Mapping[str, Exact], name: str) -> Exact:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * w[f"{name}.weight"] + w[
        f"{name}.bias"
    ]


def tanh_gelu(x: Exact) -> Exact:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def plainly(x: Exact, w: Mapping[str, Exact]) -> Exact:
    """One sequence through one layer, as the textbooks write it."""
    query, key, value = np.split(
        normed(x, w, "norm1") @ w["self_attn.in_proj_weight"].T + w["self_attn.in_proj_bias"], 3, axis=1
    )
    heads = []
    for q, k, v in zip(*(np.split(one, HEADS, axis=1) for one in (query, key, value)), strict=True):
        scores = q @ k.T / math.sqrt(WIDTH // HEADS)
        shares = np.exp(scores - scores.max(1, keepdims=True))
        heads.append(shares / shares.sum(1, keepdims=True) @ v)
    x = x + np.hstack(heads) @ w["self_attn.out_proj.weight"].T + w["self_attn.out_proj.bias"]
    inner = tanh_gelu(normed(x, w, "norm2") @ w["linear1.weight"].T + w["linear1.bias"])
    return np.asarray(x + inner @ w["linear2.weight"].T + w["linear2.bias"])


def both_ways(layers: Sequence[Mapping[str, NDArray[np.float32]]], sizes: Sequence[int]) -> tuple[Exact, Exact]:
    """What is left of the stream by the plain weights, centred, and by the folded ones."""
    rng = np.random.default_rng(9)
    sequences = [rng.normal(size=(size, WIDTH)) for size in sizes]
    ends = np.cumsum(sizes).tolist()
    start = np.concatenate([centred(one) for one in sequences]).astype(np.float32)
    found = run([folded(w, HEADS) for w in layers], start, list(zip([0, *ends], ends, strict=False)))
    for w in layers:
        exact = {name: value.astype(np.float64) for name, value in w.items()}
        sequences = [plainly(one, exact) for one in sequences]
    return centred(np.concatenate(sequences)), found.astype(np.float64)


@pytest.mark.parametrize("sizes", [(1,), (7,), (5, 1, 9, 2)])
@pytest.mark.parametrize("count", [1, 3])
def test_folded_weights_compute_the_same(sizes: tuple[int, ...], count: int) -> None:
    wanted, found = both_ways([weights(seed) for seed in range(count)], sizes)
    assert np.allclose(found, wanted, atol=1e-3)
    assert wanted.std() > 0.5


def test_scores_of_any_size_are_sound() -> None:
    small, large = weights(1, 0.3), weights(1, 0.3)
    for name in ("self_attn.in_proj_weight", "self_attn.in_proj_bias"):
        large[name] = large[name] * 40
    assert folded(small, HEADS).bounded
    assert not folded(large, HEADS).bounded
    for one in (small, large):
        wanted, found = both_ways([one], (6, 4))
        assert np.allclose(found, wanted, atol=2e-2 if one is large else 1e-4)


def test_scores_of_a_bounded_layer_keep_its_bound() -> None:
    rng = np.random.default_rng(3)
    for seed in range(5):
        layer = folded(weights(seed, 0.8), HEADS)
        rows = centred(rng.normal(size=(400, WIDTH))).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        joint = np.hstack([rows, np.ones((400, 1), np.float32)]) @ layer.joint
        query, key = (np.split(joint[:, at : at + WIDTH], HEADS, axis=1) for at in (0, WIDTH))
        largest = max(float(np.abs(q @ k.T).max()) for q, k in zip(query, key, strict=True))
        assert largest <= 80 or not layer.bounded


def test_gelu_is_gelu_but_for_its_factors() -> None:
    x = np.linspace(-8, 8, 400)
    found = gelu((x * BEFORE_GELU).astype(np.float32)) * AFTER_GELU
    exact = np.array([0.5 * one * (1 + math.erf(one / math.sqrt(2))) for one in x])
    assert np.allclose(found, tanh_gelu(x), atol=1e-5)
    assert np.abs(found - exact).max() < 1e-3
