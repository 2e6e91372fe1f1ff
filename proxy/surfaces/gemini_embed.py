"""`POST /v1beta/models/{model}:embedContent` and `:batchEmbedContents`. Never streamed."""

from typing import Any

from halfpenny.proxy.errors import Dialect, bad_request
from halfpenny.proxy.surfaces.base import Ask, Reported, Surface, Unstreamed, has_error
from halfpenny.proxy.surfaces.gemini_request import (
    all_parts,
    given,
    has_file,
    moved,
    read_target,
    representation,
    text_of,
)
from halfpenny.proxy.surfaces.gemini_usage import read_usage
from halfpenny.proxy.surfaces.pieces import size_of
from halfpenny.proxy.surfaces.reading import json_type, read_object


class GeminiEmbed(Unstreamed):
    name = "gemini_embed"
    dialect: Dialect = "gemini"
    path = "/v1beta/models/{model}:embedContent"
    model_in_body = False

    def read(self, body: bytes, target: str) -> Ask:
        document = read_object(body)
        asked = read_target(target)
        contents = self.contents_of(document)
        text = "\n".join(text_of(content) for content in contents)
        parts = list(all_parts(contents))
        return Ask(
            document=document,
            model=asked.model,
            stream=False,
            wants_usage=False,
            noise=frozenset(),
            stateful=representation(asked) or ("remote content" if has_file(iter(parts)) else ""),
            exact_only="embeddings",
            answer_is_text=False,
            messages=(("user", text),),
            input_bytes=size_of(text),
            has_images=any(given(part, "inlineData") for part in parts),
            scope=asked.scope,
        )

    def contents_of(self, document: dict[str, Any]) -> list[dict[str, Any]]:
        return [_content(document, "content")]

    def retarget(self, target: str, model: str) -> str:
        return moved(target, model)

    def reported(self, document: Any) -> Reported:
        """Older models report no usage."""
        return read_usage(document.get("usageMetadata")) if isinstance(document, dict) else Reported()

    def admissible(self, document: Any) -> str:
        if not isinstance(document, dict) or has_error(document):
            return "an error in the body"
        return "" if _has_vector(document.get("embedding")) else "no vector"


class GeminiBatchEmbed(GeminiEmbed):
    """What Google's SDK sends for `embed_content`, for one text as well."""

    name = "gemini_batch_embed"
    path = "/v1beta/models/{model}:batchEmbedContents"

    def contents_of(self, document: dict[str, Any]) -> list[dict[str, Any]]:
        requests = document.get("requests")
        if requests is None:
            raise bad_request(
                "missing required parameter: 'requests'", code="missing_required_parameter", param="requests"
            )
        if not isinstance(requests, list):
            raise bad_request(
                f"'requests' must be an array, not {json_type(requests)}", code="invalid_type", param="requests"
            )
        return [
            request["content"]
            for request in requests
            if isinstance(request, dict) and isinstance(request.get("content"), dict)
        ]

    def admissible(self, document: Any) -> str:
        if not isinstance(document, dict) or has_error(document):
            return "an error in the body"
        embeddings = document.get("embeddings")
        if not isinstance(embeddings, list) or not embeddings:
            return "no vectors"
        return "" if all(_has_vector(embedding) for embedding in embeddings) else "an item without a vector"


_fit: tuple[type[Surface], ...] = (GeminiEmbed, GeminiBatchEmbed)


def _content(holder: dict[str, Any], name: str) -> dict[str, Any]:
    value = holder.get(name)
    if value is None:
        raise bad_request(f"missing required parameter: '{name}'", code="missing_required_parameter", param=name)
    if not isinstance(value, dict):
        raise bad_request(f"'{name}' must be an object, not {json_type(value)}", code="invalid_type", param=name)
    return value


def _has_vector(embedding: Any) -> bool:
    return isinstance(embedding, dict) and isinstance(embedding.get("values"), list) and bool(embedding["values"])
