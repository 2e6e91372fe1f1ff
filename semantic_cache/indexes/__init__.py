"""Nearest neighbours. To add one: a file here, a class that keeps `base.Index`, one line in the table."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import cast

from halfpenny.semantic_cache.base import Index

INDEXES: Mapping[str, str] = MappingProxyType(
    {
        "brute_force": "halfpenny.semantic_cache.indexes.brute_force:BruteForceIndex",
        "faiss": "halfpenny.semantic_cache.indexes.faiss:FaissIndex",
    }
)


def load_index(name: str, dimensions: int) -> Index:
    """An empty index called `name`; ValueError for an unknown name, ImportError if its library is missing."""
    if name not in INDEXES:
        raise ValueError(f"unknown index {name!r}: one of {', '.join(INDEXES)}")
    module, _, attribute = INDEXES[name].partition(":")
    return cast("Index", getattr(import_module(module), attribute)(dimensions))
