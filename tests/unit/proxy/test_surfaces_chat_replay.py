"""Chat answers from JSON to stream and back: what real servers send, and what must be a doubt rather than a guess."""

import base64
import copy
import json
from collections.abc import AsyncIterator
from itertools import groupby
from pathlib import Path
from typing import Any

import openai
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from halfpenny.proxy.surfaces.openai_chat import OpenAIChat
from halfpenny.proxy.surfaces.sse import data_of, events_of

CHAT = OpenAIChat()
TARGET = "/v1/chat/completions"
DATA = Path(__file__).parent / "data"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def choice(index: int = 0, finish_reason: str = "stop", *, rest: dict[str, Any] | None = None, **message: Any) -> dict[str, Any]:
    told = {"role": "assistant", "content": "Hello you.", **message}
    return {"index": index, "message": told, "logprobs": None, "finish_reason": finish_reason, **(rest or {})}


def answer(*choices: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-2026",
        "service_tier": "default",
        "system_fingerprint": "fp",
        "choices": list(choices) or [choice()],
        "usage": USAGE,
        **fields,
    }


def call(number: int, arguments: str, **fields: Any) -> dict[str, Any]:
    return {"id": f"call_{number}", "type": "function", "function": {"name": f"f{number}", "arguments": arguments}, **fields}


def tokens(*texts: str) -> list[dict[str, Any]]:
    return [{"token": text, "logprob": -0.5, "bytes": list(text.encode()), "top_logprobs": []} for text in texts]


def chunks(stream: bytes) -> list[dict[str, Any]]:
    found = [data_of(raw) for raw in events_of(stream)]
    assert found[-1] == b"[DONE]"
    return [json.loads(data) for data in found[:-1]]


def sse(*parts: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(part).encode() + b"\n\n" for part in parts) + b"data: [DONE]\n\n"


def said(*deltas: dict[str, Any], head: dict[str, Any] | None = None, finish: dict[str, Any] | None = None) -> bytes:
    """A stream of one choice with these deltas."""
    base = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", **(head or {})}
    parts = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    parts.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", **(finish or {})}]})
    return sse(*parts)


def message_of(stream: bytes) -> dict[str, Any]:
    message: dict[str, Any] = CHAT.to_document(stream)["choices"][0]["message"]
    return message


ANSWERS: dict[str, dict[str, Any]] = {
    "text": answer(),
    "as OpenAI writes it": answer(choice(refusal=None, annotations=[])),
    "as vLLM writes it": answer(
        choice(refusal=None, annotations=None, audio=None, function_call=None, tool_calls=[], reasoning=None, rest={"stop_reason": None, "token_ids": None}),
        service_tier=None,
        system_fingerprint=None,
        prompt_logprobs=None,
        kv_transfer_params=None,
    ),
    "as llama.cpp writes it": answer(
        {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"},
        timings={"prompt_n": 7, "predicted_ms": 71.818},
    ),
    "as Azure writes it": answer(
        choice(refusal=None, rest={"content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}),
        prompt_filter_results=[{"prompt_index": 0, "content_filter_results": {}}],
    ),
    "as Groq writes it": answer(x_groq={"id": "req_1"}, usage_breakdown=None),
    "as OpenRouter writes it": answer(
        choice(
            reasoning="I think",
            reasoning_details=[
                {"type": "reasoning.text", "text": "I think", "format": "x", "index": 0, "signature": "sig"},
                {"type": "reasoning.encrypted", "data": "gAAA", "index": 1},
            ],
            rest={"native_finish_reason": "STOP"},
        ),
        provider="Somebody",
    ),
    "as DeepSeek writes it": answer(choice(reasoning_content="First this,\n\nthen that. ")),
    "several tools": answer(
        choice(0, "tool_calls", content=None, tool_calls=[call(1, '{"x": 1, "y": "a b c d e f g h"}'), call(2, ""), call(3, "{}")])
    ),
    "text and tools": answer(choice(0, "tool_calls", tool_calls=[call(1, "{}")])),
    "tools numbered as Mistral does": answer(choice(0, "tool_calls", content=None, tool_calls=[call(1, "{}", index=0), call(2, "{}", index=1)])),
    "custom tools": answer(
        choice(0, "tool_calls", content=None, tool_calls=[{"id": "c", "type": "custom", "custom": {"name": "sh", "input": "ls -l /tmp\n"}}, call(2, "{}")])
    ),
    "function call": answer(choice(0, "function_call", content=None, function_call={"name": "f", "arguments": '{"a": 1}'})),
    "refusal": answer(choice(content=None, refusal="I will not do that for you.")),
    "annotations": answer(choice(annotations=[{"type": "url_citation", "url_citation": {"url": "http://x.test/"}}, {"type": "y"}])),
    "audio": answer(choice(content=None, audio={"id": "audio_1", "data": "QUJD", "transcript": "hello there", "expires_at": 5})),
    "content logprobs": answer({**choice(content="Hello you."), "logprobs": {"content": tokens("Hel", "lo", " you."), "refusal": None}}),
    "refusal logprobs": answer({**choice(content=None, refusal="No way"), "logprobs": {"content": None, "refusal": tokens("No", " way")}}),
    "both logprobs": answer({**choice(content="a b", refusal="c d"), "logprobs": {"content": tokens("a", " b"), "refusal": tokens("c", " d")}}),
    "empty logprobs": answer({**choice(content=None, tool_calls=[call(1, "{}")]), "logprobs": {"content": [], "refusal": []}}),
    "logprobs of tools": answer({**choice(content=None, tool_calls=[call(1, "{}")]), "logprobs": {"content": tokens("{}"), "refusal": None}}),
    "logprobs of half characters": answer(
        {**choice(content="😀!"), "logprobs": {"content": [{"token": "\\xf0\\x9f"}, {"token": "\\x98\\x80"}, {"token": "!"}], "refusal": None}}
    ),
    "an end-of-text token": answer({**choice(content="Hi"), "logprobs": {"content": tokens("Hi", "")}}),
    "unknown fields": answer(choice(mood={"joy": 1}, rest={"seen": [1]}), extra={"a": [1]}),
    "several choices": answer(
        choice(0, content="one two three four five six seven eight nine ten"),
        choice(1, "tool_calls", content=None, tool_calls=[call(1, "{}"), call(2, "{}")]),
        choice(2, content="x"),
    ),
    "no usage": {name: value for name, value in answer().items() if name != "usage"},
}  # fmt: skip


@pytest.mark.parametrize("include_usage", [True, False])
@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_every_answer_survives_the_way_through_a_stream(name: str, include_usage: bool) -> None:
    document = ANSWERS[name]
    stream = CHAT.to_stream(document, include_usage=include_usage)
    expected = copy.deepcopy(document)
    if not include_usage:
        expected.pop("usage", None)
    if "Mistral" in name:
        for at, made in enumerate(expected["choices"][0]["message"]["tool_calls"]):
            assert made.pop("index") == at
    assert CHAT.to_document(stream) == expected


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_what_clients_expect_of_every_chunk(name: str) -> None:
    document = ANSWERS[name]
    got = chunks(CHAT.to_stream(document, include_usage=True))
    for chunk in got:
        assert chunk["object"] == "chat.completion.chunk"
        assert {chunk["id"], chunk["model"]} == {"chatcmpl-1", "m-2026"}
    if "usage" in document:
        assert [chunk["usage"] for chunk in got] == [None] * (len(got) - 1) + [USAGE]
        assert got[-1]["choices"] == []
    parts = [part for chunk in got for part in chunk["choices"]]
    for index in {part["index"] for part in parts}:
        mine = [part for part in parts if part["index"] == index]
        assert mine[0]["delta"]["role"] == "assistant"
        assert "role" not in mine[1]["delta"]
        assert [part["finish_reason"] for part in mine[:-1]] == [None] * (len(mine) - 1)
        assert mine[-1]["finish_reason"]
        assert mine[-1]["delta"] == {}
        assert sum(bool(part["delta"].get("content")) for part in mine[:-1]) <= len(mine) - 2


def test_without_usage_no_chunk_mentions_it() -> None:
    assert b"usage" not in CHAT.to_stream(answer(), include_usage=False)


def test_choices_interleave_as_real_servers_send_them() -> None:
    got = chunks(CHAT.to_stream(ANSWERS["several choices"], include_usage=False))
    order = [chunk["choices"][0]["index"] for chunk in got]
    assert order[:6] == [0, 1, 2, 0, 1, 2]
    assert len([index for index, _ in groupby(order)]) > 6
    assert sorted(order) == [0] * 4 + [1] * 6 + [2] * 3


def test_a_long_text_gets_longer_pieces_not_more_of_them() -> None:
    document = answer(choice(content="some words of a long tale\n" * 5000))
    stream = CHAT.to_stream(document, include_usage=True)
    assert len(chunks(stream)) < 500
    assert CHAT.to_document(stream) == document


def test_a_tool_call_is_named_first_and_its_arguments_follow() -> None:
    got = chunks(CHAT.to_stream(ANSWERS["several tools"], include_usage=False))
    parts = [part for chunk in got for part in chunk["choices"][0]["delta"].get("tool_calls", ())]
    opening = [part for part in parts if "id" in part]
    assert [(part["index"], part["id"], part["function"]["arguments"]) for part in opening] == [(0, "call_1", ""), (1, "call_2", ""), (2, "call_3", "")]
    more = [part for part in parts if "id" not in part]
    assert all(set(part) == {"index", "function"} and set(part["function"]) == {"arguments"} for part in more)
    assert len([part for part in more if part["index"] == 0]) > 1
    assert got[0]["choices"][0]["delta"]["content"] is None


@pytest.mark.parametrize(
    ("name", "field", "pieces"),
    [
        ("content logprobs", "content", ["Hel", "lo", " you."]),
        ("refusal logprobs", "refusal", ["No", " way"]),
        ("both logprobs", "content", ["a", " b"]),
        ("both logprobs", "refusal", ["c", " d"]),
        ("logprobs of half characters", "content", ["😀!"]),
        ("an end-of-text token", "content", ["Hi", ""]),
    ],
)
def test_text_with_logprobs_is_cut_on_token_borders_or_not_at_all(name: str, field: str, pieces: list[str]) -> None:
    given = ANSWERS[name]["choices"][0]["logprobs"][field]
    parts = [chunk["choices"][0] for chunk in chunks(CHAT.to_stream(ANSWERS[name], include_usage=False))]
    mine = [part for part in parts if part["logprobs"] and part["logprobs"][field]]
    assert [part["delta"][field] for part in mine] == pieces
    assert [token for part in mine for token in part["logprobs"][field]] == given
    if len(pieces) > 1:
        assert all(len(part["logprobs"][field]) == 1 for part in mine)


def test_the_first_chunk_of_azure_has_no_choices_and_the_last_of_llama_cpp_the_timings() -> None:
    azure = chunks(CHAT.to_stream(ANSWERS["as Azure writes it"], include_usage=True))
    assert azure[0]["choices"] == []
    assert azure[0]["prompt_filter_results"]
    assert not any("prompt_filter_results" in chunk for chunk in azure[1:])
    llama = chunks(CHAT.to_stream(ANSWERS["as llama.cpp writes it"], include_usage=False))
    assert ["timings" in chunk for chunk in llama] == [False] * (len(llama) - 1) + [True]


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"choices": []},
        {"choices": "x"},
        {"choices": ["x"]},
        answer({"index": 0, "finish_reason": "stop"}),
        answer({"index": -1, "message": {"content": "x"}, "finish_reason": "stop"}),
        answer(choice(content=5)),
        answer(choice(content=[{"type": "text", "text": "x"}])),
        answer(choice(tool_calls=[{"id": "1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}])),
        answer(choice(tool_calls=[call(1, "{}", index=1), call(2, "{}", index=0)])),
        answer(choice(tool_calls=["x"])),
        answer(choice(0), choice(0)),
        answer({**choice(), "logprobs": [1]}),
        answer(choice(reasoning_content={"text": "x"})),
        answer(choice(reasoning_details=[{"index": 0, "type": "t", "text": "a"}, {"index": 0, "type": "t", "text": "b"}])),
    ],
)
def test_what_no_stream_can_express_is_said(document: Any) -> None:
    with pytest.raises(ValueError):
        CHAT.to_stream(document, include_usage=True)


# stream to whole


def test_a_real_transcript_of_llama_cpp_with_two_choices_and_logprobs() -> None:
    stream = (DATA / "llamacpp_chat_n2_logprobs.sse").read_bytes()
    document = CHAT.to_document(stream)
    assert [choice["index"] for choice in document["choices"]] == [0, 1]
    for got in document["choices"]:
        assert got["message"]["content"] == "".join(token["token"] for token in got["logprobs"]["content"])
        assert got["finish_reason"] == "length"
    assert document["usage"]["completion_tokens"] == 12
    assert "predicted_n" in document["timings"]
    assert document["object"] == "chat.completion"
    assert CHAT.to_document(CHAT.to_stream(document, include_usage=True)) == document
    assert CHAT.admissible(document) == "finish_reason length"


def test_the_empty_head_of_azures_first_chunk_gives_way() -> None:
    first = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": [{"prompt_index": 0}]}
    rest = {"id": "chatcmpl-9", "object": "chat.completion.chunk", "created": 7, "model": "gpt", "system_fingerprint": "fp"}
    safe = {"hate": {"filtered": False, "severity": "safe"}}
    stream = sse(
        first,
        {**rest, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "", "refusal": None}, "finish_reason": None, "logprobs": None, "content_filter_results": {}}], "usage": None, "obfuscation": "xx"},
        {**rest, "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None, "logprobs": None, "content_filter_results": safe}], "usage": None, "obfuscation": "y"},
        {**rest, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop", "logprobs": None, "content_filter_results": {}}], "usage": None, "obfuscation": "z"},
        {**rest, "choices": [], "usage": USAGE, "obfuscation": ""},
    )  # fmt: skip
    assert CHAT.to_document(stream) == {
        **rest,
        "object": "chat.completion",
        "prompt_filter_results": [{"prompt_index": 0}],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hi", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
                "content_filter_results": safe,
            }
        ],
        "usage": USAGE,
    }
    recorder = CHAT.recorder(CHAT.read(b'{"model":"m","messages":[{"role":"user","content":"x"}]}', TARGET))
    recorder.feed(stream)
    assert recorder.complete
    assert recorder.admissible
    assert recorder.reported().output_tokens == 2


def test_groqs_usage_is_found_where_it_is() -> None:
    stream = sse(
        {"id": "1", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": None}], "x_groq": {"id": "req_1"}},
        {"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "x_groq": {"id": "req_1", "usage": USAGE}},
    )  # fmt: skip
    document = CHAT.to_document(stream)
    assert document["usage"] == USAGE
    assert document["x_groq"] == {"id": "req_1"}
    recorder = CHAT.recorder(CHAT.read(b'{"model":"m","messages":[{"role":"user","content":"x"}]}', TARGET))
    recorder.feed(stream)
    assert recorder.reported().raw == USAGE


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        # vLLM: the last text is in the finish chunk
        (said({"role": "assistant", "content": ""}, {"content": "a"}, finish={"delta": {"content": "b"}}), {"content": "ab"}),
        # llama.cpp: null first
        (said({"role": "assistant", "content": None}, {"content": "a"}), {"content": "a"}),
        # DeepSeek: nulls on the other side
        (
            said({"role": "assistant", "content": None, "reasoning_content": "x"}, {"content": None, "reasoning_content": "y"}, {"content": "z", "reasoning_content": None}),
            {"content": "z", "reasoning_content": "xy"},
        ),
        # Mistral: padding
        (said({"role": "assistant", "content": "a"}, head={"p": "abcd"}), {"content": "a"}),
        # OpenRouter: comments, and role on every delta
        (b": OPENROUTER PROCESSING\n\n" + said({"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}), {"content": "ab"}),
        (
            said(
                {"reasoning_details": [{"type": "reasoning.text", "text": "a", "index": 0, "format": None}]},
                {"reasoning_details": [{"type": "reasoning.text", "text": "b", "index": 0, "format": "f"}]},
                {"reasoning_details": [{"type": "reasoning.text", "signature": "s", "index": 0}]},
                {"reasoning_details": [{"type": "reasoning.encrypted", "data": "d", "index": 1}]},
            ),
            {
                "content": None,
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "ab", "index": 0, "format": "f", "signature": "s"},
                    {"type": "reasoning.encrypted", "data": "d", "index": 1},
                ],
            },
        ),
        # parallel calls whose arguments interleave; an empty text in front means none
        (
            said(
                {"role": "assistant", "content": ""},
                {"tool_calls": [{"index": 1, **call(1, "")}, {"index": 0, **call(0, "")}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]},
                {"tool_calls": [{"index": 1, "id": None, "type": None, "function": {"name": None, "arguments": "[]"}}]},
                {"tool_calls": [{"index": 0, "id": "", "function": {"arguments": "}"}}]},
            ),
            {"content": None, "tool_calls": [call(0, "{}"), call(1, "[]")]},
        ),
        # older Ollama: whole calls without numbers
        (said({"tool_calls": [call(1, "{}")]}, {"tool_calls": [call(2, "[]")]}), {"content": None, "tool_calls": [call(1, "{}"), call(2, "[]")]}),
        (
            said(
                {"tool_calls": [{"index": 0, "id": "c", "type": "custom", "custom": {"name": "sh", "input": ""}}]},
                {"tool_calls": [{"index": 0, "custom": {"input": "l"}}]},
                {"tool_calls": [{"index": 0, "custom": {"input": "s"}}]},
            ),
            {"content": None, "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "sh", "input": "ls"}}]},
        ),
        (said({"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}}), {"content": None, "function_call": {"name": "f", "arguments": "{}"}}),
        (
            said(
                {"audio": {"id": "a"}},
                {"audio": {"transcript": "he"}},
                {"audio": {"transcript": "llo", "data": base64.b64encode(b"ab").decode()}},
                {"audio": {"data": base64.b64encode(b"cde").decode()}},
                {"audio": {"expires_at": 5}},
            ),
            {"content": None, "audio": {"id": "a", "transcript": "hello", "data": base64.b64encode(b"abcde").decode(), "expires_at": 5}},
        ),
        (said({"content": "a", "annotations": [{"n": 1}]}, {"annotations": [{"n": 2}]}), {"content": "a", "annotations": [{"n": 1}, {"n": 2}]}),
    ],
)  # fmt: skip
def test_how_other_servers_stream(stream: bytes, message: dict[str, Any]) -> None:
    assert message_of(stream) == {"role": "assistant", **message}


@pytest.mark.parametrize(
    "stream",
    [
        said({"content": "a"}, {"content": [{"type": "thinking"}]}),
        said({"content": 5}),
        said({"mood": "a"}, {"mood": "b"}),
        said({"mood": "a"}, {"mood": "a"}),
        said({"tool_calls": [{"index": 0, **call(1, "{}")}]}, {"tool_calls": [{"index": 0, **call(2, "{}")}]}),
        said({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": {}}}]}, {"tool_calls": [{"index": 0, "function": {"arguments": "x"}}]}),
        said({"tool_calls": [{"index": -1, "id": "x"}]}),
        said({"tool_calls": {"index": 0}}),
        said({"audio": "x"}),
        said({"audio": {"data": "QQ=="}}, {"audio": {"data": "not base64!"}}),
        said({"content": "a"}, finish={"index": "0"}),
        said({"content": "a"}, finish={"delta": "x"}),
        said({"content": "a"}, finish={"logprobs": [1]}),
        sse({"id": "1", "plan": {"a": 1}, "choices": []}, {"id": "1", "plan": {"a": 2}, "choices": []}),
        sse({"choices": [{"index": 0, "delta": {}, "content_filter_results": {"hate": {"severity": "safe"}}}]}, {"choices": [{"index": 0, "delta": {}, "content_filter_results": {"hate": {"severity": "low"}}}]}),
        sse({"error": {"message": "x"}}),
        b"data: [1]\n\n",
        b"data: {broken\n\n",
    ],
)  # fmt: skip
def test_a_doubt_is_no_document(stream: bytes) -> None:
    with pytest.raises(ValueError):
        CHAT.to_document(stream)


# any answer


texts = st.text(max_size=40)
maybe_text = st.none() | texts
calls = st.lists(
    st.builds(
        lambda kind, name, text: {"id": f"c-{name}", "type": kind, kind: {"name": name, ("arguments" if kind == "function" else "input"): text}},
        st.sampled_from(["function", "custom"]), st.text("abc", min_size=1), texts,
    ),
    max_size=3,
)  # fmt: skip
messages = st.builds(
    lambda content, reasoning, tools, refusal: {
        "role": "assistant",
        "content": None if tools and not content else content,
        "reasoning_content": reasoning,
        "refusal": refusal,
        "tool_calls": tools,
    },
    maybe_text, maybe_text, calls, maybe_text,
)  # fmt: skip


@given(st.lists(messages, min_size=1, max_size=3), st.booleans())
def test_any_answer_survives(told: list[dict[str, Any]], with_logprobs: bool) -> None:
    made = []
    for at, message in enumerate(told):
        text = message["content"]
        logprobs = {"content": tokens(*text), "refusal": None} if with_logprobs and text else None
        made.append({"index": at, "message": message, "logprobs": logprobs, "finish_reason": "stop"})
    document = answer(*made)
    stream = CHAT.to_stream(document, include_usage=True)
    assert CHAT.to_document(stream) == document
    for cut in range(0, len(stream) - len(b"data: [DONE]\n\n"), 97):
        recorder = CHAT.recorder(CHAT.read(json.dumps({"model": "m", "n": len(told), "messages": [{"role": "user", "content": "x"}]}).encode(), TARGET))
        recorder.feed(stream[:cut])
        assert not recorder.complete


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "stop", "function", "assistant"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["index", "id", "type", "function", "arguments", "content", "message", "delta", "logprobs", "data", "tool_calls", "finish_reason", "text"]),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
names = st.sampled_from(
    ["role", "content", "refusal", "tool_calls", "function_call", "audio", "reasoning", "reasoning_details", "annotations", "x"]
)


@given(st.lists(st.dictionaries(names, anything, max_size=3), max_size=3), st.dictionaries(st.sampled_from(["logprobs", "index", "message", "finish_reason", "x"]), anything))
def test_odd_answers_raise_nothing_but_a_doubt(deltas: list[dict[str, Any]], rest: dict[str, Any]) -> None:
    for given_answer in (answer({**choice(**(deltas[0] if deltas else {})), **rest}), answer(choice(), x=rest)):
        try:
            stream = CHAT.to_stream(given_answer, include_usage=True)
        except ValueError:
            continue
        assert isinstance(CHAT.to_document(stream), dict)
    stream = said(*deltas, finish={name: value for name, value in rest.items() if name != "message"})
    recorder = CHAT.recorder(CHAT.read(b'{"model":"m","messages":[{"role":"user","content":"x"}]}', TARGET))
    recorder.feed(stream)
    assert CHAT.admissible(answer(rest)) or rest.get("message")
    try:
        document = CHAT.to_document(stream)
    except ValueError:
        return
    assert document["object"] == "chat.completion"


# the official client


@pytest.fixture
async def client() -> AsyncIterator[tuple[openai.AsyncOpenAI, dict[str, bytes]]]:
    say: dict[str, bytes] = {}

    async def reply(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=say["stream"], content_type="text/event-stream")

    app = web.Application()
    app.router.add_post("/v1/chat/completions", reply)
    async with (
        TestServer(app) as server,
        openai.AsyncOpenAI(base_url=str(server.make_url("/v1")), api_key="k", max_retries=0) as made,
    ):
        yield made, say


@pytest.mark.parametrize(
    "name",
    ["text", "as OpenAI writes it", "as DeepSeek writes it", "several tools", "text and tools", "refusal", "content logprobs", "both logprobs", "several choices"],
)  # fmt: skip
async def test_the_official_client_puts_the_same_answer_together(client: tuple[openai.AsyncOpenAI, dict[str, bytes]], name: str) -> None:
    document = ANSWERS[name]
    api, say = client
    say["stream"] = CHAT.to_stream(document, include_usage=True)
    async with api.chat.completions.stream(
        model="m", messages=[{"role": "user", "content": "x"}], stream_options={"include_usage": True}
    ) as stream:
        final = await stream.get_final_completion()
    for wanted, got in zip(document["choices"], final.choices, strict=True):
        message = got.message.to_dict()
        for field in ("content", "refusal", "reasoning_content"):
            assert message.get(field) == wanted["message"].get(field)
        assert [
            {"id": made.id, "type": made.type, "function": {"name": made.function.name, "arguments": made.function.arguments}}
            for made in got.message.tool_calls or ()
        ] == (wanted["message"].get("tool_calls") or [])
        assert got.finish_reason == wanted["finish_reason"]
        assert (got.logprobs.to_dict() if got.logprobs else None) == wanted["logprobs"]
    assert final.usage is not None
    assert final.usage.to_dict() == USAGE
    assert (final.id, final.model, final.system_fingerprint) == ("chatcmpl-1", "m-2026", "fp")
