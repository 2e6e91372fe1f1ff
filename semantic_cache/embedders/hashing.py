"""An embedder without a model: hashed words and letter trigrams. For tests and for machines without ONNX
Runtime.

It knows spelling, not meaning: texts with the same words are near, synonyms are not.
"""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np

from halfpenny.semantic_cache.base import Vector

DIMENSIONS = 256


class HashingEmbedder:
    """Deterministic across processes and machines (BLAKE2, not `hash`)."""

    def __init__(self, dimensions: int = DIMENSIONS) -> None:
        self.name = f"hashing-{dimensions}"
        self.dimensions = dimensions

    def embed(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), dimensions), float32, rows of length 1; a text without letters gets the first
        axis.
        """
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for feature, weight in _features(text):
                digest = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
                vectors[row, digest % self.dimensions] += weight if digest >> 63 else -weight
            if not vectors[row].any():
                vectors[row, 0] = 1.0
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in text.casefold().split():
        bare = "".join(filter(str.isalnum, word))
        if not bare:
            continue
        yield bare, 1.0
        padded = f" {bare} "
        for start in range(len(padded) - 2):
            yield padded[start : start + 3], 0.25
