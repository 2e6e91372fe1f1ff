"""`POST /halfpenny/feedback` over real sockets: who may say what of which answer, and what a wrong one leads to."""

import asyncio
import contextlib
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from blockbuster import BlockBuster

from tests.conftest import Answer, Proxy, Serve, one_backend
from tests.upstream import ScriptedUpstream

PATH = "/halfpenny/feedback"
LIKE = ("How do I reverse a list in Python?", "How can I reverse a list in Python?")
OTHER = {"Authorization": "Bearer other"}


async def say(
    proxy: Proxy, request_id: Any, verdict: Any = "wrong", *, headers: dict[str, str] | None = None, **more: Any
) -> Answer:
    body = msgspec.json.encode({"request_id": request_id, "verdict": verdict, **more})
    return await proxy.post(PATH, body, headers=headers)


def judging(upstream: ScriptedUpstream) -> str:
    return one_backend(upstream).replace('embedder = "hashing"', 'min_similarity = 0.7\nembedder = "onnx"')


@pytest.mark.parametrize("of", ["miss", "exact", "streamed", "no-cache"])
async def test_a_wrong_answer_is_evicted_at_once(proxy: Proxy, upstream: ScriptedUpstream, of: str) -> None:
    first = await proxy.chat("Is it wrong?", stream=of == "streamed")
    again = await proxy.chat("Is it wrong?")
    if of == "no-cache":
        first = await proxy.chat("Is it wrong?", headers={"Cache-Control": "no-cache"})
    of_what = again if of == "exact" else first
    answer = await say(proxy, of_what.request_id)
    assert answer.status == 200, answer.body
    assert answer.json() == {
        "request_id": of_what.request_id,
        "verdict": "wrong",
        "evicted": 1,
        "repeated": False,
    }
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Halfpenny-Request-Id"].startswith("hp-")
    assert "fwd=uri-miss" in (await proxy.chat("Is it wrong?")).cache
    assert [call.target for call in upstream.calls if "feedback" in call.target] == []


async def test_a_wrong_semantic_hit_takes_its_entry_with_it(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(judging(upstream))
    await proxy.chat(LIKE[0])
    hit = await proxy.chat(LIKE[1])
    assert "detail=semantic" in hit.cache
    assert (await say(proxy, hit.request_id)).json()["evicted"] == 1
    assert "fwd=uri-miss" in (await proxy.chat(LIKE[1])).cache
    assert "hit; detail=exact" not in (await proxy.chat(LIKE[0])).cache


async def test_a_wrong_coalesced_answer_is_evicted(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    answers = await asyncio.gather(*(proxy.chat("[[delay=0.2]] Shared?") for _ in range(3)))
    follower = next(answer for answer in answers if "collapsed" in answer.cache)
    assert (await say(proxy, follower.request_id)).json()["evicted"] == 1
    assert "fwd=uri-miss" in (await proxy.chat("[[delay=0.2]] Shared?")).cache
    assert len(upstream.calls) == 2


async def test_a_newer_answer_to_the_same_request_stays(proxy: Proxy) -> None:
    first = await proxy.chat("Which of them?")
    await proxy.chat("Which of them?", headers={"Cache-Control": "no-cache"})
    assert (await say(proxy, first.request_id)).json()["evicted"] == 0
    assert "hit" in (await proxy.chat("Which of them?")).cache


async def test_right_evicts_nothing_and_is_kept(proxy: Proxy) -> None:
    first = await proxy.chat("Is it right?")
    answer = await say(proxy, first.request_id, "right", comment="quite so")
    assert (answer.status, answer.json()["evicted"]) == (200, 0)
    assert "hit" in (await proxy.chat("Is it right?")).cache
    (row,) = [row for row in await proxy.rows(first.request_id) if row["kind"] == "feedback"]
    assert row["why"] == {"verdict": "right", "of": "miss", "evicted": 0, "comment": "quite so"}
    assert row["entry_id"].startswith("e-")


class Listening:
    """A sink that remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str, str]] = []

    async def wrong(self, tenant: str, entry_id: str, request_id: str, text_hint: str) -> int:
        self.told.append(("wrong", entry_id, request_id, text_hint))
        return 3

    async def right(self, tenant: str, entry_id: str, request_id: str, text_hint: str) -> None:
        self.told.append(("right", entry_id, request_id, text_hint))


async def test_what_is_said_twice_counts_once(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(judging(upstream))
    sink = proxy.app.pipeline.feedback.sink = Listening()
    await proxy.chat(LIKE[0])
    hit = await proxy.chat(LIKE[1])
    said = await asyncio.gather(*(say(proxy, hit.request_id) for _ in range(5)))
    assert sorted(answer.json()["repeated"] for answer in said) == [False, True, True, True, True]
    assert {answer.json()["evicted"] for answer in said} == {0, 3}
    await say(proxy, hit.request_id, "right")
    await say(proxy, hit.request_id, "right")
    (hit_row, row) = sorted(await proxy.rows(hit.request_id), key=lambda row: row["kind"] == "feedback")
    assert row["why"]["verdict"] == "right"
    entry = hit_row["entry_id"]
    assert sink.told == [
        ("wrong", entry, hit.request_id, LIKE[0]),
        ("right", entry, hit.request_id, LIKE[0]),
    ]
    report = await proxy.report()
    assert (report.requests, report.outcomes["semantic"]) == (2, 1)


async def test_nobody_else_can_speak_of_a_request(proxy: Proxy) -> None:
    first = await proxy.chat("Mine?")
    foreign = await say(proxy, first.request_id, headers=OTHER)
    unknown = await say(proxy, "hp-0123", headers=OTHER)
    assert foreign.status == unknown.status == 404
    assert foreign.json() == unknown.json()
    assert foreign.json()["error"]["param"] == "request_id"
    assert foreign.headers["Halfpenny-Error"] == "request_not_found"
    assert "hit" in (await proxy.chat("Mine?")).cache
    body = msgspec.json.encode({"request_id": first.request_id, "verdict": "wrong"})
    async with proxy.session.post(proxy.url + PATH, data=body) as reply:  # without any credential
        assert reply.status == 404
    assert "hit" in (await proxy.chat("Mine?")).cache


BAD: list[tuple[bytes, str | None]] = [
    (b'{"verdict": "wrong"}', "request_id"),
    (b'{"request_id": "hp-1"}', "verdict"),
    (b'{"request_id": "hp-1", "verdict": "maybe"}', "verdict"),
    (b'{"request_id": 7, "verdict": "wrong"}', "request_id"),
    (b'{"request_id": "", "verdict": "wrong"}', "request_id"),
    (b'{"request_id": "hp-\\u0000", "verdict": "wrong"}', "request_id"),
    (b'{"request_id": "%s", "verdict": "wrong"}' % (b"x" * 101), "request_id"),
    (b'{"request_id": "hp-1", "verdict": "wrong", "comment": 1}', "comment"),
    (b'{"request_id": "hp-1", "verdict": "wrong", "comment": "%s"}' % (b"x" * 2001), "comment"),
    (b'{"request_id": "hp-1", "verdict": "wrong", "coment": ""}', "coment"),
    (b"[]", None),
    (b"", None),
    (b"{", None),
    (b"\xff", None),
    (b"[" * 5000, None),
]


@pytest.mark.parametrize(("body", "field"), BAD, ids=range(len(BAD)))
async def test_a_bad_body_is_refused_by_its_field(proxy: Proxy, body: bytes, field: str | None) -> None:
    answer = await proxy.post(PATH, body)
    assert answer.status == 400
    error = answer.json()["error"]
    assert (error["param"], error["code"]) == (field, "invalid_feedback")
    assert error["type"] == "invalid_request_error"
    report = await proxy.report()
    assert (report.requests, report.outcomes["error"]) == (1, 1)


async def test_an_odd_comment_is_kept_or_refused_and_never_an_error_of_ours(proxy: Proxy) -> None:
    first = await proxy.chat("Odd?")
    for comment in (b"\\ud800", b"\\u0000", b"\xf0\x9f\xaa\x99", b"'; drop table ledger; --"):
        body = b'{"request_id": "%s", "verdict": "right", "comment": "%s"}' % (first.request_id.encode(), comment)
        assert (await proxy.post(PATH, body)).status in (200, 400)
    (row,) = [row for row in await proxy.rows(first.request_id) if row["kind"] == "feedback"]
    assert row["why"]["verdict"] == "right"


async def test_large_and_encoded_bodies_are_refused(proxy: Proxy) -> None:
    assert (await proxy.post(PATH, b" " * 20_000)).status == 413
    assert (await proxy.post(PATH, b"{}", headers={"Content-Encoding": "gzip"})).status == 415


async def test_other_methods_pass_through(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    answer = await proxy.get(PATH)
    assert answer.status == 200
    assert upstream.calls[-1].target == PATH


async def test_a_request_that_stored_nothing_can_be_judged(proxy: Proxy) -> None:
    answers = [
        await proxy.chat("Not kept?", headers={"Cache-Control": "no-store"}),
        await proxy.chat("[[status=400]]"),
        await proxy.post("/v1/embeddings", b'{"model": "text-embedding-3-small", "input": ["a", "b"]}'),
    ]
    for answer in answers:
        said = await say(proxy, answer.request_id)
        assert (said.status, said.json()["evicted"]) == (200, 0)


async def test_one_stored_input_can_be_evicted(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    body = b'{"model": "text-embedding-3-small", "input": "alone"}'
    first = await proxy.post("/v1/embeddings", body)
    assert (await say(proxy, first.request_id)).json()["evicted"] == 1
    await proxy.post("/v1/embeddings", body)
    assert len(upstream.calls) == 2


async def test_other_workers_stop_serving_it(serve: Serve, upstream: ScriptedUpstream, loop_guard: BlockBuster) -> None:
    one = await serve(one_backend(upstream))
    loop_guard.deactivate()
    two = await serve(one_backend(upstream))
    await one.chat("Everywhere?")
    assert await one.app.writer.flush(5)
    only = {"Cache-Control": "only-if-cached"}
    async with asyncio.timeout(5):
        while (hit := await two.chat("Everywhere?", headers=only)).status != 200:
            await asyncio.sleep(0.05)
    # said to the one worker of an answer that the other gave
    assert (await say(one, hit.request_id)).json()["evicted"] == 1
    assert (await one.chat("Everywhere?", headers=only)).status == 504
    async with asyncio.timeout(3):
        while (await two.chat("Everywhere?", headers=only)).status != 504:
            await asyncio.sleep(0.1)


async def test_a_store_that_does_not_answer_is_said_to_be_tried_again(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await proxy.chat("Locked?")

    async def never(timeout_s: float) -> bool:
        return False

    monkeypatch.setattr(proxy.app.sql, "_flush", never)
    answer = await say(proxy, first.request_id)
    assert answer.status == 503
    assert answer.json()["error"]["code"] == "store_unavailable"
    monkeypatch.undo()
    assert (await say(proxy, first.request_id)).json()["evicted"] == 1


# after a crash


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def ready(url: str) -> None:
    async with asyncio.timeout(30), aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url + "/readyz") as reply:
                    if reply.status == 200:
                        return
            await asyncio.sleep(0.05)


async def test_an_eviction_survives_kill_9(tmp_path: Path, upstream: ScriptedUpstream) -> None:
    listen, admin = free_port(), free_port()
    config = tmp_path / "config.toml"
    text = one_backend(upstream).replace('embedder = "hashing"', "enabled = false")
    text = text.replace('listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{listen}"')
    text = text.replace('admin = "127.0.0.1:0"', f'admin = "127.0.0.1:{admin}"')
    config.write_text(f'[store]\nurl = "sqlite+aiosqlite:///{tmp_path}/halfpenny.db"\n' + text)
    command = (sys.executable, "-m", "halfpenny", "serve", "--config", str(config))
    chat = msgspec.json.encode({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Killed?"}]})
    headers = {"Content-Type": "application/json", "Authorization": "Bearer test-key"}
    url = f"http://127.0.0.1:{listen}"

    async def ask(session: aiohttp.ClientSession) -> tuple[str, str]:
        async with session.post(url + "/v1/chat/completions", data=chat, headers=headers) as reply:
            return reply.headers["Cache-Status"], reply.headers["Halfpenny-Request-Id"]

    said = []
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL, cwd=tmp_path)
        try:
            await ready(f"http://127.0.0.1:{admin}")
            async with aiohttp.ClientSession() as session:
                cache, request_id = await ask(session)
                said.append(cache)
                body = msgspec.json.encode({"request_id": request_id, "verdict": "wrong"})
                async with session.post(url + PATH, data=body, headers=headers) as reply:
                    assert (await reply.json())["evicted"] == 1
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
    assert ["fwd=uri-miss" in cache for cache in said] == [True, True]
