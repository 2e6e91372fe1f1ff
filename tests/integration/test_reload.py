"""Hot reload through the file: applied without dropping a request, refused as a whole, visible either way."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.conftest import Proxy, Serve, one_backend
from tests.upstream import ScriptedUpstream, answer_to


async def until(done: Callable[[], bool], what: str, timeout_s: float = 5.0) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            while not done():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"never came true: {what}") from None


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.fixture
async def other() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as running:
        yield running


def rejected(proxy: Proxy) -> float:
    value = proxy.app.metrics.registry.get_sample_value("halfpenny_config_rejected_total")
    assert value is not None
    return value


async def stream(proxy: Proxy, text: str, started: asyncio.Event) -> str:
    """Read a streamed answer to its end; `started` is set at the first event."""
    body = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": text}]}
    words = ""
    async with proxy.session.post(proxy.url + "/v1/chat/completions", json=body) as reply:
        assert reply.status == 200
        async for line in reply.content:
            data = line.removeprefix(b"data: ").strip()
            if data and data != b"[DONE]":
                words += "".join(c["delta"].get("content") or "" for c in json.loads(data)["choices"])
                started.set()
    return words


async def test_a_saved_change_moves_new_requests_and_keeps_the_stream(
    serve: Serve, upstream: ScriptedUpstream, other: ScriptedUpstream, file: Path
) -> None:
    proxy = await serve(one_backend(upstream), path=file)
    before = proxy.app.runtime
    text = "A long one [[chunks=60 gap=0.05]]"
    started = asyncio.Event()
    reading = asyncio.create_task(stream(proxy, text, started))
    await started.wait()
    file.write_text(file.read_text().replace(upstream.base_url, other.base_url))
    await until(lambda: proxy.app.runtime is not before, "the file was read again")
    assert not reading.done()
    assert before.uses.count == 2  # the client and its flight
    assert (await proxy.chat("Where does this go?")).status == 200
    assert len(other.calls) == 1
    assert await reading == answer_to(text, 60)
    assert upstream.calls[0].finished_at is not None
    text_of_metrics = (await proxy.get("/metrics", admin=True)).body.decode()
    assert f'halfpenny_config_info{{sha="{proxy.app.runtime.sha}"}} 1.0' in text_of_metrics
    assert before.sha not in text_of_metrics


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text[: text.index("[[backends]]") + 30], "config.toml: "),
        (lambda text: text.replace("base_url", "bsae_url"), "did you mean 'backends[0].base_url'?"),
        (lambda text: text + '[[routes]]\nname = "r"\npolicy = "difficulty"\n', "routes"),
        (lambda text: text + "[retry]\nattempts = -1\n", "retry.attempts: expected 0 or more"),
    ],
    ids=["half-written", "unknown key", "bad route", "bad value"],
)
async def test_a_bad_change_is_refused_and_said(
    serve: Serve,
    upstream: ScriptedUpstream,
    file: Path,
    caplog: pytest.LogCaptureFixture,
    change: Callable[[str], str],
    reason: str,
) -> None:
    proxy = await serve(one_backend(upstream), path=file)
    good, before = file.read_text(), proxy.app.runtime
    file.write_text(change(good))
    with caplog.at_level(logging.INFO):
        await until(lambda: rejected(proxy) == 1, "the change was refused")
        assert proxy.app.runtime is before
        assert (await proxy.chat("Still served?")).status == 200
        ready = await proxy.get("/readyz", admin=True)
        assert ready.status == 200
        (said,) = ready.json()["degraded"]
        assert said.startswith("configuration: the changed file was refused: ")
        assert reason in said
        assert reason in caplog.text
        # the good file again: applied, and no longer degraded
        file.write_text(good + "[retry]\nattempts = 1\n")
        await until(lambda: proxy.app.runtime is not before, "the good file was applied")
    assert (await proxy.get("/readyz", admin=True)).json()["degraded"] == []
    assert rejected(proxy) == 1


async def test_a_file_that_is_gone_changes_nothing(serve: Serve, upstream: ScriptedUpstream, file: Path) -> None:
    proxy = await serve(one_backend(upstream), path=file)
    before, text = proxy.app.runtime, file.read_text()
    file.unlink()
    answer = await proxy.session.post(proxy.admin + "/api/config/reload")
    assert answer.status == 400
    assert "cannot be read" in (await answer.json())["error"]
    assert proxy.app.runtime is before
    # editors replace a file by a new one of that name
    fresh = file.with_suffix(".new")
    fresh.write_text(text + "[retry]\nattempts = 0\n")
    fresh.rename(file)
    await until(lambda: proxy.app.runtime is not before, "the new file was read")
    assert proxy.app.runtime.config.retry.attempts == 0


async def test_fifty_reloads_under_load_fail_no_request(
    serve: Serve, upstream: ScriptedUpstream, other: ScriptedUpstream, file: Path
) -> None:
    proxy = await serve(one_backend(upstream), path=file)
    texts = [one_backend(upstream), one_backend(other)]
    stop = asyncio.Event()
    statuses: list[Any] = []

    async def caller(number: int) -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            try:
                answer = await proxy.chat(f"Caller {number} turn {turn} [[gap=0.002]]", stream=turn % 2 == 0)
                statuses.append(answer.status)
            except aiohttp.ClientError as error:
                statuses.append(repr(error))

    callers = [asyncio.create_task(caller(number)) for number in range(6)]
    before = file.read_text().split("[server]")[0]
    for turn in range(50):
        file.write_text(before + texts[(turn + 1) % 2])
        seen = len(statuses)
        await proxy.app.reload()
        await until(lambda seen=seen: len(statuses) > seen + 2, "requests go on")  # type: ignore[misc]
    stop.set()
    await asyncio.gather(*callers)
    assert [status for status in statuses if status != 200] == []
    assert len(statuses) > 150
    assert upstream.calls
    assert other.calls
    report = await proxy.report()
    assert report.requests == len(statuses)
    # every backend that was replaced has been closed, and only the last is left
    await until(lambda: upstream.open_calls == other.open_calls == 0, "no call is left open")


async def test_what_needs_a_restart_is_named(
    serve: Serve, upstream: ScriptedUpstream, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    proxy = await serve(one_backend(upstream), path=file)
    text = file.read_text().replace("[server]", '[server]\nkeep_alive = "7s"')
    text = text.replace("[store]", "[store]\ndurable = true")
    file.write_text(text + '[telemetry]\nlog_level = "debug"\n')
    with caplog.at_level(logging.WARNING):
        async with proxy.session.post(proxy.admin + "/api/config/reload") as answer:
            assert (await answer.json())["needs_restart"] == ["server", "store", "telemetry"]
    for section in ("server", "store", "telemetry"):
        assert f"[{section}] changed: takes effect at the next start" in caplog.text


async def test_limits_of_the_server_change_at_once(serve: Serve, upstream: ScriptedUpstream, file: Path) -> None:
    proxy = await serve(one_backend(upstream), path=file)
    assert (await proxy.chat("x" * 3000)).status == 200
    file.write_text(file.read_text().replace("[server]", '[server]\nbody_limit = "2KB"'))
    assert await proxy.app.reload() == []
    assert (await proxy.chat("x" * 3001)).status == 413


async def test_a_removed_backend_is_closed_after_its_last_request(
    serve: Serve, upstream: ScriptedUpstream, other: ScriptedUpstream, file: Path
) -> None:
    proxy = await serve(one_backend(upstream), path=file)
    old = proxy.app.runtime.slots["up"]
    started = asyncio.Event()
    reading = asyncio.create_task(stream(proxy, "Hold on [[chunks=30 gap=0.05]]", started))
    await started.wait()
    file.write_text(file.read_text().replace('name = "up"', 'name = "new"').replace(upstream.base_url, other.base_url))
    await proxy.app.reload()
    assert set(proxy.app.runtime.slots) == {"new"}
    assert (await proxy.chat("The new one answers")).headers["Halfpenny-Served-By"] == "new/gpt-4o-mini"
    assert "closed" not in repr(old.backend)
    assert await reading == answer_to("Hold on [[chunks=30 gap=0.05]]", 30)
    await until(lambda: "closed" in repr(old.backend), "the removed backend was closed")
    assert old is not proxy.app.runtime.slots.get(old.section.name)


async def test_a_key_that_appears_switches_its_backend_on(
    serve: Serve, upstream: ScriptedUpstream, file: Path
) -> None:
    environment: dict[str, str] = {}
    text = one_backend(upstream).replace('kind = "openai"', 'kind = "openai"\napi_key_env = "HP_KEY"')
    proxy = await serve(text, path=file, environment=environment)
    refused = await proxy.chat("Too early")
    assert refused.status >= 400
    environment["HP_KEY"] = "sk-now-there"
    await proxy.app.reload()
    assert (await proxy.chat("Now")).status == 200
    assert upstream.calls[0].header("Authorization") == "Bearer sk-now-there"
    del environment["HP_KEY"]
    await proxy.app.reload()
    assert (await proxy.chat("Gone again")).status >= 400


async def test_an_unchanged_backend_keeps_its_connections(
    serve: Serve, upstream: ScriptedUpstream, file: Path
) -> None:
    proxy = await serve(one_backend(upstream), path=file)
    await proxy.chat("Before")
    backend = proxy.app.runtime.slots["up"].backend
    file.write_text(file.read_text() + '[cache]\nttl = "1h"\n')
    await proxy.app.reload()
    assert proxy.app.runtime.slots["up"].backend is backend
    await proxy.chat("After")
    assert len({call.client_port for call in upstream.calls}) == 1
