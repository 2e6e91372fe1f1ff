"""Bodies: what reading one would cost, the two changes that a rule may make, bounded decoding of answers."""

import re
import zlib
from typing import Any

import msgspec

from halfpenny.proxy.headers import Pairs, content_encoding
from halfpenny.proxy.outline import Outline, Partial, outline

LIGHT_BYTES = 64 * 1024
"""Bodies up to this size are read where they arrive: some milliseconds at worst. Larger ones belong into a thread."""
MAX_WHOLE_BYTES = 32 * 1024 * 1024
"""Larger answers are passed on as they come, understood no further."""
WHOLE_BYTES = 8 * 1024 * 1024
"""Larger bodies are not read whole. Decoded value, canonical form and digest each take as much memory again."""
_READ_NS = 40_000_000
_DIGITS_STRIDE = 64
_DIGITS_SAMPLED = re.compile(rb"[0-9]{4}")
_DIGITS_BYTES = 3 * _DIGITS_STRIDE
_DIGITS = re.compile(rb"[0-9]{%d}" % _DIGITS_BYTES)
_ADDED = frozenset({"model", "stream_options"})
_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()


def too_heavy(body: bytes) -> str:
    """Why this body must not be decoded whole; empty if it may.

    A JSON decoder holds the interpreter's lock from the first byte to the last, in whatever thread it runs, and the
    event loop stands still meanwhile. What it will take is estimated from the body's bytes (nanoseconds as measured
    with msgspec 0.20 on the slowest machine at hand; quoted text counts as if it were structure).
    """
    size = len(body)
    if size > WHOLE_BYTES:
        return "its size"
    if size > LIGHT_BYTES:
        count = body.count
        values, members, brackets = count(b","), count(b":"), count(b"{") + count(b"[")
        if 3 * size + 12 * values + 150 * members + 50 * brackets + 5 * count(b'"') > _READ_NS:
            return "the number of its values"
    # The time that an integer takes grows with the square of its length, up to Python's limit of 4300 digits.
    for found in _DIGITS_SAMPLED.finditer(body[::_DIGITS_STRIDE]):
        at = found.start() * _DIGITS_STRIDE
        if _DIGITS.match(body, at, at + _DIGITS_BYTES):
            return "the length of its numbers"
    return ""


def has_duplicate_keys(body: bytes, document: dict[str, Any] | None = None) -> bool:
    """Whether an object in this JSON names a key twice. Parsers differ on which one counts (RFC 8259 section 4), so
    what one of them answered may not be served for the other's reading. True also for what cannot be told.

    `document` is the decoded body, if it is at hand. A decoder keeps one of two members of the same name; every member
    has a colon, and the colons in strings stay: so the encoded document has fewer of them, or as many and no duplicate.
    """
    if b"\\u003" in body and (b"\\u003a" in body or b"\\u003A" in body):
        return True  # an escaped colon: it would be counted once it is encoded, and not before
    try:
        known = _decoder.decode(body) if document is None else document
        return isinstance(known, Partial) or body.count(b":") != _encoder.encode(known).count(b":")
    except (ValueError, RecursionError):
        return True


def alter_body(body: bytes, document: dict[str, Any], *, model: str | None, ask_usage: bool) -> bytes:
    """The body to send. Without a change it is the very object given: byte for byte what the caller sent.

    `model` replaces the model's name where it stands, or is added at the end. `ask_usage` adds
    `stream_options.include_usage` at the end of the object. Every other byte stays, and with what stands before the
    change the provider's prompt cache. Raises ValueError for a body without an outline that was not read either.
    """
    if model is None and not ask_usage:
        return body
    found = document.outline if isinstance(document, Partial) else outline(body, _ADDED)
    values: dict[str, Any] = {}
    if model is not None:
        values["model"] = model
    if ask_usage:
        values["stream_options"] = {**(document.get("stream_options") or {}), "include_usage": True}
    if found is not None:
        return _spliced(body, found, {name: _encoder.encode(value) for name, value in values.items()})
    if isinstance(document, Partial):
        raise ValueError("a body that could not be read cannot be changed")
    return _encoder.encode({**document, **values})


def _spliced(body: bytes, found: Outline, values: dict[str, bytes]) -> bytes:
    """The body with these members' values in place of theirs (of each, where one is named twice), or added."""
    changes = [(start, end, new) for name, new in values.items() for start, end in found.spans.get(name, ())]
    added = [b'"%s":%s' % (name.encode(), new) for name, new in values.items() if name not in found.spans]
    if added:
        comma = b"" if found.empty else b","
        changes.append((found.end, found.end, comma + b",".join(added)))
    raw = memoryview(body)
    parts: list[bytes | memoryview] = []
    at = 0
    for start, end, new in sorted(changes):
        parts += (raw[at:start], new)
        at = end
    return b"".join((*parts, raw[at:]))


def decoded(body: bytes, headers: Pairs, limit: int) -> bytes | None:
    """The body without its content encoding, or None if it cannot be undone here within `limit` bytes.

    We ask for identity; some servers compress all the same. zlib's forms are undone, others are passed on unread.
    """
    encoding = content_encoding(headers)
    if not encoding:
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        return None
    try:
        machine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        plain = machine.decompress(body, limit)
        return plain if machine.eof else None
    except zlib.error:
        return None
