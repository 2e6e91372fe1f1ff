"""`POST /v1/embeddings`. Never streamed; two models' vectors are never exchangeable."""

from typing import Any

from halfpenny.proxy.errors import Dialect, bad_request
from halfpenny.proxy.surfaces.base import Ask, Reported, Surface, Unstreamed, has_error
from halfpenny.proxy.surfaces.openai_usage import read_usage
from halfpenny.proxy.surfaces.reading import read_object, text_field

# `encoding_format` stays in the key in this version: base64 and float are stored apart.
NOISE = frozenset({"user", "request_id", "priority"})


class OpenAIEmbeddings(Unstreamed):
    name = "embeddings"
    dialect: Dialect = "openai"
    path = "/v1/embeddings"

    def read(self, body: bytes, target: str) -> Ask:
        document = read_object(body)
        model = self.model_of(document, target)
        given = document.get("input")
        if given is None:
            raise bad_request("missing required parameter: 'input'", code="missing_required_parameter", param="input")
        if not isinstance(given, str | list) or given in ("", []):
            raise bad_request("'input' must be a non-empty string or array", code="invalid_type", param="input")
        text = given if isinstance(given, str) else "\n".join(item for item in given if isinstance(item, str))
        return Ask(
            document=document,
            model=model,
            stream=False,
            wants_usage=False,
            noise=NOISE,
            exact_only="embeddings",
            answer_is_text=False,
            messages=(("user", text),),
            input_bytes=len(text.encode()),
        )

    def model_of(self, document: dict[str, Any], target: str) -> str:
        return text_field(document, "model")

    def reported(self, document: Any) -> Reported:
        return read_usage(document.get("usage")) if isinstance(document, dict) else Reported()

    def admissible(self, document: Any) -> str:
        if not isinstance(document, dict) or has_error(document):
            return "an error in the body"
        data = document.get("data")
        if not isinstance(data, list) or not data:
            return "no data"
        if any(not isinstance(item, dict) or not item.get("embedding") for item in data):
            return "an item without a vector"
        return ""


_fits: type[Surface] = OpenAIEmbeddings
