"""Requests of Anthropic's `POST /v1/messages` (SDK 2.12 of 2026-11): read as asked, written as spoken.

Temperature, top_p and top_k are gone from the newest SDK's types but still part of the API for models that
know them.
"""

import hashlib
import re
from typing import Any, Literal

from halfpenny.proxy.dialects import noise
from halfpenny.proxy.dialects.base import (
    Call,
    Effort,
    Format,
    Image,
    Outgoing,
    Part,
    Refusal,
    Request,
    Result,
    Text,
    Thinking,
    Thought,
    Tool,
    ToolChoice,
    Turn,
    not_expressible,
)
from halfpenny.proxy.dialects.fields import Fields, wrong_type
from halfpenny.proxy.dialects.shared import WHERE, asked_arguments, cannot, described, image_of, json_text, plain_text

TARGET = "/v1/messages"
DEFAULT_MAX_TOKENS = 4096
"""`max_tokens` is required here and optional elsewhere: what a caller gets who did not say."""
_LEAST_BUDGET = 1024
_MEDIA_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_WHERE = WHERE["anthropic"]
_NOT_IN_ID = re.compile(r"[^a-zA-Z0-9_-]")
_EFFORTS: dict[str, Effort] = {"low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}
_MODES: dict[str, Literal["auto", "none", "required"]] = {"auto": "auto", "none": "none", "any": "required"}
NAMES = {
    "choice": "tool_choice",
    "parallel": "tool_choice.disable_parallel_tool_use",
    "format": "output_config.format",
    "stop": "stop_sequences",
}


def read(document: dict[str, Any], where: str) -> Request:
    fields = Fields(document, "", where)
    fields.skip(noise.MESSAGES)
    max_tokens = fields.whole("max_tokens")
    if max_tokens == 0:
        raise fields.refuse("max_tokens", "is 0: warming the prompt cache is for Anthropic's own API")
    output = fields.inner("output_config")
    choice, parallel = _choice(fields)
    request = Request(
        names=NAMES,
        system=tuple(_system(fields)),
        turns=tuple(_turn(fields, number, value) for number, value in enumerate(fields.items("messages"))),
        tools=tuple(_tool(fields, number, value) for number, value in enumerate(fields.items("tools"))),
        choice=choice,
        parallel=parallel,
        max_tokens=max_tokens,
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.whole("top_k"),
        stop=fields.texts("stop_sequences"),
        thinking=_thinking(fields, output),
        format=_format(output),
    )
    if output is not None:
        output.end()
    fields.end()
    return request


def _system(fields: Fields) -> list[str]:
    value = fields.take("system")
    return [] if value is None else _texts(fields, "system", value)


def _texts(fields: Fields, name: str, value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise wrong_type(fields.path(name), "a string or an array", value)
    texts = []
    for number, block in enumerate(value):
        inner = Fields(block, f"{fields.path(name)}[{number}]", fields.where)
        if inner.text("type") != "text":
            raise inner.refuse("type")
        texts.append(_text(inner).text)
    return texts


def _text(block: Fields) -> Text:
    text = Text(block.needed_text("text"))
    block.skip(noise.MESSAGES_BLOCK)
    block.skip(frozenset({"citations"}))  # of an earlier answer: its text is sent whole
    block.end()
    return text


def _turn(fields: Fields, number: int, value: Any) -> Turn:
    message = Fields(value, f"messages[{number}]", fields.where)
    role = message.text("role")
    content = message.take("content")
    message.end()
    if role == "system":
        return Turn("system", tuple(Text(text) for text in _texts(message, "content", content)), message.at)
    if role not in ("user", "assistant"):
        raise message.refuse("role")
    if isinstance(content, str):
        return Turn(role, (Text(content),), message.at)  # type: ignore[arg-type]  # checked above
    if not isinstance(content, list):
        raise wrong_type(message.path("content"), "a string or an array", content)
    parts: list[Part] = []
    for at, block in enumerate(content):
        inner = Fields(block, f"{message.path('content')}[{at}]", fields.where)
        part = _part(inner, role)
        if part is not None:
            parts.append(part)
    return Turn(role, tuple(parts), message.at)  # type: ignore[arg-type]


def _part(block: Fields, role: str) -> Part | None:
    kind = block.text("type")
    if kind == "text":
        return _text(block)
    if kind == "image":
        return _image(block)
    if kind == "tool_use" and role == "assistant":
        block.skip(noise.MESSAGES_BLOCK)
        block.neutral("caller", {"type": "direct"})
        call = Call(
            id=block.needed_text("id"),
            name=block.needed_text("name"),
            arguments=json_text(block.mapping("input") or {}),
            at=block.path("input"),
        )
        block.end()
        return call
    if kind == "tool_result" and role == "user":
        return _result(block)
    if kind in noise.MESSAGES_THOUGHTS and role == "assistant":
        return None
    raise block.refuse("type")


def _image(block: Fields) -> Image:
    block.skip(noise.MESSAGES_BLOCK)
    source = block.inner("source")
    if source is None:
        raise wrong_type(block.path("source"), "an object", None)
    kind = source.text("type")
    if kind == "base64":
        image = Image(
            media_type=source.needed_text("media_type"), data=source.needed_text("data"), at=source.path("data")
        )
    elif kind == "url":
        image = image_of(source.needed_text("url"), source.path("url"))
    else:
        raise source.refuse("type")
    source.end()
    block.end()
    return image


def _result(block: Fields) -> Result:
    block.skip(noise.MESSAGES_BLOCK)
    content = block.take("content")
    parts: list[Text | Image] = []
    if isinstance(content, str):
        parts.append(Text(content))
    elif isinstance(content, list):
        for number, value in enumerate(content):
            inner = Fields(value, f"{block.path('content')}[{number}]", block.where)
            kind = inner.text("type")
            if kind == "text":
                parts.append(_text(inner))
            elif kind == "image":
                parts.append(_image(inner))
            else:
                raise inner.refuse("type")
    elif content is not None:
        raise wrong_type(block.path("content"), "a string or an array", content)
    result = Result(
        id=block.needed_text("tool_use_id"),
        parts=tuple(parts),
        failed=block.flag("is_error") or False,
        at=block.path("content"),
    )
    block.end()
    return result


def _tool(fields: Fields, number: int, value: Any) -> Tool:
    tool = Fields(value, f"tools[{number}]", fields.where)
    if tool.text("type") not in ("", "custom"):
        raise tool.refuse("type")
    tool.skip(noise.MESSAGES_TOOL)
    tool.neutral("allowed_callers", ["direct"])
    tool.neutral("defer_loading", False)
    tool.neutral("input_examples", [])
    read = Tool(
        name=tool.needed_text("name"),
        description=tool.text("description"),
        schema=tool.mapping("input_schema"),
        strict=tool.flag("strict"),
    )
    tool.end()
    return read


def _choice(fields: Fields) -> tuple[ToolChoice | None, bool | None]:
    choice = fields.inner("tool_choice")
    if choice is None:
        return None, None
    kind = choice.text("type")
    single = choice.flag("disable_parallel_tool_use")
    if kind == "tool":
        read = ToolChoice("required", (choice.needed_text("name"),))
    elif kind in _MODES:
        read = ToolChoice(_MODES[kind])
    else:
        raise choice.refuse("type")
    choice.end()
    return read, None if single is None else not single


def _thinking(fields: Fields, output: Fields | None) -> Thinking | None:
    effort: Effort | None = None
    if output is not None:
        word = output.text("effort")
        if word and word not in _EFFORTS:
            raise output.refuse("effort")
        effort = _EFFORTS.get(word)
    thinking = fields.inner("thinking")
    if thinking is None:
        return Thinking(effort=effort) if effort else None
    kind = thinking.text("type")
    display = thinking.text("display")
    budget = thinking.whole("budget_tokens") if kind == "enabled" else None
    thinking.end()
    if display not in ("", "summarized", "omitted"):
        raise thinking.refuse("display")
    if kind == "disabled":
        return Thinking(effort="none", show=False)
    if kind not in ("enabled", "adaptive"):
        raise thinking.refuse("type")
    if effort is not None:
        budget = None  # both say how much; the word is the newer one, and what the others understand
    return Thinking(effort=effort, budget=budget, show=display != "omitted")


def _format(output: Fields | None) -> Format | None:
    wanted = output.inner("format") if output is not None else None
    if wanted is None:
        return None
    if wanted.text("type") != "json_schema":
        raise wanted.refuse("type")
    read = Format(schema=wanted.mapping("schema") or {})
    wanted.end()
    return read


# writing


def write(request: Request, model: str, stream: bool) -> Outgoing:
    _check(request)
    document: dict[str, Any] = {
        "model": model,
        "max_tokens": DEFAULT_MAX_TOKENS if request.max_tokens is None else request.max_tokens,
        "messages": [_message(turn) for turn in request.turns],
    }
    plain = {
        "system": _written_system(request.system),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": request.top_k,
        "stop_sequences": list(request.stop) or None,
        "tools": [_written_tool(tool) for tool in request.tools] or None,
        "tool_choice": _written_choice(request),
        "stream": stream or None,
        **_written_thinking(request, document["max_tokens"]),
    }
    document |= {name: value for name, value in plain.items() if value is not None}
    return Outgoing(TARGET, document)


def _check(request: Request) -> None:
    if request.n != 1:
        raise cannot(request, "n", _WHERE)
    if request.seed is not None:
        raise cannot(request, "seed", _WHERE)
    if request.logprobs or request.top_logprobs:
        raise cannot(request, "logprobs" if request.logprobs else "top_logprobs", _WHERE)
    for name in ("presence_penalty", "frequency_penalty"):
        if getattr(request, name):
            raise cannot(request, name, _WHERE)
    if request.verbosity not in ("", "medium"):
        raise cannot(request, "verbosity", _WHERE)
    if request.temperature is not None and request.temperature > 1:
        raise cannot(request, "temperature", _WHERE, f"is above 1, the most that the {_WHERE} knows")
    if request.format is not None and request.format.schema is None:
        raise cannot(request, "format", _WHERE, f"asks for JSON without a schema, which the {_WHERE} cannot promise")


def _written_system(system: tuple[str, ...]) -> Any:
    if len(system) < 2:
        return system[0] if system else None
    return [{"type": "text", "text": text} for text in system]


def _message(turn: Turn) -> dict[str, Any]:
    text = plain_text(turn.parts)
    if text is not None:
        return {"role": turn.role, "content": text}
    blocks = [_block(part) for part in turn.parts if not isinstance(part, Thought)]
    if not blocks:
        raise not_expressible(turn.at, "has no content")
    # the API wants the results of tools first
    blocks.sort(key=lambda block: block["type"] != "tool_result")
    return {"role": turn.role, "content": blocks}


def _block(part: Part) -> dict[str, Any]:
    match part:
        case Text(text) | Refusal(text):
            return {"type": "text", "text": text}
        case Image():
            return _written_image(part)
        case Call():
            return {"type": "tool_use", "id": _id(part.id), "name": part.name, "input": asked_arguments(part)}
        case Result():
            content: Any = plain_text(part.parts)
            if content is None:
                content = [_block(inner) for inner in part.parts]
            result = {"type": "tool_result", "tool_use_id": _id(part.id), "content": content}
            return {**result, "is_error": True} if part.failed else result
        case Thought():
            raise AssertionError("thoughts are left out by the caller")


def _id(name: str) -> str:
    """A call's id in Anthropic's alphabet: as it is, or changed in the same way for the call and its result."""
    clean = _NOT_IN_ID.sub("_", name)
    if clean == name:
        return name
    return f"{clean}_{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}"


def _written_image(image: Image) -> dict[str, Any]:
    if image.detail:
        raise not_expressible(image.at, f"asks for a level of detail, which the {_WHERE} does not know")
    if image.url:
        return {"type": "image", "source": {"type": "url", "url": image.url}}
    if image.media_type not in _MEDIA_TYPES:
        raise not_expressible(image.at, f"is of the type {image.media_type}, which the {_WHERE} does not take")
    return {"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": image.data}}


def _written_tool(tool: Tool) -> dict[str, Any]:
    written: dict[str, Any] = {"name": tool.name, "input_schema": {"type": "object", "properties": {}}}
    if tool.schema is not None:
        written["input_schema"] = tool.schema if "type" in tool.schema else {"type": "object", **tool.schema}
    if tool.description:
        written["description"] = tool.description
    if tool.strict:
        written["strict"] = True
    return written


def _written_choice(request: Request) -> dict[str, Any] | None:
    choice = request.choice
    if choice is None and (request.parallel is None or not request.tools):
        return None
    choice = choice or ToolChoice("auto")
    if choice.mode == "none":
        return {"type": "none"}
    written: dict[str, Any] = {"type": "auto" if choice.mode == "auto" else "any"}
    if len(choice.names) == 1 and choice.mode == "required":
        written = {"type": "tool", "name": choice.names[0]}
    elif choice.names:
        raise cannot(request, "choice", _WHERE, f"names the allowed tools, which the {_WHERE} cannot be told")
    if request.parallel is not None:
        written["disable_parallel_tool_use"] = not request.parallel
    return written


def _written_thinking(request: Request, max_tokens: int) -> dict[str, Any]:
    """`thinking` and `output_config`. An effort becomes adaptive thinking with that effort, a budget a budget."""
    output: dict[str, Any] = {}
    if request.format is not None:
        output["format"] = {"type": "json_schema", "schema": described(request.format)}
    thinking = request.thinking
    written: dict[str, Any] | None = None
    if thinking is not None:
        if thinking.effort == "none" or thinking.budget == 0:
            written = {"type": "disabled"}
        elif thinking.effort is not None:
            written = {"type": "adaptive"}
            output["effort"] = "low" if thinking.effort == "minimal" else thinking.effort
        elif thinking.budget is not None:
            if not _LEAST_BUDGET <= thinking.budget < max_tokens:
                why = f"is not between {_LEAST_BUDGET} and the most output tokens ({max_tokens}), as the {_WHERE} wants"
                raise cannot(request, "thinking", _WHERE, why)
            written = {"type": "enabled", "budget_tokens": thinking.budget}
        elif thinking.show:
            written = {"type": "adaptive"}
        if written is not None and thinking.show and written["type"] != "disabled":
            written["display"] = "summarized"
    return {"thinking": written, "output_config": output or None}
