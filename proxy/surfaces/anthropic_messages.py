"""`POST /v1/messages` (Anthropic; llama.cpp and vLLM as measured)."""

from typing import Any

from halfpenny.proxy.errors import Dialect
from halfpenny.proxy.surfaces.anthropic_request import read_ask
from halfpenny.proxy.surfaces.anthropic_stream import (
    STORABLE_STOPS,
    MessageRecorder,
    document_of,
    has_content,
    stream_of,
)
from halfpenny.proxy.surfaces.anthropic_usage import read_usage
from halfpenny.proxy.surfaces.base import Ask, Plain, Reported, Surface, has_error
from halfpenny.proxy.surfaces.pieces import objects_in


class AnthropicMessages(Plain):
    name = "messages"
    dialect: Dialect = "anthropic"
    path = "/v1/messages"
    request_id_header = "request-id"

    def read(self, body: bytes, target: str) -> Ask:
        return read_ask(body)

    def reported(self, document: Any) -> Reported:
        return read_usage(document.get("usage")) if isinstance(document, dict) else Reported()

    def admissible(self, document: Any) -> str:
        if not isinstance(document, dict) or has_error(document):
            return "an error in the body"
        if str(document.get("stop_reason")) not in STORABLE_STOPS:
            return f"stop_reason {document.get('stop_reason')}"
        if document.get("container") is not None:
            return "a container"
        content = document.get("content")
        if not isinstance(content, list) or not any(has_content(block) for block in objects_in(content)):
            return "an empty answer"
        return ""

    def recorder(self, ask: Ask) -> MessageRecorder:
        return MessageRecorder()

    def to_stream(self, document: Any, *, include_usage: bool) -> bytes:
        """Raises ValueError for an answer that the dialect's stream cannot carry. Usage is always a part of it."""
        return stream_of(document)

    def to_document(self, stream: bytes) -> dict[str, Any]:
        """Raises ValueError for a stream that is not whole or holds what we do not understand."""
        return document_of(stream)


_fits: type[Surface] = AnthropicMessages
