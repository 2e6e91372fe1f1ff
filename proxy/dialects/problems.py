"""Errors of an upstream in the caller's shape: its message is kept, its type follows from the status.

Shapes and types: OpenAI's specification, Anthropic's SDK (`types/shared`), Google's `google.rpc.Code`.
"""

from typing import Any

import msgspec

from halfpenny.proxy.dialects.base import Failed
from halfpenny.proxy.errors import Dialect, ProxyError, error_document
from halfpenny.proxy.surfaces.base import has_error

_LONGEST = 2000
"""Characters kept of an error that is not JSON."""
_decoder = msgspec.json.Decoder()
_ANTHROPIC_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_ANTHROPIC_TYPES = {status: name for name, status in _ANTHROPIC_STATUSES.items()}
_GEMINI_STATUSES = {402: "FAILED_PRECONDITION", 409: "ABORTED", 502: "UNAVAILABLE", 529: "UNAVAILABLE"}


def body(status: int, raw: bytes, dialect: Dialect) -> bytes:
    """An upstream's error body as the caller's dialect has it; junk becomes the message of such an error."""
    return msgspec.json.encode(document(_read(status, raw), dialect))


def failure_of(decoded: Any) -> Failed | None:
    """The error in one event of a stream, whichever of the three dialects it is in; None if it holds none."""
    if not has_error(decoded):
        return None
    error = decoded[0] if isinstance(decoded, list) else decoded
    return _failed(500, error.get("error"), "the upstream reported an error inside the stream")


def event(failed: Failed, dialect: Dialect) -> bytes:
    """The event that ends a stream, see `errors.error_event`."""
    text = msgspec.json.encode(document(failed, dialect))
    if dialect == "anthropic":
        return b"event: error\ndata: " + text + b"\n\n"
    return b"data: " + text + (b"\r\n\r\n" if dialect == "gemini" else b"\n\n")


def _read(status: int, raw: bytes) -> Failed:
    nothing = f"the upstream answered with status {status}"
    try:
        decoded = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = raw[: 4 * _LONGEST].decode("utf-8", "replace").strip()[:_LONGEST]
        return Failed(message=text or nothing, status=status)
    if isinstance(decoded, list) and len(decoded) == 1:
        decoded = decoded[0]
    error = decoded.get("error") if isinstance(decoded, dict) else None
    found = _failed(status, decoded if error is None else error, nothing)
    return msgspec.structs.replace(found, status=status)


def _failed(status: int, error: Any, nothing: str) -> Failed:
    if isinstance(error, str):
        return Failed(message=error or nothing, status=status)
    if not isinstance(error, dict):
        return Failed(message=nothing, status=status)
    texts = (error.get(name) for name in ("message", "detail", "error", "msg"))
    message = next((text for text in texts if isinstance(text, str) and text), nothing)
    names = (error.get(name) for name in ("code", "status", "type"))
    code = next((name for name in names if isinstance(name, str) and name), "upstream_error")
    number = error.get("code")
    if isinstance(number, int) and 400 <= number <= 599:
        status = number
    else:
        status = _ANTHROPIC_STATUSES.get(str(error.get("type")), status)
    return Failed(message=message, status=status, code=code)


def document(failed: Failed, dialect: Dialect) -> dict[str, Any]:
    """The error as the caller's dialect words it."""
    worded = error_document(ProxyError(failed.status, failed.code, failed.message), dialect)
    if dialect == "anthropic" and failed.status in _ANTHROPIC_TYPES:
        worded["error"]["type"] = _ANTHROPIC_TYPES[failed.status]
    elif dialect == "gemini" and failed.status in _GEMINI_STATUSES:
        worded["error"]["status"] = _GEMINI_STATUSES[failed.status]
    return worded
