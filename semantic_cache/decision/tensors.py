"""The safetensors format, read and written: named arrays in one file that can hold nothing but numbers.

Format (huggingface/safetensors, README): 8 bytes of little-endian header length, a JSON header `{name: {dtype, shape,
data_offsets}, "__metadata__": {...}}`, then the bytes of the arrays. Pickles are never read: they run code.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.pinned import PinnedFileError, read_pinned

Tensors = dict[str, NDArray[Any]]

_TYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I8": np.dtype("i1"),
    "I64": np.dtype("<i8"),
}
_MAX_HEADER_BYTES = 1 << 20


class ModelFileError(ValueError):
    """A model file that is missing, foreign, damaged or not what its digest says."""


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_tensors(path: Path, *, sha256: str | None = None) -> tuple[Tensors, dict[str, str]]:
    """Arrays by name, and the metadata. The very bytes that were hashed are parsed. Raises ModelFileError."""
    try:
        content = read_pinned(path, sha256)
    except PinnedFileError as error:
        raise ModelFileError(str(error)) from error
    try:
        return _parse(content)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"{path} is not a safetensors file: {error}") from error


def write_tensors(path: Path, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> str:
    """Write the file; its SHA-256. The same arrays and metadata always give the same bytes."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    parts: list[bytes] = []
    offset = 0
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        kind = next(kind for kind, dtype in _TYPES.items() if dtype == array.dtype)
        raw = array.tobytes()
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [offset, offset + len(raw)]}
        parts.append(raw)
        offset += len(raw)
    head = msgspec.json.encode(header)
    head += b" " * (-len(head) % 8)
    content = len(head).to_bytes(8, "little") + head + b"".join(parts)
    path.write_bytes(content)
    return sha256_of(content)


def _parse(content: bytes) -> tuple[Tensors, dict[str, str]]:
    size = int.from_bytes(content[:8], "little")
    if not 2 <= size <= min(_MAX_HEADER_BYTES, len(content) - 8):
        raise ValueError("no header")
    header = msgspec.json.decode(content[8 : 8 + size])
    if not isinstance(header, dict):
        raise ValueError("its header is no object")
    metadata = msgspec.convert(header.pop("__metadata__", {}), dict[str, str])
    data = memoryview(content)[8 + size :]
    tensors: Tensors = {}
    for name, place in header.items():
        begin, end = place["data_offsets"]
        dtype, shape = _TYPES[place["dtype"]], tuple(place["shape"])
        if not 0 <= begin <= end <= len(data) or end - begin != dtype.itemsize * int(np.prod(shape, dtype=np.int64)):
            raise ValueError(f"{name}: its place is not in the file")
        tensors[name] = np.frombuffer(data[begin:end], dtype=dtype).reshape(shape)
        if dtype.kind == "f" and not np.isfinite(tensors[name]).all():
            raise ValueError(f"{name}: not finite")
    return tensors, metadata
