"""Answers without a network or a model: for tests, `demo`, and trying out a configuration.

The answer to a chat is `Echo: ` and the last message's text; to a completion, `Echo: ` and the prompt. Equal
requests get equal bytes. Tokens are words. Streams send one word per chunk.
"""

import base64
import hashlib
import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import msgspec

from halfpenny.backends.base import BackendUnavailable, Call, Reply
from halfpenny.backends.local_reply import SSE_HEADERS, LocalReply, error_reply, json_reply

CREATED = 1_700_000_000
"""`created` of every answer, in Unix seconds: fixed, so that answers are reproducible."""

DIMENSIONS = 8


class Echo:
    """The backend `kind = "echo"`.

    `models` are the names that `/v1/models` lists (any name is answered). `gap_s` is the pause between the
    chunks of a stream, in seconds.
    """

    kind = "echo"

    def __init__(self, name: str = "echo", *, models: Sequence[str] = ("echo",), gap_s: float = 0.0) -> None:
        self.name = name
        self._models = tuple(models)
        self._gap_s = gap_s
        self._closed = False

    def __repr__(self) -> str:
        return f"<Echo {self.name!r}{', closed' if self._closed else ''}>"

    async def call(self, call: Call) -> Reply:
        if self._closed:
            raise BackendUnavailable(f"backend {self.name!r} is closed")
        body = call.body if isinstance(call.body, bytes) else await _joined(call.body)
        path = call.target.partition("?")[0]
        if path == "/v1/models" and call.method == "GET":
            fixed = {"object": "model", "created": CREATED, "owned_by": "halfpenny"}
            return json_reply(200, {"object": "list", "data": [{"id": m, **fixed} for m in self._models]})
        if path not in ("/v1/chat/completions", "/v1/completions", "/v1/embeddings"):
            return _refuse(404, f"the echo backend does not serve {path}", "not_found")
        if call.method != "POST":
            return _refuse(405, "use POST", "method_not_allowed")
        try:
            asked = msgspec.json.decode(body)
            return _embed(asked) if path == "/v1/embeddings" else _generate(asked, body, self._gap_s)
        except (msgspec.MsgspecError, LookupError, TypeError, AttributeError):
            return _refuse(400, "the body is not a request of this kind", "bad_body")

    async def warm(self) -> None:
        if self._closed:
            raise BackendUnavailable(f"backend {self.name!r} is closed")

    async def check(self) -> str | None:
        return "closed" if self._closed else None

    async def close(self) -> None:
        self._closed = True


def _refuse(status: int, message: str, code: str) -> LocalReply:
    return error_reply(status, message, "invalid_request_error", code)


async def _joined(parts: AsyncIterator[bytes]) -> bytes:
    return b"".join([part async for part in parts])


def _text(content: Any) -> str:
    """The text of a message's content, of a prompt or of an input: a string, parts, or tokens."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    return " ".join(part.get("text", "") if isinstance(part, dict) else str(part) for part in content)


def _generate(asked: dict[str, Any], body: bytes, gap_s: float) -> LocalReply:
    chat = "messages" in asked
    prompt = _text(asked["messages"][-1].get("content") if chat else asked["prompt"])
    everything = " ".join(_text(m.get("content")) for m in asked["messages"]) if chat else prompt
    words = ["Echo:", *prompt.split()]
    limit = asked.get("max_completion_tokens") or asked.get("max_tokens")
    reason = "length" if limit and limit < len(words) else "stop"
    words = words[:limit] if limit else words
    prompt_tokens = len(everything.split())
    usage = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": len(words),
        "total_tokens": prompt_tokens + len(words),
    }
    digest = hashlib.sha256(body).hexdigest()[:24]
    head = {
        "id": f"chatcmpl-{digest}" if chat else f"cmpl-{digest}",
        "created": CREATED,
        "model": asked.get("model", "echo"),
    }
    if asked.get("stream"):
        options = asked.get("stream_options") or {}
        extra = usage if options.get("include_usage") else None
        return LocalReply(200, SSE_HEADERS, _events(chat, head, words, reason, extra), gap_s)
    text = " ".join(words)
    content: dict[str, object] = {"text": text}
    if chat:
        content = {"message": {"role": "assistant", "content": text}}
    choice = {"index": 0, **content, "finish_reason": reason, "logprobs": None}
    kind = "chat.completion" if chat else "text_completion"
    return json_reply(200, {**head, "object": kind, "choices": [choice], "usage": usage})


def _events(
    chat: bool, head: dict[str, object], words: list[str], reason: str, usage: dict[str, int] | None
) -> Iterator[bytes]:
    kind = "chat.completion.chunk" if chat else "text_completion"

    def event(choices: list[dict[str, object]], **extra: object) -> bytes:
        whole = {**head, "object": kind, "choices": choices, **extra}
        return b"data: " + msgspec.json.encode(whole) + b"\n\n"

    def choice(text: str, reason: str | None) -> dict[str, object]:
        content: dict[str, object] = {"text": text}
        if chat:
            content = {"delta": {"content": text} if text else {}}
        return {"index": 0, **content, "finish_reason": reason, "logprobs": None}

    # OpenAI sends `usage: null` in every chunk but the last once include_usage is asked for.
    unset: dict[str, object] = {"usage": None} if usage else {}
    for number, word in enumerate(words):
        yield event([choice(f" {word}" if number else word, None)], **unset)
    yield event([choice("", reason)], **unset)
    if usage:
        yield event([], usage=usage)
    yield b"data: [DONE]\n\n"


def _embed(asked: dict[str, Any]) -> LocalReply:
    given = asked["input"]
    inputs = [given] if isinstance(given, str) or (given and isinstance(given[0], int)) else given
    data = []
    for index, item in enumerate(inputs):
        vector = _vector(_text(item), asked.get("dimensions") or DIMENSIONS)
        form: object = vector
        if asked.get("encoding_format") == "base64":
            form = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        data.append({"object": "embedding", "index": index, "embedding": form})
    tokens = sum(len(_text(item).split()) for item in inputs)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    whole = {"object": "list", "data": data, "model": asked.get("model", "echo"), "usage": usage}
    return json_reply(200, whole)


def _vector(text: str, dimensions: int) -> list[float]:
    """A vector of unit length that depends on the text alone."""
    raw = [byte - 127.5 for byte in hashlib.shake_128(text.encode()).digest(dimensions)]
    norm = sum(x * x for x in raw) ** 0.5
    # Rounded through float32, so that the list and the base64 form say the same.
    return list(struct.unpack(f"<{dimensions}f", struct.pack(f"<{dimensions}f", *(x / norm for x in raw))))
