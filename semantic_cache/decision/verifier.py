"""The pair verifier: may the answer to one prompt be given to the other?

A small transformer reads both prompts at once, on top of the token states that the embedder makes anyway (late
interaction): per pair it costs about 0.1 ms instead of a second run of a sentence model. Beside its state
each token carries what an uncased tokenizer loses or a pooled vector hides: whether its word occurs in the other
prompt, with or without its diacritics, whether it is a number or capitalised.

It has two outputs, logits of "the same answer is right": `strict`, where one other slot value is another answer, and
`coarse`, where the kind of request decides. Which of them a namespace follows is for its calibrator to learn; neither
is ever a veto (a strict verifier alone is worse than the cosine where one answer serves a whole intent).

Trained by `halfpenny.semantic_cache.training`; the weights are a safetensors file, checked by SHA-256.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np

from halfpenny.semantic_cache.decision.layers import (
    AFTER_GELU,
    BEFORE_GELU,
    Array,
    centred,
    folded,
    gelu,
    lengths,
    run,
    scale,
)
from halfpenny.semantic_cache.decision.prompts import Prompt
from halfpenny.semantic_cache.decision.tensors import ModelFileError, Tensors, read_tensors

FLAGS = 6
HEADS = 4
_SAID, _BUT_FOR_MARKS, _DIGIT, _CAPITAL, _SAME_TOKEN, _NO_WORD = (1 << bit for bit in range(FLAGS))
_BITS = (np.arange(1 << FLAGS)[:, None] >> np.arange(FLAGS) & 1).astype(np.float32)
"""Flags of each code, shape (2^FLAGS, FLAGS)."""


class Verifier:
    """Numpy only; called from one thread. Raises ModelFileError for a file that is not such a model."""

    def __init__(self, weights: Tensors, *, name: str) -> None:
        self.name = name
        """Weights and form: what is kept under another name cannot be compared."""
        self._weights = {key: np.asarray(value, dtype=np.float32) for key, value in weights.items()}
        projection = self._weights.get("proj.weight", np.empty(0, dtype=np.float32))
        if projection.ndim != 2:
            raise ModelFileError("the verifier's weights lack proj.weight")
        self.width, self.dimensions = projection.shape
        layers = len({key.split(".")[2] for key in self._weights if key.startswith("enc.layers.")})
        for key, shape in _shapes(self.width, self.dimensions, layers).items():
            if key not in self._weights:
                raise ModelFileError(f"the verifier's weights lack {key}")
            found = self._weights[key].shape
            if len(found) != len(shape) or any(one not in (size, -1) for one, size in zip(shape, found, strict=True)):
                raise ModelFileError(f"the verifier's {key} has the shape {found}")
        if not layers or self.width % HEADS:
            raise ModelFileError("the verifier's weights have another form")
        w = self._weights
        self._layers = [folded(_within(w, f"enc.layers.{at}."), HEADS) for at in range(layers)]
        self._mean = np.full(self.width, 1 / self.width, dtype=np.float32)
        self._flagged = _flag_rows(w)
        self._scaled = w["norm.weight"] * np.float32(scale(self.width))
        self._pooled = np.ascontiguousarray(w["pv.weight"].T)
        self._hidden = np.ascontiguousarray(w["out.0.weight"].T) * np.float32(BEFORE_GELU)
        self._hidden_bias = w["out.0.bias"] * np.float32(BEFORE_GELU)
        self._logits = np.ascontiguousarray(w["out.3.weight"].T) * np.float32(AFTER_GELU)

    @classmethod
    def load(cls, path: Path, *, sha256: str | None = None) -> "Verifier":
        weights, metadata = read_tensors(path, sha256=sha256)
        return cls(weights, name=metadata.get("name", path.stem))

    def project(self, states: Array) -> Array:
        """Token states of the embedder, shape (t, dimensions), as the verifier keeps them: (t, width)."""
        w = self._weights
        return _linear(_normed(states, w["ln.weight"], w["ln.bias"]), w["proj.weight"], w["proj.bias"])

    def score(self, pairs: Sequence[tuple[Prompt, Prompt]]) -> Array:
        """Logits, shape (len(pairs), 2): strict, coarse. A prompt without token states gives (0, 0): no opinion."""
        out = np.zeros((len(pairs), 2), dtype=np.float32)
        told = [at for at, (one, other) in enumerate(pairs) if len(one.states) and len(other.states)]
        if told:
            out[told] = self._run([pairs[at] for at in told])
        return out

    def _run(self, pairs: Sequence[tuple[Prompt, Prompt]]) -> Array:
        w = self._weights
        sides = [side for pair in pairs for side in pair]
        counts = [len(side.states) for side in sides]
        begins = [0, *accumulate(counts)]
        states = np.concatenate([side.states for side in sides])
        states -= (states @ self._mean)[:, None]
        codes = [code for pair in pairs for code in _pair_codes(*pair)]
        states += self._flagged[np.array(codes, dtype=np.intp)]
        hidden = run(self._layers, states, list(pairwise(begins[::2])))
        hidden /= lengths(hidden)
        hidden *= self._scaled
        hidden += w["norm.bias"]
        means = np.add.reduceat(hidden, begins[:-1]) / np.array(counts, dtype=np.float32)[:, None]
        left, right = means[::2], means[1::2]
        top = np.maximum.reduceat(hidden, begins[:-1:2])
        vectors = np.concatenate([side.vector for side in sides]).reshape(len(sides), -1)
        u = vectors @ self._pooled + w["pv.bias"]
        cosine = np.vecdot(vectors[::2], vectors[1::2])[:, None]
        joined = np.concatenate(
            [
                abs(left - right),
                left * right,
                left + right,
                top,
                abs(u[::2] - u[1::2]),
                u[::2] * u[1::2],
                10 * (cosine - np.float32(0.8)),
            ],
            axis=1,
        )
        inner = gelu(joined @ self._hidden + self._hidden_bias)
        return np.asarray(inner @ self._logits + w["out.3.bias"])


def _shapes(width: int, dimensions: int, layers: int) -> dict[str, tuple[int, ...]]:
    """Every array that the network needs; -1 where any size will do."""
    shapes: dict[str, tuple[int, ...]] = {
        "ln.weight": (dimensions,), "ln.bias": (dimensions,), "proj.weight": (width, dimensions), "proj.bias": (width,),
        "fl.weight": (width, FLAGS), "fl.bias": (width,), "seg.weight": (2, width),
        "norm.weight": (width,), "norm.bias": (width,), "pv.weight": (-1, dimensions), "pv.bias": (-1,),
        "out.0.weight": (-1, -1), "out.0.bias": (-1,), "out.3.weight": (2, -1), "out.3.bias": (2,),
    }  # fmt: skip
    for at in range(layers):
        shapes |= {
            f"enc.layers.{at}.{name}": shape
            for name, shape in {
                "norm1.weight": (width,), "norm1.bias": (width,), "norm2.weight": (width,), "norm2.bias": (width,),
                "self_attn.in_proj_weight": (3 * width, width), "self_attn.in_proj_bias": (3 * width,),
                "self_attn.out_proj.weight": (width, width), "self_attn.out_proj.bias": (width,),
                "linear1.weight": (-1, width), "linear1.bias": (-1,), "linear2.weight": (width, -1),
                "linear2.bias": (width,),
            }.items()
        }  # fmt: skip
    return shapes


def token_flags(one: Prompt, other: Prompt) -> Array:
    """Shape (t, FLAGS) for the tokens of `one`: its word is in `other`; it is there but for its diacritics; has a
    digit; is capitalised; the token itself is in `other`; it belongs to no word."""
    return np.asarray(_BITS[_codes(one, other)])


def _codes(one: Prompt, other: Prompt, base: int = 0) -> list[int]:
    """`token_flags` as bits, the first flag the lowest; `base` is added to each."""
    plain, bare, ids = other.plain, other.bare, frozenset(other.ids)
    by_word = [
        base
        + (_SAID if word.plain in plain else _BUT_FOR_MARKS if word.bare in bare else 0)
        + (_DIGIT if word.digit else 0)
        + (_CAPITAL if word.capital else 0)
        for word in one.spoken[: max(one.words, default=-1) + 1]
    ]
    by_word.append(base + _NO_WORD)  # found at -1, which is the number of no word
    return [
        by_word[word] + _SAME_TOKEN if token in ids else by_word[word]
        for word, token in zip(one.words, one.ids, strict=True)
    ]


def _pair_codes(one: Prompt, other: Prompt) -> list[int]:
    """Rows of `_flag_rows` for the tokens of both."""
    return _codes(one, other) + _codes(other, one, 1 << FLAGS)


def _flag_rows(w: Tensors) -> Array:
    """What the flags of a token and its side add to its state, centred, shape (2 * 2^FLAGS, width): one row for each
    code, and again for the second side."""
    flagged = _BITS.astype(np.float64) @ w["fl.weight"].T + w["fl.bias"]
    rows = np.concatenate([flagged + w["seg.weight"][0], flagged + w["seg.weight"][1]])
    return centred(rows).astype(np.float32)


def _within(weights: Tensors, prefix: str) -> Tensors:
    return {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}


def _linear(x: Array, weight: Array, bias: Array) -> Array:
    """One product over all rows: numpy would make a small one of each pair."""
    flat = x.reshape(-1, x.shape[-1]) @ weight.T
    flat += bias
    return np.asarray(flat.reshape(*x.shape[:-1], len(bias)))


def _normed(x: Array, weight: Array, bias: Array) -> Array:
    width = np.float32(x.shape[-1])
    centred = x - np.add.reduce(x, axis=-1, keepdims=True) / width
    variance = np.einsum("...i,...i->...", centred, centred)[..., None] / width
    centred *= weight / np.sqrt(variance + np.float32(1e-5))
    centred += bias
    return np.asarray(centred)
