"""Whole answers of Gemini's `generateContent`, read and written."""

from typing import Any

from halfpenny.proxy.dialects.answers import (
    AnswerPart,
    joined,
    need_list,
    need_object,
    need_text,
    refused,
    text_or_none,
    with_calls,
    without_cut_call,
)
from halfpenny.proxy.dialects.base import Answer, Call, Choice, Ending, Refusal, Text, Thought, Token
from halfpenny.proxy.dialects.shared import call_id, json_text, object_of
from halfpenny.proxy.dialects.usage import for_generate
from halfpenny.proxy.surfaces.base import has_error
from halfpenny.proxy.surfaces.gemini_usage import read_usage

_ENDINGS: dict[str, Ending] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "filter",
    "RECITATION": "filter",
    "BLOCKLIST": "filter",
    "PROHIBITED_CONTENT": "filter",
    "SPII": "filter",
    "IMAGE_SAFETY": "filter",
    "MODEL_ARMOR": "filter",
}
_REASONS: dict[Ending, str] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "filter": "SAFETY",
    "other": "OTHER",
}
UNSAID = "FINISH_REASON_UNSPECIFIED"
_PLAIN = frozenset({"text", "thought", "thoughtSignature", "functionCall"})


def read(document: Any) -> Answer:
    if has_error(document):
        raise ValueError("an error in the body")
    answer = need_object(document, "the answer")
    name = text_or_none(answer.get("responseId"))
    choices = tuple(_choice(at, value, name) for at, value in enumerate(candidates_of(answer)))
    if not choices:
        if not blocked(answer):
            raise ValueError("no candidates")
        choices = (Choice(index=0, parts=(), ending="filter"),)
    return Answer(
        id=name,
        model=text_or_none(answer.get("modelVersion")),
        choices=choices,
        usage=read_usage(answer.get("usageMetadata")),
    )


def candidates_of(answer: dict[str, Any]) -> list[Any]:
    value = answer.get("candidates")
    return [] if value is None else need_list(value, "'candidates'")


def blocked(answer: dict[str, Any]) -> bool:
    """Whether the prompt was refused: there is no candidate then."""
    feedback = answer.get("promptFeedback")
    return isinstance(feedback, dict) and bool(feedback.get("blockReason"))


def _choice(at: int, value: Any, answer_id: str) -> Choice:
    candidate = need_object(value, "a candidate")
    index = index_of(candidate, at)
    parts: list[AnswerPart] = []
    calls = 0
    for value in parts_of(candidate):
        part = part_of(value, call_id(answer_id, calls, index))
        calls += isinstance(part, Call)
        parts.append(part)
    reason = need_text(candidate.get("finishReason"), "'finishReason'")
    if reason == UNSAID:
        raise ValueError("a candidate that has not ended")
    return Choice(
        index=index,
        parts=joined(parts),
        ending=ending_of(reason, calls > 0),
        tokens=tokens_of(candidate),
    )


def index_of(candidate: dict[str, Any], at: int) -> int:
    index = candidate.get("index")
    return index if isinstance(index, int) else at


def parts_of(candidate: dict[str, Any]) -> list[dict[str, Any]]:
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    return [] if parts is None else [need_object(part, "a part") for part in need_list(parts, "'parts'")]


def part_of(part: dict[str, Any], fallback_id: str) -> Text | Thought | Call:
    """Raises ValueError for what no other dialect's answer can hold (images, executed code, ...)."""
    strange = sorted(name for name, value in part.items() if name not in _PLAIN and value is not None)
    if strange:
        raise ValueError(f"a part with '{strange[0]}'")
    if part.get("functionCall") is not None:
        call = need_object(part["functionCall"], "'functionCall'")
        return Call(
            id=text_or_none(call.get("id")) or fallback_id,
            name=need_text(call.get("name"), "'name'"),
            arguments=json_text(need_object(call.get("args") or {}, "'args'")),
            signature=text_or_none(part.get("thoughtSignature")),
        )
    text = text_or_none(part.get("text"))
    return Thought(text) if part.get("thought") is True else Text(text)


def ending_of(reason: str, called: bool) -> Ending:
    return with_calls(_ENDINGS.get(reason, "other"), called)


def tokens_of(candidate: dict[str, Any]) -> tuple[Token, ...] | None:
    result = candidate.get("logprobsResult")
    chosen = result.get("chosenCandidates") if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(chosen, list):
        return None
    tops = result.get("topCandidates")
    tops = tops if isinstance(tops, list) else []
    tokens = []
    for at, value in enumerate(chosen):
        top = need_object(tops[at], "'topCandidates'").get("candidates") if at < len(tops) else None
        tokens.append(Token(*_pair(value), tuple(_pair(other) for other in top or ())))
    return tuple(tokens)


def _pair(value: Any) -> tuple[str, float]:
    entry = need_object(value, "a token")
    logprob = entry.get("logProbability", 0.0)  # a zero may be left out
    if not isinstance(logprob, int | float):
        raise ValueError("'logProbability' is not a number")
    return text_or_none(entry.get("token")), float(logprob)


# writing


def write(answer: Answer) -> dict[str, Any]:
    document: dict[str, Any] = {
        "candidates": [
            candidate(
                choice.index,
                [written(part) for part in choice.parts],
                reason=reason_of(choice.ending, refused=refused(choice)),
                tokens=choice.tokens,
            )
            for choice in map(without_cut_call, answer.choices)
        ]
    }
    if answer.usage.known:
        document["usageMetadata"] = for_generate(answer.usage)
    return document | head(answer.model, answer.id)


def head(model: str, name: str) -> dict[str, Any]:
    return {"modelVersion": model, **({"responseId": name} if name else {})}


def candidate(
    index: int, parts: list[dict[str, Any]], *, reason: str | None = None, tokens: tuple[Token, ...] | None = None
) -> dict[str, Any]:
    written: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": index}
    if reason is not None:
        written["finishReason"] = reason
    if tokens is not None:
        written["logprobsResult"] = {
            "chosenCandidates": [_written_token(token.token, token.logprob) for token in tokens],
            "topCandidates": [{"candidates": [_written_token(*top) for top in token.top]} for token in tokens],
        }
    return written


def reason_of(ending: Ending, *, refused: bool) -> str:
    return "SAFETY" if refused and ending == "stop" else _REASONS[ending]


def written(part: AnswerPart) -> dict[str, Any]:
    match part:
        case Text(text) | Refusal(text):
            return {"text": text}
        case Thought(text):
            return {"text": text, "thought": True}
        case Call():
            return {"functionCall": {"id": part.id, "name": part.name, "args": object_of(part.arguments)}}


def _written_token(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logProbability": logprob}
