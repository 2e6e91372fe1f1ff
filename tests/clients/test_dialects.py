"""The scripted upstream's dialects: byte forms by hand, meaning through the vendors' own clients, called directly."""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import openai
import pytest

from tests.clients import environments
from tests.clients.cells import CLIENTS
from tests.clients.matrix import Drivers
from tests.upstream import ScriptedUpstream, answer_to, count_tokens, embedding_of

ANTHROPIC = {"anthropic-version": "2023-06-01", "x-api-key": "k"}
GEMINI = {"x-goog-api-key": "k"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}}


@pytest.fixture
async def up() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as running:
        yield running


@pytest.fixture
async def client(up: ScriptedUpstream) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=up.base_url, api_key="k", max_retries=0) as made:
        yield made


async def post(up: ScriptedUpstream, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any, bytes]:
    """(status, headers, body so far): a connection that breaks ends the body."""
    async with aiohttp.ClientSession() as session, session.post(up.origin + path, json=body, headers=headers) as reply:
        data = b""
        try:
            async for piece in reply.content.iter_any():
                data += piece
        except aiohttp.ClientPayloadError:
            data += b"<broken>"
        return reply.status, reply.headers, data


def named_events(data: bytes) -> list[tuple[str, Any]]:
    """(event name, data) of a stream whose events all have a name."""
    found = []
    for block in data.decode().split("\n\n")[:-1]:
        name, value = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(value.removeprefix("data: "))))
    return found


def message(text: str, **fields: Any) -> dict[str, Any]:
    return {"model": "claude-x", "max_tokens": 200, "messages": [{"role": "user", "content": text}], **fields}


def contents(text: str, **fields: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": text}]}], **fields}


# Anthropic


async def test_anthropic_events_come_in_order(up: ScriptedUpstream) -> None:
    tools = [{"name": "w", "input_schema": SCHEMA}]
    body = message("Hello [[reason=2 tools=2 cached=1]]", stream=True, tools=tools)
    status, headers, data = await post(up, "/v1/messages", body, ANTHROPIC)
    assert (status, headers["Content-Type"], headers["request-id"]) == (200, "text/event-stream", "req_1")
    events = named_events(data)
    assert all(name == event["type"] for name, event in events)
    names = [name for name, _ in events]
    assert names[:3] == ["message_start", "content_block_start", "ping"]
    assert names[-2:] == ["message_delta", "message_stop"]
    blocks = [name for name in names if name in ("content_block_start", "content_block_stop")]
    assert blocks == ["content_block_start", "content_block_stop"] * 3
    assert events[0][1]["message"]["content"] == []
    assert events[0][1]["message"]["usage"]["cache_read_input_tokens"] == 1
    assert events[-2][1]["delta"]["stop_reason"] == "tool_use"
    deltas = [event["delta"]["type"] for name, event in events if name == "content_block_delta"]
    assert deltas[:3] == ["thinking_delta", "thinking_delta", "signature_delta"]
    assert set(deltas[3:]) == {"input_json_delta"}


async def test_anthropic_streams_say_what_whole_answers_say(up: ScriptedUpstream) -> None:
    for text in ("Hello", "Hello [[reason=3]]", "Hello [[tool]]", "Hello [[length]]", "Hello [[refusal]]"):
        whole = json.loads((await post(up, "/v1/messages", message(text), ANTHROPIC))[2])
        events = named_events((await post(up, "/v1/messages", message(text, stream=True), ANTHROPIC))[2])
        blocks: list[dict[str, Any]] = []
        for _, event in events:
            if event["type"] == "content_block_start":
                blocks.append({**event["content_block"], "json": ""})
            elif event["type"] == "content_block_delta":
                for field in ("text", "thinking", "signature"):
                    if field in event["delta"]:
                        blocks[-1][field] += event["delta"][field]
                blocks[-1]["json"] += event["delta"].get("partial_json", "")
        for block in blocks:
            arguments = block.pop("json")
            if block["type"] == "tool_use":
                block["input"] = json.loads(arguments)
        assert blocks == whole["content"]
        assert events[-2][1]["delta"]["stop_reason"] == whole["stop_reason"]
        assert events[-2][1]["usage"]["output_tokens"] == whole["usage"]["output_tokens"]


@pytest.mark.parametrize(
    ("headers", "status", "kind"),
    [
        ({"x-api-key": "k"}, 400, "invalid_request_error"),
        ({"x-api-key": "k", "anthropic-version": "1999-01-01"}, 400, "invalid_request_error"),
        ({"anthropic-version": "2023-06-01"}, 401, "authentication_error"),
    ],
)
async def test_anthropic_asks_for_version_and_key(
    up: ScriptedUpstream, headers: dict[str, str], status: int, kind: str
) -> None:
    got, _, data = await post(up, "/v1/messages", message("Hello"), headers)
    assert (got, json.loads(data)["error"]["type"]) == (status, kind)
    assert up.billed_pico_usd == 0


async def test_the_newer_anthropic_version_and_bearer(up: ScriptedUpstream) -> None:
    headers = {"anthropic-version": "2026-10-21", "Authorization": "Bearer k"}
    assert json.loads((await post(up, "/v1/messages", message("Hello"), headers))[2])["stop_details"] is None
    assert "stop_details" not in json.loads((await post(up, "/v1/messages", message("Hello"), ANTHROPIC))[2])


async def test_anthropic_counts_tokens_for_nothing(up: ScriptedUpstream) -> None:
    body = {"model": "claude-x", "system": "Be brief", "messages": [{"role": "user", "content": "Hello there"}]}
    _, _, data = await post(up, "/v1/messages/count_tokens", body, ANTHROPIC)
    assert json.loads(data) == {"input_tokens": count_tokens("Be brief\nHello there")}
    assert up.billed_pico_usd == 0


async def test_anthropic_faults(up: ScriptedUpstream) -> None:
    status, _, data = await post(up, "/v1/messages", message("[[status=529]]"), ANTHROPIC)
    assert (status, json.loads(data)["error"]["type"]) == (529, "overloaded_error")
    status, headers, data = await post(up, "/v1/messages", message("[[retry_after=3 code=enforced]]"), ANTHROPIC)
    assert (status, headers["Retry-After"]) == (429, "3")
    assert json.loads(data)["error"]["details"] == {"error_code": "enforced"}
    events = named_events((await post(up, "/v1/messages", message("[[sse_error=2]]", stream=True), ANTHROPIC))[2])
    assert [name for name, _ in events][-1] == "error"
    assert sum(name == "content_block_delta" for name, _ in events) == 2
    cut = (await post(up, "/v1/messages", message("[[cut=1]]", stream=True), ANTHROPIC))[2]
    assert cut.endswith(b"<broken>")
    assert cut.count(b"content_block_delta") == 2  # the event's name and its type
    ended = (await post(up, "/v1/messages", message("[[end=1]]", stream=True), ANTHROPIC))[2]
    assert b"message_stop" not in ended
    assert not ended.endswith(b"<broken>")


# Gemini


@pytest.mark.parametrize("version", ["v1beta", "v1", "v1alpha"])
async def test_gemini_streams_with_crlf_and_no_terminator(up: ScriptedUpstream, version: str) -> None:
    path = f"/{version}/models/gemini-x:streamGenerateContent?alt=sse"
    _, headers, data = await post(up, path, contents("Hello"), GEMINI)
    assert headers["Content-Type"] == "text/event-stream"
    events = data.decode().split("\r\n\r\n")
    assert events.pop() == ""
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    texts = [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in chunks]
    assert "".join(texts) == answer_to("Hello")
    assert [chunk["candidates"][0].get("finishReason") for chunk in chunks] == [None] * (len(chunks) - 1) + ["STOP"]
    assert chunks[-1]["usageMetadata"]["candidatesTokenCount"] == len(texts)
    assert up.calls[0].model == "gemini-x"


async def test_gemini_without_alt_sse_sends_an_array(up: ScriptedUpstream) -> None:
    _, headers, data = await post(up, "/v1beta/models/g:streamGenerateContent", contents("Hello"), GEMINI)
    chunks = json.loads(data)
    assert headers["Content-Type"] == "application/json"
    assert "".join(c["candidates"][0]["content"]["parts"][0]["text"] for c in chunks) == answer_to("Hello")


async def test_gemini_candidates_calls_thoughts_and_safety(up: ScriptedUpstream) -> None:
    async def candidates(text: str, **fields: Any) -> list[dict[str, Any]]:
        data = (await post(up, "/v1beta/models/g:generateContent", contents(text, **fields), GEMINI))[2]
        found: list[dict[str, Any]] = json.loads(data)["candidates"]
        return found

    two = await candidates("Hello", generationConfig={"candidateCount": 2})
    assert two[0]["content"] != two[1]["content"]
    declared = [{"functionDeclarations": [{"name": "w", "parameters": SCHEMA}]}]
    (called,) = await candidates("Hello", tools=declared)
    (part,) = called["content"]["parts"]
    assert part["functionCall"]["name"] == "w"
    assert {name: type(value) for name, value in part["functionCall"]["args"].items()} == {"city": str, "days": int}
    (thought,) = await candidates("Hello [[reason=2]]")
    assert [part.get("thought", False) for part in thought["content"]["parts"]] == [True, False]
    (blocked,) = await candidates("Hello [[refusal]]")
    assert (blocked["finishReason"], "content" in blocked) == ("SAFETY", False)


async def test_gemini_embeddings_and_counting(up: ScriptedUpstream) -> None:
    one = {"model": "models/e", "content": {"parts": [{"text": "a"}]}}
    data = (await post(up, "/v1beta/models/e:embedContent", one, GEMINI))[2]
    assert json.loads(data)["embedding"]["values"] == embedding_of("a")
    two = {"requests": [one, {**one, "outputDimensionality": 3}]}
    data = (await post(up, "/v1beta/models/e:batchEmbedContents", two, GEMINI))[2]
    assert [len(item["values"]) for item in json.loads(data)["embeddings"]] == [8, 3]
    billed = up.billed_pico_usd
    data = (await post(up, "/v1beta/models/g:countTokens", contents("Hello there"), GEMINI))[2]
    assert json.loads(data)["totalTokens"] == 3
    assert up.billed_pico_usd == billed > 0


async def test_gemini_errors(up: ScriptedUpstream) -> None:
    path = "/v1beta/models/g:generateContent"
    status, _, data = await post(up, path, contents("[[status=429]]"), GEMINI)
    assert (status, json.loads(data)["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert (await post(up, path, contents("Hello"), {}))[0] == 403
    assert (await post(up, path + "?key=k", contents("Hello"), {}))[0] == 200
    path = "/v1beta/models/g:streamGenerateContent?alt=sse"
    last = (await post(up, path, contents("[[sse_error=1]]"), GEMINI))[2].split(b"\r\n\r\n")[-2]
    assert json.loads(last.removeprefix(b"data: "))["error"]["code"] == 503


# OpenAI: Responses


async def test_responses_events_are_numbered_and_named(up: ScriptedUpstream) -> None:
    body = {"model": "m", "input": "Hello [[reason=2 tools=2]]", "stream": True}
    events = named_events((await post(up, "/v1/responses", body, {}))[2])
    assert all(name == event["type"] for name, event in events)
    assert [event["sequence_number"] for _, event in events] == list(range(len(events)))
    assert [name for name, _ in events][:2] == ["response.created", "response.in_progress"]
    assert [name for name, _ in events][-1] == "response.completed"
    assert [item["type"] for item in events[-1][1]["response"]["output"]] == [
        "reasoning",
        "function_call",
        "function_call",
    ]
    done = [event["item"] for name, event in events if name == "response.output_item.done"]
    assert done == events[-1][1]["response"]["output"]


async def test_responses_through_the_official_client(up: ScriptedUpstream, client: openai.AsyncOpenAI) -> None:
    whole = await client.responses.create(model="m", instructions="Be brief", input="Hello")
    assert whole.output_text == answer_to("Be brief\nHello")
    assert whole.usage is not None
    assert up.calls[0].billed_pico_usd == up.price("m", whole.usage.input_tokens, whole.usage.output_tokens)
    assert (await client.responses.retrieve(whole.id)).output_text == whole.output_text
    async with client.responses.stream(model="m", instructions="Be brief", input="Hello") as stream:
        async for _ in stream:
            pass
        assert (await stream.get_final_response()).output_text == whole.output_text
    unstored = await client.responses.create(model="m", input="Hello", store=False)
    _, headers, _ = await post(up, f"/v1/responses/{unstored.id}/cancel", {}, {})
    assert headers["x-Odd-CASE"] == "kept"  # not one of its endpoints: echoed


@pytest.mark.parametrize(
    ("marker", "last"),
    [
        ("length", "response.incomplete"),
        ("filter", "response.incomplete"),
        ("sse_error=1", "error"),
        ("failed=1", "response.failed"),
        ("refusal", "response.completed"),
    ],
)
async def test_how_responses_end(client: openai.AsyncOpenAI, marker: str, last: str) -> None:
    stream = await client.responses.create(model="m", input=f"Hello [[{marker}]]", stream=True)
    assert [event.type async for event in stream][-1] == last


# OpenAI: chat, completions, embeddings, moderations, Azure


async def collect(stream: Any) -> dict[int, dict[str, Any]]:
    """The choices of a chat stream, put together by hand."""
    found: dict[int, dict[str, Any]] = {}
    async for chunk in stream:
        for choice in chunk.choices:
            into = found.setdefault(choice.index, {"content": "", "refusal": "", "tokens": [], "calls": {}, "order": 0})
            into["content"] += choice.delta.content or ""
            into["refusal"] += choice.delta.refusal or ""
            if choice.logprobs is not None:
                into["tokens"] += [token.token for token in choice.logprobs.content or ()]
            for call in choice.delta.tool_calls or ():
                text = into["calls"].setdefault(call.index, "")
                into["calls"][call.index] = text + (call.function.arguments or "")
            into["finish"] = choice.finish_reason
    return found


async def test_chat_with_several_choices_and_logprobs(client: openai.AsyncOpenAI) -> None:
    asked: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    asked |= {"n": 3, "logprobs": True, "top_logprobs": 2}
    whole = await client.chat.completions.create(**asked)
    assert len({choice.message.content for choice in whole.choices}) == 3
    stream = await client.chat.completions.create(**asked, stream=True)
    indices = []
    chunks = [chunk async for chunk in stream]
    indices = [chunk.choices[0].index for chunk in chunks]
    assert indices[:6] == [0, 1, 2, 0, 1, 2]

    async def again() -> AsyncIterator[Any]:
        for chunk in chunks:
            yield chunk

    streamed = await collect(again())
    for choice in whole.choices:
        assert streamed[choice.index]["content"] == choice.message.content
        assert choice.logprobs is not None
        assert choice.logprobs.content is not None
        assert streamed[choice.index]["tokens"] == [token.token for token in choice.logprobs.content]
        assert [len(token.top_logprobs) for token in choice.logprobs.content] == [2] * len(choice.logprobs.content)


async def test_chat_tools_refusals_and_reasoning(client: openai.AsyncOpenAI) -> None:
    async def ask(text: str, **fields: Any) -> Any:
        messages: Any = fields.pop("messages", [{"role": "user", "content": text}])
        return await client.chat.completions.create(model="m", messages=messages, **fields)

    tools = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in ("a", "b")]
    forced = {"type": "function", "function": {"name": "b"}}
    (call,) = (await ask("Hello", tools=tools, tool_choice=forced)).choices[0].message.tool_calls
    assert call.function.name == "b"
    streamed = await collect(await ask("Hello [[tools=2]]", tools=tools, stream=True))
    assert [set(json.loads(text)) for text in streamed[0]["calls"].values()] == [{"city", "days"}] * 2
    assert (await ask("Hello", tools=tools, tool_choice="none")).choices[0].finish_reason == "stop"
    answered = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "tool_calls": [call.model_dump()]},
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    assert (await ask("", messages=answered, tools=tools)).choices[0].message.content == answer_to("Hello\nsunny")
    refused = (await ask("Hello [[refusal]]")).choices[0].message
    assert refused.content is None
    assert (await collect(await ask("Hello [[refusal]]", stream=True)))[0]["refusal"] == refused.refusal
    reasoned = await ask("Hello [[reason=3]]")
    assert len(reasoned.choices[0].message.reasoning_content.split()) == 3
    assert reasoned.usage.completion_tokens_details.reasoning_tokens == 3


async def test_structured_answers_fit_their_schema(client: openai.AsyncOpenAI) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    asked: Any = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "response_format": form}
    value = json.loads((await client.chat.completions.create(**asked)).choices[0].message.content or "")
    assert (type(value["city"]), type(value["days"])) == (str, int)
    streamed = await collect(await client.chat.completions.create(**asked, stream=True))
    assert json.loads(streamed[0]["content"]) == value


async def test_completions_with_logprobs(client: openai.AsyncOpenAI) -> None:
    asked: Any = {"model": "m", "prompt": "Hello", "n": 2, "logprobs": 2}
    whole = await client.completions.create(**asked)
    stream = await client.completions.create(**asked, stream=True)
    texts = {0: "", 1: ""}
    async for chunk in stream:
        texts[chunk.choices[0].index] += chunk.choices[0].text
    assert [choice.text for choice in whole.choices] == list(texts.values())
    logprobs = whole.choices[0].logprobs
    assert logprobs is not None
    assert "".join(logprobs.tokens or ()) == whole.choices[0].text
    assert (logprobs.text_offset or [])[:1] == [0]


async def test_embeddings_in_both_forms(up: ScriptedUpstream) -> None:
    body = {"model": "e", "input": ["a", "b"]}
    floats = json.loads((await post(up, "/v1/embeddings", body, {}))[2])["data"]
    packed = json.loads((await post(up, "/v1/embeddings", {**body, "encoding_format": "base64"}, {}))[2])["data"]
    assert [list(struct.unpack("<8f", base64.b64decode(item["embedding"]))) for item in packed] == [
        item["embedding"] for item in floats
    ]


async def test_moderations(client: openai.AsyncOpenAI) -> None:
    answer = await client.moderations.create(input=["peace", "violence"])
    assert [result.flagged for result in answer.results] == [False, True]
    parts: Any = [{"type": "text", "text": "peace"}, {"type": "text", "text": "more"}]
    assert len((await client.moderations.create(input=parts)).results) == 1


async def test_azure_takes_the_model_from_the_path(up: ScriptedUpstream) -> None:
    async with openai.AsyncAzureOpenAI(azure_endpoint=up.origin, api_key="k", api_version="2024-10-21") as azure:
        asked: Any = {"model": "dep-1", "messages": [{"role": "user", "content": "Hello"}]}
        whole = await azure.chat.completions.create(**asked)
        chunks = [chunk async for chunk in await azure.chat.completions.create(**asked, stream=True)]
        await azure.embeddings.create(model="dep-2", input="a")
    assert whole.choices[0].message.content == answer_to("Hello")
    assert chunks[0].choices == []
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[1:]) == answer_to("Hello")
    assert [call.model for call in up.calls] == ["dep-1", "dep-1", "dep-2"]
    assert up.calls[0].target.startswith("/openai/deployments/dep-1/chat/completions?api-version=")
    async with openai.AsyncOpenAI(base_url=f"{up.origin}/openai/v1", api_key="k") as plain:
        assert (await plain.responses.create(model="m", input="Hello")).output_text == answer_to("Hello")


# all dialects


BODIES: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "chat": ("/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "{}"}]}, {}),
    "responses": ("/v1/responses", {"model": "m", "input": "{}"}, {}),
    "messages": ("/v1/messages", message("{}", model="m"), ANTHROPIC),
    "gemini": ("/v1beta/models/m:streamGenerateContent?alt=sse", contents("{}"), GEMINI),
}


@pytest.mark.parametrize("dialect", BODIES)
async def test_the_bill_is_the_same_in_every_dialect(up: ScriptedUpstream, dialect: str) -> None:
    path, body, headers = BODIES[dialect]

    async def ask(text: str) -> int:
        """What a streamed request costs, in pico-dollars."""
        before = up.billed_pico_usd
        filled = json.loads(json.dumps(body).replace("{}", text))
        await post(up, path, {**filled, "stream": True} if dialect != "gemini" else filled, headers)
        return up.billed_pico_usd - before

    for text, words in (("Hi [[chunks=5]]", 5), ("Hi [[chunks=5 cut=2]]", 2), ("Hi [[chunks=5 sse_error=3]]", 3)):
        assert await ask(text) == up.price("m", count_tokens(text), words)
    for text in ("[[status=500]]", "[[200error]]", "[[cut=-1]]"):
        try:
            assert await ask(text) == 0
        except aiohttp.ClientError:
            assert text == "[[cut=-1]]"
    assert up.calls[-1].billed_pico_usd == 0


@pytest.mark.parametrize("dialect", BODIES)
async def test_a_fault_can_go_away(up: ScriptedUpstream, dialect: str) -> None:
    path, body, headers = BODIES[dialect]
    filled = json.loads(json.dumps(body).replace("{}", "[[status=503 times=2]]"))
    assert [(await post(up, path, filled, headers))[0] for _ in range(3)] == [503, 503, 200]


async def test_what_it_cannot_read_is_refused_in_the_dialect(up: ScriptedUpstream) -> None:
    for path, headers in (
        ("/v1/responses", {}),
        ("/v1/messages", ANTHROPIC),
        ("/v1beta/models/m:generateContent", GEMINI),
    ):
        status, _, data = await post(up, path, {"model": "m"}, headers)
        assert status == 400
        assert "cannot read the request" in json.loads(data)["error"]["message"]


@pytest.mark.parametrize("name", ["anthropic 0", "anthropic 2", "google-genai"])
async def test_the_vendors_clients_read_it(up: ScriptedUpstream, name: str) -> None:
    (client,) = (client for client in CLIENTS if client.name == name)
    await asyncio.to_thread(environments.ensure, [client.environment])
    async with Drivers() as drivers:
        driver = await drivers.of(client)
        asked = {"client": client.driver_name, "api": client.api, "base": up.origin, "key": "k", "model": "m"}
        for stream in (False, True):
            said = await driver.run(**asked, prompt="Hello", stream=stream, tools=False)
            assert (said["text"], said["error"]) == (answer_to("Hello"), None)
            called = await driver.run(**asked, prompt="Hello", stream=stream, tools=True)
            assert [set(call["arguments"]) for call in called["calls"]] == [{"city", "days"}]
    newest = name == "anthropic 2"
    if client.api == "messages":
        assert up.calls[0].header("anthropic-version") == ("2026-10-21" if newest else "2023-06-01")
        assert (up.calls[0].header("authorization") is not None) is newest
