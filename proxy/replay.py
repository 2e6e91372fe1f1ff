"""A stored answer in the form that the caller asked for: same mode verbatim, the other mode converted."""

from typing import Any

import msgspec

from halfpenny.proxy.surfaces.base import Surface
from halfpenny.semantic_cache.base import Entry

JSON_TYPE = "application/json"
SSE_TYPE = "text/event-stream; charset=utf-8"
STREAM_HEADERS = (("Cache-Control", "no-cache, no-transform"), ("X-Accel-Buffering", "no"))


def render(
    entry: Entry, surface: Surface, *, stream: bool, wants_usage: bool, form: str = ""
) -> tuple[str, bytes]:
    """(content type, body). An entry serves both modes and all forms; usage is shown in a stream only to who asked for
    it. Raises ValueError for an entry that cannot be shown so."""
    if stream and wants_usage and surface.usage_on_request and b'"usage"' not in entry.body:
        raise ValueError("the entry has no usage, which was asked for")
    if entry.mode == "json":
        if not stream:
            return entry.content_type, surface.in_form(entry.body, form) if form else entry.body
        return SSE_TYPE, surface.to_stream(msgspec.json.decode(entry.body), include_usage=wants_usage)
    if stream:
        return entry.content_type, entry.body if wants_usage else surface.without_usage(entry.body)
    return JSON_TYPE, as_json(surface.to_document(entry.body))


def as_json(document: dict[str, Any]) -> bytes:
    return msgspec.json.encode(document)
