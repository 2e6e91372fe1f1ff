"""What every API surface must keep, run over the table of surfaces."""

import json
from typing import Any

import pytest

from halfpenny.proxy.errors import ProxyError, dialect_of, error_body
from halfpenny.proxy.surfaces import SURFACES, load_surfaces
from halfpenny.proxy.surfaces.base import Surface

LOADED = load_surfaces()
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": "hello"}]},
    "completions": {"model": "m", "prompt": "hello"},
    "embeddings": {"model": "m", "input": "hello"},
}
MESSAGE = {"role": "assistant", "content": "hi there"}
CHOICE = {"index": 0, "message": MESSAGE, "logprobs": None, "finish_reason": "stop"}
ANSWERS: dict[str, dict[str, Any]] = {
    "chat": {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [CHOICE],
        "usage": USAGE,
    },
    "completions": {
        "id": "1",
        "object": "text_completion",
        "created": 1,
        "model": "m",
        "choices": [{"text": "hi there", "index": 0, "logprobs": None, "finish_reason": "stop"}],
        "usage": USAGE,
    },
    "embeddings": {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
        "model": "m",
        "usage": {"prompt_tokens": 3, "total_tokens": 3},
    },
}
STREAMED = [path for path, surface in LOADED.items() if surface.name != "embeddings"]


@pytest.fixture(params=sorted(SURFACES))
def surface(request: pytest.FixtureRequest) -> Surface:
    return LOADED[request.param]


def test_reading_takes_the_model_and_leaves_the_document_alone(surface: Surface) -> None:
    body = json.dumps({**BODIES[surface.name], "never_heard_of": {"x": [1]}}).encode()
    ask = surface.read(body)
    assert ask.model == "m"
    assert ask.document == json.loads(body)
    assert ask.messages[-1] == ("user", "hello")
    assert ask.input_bytes == 5
    assert not ask.stream
    assert "never_heard_of" not in ask.noise


@pytest.mark.parametrize("body", [b"", b"{", b"null", b'"x"', b"{}", b'{"model": ""}', b'{"model": null}', b"\xff"])
def test_what_cannot_be_read_is_a_400_in_the_dialect(surface: Surface, body: bytes) -> None:
    with pytest.raises(ProxyError) as refused:
        surface.read(body)
    assert refused.value.status == 400
    document = json.loads(error_body(refused.value, surface.dialect))
    assert document["error"]["message"]


def test_usage_is_read_and_never_invented(surface: Surface) -> None:
    answer = ANSWERS[surface.name]
    assert surface.reported(answer).known
    assert surface.reported(answer).input_tokens == 3
    assert surface.reported(answer).raw == answer["usage"]
    for without in ({k: v for k, v in answer.items() if k != "usage"}, {**answer, "usage": None}, None, [], "x"):
        assert not surface.reported(without).known


def test_only_a_good_answer_is_admissible(surface: Surface) -> None:
    answer = ANSWERS[surface.name]
    assert surface.admissible(answer) == ""
    for bad in (None, [], "x", {}, {"error": {"message": "x"}}, {**answer, "error": "x"}):
        assert surface.admissible(bad)


@pytest.mark.parametrize("path", STREAMED)
def test_an_answer_survives_the_way_through_a_stream(path: str) -> None:
    surface = LOADED[path]
    answer = ANSWERS[surface.name]
    stream = surface.to_stream(answer, include_usage=True)
    assert surface.to_document(stream) == answer
    assert b"prompt_tokens" not in surface.without_usage(stream)


@pytest.mark.parametrize("path", STREAMED)
def test_a_recorder_knows_a_whole_stream_and_its_usage(path: str) -> None:
    surface = LOADED[path]
    stream = surface.to_stream(ANSWERS[surface.name], include_usage=True)
    recorder = surface.recorder(surface.read(json.dumps(BODIES[surface.name]).encode()))
    for at in range(0, len(stream), 5):
        recorder.feed(stream[at : at + 5])
    assert recorder.complete
    assert recorder.finish()
    assert recorder.admissible
    assert recorder.content_chunks > 0
    assert recorder.reported().output_tokens == 2


def test_the_dialect_is_known_from_the_path() -> None:
    for path, surface in LOADED.items():
        assert dialect_of(path) == surface.dialect
    assert dialect_of("/v1/messages/count_tokens") == "anthropic"
    assert dialect_of("/v1beta/models/m:generateContent") == "gemini"


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini"])
def test_an_error_has_the_shape_that_the_dialects_sdk_reads(dialect: Any) -> None:
    document = json.loads(error_body(ProxyError(429, "slow_down", "too fast"), dialect))
    if dialect == "anthropic":
        assert document == {"type": "error", "error": {"type": "rate_limit_error", "message": "too fast"}}
    elif dialect == "gemini":
        assert document == {"error": {"code": 429, "message": "too fast", "status": "RESOURCE_EXHAUSTED"}}
    else:
        assert set(document["error"]) == {"message", "type", "param", "code"}
