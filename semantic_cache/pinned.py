"""Files of weights, held to the SHA-256 that they are known by."""

import hashlib
import mmap
from pathlib import Path


class PinnedFileError(ValueError):
    """A file of weights that cannot be read, or is another one than expected."""


def read_pinned(path: Path, sha256: str | None) -> bytes:
    """The file's bytes; None takes any. The very bytes that were hashed are given, so the file cannot change in
    between. Raises PinnedFileError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error
    if sha256 is not None:
        _compare(path, hashlib.sha256(content).hexdigest(), sha256)
    return content


def check_pinned(path: Path, sha256: str) -> None:
    """The same for a large file that is opened by a library: mapped and not read. Raises PinnedFileError."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = hashlib.sha256(content).hexdigest()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    _compare(path, found, sha256)


def _compare(path: Path, found: str, expected: str) -> None:
    if found != expected:
        raise PinnedFileError(f"{path} is not the expected model: SHA-256 {found}, expected {expected}")


def _unreadable(path: Path, error: Exception) -> PinnedFileError:
    return PinnedFileError(f"cannot read the model {path}: {error}")
