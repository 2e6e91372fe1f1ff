"""A canary key and a canary prompt go through every failure path at log level debug; then everything is searched."""

import asyncio
import contextlib
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.proxy.logs import set_up
from halfpenny.storage.engine import reading
from tests.conftest import Proxy, Serve, one_backend
from tests.upstream import ScriptedUpstream

CALLERS_KEY = "sk-canary-caller-b41d7c"
OUR_KEY = "sk-canary-own-93aa10"
PROMPT = "xyzzy-canary-prompt-5520"


MARKERS = [
    "",
    "[[status=400]]",
    "[[status=401]]",
    "[[status=500]]",
    "[[flaky=1]]",
    "[[200error]]",
    "[[html502]]",
    "[[cut=2]]",
    "[[cut=-1]]",
    "[[rst=1]]",
    "[[end=2]]",
    "[[sse_error=1]]",
    "[[stall=-1]]",
    "[[retry_after=0.01]]",
]


async def walk(proxy: Proxy) -> list[bytes]:
    """Every failure path; the bodies of errors that the proxy worded itself."""
    worded = []
    given = {"Authorization": f"Bearer {CALLERS_KEY}", "x-api-key": CALLERS_KEY}
    for marker in MARKERS:
        for stream in (True, False):
            proxy.app.runtime.slots["up"].breaker.success()  # or it would rest after the first failures
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                answer = await proxy.chat(f"{PROMPT} {marker} {stream}", stream=stream, headers=given)
                if "Halfpenny-Error" in answer.headers:
                    worded.append(answer.body)
    bad = (
        ("/v1/chat/completions", f'{{"model": "m", "messages": "{PROMPT}"'.encode()),
        ("/v1/chat/completions", f'{{"model": 4, "messages": "{PROMPT}"}}'.encode()),
        ("/v1/embeddings", f'{{"model": 4, "input": ["{PROMPT}"]}}'.encode()),
        ("/v1/chat/completions", (PROMPT * 3000).encode()),
        ("/v1/nonesuch", PROMPT.encode()),
    )
    for path, body in bad:
        answer = await proxy.post(path, body, headers=given)
        if "Halfpenny-Error" in answer.headers:
            worded.append(answer.body)
    # a client that leaves in the middle
    leaving = asyncio.create_task(proxy.chat(f"{PROMPT} [[chunks=50 gap=0.05]]", stream=True, headers=given))
    await asyncio.sleep(0.1)
    leaving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await leaving
    # a configuration that names the key where only its name belongs
    assert proxy.app.path is not None
    good = proxy.app.path.read_text()
    proxy.app.path.write_text(good.replace('kind = "openai"', f'kind = "openai"\napi_key = "{OUR_KEY}"'))
    async with proxy.session.post(proxy.admin + "/api/config/reload") as refused:
        assert refused.status == 400
        worded.append(await refused.read())
    proxy.app.path.write_text(good)
    return worded


@contextlib.contextmanager
def logged() -> Iterator[io.StringIO]:
    """All that the command would write to stderr at log level debug."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    set_up("debug", "json")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    stream = io.StringIO()
    handler.setStream(stream)
    try:
        yield stream
    finally:
        root.handlers[:], root.level = before


@pytest.mark.parametrize("own_key", [True, False])
async def test_no_key_and_no_prompt_leaks(
    serve: Serve,
    upstream: ScriptedUpstream,
    tmp_path: Path,
    own_key: bool,
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    config = one_backend(upstream, f'[store]\nurl = "sqlite+aiosqlite:///{folder}/halfpenny.db"\n')
    limits = 'first_byte_timeout = "300ms"\nidle_timeout = "300ms"'
    key = 'api_key_env = "HP_KEY"\n' if own_key else ""
    config = config.replace('kind = "openai"', f'kind = "openai"\n{key}{limits}')
    config = config.replace("[server]", '[server]\nbody_limit = "16KB"')
    with logged() as log:
        proxy = await serve(config, path=tmp_path / "config.toml", environment={"HP_KEY": OUR_KEY})
        bodies = await walk(proxy)
        sent = {call.header("Authorization") for call in upstream.calls}
        assert sent == {f"Bearer {OUR_KEY if own_key else CALLERS_KEY}"}
        assert len(bodies) > 10
        shown = {
            path: (await proxy.get(path, admin=True)).body
            for path in ("/metrics", "/readyz", "/api/requests?limit=1000", "/api/config", "/api/routes", "/")
        }
        assert await proxy.app.writer.flush(5)
    keys = [CALLERS_KEY.encode(), OUR_KEY.encode()]
    written = log.getvalue()
    assert "configuration refused" in written
    assert logging.getLogger().level != logging.DEBUG, "only the captured part is that noisy"
    for secret in (*keys, PROMPT.encode()):
        assert secret not in written.encode(), found_in(written, secret.decode())
        for path, body in shown.items():
            assert secret not in body, path
    for body in bodies:
        assert not any(secret in body for secret in keys), body
    for file in folder.rglob("*"):
        if file.is_file():
            assert not any(secret in file.read_bytes() for secret in keys), file
    await ledger_has_no_text(proxy.app.engine)


def found_in(text: str, secret: str) -> str:
    return "\n".join(line for line in text.splitlines() if secret in line)[:2000]


async def ledger_has_no_text(engine: AsyncEngine) -> None:
    """Answers and their prompts are kept in `entries` by design; no other table has a word of them."""
    async with reading(engine) as connection:
        names = (await connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))).scalars()
        tables = sorted(set(names) - {"entries"})
        assert "ledger" in tables
        for table in tables:
            rows = (await connection.execute(text(f"SELECT * FROM {table}"))).mappings().all()
            assert table != "ledger" or len(rows) > 20
            for row in rows:
                assert PROMPT not in msgspec.json.encode(dict(row), enc_hook=repr).decode(), (table, dict(row))
