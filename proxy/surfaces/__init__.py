"""The API dialects that we serve: POST path -> "module:Class". Every other path passes through."""

from importlib import import_module
from typing import cast

from halfpenny.proxy.surfaces.base import Surface

SURFACES: dict[str, str] = {
    "/v1/chat/completions": "halfpenny.proxy.surfaces.openai_chat:OpenAIChat",
    "/v1/completions": "halfpenny.proxy.surfaces.openai_completions:OpenAICompletions",
    "/v1/embeddings": "halfpenny.proxy.surfaces.openai_embeddings:OpenAIEmbeddings",
}


def load_surfaces() -> dict[str, Surface]:
    loaded: dict[str, Surface] = {}
    for path, where in SURFACES.items():
        module, _, name = where.partition(":")
        loaded[path] = cast("Surface", getattr(import_module(module), name)())
    return loaded
