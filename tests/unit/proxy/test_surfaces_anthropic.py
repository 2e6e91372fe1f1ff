"""proxy/surfaces/anthropic_*.py: reading, the key, recording, and one answer as JSON and as events.

The official SDK reads what `to_stream` writes; a transcript of a real llama.cpp server is what `to_document` reads.
"""

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import anthropic
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from halfpenny.backends.base import Call, Timeouts
from halfpenny.backends.llamacpp import LlamaCpp
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.surfaces import load_surfaces
from halfpenny.proxy.surfaces.anthropic_count_tokens import AnthropicCountTokens
from halfpenny.proxy.surfaces.anthropic_messages import AnthropicMessages
from halfpenny.proxy.surfaces.base import Ask, Reported
from halfpenny.semantic_cache.key import exact_key, partition_key
from tests.upstream import ScriptedUpstream

MESSAGES = AnthropicMessages()
TARGET = "/v1/messages"
TRANSCRIPT = (Path(__file__).parent / "transcripts" / "llamacpp_messages.sse").read_bytes()
USAGE = {
    "input_tokens": 7,
    "cache_creation_input_tokens": 20,
    "cache_read_input_tokens": 300,
    "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 50,
    "output_tokens_details": {"thinking_tokens": 11},
    "server_tool_use": None,
    "service_tier": "standard",
}


def ask(**fields: Any) -> Ask:
    body = {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": "Hello there"}], **fields}
    return MESSAGES.read(json.dumps(body).encode(), TARGET)


def user(*blocks: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def key_of(asked: Ask) -> str:
    return exact_key((b"base",), asked.keyed or asked.document, asked.noise)


def partition_of(asked: Ask) -> str:
    assert asked.frame is not None, asked.exact_only
    return partition_key((b"base",), asked.frame, asked.noise, asked.end_user)


def answer(*content: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": list(content) or [{"type": "text", "text": "Hello, you there."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
        **fields,
    }


TEXT = {"type": "text", "text": "Hello, you there."}
CITED = {
    "type": "text",
    "text": "The grass is green.",
    "citations": [
        {
            "type": "char_location",
            "cited_text": "green",
            "document_index": 0,
            "document_title": None,
            "start_char_index": 1,
            "end_char_index": 6,
            "file_id": None,
        }
    ],
}
THINKING = {"type": "thinking", "thinking": "Let me see. It is\n\n so.", "signature": "c2ln"}
REDACTED = {"type": "redacted_thinking", "data": "b3BhcXVl"}
TOOL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": ["the sea", 1, 2.5, None, {"é": "\n"}]}}
TOOL_WITHOUT_INPUT = {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}}
SEARCH = {
    "type": "web_search_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": [
        {"type": "web_search_result", "url": "u", "title": "t", "encrypted_content": "e", "page_age": None},
    ],
}
SERVER_TOOL = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "sea"}}


# reading


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", None),
        (b'{"messages": []}', "model"),
        (b'{"model": "", "messages": []}', "model"),
        (b'{"model": ["m"], "messages": []}', "model"),
        (b'{"model": "m"}', "messages"),
        (b'{"model": "m", "messages": "hello"}', "messages"),
        (b'{"model": "m", "messages": {"role": "user"}}', "messages"),
        (b"[" * 100_000, None),
    ],
)
def test_what_cannot_be_routed_is_refused_by_the_name_of_its_field(body: bytes, field: str | None) -> None:
    with pytest.raises(ProxyError) as refused:
        MESSAGES.read(body, TARGET)
    assert (refused.value.status, refused.value.param) == (400, field)


ODD: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "text", "content", "source", "role", "format", "data", "user_id", "cache_control"]
            ),
            inner | st.sampled_from(["text", "user", "tool_result", "document", "image", "url", "file"]),
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(
    messages=st.lists(ODD, max_size=3),
    fields=st.dictionaries(
        st.sampled_from(
            [
                "system",
                "tools",
                "stream",
                "metadata",
                "output_config",
                "max_tokens",
                "temperature",
                "thinking",
                "thread",
            ]
        ),
        ODD,
        max_size=4,
    ),
)
def test_odd_inner_types_are_the_upstreams_to_judge(messages: list[Any], fields: dict[str, Any]) -> None:
    asked = ask(messages=messages, **fields)
    assert asked.document["messages"] == messages
    assert asked.text == "" or asked.exact_only == ""
    assert isinstance(asked.end_user, str)
    assert all(isinstance(role, str) and isinstance(text, str) for role, text in asked.messages)


def test_an_ask_says_what_a_router_needs() -> None:
    asked = ask(
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=[
            {"role": "user", "content": "Look."},
            {"role": "assistant", "content": [TOOL]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_1",
                        "content": [
                            {"type": "text", "text": "wide sea"},
                            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aa"}},
                        ],
                    }
                ],
            },
        ],
        tools=[{"name": "look", "input_schema": {"type": "object"}}],
        metadata={"user_id": "u-1"},
        max_tokens=512,
        stream=True,
        output_config={"format": {"type": "json_schema", "schema": {}}},
    )
    assert asked.messages == (("system", "Be brief."), ("user", "Look."), ("assistant", ""), ("user", "wide sea"))
    assert asked.input_bytes == len("Be brief.Look.wide sea")
    assert (asked.max_output_tokens, asked.end_user, asked.stream) == (512, "u-1", True)
    assert asked.has_tools
    assert asked.has_images
    assert asked.wants_schema
    assert asked.wants_usage
    assert asked.stateful == ""


def test_an_answer_counts_as_sampled_unless_the_temperature_is_zero() -> None:
    assert ask().sampled
    assert ask(temperature=1).sampled
    assert not ask(temperature=0).sampled
    assert not ask(temperature=0.0).sampled


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"container": "c_1"}, "container"),
        ({"container": {"skills": []}}, "container"),
        ({"thread": {"id": "t"}}, "thread"),
        ({"mcp_servers": [{"url": "u"}]}, "mcp_servers"),
        ({"max_tokens": 0}, "max_tokens 0"),
        ({"stream": "yes"}, "stream is not a boolean"),
        ({"stream": 1}, "stream is not a boolean"),
        ({"tools": [{"type": "web_search_20260209", "name": "web_search"}]}, "hosted tool"),
        ({"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]}, "hosted tool"),
        ({"tools": [{"type": "code_execution_20260521", "name": "code_execution"}]}, "hosted tool"),
        ({"tools": [{"type": "mcp_toolset", "mcp_server_name": "x"}]}, "hosted tool"),
        ({"tools": [{"type": "advisor_20260301"}]}, "hosted tool"),
        ({"tools": [{"type": "never_heard_of"}]}, "hosted tool"),
        ({"tools": [{"type": "custom", "name": "t"}, {"type": ["odd"]}]}, "hosted tool"),
        (user({"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}}), "remote content"),
        (user({"type": "document", "source": {"type": "file", "file_id": "file_1"}}), "file"),
        (user({"type": "container_upload", "file_id": "file_1"}), "container"),
        (
            user({"type": "tool_result", "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}]}),
            "file",
        ),
    ],
)
def test_what_depends_on_state_is_not_stored(fields: dict[str, Any], why: str) -> None:
    assert ask(**fields).stateful == why


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"name": "f", "input_schema": {}}, {"type": "custom", "name": "g", "input_schema": {}}]},
        {"tools": [{"type": "bash_20250124", "name": "bash"}, {"type": "text_editor_20250728", "name": "e"}]},
        {"tools": [{"type": "computer_20251124", "name": "c"}, {"type": "memory_20250818", "name": "memory"}]},
        {"tools": [{"type": "browser_toolset_20260801"}, {"type": "tool_search_tool_bm25_20251119"}]},
        {"mcp_servers": [], "container": None, "stream": None},
        {"context_management": {"edits": []}, "fallbacks": [{"model": "n"}], "inference_geo": "eu"},
        user({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aa"}}),
    ],
)
def test_what_the_caller_runs_or_sends_itself_is_not_state(fields: dict[str, Any]) -> None:
    assert ask(**fields).stateful == ""


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"tools": [{"name": "f"}]}, "tools"),
        ({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": [TOOL]}]}, "tools"),
        (user(TEXT, {"type": "image", "source": {"type": "base64", "data": "aa"}}), "not only text"),
        (user(TEXT, {"type": "never_heard_of"}), "not only text"),
        (user({**TEXT, "citations": None}), "not only text"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "structured output"),
        ({"output_format": {"type": "json_schema"}}, "structured output"),
        ({"messages": [{"role": "assistant", "content": "The answer is ("}]}, "the last message is not the user's"),
        ({"messages": []}, "the last message is not the user's"),
        (
            {"messages": [{"role": "assistant", "content": [THINKING, TEXT]}, {"role": "user", "content": "why?"}]},
            "thinking",
        ),
        ({"messages": [{"role": "user", "content": " "}]}, "empty"),
        ({"messages": [{"role": "user", "content": "x" * 1201}]}, "too long"),
        (user({"type": "text", "text": "what is\n```\ncode\n```"}), "code"),
    ],
)
def test_only_a_plain_question_may_be_answered_by_a_neighbour(fields: dict[str, Any], why: str) -> None:
    asked = ask(**fields)
    assert (asked.exact_only, asked.may_be_semantic()) == (why, False)
    if why != "structured output":  # which an operator may allow
        assert (asked.text, asked.frame, asked.namespace) == ("", None, None)


def test_the_partition_holds_all_but_the_last_text() -> None:
    earlier = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]

    def asking(text: Any, *, before: Any = earlier, **fields: Any) -> Ask:
        return ask(messages=[*before, {"role": "user", "content": text}], **{"system": "s", **fields})

    asked = asking("How tall is it?")
    assert asked.text == "How tall is it?"
    assert partition_of(asked) == partition_of(asking("How high is it?", stream=True))
    assert partition_of(asked) == partition_of(asking([{"type": "text", "text": "How high is it?"}]))
    for other in (
        asking("How tall is it?", system="S"),
        asking("How tall is it?", before=[{"role": "user", "content": "A"}, earlier[1]]),
        asking("How tall is it?", thinking={"type": "adaptive"}),
        asking("How tall is it?", metadata={"user_id": "someone"}),
        asking("How tall is it?", max_tokens=98),
    ):
        assert partition_of(other) != partition_of(asked)


# the key


@pytest.mark.parametrize(
    "noise",
    [
        {"stream": True},
        {"metadata": {"user_id": "u"}},
        {"service_tier": "auto"},
        {"speed": "fast"},
        {"diagnostics": {}},
        {"billing_policy": "x"},
        {"fallback_credit_token": "x"},
        {"user_profile_id": "x"},
        {"cache_control": {"type": "ephemeral"}},
    ],
)
def test_noise_does_not_change_the_key(noise: dict[str, Any]) -> None:
    assert key_of(ask(**noise)) == key_of(ask())


@pytest.mark.parametrize(
    "field",
    ["inference_geo", "fallbacks", "context_management", "thinking", "output_config", "top_k", "system", "unheard_of"],
)
def test_what_may_change_the_answer_is_in_the_key(field: str) -> None:
    assert key_of(ask(**{field: "x"})) != key_of(ask())


def marked(mark: dict[str, Any]) -> dict[str, Any]:
    """A request with a marker wherever the API takes one."""
    document = {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "d", **mark}]}}
    return {
        "system": [{"type": "text", "text": "s", **mark}],
        "tools": [{"name": "f", "input_schema": {"type": "object"}, **mark}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "a", **mark}, {**document, **mark}]},
            {"role": "assistant", "content": [{**TOOL, **mark}]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_1",
                        "content": [
                            {"type": "text", "text": "r", **mark},
                            {"type": "search_result", "content": [{"type": "text", "text": "f", **mark}], **mark},
                        ],
                        **mark,
                    }
                ],
            },
        ],
    }


def test_markers_of_the_prompt_cache_are_noise_at_any_depth() -> None:
    with_markers, without = ask(**marked({"cache_control": {"type": "ephemeral"}})), ask(**marked({}))
    assert with_markers.keyed == without.document
    assert with_markers.document["messages"][0]["content"][0]["cache_control"] == {"type": "ephemeral"}
    assert without.keyed is None
    assert key_of(with_markers) == key_of(without)


def test_a_marker_does_not_split_a_partition() -> None:
    block = {"type": "text", "text": "How tall is it?"}
    assert partition_of(ask(**user({**block, "cache_control": {"type": "ephemeral"}}))) == partition_of(
        ask(**user(block))
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"name": "f", "input_schema": {"properties": {"cache_control": {"type": "string"}}}}]},
        user({**TOOL, "input": {"cache_control": "no-store"}}),
        user({"type": "tool_result", "tool_use_id": "t", "content": '{"cache_control": "no-store"}'}),
        user({"type": "text", "text": '{"cache_control": "x"}'}),
        {"output_config": {"format": {"schema": {"properties": {"cache_control": {}}}}}},
    ],
)
def test_the_callers_own_data_may_use_the_same_word(fields: dict[str, Any]) -> None:
    asked = ask(**fields)
    assert (asked.keyed or asked.document) == asked.document
    assert key_of(asked) != key_of(ask(**json.loads(json.dumps(fields).replace("cache_control", "other"))))


def test_beta_targets_find_their_surface() -> None:
    table = load_surfaces()
    assert isinstance(table.find("/v1/messages?beta=true"), AnthropicMessages)
    assert isinstance(table.find("/v1/messages/count_tokens?beta=true"), AnthropicCountTokens)
    assert table.find("/v1/messages/batches") is None


# usage and admission


def test_input_counts_what_the_prompt_cache_read_and_wrote() -> None:
    assert MESSAGES.reported(answer()) == Reported(
        input_tokens=327,
        output_tokens=50,
        cached_input_tokens=300,
        cache_write_tokens=20,
        reasoning_tokens=11,
        raw=USAGE,
        known=True,
    )


@pytest.mark.parametrize("odd", [{}, [], "x", {"input_tokens": 3}, {"output_tokens": 3}])
def test_half_a_usage_is_none(odd: Any) -> None:
    assert not MESSAGES.reported(answer(usage=odd)).known


@pytest.mark.parametrize("reason", ["end_turn", "stop_sequence", "tool_use"])
def test_a_good_ending_may_be_stored(reason: str) -> None:
    assert MESSAGES.admissible(answer(stop_reason=reason)) == ""


@pytest.mark.parametrize(
    "bad",
    [
        *(
            {"stop_reason": reason}
            for reason in ("max_tokens", "refusal", "pause_turn", "model_context_window_exceeded", "new", None, [])
        ),
        {"content": []},
        {"content": None},
        {"content": [{"type": "text", "text": ""}]},
        {"content": [THINKING]},
        {"content": ["x"]},
        {"container": {"id": "c", "expires_at": "x"}},
        {"type": "error"},
    ],
)
def test_every_other_answer_may_not(bad: dict[str, Any]) -> None:
    assert MESSAGES.admissible(answer(**bad))


def test_a_count_is_free_and_stored() -> None:
    surface = AnthropicCountTokens()
    assert surface.reported({"input_tokens": 14}) == Reported(known=True)
    assert surface.admissible({"input_tokens": 14}) == ""
    for bad in ({"input_tokens": None}, {"input_tokens": True}, {"input_tokens": "14"}, {"type": "error"}):
        assert surface.admissible(bad)
        assert not surface.reported(bad).known


# recording


def event(kind: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), json.dumps({"type": kind, **fields}).encode())


START = event("message_start", message=answer(content=[], stop_reason=None, usage={**USAGE, "output_tokens": 1}))
BLOCK = (
    event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hello, "}),
    event("content_block_delta", index=0, delta={"type": "text_delta", "text": "you."}),
    event("content_block_stop", index=0),
)
END = event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 9})
STOP = event("message_stop")
PING = event("ping")


def recorded(stream: bytes, *, step: int = 7) -> Any:
    recorder = MESSAGES.recorder(ask())
    for at in range(0, len(stream), step):
        recorder.feed(stream[at : at + step])
    recorder.finish()
    return recorder


def test_a_whole_stream_is_complete_at_message_stop() -> None:
    recorder = MESSAGES.recorder(ask())
    for part in (START, PING, *BLOCK, PING, END):
        recorder.feed(part)
        assert not recorder.complete
    assert not recorder.finish()
    recorder.feed(STOP)
    assert (recorder.complete, recorder.closed, recorder.admissible, recorder.error) == (True, True, True, "")
    assert recorder.content_chunks == 2
    assert recorder.reported().input_tokens == 327
    assert recorder.reported().output_tokens == 9


def test_data_without_event_lines_is_understood() -> None:
    bare = b"".join(part.partition(b"\n")[2] for part in (START, *BLOCK, END, STOP))
    assert b"event:" not in bare
    recorder = recorded(bare)
    assert recorder.complete
    assert recorder.admissible
    assert MESSAGES.to_document(bare)["content"] == [{"type": "text", "text": "Hello, you."}]


def test_later_totals_replace_earlier_ones_and_null_replaces_nothing() -> None:
    later = {"output_tokens": 12, "input_tokens": 8, "cache_read_input_tokens": None, "cache_creation_input_tokens": 0}
    end = event("message_delta", delta={"stop_reason": "end_turn"}, usage=later)
    reported = recorded(b"".join((START, *BLOCK, END, end, STOP))).reported()
    assert (reported.input_tokens, reported.cached_input_tokens, reported.cache_write_tokens) == (308, 300, 0)
    assert reported.output_tokens == 12


def test_a_later_null_does_not_take_back_the_reason() -> None:
    empty = event("message_delta", delta={"stop_reason": None, "stop_sequence": "STOP"}, usage={"output_tokens": 9})
    stream = b"".join((START, *BLOCK, END, empty, STOP))
    assert recorded(stream).admissible
    document = MESSAGES.to_document(stream)
    assert (document["stop_reason"], document["stop_sequence"]) == ("end_turn", "STOP")


def test_a_stream_that_was_cut_reports_what_went_by() -> None:
    reported = recorded(b"".join((START, *BLOCK[:3]))).reported()
    assert (reported.known, reported.input_tokens, reported.output_tokens) == (True, 327, 2)
    assert not recorded(b"").reported().known
    without_totals = event("message_delta", delta={"stop_reason": "end_turn"})
    assert not recorded(b"".join((START, *BLOCK, without_totals, STOP))).reported().known


def test_a_real_transcript_cut_anywhere_is_not_whole() -> None:
    assert recorded(TRANSCRIPT, step=1).complete
    last = TRANSCRIPT.rstrip()
    for cut in (*range(0, len(last) - 300, 7), *range(len(last) - 300, len(last))):
        recorder = MESSAGES.recorder(ask())
        recorder.feed(last[:cut])
        assert not recorder.complete
        assert not recorder.finish(), cut
        assert not recorder.error, "a cut is not an error event: the client must see a broken connection"
        with pytest.raises(ValueError, match=r"JSON|message_stop"):
            MESSAGES.to_document(last[:cut])


@pytest.mark.parametrize(
    "broken",
    [
        (START, *BLOCK[:3], event("error", error={"type": "overloaded_error", "message": "x"}), END, STOP),
        (START, *BLOCK[:2], b'data: {"error": {"message": "x"}}\n\n', *BLOCK[2:], END, STOP),
        (START, *BLOCK, b"data: {nonsense\n\n", END, STOP),
        (START, *BLOCK, b"data: [1]\n\n", END, STOP),
        (START, *BLOCK, b'data: "\xff"\n\n', END, STOP),
    ],
)
def test_an_error_inside_the_stream_is_never_stored(broken: tuple[bytes, ...]) -> None:
    recorder = recorded(b"".join(broken))
    assert not recorder.admissible
    # the upstream's own error is a failure; what cannot be read is its own affair, as long as it ends what it began
    told = b'"error"' in b"".join(broken)
    assert (bool(recorder.error), recorder.complete, recorder.closed) == (told, not told, not told)
    with pytest.raises(ValueError, match=r"JSON|error|unknown"):
        MESSAGES.to_document(b"".join(broken))


@pytest.mark.parametrize(
    "odd",
    [
        (*BLOCK, END, STOP),
        (START, *BLOCK, STOP),
        (START, *BLOCK[:3], END, STOP),
    ],
)
def test_a_stream_that_says_its_end_but_lacks_a_part_is_closed_and_not_whole(odd: tuple[bytes, ...]) -> None:
    recorder = recorded(b"".join(odd))
    assert recorder.closed
    assert not recorder.complete
    with pytest.raises(ValueError, match=r".+"):
        MESSAGES.to_document(b"".join(odd))


@pytest.mark.parametrize("reason", ["max_tokens", "refusal", "pause_turn", "model_context_window_exceeded"])
def test_a_whole_answer_with_a_bad_ending_is_converted_but_not_stored(reason: str) -> None:
    stream = b"".join((START, *BLOCK, END.replace(b"end_turn", reason.encode()), STOP))
    recorder = recorded(stream)
    assert recorder.complete
    assert not recorder.admissible
    assert MESSAGES.to_document(stream)["stop_reason"] == reason


def test_an_answer_without_content_is_not_stored() -> None:
    assert not recorded(b"".join((START, END, STOP))).admissible
    assert not recorded(MESSAGES.to_stream(answer(THINKING), include_usage=True)).admissible
    assert recorded(MESSAGES.to_stream(answer(TOOL_WITHOUT_INPUT), include_usage=True)).admissible


@pytest.mark.parametrize(
    "unknown",
    [
        event("content_block_delta", index=0, delta={"type": "new_delta", "x": 1}),
        event("new_event", x=1),
        event("message_delta", delta={"stop_reason": "end_turn", "new": 1}, usage={"output_tokens": 9}),
        event("message_delta", delta={"stop_reason": "end_turn"}, new=1),
        event("content_block_delta", index=5, delta={"type": "text_delta", "text": "x"}),
        event("content_block_delta", index="0", delta="x"),
        event("content_block_start", index=3, content_block={"type": "text", "text": ""}),
    ],
)
def test_what_we_do_not_know_is_relayed_but_not_converted(unknown: bytes) -> None:
    stream = b"".join((START, *BLOCK[:3], unknown, BLOCK[3], END, STOP))
    recorder = recorded(stream)
    assert recorder.closed
    assert recorder.error == ""
    with pytest.raises(ValueError, match=r".+"):
        MESSAGES.to_document(stream)


@settings(max_examples=200)
@given(
    events=st.lists(
        st.fixed_dictionaries(
            {"type": st.sampled_from(["message_start", "content_block_start", "content_block_delta", "message_delta"])},
            optional=dict.fromkeys(("message", "index", "content_block", "delta", "usage"), ODD),
        ),
        max_size=4,
    )
)
def test_no_event_makes_a_recorder_raise(events: list[dict[str, Any]]) -> None:
    stream = b"".join(event(fields.pop("type"), **fields) for fields in map(dict, events)) + STOP
    recorder = recorded(stream)
    assert recorder.closed or recorder.error
    recorder.reported()
    with contextlib.suppress(ValueError):
        MESSAGES.to_document(stream)


# one answer, two forms

BLOCKS = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, st.text()),
    st.builds(lambda text: {**CITED, "text": text}, st.text()),
    st.builds(
        lambda text, sign: {"type": "thinking", "thinking": text, "signature": sign},
        st.text(),
        st.text("abc=", max_size=9),
    ),
    st.builds(
        lambda given: {**TOOL, "input": given},
        st.dictionaries(
            st.text(max_size=5),
            st.recursive(
                st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=9),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
                max_leaves=5,
            ),
            max_size=3,
        ),
    ),
    st.sampled_from([REDACTED, SEARCH, SERVER_TOOL, TOOL_WITHOUT_INPUT, {"type": "unheard_of", "x": [1]}]),
)


@settings(max_examples=200)
@given(
    content=st.lists(BLOCKS, min_size=1, max_size=4),
    ending=st.sampled_from(
        [
            {"stop_reason": "end_turn"},
            {"stop_reason": "stop_sequence", "stop_sequence": "STOP"},
            {"stop_reason": "refusal", "stop_details": {"type": "refusal", "category": None}},
            {"stop_reason": "tool_use", "stop_details": None, "container": None},
            {"stop_reason": "end_turn", "context_management": {"applied_edits": []}, "diagnostics": None},
        ]
    ),
    usage=st.sampled_from([USAGE, {"input_tokens": 1, "output_tokens": 0}, {"output_tokens": 3}]),
)
def test_an_answer_survives_the_way_through_a_stream(content: Any, ending: Any, usage: Any) -> None:
    document = answer(*content, **ending, usage=usage)
    stream = MESSAGES.to_stream(document, include_usage=True)
    assert MESSAGES.to_document(stream) == document
    recorder = recorded(stream, step=64)
    assert recorder.complete
    assert (recorder.admissible, recorder.error) == (MESSAGES.admissible(document) == "", "")
    if recorder.reported().known:
        assert recorder.reported() == MESSAGES.reported(document)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        answer(type="completion"),
        answer(content="x"),
        answer(content=["x"]),
        answer(usage=None),
        answer(usage={"input_tokens": 1}),
        answer({"type": "text"}),
        answer({"type": "tool_use", "input": "x"}),
    ],
)
def test_what_no_stream_can_carry_is_not_made_into_one(bad: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        MESSAGES.to_stream(bad, include_usage=True)


def test_the_events_are_those_of_the_dialect_in_its_order() -> None:
    stream = MESSAGES.to_stream(answer(THINKING, TEXT, TOOL), include_usage=True)
    kinds = [line.removeprefix("event: ") for line in stream.decode().splitlines() if line.startswith("event: ")]
    data = [json.loads(line[6:]) for line in stream.decode().splitlines() if line.startswith("data: ")]
    assert [item["type"] for item in data] == kinds
    assert kinds[0] == "message_start"
    assert kinds[-2:] == ["message_delta", "message_stop"]
    assert data[0]["message"]["content"] == []
    assert data[0]["message"]["stop_reason"] is None
    assert data[0]["message"]["usage"]["output_tokens"] == 1
    starts = [item["content_block"] for item in data if item["type"] == "content_block_start"]
    assert starts == [
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "text", "text": ""},
        {**TOOL, "input": {}},
    ]
    assert [item["index"] for item in data if item["type"] == "content_block_stop"] == [0, 1, 2]
    assert data[-2]["delta"] == {"stop_reason": "end_turn", "stop_sequence": None}
    assert data[-2]["usage"]["output_tokens"] == 50


def test_partial_json_that_is_none_leaves_an_empty_input() -> None:
    parts = (
        START,
        event("content_block_start", index=0, content_block=TOOL_WITHOUT_INPUT),
        event("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": ""}),
        event("content_block_stop", index=0),
        END.replace(b"end_turn", b"tool_use"),
        STOP,
    )
    assert MESSAGES.to_document(b"".join(parts))["content"] == [TOOL_WITHOUT_INPUT]
    torn = parts[2].replace(b'\\"\\"', b"").replace(b'"partial_json": ""', b'"partial_json": "{\\"a\\": "')
    with pytest.raises(ValueError, match=r".+"):
        MESSAGES.to_document(b"".join((*parts[:2], torn, *parts[3:])))


def test_a_real_transcript_becomes_the_answer_that_the_server_gives_as_json() -> None:
    """The same request without `stream` gave this text; only the id and the cached tokens differ from call to call."""
    document = MESSAGES.to_document(TRANSCRIPT)
    assert document == {
        "id": "chatcmpl-542er5wKMxTe1zEs0xCTywMyAW9MxFwa",
        "type": "message",
        "role": "assistant",
        "content": [
            {
                "type": "text",
                "text": "The color of grass is typically a mix of various colors, including a range of shades of brown, "
                "with a slightly lighter shade of tan or a lighter shade of gray.",
            }
        ],
        "model": "smollm2-135m-instruct",
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"cache_read_input_tokens": 0, "input_tokens": 25, "output_tokens": 35},
    }
    assert recorded(TRANSCRIPT).reported() == MESSAGES.reported(document)
    assert MESSAGES.admissible(document) == ""


@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
@pytest.mark.parametrize(
    "text", ["hello", "[[reason=5]]", "[[tool]]", "[[tools=3 reason=2]]", "[[length]]", "[[refusal]]", "[[cached=2]]"]
)
async def test_a_scripted_upstreams_two_forms_are_one_answer(text: str, version: str) -> None:
    fields = {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": text}]}
    headers = {"x-api-key": "k", "anthropic-version": version}
    async with ScriptedUpstream() as upstream, aiohttp.ClientSession(headers=headers) as session:
        url = upstream.base_url.removesuffix("/v1") + TARGET
        async with session.post(url, json=fields) as reply:
            whole = await reply.json()
        async with session.post(url, json={**fields, "stream": True}) as reply:
            assert reply.status == 200
            stream = await reply.read()
    assert MESSAGES.to_document(stream) == {**whole, "id": "msg_2"}
    again = MESSAGES.to_stream(whole, include_usage=True)
    assert MESSAGES.to_document(again) == whole
    recorder = recorded(stream)
    assert recorder.complete
    assert recorder.admissible == (MESSAGES.admissible(whole) == "") == (text not in ("[[length]]", "[[refusal]]"))
    reported, expected = recorder.reported(), MESSAGES.reported(whole)
    assert reported.cached_input_tokens == expected.cached_input_tokens
    assert (reported.input_tokens, reported.output_tokens) == (expected.input_tokens, expected.output_tokens)


@pytest.mark.model
async def test_the_in_process_models_two_forms_are_one_answer() -> None:
    model = LlamaCpp("small", context_tokens=512, parallel=1)
    try:
        forms: list[bytes] = []
        for stream in (True, False):
            body = {
                "model": "any",
                "max_tokens": 60,
                "temperature": 0,
                "messages": [{"role": "user", "content": "What color is grass?"}],
                "stream": stream,
            }
            call = Call(
                method="POST",
                target=TARGET,
                headers=(("Content-Type", "application/json"),),
                body=json.dumps(body).encode(),
                timeouts=Timeouts(first_byte_s=60, total_s=90),
            )
            reply = await model.call(call)
            assert reply.status == 200
            forms.append(b"".join([chunk async for chunk in reply.chunks()]))
    finally:
        await model.close()
    streamed, whole = MESSAGES.to_document(forms[0]), json.loads(forms[1])
    assert streamed.keys() == whole.keys()
    assert {**streamed, "id": "", "usage": {}} == {**whole, "id": "", "usage": {}}
    reported, expected = recorded(forms[0]).reported(), MESSAGES.reported(whole)
    assert (reported.input_tokens, reported.output_tokens) == (expected.input_tokens, expected.output_tokens)


# the official client


@contextlib.asynccontextmanager
async def served(document: Any) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async def handle(request: web.Request) -> web.Response:
        if not (await request.json()).get("stream"):
            return web.json_response(document)
        stream = MESSAGES.to_stream(document, include_usage=True)
        return web.Response(body=stream, content_type="text/event-stream")

    app = web.Application()
    app.router.add_post(TARGET, handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with anthropic.AsyncAnthropic(api_key="k", base_url=f"http://{host}:{port}", max_retries=0) as client:
            yield client
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "document",
    [
        answer(),
        answer(CITED, TEXT),
        answer(THINKING, REDACTED, TEXT),
        answer(TEXT, TOOL, TOOL_WITHOUT_INPUT, stop_reason="tool_use"),
        answer(SERVER_TOOL, SEARCH, TEXT),
        answer(stop_reason="stop_sequence", stop_sequence="\n\nHuman"),
        answer({"type": "text", "text": "blue  é\u2028 \r\n data: {}\n\nevent: error\n" + "x" * 3000}),
    ],
)
async def test_the_official_client_reads_our_events_as_the_answer(document: dict[str, Any]) -> None:
    async with served(document) as client:
        asked: dict[str, Any] = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
        whole = await client.messages.create(**asked)
        async with client.messages.stream(**asked) as stream:
            texts = [text async for text in stream.text_stream]
            final = await stream.get_final_message()
    assert final.model_dump(mode="json", exclude_none=True) == whole.model_dump(mode="json", exclude_none=True)
    assert "".join(texts) == "".join(block["text"] for block in document["content"] if block["type"] == "text")
