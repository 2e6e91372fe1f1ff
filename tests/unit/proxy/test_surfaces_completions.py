"""proxy/surfaces/openai_completions.py: reading, and both ways between a text answer and its stream."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfpenny.proxy.surfaces.openai_completions import OpenAICompletions
from halfpenny.proxy.surfaces.sse import data_of, events_of

COMPLETIONS = OpenAICompletions()
TARGET = "/v1/completions"
DATA = Path(__file__).parent / "data"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
LEGACY = {
    "tokens": ["Say", " it", ", now", "."],
    "token_logprobs": [None, -0.5, -1.5, -2.0],
    "top_logprobs": [None, {" it": -0.5}, {", now": -1.5}, {".": -2.0}],
    "text_offset": [0, 3, 6, 11],
}
CHAT_LIKE = {"content": [{"token": "Sa", "logprob": -1.0}, {"token": "y", "logprob": -2.0}]}


def choice(index: int = 0, text: str = "one two three four five six seven eight", **fields: Any) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": "stop", **fields}


def answer(*choices: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1,
        "model": "m",
        "choices": list(choices) or [choice()],
        "usage": USAGE,
        **fields,
    }


def read(**fields: Any) -> Any:
    return COMPLETIONS.read(json.dumps({"model": "m", "prompt": "hello", **fields}).encode(), TARGET)


def chunks(stream: bytes) -> list[dict[str, Any]]:
    found = [data_of(raw) for raw in events_of(stream)]
    assert found[-1] == b"[DONE]"
    return [json.loads(data) for data in found[:-1]]


def sse(*parts: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(part).encode() + b"\n\n" for part in parts) + b"data: [DONE]\n\n"


ANSWERS: dict[str, dict[str, Any]] = {
    "text": answer(),
    "empty text": answer(choice(text="")),
    "with echo and log-probabilities": answer(choice(text="Say it, now.", logprobs=LEGACY)),
    "log-probabilities as llama.cpp has them": answer(choice(text="Say", logprobs=CHAT_LIKE), timings={"prompt_n": 1}),
    "tokens that are not the text": answer(choice(text="😀", logprobs={**LEGACY, "tokens": ["a", "b", "c", "d"]})),
    "lists of unequal length": answer(choice(text="Say it, now.", logprobs={**LEGACY, "text_offset": [0]})),
    "no top tokens": answer(choice(text="Say it, now.", logprobs={**LEGACY, "top_logprobs": None})),
    "as vLLM writes it": answer(choice(stop_reason=None, prompt_logprobs=None, token_ids=None), service_tier=None),
    "as Azure writes it": answer(choice(content_filter_results={"hate": {"filtered": False}}), prompt_filter_results=[{"prompt_index": 0}]),
    "two prompts twice": answer(choice(0), choice(1, "x"), choice(2, "a b c", finish_reason="length"), choice(3)),
    "no usage": {name: value for name, value in answer().items() if name != "usage"},
}


@pytest.mark.parametrize("include_usage", [True, False])
@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_every_answer_survives_the_way_through_a_stream(name: str, include_usage: bool) -> None:
    document = ANSWERS[name]
    stream = COMPLETIONS.to_stream(document, include_usage=include_usage)
    expected = {key: value for key, value in document.items() if include_usage or key != "usage"}
    assert COMPLETIONS.to_document(stream) == expected
    assert all(chunk["object"] == "text_completion" for chunk in chunks(stream))


def test_choices_interleave_and_each_ends_once() -> None:
    got = chunks(COMPLETIONS.to_stream(ANSWERS["two prompts twice"], include_usage=True))
    parts = [chunk["choices"][0] for chunk in got if chunk["choices"]]
    assert [part["index"] for part in parts[:4]] == [0, 1, 2, 3]
    assert [part["index"] for part in parts if part["finish_reason"]] == [1, 2, 0, 3]
    assert got[-1]["usage"] == USAGE
    assert all(chunk["usage"] is None for chunk in got[:-1])


def test_log_probabilities_fall_on_token_borders() -> None:
    got = chunks(COMPLETIONS.to_stream(ANSWERS["with echo and log-probabilities"], include_usage=False))
    parts = [chunk["choices"][0] for chunk in got]
    assert [part["text"] for part in parts] == [*LEGACY["tokens"], ""]
    assert [part["logprobs"]["text_offset"] for part in parts[:-1]] == [[0], [3], [6], [11]]
    assert [part["logprobs"]["token_logprobs"] for part in parts[:-1]] == [[None], [-0.5], [-1.5], [-2.0]]
    assert parts[-1]["logprobs"] is None


def test_a_real_transcript_of_llama_cpp_with_two_choices() -> None:
    document = COMPLETIONS.to_document((DATA / "llamacpp_completions_n2.sse").read_bytes())
    assert [choice["index"] for choice in document["choices"]] == [0, 1]
    for got in document["choices"]:
        assert got["text"] == "".join(token["token"] for token in got["logprobs"]["content"]) != ""
        assert got["finish_reason"] == "length"
    assert COMPLETIONS.admissible(document) == ""
    assert COMPLETIONS.to_document(COMPLETIONS.to_stream(document, include_usage=True)) == document


@pytest.mark.parametrize("stream", [
    sse({"choices": [{"index": 0, "text": 5}]}),
    sse({"choices": [{"index": -1, "text": "x"}]}),
    sse({"choices": [{"index": 0, "text": "x", "mood": 1}]}, {"choices": [{"index": 0, "text": "x", "mood": 2}]}),
    sse({"choices": "x"}),
    sse({"error": {"message": "x"}}),
    b"data: {broken\n\n",
])  # fmt: skip
def test_a_doubt_is_no_document(stream: bytes) -> None:
    with pytest.raises(ValueError):
        COMPLETIONS.to_document(stream)


@pytest.mark.parametrize(
    "document",
    [None, {}, {"choices": []}, {"choices": ["x"]}, answer(choice(text=None)), answer(choice(0), choice(0)), answer(choice(logprobs="x"))],  # type: ignore[arg-type]
)
def test_what_no_stream_can_express_is_said(document: Any) -> None:
    with pytest.raises(ValueError):
        COMPLETIONS.to_stream(document, include_usage=True)


@pytest.mark.parametrize(
    "fields",
    [{"prompt": 5}, {"prompt": {"text": "x"}}, {"prompt": [True]}, {"prompt": [None]}, {"n": "2"}, {"max_tokens": "many"}, {"best_of": []}],
)
def test_what_the_upstream_should_judge_passes_and_is_not_stored(fields: dict[str, Any]) -> None:
    asked = read(**fields)
    assert asked.stateful == "not understood"
    assert COMPLETIONS.recorder(asked).complete is False


@pytest.mark.parametrize("prompt", ["x", ["x", "y"], [1, 2], [[1], [2]]])
def test_every_form_of_a_prompt_is_understood(prompt: Any) -> None:
    assert read(prompt=prompt).stateful == ""


def test_server_state_is_not_stored() -> None:
    assert read(kv_transfer_params={"x": 1}).stateful == "server state"


@pytest.mark.parametrize(("fields", "choices"), [({"prompt": ["a", "b"], "n": 2}, 4), ({"prompt": [[1], [2]]}, 2), ({"prompt": [1, 2]}, 1)])
def test_every_choice_must_have_ended(fields: dict[str, Any], choices: int) -> None:
    for count in (choices - 1, choices):
        recorder = COMPLETIONS.recorder(read(**fields))
        for index in range(count):
            recorder.feed(sse({"choices": [choice(index)]}).removesuffix(b"data: [DONE]\n\n"))
        recorder.feed(b"data: [DONE]\n\n")
        assert recorder.complete == (count == choices)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4), st.booleans())
def test_any_answer_survives(told: list[str], with_logprobs: bool) -> None:
    made = [
        choice(at, text, logprobs={"tokens": list(text), "token_logprobs": [-1.0] * len(text), "text_offset": list(range(len(text)))} if with_logprobs else None)
        for at, text in enumerate(told)
    ]
    document = answer(*made)
    assert COMPLETIONS.to_document(COMPLETIONS.to_stream(document, include_usage=True)) == document
