"""`POST /v1/chat/completions` (OpenAI specification of 2026-08; llama.cpp and vLLM as measured)."""

import re
from typing import Any

import msgspec

from halfpenny.proxy.errors import Dialect, bad_request
from halfpenny.proxy.surfaces.base import Ask, Plain, Reported, Surface, has_error
from halfpenny.proxy.surfaces.openai_stream import (
    STORABLE_FINISHES,
    ChunkRecorder,
    chunks_of,
    head_of,
    usage_of,
    without_usage_event,
)
from halfpenny.proxy.surfaces.openai_usage import read_usage
from halfpenny.proxy.surfaces.reading import (
    bool_field,
    count_field,
    json_type,
    list_field,
    number_field,
    read_object,
    text_field,
    wants_usage,
)
from halfpenny.proxy.surfaces.sse import event

NOISE = frozenset(
    {
        "stream",
        "stream_options",
        "metadata",
        "user",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "service_tier",
        # vLLM's own: delivery and scheduling, not the answer
        "request_id",
        "priority",
        "session_id",
        "stream_interval",
    }
)
# Possessive throughout: a long word without blanks (a URL, base64, CJK text) must not make it backtrack.
_PIECE = re.compile(r"(?:\s*+\S++){1,6}+(?:\s*+\Z)?+|\s++")
_EXACT_ONLY_FIELDS = ("logprobs", "seed", "logit_bias", "prediction", "audio", "web_search_options", "functions")
_HOSTED_TOOLS = frozenset({"web_search", "web_search_preview", "file_search", "code_interpreter", "mcp", "computer"})
_SEMANTIC_TEXT_LIMIT = 1200
"""Characters. The embedder reads 256 tokens: what lies past that would be invisible to it."""


class OpenAIChat(Plain):
    name = "chat"
    dialect: Dialect = "openai"
    path = "/v1/chat/completions"
    usage_on_request = True

    def read(self, body: bytes, target: str) -> Ask:
        document = read_object(body)
        model = self.model_of(document, target)
        messages = _messages(document)
        number_field(document, "temperature")
        tools = list_field(document, "tools") or list_field(document, "functions")
        texts = tuple((str(message.get("role", "")), _text_of(message)) for message in messages)
        has_images = any(_has_parts(message) for message in messages)
        wants_schema = _wants_schema(document)
        exact_only = _exact_only(document, messages, bool(tools), has_images, wants_schema)
        text, frame = ("", None) if exact_only else _split(document, messages)
        return Ask(
            document=document,
            model=model,
            stream=bool_field(document, "stream"),
            wants_usage=wants_usage(document),
            noise=NOISE,
            stateful=_stateful(document, messages),
            exact_only=exact_only,
            text=text,
            frame=frame,
            end_user=_end_user(document),
            messages=texts,
            input_bytes=sum(len(text.encode()) for _, text in texts),
            max_output_tokens=count_field(document, "max_completion_tokens") or count_field(document, "max_tokens"),
            has_tools=bool(tools),
            has_images=has_images,
            wants_schema=wants_schema,
            sampled=document.get("temperature") != 0,
        )

    def model_of(self, document: dict[str, Any], target: str) -> str:
        return text_field(document, "model")

    def reported(self, document: Any) -> Reported:
        return read_usage(document.get("usage")) if isinstance(document, dict) else Reported()

    def admissible(self, document: Any) -> str:
        if not isinstance(document, dict) or has_error(document):
            return "an error in the body"
        choices = document.get("choices")
        if not isinstance(choices, list) or not choices:
            return "no choices"
        for choice in choices:
            message = choice.get("message") if isinstance(choice, dict) else None
            if not isinstance(message, dict):
                return "a choice without a message"
            if choice.get("finish_reason") not in STORABLE_FINISHES:
                return f"finish_reason {choice.get('finish_reason')}"
            if message.get("refusal"):
                return "a refusal"
            if not (message.get("content") or message.get("tool_calls") or message.get("function_call")):
                return "an empty answer"
        return ""

    def recorder(self, ask: Ask) -> ChunkRecorder:
        return ChunkRecorder(choices=count_field(ask.document, "n") or 1)

    def without_usage(self, stream: bytes) -> bytes:
        return without_usage_event(stream)

    def to_stream(self, document: Any, *, include_usage: bool) -> bytes:
        usage = document.get("usage")
        head = {name: value for name, value in document.items() if name not in ("choices", "usage")}
        head["object"] = "chat.completion.chunk"
        if include_usage:
            head["usage"] = None

        def chunk(choice: dict[str, Any]) -> bytes:
            return event(msgspec.json.encode({**head, "choices": [choice]}))

        out: list[bytes] = []
        for at, choice in enumerate(document.get("choices", ())):
            index = choice.get("index", at)
            for delta, logprobs in _deltas(choice):
                out.append(chunk({"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": None}))
            rest = {k: v for k, v in choice.items() if k not in ("index", "message", "logprobs", "finish_reason")}
            out.append(
                chunk(
                    {
                        "index": index,
                        "delta": {},
                        "logprobs": None,
                        "finish_reason": choice.get("finish_reason"),
                        **rest,
                    }
                )
            )
        if include_usage and usage is not None:
            out.append(event(msgspec.json.encode({**head, "choices": [], "usage": usage})))
        out.append(event(b"[DONE]"))
        return b"".join(out)

    def to_document(self, stream: bytes) -> dict[str, Any]:
        chunks = chunks_of(stream)
        document = head_of(chunks, "chat.completion")
        choices: dict[int, dict[str, Any]] = {}
        for chunk in chunks:
            for part in chunk.get("choices") or ():
                _merge_choice(choices, part)
        document["choices"] = [_closed(choices[index]) for index in sorted(choices)]
        usage = usage_of(chunks)
        if usage is not None:
            document["usage"] = usage
        return document


_fits: type[Surface] = OpenAIChat


def _messages(document: dict[str, Any]) -> list[dict[str, Any]]:
    messages = document.get("messages")
    if messages is None:
        raise bad_request("missing required parameter: 'messages'", code="missing_required_parameter", param="messages")
    if not isinstance(messages, list) or not messages:
        raise bad_request(
            f"'messages' must be a non-empty array, not {json_type(messages) if messages != [] else 'an empty array'}",
            param="messages",
            code="invalid_type",
        )
    for at, message in enumerate(messages):
        if not isinstance(message, dict):
            raise bad_request(
                f"'messages[{at}]' must be an object, not {json_type(message)}",
                param=f"messages[{at}]",
                code="invalid_type",
            )
        if not isinstance(message.get("role"), str):
            raise bad_request(
                f"'messages[{at}].role' must be a string", param=f"messages[{at}].role", code="invalid_type"
            )
        content = message.get("content")
        if content is not None and not isinstance(content, str | list):
            raise bad_request(
                f"'messages[{at}].content' must be a string or an array, not {json_type(content)}",
                param=f"messages[{at}].content",
                code="invalid_type",
            )
    return messages


def _text_of(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(
        part["text"]
        for part in content
        if isinstance(part, dict) and part.get("type") in ("text", "input_text") and isinstance(part.get("text"), str)
    )


def _has_parts(message: dict[str, Any]) -> bool:
    """True if the message carries anything but text."""
    content = message.get("content")
    return isinstance(content, list) and any(
        not isinstance(part, dict) or part.get("type") not in ("text", "refusal") for part in content
    )


def _wants_schema(document: dict[str, Any]) -> bool:
    wanted = document.get("response_format")
    return (isinstance(wanted, dict) and wanted.get("type") not in (None, "text")) or any(
        name in document for name in ("structured_outputs", "guided_json", "grammar", "json_schema")
    )


def _stateful(document: dict[str, Any], messages: list[dict[str, Any]]) -> str:
    if document.get("store") is True:
        return "store"
    if document.get("web_search_options") is not None:
        return "hosted tool"
    for tool in document.get("tools") or ():
        if isinstance(tool, dict) and tool.get("type") in _HOSTED_TOOLS:
            return "hosted tool"
    if any(name in document for name in ("kv_transfer_params", "ec_transfer_params")):
        return "server state"
    if any(_remote_part(message) for message in messages):
        return "remote content"
    return ""


def _remote_part(message: dict[str, Any]) -> bool:
    content = message.get("content")
    if not isinstance(content, list):
        return False
    for part in content:
        if not isinstance(part, dict):
            continue
        if "file_id" in str(part.get("file", "")):
            return True
        image = part.get("image_url")
        url = image.get("url") if isinstance(image, dict) else image
        if isinstance(url, str) and not url.startswith("data:"):
            return True
    return False


def _exact_only(
    document: dict[str, Any], messages: list[dict[str, Any]], tools: bool, images: bool, schema: bool
) -> str:
    last = messages[-1]
    if tools or last.get("role") in ("tool", "function") or any(m.get("tool_calls") for m in messages):
        return "tools"
    if images:
        return "not only text"
    if schema:
        return "structured output"
    if last.get("role") != "user":
        return "the last message is not the user's"
    n = document.get("n")
    if n is not None and n != 1:
        return "n"
    for name in _EXACT_ONLY_FIELDS:
        if document.get(name) not in (None, False):
            return name
    text = _text_of(last)
    if not text.strip():
        return "empty"
    if len(text) > _SEMANTIC_TEXT_LIMIT:
        return "too long"
    if "```" in text:
        return "code"
    return ""


def _split(document: dict[str, Any], messages: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    last = {**messages[-1], "content": None}
    return _text_of(messages[-1]), {**document, "messages": [*messages[:-1], last]}


def _end_user(document: dict[str, Any]) -> str:
    for name in ("safety_identifier", "user"):
        value = document.get(name)
        if isinstance(value, str):
            return value
    return ""


def _deltas(choice: dict[str, Any]) -> list[tuple[dict[str, Any], Any]]:
    message = choice.get("message", {})
    deltas: list[tuple[dict[str, Any], Any]] = [({"role": message.get("role", "assistant"), "content": ""}, None)]
    for name, value in message.items():
        if name in ("role", "content", "tool_calls") or value is None:
            continue
        if name.startswith("reasoning") and isinstance(value, str):
            deltas += [({name: piece}, None) for piece in _PIECE.findall(value)]
        else:
            deltas.append(({name: value}, None))
    content = message.get("content")
    if isinstance(content, str) and content:
        deltas += _content_deltas(content, choice.get("logprobs"))
    for at, call in enumerate(message.get("tool_calls") or ()):
        deltas += _tool_deltas(at, call)
    return deltas


def _content_deltas(content: str, logprobs: Any) -> list[tuple[dict[str, Any], Any]]:
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    if isinstance(tokens, list) and "".join(str(token.get("token", "")) for token in tokens) == content:
        # with log-probabilities the pieces must fall on token borders
        return [({"content": token["token"]}, {**logprobs, "content": [token]}) for token in tokens]
    if logprobs is not None:
        return [({"content": content}, logprobs)]
    return [({"content": piece}, None) for piece in _PIECE.findall(content)]


def _tool_deltas(at: int, call: dict[str, Any]) -> list[tuple[dict[str, Any], Any]]:
    function = call.get("function")
    if not isinstance(function, dict):
        return [({"tool_calls": [{"index": at, **call}]}, None)]
    opening = {"index": at, **call, "function": {**function, "arguments": ""}}
    body = {"index": at, "function": {"arguments": function.get("arguments", "")}}
    return [({"tool_calls": [opening]}, None), ({"tool_calls": [body]}, None)]


def _merge_choice(choices: dict[int, dict[str, Any]], part: dict[str, Any]) -> None:
    index = part.get("index", 0)
    choice = choices.setdefault(
        index,
        {"index": index, "message": {"role": "assistant", "content": None}, "logprobs": None, "finish_reason": None},
    )
    for name, value in (part.get("delta") or {}).items():
        _merge_field(choice["message"], name, value)
    logprobs = part.get("logprobs")
    if isinstance(logprobs, dict):
        merged = choice["logprobs"] or {}
        for name, value in logprobs.items():
            merged[name] = [*merged.get(name, ()), *value] if isinstance(value, list) else merged.get(name) or value
        choice["logprobs"] = merged
    for name, value in part.items():
        if name not in ("index", "delta", "logprobs") and value is not None:
            choice[name] = value


def _merge_field(message: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        message.setdefault(name, None)
    elif name == "role":
        message["role"] = value
    elif name == "tool_calls":
        _merge_tool_calls(message, value)
    elif isinstance(value, str):
        message[name] = (message.get(name) or "") + value
    elif isinstance(value, list):
        message[name] = [*(message.get(name) or ()), *value]
    elif isinstance(value, dict) and isinstance(message.get(name), dict):
        for inner, text in value.items():
            _merge_field(message[name], inner, text)
    else:
        message[name] = value


def _merge_tool_calls(message: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    calls: list[dict[str, Any]] = message.setdefault("tool_calls", [])
    for part in parts:
        index = part.get("index", len(calls))
        while len(calls) <= index:
            calls.append({})
        call = calls[index]
        for name, value in part.items():
            if name == "function" and isinstance(value, dict):
                function = call.setdefault("function", {})
                for inner, text in value.items():
                    if inner == "arguments":
                        function["arguments"] = function.get("arguments", "") + (text or "")
                    elif text is not None:
                        function[inner] = text
            elif name != "index" and value is not None:
                call[name] = value


def _closed(choice: dict[str, Any]) -> dict[str, Any]:
    message = choice["message"]
    if message.get("tool_calls") and message.get("content") == "":
        message["content"] = None
    return choice
