"""proxy/replay.py: one entry, two modes; verbatim where the modes agree."""

import json
from typing import Any

import pytest

from halfpenny.proxy.replay import SSE_TYPE, render
from halfpenny.proxy.surfaces import load_surfaces
from halfpenny.semantic_cache.base import Entry

CHAT = load_surfaces()["/v1/chat/completions"]
HEAD = {"id": "c1", "created": 1, "model": "m"}
DOCUMENT = {
    **HEAD,
    "object": "chat.completion",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Good day"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


def event(**more: Any) -> bytes:
    return b"data: " + json.dumps({**HEAD, "object": "chat.completion.chunk", **more}).encode() + b"\n\n"


def choice(delta: dict[str, str], reason: str | None = None) -> list[dict[str, Any]]:
    return [{"index": 0, "delta": delta, "finish_reason": reason}]


STREAM = b"".join(
    [
        event(choices=choice({"role": "assistant", "content": "Good"})),
        event(choices=choice({"content": " day"})),
        event(choices=choice({}, "stop")),
        event(choices=[], usage=DOCUMENT["usage"]),
        b"data: [DONE]\n\n",
    ]
)


def entry(mode: Any, body: bytes, content_type: str) -> Entry:
    names = {"id": "e", "key": "k", "tenant": "t", "partition": "", "surface": "chat", "model": "m", "served_by": "u/m"}
    return Entry(**names, mode=mode, status=200, content_type=content_type, body=body, created_s=0, expires_s=1)


JSON_ENTRY = entry("json", json.dumps(DOCUMENT, indent=2).encode(), "application/json; charset=utf-8")
SSE_ENTRY = entry("sse", STREAM, "text/event-stream")


def text_of(stream: bytes) -> str:
    assert stream.endswith(b"data: [DONE]\n\n")
    events = [json.loads(line[6:]) for line in stream.splitlines() if line.startswith(b"data: {")]
    return "".join(c["delta"].get("content") or "" for e in events for c in e["choices"])


def test_json_to_json_is_verbatim() -> None:
    content_type, body = render(JSON_ENTRY, CHAT, stream=False, wants_usage=False)
    assert (content_type, body) == (JSON_ENTRY.content_type, JSON_ENTRY.body)


def test_stream_to_stream_is_verbatim_for_who_asked_for_usage() -> None:
    assert render(SSE_ENTRY, CHAT, stream=True, wants_usage=True) == ("text/event-stream", STREAM)


def test_stream_to_stream_hides_usage_from_who_did_not() -> None:
    _, body = render(SSE_ENTRY, CHAT, stream=True, wants_usage=False)
    assert b"prompt_tokens" not in body
    assert text_of(body) == "Good day"


@pytest.mark.parametrize("wants_usage", [True, False])
def test_json_to_stream(wants_usage: bool) -> None:
    content_type, body = render(JSON_ENTRY, CHAT, stream=True, wants_usage=wants_usage)
    assert content_type == SSE_TYPE
    assert text_of(body) == "Good day"
    assert (b"prompt_tokens" in body) is wants_usage


def test_stream_to_json() -> None:
    content_type, body = render(SSE_ENTRY, CHAT, stream=False, wants_usage=False)
    assert content_type == "application/json"
    document = json.loads(body)
    assert document["choices"][0]["message"]["content"] == "Good day"
    assert document["choices"][0]["finish_reason"] == "stop"
    assert document["usage"] == DOCUMENT["usage"]
