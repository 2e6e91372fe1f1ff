"""Requests of OpenAI's `POST /v1/responses` (SDK 3.54), as far as they need no state at the provider: read only.

`store` defaults to true there. A caller who says nothing gets an answer that is not stored; one who asks for it is
refused, as are `previous_response_id`, `conversation`, `background` and references to stored items.
"""

from typing import Any

from halfpenny.proxy.dialects import noise
from halfpenny.proxy.dialects.base import (
    Call,
    Format,
    Image,
    Part,
    Refusal,
    Request,
    Result,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    Turn,
)
from halfpenny.proxy.dialects.chat_request import allowed_tools, json_schema, thinking
from halfpenny.proxy.dialects.fields import Fields
from halfpenny.proxy.dialects.shared import image_of

NAMES = {
    "choice": "tool_choice",
    "parallel": "parallel_tool_calls",
    "max_tokens": "max_output_tokens",
    "format": "text.format",
    "thinking": "reasoning",
    "verbosity": "text.verbosity",
    "system": "instructions",
}
_LOGPROBS = "message.output_text.logprobs"


def read(document: dict[str, Any], where: str) -> Request:
    fields = Fields(document, "", where)
    fields.skip(noise.RESPONSES)
    fields.neutral("store", False)
    fields.neutral("background", False)
    fields.neutral("truncation", "disabled")
    logprobs = _include(fields)
    instructions = fields.text("instructions")
    system, turns = _conversation(fields)
    text = fields.inner("text") or Fields({}, "text", where)
    top_logprobs = fields.whole("top_logprobs") or None
    request = Request(
        names={**NAMES, "logprobs": "include" if logprobs else "top_logprobs"},
        system=((instructions, *system) if instructions else system),
        turns=turns,
        tools=tuple(_tool(fields, number, value) for number, value in enumerate(fields.items("tools"))),
        choice=_choice(fields),
        parallel=fields.flag("parallel_tool_calls"),
        max_tokens=fields.whole("max_output_tokens"),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        format=_format(text),
        verbosity=text.text("verbosity"),
        logprobs=logprobs or top_logprobs is not None,
        top_logprobs=top_logprobs,
        thinking=_reasoning(fields),
    )
    text.end()
    fields.end()
    return request


def _include(fields: Fields) -> bool:
    """Whether log-probabilities are asked for."""
    wanted = set(fields.texts("include")) - noise.RESPONSES_INCLUDE
    if wanted - {_LOGPROBS}:
        raise fields.refuse("include")
    return bool(wanted)


def _conversation(fields: Fields) -> tuple[tuple[str, ...], tuple[Turn, ...]]:
    given = fields.text_or_parts("input")
    if isinstance(given, str):
        return (), (Turn("user", (Text(given),), "input"),)
    system: list[str] = []
    turns: list[Turn] = []
    for inner in given:
        kind = inner.text("type") or "message"
        if kind == "reasoning":
            continue  # see noise.py: thoughts of earlier turns
        turn = _turn(inner, kind)
        inner.skip(noise.RESPONSES_ITEM)
        inner.end()
        if turn.role == "system" and not turns:
            system += [part.text for part in turn.parts if isinstance(part, Text)]
        elif turns and _belongs(turns[-1], turn):
            turns[-1] = Turn(turn.role, (*turns[-1].parts, *turn.parts), turns[-1].at)
        else:
            turns.append(turn)
    return tuple(system), tuple(turns)


def _belongs(before: Turn, turn: Turn) -> bool:
    """Items of one turn of the model, or results of one such turn: elsewhere they are one message."""
    if before.role == turn.role == "assistant":
        return any(isinstance(part, Call) for part in turn.parts)
    return before.role == turn.role and all(isinstance(part, Result) for part in (*before.parts, *turn.parts))


def _turn(item: Fields, kind: str) -> Turn:
    if kind == "message":
        role = item.text("role")
        if role == "assistant":
            return Turn("assistant", tuple(_output_parts(item)), item.at)
        if role == "user":
            return Turn("user", tuple(_input_parts(item, "content")), item.at)
        if role in ("system", "developer"):
            parts = _input_parts(item, "content")
            if not all(isinstance(part, Text) for part in parts):
                raise item.refuse("content")
            return Turn("system", tuple(parts), item.at)
        raise item.refuse("role")
    if kind == "function_call":
        item.neutral("async", False)
        item.neutral("caller", {"type": "direct"})
        call = Call(
            id=item.needed_text("call_id"),
            name=item.needed_text("name"),
            arguments=item.needed_text("arguments"),
            at=item.path("arguments"),
        )
        return Turn("assistant", (call,), item.at)
    if kind == "function_call_output":
        item.neutral("caller", {"type": "direct"})
        result = Result(
            id=item.needed_text("call_id"),
            name=item.text("name"),
            parts=tuple(_input_parts(item, "output")),
            at=item.path("output"),
        )
        return Turn("user", (result,), item.at)
    raise item.refuse("type")


def _input_parts(item: Fields, name: str) -> list[Text | Image]:
    content = item.text_or_parts(name)
    if isinstance(content, str):
        return [Text(content)]
    parts: list[Text | Image] = []
    for part in content:
        part.skip(noise.CHAT_PART)
        kind = part.text("type")
        if kind in ("input_text", "output_text"):
            parts.append(Text(part.needed_text("text")))
            part.skip(noise.RESPONSES_OUTPUT_PART)
        elif kind == "input_image":
            detail = part.text("detail")
            url = part.needed_text("image_url")
            parts.append(image_of(url, part.path("image_url"), "" if detail == "auto" else detail))
        else:
            raise part.refuse("type")
        part.end()
    return parts


def _output_parts(item: Fields) -> list[Part]:
    content = item.text_or_parts("content")
    if isinstance(content, str):
        return [Text(content)]
    parts: list[Part] = []
    for part in content:
        kind = part.text("type")
        if kind in ("output_text", "input_text"):
            parts.append(Text(part.needed_text("text")))
            part.skip(noise.RESPONSES_OUTPUT_PART)
        elif kind == "refusal":
            parts.append(Refusal(part.needed_text("refusal")))
        else:
            raise part.refuse("type")
        part.end()
    return parts


def _tool(fields: Fields, number: int, value: Any) -> Tool:
    tool = Fields(value, f"tools[{number}]", fields.where)
    if tool.text("type") != "function":
        raise tool.refuse("type")
    tool.neutral("allowed_callers", ["direct"])
    tool.neutral("defer_loading", False)
    tool.neutral("async", False)
    read = Tool(
        name=tool.needed_text("name"),
        description=tool.text("description"),
        schema=tool.mapping("parameters"),
        strict=tool.flag("strict"),
    )
    tool.end()
    return read


def _choice(fields: Fields) -> ToolChoice | None:
    value = fields.take("tool_choice")
    if value is None:
        return None
    if isinstance(value, str):
        if value not in ("auto", "none", "required"):
            raise fields.refuse("tool_choice")
        return ToolChoice(value)  # type: ignore[arg-type]  # checked above
    choice = Fields(value, "tool_choice", fields.where)
    kind = choice.text("type")
    if kind == "function":
        read = ToolChoice("required", (choice.needed_text("name"),))
        choice.end()
        return read
    if kind == "allowed_tools":
        return allowed_tools(choice, nested=False)
    raise choice.refuse("type")


def _format(text: Fields) -> Format | None:
    wanted = text.inner("format")
    if wanted is None:
        return None
    kind = wanted.text("type")
    if kind == "json_schema":
        return json_schema(wanted)
    wanted.end()
    if kind == "json_object":
        return Format()
    if kind != "text":
        raise wanted.refuse("type")
    return None


def _reasoning(fields: Fields) -> Thinking | None:
    reasoning = fields.inner("reasoning")
    if reasoning is None:
        return None
    reasoning.neutral("context", "auto")
    reasoning.neutral("mode", "standard")
    # how long the summary is to be cannot be said elsewhere; that one is wanted can
    summaries = [reasoning.text("summary"), reasoning.text("generate_summary")]
    read = thinking(reasoning, "effort", True if any(summaries) else None)
    reasoning.end()
    return read
