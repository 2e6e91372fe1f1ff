"""`POST /v1/moderations`: free of charge, a function of the input alone."""

from typing import Any

from halfpenny.proxy.errors import Dialect, bad_request
from halfpenny.proxy.surfaces.base import Ask, Reported, Surface, Unstreamed, has_error
from halfpenny.proxy.surfaces.pieces import size_of
from halfpenny.proxy.surfaces.reading import read_object

NOISE: frozenset[str] = frozenset()


class OpenAIModerations(Unstreamed):
    name = "moderations"
    dialect: Dialect = "openai"
    path = "/v1/moderations"
    charged = False

    def read(self, body: bytes, target: str) -> Ask:
        document = read_object(body)
        given = document.get("input")
        if given is None:
            raise bad_request("missing required parameter: 'input'", code="missing_required_parameter", param="input")
        parts = given if isinstance(given, list) else [given]
        texts = [part if isinstance(part, str) else _text_of(part) for part in parts]
        return Ask(
            document=document,
            # Not routed by: operators list the models that answer, and this one comes with the provider.
            model="",
            stream=False,
            wants_usage=False,
            noise=NOISE,
            stateful="remote content" if any(_is_remote(part) for part in parts) else "",
            exact_only="moderations",
            answer_is_text=False,
            messages=(("user", "\n".join(texts)),),
            input_bytes=sum(map(size_of, texts)),
            has_images=any(isinstance(part, dict) and part.get("type") == "image_url" for part in parts),
        )

    def reported(self, document: Any) -> Reported:
        """Moderation reports no usage and costs nothing: known, and zero."""
        good = isinstance(document, dict) and isinstance(document.get("results"), list)
        return Reported(known=good)

    def admissible(self, document: Any) -> str:
        if not isinstance(document, dict) or has_error(document):
            return "an error in the body"
        results = document.get("results")
        if not isinstance(results, list) or not results or not all(isinstance(result, dict) for result in results):
            return "no results"
        return ""


_fits: type[Surface] = OpenAIModerations


def _text_of(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else None
    return text if isinstance(text, str) else ""


def _is_remote(part: Any) -> bool:
    """An image behind a URL: what it shows may change."""
    image = part.get("image_url") if isinstance(part, dict) else None
    url = image.get("url") if isinstance(image, dict) else image
    return isinstance(url, str) and not url.startswith("data:")
