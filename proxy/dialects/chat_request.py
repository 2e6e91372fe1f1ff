"""Requests of OpenAI's `POST /v1/chat/completions` (specification of 2026-08): read as asked, written as spoken."""

from typing import Any, Literal, TypeVar

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
from halfpenny.proxy.dialects.shared import WHERE, effort_of, image_of, plain_text, strict_fits, url_of
from halfpenny.proxy.errors import bad_request

_P = TypeVar("_P", bound=Part)
TARGET = "/v1/chat/completions"
EFFORTS: frozenset[Effort] = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})
NAMES = {
    "choice": "tool_choice",
    "parallel": "parallel_tool_calls",
    "format": "response_format",
    "thinking": "reasoning_effort",
    "system": "messages",
}


def read(document: dict[str, Any], where: str) -> Request:
    fields = Fields(document, "", where)
    fields.skip(noise.CHAT)
    fields.neutral("store", False)
    fields.neutral("modalities", ["text"])
    fields.neutral("logit_bias", {})
    system, turns = _conversation(fields)
    request = Request(
        names={**NAMES, "max_tokens": "max_tokens" if fields.has("max_tokens") else "max_completion_tokens"},
        system=system,
        turns=turns,
        tools=_tools(fields),
        choice=_choice(fields),
        parallel=fields.flag("parallel_tool_calls"),
        max_tokens=_max_tokens(fields),
        temperature=fields.number("temperature"),
        top_p=fields.number("top_p"),
        top_k=fields.whole("top_k"),
        stop=fields.texts("stop"),
        seed=fields.whole("seed"),
        presence_penalty=fields.number("presence_penalty"),
        frequency_penalty=fields.number("frequency_penalty"),
        n=fields.whole("n") or 1,
        format=_format(fields),
        logprobs=fields.flag("logprobs") or False,
        top_logprobs=fields.whole("top_logprobs"),
        thinking=thinking(fields, "reasoning_effort"),
        verbosity=fields.text("verbosity"),
    )
    fields.end()
    return request


def thinking(fields: Fields, name: str, show: bool | None = None) -> Thinking | None:
    """OpenAI's effort in the member `name`."""
    effort = fields.text(name)
    if not effort:
        return None if show is None else Thinking(show=show)
    if effort not in EFFORTS:
        raise fields.refuse(name)
    return Thinking(effort=effort, show=show)


def _max_tokens(fields: Fields) -> int | None:
    old, new = fields.whole("max_tokens"), fields.whole("max_completion_tokens")
    if old is not None and new is not None and old != new:
        raise bad_request("'max_tokens' and 'max_completion_tokens' say different things", param="max_tokens")
    return old if new is None else new


def _conversation(fields: Fields) -> tuple[tuple[str, ...], tuple[Turn, ...]]:
    system: list[str] = []
    turns: list[Turn] = []
    for number, message in enumerate(fields.items("messages")):
        inner = Fields(message, f"messages[{number}]", fields.where)
        role = inner.text("role")
        if role in ("system", "developer"):
            texts = tuple(part.text for part in _texts(inner))
            if turns:
                turns.append(Turn("system", tuple(Text(text) for text in texts), inner.at))
            else:
                system += texts
        elif role == "user":
            turns.append(Turn("user", tuple(_user_parts(inner)), inner.at))
        elif role == "assistant":
            turns.append(Turn("assistant", tuple(_assistant_parts(inner)), inner.at))
        elif role == "tool":
            result = Result(id=inner.needed_text("tool_call_id"), parts=tuple(_texts(inner)), at=inner.at)
            last = turns[-1] if turns else None
            if last is not None and last.parts and all(isinstance(part, Result) for part in last.parts):
                # the results of one turn of the model belong together: the others want them in one message
                turns[-1] = Turn("user", (*last.parts, result), last.at)
            else:
                turns.append(Turn("user", (result,), inner.at))
        else:
            raise inner.refuse("role")
        inner.end()
    return tuple(system), tuple(turns)


def _texts(fields: Fields) -> list[Text]:
    content = fields.text_or_parts("content")
    return [Text(content)] if isinstance(content, str) else [_text(part) for part in content]


def _text(part: Fields) -> Text:
    if part.text("type") != "text":
        raise part.refuse("type")
    return _rest(part, Text(part.needed_text("text")))


def _rest(part: Fields, value: _P) -> _P:
    part.skip(noise.CHAT_PART)
    part.end()
    return value


def _user_parts(fields: Fields) -> list[Part]:
    content = fields.text_or_parts("content")
    if isinstance(content, str):
        return [Text(content)]
    parts: list[Part] = []
    for part in content:
        kind = part.text("type")
        if kind == "text":
            parts.append(_rest(part, Text(part.needed_text("text"))))
        elif kind == "image_url":
            image = part.inner("image_url")
            if image is None:
                raise wrong_type(part.path("image_url"), "an object", None)
            parts.append(_rest(part, image_of(image.needed_text("url"), image.path("url"), _detail(image))))
            image.end()
        else:
            raise part.refuse("type")
    return parts


def _detail(image: Fields) -> str:
    detail = image.text("detail")
    return "" if detail == "auto" else detail


def _assistant_parts(fields: Fields) -> list[Part]:
    fields.skip(noise.CHAT_ASSISTANT)
    parts: list[Part] = []
    content = fields.take("content")
    if isinstance(content, str):
        parts.append(Text(content))
    elif content is not None:
        if not isinstance(content, list):
            raise wrong_type(fields.path("content"), "a string or an array", content)
        for number, value in enumerate(content):
            part = Fields(value, f"{fields.path('content')}[{number}]", fields.where)
            if value.get("type") == "refusal":
                part.take("type")
                parts.append(_rest(part, Refusal(part.needed_text("refusal"))))
            else:
                parts.append(_text(part))
    refusal = fields.text("refusal")
    if refusal:
        parts.append(Refusal(refusal))
    calls = [
        _call(Fields(call, f"{fields.path('tool_calls')}[{number}]", fields.where))
        for number, call in enumerate(fields.items("tool_calls"))
    ]
    if calls:
        parts = [part for part in parts if part != Text("")]
    return [*parts, *calls]


def _call(fields: Fields) -> Call:
    if fields.text("type") not in ("function", ""):
        raise fields.refuse("type")
    function = fields.inner("function")
    if function is None:
        raise wrong_type(fields.path("function"), "an object", None)
    signature = ""
    extra = fields.inner("extra_content")
    if extra is not None:
        # Google's own OpenAI form puts the seal of a call here
        google = extra.inner("google")
        if google is not None:
            signature = google.text("thought_signature")
            google.end()
        extra.end()
    fields.take("index")  # left over in clients that collect streams
    call = Call(
        id=fields.needed_text("id"),
        name=function.needed_text("name"),
        arguments=function.needed_text("arguments"),
        signature=signature,
        at=function.path("arguments"),
    )
    function.end()
    fields.end()
    return call


def _tools(fields: Fields) -> tuple[Tool, ...]:
    tools = []
    for number, value in enumerate(fields.items("tools")):
        tool = Fields(value, f"tools[{number}]", fields.where)
        if tool.text("type") != "function":
            raise tool.refuse("type")
        function = tool.inner("function")
        if function is None:
            raise wrong_type(tool.path("function"), "an object", None)
        tools.append(
            Tool(
                name=function.needed_text("name"),
                description=function.text("description"),
                schema=function.mapping("parameters"),
                strict=function.flag("strict"),
            )
        )
        function.end()
        tool.end()
    return tuple(tools)


def _choice(fields: Fields) -> ToolChoice | None:
    value = fields.take("tool_choice")
    if value is None or isinstance(value, str):
        return _mode_choice(fields, value)
    choice = Fields(value, "tool_choice", fields.where)
    kind = choice.text("type")
    if kind == "function":
        function = choice.inner("function")
        if function is None:
            raise wrong_type(choice.path("function"), "an object", None)
        read = ToolChoice("required", (function.needed_text("name"),))
        function.end()
    elif kind == "allowed_tools":
        allowed = choice.inner("allowed_tools")
        if allowed is None:
            raise wrong_type(choice.path("allowed_tools"), "an object", None)
        read = allowed_tools(allowed, nested=True)
    else:
        raise choice.refuse("type")
    choice.end()
    return read


def _mode_choice(fields: Fields, value: str | None) -> ToolChoice | None:
    if value is None:
        return None
    modes: dict[str, Literal["auto", "none", "required"]] = {"auto": "auto", "none": "none", "required": "required"}
    if value not in modes:
        raise fields.refuse("tool_choice")
    return ToolChoice(modes[value])


def allowed_tools(allowed: Fields, *, nested: bool) -> ToolChoice:
    """OpenAI's `allowed_tools`: with `nested` the names sit in `function`, as chat has it."""
    mode = allowed.text("mode")
    names = []
    for number, value in enumerate(allowed.items("tools")):
        tool = Fields(value, f"{allowed.path('tools')}[{number}]", allowed.where)
        if tool.text("type") != "function":
            raise tool.refuse("type")
        holder = tool.inner("function") if nested else tool
        if holder is None:
            raise wrong_type(tool.path("function"), "an object", None)
        names.append(holder.needed_text("name"))
        holder.end()
        tool.end()
    allowed.end()
    if mode not in ("auto", "required") or not names:
        raise allowed.refuse("mode")
    return ToolChoice("required" if mode == "required" else "auto", tuple(names))


def _format(fields: Fields) -> Format | None:
    wanted = fields.inner("response_format")
    if wanted is None:
        return None
    kind = wanted.text("type")
    read: Format | None = None
    if kind == "json_object":
        read = Format()
    elif kind == "json_schema":
        inner = wanted.inner("json_schema")
        if inner is None:
            raise wrong_type(wanted.path("json_schema"), "an object", None)
        read = json_schema(inner)
    elif kind != "text":
        raise wanted.refuse("type")
    wanted.end()
    return read


def json_schema(inner: Fields) -> Format:
    """OpenAI's `{name, schema, strict, description}`."""
    read = Format(
        name=inner.needed_text("name"),
        schema=inner.mapping("schema") or {},
        description=inner.text("description"),
        strict=inner.flag("strict"),
    )
    inner.end()
    return read


# writing


def write(request: Request, model: str, stream: bool) -> Outgoing:
    document: dict[str, Any] = {"model": model, "messages": _messages(request)}
    plain = {
        # the older `max_tokens` is refused by OpenAI's reasoning models
        "max_completion_tokens": request.max_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        # not OpenAI's: vLLM and llama.cpp take it, and a server that does not says so
        "top_k": request.top_k,
        "stop": list(request.stop) or None,
        "seed": request.seed,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "n": request.n if request.n != 1 else None,
        "logprobs": request.logprobs or None,
        "top_logprobs": request.top_logprobs,
        "reasoning_effort": effort_of(request.thinking),
        "verbosity": request.verbosity or None,
        "tools": [_written_tool(tool) for tool in request.tools] or None,
        "tool_choice": _written_choice(request.choice),
        "parallel_tool_calls": request.parallel,
        "response_format": _written_format(request.format),
        "stream": stream or None,
        # asked for always: the callers of the other dialects expect usage without asking
        "stream_options": {"include_usage": True} if stream else None,
    }
    document |= {name: value for name, value in plain.items() if value is not None}
    return Outgoing(TARGET, document)


def _messages(request: Request) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    if request.system:
        messages.append({"role": "system", "content": _written_content([Text(text) for text in request.system])})
    for turn in request.turns:
        if turn.role == "assistant":
            messages.append(_assistant(turn))
            continue
        messages += [_tool_message(part) for part in turn.parts if isinstance(part, Result)]
        rest = [part for part in turn.parts if not isinstance(part, Result)]
        if rest or not turn.parts:
            messages.append({"role": turn.role, "content": _written_content(rest)})
    return messages


def _assistant(turn: Turn) -> dict[str, Any]:
    texts = [part for part in turn.parts if isinstance(part, Text)]
    message: dict[str, Any] = {"role": "assistant", "content": _written_content(texts) if texts else None}
    refusals = [part.text for part in turn.parts if isinstance(part, Refusal)]
    if refusals:
        message["refusal"] = "".join(refusals)
    calls = [_written_call(part) for part in turn.parts if isinstance(part, Call)]
    if calls:
        message["tool_calls"] = calls
    if not (texts or refusals or calls):
        message["content"] = ""  # only thoughts, which have no place here (see noise.py)
    return message


def _tool_message(result: Result) -> dict[str, Any]:
    if any(isinstance(part, Image) for part in result.parts):
        raise not_expressible(result.at, f"holds an image: tool results of the {WHERE['openai']} are text")
    texts = [part for part in result.parts if isinstance(part, Text)]
    content = _written_content(texts) if texts else ""
    if result.failed:
        # there is no mark for a failed call here: that it failed is said in words
        text = "\n".join(part.text for part in texts)
        content = text if text.lower().startswith("error") else f"Error: {text}"
    return {"role": "tool", "tool_call_id": result.id, "content": content}


def _written_content(parts: list[Any]) -> Any:
    text = plain_text(tuple(parts))
    return text if text is not None else [_written_part(part) for part in parts]


def _written_part(part: Part) -> dict[str, Any]:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case Image():
            image = {"url": url_of(part)}
            if part.detail:
                image["detail"] = part.detail
            return {"type": "image_url", "image_url": image}
        case Thought() | Refusal() | Call() | Result():
            raise AssertionError(f"not a part of a user's message: {type(part).__name__}")


def _written_call(call: Call) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _written_tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.schema is not None:
        function["parameters"] = tool.schema
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def _written_choice(choice: ToolChoice | None) -> Any:
    if choice is None:
        return None
    if not choice.names:
        return choice.mode
    named = [{"type": "function", "function": {"name": name}} for name in choice.names]
    if choice.mode == "required" and len(named) == 1:
        return named[0]
    return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": named}}


def _written_format(format: Format | None) -> Any:
    if format is None:
        return None
    if format.schema is None:
        return {"type": "json_object"}
    schema: dict[str, Any] = {"name": format.name or "answer", "schema": format.schema}
    if format.description:
        schema["description"] = format.description
    # the others always hold the model to the schema; OpenAI does where the schema is of its strict kind
    strict = format.strict if format.name else (True if strict_fits(format.schema) else None)
    if strict is not None:
        schema["strict"] = strict
    return {"type": "json_schema", "json_schema": schema}
