"""How late the event loop runs under semantic requests, beside the same load without the semantic cache.

    python -m benchmarks.stall [--rate 100] [--seconds 5] [--rounds 4] [--data ../shared/data/semantic] [--switch MS]

Two proxies share one process and one event loop; only the first has a semantic cache. A second process is the upstream
and sends `--rate` requests a second, for `--seconds` to the one and then, the same prompts, to the other, so that the
machine's own load meets both alike. No prompt repeats: every request is embedded, searched for, decided on, stored and
learnt from. A third phase, nothing at all, says what the machine does to an idle loop.

Lateness is that of a 1 ms timer, in milliseconds, pooled over the rounds. `--switch` sets Python's switch interval in
place of the proxy's own.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import quantiles

import aiohttp
import uvloop
from aiohttp import web

from benchmarks.semantic_guards import read_rows
from halfpenny.proxy import collecting
from halfpenny.proxy.app import App
from halfpenny.proxy.config import parse

STREAMS = ("banking77", "clinc150", "nlu_slots")
_SETTLED_S = 0.5


def configuration(folder: str, name: str, upstream: int, *, semantic: bool) -> str:
    return f"""
[server]
listen = "127.0.0.1:0"
admin = "127.0.0.1:0"
[store]
url = "sqlite+aiosqlite:///{folder}/{name}.db"
[cache.semantic]
enabled = {str(semantic).lower()}
[[backends]]
name = "up"
kind = "openai"
base_url = "http://127.0.0.1:{upstream}/v1"
"""


async def started(text: str) -> App:
    app = App(parse(text))
    await app.start()
    semantic = app.services.semantic
    while semantic is not None and not semantic.started:
        await asyncio.sleep(0.05)
    return app


async def lateness(seconds: float, peer: Process | None, order: dict[str, object]) -> list[float]:
    """Milliseconds by which a 1 ms timer is late, while `peer` carries out `order` (None: while nothing happens)."""
    late: list[float] = []
    if peer is not None and peer.stdin is not None:
        peer.stdin.write(json.dumps(order).encode() + b"\n")
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        await asyncio.sleep(0.001)
        late.append(1000 * (time.perf_counter() - begun) - 1)
    if peer is not None and peer.stdout is not None:
        told = json.loads(await peer.stdout.readline())
        if told["failed"]:
            raise RuntimeError(f"{told['failed']} of {told['sent']} requests failed")
        await asyncio.sleep(
            _SETTLED_S
        )  # what is learnt behind the answers belongs to this phase's load, not to the next
    return late


async def measure(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    phases: dict[str, list[float]] = {"semantic": [], "control": [], "idle": []}
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        peer = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.stall", "--peer", "--data", str(options.data), stdin=PIPE, stdout=PIPE
        )
        stack.callback(peer.kill)
        assert peer.stdout is not None
        upstream = int(await peer.stdout.readline())
        apps = {}
        for name in ("semantic", "control"):
            apps[name] = await started(configuration(folder, name, upstream, semantic=name == "semantic"))
            stack.push_async_callback(apps[name].stop)
        collecting.settle()  # as `halfpenny serve` does
        if options.switch:
            sys.setswitchinterval(options.switch / 1000)
        count = int(options.rate * options.seconds)
        for number in range(options.rounds + 1):
            for name, late in phases.items():
                app = apps.get(name)
                order: dict[str, object] = {"rate": options.rate, "first": number * count, "count": count}
                if app is not None:
                    order["port"] = app.data_address[1]
                found = await lateness(options.seconds, peer if app else None, order)
                if number:  # the first round warms up
                    late += found
        semantic = apps["semantic"].services.semantic
        assert semantic is not None
        print(f"indexed: {len(semantic.neighbours)}, lessons dropped: {semantic.dropped}")
    return {name: told(late) for name, late in phases.items()}


def told(late: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(late, n=1000)
    found = {"p50": cuts[499], "p99": cuts[989], "p99.9": cuts[998], "max": max(late)}
    over = sum(one > 5 for one in late) / len(late)
    return {name: round(value, 2) for name, value in found.items()} | {"share_over_5_ms": round(over, 5)}


# the other process


def prompts(data: Path) -> list[str]:
    rows: Iterator[str] = (row["text"] for name in STREAMS for row in read_rows(data, f"{name}_stream_dev", 100_000))
    return list(dict.fromkeys(rows))


async def answer(request: web.Request) -> web.Response:
    text = (await request.json())["messages"][-1]["content"]
    message = {"role": "assistant", "content": f"The answer to that is {len(text)}, {text[:20]}."}
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    told = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    return web.json_response(told)


async def serve_and_send(data: Path) -> None:
    """Be the upstream; carry out orders from stdin, a line each; answer each with a line."""
    texts = prompts(data)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        while line := await asyncio.to_thread(sys.stdin.readline):
            order = json.loads(line)
            failed = await send(session, order, texts[order["first"] :][: order["count"]])
            print(json.dumps({"sent": order["count"], "failed": failed}), flush=True)


async def send(session: aiohttp.ClientSession, order: dict[str, int], texts: Sequence[str]) -> int:
    """At even intervals, whether or not earlier ones are answered; how many were not answered with 200."""
    begun, failed = time.perf_counter(), 0

    async def one(at: int, text: str) -> None:
        nonlocal failed
        await asyncio.sleep(at / order["rate"] - (time.perf_counter() - begun))
        body = {"model": "m", "temperature": 0, "messages": [{"role": "user", "content": text}]}
        url = f"http://127.0.0.1:{order['port']}/v1/chat/completions"
        async with session.post(url, json=body, headers={"authorization": "Bearer k"}) as response:
            await response.read()
            failed += response.status != 200

    await asyncio.gather(*(one(at, text) for at, text in enumerate(texts)))
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stall")
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--switch", type=float, default=0.0)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/semantic"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.ERROR)
    if options.peer:
        asyncio.run(serve_and_send(options.data))
        return 0
    found = uvloop.run(measure(options))
    for name, late in found.items():
        print(name, json.dumps(late))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
