"""An error of ours -> status and body in the caller's dialect.

Errors of an upstream are not made here: they pass through unchanged. The shapes follow OpenAI's specification
(`error.message`, `type`, `param`, `code`, all four required), Anthropic's SDK (`type: error`, `error.type`) and
Google's `error.code/message/status`.
"""

import re
from typing import Any, Literal

import msgspec

Dialect = Literal["openai", "anthropic", "gemini"]

HEARTBEATS: dict[Dialect, bytes] = {
    "openai": b": ping\n",
    "anthropic": b'event: ping\ndata: {"type": "ping"}\n\n',
    "gemini": b"",
}
"""What may be sent between events without any official client stumbling (docs/clients.md): OpenAI's take a comment that
ends in one newline, Anthropic's its own ping event, Google's nothing at all."""
_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_GEMINI_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    415: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


# `/v1/models/M:generateContent`: with a custom address Google's client drops the `beta`
_GEMINI_METHOD = re.compile(r"/(?:models|tunedModels)/[^/]+:[a-zA-Z]+\Z")


class ProxyError(Exception):
    """A refusal or failure that the proxy itself must word. `code` is also the `Halfpenny-Error` header."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        param: str | None = None,
        retry_after_s: int | None = None,
        final: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param
        self.retry_after_s = retry_after_s
        self.final = final
        """True when our own retries are spent: the client is told not to multiply them."""


def bad_request(message: str, *, code: str = "invalid_request", param: str | None = None) -> ProxyError:
    return ProxyError(400, code, message, param=param)


def dialect_of(path: str) -> Dialect:
    """The dialect that a caller of this path speaks."""
    if path.startswith("/v1/messages"):
        return "anthropic"
    if path.startswith(("/v1beta/", "/v1alpha/")) or _GEMINI_METHOD.search(path) is not None:
        return "gemini"
    return "openai"


def error_document(error: ProxyError, dialect: Dialect) -> dict[str, Any]:
    if dialect == "anthropic":
        kind = _ANTHROPIC_TYPES.get(error.status, "api_error" if error.status >= 500 else "invalid_request_error")
        return {"type": "error", "error": {"type": kind, "message": error.message}}
    if dialect == "gemini":
        status = _GEMINI_STATUSES.get(error.status, "INTERNAL")
        return {"error": {"code": error.status, "message": error.message, "status": status}}
    fallback = "api_error" if error.status >= 500 else "invalid_request_error"
    return {
        "error": {
            "message": error.message,
            "type": _OPENAI_TYPES.get(error.status, fallback),
            "param": error.param,
            "code": error.code,
        }
    }


def error_body(error: ProxyError, dialect: Dialect) -> bytes:
    return msgspec.json.encode(error_document(error, dialect))


def error_event(error: ProxyError, dialect: Dialect) -> bytes:
    """The event that ends a stream that broke: every official SDK raises on it (docs/life-of-a-request.md, step 9)."""
    return upstream_error_event(error_document(error, dialect), dialect)


def upstream_error_event(document: Any, dialect: Dialect) -> bytes:
    """An upstream's own error document as an event, for a stream that had begun before the upstream refused."""
    body = msgspec.json.encode(document)
    if dialect == "anthropic":
        return b"event: error\ndata: " + body + b"\n\n"
    return b"data: " + body + (b"\r\n\r\n" if dialect == "gemini" else b"\n\n")


def error_headers(error: ProxyError) -> list[tuple[str, str]]:
    headers = [("Halfpenny-Error", error.code)]
    if error.retry_after_s is not None:
        headers.append(("Retry-After", str(error.retry_after_s)))
    if error.final:
        headers.append(("x-should-retry", "false"))
    return headers
