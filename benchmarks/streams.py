"""The streams that the benchmarks of the semantic cache run over."""

import re
import sys
from pathlib import Path

from halfpenny.semantic_cache.base import Embedder
from halfpenny.semantic_cache.embedders import load_embedder
from halfpenny.semantic_cache.evaluation.streams import Stream, load_stream
from halfpenny.semantic_cache.evaluation.vectors import embed_texts

STREAM_FILE = re.compile(r"(?P<name>.+)_stream(?:_.*)?\.jsonl(?:\.gz)?")


def stream_files(folder: Path) -> dict[str, Path]:
    """Name of the stream -> file, for every file `NAME_stream_*.jsonl[.gz]`, by name.

    Two files with the same NAME keep their whole names.
    """
    matches = [
        (found["name"], path) for path in sorted(folder.iterdir()) if (found := STREAM_FILE.fullmatch(path.name))
    ]
    names = [name for name, _ in matches]
    return {name if names.count(name) == 1 else path.name: path for name, path in matches}


def load_streams(
    folder: Path, *, limit: int | None, cache: Path | None, embedder: Embedder | None = None
) -> dict[str, Stream]:
    """The first `limit` rows of every stream file in the folder, with vectors; none if there is no such folder.

    Vectors are kept in `cache`. Raises RowsError for a file that cannot be used.
    """
    files = stream_files(folder) if folder.is_dir() else {}
    if not files:
        return {}
    embedder = embedder or load_embedder("onnx")
    found: dict[str, Stream] = {}
    for name, path in files.items():
        texts, classes = load_stream(path, limit)
        print(f"{name}: {len(texts)} requests", file=sys.stderr, flush=True)
        found[name] = Stream(texts, classes, embed_texts(embedder, texts, cache))
    return found
