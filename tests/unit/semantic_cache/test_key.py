"""semantic_cache/key.py: every field that affects the answer is in the key; walked over the current OpenAI types."""

import json
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import completion_create_params, embedding_create_params
from openai.types.chat import completion_create_params as chat_params

from halfpenny.proxy.surfaces.openai_chat import NOISE as CHAT_NOISE
from halfpenny.proxy.surfaces.openai_completions import NOISE as COMPLETIONS_NOISE
from halfpenny.proxy.surfaces.openai_embeddings import NOISE as EMBEDDINGS_NOISE
from halfpenny.semantic_cache.key import canonical, digest, exact_key, partition_key

# Reviewed by hand: what each of these changes is delivery, accounting or the provider's own prompt cache, not the answer.
REVIEWED_NOISE = {
    "chat": {
        "stream",
        "stream_options",
        "metadata",
        "user",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "service_tier",
    },
    "completions": {"stream", "stream_options", "user"},
    "embeddings": {"user"},
}
SERVERS_OWN_NOISE = {"request_id", "priority", "session_id", "stream_interval"}
TYPES = {
    "chat": (chat_params.CompletionCreateParamsNonStreaming, chat_params.CompletionCreateParamsStreaming),
    "completions": (
        completion_create_params.CompletionCreateParamsNonStreaming,
        completion_create_params.CompletionCreateParamsStreaming,
    ),
    "embeddings": (embedding_create_params.EmbeddingCreateParams,),
}
NOISE = {"chat": CHAT_NOISE, "completions": COMPLETIONS_NOISE, "embeddings": EMBEDDINGS_NOISE}
FIELDS = [
    (surface, field)
    for surface, types in TYPES.items()
    for field in sorted({name for wanted in types for name in get_type_hints(wanted)})
]
BASE = (b"tenant", b"POST", b"/v1/x")


def key(document: dict[str, Any], surface: str = "chat") -> str:
    return exact_key(BASE, document, NOISE[surface])


def test_the_walk_sees_the_real_types() -> None:
    assert {"messages", "temperature", "reasoning_effort"} <= {f for s, f in FIELDS if s == "chat"}
    assert len(FIELDS) > 50


@pytest.mark.parametrize(("surface", "field"), FIELDS)
def test_each_field_of_the_sdk_is_in_the_key_or_reviewed_noise(surface: str, field: str) -> None:
    plain = {"model": "m"}
    varied = {key({**plain, field: value}, surface) for value in ("one", "two", ["one"], {"one": 1})}
    if field in REVIEWED_NOISE[surface]:
        assert varied == {key(plain, surface)}
    else:
        assert len(varied) == 4


@pytest.mark.parametrize("surface", sorted(TYPES))
def test_nothing_is_noise_that_was_not_reviewed(surface: str) -> None:
    assert NOISE[surface] <= REVIEWED_NOISE[surface] | SERVERS_OWN_NOISE


def test_a_field_we_never_heard_of_is_in_the_key() -> None:
    assert key({"model": "m", "chat_template_kwargs": {"x": 1}}) != key({"model": "m"})


def test_the_order_of_keys_does_not_matter_and_that_of_arrays_does() -> None:
    assert key({"a": 1, "b": {"c": 2, "d": 3}}) == key({"b": {"d": 3, "c": 2}, "a": 1})
    assert key({"a": [1, 2]}) != key({"a": [2, 1]})
    assert key({"a": "1"}) != key({"a": 1})
    assert key({"a": None}) != key({})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(st.text(max_size=4), json_values, max_size=4)


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@given(documents, documents)
def test_two_documents_share_a_key_only_if_they_are_equal(one: dict[str, Any], other: dict[str, Any]) -> None:
    none: frozenset[str] = frozenset()
    assert (exact_key(BASE, one, none) == exact_key(BASE, other, none)) == _same(one, other)
    assert json.loads(canonical(one, none)) == one


@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_parts_never_run_into_each_other(one: list[bytes], other: list[bytes]) -> None:
    assert (digest(one) == digest(other)) == (one == other)


def test_tenants_never_share_and_neither_do_end_users_in_a_partition() -> None:
    document = {"model": "m"}
    assert exact_key((b"a",), document, CHAT_NOISE) != exact_key((b"b",), document, CHAT_NOISE)
    assert partition_key((b"a",), document, CHAT_NOISE, "") != partition_key((b"b",), document, CHAT_NOISE, "")
    assert partition_key((b"a",), document, CHAT_NOISE, "ann") != partition_key((b"a",), document, CHAT_NOISE, "bob")
    assert partition_key((b"a",), document, CHAT_NOISE, "") != exact_key((b"a",), document, CHAT_NOISE)
