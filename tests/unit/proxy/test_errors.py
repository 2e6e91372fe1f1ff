"""proxy/errors.py: every error in the caller's dialect; the shapes are those that the official SDKs read."""

import json

import pytest

from halfpenny.proxy.errors import (
    Dialect,
    ProxyError,
    bad_request,
    dialect_of,
    error_body,
    error_document,
    error_event,
    error_headers,
)


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/v1/chat/completions", "openai"),
        ("/v1/embeddings", "openai"),
        ("/", "openai"),
        ("/v1/messages", "anthropic"),
        ("/v1/messages/count_tokens", "anthropic"),
        ("/v1beta/models/gemini-pro:generateContent", "gemini"),
        ("/v1alpha/models/x", "gemini"),
        ("/openai/deployments/x/chat/completions", "openai"),
    ],
)
def test_the_path_names_the_dialect(path: str, dialect: Dialect) -> None:
    assert dialect_of(path) == dialect


@pytest.mark.parametrize(
    ("status", "openai", "anthropic", "gemini"),
    [
        (400, "invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"),
        (401, "authentication_error", "authentication_error", "UNAUTHENTICATED"),
        (403, "permission_error", "permission_error", "PERMISSION_DENIED"),
        (404, "invalid_request_error", "not_found_error", "NOT_FOUND"),
        (413, "invalid_request_error", "request_too_large", "INVALID_ARGUMENT"),
        (429, "rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED"),
        (500, "api_error", "api_error", "INTERNAL"),
        (502, "api_error", "api_error", "INTERNAL"),
        (503, "api_error", "api_error", "UNAVAILABLE"),
        (504, "api_error", "timeout_error", "DEADLINE_EXCEEDED"),
    ],
)
def test_each_status_has_its_type(status: int, openai: str, anthropic: str, gemini: str) -> None:
    error = ProxyError(status, "some_code", "Some words", param="messages")
    assert error_document(error, "openai") == {
        "error": {"message": "Some words", "type": openai, "param": "messages", "code": "some_code"}
    }
    assert error_document(error, "anthropic") == {
        "type": "error",
        "error": {"type": anthropic, "message": "Some words"},
    }
    assert error_document(error, "gemini") == {"error": {"code": status, "message": "Some words", "status": gemini}}


def test_a_broken_stream_ends_in_an_event_of_its_dialect() -> None:
    error = ProxyError(502, "upstream_truncated", 'cut "here"\nand there')
    openai = error_event(error, "openai")
    assert openai == b"data: " + error_body(error, "openai") + b"\n\n"
    assert openai.count(b"\n") == 2
    assert json.loads(openai[6:])["error"]["message"] == 'cut "here"\nand there'
    assert error_event(error, "anthropic").startswith(b'event: error\ndata: {"type":"error"')
    assert error_event(error, "gemini").endswith(b"}\r\n\r\n")


def test_headers() -> None:
    assert error_headers(bad_request("no", code="c")) == [("Halfpenny-Error", "c")]
    last = ProxyError(503, "draining", "later", retry_after_s=1, final=True)
    assert error_headers(last) == [
        ("Halfpenny-Error", "draining"),
        ("Retry-After", "1"),
        ("x-should-retry", "false"),
    ]


def test_an_error_says_its_message() -> None:
    assert str(bad_request("the model is missing", param="model")) == "the model is missing"
    assert bad_request("x").status == 400
