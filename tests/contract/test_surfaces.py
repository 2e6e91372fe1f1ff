"""What every API surface must keep, run over the table of surfaces with the cases of surface_cases.py."""

import json
from typing import Any

import pytest

from halfpenny.proxy.errors import ProxyError, dialect_of, error_body
from halfpenny.proxy.surfaces import SURFACES, load_surfaces
from halfpenny.proxy.surfaces.base import Surface
from tests.contract.surface_cases import CASES, Case

LOADED = load_surfaces()
STREAMED = [path for path, case in CASES.items() if case.streamed]


@pytest.fixture(params=sorted(SURFACES))
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def surface(path: str) -> Surface:
    return LOADED[path]


@pytest.fixture
def case(path: str) -> Case:
    return CASES[path]


def encode(document: Any) -> bytes:
    return json.dumps(document).encode()


def test_there_is_a_case_for_every_path() -> None:
    assert set(CASES) == set(SURFACES)


def test_the_target_finds_its_surface(path: str, case: Case) -> None:
    assert LOADED.find(case.target) is LOADED[path]
    assert LOADED.find(case.target.partition("?")[0] + "/more") is None


def test_reading_takes_the_model_and_leaves_the_document_alone(surface: Surface, case: Case) -> None:
    body = encode({**case.body, "never_heard_of": {"x": [1]}})
    ask = surface.read(body, case.target)
    assert ask.model == case.model
    assert ask.document == json.loads(body)
    assert ask.messages[-1] == ("user", "hello")
    assert ask.input_bytes == 5
    assert ask.stream == case.asks_stream
    assert "never_heard_of" not in ask.noise
    assert (ask.keyed or ask.document)["never_heard_of"] == {"x": [1]}


def test_what_cannot_be_read_is_a_400_in_the_dialect(surface: Surface, case: Case) -> None:
    for body in (b"", b"{", b"null", b'"x"', b"\xff", *case.unreadable):
        with pytest.raises(ProxyError) as refused:
            surface.read(body, case.target)
        assert refused.value.status == 400
        document = json.loads(error_body(refused.value, surface.dialect))
        assert document["error"]["message"]


def test_a_change_of_the_model_is_a_change_of_the_target_where_the_model_is_in_the_path(
    surface: Surface, case: Case
) -> None:
    moved = surface.retarget(case.target, "other-model")
    if surface.model_in_body:
        assert moved == case.target
    else:
        assert surface.read(encode(case.body), moved).model == "other-model"
        assert surface.retarget(moved, case.model) == case.target


def test_usage_is_read_and_never_invented(surface: Surface, case: Case) -> None:
    answer = case.answer
    reported = surface.reported(answer)
    assert reported.known
    assert (reported.input_tokens, reported.output_tokens) == case.tokens
    if not case.usage_at:
        return
    assert reported.raw == answer[case.usage_at]
    less = {name: value for name, value in answer.items() if name != case.usage_at}
    for without in (less, {**answer, case.usage_at: None}, None, [], "x"):
        assert not surface.reported(without).known


def test_only_a_good_answer_is_admissible(surface: Surface, case: Case) -> None:
    assert surface.admissible(case.answer) == ""
    for bad in (None, [], "x", {}, {"error": {"message": "x"}}, {**case.answer, "error": "x"}):
        assert surface.admissible(bad)


@pytest.mark.parametrize("path", STREAMED)
def test_an_answer_survives_the_way_through_a_stream(path: str) -> None:
    surface, case = LOADED[path], CASES[path]
    stream = surface.to_stream(case.answer, include_usage=True)
    assert stream.endswith(case.good_end)
    assert surface.to_document(stream) == case.answer
    if surface.usage_on_request:
        assert b"prompt_tokens" not in surface.without_usage(stream)


@pytest.mark.parametrize("path", STREAMED)
def test_a_recorder_knows_a_whole_stream_and_its_usage(path: str) -> None:
    surface, case = LOADED[path], CASES[path]
    stream = surface.to_stream(case.answer, include_usage=True)
    recorder = surface.recorder(surface.read(encode(case.body), case.target))
    for at in range(0, len(stream), 5):
        recorder.feed(stream[at : at + 5])
    assert recorder.finish()
    assert recorder.complete
    assert recorder.admissible
    assert recorder.content_chunks > 0
    reported = recorder.reported()
    assert (reported.input_tokens, reported.output_tokens) == case.tokens


@pytest.mark.parametrize("path", STREAMED)
def test_a_stream_cut_anywhere_is_not_whole(path: str) -> None:
    """Every prefix short of the last event's own bytes: neither complete nor finished, whatever the cut leaves."""
    surface, case = LOADED[path], CASES[path]
    ask = surface.read(encode(case.body), case.target)
    stream = surface.to_stream(case.answer, include_usage=True)
    whole_from = _whole_from(surface, ask, stream)
    for cut in range(whole_from):
        recorder = surface.recorder(ask)
        recorder.feed(stream[:cut])
        assert not recorder.complete, cut
        assert not recorder.finish() or not recorder.admissible, cut


def _whole_from(surface: Surface, ask: Any, stream: bytes) -> int:
    """The least number of bytes after which nothing of the answer itself is missing: what follows the last ending
    (a usage event, `[DONE]`) adds nothing to it."""
    expected = surface.to_document(stream)
    content = {name: value for name, value in expected.items() if "usage" not in name.lower()}
    for cut in range(len(stream) + 1):
        try:
            got = surface.to_document(stream[:cut])
        except Exception:
            continue
        if {name: value for name, value in got.items() if "usage" not in name.lower()} == content:
            return cut
    return len(stream)


def test_the_dialect_is_known_from_the_path(surface: Surface, case: Case) -> None:
    assert dialect_of(case.target.partition("?")[0]) == surface.dialect


@pytest.mark.parametrize("dialect", ["openai", "anthropic", "gemini"])
def test_an_error_has_the_shape_that_the_dialects_sdk_reads(dialect: Any) -> None:
    document = json.loads(error_body(ProxyError(429, "slow_down", "too fast"), dialect))
    if dialect == "anthropic":
        assert document == {"type": "error", "error": {"type": "rate_limit_error", "message": "too fast"}}
    elif dialect == "gemini":
        assert document == {"error": {"code": 429, "message": "too fast", "status": "RESOURCE_EXHAUSTED"}}
    else:
        assert set(document["error"]) == {"message", "type", "param", "code"}
