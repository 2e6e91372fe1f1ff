"""Every field of OpenAI's requests, walked from the official SDK's types: is it in the cache key?

The tables below are reviewed by hand. A field that a new SDK brings fails the walk until somebody has decided what it
is:

- key: it can change the answer. Any change of its value must change the key.
- stateful: the answer may not be stored at all when it says so (and it is in the key as well).
- noise: delivery, accounting, or the provider's own prompt cache. No value of it may change the key.
- representation: the same answer in another form. Not in the key; `Ask.form` has it.
"""

import dataclasses
import importlib
import json
from typing import Any, Literal, get_type_hints

import pytest
from openai.types import completion_create_params, embedding_create_params, moderation_create_params
from openai.types.chat import completion_create_params as chat_params
from openai.types.responses import response_create_params

from halfpenny.proxy.surfaces import load_surfaces
from halfpenny.proxy.surfaces.base import Ask
from halfpenny.semantic_cache.key import exact_key, partition_key

Kind = Literal["key", "stateful", "noise", "representation"]
BASE = (b"tenant", b"POST", b"target")
SURFACES = load_surfaces()


@dataclasses.dataclass(frozen=True)
class Field:
    """`values` are other values than that of the body walked (most fields are absent from it)."""

    kind: Kind
    values: tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class Walk:
    path: str
    module: str
    params: tuple[Any, ...]
    body: dict[str, Any]
    fields: dict[str, Field]
    servers_own: tuple[str, ...] = ()
    """Noise of compatible servers (vLLM), unknown to the SDK."""
    text: str = ""
    """The field that similarity is judged on: a change of it keeps the partition."""


def key(*values: Any) -> Field:
    return Field("key", values)


def noise(*values: Any) -> Field:
    return Field("noise", values)


def stateful(*values: Any) -> Field:
    return Field("stateful", values)


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
        servers_own=VLLM,
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
        servers_own=VLLM,
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
        servers_own=("request_id", "priority"),
        fields={
            "model": key("other"),
            "input": key("Hello?", ["Hello"], [1, 2], [[1, 2]]),
            "dimensions": key(1, 2),
            "encoding_format": Field("representation", ("base64",)),
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
        servers_own=VLLM,
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
MUTATIONS = [
    (name, field) for name in NAMES for field, entry in WALKS[name].fields.items() if entry.kind in ("key", "stateful")
]
NOISES = [(name, field) for name in NAMES for field, entry in WALKS[name].fields.items() if entry.kind == "noise"]


def asked(walk: Walk, body: dict[str, Any]) -> Ask:
    return SURFACES[walk.path].read(json.dumps(body).encode(), walk.path)


def key_of(ask: Ask) -> str:
    """As the pipeline computes it."""
    return exact_key(BASE, ask.keyed or ask.document, ask.noise)


def problems(walk: Walk) -> list[tuple[str, str]]:
    """(field, what is wrong with it) for every field that is not what the table says."""
    plain = asked(walk, walk.body)
    found = []
    for name, entry in walk.fields.items():
        asks = [asked(walk, {**walk.body, name: value}) for value in entry.values]
        keys = [key_of(plain), *map(key_of, asks)]
        in_key = entry.kind in ("key", "stateful")
        if len(set(keys)) != (len(keys) if in_key else 1):
            found.append((name, "not in the key" if in_key else "in the key"))
        if entry.kind == "stateful" and not all(ask.stateful for ask in asks):
            found.append((name, "may be stored"))
        if entry.kind == "representation" and len({plain.form, *(ask.form for ask in asks)}) != len(keys):
            found.append((name, "not in the form"))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_the_sdk_is_in_the_table(name: str) -> None:
    walk = WALKS[name]
    known = {field for params in walk.params for field in get_type_hints(params)}
    unknown = sorted(known - set(walk.fields))
    assert not unknown, f"{name}: nobody has reviewed {', '.join(unknown)}: is each a part of the cache key?"
    gone = sorted(set(walk.fields) - known)
    assert not gone, f"{name}: the SDK no longer has {', '.join(gone)}"


def test_a_field_that_the_table_does_not_know_fails_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {field: entry for field, entry in WALKS["chat"].fields.items() if field not in ("seed", "store")}
    monkeypatch.setitem(WALKS, "chat", dataclasses.replace(WALKS["chat"], fields=fields))
    with pytest.raises(AssertionError, match="chat: nobody has reviewed seed, store"):
        test_every_field_of_the_sdk_is_in_the_table("chat")


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_what_the_table_says(name: str) -> None:
    assert problems(WALKS[name]) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_noise_is_that_of_the_table_and_no_more(name: str) -> None:
    walk = WALKS[name]
    reviewed = {field for field, entry in walk.fields.items() if entry.kind in ("noise", "representation")}
    assert asked(walk, walk.body).noise == reviewed | set(walk.servers_own)


@pytest.mark.parametrize("name", NAMES)
def test_the_body_walked_may_be_stored(name: str) -> None:
    """Else the walk would walk what is never looked up."""
    assert asked(WALKS[name], WALKS[name].body).stateful == ""


@pytest.mark.parametrize(("name", "field"), MUTATIONS)
def test_the_walk_notices_a_field_that_is_gone_from_the_key(
    name: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(f"halfpenny.proxy.surfaces.{WALKS[name].module}")
    monkeypatch.setattr(module, "NOISE", module.NOISE | {field})
    assert problems(WALKS[name]) == [(field, "not in the key")]


@pytest.mark.parametrize(("name", "field"), NOISES)
def test_the_walk_notices_noise_that_got_into_the_key(name: str, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(f"halfpenny.proxy.surfaces.{WALKS[name].module}")
    monkeypatch.setattr(module, "NOISE", module.NOISE - {field})
    assert problems(WALKS[name]) == [(field, "in the key")]


@pytest.mark.parametrize("name", [name for name in NAMES if WALKS[name].text])
def test_what_is_in_the_key_parts_the_neighbours_too(name: str) -> None:
    """A semantic hit is possible only where every key field but the text is equal."""
    walk = WALKS[name]
    plain = asked(walk, walk.body)
    assert plain.frame is not None
    home = partition_key(BASE, plain.frame, plain.noise, "")
    for field, entry in walk.fields.items():
        if field == walk.text:
            continue
        for value in entry.values:
            ask = asked(walk, {**walk.body, field: value})
            if ask.exact_only or ask.stateful:
                continue
            assert ask.frame is not None
            same = partition_key(BASE, ask.frame, ask.noise, "") == home
            assert same == (entry.kind == "noise"), (field, value)
