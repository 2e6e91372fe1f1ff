"""`POST /v1/responses` (OpenAI specification of 2026-08, SDK 3.54; llama.cpp as measured).

Stored only where nothing but the request decides the answer: `store` is false (the default is true: the caller may
then refer to the answer by its id), no conversation, no hosted tools, no files or URLs.
"""

import itertools
from typing import Any

from halfpenny.proxy.errors import Dialect
from halfpenny.proxy.surfaces.base import STRUCTURED, Ask, Plain, Reported, Surface
from halfpenny.proxy.surfaces.openai_request import ACCOUNT_NOISE, OWN_TOOLS, end_user_of
from halfpenny.proxy.surfaces.openai_usage import read_response_usage
from halfpenny.proxy.surfaces.pieces import members, plain_text, size_of, unfit
from halfpenny.proxy.surfaces.reading import as_count, bool_field, read_object, text_field
from halfpenny.proxy.surfaces.responses_stream import ResponsesRecorder, response_of, stream_of, why_not_stored

# `metadata` is not noise here: the answer repeats it, and apps find their own request by it.
NOISE = ACCOUNT_NOISE
_ASKS = ("input", "prompt", "previous_response_id", "conversation")
_STATE = ("previous_response_id", "conversation", "background_options", "kv_transfer_params", "ec_transfer_params")
_TOOL_ITEMS = frozenset({"function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"})
_TEXT_PARTS = frozenset({"input_text", "output_text", "text", "summary_text", "reasoning_text", "refusal"})
_PARTS = _TEXT_PARTS | {"input_image", "input_file", "input_audio"}
_SCHEMA_FIELDS = ("structured_outputs", "guided_json", "grammar", "json_schema", "response_format")
_NAMESPACE_FIELDS = ("model", "instructions", "tools", "tool_choice", *_SCHEMA_FIELDS)
_SYSTEM_ROLES = ("system", "developer")
_ASKED = frozenset({"input_text", "text"})
_EXACT_ONLY_FIELDS = (
    "prompt",
    "include",
    "top_logprobs",
    "seed",
    "logit_bias",
    "context_management",
    "moderation",
    "access_programs",
    "image",
)


class OpenAIResponses(Plain):
    name = "responses"
    dialect: Dialect = "openai"
    path = "/v1/responses"
    limit_is_silent = True

    def read(self, body: bytes, target: str) -> Ask:
        document = read_object(body)
        # Nothing is required here by the specification: a stored prompt may name the model, a conversation the input.
        model = text_field(document, "model") if document.get("model") is not None else ""
        stream = bool_field(document, "stream")
        items = _items(document.get("input"))
        messages = tuple(_messages(document, items))
        tools = document.get("tools")
        exact_only = _exact_only(document, items)
        semantic = exact_only in ("", STRUCTURED)
        return Ask(
            document=document,
            model=model,
            stream=stream,
            wants_usage=True,
            noise=NOISE,
            stateful=_stateful(document, items),
            exact_only=exact_only,
            text=_text_of(items[-1]) if semantic else "",
            frame=_frame(document) if semantic else None,
            namespace=_namespace(document, items) if semantic else None,
            end_user=end_user_of(document),
            messages=messages,
            input_bytes=sum(size_of(text) for _, text in messages),
            max_output_tokens=as_count(document.get("max_output_tokens")),
            has_tools=bool(tools),
            has_images=any(_has_more_than_text(item) for item in items),
            wants_schema=_wants_schema(document),
            sampled=document.get("temperature") != 0,
        )

    def reported(self, document: Any) -> Reported:
        return read_response_usage(document.get("usage")) if isinstance(document, dict) else Reported()

    def admissible(self, document: Any) -> str:
        return why_not_stored(document)

    def recorder(self, ask: Ask) -> ResponsesRecorder:
        return ResponsesRecorder(ask.max_output_tokens)

    def to_stream(self, document: Any, *, include_usage: bool) -> bytes:
        """`include_usage` changes nothing: the terminal event always has it."""
        return stream_of(document)

    def to_document(self, stream: bytes) -> dict[str, Any]:
        return response_of(stream)


_fits: type[Surface] = OpenAIResponses


def _items(given: Any) -> list[Any]:
    """`input` as a list of items; a string is one message of the user."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return given if isinstance(given, list) else []


def _messages(document: dict[str, Any], items: list[Any]) -> list[tuple[str, str]]:
    out = []
    instructions = document.get("instructions")
    if isinstance(instructions, str) and instructions:
        out.append(("system", instructions))
    for item in items:
        if isinstance(item, dict):
            out.append((_role_of(item), _text_of(item)))
    return out


def _role_of(item: dict[str, Any]) -> str:
    role = item.get("role")
    if isinstance(role, str):
        return role
    return "tool" if str(item.get("type")).endswith("_output") else "assistant"


def _text_of(item: dict[str, Any]) -> str:
    content = item.get("output" if str(item.get("type")).endswith("_output") else "content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(
        part["text"]
        for part in content
        if isinstance(part, dict) and str(part.get("type")) in _TEXT_PARTS and isinstance(part.get("text"), str)
    )


def _is_message(item: Any) -> bool:
    return isinstance(item, dict) and item.get("type") in (None, "message") and isinstance(item.get("role"), str)


def _has_more_than_text(item: Any) -> bool:
    content = item.get("content") if isinstance(item, dict) else None
    return isinstance(content, list) and any(
        not isinstance(part, dict) or str(part.get("type")) not in _TEXT_PARTS for part in content
    )


def _wants_schema(document: dict[str, Any]) -> bool:
    text = document.get("text")
    wanted = text.get("format") if isinstance(text, dict) else None
    plain = wanted is None or (isinstance(wanted, dict) and wanted.get("type") in (None, "text"))
    return not plain or any(name in document for name in _SCHEMA_FIELDS)


def _stateful(document: dict[str, Any], items: list[Any]) -> str:
    if document.get("store") is not False:
        return "store"
    if not document.get("model") or all(document.get(name) is None for name in _ASKS):
        return "not understood"
    for name in _STATE:
        if document.get(name) is not None:
            return name
    if document.get("background") not in (None, False):
        return "background"
    prompt = document.get("prompt")
    if prompt is not None and not (isinstance(prompt, dict) and isinstance(prompt.get("version"), str)):
        return "prompt without a version"
    tools = document.get("tools")
    if not isinstance(tools, list | None):
        return "not understood"
    for tool in tools or ():
        if not isinstance(tool, dict) or str(tool.get("type")) not in OWN_TOOLS:
            return "hosted tool"
    return _odd_shape(document) or _remote([prompt, *items]) or next(filter(None, map(_odd_item, items)), "")


def _odd_shape(document: dict[str, Any]) -> str:
    given, instructions = document.get("input"), document.get("instructions")
    good = isinstance(given, str | list | None) and isinstance(instructions, str | None)
    return "" if good else "not understood"


def _odd_item(item: Any) -> str:
    """Why an input item points at state of the provider's, or is not understood; empty for what speaks for itself."""
    if not isinstance(item, dict):
        return "not understood"
    kind = item.get("type")
    if kind == "item_reference":
        return "item reference"
    if str(kind) in _TOOL_ITEMS:
        return ""
    if kind == "reasoning":
        # a bare id is looked up at the provider; with its encrypted or plain content the item is whole
        return "" if item.get("encrypted_content") or item.get("content") else "item reference"
    if kind == "compaction":
        return "" if item.get("encrypted_content") else "item reference"
    if not _is_message(item):
        return "not understood"
    content = item.get("content")
    if isinstance(content, str):
        return ""
    if not isinstance(content, list):
        return "not understood"
    good = all(isinstance(part, dict) and str(part.get("type")) in _PARTS for part in content)
    return "" if good else "not understood"


def _remote(values: list[Any]) -> str:
    """Whether anything in it, at any depth, is a file or an address whose content may change."""
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            image = value.get("image_url")
            address = image.get("url") if isinstance(image, dict) else image
            if any(value.get(name) is not None for name in ("file_id", "file_url", "container_id")):
                return "remote content"
            if address is not None and not str(address).startswith("data:"):
                return "remote content"
            waiting += value.values()
    return ""


def _exact_only(document: dict[str, Any], items: list[Any]) -> str:
    kinds = [item.get("type") for item in items if isinstance(item, dict)]
    if document.get("tools") or not all(kind in (None, "message", "reasoning") for kind in kinds):
        return "tools"
    if any(_has_more_than_text(item) for item in items):
        return "not only text"
    if not items or not _is_message(items[-1]) or items[-1]["role"] != "user":
        return "the last message is not the user's"
    for name in _EXACT_ONLY_FIELDS:
        value = document.get(name)
        if name == "seed" and value is not None:
            return name
        if value not in (None, False, [], 0):
            return name
    text = plain_text(items[-1].get("content"), _ASKED)
    if text is None:
        return "empty" if not items[-1].get("content") else "not only text"
    return unfit(text) or (STRUCTURED if _wants_schema(document) else "")


def _namespace(document: dict[str, Any], items: list[Any]) -> dict[str, Any]:
    """What all conversations of one app have in common: instructions, opening system messages, tools and schema."""
    opening = itertools.takewhile(lambda item: _is_message(item) and item["role"] in _SYSTEM_ROLES, items)
    text = document.get("text")
    return {
        **members(document, _NAMESPACE_FIELDS),
        "format": text.get("format") if isinstance(text, dict) else None,
        "system": [item.get("content") for item in opening],
    }


def _frame(document: dict[str, Any]) -> dict[str, Any]:
    given = document["input"]
    if isinstance(given, str):
        return {**document, "input": None}
    return {**document, "input": [*given[:-1], {**given[-1], "content": None}]}
