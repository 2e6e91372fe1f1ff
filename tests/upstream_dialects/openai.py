"""OpenAI's chat, completions, embeddings and moderations, also at Azure's paths.

Shapes: OpenAI's public specification of 2026-08. Azure: the paths and headers that the official client uses, and the
content-filter fields of its reference; its first stream event has no choices.
"""

import hashlib
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from tests.upstream_dialects.base import (
    CREATED,
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
    base64_floats,
    choices_of,
    count_tokens,
    embedding_of,
    logprob_of,
    sse,
    texts,
)

FINISH = {"stop": "stop", "length": "length", "filter": "content_filter", "tool": "tool_calls", "refusal": "stop"}
SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)


def function_tools(body: Mapping[str, Any]) -> tuple[Tool, ...]:
    """The functions that a chat or Responses body offers, the forced one alone where one is forced."""
    found = []
    for item in body.get("tools") or ():
        function = item.get("function", item)
        if item.get("type", "function") == "function" and function.get("name"):
            found.append(Tool(function["name"], function.get("parameters")))
    for item in body.get("functions") or ():
        found.append(Tool(item["name"], item.get("parameters")))
    choice = body.get("tool_choice")
    forced = choice.get("function", choice).get("name") if isinstance(choice, Mapping) else None
    return tuple(tool for tool in found if forced in (None, tool.name))


class OpenAI:
    """What all of OpenAI's endpoints share."""

    def check(self, received: Received) -> Refused | None:
        return None

    def model(self, received: Received) -> str:
        if is_deployment(received.path):
            return received.path.split("/")[3]
        return str(received.body["model"])

    def error(self, received: Received, status: int, message: str, code: str | None = None) -> Any:
        kind = "rate_limit_error" if status == 429 else "invalid_request_error"
        kind = "server_error" if status >= 500 or status == 200 else kind
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}

    def headers(self, received: Received) -> dict[str, str]:
        if received.path.startswith("/openai/"):
            return {"apim-request-id": f"apim_{received.number}", "x-ms-region": "Loopback"}
        return {
            "x-request-id": f"req_{received.number}",
            "openai-processing-ms": "1",
            "openai-version": "2020-10-01",
        }


def is_deployment(path: str) -> bool:
    return path.startswith("/openai/deployments/")


class Generated(OpenAI):
    """Chat and completions: an answer of `n` choices, whole or as `data:` events up to [DONE]."""

    prefix = ""
    kind = ""
    stream_kind = ""

    def wanted(self, body: Mapping[str, Any], prompt: str) -> Wanted:
        raise NotImplementedError

    def prompt(self, received: Received) -> str:
        raise NotImplementedError

    def reply(self, received: Received, prompt: str, script: Script) -> Reply:
        body, azure = received.body, is_deployment(received.path)
        wanted = self.wanted(body, prompt)
        choices = choices_of(wanted, script)
        prompt_tokens = count_tokens(prompt)
        head = {
            "id": f"{self.prefix}-{received.number}",
            "object": self.kind,
            "created": CREATED,
            "model": self.model(received),
        }
        tokens = sum(choice.tokens for choice in choices)
        usage = usage_of(prompt_tokens, tokens, sum(len(choice.reasoning) for choice in choices), script)
        whole = [self.whole(choice, wanted) for choice in choices]
        document = {**head, "choices": whole, "usage": usage}
        if azure:
            document["choices"] = [{**choice, "content_filter_results": SAFE} for choice in whole]
            document["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": SAFE}]
        pieces = None
        if body.get("stream"):
            pieces = list(
                self._pieces({**head, "object": self.stream_kind}, choices, wanted, body, usage, script, azure)
            )
        error = {"message": "the model stopped", "type": "server_error", "param": None, "code": None}
        event = sse({"error": error})
        return Reply(document, prompt_tokens, tokens, pieces, event, event)

    def _pieces(
        self,
        head: dict[str, Any],
        choices: list[Choice],
        wanted: Wanted,
        body: Mapping[str, Any],
        usage: dict[str, Any],
        script: Script,
        azure: bool,
    ) -> Iterator[Piece]:
        options = body.get("stream_options") or {}
        # OpenAI sends `usage: null` in every chunk once include_usage is asked for.
        usage_wanted = bool(options.get("include_usage"))
        continuous = usage_wanted and bool(options.get("continuous_usage_stats"))
        null = {"usage": None} if usage_wanted else {}
        if azure:
            results = [{"prompt_index": 0, "content_filter_results": SAFE}]
            yield Piece(
                sse({**head, "id": "", "object": "", "created": 0, "prompt_filter_results": results, "choices": []})
            )
        sent = 0
        for turn in zip_longest(*(list(self.deltas(choice, wanted)) for choice in choices)):
            for choice, delta in zip(choices, turn, strict=True):
                if delta is None:
                    continue
                content, logprobs, tokens = delta
                sent += tokens
                used = usage_of(usage["prompt_tokens"], sent, 0, script) if continuous else None
                event = {"index": choice.index, **content, "finish_reason": None, "logprobs": logprobs}
                more = {"usage": used} if usage_wanted else {}
                yield Piece(sse({**head, "choices": [event], **more}), tokens)
        for choice in choices:
            event = {"index": choice.index, **self.nothing(), "finish_reason": FINISH[choice.finish], "logprobs": None}
            yield Piece(sse({**head, "choices": [event], **null}))
        if usage_wanted:
            yield Piece(sse({**head, "choices": [], "usage": usage}))
        yield Piece(b"data: [DONE]\n\n")

    def whole(self, choice: Choice, wanted: Wanted) -> dict[str, Any]:
        raise NotImplementedError

    def deltas(self, choice: Choice, wanted: Wanted) -> Iterator[tuple[dict[str, Any], Any, int]]:
        """(the content's fields, logprobs, tokens) of each streamed event but the last."""
        raise NotImplementedError

    def nothing(self) -> dict[str, Any]:
        """The content's fields of the last event."""
        raise NotImplementedError


def usage_of(prompt_tokens: int, completion_tokens: int, reasoning: int, script: Script) -> dict[str, Any]:
    usage: dict[str, Any] = {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
    }
    if script.cached:
        usage["prompt_tokens_details"] = {"cached_tokens": min(script.cached, prompt_tokens)}
    if reasoning:
        usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return usage


class Chat(Generated):
    """`/v1/chat/completions`. Reasoning is `reasoning_content`, as llama.cpp and vLLM send it."""

    prefix = "chatcmpl"
    kind = "chat.completion"
    stream_kind = "chat.completion.chunk"

    def prompt(self, received: Received) -> str:
        return "\n".join(texts(message.get("content") for message in received.body["messages"]))

    def wanted(self, body: Mapping[str, Any], prompt: str) -> Wanted:
        tools = function_tools(body)
        forbidden = "none" in (body.get("tool_choice"), body.get("function_call"))
        answered = body["messages"][-1].get("role") in ("tool", "function")
        form = body.get("response_format") or {}
        schema = None
        if form.get("type") == "json_schema":
            schema = form["json_schema"].get("schema") or {}
        elif form.get("type") == "json_object":
            schema = {}
        limit = body.get("max_completion_tokens") or body.get("max_tokens")
        return Wanted(
            prompt=prompt,
            n=body.get("n") or 1,
            limit=limit if isinstance(limit, int) else None,
            tools=tools,
            calls_tool=bool(tools) and not forbidden and not answered,
            schema=schema,
            logprobs=int(body.get("top_logprobs") or 0) if body.get("logprobs") else None,
        )

    def whole(self, choice: Choice, wanted: Wanted) -> dict[str, Any]:
        said: str | None = choice.text
        message: dict[str, Any] = {"role": "assistant", "content": said, "refusal": None}
        if choice.refused:
            message |= {"content": None, "refusal": said}
        if choice.reasoning:
            message["reasoning_content"] = "".join(choice.reasoning)
        if choice.calls:
            message["content"] = None
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in choice.calls
            ]
        logprobs = None
        if wanted.logprobs is not None and choice.pieces:
            found = [_token(piece, wanted.logprobs) for piece in choice.pieces]
            logprobs = {"content": None, "refusal": found} if choice.refused else {"content": found, "refusal": None}
        return {
            "index": choice.index,
            "finish_reason": FINISH[choice.finish],
            "logprobs": logprobs,
            "message": message,
        }

    def deltas(self, choice: Choice, wanted: Wanted) -> Iterator[tuple[dict[str, Any], Any, int]]:
        role: dict[str, Any] = {"role": "assistant"}
        for piece in choice.reasoning:
            yield {"delta": {**role, "reasoning_content": piece}}, None, 1
            role = {}
        for piece in choice.pieces:
            field = "refusal" if choice.refused else "content"
            logprobs = None
            if wanted.logprobs is not None:
                logprobs = {"content": None, "refusal": None, field: [_token(piece, wanted.logprobs)]}
            yield {"delta": {**role, field: piece}}, logprobs, 1
            role = {}
        for at, call in enumerate(choice.calls):
            first = {"index": at, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
            empty = {"content": None} if role else {}
            yield {"delta": {**role, **empty, "tool_calls": [first]}}, None, 0
            role = {}
            for piece in call.pieces:
                yield {"delta": {"tool_calls": [{"index": at, "function": {"arguments": piece}}]}}, None, 1

    def nothing(self) -> dict[str, Any]:
        return {"delta": {}}


def _token(piece: str, count: int) -> dict[str, Any]:
    def entry(token: str, logprob: float) -> dict[str, Any]:
        return {"token": token, "logprob": logprob, "bytes": list(token.encode())}

    others = [entry(*pair) for pair in alternatives(piece, count)]
    return {**entry(piece, logprob_of(piece)), "top_logprobs": others}


class Completions(Generated):
    """`/v1/completions`. A list of prompts is answered as one prompt, joined by newlines (not as OpenAI does)."""

    prefix = "cmpl"
    kind = "text_completion"
    stream_kind = "text_completion"

    def prompt(self, received: Received) -> str:
        return "\n".join(texts([received.body.get("prompt", "")]))

    def wanted(self, body: Mapping[str, Any], prompt: str) -> Wanted:
        limit = body.get("max_tokens")
        logprobs = body.get("logprobs")
        return Wanted(
            prompt=prompt,
            n=body.get("n") or 1,
            limit=limit if isinstance(limit, int) and limit > 0 else None,
            logprobs=logprobs if isinstance(logprobs, int) else None,
        )

    def whole(self, choice: Choice, wanted: Wanted) -> dict[str, Any]:
        logprobs = None if wanted.logprobs is None else _legacy_logprobs(choice.pieces, wanted.logprobs, 0)
        return {
            "index": choice.index,
            "finish_reason": FINISH[choice.finish],
            "logprobs": logprobs,
            "text": choice.text,
        }

    def deltas(self, choice: Choice, wanted: Wanted) -> Iterator[tuple[dict[str, Any], Any, int]]:
        at = 0
        for piece in choice.pieces:
            logprobs = None if wanted.logprobs is None else _legacy_logprobs([piece], wanted.logprobs, at)
            yield {"text": piece}, logprobs, 1
            at += len(piece)

    def nothing(self) -> dict[str, Any]:
        return {"text": ""}


def _legacy_logprobs(pieces: list[str], count: int, at: int) -> dict[str, Any]:
    offsets = []
    for piece in pieces:
        offsets.append(at)
        at += len(piece)
    return {
        "tokens": pieces,
        "token_logprobs": [logprob_of(piece) for piece in pieces],
        "top_logprobs": [dict(alternatives(piece, count)) for piece in pieces],
        "text_offset": offsets,
    }


class Embeddings(OpenAI):
    """`/v1/embeddings`: a text, a list of texts, tokens or a list of tokens; floats or base64."""

    def prompt(self, received: Received) -> str:
        return "\n".join(texts([received.body["input"]]))

    def reply(self, received: Received, prompt: str, script: Script) -> Reply:
        body = received.body
        inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
        if inputs and isinstance(inputs[0], int):
            inputs = [inputs]
        data = []
        for index, item in enumerate(inputs):
            vector = embedding_of("\n".join(texts([item])), body.get("dimensions") or EMBEDDING_DIMENSIONS)
            form: object = base64_floats(vector) if body.get("encoding_format") == "base64" else vector
            data.append({"object": "embedding", "index": index, "embedding": form})
        tokens = count_tokens(prompt)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        document = {"object": "list", "data": data, "model": self.model(received), "usage": usage}
        return Reply(document, tokens, 0)


class Moderations(OpenAI):
    """`/v1/moderations`: one result per text; a list of parts is one input. A text with "violence" is flagged."""

    def model(self, received: Received) -> str:
        return str(received.body.get("model", "omni-moderation-latest"))

    def prompt(self, received: Received) -> str:
        return "\n".join(texts([received.body["input"]]))

    def reply(self, received: Received, prompt: str, script: Script) -> Reply:
        given = received.body["input"]
        several = isinstance(given, list) and given and not isinstance(given[0], dict)
        results = [_moderated("\n".join(texts([item]))) for item in (given if several else [given])]
        document = {"id": f"modr-{received.number}", "model": self.model(received), "results": results}
        return Reply(document, count_tokens(prompt), 0)


def _moderated(text: str) -> dict[str, Any]:
    digest = hashlib.sha256(text.encode()).digest()
    scores = {name: digest[at] / 1024 for at, name in enumerate(CATEGORIES)}
    flagged = "violence" in text
    if flagged:
        scores["violence"] = 0.9
    return {
        "flagged": flagged,
        "categories": {name: score > 0.5 for name, score in scores.items()},
        "category_scores": scores,
        "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
    }
