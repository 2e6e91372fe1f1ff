"""The scripted upstream itself: the official client against it, its markers, and its bill to the last pico-dollar."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator

import aiohttp
import openai
import pytest
from yarl import URL

from tests.upstream import PRICES, Call, Script, ScriptedUpstream, answer_to, answer_words, count_tokens, embedding_of

MODEL = "gpt-4o-mini"
PROMPT_PRICE, COMPLETION_PRICE = PRICES[MODEL]


@pytest.fixture
async def up() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture
async def client(up: ScriptedUpstream) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=up.base_url, api_key="k", max_retries=0, timeout=5) as made:
        yield made


async def ask(client: openai.AsyncOpenAI, text: str, **options: object) -> str:
    answer = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": text}], **options)
    return answer.choices[0].message.content


async def stream_of(client: openai.AsyncOpenAI, text: str) -> str:
    parts = []
    stream = await client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": text}],
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        parts += [choice.delta.content or "" for choice in chunk.choices]
        if not chunk.choices:
            assert chunk.usage.completion_tokens == len(answer_words(text))
    return "".join(parts)


async def test_both_shapes_say_the_same_and_cost_the_same(up: ScriptedUpstream, client: openai.AsyncOpenAI) -> None:
    assert await ask(client, "hello") == await stream_of(client, "hello") == answer_to("hello")
    assert answer_to("hello") != answer_to("hello!")
    cost = count_tokens("hello") * PROMPT_PRICE + len(answer_words("hello")) * COMPLETION_PRICE
    assert [call.billed_pico_usd for call in up.calls] == [cost, cost]
    assert up.billed_pico_usd == 2 * cost == up.bill()["models"][MODEL]["pico_usd"]
    assert up.calls[0].header("AUTHORIZATION") == "Bearer k"
    assert "2 calls, 0 open" in repr(up)


async def test_embeddings_both_forms(up: ScriptedUpstream, client: openai.AsyncOpenAI) -> None:
    model = "text-embedding-3-small"
    packed = await client.embeddings.create(model=model, input=["a", "b"])
    plain = await client.embeddings.create(model=model, input="b", encoding_format="float", dimensions=4)
    assert packed.data[1].embedding == pytest.approx(embedding_of("b"), abs=1e-6)
    assert plain.data[0].embedding == pytest.approx(embedding_of("b", 4), abs=1e-6)
    assert up.billed_pico_usd == (count_tokens("a\nb") + count_tokens("b")) * PRICES[model][0]


async def test_completions_and_models(client: openai.AsyncOpenAI) -> None:
    answer = await client.completions.create(model=MODEL, prompt="once", max_tokens=2)
    assert answer.choices[0].text == " ".join(answer_words("once")[:2])
    assert answer.choices[0].finish_reason == "length"
    assert [model.id async for model in client.models.list()] == list(PRICES)


@pytest.mark.parametrize(
    ("marker", "error"),
    [
        ("[[status=500]]", openai.InternalServerError),
        ("[[status=401]]", openai.AuthenticationError),
        ("[[retry_after=1]]", openai.RateLimitError),
        ("[[status=429 code=insufficient_quota]]", openai.RateLimitError),
        ("[[html502]]", openai.InternalServerError),
        ("[[cut=-1]]", openai.APIConnectionError),
        ("[[nonsense]]", openai.BadRequestError),
    ],
)
async def test_refusals_cost_nothing(
    up: ScriptedUpstream, client: openai.AsyncOpenAI, marker: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await ask(client, marker)
    assert up.billed_pico_usd == 0
    assert up.calls[0].client_left_at is None


@pytest.mark.parametrize(("marker", "sent"), [("[[end=3 chunks=6]]", 3), ("[[cut=2 chunks=6]]", 2)])
async def test_streams_that_end_early_are_billed_for_what_was_sent(
    up: ScriptedUpstream, client: openai.AsyncOpenAI, marker: str, sent: int
) -> None:
    if "cut" in marker:
        with pytest.raises(openai.APIConnectionError):
            await stream_of(client, marker)
    else:
        assert await stream_of(client, marker) == " ".join(answer_words(marker, 6)[:sent])
    call = up.calls[0]
    assert (call.chunks_sent, call.completion_tokens) == (sent, sent)
    assert up.billed_pico_usd == count_tokens(marker) * PROMPT_PRICE + sent * COMPLETION_PRICE


async def test_error_event_and_finish_reasons(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.APIError, match="stopped"):
        await stream_of(client, "[[sse_error=2]]")
    for marker, reason in (("[[length]]", "length"), ("[[filter]]", "content_filter")):
        answer = await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": marker}])
        assert answer.choices[0].finish_reason == reason


async def test_flaky_then_well(client: openai.AsyncOpenAI) -> None:
    for _ in range(2):
        with pytest.raises(openai.InternalServerError):
            await ask(client, "[[flaky=2]] a")
    assert await ask(client, "[[flaky=2]] a") == answer_to("[[flaky=2]] a")


async def test_client_that_leaves_is_seen(up: ScriptedUpstream, client: openai.AsyncOpenAI) -> None:
    task = asyncio.create_task(ask(client, "[[stall=-1]]"))
    while not up.open_calls:
        await asyncio.sleep(0.005)
    left_at = time.monotonic()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    while up.open_calls:
        await asyncio.sleep(0.005)
        assert time.monotonic() - left_at < 1
    assert up.calls[0].client_left_at is not None


async def test_script_by_callable() -> None:
    def script(call: Call) -> Script | None:
        return Script(status=503) if call.number == 1 else None

    async with ScriptedUpstream(script) as up, aiohttp.ClientSession(up.origin) as session:
        body = {"model": "any", "messages": [{"role": "user", "content": "x"}]}
        statuses = []
        for _ in range(2):
            async with session.post("/v1/chat/completions", json=body) as response:
                statuses.append(response.status)
        assert statuses == [503, 200]
        async with session.get("/bill") as response:
            assert (await response.json())["pico_usd"] == up.billed_pico_usd


async def test_any_other_path_is_echoed(up: ScriptedUpstream) -> None:
    target = URL(f"{up.origin}/v1/files?x=%2F", encoded=True)
    form = aiohttp.FormData()
    form.add_field("purpose", "batch")
    form.add_field("file", b"abc", filename="a.jsonl", content_type="application/jsonl")
    async with aiohttp.ClientSession() as session, session.post(target, data=form) as response:
        seen = json.loads(await response.text())
    assert (seen["method"], seen["target"]) == ("POST", "/v1/files?x=%2F")
    purpose, file = seen["parts"]
    assert (purpose["name"], purpose["bytes"]) == ("purpose", 5)
    assert (file["filename"], file["sha256"]) == ("a.jsonl", hashlib.sha256(b"abc").hexdigest())


async def test_websocket(up: ScriptedUpstream) -> None:
    async with aiohttp.ClientSession(up.origin) as session, session.ws_connect("/v1/realtime?model=m") as ws:
        await ws.send_str("hello")
        await ws.send_bytes(b"\x00")
        assert (await ws.receive()).data == "hello"
        assert (await ws.receive()).data == b"\x00"
    assert up.calls[0].target == "/v1/realtime?model=m"
