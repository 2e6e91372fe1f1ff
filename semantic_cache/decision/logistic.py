"""Logistic regression with a normal prior: the mode of its posterior, and how sharp it is there (Laplace)."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_HALVINGS = 12
_ROUNDING = 1e-12


def sigmoid(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.minimum(np.maximum(x, -30.0), 30.0))))


def likelihood(log_odds: float) -> float:
    """`sigmoid` of one number."""
    return 1.0 / (1.0 + math.exp(-min(max(log_odds, -30.0), 30.0)))


def log_odds(p: float) -> float:
    """Its inverse, for `p` in 0..1; at most 13 either way."""
    return min(max(math.log(max(p, 1e-9) / max(1.0 - p, 1e-9)), -13.0), 13.0)


def posterior_mode(
    features: Floats,
    right: Floats,
    trust: Floats,
    mean: Floats,
    precision: Floats,
    *,
    start: Floats | None = None,
    steps: int = 100,
    longest: float = 3.0,
    converged: float = 1e-9,
) -> tuple[Floats, Floats]:
    """The mode, shape (k,), and the negative Hessian of the log posterior there, shape (k, k): its inverse is the
    covariance.

    `features`: (n, k); `right` in 0..1 and `trust` (what a row counts): (n,); the prior's `mean`: (k,) and `precision`:
    (k, k). Newton's method from `start` (default: the prior's mean), at most `steps` steps of length `longest`, until
    none of them moves a weight by `converged`. The log posterior is concave, so there is one mode; a step that
    overshoots it (outcomes that contradict the prior strongly: undamped steps then swing from side to side for ever) is
    halved until it does not.
    """
    weights = (mean if start is None else start).copy()
    columns = np.ascontiguousarray(features.T)  # (k, n): products over the rows run along memory

    def height(at: Floats) -> float:
        logits, apart = np.minimum(np.maximum(at @ columns, -30.0), 30.0), at - mean
        return float(trust @ (right * logits - np.log1p(np.exp(logits))) - 0.5 * apart @ precision @ apart)

    reached = height(weights)
    for _ in range(steps):
        p = sigmoid(weights @ columns)
        slope = columns @ (trust * (right - p)) - precision @ (weights - mean)
        step = np.linalg.solve(_information(columns, trust, p, precision), slope)
        step *= min(1.0, longest / max(float(np.linalg.norm(step)), 1e-12))
        for _ in range(_HALVINGS):
            higher = height(weights + step)
            if not higher < reached - _ROUNDING * abs(reached):  # nor NaN: what is broken is the caller's to see
                break
            step *= 0.5
        weights, reached = weights + step, higher
        if float(np.abs(step).max()) < converged:
            break
    return weights, _information(columns, trust, sigmoid(weights @ columns), precision)


def _information(columns: Floats, trust: Floats, p: Floats, precision: Floats) -> Floats:
    return np.asarray((columns * (trust * p * (1 - p))) @ columns.T + precision, dtype=np.float64)
