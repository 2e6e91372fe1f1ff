"""`POST /v1/completions`, the older text surface."""

from typing import Any

from halfpenny.proxy.errors import Dialect
from halfpenny.proxy.surfaces.base import Ask, Plain, Reported, Surface, has_error
from halfpenny.proxy.surfaces.openai_chunks import (
    Fields,
    chunks_of,
    head_of,
    index_of,
    lay_out,
    merge_logprobs,
    merge_rest,
    objects,
    parts_of,
    shared_fields,
    sliced,
    usage_of,
    written,
)
from halfpenny.proxy.surfaces.openai_request import SERVERS_OWN_NOISE
from halfpenny.proxy.surfaces.openai_stream import STORABLE_FINISHES, ChunkRecorder, without_usage_event
from halfpenny.proxy.surfaces.openai_usage import read_usage
from halfpenny.proxy.surfaces.pieces import pieces_of, size_of
from halfpenny.proxy.surfaces.reading import as_count, bool_field, read_object, text_field, wants_usage

NOISE = SERVERS_OWN_NOISE | {"stream", "stream_options", "user"}


class OpenAICompletions(Plain):
    name = "completions"
    dialect: Dialect = "openai"
    path = "/v1/completions"
    usage_on_request = True

    def read(self, body: bytes, target: str) -> Ask:
        document = read_object(body)
        model = self.model_of(document, target)
        prompt = document.get("prompt")
        parts = prompt if isinstance(prompt, list) else [prompt]
        text = "\n".join(part for part in parts if isinstance(part, str))
        return Ask(
            document=document,
            model=model,
            stream=bool_field(document, "stream"),
            wants_usage=wants_usage(document),
            noise=NOISE,
            stateful=_stateful(document, parts),
            exact_only="completions",
            messages=(("user", text),),
            input_bytes=size_of(text),
            max_output_tokens=as_count(document.get("max_tokens")),
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
            if str(choice.get("finish_reason")) not in (STORABLE_FINISHES | {"length"}):
                return f"finish_reason {choice.get('finish_reason')}"
        return ""

    def recorder(self, ask: Ask) -> ChunkRecorder:
        prompt = ask.document.get("prompt")
        prompts = len(prompt) if isinstance(prompt, list) and not _is_token_list(prompt) else 1
        return ChunkRecorder(
            choices=prompts * (as_count(ask.document.get("n")) or 1), storable=STORABLE_FINISHES | {"length"}
        )

    def without_usage(self, stream: bytes) -> bytes:
        return without_usage_event(stream)

    def to_stream(self, document: Any, *, include_usage: bool) -> bytes:
        if not isinstance(document, dict):
            raise ValueError("not an object")
        choices = objects(document.get("choices"), "choices")
        numbered = [{"index": at, "finish_reason": None, **choice} for at, choice in enumerate(choices)]
        laid = [_entries(choice) for choice in numbered]
        chunks = lay_out(document, "text_completion", laid, include_usage=include_usage)
        settled = sorted(numbered, key=index_of)
        if shared_fields(_assembled(chunks)) != shared_fields({**document, "choices": settled}):
            raise ValueError("an answer that chunks cannot express")
        return written(chunks)

    def to_document(self, stream: bytes) -> dict[str, Any]:
        chunks = chunks_of(stream)
        document = _assembled(chunks)
        usage = usage_of(chunks)
        if usage is not None:
            document["usage"] = usage
        return document


_fits: type[Surface] = OpenAICompletions


def _stateful(document: dict[str, Any], parts: list[Any]) -> str:
    """Why the answer may not be stored: it depends on the server's state, or the upstream should judge the request."""
    if any(document.get(name) is not None for name in ("kv_transfer_params", "ec_transfer_params")):
        return "server state"
    numbers = [document.get(name) for name in ("n", "max_tokens", "best_of")]
    good = (
        isinstance(document.get("prompt"), str | list)
        and all(isinstance(part, str | int | list) and not isinstance(part, bool) for part in parts)
        and all(isinstance(number, int | None) and not isinstance(number, bool) for number in numbers)
    )
    return "" if good else "not understood"


def _is_token_list(prompt: list[Any]) -> bool:
    return bool(prompt) and all(isinstance(item, int) for item in prompt)


def _entries(choice: Fields) -> list[Fields]:
    """The entries of one choice: its text in pieces, with log-probabilities on token borders, then its ending."""
    text, logprobs = choice.get("text"), choice.get("logprobs")
    if not isinstance(text, str):
        raise ValueError("a choice without text")
    blank: Fields = {"logprobs": None} if "logprobs" in choice else {}
    index = index_of(choice)
    if logprobs is None:
        pieces: list[tuple[str, Fields]] = [(piece, blank) for piece in pieces_of(text)]
    else:
        cut = sliced(logprobs, text) or [(text, logprobs)]
        pieces = [(piece, {"logprobs": of_piece}) for piece, of_piece in cut]
    rest = {name: value for name, value in choice.items() if name not in ("index", "text", "logprobs")}
    return [
        *({"text": piece, "index": index, **tokens, "finish_reason": None} for piece, tokens in pieces),
        {"text": "", "index": index, **blank, **rest},
    ]


def _assembled(chunks: list[Fields]) -> Fields:
    document = head_of(chunks, "text_completion")
    choices: dict[int, Fields] = {}
    for part in parts_of(chunks):
        index = index_of(part)
        choice = choices.setdefault(index, {"text": "", "index": index, "finish_reason": None})
        text = part.get("text")
        if not isinstance(text, str | None):
            raise ValueError("text that is not text")
        choice["text"] += text or ""
        merge_logprobs(choice, part)
        merge_rest(choice, part, ("text", "index", "logprobs"))
    document["choices"] = [choices[index] for index in sorted(choices)]
    return document
