"""Gemini's generateContent family, under `/v1beta/`, `/v1/` and `/v1alpha/`.

A stream is `data:` events with CRLF line ends and no terminal marker (`alt=sse`), else one JSON array. The last event
of a candidate carries its finishReason; every event carries usageMetadata. A request without a key is refused with 403.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from tests.upstream_dialects.base import (
    EMBEDDING_DIMENSIONS,
    Choice,
    Piece,
    Received,
    Refused,
    Reply,
    Script,
    Tool,
    Wanted,
    alternatives,
    choices_of,
    count_tokens,
    embedding_of,
    logprob_of,
    sse,
    texts,
)

FINISH = {"stop": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY", "tool": "STOP", "refusal": "SAFETY"}
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def error_document(status: int, message: str, code: str | None = None) -> dict[str, Any]:
    """The error's shape; `code` becomes an ErrorInfo reason."""
    number = 500 if status == 200 else status
    name = STATUSES.get(number, "INTERNAL" if number >= 500 else "FAILED_PRECONDITION")
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code}] if code else []
    return {"error": {"code": number, "message": message, "status": name, "details": details}}


def field(body: Mapping[str, Any], name: str) -> Any:
    """A field by its JSON name or its proto name: the API takes both."""
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return body.get(name, body.get(snake))


def parts_text(content: Any) -> list[str]:
    """The texts of one Content, or of a list of them; a bare string stands for itself."""
    if isinstance(content, list):
        return [text for item in content for text in parts_text(item)]
    if isinstance(content, Mapping):
        parts = content.get("parts") or []
        return list(texts(parts if isinstance(parts, list) else [parts]))
    return list(texts([content]))


class Gemini:
    """What all endpoints share."""

    def check(self, received: Received) -> Refused | None:
        if received.header("x-goog-api-key") or received.header("authorization") or received.query.get("key"):
            return None
        return Refused(403, self.error(received, 403, "Method doesn't allow unregistered callers."))

    def model(self, received: Received) -> str:
        return received.path.rpartition("/")[2].partition(":")[0]

    def prompt(self, received: Received) -> str:
        body = field(received.body, "generateContentRequest") or received.body
        found = parts_text(field(body, "systemInstruction") or [])
        return "\n".join([*found, *parts_text(body["contents"])])

    def error(self, received: Received, status: int, message: str, code: str | None = None) -> Any:
        return error_document(status, message, code)

    def headers(self, received: Received) -> dict[str, str]:
        return {"Vary": "Origin, X-Origin, Referer", "Server-Timing": "gfet4t7; dur=1"}


class GenerateContent(Gemini):
    """`streams` tells the two methods apart."""

    def __init__(self, *, streams: bool) -> None:
        self._streams = streams

    def reply(self, received: Received, prompt: str, script: Script) -> Reply:
        wanted = self._wanted(received.body, prompt)
        choices = choices_of(wanted, script)
        prompt_tokens = count_tokens(prompt)
        tokens = sum(choice.tokens for choice in choices)
        head = {"modelVersion": self.model(received), "responseId": f"resp-{received.number}"}
        document: Any = {
            "candidates": [_whole(choice, wanted) for choice in choices],
            "usageMetadata": _usage(prompt_tokens, tokens, choices, script),
            **head,
        }
        error = error_document(503, "the model stopped")
        if not self._streams:
            return Reply(document, prompt_tokens, tokens)
        chunks = list(_chunks(head, choices, wanted, prompt_tokens, script))
        if received.query.get("alt") != "sse":
            return Reply([chunk for chunk, _ in chunks], prompt_tokens, tokens)
        pieces = [Piece(sse(chunk, line_end="\r\n"), count) for chunk, count in chunks]
        event = sse(error, line_end="\r\n")
        return Reply(document, prompt_tokens, tokens, pieces, event, event)

    def _wanted(self, body: Mapping[str, Any], prompt: str) -> Wanted:
        tools = tuple(
            Tool(function["name"], field(function, "parametersJsonSchema") or field(function, "parameters"))
            for tool in body.get("tools") or ()
            for function in field(tool, "functionDeclarations") or ()
        )
        calling = field(field(body, "toolConfig") or {}, "functionCallingConfig") or {}
        allowed = field(calling, "allowedFunctionNames")
        if allowed:
            tools = tuple(tool for tool in tools if tool.name in allowed)
        last = body["contents"][-1] if isinstance(body["contents"], list) else body["contents"]
        last_parts = last.get("parts") or [] if isinstance(last, Mapping) else []
        answered = any("functionResponse" in part for part in last_parts)
        config = field(body, "generationConfig") or {}
        schema = field(config, "responseJsonSchema") or field(config, "responseSchema")
        if schema is None and field(config, "responseMimeType") == "application/json":
            schema = {}
        return Wanted(
            prompt=prompt,
            n=field(config, "candidateCount") or 1,
            limit=field(config, "maxOutputTokens"),
            tools=tools,
            calls_tool=bool(tools) and calling.get("mode") != "NONE" and not answered,
            schema=schema,
            logprobs=int(config.get("logprobs") or 0) if field(config, "responseLogprobs") else None,
        )


def _usage(prompt_tokens: int, sent: int, choices: list[Choice], script: Script) -> dict[str, Any]:
    thoughts = sum(len(choice.reasoning) for choice in choices)
    usage: dict[str, Any] = {
        "promptTokenCount": prompt_tokens,
        "candidatesTokenCount": max(0, sent - thoughts),
        "totalTokenCount": prompt_tokens + sent,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt_tokens}],
    }
    if thoughts:
        usage["thoughtsTokenCount"] = min(thoughts, sent)
    if script.cached:
        usage["cachedContentTokenCount"] = min(script.cached, prompt_tokens)
    return usage


def _parts(choice: Choice) -> list[dict[str, Any]]:
    """The parts of a whole candidate."""
    found: list[dict[str, Any]] = []
    if choice.reasoning:
        found.append({"text": "".join(choice.reasoning), "thought": True})
    if choice.pieces and choice.finish not in ("refusal", "filter"):
        found.append({"text": choice.text})
    return found + [_call(choice, at) for at in range(len(choice.calls))]


def _call(choice: Choice, at: int) -> dict[str, Any]:
    call = choice.calls[at]
    part: dict[str, Any] = {"functionCall": {"name": call.name, "args": json.loads(call.arguments), "id": call.id}}
    if choice.reasoning and at == 0:
        part["thoughtSignature"] = base64.b64encode("".join(choice.reasoning).encode()).decode()
    return part


def _candidate(choice: Choice, parts: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
    candidate: dict[str, Any] = {}
    if parts:
        candidate["content"] = {"parts": parts, "role": "model"}
    if finish:
        candidate["finishReason"] = finish
        if finish == "SAFETY":
            candidate["safetyRatings"] = [
                {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
            ]
    return {**candidate, "index": choice.index}


def _whole(choice: Choice, wanted: Wanted) -> dict[str, Any]:
    candidate = _candidate(choice, _parts(choice), FINISH[choice.finish])
    if wanted.logprobs is not None:
        candidate |= _logprobs(choice.pieces, wanted.logprobs)
    return candidate


def _logprobs(pieces: list[str], count: int) -> dict[str, Any]:
    def entry(token: str, logprob: float) -> dict[str, Any]:
        return {"token": token, "logProbability": logprob}

    return {
        "avgLogprobs": sum(map(logprob_of, pieces)) / max(1, len(pieces)),
        "logprobsResult": {
            "topCandidates": [{"candidates": [entry(*pair) for pair in alternatives(p, count)]} for p in pieces],
            "chosenCandidates": [entry(piece, logprob_of(piece)) for piece in pieces],
        },
    }


def _streamed(choice: Choice, wanted: Wanted) -> Iterator[tuple[dict[str, Any], int]]:
    """(candidate, tokens) of each event; the last text or call carries the finish reason, as at the provider."""
    found: list[tuple[list[dict[str, Any]], int, dict[str, Any]]] = [
        ([{"text": piece, "thought": True}], 1, {}) for piece in choice.reasoning
    ]
    if choice.finish not in ("refusal", "filter"):
        for piece in choice.pieces:
            more = _logprobs([piece], wanted.logprobs) if wanted.logprobs is not None else {}
            found.append(([{"text": piece}], 1, more))
    else:
        found.append(([], len(choice.pieces), {}))
    found += [([_call(choice, at)], len(call.pieces), {}) for at, call in enumerate(choice.calls)]
    for at, (parts, tokens, more) in enumerate(found):
        finish = FINISH[choice.finish] if at == len(found) - 1 else None
        yield {**_candidate(choice, parts, finish), **more}, tokens


def _chunks(
    head: dict[str, Any], choices: list[Choice], wanted: Wanted, prompt_tokens: int, script: Script
) -> Iterator[tuple[dict[str, Any], int]]:
    sent = 0
    for turn in zip_longest(*(list(_streamed(choice, wanted)) for choice in choices)):
        for item in turn:
            if item is not None:
                candidate, tokens = item
                sent += tokens
                usage = _usage(prompt_tokens, sent, choices, script)
                yield {"candidates": [candidate], "usageMetadata": usage, **head}, tokens


class EmbedContent(Gemini):
    def prompt(self, received: Received) -> str:
        return "\n".join(parts_text(received.body["content"]))

    def reply(self, received: Received, prompt: str, script: Script) -> Reply:
        return Reply({"embedding": _embedded(received.body)}, count_tokens(prompt), 0)


class BatchEmbedContents(Gemini):
    def prompt(self, received: Received) -> str:
        return "\n".join(text for item in received.body["requests"] for text in parts_text(item["content"]))

    def reply(self, received: Received, prompt: str, script: Script) -> Reply:
        return Reply({"embeddings": [_embedded(item) for item in received.body["requests"]]}, count_tokens(prompt), 0)


def _embedded(request: Mapping[str, Any]) -> dict[str, Any]:
    dimensions = field(request, "outputDimensionality") or EMBEDDING_DIMENSIONS
    return {"values": embedding_of("\n".join(parts_text(request["content"])), dimensions)}


class CountTokens(Gemini):
    def reply(self, received: Received, prompt: str, script: Script) -> Reply:
        tokens = count_tokens(prompt)
        details = [{"modality": "TEXT", "tokenCount": tokens}]
        return Reply({"totalTokens": tokens, "promptTokensDetails": details}, 0, 0)
