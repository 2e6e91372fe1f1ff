"""What the Messages API's requests have in common: `/v1/messages` and `/v1/messages/count_tokens`.

Field names and block types: the parameter types of Anthropic's Python SDK 2.12 (2026-11), its beta namespace included.
Only a missing model or missing messages are refused; every other oddity is the upstream's to judge, and only makes the
answer less shareable here.
"""

import re
from typing import Any

from halfpenny.proxy.errors import bad_request
from halfpenny.proxy.surfaces.base import STRUCTURED, Ask
from halfpenny.proxy.surfaces.pieces import joined_names, members, objects_in, plain_text, size_of, unfit
from halfpenny.proxy.surfaces.reading import as_count, json_type, read_object, text_field

NOISE = frozenset(
    {
        "stream",
        "metadata",
        "service_tier",
        "speed",
        "diagnostics",
        "billing_policy",
        "fallback_credit_token",
        "user_profile_id",
        "cache_control",
    }
)
_STATE = ("container", "thread", "mcp_servers")
# Tools that the caller runs itself. A type that is not named here may be run by the provider and see the world.
_OWN_TOOL = re.compile(
    r"custom|(?:bash|computer|text_editor|memory|computer_toolset|browser_toolset"
    r"|tool_search_tool_bm25|tool_search_tool_regex)(?:_\d{8})?"
)
_TOOL_BLOCKS = ("tool_use", "tool_result", "server_tool_use", "mcp_tool_use", "mcp_tool_result")
_TEXT = frozenset({"text"})
_THINKING_BLOCKS = ("thinking", "redacted_thinking")
_MARKER = "cache_control"


def read_ask(body: bytes) -> Ask:
    """The request body, read. Raises `ProxyError` (400) for no JSON object, no `model`, no array `messages`."""
    document = read_object(body)
    model = text_field(document, "model")
    messages = document.get("messages")
    if messages is None:
        raise bad_request("missing required parameter: 'messages'", code="missing_required_parameter", param="messages")
    if not isinstance(messages, list):
        raise bad_request(
            f"'messages' must be an array, not {json_type(messages)}", code="invalid_type", param="messages"
        )
    # a marker spelled with escapes stays in the key: that can only cost a hit
    keyed = without_markers(document) if b'"cache_control"' in body else document
    blocks = [block for message in objects_in(messages) for block in _blocks(message.get("content"))]
    images = any(block.get("type") in ("image", "document") for block in blocks)
    offered = bool(document.get("tools") or _added_tools(blocks))
    tools = offered or any(block.get("type") in _TOOL_BLOCKS for block in blocks)
    format_ = _format_of(document)
    exact_only = _exact_only(keyed, tools=tools, images=images, schema=format_ is not None)
    semantic = exact_only in ("", STRUCTURED)
    text, frame = _split(keyed) if semantic else ("", None)
    said = _said(document, messages)
    return Ask(
        document=document,
        model=model,
        stream=document.get("stream") is True,
        wants_usage=True,
        noise=NOISE,
        stateful=_stateful(document, blocks),
        exact_only=exact_only,
        text=text,
        frame=frame,
        namespace=_namespace(keyed) if semantic else None,
        end_user=_end_user(document),
        messages=said,
        input_bytes=sum(size_of(text) for _, text in said),
        max_output_tokens=as_count(document.get("max_tokens")),
        has_tools=tools,
        has_images=images,
        wants_schema=format_ is not None,
        sampled=document.get("temperature") != 0,
        keyed=None if keyed is document else keyed,
    )


def without_markers(document: dict[str, Any]) -> dict[str, Any]:
    """The document without `cache_control` where the API defines it: on tools, system blocks and content blocks. They
    change what is billed, not what is answered, and agents move them every turn. The caller's own data (a tool's
    input, its schema, JSON in a text) may use the same word and is left alone."""
    bare = dict(document)
    for name in ("tools", "system"):
        if isinstance(document.get(name), list):
            bare[name] = [_unmarked(item) for item in document[name]]
    bare["messages"] = [
        {**message, "content": _unmarked_content(message["content"])}
        if isinstance(message, dict) and "content" in message
        else message
        for message in document["messages"]
    ]
    return bare


def _unmarked_content(content: Any) -> Any:
    return [_unmarked_block(block) for block in content] if isinstance(content, list) else content


def _unmarked_block(block: Any) -> Any:
    block = _unmarked(block)
    if not isinstance(block, dict):
        return block
    kind = block.get("type")
    if kind in ("tool_result", "search_result") and isinstance(block.get("content"), list):
        return {**block, "content": _unmarked_content(block["content"])}
    source = block.get("source")
    if kind == "document" and isinstance(source, dict) and isinstance(source.get("content"), list):
        return {**block, "source": {**source, "content": _unmarked_content(source["content"])}}
    return block


def _unmarked(item: Any) -> Any:
    if not isinstance(item, dict) or _MARKER not in item:
        return item
    return {name: value for name, value in item.items() if name != _MARKER}


def _blocks(content: Any) -> list[dict[str, Any]]:
    """All content blocks, those inside tool results, search results and documents included."""
    found: list[dict[str, Any]] = []
    for block in objects_in(content):
        found.append(block)
        kind, source = block.get("type"), block.get("source")
        if kind in ("tool_result", "search_result", "mcp_tool_result"):
            found += _blocks(block.get("content"))
        elif kind == "web_fetch_tool_result":
            fetched = block.get("content")
            found += _blocks([fetched["content"]]) if isinstance(fetched, dict) and "content" in fetched else []
        elif kind == "compaction":
            found += _blocks(block.get("tool_changes"))
        elif kind == "document" and isinstance(source, dict):
            found += _blocks(source.get("content"))
    return found


def _stateful(document: dict[str, Any], blocks: list[dict[str, Any]]) -> str:
    if not isinstance(document.get("stream"), bool | None):
        return "stream is not a boolean"
    for name in _STATE:
        if document.get(name):
            return name
    if document.get("max_tokens") == 0:
        return "max_tokens 0"  # warms the provider's prompt cache: the call itself is what is wanted
    if any(_is_hosted(tool) for tool in [*objects_in(document.get("tools")), *_added_tools(blocks)]):
        return "hosted tool"
    for block in blocks:
        source = block.get("source")
        if block.get("type") == "container_upload":
            return "container"
        if isinstance(source, dict) and source.get("type") in ("file", "url"):
            return "file" if source["type"] == "file" else "remote content"
    return ""


def _added_tools(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tools that come in a message (beta inline-tools-2026-09-15): the same objects that `tools` holds."""
    added = [block.get("tool") for block in blocks if block.get("type") == "tool_addition"]
    return objects_in([tool.get("definition") for tool in added if isinstance(tool, dict)])


def _is_hosted(tool: dict[str, Any]) -> bool:
    kind = tool.get("type")
    return kind is not None and not (isinstance(kind, str) and _OWN_TOOL.fullmatch(kind) is not None)


def _format_of(document: dict[str, Any]) -> Any:
    """The structured output asked for: `output_config.format`, or `output_format` of the older beta."""
    config = document.get("output_config")
    inner = config.get("format") if isinstance(config, dict) else None
    return inner if inner is not None else document.get("output_format")


def _exact_only(document: dict[str, Any], *, tools: bool, images: bool, schema: bool) -> str:
    if tools:
        return "tools"
    if images:
        return "not only text"
    messages = document["messages"]
    last = messages[-1] if messages else None
    if not isinstance(last, dict) or last.get("role") != "user":
        return "the last message is not the user's"
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        if any(block.get("type") in _THINKING_BLOCKS for block in objects_in(content)):
            return "thinking"
        if _plain_text(content) is None:
            return "not only text"
    return unfit(_plain_text(last.get("content")) or "") or (STRUCTURED if schema else "")


def _plain_text(content: Any) -> str | None:
    return plain_text(content, _TEXT)


def _split(document: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    *earlier, last = document["messages"]
    return _plain_text(last["content"]) or "", {**document, "messages": [*earlier, {**last, "content": None}]}


def _namespace(document: dict[str, Any]) -> dict[str, Any]:
    """What all conversations of one app have in common: system prompt, tools and schema."""
    return {**members(document, ("model", "system", "tools", "tool_choice")), "format": _format_of(document)}


def _said(document: dict[str, Any], messages: list[Any]) -> tuple[tuple[str, str], ...]:
    """(role, text) of the system prompt and of every message."""
    said = [(_role(message), _text_of(message.get("content"))) for message in objects_in(messages)]
    system = document.get("system")
    return (("system", _text_of(system)), *said) if system else tuple(said)


def _role(message: dict[str, Any]) -> str:
    role = message.get("role")
    return role if isinstance(role, str) else ""


def _text_of(content: Any) -> str:
    if isinstance(content, str):
        return content
    texts = []
    for block in objects_in(content):
        kind, source = block.get("type"), block.get("source")
        if kind == "text" and isinstance(block.get("text"), str):
            texts.append(block["text"])
        elif kind in ("tool_result", "search_result"):
            texts.append(_text_of(block.get("content")))
        elif kind == "document" and isinstance(source, dict):
            data = source.get("data") if source.get("type") == "text" else None
            texts.append(data if isinstance(data, str) else _text_of(source.get("content")))
    return "\n".join(text for text in texts if text)


def _end_user(document: dict[str, Any]) -> str:
    metadata = document.get("metadata")
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    return joined_names([user, document.get("user_profile_id")])
