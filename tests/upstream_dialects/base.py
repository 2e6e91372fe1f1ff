"""What all dialects of the scripted upstream share: scripts, deterministic answers, the pieces of a stream."""

import base64
import dataclasses
import hashlib
import json
import re
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

CREATED = 1_700_000_000
# fmt: off
WORDS = ("amber", "basil", "cedar", "delta", "ember", "fable", "grove", "harbor", "indigo", "juniper",
         "kettle", "lantern", "maple", "nectar", "oak", "pebble")
# fmt: on
EMBEDDING_DIMENSIONS = 8
ARGUMENTS_PIECE = 7
"""Characters of a tool call's arguments (and of a JSON answer) in one streamed piece."""

_MARKER = re.compile(r"\[\[([a-z0-9_=. -]+)\]\]")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Script:
    """What one call does. Counts are of content chunks (words); times are seconds."""

    delay: float = 0.0
    """wait before the head"""
    body_delay: float = 0.0
    """wait between the head and the first body byte"""
    gap: float = 0.0
    """wait before every chunk but the first"""
    chunks: int | None = None
    """length of the answer in words, else 4 to 11, by the prompt"""
    status: int | None = None
    """answer with this error status in the dialect's shape"""
    code: str | None = None
    """the error's own code in that answer, where the dialect has such a field"""
    retry_after: float | None = None
    """429 unless `status` says otherwise, with a Retry-After header"""
    cut: int | None = None
    """close the TCP connection after so many chunks; 0: right after the head; -1: before the head"""
    rst: int | None = None
    """the same with a TCP reset"""
    end: int | None = None
    """end the stream cleanly after so many chunks, without its terminal marker"""
    stall: int | None = None
    """stop sending after so many chunks and keep the connection open; -1: never send the head"""
    sse_error: int | None = None
    """send the dialect's error event after so many chunks, then end cleanly"""
    failed: int | None = None
    """the same with `response.failed`, which only the Responses API has; elsewhere as `sse_error`"""
    ok_error: bool = False
    """`[[200error]]`: status 200 with an error body"""
    html502: bool = False
    """a gateway's HTML page with status 502"""
    length: bool = False
    """ended by the token limit"""
    filter: bool = False
    """ended by a content filter (Anthropic has none: a refusal)"""
    refusal: bool = False
    """the model declines: a `refusal` field, part or stop reason (Gemini: SAFETY and no content)"""
    flaky: int = 0
    """the first so many calls with this very text fail with 500"""
    times: int | None = None
    """the faults above happen to the first so many calls alone with this very text, model and credential"""
    hangup: bool = False
    """answer in full, then close the idle connection without having announced it"""
    tool: bool = False
    """call a tool, even if the request has none (see `Wanted` for when one is called by itself)"""
    tools: int = 0
    """so many parallel tool calls"""
    reason: int = 0
    """so many words of reasoning before the answer"""
    cached: int = 0
    """so many prompt tokens are reported as read from the provider's prompt cache; the bill does not change"""

    @classmethod
    def of(cls, text: str) -> "Script":
        """The script that the markers in `text` ask for. Raises KeyError for an unknown marker."""
        kinds = {field.name: str(field.type) for field in dataclasses.fields(cls)}
        found: dict[str, Any] = {}
        for marker in _MARKER.findall(text):
            for item in marker.split():
                name, _, value = item.partition("=")
                name = {"200error": "ok_error"}.get(name, name)
                kind = kinds[name]
                if "bool" in kind:
                    found[name] = True
                else:
                    found[name] = float(value) if "float" in kind else int(value) if "int" in kind else value
        return cls(**found)


FAULTS = ("status", "retry_after", "cut", "rst", "end", "stall", "sse_error", "failed", "ok_error", "html502")


def without_faults(script: Script) -> Script:
    """The same script of a call that goes well."""
    whole = Script()
    return dataclasses.replace(script, **{name: getattr(whole, name) for name in FAULTS})


def count_tokens(text: str) -> int:
    """Prompt tokens of a text: a quarter of its UTF-8 bytes, rounded up."""
    return -(-len(text.encode()) // 4)


def answer_words(prompt: str, chunks: int | None = None) -> list[str]:
    """The words of the answer to a prompt: a check word of its own, then words by its hash."""
    digest = hashlib.sha256(prompt.encode()).digest()
    length = chunks if chunks is not None else 4 + digest[0] % 8
    return [f"<{digest.hex()[:8]}>", *(WORDS[digest[i % 32] % len(WORDS)] for i in range(1, length))][:length]


def answer_to(prompt: str, chunks: int | None = None) -> str:
    """The text that this server answers to a prompt (all message texts, joined by newlines)."""
    return " ".join(answer_words(prompt, chunks))


def embedding_of(text: str, dimensions: int = EMBEDDING_DIMENSIONS) -> list[float]:
    """A deterministic vector of unit length."""
    raw = hashlib.shake_128(text.encode()).digest(dimensions)
    vector = [byte - 127.5 for byte in raw]
    norm = sum(x * x for x in vector) ** 0.5
    # Rounded through float32, so that the list and the base64 form say the same.
    return list(struct.unpack(f"<{dimensions}f", struct.pack(f"<{dimensions}f", *(x / norm for x in vector))))


def base64_floats(vector: Sequence[float]) -> str:
    """The base64 form of a vector: little-endian float32."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def texts(parts: Any) -> Iterator[str]:
    """Every text in a list of parts, in order; token numbers count as text."""
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, list):
            yield from texts(part)
        elif isinstance(part, dict):
            if isinstance(part.get("text"), str):
                yield part["text"]
            elif part.get("type") == "tool_result":
                yield from texts([part.get("content", "")])
            elif isinstance(part.get("functionResponse"), dict):
                yield json.dumps(part["functionResponse"].get("response"))
        elif isinstance(part, int):
            yield str(part)


def sample_of(schema: Any, seed: str, name: str = "") -> Any:
    """A value that a JSON schema allows, chosen by `seed` (the commonest keywords; `$ref` is not followed)."""
    if not isinstance(schema, Mapping):
        return answer_to(seed + name, 2)
    if "const" in schema:
        return schema["const"]
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return schema["enum"][0]
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    number = hashlib.sha256((seed + name).encode()).digest()[0]
    # Gemini's own schema type names are upper case
    match kind.lower() if isinstance(kind, str) else kind:
        case "object" | None if isinstance(schema.get("properties"), Mapping):
            return {key: sample_of(value, seed, key) for key, value in schema["properties"].items()}
        case "object":
            return {}
        case "array":
            return [sample_of(schema.get("items"), seed, f"{name}{i}") for i in range(2)]
        case "integer":
            return number
        case "number":
            return number + 0.5
        case "boolean":
            return number % 2 == 0
        case "null":
            return None
        case _:
            return answer_to(seed + name, 2)


@dataclasses.dataclass(frozen=True)
class Tool:
    """A function that the request offers."""

    name: str
    schema: Any


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a request asks of the answer, whatever its dialect.

    A tool is called if the request offers some, did not forbid it and does not end in a tool's result.
    `schema` is the JSON schema of a structured answer; {} stands for any JSON object.
    """

    prompt: str
    n: int = 1
    limit: int | None = None
    tools: tuple[Tool, ...] = ()
    calls_tool: bool = False
    schema: Any = None
    logprobs: int | None = None
    """so many alternatives per token; None: no log-probabilities"""


@dataclasses.dataclass(frozen=True)
class ToolCall:
    """One call; `pieces` is its JSON arguments as they are streamed. The id depends on the prompt alone."""

    id: str
    name: str
    pieces: list[str]

    @property
    def arguments(self) -> str:
        return "".join(self.pieces)


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of the `n` answers. `finish` is stop, length, filter, tool or refusal."""

    index: int
    pieces: list[str]
    reasoning: list[str]
    calls: list[ToolCall]
    finish: str

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def refused(self) -> bool:
        return self.finish == "refusal"

    @property
    def tokens(self) -> int:
        return len(self.pieces) + len(self.reasoning) + sum(len(call.pieces) for call in self.calls)


@dataclasses.dataclass(frozen=True)
class Piece:
    """Bytes of a stream that are written at once. A content chunk has tokens; a framing event has none."""

    data: bytes
    tokens: int = 0


@dataclasses.dataclass(frozen=True)
class Reply:
    """A whole answer: its JSON, and its stream where the request asked for one."""

    document: Any
    prompt_tokens: int
    tokens: int
    pieces: list[Piece] | None = None
    error_event: bytes = b""
    failed_event: bytes = b""
    content_type: str = "application/json"


@dataclasses.dataclass(frozen=True)
class Received:
    """A request as a dialect sees it. `header` looks a name up whatever its spelling, `query` is decoded."""

    number: int
    path: str
    query: Mapping[str, str]
    header: Callable[[str], str | None]
    body: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Refused:
    """An error answer in the dialect's shape."""

    status: int
    document: Any


class Endpoint(Protocol):
    """One POST endpoint of a dialect. `prompt` and `reply` raise ValueError, KeyError, TypeError or AttributeError
    for a body that they cannot read; the server answers 400 in the dialect's shape."""

    def check(self, received: Received) -> Refused | None:
        """What this dialect refuses before it reads the body."""
        ...

    def model(self, received: Received) -> str: ...

    def prompt(self, received: Received) -> str: ...

    def reply(self, received: Received, prompt: str, script: Script) -> Reply: ...

    def error(self, received: Received, status: int, message: str, code: str | None = None) -> Any:
        """The body of an error answer."""
        ...

    def headers(self, received: Received) -> dict[str, str]:
        """The headers of every answer beside the content type."""
        ...


def spaced(words: Sequence[str]) -> list[str]:
    """Words as streamed pieces: all but the first with the space before them."""
    return [word if at == 0 else f" {word}" for at, word in enumerate(words)]


def cut_up(text: str) -> list[str]:
    """A JSON text in pieces of a few characters."""
    return [text[at : at + ARGUMENTS_PIECE] for at in range(0, len(text), ARGUMENTS_PIECE)]


def choices_of(wanted: Wanted, script: Script) -> list[Choice]:
    """The answers to a request, by its prompt and its script alone."""
    return [_choice(wanted, script, index) for index in range(wanted.n)]


def _choice(wanted: Wanted, script: Script, index: int) -> Choice:
    seed = f"{wanted.prompt}#{index}" if index else wanted.prompt
    reasoning = spaced(answer_words(f"why {seed}", script.reason))
    if script.refusal:
        return Choice(index, spaced(["I", "cannot", "help", f"<{_digest(seed)[:8]}>"]), reasoning, [], "refusal")
    calls = script.tools or int(script.tool or wanted.calls_tool)
    if calls:
        return Choice(index, [], reasoning, [_call(wanted, seed, at) for at in range(calls)], "tool")
    if wanted.schema is not None:
        sample = sample_of(wanted.schema, seed) if wanted.schema else {"answer": answer_to(seed, script.chunks)}
        pieces = cut_up(json.dumps(sample))
    else:
        pieces = spaced(answer_words(seed, script.chunks))
    finish = "length" if script.length else "filter" if script.filter else "stop"
    if wanted.limit is not None and wanted.limit < len(pieces):
        pieces, finish = pieces[: wanted.limit], "length"
    return Choice(index, pieces, reasoning, [], finish)


def _call(wanted: Wanted, seed: str, at: int) -> ToolCall:
    tool = wanted.tools[at % len(wanted.tools)] if wanted.tools else Tool("lookup", None)
    sample = (
        sample_of(tool.schema, f"{seed}{at or ''}") if tool.schema else {"query": answer_to(f"{seed}{at or ''}", 3)}
    )
    return ToolCall(f"call_{_digest(f'{seed} {at}')[:20]}", tool.name, cut_up(json.dumps(sample)))


def logprob_of(piece: str) -> float:
    """A log-probability below zero, by the piece alone."""
    return -(1 + hashlib.sha256(piece.encode()).digest()[0]) / 64


def alternatives(piece: str, count: int) -> list[tuple[str, float]]:
    """The piece itself and then others, with falling log-probabilities."""
    first = logprob_of(piece)
    return [(piece if at == 0 else f"{piece}~{at}", first - at) for at in range(count)]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sse(event: Any, name: str | None = None, line_end: str = "\n") -> bytes:
    """One server-sent event with a JSON data line."""
    head = f"event: {name}{line_end}" if name else ""
    return f"{head}data: {json.dumps(event)}{line_end}{line_end}".encode()
