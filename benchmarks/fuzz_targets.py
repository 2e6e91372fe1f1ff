"""What `benchmarks.fuzz` throws bytes at, and what must hold for any bytes.

A target makes an input from a random source and checks it. `check` is a function of the input alone (its own choices
are seeded by the input's checksum), so an input that was saved fails again when it is replayed.

| target | input | must hold |
| --- | --- | --- |
| `events` | an event stream | nothing lost; the same data whatever the cuts; the same events if no comment opens one |
| `recorder:PATH` | the same | never raises; one verdict whatever the cuts; what may be stored converts or is doubted |
| `answer:PATH` | a JSON answer | never raises; what may be stored is turned into a stream or doubted |
| `body:PATH` | a request body | read, or refused with a `ProxyError` |
| `key` | a JSON object | order and spelling leave the key alone; a changed value, type, name or list changes it |
| `json` | any bytes | read as an object or refused with a `ProxyError`; two parsers agree if no key is named twice |

A conversion doubts by a `ValueError`: the entry is then served in the mode it was stored in, or not at all.
"""

import contextlib
import json
import math
import random
import zlib
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from halfpenny.proxy.bodies import has_duplicate_keys
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.surfaces import load_surfaces
from halfpenny.proxy.surfaces.base import Recorder, Surface
from halfpenny.proxy.surfaces.reading import read_object
from halfpenny.proxy.surfaces.sse import EventSplitter, data_of, events_of
from halfpenny.semantic_cache.key import canonical, exact_key
from tests.contract.surface_cases import CASES

NOISE = frozenset({"stream", "user", "metadata"})
MOST_BYTES = 4096
"""Inputs are kept shorter: what is wrong shows on small ones; what is slow shows on long ones (`_long`)."""
_LONG_ONE_IN = 4000
_COMMON = 4
_TOKENS = (
    *(b"data: ", b"data:", b"event: ", b"id: 1", b"retry: 1", b": ping", b":", b"\n", b"\n\n", b"\r\n", b"\r\n\r\n"),
    *(b"[DONE]", b"data: [DONE]\n\n", b"\xef\xbb\xbf", b"\xff", b"\x00", b"\xe2\x80\xa8", b"\\ud800", b"\\u0000"),
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"null", b"true", b"false", b"0", b"-0.0", b"1e400", b"NaN", b"-1"),
    *(b'"choices":', b'"delta":', b'"index":', b'"finish_reason":', b'"stop"', b'"usage":', b'"error":', b'"type":'),
    *(b'"content":', b'"text":', b'"message":', b'"tool_calls":', b'"function":', b'"arguments":', b'"logprobs":'),
    *(b'"candidates":', b'"parts":', b'"finishReason":', b'"usageMetadata":', b'"response":', b'"output":', b'"item":'),
    *(b'"content_block":', b'"stop_reason":', b'"model":', b'"messages":', b'"input":', b'"role":', b'"stream":true'),
    *(b'"n":2', b"18446744073709551616", b"[[[[[[[[", b'{"":{"":{"":', b'"a":1,"a":2', b'\xf0\x9f\x98\x80"', b"\r"),
)


class Broken(AssertionError):  # noqa: N818 -- it is what is reported, not what is caught
    """Something that must hold does not."""


class Target(Protocol):
    name: str

    def make(self, rng: random.Random) -> bytes: ...

    def check(self, data: bytes) -> None: ...


class Events:
    """Cutting a stream into events (`EventSplitter`, `events_of`, `data_of`)."""

    name = "events"

    def __init__(self, seeds: Sequence[bytes]) -> None:
        self._seeds = seeds

    def make(self, rng: random.Random) -> bytes:
        return _stream(rng, self._seeds)

    def check(self, data: bytes) -> None:
        whole, rest = _split(data, [len(data)])
        _same(b"".join(whole) + rest, data, "whole: events and rest")
        pieces, left = _split(data, _cuts(data))
        _same(b"".join(pieces) + left, data, "cut: events and rest")
        _same(_contents(pieces, left), _contents(whole, rest), "the data of the events")
        if not any(raw.startswith(b":") for raw in (*whole, rest)):
            _same(pieces, whole, "the events")
        listed = list(events_of(data))
        _same(b"".join(listed) + (b"" if rest.strip() else rest), data, "events_of")


class Recording:
    """One surface's recorder, and the conversion of what it calls whole and storable."""

    def __init__(self, path: str, surface: Surface, seeds: Sequence[bytes]) -> None:
        self.name = f"recorder:{path}"
        self._surface = surface
        self._seeds = seeds
        case = CASES[path]
        self._ask = surface.read(msgspec.json.encode(case.body), case.target)

    def make(self, rng: random.Random) -> bytes:
        return _stream(rng, self._seeds)

    def check(self, data: bytes) -> None:
        whole = self._record(data, [len(data)])
        cut = self._record(data, _cuts(data))
        _same(_verdict(cut), _verdict(whole), "the recorder's verdict")
        self._surface.without_usage(data)
        if whole.complete and whole.admissible:
            with contextlib.suppress(ValueError):
                document = self._surface.to_document(data)
                _same(type(document), dict, "the converted answer's type")
                msgspec.json.encode(document)

    def _record(self, data: bytes, ends: list[int]) -> Recorder:
        recorder = self._surface.recorder(self._ask)
        at = 0
        for end in ends:
            recorder.feed(data[at:end])
            at = end
        recorder.finish()
        return recorder


class Answers:
    """One surface's reading of whole JSON answers."""

    def __init__(self, path: str, surface: Surface) -> None:
        self.name = f"answer:{path}"
        self._surface = surface
        case = CASES[path]
        self._streamed = case.streamed
        self._seed = msgspec.json.encode(case.answer)

    def make(self, rng: random.Random) -> bytes:
        return _document(rng, self._seed)

    def check(self, data: bytes) -> None:
        try:
            document = msgspec.json.decode(data)
        except (ValueError, RecursionError):
            return
        self._surface.reported(document)
        if not self._surface.admissible(document) and self._streamed:
            with contextlib.suppress(ValueError):
                stream = self._surface.to_stream(document, include_usage=bool(len(data) % 2))
                _same(type(stream), bytes, "the stream's type")


class Bodies:
    """One surface's reading of request bodies."""

    def __init__(self, path: str, surface: Surface) -> None:
        self.name = f"body:{path}"
        self._surface = surface
        self._target = CASES[path].target
        more = {"stream": True, "stream_options": {"include_usage": True}}
        self._seed = msgspec.json.encode({**CASES[path].body, **more})

    def make(self, rng: random.Random) -> bytes:
        return _document(rng, self._seed)

    def check(self, data: bytes) -> None:
        try:
            ask = self._surface.read(data, self._target)
        except ProxyError as refused:
            _same(400 <= refused.status < 500, True, f"status {refused.status} of a refusal")
            return
        exact_key((b"base",), ask.document if ask.keyed is None else ask.keyed, ask.noise)
        if ask.frame is not None:
            canonical(ask.frame, ask.noise)
        self._surface.recorder(ask).finish()


class Key:
    """The canonical form and the exact key."""

    name = "key"

    def __init__(self, seeds: Sequence[bytes]) -> None:
        self._seeds = seeds

    def make(self, rng: random.Random) -> bytes:
        return _document(rng, rng.choice(self._seeds))

    def check(self, data: bytes) -> None:
        try:
            document = read_object(data)
        except ProxyError:
            return
        rng = _own(data)
        key = exact_key((b"base",), document, NOISE)
        turned = _shuffled(document, rng)
        spelled = json.dumps(turned, ensure_ascii=bool(rng.getrandbits(1)), indent=rng.choice((None, 1)))
        again = read_object(spelled.encode())
        _same(exact_key((b"base",), again, NOISE), key, "the key after another order and spelling")
        louder = {**document, **{name: _value(rng, 2) for name in NOISE}}
        _same(exact_key((b"base",), louder, NOISE), key, "the key with other noise")
        kept = {name: value for name, value in document.items() if name not in NOISE}
        _same(msgspec.json.decode(canonical(document, NOISE)), kept, "the canonical form, read again")
        other, how = _changed(kept, rng)
        if isinstance(other, dict) and exact_key((b"base",), other, NOISE) == key:
            raise Broken(f"the key did not change although {how}")
        if exact_key((b"other",), document, NOISE) == key:
            raise Broken("the key did not change with its base")


class Json:
    """Any bytes as a body."""

    name = "json"

    def __init__(self, seeds: Sequence[bytes]) -> None:
        self._seeds = seeds

    def make(self, rng: random.Random) -> bytes:
        return _bent(rng, rng.choice(self._seeds))

    def check(self, data: bytes) -> None:
        twice = has_duplicate_keys(data)
        try:
            document = read_object(data)
        except ProxyError as refused:
            _same(refused.status, 400, "the status of a refusal")
            return
        canonical(document, NOISE)
        if not twice:
            _same(_comparable(json.loads(data)), _comparable(document), "what two parsers read")


def targets() -> list[Target]:
    """Every target there is: six kinds, three of them once for each surface of the table. Those that every request goes
    through stand in it several times: the executions go round this list."""
    surfaces = {surface: path for path, surface in reversed(list(load_surfaces().items()))}
    streams = list(_STREAMS)
    bodies = [msgspec.json.encode(case.body) for case in CASES.values()] + list(_BODIES)
    for surface, path in surfaces.items():
        if CASES[path].streamed:
            streams += [surface.to_stream(CASES[path].answer, include_usage=usage) for usage in (True, False)]
    found: list[Target] = [Events(streams), Key(bodies), Json(bodies)] * _COMMON
    for surface, path in surfaces.items():
        if CASES[path].streamed:
            own = [surface.to_stream(CASES[path].answer, include_usage=True)]
            # half of the time its own dialect, the rest whatever an upstream may send by mistake
            found.append(Recording(path, surface, own * len(streams) + streams))
        found += [Answers(path, surface), Bodies(path, surface)]
    return found


# --- inputs


def _stream(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    if rng.randrange(_LONG_ONE_IN) == 0:
        return _long(rng)
    kind = rng.randrange(8)
    if kind == 0:
        return b"".join(rng.choice(_TOKENS) for _ in range(rng.randrange(1, 40)))
    seed = rng.choice(seeds)
    if kind < 4:
        return _bent_events(rng, seed)
    return _bent(rng, seed)


def _bent_events(rng: random.Random, stream: bytes) -> bytes:
    """The events stay JSON; a value in one of them, or their order and number, is changed."""
    events = list(events_of(stream))
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(events))
        how = rng.randrange(6)
        if how == 0:
            events.insert(at, events[rng.randrange(len(events))])
        elif how == 1 and len(events) > 1:
            del events[at]
        else:
            raw = events[at]
            data = data_of(raw)
            try:
                document = msgspec.json.decode(data)
            except (ValueError, RecursionError):
                continue
            changed, _ = _changed(document, rng)
            events[at] = raw.replace(data, msgspec.json.encode(changed)) if len(data) > 1 else raw
    return b"".join(events)[:MOST_BYTES]


def _document(rng: random.Random, seed: bytes) -> bytes:
    """A JSON document: the seed with values changed, one made from nothing, or one with broken bytes."""
    kind = rng.randrange(8)
    if kind == 0:
        return _bent(rng, seed)
    if kind == 1:
        made = _value(rng, 4)
        return json.dumps(made if isinstance(made, dict) else {"a": made}).encode()
    document = msgspec.json.decode(seed)
    for _ in range(rng.randrange(1, 5)):
        document, _how = _changed(document, rng)
    return msgspec.json.encode(document)


def _bent(rng: random.Random, seed: bytes) -> bytes:
    """The seed's bytes, hurt in a few places."""
    data = bytearray(seed)
    for _ in range(1 << rng.randrange(4)):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + (1 << rng.randrange(7)))
        how = rng.randrange(7)
        if how == 0:
            del data[at:end]
        elif how == 1:
            data[at:at] = rng.choice(_TOKENS)
        elif how == 2:
            data[at:end] = rng.choice(_TOKENS)
        elif how == 3 and at < len(data):
            data[at] = rng.getrandbits(8)
        elif how == 4:
            data[at:at] = data[at:end] * rng.randrange(1, 4)
        elif how == 5:
            del data[at:]
        else:
            data[at:at] = seed[rng.randrange(len(seed)) :][: 1 << rng.randrange(8)]
    return bytes(data[:MOST_BYTES])


def _long(rng: random.Random) -> bytes:
    """One piece many times over: what is quadratic shows here."""
    size = rng.choice((20_000, 100_000, 300_000))
    piece = rng.choice(_TOKENS) + rng.choice((b"", b"x", b"\n", b" "))
    return (piece * (size // len(piece)))[:size] + rng.choice((b"", b"\n\n", b"data: [DONE]\n\n"))


def _value(rng: random.Random, depth: int) -> Any:
    kind = rng.randrange(10 if depth else 7)
    if kind < 7:
        return rng.choice(_SCALARS)
    count = rng.randrange(4)
    if kind == 7:
        return [_value(rng, depth - 1) for _ in range(count)]
    return {rng.choice(_NAMES): _value(rng, depth - 1) for _ in range(count)}


_SCALARS: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 1.0, -0.0, 0.1, 1e300, 2**53, 2**53 + 1, 2**63, 2**64, 10**30, 5e-324),
    *("", "0", "1", "null", "true", "a", "A", "stop", "é", "e\u0301", "\u2028", "\x00", "😀", "\\", '"', "x" * 300),
)
_NAMES = (
    *("", "a", "b", "A", "stream", "user", "metadata", "model", "messages", "content", "role", "input", "prompt", "n"),
    *("choices", "delta", "message", "text", "finish_reason", "tool_calls", "function", "arguments", "logprobs"),
    *("error", "type", "parts", "candidates", "finishReason", "usageMetadata", "response", "output", "item", "data"),
    *("content_block", "stop_reason", "reasoning_content", "refusal", "tools", "stream_options", "id", "object"),
    *("index", "usage", "name", "tool_call_id", "image_url", "stop", "system", "contents", "generationConfig"),
)


# --- changes


def _changed(value: Any, rng: random.Random) -> tuple[Any, str]:
    """A copy with one thing changed so that it means something else, and what was changed."""
    if isinstance(value, dict) and value and rng.randrange(5):
        name = rng.choice(list(value))
        inner, how = _changed(value[name], rng)
        return {**value, name: inner}, f"{name!r}: {how}"
    if isinstance(value, list) and value and rng.randrange(5):
        at = rng.randrange(len(value))
        inner, how = _changed(value[at], rng)
        return [*value[:at], inner, *value[at + 1 :]], f"[{at}]: {how}"
    if isinstance(value, dict):
        return _changed_object(value, rng)
    if isinstance(value, list):
        return _changed_list(value, rng)
    while True:
        other = _value(rng, 2)
        if _comparable(other) != _comparable(value):
            return other, f"{value!r} became {other!r}"


def _changed_object(value: dict[str, Any], rng: random.Random) -> tuple[Any, str]:
    how = rng.randrange(4)
    if how == 0 and value:
        name = rng.choice(list(value))
        if name not in NOISE:
            return {k: v for k, v in value.items() if k != name}, f"{name!r} was taken out"
    if how == 1 and value:
        name = rng.choice(list(value))
        if name not in NOISE:
            return {(f"{k}_" if k == name and f"{k}_" not in value else k): v for k, v in value.items()} | (
                {"renamed": name} if f"{name}_" in value else {}
            ), f"{name!r} was renamed"
    if how == 2:
        return [value], "an object was put in a list"
    name = next(f"new{n}" for n in range(len(value) + 1) if f"new{n}" not in value)
    return {**value, name: _value(rng, 2)}, f"{name!r} was added"


def _changed_list(value: list[Any], rng: random.Random) -> tuple[Any, str]:
    turned = value[::-1]
    how = rng.randrange(4)
    if how == 0 and _comparable(turned) != _comparable(value):
        return turned, "a list was turned round"
    if how == 1 and value:
        return value[:-1], "the last of a list was taken out"
    if how == 2:
        return {"a": value}, "a list was put in an object"
    return [*value, _value(rng, 2)], "a list got longer"


def _shuffled(value: Any, rng: random.Random) -> Any:
    """The same document with the names of its objects in another order."""
    if isinstance(value, dict):
        names = list(value)
        rng.shuffle(names)
        return {name: _shuffled(value[name], rng) for name in names}
    if isinstance(value, list):
        return [_shuffled(item, rng) for item in value]
    return value


def _comparable(value: Any) -> Any:
    """Equal only for what is the same JSON value: 1, 1.0, true and "1" differ, as do 0.0 and -0.0."""
    if isinstance(value, dict):
        return {name: _comparable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, float):
        return ("float", value, math.copysign(1.0, value))
    return (type(value).__name__, value)


# --- checks


def _own(data: bytes) -> random.Random:
    return random.Random(zlib.crc32(data))


def _cuts(data: bytes) -> list[int]:
    """Ends of pieces: every byte for itself, even pieces, or random ones."""
    rng = _own(data)
    size = len(data)
    kind = rng.randrange(4)
    if kind == 0 and size <= 1500:
        return list(range(1, size + 1))
    if kind == 1:
        step = rng.randrange(1, 60) if size < 10_000 else 4096
        return [*range(step, size, step), size]
    inside = sorted(rng.randrange(size + 1) for _ in range(rng.randrange(1, 12)))
    return [*inside, size]


def _split(data: bytes, ends: list[int]) -> tuple[list[bytes], bytes]:
    splitter = EventSplitter()
    events: list[bytes] = []
    at = 0
    for end in ends:
        events += splitter.feed(data[at:end])
        at = end
    return events, splitter.rest


def _contents(events: list[bytes], rest: bytes) -> list[bytes]:
    return [data for data in map(data_of, (*events, rest)) if data]


def _verdict(recorder: Recorder) -> tuple[Any, ...]:
    return (
        *(recorder.complete, recorder.closed, recorder.admissible, recorder.content_chunks, recorder.error),
        msgspec.json.encode(recorder.reported()),
    )


def _same(got: Any, wanted: Any, what: str) -> None:
    if got != wanted:
        raise Broken(f"{what}: {_short(got)} is not {_short(wanted)}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 200 else f"{text[:100]}...{text[-80:]}"


# --- seeds: streams and bodies in the forms that the servers were seen to send


def _sse(*events: str, end: str = "\n\n", named: bool = False) -> bytes:
    lines = []
    for data in events:
        name = f"event: {json.loads(data)['type']}\n" if named else ""
        lines.append(f"{name}data: {data}")
    return (end.join(lines) + end).encode()


_STREAMS = (
    b": OPENROUTER PROCESSING\n\n"
    + _sse(
        '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
        '{"role":"assistant","content":null},"finish_reason":null}]}',
        '{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","type":"function","function":'
        '{"name":"f","arguments":""}}]},"finish_reason":null}],"usage":null}',
        '{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\":1}"}}]},'
        '"finish_reason":null}],"usage":null}',
        '{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}],"usage":null}',
        '{"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13}}',
        "[DONE]",
    ),
    _sse(
        '{"id":"c","choices":[{"index":1,"delta":{"content":"b"},"logprobs":{"content":[{"token":"b","logprob":-0.1,'
        '"top_logprobs":[]}]},"finish_reason":null}]}',
        '{"id":"c","choices":[{"index":0,"delta":{"reasoning_content":"hm","content":"a"},"finish_reason":"stop"}]}',
        '{"id":"c","choices":[{"index":1,"delta":{},"finish_reason":"length"}]}',
        "[DONE]",
        end="\r\n\r\n",
    ),
    _sse('{"id":"c","choices":[{"index":0,"delta":{"content":"a"}}]}', '{"error":{"message":"overloaded","code":529}}'),
    _sse(
        '{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],'
        '"stop_reason":null,"usage":{"input_tokens":3,"cache_read_input_tokens":1,"output_tokens":1}}}',
        '{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}',
        '{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}',
        '{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}',
        '{"type":"content_block_stop","index":0}',
        '{"type":"ping"}',
        '{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}',
        '{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"hello"}}',
        '{"type":"content_block_stop","index":1}',
        '{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}',
        '{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\":"}}',
        '{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"1}"}}',
        '{"type":"content_block_stop","index":2}',
        '{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":12}}',
        '{"type":"message_stop"}',
        named=True,
    ),
    _sse(
        '{"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"hel"}]}}],"modelVersion":"m"}',
        '{"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"lo"},{"functionCall":{"name":"f","args":'
        '{}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2}}',
        end="\r\n\r\n",
    ),
    _sse(
        '{"type":"response.created","sequence_number":0,"response":{"id":"r","object":"response","status":"in_progress",'
        '"output":[]}}',
        '{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"type":"message","id":"i",'
        '"role":"assistant","content":[]}}',
        '{"type":"response.content_part.added","sequence_number":2,"item_id":"i","output_index":0,"content_index":0,'
        '"part":{"type":"output_text","text":"","annotations":[]}}',
        '{"type":"response.output_text.delta","sequence_number":3,"item_id":"i","output_index":0,"content_index":0,'
        '"delta":"hello"}',
        '{"type":"response.output_text.done","sequence_number":4,"item_id":"i","output_index":0,"content_index":0,'
        '"text":"hello"}',
        '{"type":"response.completed","sequence_number":5,"response":{"id":"r","object":"response","status":"completed",'
        '"model":"m","output":[{"type":"message","id":"i","role":"assistant","status":"completed","content":[{"type":'
        '"output_text","text":"hello","annotations":[]}]}],"usage":{"input_tokens":3,"output_tokens":2}}}',
        named=True,
    ),
    _sse('{"id":"l","object":"text_completion","choices":[{"index":0,"text":"a","finish_reason":"stop"}]}', "[DONE]"),
)
_BODIES = (
    b'{"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"t"},'
    b'{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]},{"role":"assistant","tool_calls":[{"id":"t",'
    b'"type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"t","content":"1"}],'
    b'"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"type":'
    b'"integer"}}}}}],"temperature":0.7,"stop":["x"],"user":"u","metadata":{"a":"b"},"stream":false}',
    b'{"model":"m","prompt":["a","b"],"n":2,"logit_bias":{"50256":-100},"stream":true}',
    b'{"model":"m","system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"max_tokens":10,'
    b'"messages":[{"role":"user","content":"hi"}],"thinking":{"type":"enabled","budget_tokens":1024}}',
    b'{"contents":[{"role":"user","parts":[{"text":"hi"},{"inlineData":{"mimeType":"image/png","data":"AA"}}]}],'
    b'"generationConfig":{"temperature":0.0,"maxOutputTokens":5},"safetySettings":[]}',
    b'{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]}],"store":false,'
    b'"reasoning":{"effort":"low"},"text":{"format":{"type":"json_schema","name":"n","schema":{}}}}',
    b'{"model":"m","input":["a",[1,2,3],"b"],"dimensions":256,"encoding_format":"base64"}',
)
