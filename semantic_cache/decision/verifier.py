"""The pair verifier: may the answer to one prompt be given to the other?

A small transformer reads both prompts at once, on top of the token states that the embedder makes anyway (late
interaction): per pair it costs a few hundred microseconds instead of a second run of a sentence model. Beside its state
each token carries what an uncased tokenizer loses or a pooled vector hides: whether its word occurs in the other
prompt, with or without its diacritics, whether it is a number or capitalised.

It has two outputs, logits of "the same answer is right": `strict`, where one other slot value is another answer, and
`coarse`, where the kind of request decides. Which of them a namespace follows is for its calibrator to learn; neither
is ever a veto (a strict verifier alone is worse than the cosine where one answer serves a whole intent).

Trained by `halfpenny.semantic_cache.training`; the weights are a safetensors file, checked by SHA-256.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.decision.prompts import Prompt
from halfpenny.semantic_cache.decision.tensors import ModelFileError, Tensors, read_tensors

Array = NDArray[np.float32]

FLAGS = 6
HEADS = 4
_MASKED = np.float32(-1e9)


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
        self._layers = [
            {
                key.removeprefix(f"enc.layers.{at}."): value
                for key, value in self._weights.items()
                if key.startswith(f"enc.layers.{at}.")
            }
            for at in range(layers)
        ]

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
        w, width = self._weights, self.width
        counts = [(len(one.states), len(other.states)) for one, other in pairs]
        longest = max(a + b for a, b in counts)
        hidden = np.zeros((len(pairs), longest, width), dtype=np.float32)
        flags = np.zeros((len(pairs), longest, FLAGS), dtype=np.float32)
        first = np.zeros((len(pairs), longest, 1), dtype=np.float32)
        second = np.zeros_like(first)
        for at, (one, other) in enumerate(pairs):
            a, b = counts[at]
            hidden[at, :a], hidden[at, a : a + b] = one.states, other.states
            flags[at, :a], flags[at, a : a + b] = token_flags(one, other), token_flags(other, one)
            first[at, :a] = 1
            second[at, a : a + b] = 1
        real = first + second
        hidden += _linear(flags, w["fl.weight"], w["fl.bias"])
        hidden += first * w["seg.weight"][0] + second * w["seg.weight"][1]
        mask = (1 - real[:, None, :, 0]) * _MASKED  # (pairs, 1, tokens): no token looks at padding
        for layer in self._layers:
            hidden = _layer(hidden, mask, layer)
        hidden = _normed(hidden, w["norm.weight"], w["norm.bias"])
        left = (hidden * first).sum(1) / first.sum(1)
        right = (hidden * second).sum(1) / second.sum(1)
        top = np.where(real > 0, hidden, np.float32(-9)).max(1)
        vectors = np.stack([np.stack([one.vector, other.vector]) for one, other in pairs])
        u = _linear(vectors, w["pv.weight"], w["pv.bias"])
        cosine = (vectors[:, 0] * vectors[:, 1]).sum(1, keepdims=True)
        joined = np.concatenate(
            [
                abs(left - right),
                left * right,
                left + right,
                top,
                abs(u[:, 0] - u[:, 1]),
                u[:, 0] * u[:, 1],
                10 * (cosine - np.float32(0.8)),
            ],
            axis=1,
        )
        joined = _gelu(_linear(joined, w["out.0.weight"], w["out.0.bias"]))
        return _linear(joined, w["out.3.weight"], w["out.3.bias"])


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
    by_word = [
        (word.plain in other.plain, word.plain not in other.plain and word.bare in other.bare, word.digit, word.capital)
        for word in one.spoken[: max(one.words, default=-1) + 1]
    ]
    ids = frozenset(other.ids)
    return np.array(
        [
            (*by_word[word], token in ids, False) if word >= 0 else (False, False, False, False, token in ids, True)
            for word, token in zip(one.words, one.ids, strict=True)
        ],
        dtype=np.float32,
    )


def _layer(hidden: Array, mask: Array, w: dict[str, Array]) -> Array:
    """One pre-norm transformer layer."""
    pairs, tokens, width = hidden.shape
    normed = _normed(hidden, w["norm1.weight"], w["norm1.bias"])
    joint = _linear(normed, w["self_attn.in_proj_weight"], w["self_attn.in_proj_bias"])
    each = joint.reshape(pairs, tokens, 3, HEADS, width // HEADS).transpose(2, 0, 3, 1, 4)
    query, key, value = each[0], each[1], each[2]
    weights = (query @ key.transpose(0, 1, 3, 2)) * np.float32((width // HEADS) ** -0.5) + mask[:, None]
    weights = np.exp(weights - weights.max(-1, keepdims=True))
    weights /= weights.sum(-1, keepdims=True)
    mixed = (weights @ value).transpose(0, 2, 1, 3).reshape(pairs, tokens, width)
    hidden = hidden + _linear(mixed, w["self_attn.out_proj.weight"], w["self_attn.out_proj.bias"])
    normed = _normed(hidden, w["norm2.weight"], w["norm2.bias"])
    inner = _gelu(_linear(normed, w["linear1.weight"], w["linear1.bias"]))
    return hidden + _linear(inner, w["linear2.weight"], w["linear2.bias"])


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


def _gelu(x: Array) -> Array:
    """The tanh form (Hendrycks and Gimpel 2016), which differs from the exact one by less than 0.001."""
    inner = x * x
    inner *= np.float32(0.7978845608 * 0.044715)
    inner += np.float32(0.7978845608)
    inner *= x
    np.tanh(inner, out=inner)
    inner += 1
    inner *= x
    inner *= np.float32(0.5)
    return inner
