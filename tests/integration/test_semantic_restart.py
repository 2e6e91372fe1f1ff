"""What the semantic cache has learnt survives a restart and `kill -9`: calibrator, groups and bound."""

import asyncio
import contextlib
import dataclasses
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from halfpenny.proxy import semantic as semantic_module
from tests.conftest import Answer, Proxy, Serve
from tests.integration.test_semantic_live import (
    Oracle,
    ask_all,
    config,
    learnt,
    neighbours,
    running,
    started,
    state,
    support,
)


@pytest.fixture
async def oracle() -> AsyncIterator[Oracle]:
    async with running(Oracle()) as found:
        yield found


async def saved(proxy: Proxy) -> None:
    await learnt(proxy)
    await proxy.app.services.semantic.save()
    assert await proxy.app.writer.flush(5)


async def test_a_restart_forgets_nothing(serve: Serve, oracle: Oracle, loop_guard: Any) -> None:
    first = await started(serve, config(oracle))
    prompts = support(3)
    await ask_all(first, oracle, prompts[:150])
    await saved(first)
    before = await state(first)
    assert before["labels"] > 10
    assert before["groups"] > 0
    loop_guard.deactivate()
    await first.app.stop()
    second = await started(serve, config(oracle))
    await ask_all(second, oracle, prompts[150:151])
    after = await state(second)
    check(before, after)


def check(before: dict[str, Any], after: dict[str, Any]) -> None:
    """As before, but for the one request more that made the namespace be read."""
    assert after["namespace"] == before["namespace"]
    assert before["requests"] <= after["requests"] <= before["requests"] + 1
    assert after["hits"] + after["reasked"] >= before["hits"] + before["reasked"]
    assert 0 <= after["labels"] - before["labels"] <= 3
    assert 0 <= after["groups"] - before["groups"] <= 1
    assert after["threshold"] == pytest.approx(before["threshold"], abs=0.05)
    assert after["upper"] == pytest.approx(before["upper"], rel=0.05)
    assert after["spent"] == pytest.approx(before["spent"], abs=0.5)
    assert after["alarm"] == before["alarm"]


async def test_what_was_not_read_before_a_restart_is_read_after_it(
    serve: Serve, oracle: Oracle, loop_guard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A burst at the start, before the models are there: 40 entries, and the process ends before it comes to them. What
    was withdrawn meanwhile stays withdrawn; the event loop is never held up (`loop_guard`)."""
    texts = [f"What is the capital of the country number {number}?" for number in range(40)]
    first = await started(serve, config(oracle))
    with monkeypatch.context() as patch:
        patch.setattr(semantic_module, "LATE_PER_S", 0.001)
        first.app.services.semantic.reason = "not started yet"
        for text in texts:
            await first.chat(text)
        first.app.services.semantic.reason = ""
        gone = await first.chat("Who painted the Mona Lisa?")
        await learnt(first)
        await neighbours(first, 1)
        said = msgspec.json.encode({"request_id": gone.request_id, "verdict": "wrong"})
        await first.post("/halfpenny/feedback", said)
        await saved(first)
        loop_guard.deactivate()
        await first.app.stop()
    second = await started(serve, config(oracle))
    begun_s = time.monotonic()
    await neighbours(second, 40)
    assert time.monotonic() - begun_s >= 40 / semantic_module.LATE_PER_S * 0.8, "the rate is bounded"
    assert len(second.app.services.semantic.neighbours) == 40
    answer = await second.chat("Hello, what is the capital of the country number 7?")
    assert "detail=semantic" in answer.cache
    assert answer.text == oracle.answer(texts[7])
    assert await second.app.writer.flush(5)
    name = second.app.services.semantic.neighbours.embedder_name
    # it was written down: a third process has nothing left to read
    assert await second.app.services.cache.sql.unread(name, "", time.time(), 100) == []
    assert len([entry async for entry in second.app.services.cache.scan(time.time())]) == 40


@dataclasses.dataclass
class Process:
    """A proxy in a process of its own."""

    port: int
    admin: int
    session: aiohttp.ClientSession

    async def chat(self, text: str) -> Answer:
        body = {"model": "gpt-4o-mini", "temperature": 0, "messages": [{"role": "user", "content": text}]}
        headers = {"Authorization": "Bearer test-key"}
        url = f"http://127.0.0.1:{self.port}/v1/chat/completions"
        async with self.session.post(url, json=body, headers=headers) as reply:
            return Answer(reply.status, dict(reply.headers), await reply.read())

    async def semantic(self) -> dict[str, Any]:
        async with self.session.get(f"http://127.0.0.1:{self.admin}/api/cache") as reply:
            found: dict[str, Any] = (await reply.json())["semantic"]
            return found

    async def ready(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                found = await self.semantic()
                if found["reason"] != "not started yet":
                    assert found["rule"] == "learned", found["reason"]
                    return
            await asyncio.sleep(0.1)
        raise AssertionError("the proxy does not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_kill_9_forgets_next_to_nothing(oracle: Oracle, tmp_path: Path) -> None:
    ports = free_port(), free_port()
    text = config(oracle).replace('"127.0.0.1:0"', f'"127.0.0.1:{ports[0]}"', 1)
    text = text.replace('"127.0.0.1:0"', f'"127.0.0.1:{ports[1]}"', 1)
    file = tmp_path / "config.toml"
    file.write_text(f'[store]\nurl = "sqlite+aiosqlite:///{tmp_path}/killed.db"\n{text}')
    command = (sys.executable, "-m", "halfpenny", "serve", "--config", str(file))
    prompts = support(4)
    shown = []
    async with aiohttp.ClientSession() as session:
        proxy = Process(*ports, session)
        for part in (prompts[:120], prompts[120:121]):
            process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL, cwd=tmp_path)
            try:
                await proxy.ready()
                for prompt in part:
                    oracle.classes[prompt.text] = prompt.cls
                    assert (await proxy.chat(prompt.text)).status == 200
                await asyncio.sleep(0.5)
                ((namespace,),) = [(await proxy.semantic())["namespaces"]]
                shown.append(namespace)
            finally:
                process.send_signal(signal.SIGKILL)
                await process.wait()
    before, after = shown
    assert before["labels"] > 10
    assert after["namespace"] == before["namespace"]
    # labels and groups are written at once, counts with each label, the bound with each re-ask
    assert 0 <= after["labels"] - before["labels"] <= 3
    assert 0 <= after["groups"] - before["groups"] <= 1
    assert before["reasked"] <= after["reasked"] <= before["reasked"] + 1
    assert before["requests"] * 0.5 <= after["requests"] <= before["requests"] + 1
    assert after["upper"] > 0
