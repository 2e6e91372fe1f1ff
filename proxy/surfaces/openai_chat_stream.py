"""A chat answer as chunks, and chunks as a chat answer.

Whole to stream: every conversion is proved by converting it back; an answer that does not come back the same has no
stream form (`ValueError`). Stream to whole: text and arguments grow, tool calls merge by `index`, everything else is
said once; what is said twice and differently is a doubt (`ValueError`).
"""

import base64
from typing import Any

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
from halfpenny.proxy.surfaces.pieces import pieces_of

_TEXTS = frozenset({"content", "refusal", "reasoning", "reasoning_content"})
_CALL_TEXTS = frozenset({"arguments", "input"})
_DETAIL_TEXTS = frozenset({"text", "summary"})
_KNOWN = ("index", "delta", "logprobs")


def to_chunks(document: Any, *, include_usage: bool) -> bytes:
    """The event stream of a whole chat answer; `ValueError` if it has none."""
    if not isinstance(document, dict):
        raise ValueError("not an object")
    choices = objects(document.get("choices"), "choices")
    laid = [_entries(choice, index_of(choice, at)) for at, choice in enumerate(choices)]
    chunks = lay_out(document, "chat.completion.chunk", laid, include_usage=include_usage)
    settled = sorted((_settled(choice, at) for at, choice in enumerate(choices)), key=index_of)
    if shared_fields(_assembled(chunks)) != shared_fields({**document, "choices": settled}):
        raise ValueError("an answer that chunks cannot express")
    return written(chunks)


def from_chunks(stream: bytes) -> Fields:
    """The chat answer of a whole stream; `ValueError` if it is in doubt."""
    chunks = chunks_of(stream)
    document = _assembled(chunks)
    usage = usage_of(chunks)
    if usage is not None:
        document["usage"] = usage
    return document


# whole to stream


def _entries(choice: Fields, index: int) -> list[Fields]:
    """The entries of one choice, in order: role, reasoning, text, tool calls, everything else, the ending."""
    message = choice.get("message")
    if not isinstance(message, dict):
        raise ValueError("a choice without a message")
    logprobs = _Logprobs(choice.get("logprobs"))
    blank: Fields = {"logprobs": None} if "logprobs" in choice else {}
    entries: list[Fields] = [
        {"index": index, "delta": delta, **blank, **tokens, "finish_reason": None}
        for delta, tokens in _deltas(message, logprobs)
    ]
    rest = {name: value for name, value in choice.items() if name not in ("index", "message", "logprobs")}
    return [*entries, {"index": index, "delta": {}, **blank, **logprobs.untold(), **rest}]


def _deltas(message: Fields, logprobs: "_Logprobs") -> list[tuple[Fields, Fields]]:
    """(delta, `{"logprobs": ...}` if it has any) one after the other."""
    opening: Fields = {"role": message.get("role", "assistant")}
    thoughts: list[tuple[Fields, Fields]] = []
    texts: list[tuple[Fields, Fields]] = []
    calls: list[tuple[Fields, Fields]] = []
    others: list[tuple[Fields, Fields]] = []
    for name, value in message.items():
        if name == "role":
            continue
        if value is None or value in ("", [], {}):
            opening[name] = value
        elif name in ("content", "refusal"):
            if not isinstance(value, str):
                raise ValueError(f"{name} that is not text")
            if name == "content":
                opening["content"] = ""
            texts += logprobs.on_borders(name, value)
        elif name in _TEXTS and isinstance(value, str):
            thoughts += [({name: piece}, {}) for piece in pieces_of(value)]
        elif name == "reasoning_details":
            thoughts += [({name: [detail]}, {}) for detail in objects(value, name)]
        elif name == "tool_calls":
            for at, call in enumerate(objects(value, name)):
                calls += [({name: [part]}, {}) for part in _call_parts(call, index_of(call, at))]
        elif name == "function_call" and isinstance(value, dict):
            calls += [({name: part}, {}) for part in _argument_parts(value)]
        else:
            others.append(({name: value}, {}))
    return [(opening, {}), *thoughts, *texts, *calls, *others]


class _Logprobs:
    """The log-probabilities of one choice, handed out with the text that they belong to."""

    def __init__(self, given: Any) -> None:
        self._given = given
        self._fields: Fields = given if isinstance(given, dict) else {}
        self._blank = {name: [] if isinstance(value, list) else value for name, value in self._fields.items()}
        self._left = {name: value for name, value in self._fields.items() if isinstance(value, list) and value}
        self._told = False

    def on_borders(self, name: str, text: str) -> list[tuple[Fields, Fields]]:
        """The deltas of this text: on token borders, or in one piece where its tokens do not add up to it (bytes of
        one character in several tokens), or in words where it has no tokens."""
        tokens = self._left.pop(name, None)
        if tokens is None:
            return [({name: piece}, {}) for piece in pieces_of(text)]
        self._told = True
        cut = sliced({"content": tokens}, text)
        pieces = [(text, tokens)] if cut is None else [(token, part["content"]) for token, part in cut]
        return [({name: piece}, {"logprobs": {**self._blank, name: mine}}) for piece, mine in pieces]

    def untold(self) -> Fields:
        """What has gone with no text, for the last chunk."""
        if self._given is None or (self._told and not self._left):
            return {}
        return {"logprobs": {**self._blank, **self._left} if isinstance(self._given, dict) else self._given}


def _call_parts(call: Fields, index: int) -> list[Fields]:
    """A tool call in parts: all of it with empty arguments, then the arguments (of a custom tool: its input)."""
    for kind in ("function", "custom"):
        inner = call.get(kind)
        if isinstance(inner, dict):
            first, *more = _argument_parts(inner)
            return [{**call, "index": index, kind: first}, *({"index": index, kind: part} for part in more)]
    return [{**call, "index": index}]


def _argument_parts(called: Fields) -> list[Fields]:
    for name in _CALL_TEXTS & set(called):
        text = called[name]
        if not isinstance(text, str):
            raise ValueError(f"{name} that are not text")
        return [{**called, name: ""}, *({name: piece} for piece in pieces_of(text))]
    return [called]


def _settled(choice: Fields, at: int) -> Fields:
    """A choice as it comes back from its chunks, where two ways of writing it mean the same."""
    message = choice["message"]
    settled = {"role": "assistant", "content": None, **message}
    if message.get("tool_calls"):
        # the place in the list is the index
        settled["tool_calls"] = [
            {name: value for name, value in call.items() if name != "index" or value != number}
            for number, call in enumerate(message["tool_calls"])
        ]
    return {"index": at, "finish_reason": None, **choice, "message": _closed(settled)}


# stream to whole


def _assembled(chunks: list[Fields]) -> Fields:
    document = head_of(chunks, "chat.completion")
    choices: dict[int, Fields] = {}
    for part in parts_of(chunks):
        index = index_of(part)
        choice = choices.setdefault(
            index, {"index": index, "message": {"role": "assistant", "content": None}, "finish_reason": None}
        )
        delta = part.get("delta")
        if not isinstance(delta, dict | None):
            raise ValueError("a delta that is not an object")
        for name, value in (delta or {}).items():
            _merge_field(choice["message"], name, value)
        merge_logprobs(choice, part)
        merge_rest(choice, part, _KNOWN)
    for choice in choices.values():
        message = choice["message"]
        for name in ("tool_calls", "reasoning_details"):
            if isinstance(message.get(name), dict):
                message[name] = _listed(message[name], name)
        choice["message"] = _closed(message)
    document["choices"] = [choices[index] for index in sorted(choices)]
    return document


def _closed(message: Fields) -> Fields:
    """With tool calls there is no text rather than an empty one: a stream's first delta often has an empty one."""
    if message.get("tool_calls") and message.get("content") == "":
        return {**message, "content": None}
    return message


def _merge_field(message: Fields, name: str, value: Any) -> None:
    if name == "role":
        message["role"] = value or message["role"]
    elif value is None:
        message.setdefault(name, None)
    elif name in _TEXTS:
        message[name] = _grown(message.get(name), value, name)
    elif name == "tool_calls":
        calls = message[name] = message.get(name) or {}
        _merge_calls(calls, objects(value, name))
    elif name == "reasoning_details":
        details = message[name] = message.get(name) or {}
        _merge_details(details, objects(value, name))
    elif name == "function_call":
        message[name] = _united(message.get(name), value, _CALL_TEXTS)
    elif name == "audio":
        message[name] = _with_audio(message.get(name), value)
    elif isinstance(value, list) and isinstance(message.get(name), list | None):
        message[name] = [*(message.get(name) or ()), *value]
    elif not message.get(name):
        message[name] = value
    else:
        # whether it grows or repeats itself cannot be known
        raise ValueError(f"'{name}' is said twice")


def _grown(had: Any, more: Any, name: str) -> str:
    if not isinstance(more, str) or not isinstance(had, str | None):
        raise ValueError(f"'{name}' is not text")
    return (had or "") + more


def _united(had: Any, more: Any, growing: frozenset[str]) -> Fields:
    """Two parts of one object: these texts grow, the rest is said once (or again the same)."""
    if not isinstance(more, dict) or not isinstance(had, dict | None):
        raise ValueError("a part that is not an object")
    out: Fields = dict(had or {})
    for name, value in more.items():
        old = out.get(name)
        if name in growing and isinstance(value, str):
            out[name] = _grown(old, value, name)
        elif old is None or old == "":
            out[name] = value
        elif value not in (None, "", old):
            raise ValueError(f"'{name}' is said twice")
    return out


def _merge_calls(calls: dict[int, Fields], parts: list[Fields]) -> None:
    for part in parts:
        if isinstance(part.get("index"), int):
            index = index_of(part)
        else:
            # without numbers (older Ollama) every call comes whole, with an id of its own
            index = len(calls) if part.get("id") or not calls else len(calls) - 1
        call = calls.setdefault(index, {})
        for kind in ("function", "custom"):
            if part.get(kind) is not None:
                call[kind] = _united(call.get(kind), part[kind], _CALL_TEXTS)
        rest = {name: value for name, value in part.items() if name not in ("index", "function", "custom")}
        call |= _united(call, rest, frozenset())


def _merge_details(details: dict[Any, Fields], parts: list[Fields]) -> None:
    """OpenRouter's reasoning blocks: those with one index and type are parts of the same block."""
    for part in parts:
        index = part.get("index")
        key = (index, str(part.get("type"))) if isinstance(index, int) else ("", len(details))
        details[key] = _united(details.get(key), part, _DETAIL_TEXTS)


def _listed(merged: dict[Any, Fields], name: str) -> list[Fields]:
    return [merged[key] for key in sorted(merged)] if name == "tool_calls" else list(merged.values())


def _with_audio(had: Any, more: Any) -> Fields:
    """The transcript grows as text, the data as bytes: every part is base64 by itself."""
    if not isinstance(more, dict):
        raise ValueError("audio that is not an object")
    audio = _united(had, {name: value for name, value in more.items() if name != "data"}, frozenset({"transcript"}))
    data = more.get("data")
    if data:
        if not isinstance(data, str):
            raise ValueError("data that is not text")
        before = audio.get("data") or ""
        if before.endswith("=") or len(before) % 4:
            data = _joined(before, data)
        else:
            data = before + data
        audio["data"] = data
    elif "data" in more:
        audio.setdefault("data", data)
    return audio


def _joined(first: str, second: str) -> str:
    return base64.b64encode(base64.b64decode(first, validate=True) + base64.b64decode(second, validate=True)).decode()
