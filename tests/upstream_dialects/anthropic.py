"""Anthropic's `POST /v1/messages` and `/v1/messages/count_tokens`, versions 2023-06-01 and 2026-10-21.

Order of events: message_start, then per block content_block_start, content_block_delta*, content_block_stop, then
message_delta with the stop reason and the cumulative usage, then message_stop; a ping follows the first block's start.
The newer version differs here in `stop_details` alone. As at the provider, a request without `anthropic-version` is
refused with 400 and one without a credential with 401.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any

from tests.upstream_dialects.base import (
    Choice,
    Piece,
    Received,
    Refused,
    Reply,
    Script,
    Tool,
    Wanted,
    choices_of,
    count_tokens,
    sse,
    texts,
)

VERSIONS = ("2023-06-01", "2026-10-21")
STOP = {"stop": "end_turn", "length": "max_tokens", "filter": "refusal", "tool": "tool_use", "refusal": "refusal"}
ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class Anthropic:
    """What both endpoints share."""

    def check(self, received: Received) -> Refused | None:
        version = received.header("anthropic-version")
        if version not in VERSIONS:
            said = "anthropic-version: header is required" if version is None else f"{version} is not a version"
            return Refused(400, self.error(received, 400, said))
        if not (received.header("x-api-key") or received.header("authorization")):
            return Refused(401, self.error(received, 401, "x-api-key header is required"))
        return None

    def model(self, received: Received) -> str:
        return str(received.body["model"])

    def prompt(self, received: Received) -> str:
        body = received.body
        messages = (message["content"] for message in body["messages"])
        return "\n".join(text for text in texts([body.get("system") or "", *messages]) if text)

    def error(self, received: Received, status: int, message: str, code: str | None = None) -> Any:
        kind = ERROR_TYPES.get(status, "api_error" if status >= 500 or status == 200 else "invalid_request_error")
        error: dict[str, Any] = {"type": kind, "message": message}
        if code is not None:
            error["details"] = {"error_code": code}
        return {"type": "error", "error": error, "request_id": f"req_{received.number}"}

    def headers(self, received: Received) -> dict[str, str]:
        return {
            "request-id": f"req_{received.number}",
            "anthropic-organization-id": "org-loopback",
            "anthropic-ratelimit-requests-limit": "1000",
            "anthropic-ratelimit-requests-remaining": "999",
        }


class CountTokens(Anthropic):
    def reply(self, received: Received, prompt: str, script: Script) -> Reply:
        tokens = count_tokens(prompt)
        return Reply({"input_tokens": tokens}, 0, 0)


class Messages(Anthropic):
    def reply(self, received: Received, prompt: str, script: Script) -> Reply:
        body = received.body
        (choice,) = choices_of(self._wanted(received, prompt), script)
        prompt_tokens = count_tokens(prompt)
        cached = min(script.cached, prompt_tokens)
        usage = {
            "input_tokens": prompt_tokens - cached,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": cached,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": choice.tokens,
            "service_tier": "standard",
        }
        newest = received.header("anthropic-version") == VERSIONS[-1]
        document = {
            "id": f"msg_{received.number}",
            "type": "message",
            "role": "assistant",
            "model": self.model(received),
            "content": [block for block, _ in _blocks(choice)],
            "stop_reason": STOP[choice.finish],
            "stop_sequence": None,
            **({"stop_details": None} if newest else {}),
            "usage": usage,
        }
        pieces = list(_events(document, choice)) if body.get("stream") else None
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "the model stopped"}}
        event = sse(error, "error")
        return Reply(document, prompt_tokens, choice.tokens, pieces, event, event)

    def _wanted(self, received: Received, prompt: str) -> Wanted:
        body = received.body
        choice = body.get("tool_choice") or {}
        tools = tuple(
            Tool(tool["name"], tool.get("input_schema"))
            for tool in body.get("tools") or ()
            if tool.get("type", "custom") == "custom" and choice.get("name", tool["name"]) == tool["name"]
        )
        last = body["messages"][-1]["content"]
        answered = isinstance(last, list) and any(part.get("type") == "tool_result" for part in last)
        form = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
        return Wanted(
            prompt=prompt,
            limit=int(body["max_tokens"]),
            tools=tools,
            calls_tool=bool(tools) and choice.get("type") != "none" and not answered,
            schema=form.get("schema"),
        )


def _blocks(choice: Choice) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each content block with the deltas that it is streamed as."""
    if choice.reasoning:
        signature = base64.b64encode("".join(choice.reasoning).encode()).decode()
        block = {"type": "thinking", "thinking": "".join(choice.reasoning), "signature": signature}
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in choice.reasoning]
        yield block, [*deltas, {"type": "signature_delta", "signature": signature}]
    if choice.pieces:
        yield (
            {"type": "text", "text": choice.text},
            [{"type": "text_delta", "text": piece} for piece in choice.pieces],
        )
    for call in choice.calls:
        arguments = json.loads(call.arguments)
        yield (
            {"type": "tool_use", "id": f"toolu_{call.id.removeprefix('call_')}", "name": call.name, "input": arguments},
            [{"type": "input_json_delta", "partial_json": piece} for piece in call.pieces],
        )


def _events(document: dict[str, Any], choice: Choice) -> Iterator[Piece]:
    def event(name: str, tokens: int = 0, **fields: Any) -> Piece:
        return Piece(sse({"type": name, **fields}, name), tokens)

    usage = document["usage"]
    start = {**document, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    yield event("message_start", message=start)
    for at, (block, deltas) in enumerate(_blocks(choice)):
        empty = {"text": "", "thinking": "", "signature": "", "input": {}}
        opened = {name: empty.get(name, value) for name, value in block.items()}
        yield event("content_block_start", index=at, content_block=opened)
        if at == 0:
            yield event("ping")
        for delta in deltas:
            yield event("content_block_delta", int(delta["type"] != "signature_delta"), index=at, delta=delta)
        yield event("content_block_stop", index=at)
    ending = {name: document[name] for name in ("stop_reason", "stop_sequence", "stop_details") if name in document}
    counted = {name: usage[name] for name in usage if name.endswith("_tokens")}
    yield event("message_delta", delta=ending, usage=counted)
    yield event("message_stop")
