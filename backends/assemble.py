"""A stream of one choice, put together again into the JSON answer that was asked for. Pure."""

from typing import Any

import msgspec


class NotAssembled(ValueError):  # noqa: N818 - reads as what happened
    """The stream has no end, has an error in it, or is not of the expected shape."""


def may_be_streamed(asked: dict[str, Any]) -> bool:
    """Is the answer to this body simple enough to come as a stream: one choice of text, without log probabilities?"""
    plain = not any(asked.get(field) for field in ("tools", "functions", "logprobs", "stream", "echo"))
    return plain and asked.get("n") in (None, 1) and asked.get("best_of") in (None, 1)


def as_stream(asked: dict[str, Any]) -> bytes:
    """The same request, asking for a stream that reports its usage."""
    return msgspec.json.encode({**asked, "stream": True, "stream_options": {"include_usage": True}})


def assemble(body: bytes) -> bytes:
    """The whole answer from the body of the stream. Raises NotAssembled."""
    # In pieces, since joining strings one by one is quadratic.
    pieces: dict[str, list[str]] = {}
    whole: dict[str, Any] = {}
    finish_reason: object = None
    try:
        for line in body.split(b"\n"):
            if not line.startswith(b"data: ") or line == b"data: [DONE]":
                continue
            event = msgspec.json.decode(line[6:])
            if "error" in event:
                raise NotAssembled("the stream has an error in it")
            whole |= {key: value for key, value in event.items() if value is not None}
            for choice in event["choices"]:
                finish_reason = choice.get("finish_reason") or finish_reason
                for field, text in choice.get("delta", {"text": choice.get("text")}).items():
                    if isinstance(text, str) and field != "role":
                        pieces.setdefault(field, []).append(text)
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        raise NotAssembled("the stream is not of the expected shape") from error
    if finish_reason is None:
        raise NotAssembled("the stream has no end")
    chat = whole.get("object") == "chat.completion.chunk"
    texts = {field: "".join(parts) for field, parts in pieces.items()}
    choice = {"finish_reason": finish_reason, "index": 0, "logprobs": None}
    if chat:
        whole["object"] = "chat.completion"
        choice["message"] = {"role": "assistant", "content": "", **texts}
    else:
        choice["text"] = texts.get("text", "")
    return msgspec.json.encode({**whole, "choices": [choice]})
