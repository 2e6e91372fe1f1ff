import gzip
import json
import zlib

import pytest

from halfpenny.proxy.bodies import alter_body, decoded, has_duplicate_keys, too_heavy


def test_without_a_change_it_is_the_same_object() -> None:
    body = b'{ "model":"m" }'
    assert alter_body(body, {"model": "m"}, model=None, ask_usage=False) is body


def test_usage_is_asked_for_behind_everything_else() -> None:
    body = b'{"model": "m",  "messages": [ ] }\n'
    altered = alter_body(body, json.loads(body), model=None, ask_usage=True)
    assert altered.startswith(b'{"model": "m",  "messages": [ ]')
    assert json.loads(altered) == {"model": "m", "messages": [], "stream_options": {"include_usage": True}}


def test_given_stream_options_are_kept() -> None:
    body = b'{"model":"m","stream_options":{"include_obfuscation":false}}'
    altered = alter_body(body, json.loads(body), model="n", ask_usage=True)
    assert json.loads(altered) == {
        "model": "n",
        "stream_options": {"include_obfuscation": False, "include_usage": True},
    }


def test_encodings_are_undone_within_the_limit() -> None:
    plain = b"x" * 1000
    assert decoded(plain, (), 10) == plain
    assert decoded(gzip.compress(plain), (("Content-Encoding", "gzip"),), 2000) == plain
    assert decoded(zlib.compress(plain), (("content-encoding", "deflate"),), 2000) == plain
    assert decoded(gzip.compress(b"0" * 10_000_000), (("Content-Encoding", "gzip"),), 1000) is None
    assert decoded(b"\x1b\x00", (("Content-Encoding", "br"),), 1000) is None
    assert decoded(b"no gzip", (("Content-Encoding", "gzip"),), 1000) is None


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        (b'{ "model" : "m" , "x":1.0 }', b'{ "model" : "n" , "x":1.0 }'),
        (b'{"x":1,"x":2,"model":"m"}', b'{"x":1,"x":2,"model":"n"}'),
        (b'{"model":"a","model":"m"}', b'{"model":"n","model":"n"}'),
        (b'{"x":{"model":"m"}}', b'{"x":{"model":"m"},"model":"n"}'),
        (b"{}", b'{"model":"n"}'),
    ],
)
def test_only_the_name_of_the_model_changes(body: bytes, changed: bytes) -> None:
    assert alter_body(body, json.loads(body), model="n", ask_usage=False) == changed


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"\\u0061":2}',
        b'{"x":[{"a":{"b":1,"b":2}}]}',
        b'{"a":{"c":":"},"a":1}',
        b'{"":1,"":2}',
        b'{"a":1',
        b'{"a":"\\u003a"}',
    ],
)
def test_a_key_twice_is_seen_or_assumed(body: bytes) -> None:
    assert has_duplicate_keys(body)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"a":1,"b":{"a":1}}',
        b'{"a":":::","b":["x:y",{"c:d":1.50}]}',
        b'{"a":"\\u003c\\u003e :"}',
        b'{"a:":1,"a":2}',
        b'{"x":[{"a":1},{"a":1}]}',
    ],
)
def test_different_keys_are_no_duplicates(body: bytes) -> None:
    assert not has_duplicate_keys(body)
    assert not has_duplicate_keys(body, json.loads(body))


def test_what_takes_too_long_to_decode_is_known_before() -> None:
    for good in (
        b'{"x":"' + b"A" * (7 << 20) + b'"}',
        b'{"x":[' + b",".join([b"12345"] * 1_000_000) + b"]}",
        b'{"messages":[' + b",".join([b'{"role":"user","content":"so, then: what?"}'] * 50_000) + b"]}",
    ):
        assert too_heavy(good) == ""
    for bad in (
        b"[" + b",".join([b"{}"] * 1_000_000) + b"]",
        b"A" * (9 << 20),
        b'{"x":[' + b",".join([b"7" * 4000] * 10) + b"]}",
    ):
        assert too_heavy(bad)
