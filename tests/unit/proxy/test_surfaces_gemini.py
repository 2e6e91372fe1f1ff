"""proxy/surfaces/gemini_*.py: targets, reading, the key, recording, and one answer as JSON and as events.

The official SDK reads what `to_stream` writes. What `to_document` reads is scripted or written out by hand: there is no
real server of this dialect to record on loopback.
"""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from google import genai
from google.genai import types
from hypothesis import given, settings
from hypothesis import strategies as st

from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.surfaces import load_surfaces
from halfpenny.proxy.surfaces.base import Ask, Reported
from halfpenny.proxy.surfaces.gemini_count_tokens import GeminiCountTokens
from halfpenny.proxy.surfaces.gemini_embed import GeminiBatchEmbed, GeminiEmbed
from halfpenny.proxy.surfaces.gemini_generate import GeminiGenerate
from halfpenny.semantic_cache.key import exact_key, partition_key
from tests.upstream import ScriptedUpstream

GENERATE = GeminiGenerate()
WHOLE = "/v1beta/models/gemini-x:generateContent"
STREAM = "/v1beta/models/gemini-x:streamGenerateContent?alt=sse"
USAGE = {
    "promptTokenCount": 30,
    "cachedContentTokenCount": 20,
    "candidatesTokenCount": 7,
    "thoughtsTokenCount": 5,
    "toolUsePromptTokenCount": 2,
    "totalTokenCount": 44,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 30}],
}
TEXT = {"text": "Hello, you there."}
THOUGHT = {"text": "Let me see. It is\n\n so.", "thought": True}
SIGNED = {"text": "The answer, at last, is plain to see.", "thoughtSignature": "c2ln"}
CALL = {"functionCall": {"name": "look", "args": {"at": ["the sea", 1, 2.5, None]}}}
SIGNED_CALL = {**CALL, "thoughtSignature": "c2lnMg=="}
IMAGE = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}


def turn(text: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text}]}


def ask(target: str = WHOLE, **fields: Any) -> Ask:
    return GENERATE.read(json.dumps({"contents": [turn("Hello there")], **fields}).encode(), target)


def key_of(asked: Ask) -> str:
    return exact_key((asked.scope.encode(),), asked.keyed or asked.document, asked.noise)


def partition_of(asked: Ask) -> str:
    assert asked.frame is not None, asked.exact_only
    return partition_key((asked.scope.encode(),), asked.frame, asked.noise, asked.end_user)


def candidate(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"content": {"parts": list(parts) or [TEXT], "role": "model"}, "finishReason": "STOP", "index": 0, **fields}


def answer(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "candidates": [candidate(*parts)],
        "usageMetadata": USAGE,
        "modelVersion": "gemini-x-001",
        "responseId": "r-1",
        **fields,
    }


# targets


def test_both_ways_to_generate_share_their_scope_and_the_mode_is_in_the_path() -> None:
    whole, stream = ask(WHOLE), ask(STREAM)
    assert (whole.stream, stream.stream) == (False, True)
    assert whole.scope == stream.scope
    assert key_of(whole) == key_of(stream)
    assert whole.wants_usage


@pytest.mark.parametrize(
    "query", ["key=K1", "alt=json", "$alt=json", "prettyPrint=false", "key=K2&alt=json&$prettyPrint=true", ""]
)
def test_credentials_and_the_way_of_writing_are_not_in_the_scope(query: str) -> None:
    asked = ask(f"{WHOLE}?{query}")
    assert asked.scope == ask(WHOLE).scope
    assert asked.stateful == ""


def test_the_scope_holds_all_else_of_the_target_in_one_order() -> None:
    scopes = {
        ask(target).scope
        for target in (
            WHOLE,
            WHOLE.replace("v1beta", "v1"),
            WHOLE.replace("gemini-x", "gemini-y"),
            WHOLE.replace("models", "tunedModels"),
            WHOLE + "?fields=candidates",
            WHOLE + "?Key=K",
        )
    }
    assert len(scopes) == 6
    assert ask(WHOLE + "?b=1&a=2").scope == ask(WHOLE + "?a=2&key=k&b=1").scope
    others = [
        GeminiEmbed().read(b'{"content": {}}', "/v1beta/models/gemini-x:embedContent").scope,
        GeminiBatchEmbed().read(b'{"requests": []}', "/v1beta/models/gemini-x:batchEmbedContents").scope,
        GeminiCountTokens().read(b'{"contents": []}', "/v1beta/models/gemini-x:countTokens?key=K").scope,
    ]
    assert len({*scopes, *others}) == 9
    assert "K" not in others[2]


@pytest.mark.parametrize(
    "target",
    [WHOLE + "?alt=proto", WHOLE + "?alt=sse", WHOLE + "?$alt=media", STREAM + "&alt=json", STREAM + "&$alt=x"],
)
def test_an_unknown_form_of_answer_is_not_stored(target: str) -> None:
    assert ask(target).stateful.startswith("alt=")


def test_the_table_knows_a_stream_by_its_query() -> None:
    table = load_surfaces()
    for version in ("v1", "v1beta", "v1alpha"):
        assert isinstance(table.find(f"/{version}/models/m:generateContent"), GeminiGenerate)
    assert isinstance(table.find("/v1beta/models/m:streamGenerateContent?key=K&alt=sse"), GeminiGenerate)
    assert table.find("/v1beta/models/m:streamGenerateContent") is None
    assert table.find("/v1beta/models/m:streamGenerateContent?alt=json") is None
    assert table.find("/v1beta/models/m:generateAnswer") is None
    assert table.find("/v1beta/models/m") is None


@pytest.mark.parametrize(
    ("target", "model", "expected"),
    [
        (WHOLE, "gemini-y", "/v1beta/models/gemini-y:generateContent"),
        (STREAM + "&key=K", "gemini-y", "/v1beta/models/gemini-y:streamGenerateContent?alt=sse&key=K"),
        (WHOLE, "tunedModels/t", "/v1beta/tunedModels/t:generateContent"),
        ("/v1/tunedModels/t:generateContent", "m", "/v1/models/m:generateContent"),
        (WHOLE, "google/m:free", "/v1beta/models/google%2Fm%3Afree:generateContent"),
        (WHOLE, "gemini@001", "/v1beta/models/gemini@001:generateContent"),
    ],
)
def test_another_model_is_another_target(target: str, model: str, expected: str) -> None:
    assert GENERATE.retarget(target, model) == expected
    assert ask(expected).model == model


# reading


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", None),
        (b"{}", "contents"),
        (b'{"contents": null}', "contents"),
        (b'{"contents": "hello"}', "contents"),
        (b"[" * 100_000, None),
    ],
)
def test_what_cannot_be_understood_is_refused_by_the_name_of_its_field(body: bytes, field: str | None) -> None:
    with pytest.raises(ProxyError) as refused:
        GENERATE.read(body, WHOLE)
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
                ["parts", "role", "text", "thought", "inlineData", "functionResponse", "temperature", "candidateCount"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(
    contents=st.lists(ODD, max_size=3),
    fields=st.dictionaries(
        st.sampled_from(["systemInstruction", "tools", "generationConfig", "generation_config", "store", "labels"]),
        ODD,
        max_size=4,
    ),
)
def test_odd_inner_types_are_the_upstreams_to_judge(contents: list[Any], fields: dict[str, Any]) -> None:
    asked = ask(contents=contents, **fields)
    assert asked.document["contents"] == contents
    assert asked.text == "" or asked.exact_only == ""
    assert all(isinstance(role, str) and isinstance(text, str) for role, text in asked.messages)
    GENERATE.recorder(asked)


@pytest.mark.parametrize("snake", [False, True])
def test_an_ask_says_what_a_router_needs_in_either_spelling(snake: bool) -> None:
    fields: dict[str, Any] = {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"maxOutputTokens": 512, "temperature": 0, "responseMimeType": "application/json"},
        "tools": [{"functionDeclarations": [{"name": "f"}]}],
    }
    blob = {"inlineData": {"mimeType": "image/png", "data": "aa"}}
    if snake:
        fields = {
            "system_instruction": fields["systemInstruction"],
            "generation_config": {
                "max_output_tokens": "512",
                "temperature": 0,
                "response_mime_type": "application/json",
            },
            "tools": [{"function_declarations": [{"name": "f"}]}],
        }
        blob = {"inline_data": {"mime_type": "image/png", "data": "aa"}}
    asked = ask(contents=[turn("Look."), turn("Yes?", "model"), {"parts": [{"text": "here"}, blob]}], **fields)
    assert asked.messages == (("system", "Be brief."), ("user", "Look."), ("assistant", "Yes?"), ("user", "here"))
    assert asked.input_bytes == len("Be brief.Look.Yes?here")
    assert asked.max_output_tokens == 512
    assert asked.has_tools
    assert asked.has_images
    assert asked.wants_schema
    assert not asked.sampled
    assert asked.stateful == ""


def test_an_answer_counts_as_sampled_unless_the_temperature_is_zero() -> None:
    assert ask().sampled
    assert ask(generationConfig={"temperature": 1}).sampled
    assert ask(generationConfig={"temperature": 0}, generation_config={"temperature": 1}).sampled
    assert not ask(generationConfig={"temperature": 0.0}).sampled


HOSTED = (
    "googleSearch",
    "google_search",
    "googleSearchRetrieval",
    "urlContext",
    "url_context",
    "codeExecution",
    "googleMaps",
    "fileSearch",
    "computerUse",
    "mcpServers",
    "neverHeardOf",
)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        *(({"tools": [{"functionDeclarations": []}, {name: {}}]}, "hosted tool") for name in HOSTED),
        ({"tools": {"googleSearch": {}}}, "hosted tool"),
        ({"cachedContent": "cachedContents/1"}, "cachedContent"),
        ({"cached_content": "cachedContents/1"}, "cachedContent"),
        ({"store": True}, "store"),
        ({"continuationToken": "aa"}, "continuationToken"),
        ({"continuation_token": "aa"}, "continuationToken"),
        ({"contents": [{"parts": [{"fileData": {"fileUri": "u"}}]}]}, "remote content"),
        ({"contents": {"parts": {"file_data": {"file_uri": "u"}}}}, "remote content"),
        ({"systemInstruction": {"parts": [{"fileData": {"fileUri": "u"}}]}}, "remote content"),
        (
            {"contents": [{"parts": [{"functionResponse": {"parts": [{"fileData": {"fileUri": "u"}}]}}]}]},
            "remote content",
        ),
    ],
)
def test_what_depends_on_state_is_not_stored(fields: dict[str, Any], why: str) -> None:
    assert ask(**fields).stateful == why


@pytest.mark.parametrize(
    "fields",
    [
        {"tools": [{"functionDeclarations": [{"name": "f"}], "googleSearch": None}]},
        {"tools": [{"function_declarations": [{"name": "f"}]}]},
        {"store": False, "cachedContent": None, "tools": []},
        {"contents": [{"parts": [IMAGE]}]},
    ],
)
def test_what_the_caller_runs_or_sends_itself_is_not_state(fields: dict[str, Any]) -> None:
    assert ask(**fields).stateful == ""


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"tools": [{"functionDeclarations": []}]}, "tools"),
        ({"contents": [{"role": "model", "parts": [CALL]}, turn("x")]}, "tools"),
        ({"contents": [{"parts": [{"function_response": {"name": "f"}}]}]}, "tools"),
        ({"contents": [{"parts": [TEXT, IMAGE]}]}, "not only text"),
        ({"contents": [{"parts": [{**TEXT, "videoMetadata": {}}]}]}, "not only text"),
        ({"contents": [{"parts": ["x"]}]}, "not only text"),
        ({"contents": {"parts": [TEXT]}}, "odd contents"),
        ({"contents": [turn("x"), "y"]}, "odd contents"),
        ({"contents": []}, "odd contents"),
        ({"generationConfig": {"responseMimeType": "application/json"}}, "structured output"),
        ({"generation_config": {"response_schema": {"type": "STRING"}}}, "structured output"),
        ({"generationConfig": {"responseJsonSchema": {}}}, "structured output"),
        ({"generationConfig": {"candidateCount": 2}}, "candidateCount"),
        ({"generation_config": {"candidate_count": "2"}}, "candidateCount"),
        ({"generationConfig": {"responseModalities": ["TEXT", "IMAGE"]}}, "responseModalities"),
        ({"generationConfig": {"seed": 7}}, "seed"),
        ({"generationConfig": {"responseLogprobs": True}}, "responseLogprobs"),
        ({"contents": [turn("x"), turn("y", "model")]}, "the last message is not the user's"),
        ({"contents": [{"role": "model", "parts": [SIGNED]}, turn("why?")]}, "thinking"),
        ({"contents": [{"role": "model", "parts": [THOUGHT]}, turn("why?")]}, "thinking"),
        ({"contents": [turn("  ")]}, "empty"),
        ({"contents": [turn("x" * 1201)]}, "too long"),
        ({"contents": [turn("```\ncode\n```")]}, "code"),
    ],
)
def test_only_a_plain_question_may_be_answered_by_a_neighbour(fields: dict[str, Any], why: str) -> None:
    asked = ask(**fields)
    assert (asked.exact_only, asked.may_be_semantic()) == (why, False)
    if why != "structured output":  # which an operator may allow
        assert (asked.text, asked.frame, asked.namespace) == ("", None, None)


def test_the_partition_holds_all_but_the_last_text() -> None:
    earlier = [turn("a"), turn("b", "model")]

    def asking(text: str, target: str = WHOLE, *, before: Any = earlier, **fields: Any) -> Ask:
        given = {"systemInstruction": {"parts": [{"text": "s"}]}, **fields}
        return ask(target, contents=[*before, turn(text)], **given)

    asked = asking("How tall is it?")
    assert asked.text == "How tall is it?"
    assert partition_of(asked) == partition_of(asking("How high is it?", STREAM, labels={"a": "b"}))
    for other in (
        asking("How tall is it?", systemInstruction={"parts": [{"text": "S"}]}),
        asking("How tall is it?", before=[turn("A"), earlier[1]]),
        asking("How tall is it?", generationConfig={"topK": 3}),
        asking("How tall is it?", WHOLE.replace("gemini-x", "gemini-y")),
    ):
        assert partition_of(other) != partition_of(asked)


@pytest.mark.parametrize("noise", [{"labels": {"team": "a"}}, {"serviceTier": "flex"}, {"service_tier": "flex"}])
def test_noise_does_not_change_the_key(noise: dict[str, Any]) -> None:
    assert key_of(ask(**noise)) == key_of(ask())


@pytest.mark.parametrize(
    "field", ["systemInstruction", "generationConfig", "safetySettings", "toolConfig", "modelArmorConfig", "unheardOf"]
)
def test_what_may_change_the_answer_is_in_the_key(field: str) -> None:
    assert key_of(ask(**{field: {"x": 1}})) != key_of(ask())


# usage and admission


def test_thoughts_and_what_tools_added_are_counted() -> None:
    assert GENERATE.reported(answer()) == Reported(
        input_tokens=32, output_tokens=12, cached_input_tokens=20, reasoning_tokens=5, raw=USAGE, known=True
    )


@pytest.mark.parametrize("odd", [{}, [], "x", {"candidatesTokenCount": 3}])
def test_half_a_usage_is_none(odd: Any) -> None:
    assert not GENERATE.reported(answer(usageMetadata=odd)).known


@pytest.mark.parametrize(
    "bad",
    [
        *(
            {"candidates": [candidate(finishReason=reason)]}
            for reason in ("MAX_TOKENS", "SAFETY", "RECITATION", "CONTINUATION", "OTHER", "NEW", None, [])
        ),
        {"candidates": [candidate(), candidate(finishReason="SAFETY", index=1)]},
        {"candidates": []},
        {"candidates": ["x"]},
        {"candidates": [candidate(content={})]},
        {"candidates": [candidate({"text": ""})]},
        {"candidates": [candidate(THOUGHT)]},
        {"candidates": [candidate(content="x")]},
        {"candidates": [candidate(continuationToken="aa")]},
        {"promptFeedback": {"blockReason": "SAFETY"}},
    ],
)
def test_only_a_good_ending_may_be_stored(bad: dict[str, Any]) -> None:
    assert GENERATE.admissible(answer(**bad))


def test_good_endings_may_be_stored() -> None:
    assert GENERATE.admissible(answer()) == ""
    assert GENERATE.admissible(answer(THOUGHT, SIGNED_CALL)) == ""
    assert GENERATE.admissible(answer(IMAGE)) == ""
    assert GENERATE.admissible(answer(candidates=[candidate(), candidate(index=1)])) == ""
    assert GENERATE.admissible([{"error": {"code": 429}}])


def test_a_count_is_free_and_stored() -> None:
    surface = GeminiCountTokens()
    assert surface.reported({"totalTokens": 14}) == Reported(known=True)
    assert surface.admissible({"totalTokens": 14}) == ""
    for bad in ({}, {"totalTokens": None}, {"totalTokens": True}, {"totalTokens": "14"}):
        assert surface.admissible(bad)
        assert not surface.reported(bad).known


def test_a_count_of_a_whole_request_reads_its_contents() -> None:
    inner = {"model": "models/m", "contents": [turn("Hello there")], "cachedContent": "c"}
    asked = GeminiCountTokens().read(
        json.dumps({"generateContentRequest": inner}).encode(), "/v1beta/models/m:countTokens"
    )
    assert asked.messages == (("user", "Hello there"),)
    assert asked.stateful == "cachedContent"
    assert not asked.answer_is_text


def test_vectors_are_stored_if_each_is_there() -> None:
    one, many = GeminiEmbed(), GeminiBatchEmbed()
    assert one.admissible({"embedding": {"values": [0.5]}}) == ""
    assert many.admissible({"embeddings": [{"values": [0.5]}, {"values": [1]}]}) == ""
    assert not one.reported({"embedding": {"values": [0.5]}}).known
    for surface, bad in (
        (one, {"embedding": {"values": []}}),
        (one, {"embedding": None}),
        (many, {"embeddings": [{"values": [0.5]}, {}]}),
        (many, {"embeddings": []}),
    ):
        assert surface.admissible(bad)
    body = {"requests": [{"content": turn("a")}, {"content": {"parts": [{"fileData": {"fileUri": "u"}}]}}, "odd"]}
    asked = many.read(json.dumps(body).encode(), "/v1beta/models/m:batchEmbedContents")
    assert asked.stateful == "remote content"
    assert asked.model == "m"


# recording


def event(document: Any) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\r\n\r\n"


def chunk(*parts: dict[str, Any], finish: str | None = None, **fields: Any) -> bytes:
    said: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}}
    if finish is not None:
        said["finishReason"] = finish
    return event({"candidates": [said], "modelVersion": "gemini-x-001", "responseId": "r-1", **fields})


PARTIAL = {"promptTokenCount": 30, "totalTokenCount": 30}
REAL = (
    chunk({"text": "Let me ", "thought": True}, usageMetadata=PARTIAL),
    chunk({"text": "see.", "thought": True}, usageMetadata=PARTIAL),
    chunk({"text": "Hello, "}, usageMetadata=PARTIAL),
    chunk({"text": "you."}, usageMetadata=PARTIAL),
    chunk({"text": "", "thoughtSignature": "c2ln"}, finish="STOP", usageMetadata=USAGE),
)


def recorded(stream: bytes, *, step: int = 7, asked: Ask | None = None) -> Any:
    recorder = GENERATE.recorder(asked or ask(STREAM))
    for at in range(0, len(stream), step):
        recorder.feed(stream[at : at + step])
        assert not recorder.complete, "only the end of the body says that there is no more"
    recorder.finish()
    return recorder


def test_a_stream_as_the_api_sends_it_is_recorded_and_converted() -> None:
    stream = b"".join(REAL)
    recorder = recorded(stream)
    assert (recorder.complete, recorder.closed, recorder.admissible, recorder.error) == (True, True, True, "")
    assert recorder.reported() == GENERATE.reported(answer())
    assert GENERATE.to_document(stream) == {
        "candidates": [
            {
                "content": {
                    "parts": [
                        {"text": "Let me see.", "thought": True},
                        {"text": "Hello, you.", "thoughtSignature": "c2ln"},
                    ],
                    "role": "model",
                },
                "finishReason": "STOP",
            }
        ],
        "usageMetadata": USAGE,
        "modelVersion": "gemini-x-001",
        "responseId": "r-1",
    }


def test_a_signature_closes_its_part() -> None:
    stream = chunk({"text": "So "}) + chunk(SIGNED) + chunk({"text": "And "}) + chunk({"text": "more."}, finish="STOP")
    assert GENERATE.to_document(stream)["candidates"][0]["content"]["parts"] == [
        {**SIGNED, "text": "So " + SIGNED["text"]},
        {"text": "And more."},
    ]


def test_a_stream_cut_anywhere_is_not_whole() -> None:
    stream = b"".join(REAL).rstrip()
    for cut in range(len(stream)):
        recorder = GENERATE.recorder(ask(STREAM))
        recorder.feed(stream[:cut])
        assert not recorder.finish(), cut
        assert not recorder.complete
        assert not recorder.closed
        assert not recorder.error, "a cut is not an error event: the client must see a broken connection"
        with pytest.raises(ValueError, match=r".+"):
            GENERATE.to_document(stream[:cut])


def test_a_reason_in_every_event_says_nothing_before_the_end() -> None:
    stream = chunk({"text": "Hello, "}, finish="STOP") + chunk({"text": "you."}, finish="STOP", usageMetadata=USAGE)
    assert recorded(stream).admissible
    assert GENERATE.to_document(stream)["candidates"][0]["content"]["parts"] == [{"text": "Hello, you."}]


@pytest.mark.parametrize("reason", ["MAX_TOKENS", "SAFETY", "RECITATION"])
def test_a_whole_answer_with_a_bad_ending_is_converted_but_not_stored(reason: str) -> None:
    stream = chunk(TEXT) + chunk({"text": ""}, finish=reason)
    recorder = recorded(stream)
    assert recorder.complete
    assert not recorder.admissible
    assert GENERATE.to_document(stream)["candidates"][0]["finishReason"] == reason


def test_a_blocked_prompt_is_whole_and_not_stored() -> None:
    stream = event({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": PARTIAL})
    recorder = recorded(stream)
    assert recorder.complete
    assert not recorder.admissible
    assert GENERATE.to_document(stream) == {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": PARTIAL}


def test_each_candidate_that_was_asked_for_must_end() -> None:
    asked = ask(STREAM, generation_config={"candidate_count": 2})
    first = event({"candidates": [candidate(index=0)]})
    second = event({"candidates": [candidate(index=1, finishReason=None)]})
    last = event({"candidates": [candidate({"text": " More."}, index=1)]})
    assert recorded(first + second + last, asked=asked).admissible
    assert not recorded(first + second, asked=asked).closed
    fewer = recorded(first, asked=asked)
    assert fewer.closed, "an upstream may give fewer than were asked for: odd, but its end"
    assert not fewer.complete


@pytest.mark.parametrize(
    "broken",
    [
        (*REAL[:2], event({"error": {"code": 503, "message": "x", "status": "UNAVAILABLE"}}), *REAL[2:]),
        (*REAL[:2], event([{"error": {"code": 503}}]), *REAL[2:]),
        (*REAL[:2], b"data: {nonsense\r\n\r\n", *REAL[2:]),
        (*REAL[:2], event("x"), *REAL[2:]),
        (*REAL, event({"error": {"code": 500}})),
        (*REAL, event({"error": {"code": 500}}).rstrip()),
    ],
)
def test_an_error_inside_the_stream_is_never_stored(broken: tuple[bytes, ...]) -> None:
    recorder = recorded(b"".join(broken))
    assert not recorder.admissible
    # the upstream's own error is a failure; what cannot be read is its own affair, as long as it ends what it began
    told = b'"error"' in b"".join(broken)
    assert (bool(recorder.error), recorder.complete, recorder.closed) == (told, not told, not told)
    with pytest.raises(ValueError, match=r".+"):
        GENERATE.to_document(b"".join(broken))


def test_a_stream_that_was_cut_reports_what_went_by() -> None:
    reported = recorded(b"".join(REAL[:4])).reported()
    assert (reported.known, reported.input_tokens, reported.output_tokens) == (True, 30, 4)
    assert not recorded(b"").reported().known


@pytest.mark.parametrize(
    "stream",
    [
        chunk({"functionCall": {"name": "f", "partialArgs": []}}) + chunk(finish="STOP"),
        chunk(IMAGE | {"inlineData": {"mimeType": "audio/pcm", "data": "aa"}}) * 2 + chunk(finish="STOP"),
        chunk(TEXT, unheardOf=1) + chunk(TEXT, finish="STOP", unheardOf=2),
        event({"candidates": [candidate(avgLogprobs=-1.0)]}) + event({"candidates": [candidate(avgLogprobs=-2.0)]}),
        event({"candidates": ["x"]}) + chunk(TEXT, finish="STOP"),
        event({"candidates": [candidate(content="x")]}),
    ],
)
def test_what_we_do_not_know_is_relayed_but_not_converted(stream: bytes) -> None:
    recorder = recorded(stream)
    assert recorder.closed
    assert recorder.error == ""
    with pytest.raises(ValueError, match=r".+"):
        GENERATE.to_document(stream)


@settings(max_examples=200)
@given(
    chunks=st.lists(
        st.dictionaries(st.sampled_from(["candidates", "usageMetadata", "promptFeedback", "error"]), ODD, max_size=3)
        | st.fixed_dictionaries(
            {"candidates": st.lists(st.dictionaries(st.sampled_from(["content", "index", "finishReason"]), ODD))}
        ),
        max_size=4,
    )
)
def test_no_event_makes_a_recorder_raise(chunks: list[Any]) -> None:
    stream = b"".join(map(event, chunks))
    recorder = recorded(stream)
    recorder.reported()
    assert not (recorder.error and recorder.complete)
    with contextlib.suppress(ValueError):
        GENERATE.to_document(stream)


# one answer, two forms

PARTS = st.one_of(
    st.builds(lambda text: {"text": text}, st.text()),
    st.builds(lambda text: {"text": text, "thought": True}, st.text()),
    st.builds(lambda text: {"text": text, "thoughtSignature": "c2ln"}, st.text()),
    st.sampled_from(
        [TEXT, THOUGHT, SIGNED, CALL, SIGNED_CALL, IMAGE, {"text": "x y z " * 9, "partMetadata": {"a": 1}}]
    ),
)


@settings(max_examples=300)
@given(
    answers=st.lists(st.lists(PARTS, max_size=5), min_size=1, max_size=3),
    more=st.sampled_from(
        [
            {},
            {"safetyRatings": [{"category": "x", "probability": "LOW"}], "tokenCount": 7, "avgLogprobs": -0.5},
            {"citationMetadata": {"citationSources": []}, "logprobsResult": {"chosenCandidates": [{"token": "x"}]}},
        ]
    ),
    top=st.sampled_from([{}, {"promptFeedback": {"safetyRatings": []}}, {"createTime": "t", "unheardOf": [1]}]),
)
def test_an_answer_survives_the_way_through_a_stream(answers: Any, more: Any, top: Any) -> None:
    candidates = [
        {"content": {"parts": parts, "role": "model"}, "finishReason": "STOP", "index": at, **more}
        for at, parts in enumerate(answers)
    ]
    document = answer(candidates=candidates, **top)
    stream = GENERATE.to_stream(document, include_usage=True)
    assert GENERATE.to_document(stream) == document
    recorder = recorded(stream, step=64, asked=ask(STREAM, generationConfig={"candidateCount": len(answers)}))
    assert recorder.complete
    assert (recorder.admissible, recorder.error) == (GENERATE.admissible(document) == "", "")
    assert recorder.reported() == GENERATE.reported(document)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        answer(candidates=[]),
        answer(candidates=["x"]),
        answer(candidates=[candidate(), candidate()]),
        answer(candidates=[candidate(content={"parts": ["x"]})]),
    ],
)
def test_what_no_stream_can_carry_is_not_made_into_one(bad: Any) -> None:
    with pytest.raises(ValueError, match=r".+"):
        GENERATE.to_stream(bad, include_usage=True)


def test_the_events_are_those_of_the_dialect() -> None:
    stream = GENERATE.to_stream(answer(THOUGHT, SIGNED, SIGNED_CALL), include_usage=True)
    assert stream.endswith(b"}\r\n\r\n")
    assert stream.count(b"data: ") == stream.count(b"\r\n\r\n") == stream.count(b"\n") // 2
    chunks = [json.loads(line[6:]) for line in stream.decode().split("\r\n\r\n") if line]
    assert len(chunks) > 3
    assert all((item["modelVersion"], item["responseId"]) == ("gemini-x-001", "r-1") for item in chunks)
    assert [("usageMetadata" in item, "finishReason" in item["candidates"][0]) for item in chunks] == [
        *[(False, False)] * (len(chunks) - 1),
        (True, True),
    ]
    parts = [part for item in chunks for part in item["candidates"][0]["content"]["parts"]]
    assert parts[-1] == SIGNED_CALL
    signed = [part for part in parts if "thoughtSignature" in part]
    assert len(signed) == 2
    assert SIGNED["text"].endswith(signed[0]["text"])
    assert signed[0]["text"] != ""


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    "text", ["hello", "[[reason=5]]", "[[tool]]", "[[tools=3 reason=2]]", "[[length]]", "[[refusal]]", "[[cached=2]]"]
)
async def test_a_scripted_upstreams_two_forms_are_one_answer(text: str, count: int) -> None:
    fields = {"contents": [turn(text)], "generationConfig": {"candidateCount": count}}
    async with ScriptedUpstream() as upstream, aiohttp.ClientSession(headers={"x-goog-api-key": "k"}) as session:
        base = upstream.base_url.removesuffix("/v1")
        async with session.post(base + WHOLE, json=fields) as reply:
            whole = await reply.json()
        async with session.post(base + STREAM, json=fields) as reply:
            assert reply.status == 200
            stream = await reply.read()
    assert GENERATE.to_document(stream) == {**whole, "responseId": "resp-2"}
    assert GENERATE.to_document(GENERATE.to_stream(whole, include_usage=True)) == whole
    recorder = recorded(stream, step=64, asked=ask(STREAM, **fields))
    assert recorder.complete
    assert recorder.admissible == (GENERATE.admissible(whole) == "") == (text not in ("[[length]]", "[[refusal]]"))
    assert recorder.reported() == GENERATE.reported(whole)


# the official client

# Google's SDK subclasses aiohttp's session, which aiohttp discourages.
SDK = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")


@contextlib.asynccontextmanager
async def served(document: Any) -> AsyncIterator[Any]:
    table = load_surfaces()
    found: list[Any] = []

    async def handle(request: web.Request) -> web.Response:
        surface = table.find(request.raw_path)
        found.append(surface)
        if surface is None:
            return web.json_response({"error": {"code": 404, "message": request.raw_path}}, status=404)
        asked = surface.read(await request.read(), request.raw_path)
        if not asked.stream:
            return web.json_response(document)
        return web.Response(body=surface.to_stream(document, include_usage=True), content_type="text/event-stream")

    app = web.Application()
    app.router.add_route("POST", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    client = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=f"http://{host}:{port}"))
    try:
        async with client.aio as connected:
            yield connected
    finally:
        client.close()
        await runner.cleanup()
    assert None not in found


@SDK
@pytest.mark.parametrize(
    "document",
    [
        answer(),
        answer(THOUGHT, SIGNED),
        answer(TEXT, SIGNED_CALL, CALL),
        answer({"text": "blue  é\u2028 \n\n data: {} " + "x" * 3000}),
    ],
)
async def test_the_official_client_reads_our_events_as_the_answer(document: dict[str, Any]) -> None:
    async with served(document) as client:
        whole = await client.models.generate_content(model="gemini-x", contents="x")
        chunks = [item async for item in await client.models.generate_content_stream(model="gemini-x", contents="x")]
    assert whole.candidates is not None
    expected = whole.candidates[0].content.parts
    got = [part for item in chunks for part in item.candidates[0].content.parts]
    for thought in (True, None):
        texts = ["".join(part.text or "" for part in parts if part.thought is thought) for parts in (expected, got)]
        assert texts[0] == texts[1]
    for parts in (expected, got):
        assert [part.function_call for part in parts if part.function_call] == [
            types.FunctionCall.model_validate(part["functionCall"])
            for part in document["candidates"][0]["content"]["parts"]
            if "functionCall" in part
        ]
    signatures = [[part.thought_signature for part in parts if part.thought_signature] for parts in (expected, got)]
    assert signatures[0] == signatures[1]
    assert chunks[-1].usage_metadata == whole.usage_metadata
    assert chunks[-1].candidates[0].finish_reason == whole.candidates[0].finish_reason
    assert {item.response_id for item in chunks} == {"r-1"}


@SDK
async def test_the_official_clients_other_calls_find_their_surface() -> None:
    async with served({"embeddings": [{"values": [0.5, 0.25]}]}) as client:
        embedded = await client.models.embed_content(model="gemini-e", contents=["a", "b"])
        assert embedded.embeddings[0].values == [0.5, 0.25]
    async with served({"totalTokens": 14}) as client:
        assert (await client.models.count_tokens(model="gemini-x", contents="x")).total_tokens == 14
