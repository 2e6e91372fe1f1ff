"""Embeddings, input by input: stored, coalesced and put together by themselves; base64 and numbers from one entry."""

import asyncio
import base64
import struct
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from tests.conftest import Answer, Proxy, Serve
from tests.upstream import ScriptedUpstream

MODEL = "text-embedding-3-small"


async def embed(proxy: Proxy, given: Any, **fields: Any) -> Answer:
    return await proxy.post("/v1/embeddings", msgspec.json.encode({"model": MODEL, "input": given, **fields}))


def vectors(answer: Answer) -> list[Any]:
    assert answer.status == 200, answer.body
    data = answer.json()["data"]
    assert [item["index"] for item in data] == list(range(len(data)))
    return [item["embedding"] for item in data]


def numbers(packed: str) -> list[float]:
    raw = base64.b64decode(packed)
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))


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
    document = {
        "object": "list",
        "model": "m",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }

    async def answer(request: web.BaseRequest) -> web.Response:
        return web.json_response(document)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        proxy = await serve(
            '[server]\nlisten = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\n[cache.semantic]\nenabled = false\n'
            f'[[backends]]\nname = "up"\nkind = "openai"\nbase_url = "{site.name}"\n'
        )
        first = await embed(proxy, "x", encoding_format="base64")
        for _ in range(2):
            again = await embed(proxy, "x", encoding_format="base64")
            assert again.cache.startswith("halfpenny; hit")
            assert again.body == first.body
    finally:
        await runner.cleanup()


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
