"""The first rule: what breaks in us is pass-through for the caller; nothing wrong is served; nobody pays for others.

The table "What fails open" of docs/life-of-a-request.md, part by part, and what a review with fresh eyes found.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
from blockbuster import BlockBuster

from halfpenny.ledger.base import Usage
from tests.conftest import Proxy, Serve, one_backend
from tests.integration.test_disconnects import body, raw_client, until
from tests.integration.test_main_job import streamed_text
from tests.upstream import Script, ScriptedUpstream


class Broken:
    """Stands where a part should be and fails whatever is asked of it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{self._name} is broken")


def break_store(proxy: Proxy) -> None:
    """Every look-up in the database fails from now on."""
    proxy.app.sql._lookup = Broken("lookup")  # type: ignore[assignment]


def break_neighbours(proxy: Proxy) -> None:
    proxy.app.services.neighbours = Broken("neighbours")  # type: ignore[assignment]
    assert proxy.app.services.semantic is not None
    proxy.app.services.semantic.neighbours = Broken("neighbours")  # type: ignore[assignment]


def break_semantic(proxy: Proxy) -> None:
    proxy.app.services.semantic = Broken("semantic")  # type: ignore[assignment]


def break_spool(proxy: Proxy) -> None:
    proxy.app.spool._max_bytes = 0


def break_ledger(proxy: Proxy) -> None:
    proxy.app.services.ledger._encode = Broken("encoder")  # type: ignore[assignment]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("break_it", [break_store, break_neighbours, break_semantic, break_spool, break_ledger])
async def test_a_broken_part_never_breaks_the_answer(
    proxy: Proxy, upstream: ScriptedUpstream, break_it: Any, stream: bool
) -> None:
    await proxy.chat("Something in the partition", stream=stream)
    neighbours, lookup = proxy.app.services.neighbours, proxy.app.sql._lookup
    semantic = proxy.app.services.semantic
    assert semantic is not None
    assert neighbours is not None
    break_it(proxy)
    for number in range(2):
        answer = await proxy.chat(f"Still there {number}?", stream=stream)
        assert answer.status == 200
        assert answer.body
    assert len(upstream.calls) == 3
    proxy.app.services.neighbours = semantic.neighbours = neighbours
    proxy.app.services.semantic = semantic
    proxy.app.sql._lookup = lookup


async def test_a_broken_router_is_the_remote_backend(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    proxy.app.runtime.router.plan = Broken("router")  # type: ignore[method-assign, assignment]
    answer = await proxy.chat("Where to?")
    assert answer.status == 200
    assert answer.headers["Halfpenny-Served-By"] == "up/gpt-4o-mini"


async def test_a_backend_that_raises_what_it_should_not_is_an_error_of_its_own(
    proxy: Proxy, upstream: ScriptedUpstream
) -> None:
    slot = proxy.app.runtime.slots["up"]
    whole, slot.backend = slot.backend, Broken("backend")  # type: ignore[assignment]
    answer = await proxy.chat("Anybody?")
    assert answer.status == 503
    assert answer.json()["error"]["code"] == "backend_unavailable"
    slot.backend = whole
    (row,) = await proxy.rows(answer.request_id)
    assert row["state"] != "open"


async def test_a_broken_price_costs_nothing_and_breaks_nothing(proxy: Proxy) -> None:
    from datetime import UTC, datetime

    prices = proxy.app.runtime.prices
    cost = prices.cost("http://x", "gpt-4o", Usage(input_tokens=10**40), datetime.now(UTC))
    assert cost.pico >= 0


async def test_an_entry_that_cannot_be_shown_is_a_miss(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    await proxy.chat("Odd one")
    store = proxy.app.services.cache.memory
    (entry,) = store._by_key.values() if hasattr(store, "_by_key") else store._entries.values()
    store.put(msgspec.structs.replace(entry, body=b'{"choices": [{"message": {"tool_calls": [5]}}]}'))
    answer = await proxy.chat("Odd one", stream=True)
    assert answer.status == 200
    assert "fwd=" in answer.cache
    assert len(upstream.calls) == 2


@pytest.mark.parametrize("header", ["Cookie", "Modal-Key", "X-Auth-Token", "CF-Access-Client-Id", "x-api-key"])
async def test_no_credential_is_overlooked(proxy: Proxy, upstream: ScriptedUpstream, header: str) -> None:
    for value in ("one", "two"):
        answer = await proxy.chat("Whose is it?", headers={header: value})
        assert "fwd=uri-miss" in answer.cache
    assert len(upstream.calls) == 2


async def test_the_operator_can_name_further_headers(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream).replace("[server]", '[server]\ntenant_headers = ["X-Team"]'))
    for value in ("one", "two"):
        assert "fwd=" in (await proxy.chat("Whose is it?", headers={"X-Team": value})).cache
    assert "hit" in (await proxy.chat("Whose is it?", headers={"x-team": "two"})).cache


RULES = """
    [[routes]]
    name = "default"
    [[routes.rules]]
    name = "no"
    match = { tag = { secret = "yes" } }
    deny = "not this one"
    [[routes.rules]]
    name = "by header"
    match = { header = { x-region = "eu" } }
    deny = "not there"
"""


async def test_a_rule_holds_for_what_is_cached_too(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, RULES))
    assert (await proxy.chat("Open to some")).status == 200
    assert "hit" in (await proxy.chat("Open to some")).cache
    assert (await proxy.chat("Open to some", headers={"X-Region": "us"})).status == 200
    assert (await proxy.chat("Open to some", headers={"Halfpenny-Tags": "secret=yes"})).status == 403
    assert (await proxy.chat("Open to some", headers={"X-Region": "eu"})).status == 403


async def test_a_follower_gets_nothing_wider_than_it_asked_for(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    slow = "The same question [[delay=0.3]]"
    answers = await asyncio.gather(
        proxy.chat(slow), proxy.chat(slow, headers={"Halfpenny-Cache": "exact"}), proxy.chat(slow)
    )
    assert len(upstream.calls) == 2
    assert sum("collapsed" in answer.cache for answer in answers) == 1


@pytest.mark.parametrize("marker", ["[[sse_error=3 gap=0.05]]", "[[end=3 gap=0.05]]"])
async def test_a_follower_without_a_stream_gets_no_half_answer(
    serve: Serve, upstream: ScriptedUpstream, marker: str
) -> None:
    proxy = await serve(one_backend(upstream, "[retry]\nattempts = 0\n"))
    leader = asyncio.create_task(proxy.chat(f"Half {marker}", stream=True))
    await until(lambda: len(proxy.app.services.flights) == 1)
    follower = await proxy.chat(f"Half {marker}")
    await asyncio.gather(leader, return_exceptions=True)
    assert len(upstream.calls) == 1
    assert (follower.status, follower.json()["error"]["code"]) == (502, "upstream_truncated")


async def test_one_callers_limit_is_not_anothers(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, "[retry]\nattempts = 0\n"))
    limited = await proxy.chat("Slow down [[retry_after=60]]")
    assert limited.status == 429
    assert (await proxy.chat("I am fine", headers={"Authorization": "Bearer other"})).status == 200


async def test_the_last_resort_is_called_even_if_it_failed_lately(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, "[retry]\nattempts = 0\n"))
    for number in range(8):
        assert (await proxy.chat(f"Fail {number} [[status=500]]")).status == 500
    assert (await proxy.chat("And now?")).status == 200


@pytest.mark.parametrize("upgrade", ["h2c", "TLS/1.0"])
async def test_an_upgrade_that_is_no_websocket_opens_no_tunnel(
    proxy: Proxy, upstream: ScriptedUpstream, upgrade: str
) -> None:
    reader, writer = await asyncio.open_connection(*proxy.app.data_address)
    try:
        for _ in range(2):
            writer.write(
                f"GET /v1/files HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n"
                "Halfpenny-Tags: a=b\r\n\r\n".encode()
            )
            async with asyncio.timeout(5):
                head = await reader.readuntil(b"\r\n\r\n")
            assert b"Cache-Status: halfpenny; fwd=bypass" in head
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
    finally:
        writer.close()
        await writer.wait_closed()
    assert len(upstream.calls) == 2
    assert not [n for call in upstream.calls for n, _ in call.headers if n.lower().startswith(("halfpenny", "upgrade"))]


async def test_a_refused_websocket_is_passed_on_and_counted(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await proxy.session.ws_connect(proxy.url + "/v1/not-a-socket")
    assert refused.value.status == 200
    report = await proxy.report()
    assert report.requests == 1


async def test_the_end_of_the_drain_cuts_streams_as_failures(
    serve: Serve, upstream: ScriptedUpstream, loop_guard: BlockBuster
) -> None:
    proxy = await serve(one_backend(upstream).replace("[server]", '[server]\ndrain_timeout = "200ms"'))
    async with raw_client(proxy) as client:
        await client.send(body("Long [[chunks=200 gap=0.05]]", stream=True))
        await client.read_until(b'"content":')
        loop_guard.deactivate()
        stopping = asyncio.create_task(proxy.app.stop())
        async with asyncio.timeout(10):
            rest = await client.reader.read()
        await stopping
    assert b'"code":"shutting_down"' in rest
    assert b"[DONE]" not in rest
    assert not rest.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(
    ("fields", "events"),
    [
        ({"n": 2}, None),
        ({}, [b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n', b"data: [DONE]\n\n"]),
    ],
)
async def test_an_odd_but_finished_stream_ends_cleanly_and_is_not_stored(
    serve: Serve, fields: dict[str, Any], events: list[bytes] | None, own_upstream: "OwnUpstream"
) -> None:
    own_upstream.events = events or [
        b'data: {"choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n',
        b"data: [DONE]\n\n",
    ]
    proxy = await serve(own_upstream.configuration())
    for _ in range(2):
        answer = await proxy.chat("Odd", stream=True, **fields)
        assert answer.body.endswith(b"data: [DONE]\n\n")
        assert streamed_text(answer.body) == "hi"
    assert own_upstream.calls == 2


async def test_an_empty_stream_is_not_stored(serve: Serve, own_upstream: "OwnUpstream") -> None:
    own_upstream.events = [b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n', b"data: [DONE]\n\n"]
    proxy = await serve(own_upstream.configuration())
    for _ in range(2):
        await proxy.chat("Nothing", stream=True)
    assert own_upstream.calls == 2


async def test_a_heartbeat_does_not_wait_for_the_next_event(serve: Serve, own_upstream: "OwnUpstream") -> None:
    own_upstream.events = [
        b'data: {"choices":[{"index":0,"delta":{"content":"hi"}}]}\n\n',
        b": ping\n",
        b"",
    ]
    proxy = await serve(own_upstream.configuration())
    async with raw_client(proxy) as client:
        await client.send(body("Alive?", stream=True))
        await client.read_until(b": ping\n")


async def test_duplicate_keys_are_never_cached(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    twice = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"a"}],"messages":[{"role":"user","content":"b"}]}'
    for _ in range(2):
        answer = await proxy.post("/v1/chat/completions", twice)
        assert "detail=stateful" in answer.cache
    assert len(upstream.calls) == 2
    assert upstream.calls[0].body == twice


async def test_reloading_with_the_cache_off_means_no_hits(serve: Serve, upstream: ScriptedUpstream, tmp_path: Any) -> None:
    path = tmp_path / "config.toml"
    proxy = await serve(one_backend(upstream), path=path)
    await proxy.chat("Kept?")
    assert "hit" in (await proxy.chat("Kept?")).cache
    path.write_text(path.read_text() + "[cache.exact]\nenabled = false\n")
    await proxy.app.reload()
    assert "fwd=bypass" in (await proxy.chat("Kept?")).cache


async def test_a_configuration_no_backend_takes_is_refused_and_the_watcher_lives(
    serve: Serve, upstream: ScriptedUpstream, tmp_path: Any
) -> None:
    from halfpenny.proxy.config import ConfigError

    path = tmp_path / "config.toml"
    proxy = await serve(one_backend(upstream), path=path)
    good = path.read_text()
    path.write_text(good.replace(upstream.base_url, "http://user:secret@h/v1"))
    with pytest.raises(ConfigError, match="up"):
        await proxy.app.reload()
    path.write_text(good + '[cache]\nttl = "2h"\n')
    await until(lambda: proxy.app.runtime.config.cache.ttl == 7200, timeout_s=10)


async def test_a_route_may_refuse_sampled_answers(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, '[[routes]]\nname = "fresh"\nsampled = false\n'))
    assert (await proxy.chat("Warm")).cache == "halfpenny; fwd=bypass; detail=sampled"
    assert (await proxy.chat("Cold", temperature=0)).cache == "halfpenny; fwd=uri-miss; stored"


async def test_an_empty_head_that_breaks_is_billed_as_estimated(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, "[retry]\nattempts = 0\n"))
    await proxy.chat("Broken off [[cut=0]]", stream=True)
    report = await proxy.report()
    assert float(report.spend_usd) * 1e12 == pytest.approx(upstream.billed_pico_usd, abs=1e6)
    assert report.estimated_rows == 1


class OwnUpstream:
    """A raw server that sends exactly these events, for streams that no scripted upstream would send."""

    def __init__(self) -> None:
        self.events: list[bytes] = []
        self.calls = 0
        self.server: asyncio.Server | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            self.calls += 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            for event in self.events:
                if not event:
                    await asyncio.sleep(60)
                writer.write(b"%x\r\n%s\r\n" % (len(event), event))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
        except (asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def configuration(self) -> str:
        assert self.server is not None
        port = self.server.sockets[0].getsockname()[1]
        return (
            '[server]\nlisten = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\n[cache.semantic]\nenabled = false\n'
            "[retry]\nattempts = 0\n"
            f'[[backends]]\nname = "up"\nkind = "openai"\nbase_url = "http://127.0.0.1:{port}/v1"\n'
        )


@pytest.fixture
async def own_upstream() -> AsyncIterator[OwnUpstream]:
    own = OwnUpstream()
    own.server = await asyncio.start_server(own.serve, "127.0.0.1", 0)
    yield own
    own.server.close()


def test_a_script_is_what_it_says() -> None:
    assert Script.of("[[cut=0]]").cut == 0
