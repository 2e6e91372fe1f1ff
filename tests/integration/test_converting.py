"""Requests of one dialect served by a backend that speaks another: official clients on one side, the scripted upstream
in its own dialect on the other. Its answer is a function of the prompt, so a direct call says what must come out."""

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import msgspec
import openai
import pytest
from google import genai
from google.genai import types

from tests.conftest import Proxy, Serve, one_backend
from tests.upstream import ScriptedUpstream

MODEL = "gpt-4o-mini"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(32)).decode()
KINDS = ("openai", "anthropic", "gemini")
PATHS = {
    "openai": "/v1/chat/completions",
    "anthropic": "/v1/messages",
    "gemini": f"/v1beta/models/{MODEL}:generateContent",
}


def config(upstream: ScriptedUpstream, kind: str, *, convert: bool = True) -> str:
    base = upstream.base_url.removesuffix("/v1")
    only = '["openai"]' if kind == "openai" else f'["{kind}"]'
    text = one_backend(upstream).replace('kind = "openai"', f'kind = "{kind}"\ndialects = {only}')
    text = text.replace(f'"{upstream.base_url}"', f'"{base}"')
    return text + f'[[routes]]\nname = "all"\nbackends = ["up"]\nconvert = {str(convert).lower()}\n'


class Asker:
    """One caller's dialect. `text` and `tool` return what the official client makes of the answer."""

    def __init__(self, url: str, dialect: str) -> None:
        self.dialect = dialect
        self.openai = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0)
        self.anthropic = anthropic.AsyncAnthropic(base_url=url, api_key="k", max_retries=0)
        self.google = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=url))

    async def close(self) -> None:
        await self.openai.close()
        await self.anthropic.close()

    async def text(self, prompt: str, *, stream: bool, system: str = "", image: bool = False) -> tuple[str, Any]:
        """(text, (input tokens, output tokens))"""
        ask: Any = getattr(self, f"_{self.dialect}_text")
        return await ask(prompt, stream, system, image)  # type: ignore[no-any-return]

    async def tool(self, prompt: str, *, stream: bool) -> tuple[str, Any]:
        """(name, arguments) of the one call, asked with one tool `weather`."""
        ask: Any = getattr(self, f"_{self.dialect}_tool")
        return await ask(prompt, stream)  # type: ignore[no-any-return]

    async def _chat_text(self, prompt: str, stream: bool, system: str, image: bool) -> tuple[str, Any]:
        content: Any = prompt
        if image:
            picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
            content = [{"type": "text", "text": prompt}, picture]
        messages: Any = [{"role": "user", "content": content}]
        if system:
            messages = [{"role": "system", "content": system}, *messages]
        if not stream:
            answer = await self.openai.chat.completions.create(model=MODEL, messages=messages)
            assert answer.usage is not None
            assert answer.choices[0].finish_reason == "stop"
            return answer.choices[0].message.content or "", (
                answer.usage.prompt_tokens,
                answer.usage.completion_tokens,
            )
        text, usage, finishes = "", None, []
        async for chunk in await self.openai.chat.completions.create(
            model=MODEL, messages=messages, stream=True, stream_options={"include_usage": True}
        ):
            for choice in chunk.choices:
                text += choice.delta.content or ""
                finishes += [choice.finish_reason] if choice.finish_reason else []
            usage = chunk.usage or usage
        assert finishes == ["stop"]
        assert usage is not None
        return text, (usage.prompt_tokens, usage.completion_tokens)

    async def _chat_tool(self, prompt: str, stream: bool) -> tuple[str, Any]:
        tools: Any = [{"type": "function", "function": {"name": "weather", "description": "d", "parameters": SCHEMA}}]
        messages: Any = [{"role": "user", "content": prompt}]
        if not stream:
            answer = await self.openai.chat.completions.create(model=MODEL, messages=messages, tools=tools)
            assert answer.choices[0].finish_reason == "tool_calls"
            [call] = answer.choices[0].message.tool_calls or []
            assert call.type == "function"
            assert call.id
            return call.function.name, msgspec.json.decode(call.function.arguments)
        async with self.openai.chat.completions.stream(model=MODEL, messages=messages, tools=tools) as events:
            final = await events.get_final_completion()
        [parsed] = final.choices[0].message.tool_calls or []
        return parsed.function.name, msgspec.json.decode(parsed.function.arguments)

    async def _responses_text(self, prompt: str, stream: bool, system: str, image: bool) -> tuple[str, Any]:
        given: Any = prompt
        if image:
            url = f"data:image/png;base64,{PIXEL}"
            parts = [
                {"type": "input_text", "text": prompt},
                {"type": "input_image", "image_url": url, "detail": "auto"},
            ]
            given = [{"role": "user", "content": parts}]
        fields: Any = {"model": MODEL, "input": given, "store": False, "instructions": system or None}
        if stream:
            async with self.openai.responses.stream(**fields) as events:
                answer: Any = await events.get_final_response()
        else:
            answer = await self.openai.responses.create(**fields)
        assert answer.status == "completed"
        return answer.output_text, (answer.usage.input_tokens, answer.usage.output_tokens)

    async def _responses_tool(self, prompt: str, stream: bool) -> tuple[str, Any]:
        tools: Any = [{"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False}]
        fields: Any = {"model": MODEL, "input": prompt, "store": False, "tools": tools}
        if stream:
            async with self.openai.responses.stream(**fields) as events:
                answer: Any = await events.get_final_response()
        else:
            answer = await self.openai.responses.create(**fields)
        [call] = [item for item in answer.output if item.type == "function_call"]
        return call.name, msgspec.json.decode(call.arguments)

    async def _messages_text(self, prompt: str, stream: bool, system: str, image: bool) -> tuple[str, Any]:
        content: Any = prompt
        if image:
            source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
            content = [{"type": "text", "text": prompt}, {"type": "image", "source": source}]
        fields: Any = {"model": MODEL, "max_tokens": 500, "messages": [{"role": "user", "content": content}]}
        if system:
            fields["system"] = system
        answer = await self._message(fields, stream)
        assert answer.stop_reason == "end_turn"
        [block] = answer.content
        return block.text, (answer.usage.input_tokens, answer.usage.output_tokens)

    async def _messages_tool(self, prompt: str, stream: bool) -> tuple[str, Any]:
        tools = [{"name": "weather", "description": "d", "input_schema": SCHEMA}]
        fields = {
            "model": MODEL,
            "max_tokens": 500,
            "messages": [{"role": "user", "content": prompt}],
            "tools": tools,
        }
        answer = await self._message(fields, stream)
        assert answer.stop_reason == "tool_use"
        [call] = [block for block in answer.content if block.type == "tool_use"]
        assert call.id
        return call.name, call.input

    async def _message(self, fields: Any, stream: bool) -> Any:
        if not stream:
            return await self.anthropic.messages.create(**fields)
        async with self.anthropic.messages.stream(**fields) as events:
            return await events.get_final_message()

    async def _generate_text(self, prompt: str, stream: bool, system: str, image: bool) -> tuple[str, Any]:
        contents: Any = [types.Part(text=prompt)]
        if image:
            contents.append(types.Part.from_bytes(data=base64.b64decode(PIXEL), mime_type="image/png"))
        options = types.GenerateContentConfig(system_instruction=system or None)
        chunks = await self._generated(contents, options, stream)
        assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP
        usage = chunks[-1].usage_metadata
        text = "".join(chunk.text or "" for chunk in chunks)
        return text, (usage.prompt_token_count, usage.candidates_token_count)

    async def _generate_tool(self, prompt: str, stream: bool) -> tuple[str, Any]:
        declaration = types.FunctionDeclaration(name="weather", description="d", parameters_json_schema=SCHEMA)
        options = types.GenerateContentConfig(
            tools=[types.Tool(function_declarations=[declaration])],
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )
        chunks = await self._generated(prompt, options, stream)
        [call] = [call for chunk in chunks for call in chunk.function_calls or ()]
        return call.name, call.args

    async def _generated(self, contents: Any, options: Any, stream: bool) -> list[Any]:
        # the client's asynchronous side takes locks on the loop, which the guard against blocking calls reports
        models = self.google.models

        def ask() -> list[Any]:
            if not stream:
                return [models.generate_content(model=MODEL, contents=contents, config=options)]
            return list(models.generate_content_stream(model=MODEL, contents=contents, config=options))

        return await asyncio.to_thread(ask)


PAIRS = [
    (asked, kind)
    for asked in ("chat", "responses", "messages", "generate")
    for kind in KINDS
    if (asked, kind) not in (("chat", "openai"), ("messages", "anthropic"), ("generate", "gemini"))
]


@pytest.fixture(params=PAIRS, ids=lambda pair: f"{pair[0]} on {pair[1]}")
async def pair(
    request: pytest.FixtureRequest, serve: Serve, upstream: ScriptedUpstream
) -> AsyncIterator[tuple[Asker, Asker, Proxy, str]]:
    """(through the proxy, directly in the caller's own dialect, the proxy, the backend's kind)"""
    asked, kind = request.param
    proxy = await serve(config(upstream, kind))
    through, direct = Asker(proxy.url, asked), Asker(upstream.base_url.removesuffix("/v1"), asked)
    yield through, direct, proxy, kind
    await through.close()
    await direct.close()


Pair = tuple[Asker, Asker, Proxy, str]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_text_and_usage_come_out_as_in_the_callers_own_dialect(
    pair: Pair, upstream: ScriptedUpstream, stream: bool
) -> None:
    through, direct, proxy, kind = pair
    got = await through.text("Tell me about oak.", stream=stream, system="Be brief.")
    assert upstream.calls[-1].target.partition("?")[0].replace("streamGenerate", "generate") == PATHS[kind]
    assert got == await direct.text("Tell me about oak.", stream=stream, system="Be brief.")
    assert got[0]
    # stored in the caller's dialect: both modes are served from it
    calls = len(upstream.calls)
    assert await through.text("Tell me about oak.", stream=stream, system="Be brief.") == got
    assert (await through.text("Tell me about oak.", stream=not stream, system="Be brief."))[0] == got[0]
    assert len(upstream.calls) == calls
    # and paid for once, as the upstream's own usage says
    figures = await proxy.report()
    paid = upstream.price(MODEL, prompt_tokens=got[1][0], completion_tokens=got[1][1])
    assert figures.spend_usd == f"{round(paid / 10**6) / 10**6:.6f}"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_tool_calls_come_out_the_same(pair: Pair, stream: bool) -> None:
    through, direct, _, _ = pair
    got = await through.tool("What is the weather in Oslo?", stream=stream)
    assert got == await direct.tool("What is the weather in Oslo?", stream=stream)
    assert got[0] == "weather"
    assert set(got[1]) == {"city"}


async def test_images_go_through(pair: Pair, upstream: ScriptedUpstream) -> None:
    through, _, _, _ = pair
    text, _ = await through.text("What is this?", stream=False, image=True)
    assert text
    assert PIXEL.encode() in upstream.calls[-1].body


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_an_error_comes_out_in_the_callers_dialect(pair: Pair, stream: bool) -> None:
    through, _, _, _ = pair
    with pytest.raises(Exception) as raised:
        await through.text("[[status=429]] Too much", stream=stream)
    status = getattr(raised.value, "status_code", None) or getattr(raised.value, "code", None)
    assert status == 429


async def test_a_stream_that_breaks_is_a_failure_for_the_caller(pair: Pair, upstream: ScriptedUpstream) -> None:
    through, _, proxy, _ = pair
    for fault in ("cut=3", "end=3", "sse_error=3"):
        with pytest.raises(Exception):  # noqa: B017 - each client has a class of its own for it
            await through.text(f"[[chunks=8 {fault}]] Break", stream=True)
    outcomes = (await proxy.report()).outcomes
    assert outcomes["error"] == 3
    assert outcomes["miss"] == 0


async def test_what_cannot_be_expressed_is_refused_and_named(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(config(upstream, "anthropic"))
    refused = await proxy.chat("hello", logprobs=True)
    assert refused.status == 400
    assert refused.headers["Halfpenny-Error"] == "not_expressible"
    assert refused.json()["error"]["param"] == "logprobs"
    assert upstream.calls == []
    unknown = await proxy.chat("hello", never_heard_of=1)
    assert unknown.json()["error"]["param"] == "never_heard_of"
    counted = await proxy.post("/v1/embeddings", b'{"model": "gpt-4o-mini", "input": "x"}')
    assert counted.status == 400
    assert counted.headers["Halfpenny-Error"] == "not_expressible"
    assert (await proxy.report()).outcomes["error"] == 3


async def test_without_the_setting_the_callers_bytes_go_as_they_are(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(config(upstream, "anthropic", convert=False))
    answer = await proxy.chat("hello")
    assert answer.status == 200
    assert upstream.calls[0].target == "/v1/chat/completions"


@pytest.mark.parametrize(
    ("kind", "header"), [("anthropic", "x-api-key"), ("gemini", "x-goog-api-key"), ("openai", "authorization")]
)
async def test_a_key_of_ours_travels_in_the_header_of_the_backend(
    serve: Serve, upstream: ScriptedUpstream, kind: str, header: str
) -> None:
    text = config(upstream, kind).replace("dialects", 'api_key_env = "OWN"\ndialects')
    proxy = await serve(text, environment={"OWN": "own-secret"})
    body = msgspec.json.encode({"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]})
    answer = await proxy.post("/v1/messages", body, headers={"x-api-key": "callers"})
    assert answer.status == 200, answer.body
    sent = {name.lower(): value for name, value in upstream.calls[-1].headers}
    assert sent[header].endswith("own-secret")
    assert "callers" not in str(sent)
    assert "test-key" not in str(sent)


async def test_the_callers_own_key_travels_in_the_header_of_the_backend(
    serve: Serve, upstream: ScriptedUpstream
) -> None:
    proxy = await serve(config(upstream, "gemini"))
    assert (await proxy.chat("hello")).status == 200
    sent = {name.lower(): value for name, value in upstream.calls[-1].headers}
    assert sent["x-goog-api-key"] == "test-key"
    assert "authorization" not in sent
