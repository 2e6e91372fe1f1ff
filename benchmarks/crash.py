"""kill -9 under load: `python -m benchmarks.crash [--times 20] [--json]`.

Starts the installed command over a scripted upstream, sends streamed and plain requests from many clients, kills the
process at a random moment, starts it again, and checks: every answer that a client got whole and marked `stored` is an
exact hit with the same text; every request that got an answer has its row in the ledger, and none is left open; the
database passes its check; the next start is ready. Exit code 1 if anything was lost.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from halfpenny.storage.engine import make_engine
from halfpenny.storage.lifecycle import verify
from tests.upstream import ScriptedUpstream

CLIENTS = 24
READY_S = 20.0


class Acknowledged:
    """What clients were promised: request ids, and the texts of answers marked `stored`."""

    def __init__(self) -> None:
        self.requests: set[str] = set()
        self.texts: dict[str, str] = {}
        self.sent = 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configuration(folder: Path, upstream: ScriptedUpstream, listen: int, admin: int) -> Path:
    path = folder / "config.toml"
    path.write_text(f"""
[server]
listen = "127.0.0.1:{listen}"
admin = "127.0.0.1:{admin}"
[store]
url = "sqlite+aiosqlite:///{folder}/halfpenny.db"
[cache.semantic]
enabled = false
[telemetry]
log_level = "warning"
[[backends]]
name = "up"
kind = "openai"
base_url = "{upstream.base_url}"
""")
    return path


async def start(path: Path, admin: int, log: Any) -> tuple[asyncio.subprocess.Process, float]:
    """The process and the seconds until it answered `/readyz`."""
    begun = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "halfpenny", "serve", "--config", str(path), stderr=log, cwd=path.parent
    )
    async with aiohttp.ClientSession() as session:
        while time.perf_counter() - begun < READY_S:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{admin}/readyz") as reply:
                    if reply.status == 200:
                        return process, time.perf_counter() - begun
            await asyncio.sleep(0.02)
    process.kill()
    raise RuntimeError("the proxy was not ready in time")


def text_of(answer: bytes, *, stream: bool) -> str:
    if not stream:
        return str(msgspec.json.decode(answer)["choices"][0]["message"]["content"])
    text = ""
    for event in answer.split(b"\n\n"):
        data = event.removeprefix(b"data: ")
        if data and data != b"[DONE]":
            for choice in msgspec.json.decode(data)["choices"]:
                text += choice["delta"].get("content") or ""
    return text


async def ask(session: aiohttp.ClientSession, url: str, question: str, *, stream: bool) -> tuple[str, str, str]:
    """(Cache-Status, request id, text). Raises aiohttp.ClientError where the answer was not whole."""
    body = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": question}]}
    async with session.post(url, json=body) as reply:
        answer = await reply.read()
        status, number = reply.headers["Cache-Status"], reply.headers["Halfpenny-Request-Id"]
        if reply.status != 200 or (stream and b"[DONE]" not in answer):
            raise aiohttp.ClientPayloadError("no whole answer")
        return status, number, text_of(answer, stream=stream)


async def load(url: str, acknowledged: Acknowledged, rng: random.Random, stop: asyncio.Event) -> None:
    """Clients that ask new questions and old ones until `stop`."""

    async def client(session: aiohttp.ClientSession) -> None:
        while not stop.is_set():
            acknowledged.sent += 1
            known = list(acknowledged.texts)
            repeat = bool(known) and rng.random() < 0.3
            question = rng.choice(known) if repeat else f"Penny number {acknowledged.sent} {rng.random()}"
            try:
                status, number, text = await ask(session, url, question, stream=rng.random() < 0.5)
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(0.005)
                continue
            acknowledged.requests.add(number)
            if "stored" in status:
                acknowledged.texts[question] = text

    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(client(session))


async def check(url: str, acknowledged: Acknowledged, file: Path, latest: list[str]) -> dict[str, int]:
    """Ask again for what was stored lately, and look for the rows."""
    lost_entries = 0
    async with aiohttp.ClientSession() as session:
        for question in latest:
            status, _, text = await ask(session, url, question, stream=False)
            if "detail=exact" not in status or text != acknowledged.texts[question]:
                lost_entries += 1
    return {"entries_checked": len(latest), "entries_lost": lost_entries}


async def rows_of(url: str) -> tuple[set[str], int]:
    """(request ids in the ledger, rows still open)."""
    from sqlalchemy import select

    from halfpenny.storage.engine import reading
    from halfpenny.storage.schema import ledger

    engine = make_engine(url)
    try:
        async with reading(engine) as connection:
            found = (await connection.execute(select(ledger.c.request_id, ledger.c.state))).all()
    finally:
        await engine.dispose()
    return {row.request_id for row in found}, sum(row.state == "open" for row in found)


async def run(times: int, seed: int = 1) -> dict[str, Any]:
    """Kill `times` times; the totals."""
    rng = random.Random(seed)
    acknowledged = Acknowledged()
    totals: dict[str, Any] = {"kills": times, "entries_checked": 0, "entries_lost": 0, "rows_lost": 0, "corrupt": 0}
    starts: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        listen, admin = free_port(), free_port()
        async with ScriptedUpstream() as upstream:
            path = configuration(folder, upstream, listen, admin)
            url = f"http://127.0.0.1:{listen}/v1/chat/completions"
            database = f"sqlite+aiosqlite:///{folder}/halfpenny.db"
            with (folder / "log").open("wb") as log:
                for _ in range(times):
                    before = set(acknowledged.texts)
                    process, seconds = await start(path, admin, log)
                    starts.append(seconds)
                    stop = asyncio.Event()
                    loading = asyncio.create_task(load(url, acknowledged, rng, stop))
                    await asyncio.sleep(rng.uniform(0.3, 1.0))
                    os.kill(process.pid, signal.SIGKILL)
                    await process.wait()
                    stop.set()
                    await loading
                    latest = [question for question in acknowledged.texts if question not in before]
                    process, seconds = await start(path, admin, log)
                    starts.append(seconds)
                    for key, value in (await check(url, acknowledged, folder, latest)).items():
                        totals[key] += value
                    process.send_signal(signal.SIGTERM)
                    if await process.wait() != 0:
                        totals["corrupt"] += 1
                    engine = make_engine(database)
                    totals["corrupt"] += not (await verify(engine)).ok
                    await engine.dispose()
                    found, still_open = await rows_of(database)
                    totals["rows_lost"] += len(acknowledged.requests - found)
                    totals["rows_open"] = still_open
    totals |= {
        "requests_acknowledged": len(acknowledged.requests),
        "answers_stored": len(acknowledged.texts),
        "slowest_start_s": round(max(starts), 2),
        "median_start_s": round(sorted(starts)[len(starts) // 2], 2),
    }
    return totals


def lost(totals: dict[str, Any]) -> bool:
    return any(totals[key] for key in ("entries_lost", "rows_lost", "corrupt", "rows_open"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    totals = asyncio.run(run(options.times, options.seed))
    if options.json:
        print(json.dumps(totals))
    else:
        print("\n".join(f"{name:24} {value}" for name, value in totals.items()))
    return 1 if lost(totals) else 0


if __name__ == "__main__":
    sys.exit(main())
