"""proxy/surfaces/openai_chat.py: reading, recording, conversion between the two forms of one answer."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.surfaces.openai_chat import OpenAIChat
from halfpenny.proxy.surfaces.sse import EventSplitter, data_of, events_of

CHAT = OpenAIChat()
TARGET = "/v1/chat/completions"


def ask(**fields: Any) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hello there"}], **fields}).encode()


def answer(**message: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-2026",
        "system_fingerprint": "fp",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello you.", **message},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", None),
        (b"[1]", None),
        (b'{"messages": []}', "model"),
        (b'{"model": 5, "messages": [{"role": "user", "content": "x"}]}', "model"),
        (b'{"model": "m"}', "messages"),
        (b'{"model": "m", "messages": []}', "messages"),
        (b'{"model": "m", "messages": "x"}', "messages"),
        (ask(stream="yes"), "stream"),
        (ask(stream_options=[]), "stream_options"),
        (b'{"model": "m", "messages": [{"role": "user", "content": "\xff"}]}', None),
        (b"[" * 100_000, None),
    ],
)
def test_bad_input_is_refused_and_the_field_named(body: bytes, field: str | None) -> None:
    with pytest.raises(ProxyError) as refused:
        CHAT.read(body, TARGET)
    assert refused.value.status == 400
    assert refused.value.param == field


def test_the_text_is_taken_out_of_the_frame() -> None:
    read = CHAT.read(ask(temperature=0), TARGET)
    assert read.text == "Hello there"
    assert read.frame is not None
    assert b"Hello" not in msgspec.json.encode(read.frame)
    assert not read.sampled


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"seed": 1}, "seed"),
        ({"response_format": {"type": "json_object"}}, "structured output"),
        (
            {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]},
            "the last message is not the user's",
        ),
        ({"messages": [{"role": "user", "content": "word " * 400}]}, "too long"),
        ({"messages": [{"role": "user", "content": "```x```"}]}, "code"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}]},
            "not only text",
        ),
    ],
)
def test_what_may_only_be_served_exactly(fields: dict[str, Any], why: str) -> None:
    read = CHAT.read(ask(**fields), TARGET)
    assert (read.exact_only, read.may_be_semantic()) == (why, False)
    # a schema is what an operator may allow
    assert (read.frame is None) == (why != "structured output")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"store": True}, "store"),
        ({"web_search_options": {}}, "hosted tool"),
        ({"tools": [{"type": "web_search"}]}, "hosted tool"),
        ({"tools": [{"type": "never_heard_of"}]}, "hosted tool"),
        ({"tools": [{"type": ["function"]}]}, "hosted tool"),
        ({"data_sources": [{"type": "azure_search"}]}, "hosted tool"),
        ({"search_parameters": {"mode": "auto"}}, "hosted tool"),
        ({"plugins": [{"id": "web"}]}, "hosted tool"),
        ({"kv_transfer_params": {}}, "server state"),
        (
            {"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}, {"role": "user", "content": "x"}]},
            "server state",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "video_url", "video_url": {"url": "http://x/y.mp4"}}]}
                ]
            },
            "remote content",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "http://x/y.png"}]}]},
            "remote content",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file_1"}}]}]},
            "remote content",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_data": "AA"}}]}]}, ""),
        ({"tools": [{"type": "custom", "custom": {"name": "f"}}, {"function": {"name": "g"}}]}, ""),
        ({"store": False}, ""),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/y.png"}}]}
                ]
            },
            "remote content",
        ),
    ],
)
def test_what_may_not_be_stored_at_all(fields: dict[str, Any], why: str) -> None:
    assert CHAT.read(ask(**fields), TARGET).stateful == why


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (None, "an error in the body"),
        ({"error": {"message": "x"}}, "an error in the body"),
        ({"choices": []}, "no choices"),
        (answer(content=""), "an empty answer"),
        (answer(refusal="no"), "a refusal"),
        ({**answer(), "choices": [{**answer()["choices"][0], "finish_reason": "length"}]}, "finish_reason length"),
        (
            {**answer(), "choices": [{**answer()["choices"][0], "finish_reason": "content_filter"}]},
            "finish_reason content_filter",
        ),
        ({**answer(), "choices": [{**answer()["choices"][0], "finish_reason": ["stop"]}]}, "finish_reason ['stop']"),
        ({**answer(), "choices": [{**answer()["choices"][0], "error": {"code": 502}}]}, "an error in a choice"),
        (answer(), ""),
        (
            answer(
                content=None, tool_calls=[{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
            ),
            "",
        ),
    ],
)
def test_what_may_be_stored(document: Any, why: str) -> None:
    assert CHAT.admissible(document) == why


def test_a_document_survives_the_way_through_a_stream() -> None:
    document = answer(
        reasoning_content="thinking it over carefully now",
        annotations=[{"type": "url"}],
        tool_calls=[
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}},
            {"id": "b", "type": "function", "function": {"name": "g", "arguments": ""}},
        ],
    )
    back = CHAT.to_document(CHAT.to_stream(document, include_usage=True))
    assert back == document


def test_logprobs_are_cut_on_token_borders() -> None:
    tokens = [{"token": t, "logprob": -0.1, "bytes": None, "top_logprobs": []} for t in ("Hello", " ", "you.")]
    document = answer()
    document["choices"][0]["logprobs"] = {"content": tokens, "refusal": None}
    stream = CHAT.to_stream(document, include_usage=False)
    for raw in events_of(stream):
        data = data_of(raw)
        if data == b"[DONE]":
            continue
        for choice in json.loads(data)["choices"]:
            if choice["logprobs"]:
                assert choice["delta"]["content"] == "".join(t["token"] for t in choice["logprobs"]["content"])
    assert CHAT.to_document(stream)["choices"][0]["logprobs"] == document["choices"][0]["logprobs"]


@given(st.text(min_size=1).filter(lambda text: text.isprintable() or "\n" in text))
def test_any_content_survives_the_way_through_a_stream(content: str) -> None:
    document = answer(content=content)
    del document["usage"]
    assert CHAT.to_document(CHAT.to_stream(document, include_usage=True)) == document


def test_usage_is_shown_only_to_who_asked() -> None:
    stream = CHAT.to_stream(answer(), include_usage=True)
    hidden = CHAT.without_usage(stream)
    assert b'"usage":{' in stream
    assert b'"usage":{' not in hidden
    assert CHAT.to_document(hidden)["choices"] == answer()["choices"]
    assert "usage" not in CHAT.to_document(hidden)


def recorded(stream: bytes, *, piece: int = 7, **fields: Any) -> Any:
    recorder = CHAT.recorder(CHAT.read(ask(**fields), TARGET))
    for at in range(0, len(stream), piece):
        recorder.feed(stream[at : at + piece])
    return recorder, recorder.finish()


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_no_cut_of_a_stream_counts_as_whole(line_end: bytes) -> None:
    stream = CHAT.to_stream(answer(content="one two three"), include_usage=True).replace(b"\n", line_end)
    finish = stream.index(b'"finish_reason":"stop"')
    terminal = stream.index(line_end * 2, finish)
    for cut in range(len(stream)):
        recorder, whole = recorded(stream[:cut], piece=cut or 1)
        # after the event with the finish_reason a clean end is an end (some servers send no [DONE])
        assert not whole or cut >= terminal, stream[:cut][-60:]
        if cut >= terminal and stream[:cut].endswith(line_end * 2):
            assert whole, stream[:cut][-60:]
    recorder, whole = recorded(stream)
    assert whole
    assert recorder.admissible
    assert recorder.reported().output_tokens == 2


def test_two_choices_must_both_finish() -> None:
    document = answer()
    document["choices"].append({**document["choices"][0], "index": 1})
    stream = CHAT.to_stream(document, include_usage=False)
    assert recorded(stream, n=2)[1]
    assert not recorded(CHAT.to_stream(answer(), include_usage=False), n=2)[1]


@pytest.mark.parametrize(
    "event", [b'data: {"error": {"message": "overloaded"}}\n\n', b"data: {broken\n\n", b"data: [1]\n\n"]
)
def test_an_error_inside_the_stream_is_never_admissible(event: bytes) -> None:
    stream = CHAT.to_stream(answer(), include_usage=False)
    middle = stream.index(b"\n\n") + 2
    recorder, whole = recorded(stream[:middle] + event + stream[middle:])
    assert not recorder.admissible
    # the upstream's own error is a failure; what cannot be read is its own affair, as long as it ends what it began
    told = b'"error"' in event
    assert (bool(recorder.error), whole, recorder.closed) == (told, not told, not told)


@given(st.binary(max_size=300), st.integers(1, 40))
def test_splitting_loses_nothing(stream: bytes, piece: int) -> None:
    splitter = EventSplitter()
    events = [event for at in range(0, len(stream), piece) for event in splitter.feed(stream[at : at + piece])]
    assert b"".join(events) + splitter.rest == stream
    whole = EventSplitter()
    assert whole.feed(stream) == events


def test_long_words_and_many_events_take_linear_time() -> None:
    """A bound on work, not on time: these inputs once took minutes, so a regression hangs the suite."""
    document = answer(content="x" * 200_000 + " and words after it " * 200)
    stream = CHAT.to_stream(document, include_usage=True)
    assert CHAT.to_document(stream) == document
    many = b"".join(b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n' for _ in range(40_000))
    assert len(list(events_of(many))) == 40_000


def test_a_comment_line_is_released_at_once() -> None:
    splitter = EventSplitter()
    assert splitter.feed(b": ping\n") == [b": ping\n"]
    assert splitter.feed(b"data: 1\n\n: pi") == [b"data: 1\n\n"]
    assert splitter.feed(b"ng\n") == [b": ping\n"]


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": ["x"]},
        {"messages": [5, {"role": "user", "content": "x"}]},
        {"messages": [{"content": "x"}]},
        {"messages": [{"role": 5, "content": "x"}]},
        {"messages": [{"role": "user", "content": 5}]},
        {"messages": [{"role": "user", "content": {"text": "x"}}]},
        {"messages": [{"role": "user", "content": ["x"]}]},
        {"messages": [{"role": "assistant", "tool_calls": "x"}, {"role": "user", "content": "x"}]},
        {"temperature": "hot"},
        {"n": "2"},
        {"n": True},
        {"max_tokens": "many"},
        {"max_completion_tokens": {}},
        *(
            {field: value}
            for field in ("tools", "functions")
            for value in (5, True, "x", {}, {"type": "function"}, ["x"])
        ),
    ],
)
def test_what_the_upstream_should_judge_passes_and_is_not_stored(fields: dict[str, Any]) -> None:
    """The upstream words it, or understands it: a proxy that refuses what it does not know makes things worse."""
    read = CHAT.read(ask(**fields), TARGET)
    assert (read.stateful, read.exact_only, read.text, read.frame) == ("not understood", "not understood", "", None)
    assert read.model == "m"
    assert CHAT.recorder(read).complete is False


def test_texts_are_read_also_beside_what_is_not_understood() -> None:
    read = CHAT.read(ask(messages=[{"role": "user", "content": 5}, {"role": "user", "content": "hello"}]), TARGET)
    assert read.messages == (("user", ""), ("user", "hello"))


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "user", "function", "http://x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "text", "image_url", "url", "file", "tool_calls", "audio"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
odd_fields = [
    "messages",
    "tools",
    "functions",
    "n",
    "temperature",
    "max_tokens",
    "response_format",
    "web_search_options",
]


@given(st.dictionaries(st.sampled_from(odd_fields), anything, max_size=5))
def test_any_request_is_read_or_refused(odd: dict[str, Any]) -> None:
    if not odd.get("messages", True) or not isinstance(odd.get("messages", []), list):
        with pytest.raises(ProxyError) as refused:
            CHAT.read(ask(**odd), TARGET)
        assert refused.value.param == "messages"
        return
    read = CHAT.read(ask(**odd), TARGET)
    assert read.model == "m"
    assert CHAT.recorder(read).complete is False
    assert (read.frame is None) == (read.exact_only not in ("", "structured output"))
    assert (read.namespace is None) == (read.frame is None)
