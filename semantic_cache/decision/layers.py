"""Pre-norm transformer layers in numpy, arranged so that a few hundred rows take few and large operations.

The rows of all sequences lie one behind the other, without padding: whatever treats each row alone is one product over
all of them, and only attention goes sequence by sequence. What can be folded into the weights is folded once, when they
are loaded, in double precision:

- Everything that is added to the residual stream is centred, so the stream always has mean 0 and a layer norm is only a
  division by a row's length; its scale and shift are in the weights behind it.
- Biases are one more row of a matrix, for a column of ones. The ones also go through attention beside the values: what
  comes out is the sum of the weights, so softmax divides `size` numbers for each row instead of as many as it has keys.
- GELU is written as `x (x^2 + a)` within tanh, with the factors of its tanh form in the matrices before and behind it.
"""

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
_Exact = NDArray[np.float64]

Span = tuple[int, int]
"""First row of a sequence, and the row behind its last."""

_EPS = 1e-5
_SAFE_SCORE = 80.0
"""exp of this and of its negative are ordinary float32 numbers; so are sums of thousands of them."""
# tanh form of GELU: x/2 (1 + tanh(p x + q x^3)); for y = r x with r^3 = q the argument is y (y^2 + p/r)
_P = 0.7978845608
BEFORE_GELU = (_P * 0.044715) ** (1 / 3)
AFTER_GELU = 0.5 / BEFORE_GELU
_A = np.float32(_P / BEFORE_GELU)


class Layer(msgspec.Struct, frozen=True, eq=False):
    """One layer, folded. Matrices are applied from the right; w is the width, h the heads.

    `joint`: (w + 1, 2 w + h (w/h + 1)), to query, key, and value with the one. `mixed`: (w + 1, w). `inner`:
    (w + 1, i). `outer`: (i, w) and `outer_bias`: (w,). `bounded`: no attention score can leave +-_SAFE_SCORE,
    whatever the input.
    """

    heads: int
    joint: Array
    mixed: Array
    inner: Array
    outer: Array
    outer_bias: Array
    bounded: bool


def folded(weights: Mapping[str, Array], heads: int) -> Layer:
    """From the weights of a torch `TransformerEncoderLayer` with `norm_first`, by their names."""
    w = {name: np.asarray(value, dtype=np.float64) for name, value in weights.items()}
    width = len(w["norm1.weight"])
    query, key, value = np.split(_after_norm(w, "norm1", "self_attn.in_proj_weight", "self_attn.in_proj_bias"), 3, 1)
    query *= (width // heads) ** -0.5
    mixed = np.vstack([w["self_attn.out_proj.weight"].T, w["self_attn.out_proj.bias"]])
    return Layer(
        heads=heads,
        joint=_float32(np.hstack([query, key, _with_one(value, heads)])),
        mixed=_float32(centred(mixed)),
        inner=_float32(_after_norm(w, "norm2", "linear1.weight", "linear1.bias") * BEFORE_GELU),
        outer=_float32(centred(w["linear2.weight"].T) * AFTER_GELU),
        outer_bias=_float32(centred(w["linear2.bias"])),
        bounded=_largest_score(query, key, heads) <= _SAFE_SCORE,
    )


def centred(rows: _Exact) -> _Exact:
    """Each row less its mean: what is added to the residual stream."""
    return np.asarray(rows - rows.mean(axis=-1, keepdims=True))


def run(layers: Sequence[Layer], hidden: Array, spans: Sequence[Span]) -> Array:
    """The residual stream behind all layers, shape (n, w), still centred. `hidden`: (n, w), each row with mean 0; it is
    overwritten. `spans` cover its rows."""
    rows, width = hidden.shape
    buffer = np.empty((rows, width + 1), dtype=np.float32)
    buffer[:, width] = 1.0
    inside = buffer[:, :width]
    for layer in layers:
        np.divide(hidden, lengths(hidden), out=inside)
        _attend(layer, buffer @ layer.joint, spans, inside)
        hidden += buffer @ layer.mixed
        np.divide(hidden, lengths(hidden), out=inside)
        hidden += gelu(buffer @ layer.inner) @ layer.outer
        hidden += layer.outer_bias
    return hidden


def lengths(hidden: Array) -> Array:
    """What a layer norm divides rows of mean 0 by, but for `scale`, shape (n, 1)."""
    square = np.vecdot(hidden, hidden)
    square += np.float32(_EPS * hidden.shape[1])
    return np.asarray(np.sqrt(square, out=square)[:, None])


def scale(width: int) -> float:
    """What a layer norm makes of rows of length 1: they are as long as the root of their width."""
    return math.sqrt(width)


def _attend(layer: Layer, joint: Array, spans: Sequence[Span], out: Array) -> None:
    """Attention of each sequence to itself, into `out`: (n, w). `joint`: (n, 2 w + h (w/h + 1))."""
    rows, width = out.shape
    heads, size = layer.heads, width // layer.heads
    query = joint[:, :width].reshape(rows, heads, size).transpose(1, 0, 2)
    key = joint[:, width : 2 * width].reshape(rows, heads, size).transpose(1, 2, 0)
    value = joint[:, 2 * width :].reshape(rows, heads, size + 1).transpose(1, 0, 2)
    mixed = np.empty((rows, heads, size + 1), dtype=np.float32)
    by_head = mixed.transpose(1, 0, 2)
    for begin, end in spans:
        weights = query[:, begin:end] @ key[:, :, begin:end]
        if not layer.bounded:
            weights -= weights.max(axis=-1, keepdims=True)
        np.exp(weights, out=weights)
        np.matmul(weights, value[:, begin:end], out=by_head[:, begin:end])
    np.divide(mixed[:, :, :size], mixed[:, :, size:], out=out.reshape(rows, heads, size))


def gelu(x: Array) -> Array:
    """GELU of `x / BEFORE_GELU`, but for the factor `AFTER_GELU`, in the tanh form (Hendrycks and Gimpel 2016), which
    differs from the exact one by less than 0.001."""
    inner = x * x
    inner += _A
    inner *= x
    np.tanh(inner, out=inner)
    inner += np.float32(1)
    inner *= x
    return inner


def _after_norm(w: Mapping[str, _Exact], norm: str, weight: str, bias: str) -> _Exact:
    """A linear map and the scale and shift of the norm before it, as one matrix with the bias as last row."""
    shift = w[weight] @ w[f"{norm}.bias"] + w[bias]
    return np.vstack([(w[weight] * w[f"{norm}.weight"]).T * scale(len(w[f"{norm}.weight"])), shift])


def _with_one(value: _Exact, heads: int) -> _Exact:
    """A further output of each head that is always 1: shape (w + 1, h (w/h + 1))."""
    each = value.reshape(len(value), heads, -1)
    one = np.zeros((len(value), heads, 1))
    one[-1] = 1.0
    return np.concatenate([each, one], axis=2).reshape(len(value), -1)


def _largest_score(query: _Exact, key: _Exact, heads: int) -> float:
    """A bound on any score: it is `x' Q K' y`, where x and y are a normed row and a one, so no longer than the root of
    w + 1."""
    normed = np.full((len(query), 1), 1 / scale(len(query) - 1))
    normed[-1] = 1.0
    each = zip(np.split(query * normed, heads, axis=1), np.split(key * normed, heads, axis=1), strict=True)
    return max(float(np.linalg.norm(one @ other.T, 2)) for one, other in each) * len(query)


def _float32(exact: _Exact) -> Array:
    return np.ascontiguousarray(exact, dtype=np.float32)
