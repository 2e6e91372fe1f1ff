import gzip
import json
import zlib

from halfpenny.proxy.bodies import alter_body, decoded


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
