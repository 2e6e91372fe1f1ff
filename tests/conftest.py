"""Fixtures shared by all rings: a running proxy, a scripted upstream, a guard against blocking calls on the loop."""

import asyncio
import contextlib
import dataclasses
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from blockbuster import BlockBuster
from yarl import URL

import halfpenny.backends
import halfpenny.ledger
import halfpenny.proxy
import halfpenny.router
import halfpenny.semantic_cache
import halfpenny.storage
from halfpenny.ledger.report import explain, report
from halfpenny.proxy.app import App
from halfpenny.proxy.config import parse
from tests.upstream import ScriptedUpstream


@dataclasses.dataclass
class Proxy:
    """A running proxy and the few things that a test asks of it."""

    app: App
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        host, port = self.app.data_address
        return f"http://{host}:{port}"

    @property
    def admin(self) -> str:
        host, port = self.app.admin_address
        return f"http://{host}:{port}"

    async def chat(self, text: str = "", *, headers: dict[str, str] | None = None, **fields: Any) -> "Answer":
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **fields}
        return await self.post("/v1/chat/completions", msgspec.json.encode(body), headers=headers)

    async def post(self, path: str, body: bytes, *, headers: dict[str, str] | None = None) -> "Answer":
        given = {"Content-Type": "application/json", "Authorization": "Bearer test-key", **(headers or {})}
        async with self.session.post(URL(self.url + path, encoded=True), data=body, headers=given) as reply:
            return Answer(reply.status, dict(reply.headers), await reply.read())

    async def get(self, path: str, *, admin: bool = False) -> "Answer":
        async with self.session.get((self.admin if admin else self.url) + path) as reply:
            return Answer(reply.status, dict(reply.headers), await reply.read())

    async def rows(self, request_id: str) -> list[dict[str, Any]]:
        assert await self.app.writer.flush(5)
        return await explain(self.app.engine, request_id)

    async def report(self) -> Any:
        from datetime import UTC, datetime, timedelta

        assert await self.app.writer.flush(5)
        now = datetime.now(UTC)
        return await report(self.app.engine, now - timedelta(hours=1), now + timedelta(hours=1))


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def cache(self) -> str:
        return self.headers["Cache-Status"]

    @property
    def request_id(self) -> str:
        return self.headers["Halfpenny-Request-Id"]

    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def text(self) -> str:
        content: str = self.json()["choices"][0]["message"]["content"]
        return content


def one_backend(upstream: ScriptedUpstream, more: str = "") -> str:
    """A configuration with the scripted upstream as the only backend."""
    return textwrap.dedent(f"""
        [server]
        listen = "127.0.0.1:0"
        admin = "127.0.0.1:0"
        [cache.semantic]
        embedder = "hashing"
        [[backends]]
        name = "up"
        kind = "openai"
        base_url = "{upstream.base_url}"
        [[prices]]
        model = "gpt-4o-mini"
        input_usd_per_mtok = "0.15"
        output_usd_per_mtok = "0.60"
        [[prices]]
        model = "gpt-4o"
        input_usd_per_mtok = "2.5"
        output_usd_per_mtok = "10"
    """) + textwrap.dedent(more)


Serve = Callable[..., Any]


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as running:
        yield running


@pytest.fixture
async def serve(tmp_path: Path, loop_guard: BlockBuster) -> AsyncIterator[Serve]:
    """`await serve(config_text)` -> Proxy; all are stopped at the end."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(text: str, *, path: Path | None = None, environment: dict[str, str] | None = None) -> Proxy:
            if "[store]" not in text:
                text = f'[store]\nurl = "sqlite+aiosqlite:///{tmp_path}/halfpenny.db"\n' + text
            if path is not None:
                path.write_text(text)
            app = App(parse(text), path, environment)
            await app.start()
            stack.push_async_callback(app.stop)
            if app.services.neighbours is not None:
                async with asyncio.timeout(30):
                    await app.services.neighbours.wait_ready()
                semantic = app.services.semantic
                async with asyncio.timeout(30):
                    while semantic is not None and not semantic.started:
                        await asyncio.sleep(0.01)
            session = aiohttp.ClientSession(auto_decompress=False)
            stack.push_async_callback(session.close)
            loop_guard.activate()
            return Proxy(app, session)

        yield start
        loop_guard.deactivate()


@pytest.fixture
async def proxy(serve: Serve, upstream: ScriptedUpstream) -> Proxy:
    running: Proxy = await serve(one_backend(upstream))
    return running


@pytest.fixture
def loop_guard() -> Iterator[BlockBuster]:
    """Fails the test on a blocking call (file, sqlite3, sleep, socket) of ours on the event loop, while it is active.

    It does not see CPU work. Start and stop may block; the spool may, on purpose: one write() into the page cache.
    """
    modules = [halfpenny.proxy, halfpenny.router, halfpenny.semantic_cache, halfpenny.backends, halfpenny.ledger]
    guard = BlockBuster([*modules, halfpenny.storage])
    for function in guard.functions.values():
        function.can_block_in("spool.py", {"append", "adopt", "retire", "_next_segment", "_cut_back", "oldest"})
    yield guard
    with contextlib.suppress(Exception):
        guard.deactivate()
