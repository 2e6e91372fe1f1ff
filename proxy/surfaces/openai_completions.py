"""`POST /v1/completions`, the older text surface."""

from typing import Any

import msgspec

from halfpenny.proxy.errors import Dialect, bad_request
from halfpenny.proxy.surfaces.base import Ask, Plain, Reported, Surface, has_error
from halfpenny.proxy.surfaces.openai_stream import (
    STORABLE_FINISHES,
    ChunkRecorder,
    chunks_of,
    head_of,
    usage_of,
    without_usage_event,
)
from halfpenny.proxy.surfaces.openai_usage import read_usage
from halfpenny.proxy.surfaces.reading import bool_field, count_field, read_object, text_field, wants_usage
from halfpenny.proxy.surfaces.sse import event

NOISE = frozenset({"stream", "stream_options", "user", "request_id", "priority", "session_id", "stream_interval"})


class OpenAICompletions(Plain):
    name = "completions"
    dialect: Dialect = "openai"
    path = "/v1/completions"
    usage_on_request = True

    def read(self, body: bytes, target: str) -> Ask:
        document = read_object(body)
        model = self.model_of(document, target)
        prompt = document.get("prompt")
        if prompt is None:
            raise bad_request("missing required parameter: 'prompt'", code="missing_required_parameter", param="prompt")
        if not isinstance(prompt, str | list):
            raise bad_request("'prompt' must be a string or an array", code="invalid_type", param="prompt")
        text = prompt if isinstance(prompt, str) else "\n".join(part for part in prompt if isinstance(part, str))
        return Ask(
            document=document,
            model=model,
            stream=bool_field(document, "stream"),
            wants_usage=wants_usage(document),
            noise=NOISE,
            exact_only="completions",
            messages=(("user", text),),
            input_bytes=len(text.encode()),
            max_output_tokens=count_field(document, "max_tokens"),
            sampled=document.get("temperature") != 0,
        )

    def model_of(self, document: dict[str, Any], target: str) -> str:
        return text_field(document, "model")

    def reported(self, document: Any) -> Reported:
        return read_usage(document.get("usage")) if isinstance(document, dict) else Reported()

    def admissible(self, document: Any) -> str:
        if not isinstance(document, dict) or has_error(document):
            return "an error in the body"
        choices = document.get("choices")
        if not isinstance(choices, list) or not choices:
            return "no choices"
        for choice in choices:
            if not isinstance(choice, dict) or not isinstance(choice.get("text"), str):
                return "a choice without text"
            # max_tokens defaults to 16 here and is part of the key: `length` is the usual and repeatable ending
            if choice.get("finish_reason") not in (STORABLE_FINISHES | {"length"}):
                return f"finish_reason {choice.get('finish_reason')}"
        return ""

    def recorder(self, ask: Ask) -> ChunkRecorder:
        prompt = ask.document.get("prompt")
        prompts = len(prompt) if isinstance(prompt, list) and not _is_token_list(prompt) else 1
        return ChunkRecorder(
            choices=prompts * (count_field(ask.document, "n") or 1), storable=STORABLE_FINISHES | {"length"}
        )

    def without_usage(self, stream: bytes) -> bytes:
        return without_usage_event(stream)

    def to_stream(self, document: Any, *, include_usage: bool) -> bytes:
        head = {name: value for name, value in document.items() if name not in ("choices", "usage")}
        out: list[bytes] = []
        for choice in document.get("choices", ()):
            out.append(event(msgspec.json.encode({**head, "choices": [{**choice, "finish_reason": None}]})))
            out.append(event(msgspec.json.encode({**head, "choices": [{**choice, "text": "", "logprobs": None}]})))
        if include_usage and document.get("usage") is not None:
            out.append(event(msgspec.json.encode({**head, "choices": [], "usage": document["usage"]})))
        out.append(event(b"[DONE]"))
        return b"".join(out)

    def to_document(self, stream: bytes) -> dict[str, Any]:
        chunks = chunks_of(stream)
        document = head_of(chunks, "text_completion")
        choices: dict[int, dict[str, Any]] = {}
        for chunk in chunks:
            for part in chunk.get("choices") or ():
                index = part.get("index", 0)
                choice = choices.setdefault(
                    index, {"text": "", "index": index, "logprobs": None, "finish_reason": None}
                )
                choice["text"] += part.get("text") or ""
                logprobs = part.get("logprobs")
                if isinstance(logprobs, dict):
                    choice["logprobs"] = _extended(choice["logprobs"] or {}, logprobs)
                if part.get("finish_reason") is not None:
                    choice["finish_reason"] = part["finish_reason"]
        document["choices"] = [choices[index] for index in sorted(choices)]
        usage = usage_of(chunks)
        if usage is not None:
            document["usage"] = usage
        return document


_fits: type[Surface] = OpenAICompletions


def _is_token_list(prompt: list[Any]) -> bool:
    return bool(prompt) and all(isinstance(item, int) for item in prompt)


def _extended(merged: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Log-probabilities of one more chunk appended: lists grow, everything else keeps its last value."""
    out = dict(merged)
    for name, value in part.items():
        out[name] = [*(merged.get(name) or ()), *value] if isinstance(value, list) else value
    return out
