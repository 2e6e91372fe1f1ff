"""proxy/surfaces/answer_text.py: the text of a whole answer in every dialect, as JSON and as events; and its refusals."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfpenny.proxy.surfaces import load_surfaces
from halfpenny.proxy.surfaces.answer_text import answer_text

SAID = "Paris is the capital of France.\n\n1. Seine\n2. “Île-de-France”"
CHAT: dict[str, Any] = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": SAID, "refusal": None, "annotations": []},
            "finish_reason": "stop",
            "logprobs": None,
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
}
COMPLETION: dict[str, Any] = {
    "id": "t1",
    "object": "text_completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "text": SAID, "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": SAID}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 5},
}
RESPONSE: dict[str, Any] = {
    "id": "r1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "m",
    "output": [
        {"id": "rs1", "type": "reasoning", "summary": []},
        {
            "id": "m1",
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": SAID, "annotations": []}],
        },
    ],
    "usage": {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8},
}
GEMINI: dict[str, Any] = {
    "candidates": [
        {
            "content": {"role": "model", "parts": [{"text": "Hm.", "thought": True}, {"text": SAID}]},
            "finishReason": "STOP",
            "index": 0,
        }
    ],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 5, "totalTokenCount": 8},
    "modelVersion": "m",
}
WHOLE = {
    "chat": CHAT,
    "completions": COMPLETION,
    "messages": MESSAGE,
    "responses": RESPONSE,
    "gemini_generate": GEMINI,
}
SURFACES = {surface.name: surface for surface in load_surfaces().values()}


def changed(document: dict[str, Any], path: str, value: Any) -> bytes:
    """The document with one place overwritten; the last step of the path may be new."""
    made = copy.deepcopy(document)
    *steps, last = path.split(".")
    at: Any = made
    for step in steps:
        at = at[int(step)] if step.isdigit() else at[step]
    at[last] = value
    return json.dumps(made).encode()


@pytest.mark.parametrize("name", WHOLE)
def test_the_text_of_a_whole_answer_as_json_and_as_events(name: str) -> None:
    assert answer_text(name, "json", json.dumps(WHOLE[name]).encode()) == SAID
    stream = SURFACES[name].to_stream(WHOLE[name], include_usage=True)
    assert answer_text(name, "sse", stream) == SAID


def test_a_recorded_stream_of_a_real_server() -> None:
    stream = (Path(__file__).parent / "transcripts" / "llamacpp_messages.sse").read_bytes()
    text = answer_text("messages", "sse", stream)
    assert text is not None
    assert text.startswith("The")
    assert answer_text("messages", "sse", stream[: len(stream) // 2]) is None


CALLS = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
CUT = [
    ("chat", changed(CHAT, "choices.0.message.tool_calls", CALLS)),
    ("chat", changed(CHAT, "choices.0.message.function_call", {"name": "f", "arguments": "{}"})),
    ("chat", changed(CHAT, "choices.0.message.refusal", "I will not.")),
    ("chat", changed(CHAT, "choices.0.message.audio", {"id": "a"})),
    ("chat", changed(CHAT, "choices.0.message.annotations", [{"type": "url_citation"}])),
    ("chat", changed(CHAT, "choices.0.message.images", [{"type": "image_url"}])),
    ("chat", changed(CHAT, "choices.0.message.content", "  \n")),
    ("chat", changed(CHAT, "choices.0.message.content", [{"type": "image", "text": "x"}])),
    ("chat", changed(CHAT, "choices.0.finish_reason", "length")),
    ("chat", changed(CHAT, "choices", [*CHAT["choices"], {**CHAT["choices"][0], "index": 1}])),
    ("chat", changed(CHAT, "choices", [])),
    ("completions", changed(COMPLETION, "choices", COMPLETION["choices"] * 2)),
    ("messages", changed(MESSAGE, "content", [{"type": "tool_use", "id": "t", "name": "f", "input": {}}])),
    (
        "messages",
        changed(MESSAGE, "content", [*MESSAGE["content"], {"type": "tool_use", "id": "t", "name": "f", "input": {}}]),
    ),
    ("messages", changed(MESSAGE, "content.0.citations", [{"type": "char_location"}])),
    ("messages", changed(MESSAGE, "stop_reason", "refusal")),
    ("messages", changed(MESSAGE, "stop_reason", "max_tokens")),
    ("responses", changed(RESPONSE, "output.1.content", [{"type": "refusal", "refusal": "No."}])),
    ("responses", changed(RESPONSE, "output.1.content.0.annotations", [{"type": "url_citation"}])),
    (
        "responses",
        changed(RESPONSE, "output", [{"type": "function_call", "name": "f", "arguments": "{}"}, RESPONSE["output"][1]]),
    ),
    ("responses", changed(RESPONSE, "output", [*RESPONSE["output"], RESPONSE["output"][1]])),
    ("responses", changed(RESPONSE, "status", "incomplete")),
    ("gemini_generate", changed(GEMINI, "candidates", GEMINI["candidates"] * 2)),
    ("gemini_generate", changed(GEMINI, "candidates.0.finishReason", "SAFETY")),
    ("gemini_generate", changed(GEMINI, "candidates.0.groundingMetadata", {"webSearchQueries": ["x"]})),
    (
        "gemini_generate",
        changed(GEMINI, "candidates.0.content.parts", [{"text": "a"}, {"functionCall": {"name": "f", "args": {}}}]),
    ),
    ("gemini_generate", changed(GEMINI, "candidates.0.content.parts", [{"text": "Hm.", "thought": True}])),
    ("chat", b'{"error": {"message": "no"}}'),
    ("embeddings", json.dumps(CHAT).encode()),
    ("messages", json.dumps(CHAT).encode()),
]


@pytest.mark.parametrize(("name", "body"), CUT)
def test_anything_but_one_whole_text_has_no_text(name: str, body: bytes) -> None:
    assert answer_text(name, "json", body) is None


def test_text_in_parts_and_thoughts_beside_it() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert answer_text("chat", "json", changed(CHAT, "choices.0.message.content", parts)) == "ab"
    thinking = [{"type": "thinking", "thinking": "hm", "signature": "s"}, *MESSAGE["content"]]
    assert answer_text("messages", "json", changed(MESSAGE, "content", thinking)) == SAID
    assert answer_text("chat", "json", changed(CHAT, "choices.0.message.reasoning_content", "hm")) == SAID


def test_an_unknown_mode_is_not_guessed() -> None:
    assert answer_text("chat", "ndjson", json.dumps(CHAT).encode()) is None


@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from([*WHOLE, "other"]),
    mode=st.sampled_from(["json", "sse"]),
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["choices", "message", "content", "type", "text", "output", "candidates", "parts"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    ),
)
def test_nothing_makes_it_raise(name: str, mode: str, value: Any) -> None:
    body = json.dumps(value).encode()
    assert answer_text(name, mode, b"data: " + body + b"\n\n" if mode == "sse" else body) is None or name in WHOLE
    assert answer_text(name, mode, body[: len(body) // 2] + b"\xff") is None
