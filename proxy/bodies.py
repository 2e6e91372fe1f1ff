"""Bodies: the two changes that a rule may make to a request, and bounded decoding of answers."""

import json
import zlib
from typing import Any

import msgspec

from halfpenny.proxy.headers import Pairs


class _DuplicateError(Exception):
    pass


def has_duplicate_keys(body: bytes) -> bool:
    """Whether an object in this JSON names a key twice. Parsers differ on which one counts (RFC 8259 section 4), so
    what one of them answered may not be served for the other's reading."""

    def pairs(items: list[tuple[str, Any]]) -> None:
        if len(items) > 1 and len({name for name, _ in items}) != len(items):
            raise _DuplicateError

    try:
        json.loads(body, object_pairs_hook=pairs)
    except _DuplicateError:
        return True
    except (ValueError, RecursionError):
        return True  # read by one parser and not by another: no better
    return False


def alter_body(body: bytes, document: dict[str, Any], *, model: str | None, ask_usage: bool) -> bytes:
    """The body to send. Without a change it is the very object given: byte for byte what the caller sent.

    `model` replaces the model's name. `ask_usage` adds `stream_options.include_usage` at the end of the object, so that
    everything before it (and with it the provider's prompt cache) stays as it was.
    """
    if model is None and not ask_usage:
        return body
    if model is None and "stream_options" not in document:
        end = body.rstrip()
        if end.endswith(b"}") and len(document) > 0:
            return end[:-1].rstrip() + b',"stream_options":{"include_usage":true}}'
    changed = dict(document)
    if model is not None:
        changed["model"] = model
    if ask_usage:
        changed["stream_options"] = {**(document.get("stream_options") or {}), "include_usage": True}
    return msgspec.json.encode(changed)


def decoded(body: bytes, headers: Pairs, limit: int) -> bytes | None:
    """The body without its content encoding, or None if it cannot be undone here within `limit` bytes.

    We ask for identity; some servers compress all the same. zlib's forms are undone, others are passed on unread.
    """
    encoding = ""
    for name, value in headers:
        if name.lower() == "content-encoding":
            encoding = value.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        return None
    try:
        machine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        plain = machine.decompress(body, limit)
        return plain if machine.eof else None
    except zlib.error:
        return None
