"""OpenAI's chunks (chat and completions) to and from one JSON answer: the fields around the text.

What a stream cannot say without doubt raises `ValueError`: the caller then takes the entry as no hit. Nothing is
dropped in silence and nothing is made up.

Where the fields stand (measured on llama.cpp and vLLM; OpenAI, Azure, Groq, OpenRouter and Mistral as documented):
`id`, `created`, `model`, `system_fingerprint`, `service_tier` and `provider` are on every chunk; Azure sends
`prompt_filter_results` on a first chunk without choices, whose other fields are empty; Groq `x_groq` on the first and
(with usage) on the last; llama.cpp `timings` on the last. `obfuscation` (OpenAI) and `p` (Mistral) are padding.
"""

from collections.abc import Iterable
from itertools import zip_longest
from typing import Any

import msgspec

from halfpenny.proxy.surfaces.sse import data_of, event, events_of

Fields = dict[str, Any]

DONE = event(b"[DONE]")
_ON_EVERY = ("id", "created", "model", "system_fingerprint", "service_tier", "provider")
_ON_FIRST = ("prompt_filter_results", "x_groq")
_LAST_COUNTS = frozenset({"timings"})
_PADDING = frozenset({"obfuscation", "p"})
_GROWING = frozenset({"token_ids"})
_decoder = msgspec.json.Decoder()


def chunks_of(stream: bytes) -> list[Fields]:
    """The decoded chunks of a whole stream that was recorded as complete."""
    chunks = []
    for raw in events_of(stream):
        data = data_of(raw)
        if data and data != b"[DONE]":
            try:
                chunk = _decoder.decode(data)
            except msgspec.DecodeError as error:
                raise ValueError(f"an event that is not JSON: {error}") from None
            if not isinstance(chunk, dict) or chunk.get("error") is not None:
                raise ValueError("an event that is not a chunk")
            chunks.append(chunk)
    return chunks


def parts_of(chunks: list[Fields]) -> list[Fields]:
    """The entries of `choices` of all chunks, in order."""
    parts: list[Fields] = []
    for chunk in chunks:
        parts += objects(chunk.get("choices"), "choices")
    return parts


def head_of(chunks: list[Fields], kind: str) -> Fields:
    """The top-level fields of the JSON answer: those of the chunks, under the answer's own `object` name."""
    head: Fields = {}
    for chunk in chunks:
        for name, value in chunk.items():
            if name in ("choices", "usage", "object") or name in _PADDING:
                continue
            if name in _ON_EVERY:
                # the first that says something: Azure's first chunk has an empty id; llama.cpp's `created` moves on
                head[name] = head.get(name) or value
            elif name in _LAST_COUNTS and value is not None:
                head[name] = value
            elif name == "x_groq" and isinstance(value, dict):
                _put(head, name, {inner: of for inner, of in value.items() if inner != "usage"})
            else:
                _put(head, name, value)
    head["object"] = kind
    return head


def usage_of(chunks: list[Fields]) -> Any:
    """The last usage of the stream (Groq's is inside `x_groq`); None if there was none."""
    for chunk in reversed(chunks):
        usage = usage_in(chunk)
        if usage is not None:
            return usage
    return None


def usage_in(chunk: Fields) -> Any:
    if chunk.get("usage") is not None:
        return chunk["usage"]
    groq = chunk.get("x_groq")
    return groq.get("usage") if isinstance(groq, dict) else None


def merge_rest(choice: Fields, part: Fields, known: tuple[str, ...]) -> None:
    """Fields of a choice that we only carry: nulls give way, objects unite, two different values are a doubt."""
    for name, value in part.items():
        if name in known:
            continue
        if name in _GROWING and isinstance(value, list):
            choice[name] = [*(choice.get(name) or ()), *value]
        else:
            _put(choice, name, value)


def merge_logprobs(choice: Fields, part: Fields) -> None:
    """Log-probabilities of one more chunk: lists grow, everything else must not change."""
    if "logprobs" not in part:
        return
    given = part["logprobs"]
    merged = choice.setdefault("logprobs", None)
    if given is None:
        return
    if not isinstance(given, dict) or not isinstance(merged, dict | None):
        raise ValueError("log-probabilities of an unknown form")
    merged = dict(merged or {})
    for name, value in given.items():
        if isinstance(value, list) and isinstance(merged.get(name), list | None):
            merged[name] = [*(merged.get(name) or ()), *value]
        else:
            _put(merged, name, value)
    choice["logprobs"] = merged


def index_of(part: Fields, otherwise: int = 0) -> int:
    index = part.get("index", otherwise)
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise ValueError("an index that is not a number")
    return index


def objects(value: Any, what: str) -> list[Fields]:
    """A list of objects; none at all is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"{what} is not a list of objects")
    return value


def lay_out(document: Fields, kind: str, choices: list[list[Fields]], *, include_usage: bool) -> list[Fields]:
    """The chunks of an answer: the choices in turn (as real servers send them), then the usage chunk if asked for.

    `choices` holds for every choice its entries, each of which becomes a chunk.
    """
    every = {name: document[name] for name in _ON_EVERY if name in document}
    first = {name: document[name] for name in _ON_FIRST if name in document}
    apart = {*every, *first, "choices", "usage", "object"}
    last = {name: value for name, value in document.items() if name not in apart}
    every["object"] = kind
    if include_usage:
        every["usage"] = None
    turns: Iterable[tuple[Fields | None, ...]] = zip_longest(*choices)
    chunks: list[Fields] = [{**every, "choices": [part]} for turn in turns for part in turn if part is not None]
    if "prompt_filter_results" in first:
        chunks.insert(0, {**every, "choices": []})
    usage = document.get("usage")
    if include_usage and usage is not None:
        chunks.append({**every, "choices": [], "usage": usage})
    if not chunks:
        raise ValueError("an answer without choices")
    chunks[0] |= first
    chunks[-1] |= last
    return chunks


def written(chunks: list[Fields]) -> bytes:
    return b"".join([*(event(msgspec.json.encode(chunk)) for chunk in chunks), DONE])


def shared_fields(document: Fields) -> Fields:
    """What must survive a conversion: all but usage (shown only to who asked) and the name of the form itself."""
    return {name: value for name, value in document.items() if name not in ("usage", "object")}


def sliced(logprobs: Any, text: str) -> list[tuple[str, Fields]] | None:
    """(token, its log-probabilities) for each token, or None where the text does not fall into these tokens.

    Both forms: `{"tokens": [...], "token_logprobs": [...], ...}` (lists of one length) and `{"content": [{"token"}]}`.
    """
    if not isinstance(logprobs, dict):
        return None
    listed = {name: value for name, value in logprobs.items() if isinstance(value, list) and value}
    rest = {name: [] if isinstance(value, list) else value for name, value in logprobs.items()}
    tokens = listed.get("tokens")
    if tokens is None:
        tokens = [entry.get("token") if isinstance(entry, dict) else None for entry in listed.get("content", ())]
    if not tokens or any(len(value) != len(tokens) for value in listed.values()):
        return None
    if not all(isinstance(token, str) for token in tokens) or "".join(tokens) != text:
        return None
    return [
        (token, {**rest, **{name: [value[at]] for name, value in listed.items()}}) for at, token in enumerate(tokens)
    ]


def _put(fields: Fields, name: str, value: Any) -> None:
    had = fields.get(name)
    if had is None:
        fields[name] = value
    elif isinstance(had, dict) and isinstance(value, dict):
        united = dict(had)
        for inner, of in value.items():
            _put(united, inner, of)
        fields[name] = united
    elif value is not None and value != had:
        raise ValueError(f"'{name}' differs between chunks")
