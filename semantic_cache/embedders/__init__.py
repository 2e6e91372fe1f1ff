"""Text to vectors. To add one: a file here, a class that keeps `base.Embedder`, one line in the table."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, cast

from halfpenny.semantic_cache.base import Embedder
from halfpenny.semantic_cache.embedders.errors import EmbedderError

_ANY_MODEL = "sentence-transformers"
EMBEDDERS: Mapping[str, str] = MappingProxyType(
    {
        "hashing": f"{__name__}.hashing:HashingEmbedder",
        "multilingual": f"{__name__}.multilingual:MultilingualEmbedder",
        "onnx": f"{__name__}.onnx:OnnxEmbedder",
        _ANY_MODEL: f"{__name__}.sentence_transformers:SentenceTransformerEmbedder",
    }
)


def configured_embedder(name: str) -> Embedder:
    """What `cache.semantic.embedder` names: one of ours, or else a sentence-transformers model. As `load_embedder`."""
    if name in EMBEDDERS and name != _ANY_MODEL:
        return load_embedder(name)
    return load_embedder(_ANY_MODEL, model=name)


def load_embedder(name: str, /, **options: Any) -> Embedder:
    """The embedder called `name`, imported only now; `options` go to its class.

    Slow (it reads model files): call it in the thread that will use it. Raises EmbedderError for an unknown
    name, a missing library, and whatever stops the model from loading.
    """
    if name not in EMBEDDERS:
        raise EmbedderError(f"unknown embedder {name!r}: one of {', '.join(EMBEDDERS)}")
    module, _, attribute = EMBEDDERS[name].partition(":")
    try:
        factory = getattr(import_module(module), attribute)
    except ImportError as error:
        raise EmbedderError(f"embedder {name!r} lacks a library: {error}") from error
    return cast("Embedder", factory(**options))
