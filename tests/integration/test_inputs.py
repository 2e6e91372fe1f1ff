"""Embeddings, input by input: stored, coalesced and put together by themselves; base64 and numbers from one entry."""

import asyncio
import base64
import contextlib
import dataclasses
import itertools
import struct
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from aiohttp import web

from halfpenny.ledger.base import decimal_usd
from tests.conftest import Answer, Proxy, Serve
from tests.upstream import ScriptedUpstream

MODEL = "text-embedding-3-small"


async def embed(proxy: Proxy, given: Any, **fields: Any) -> Answer:
    return await proxy.post("/v1/embeddings", msgspec.json.encode({"model": MODEL, "input": given} | fields))


def vectors(answer: Answer) -> list[Any]:
    assert answer.status == 200, answer.body
    data = answer.json()["data"]
    assert [item["index"] for item in data] == list(range(len(data)))
    return [item["embedding"] for item in data]


def numbers(packed: str) -> list[float]:
    raw = base64.b64decode(packed)
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))


def packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


@dataclasses.dataclass
class VectorServer:
    config: str
    asked: list[Any]
    """The inputs of each call."""


@contextlib.asynccontextmanager
async def vector_server(
    vector: Callable[[dict[str, Any], str], Any],
    *,
    index: Callable[[int], Any] = lambda at: at,
    tokens: int = 1,
    go: asyncio.Event | None = None,
) -> AsyncIterator[VectorServer]:
    """An upstream whose vectors the test makes, of the request and each input; `tokens` are those of an input."""

    async def answer(request: web.BaseRequest) -> web.Response:
        document = await request.json()
        given = document["input"]
        server.asked.append(given)
        texts = given if isinstance(given, list) else [given]
        if go is not None:
            await go.wait()
        data = [
            {"object": "embedding", "index": index(at), "embedding": vector(document, text)}
            for at, text in enumerate(texts)
        ]
        used = tokens * len(texts)
        usage = {"prompt_tokens": used, "total_tokens": used}
        return web.json_response({"object": "list", "model": document["model"], "data": data, "usage": usage})

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server = VectorServer(
        '[server]\nlisten = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\n[cache.semantic]\nenabled = false\n'
        f'[[backends]]\nname = "up"\nkind = "openai"\nbase_url = "{site.name}"\n',
        [],
    )
    try:
        yield server
    finally:
        await runner.cleanup()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.01)


def asked(upstream: ScriptedUpstream) -> list[Any]:
    return [msgspec.json.decode(call.body)["input"] for call in upstream.calls]


async def test_a_list_of_which_nothing_is_known_passes_byte_for_byte(
    proxy: Proxy, upstream: ScriptedUpstream
) -> None:
    body = b'{ "model":"text-embedding-3-small",  "input": ["a", "b", "c"] }'
    first = await proxy.post("/v1/embeddings", body)
    assert upstream.calls[0].body == body
    assert first.cache == "halfpenny; fwd=uri-miss; stored"
    again = await proxy.post("/v1/embeddings", body)
    assert again.cache.startswith("halfpenny; hit; detail=exact; ttl=")
    assert again.json() == first.json()
    assert len(upstream.calls) == 1


async def test_a_mixed_list_asks_only_for_what_is_missing(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    one = vectors(await embed(proxy, "b"))
    mixed = await embed(proxy, ["a", "b", "c", "b"])
    assert asked(upstream) == ["b", ["a", "c"]]
    assert mixed.cache == 'halfpenny; fwd=partial; stored; detail="2 of 4 inputs cached"'
    got = vectors(mixed)
    assert got[1] == got[3] == one[0]
    assert len({str(vector) for vector in got}) == 3
    # whatever the order and the company, all three are known now
    again = await embed(proxy, ["c", "a", "b"])
    assert vectors(again) == [got[2], got[0], got[1]]
    assert vectors(await embed(proxy, "c")) == [got[2]]
    assert len(upstream.calls) == 2


async def test_the_parts_of_a_list_report_the_tokens_of_the_whole(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    whole = (await embed(proxy, ["a longer input of some words", "b", "and a third one"])).json()["usage"]
    parts = [
        (await embed(proxy, text)).json()["usage"]
        for text in ("a longer input of some words", "b", "and a third one")
    ]
    assert len(upstream.calls) == 1
    assert sum(part["prompt_tokens"] for part in parts) == whole["prompt_tokens"]
    assert (await embed(proxy, ["b", "a longer input of some words", "and a third one"])).json()["usage"] == whole


async def test_one_entry_serves_numbers_and_base64(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    plain = vectors(await embed(proxy, "x", encoding_format="float"))[0]
    packed = await embed(proxy, "x", encoding_format="base64")
    assert packed.cache.startswith("halfpenny; hit")
    assert numbers(vectors(packed)[0]) == [struct.unpack("<f", struct.pack("<f", value))[0] for value in plain]
    first = vectors(await embed(proxy, ["y", "z"], encoding_format="base64"))
    unpacked = await embed(proxy, ["z", "y"])
    assert unpacked.cache.startswith("halfpenny; hit")
    assert vectors(unpacked) == [numbers(first[1]), numbers(first[0])]
    assert len(upstream.calls) == 2


async def test_a_hit_in_the_other_form_is_right_on_the_quick_way_too(proxy: Proxy) -> None:
    plain = [vectors(await embed(proxy, "x"))[0] for _ in range(3)]
    packed = [vectors(await embed(proxy, "x", encoding_format="base64"))[0] for _ in range(3)]
    assert plain[0] == plain[1] == plain[2]
    assert packed[0] == packed[1] == packed[2]
    assert isinstance(packed[0], str)


async def test_a_server_that_ignores_the_form_is_not_corrected(serve: Serve) -> None:
    """A hit is what a miss was: floats, although base64 was asked for."""
    async with vector_server(lambda asked, text: [0.5, 0.25]) as server:
        proxy = await serve(server.config)
        first = await embed(proxy, "x", encoding_format="base64")
        for _ in range(2):
            again = await embed(proxy, "x", encoding_format="base64")
            assert again.cache.startswith("halfpenny; hit")
            assert again.body == first.body


async def test_a_model_that_ignores_the_form_says_nothing_of_another(serve: Serve) -> None:
    def vector(asked: dict[str, Any], text: str) -> Any:
        honours = asked["model"] == "honours"
        return packed([1.0, 2.0]) if honours and asked.get("encoding_format") == "base64" else [1.0, 2.0]

    async with vector_server(vector) as server:
        proxy = await serve(server.config)
        assert vectors(await embed(proxy, "x", model="honours", encoding_format="base64")) == [packed([1.0, 2.0])]
        assert vectors(await embed(proxy, "x", model="ignores", encoding_format="base64")) == [[1.0, 2.0]]
        hit = await embed(proxy, "x", model="honours")
        assert hit.cache.startswith("halfpenny; hit")
        assert vectors(hit) == [[1.0, 2.0]]


async def test_one_answer_has_one_form_though_the_server_changes_its_mind(serve: Serve) -> None:
    calls = itertools.count()

    def vector(asked: dict[str, Any], text: str) -> Any:
        return packed([1.0, 2.0]) if next(calls) == 0 else [1.0, 2.0]

    async with vector_server(vector) as server:
        proxy = await serve(server.config)
        assert vectors(await embed(proxy, "x", encoding_format="base64")) == [packed([1.0, 2.0])]
        mixed = await embed(proxy, ["x", "y"], encoding_format="base64")
        assert mixed.cache.startswith("halfpenny; fwd=partial")
        assert vectors(mixed) == [[1.0, 2.0], [1.0, 2.0]]


@pytest.mark.parametrize(
    ("field", "plain", "raw"),
    [
        ({"output_dtype": "int8"}, [12, -7, 127, -128, 3, 4, 5, 6], struct.pack("8b", 12, -7, 127, -128, 3, 4, 5, 6)),
        ({"embed_dtype": "float16"}, [0.5, 0.25, -1.0, 2.0], struct.pack("<4e", 0.5, 0.25, -1.0, 2.0)),
    ],
)
@pytest.mark.parametrize("first", ["float", "base64"])
async def test_what_is_not_known_to_be_float32_is_not_converted(
    serve: Serve, field: dict[str, str], plain: list[Any], raw: bytes, first: str
) -> None:
    right = {"float": plain, "base64": base64.b64encode(raw).decode()}
    async with vector_server(lambda asked, text: right[asked.get("encoding_format", "float")]) as server:
        proxy = await serve(server.config)
        for form in (first, *right, *right):
            assert vectors(await embed(proxy, "a", encoding_format=form, **field)) == [right[form]]
            assert vectors(await embed(proxy, ["a", "b"], encoding_format=form, **field)) == [right[form]] * 2
        # each form and input once: they are stored, only not for one another
        assert len(server.asked) == 4


@pytest.mark.parametrize("odd", ["AAECAwQF", "no base64!", [[1.0, 2.0], [3.0]], [[1.0, 2.0], [3.0, 4.0]], [True], [1e300]])
async def test_a_vector_that_cannot_be_converted_passes_and_is_not_stored(serve: Serve, odd: Any) -> None:
    wanted = "float" if isinstance(odd, str) else "base64"
    async with vector_server(lambda asked, text: odd) as server:
        proxy = await serve(server.config)
        for given in ("a", ["a", "b"], ["a", "c"]):
            answer = await embed(proxy, given, encoding_format=wanted)
            assert answer.cache == "halfpenny; fwd=uri-miss"
            assert vectors(answer) == [odd] * (1 if given == "a" else 2)
        assert len(server.asked) == 3


async def test_a_stored_vector_that_cannot_be_converted_is_asked_for_again(serve: Serve) -> None:
    """A list of vectors per input is stored for who asks for numbers; nobody knows what base64 of it would be."""
    many = [[1.0, 2.0], [3.0, 4.0]]
    async with vector_server(lambda asked, text: many) as server:
        proxy = await serve(server.config)
        await embed(proxy, ["a", "b"])
        assert (await embed(proxy, ["b", "a"])).cache.startswith("halfpenny; hit")
        for given in (["b"], ["a", "b"], ["a", "new"]):
            assert vectors(await embed(proxy, given, encoding_format="base64")) == [many] * len(given)
        # of the last one, the new input alone was asked for first
        assert server.asked == [["a", "b"], ["b"], ["a", "b"], ["new"], ["a", "new"]]


async def test_an_answer_whose_parts_cannot_be_told_apart_passes(serve: Serve) -> None:
    async with vector_server(lambda asked, text: [1.0], index=lambda at: [at]) as server:
        proxy = await serve(server.config)
        answer = await embed(proxy, ["a", "b"])
        assert (answer.status, answer.cache) == (200, "halfpenny; fwd=uri-miss")
        assert [item["index"] for item in answer.json()["data"]] == [[0], [1]]


async def test_a_form_that_is_no_text_passes(serve: Serve) -> None:
    async with vector_server(lambda asked, text: [1.0]) as server:
        proxy = await serve(server.config)
        answer = await embed(proxy, "a", encoding_format=["float"])
        assert vectors(answer) == [[1.0]]
        assert answer.cache.startswith("halfpenny; fwd=bypass")


async def test_stored_is_said_only_if_every_part_is_kept(serve: Serve) -> None:
    async with vector_server(lambda asked, text: [1.0] * (2000 if text == "big" else 1)) as server:
        proxy = await serve('[cache]\nmax_entry = "1KB"\n' + server.config)
        assert (await embed(proxy, ["big", "b"])).cache == "halfpenny; fwd=uri-miss"
        again = await embed(proxy, ["big", "b"])
        assert again.cache == 'halfpenny; fwd=partial; detail="1 of 2 inputs cached"'
        assert (await embed(proxy, ["c", "b"])).cache.startswith("halfpenny; fwd=partial; stored")


async def test_stored_is_not_said_if_a_late_part_was_not_kept(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = proxy.app.services.cache
    put, count = cache.put, itertools.count()
    monkeypatch.setattr(cache, "put", lambda entry: put(entry) if next(count) != 70 else False)
    assert (await embed(proxy, [f"text {at}" for at in range(100)])).cache == "halfpenny; fwd=uri-miss"
    assert (await embed(proxy, [f"other {at}" for at in range(100)])).cache == "halfpenny; fwd=uri-miss; stored"


async def test_tokens_are_inputs_too(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    await embed(proxy, [1, 2, 3])
    assert (await embed(proxy, [1, 2, 3])).cache.startswith("halfpenny; hit")
    assert (await embed(proxy, [[1, 2, 3]])).cache.startswith("halfpenny; hit")
    assert (await embed(proxy, [[1, 2], [1, 2, 3]])).cache.startswith("halfpenny; fwd=partial")
    assert asked(upstream) == [[1, 2, 3], [[1, 2]]]


async def test_dimensions_and_model_are_in_the_key_of_each_input(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    await embed(proxy, ["a"])
    assert (await embed(proxy, ["a"], dimensions=4)).cache == "halfpenny; fwd=uri-miss; stored"
    assert (await embed(proxy, ["a"], user="somebody")).cache.startswith("halfpenny; hit")
    assert (await embed(proxy, ["a"], never_heard_of=1)).cache == "halfpenny; fwd=uri-miss; stored"
    assert len(upstream.calls) == 3


async def test_requests_share_the_inputs_that_they_have_in_common(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    slow = asyncio.create_task(embed(proxy, ["[[delay=0.3]] a", "b"]))
    await until(lambda: len(upstream.calls) == 1)
    answers = await asyncio.gather(embed(proxy, ["b", "c"]), embed(proxy, "b"), embed(proxy, ["[[delay=0.3]] a", "b"]))
    first = vectors(await slow)
    assert asked(upstream) == [["[[delay=0.3]] a", "b"], ["c"]]
    assert vectors(answers[0])[0] == first[1] == vectors(answers[1])[0]
    assert vectors(answers[2]) == first
    assert answers[0].cache == "halfpenny; fwd=uri-miss; stored; collapsed"
    assert answers[1].cache == answers[2].cache == "halfpenny; fwd=uri-miss; collapsed"
    outcomes = (await proxy.report()).outcomes
    assert outcomes["miss"] == 2
    assert outcomes["coalesced"] == 2


async def test_who_shared_a_call_that_failed_makes_one_of_its_own(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    doomed = asyncio.create_task(embed(proxy, ["[[delay=0.3]] [[status=400]] a", "b"]))
    await until(lambda: len(upstream.calls) == 1)
    other = await embed(proxy, ["b", "c"])
    assert len(vectors(other)) == 2
    assert (await doomed).status == 400
    assert asked(upstream)[1:] == [["c"], ["b"]]
    assert (await proxy.report()).outcomes["miss"] == 1


async def test_an_error_for_the_missing_inputs_comes_back_as_it_is(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    await embed(proxy, "a")
    refused = await embed(proxy, ["a", "[[status=400]] b"])
    assert refused.status == 400
    assert "error" in refused.json()
    # asked for the missing part first, then for what the caller asked, so that the error speaks of the caller's request
    assert asked(upstream)[1:] == [["[[status=400]] b"], ["a", "[[status=400]] b"]]
    assert (await embed(proxy, ["a"])).cache.startswith("halfpenny; hit")


async def test_a_client_that_leaves_takes_its_call_with_it(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    task = asyncio.create_task(embed(proxy, ["[[delay=5]] a", "b"]))
    await until(lambda: len(upstream.calls) == 1)
    task.cancel()
    await until(lambda: upstream.calls[0].client_left_at is not None)
    assert (await proxy.report()).outcomes["error"] == 1


async def test_only_if_cached_and_no_cache(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    body = msgspec.json.encode({"model": MODEL, "input": ["a", "b"]})
    await embed(proxy, "a")
    partly = await proxy.post("/v1/embeddings", body, headers={"Cache-Control": "only-if-cached"})
    assert partly.status == 504
    assert partly.headers["Halfpenny-Error"] == "not_cached"
    await proxy.post("/v1/embeddings", body, headers={"Cache-Control": "no-cache"})
    assert asked(upstream) == ["a", ["a", "b"]]
    fully = await proxy.post("/v1/embeddings", body, headers={"Cache-Control": "only-if-cached"})
    assert fully.cache.startswith("halfpenny; hit")


async def test_what_was_saved_by_input_adds_up_to_what_was_paid(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    texts = ["one", "two and a half words", "three"]
    await embed(proxy, texts)
    for text in texts:
        await embed(proxy, text)
    figures = await proxy.report()
    assert figures.outcomes["exact"] == 3
    assert figures.saved_by["exact"] == figures.spend_usd


async def test_the_headers_say_what_the_ledger_says(serve: Serve) -> None:
    """Joined, partly joined, partly cached: what this request saved and cost, not what the whole flight did."""
    go = asyncio.Event()
    async with vector_server(lambda asked, text: [1.0], tokens=1000, go=go) as server:
        proxy = await serve(server.config)
        first = asyncio.create_task(embed(proxy, ["a", "b", "c", "d"], model="gpt-4o"))
        await until(lambda: len(server.asked) == 1)
        others = [asyncio.create_task(embed(proxy, given, model="gpt-4o")) for given in (["a"], ["b", "e"])]
        await until(lambda: len(server.asked) == 2)
        go.set()
        whole, joined, partly = await asyncio.gather(first, *others)
        cached = await embed(proxy, ["a", "b", "f"], model="gpt-4o")
    for answer in (whole, joined, partly, cached):
        rows = await proxy.rows(answer.request_id)
        assert answer.headers["Halfpenny-Cost-Usd"] == decimal_usd(sum(row["cost_pico"] for row in rows))
        assert answer.headers["Halfpenny-Saved-Usd"] == decimal_usd(sum(row["saved_pico"] for row in rows))
    one = Decimal(whole.headers["Halfpenny-Cost-Usd"]) / 4
    assert one > 0
    figures = [
        (Decimal(answer.headers["Halfpenny-Cost-Usd"]) / one, Decimal(answer.headers["Halfpenny-Saved-Usd"]) / one)
        for answer in (whole, joined, partly, cached)
    ]
    assert figures == [(4, 0), (0, 1), (1, 1), (1, 2)]


async def test_the_callers_key_tells_inputs_apart(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    body = msgspec.json.encode({"model": MODEL, "input": ["a", "b"]})
    await proxy.post("/v1/embeddings", body)
    other = await proxy.post("/v1/embeddings", body, headers={"Authorization": "Bearer somebody-else"})
    assert other.cache == "halfpenny; fwd=uri-miss; stored"
    assert len(upstream.calls) == 2


async def test_an_odd_answer_passes_and_is_not_stored(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    odd = await embed(proxy, ["[[200error]] a", "b"])
    assert odd.status == 200
    assert "error" in odd.json()
    await embed(proxy, ["b"])
    assert len(upstream.calls) == 2
