"""How fresh a served answer is: lifetimes, stale answers, epochs, snapshots, purges, over real sockets.

No test waits for an answer to grow old: `aged` moves the stored times into the past.
"""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import http_sf
import pytest
from aiohttp import web
from blockbuster import BlockBuster
from sqlalchemy import select, update

from halfpenny.semantic_cache.base import PurgeFilter
from halfpenny.storage.engine import reading, writing
from halfpenny.storage.schema import entries
from tests.conftest import Answer, Proxy, Serve, one_backend
from tests.upstream import Call, Script, ScriptedUpstream

Stop = Callable[[Proxy], Any]
HOUR = 3600.0
BOTH = '[cache]\nttl = "1h"\nstale_while_revalidate = "10m"\nstale_if_error = "2h"\n'
AT_ONCE = '[cache]\nttl = "1h"\nstale_while_revalidate = "10m"\n'
IN_NEED = '[cache]\nttl = "1h"\nstale_if_error = "2h"\n'
LIKE = (
    "How do I reverse a list in Python?",
    "How can I reverse a list in Python?",
    "How could I reverse a list in Python?",
)


async def aged(proxy: Proxy, seconds: float) -> None:
    """As if everything had been stored that much earlier."""
    assert await proxy.app.writer.flush(5)
    async with writing(proxy.app.engine) as connection:
        await connection.execute(
            update(entries).values(
                created_s=entries.c.created_s - seconds,
                expires_s=entries.c.expires_s - seconds,
                kept_until_s=entries.c.kept_until_s - seconds,
            )
        )
    proxy.app.services.cache.memory.purge_now(PurgeFilter(all=True), time.time())


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


async def refreshed(proxy: Proxy) -> None:
    await until(lambda: proxy.app.services.flights.refreshing == 0)


@pytest.fixture
def start(serve: Serve, loop_guard: BlockBuster) -> Serve:
    """Like `serve`, where a proxy is running already: starting and stopping may block."""

    async def start(text: str) -> Proxy:
        loop_guard.deactivate()
        running: Proxy = await serve(text)
        return running

    return start


@pytest.fixture
def stop(loop_guard: BlockBuster) -> Stop:
    async def stop(proxy: Proxy) -> None:
        loop_guard.deactivate()
        await proxy.app.stop()

    return stop


def status(answer: Answer) -> dict[str, Any]:
    """`Cache-Status`, by an independent parser (RFC 8941)."""
    ((name, parameters),) = http_sf.parse(answer.headers["Cache-Status"].encode(), tltype="list")
    assert str(name) == "halfpenny"
    assert ("hit" in parameters) != ("fwd" in parameters)
    return {key: str(value) if isinstance(value, http_sf.Token) else value for key, value in parameters.items()}


@dataclasses.dataclass
class Toggle:
    """An upstream's script that can be changed while it runs."""

    script: Script | None = None

    def __call__(self, call: Call) -> Script | None:
        return self.script


@pytest.fixture
def toggle() -> Toggle:
    return Toggle()


@pytest.fixture
async def moody(toggle: Toggle) -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream(toggle) as running:
        yield running


def patient(upstream: ScriptedUpstream, cache: str) -> str:
    """Without retries, so that a failure is there at once."""
    return one_backend(upstream, cache + "[retry]\nattempts = 0\n")


# lifetimes


async def test_a_route_has_a_lifetime_of_its_own(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(
        one_backend(
            upstream,
            """
            [[routes]]
            name = "brief"
            match = { model = "gpt-4o-mini" }
            ttl = "10m"
            [[routes]]
            name = "long"
            match = { model = "gpt-4o" }
            ttl = "48h"
            [[routes]]
            name = "rest"
            """,
        )
    )
    lives = {}
    for model in ("gpt-4o-mini", "gpt-4o", "other"):
        await proxy.chat("How long do you live?", model=model)
        lives[model] = status(await proxy.chat("How long do you live?", model=model))["ttl"]
    assert 590 <= lives["gpt-4o-mini"] <= 600
    assert 48 * 3600 - 10 <= lives["gpt-4o"] <= 48 * 3600
    assert 24 * 3600 - 10 <= lives["other"] <= 24 * 3600
    await aged(proxy, 700)
    assert "fwd=uri-miss" in (await proxy.chat("How long do you live?")).cache
    assert "hit" in (await proxy.chat("How long do you live?", model="gpt-4o")).cache


async def test_a_pinned_route_gives_its_own_lifetime(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, '[[routes]]\nname = "rest"\n[[routes]]\nname = "brief"\nttl = "1m"\n'))
    for _ in range(2):
        answer = await proxy.chat("Pinned?", headers={"Halfpenny-Route": "brief"})
    assert 55 <= status(answer)["ttl"] <= 60
    await proxy.chat("Pinned?")
    assert status(await proxy.chat("Pinned?"))["ttl"] > 60


async def test_a_new_lifetime_of_a_route_opens_no_new_cache(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, '[[routes]]\nname = "a"\nttl = "1h"\n'))
    await proxy.chat("Kept?")
    config = proxy.app.runtime.config
    (route,) = config.routes
    changed = type(config)(
        **{
            **{name: getattr(config, name) for name in config.__struct_fields__},
            "routes": (type(route)(name="a", ttl=type(config.cache.ttl)(7200)),),
        }
    )
    await proxy.app.apply(changed)
    assert "hit" in (await proxy.chat("Kept?")).cache


# stale-while-revalidate


@pytest.mark.parametrize("stream", [True, False])
async def test_a_stale_answer_is_served_at_once_and_refreshed_behind_it(
    serve: Serve, toggle: Toggle, moody: ScriptedUpstream, stream: bool
) -> None:
    proxy = await serve(one_backend(moody, AT_ONCE))
    first = await proxy.chat("Stale?", stream=stream)
    await aged(proxy, HOUR + 12)
    toggle.script = Script(delay=0.3, chunks=3)
    begun = time.perf_counter()
    stale = await proxy.chat("Stale?", stream=stream)
    assert time.perf_counter() - begun < 0.25
    said = status(stale)
    assert said.pop("ttl") in (-12, -13, -14)
    assert said == {"hit": True, "detail": "exact"}
    assert int(stale.headers["Age"]) >= HOUR + 12
    assert stale.body == first.body
    await refreshed(proxy)
    fresh = await proxy.chat("Stale?", stream=stream)
    assert status(fresh)["ttl"] > 3590
    assert fresh.body != first.body
    assert len(moody.calls) == 2
    # the refresh stands under the id of the request that it was made for, and counts as no request
    rows = await proxy.rows(stale.request_id)
    assert sorted((row["kind"], row["outcome"]) for row in rows) == [("attempt", None), ("hit", "exact")]
    refresh = next(row for row in rows if row["kind"] == "attempt")
    assert refresh["why"]["refresh"]
    assert refresh["cost_pico"] > 0
    assert next(row for row in rows if row["kind"] == "hit")["why"]["stale_s"] >= 12
    report = await proxy.report()
    assert (report.requests, report.outcomes["miss"], report.outcomes["exact"]) == (3, 1, 2)


async def test_many_stale_hits_are_one_refresh(serve: Serve, toggle: Toggle, moody: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(moody, AT_ONCE))
    await proxy.chat("Crowd?")
    await aged(proxy, HOUR + 1)
    toggle.script = Script(delay=0.3)
    asked = [proxy.chat("Crowd?", stream=at % 2 == 0) for at in range(20)]
    answers = await asyncio.gather(*asked)
    assert all(status(answer)["ttl"] < 0 for answer in answers)
    await refreshed(proxy)
    assert len(moody.calls) == 2


async def test_without_the_window_nothing_stale_is_served(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, '[cache]\nttl = "1h"\n'))
    await proxy.chat("Off by default?")
    await aged(proxy, HOUR + 1)
    assert "fwd=uri-miss" in (await proxy.chat("Off by default?")).cache


async def test_after_the_window_it_is_a_miss(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, AT_ONCE))
    await proxy.chat("Too late?")
    await aged(proxy, HOUR + 601)
    assert "fwd=uri-miss" in (await proxy.chat("Too late?")).cache


@pytest.mark.parametrize(
    ("control", "expected", "calls"),
    [
        ("max-age=86400", "fwd=uri-miss; stored", 2),
        ("no-cache", "fwd=request; stored", 2),
        ("no-store", "fwd=bypass", 2),
        ("max-stale=5", "fwd=uri-miss; stored", 2),
        ("max-stale=60", "hit; detail=exact; ttl=-", 2),
        ("max-age=86400, max-stale", "hit; detail=exact; ttl=-", 2),
        ("max-age=60, max-stale", "fwd=uri-miss; stored", 2),
        ("only-if-cached", "hit; detail=exact; ttl=-", 1),
    ],
)
async def test_the_callers_directives_hold(
    serve: Serve, upstream: ScriptedUpstream, control: str, expected: str, calls: int
) -> None:
    """RFC 9111 section 5.2.1."""
    proxy = await serve(one_backend(upstream, AT_ONCE))
    await proxy.chat("Who decides?")
    await aged(proxy, HOUR + 12)
    answer = await proxy.chat("Who decides?", headers={"Cache-Control": control})
    assert expected in answer.cache
    await refreshed(proxy)
    await asyncio.sleep(0.05)
    assert len(upstream.calls) == calls


async def test_a_failing_refresh_leaves_the_stale_answer(serve: Serve, toggle: Toggle, moody: ScriptedUpstream) -> None:
    proxy = await serve(patient(moody, AT_ONCE))
    first = await proxy.chat("Still there?")
    await aged(proxy, HOUR + 1)
    toggle.script = Script(status=500)
    for _ in range(2):
        stale = await proxy.chat("Still there?")
        assert (status(stale)["hit"], stale.body) == (True, first.body)
        await refreshed(proxy)
    toggle.script = None
    await proxy.chat("Still there?")
    await refreshed(proxy)
    assert status(await proxy.chat("Still there?"))["ttl"] > 3500


async def test_who_finds_nothing_stale_joins_the_refresh(serve: Serve, toggle: Toggle, moody: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(moody, AT_ONCE))
    await proxy.chat("Together?")
    await aged(proxy, HOUR + 1)
    toggle.script = Script(delay=0.3)
    await proxy.chat("Together?")
    joined = await proxy.chat("Together?", headers={"Halfpenny-Cache": "semantic"})
    assert status(joined)["ttl"] < 0
    await proxy.app.services.cache.purge(PurgeFilter(all=True), time.time())
    later = await proxy.chat("Together?")
    assert status(later) == {"fwd": "uri-miss", "collapsed": True}
    assert len(moody.calls) == 2


async def test_a_fresh_answer_of_another_worker_goes_before_a_stale_one(
    start: Serve, upstream: ScriptedUpstream
) -> None:
    proxy = await start(one_backend(upstream, AT_ONCE))
    await proxy.chat("Who has it?")
    await aged(proxy, HOUR + 1)
    other = await start(one_backend(upstream, AT_ONCE))
    assert status(await proxy.chat("Who has it?"))["ttl"] < 0  # in the memory of this worker from now on
    await refreshed(proxy)
    assert await proxy.app.writer.flush(5)
    await aged(proxy, HOUR + 1)
    assert status(await other.chat("Who has it?"))["ttl"] < 0
    await refreshed(other)
    assert await other.app.writer.flush(5)
    assert status(await proxy.chat("Who has it?"))["ttl"] > 3500
    assert len(upstream.calls) == 3


async def test_semantic_hits_are_never_stale(serve: Serve, upstream: ScriptedUpstream) -> None:
    text = one_backend(upstream, BOTH).replace('embedder = "hashing"', 'min_similarity = 0.7\nembedder = "onnx"')
    proxy = await serve(text)
    await proxy.chat(LIKE[0])
    assert status(await proxy.chat(LIKE[1]))["detail"] == "semantic"
    await aged(proxy, HOUR + 1)
    assert "fwd=uri-miss" in (await proxy.chat(LIKE[1])).cache


async def test_vacuum_keeps_what_may_still_be_served(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, BOTH))
    await proxy.chat("Swept?")
    await aged(proxy, HOUR + 1)
    assert await proxy.app.sql.vacuum(time.time()) == 0
    assert status(await proxy.chat("Swept?"))["ttl"] < 0
    await refreshed(proxy)
    await aged(proxy, 4 * HOUR)
    assert await proxy.app.sql.vacuum(time.time()) == 1


async def test_a_refresh_does_not_hold_up_a_drain(
    start: Serve, stop: Stop, toggle: Toggle, moody: ScriptedUpstream
) -> None:
    proxy = await start(one_backend(moody, AT_ONCE))
    await proxy.chat("Drained?")
    await aged(proxy, HOUR + 1)
    toggle.script = Script(delay=30)
    stale = await proxy.chat("Drained?")
    await until(lambda: len(moody.calls) == 2)
    begun = time.perf_counter()
    await stop(proxy)
    assert time.perf_counter() - begun < 5
    assert status(stale)["hit"]


# stale-if-error


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Script(status=500), {"fwd": "stale", "fwd-status": 500, "detail": "exact"}),
        (Script(status=529), {"fwd": "stale", "fwd-status": 529, "detail": "exact"}),
        (Script(html502=True), {"fwd": "stale", "fwd-status": 502, "detail": "exact"}),
        (Script(rst=-1), {"fwd": "stale", "detail": "exact"}),
        (Script(stall=-1), {"fwd": "stale", "detail": "exact"}),
    ],
    ids=["500", "529", "page", "reset", "silence"],
)
@pytest.mark.parametrize("stream", [True, False])
async def test_a_stale_answer_stands_in_for_a_failure(
    serve: Serve, toggle: Toggle, moody: ScriptedUpstream, fault: Script, said: dict[str, Any], stream: bool
) -> None:
    text = patient(moody, IN_NEED).replace("[[prices]]", 'first_byte_timeout = "300ms"\n[[prices]]', 1)
    proxy = await serve(text)
    first = await proxy.chat("In need?", stream=stream)
    await aged(proxy, HOUR + 60)
    toggle.script = fault
    answer = await proxy.chat("In need?", stream=stream)
    assert (answer.status, answer.body) == (200, first.body)
    found = status(answer)
    assert -70 <= found.pop("ttl") <= -60
    assert found == said
    rows = await proxy.rows(answer.request_id)
    assert sorted((row["kind"], row["outcome"]) for row in rows) == [("attempt", None), ("hit", "exact")]
    hit = next(row for row in rows if row["kind"] == "hit")
    assert hit["saved_pico"] == 0
    assert hit["why"]["instead_of"] == said.get("fwd-status", "no answer")
    report = await proxy.report()
    assert (report.requests, report.outcomes["error"], report.outcomes["exact"]) == (2, 0, 1)
    toggle.script = None
    assert "stored" in (await proxy.chat("In need?", stream=stream)).cache


@pytest.mark.parametrize(("code", "outcome"), [(400, "error"), (429, "error"), (401, "error")])
async def test_what_is_no_failure_of_the_upstream_is_passed_on(
    serve: Serve, toggle: Toggle, moody: ScriptedUpstream, code: int, outcome: str
) -> None:
    proxy = await serve(patient(moody, IN_NEED))
    await proxy.chat("Mine?")
    await aged(proxy, HOUR + 60)
    toggle.script = Script(status=code)
    answer = await proxy.chat("Mine?")
    assert answer.status == code
    rows = await proxy.rows(answer.request_id)
    assert [row["outcome"] for row in rows if row["outcome"] is not None] == [outcome]
    report = await proxy.report()
    assert (report.requests, report.outcomes["error"]) == (2, 1)


async def test_a_stream_that_breaks_after_it_began_is_not_replaced(
    serve: Serve, toggle: Toggle, moody: ScriptedUpstream
) -> None:
    proxy = await serve(patient(moody, IN_NEED))
    await proxy.chat("Half?", stream=True)
    await aged(proxy, HOUR + 60)
    toggle.script = Script(cut=2, chunks=8)
    answer = await _broken(proxy, "Half?")
    assert b"[DONE]" not in answer
    assert b"upstream_" in answer
    report = await proxy.report()
    assert (report.requests, report.outcomes["error"]) == (2, 1)


async def _broken(proxy: Proxy, text: str) -> bytes:
    import aiohttp
    import msgspec

    body = msgspec.json.encode(
        {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], "stream": True}
    )
    headers = {"Content-Type": "application/json", "Authorization": "Bearer test-key"}
    got = bytearray()
    async with proxy.session.post(proxy.url + "/v1/chat/completions", data=body, headers=headers) as reply:
        try:
            async for chunk in reply.content.iter_any():
                got += chunk
        except aiohttp.ClientPayloadError:
            pass
    return bytes(got)


async def test_beyond_the_window_the_error_is_the_answer(serve: Serve, toggle: Toggle, moody: ScriptedUpstream) -> None:
    proxy = await serve(patient(moody, IN_NEED))
    await proxy.chat("Too old?")
    await aged(proxy, 3 * HOUR + 1)
    toggle.script = Script(status=500)
    answer = await proxy.chat("Too old?")
    assert answer.status == 500
    assert "fwd=uri-miss" in answer.cache


async def test_max_age_takes_the_error_rather_than_a_stale_answer(
    serve: Serve, toggle: Toggle, moody: ScriptedUpstream
) -> None:
    proxy = await serve(patient(moody, IN_NEED))
    await proxy.chat("Young?")
    await aged(proxy, HOUR + 60)
    toggle.script = Script(status=500)
    assert (await proxy.chat("Young?", headers={"Cache-Control": "max-age=86400"})).status == 500
    assert (await proxy.chat("Young?", headers={"Cache-Control": "no-cache"})).status == 500
    assert (await proxy.chat("Young?")).status == 200


async def test_many_who_wait_for_a_failure_all_get_the_stale_answer(
    serve: Serve, toggle: Toggle, moody: ScriptedUpstream
) -> None:
    proxy = await serve(patient(moody, IN_NEED))
    first = await proxy.chat("All of us?")
    await aged(proxy, HOUR + 60)
    toggle.script = Script(delay=0.2, status=500)
    answers = await asyncio.gather(*(proxy.chat("All of us?") for _ in range(8)))
    assert {answer.body for answer in answers} == {first.body}
    assert len(moody.calls) == 2
    report = await proxy.report()
    assert (report.requests, report.outcomes["exact"]) == (9, 8)


async def test_a_client_that_leaves_meanwhile_is_counted_once(
    serve: Serve, toggle: Toggle, moody: ScriptedUpstream
) -> None:
    proxy = await serve(patient(moody, IN_NEED))
    await proxy.chat("Gone?")
    await aged(proxy, HOUR + 60)
    toggle.script = Script(delay=5, status=500)
    leaving = asyncio.create_task(proxy.chat("Gone?"))
    await until(lambda: len(moody.calls) == 2)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    await until(lambda: proxy.app.pipeline.in_flight == 0 and len(proxy.app.services.flights) == 0)
    report = await proxy.report()
    assert (report.requests, report.outcomes["error"]) == (2, 1)


async def test_a_stream_kept_alive_by_heartbeats_ends_in_the_stale_answer(
    serve: Serve, toggle: Toggle, moody: ScriptedUpstream
) -> None:
    text = patient(moody, IN_NEED).replace("[cache.semantic]", 'heartbeat = "100ms"\n[cache.semantic]', 1)
    proxy = await serve(text)
    first = await proxy.chat("Slow failure?", stream=True)
    await aged(proxy, HOUR + 60)
    toggle.script = Script(delay=0.5, status=503)
    answer = await proxy.chat("Slow failure?", stream=True)
    assert answer.status == 200
    assert answer.body.startswith(b": ping\n")
    assert answer.body.replace(b": ping\n", b"") == first.body


# epochs


async def test_another_epoch_is_another_cache_and_the_old_one_returns(
    start: Serve, stop: Stop, upstream: ScriptedUpstream
) -> None:
    said = []
    for epoch in ("", "2026-11", "2026-12", "2026-11", ""):
        proxy = await start(one_backend(upstream, f'[cache]\nepoch = "{epoch}"\n'))
        answer = await proxy.chat("Which epoch?")
        said.append("hit" in answer.cache)
        assert await proxy.app.writer.flush(5)
        await stop(proxy)
    assert said == [False, False, False, True, True]


async def test_the_epoch_of_a_route_is_its_own(start: Serve, stop: Stop, upstream: ScriptedUpstream) -> None:
    def text(epoch: str) -> str:
        return one_backend(
            upstream,
            f"""
            [[routes]]
            name = "one"
            match = {{ model = "gpt-4o" }}
            epoch = "{epoch}"
            [[routes]]
            name = "rest"
            """,
        )

    proxy = await start(text("a"))
    for model in ("gpt-4o", "gpt-4o-mini"):
        await proxy.chat("Whose?", model=model)
    await stop(proxy)
    proxy = await start(text("b"))
    assert "fwd=uri-miss" in (await proxy.chat("Whose?", model="gpt-4o")).cache
    assert "hit" in (await proxy.chat("Whose?", model="gpt-4o-mini")).cache


async def raised(proxy: Proxy, body: bytes = b"") -> Any:
    async with proxy.session.post(proxy.admin + "/api/cache/epoch", data=body) as reply:
        return reply.status, await reply.json()


async def test_a_raised_epoch_holds_at_once_and_after_a_restart(
    start: Serve, stop: Stop, upstream: ScriptedUpstream
) -> None:
    proxy = await start(one_backend(upstream))
    for _ in range(2):
        await proxy.chat("Old?")  # the second one is remembered by the short way
    code, said = await raised(proxy)
    assert (code, said["tenant"]) == (200, None)
    assert said["epoch"] >= 1
    assert "fwd=uri-miss" in (await proxy.chat("Old?")).cache
    assert "hit" in (await proxy.chat("Old?")).cache
    assert (await proxy.get("/api/cache", admin=True)).json()["epoch"] == said["epoch"]
    await stop(proxy)
    again = await start(one_backend(upstream))
    assert "hit" in (await again.chat("Old?")).cache
    assert len(upstream.calls) == 2
    # nothing was deleted
    async with reading(again.app.engine) as connection:
        assert len((await connection.execute(select(entries.c.id))).all()) == 2


async def test_the_epoch_of_a_tenant_is_nobody_elses(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream))
    other = {"Authorization": "Bearer other"}
    first = await proxy.chat("Mine alone?")
    await proxy.chat("Mine alone?", headers=other)
    tenant = (await proxy.rows(first.request_id))[0]["tenant"]
    code, said = await raised(proxy, b'{"tenant": "%s"}' % tenant.encode())
    assert (code, said["tenant"]) == (200, tenant)
    assert "fwd=uri-miss" in (await proxy.chat("Mine alone?")).cache
    assert "hit" in (await proxy.chat("Mine alone?", headers=other)).cache


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"tenant": ""}', b'{"tenant": 7}', b'{"tenent": "x"}'])
async def test_a_bad_epoch_request_changes_nothing(proxy: Proxy, body: bytes) -> None:
    await proxy.chat("Unchanged?")
    code, said = await raised(proxy, body)
    assert code == 400
    assert said["error"]
    assert "hit" in (await proxy.chat("Unchanged?")).cache


async def test_a_raised_epoch_reaches_other_workers_and_neighbours(start: Serve, upstream: ScriptedUpstream) -> None:
    text = one_backend(upstream).replace('embedder = "hashing"', 'min_similarity = 0.7\nembedder = "onnx"')
    one, two = await start(text), await start(text)
    await two.chat(LIKE[0])
    assert status(await two.chat(LIKE[1]))["detail"] == "semantic"
    assert (await raised(one))[0] == 200
    only = {"Cache-Control": "only-if-cached"}
    async with asyncio.timeout(3):
        while (await two.chat(LIKE[0], headers=only)).status != 504:
            await asyncio.sleep(0.1)
    assert "fwd=uri-miss" in (await two.chat(LIKE[1])).cache


async def test_no_epoch_known_means_no_hit(serve: Serve, upstream: ScriptedUpstream) -> None:
    """Where the database could not be asked at the start, what a closed epoch holds must not be served."""
    proxy = await serve(one_backend(upstream))
    await proxy.chat("Known?")
    epochs = type(proxy.app.services.cache.epochs)(proxy.app.engine)
    proxy.app.services.cache.epochs = epochs
    assert "fwd=uri-miss" in (await proxy.chat("Known?")).cache
    await epochs.refresh()
    assert "hit" in (await proxy.chat("Known?")).cache


# snapshots


class Renamed:
    """A chat upstream that answers under whatever name it is told."""

    def __init__(self) -> None:
        self.name = "gpt-4o-2024-08-06"
        self.calls = 0
        self.origin = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        asked = await request.json()
        common = {"id": f"c{self.calls}", "created": 1, "model": self.name}
        usage = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
        words = f"answer {self.calls}"
        if not asked.get("stream"):
            choice = {"index": 0, "message": {"role": "assistant", "content": words}, "finish_reason": "stop"}
            return web.json_response({**common, "object": "chat.completion", "choices": [choice], "usage": usage})
        reply = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await reply.prepare(request)
        import json

        for delta, reason in (({"role": "assistant", "content": words}, None), ({}, "stop")):
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            event = {**common, "object": "chat.completion.chunk", "choices": [choice]}
            await reply.write(f"data: {json.dumps(event)}\n\n".encode())
        await reply.write(b"data: [DONE]\n\n")
        return reply


@pytest.fixture
async def renamed() -> AsyncIterator[Renamed]:
    made = Renamed()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", made.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


def named(renamed: Renamed, more: str = "") -> str:
    return f"""
        [server]
        listen = "127.0.0.1:0"
        admin = "127.0.0.1:0"
        [cache.semantic]
        min_similarity = 0.7
        [[backends]]
        name = "up"
        kind = "openai"
        base_url = "{renamed.origin}/v1"
        {more}
    """


@pytest.mark.parametrize("stream", [True, False])
async def test_a_new_snapshot_ends_the_neighbours_of_the_old_one(serve: Serve, renamed: Renamed, stream: bool) -> None:
    proxy = await serve(named(renamed))
    await proxy.chat(LIKE[0], stream=stream)
    assert status(await proxy.chat(LIKE[1]))["detail"] == "semantic"
    renamed.name = "gpt-4o-2024-11-20"
    await proxy.chat("Name three trees that grow by the sea.", stream=stream)
    assert "fwd=uri-miss" in (await proxy.chat(LIKE[1])).cache
    # exact hits stay until their time is over
    assert status(await proxy.chat(LIKE[0]))["detail"] == "exact"
    # what the new snapshot answered is a neighbour
    assert "hit" in (await proxy.chat(LIKE[1])).cache
    assert renamed.calls == 3


async def test_a_new_snapshot_is_known_after_a_restart_and_in_other_workers(
    start: Serve, stop: Stop, renamed: Renamed
) -> None:
    proxy = await start(named(renamed))
    other = await start(named(renamed))
    await other.chat(LIKE[0])
    renamed.name = "gpt-4o-2024-11-20"
    await proxy.chat("Name three trees that grow by the sea.")
    cache = other.app.services.cache
    async with asyncio.timeout(4):
        while cache.snapshots.present("up/gpt-4o-mini") != renamed.name:
            await asyncio.sleep(0.05)
    assert "fwd=uri-miss" in (await other.chat(LIKE[1])).cache
    await stop(proxy)
    again = await start(named(renamed))
    assert again.app.services.cache.snapshots.present("up/gpt-4o-mini") == renamed.name


async def test_exact_hits_follow_the_snapshot_where_configured(serve: Serve, renamed: Renamed) -> None:
    proxy = await serve(
        named(renamed).replace("[cache.semantic]", "[cache]\nfollow_snapshots = true\n[cache.semantic]")
    )
    for _ in range(2):
        await proxy.chat("Exact?")
    assert renamed.calls == 1
    renamed.name = "gpt-4o-2024-11-20"
    await proxy.chat("Name three trees that grow by the sea.")
    assert "fwd=uri-miss" in (await proxy.chat("Exact?")).cache
    assert "hit" in (await proxy.chat("Exact?")).cache


# purges


async def test_a_purge_by_tag_ends_exact_and_semantic_hits_in_every_worker(
    start: Serve, upstream: ScriptedUpstream
) -> None:
    text = one_backend(upstream).replace('embedder = "hashing"', 'min_similarity = 0.7\nembedder = "onnx"')
    one = await start(text)
    tag = {"Halfpenny-Tags": "doc=42, team=blue"}
    await one.chat(LIKE[0], headers=tag)
    await one.chat("Name three trees that grow by the sea.", headers={"Halfpenny-Tags": "doc=43"})
    assert await one.app.writer.flush(5)
    two = await start(text)
    async with asyncio.timeout(10):
        while len(two.app.services.neighbours or ()) < 2:
            await asyncio.sleep(0.05)
    for proxy in (one, two):
        for text in LIKE[1:]:
            assert status(await proxy.chat(text))["detail"] == "semantic"
        assert status(await proxy.chat(LIKE[0]))["detail"] == "exact"
    async with one.session.post(one.admin + "/api/cache/purge", data=b'{"tag": "doc=42"}') as reply:
        assert await reply.json() == {"purged": 1}
    only = {"Cache-Control": "only-if-cached"}
    assert (await one.chat(LIKE[0], headers=only)).status == 504
    async with asyncio.timeout(3):
        while (await two.chat(LIKE[0], headers=only)).status != 504:
            await asyncio.sleep(0.1)
    # one phrase each: what one of them stores now, the other may find
    for proxy, text in ((one, LIKE[1]), (two, LIKE[2])):
        assert "fwd=uri-miss" in (await proxy.chat(text)).cache
    assert "hit" in (await two.chat("Name three trees that grow by the sea.")).cache


async def test_a_stale_answer_can_be_purged(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, BOTH))
    await proxy.chat("Gone for good?", headers={"Halfpenny-Tags": "doc=7"})
    await aged(proxy, HOUR + 1)
    async with proxy.session.post(proxy.admin + "/api/cache/purge", data=b'{"tag": "doc"}') as reply:
        assert await reply.json() == {"purged": 1}
    assert "fwd=uri-miss" in (await proxy.chat("Gone for good?")).cache


# what a route forbids


async def test_a_route_can_be_exact_only(serve: Serve, upstream: ScriptedUpstream) -> None:
    text = one_backend(upstream, '[[routes]]\nname = "a"\nsemantic = false\n')
    proxy = await serve(text.replace('embedder = "hashing"', 'min_similarity = 0.7\nembedder = "onnx"'))
    await proxy.chat(LIKE[0])
    assert "fwd=uri-miss" in (await proxy.chat(LIKE[1])).cache
    assert status(await proxy.chat(LIKE[0]))["detail"] == "exact"


@pytest.mark.parametrize("rule", ["max_false_hit_rate = 0.0", 'semantic_ttl = "1m"'])
async def test_a_route_can_be_stricter_about_neighbours(serve: Serve, upstream: ScriptedUpstream, rule: str) -> None:
    routes = f'[[routes]]\nname = "strict"\nmatch = {{ model = "gpt-4o" }}\n{rule}\n[[routes]]\nname = "rest"\n'
    text = one_backend(upstream, routes).replace('embedder = "hashing"', 'min_similarity = 0.7\nembedder = "onnx"')
    proxy = await serve(text)
    for model in ("gpt-4o", "gpt-4o-mini"):
        await proxy.chat(LIKE[0], model=model)
    await aged(proxy, 100)
    assert "fwd=uri-miss" in (await proxy.chat(LIKE[1], model="gpt-4o")).cache
    assert status(await proxy.chat(LIKE[1], model="gpt-4o-mini"))["detail"] == "semantic"
    assert status(await proxy.chat(LIKE[0], model="gpt-4o"))["detail"] == "exact"


@pytest.mark.parametrize(("rule", "semantic"), [("", True), ("structured = false", False)])
async def test_structured_output_takes_part_where_it_is_allowed(
    serve: Serve, upstream: ScriptedUpstream, rule: str, semantic: bool
) -> None:
    text = one_backend(upstream, f'[[routes]]\nname = "a"\n{rule}\n')
    own = 'structured = true\nmin_similarity = 0.7\nembedder = "onnx"'
    proxy = await serve(text.replace('embedder = "hashing"', own))
    form = {"type": "json_object"}
    await proxy.chat(LIKE[0], response_format=form)
    answer = await proxy.chat(LIKE[1], response_format=form)
    assert ("detail=semantic" in answer.cache) is semantic
