"""The vectors of an evaluation: embedded once, kept in a folder, checked before use."""

import hashlib
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Embedder, Vector

_AT_ONCE = 1024
_log = logging.getLogger(__name__)


def embed_texts(embedder: Embedder, texts: Sequence[str], folder: Path | None = None) -> Vector:
    """Shape (len(texts), dimensions), float32, as the embedder gave them. Equal texts are embedded once.

    With `folder` the result is kept there under a digest of the embedder and the texts. A kept file that cannot be
    read or has another shape is made anew.
    """
    kept = None if folder is None else folder / f"{_digest(embedder, texts)}.npy"
    if kept is not None and (found := _load(kept, (len(texts), embedder.dimensions))) is not None:
        return found
    numbers: dict[str, int] = {}
    rows = [numbers.setdefault(text, len(numbers)) for text in texts]
    distinct = list(numbers)
    parts = [embedder.embed(distinct[at : at + _AT_ONCE]) for at in range(0, len(distinct), _AT_ONCE)]
    vectors = np.concatenate([np.empty((0, embedder.dimensions), dtype=np.float32), *parts])[rows]
    if kept is not None:
        _save(kept, vectors)
    return vectors


def unit_vectors(vectors: Vector) -> tuple[Vector, NDArray[np.bool_]]:
    """Rows scaled to length 1, and which rows can be used: a row with a NaN or an infinity, or of length 0, cannot.

    Such a row is all zeros in the result, so that no arithmetic on it spreads NaN.
    """
    usable: NDArray[np.bool_] = np.empty(len(vectors), dtype=np.bool_)
    scaled = np.empty(vectors.shape, dtype=np.float32)
    # in blocks: the 64-bit copies of 100,000 rows would take a gigabyte
    for begin in range(0, len(vectors), _AT_ONCE):
        rows = slice(begin, begin + _AT_ONCE)
        finite: NDArray[np.bool_] = np.asarray(np.isfinite(vectors[rows]).all(axis=1))
        clean = np.where(finite[:, None], vectors[rows], 0).astype(np.float64)
        norms = np.linalg.norm(clean, axis=1)
        usable[rows] = finite & (norms > 0)
        scaled[rows] = clean / np.where(norms > 0, norms, 1)[:, None]
    return scaled, usable


def _digest(embedder: Embedder, texts: Sequence[str]) -> str:
    # Two classes may run the same weights in different precision: their vectors differ.
    digest = hashlib.sha256(f"{type(embedder).__name__}\n{embedder.name}\n{embedder.dimensions}\n".encode())
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:32]


def _load(path: Path, shape: tuple[int, int]) -> Vector | None:
    if not path.exists():
        return None
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        _log.warning("the kept vectors %s cannot be read and are made anew: %s", path, error)
        return None
    if not isinstance(found, np.ndarray) or found.shape != shape or found.dtype != np.float32:
        _log.warning("the kept vectors %s have another form and are made anew", path)
        return None
    return found


def _save(path: Path, vectors: Vector) -> None:
    """Whole or not at all; a folder that cannot be written costs time at the next run, nothing else."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("wb") as file:
            np.save(file, vectors, allow_pickle=False)
        scratch.replace(path)
    except OSError as error:
        _log.warning("vectors are not kept in %s: %s", path.parent, error)
        with suppress(OSError):
            scratch.unlink(missing_ok=True)
