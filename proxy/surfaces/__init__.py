"""The API dialects that we serve: POST path -> "module:Class". Every other path passes through.

In a pattern `{version}` stands for `v1`, `v1beta` or `v1alpha` and `{model}` for one path segment. A pattern with a
query only fits a target whose query has that item.
"""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import cast

from halfpenny.proxy.surfaces.base import Surface

_CHAT = "halfpenny.proxy.surfaces.openai_chat:OpenAIChat"
_COMPLETIONS = "halfpenny.proxy.surfaces.openai_completions:OpenAICompletions"
_EMBEDDINGS = "halfpenny.proxy.surfaces.openai_embeddings:OpenAIEmbeddings"
_MODERATIONS = "halfpenny.proxy.surfaces.openai_moderations:OpenAIModerations"
_RESPONSES = "halfpenny.proxy.surfaces.openai_responses:OpenAIResponses"
_AZURE = "halfpenny.proxy.surfaces.azure"
_MESSAGES = "halfpenny.proxy.surfaces.anthropic_messages:AnthropicMessages"
_COUNT_TOKENS = "halfpenny.proxy.surfaces.anthropic_count_tokens:AnthropicCountTokens"
_GENERATE = "halfpenny.proxy.surfaces.gemini_generate:GeminiGenerate"
_GEMINI_EMBED = "halfpenny.proxy.surfaces.gemini_embed"
_GEMINI_COUNT = "halfpenny.proxy.surfaces.gemini_count_tokens:GeminiCountTokens"

SURFACES: dict[str, str] = {
    "/v1/chat/completions": _CHAT,
    "/v1/completions": _COMPLETIONS,
    "/v1/embeddings": _EMBEDDINGS,
    "/v1/moderations": _MODERATIONS,
    "/v1/responses": _RESPONSES,
    "/openai/v1/chat/completions": _CHAT,
    "/openai/v1/embeddings": _EMBEDDINGS,
    "/openai/v1/responses": _RESPONSES,
    "/openai/deployments/{model}/chat/completions": f"{_AZURE}:AzureChat",
    "/openai/deployments/{model}/completions": f"{_AZURE}:AzureCompletions",
    "/openai/deployments/{model}/embeddings": f"{_AZURE}:AzureEmbeddings",
    "/v1/messages": _MESSAGES,
    "/v1/messages/count_tokens": _COUNT_TOKENS,
    "/{version}/models/{model}:generateContent": _GENERATE,
    "/{version}/models/{model}:streamGenerateContent?alt=sse": _GENERATE,
    "/{version}/models/{model}:embedContent": f"{_GEMINI_EMBED}:GeminiEmbed",
    "/{version}/models/{model}:batchEmbedContents": f"{_GEMINI_EMBED}:GeminiBatchEmbed",
    "/{version}/models/{model}:countTokens": _GEMINI_COUNT,
    "/{version}/tunedModels/{model}:generateContent": _GENERATE,
    "/{version}/tunedModels/{model}:streamGenerateContent?alt=sse": _GENERATE,
}


class Surfaces(Mapping[str, Surface]):
    """The loaded table. `find` is asked about every request."""

    def __init__(self, loaded: dict[str, Surface]) -> None:
        self._all = loaded
        self._exact = {path: surface for path, surface in loaded.items() if "{" not in path}
        self._patterns = [
            (re.compile(_pattern(path.partition("?")[0])), path.partition("?")[2], surface)
            for path, surface in loaded.items()
            if "{" in path
        ]

    def find(self, target: str) -> Surface | None:
        """The surface of a raw request target (path and query); None passes through."""
        surface = self._exact.get(target)
        if surface is not None:
            return surface
        path, _, query = target.partition("?")
        surface = self._exact.get(path)
        if surface is not None or not path.startswith(("/v1", "/openai/")):
            return surface
        for pattern, item, candidate in self._patterns:
            if pattern.fullmatch(path) is not None and (not item or item in query.split("&")):
                return candidate
        return None

    def __getitem__(self, path: str) -> Surface:
        return self._all[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def _pattern(path: str) -> str:
    return re.escape(path).replace(r"\{version\}", "(?:v1|v1beta|v1alpha)").replace(r"\{model\}", "[^/:]+")


def load_surfaces() -> Surfaces:
    made: dict[str, Surface] = {}
    for where in set(SURFACES.values()):
        module, _, name = where.partition(":")
        made[where] = cast("Surface", getattr(import_module(module), name)())
    return Surfaces({path: made[where] for path, where in SURFACES.items()})
