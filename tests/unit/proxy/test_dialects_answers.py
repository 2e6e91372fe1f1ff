"""proxy/dialects: answers, streams, errors and headers of each spoken dialect as each asked surface shows them."""

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from google.genai import types as genai
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from halfpenny.proxy.dialects import conversion, reported
from halfpenny.proxy.surfaces.base import Reported
from halfpenny.proxy.surfaces.openai_chat import OpenAIChat
from halfpenny.proxy.surfaces.sse import data_of, events_of

SPOKEN = ("openai", "anthropic", "gemini")
PAIRS = [
    ("chat", "anthropic"),
    ("chat", "gemini"),
    ("messages", "openai"),
    ("messages", "gemini"),
    ("generate", "openai"),
    ("generate", "anthropic"),
    ("responses", "openai"),
    ("responses", "anthropic"),
    ("responses", "gemini"),
]
TERMINALS = {
    "chat": (b'"finish_reason":"', b"[DONE]"),
    "messages": (b"message_stop", b'"stop_reason":"'),
    "generate": (b"finishReason",),
    "responses": (b"response.completed",),
}
ENDINGS = {"openai": b'"finish_reason": "tool_calls"', "anthropic": b"event: message_stop", "gemini": b'"finishReason"'}


@functools.cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def how(asked: str, spoken: str) -> Any:
    return conversion(asked, spoken, clock=lambda: 1000.0)


def sse(*documents: Any) -> bytes:
    """A stream as the upstream of a dialect writes it: with event names where the documents have types."""
    out = []
    for document in documents:
        name = f"event: {document['type']}\n" if "type" in document else ""
        end = "\r\n\r\n" if "candidates" in document or "promptFeedback" in document else "\n\n"
        out.append(f"{name}data: {json.dumps(document)}{end}")
    return "".join(out).encode()


def through(asked: str, spoken: str, stream: bytes, *, include_usage: bool = True) -> bytes:
    made = how(asked, spoken).stream(include_usage=include_usage)
    return bytes(made.feed(stream) + made.finish())


def documents(stream: bytes) -> list[Any]:
    return [json.loads(data_of(event)) for event in events_of(stream) if data_of(event) not in (b"", b"[DONE]")]


# the same good answer as each upstream would give it: a thought, text, one call, usage


def chat_chunk(delta: dict[str, Any], **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": None, **more}
    return {"id": "x1", "object": "chat.completion.chunk", "created": 7, "model": "gpt", "choices": [choice]}


CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"city":"Bonn"}'}}
OPENAI_USAGE = {
    "prompt_tokens": 30,
    "completion_tokens": 9,
    "total_tokens": 39,
    "prompt_tokens_details": {"cached_tokens": 20},
    "completion_tokens_details": {"reasoning_tokens": 4},
}
OPENAI = {
    "id": "x1",
    "object": "chat.completion",
    "created": 7,
    "model": "gpt",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Häi you.", "reasoning_content": "hm so", "tool_calls": [CALL]},
            "finish_reason": "tool_calls",
        }
    ],
    "usage": OPENAI_USAGE,
}
OPENAI_STREAM = (
    b": waiting\n\n"
    + sse(
        chat_chunk({"role": "assistant", "content": ""}),
        chat_chunk({"reasoning_content": "hm"}),
        chat_chunk({"reasoning_content": " so"}),
        chat_chunk({"content": "Häi"}),
        chat_chunk({"content": " you."}),
        chat_chunk({"tool_calls": [{"index": 0, **CALL, "function": {"name": "look", "arguments": ""}}]}),
        chat_chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"city"'}}]}),
        chat_chunk({"tool_calls": [{"index": 0, "function": {"arguments": ':"Bonn"}'}}]}),
        chat_chunk({}, finish_reason="tool_calls"),
        {**chat_chunk({}), "choices": [], "usage": OPENAI_USAGE},
    )
    + b"data: [DONE]\n\n"
)
ANTHROPIC_USAGE = {
    "input_tokens": 10,
    "cache_read_input_tokens": 20,
    "cache_creation_input_tokens": 0,
    "output_tokens": 9,
    "output_tokens_details": {"thinking_tokens": 4},
}
ANTHROPIC = {
    "id": "msg_x1",
    "type": "message",
    "role": "assistant",
    "model": "claude",
    "content": [
        {"type": "thinking", "thinking": "hm so", "signature": "sealed"},
        {"type": "redacted_thinking", "data": "xxxx"},
        {"type": "text", "text": "Häi you."},
        {"type": "tool_use", "id": "c1", "name": "look", "input": {"city": "Bonn"}},
    ],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": ANTHROPIC_USAGE,
}


def block(index: int, opening: dict[str, Any], *deltas: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "content_block_start", "index": index, "content_block": opening}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


ANTHROPIC_STREAM = sse(
    {
        "type": "message_start",
        "message": {
            **ANTHROPIC,
            "content": [],
            "stop_reason": None,
            "usage": {**ANTHROPIC_USAGE, "output_tokens": 1, "output_tokens_details": None},
        },
    },
    {"type": "ping"},
    *block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "thinking_delta", "thinking": " so"},
        {"type": "signature_delta", "signature": "sealed"},
    ),
    *block(1, {"type": "redacted_thinking", "data": "xxxx"}),
    *block(
        2,
        {"type": "text", "text": ""},
        {"type": "text_delta", "text": "Häi"},
        {"type": "text_delta", "text": " you."},
    ),
    *block(
        3,
        {"type": "tool_use", "id": "c1", "name": "look", "input": {}},
        {"type": "input_json_delta", "partial_json": ""},
        {"type": "input_json_delta", "partial_json": '{"city"'},
        {"type": "input_json_delta", "partial_json": ':"Bonn"}'},
    ),
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}},
    },
    {"type": "message_stop"},
)
GEMINI_USAGE = {
    "promptTokenCount": 30,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 4,
    "cachedContentTokenCount": 20,
    "totalTokenCount": 39,
}
GEMINI_CALL = {"functionCall": {"id": "c1", "name": "look", "args": {"city": "Bonn"}}}


def gemini_chunk(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0, **more}
    return {"candidates": [candidate], "modelVersion": "gem", "responseId": "x1"}


GEMINI = {
    **gemini_chunk({"text": "hm so", "thought": True}, {"text": "Häi you."}, GEMINI_CALL, finishReason="STOP"),
    "usageMetadata": GEMINI_USAGE,
}
GEMINI_STREAM = sse(
    {**gemini_chunk({"text": "hm", "thought": True}), "usageMetadata": {"promptTokenCount": 30}},
    gemini_chunk({"text": " so", "thought": True}),
    gemini_chunk({"text": "Häi"}),
    gemini_chunk({"text": " you."}),
    gemini_chunk(GEMINI_CALL),
    {**gemini_chunk({"text": ""}, finishReason="STOP"), "usageMetadata": GEMINI_USAGE},
)
WHOLE: dict[str, Any] = {"openai": OPENAI, "anthropic": ANTHROPIC, "gemini": GEMINI}
STREAMS = {"openai": OPENAI_STREAM, "anthropic": ANTHROPIC_STREAM, "gemini": GEMINI_STREAM}
NAMES = {"openai": ("x1", "gpt"), "anthropic": ("msg_x1", "claude"), "gemini": ("x1", "gem")}


def expected(asked: str, spoken: str) -> dict[str, Any]:
    """The good answer as the asked surface has it, written by hand."""
    name, model = NAMES[spoken]
    created = 7 if spoken == "openai" else 1000
    if asked == "chat":
        return {
            "id": f"chatcmpl-{name}",
            "object": "chat.completion",
            "created": created,
            "model": model,
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": "Häi you.",
                        "refusal": None,
                        "reasoning_content": "hm so",
                        "tool_calls": [CALL],
                    },
                    "logprobs": None,
                    "finish_reason": "tool_calls",
                }
            ],
            "usage": {
                **OPENAI_USAGE,
                "prompt_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 0},
            },
        }
    if asked == "messages":
        content = [{"type": "thinking", "thinking": "hm so", "signature": ""}, *ANTHROPIC["content"][2:]]  # type: ignore[index]
        return {**ANTHROPIC, "content": content, "model": model, "usage": ANTHROPIC_USAGE}
    if asked == "generate":
        return {**GEMINI, "modelVersion": model, "responseId": name}
    items = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm so"}]},
        {
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Häi you.", "annotations": [], "logprobs": []}],
        },
        {
            "type": "function_call",
            "call_id": "c1",
            "name": "look",
            "arguments": '{"city":"Bonn"}',
            "status": "completed",
        },
    ]
    return {
        "id": f"resp_{name}",
        "created_at": created,
        "status": "completed",
        "model": model,
        "output": items,
        "error": None,
        "incomplete_details": None,
        "usage": {
            "input_tokens": 30,
            "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 0},
            "output_tokens": 9,
            "output_tokens_details": {"reasoning_tokens": 4},
            "total_tokens": 39,
        },
    }


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
def test_a_good_answer(asked: str, spoken: str) -> None:
    found = how(asked, spoken).answer(WHOLE[spoken])
    wanted = expected(asked, spoken)
    if asked == "responses":
        ids = [item.pop("id") for item in found["output"]]
        assert len(set(ids)) == 3
        assert [name.split("_")[0] for name in ids] == ["rs", "msg", "fc"]
        found = {name: found[name] for name in wanted}
    assert found == wanted


def check_type(asked: str, document: dict[str, Any]) -> None:
    if asked == "chat":
        adapter(ChatCompletion).validate_python(document, strict=True)
    elif asked == "messages":
        adapter(Message).validate_python(document, strict=True)
    elif asked == "generate":
        genai.GenerateContentResponse.model_validate(document)
    else:
        adapter(Response).validate_python(document)


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
def test_the_official_types_take_the_answer(asked: str, spoken: str) -> None:
    check_type(asked, how(asked, spoken).answer(WHOLE[spoken]))


# a stream collected as the official client would


def collected(asked: str, stream: bytes) -> dict[str, Any]:
    if asked == "chat":
        assert stream.endswith(b"data: [DONE]\n\n")
        for document in documents(stream):
            adapter(ChatCompletionChunk).validate_python(document, strict=True)
        collected = OpenAIChat().to_document(stream)
        collected["choices"][0]["message"].setdefault("refusal", None)
        return collected
    if asked == "messages":
        return collected_messages(stream)
    if asked == "generate":
        return collected_generate(stream)
    return collected_responses(stream)


def collected_messages(stream: bytes) -> dict[str, Any]:
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    open_blocks: list[int] = []
    seen = 0
    raw = list(events_of(stream))
    kinds = [document["type"] for document in documents(stream)]
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    for event, document in zip(raw, documents(stream), strict=True):
        assert event.startswith(f"event: {document['type']}\ndata: ".encode())
        parsed: Any = adapter(RawMessageStreamEvent).validate_python(document, strict=True)
        if parsed.type == "content_block_start":
            assert parsed.index == seen
            assert not open_blocks
            open_blocks.append(parsed.index)
            seen += 1
        elif parsed.type == "content_block_delta":
            assert open_blocks == [parsed.index]
        elif parsed.type == "content_block_stop":
            open_blocks.remove(parsed.index)
        snapshot = accumulate_event(event=parsed, current_snapshot=snapshot, json_bufs=buffers)
    assert not open_blocks
    found: dict[str, Any] = snapshot.model_dump(exclude_unset=True)
    assert found.pop("stop_details") is None  # the client's own addition
    return found


def collected_generate(stream: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {"candidates": []}
    for event in events_of(stream):
        assert event.startswith(b"data: {")
        assert event.endswith(b"}\r\n\r\n")
    for document in documents(stream):
        genai.GenerateContentResponse.model_validate(document)
        for candidate in document.pop("candidates"):
            while len(found["candidates"]) <= candidate["index"]:
                index = len(found["candidates"])
                found["candidates"].append({"content": {"parts": [], "role": "model"}, "index": index})
            held = found["candidates"][candidate["index"]]
            for part in candidate.pop("content")["parts"]:
                parts = held["content"]["parts"]
                if parts and "text" in part and "text" in parts[-1] and part.get("thought") == parts[-1].get("thought"):
                    parts[-1] = {**part, "text": parts[-1]["text"] + part["text"]}
                else:
                    parts.append(part)
            logprobs = candidate.pop("logprobsResult", None)
            if logprobs is not None:
                before = held.setdefault("logprobsResult", {})
                for name, entries in logprobs.items():
                    before[name] = [*before.get(name, []), *entries]
            held.update(candidate)
        found.update(document)
    return found


def collected_responses(stream: bytes) -> dict[str, Any]:
    events = documents(stream)
    for raw, event in zip(events_of(stream), events, strict=True):
        assert raw.startswith(f"event: {event['type']}\ndata: ".encode())
        assert adapter(ResponseStreamEvent).validate_python(event).type == event["type"]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"] for event in events[:2]] == ["response.created", "response.in_progress"]
    assert events[0]["response"]["status"] == "in_progress"
    assert events[0]["response"]["output"] == []
    items: list[Any] = []
    texts: dict[tuple[Any, ...], str] = {}
    for event in events:
        kind = event["type"]
        place = (event.get("item_id"), event.get("content_index"), event.get("summary_index"))
        if kind == "response.output_item.added":
            assert event["output_index"] == len(items)
            items.append(event["item"])
        elif kind.endswith(".delta"):
            assert items[event["output_index"]]["id"] == event["item_id"]
            texts[place] = texts.get(place, "") + event["delta"]
        elif kind.endswith(("_text.done", "refusal.done", "arguments.done")):
            whole = event.get("text", event.get("refusal", event.get("arguments")))
            assert texts.get(place, "") == whole
        elif kind == "response.output_item.done":
            assert event["item"]["id"] == items[event["output_index"]]["id"]
            items[event["output_index"]] = event["item"]
    last: dict[str, Any] = events[-1]["response"]
    assert events[-1]["type"] == f"response.{last['status']}"
    assert last["output"] == items
    return last


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
def test_a_stream_collects_to_what_the_whole_answer_is(asked: str, spoken: str) -> None:
    found = collected(asked, through(asked, spoken, STREAMS[spoken]))
    wanted = how(asked, spoken).answer(WHOLE[spoken])
    if asked == "chat":
        wanted["choices"][0]["message"].pop("refusal")
        found["choices"][0]["message"].pop("refusal")
    assert found == wanted


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
def test_pieces_flow_as_they_come(asked: str, spoken: str) -> None:
    """After each event of the upstream the caller has all the text that the upstream has sent."""
    made = how(asked, spoken).stream(include_usage=False)
    out = b""
    for event in events_of(STREAMS[spoken]):
        out += made.feed(event)
        for piece in ("hm", "Häi", " you."):
            assert (json.dumps(piece, ensure_ascii=False).encode() in event.replace(b"H\\u00e4i", "Häi".encode())) <= (
                f'"{piece}"'.encode() in out
            )
    if asked != "generate" and spoken != "gemini":
        assert json.dumps('{"city"').encode() in out
        assert json.dumps(':"Bonn"}').encode() in out


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
def test_any_cut_gives_the_same_bytes(asked: str, spoken: str) -> None:
    stream = STREAMS[spoken]
    whole = through(asked, spoken, stream)
    conv = how(asked, spoken)
    for at in range(len(stream)):
        made = conv.stream(include_usage=True)
        assert made.feed(stream[:at]) + made.feed(stream[at:]) + made.finish() == whole
    made = conv.stream(include_usage=True)
    assert b"".join(made.feed(stream[at : at + 1]) for at in range(len(stream))) + made.finish() == whole


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
def test_a_cut_stream_never_looks_whole(asked: str, spoken: str) -> None:
    stream = STREAMS[spoken]
    ending = stream.index(ENDINGS[spoken])
    conv = how(asked, spoken)
    for at in range(len(stream)):
        made = conv.stream(include_usage=True)
        out = made.feed(stream[:at]) + made.finish()
        found = {marker in out for marker in TERMINALS[asked]}
        # past its ending a stream may be whole though its last bytes are missing (chat without [DONE]): then all or none
        assert found == {False} or (
            at > ending and found == {True} and b"error" not in out.replace(b'"error":null', b"")
        )


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
def test_a_stream_whose_answer_never_ended_is_not_whole(asked: str, spoken: str) -> None:
    """The marker alone proves nothing: a choice without its ending is a cut answer."""
    events = [
        event
        for event in events_of(STREAMS[spoken])
        if not any(word in event for word in (b'"message_delta"', b'"finish_reason": "tool_calls"', b'"finishReason"'))
    ]
    assert len(events) == len(list(events_of(STREAMS[spoken]))) - 1
    out = through(asked, spoken, b"".join(events))
    assert out
    assert not any(marker in out for marker in TERMINALS[asked])


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
def test_usage_is_reported(asked: str, spoken: str) -> None:
    made = how(asked, spoken).stream(include_usage=False)
    made.feed(STREAMS[spoken])
    made.finish()
    for found in (made.reported, reported(spoken, WHOLE[spoken])):
        assert found.known
        assert (found.input_tokens, found.cached_input_tokens, found.cache_write_tokens) == (30, 20, 0)
        assert (found.output_tokens, found.reasoning_tokens) == (9, 4)


def test_usage_of_nothing() -> None:
    assert reported("openai", {}) == Reported()
    assert reported("gemini", [1]) == Reported()
    with pytest.raises(ValueError, match="no such dialect"):
        reported("bedrock", {})


def test_the_usage_chunk_is_for_those_who_asked() -> None:
    assert b"usage" not in through("chat", "anthropic", ANTHROPIC_STREAM, include_usage=False)
    chunks = documents(through("chat", "anthropic", ANTHROPIC_STREAM))
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["prompt_tokens"] == 30
    assert all(chunk["usage"] is None for chunk in chunks[:-1])


# errors in streams

ERRORS = {
    "openai": sse({"error": {"message": "Too much", "type": "rate_limit_error", "code": "busy"}}),
    "anthropic": sse({"type": "error", "error": {"type": "overloaded_error", "message": "Too much"}}),
    "gemini": b'data: {"error": {"code": 503, "message": "Too much", "status": "UNAVAILABLE"}}\r\n\r\n',
}


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
def test_an_error_in_the_stream_is_the_callers_error_and_the_last_word(asked: str, spoken: str) -> None:
    stream = STREAMS[spoken]
    middle = stream.index(b" you.")
    start = (
        stream[: stream.rindex(b"\n\n", 0, middle) + 2]
        if spoken != "gemini"
        else stream[: stream.rindex(b"\r\n\r\n", 0, middle) + 4]
    )
    made = how(asked, spoken).stream(include_usage=True)
    made.feed(start)
    out = made.feed(ERRORS[spoken] + stream[len(start) :]) + made.finish()
    assert not any(marker in out for marker in TERMINALS[asked])
    assert made.feed(stream) == b""
    (event,) = list(events_of(out))
    document = json.loads(data_of(event))
    assert document["error"]["message"] == "Too much"
    if asked == "messages":
        assert event.startswith(b"event: error\n")
        assert document["type"] == "error"
    elif asked == "responses":
        assert event.startswith(b"event: error\n")
        assert document["message"] == "Too much"
        assert document["sequence_number"] > 0
    elif asked == "generate":
        assert event.endswith(b"\r\n\r\n")
        assert isinstance(document["error"]["code"], int)


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
@pytest.mark.parametrize(
    "junk",
    [
        b"data: {broken\n\n",
        b"data: [1, 2]\n\n",
        b"data: 5\n\n",
        b'data: {"choices": [5], "candidates": [5], "type": "content_block_delta"}\n\n',
        b'data: {"choices": [{"delta": {"audio": {"id": "a"}}}], "type": "content_block_start", "index": 0, '
        b'"content_block": {"type": "server_tool_use"}, "candidates": [{"content": {"parts": [{"inlineData": {}}]}}]}\n\n',
        b'data: {"choices": [{"delta": {"tool_calls": [{"index": 0}]}}], "type": "content_block_delta", "index": 9, '
        b'"delta": {"type": "input_json_delta", "partial_json": "x"}, '
        b'"candidates": [{"content": {"parts": [{"functionCall": {}}]}}]}\n\n',
        b"data: " + b"[" * 100_000 + b"\n\n",
    ],
)
def test_what_is_not_the_dialect_becomes_an_error(asked: str, spoken: str, junk: bytes) -> None:
    out = through(asked, spoken, junk + STREAMS[spoken])
    (event,) = list(events_of(out))
    assert "cannot be converted" in json.loads(data_of(event))["error"]["message"]


def test_mixed_fragments_of_calls_are_an_error_where_they_have_no_place() -> None:
    def part(index: int, **function: str) -> dict[str, Any]:
        call = {"index": index, "id": f"c{index}", "function": function}
        return chat_chunk({"tool_calls": [call]})

    stream = sse(
        part(0, name="f", arguments=""),
        part(1, name="g", arguments=""),
        part(0, arguments="{}"),
        chat_chunk({}, finish_reason="tool_calls"),
    )
    for asked in ("messages", "responses", "generate"):
        out = through(asked, "openai", stream + b"data: [DONE]\n\n")
        assert b"come mixed" in out
        assert not any(marker in out for marker in TERMINALS[asked])


def test_several_calls_in_a_stream() -> None:
    stream = sse(
        chat_chunk({"tool_calls": [{"index": 0, **CALL}]}),
        chat_chunk({"tool_calls": [{"index": 1, "function": {"name": "go", "arguments": ""}}]}),
        chat_chunk({}, finish_reason="stop"),
    )
    blocks = collected("messages", through("messages", "openai", stream))["content"]
    assert [(block["name"], block["input"]) for block in blocks] == [("look", {"city": "Bonn"}), ("go", {})]
    assert blocks[1]["id"].startswith("call_")
    assert collected("messages", through("messages", "openai", stream))["stop_reason"] == "tool_use"
    parts = collected("generate", through("generate", "openai", stream))["candidates"][0]["content"]["parts"]
    assert [part["functionCall"]["args"] for part in parts] == [{"city": "Bonn"}, {}]


# endings


@pytest.mark.parametrize(
    ("spoken", "word", "chat", "messages", "generate", "responses"),
    [
        ("openai", "stop", None, "end_turn", "STOP", "completed"),
        ("openai", "length", None, "max_tokens", "MAX_TOKENS", "max_output_tokens"),
        ("openai", "content_filter", None, "refusal", "SAFETY", "content_filter"),
        ("openai", "insufficient_system_resource", None, "refusal", "OTHER", "content_filter"),
        ("anthropic", "end_turn", "stop", None, "STOP", "completed"),
        ("anthropic", "stop_sequence", "stop", None, "STOP", "completed"),
        ("anthropic", "max_tokens", "length", None, "MAX_TOKENS", "max_output_tokens"),
        ("anthropic", "model_context_window_exceeded", "length", None, "MAX_TOKENS", "max_output_tokens"),
        ("anthropic", "refusal", "content_filter", None, "SAFETY", "content_filter"),
        ("anthropic", "pause_turn", "content_filter", None, "OTHER", "content_filter"),
        ("gemini", "STOP", "stop", "end_turn", None, "completed"),
        ("gemini", "MAX_TOKENS", "length", "max_tokens", None, "max_output_tokens"),
        ("gemini", "SAFETY", "content_filter", "refusal", None, "content_filter"),
        ("gemini", "RECITATION", "content_filter", "refusal", None, "content_filter"),
        ("gemini", "MALFORMED_FUNCTION_CALL", "content_filter", "refusal", None, "content_filter"),
    ],
)
def test_endings(
    spoken: str, word: str, chat: str | None, messages: str | None, generate: str | None, responses: str
) -> None:
    whole: dict[str, Any] = {
        "openai": {"choices": [{"index": 0, "message": {"content": "a"}, "finish_reason": word}]},
        "anthropic": {"content": [{"type": "text", "text": "a"}], "stop_reason": word},
        "gemini": gemini_chunk({"text": "a"}, finishReason=word),
    }[spoken]
    stream = {
        "openai": sse(chat_chunk({"content": "a"}), chat_chunk({}, finish_reason=word)),
        "anthropic": sse(
            {"type": "message_start", "message": {"id": "m", "model": "c"}},
            *block(0, {"type": "text", "text": "a"}),
            {"type": "message_delta", "delta": {"stop_reason": word}},
            {"type": "message_stop"},
        ),
        "gemini": sse(whole),
    }[spoken]
    for asked, wanted in (("chat", chat), ("messages", messages), ("generate", generate), ("responses", responses)):
        if wanted is None:
            continue
        found = [how(asked, spoken).answer(whole), collected(asked, through(asked, spoken, stream))]
        for answer in found:
            ending = {
                "chat": lambda a: a["choices"][0]["finish_reason"],
                "messages": lambda a: a["stop_reason"],
                "generate": lambda a: a["candidates"][0]["finishReason"],
                "responses": lambda a: (a["incomplete_details"] or {"reason": a["status"]})["reason"],
            }[asked](answer)
            assert ending == wanted


def test_a_stop_sequence_that_is_known_is_named() -> None:
    whole = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop", "stop_reason": "END"}]}
    answer = how("messages", "openai").answer(whole)
    assert (answer["stop_reason"], answer["stop_sequence"]) == ("stop_sequence", "END")


def test_refusals() -> None:
    whole = {"choices": [{"message": {"content": None, "refusal": "No."}, "finish_reason": "stop"}]}
    stream = sse(chat_chunk({"refusal": "N"}), chat_chunk({"refusal": "o."}), chat_chunk({}, finish_reason="stop"))
    for answer in (
        how("messages", "openai").answer(whole),
        collected("messages", through("messages", "openai", stream)),
    ):
        assert answer["stop_reason"] == "refusal"
        assert answer["content"] == [{"type": "text", "text": "No."}]
    for answer in (
        how("generate", "openai").answer(whole),
        collected("generate", through("generate", "openai", stream)),
    ):
        assert answer["candidates"][0]["finishReason"] == "SAFETY"
        assert answer["candidates"][0]["content"]["parts"] == [{"text": "No."}]
    for answer in (
        how("responses", "openai").answer(whole),
        collected("responses", through("responses", "openai", stream)),
    ):
        assert answer["output"][0]["content"] == [{"type": "refusal", "refusal": "No."}]


def test_a_prompt_that_gemini_blocked() -> None:
    whole = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 4}}
    for asked in ("chat", "messages", "responses"):
        check_type(asked, how(asked, "gemini").answer(whole))
    answer = how("chat", "gemini").answer(whole)
    assert answer["choices"][0]["finish_reason"] == "content_filter"
    stream = through("chat", "gemini", sse(whole), include_usage=False)
    assert documents(stream)[-1]["choices"][0]["finish_reason"] == "content_filter"


def test_several_candidates_and_log_probabilities_between_openai_and_gemini() -> None:
    tokens = [
        {"token": "Yes", "logProbability": -0.25},
        {"token": "é", "logProbability": -1.5},
    ]
    result = {
        "chosenCandidates": tokens,
        "topCandidates": [{"candidates": [tokens[0], {"token": "No", "logProbability": -2.0}]}, {"candidates": []}],
    }
    candidates = [
        {"content": {"parts": [{"text": "Yesé"}]}, "finishReason": "STOP", "index": index, "logprobsResult": result}
        for index in range(2)
    ]
    whole = {"candidates": candidates, "modelVersion": "g", "responseId": "r"}
    chat = how("chat", "gemini").answer(whole)
    check_type("chat", chat)
    assert [choice["index"] for choice in chat["choices"]] == [0, 1]
    first = chat["choices"][0]["logprobs"]["content"]
    assert [(entry["token"], entry["logprob"], entry["bytes"]) for entry in first] == [
        ("Yes", -0.25, [89, 101, 115]),
        ("é", -1.5, [195, 169]),
    ]
    assert [top["token"] for top in first[0]["top_logprobs"]] == ["Yes", "No"]
    back = how("generate", "openai").answer(chat)
    assert [candidate["logprobsResult"] for candidate in back["candidates"]] == [result, result]
    streamed = collected(
        "chat", through("chat", "gemini", sse(*[{**whole, "candidates": [one]} for one in candidates]))
    )
    for choice in (*streamed["choices"], *chat["choices"]):
        choice["message"].pop("refusal", None)
    assert streamed["choices"] == chat["choices"]
    again = through("generate", "openai", OpenAIChat().to_stream(chat, include_usage=False))
    assert collected("generate", again)["candidates"] == back["candidates"]
    responses = how("responses", "gemini").answer({**whole, "candidates": candidates[:1]})
    assert responses["output"][0]["content"][0]["logprobs"] == first
    for asked in ("messages", "responses"):
        with pytest.raises(ValueError, match="2 choices"):
            how(asked, "openai").answer(chat)


def test_googles_seal_on_a_call_is_given_to_the_caller() -> None:
    part = {**GEMINI_CALL, "thoughtSignature": "c2VhbA=="}
    whole = gemini_chunk(part, finishReason="STOP")
    extra = {"google": {"thought_signature": "c2VhbA=="}}
    for answer in (
        how("chat", "gemini").answer(whole),
        collected("chat", through("chat", "gemini", sse(whole), include_usage=False)),
    ):
        (call,) = answer["choices"][0]["message"]["tool_calls"]
        assert call["extra_content"] == extra


def test_calls_without_ids_get_one_that_is_the_same_in_both_forms() -> None:
    call = {"functionCall": {"name": "f", "args": {}}}
    whole = gemini_chunk(call, call, finishReason="STOP")
    answer = how("chat", "gemini").answer(whole)
    ids = [call["id"] for call in answer["choices"][0]["message"]["tool_calls"]]
    assert len(set(ids)) == 2
    assert all(len(name) <= 40 for name in ids)
    streamed = collected("chat", through("chat", "gemini", sse(whole)))
    assert [call["id"] for call in streamed["choices"][0]["message"]["tool_calls"]] == ids
    other = how("chat", "gemini").answer({**whole, "responseId": "x2"})
    assert {call["id"] for call in other["choices"][0]["message"]["tool_calls"]}.isdisjoint(ids)


@pytest.mark.parametrize("spoken", SPOKEN)
@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        {"error": {"message": "x"}},
        {"type": "error", "error": {"message": "x"}},
        {"choices": [], "content": 5, "candidates": []},
        {"choices": [5], "content": [5], "candidates": [5]},
        {
            "choices": [{"message": {"content": "a"}}],
            "content": [],
            "candidates": [{"content": {"parts": [{"text": "a"}]}}],
        },
        {
            "choices": [{"message": {"audio": {"id": "x"}}, "finish_reason": "stop"}],
            "content": [{"type": "server_tool_use"}],
            "stop_reason": "end_turn",
            "candidates": [{"content": {"parts": [{"executableCode": {}}]}, "finishReason": "STOP"}],
        },
    ],
    ids=str,
)
def test_what_is_not_an_answer_raises(spoken: str, document: Any) -> None:
    for asked, to in PAIRS:
        if to == spoken:
            with pytest.raises(ValueError, match=r"\w"):
                how(asked, spoken).answer(document)


# whole = stream, for any answer

words = st.text(min_size=1, max_size=12)
pieces = st.lists(words, min_size=1, max_size=4)
objects = st.dictionaries(words, st.one_of(words, st.integers(-(2**53), 2**53), st.booleans()), max_size=2)


@st.composite
def answers(draw: st.DrawFn) -> tuple[dict[str, tuple[dict[str, Any], bytes]], bool]:
    """One answer as each upstream gives it, whole and streamed."""
    thoughts = draw(st.one_of(st.just([]), pieces))
    texts = draw(st.one_of(st.just([]), pieces))
    calls = [(f"c{number}", draw(words), draw(objects)) for number in range(draw(st.integers(0, 2)))]
    texts = texts if texts or calls else ["a"]
    arguments = [json.dumps(value, separators=(",", ":"), ensure_ascii=False) for _, _, value in calls]
    cuts = [draw(st.integers(0, len(text))) for text in arguments]
    finish = "tool_calls" if calls else draw(st.sampled_from(["stop", "length", "content_filter"]))

    message: dict[str, Any] = {"role": "assistant", "content": "".join(texts) if texts else None}
    if thoughts:
        message["reasoning_content"] = "".join(thoughts)
    if calls:
        message["tool_calls"] = [
            {"id": name, "type": "function", "function": {"name": called, "arguments": text}}
            for (name, called, _), text in zip(calls, arguments, strict=True)
        ]
    chunks = [chat_chunk({"reasoning_content": text}) for text in thoughts]
    chunks += [chat_chunk({"content": text}) for text in texts]
    blocks = []
    for number, ((name, called, _), text, cut) in enumerate(zip(calls, arguments, cuts, strict=True)):
        opening = {
            "index": number,
            "id": name,
            "type": "function",
            "function": {"name": called, "arguments": text[:cut]},
        }
        chunks.append(chat_chunk({"tool_calls": [opening]}))
        chunks.append(chat_chunk({"tool_calls": [{"index": number, "function": {"arguments": text[cut:]}}]}))
        deltas = [{"type": "input_json_delta", "partial_json": part} for part in (text[:cut], text[cut:])]
        blocks.append(({"type": "tool_use", "id": name, "name": called, "input": {}}, deltas))
    chunks.append(chat_chunk({}, finish_reason=finish))
    choice = {"index": 0, "message": message, "finish_reason": finish}
    openai_whole = {"id": "x1", "object": "chat.completion", "created": 7, "model": "gpt", "choices": [choice]}

    shown: list[Any] = []
    if texts:
        text_deltas = [{"type": "text_delta", "text": text} for text in texts]
        shown.insert(0, ({"type": "text", "text": ""}, text_deltas))
    if thoughts:
        thought_deltas = [{"type": "thinking_delta", "thinking": text} for text in thoughts]
        shown.insert(0, ({"type": "thinking", "thinking": "", "signature": ""}, thought_deltas))
    content: list[dict[str, Any]] = []
    if thoughts:
        content.append({"type": "thinking", "thinking": "".join(thoughts), "signature": "s"})
    if texts:
        content.append({"type": "text", "text": "".join(texts)})
    content += [{"type": "tool_use", "id": name, "name": called, "input": value} for name, called, value in calls]
    stop = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal", "tool_calls": "tool_use"}[finish]
    anthropic_whole = {**ANTHROPIC, "content": content, "stop_reason": stop}
    opened = [
        event for index, (opening, deltas) in enumerate([*shown, *blocks]) for event in block(index, opening, *deltas)
    ]
    anthropic_stream = sse(
        {"type": "message_start", "message": {**ANTHROPIC, "content": [], "stop_reason": None}},
        *opened,
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": ANTHROPIC_USAGE},
        {"type": "message_stop"},
    )

    function_calls = [{"functionCall": {"id": name, "name": called, "args": value}} for name, called, value in calls]
    parts: list[dict[str, Any]] = []
    if thoughts:
        parts.append({"text": "".join(thoughts), "thought": True})
    if texts:
        parts.append({"text": "".join(texts)})
    reason = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY", "tool_calls": "STOP"}[finish]
    gemini_stream = sse(
        *[gemini_chunk({"text": text, "thought": True}) for text in thoughts],
        *[gemini_chunk({"text": text}) for text in texts],
        gemini_chunk(*function_calls),
        gemini_chunk(finishReason=reason),
    )
    return {
        "openai": (openai_whole, sse(*chunks) + b"data: [DONE]\n\n"),
        "anthropic": (anthropic_whole, anthropic_stream),
        "gemini": (gemini_chunk(*parts, *function_calls, finishReason=reason), gemini_stream),
    }, bool(calls)


@settings(deadline=None)
@given(answers(), st.sampled_from(PAIRS), st.data())
def test_whole_and_streamed_answers_are_the_same(
    made: tuple[dict[str, tuple[dict[str, Any], bytes]], bool], pair: tuple[str, str], data: st.DataObject
) -> None:
    asked, spoken = pair
    whole, stream = made[0][spoken]
    conv = how(asked, spoken).stream(include_usage=True)
    out, rest = b"", stream
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        out, rest = out + conv.feed(rest[:size]), rest[size:]
    out += conv.finish()
    wanted = how(asked, spoken).answer(whole)
    check_type(asked, wanted)
    found = collected(asked, out)
    if asked == "chat":
        for answer in (found, wanted):
            message = answer["choices"][0]["message"]
            message.pop("refusal")
    assert found == wanted


# whatever an upstream sends

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


def disturbed(document: Any, data: st.DataObject) -> Any:
    """A copy in which one place holds anything."""
    document = json.loads(json.dumps(document))
    place: Any = document
    while isinstance(place, dict | list) and place:
        step = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[step], dict | list) or data.draw(st.booleans()):
            place[step] = data.draw(json_values)
            break
        place = place[step]
    return document


@settings(deadline=None)
@given(st.sampled_from(PAIRS), st.data())
def test_a_disturbed_answer_is_converted_or_raises_valueerror(pair: tuple[str, str], data: st.DataObject) -> None:
    document = disturbed(WHOLE[pair[1]], data)
    try:
        answer = how(*pair).answer(document)
    except ValueError:
        return
    assert json.dumps(answer)


@settings(deadline=None)
@given(st.sampled_from(PAIRS), st.data())
def test_a_disturbed_stream_is_converted_or_ends_in_an_error(pair: tuple[str, str], data: st.DataObject) -> None:
    asked, spoken = pair
    events = documents(STREAMS[spoken])
    at = data.draw(st.integers(0, len(events) - 1))
    events[at] = disturbed(events[at], data)
    out = through(asked, spoken, sse(*[event for event in events if isinstance(event, dict)]))
    last = data_of(list(events_of(out))[-1]) if out else b""
    markers = [marker in out for marker in TERMINALS[asked]]
    if last != b"[DONE]" and last and "error" in json.loads(last):
        assert not any(markers)


# errors of an upstream

BODIES = {
    "openai": b'{"error": {"message": "No such model", "type": "invalid_request_error", "code": "model_not_found"}}',
    "anthropic": b'{"type": "error", "error": {"type": "not_found_error", "message": "No such model"}}',
    "gemini": b'[{"error": {"code": 404, "message": "No such model", "status": "NOT_FOUND"}}]',
}


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
def test_an_error_keeps_its_message_and_gets_the_callers_type(asked: str, spoken: str) -> None:
    document = json.loads(how(asked, spoken).error(404, BODIES[spoken]))
    assert document["error"]["message"] == "No such model"
    if asked == "messages":
        assert document["type"] == "error"
        assert document["error"]["type"] == "not_found_error"
    elif asked == "generate":
        assert (document["error"]["code"], document["error"]["status"]) == (404, "NOT_FOUND")
    else:
        assert set(document["error"]) == {"message", "type", "param", "code"}
        assert document["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("status", "anthropic_type", "gemini_status"),
    [
        (400, "invalid_request_error", "INVALID_ARGUMENT"),
        (401, "authentication_error", "UNAUTHENTICATED"),
        (402, "billing_error", "FAILED_PRECONDITION"),
        (403, "permission_error", "PERMISSION_DENIED"),
        (413, "request_too_large", "INVALID_ARGUMENT"),
        (429, "rate_limit_error", "RESOURCE_EXHAUSTED"),
        (500, "api_error", "INTERNAL"),
        (503, "api_error", "UNAVAILABLE"),
        (504, "timeout_error", "DEADLINE_EXCEEDED"),
        (529, "overloaded_error", "UNAVAILABLE"),
    ],
)
def test_the_type_follows_from_the_status(status: int, anthropic_type: str, gemini_status: str) -> None:
    body = b'{"error": {"message": "x"}}'
    assert json.loads(how("messages", "openai").error(status, body))["error"]["type"] == anthropic_type
    assert json.loads(how("generate", "openai").error(status, body))["error"]["status"] == gemini_status


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the upstream answered with status 502"),
        (b"<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'{"detail": "warming up"}', "warming up"),
        (b'{"error": "overloaded"}', "overloaded"),
        (b'{"error": 5}', "the upstream answered with status 502"),
        (b"[" * 100_000, "[" * 2000),
        (b"5", "the upstream answered with status 502"),
    ],
    ids=repr,
)
def test_junk_becomes_a_proper_error(body: bytes, message: str) -> None:
    for asked, spoken in PAIRS:
        assert json.loads(how(asked, spoken).error(502, body))["error"]["message"] == message


# headers


@pytest.mark.parametrize(
    ("asked", "spoken", "given_", "wanted"),
    [
        (
            "chat",
            "anthropic",
            [("Authorization", "Bearer k"), ("OpenAI-Organization", "o"), ("x-stainless-lang", "python")],
            [("x-api-key", "k"), ("anthropic-version", "2023-06-01")],
        ),
        ("chat", "gemini", [("authorization", "bearer k"), ("OpenAI-Beta", "x")], [("x-goog-api-key", "k")]),
        (
            "messages",
            "openai",
            [("X-Api-Key", "k"), ("anthropic-version", "2026-10-21"), ("anthropic-beta", "b")],
            [("Authorization", "Bearer k")],
        ),
        ("messages", "gemini", [("Authorization", "Bearer k"), ("x-api-key", "own")], [("x-goog-api-key", "own")]),
        (
            "generate",
            "anthropic",
            [("x-goog-api-key", "k"), ("x-goog-api-client", "c"), ("X-Server-Timeout", "9")],
            [("x-api-key", "k"), ("anthropic-version", "2023-06-01")],
        ),
        ("responses", "openai", [("Authorization", "Bearer k")], [("Authorization", "Bearer k")]),
        ("generate", "openai", [("Authorization", "Basic abc")], [("Authorization", "Basic abc")]),
        ("generate", "openai", [], []),
    ],
)
def test_headers(asked: str, spoken: str, given_: list[tuple[str, str]], wanted: list[tuple[str, str]]) -> None:
    plain = (("Content-Type", "application/json"), ("User-Agent", "mine"))
    assert how(asked, spoken).headers((*plain, *given_)) == (*plain, *wanted)


def test_a_conversion_can_be_used_many_times() -> None:
    conv = how("messages", "openai")
    feed = functools.partial(conv.stream, include_usage=True)
    first, second = feed(), feed()
    assert first.feed(OPENAI_STREAM) == second.feed(OPENAI_STREAM)
