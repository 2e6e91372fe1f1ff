"""Any model of the `sentence-transformers` library, by its Hugging Face name or from a local folder.

Needs the extra `models` (PyTorch). The library is imported when an embedder is made, not before.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.embedders.errors import EmbedderError


class SentenceTransformerEmbedder:
    """`model` is a Hugging Face name ("intfloat/e5-small-v2") and becomes `name`; with `path` the weights
    come from that folder.

    Without `path` a model that is not in the local Hugging Face cache is downloaded. `threads` bounds
    PyTorch's CPU threads in this process; 0 leaves them alone. Other `options` go to `SentenceTransformer` as
    they are.
    """

    def __init__(self, model: str, *, path: str | Path | None = None, threads: int = 1, **options: Any) -> None:
        try:
            import torch
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise EmbedderError(f"{model}: install halfpenny[models] ({error})") from error
        if threads:
            torch.set_num_threads(threads)
        try:
            self._model = SentenceTransformer(str(path or model), **options)
        except Exception as error:  # the library lets many kinds through: network, files, configuration
            raise EmbedderError(f"cannot load the sentence-transformers model {path or model}: {error}") from error
        self.name = model
        self.dimensions = int(self._embed(["a"]).shape[1])

    def embed(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), dimensions), float32, rows of length 1."""
        return self._embed(texts) if texts else np.empty((0, self.dimensions), dtype=np.float32)

    def _embed(self, texts: Sequence[str]) -> Vector:
        vectors = self._model.encode(
            list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)
