"""Requests of Gemini's `generateContent` family (google-genai 3.4): read as asked, written as spoken.

Members may come in camelCase or snake_case: Google's JSON mapping takes both.
"""

from typing import Any, Literal
from urllib.parse import quote

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
from halfpenny.proxy.dialects.schema import json_schema_of
from halfpenny.proxy.dialects.shared import WHERE, asked_arguments, call_id, cannot, described, json_text

_WHERE = WHERE["gemini"]
_UNSIGNED = "skip_thought_signature_validator"
"""Google's documented stand-in for the seal of a call that another model made (ai.google.dev, thought signatures)."""
_SEALLESS = ("gemini-1", "gemini-2")
"""Models that ask for no seal on calls."""
_LEVELS: dict[str, Effort] = {"MINIMAL": "minimal", "LOW": "low", "MEDIUM": "medium", "HIGH": "high", "XHIGH": "xhigh"}
_MODES: dict[str, Literal["auto", "none", "required"]] = {
    "MODE_UNSPECIFIED": "auto",
    "AUTO": "auto",
    "VALIDATED": "auto",
    "ANY": "required",
    "NONE": "none",
}
NAMES = {
    "system": "systemInstruction",
    "choice": "toolConfig.functionCallingConfig",
    "max_tokens": "generationConfig.maxOutputTokens",
    "temperature": "generationConfig.temperature",
    "top_p": "generationConfig.topP",
    "top_k": "generationConfig.topK",
    "stop": "generationConfig.stopSequences",
    "seed": "generationConfig.seed",
    "presence_penalty": "generationConfig.presencePenalty",
    "frequency_penalty": "generationConfig.frequencyPenalty",
    "n": "generationConfig.candidateCount",
    "format": "generationConfig.responseMimeType",
    "logprobs": "generationConfig.responseLogprobs",
    "top_logprobs": "generationConfig.logprobs",
    "thinking": "generationConfig.thinkingConfig",
}


def read(document: dict[str, Any], where: str) -> Request:
    fields = Fields(document, "", where, snake=True)
    fields.skip(noise.GENERATE)
    fields.neutral("store", False)
    fields.neutral("safetySettings", [])
    config = fields.inner("generationConfig", snake=True) or Fields({}, "generationConfig", where)
    config.neutral("responseModalities", ["TEXT"], ["text"])
    choice, strict = _choice(fields)
    request = Request(
        names=NAMES,
        system=tuple(_system(fields)),
        turns=_turns(fields),
        tools=tuple(_tools(fields, strict)),
        choice=choice,
        max_tokens=config.whole("maxOutputTokens"),
        temperature=config.number("temperature"),
        top_p=config.number("topP"),
        top_k=config.whole("topK"),
        stop=config.texts("stopSequences"),
        seed=config.whole("seed"),
        presence_penalty=config.number("presencePenalty"),
        frequency_penalty=config.number("frequencyPenalty"),
        n=config.whole("candidateCount") or 1,
        format=_format(config),
        logprobs=config.flag("responseLogprobs") or False,
        top_logprobs=config.whole("logprobs"),
        thinking=_thinking(config),
    )
    config.end()
    fields.end()
    return request


def _system(fields: Fields) -> list[str]:
    system = fields.inner("systemInstruction", snake=True)
    if system is None:
        return []
    system.take("role")  # ignored by the API
    texts = []
    for number, value in enumerate(system.items("parts")):
        part = Fields(value, f"{system.path('parts')}[{number}]", fields.where, snake=True)
        texts.append(part.needed_text("text"))
        part.end()
    system.end()
    return texts


class _Ids:
    """Gives ids to calls that came without one, and finds the call that a result without one belongs to."""

    def __init__(self) -> None:
        self._count = 0
        self._open: list[tuple[str, str]] = []

    def of_call(self, given: str, name: str) -> str:
        made = given or call_id("", self._count)
        self._count += 1
        self._open.append((name, made))
        return made

    def of_result(self, given: str, name: str) -> str:
        for at, (called, made) in enumerate(self._open):
            if made == given or (not given and called == name):
                del self._open[at]
                return made
        return given


def _turns(fields: Fields) -> tuple[Turn, ...]:
    ids = _Ids()
    turns = []
    contents = fields.take("contents")
    contents = [contents] if isinstance(contents, dict) else contents
    if not isinstance(contents, list):
        raise wrong_type("contents", "an array", contents)
    for number, value in enumerate(contents):
        content = Fields(value, f"contents[{number}]", fields.where, snake=True)
        role = content.text("role") or "user"
        if role not in ("user", "model", "function"):
            raise content.refuse("role")
        parts = []
        for at, inner in enumerate(content.items("parts")):
            part = _part(Fields(inner, f"{content.path('parts')}[{at}]", fields.where, snake=True), role, ids)
            if part is not None:
                parts.append(part)
        content.end()
        turns.append(Turn("assistant" if role == "model" else "user", tuple(parts), content.at))
    return tuple(turns)


def _part(part: Fields, role: str, ids: _Ids) -> Part | None:
    thought = part.flag("thought")
    signature = part.text("thoughtSignature")
    if thought and role == "model":
        return None  # see noise.py
    read: Part
    if part.has("functionCall") and role == "model":
        call = part.inner("functionCall", snake=True)
        assert call is not None
        name = call.needed_text("name")
        arguments = json_text(call.mapping("args") or {})
        given = call.text("id")
        call.end()
        read = Call(
            id=ids.of_call(given, name), name=name, arguments=arguments, signature=signature, at=call.path("args")
        )
    elif part.has("functionResponse") and role != "model":
        read = _result(part, ids)
    elif part.has("inlineData"):
        read = _image(part)
    elif part.has("text"):
        read = Text(part.needed_text("text"))
    elif signature:
        return None  # a seal on an empty part
    else:
        part.end()
        raise not_expressible(part.at, "is empty")
    part.end()
    return read


def _image(part: Fields) -> Image:
    data = part.inner("inlineData", snake=True)
    assert data is not None
    data.take("displayName")
    media_type = data.needed_text("mimeType")
    if not media_type.startswith("image/"):
        raise data.refuse("mimeType")
    # base64url is allowed by Google and by nobody else
    text = data.needed_text("data").replace("-", "+").replace("_", "/")
    image = Image(media_type=media_type, data=text + "=" * (-len(text) % 4), at=data.path("data"))
    data.end()
    return image


def _result(part: Fields, ids: _Ids) -> Result:
    response = part.inner("functionResponse", snake=True)
    assert response is not None
    name = response.needed_text("name")
    value = response.mapping("response") or {}
    given = response.text("id")
    images = tuple(
        _image(Fields(inner, f"{response.path('parts')}[{number}]", part.where, snake=True))
        for number, inner in enumerate(response.items("parts"))
    )
    response.end()
    texts, failed = _output(value)
    found = ids.of_result(given, name)
    if not found:
        raise response.refuse("name", f"is the result of no call of '{name}' before it")
    return Result(
        id=found,
        name=name,
        parts=(Text(texts), *images),
        failed=failed,
        at=response.at,
    )


def _output(value: dict[str, Any]) -> tuple[str, bool]:
    """Google's words for a result: `output` or `error`, or else the whole object is the result."""
    if len(value) == 1:
        ((name, inner),) = value.items()
        if name in ("output", "result", "error"):
            return inner if isinstance(inner, str) else json_text(inner), name == "error"
    return json_text(value), False


def _tools(fields: Fields, strict: bool | None) -> list[Tool]:
    tools = []
    for number, value in enumerate(fields.items("tools")):
        tool = Fields(value, f"tools[{number}]", fields.where, snake=True)
        for at, inner in enumerate(tool.items("functionDeclarations")):
            declared = Fields(inner, f"{tool.path('functionDeclarations')}[{at}]", fields.where, snake=True)
            declared.neutral("behavior", "BLOCKING", "UNSPECIFIED")
            schema = declared.mapping("parametersJsonSchema")
            own = declared.take("parameters")
            if own is not None:
                schema = json_schema_of(own, declared.path("parameters"), fields.where)
            tools.append(
                Tool(
                    name=declared.needed_text("name"),
                    description=declared.text("description"),
                    schema=schema,
                    strict=strict,
                )
            )
            declared.end()
        tool.end()
    return tools


def _choice(fields: Fields) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether calls must fit their schemas (`VALIDATED`)."""
    config = fields.inner("toolConfig", snake=True)
    calling = config.inner("functionCallingConfig", snake=True) if config is not None else None
    read: ToolChoice | None = None
    strict = None
    if calling is not None:
        mode = calling.text("mode").upper() or "AUTO"
        if mode not in _MODES:
            raise calling.refuse("mode")
        calling.neutral("streamFunctionCallArguments", False)
        read = ToolChoice(_MODES[mode], calling.texts("allowedFunctionNames"))
        strict = True if mode == "VALIDATED" else None
        calling.end()
    if config is not None:
        config.end()
    return read, strict


def _format(config: Fields) -> Format | None:
    kind = config.text("responseMimeType")
    own, schema = config.take("responseSchema"), config.mapping("responseJsonSchema")
    if kind in ("", "text/plain"):
        if own is not None or schema is not None:
            raise config.refuse("responseSchema", "needs responseMimeType application/json")
        return None
    if kind != "application/json":
        raise config.refuse("responseMimeType")
    if own is not None:
        schema = json_schema_of(own, config.path("responseSchema"), config.where)
    return Format(schema=schema)


def _thinking(config: Fields) -> Thinking | None:
    thinking = config.inner("thinkingConfig", snake=True)
    if thinking is None:
        return None
    show = thinking.flag("includeThoughts")
    budget = thinking.whole("thinkingBudget")
    level = thinking.text("thinkingLevel").upper()
    if level and level != "THINKING_LEVEL_UNSPECIFIED" and level not in _LEVELS:
        raise thinking.refuse("thinkingLevel")
    thinking.end()
    # -1 leaves the amount to the model
    return Thinking(effort=_LEVELS.get(level), budget=None if budget == -1 else budget, show=show)


# writing


def write(request: Request, model: str, stream: bool) -> Outgoing:
    _check(request)
    document: dict[str, Any] = {"contents": _contents(request, model)}
    if request.system:
        document["systemInstruction"] = {"parts": [{"text": text} for text in request.system]}
    if request.tools:
        document["tools"] = [{"functionDeclarations": [_declared(tool) for tool in request.tools]}]
    calling = _written_choice(request)
    if calling is not None:
        document["toolConfig"] = {"functionCallingConfig": calling}
    plain: dict[str, Any] = {
        "maxOutputTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "topK": request.top_k,
        "stopSequences": list(request.stop) or None,
        "seed": request.seed,
        "presencePenalty": request.presence_penalty,
        "frequencyPenalty": request.frequency_penalty,
        "candidateCount": request.n if request.n != 1 else None,
        "responseLogprobs": request.logprobs or None,
        "logprobs": request.top_logprobs or None,
        "thinkingConfig": _written_thinking(request.thinking),
    }
    if request.format is not None:
        plain["responseMimeType"] = "application/json"
        if request.format.schema is not None:
            plain["responseJsonSchema"] = described(request.format)
    config = {name: value for name, value in plain.items() if value is not None}
    if config:
        document["generationConfig"] = config
    method = "streamGenerateContent?alt=sse" if stream else "generateContent"
    return Outgoing(f"/v1beta/models/{quote(model.removeprefix('models/'), safe='')}:{method}", document)


def _check(request: Request) -> None:
    if request.parallel is False and request.tools:
        raise cannot(request, "parallel", _WHERE)
    if request.verbosity not in ("", "medium"):
        raise cannot(request, "verbosity", _WHERE)


def _contents(request: Request, model: str) -> list[dict[str, Any]]:
    called: dict[str, str] = {}
    contents = []
    sealed = not any(name in model for name in _SEALLESS)
    for turn in request.turns:
        if turn.role == "system":
            raise not_expressible(turn.at, f"is a system message after the first turn: the {_WHERE} has none there")
        parts = []
        for part in turn.parts:
            if isinstance(part, Call):
                called[part.id] = part.name
            if not isinstance(part, Thought):
                parts.append(_written_part(part, called, sealed))
        if not parts:
            raise not_expressible(turn.at, "has no content")
        contents.append({"role": "model" if turn.role == "assistant" else "user", "parts": parts})
    return contents


def _written_part(part: Part, called: dict[str, str], sealed: bool) -> dict[str, Any]:
    match part:
        case Text(text) | Refusal(text):
            return {"text": text}
        case Image():
            return _inline(part)
        case Call():
            call: dict[str, Any] = {"id": part.id, "name": part.name, "args": asked_arguments(part)}
            signature = part.signature or (_UNSIGNED if sealed else "")
            return {"functionCall": call, **({"thoughtSignature": signature} if signature else {})}
        case Result():
            return {"functionResponse": _written_result(part, called)}
        case Thought():
            raise AssertionError("thoughts are left out by the caller")


def _inline(image: Image) -> dict[str, Any]:
    if image.url:
        raise not_expressible(image.at, f"is a remote image: the {_WHERE} takes images in the request only")
    if image.detail:
        raise not_expressible(image.at, f"asks for a level of detail, which cannot be expressed in the {_WHERE}")
    return {"inlineData": {"mimeType": image.media_type, "data": image.data}}


def _written_result(result: Result, called: dict[str, str]) -> dict[str, Any]:
    name = result.name or called.get(result.id)
    if not name:
        raise not_expressible(result.at, f"answers the call '{result.id}', which is not in the conversation")
    text = "\n".join(part.text for part in result.parts if isinstance(part, Text))
    written: dict[str, Any] = {
        "id": result.id,
        "name": name,
        "response": {"error" if result.failed else "output": text},
    }
    images = [_inline(part) for part in result.parts if isinstance(part, Image)]
    return {**written, "parts": images} if images else written


def _declared(tool: Tool) -> dict[str, Any]:
    declared: dict[str, Any] = {"name": tool.name}
    if tool.description:
        declared["description"] = tool.description
    if tool.schema is not None:
        declared["parametersJsonSchema"] = tool.schema
    return declared


def _written_choice(request: Request) -> dict[str, Any] | None:
    """Strict tools become the mode `VALIDATED`: in `ANY`, calls fit their schemas anyway."""
    strict = any(tool.strict for tool in request.tools)
    choice = request.choice
    if choice is None:
        return {"mode": "VALIDATED"} if strict else None
    if choice.mode == "none":
        return {"mode": "NONE"}
    mode = "ANY" if choice.mode == "required" else "VALIDATED" if strict or choice.names else "AUTO"
    return {"mode": mode, **({"allowedFunctionNames": list(choice.names)} if choice.names else {})}


def _written_thinking(thinking: Thinking | None) -> dict[str, Any] | None:
    if thinking is None:
        return None
    written: dict[str, Any] = {}
    if thinking.effort == "none":
        written["thinkingBudget"] = 0
    elif thinking.effort is not None:
        written["thinkingLevel"] = "XHIGH" if thinking.effort == "max" else thinking.effort.upper()
    elif thinking.budget is not None:
        written["thinkingBudget"] = thinking.budget
    if thinking.show is not None and thinking.effort != "none":
        written["includeThoughts"] = thinking.show
    return written or None
