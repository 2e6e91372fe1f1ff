"""`POST /v1/chat/completions` (OpenAI specification of 2026-08; llama.cpp and vLLM as measured)."""

import itertools
from typing import Any

from halfpenny.proxy.errors import Dialect, bad_request
from halfpenny.proxy.surfaces.base import STRUCTURED, Ask, Plain, Reported, Surface, has_error
from halfpenny.proxy.surfaces.openai_chat_stream import from_chunks, to_chunks
from halfpenny.proxy.surfaces.openai_request import ACCOUNT_NOISE, OWN_TOOLS, end_user_of
from halfpenny.proxy.surfaces.openai_stream import STORABLE_FINISHES, ChunkRecorder, without_usage_event
from halfpenny.proxy.surfaces.openai_usage import read_usage
from halfpenny.proxy.surfaces.pieces import members, plain_text, size_of, unfit
from halfpenny.proxy.surfaces.reading import as_count, bool_field, json_type, read_object, text_field, wants_usage

NOISE = ACCOUNT_NOISE | {"metadata"}
_EXACT_ONLY_FIELDS = (
    "logprobs",
    "top_logprobs",
    "prompt_logprobs",  # vLLM: the answer holds something of every token of the prompt; so do the next two
    "return_token_ids",
    "echo",
    "seed",
    "logit_bias",
    "prediction",
    "audio",
    "web_search_options",
    "functions",
)
_SCHEMA_FIELDS = ("structured_outputs", "guided_json", "grammar", "json_schema")
_NAMESPACE_FIELDS = ("model", "tools", "tool_choice", "response_format", *_SCHEMA_FIELDS)
_SYSTEM_ROLES = ("system", "developer")
_TOOL_ROLES = ("tool", "function")
_TEXT = frozenset({"text"})
_OUTSIDE_FIELDS = (
    "web_search_options",
    "data_sources",  # Azure: the answer is read from the caller's own documents
    "search_parameters",  # xAI
    "plugins",  # OpenRouter
    "enable_search",  # Qwen
)
_KINDS: dict[str, tuple[type, ...]] = {
    "tools": (list,),
    "functions": (list,),
    "n": (int,),
    "max_tokens": (int,),
    "max_completion_tokens": (int,),
    "temperature": (int, float),
}


class OpenAIChat(Plain):
    name = "chat"
    dialect: Dialect = "openai"
    path = "/v1/chat/completions"
    usage_on_request = True

    def read(self, body: bytes, target: str) -> Ask:
        document = read_object(body)
        model = self.model_of(document, target)
        given = _messages(document)
        stream, usage = bool_field(document, "stream"), wants_usage(document)
        odd = "not understood" if _is_odd(document, given) else ""
        messages = [message for message in given if isinstance(message, dict)]
        tools = bool(document.get("tools") or document.get("functions"))
        texts = tuple((str(message.get("role", "")), _text_of(message)) for message in messages)
        has_images = any(_has_parts(message) for message in messages)
        wants_schema = _wants_schema(document)
        exact_only = odd or _exact_only(document, messages, tools, has_images, wants_schema)
        semantic = exact_only in ("", STRUCTURED)
        text, frame = _split(document, messages) if semantic else ("", None)
        return Ask(
            document=document,
            model=model,
            stream=stream,
            wants_usage=usage,
            noise=NOISE,
            stateful=odd or _stateful(document, messages),
            exact_only=exact_only,
            text=text,
            frame=frame,
            namespace=_namespace(document, messages) if semantic else None,
            end_user=end_user_of(document),
            messages=texts,
            input_bytes=sum(size_of(text) for _, text in texts),
            max_output_tokens=as_count(document.get("max_completion_tokens")) or as_count(document.get("max_tokens")),
            has_tools=tools,
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
            if choice.get("error") is not None:
                return "an error in a choice"
            if str(choice.get("finish_reason")) not in STORABLE_FINISHES:
                return f"finish_reason {choice.get('finish_reason')}"
            if message.get("refusal"):
                return "a refusal"
            if not (message.get("content") or message.get("tool_calls") or message.get("function_call")):
                return "an empty answer"
        return ""

    def recorder(self, ask: Ask) -> ChunkRecorder:
        return ChunkRecorder(choices=as_count(ask.document.get("n")) or 1)

    def without_usage(self, stream: bytes) -> bytes:
        return without_usage_event(stream)

    def to_stream(self, document: Any, *, include_usage: bool) -> bytes:
        return to_chunks(document, include_usage=include_usage)

    def to_document(self, stream: bytes) -> dict[str, Any]:
        return from_chunks(stream)


_fits: type[Surface] = OpenAIChat


def _messages(document: dict[str, Any]) -> list[Any]:
    messages = document.get("messages")
    if messages is None or messages == []:
        raise bad_request("missing required parameter: 'messages'", code="missing_required_parameter", param="messages")
    if not isinstance(messages, list):
        raise bad_request(
            f"'messages' must be a non-empty array, not {json_type(messages)}",
            param="messages",
            code="invalid_type",
        )
    return messages


def _is_odd(document: dict[str, Any], messages: list[Any]) -> bool:
    """Whether something in it has a type that we do not know there: the upstream judges it, and nothing is stored."""
    for name, kinds in _KINDS.items():
        value = document.get(name)
        if value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            return True
    tools = [*(document.get("tools") or ()), *(document.get("functions") or ())]
    return not all(map(_is_plain, messages)) or not all(isinstance(tool, dict) for tool in tools)


def _is_plain(message: Any) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        return False
    content, calls = message.get("content"), message.get("tool_calls")
    if isinstance(content, list) and not all(isinstance(part, dict) for part in content):
        return False
    return isinstance(content, str | list | None) and isinstance(calls, list | None)


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
        name in document for name in _SCHEMA_FIELDS
    )


def _stateful(document: dict[str, Any], messages: list[dict[str, Any]]) -> str:
    if document.get("store") is True:
        return "store"
    if any(document.get(name) not in (None, False) for name in _OUTSIDE_FIELDS):
        return "hosted tool"
    for tool in document.get("tools") or ():
        # a server that knows only functions may leave the type out
        if str(tool.get("type", "function")) not in OWN_TOOLS:
            return "hosted tool"
    if any(document.get(name) is not None for name in ("kv_transfer_params", "ec_transfer_params")):
        return "server state"
    if any(message.get("audio") is not None for message in messages):
        return "server state"  # an earlier spoken answer, named by its id; it expires
    if any(_remote_part(message) for message in messages):
        return "remote content"
    return ""


def _remote_part(message: dict[str, Any]) -> bool:
    """Whether it points at a file or an address, whose content may change (`image_url`, vLLM's `video_url`...)."""
    content = message.get("content")
    if not isinstance(content, list):
        return False
    for part in content:
        file = part.get("file")
        if isinstance(file, dict) and any(file.get(name) is not None for name in ("file_id", "file_url")):
            return True
        if part.get("file_id") is not None:
            return True
        for name, value in part.items():
            url = value.get("url") if isinstance(value, dict) else value
            if name.endswith("_url") and url is not None and not str(url).startswith("data:"):
                return True
    return False


def _exact_only(
    document: dict[str, Any], messages: list[dict[str, Any]], tools: bool, images: bool, schema: bool
) -> str:
    last = messages[-1]
    if tools or any(message.get("role") in _TOOL_ROLES for message in messages):
        return "tools"
    if any(message.get("tool_calls") or message.get("function_call") for message in messages):
        return "tools"
    if images:
        return "not only text"
    if last.get("role") != "user":
        return "the last message is not the user's"
    n = document.get("n")
    if n is not None and n != 1:
        return "n"
    for name in _EXACT_ONLY_FIELDS:
        # not `in (None, False)`: a seed of 0 is a seed
        if document.get(name) is not None and document[name] is not False:
            return name
    if document.get("modalities") not in (None, ["text"]):
        return "modalities"
    text = plain_text(last.get("content"), _TEXT)
    if text is None:
        return "empty" if not last.get("content") else "not only text"
    return unfit(text) or (STRUCTURED if schema else "")


def _split(document: dict[str, Any], messages: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    last = {**messages[-1], "content": None}
    return _text_of(messages[-1]), {**document, "messages": [*messages[:-1], last]}


def _namespace(document: dict[str, Any], messages: list[dict[str, Any]]) -> dict[str, Any]:
    """What all conversations of one app have in common: the system messages that open them, tools and schema."""
    opening = itertools.takewhile(lambda message: message["role"] in _SYSTEM_ROLES, messages)
    return {**members(document, _NAMESPACE_FIELDS), "system": [message.get("content") for message in opening]}
