"""proxy/surfaces/openai_responses.py and responses_stream.py: reading, recording, and the stream that the official
client reads back to the same response."""

import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.surfaces.base import Ask
from halfpenny.proxy.surfaces.openai_responses import NOISE, OpenAIResponses
from halfpenny.proxy.surfaces.sse import data_of, events_of

RESPONSES = OpenAIResponses()
TARGET = "/v1/responses"
DATA = Path(__file__).parent / "data"
USAGE = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 7, "cache_write_tokens": 5},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 11},
    "total_tokens": 50,
}
TOKENS = [
    {"token": token, "logprob": -0.25, "bytes": list(token.encode()), "top_logprobs": []}
    for token in ("Hel", "lo", " you", ".")
]
CITATION = {"type": "url_citation", "start_index": 0, "end_index": 5, "title": "t", "url": "http://x.test/"}
REASONING = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [
        {"type": "summary_text", "text": "First I think,\n\nthen I say."},
        {"type": "summary_text", "text": "x"},
    ],
    "encrypted_content": "gAAAAB",
}
OPEN_REASONING = {
    "id": "rs_2",
    "type": "reasoning",
    "summary": [],
    "content": [{"type": "reasoning_text", "text": "openly thought"}],
    "status": "completed",
}
FUNCTION_CALL = {
    "id": "fc_1",
    "type": "function_call",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city": "Oslo", "days": [1, 2]}',
    "status": "completed",
}
CUSTOM_CALL = {
    "id": "ctc_1",
    "type": "custom_tool_call",
    "call_id": "call_2",
    "name": "shell",
    "input": "ls -l\n",
    "status": "completed",
}
SEARCH = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search", "query": "x"},
}


def text_part(text: str = "Hello you.", **fields: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": [], **fields}


def message(*parts: dict[str, Any], number: int = 1) -> dict[str, Any]:
    content = list(parts) or [text_part()]
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": content,
    }


def response(*output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1795369841,
        "completed_at": 1795369842,
        "status": "completed",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "metadata": {},
        "model": "m-2026",
        "output": list(output) or [message()],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": USAGE,
        **fields,
    }


EVERYTHING = response(
    REASONING,
    message(text_part(logprobs=TOKENS, annotations=[CITATION]), text_part("And more\n of  it."), number=1),
    FUNCTION_CALL,
    CUSTOM_CALL,
    {**FUNCTION_CALL, "id": "fc_2", "call_id": "call_3", "arguments": ""},
    OPEN_REASONING,
    SEARCH,
    message({"type": "refusal", "refusal": "I will not say that."}, number=2),
)


def ask(**fields: Any) -> bytes:
    body = {"model": "m", "input": "Hello there", "store": False, **fields}
    return json.dumps({name: value for name, value in body.items() if value != "leave out"}).encode()


def read(**fields: Any) -> Ask:
    return RESPONSES.read(ask(**fields), TARGET)


def events(stream: bytes) -> list[dict[str, Any]]:
    return [json.loads(data_of(raw)) for raw in events_of(stream)]


# reading


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": ""}, "model"),
        ({"model": 5}, "model"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_what_must_be_understood_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(ProxyError) as refused:
        read(**fields)
    assert (refused.value.status, refused.value.param) == (400, param)


@pytest.mark.parametrize("fields", [{"model": "leave out"}, {"input": "leave out"}, {"input": None}])
def test_what_the_specification_does_not_require_is_the_upstreams_to_judge(fields: dict[str, Any]) -> None:
    assert read(**fields).stateful


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": {"id": "pmpt_1", "version": "2"}, "model": "leave out", "input": "leave out"},
        {"previous_response_id": "resp_0", "input": "leave out"},
        {"conversation": {"id": "conv_1"}, "input": "leave out"},
    ],
)
def test_a_request_may_do_without_input_where_the_provider_has_it(fields: dict[str, Any]) -> None:
    assert read(**fields).messages == ()


@pytest.mark.parametrize(
    "odd",
    [
        {"input": 5},
        {"input": {"role": "user"}},
        {"input": [5]},
        {"input": ["x"]},
        {"input": [[]]},
        {"input": [{"role": 5, "content": "x"}]},
        {"input": [{"id": "msg_1"}]},
        {"input": [{"role": "user", "content": 5}]},
        {"input": [{"role": "user", "content": [5]}]},
        {"input": [{"role": "user", "content": [{"type": "hologram"}]}]},
        {"input": [{"type": "web_search_call", "id": "ws_1"}]},
        {"instructions": ["x"]},
        {"tools": "x"},
        {"tools": {"type": "function"}},
    ],
)
def test_what_the_upstream_should_judge_passes_and_is_not_stored(odd: dict[str, Any]) -> None:
    asked = read(**odd)
    assert asked.stateful == "not understood"
    assert asked.model == "m"


def test_roles_and_texts_of_all_items() -> None:
    asked = read(
        instructions="be brief",
        input=[
            {"role": "developer", "content": "d"},
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}],
            },
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "c"}]},
            FUNCTION_CALL,
            {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
            {"role": "user", "content": "hello"},
        ],
        max_output_tokens=9,
    )
    assert asked.messages == (
        ("system", "be brief"),
        ("developer", "d"),
        ("user", "a\nb"),
        ("assistant", "c"),
        ("assistant", ""),
        ("tool", "sunny"),
        ("user", "hello"),
    )
    assert asked.input_bytes == 8 + 1 + 3 + 1 + 5 + 5
    assert asked.max_output_tokens == 9
    assert asked.exact_only == "tools"
    assert asked.stateful == ""
    assert asked.wants_usage


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"store": "leave out"}, "store"),
        ({"store": None}, "store"),
        ({"store": True}, "store"),
        ({"store": 0}, "store"),
        ({"store": "false"}, "store"),
        ({"previous_response_id": "resp_0"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"background": True}, "background"),
        ({"background": "yes"}, "background"),
        ({"background_options": {"x": 1}}, "background_options"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt without a version"),
        ({"prompt": {"id": "pmpt_1", "version": None}}, "prompt without a version"),
        ({"prompt": {"id": "p", "version": "2", "variables": {"v": {"type": "input_image", "file_id": "f"}}}}, "remote content"),
        *(
            ({"tools": [{"type": "function", "name": "f"}, {"type": kind}]}, "hosted tool")
            for kind in (
                "web_search", "web_search_preview_2025_03_11", "file_search", "code_interpreter", "computer",
                "computer_use_preview", "mcp", "image_generation", "shell", "local_shell", "namespace", "tool_search",
                "apply_patch", "never_heard_of", None,
            )
        ),
        ({"tools": ["x"]}, "hosted tool"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "item reference"),
        ({"input": [{"type": "reasoning", "id": "rs_1", "summary": []}]}, "item reference"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file_1"}]}]}, "remote content"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_url": "http://x/y.pdf"}]}]}, "remote content"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "https://x/y.png"}]}]}, "remote content"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": {"url": "https://x/y.png"}}]}]}, "remote content"),
        ({"input": [{"type": "function_call_output", "call_id": "c", "output": [{"type": "input_image", "file_id": "f"}]}]}, "remote content"),
    ],
)  # fmt: skip
def test_what_may_not_be_stored_at_all(fields: dict[str, Any], why: str) -> None:
    assert read(**fields).stateful == why


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"background": False},
        {"prompt": {"id": "pmpt_1", "version": "2"}},
        {"tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "g"}]},
        {
            "input": [
                {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"},
                {"role": "user", "content": "x"},
            ]
        },
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AA"}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_data": "AA", "filename": "x"}]}]},
    ],
)
def test_what_speaks_for_itself_may_be_stored(fields: dict[str, Any]) -> None:
    assert read(**fields).stateful == ""


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"tools": [{"type": "function", "name": "f"}]}, "tools"),
        ({"input": [FUNCTION_CALL, {"role": "user", "content": "x"}]}, "tools"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "structured output"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "data:x"}]}]}, "not only text"),
        ({"input": [{"role": "assistant", "content": "x"}]}, "the last message is not the user's"),
        ({"input": []}, "the last message is not the user's"),
        ({"include": ["message.output_text.logprobs"]}, "include"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"prompt": {"id": "p", "version": "1"}}, "prompt"),
        ({"input": "word " * 400}, "too long"),
        ({"input": "```x```"}, "code"),
        ({"input": "  "}, "empty"),
    ],
)
def test_what_may_only_be_served_exactly(fields: dict[str, Any], why: str) -> None:
    asked = read(**fields)
    assert (asked.exact_only, asked.may_be_semantic()) == (why, False)
    if why != "structured output":  # which an operator may allow
        assert (asked.text, asked.frame, asked.namespace) == ("", None, None)


@pytest.mark.parametrize("given", ["Hello there", [{"role": "user", "content": "Hello there"}]])
def test_the_text_is_taken_out_of_the_frame_and_nothing_else(given: Any) -> None:
    asked = read(input=given, instructions="be brief", text={"format": {"type": "text"}, "verbosity": "low"})
    assert asked.text == "Hello there"
    assert asked.frame is not None
    assert "Hello" not in json.dumps(asked.frame)
    assert asked.frame["instructions"] == "be brief"
    assert asked.frame["text"]["verbosity"] == "low"
    assert asked.document["input"] == given


def test_an_earlier_turn_stays_in_the_frame() -> None:
    turns = [{"role": "user", "content": "A"}, {"role": "assistant", "content": "B"}, {"role": "user", "content": "C"}]
    frame = read(input=turns).frame
    assert frame is not None
    assert frame["input"] == [*turns[:2], {"role": "user", "content": None}]


def test_store_is_in_the_key_and_delivery_is_not() -> None:
    assert "store" not in NOISE
    assert {"stream", "stream_options", "user", "service_tier"} <= NOISE
    assert "metadata" not in NOISE


# what may be stored


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (response(), ""),
        (response(FUNCTION_CALL), ""),
        (response(CUSTOM_CALL), ""),
        (response(REASONING, message()), ""),
        (None, "an error in the body"),
        ({"error": {"message": "x"}}, "an error in the body"),
        (response(error={"code": "server_error", "message": "x"}), "an error in the body"),
        (response(status="incomplete"), "status incomplete"),
        (response(status="in_progress"), "status in_progress"),
        ({**response(), "status": None}, "status None"),
        (response(incomplete_details={"reason": "max_output_tokens"}), "incomplete_details"),
        (response(max_output_tokens=20), "as long as max_output_tokens"),
        ({**response(), "output": []}, "no output"),
        ({**response(), "output": None}, "no output"),
        ({**response(), "output": ["x"]}, "an output item that is not the model's own"),
        (response(SEARCH, message()), "an output item that is not the model's own"),
        (response({**FUNCTION_CALL, "status": "incomplete"}), "an unfinished output item"),
        (response(message({"type": "refusal", "refusal": "no"})), "a refusal"),
        (response(message({"type": "output_audio"})), "content that is not text"),
        (response({**message(), "content": None}), "a message without content"),
        (response(message(text_part(""))), "an empty answer"),
        (response(REASONING), "an empty answer"),
    ],
)
def test_what_may_be_stored(document: Any, why: str) -> None:
    assert RESPONSES.admissible(document) == why


def test_usage_has_every_part() -> None:
    reported = RESPONSES.reported(response())
    assert (reported.input_tokens, reported.output_tokens) == (30, 20)
    assert (reported.cached_input_tokens, reported.cache_write_tokens, reported.reasoning_tokens) == (7, 5, 11)


# recording


def record(stream: bytes, *, piece: int = 11, **fields: Any) -> tuple[Any, bool]:
    recorder = RESPONSES.recorder(read(**fields))
    for at in range(0, len(stream), piece):
        recorder.feed(stream[at : at + piece])
    return recorder, recorder.finish()


def ending(kind: str, **fields: Any) -> bytes:
    """A good beginning with another end."""
    stream = RESPONSES.to_stream(response(), include_usage=True)
    begun = stream[: stream.rindex(b"event: ")]
    return begun + f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def test_a_good_stream_is_whole_and_may_be_stored() -> None:
    recorder, whole = record(RESPONSES.to_stream(response(), include_usage=True))
    assert whole
    assert (recorder.complete, recorder.closed, recorder.admissible, recorder.error) == (True, True, True, "")
    assert recorder.reported().raw == USAGE
    assert recorder.content_chunks > 0


def test_only_the_data_lines_count() -> None:
    stream = b"".join(
        line + b"\n\n"
        for line in RESPONSES.to_stream(response(), include_usage=True).split(b"\n")
        if line.startswith(b"data")
    )
    recorder, whole = record(stream)
    assert whole
    assert recorder.admissible
    assert RESPONSES.to_document(stream) == response()


@pytest.mark.parametrize(
    ("stream", "closed", "whole", "error"),
    [
        (ending("response.incomplete", response=response(status="incomplete")), True, True, False),
        (
            ending("response.completed", response=response(message({"type": "refusal", "refusal": "no"}))),
            True,
            True,
            False,
        ),
        (ending("response.completed", response=None), True, False, False),
        (ending("response.failed", response=response(status="failed")), False, False, True),
        (ending("error", code="server_error", message="x", param=None), False, False, True),
        (ending("x", error={"message": "x"}), False, False, True),
        (ending("response.output_text.delta", delta="x") + b"data: {broken\n\n", False, False, False),
        (ending("response.output_text.delta", delta="x") + b"data: [1]\n\n", False, False, False),
        (ending("response.output_text.delta", delta="x") + b"data: [DONE]\n\n", True, False, False),
        (ending("response.output_text.delta", delta="x"), False, False, False),
    ],
)
def test_other_ends_are_not_stored(stream: bytes, closed: bool, whole: bool, error: bool) -> None:
    recorder, finished = record(stream)
    assert not recorder.admissible
    assert (recorder.closed, finished, bool(recorder.error)) == (closed, whole, error)


def test_an_error_in_the_middle_spoils_what_follows() -> None:
    stream = RESPONSES.to_stream(response(), include_usage=True)
    middle = stream.index(b"\n\n") + 2
    recorder, whole = record(
        stream[:middle] + b'event: error\ndata: {"type":"error","message":"x"}\n\n' + stream[middle:]
    )
    assert not whole
    assert not recorder.admissible


def test_usage_of_a_failed_response_is_still_reported() -> None:
    recorder, _ = record(ending("response.failed", response=response(status="failed")))
    assert recorder.reported().output_tokens == 20


@pytest.mark.parametrize("name", ["llamacpp_responses.sse", "ours"])
def test_no_cut_of_a_stream_counts_as_whole(name: str) -> None:
    stream = (
        RESPONSES.to_stream(response(REASONING, message()), include_usage=True)
        if name == "ours"
        else (DATA / name).read_bytes()
    )
    last = stream.rstrip()
    for cut in range(len(last)):
        recorder, whole = record(stream[:cut], piece=cut or 1)
        assert not whole, last[:cut][-60:]
        assert not recorder.complete
        assert not recorder.admissible
    recorder, whole = record(stream)
    assert whole
    assert recorder.admissible


def test_a_real_transcript_of_llama_cpp_becomes_its_document() -> None:
    stream = (DATA / "llamacpp_responses.sse").read_bytes()
    document = RESPONSES.to_document(stream)
    plain = json.loads((DATA / "llamacpp_responses.json").read_bytes())
    assert set(plain) - set(document) == {"completed_at"}
    assert document["output"][0]["content"][0]["text"] == "I'm glad you're here. What can I do for you?"
    assert RESPONSES.admissible(document) == ""
    assert RESPONSES.to_document(RESPONSES.to_stream(document, include_usage=True)) == document
    recorder, whole = record(stream)
    assert whole
    assert recorder.reported().output_tokens == 15


def test_what_used_up_its_limit_is_not_stored_though_llama_cpp_calls_it_completed() -> None:
    recorder, whole = record((DATA / "llamacpp_responses.sse").read_bytes(), max_output_tokens=15)
    assert whole
    assert not recorder.admissible


@pytest.mark.parametrize("stream", [b"", b"data: [DONE]\n\n", b'data: {"type":"response.created","response":{}}\n\n'])
def test_a_stream_without_its_end_has_no_document(stream: bytes) -> None:
    with pytest.raises(ValueError):
        RESPONSES.to_document(stream)


# writing


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        response(status="queued"),
        {**response(), "output": None},
        {**response(), "output": ["x"]},
        response({**FUNCTION_CALL, "arguments": {"a": 1}}),
        response({name: value for name, value in FUNCTION_CALL.items() if name != "id"}),
        response(message({"type": "output_text", "text": None})),
        response({**message(), "content": "x"}),
    ],
)
def test_what_no_stream_can_express_is_said(document: Any) -> None:
    with pytest.raises(ValueError):
        RESPONSES.to_stream(document, include_usage=True)


def test_the_events_of_every_kind_of_item_come_in_order() -> None:
    got = events(RESPONSES.to_stream(EVERYTHING, include_usage=False))
    assert [event["sequence_number"] for event in got] == list(range(len(got)))
    kinds: list[str] = []
    for event in got:
        kind = f"{event['type'].removeprefix('response.')}:{event.get('output_index', '')}"
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
    text = ["content_part.added", "output_text.delta", "output_text.done", "content_part.done"]
    cited = [*text[:2], "output_text.annotation.added", *text[2:]]
    summary = [
        "reasoning_summary_part.added",
        "reasoning_summary_text.delta",
        "reasoning_summary_text.done",
        "reasoning_summary_part.done",
    ]
    inner = [
        [*summary, *summary],
        [*cited, *text],
        ["function_call_arguments.delta", "function_call_arguments.done"],
        ["custom_tool_call_input.delta", "custom_tool_call_input.done"],
        ["function_call_arguments.done"],
        ["content_part.added", "reasoning_text.delta", "reasoning_text.done", "content_part.done"],
        [],
        ["content_part.added", "refusal.delta", "refusal.done", "content_part.done"],
    ]
    expected = ["created:", "in_progress:"]
    for at, body in enumerate(inner):
        expected += [f"{kind}:{at}" for kind in ("output_item.added", *body, "output_item.done")]
    assert kinds == [*expected, "completed:"]
    for event in got[:2]:
        assert event["response"]["status"] == "in_progress"
        assert event["response"]["output"] == []
        assert event["response"]["usage"] is None
        assert event["response"]["completed_at"] is None
        assert event["response"]["id"] == "resp_1"


def test_the_name_of_the_event_is_its_type() -> None:
    for raw in events_of(RESPONSES.to_stream(EVERYTHING, include_usage=True)):
        first, second, *rest = raw.split(b"\n")
        assert first.removeprefix(b"event: ").decode() == json.loads(second.removeprefix(b"data: "))["type"]
        assert rest == [b"", b""]


def test_logprobs_fall_on_token_borders() -> None:
    deltas = [
        event
        for event in events(RESPONSES.to_stream(EVERYTHING, include_usage=True))
        if "logprobs" in event and "delta" in event
    ]
    with_logprobs = [event for event in deltas if event["logprobs"]]
    assert [event["delta"] for event in with_logprobs] == ["Hel", "lo", " you", "."]
    assert [event["logprobs"] for event in with_logprobs] == [[token] for token in TOKENS]


def test_tokens_that_do_not_add_up_to_the_text_stay_in_one_piece() -> None:
    halves = [{"token": "\\xf0\\x9f", "logprob": -1.0}, {"token": "\\x98\\x80", "logprob": -1.0}]
    document = response(message(text_part("😀", logprobs=halves)))
    deltas = [
        event
        for event in events(RESPONSES.to_stream(document, include_usage=True))
        if event["type"].endswith("text.delta")
    ]
    assert [(event["delta"], event["logprobs"]) for event in deltas] == [("😀", halves)]


texts = st.text(max_size=60)
items = st.one_of(
    st.builds(lambda parts: message(*map(text_part, parts)), st.lists(texts, min_size=1, max_size=3)),
    st.builds(lambda text: {**FUNCTION_CALL, "arguments": text}, texts),
    st.builds(lambda text: {**CUSTOM_CALL, "input": text}, texts),
    st.builds(lambda text: {**REASONING, "summary": [{"type": "summary_text", "text": text}]}, texts),
    st.builds(lambda text: {**OPEN_REASONING, "content": [{"type": "reasoning_text", "text": text}]}, texts),
    st.just(SEARCH),
)


@given(st.lists(items, min_size=1, max_size=4))
def test_any_response_survives_and_its_deltas_add_up(output: list[dict[str, Any]]) -> None:
    document = response(*output)
    stream = RESPONSES.to_stream(document, include_usage=True)
    assert RESPONSES.to_document(stream) == document
    assert _rebuilt(events(stream)) == output


def _rebuilt(got: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The output from the deltas alone, as a client builds it that never looks at the `done` events."""
    out: list[dict[str, Any]] = []
    for event in got:
        kind = event["type"].removeprefix("response.")
        if kind == "output_item.added":
            out.append(copy.deepcopy(event["item"]))
            if "status" in out[-1]:
                out[-1]["status"] = "completed"
            continue
        item = out[event["output_index"]] if "output_index" in event else {}
        if kind == "content_part.added":
            item["content"].append(copy.deepcopy(event["part"]))
        elif kind == "reasoning_summary_part.added":
            item["summary"].append(copy.deepcopy(event["part"]))
        elif kind in ("output_text.delta", "reasoning_text.delta"):
            item["content"][event["content_index"]]["text"] += event["delta"]
        elif kind == "reasoning_summary_text.delta":
            item["summary"][event["summary_index"]]["text"] += event["delta"]
        elif kind == "function_call_arguments.delta":
            item["arguments"] += event["delta"]
        elif kind == "custom_tool_call_input.delta":
            item["input"] += event["delta"]
    return out


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["", "x", "user", "message", "completed", "output_text"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "role", "content", "text", "output", "status", "logprobs", "id", "arguments", "image_url"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
fields = [
    "input",
    "instructions",
    "tools",
    "text",
    "prompt",
    "include",
    "temperature",
    "max_output_tokens",
    "conversation",
]


@given(st.dictionaries(st.sampled_from(fields), anything, max_size=5))
def test_any_request_is_read_or_refused(odd: dict[str, Any]) -> None:
    asked = read(**odd)
    assert asked.stateful or isinstance(asked.document["input"], str | list | None)


@given(
    st.lists(anything, max_size=3),
    st.dictionaries(st.sampled_from(["status", "error", "usage", "max_output_tokens"]), anything),
)
def test_any_answer_is_judged_and_what_is_stored_can_be_shown(output: list[Any], rest: dict[str, Any]) -> None:
    document = {**response(), "output": output, **rest}
    why = RESPONSES.admissible(document)
    assert isinstance(why, str)
    recorder, _ = record(ending("response.completed", response=document))
    assert recorder.admissible == (why == "")
    try:
        stream = RESPONSES.to_stream(document, include_usage=True)
    except ValueError:
        return
    if document["status"] == "completed":
        assert RESPONSES.to_document(stream) == document


# the official client


@pytest.fixture
async def client() -> AsyncIterator[tuple[openai.AsyncOpenAI, dict[str, bytes]]]:
    """The official client on a socket; it is sent what stands in `say["stream"]`."""
    say: dict[str, bytes] = {}

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=say["stream"], content_type="text/event-stream")

    app = web.Application()
    app.router.add_post("/v1/responses", answer)
    async with (
        TestServer(app) as server,
        openai.AsyncOpenAI(base_url=str(server.make_url("/v1")), api_key="k", max_retries=0) as made,
    ):
        yield made, say


FAITHFUL = {
    "text": response(),
    "reasoning and text": response(REASONING, message(text_part(logprobs=TOKENS, annotations=[CITATION]))),
    "tools": response(OPEN_REASONING, FUNCTION_CALL, CUSTOM_CALL, {**FUNCTION_CALL, "id": "fc_2", "call_id": "call_3"}),
    "everything": EVERYTHING,
}


@pytest.mark.parametrize("name", sorted(FAITHFUL))
async def test_the_official_client_reads_the_same_response_back(
    client: tuple[openai.AsyncOpenAI, dict[str, bytes]], name: str
) -> None:
    document = FAITHFUL[name]
    api, say = client
    say["stream"] = RESPONSES.to_stream(document, include_usage=True)
    heard = ""
    async with api.responses.stream(model="m", input="x", store=False) as stream:
        async for event in stream:
            if event.type == "response.output_text.delta":
                heard += event.delta
        final = await stream.get_final_response()
    got = json.loads(final.model_dump_json(by_alias=True, exclude_unset=True))
    assert _less_parsed(got) == document
    said = [
        part["text"]
        for item in document["output"]
        for part in item.get("content") or ()
        if part["type"] == "output_text"
    ]
    assert heard == "".join(said)


async def test_the_official_client_reads_the_raw_events(client: tuple[openai.AsyncOpenAI, dict[str, bytes]]) -> None:
    api, say = client
    say["stream"] = RESPONSES.to_stream(EVERYTHING, include_usage=True)
    got = []
    async for event in await api.responses.create(model="m", input="x", stream=True):
        assert "Unknown" not in type(event).__name__
        got.append(json.loads(event.model_dump_json(by_alias=True, exclude_unset=True)))
    assert got == events(say["stream"])


def _less_parsed(got: dict[str, Any]) -> dict[str, Any]:
    """Without what the client's parser adds."""
    for item in got["output"]:
        item.pop("parsed_arguments", None)
        for part in item.get("content") or ():
            part.pop("parsed", None)
    return got
