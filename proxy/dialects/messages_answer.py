"""Whole answers of Anthropic's Messages API, read and written.

A `thinking` block written here has an empty signature: only Anthropic can make one. Such a block is good to show, not
to send back to Anthropic.
"""

from typing import Any

from halfpenny.proxy.dialects.answers import (
    AnswerPart,
    joined,
    need_list,
    need_object,
    need_text,
    only_choice,
    refused,
    text_or_none,
    without_cut_call,
)
from halfpenny.proxy.dialects.base import Answer, Call, Choice, Ending, Refusal, Text, Thought
from halfpenny.proxy.dialects.shared import json_text, object_of, prefixed
from halfpenny.proxy.dialects.usage import for_messages
from halfpenny.proxy.surfaces.anthropic_usage import read_usage
from halfpenny.proxy.surfaces.base import has_error

_ENDINGS: dict[str, Ending] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "filter",
}
_REASONS: dict[Ending, str] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "filter": "refusal",
    "other": "refusal",
}


def read(document: Any) -> Answer:
    if has_error(document):
        raise ValueError("an error in the body")
    answer = need_object(document, "the answer")
    parts: list[AnswerPart] = []
    for value in need_list(answer.get("content"), "'content'"):
        parts += block(need_object(value, "a block"))
    return Answer(
        id=text_or_none(answer.get("id")),
        model=text_or_none(answer.get("model")),
        choices=(
            Choice(
                index=0,
                parts=joined(parts),
                ending=ending_of(answer),
                stop_sequence=text_or_none(answer.get("stop_sequence")) or None,
            ),
        ),
        usage=read_usage(answer.get("usage")),
    )


def block(value: dict[str, Any]) -> list[AnswerPart]:
    kind = value.get("type")
    if kind == "text":
        return [Text(need_text(value.get("text"), "'text'"))]
    if kind == "thinking":
        return [Thought(need_text(value.get("thinking"), "'thinking'"))]
    if kind == "redacted_thinking":
        return []  # nothing of it can be read
    if kind == "tool_use":
        return [
            Call(
                id=need_text(value.get("id"), "'id'"),
                name=need_text(value.get("name"), "'name'"),
                arguments=json_text(need_object(value.get("input"), "'input'")),
            )
        ]
    raise ValueError(f"a block of the type {kind!r}")


def ending_of(holder: dict[str, Any]) -> Ending:
    return _ENDINGS.get(need_text(holder.get("stop_reason"), "'stop_reason'"), "other")


def reason_of(ending: Ending, stop_sequence: str | None, *, refused: bool) -> dict[str, Any]:
    """`stop_reason` and `stop_sequence`."""
    if ending == "stop" and refused:
        return {"stop_reason": "refusal", "stop_sequence": None}
    if ending == "stop" and stop_sequence is not None:
        return {"stop_reason": "stop_sequence", "stop_sequence": stop_sequence}
    return {"stop_reason": _REASONS[ending], "stop_sequence": None}


def write(answer: Answer) -> dict[str, Any]:
    choice = without_cut_call(only_choice(answer))
    # what a model says to refuse is text here
    parts = joined([Text(part.text) if isinstance(part, Refusal) else part for part in choice.parts])
    return {
        "id": prefixed("msg_", answer.id),
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": [_written(part) for part in parts],
        **reason_of(choice.ending, choice.stop_sequence, refused=refused(choice)),
        "usage": for_messages(answer.usage),
    }


def _written(part: AnswerPart) -> dict[str, Any]:
    match part:
        case Text(text) | Refusal(text):
            return {"type": "text", "text": text}
        case Thought(text):
            return {"type": "thinking", "thinking": text, "signature": ""}
        case Call():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": object_of(part.arguments)}
