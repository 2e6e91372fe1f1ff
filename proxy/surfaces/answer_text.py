"""The visible text of a stored answer, for the judge that compares two answers.

Pure and strict: an answer that holds anything besides one text (tool calls, several choices, a refusal, images, sound,
citations, fields that we do not know) has no text here. Thoughts are no part of what is said to the user.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

import msgspec

from halfpenny.proxy.surfaces.base import Surface

_SURFACES = {
    "chat": "openai_chat:OpenAIChat",
    "completions": "openai_completions:OpenAICompletions",
    "responses": "openai_responses:OpenAIResponses",
    "messages": "anthropic_messages:AnthropicMessages",
    "gemini_generate": "gemini_generate:GeminiGenerate",
}
_MESSAGE_FIELDS = frozenset(
    {"role", "content", "reasoning", "reasoning_content", "reasoning_details", "name", "refusal", "provider_specific"}
)
_OTHER_SIGHTS = ("groundingMetadata", "groundingAttributions", "urlContextMetadata", "citationMetadata")
"""Fields of a Gemini candidate that say what it saw beside the request, or whom it quotes."""
_decoder = msgspec.json.Decoder()


def answer_text(surface_name: str, mode: str, body: bytes) -> str | None:
    """What the user reads of a whole stored answer; None if there is more or less than one text, or any doubt.

    `surface_name` and `mode` ("json" or "sse") as in `Entry.surface` and `Entry.mode`; `body` as stored, decoded. Never
    raises: stored bodies come from outside, and a body that we cannot read is one that we cannot compare.
    """
    try:
        surface = _surface(surface_name)
        if surface is None or mode not in ("json", "sse"):
            return None
        document = surface.to_document(body) if mode == "sse" else _decoder.decode(body)
        if surface.admissible(document):
            return None
        text = _READERS[surface_name](document)
    except Exception:  # whatever it is, the answer is not understood; there is nothing to tell anybody
        return None
    return text if text and text.strip() else None


def _surface(name: str) -> Surface | None:
    where = _SURFACES.get(name)
    if where is None:
        return None
    module, _, kind = where.partition(":")
    # by name: a process that serves one dialect need not load the others
    return cast("Surface", getattr(import_module(f"halfpenny.proxy.surfaces.{module}"), kind)())


def _only(items: Any) -> dict[str, Any] | None:
    """The one object of a list of one."""
    return items[0] if isinstance(items, list) and len(items) == 1 and isinstance(items[0], dict) else None


def _chat(document: dict[str, Any]) -> str | None:
    choice = _only(document["choices"])
    message = choice.get("message") if choice else None
    if not isinstance(message, dict) or message.get("refusal"):
        return None
    if any(value and name not in _MESSAGE_FIELDS for name, value in message.items()):
        return None
    content = message.get("content")
    return content if isinstance(content, str) else _parts(content, "text")


def _completions(document: dict[str, Any]) -> str | None:
    choice = _only(document["choices"])
    return choice.get("text") if choice else None


def _messages(document: dict[str, Any]) -> str | None:
    said = [block for block in document["content"] if block["type"] not in ("thinking", "redacted_thinking")]
    return None if any(block.get("citations") for block in said) else _parts(said, "text")


def _responses(document: dict[str, Any]) -> str | None:
    said = _only([item for item in document["output"] if item["type"] != "reasoning"])
    if said is None or said["type"] != "message":
        return None
    parts = said["content"]
    return None if any(part.get("annotations") for part in parts) else _parts(parts, "output_text")


def _gemini(document: dict[str, Any]) -> str | None:
    candidate = _only(document["candidates"])
    if candidate is None or any(candidate.get(name) for name in _OTHER_SIGHTS):
        return None
    said = [part for part in candidate["content"]["parts"] if not part.get("thought")]
    if any(part.keys() - {"text", "thoughtSignature", "thought"} for part in said):
        return None
    # a part that is only a signature says nothing
    texts = [part.get("text", "") for part in said]
    return "".join(texts) if all(isinstance(text, str) for text in texts) else None


def _parts(parts: Any, kind: str) -> str | None:
    """The texts of `parts` joined, if all of them are of this kind."""
    if not isinstance(parts, list):
        return None
    texts = [part["text"] for part in parts if part["type"] == kind]
    return "".join(texts) if len(texts) == len(parts) and all(isinstance(text, str) for text in texts) else None


_READERS: dict[str, Callable[[dict[str, Any]], str | None]] = {
    "chat": _chat,
    "completions": _completions,
    "responses": _responses,
    "messages": _messages,
    "gemini_generate": _gemini,
}
