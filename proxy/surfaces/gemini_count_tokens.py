"""`POST /v1beta/models/{model}:countTokens`: free of charge, a function of the request alone."""

from typing import Any

from halfpenny.proxy.errors import Dialect
from halfpenny.proxy.surfaces.base import Ask, Reported, Surface, Unstreamed, has_error
from halfpenny.proxy.surfaces.gemini_generate import required_contents, stateful_parts
from halfpenny.proxy.surfaces.gemini_request import all_parts, first, given, moved, read_target, representation, text_of
from halfpenny.proxy.surfaces.pieces import size_of
from halfpenny.proxy.surfaces.reading import read_object


class GeminiCountTokens(Unstreamed):
    name = "gemini_count_tokens"
    dialect: Dialect = "gemini"
    path = "/v1beta/models/{model}:countTokens"
    charged = False
    model_in_body = False

    def read(self, body: bytes, target: str) -> Ask:
        """The body holds `contents`, or a whole `generateContentRequest` that holds them."""
        document = read_object(body)
        asked = read_target(target)
        inner = first(document, "generateContentRequest")
        counted = inner if isinstance(inner, dict) and not given(document, "contents") else document
        contents = required_contents(counted)
        parts = list(all_parts([*contents, *given(counted, "systemInstruction")]))
        said = tuple(("user", text_of(content)) for content in contents)
        return Ask(
            document=document,
            model=asked.model,
            stream=False,
            wants_usage=False,
            noise=frozenset(),
            stateful=representation(asked) or stateful_parts(counted, parts),
            exact_only="token count",
            answer_is_text=False,
            messages=said,
            input_bytes=sum(size_of(text) for _, text in said),
            has_images=any(given(part, "inlineData") for part in parts),
            scope=asked.scope,
        )

    def retarget(self, target: str, model: str) -> str:
        return moved(target, model)

    def reported(self, document: Any) -> Reported:
        """Counting costs nothing: known, and zero. What was counted is the answer, not usage."""
        return Reported(known=self.admissible(document) == "")

    def admissible(self, document: Any) -> str:
        if not isinstance(document, dict) or has_error(document):
            return "an error in the body"
        counted = document.get("totalTokens")
        return "" if isinstance(counted, int) and not isinstance(counted, bool) and counted > 0 else "no count"


_fits: type[Surface] = GeminiCountTokens
