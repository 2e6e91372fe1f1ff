"""Every field of Gemini's requests, walked from the official SDK's types: is it in the cache key?

The tables below are reviewed by hand; `key_walk` says what the words in them mean. They name the fields as they stand
on the wire (`generationConfig.topK`), in camelCase; Google reads snake_case as well, so each walk is done in both. Where
the SDK puts each of its own fields is taken from what it sends, in the mode of the Gemini API or, where it refuses the
field there, in that of the enterprise platform.
"""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import types

from tests.unit.proxy import key_walk
from tests.unit.proxy.key_walk import Field, Walk, asked, key, key_of, noise, stateful

GENERATE = "/v1beta/models/m:generateContent"
STREAM = "/v1beta/models/m:streamGenerateContent?alt=sse"
EMBED = "/v1beta/models/m:embedContent"
BATCH = "/v1beta/models/m:batchEmbedContents"
COUNT = "/v1beta/models/m:countTokens"


def turn(text: str, role: str = "user", **more: Any) -> dict[str, Any]:
    return {"role": role, "parts": [{"text": text, **more}]}


FILE = {"fileData": {"fileUri": "gs://bucket/a.png", "mimeType": "image/png"}}
PICTURE = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}
DECLARED = {"functionDeclarations": [{"name": "f"}]}
SCHEMA = {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}
SPOKEN = {
    "contents": key(
        [turn("Hello?")], [turn("Hello", "model")], [turn("a"), turn("Hello")], [turn("Hello", thought=True)]
    )
}
CONFIGURED = {
    "temperature": key(0, 0.5, 1),
    "topP": key(0.1, 0.9),
    "topK": key(1, 2),
    "candidateCount": key(1, 2),
    "maxOutputTokens": key(1, 2),
    "stopSequences": key(["a"], ["a", "b"]),
    "responseLogprobs": key(True, False),
    "logprobs": key(1, 2),
    "presencePenalty": key(0.5, 1.5),
    "frequencyPenalty": key(0.5, 1.5),
    "seed": key(1, 2),
    "responseMimeType": key("application/json", "text/plain"),
    "responseSchema": key(SCHEMA, {**SCHEMA, "required": ["a"]}),
    "responseJsonSchema": key({"type": "object"}, {"type": "array"}),
    "responseModalities": key(["TEXT"], ["TEXT", "IMAGE"]),
    "mediaResolution": key("MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_HIGH"),
    "speechConfig": key({"languageCode": "en-US"}, {"languageCode": "de-DE"}),
    "audioTimestamp": key(True, False),
    "audioTranscriptionConfig": key({}, {"languageCodes": ["de-DE"]}),
    "thinkingConfig": key({"thinkingBudget": 0}, {"thinkingBudget": 100}),
    "imageConfig": key({"aspectRatio": "1:1"}, {"aspectRatio": "16:9"}),
    "enableEnhancedCivicAnswers": key(True, False),
    "routingConfig": key({"manualMode": {"modelName": "a"}}, {"manualMode": {"modelName": "b"}}),
    "modelConfig": key(
        {"featureSelectionPreference": "BALANCED"}, {"featureSelectionPreference": "PRIORITIZE_QUALITY"}
    ),
    # of the wire's own type, and not an argument of generate_content
    "responseFormat": key({"text": {"mimeType": "TEXT_PLAIN"}}, {"text": {"mimeType": "APPLICATION_JSON"}}),
    "enableAffectiveDialog": key(True, False),
    "translationConfig": key({"targetLanguageCode": "de"}, {"targetLanguageCode": "fr"}),
}
GENERATED = {
    **SPOKEN,
    **{f"generationConfig.{name}": entry for name, entry in CONFIGURED.items()},
    "systemInstruction": key(turn("s"), turn("t"), {"parts": [PICTURE]}),
    "safetySettings": key(
        [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_ONLY_HIGH"}],
    ),
    "tools": key([DECLARED], [{"functionDeclarations": [{"name": "g"}]}]),
    "toolConfig": key(
        {"functionCallingConfig": {"mode": "ANY"}},
        {"functionCallingConfig": {"mode": "NONE"}},
        {"retrievalConfig": {"latLng": {"latitude": 1, "longitude": 2}}},
    ),
    "modelArmorConfig": key({"promptTemplateName": "a"}, {"promptTemplateName": "b"}),
    "labels": noise({"a": "b"}, {"a": "c"}),
    "serviceTier": noise("flex", "priority"),
    "cachedContent": stateful("cachedContents/a", "cachedContents/b"),
    "store": stateful(True),
    "continuationToken": stateful("YQ==", "Yg=="),
    # the answer is written to a bucket of the caller's
    "outputConfig": stateful({"outputUriPrefix": "gs://a/"}, {"outputUriPrefix": "gs://b/"}),
}
EMBEDDED = {
    "content": key(turn("Hello?"), turn("Hello", "model"), {"parts": [PICTURE]}),
    "model": key("models/other"),
    "taskType": key("RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT"),
    "title": key("a", "b"),
    "outputDimensionality": key(1, 2),
}
OF_THE_PLATFORM = {
    "embedContentConfig.autoTruncate": key(True, False),
    "embedContentConfig.documentOcr": key(True, False),
    "embedContentConfig.audioTrackExtraction": key(True, False),
    "embedContentConfig.mimeType": key("text/plain", "text/html"),
}
CAMEL = {
    "generate": Walk(
        path=GENERATE, module="gemini_generate", body={"contents": [turn("Hello")]}, text="contents", fields=GENERATED
    ),
    "embed": Walk(path=EMBED, body={"content": turn("Hello")}, fields={**EMBEDDED, **OF_THE_PLATFORM}),
    "batch": Walk(
        path=BATCH,
        body={"requests": [{"content": turn("a"), "model": "models/m"}, {"content": turn("b"), "model": "models/m"}]},
        fields={f"requests.{at}.{name}": entry for at in (0, 1) for name, entry in EMBEDDED.items()},
    ),
    "count": Walk(
        path=COUNT,
        body={"contents": [turn("Hello")]},
        fields={
            **SPOKEN,
            **{name: GENERATED[name] for name in ("systemInstruction", "tools", "generationConfig.topK")},
            "cachedContent": GENERATED["cachedContent"],
            "model": key("models/other"),
        },
    ),
    "count within": Walk(
        path=COUNT,
        body={"generateContentRequest": {"contents": [turn("Hello")], "model": "models/m"}},
        fields={
            f"generateContentRequest.{name}": entry if entry.kind in ("key", "noise") else key(*entry.values)
            for name, entry in {**GENERATED, "model": key("models/other")}.items()
            # counting keeps nothing: of these only what the count would be read from is state
            if name not in ("cachedContent", "labels", "serviceTier")
        }
        | {
            "generateContentRequest.cachedContent": GENERATED["cachedContent"],
            # no provider is known to count without them, and counting is free: in the key
            "generateContentRequest.labels": key({"a": "b"}, {"a": "c"}),
            "generateContentRequest.serviceTier": key("flex", "priority"),
        },
    ),
}


def snake(value: Any) -> Any:
    """The same in the other spelling: member names at every depth, and names in a path."""
    if isinstance(value, str):
        return re.sub("[A-Z]", lambda capital: "_" + capital[0].lower(), value)
    if isinstance(value, list):
        return [snake(item) if isinstance(item, dict | list) else item for item in value]
    if isinstance(value, dict):
        return {snake(k): snake(v) if isinstance(v, dict | list) else v for k, v in value.items()}
    return value


def in_snake(walk: Walk) -> Walk:
    fields = {
        snake(name): Field(entry.kind, tuple(snake(v) if isinstance(v, dict | list) else v for v in entry.values))
        for name, entry in walk.fields.items()
    }
    return dataclasses.replace(walk, body=snake(walk.body), fields=fields)


WALKS = {**CAMEL, **{f"{name}, snake": in_snake(walk) for name, walk in CAMEL.items()}}
WALKS["stream"] = dataclasses.replace(CAMEL["generate"], path=STREAM)
NAMES = sorted(WALKS)
GENERATES = [name for name in NAMES if WALKS[name].text]


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_what_the_table_says(name: str) -> None:
    key_walk.check_walk(WALKS[name])


@pytest.mark.parametrize("name", NAMES)
def test_the_noise_is_that_of_the_table_and_no_more(name: str) -> None:
    """In both spellings at once: a walk knows one of them."""
    walk = WALKS[name]
    both = {snake(field) for field, entry in walk.fields.items() if entry.kind == "noise"}
    assert {snake(field) for field in asked(walk, walk.body).noise} == both
    assert asked(walk, walk.body).noise >= {field for field, entry in walk.fields.items() if entry.kind == "noise"}


@pytest.mark.parametrize(("name", "field"), key_walk.losses(WALKS))
def test_the_walk_notices_a_field_that_is_gone_from_the_key(
    name: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_walk.check_a_loss(WALKS[name], field, monkeypatch)


@pytest.mark.parametrize("name", GENERATES)
def test_the_walk_notices_that_all_of_the_configuration_is_gone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = WALKS[name]
    whole = "generation_config" if "snake" in name else "generationConfig"
    monkeypatch.setattr(
        "halfpenny.proxy.surfaces.gemini_generate.NOISE", frozenset({whole, "labels", "serviceTier", "service_tier"})
    )
    expected = [(field, "not in the key") for field in walk.fields if field.startswith(f"{whole}.")]
    assert len(expected) == len(CONFIGURED)
    assert key_walk.problems(walk) == expected


@pytest.mark.parametrize(("name", "field"), key_walk.gains(WALKS))
def test_the_walk_notices_noise_that_got_into_the_key(name: str, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key_walk.check_a_gain(WALKS[name], field, monkeypatch)


@pytest.mark.parametrize("name", GENERATES)
def test_what_is_in_the_key_parts_the_neighbours_too(name: str) -> None:
    key_walk.check_partition(WALKS[name])


# the SDK's own fields

NEVER_SENT = {
    # what the SDK itself does with the request and its answer
    "http_options",
    "should_return_http_response",
    "automatic_function_calling",
    "automatic_continuation",
}
GENERATE_AT = {
    **{snake(name): f"generationConfig.{name}" for name in CONFIGURED},
    "model_selection_config": "generationConfig.modelConfig",
    **{snake(name): name for name in GENERATED if "." not in name and name != "contents"},
    "generation_output_config": "outputConfig",
}
NOT_AN_ARGUMENT = {"response_format", "enable_affective_dialog", "translation_config"}
RENAMED = {"model_config", "output_config"}
EMBED_AT = {
    **{snake(name): f"requests.0.{name}" for name in ("taskType", "title", "outputDimensionality")},
    **{snake(name.partition(".")[2]): name for name in OF_THE_PLATFORM},
}
COUNT_AT = {
    "system_instruction": "systemInstruction",
    "tools": "tools",
    "generation_config": "generationConfig.topK",
}
ARGUMENTS: dict[str, tuple[Any, dict[str, str], set[str]]] = {
    "generate": (types.GenerateContentConfig, GENERATE_AT, NOT_AN_ARGUMENT | RENAMED),
    "embed": (types.EmbedContentConfig, EMBED_AT, set()),
    "count": (types.CountTokensConfig, COUNT_AT, set()),
}


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
def test_every_argument_of_the_sdk_is_in_the_table(name: str) -> None:
    config, at, others = ARGUMENTS[name]
    sent = set(config.model_fields) - NEVER_SENT
    key_walk.check_reviewed(name, set(at) - others, sent)
    walked = {field for walk in CAMEL.values() for field in walk.fields}
    assert set(at.values()) <= walked


def test_every_field_of_the_configuration_on_the_wire_is_in_the_table() -> None:
    known = {
        "model_config" if name == "model_selection_config" else name for name in types.GenerationConfig.model_fields
    }
    reviewed = {snake(name) for name in CONFIGURED}
    # arguments of generate_content alone that the SDK writes there
    key_walk.check_reviewed("generationConfig", reviewed, known, {"image_config"})


def test_an_argument_that_the_table_does_not_know_fails_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    config, at, others = ARGUMENTS["generate"]
    less = {name: path for name, path in at.items() if name not in ("seed", "store")}
    monkeypatch.setitem(ARGUMENTS, "generate", (config, less, others))
    with pytest.raises(AssertionError, match="generate: nobody has reviewed seed, store"):
        test_every_argument_of_the_sdk_is_in_the_table("generate")


Send = Callable[[genai.Client, Any], Any]
SENDS: dict[str, Send] = {
    "generate": lambda client, config: client.models.generate_content(model="m", contents="Hello", config=config),
    "embed": lambda client, config: client.models.embed_content(model="m", contents="Hello", config=config),
    "count": lambda client, config: client.models.count_tokens(model="m", contents="Hello", config=config),
}
ANSWER = {
    "candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}],
    "embeddings": [{"values": [1.0]}],
    "totalTokens": 1,
}


Sent = Callable[[str, dict[str, Any], bool], dict[str, Any]]


@pytest.fixture(scope="module")
def sent_by_sdk() -> Iterator[Sent]:
    """`sent_by_sdk(method, config, platform)` is the body that the SDK sends. Raises ValueError for what it does not
    take in this mode."""
    bodies: list[Any] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(json.loads(request.content))
        return httpx2.Response(200, json=ANSWER)

    options = types.HttpOptions(client_args={"transport": httpx2.MockTransport(answer)})
    with (
        genai.Client(api_key="k", vertexai=False, http_options=options) as plain,
        genai.Client(api_key="k", vertexai=True, http_options=options) as enterprise,
    ):

        def send(name: str, config: dict[str, Any], platform: bool) -> dict[str, Any]:
            bodies.clear()
            SENDS[name](enterprise if platform else plain, config)
            body: dict[str, Any] = bodies[0]
            return body

        yield send


PLATFORM_ALONE = {
    *(snake(name.partition(".")[2]) for name in OF_THE_PLATFORM),
    "audio_timestamp",
    "generation_output_config",
    "model_armor_config",
    "model_selection_config",
    "routing_config",
}
PLACED = [(name, field) for name, (_, at, others) in ARGUMENTS.items() for field in sorted(set(at) - others)]


@pytest.mark.parametrize(("name", "field"), PLACED)
def test_the_sdk_sends_each_argument_where_the_table_has_it(sent_by_sdk: Sent, name: str, field: str) -> None:
    path = ARGUMENTS[name][1][field]
    value = next(walk.fields[path].values[0] for walk in CAMEL.values() if path in walk.fields)
    config = {field: {"topK": value} if field == "generation_config" else value}
    refused = name == "count" or field in PLATFORM_ALONE
    if refused:
        with pytest.raises(ValueError, match="only supported in Gemini Enterprise Agent Platform mode"):
            sent_by_sdk(name, config, False)
    if name == "embed" and refused:
        return  # the platform takes it at a path of its own, which passes through
    body = sent_by_sdk(name, config, refused)
    plain = sent_by_sdk(name, {}, False)
    assert key_walk.cut(body, path) != body, f"{field} is not at {path} of {body}"
    rest = key_walk.cut(body, path)
    # an empty `generationConfig` goes with every argument
    assert {k: v for k, v in rest.items() if v} == plain


@pytest.mark.parametrize("field", sorted(NEVER_SENT))
def test_what_the_sdk_keeps_to_itself(sent_by_sdk: Sent, field: str) -> None:
    value = {
        "http_options": {"headers": {"x-a": "b"}},
        "should_return_http_response": True,
        "automatic_function_calling": {"disable": True},
        "automatic_continuation": False,
    }[field]
    body = sent_by_sdk("generate", {field: value}, False)
    assert {k: v for k, v in body.items() if v} == sent_by_sdk("generate", {}, False)


# what the body names of the provider's state and of the world

HOSTED = sorted(
    {types.Tool.model_fields[name].alias or name for name in types.Tool.model_fields} - {"functionDeclarations"}
)


@pytest.mark.parametrize("spelling", [lambda tool: tool, snake])
@pytest.mark.parametrize("tool", [*HOSTED, "aToolOfTomorrow"])
@pytest.mark.parametrize("target", [GENERATE, STREAM])
def test_a_hosted_tool_is_never_stored(target: str, tool: str, spelling: Callable[[Any], Any]) -> None:
    walk = dataclasses.replace(CAMEL["generate"], path=target)
    shapes: tuple[Any, ...] = ([DECLARED, {tool: {}}], [{**DECLARED, tool: {}}], {tool: {}})
    for tools in shapes:
        assert asked(walk, {**walk.body, "tools": spelling(tools)}).stateful == "hosted tool", tools
    assert asked(walk, {**walk.body, "tools": spelling([DECLARED])}).stateful == ""


@pytest.mark.parametrize("spelling", [lambda part: part, snake])
@pytest.mark.parametrize("name", ["generate", "embed", "batch", "count", "count within"])
def test_a_file_that_is_named_by_its_address_is_never_stored(name: str, spelling: Callable[[Any], Any]) -> None:
    walk = CAMEL[name]
    answered = {"functionResponse": {"name": "f", "response": {}, "parts": [FILE]}}
    for part in (FILE, answered):
        content = {"role": "user", "parts": [part, {"text": "Hello"}]}
        path = {
            "embed": "content",
            "batch": "requests.1.content",
            "count within": "generateContentRequest.contents.0",
        }.get(name, "contents.0")
        body = spelling(key_walk.put(walk.body, path, content))
        assert asked(walk, body).stateful == "remote content", part


def test_a_file_in_the_system_instruction_is_never_stored() -> None:
    walk = CAMEL["generate"]
    assert asked(walk, {**walk.body, "systemInstruction": {"parts": [FILE]}}).stateful == "remote content"


# the target: version, model, method and query


def target_key(target: str, body: dict[str, Any] | None = None) -> str:
    walk = dataclasses.replace(CAMEL["generate"], path=target)
    return key_of(walk, asked(walk, body or walk.body))


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_both_ways_to_generate_share_a_key(version: str) -> None:
    whole = f"/{version}/models/m:generateContent"
    stream = f"/{version}/models/m:streamGenerateContent?alt=sse"
    assert target_key(whole) == target_key(stream)
    assert asked(dataclasses.replace(CAMEL["generate"], path=stream), CAMEL["generate"].body).stream


def test_the_path_is_in_the_key() -> None:
    targets = [f"/{version}/models/m:generateContent" for version in ("v1", "v1beta", "v1alpha")]
    targets += ["/v1beta/models/n:generateContent", "/v1beta/tunedModels/m:generateContent"]
    assert len(set(map(target_key, targets))) == len(targets)


def test_the_methods_do_not_share_a_key() -> None:
    body = {"contents": [turn("Hello")], "content": turn("Hello"), "requests": []}
    targets = (GENERATE, EMBED, BATCH, COUNT)
    assert len({target_key(target, body) for target in targets}) == len(targets)


@pytest.mark.parametrize("item", ["key=AIza", "access_token=t", "alt=json", "$alt=json", "prettyPrint=false"])
def test_what_of_the_query_is_not_in_the_key(item: str) -> None:
    """Credentials are in the tenant; the rest is how the answer is written down."""
    assert target_key(f"{GENERATE}?{item}") == target_key(GENERATE)
    assert target_key(f"{STREAM}&{item}" if "alt" not in item else STREAM) == target_key(GENERATE)


@pytest.mark.parametrize("item", ["fields=candidates", "$fields=candidates", "quotaUser=a", "callback=f", "beta=true"])
def test_every_other_part_of_the_query_is_in_the_key(item: str) -> None:
    one, other = f"{GENERATE}?{item}", f"{GENERATE}?{item}x"
    assert len({target_key(GENERATE), target_key(one), target_key(other)}) == 3
    assert target_key(f"{GENERATE}?a=1&{item}") == target_key(f"{GENERATE}?{item}&a=1")
    assert target_key(one) == target_key(f"{STREAM}&{item}")


@pytest.mark.parametrize(
    "target", [f"{GENERATE}?alt=proto", f"{GENERATE}?alt=media", f"{GENERATE}?$alt=sse", f"{STREAM}&alt=json"]
)
def test_an_answer_in_a_form_that_we_do_not_know_is_not_stored(target: str) -> None:
    walk = dataclasses.replace(CAMEL["generate"], path=target)
    assert asked(walk, walk.body).stateful


def test_the_two_spellings_never_share_a_wrong_answer() -> None:
    """They may miss each other, but a value in either counts."""
    walk = CAMEL["generate"]
    camel, other = ({**walk.body, name: {"temperature": 0}} for name in ("generationConfig", "generation_config"))
    both = {**camel, "generation_config": {"temperature": 1}}
    assert len({key_of(walk, asked(walk, body)) for body in (walk.body, camel, both)}) == 3
    assert key_of(walk, asked(walk, other)) != key_of(walk, asked(walk, walk.body))
    assert not asked(walk, other).sampled
    assert asked(walk, both).sampled
