"""semantic_cache/key.py: canonical form and digests. Which fields are in a key: tests/unit/proxy/test_key_fields_*.py."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from halfpenny.proxy.surfaces.openai_chat import NOISE as CHAT_NOISE
from halfpenny.semantic_cache.key import canonical, digest, exact_key, partition_key

BASE = (b"tenant", b"POST", b"/v1/x")


def key(document: dict[str, Any]) -> str:
    return exact_key(BASE, document, CHAT_NOISE)


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
