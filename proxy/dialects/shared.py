"""What several dialects need: JSON text, data URLs, ids, schemas, thinking budgets."""

import hashlib
import re
from typing import Any

import msgspec

from halfpenny.proxy.dialects.base import Call, Effort, Format, Image, Part, Request, Text, Thinking, not_expressible
from halfpenny.proxy.errors import ProxyError, bad_request

WHERE = {
    "openai": "OpenAI Chat Completions API",
    "anthropic": "Anthropic Messages API",
    "gemini": "Gemini API",
}
UNNAMED = "unnamed"
"""Stands in an answer's id if the upstream gave none."""
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)\Z", re.DOTALL)
# OpenAI's word for how much to think <-> a budget in tokens; the upper bound that each word stands for.
_BUDGETS: tuple[tuple[int, Effort], ...] = ((0, "none"), (1024, "minimal"), (4096, "low"), (16384, "medium"))
_decoder = msgspec.json.Decoder()


def json_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def cannot(request: Request, field: str, where: str, why: str = "") -> ProxyError:
    """The refusal of a field of the neutral request, under the caller's own name of it."""
    return not_expressible(request.names.get(field, field), why or f"cannot be expressed in the {where}")


def object_of(text: str) -> dict[str, Any]:
    """The JSON object in a tool call's arguments, {} for none at all. Raises ValueError."""
    if not text.strip():
        return {}
    try:
        value = _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError(f"arguments that are not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("arguments that are not a JSON object")
    return value


def asked_arguments(call: Call) -> dict[str, Any]:
    try:
        return object_of(call.arguments)
    except ValueError as error:
        raise bad_request(f"'{call.at}' holds {error}", param=call.at) from None


def image_of(url: str, at: str, detail: str = "") -> Image:
    """An image by `data:` or `https:` URL. `at` names the caller's field."""
    if url.startswith("data:"):
        found = _DATA_URL.match(url)
        if found is None:
            raise not_expressible(at, "is a data URL that is not base64 with a media type")
        return Image(media_type=found[1], data=found[2], detail=detail, at=at)
    if not url.startswith(("https://", "http://")):
        raise not_expressible(at, "is neither a data: nor an https: URL")
    return Image(url=url, detail=detail, at=at)


def url_of(image: Image) -> str:
    return image.url or f"data:{image.media_type};base64,{image.data}"


def plain_text(parts: tuple[Part, ...]) -> str | None:
    """The text of a turn that is one text and nothing else."""
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return None


def prefixed(prefix: str, name: str) -> str:
    """An answer's id as clients of this dialect expect it: with its usual prefix."""
    return name if name.startswith(prefix) else prefix + (name or UNNAMED)


def call_id(answer_id: str, number: int, choice: int = 0) -> str:
    """An id for a call that came without one: the same each time it is derived, another in each answer.

    At most 40 characters (OpenAI's limit), of the alphabet that Anthropic allows.
    """
    digest = hashlib.blake2b(answer_id.encode(), digest_size=8).hexdigest()
    place = f"{choice}_{number}" if choice else str(number)
    return f"call_{digest}_{place}" if answer_id else f"call_{place}"


def budget_effort(budget: int) -> Effort:
    for most, effort in _BUDGETS:
        if budget <= most:
            return effort
    return "high"


def effort_of(thinking: Thinking | None) -> Effort | None:
    """The effort in words, from a budget if that was given; None: as the model likes."""
    if thinking is None:
        return None
    if thinking.effort is None and thinking.budget is not None:
        return budget_effort(thinking.budget)
    return thinking.effort


def strict_fits(schema: Any) -> bool:
    """Whether OpenAI's strict mode takes the schema: every object is closed and requires all its properties."""
    if isinstance(schema, list):
        return all(strict_fits(item) for item in schema)
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, dict):
        required = schema.get("required")
        names = set(properties) if isinstance(properties, dict) else set()
        if schema.get("additionalProperties") is not False or set(required or ()) != names:
            return False
    return all(strict_fits(value) for value in schema.values())


def described(format: Format) -> dict[str, Any]:
    """The schema of a format, with the format's own description in it, for dialects that have no other place for it."""
    schema = format.schema or {}
    if format.description and "description" not in schema:
        return {**schema, "description": format.description}
    return schema
