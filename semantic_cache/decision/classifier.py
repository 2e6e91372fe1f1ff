"""Which answer group does a prompt belong to, by everything the namespace has seen?

A cosine treats all directions of the embedding alike. Here those along which prompts of this namespace vary without
changing their answer count less: scores are `x' A s_g` with A the inverse of the namespace's second-moment matrix
(shrunk to a shipped one) and s_g the sum of a group's vectors. That is regularised least-squares classification, one
group against the rest (Rifkin, Yeo and Poggio 2003), kept current by Sherman and Morrison's rank-one update: no fitting
ever, 0.3 ms of CPU for each prompt that is stored.
"""

import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector

Matrix = NDArray[np.float32]


class Metric:
    """`inverse`: the shipped A, shape (d, d); `centre`: the mean of prompts, shape (d,). Copied at the first update, so
    namespaces that never learn share one."""

    def __init__(self, inverse: Matrix, centre: Vector) -> None:
        self._inverse = inverse
        self._own = False
        self.centre = centre
        self.count = 0

    def fresh(self) -> "Metric":
        """The same as it is now, for a namespace of its own."""
        self._own = False  # from here on the matrix is shared: either of the two copies it before it learns
        return Metric(self._inverse, self.centre)

    def direction(self, vector: Vector) -> Vector:
        """`A (x - centre)`, shape (d,): a group's score is its dot product with the group's centred sum."""
        return np.asarray(self._inverse @ (vector - self.centre), dtype=np.float32)

    def learn(self, vector: Vector) -> None:
        """One more prompt of this namespace. A vector that is not finite would undo all that was learnt: left out."""
        moved = vector - self.centre
        if not np.isfinite(moved).all():
            return
        step = self._inverse @ moved
        if not self._own:
            self._inverse, self._own = self._inverse.copy(), True
        self._inverse -= np.outer(step, step / (1.0 + float(moved @ step)))
        self.count += 1

    def learn_many(self, vectors: Matrix) -> None:
        """As `learn` for each row of (n, d), at once: how a namespace is rebuilt from the store."""
        vectors = vectors[np.isfinite(vectors).all(axis=1)]
        if not len(vectors):
            return
        moved = (vectors - self.centre).astype(np.float64)
        precision = np.linalg.inv(self._inverse.astype(np.float64)) + moved.T @ moved
        self._inverse, self._own = np.linalg.inv(precision).astype(np.float32), True
        self.count += len(vectors)


def group_margins(scores: NDArray[np.float32], *, sharpness: float = 4.0, unknown: float = 0.35) -> NDArray[np.float32]:
    """Log-odds of each group against all others and against "none of them", shape (g,): a softmax over the scores in
    which an unseen answer has the score `unknown`."""
    logits = sharpness * scores.astype(np.float64)
    every = np.append(logits, sharpness * unknown)
    top = every.max()
    weights = np.exp(every - top)
    others = np.maximum(weights.sum() - weights[:-1], 1e-12)
    return np.asarray(logits - top - np.log(others), dtype=np.float32)
