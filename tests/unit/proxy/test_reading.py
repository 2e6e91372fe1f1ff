import json
from typing import Any

import pytest

from halfpenny.proxy.bodies import WHOLE_BYTES, alter_body
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.surfaces.azure import AzureChat
from halfpenny.proxy.surfaces.openai_chat import OpenAIChat
from halfpenny.proxy.surfaces.reading import is_partial, read_ask, read_object

TARGET = "/v1/chat/completions"
AZURE = "/openai/deployments/d-1/chat/completions?api-version=1"
MESSAGES = b'"messages":[{"role":"user","content":"hi"}]'


def ask(body: bytes) -> Any:
    return read_ask(OpenAIChat(), body, TARGET)


def refusal(body: bytes) -> str:
    with pytest.raises(ProxyError) as refused:
        ask(body)
    assert refused.value.status == 400
    return refused.value.code


def test_a_good_body_is_read_as_the_surface_reads_it() -> None:
    body = b'{"model":"m",' + MESSAGES + b"}"
    assert ask(body) == OpenAIChat().read(body, TARGET)
    assert not is_partial(ask(body))


@pytest.mark.parametrize(
    "more",
    [b'"temperature":NaN', b'"user":"\\ud800"', b'"user":"\xff"', b'"seed":1e999', b'"messages":{}'],
)
def test_what_cannot_be_read_is_routed_and_not_cached(more: bytes) -> None:
    body = b'{"model":"m","stream":true,"max_tokens":7,' + MESSAGES + b"," + more + b"}"
    found = ask(body)
    assert is_partial(found)
    assert (found.model, found.stream, found.max_output_tokens) == ("m", True, 7)
    assert found.stateful.startswith("not read")
    assert found.exact_only
    assert found.wants_usage, "nothing is asked of the upstream that the caller did not ask for"
    assert found.frame is None
    assert found.document.get("messages") is None


def test_a_large_body_is_not_read_whole() -> None:
    body = b'{"messages":[{"role":"user","content":"' + b"A" * WHOLE_BYTES + b'"}],"model":"m"}'
    found = ask(body)
    assert is_partial(found)
    assert found.model == "m"
    assert found.stateful == "not read: body_too_complex"


def test_one_model_must_be_named() -> None:
    assert ask(b'{"model":"m","model":"m",' + MESSAGES + b"}").stateful == "duplicate keys"
    assert refusal(b'{"model":"m","model":"n",' + MESSAGES + b"}") == "ambiguous_model"
    assert refusal(b'{"model":"m","model":"n","x":NaN}') == "ambiguous_model"
    assert refusal(b'{"model":4,' + MESSAGES + b"}") == "invalid_type"
    assert refusal(b'{"model":"a\\nb",' + MESSAGES + b"}") == "invalid_value"
    assert refusal(b'{"model":"\\ud800",' + MESSAGES + b"}") == "invalid_type"
    assert ask(b"{" + MESSAGES + b"}").model == ""


def test_without_an_object_there_is_no_way_to_route() -> None:
    for body in (b"", b"nonsense", b"[1]", b'{"model":"m"', '{"model":"m"}'.encode("utf-16")):
        assert refusal(body) == "invalid_json"


def test_the_model_in_the_path_is_enough() -> None:
    found = read_ask(AzureChat(), b"nonsense", AZURE)
    assert is_partial(found)
    assert found.model == "d-1"
    with pytest.raises(ValueError, match="cannot be changed"):
        alter_body(b"nonsense", found.document, model="other", ask_usage=False)


def test_a_surface_that_fails_is_no_refusal(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(OpenAIChat):
        def read(self, body: bytes, target: str) -> Any:
            raise KeyError("a bug")

    found = read_ask(Failing(), b'{"model":"m"}', TARGET)
    assert (found.model, found.stateful) == ("m", "not read: invalid_request")
    assert "failed to read a body" in caplog.text


def test_an_unread_body_is_changed_where_the_model_stands() -> None:
    body = b'{"temperature":NaN, "model" : "m", "x":[1]}'
    document = ask(body).document
    assert alter_body(body, document, model="n", ask_usage=False) == b'{"temperature":NaN, "model" : "n", "x":[1]}'


def test_depth_is_bounded() -> None:
    def nested(levels: int) -> bytes:
        return b'{"x":' + b"[" * levels + b"]" * levels + b"}"

    assert read_object(nested(190))
    for levels in (250, 900, 100_000):
        with pytest.raises(ProxyError):
            read_object(nested(levels))
    flat = json.dumps({"x": [{} for _ in range(1000)]}).encode()
    assert len(read_object(flat)["x"]) == 1000
