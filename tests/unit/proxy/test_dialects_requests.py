"""proxy/dialects: requests of each asked surface as each spoken dialect has them."""

import copy
import json
from typing import Any, get_type_hints

import anthropic.types
import openai.types.chat
import openai.types.responses
import pytest
from anthropic.types.message_create_params import MessageCreateParamsBase, MessageCreateParamsNonStreaming
from google.genai import types as genai
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat.completion_create_params import CompletionCreateParamsBase, CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsBase
from pydantic import TypeAdapter

from halfpenny.proxy.dialects import conversion, noise
from halfpenny.proxy.errors import ProxyError

PAIRS = [
    ("chat", "anthropic"),
    ("chat", "gemini"),
    ("messages", "openai"),
    ("messages", "gemini"),
    ("generate", "openai"),
    ("generate", "anthropic"),
    ("responses", "openai"),
    ("responses", "anthropic"),
    ("responses", "gemini"),
]
PNG = "iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}

# one conversation in the four dialects: system prompt, image, a call, its result, a last question

CHAT: dict[str, Any] = {
    "model": "asked",
    "messages": [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Where is this?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "auto"}},
            ],
        },
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"city": "Bonn"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "on the Rhine"},
        {"role": "user", "content": "So?"},
    ],
    "tools": [{"type": "function", "function": {"name": "look", "description": "Looks.", "parameters": SCHEMA}}],
    "tool_choice": {"type": "function", "function": {"name": "look"}},
    "max_completion_tokens": 99,
    "temperature": 0.5,
    "top_p": 0.9,
    "stop": "END",
}
MESSAGES: dict[str, Any] = {
    "model": "asked",
    "max_tokens": 99,
    "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Where is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            ],
        },
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sealed"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "c1", "name": "look", "input": {"city": "Bonn"}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "on the Rhine"}]},
        {"role": "user", "content": "So?"},
    ],
    "tools": [{"name": "look", "description": "Looks.", "input_schema": SCHEMA}],
    "tool_choice": {"type": "tool", "name": "look"},
    "temperature": 0.5,
    "top_p": 0.9,
    "stop_sequences": ["END"],
}
GENERATE: dict[str, Any] = {
    "system_instruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {
            "role": "user",
            "parts": [{"text": "Where is this?"}, {"inline_data": {"mime_type": "image/png", "data": PNG}}],
        },
        {"role": "model", "parts": [{"text": "I look."}, {"functionCall": {"name": "look", "args": {"city": "Bonn"}}}]},
        {
            "role": "user",
            "parts": [{"functionResponse": {"name": "look", "response": {"output": "on the Rhine"}}}],
        },
        {"role": "user", "parts": [{"text": "So?"}]},
    ],
    "tools": [
        {
            "functionDeclarations": [
                {
                    "name": "look",
                    "description": "Looks.",
                    "parameters": {
                        "type": "OBJECT",
                        "properties": {"city": {"type": "STRING"}},
                        "required": ["city"],
                    },
                }
            ]
        }
    ],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["look"]}},
    "generationConfig": {"maxOutputTokens": 99, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]},
}
RESPONSES: dict[str, Any] = {
    "model": "asked",
    "store": False,
    "instructions": "Be brief.",
    "input": [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Where is this?"},
                {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PNG}"},
            ],
        },
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "I look.", "annotations": []}],
        },
        {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "look", "arguments": '{"city": "Bonn"}'},
        {"type": "function_call_output", "call_id": "c1", "output": "on the Rhine"},
        {"role": "user", "content": "So?"},
    ],
    "tools": [{"type": "function", "name": "look", "description": "Looks.", "parameters": SCHEMA, "strict": None}],
    "tool_choice": {"type": "function", "name": "look"},
    "max_output_tokens": 99,
    "temperature": 0.5,
    "top_p": 0.9,
}
ASKED = {"chat": CHAT, "messages": MESSAGES, "generate": GENERATE, "responses": RESPONSES}
SMALL: dict[str, dict[str, Any]] = {
    "chat": {"model": "asked", "messages": [{"role": "user", "content": "Hi"}]},
    "messages": {"model": "asked", "max_tokens": 50, "messages": [{"role": "user", "content": "Hi"}]},
    "generate": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
    "responses": {"model": "asked", "input": "Hi"},
}


def converted(asked: str, spoken: str, document: dict[str, Any], *, stream: bool = False) -> dict[str, Any]:
    how = conversion(asked, spoken)
    assert how is not None
    before = copy.deepcopy(document)
    outgoing = how.request(document, model="gemini-3-pro", stream=stream)
    assert document == before, "the caller's document was changed"
    return outgoing.document


def tried(asked: str, spoken: str, document: dict[str, Any]) -> dict[str, Any] | ProxyError:
    how = conversion(asked, spoken)
    assert how is not None
    try:
        return how.request(document, model="gemini-3-pro", stream=False).document
    except ProxyError as error:
        return error


def refusal(asked: str, spoken: str, document: dict[str, Any]) -> ProxyError:
    how = conversion(asked, spoken)
    assert how is not None
    with pytest.raises(ProxyError) as caught:
        how.request(document, model="m", stream=False)
    assert caught.value.status == 400
    return caught.value


def expected(asked: str, spoken: str) -> dict[str, Any]:
    """The conversation in the spoken dialect, written by hand."""
    call = "call_0" if asked == "generate" else "c1"
    arguments = '{"city": "Bonn"}' if asked in ("chat", "responses") else '{"city":"Bonn"}'
    stop = [] if asked == "responses" else ["END"]
    if spoken == "openai":
        document: dict[str, Any] = copy.deepcopy(CHAT)
        document["messages"][0]["role"] = "system"
        document["messages"][1]["content"][1]["image_url"].pop("detail")
        document["messages"][2]["tool_calls"][0]["id"] = document["messages"][3]["tool_call_id"] = call
        document["messages"][2]["tool_calls"][0]["function"]["arguments"] = arguments
        document["stop"] = stop
    elif spoken == "anthropic":
        document = copy.deepcopy(MESSAGES)
        document["system"] = "Be brief."
        document["messages"][1]["content"].pop(0)
        document["messages"][1]["content"][1]["id"] = document["messages"][2]["content"][0]["tool_use_id"] = call
        document["stop_sequences"] = stop
    else:
        part = {"functionCall": {"id": call, "name": "look", "args": {"city": "Bonn"}}}
        result = {"id": call, "name": "look", "response": {"output": "on the Rhine"}}
        return {
            "systemInstruction": {"parts": [{"text": "Be brief."}]},
            "contents": [
                {
                    "role": "user",
                    "parts": [{"text": "Where is this?"}, {"inlineData": {"mimeType": "image/png", "data": PNG}}],
                },
                {
                    "role": "model",
                    "parts": [
                        {"text": "I look."},
                        {**part, "thoughtSignature": "skip_thought_signature_validator"},
                    ],
                },
                {"role": "user", "parts": [{"functionResponse": result}]},
                {"role": "user", "parts": [{"text": "So?"}]},
            ],
            "tools": [
                {"functionDeclarations": [{"name": "look", "description": "Looks.", "parametersJsonSchema": SCHEMA}]}
            ],
            "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["look"]}},
            "generationConfig": {
                "maxOutputTokens": 99,
                "temperature": 0.5,
                "topP": 0.9,
                **({"stopSequences": stop} if stop else {}),
            },
        }
    document["model"] = "gemini-3-pro"
    return {name: value for name, value in document.items() if value != []}


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
def test_a_conversation_with_image_and_tools(asked: str, spoken: str) -> None:
    assert converted(asked, spoken, ASKED[asked]) == expected(asked, spoken)


@pytest.mark.parametrize(("asked", "spoken"), PAIRS)
@pytest.mark.parametrize("stream", [False, True])
def test_the_official_types_take_what_is_written(asked: str, spoken: str, stream: bool) -> None:
    document = converted(asked, spoken, ASKED[asked], stream=stream)
    if spoken == "gemini":
        config = genai.GenerationConfig.model_validate(document.pop("generationConfig"))
        assert config.max_output_tokens == 99
        genai.Content.model_validate(document.pop("systemInstruction"))
        contents = [genai.Content.model_validate(content) for content in document.pop("contents")]
        assert contents[1].parts is not None
        assert contents[1].parts[1].function_call is not None
        assert genai.Tool.model_validate(document.pop("tools")[0]).function_declarations
        assert genai.ToolConfig.model_validate(document.pop("toolConfig")).function_calling_config
        assert document == {}
        return
    assert document.pop("stream", False) is stream
    assert document.pop("stream_options", None) == ({"include_usage": True} if stream and spoken == "openai" else None)
    kind: Any = CompletionCreateParamsNonStreaming if spoken == "openai" else MessageCreateParamsNonStreaming
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    adapter.validate_python(document)
    known = set(get_type_hints(kind)) | {"temperature", "top_p", "top_k"}
    assert set(document) <= known


@pytest.mark.parametrize(
    ("spoken", "stream", "target"),
    [
        ("openai", True, "/v1/chat/completions"),
        ("anthropic", True, "/v1/messages"),
        ("gemini", False, "/v1beta/models/a%2Fb:generateContent"),
        ("gemini", True, "/v1beta/models/a%2Fb:streamGenerateContent?alt=sse"),
    ],
)
def test_the_target(spoken: str, stream: bool, target: str) -> None:
    how = conversion("responses", spoken)
    assert how is not None
    assert how.request(SMALL["responses"], model="models/a/b" if spoken == "gemini" else "m", stream=stream).target == (
        target
    )


def test_pairs_that_need_nothing_and_names_that_do_not_exist() -> None:
    for asked, spoken in (("chat", "openai"), ("messages", "anthropic"), ("generate", "gemini")):
        assert conversion(asked, spoken) is None
    for asked, spoken in (("completions", "openai"), ("chat", "bedrock")):
        with pytest.raises(ValueError, match="no such"):
            conversion(asked, spoken)


# nothing is dropped unseen: every field of the official types is converted, refused or reviewed noise

CHAT_FIELDS: dict[str, Any] = {
    "audio": {"voice": "a", "format": "wav"},
    "frequency_penalty": 0.5,
    "function_call": "auto",
    "functions": [{"name": "f"}],
    "logit_bias": {"1": 2},
    "logprobs": True,
    "max_completion_tokens": 7,
    "max_tokens": 7,
    "messages": [{"role": "user", "content": "Other"}],
    "metadata": {"a": "b"},
    "modalities": ["text", "audio"],
    "model": "other",
    "moderation": {"model": "m"},
    "n": 2,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "x"},
    "presence_penalty": 0.5,
    "prompt_cache_key": "k",
    "prompt_cache_options": {"ttl": "30m"},
    "prompt_cache_retention": "24h",
    "reasoning_effort": "high",
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}},
    "safety_identifier": "u",
    "seed": 5,
    "service_tier": "flex",
    "stop": ["x"],
    "store": True,
    "stream_options": {"include_usage": True},
    "temperature": 0.2,
    "tool_choice": "required",
    "tools": [{"type": "function", "function": {"name": "g", "parameters": SCHEMA}}],
    "top_logprobs": 3,
    "top_p": 0.1,
    "user": "u",
    "verbosity": "high",
    "web_search_options": {},
}
MESSAGES_FIELDS: dict[str, Any] = {
    "max_tokens": 7,
    "messages": [{"role": "user", "content": "Other"}],
    "model": "other",
    "cache_control": {"type": "ephemeral"},
    "container": "c",
    "diagnostics": {"previous_message_id": "x"},
    "inference_geo": "eu",
    "metadata": {"user_id": "u"},
    "output_config": {"effort": "low"},
    "service_tier": "auto",
    "speed": "fast",
    "stop_sequences": ["x"],
    "system": "Be long.",
    "thinking": {"type": "enabled", "budget_tokens": 3000},
    "tool_choice": {"type": "any"},
    "tools": [{"name": "g", "input_schema": SCHEMA}],
    "user_profile_id": "u",
    "workspace_id": "w",
}
RESPONSES_FIELDS: dict[str, Any] = {
    "access_programs": {"cyber": "standard"},
    "background": True,
    "background_options": {"completion_window": "soonest"},
    "context_management": [{"type": "compaction"}],
    "conversation": "conv_1",
    "image": {"context_compression": "auto"},
    "include": ["message.output_text.logprobs"],
    "input": "Other",
    "instructions": "Be long.",
    "max_output_tokens": 7,
    "max_tool_calls": 2,
    "metadata": {"a": "b"},
    "model": "other",
    "moderation": {"model": "m"},
    "parallel_tool_calls": False,
    "previous_response_id": "resp_1",
    "prompt": {"id": "p"},
    "prompt_cache_key": "k",
    "prompt_cache_options": {"ttl": "30m"},
    "prompt_cache_retention": "24h",
    "reasoning": {"effort": "high"},
    "safety_identifier": "u",
    "service_tier": "flex",
    "store": True,
    "stream_options": {"include_obfuscation": False},
    "temperature": 0.2,
    "text": {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA}},
    "tool_choice": "required",
    "tools": [{"type": "function", "name": "g", "parameters": SCHEMA}],
    "top_logprobs": 3,
    "top_p": 0.1,
    "truncation": "auto",
    "user": "u",
}
GENERATION_FIELDS: dict[str, Any] = {
    "modelSelectionConfig": {"featureSelectionPreference": "BALANCED"},
    "responseJsonSchema": {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA},
    "audioTimestamp": True,
    "candidateCount": 2,
    "enableAffectiveDialog": True,
    "frequencyPenalty": 0.5,
    "logprobs": 3,
    "maxOutputTokens": 7,
    "mediaResolution": "MEDIA_RESOLUTION_LOW",
    "presencePenalty": 0.5,
    "responseLogprobs": True,
    "responseMimeType": "application/json",
    "responseModalities": ["IMAGE"],
    "responseSchema": {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}},
    "routingConfig": {},
    "seed": 5,
    "speechConfig": {},
    "stopSequences": ["x"],
    "temperature": 0.2,
    "thinkingConfig": {"thinkingBudget": 2000},
    "topK": 4,
    "topP": 0.1,
    "enableEnhancedCivicAnswers": True,
    "responseFormat": [{}],
    "translationConfig": {},
    "audioTranscriptionConfig": {},
}
GENERATE_FIELDS: dict[str, Any] = {
    "contents": [{"role": "user", "parts": [{"text": "Other"}]}],
    "systemInstruction": {"parts": [{"text": "Be long."}]},
    "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
    "tools": [{"functionDeclarations": [{"name": "g", "parametersJsonSchema": SCHEMA}]}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    "labels": {"a": "b"},
    "cachedContent": "cachedContents/1",
    "serviceTier": "flex",
    "modelArmorConfig": {"promptTemplateName": "x"},
    "store": True,
}


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def test_the_walk_knows_every_field_of_the_official_types() -> None:
    assert set(CHAT_FIELDS) == set(get_type_hints(CompletionCreateParamsBase))
    assert set(MESSAGES_FIELDS) == set(get_type_hints(MessageCreateParamsBase))
    assert set(RESPONSES_FIELDS) == set(get_type_hints(ResponseCreateParamsBase))
    assert set(GENERATION_FIELDS) == {camel(name) for name in genai.GenerationConfig.model_fields}


def walk() -> list[Any]:
    fields = {"chat": CHAT_FIELDS, "messages": MESSAGES_FIELDS, "responses": RESPONSES_FIELDS}
    cases: list[tuple[str, str, dict[str, Any]]] = [
        (asked, name, {name: value}) for asked, table in fields.items() for name, value in table.items()
    ]
    cases += [("generate", name, {name: value}) for name, value in GENERATE_FIELDS.items()]
    for name, value in GENERATION_FIELDS.items():
        inner = value if isinstance(value, dict) and name in value else {name: value}
        cases.append(("generate", f"generationConfig.{name}", {"generationConfig": inner}))
    return [
        pytest.param(asked, spoken, name, change, id=f"{asked}-{spoken}-{name}")
        for asked, name, change in cases
        for to, spoken in PAIRS
        if to == asked
    ]


NOISE = {
    "chat": noise.CHAT,
    "messages": noise.MESSAGES,
    "responses": noise.RESPONSES,
    "generate": noise.GENERATE,
}


@pytest.mark.parametrize(("asked", "spoken", "name", "change"), walk())
def test_no_field_is_dropped_unseen(asked: str, spoken: str, name: str, change: dict[str, Any]) -> None:
    base = SMALL[asked]
    if name in ("parallel_tool_calls", "tool_choice"):
        tools: dict[str, Any] = {"chat": CHAT, "messages": MESSAGES, "responses": RESPONSES}[asked]["tools"]
        base = {**base, "tools": tools}
    if name == "thinking":
        base = {**base, "max_tokens": 9000}
    plain = converted(asked, spoken, base)
    outcome = tried(asked, spoken, {**base, **change})
    if isinstance(outcome, ProxyError):
        assert (outcome.status, outcome.code) == (400, "not_expressible")
        assert outcome.param
        assert outcome.param in outcome.message
        assert outcome.param.split(".")[-1].split("[")[0] in json.dumps(change)
        assert name not in NOISE[asked]
    else:
        assert (outcome == plain) == (name in NOISE[asked])


MINIMAL_OBJECTS: list[tuple[str, tuple[Any, ...]]] = [
    ("chat", ()),
    ("chat", ("messages", 0)),
    ("chat", ("messages", 1)),
    ("chat", ("messages", 1, "content", 0)),
    ("chat", ("messages", 1, "content", 1)),
    ("chat", ("messages", 1, "content", 1, "image_url")),
    ("chat", ("messages", 2)),
    ("chat", ("messages", 2, "tool_calls", 0)),
    ("chat", ("messages", 2, "tool_calls", 0, "function")),
    ("chat", ("messages", 3)),
    ("chat", ("tools", 0)),
    ("chat", ("tools", 0, "function")),
    ("chat", ("tool_choice",)),
    ("messages", ()),
    ("messages", ("system", 0)),
    ("messages", ("messages", 0)),
    ("messages", ("messages", 0, "content", 0)),
    ("messages", ("messages", 0, "content", 1)),
    ("messages", ("messages", 0, "content", 1, "source")),
    ("messages", ("messages", 1, "content", 2)),
    ("messages", ("messages", 2, "content", 0)),
    ("messages", ("tools", 0)),
    ("messages", ("tool_choice",)),
    ("generate", ()),
    ("generate", ("system_instruction",)),
    ("generate", ("system_instruction", "parts", 0)),
    ("generate", ("contents", 0)),
    ("generate", ("contents", 0, "parts", 0)),
    ("generate", ("contents", 0, "parts", 1, "inline_data")),
    ("generate", ("contents", 1, "parts", 1, "functionCall")),
    ("generate", ("contents", 2, "parts", 0, "functionResponse")),
    ("generate", ("tools", 0)),
    ("generate", ("tools", 0, "functionDeclarations", 0)),
    ("generate", ("tools", 0, "functionDeclarations", 0, "parameters")),
    ("generate", ("toolConfig",)),
    ("generate", ("toolConfig", "functionCallingConfig")),
    ("generate", ("generationConfig",)),
    ("responses", ()),
    ("responses", ("input", 0)),
    ("responses", ("input", 0, "content", 0)),
    ("responses", ("input", 0, "content", 1)),
    ("responses", ("input", 2)),
    ("responses", ("input", 2, "content", 0)),
    ("responses", ("input", 3)),
    ("responses", ("input", 4)),
    ("responses", ("tools", 0)),
    ("responses", ("tool_choice",)),
]


@pytest.mark.parametrize(("asked", "path"), MINIMAL_OBJECTS, ids=str)
def test_an_unknown_member_is_refused_by_its_path_wherever_it_sits(asked: str, path: tuple[Any, ...]) -> None:
    document = copy.deepcopy(ASKED[asked])
    place: Any = document
    for step in path:
        place = place[step]
    place["surprise"] = 1
    for to, spoken in PAIRS:
        if to == asked:
            error = refusal(asked, spoken, document)
            assert error.code == "not_expressible"
            assert error.param is not None
            assert error.param.endswith("surprise")
    place["surprise"] = None
    converted(asked, PAIRS[[to for to, _ in PAIRS].index(asked)][1], document)


@pytest.mark.parametrize(
    ("asked", "spoken", "change", "param"),
    [
        ("chat", "anthropic", {"n": 2}, "n"),
        ("chat", "anthropic", {"seed": 1}, "seed"),
        ("chat", "anthropic", {"temperature": 1.5}, "temperature"),
        ("chat", "anthropic", {"response_format": {"type": "json_object"}}, "response_format"),
        ("chat", "anthropic", {"frequency_penalty": 0.1}, "frequency_penalty"),
        ("responses", "anthropic", {"include": ["message.output_text.logprobs"]}, "include"),
        ("responses", "gemini", {"include": ["file_search_call.results"]}, "include"),
        ("responses", "openai", {"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ("responses", "openai", {"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ("generate", "anthropic", {"generationConfig": {"seed": 1}}, "generationConfig.seed"),
        ("generate", "anthropic", {"generationConfig": {"candidateCount": 2}}, "generationConfig.candidateCount"),
        ("generate", "openai", {"tools": [{"googleSearch": {}}]}, "tools[0].googleSearch"),
        (
            "generate",
            "openai",
            {"contents": [{"parts": [{"fileData": {"fileUri": "https://x/y.png"}}]}]},
            "contents[0].parts[0].fileData",
        ),
        ("messages", "openai", {"tools": [{"type": "web_search_20250305", "name": "w"}]}, "tools[0].type"),
        ("messages", "openai", {"max_tokens": 0}, "max_tokens"),
        ("messages", "gemini", {"mcp_servers": [{}]}, "mcp_servers"),
        (
            "chat",
            "gemini",
            {
                "messages": [
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png"}}]}
                ]
            },
            "messages[0].content[0].image_url.url",
        ),
        (
            "chat",
            "anthropic",
            {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
            "messages[1]",
        ),
        (
            "chat",
            "gemini",
            {"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]},
            "messages[1]",
        ),
        (
            "chat",
            "gemini",
            {"messages": [{"role": "tool", "tool_call_id": "lost", "content": "b"}]},
            "messages[0]",
        ),
        ("chat", "gemini", {"parallel_tool_calls": False, "tools": CHAT["tools"]}, "parallel_tool_calls"),
        ("messages", "gemini", {"thinking": {"type": "strange"}}, "thinking.type"),
        (
            "generate",
            "anthropic",
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": 100}}},
            "generationConfig.thinkingConfig",
        ),
    ],
)
def test_what_has_no_place_is_refused_under_the_callers_name(
    asked: str, spoken: str, change: dict[str, Any], param: str
) -> None:
    error = refusal(asked, spoken, {**SMALL[asked], **change})
    assert (error.code, error.param) == ("not_expressible", param)


@pytest.mark.parametrize(
    ("asked", "change", "param"),
    [
        ("chat", {"messages": {}}, "messages"),
        ("chat", {"messages": ["x"]}, "messages[0]"),
        ("chat", {"max_tokens": "many"}, "max_tokens"),
        ("chat", {"stop": [1]}, "stop"),
        ("messages", {"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ("messages", {"tools": [{"name": "f", "input_schema": 5}]}, "tools[0].input_schema"),
        ("generate", {"contents": "x"}, "contents"),
        ("responses", {"input": 5}, "input"),
    ],
)
def test_wrong_types_are_named(asked: str, change: dict[str, Any], param: str) -> None:
    error = refusal(asked, "anthropic" if asked != "messages" else "openai", {**SMALL[asked], **change})
    assert (error.code, error.param) == ("invalid_type", param)


def test_arguments_that_are_not_an_object_are_refused() -> None:
    for arguments in ("[1]", "{", "nonsense"):
        document = copy.deepcopy(CHAT)
        document["messages"][2]["tool_calls"][0]["function"]["arguments"] = arguments
        for spoken in ("anthropic", "gemini"):
            assert refusal("chat", spoken, document).param == "messages[2].tool_calls[0].function.arguments"


# single fields


def test_max_tokens_for_anthropic_have_a_default() -> None:
    assert converted("chat", "anthropic", SMALL["chat"])["max_tokens"] == 4096
    assert "max_completion_tokens" not in converted("generate", "openai", SMALL["generate"])


@pytest.mark.parametrize(
    ("choice", "anthropic_form", "gemini_form"),
    [
        ("auto", {"type": "auto"}, {"mode": "AUTO"}),
        ("none", {"type": "none"}, {"mode": "NONE"}),
        ("required", {"type": "any"}, {"mode": "ANY"}),
        (
            {"type": "function", "function": {"name": "look"}},
            {"type": "tool", "name": "look"},
            {"mode": "ANY", "allowedFunctionNames": ["look"]},
        ),
    ],
)
def test_tool_choice_both_ways(choice: Any, anthropic_form: Any, gemini_form: Any) -> None:
    document = {**SMALL["chat"], "tools": CHAT["tools"], "tool_choice": choice}
    spoken = converted("chat", "anthropic", document)
    assert spoken["tool_choice"] == anthropic_form
    assert converted("messages", "openai", spoken)["tool_choice"] == choice
    generate = converted("chat", "gemini", document)
    assert generate["toolConfig"] == {"functionCallingConfig": gemini_form}
    assert converted("generate", "openai", generate)["tool_choice"] == choice


def test_parallel_calls_can_be_forbidden_both_ways() -> None:
    document = {**SMALL["chat"], "tools": CHAT["tools"], "parallel_tool_calls": False}
    spoken = converted("chat", "anthropic", document)
    assert spoken["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    back = converted("messages", "openai", spoken)
    assert (back["parallel_tool_calls"], back["tool_choice"]) == (False, "auto")


def test_strict_tools() -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}}]
    document = {**SMALL["chat"], "tools": tools}
    assert converted("chat", "anthropic", document)["tools"][0]["strict"] is True
    generate = converted("chat", "gemini", document)
    assert generate["toolConfig"] == {"functionCallingConfig": {"mode": "VALIDATED"}}
    assert converted("generate", "openai", generate)["tools"] == tools


def test_a_schema_for_the_answer_in_every_dialect() -> None:
    closed = {**SCHEMA, "additionalProperties": False}
    wanted = {"name": "place", "schema": closed, "strict": True}
    chat = {**SMALL["chat"], "response_format": {"type": "json_schema", "json_schema": wanted}}
    responses = {**SMALL["responses"], "text": {"format": {"type": "json_schema", **wanted}}}
    for asked, document in (("chat", chat), ("responses", responses)):
        spoken = converted(asked, "anthropic", document)
        assert spoken["output_config"] == {"format": {"type": "json_schema", "schema": closed}}
        back = converted("messages", "openai", spoken)["response_format"]["json_schema"]
        assert back == {"name": "answer", "schema": closed, "strict": True}
        config = converted(asked, "gemini", document)["generationConfig"]
        assert config == {"responseMimeType": "application/json", "responseJsonSchema": closed}
    assert converted("responses", "openai", responses)["response_format"]["json_schema"] == wanted


def test_a_schema_that_openai_cannot_be_strict_about_is_not_called_strict() -> None:
    config = {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    spoken = converted("generate", "openai", {**SMALL["generate"], "generationConfig": config})
    assert spoken["response_format"]["json_schema"] == {"name": "answer", "schema": SCHEMA}


def test_json_without_a_schema() -> None:
    document = {**SMALL["chat"], "response_format": {"type": "json_object"}}
    generate = converted("chat", "gemini", document)
    assert generate["generationConfig"] == {"responseMimeType": "application/json"}
    assert converted("generate", "openai", generate)["response_format"] == {"type": "json_object"}


def test_googles_own_schema_form_becomes_json_schema() -> None:
    own = {
        "type": "OBJECT",
        "property_ordering": ["b", "a"],
        "properties": {
            "a": {"type": "ARRAY", "items": {"type": "INTEGER", "nullable": True}, "minItems": "1"},
            "b": {"anyOf": [{"type": "STRING", "enum": ["x"]}, {"type": "NUMBER"}], "nullable": True},
        },
        "required": ["a"],
        "example": {"a": [1]},
    }
    config = {"responseMimeType": "application/json", "responseSchema": own}
    document = converted("generate", "openai", {**SMALL["generate"], "generationConfig": config})
    schema = document["response_format"]["json_schema"]["schema"]
    assert schema == {
        "type": "object",
        "properties": {
            "a": {"type": "array", "items": {"type": ["integer", "null"]}, "minItems": 1},
            "b": {"anyOf": [{"type": "string", "enum": ["x"]}, {"type": "number"}, {"type": "null"}]},
        },
        "required": ["a"],
        "examples": [{"a": [1]}],
    }
    assert list(schema["properties"]) == ["b", "a"]


@pytest.mark.parametrize(
    ("asked", "spoken", "change", "found"),
    [
        ("chat", "anthropic", {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        (
            "chat",
            "anthropic",
            {"reasoning_effort": "minimal"},
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
        ),
        (
            "chat",
            "gemini",
            {"reasoning_effort": "high"},
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "HIGH"}}},
        ),
        (
            "responses",
            "gemini",
            {"reasoning": {"effort": "low", "summary": "auto"}},
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW", "includeThoughts": True}}},
        ),
        ("messages", "openai", {"thinking": {"type": "disabled"}}, {"reasoning_effort": "none"}),
        ("messages", "openai", {"thinking": {"type": "enabled", "budget_tokens": 20000}}, {"reasoning_effort": "high"}),
        ("messages", "openai", {"output_config": {"effort": "xhigh"}}, {"reasoning_effort": "xhigh"}),
        (
            "messages",
            "gemini",
            {"thinking": {"type": "enabled", "budget_tokens": 2000}},
            {
                "generationConfig": {
                    "maxOutputTokens": 50,
                    "thinkingConfig": {"thinkingBudget": 2000, "includeThoughts": True},
                }
            },
        ),
        (
            "generate",
            "anthropic",
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": 2000, "includeThoughts": True}}},
            {"thinking": {"type": "enabled", "budget_tokens": 2000, "display": "summarized"}},
        ),
    ],
)
def test_how_much_to_think(asked: str, spoken: str, change: dict[str, Any], found: dict[str, Any]) -> None:
    document = converted(asked, spoken, {**SMALL[asked], **change})
    assert {name: document.get(name) for name in found} == found


def test_system_messages_later_in_the_conversation_keep_their_place() -> None:
    messages = [
        {"role": "system", "content": "one"},
        {"role": "system", "content": [{"type": "text", "text": "two"}]},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "system", "content": "now in rhyme"},
        {"role": "user", "content": "c"},
    ]
    spoken = converted("chat", "anthropic", {"model": "m", "messages": messages})
    assert spoken["system"] == [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    assert spoken["messages"][2] == {"role": "system", "content": "now in rhyme"}
    back = converted("messages", "openai", spoken)["messages"]
    assert back[1:] == messages[2:]


def test_results_of_one_turn_go_in_one_message_and_come_first() -> None:
    calls = [{"id": f"c{n}", "type": "function", "function": {"name": "f", "arguments": "{}"}} for n in range(2)]
    messages = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c0", "content": "x"},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "y"}]},
    ]
    document = {"model": "m", "messages": messages}
    spoken = converted("chat", "anthropic", document)
    assert [block["tool_use_id"] for block in spoken["messages"][2]["content"]] == ["c0", "c1"]
    generate = converted("chat", "gemini", document)
    assert [part["functionResponse"]["id"] for part in generate["contents"][2]["parts"]] == ["c0", "c1"]
    mixed = copy.deepcopy(spoken)
    mixed["messages"][2]["content"].insert(0, {"type": "text", "text": "both"})
    roles = [message["role"] for message in converted("messages", "openai", mixed)["messages"]]
    assert roles == ["user", "assistant", "tool", "tool", "user"]


def test_a_failed_call_is_still_known_as_failed() -> None:
    document = copy.deepcopy(MESSAGES)
    document["messages"][2]["content"][0] |= {"is_error": True, "content": "no such city"}
    assert converted("messages", "openai", document)["messages"][3]["content"] == "Error: no such city"
    result = converted("messages", "gemini", document)["contents"][2]["parts"][0]["functionResponse"]
    assert result["response"] == {"error": "no such city"}
    generate = copy.deepcopy(GENERATE)
    generate["contents"][2]["parts"][0]["functionResponse"]["response"] = {"error": "no"}
    block = converted("generate", "anthropic", generate)["messages"][2]["content"][0]
    assert (block["is_error"], block["content"]) == (True, "no")


def test_images_in_results() -> None:
    document = copy.deepcopy(MESSAGES)
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    document["messages"][2]["content"][0]["content"] = [{"type": "text", "text": "here"}, image]
    result = converted("messages", "gemini", document)["contents"][2]["parts"][0]["functionResponse"]
    assert result["parts"] == [{"inlineData": {"mimeType": "image/png", "data": PNG}}]
    genai.FunctionResponse.model_validate(result)
    assert refusal("messages", "openai", document).param == "messages[2].content[0].content"


def test_remote_images_between_openai_and_anthropic() -> None:
    url = "https://example.org/a.png"
    chat = {"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]}
    spoken = converted("chat", "anthropic", chat)
    assert spoken["messages"][0]["content"] == [{"type": "image", "source": {"type": "url", "url": url}}]
    assert converted("messages", "openai", spoken)["messages"] == chat["messages"]


def test_ids_are_given_where_google_sends_none_and_results_find_their_call() -> None:
    call = {"functionCall": {"name": "f", "args": {}}}
    other = {"functionCall": {"name": "g", "args": {}}}
    contents = [
        {"role": "user", "parts": [{"text": "a"}]},
        {"role": "model", "parts": [call, other, call]},
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": name, "response": {"output": value}}}
                for name, value in (("g", "second"), ("f", "first"), ("f", "third"))
            ],
        },
    ]
    messages = converted("generate", "openai", {"contents": contents})["messages"]
    ids = [call["id"] for call in messages[1]["tool_calls"]]
    assert len(set(ids)) == 3
    assert {message["tool_call_id"]: message["content"] for message in messages[2:]} == {
        ids[0]: "first",
        ids[1]: "second",
        ids[2]: "third",
    }


def test_ids_are_made_to_fit_anthropics_alphabet_alike_for_call_and_result() -> None:
    document = json.loads(json.dumps(CHAT).replace('"c1"', '"functions.look:0"'))
    messages = converted("chat", "anthropic", document)["messages"]
    made = messages[1]["content"][1]["id"]
    assert made == messages[2]["content"][0]["tool_use_id"]
    assert all(sign.isalnum() or sign in "_-" for sign in made)


def test_googles_seal_on_a_call_comes_back_to_it() -> None:
    document = copy.deepcopy(CHAT)
    document["messages"][2]["tool_calls"][0]["extra_content"] = {"google": {"thought_signature": "c2VhbA=="}}
    parts = converted("chat", "gemini", document)["contents"][1]["parts"]
    assert parts[1]["thoughtSignature"] == "c2VhbA=="
    how = conversion("chat", "gemini")
    assert how is not None
    older = how.request(CHAT, model="gemini-2.5-flash", stream=False).document
    assert "thoughtSignature" not in older["contents"][1]["parts"][1]


def test_an_answer_that_was_sent_back_whole_is_taken() -> None:
    """Clients send `message.model_dump()` back: nulls, empty lists and shown thoughts come along."""
    echoed = {
        "role": "assistant",
        "content": "Hello.",
        "refusal": None,
        "annotations": [],
        "audio": None,
        "function_call": None,
        "tool_calls": None,
        "reasoning_content": "hm",
    }
    messages = [{"role": "user", "content": "Hi"}, echoed, {"role": "user", "content": "And?"}]
    spoken = converted("chat", "anthropic", {"model": "m", "messages": messages})
    assert spoken["messages"][1] == {"role": "assistant", "content": "Hello."}


# round trips

words = st.text(min_size=1, max_size=20)
names = st.from_regex(r"[a-z_][a-z0-9_]{0,10}", fullmatch=True)
objects = st.dictionaries(names, st.one_of(words, st.integers(-(2**53), 2**53), st.booleans(), st.none()), max_size=3)
images = st.sampled_from([f"data:image/png;base64,{PNG}", "data:image/jpeg;base64,AAAA"])


@st.composite
def chats(draw: st.DrawFn) -> dict[str, Any]:
    """Chat requests that all three dialects can express, in the form that the converters write."""
    messages: list[dict[str, Any]] = []
    if draw(st.booleans()):
        messages.append({"role": "system", "content": draw(words)})
    for turn in range(draw(st.integers(1, 3))):
        parts: Any = [
            {"type": "image_url", "image_url": {"url": draw(images)}}
            if draw(st.booleans())
            else {"type": "text", "text": draw(words)}
            for _ in range(draw(st.integers(2, 3)))
        ]
        messages.append({"role": "user", "content": parts if draw(st.booleans()) else draw(words)})
        calls = [
            {
                "id": f"call_{turn}_{number}",
                "type": "function",
                "function": {
                    "name": draw(names),
                    "arguments": json.dumps(draw(objects), separators=(",", ":"), ensure_ascii=False),
                },
            }
            for number in range(draw(st.integers(0, 2)))
        ]
        text = draw(words) if not calls or draw(st.booleans()) else None
        messages.append({"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})})
        messages += [{"role": "tool", "tool_call_id": call["id"], "content": draw(words)} for call in calls]
    messages.append({"role": "user", "content": draw(words)})
    document: dict[str, Any] = {
        "model": "m",
        "messages": messages,
        "max_completion_tokens": draw(st.integers(1, 10**6)),
    }
    if draw(st.booleans()):
        functions = [{"name": draw(names), "description": draw(words), "parameters": SCHEMA} for _ in range(2)]
        document["tools"] = [{"type": "function", "function": function} for function in functions]
        named = {"type": "function", "function": {"name": functions[0]["name"]}}
        document["tool_choice"] = draw(st.sampled_from(["auto", "none", "required", named]))
    for name, values in (
        ("temperature", st.floats(0, 1)),
        ("top_p", st.floats(0, 1)),
        ("stop", st.lists(words, min_size=1, max_size=3)),
    ):
        if draw(st.booleans()):
            document[name] = draw(values)
    return document


@settings(deadline=None)
@given(chats())
def test_chat_to_anthropic_and_back_is_the_same(document: dict[str, Any]) -> None:
    there = conversion("chat", "anthropic")
    back = conversion("messages", "openai")
    assert there is not None
    assert back is not None
    assert back.request(
        there.request(document, model="m", stream=False).document, model="m", stream=False
    ).document == (document)


@settings(deadline=None)
@given(chats())
def test_chat_to_gemini_and_back_is_the_same(document: dict[str, Any]) -> None:
    there = conversion("chat", "gemini")
    back = conversion("generate", "openai")
    assert there is not None
    assert back is not None
    spoken = there.request(document, model="m", stream=False).document
    assert back.request(spoken, model="m", stream=False).document == document


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.sampled_from(PAIRS), st.data())
def test_whatever_comes_is_converted_or_refused_with_400(pair: tuple[str, str], data: st.DataObject) -> None:
    """Any one place of a good request may hold anything."""
    document = copy.deepcopy(ASKED[pair[0]])
    place: Any = document
    while isinstance(place, dict | list) and place:
        step = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[step], dict | list) or data.draw(st.booleans()):
            place[step] = data.draw(json_values)
            break
        place = place[step]
    outcome = tried(*pair, document)
    if isinstance(outcome, ProxyError):
        assert outcome.status == 400
        assert outcome.message
    else:
        assert json.dumps(outcome)


def test_the_official_types_take_special_requests() -> None:
    """Shapes that the walk above does not reach, in the types of the SDKs."""
    document = {
        **SMALL["chat"],
        "reasoning_effort": "low",
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}},
    }
    spoken = converted("chat", "anthropic", document)
    TypeAdapter(anthropic.types.ThinkingConfigParam).validate_python(spoken["thinking"])
    TypeAdapter(anthropic.types.OutputConfigParam).validate_python(spoken["output_config"])
    config = converted("chat", "gemini", document)["generationConfig"]
    genai.GenerationConfig.model_validate(config)
    back = converted("generate", "openai", {**SMALL["generate"], "generationConfig": config})
    TypeAdapter(openai.types.chat.completion_create_params.ResponseFormat).validate_python(back["response_format"])
