"""Whole answers of OpenAI's chat completions (and of the servers that speak them), read and written."""

from typing import Any

from halfpenny.proxy.dialects.answers import (
    AnswerPart,
    joined,
    need_list,
    need_object,
    need_text,
    text_or_none,
    with_calls,
)
from halfpenny.proxy.dialects.base import Answer, Call, Choice, Ending, Refusal, Text, Thought, Token
from halfpenny.proxy.dialects.shared import call_id, prefixed
from halfpenny.proxy.dialects.usage import for_chat
from halfpenny.proxy.surfaces.base import has_error
from halfpenny.proxy.surfaces.openai_usage import read_usage

_ENDINGS: dict[str, Ending] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "filter",
}
FINISHES: dict[Ending, str] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "filter": "content_filter",
    "other": "content_filter",
}
_THOUGHTS = ("reasoning_content", "reasoning")
"""The names that vLLM, llama.cpp, DeepSeek and others give to a model's shown thoughts."""
_FOREIGN = ("audio", "function_call", "images")
"""What a message may hold that no other dialect of an answer has a place for."""


def read(document: Any) -> Answer:
    if has_error(document):
        raise ValueError("an error in the body")
    answer = need_object(document, "the answer")
    choices = need_list(answer.get("choices"), "'choices'")
    if not choices:
        raise ValueError("no choices")
    name = text_or_none(answer.get("id"))
    created = answer.get("created")
    return Answer(
        id=name,
        model=text_or_none(answer.get("model")),
        created=created if isinstance(created, int) else 0,
        choices=tuple(_choice(at, choice, name) for at, choice in enumerate(choices)),
        usage=read_usage(answer.get("usage")),
    )


def _choice(at: int, value: Any, answer_id: str) -> Choice:
    choice = need_object(value, "a choice")
    message = need_object(choice.get("message"), "a message")
    check_message(message)
    parts: list[AnswerPart] = [Thought(thought_of(message))]
    content = message.get("content")
    if content is not None:
        parts.append(Text(need_text(content, "'content'")))
    parts.append(Refusal(text_or_none(message.get("refusal"))))
    index = choice.get("index")
    index = index if isinstance(index, int) else at
    calls = [_call(value, call_id(answer_id, number, index)) for number, value in enumerate(_calls(message))]
    return Choice(
        index=index,
        parts=(*joined(parts), *calls),
        ending=with_calls(ending_of(choice), bool(calls)),
        stop_sequence=stop_sequence_of(choice),
        tokens=tokens_of(choice.get("logprobs")),
    )


def check_message(message: dict[str, Any]) -> None:
    for name in _FOREIGN:
        if message.get(name):
            raise ValueError(f"a message with '{name}'")


def thought_of(message: dict[str, Any]) -> str:
    return next((message[name] for name in _THOUGHTS if isinstance(message.get(name), str)), "")


def ending_of(choice: dict[str, Any]) -> Ending:
    return _ENDINGS.get(need_text(choice.get("finish_reason"), "'finish_reason'"), "other")


def stop_sequence_of(choice: dict[str, Any]) -> str | None:
    """vLLM says in `stop_reason` which stop string it met (a number there is a token)."""
    return text_or_none(choice.get("stop_reason")) or None


def tokens_of(logprobs: Any) -> tuple[Token, ...] | None:
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(content, list):
        return None
    return tuple(
        Token(token, logprob, tuple(_pair(top) for top in need_object(entry, "a token").get("top_logprobs") or ()))
        for entry in content
        for token, logprob in (_pair(entry),)
    )


def _pair(value: Any) -> tuple[str, float]:
    entry = need_object(value, "a token")
    logprob = entry.get("logprob")
    if not isinstance(logprob, int | float):
        raise ValueError("'logprob' is not a number")
    return need_text(entry.get("token"), "'token'"), float(logprob)


def _calls(message: dict[str, Any]) -> list[Any]:
    calls = message.get("tool_calls")
    return [] if calls is None else need_list(calls, "'tool_calls'")


def _call(value: Any, fallback_id: str) -> Call:
    call = need_object(value, "a tool call")
    function = need_object(call.get("function"), "'function'")
    arguments = function.get("arguments")
    return Call(
        id=text_or_none(call.get("id")) or fallback_id,
        name=need_text(function.get("name"), "'name'"),
        arguments=text_or_none(arguments),
    )


# writing


def write(answer: Answer) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": prefixed("chatcmpl-", answer.id),
        "object": "chat.completion",
        "created": answer.created,
        "model": answer.model,
        "choices": [_written(choice) for choice in answer.choices],
    }
    if answer.usage.known:
        document["usage"] = for_chat(answer.usage)
    return document


def _written(choice: Choice) -> dict[str, Any]:
    texts = [part.text for part in choice.parts if isinstance(part, Text)]
    calls = [part for part in choice.parts if isinstance(part, Call)]
    refusals = [part.text for part in choice.parts if isinstance(part, Refusal)]
    thoughts = [part.text for part in choice.parts if isinstance(part, Thought)]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts or not (calls or refusals) else None,
        "refusal": "".join(refusals) or None,
    }
    if thoughts:
        message["reasoning_content"] = "".join(thoughts)
    if calls:
        message["tool_calls"] = [written_call(call) for call in calls]
    return {
        "index": choice.index,
        "message": message,
        "logprobs": None if choice.tokens is None else {"content": written_tokens(choice.tokens), "refusal": None},
        "finish_reason": FINISHES[choice.ending],
    }


def written_call(call: Call) -> dict[str, Any]:
    written: dict[str, Any] = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
    if call.signature:
        # where Google's own OpenAI form has it; a client that sends its messages back whole sends it too
        written["extra_content"] = {"google": {"thought_signature": call.signature}}
    return written


def written_tokens(tokens: tuple[Token, ...]) -> list[dict[str, Any]]:
    return [
        {**_written_token(token.token, token.logprob), "top_logprobs": [_written_token(*top) for top in token.top]}
        for token in tokens
    ]


def _written_token(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}
