"""Every field of OpenAI's requests, walked from the official SDK's types: is it in the cache key?

The tables below are reviewed by hand; `key_walk` says what the words in them mean.
"""

import dataclasses
from typing import Any, get_type_hints

import pytest
from openai.types import completion_create_params, embedding_create_params, moderation_create_params
from openai.types.chat import completion_create_params as chat_params
from openai.types.responses import response_create_params

from tests.unit.proxy import key_walk
from tests.unit.proxy.key_walk import Walk, key, noise, representation, stateful

TOOL = {"type": "function", "function": {"name": "f"}}
VLLM = ("request_id", "priority", "session_id", "stream_interval")
ACCOUNTING = {
    "stream": noise(True, False),
    "stream_options": noise({"include_usage": True}, {"include_obfuscation": False}),
    "user": noise("ann", "bob"),
}
OF_THE_ACCOUNT = {
    **ACCOUNTING,
    "metadata": noise({"a": "b"}, {"a": "c"}),
    "safety_identifier": noise("ann", "bob"),
    "prompt_cache_key": noise("a", "b"),
    "prompt_cache_options": noise({"mode": "implicit"}, {"mode": "explicit"}),
    "prompt_cache_retention": noise("in_memory", "24h"),
    "service_tier": noise("auto", "flex"),
}
WALKS = {
    "chat": Walk(
        path="/v1/chat/completions",
        module="openai_chat",
        params=(chat_params.CompletionCreateParamsNonStreaming, chat_params.CompletionCreateParamsStreaming),
        body={"model": "m", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Hello"}]},
        text="messages",
        others=VLLM,
        fields={
            **OF_THE_ACCOUNT,
            "model": key("other"),
            "messages": key(
                [{"role": "user", "content": "Hello"}],
                [{"role": "system", "content": "s"}, {"role": "user", "content": "Hello?"}],
                [{"role": "system", "content": "s"}, {"role": "user", "name": "x", "content": "Hello"}],
                [{"role": "system", "content": "s"}, {"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
            ),
            "audio": key({"voice": "a", "format": "wav"}, {"voice": "b", "format": "wav"}),
            "frequency_penalty": key(0.5, 1.5),
            "function_call": key("auto", "none"),
            "functions": key([{"name": "f"}], [{"name": "g"}]),
            "logit_bias": key({"5": 1}, {"5": 2}),
            "logprobs": key(True, False),
            "max_completion_tokens": key(1, 2),
            "max_tokens": key(1, 2),
            "modalities": key(["text"], ["text", "audio"]),
            "moderation": key({"model": "a"}, {"model": "b"}),
            "n": key(1, 2),
            "parallel_tool_calls": key(True, False),
            "prediction": key({"type": "content", "content": "a"}, {"type": "content", "content": "b"}),
            "presence_penalty": key(0.5, 1.5),
            "reasoning_effort": key("low", "high"),
            "response_format": key({"type": "text"}, {"type": "json_object"}),
            "seed": key(1, 2),
            "stop": key("a", ["a"]),
            "store": stateful(True),
            "temperature": key(0, 1),
            "tool_choice": key("auto", "required"),
            "tools": key([TOOL], [TOOL, TOOL]),
            "top_logprobs": key(1, 2),
            "top_p": key(0.1, 0.9),
            "verbosity": key("low", "high"),
            "web_search_options": stateful({}, {"search_context_size": "low"}),
        },
    ),
    "completions": Walk(
        path="/v1/completions",
        module="openai_completions",
        params=(
            completion_create_params.CompletionCreateParamsNonStreaming,
            completion_create_params.CompletionCreateParamsStreaming,
        ),
        body={"model": "m", "prompt": "Hello"},
        others=VLLM,
        fields={
            **ACCOUNTING,
            "model": key("other"),
            "prompt": key("Hello?", ["Hello"], [1, 2], [[1, 2]]),
            "best_of": key(1, 2),
            "echo": key(True, False),
            "frequency_penalty": key(0.5, 1.5),
            "logit_bias": key({"5": 1}, {"5": 2}),
            "logprobs": key(1, 2),
            "max_tokens": key(1, 2),
            "n": key(1, 2),
            "presence_penalty": key(0.5, 1.5),
            "seed": key(1, 2),
            "stop": key("a", ["a"]),
            "suffix": key("a", "b"),
            "temperature": key(0, 1),
            "top_p": key(0.1, 0.9),
        },
    ),
    "embeddings": Walk(
        path="/v1/embeddings",
        module="openai_embeddings",
        params=(embedding_create_params.EmbeddingCreateParams,),
        body={"model": "m", "input": "Hello"},
        others=("request_id", "priority"),
        fields={
            "model": key("other"),
            "input": key("Hello?", ["Hello", "Hello?"], [1, 2], [[3, 4]]),
            "dimensions": key(1, 2),
            "encoding_format": representation("base64"),
            "user": noise("ann", "bob"),
        },
    ),
    "moderations": Walk(
        path="/v1/moderations",
        module="openai_moderations",
        params=(moderation_create_params.ModerationCreateParams,),
        body={"model": "m", "input": "Hello"},
        fields={
            "model": key("other"),
            "input": key("Hello?", ["Hello"], [{"type": "text", "text": "Hello"}]),
        },
    ),
    "responses": Walk(
        path="/v1/responses",
        module="openai_responses",
        params=(
            response_create_params.ResponseCreateParamsNonStreaming,
            response_create_params.ResponseCreateParamsStreaming,
        ),
        body={"model": "m", "input": "Hello", "instructions": "s", "store": False},
        text="input",
        others=VLLM,
        fields={
            **OF_THE_ACCOUNT,
            # the answer repeats it
            "metadata": key({"a": "b"}, {"a": "c"}),
            "model": key("other"),
            "input": key("Hello?", [{"role": "user", "content": "Hello"}], [{"role": "system", "content": "Hello"}]),
            "instructions": key("t"),
            "access_programs": key({"cyber": "standard"}, {"cyber": "daybreak_blue"}),
            "background": stateful(True),
            "background_options": stateful({"a": 1}, {"a": 2}),
            "context_management": key([{"type": "compaction"}], [{"type": "compaction", "compact_threshold": 5}]),
            "conversation": stateful("conv_1", {"id": "conv_1"}),
            "image": key({"context_compression": "enabled"}, {"context_compression": "disabled"}),
            "include": key(["reasoning.encrypted_content"], ["message.output_text.logprobs"]),
            "max_output_tokens": key(1, 2),
            "max_tool_calls": key(1, 2),
            "moderation": key({"model": "a"}, {"model": "b"}),
            "parallel_tool_calls": key(True, False),
            "previous_response_id": stateful("resp_1", "resp_2"),
            "prompt": key({"id": "p", "version": "1"}, {"id": "p", "version": "2"}),
            "reasoning": key({"effort": "low"}, {"effort": "high"}),
            "store": stateful(True, None),
            "temperature": key(0, 1),
            "text": key({"verbosity": "low"}, {"format": {"type": "json_object"}}),
            "tool_choice": key("auto", "required"),
            "tools": key([{"type": "function", "name": "f"}], [{"type": "custom", "name": "f"}]),
            "top_logprobs": key(1, 2),
            "top_p": key(0.1, 0.9),
            "truncation": key("auto", "disabled"),
        },
    ),
}
NAMES = sorted(WALKS)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_the_sdk_is_in_the_table(name: str) -> None:
    walk = WALKS[name]
    key_walk.check_reviewed(name, walk.fields, {field for params in walk.params for field in get_type_hints(params)})


def test_a_field_that_the_table_does_not_know_fails_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {field: entry for field, entry in WALKS["chat"].fields.items() if field not in ("seed", "store")}
    monkeypatch.setitem(WALKS, "chat", dataclasses.replace(WALKS["chat"], fields=fields))
    with pytest.raises(AssertionError, match="chat: nobody has reviewed seed, store"):
        test_every_field_of_the_sdk_is_in_the_table("chat")


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_what_the_table_says(name: str) -> None:
    key_walk.check_walk(WALKS[name])


@pytest.mark.parametrize("name", NAMES)
def test_the_noise_is_that_of_the_table_and_no_more(name: str) -> None:
    key_walk.check_noise(WALKS[name])


@pytest.mark.parametrize(("name", "field"), key_walk.losses(WALKS))
def test_the_walk_notices_a_field_that_is_gone_from_the_key(
    name: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_walk.check_a_loss(WALKS[name], field, monkeypatch)


@pytest.mark.parametrize(("name", "field"), key_walk.gains(WALKS))
def test_the_walk_notices_noise_that_got_into_the_key(name: str, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key_walk.check_a_gain(WALKS[name], field, monkeypatch)


@pytest.mark.parametrize("name", [name for name in NAMES if WALKS[name].text])
def test_what_is_in_the_key_parts_the_neighbours_too(name: str) -> None:
    key_walk.check_partition(WALKS[name])


@pytest.mark.parametrize(("one", "other"), [("Hello", ["Hello"]), ([1, 2], [[1, 2]])])
def test_one_input_alone_and_a_list_of_it_are_the_same(one: Any, other: Any) -> None:
    walk = WALKS["embeddings"]
    keys = [key_walk.key_of(walk, key_walk.asked(walk, {**walk.body, "input": given})) for given in (one, other)]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("field", [{"output_dtype": "int8"}, {"embed_dtype": "float16"}, {"never_heard_of": 1}])
def test_beside_an_unknown_field_the_form_of_vectors_is_in_the_key(field: dict[str, Any]) -> None:
    walk = WALKS["embeddings"]
    asks = [
        key_walk.asked(walk, {**walk.body, **field, **form})
        for form in ({}, {"encoding_format": "float"}, {"encoding_format": "base64"})
    ]
    assert len({key_walk.key_of(walk, ask) for ask in asks}) == 3
    assert {ask.form for ask in asks} == {""}
    assert {ask.stateful for ask in asks} == {""}


@pytest.mark.parametrize("form", ["ubinary", None, ["float"], {}])
def test_a_form_of_vectors_that_is_not_known_is_not_stored(form: Any) -> None:
    walk = WALKS["embeddings"]
    assert key_walk.asked(walk, {**walk.body, "encoding_format": form}).stateful
