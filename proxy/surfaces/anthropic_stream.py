"""The Messages API's event stream: recording it, and converting it from and to the JSON answer.

Order (SDK 2.12, and llama.cpp as measured): `message_start`, then per block `content_block_start`,
`content_block_delta`*, `content_block_stop`, then `message_delta` with the stop reason and the totals of usage, then
`message_stop`. `ping` may come anywhere. The `type` in the data says what an event is; the `event:` line repeats it.
"""

from typing import Any

import msgspec

from halfpenny.proxy.surfaces.anthropic_usage import merged_usage, read_usage
from halfpenny.proxy.surfaces.base import Reported, has_error
from halfpenny.proxy.surfaces.pieces import objects_in, pieces_of
from halfpenny.proxy.surfaces.recording import EventRecorder
from halfpenny.proxy.surfaces.sse import data_of, events_of

STORABLE_STOPS = frozenset({"end_turn", "stop_sequence", "tool_use"})
_DELTA_TEXTS = ("text", "partial_json", "thinking", "signature", "citation")
_ENDING = ("stop_reason", "stop_sequence", "stop_details", "container")
"""Fields of the message that a stream sends in `message_delta.delta`."""
_ENDING_BESIDE = ("context_management", "input_transformations")
"""Fields of the message (beta) that a stream may send beside `message_delta.delta`."""
_decoder = msgspec.json.Decoder()


class MessageRecorder(EventRecorder):
    """`Recorder` for `/v1/messages`. What it does not know it lets pass: such an answer is replayed as it came."""

    def __init__(self) -> None:
        super().__init__()
        self._started = False
        self._open: set[Any] = set()
        self._stop_reason: Any = None
        self._has_content = False
        self._usage: dict[str, Any] = {}
        self._usage_is_final = False

    @property
    def admissible(self) -> bool:
        return self._good and self._has_content and self._stop_reason in STORABLE_STOPS

    def reported(self) -> Reported:
        """The totals; before the last ones came, what was announced and at least a token for every delta."""
        reported = read_usage({"output_tokens": 0, **self._usage})
        if self._usage_is_final or not reported.known:
            return reported
        if self.closed:
            return Reported()  # the end came without totals: the first announcement is not one
        return msgspec.structs.replace(reported, output_tokens=max(reported.output_tokens, self.content_chunks))

    def _event(self, document: dict[str, Any]) -> None:
        if not self.closed and not self.error:
            self._see_event(document)

    def _see_event(self, event: dict[str, Any]) -> None:
        match event.get("type"):
            case "message_start":
                message = event.get("message")
                self._good = self._good and not self._started
                self._started = True
                if isinstance(message, dict):
                    self._usage = merged_usage(self._usage, message.get("usage"))
            case "content_block_start":
                self._open.add(str(event.get("index")))
                block = event.get("content_block")
                self._has_content = self._has_content or has_content(block)
            case "content_block_delta":
                self._see_delta(event.get("delta"))
            case "content_block_stop":
                self._open.discard(str(event.get("index")))
            case "message_delta":
                self._see_ending(event)
            case "message_stop":
                self.closed = True
                self.complete = self._started and self._stop_reason is not None and not self._open

    def _see_delta(self, delta: Any) -> None:
        if not isinstance(delta, dict):
            return
        if any(delta.get(name) for name in _DELTA_TEXTS):
            self.content_chunks += 1
        if delta.get("text"):
            self._has_content = True

    def _see_ending(self, event: dict[str, Any]) -> None:
        delta, usage = event.get("delta"), event.get("usage")
        if isinstance(delta, dict):
            if delta.get("stop_reason") is not None:
                self._stop_reason = str(delta["stop_reason"])
            if delta.get("container") is not None:
                self._good = False
        if isinstance(usage, dict):
            self._usage = merged_usage(self._usage, usage)
            self._usage_is_final = self._usage_is_final or usage.get("output_tokens") is not None


def has_content(block: Any) -> bool:
    """Whether this block says something to the user: thinking alone and an empty text do not."""
    if not isinstance(block, dict) or block.get("type") in ("thinking", "redacted_thinking"):
        return False
    return bool(block.get("text")) if block.get("type") == "text" else True


def stream_of(document: Any) -> bytes:
    """A whole JSON answer as events. Raises ValueError for one without the parts that a stream is made of."""
    if not isinstance(document, dict) or document.get("type") != "message":
        raise ValueError("not a message")
    content, usage = document.get("content"), document.get("usage")
    if not isinstance(content, list) or len(objects_in(content)) != len(content):
        raise ValueError("the content is not a list of blocks")
    if not isinstance(usage, dict) or not isinstance(usage.get("output_tokens"), int):
        raise ValueError("without usage a stream would have to invent it")
    message = {name: value for name, value in document.items() if name not in (*_ENDING, *_ENDING_BESIDE)}
    ending = {name: document[name] for name in _ENDING if name in document}
    at_end = ("output_tokens", "output_tokens_details", "server_tool_use")
    first_usage = {name: value for name, value in usage.items() if name not in at_end[1:]}
    last_usage = {
        name: value
        for name, value in usage.items()
        if name in at_end or (name.endswith("input_tokens") and value is not None)
    }
    first_usage["output_tokens"] = min(1, usage["output_tokens"])
    message |= {"content": [], **dict.fromkeys(ending), "usage": first_usage}
    out = [_event("message_start", message=message)]
    for index, block in enumerate(content):
        out += _block_events(index, block)
    beside = {name: document[name] for name in _ENDING_BESIDE if name in document}
    out.append(_event("message_delta", delta=ending, usage=last_usage, **beside))
    out.append(_event("message_stop"))
    return b"".join(out)


def document_of(stream: bytes) -> dict[str, Any]:
    """A whole event stream as the JSON answer. Raises ValueError for a stream that is cut or not fully understood."""
    building = _Building()
    for raw in events_of(stream):
        data = data_of(raw)
        if not data or data == b"[DONE]":
            continue
        try:
            event = _decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError("an event is not JSON") from error
        if not isinstance(event, dict) or has_error(event):
            raise ValueError("an error inside the stream")
        building.add(event)
        if building.stopped:
            return building.document()
    raise ValueError("the stream ends before message_stop")


class _Block:
    """One content block while its deltas come in."""

    def __init__(self, start: dict[str, Any]) -> None:
        self.block = dict(start)
        self.texts: dict[str, list[str]] = {}
        self.open = True

    def add(self, delta: dict[str, Any]) -> None:
        match delta:
            case {"type": "text_delta", "text": str(text)}:
                self.texts.setdefault("text", []).append(text)
            case {"type": "thinking_delta", "thinking": str(text)}:
                self.texts.setdefault("thinking", []).append(text)
            case {"type": "input_json_delta", "partial_json": str(text)}:
                self.texts.setdefault("input", []).append(text)
            case {"type": "signature_delta", "signature": signature}:
                self.block["signature"] = signature
            case {"type": "citations_delta", "citation": citation}:
                self.block["citations"] = [*(self.block.get("citations") or ()), citation]
            case {"type": "compaction_delta"}:
                self.block |= {name: value for name, value in delta.items() if name != "type"}
            case _:
                raise ValueError(f"a delta of an unknown kind: {delta.get('type')}")

    def close(self) -> None:
        self.open = False
        for name, texts in self.texts.items():
            text = "".join(texts)
            if name != "input":
                begun = self.block.get(name) or ""
                if not isinstance(begun, str):
                    raise ValueError(f"a block whose {name} is not a text")
                self.block[name] = begun + text
            elif text:
                self.block["input"] = _decoder.decode(text)  # msgspec.DecodeError is a ValueError


class _Building:
    """The JSON answer while the events come in."""

    def __init__(self) -> None:
        self._message: dict[str, Any] | None = None
        self._blocks: list[_Block] = []
        self._ended = False
        self.stopped = False

    def add(self, event: dict[str, Any]) -> None:
        match event:
            case {"type": "ping"}:
                pass
            case {"type": "message_start", "message": dict(message)} if self._message is None:
                if message.get("content"):
                    raise ValueError("a message that does not start empty")
                self._message = dict(message)
            case {"type": "content_block_start", "index": int(index), "content_block": dict(block)}:
                if index != len(self._blocks):
                    raise ValueError("blocks out of order")
                self._blocks.append(_Block(block))
            case {"type": "content_block_delta", "index": int(index), "delta": dict(delta)}:
                self._block(index).add(delta)
            case {"type": "content_block_stop", "index": int(index)}:
                self._block(index).close()
            case {"type": "message_delta", "delta": dict(delta)} if self._message is not None:
                self._end(self._message, event, delta)
            case {"type": "message_stop"}:
                self.stopped = True
            case _:
                raise ValueError(f"an event of an unknown kind: {event.get('type')}")

    def document(self) -> dict[str, Any]:
        if self._message is None or not self._ended or any(block.open for block in self._blocks):
            raise ValueError("the stream lacks a part of the message")
        return {**self._message, "content": [block.block for block in self._blocks]}

    def _block(self, index: int) -> _Block:
        if not 0 <= index < len(self._blocks) or not self._blocks[index].open:
            raise ValueError("a delta without its block")
        return self._blocks[index]

    def _end(self, message: dict[str, Any], event: dict[str, Any], delta: dict[str, Any]) -> None:
        beside = {name: value for name, value in event.items() if name not in ("type", "delta", "usage")}
        if not set(beside) <= set(_ENDING_BESIDE) or not set(delta) <= set(_ENDING):
            raise ValueError("a message_delta with unknown parts")
        message |= beside
        for name, value in delta.items():
            if value is not None or message.get(name) is None:
                message[name] = value
        usage = message.get("usage")
        merged = merged_usage(usage if isinstance(usage, dict) else {}, event.get("usage"))
        if merged:
            message["usage"] = merged
        self._ended = message.get("stop_reason") is not None


def _block_events(index: int, block: dict[str, Any]) -> list[bytes]:
    start, deltas = _taken_apart(block)
    return [
        _event("content_block_start", index=index, content_block=start),
        *(_event("content_block_delta", index=index, delta=delta) for delta in deltas),
        _event("content_block_stop", index=index),
    ]


def _taken_apart(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The block as it starts and the deltas that make it whole. What a stream does not send in pieces (redacted
    thinking, results of server tools, kinds that we do not know) is whole at its start."""
    match block:
        case {"type": "text", "text": str(text)}:
            citations = block.get("citations")
            cited = citations if isinstance(citations, list) else []
            start = {**block, "text": "", **({"citations": []} if cited else {})}
            deltas: list[dict[str, Any]] = [{"type": "text_delta", "text": piece} for piece in pieces_of(text)]
            deltas += [{"type": "citations_delta", "citation": citation} for citation in cited]
        case {"type": "thinking", "thinking": str(text)}:
            signature = block.get("signature")
            start = {**block, "thinking": "", **({"signature": ""} if signature else {})}
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces_of(text)]
            deltas += [{"type": "signature_delta", "signature": signature}] if signature else []
        case {"type": "tool_use" | "server_tool_use" | "mcp_tool_use", "input": dict(given)}:
            start = {**block, "input": {}}
            whole = msgspec.json.encode(given).decode() if given else ""
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces_of(whole))]
        case {"type": "text" | "thinking" | "tool_use" | "server_tool_use" | "mcp_tool_use"}:
            raise ValueError("a block without its content")
        case _:
            start, deltas = block, []
    return start, deltas


def _event(kind: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind, **fields}))
