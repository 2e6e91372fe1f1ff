"""What bad and large bodies cost everybody else: `python -m benchmarks.bad_input [--only NAME] [--json]`.

For each payload a proxy of its own (a fresh process with the default limits, over an upstream that reads nothing),
whose event loop also runs a heartbeat. The longest time between two beats, less the pause asked for, is the stall. On
a busy machine a beat also comes late because other processes had the cores; while the loop is held up by our own work,
the process uses its core. So a gap counts by the smaller of the clock's time and the process's CPU time in it (both are
printed: `stall`, and `clock` for the clock's time alone).
Memory is the peak of the resident set while the payload is served, less what it was before, as a multiple of
`server.body_limit`. Exit code 1 if a stall reaches 100 ms or the memory twice the limit.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvloop

from halfpenny.proxy.app import App
from halfpenny.proxy.config import parse

MIB = 1 << 20
STALL_MS = 100.0
MEMORY = 2.0
BEAT_S = 0.001
SIZE = 30 * MIB
ANSWER = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Yes."}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
).encode()


def chat(more: bytes) -> bytes:
    return b'{"model":"m","messages":[{"role":"user","content":"hi"}],"x":' + more + b"}"


def many(piece: bytes, size: int) -> bytes:
    return chat(b"[" + piece * (size // len(piece)) + b"1]")


def picture(size: int) -> bytes:
    return (
        b'{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"What is this?"},'
        b'{"type":"image_url","image_url":{"url":"data:image/png;base64,' + b"iVBORw0K" * (size // 8) + b'"}}]}]}'
    )


def tokens(count: int) -> bytes:
    return b'{"model":"m","input":[' + b",".join(b"%d" % (50_000 + at % 50_000) for at in range(count)) + b"]}"


def messages(size: int) -> bytes:
    turn = b'{"role":"user","content":"%s"},{"role":"assistant","content":"%s"},' % (
        b"so, then: " * 40,
        b"well, no. " * 40,
    )
    return b'{"model":"m","messages":[' + turn * (size // len(turn)) + b'{"role":"user","content":"hi"}]}'


PAYLOADS: dict[str, Callable[[], bytes]] = {
    "small": lambda: chat(b"1"),
    "one string of 30 MB": lambda: chat(b'"' + b"A" * SIZE + b'"'),
    "a picture of 30 MB": lambda: picture(SIZE),
    "a picture of 7 MB": lambda: picture(7 * MIB),
    "1,000,000 token ids": lambda: tokens(1_000_000),
    "conversation of 1 MB": lambda: messages(MIB),
    "conversation of 7 MB": lambda: messages(7 * MIB),
    "conversation of 30 MB": lambda: messages(SIZE),
    "1,000,000 empty objects": lambda: many(b"{},", 3_000_000),
    "30 MB of empty objects": lambda: many(b"{},", SIZE),
    "250 KB of empty objects": lambda: many(b"{},", 250_000),
    "1 MB of empty objects": lambda: many(b"{},", MIB),
    "1,000,000 short numbers": lambda: many(b"1,", 2_000_000),
    "30 MB of short numbers": lambda: many(b"1,", SIZE),
    "30 MB of floats": lambda: many(b"0.12345678901234567,", SIZE),
    "30 MB of empty strings": lambda: many(b'"",', SIZE),
    "30 MB of brackets": lambda: many(b"[[[[]]]],", SIZE),
    "30 MB of opening brackets": lambda: chat(b"[" * SIZE),
    "100,000 levels": lambda: chat(b"[" * 100_000 + b"]" * 100_000),
    "100,000 keys": lambda: chat(b"1," + b",".join(b'"k%d":1' % at for at in range(100_000))),
    "30 MB of keys": lambda: chat(b"1," + b",".join(b'"k%07d":1' % at for at in range(SIZE // 13))),
    "30 MB of escapes": lambda: chat(b'"' + b"\\n" * (SIZE // 2) + b'"'),
    "30 MB of escaped quotes": lambda: chat(b'"' + b'\\"' * (SIZE // 2) + b'"'),
    "30 MB of blanks": lambda: chat(b" " * SIZE + b"1"),
    "7 MB of blanks": lambda: chat(b" " * (7 * MIB) + b"1"),
    "a number of 30 MB": lambda: chat(b"1" * SIZE),
    "2,000 numbers of 4,000 digits": lambda: many(b"7" * 4000 + b",", 8_000_000),
    "60 numbers of 4,000 digits": lambda: many(b"7" * 4000 + b",", 240_000),
    "30 MB of UTF-8": lambda: chat(b'"' + "é".encode() * (SIZE // 2) + b'"'),
    "7 MB of NaN": lambda: many(b"NaN,", 7 * MIB),
    "7 MB, a key twice": lambda: chat(b'"' + b"A" * (7 * MIB) + b'","x":1'),
    "100 MB": lambda: chat(b'"' + b"A" * 100_000_000 + b'"'),
}


# the upstream


def serve_upstream(listener: socket.socket) -> None:
    """Reads whole requests, looks at nothing, answers the same."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                left = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                while left > 0:
                    left -= len(await reader.read(min(left, MIB)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER))
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(answer, sock=listener, limit=MIB):
            await asyncio.Event().wait()

    asyncio.run(main())


# the proxy, in a process of its own


def memory(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status has no {field}")


async def serve_proxy(upstream_port: int) -> None:
    """Says its port, then for each line on standard input `begin` or `end`: `end` is answered by the figures."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(
            parse(f"""
                [server]
                listen = "127.0.0.1:0"
                admin = "127.0.0.1:0"
                [store]
                url = "sqlite+aiosqlite:///{folder}/halfpenny.db"
                [cache.semantic]
                embedder = "hashing"
                [telemetry]
                log_level = "error"
                [[backends]]
                name = "up"
                kind = "openai"
                base_url = "http://127.0.0.1:{upstream_port}/v1"
            """)
        )
        await app.start()
        gc.collect()
        gc.freeze()
        stall_s = clock_s = 0.0

        async def beat() -> None:
            nonlocal stall_s, clock_s
            while True:
                before, used = time.perf_counter(), time.process_time()
                await asyncio.sleep(BEAT_S)
                gap_s = time.perf_counter() - before - BEAT_S
                clock_s = max(clock_s, gap_s)
                stall_s = max(stall_s, min(gap_s, time.process_time() - used))

        heart = asyncio.create_task(beat())
        print(json.dumps({"port": app.data_address[1], "limit": app.config.server.body_limit}), flush=True)
        before = 0
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            if line == "begin":
                # proc(5): 5 resets the peak of the resident set
                Path("/proc/self/clear_refs").write_text("5")
                before, stall_s, clock_s = memory("VmRSS"), 0.0, 0.0
                print("{}", flush=True)
            else:
                figures = {
                    "stall_ms": stall_s * 1e3,
                    "clock_ms": clock_s * 1e3,
                    "growth_bytes": memory("VmHWM") - before,
                }
                print(json.dumps(figures), flush=True)
        heart.cancel()
        await app.stop()


# the client


def send(port: int, path: str, body: bytes) -> tuple[int, str]:
    """(status, Halfpenny-Error). The proxy may answer before it has taken the whole body."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        try:
            connection.sendall(head.encode())
            connection.sendall(body)
        except ConnectionError:
            pass
        answer = b""
        try:
            while piece := connection.recv(65536):
                answer += piece
        except ConnectionError:
            pass
    lines = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    error = next((line.partition(":")[2].strip() for line in lines if line.lower().startswith("halfpenny-error")), "")
    return (int(lines[0].split()[1]) if lines[0] else 0), error


def measure(name: str, body: bytes, upstream_port: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.bad_input", "--serve", str(upstream_port)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    assert child.stdout is not None

    def tell(word: str) -> Any:
        child.stdin.write(word + "\n")  # type: ignore[union-attr]
        child.stdin.flush()  # type: ignore[union-attr]
        return json.loads(child.stdout.readline())  # type: ignore[union-attr]

    try:
        started = json.loads(child.stdout.readline())
        path = "/v1/embeddings" if b'"input":[' in body[:64] else "/v1/chat/completions"
        for _ in range(3):
            send(started["port"], path, chat(b"0"))
        tell("begin")
        begun = time.perf_counter()
        status, error = send(started["port"], path, body)
        seconds = time.perf_counter() - begun
        figures = tell("end")
    finally:
        child.stdin.close()
        child.wait(timeout=60)
    return {
        "payload": name,
        "bytes": len(body),
        "status": status,
        "error": error,
        "seconds": round(seconds, 3),
        "stall_ms": round(figures["stall_ms"], 1),
        "clock_ms": round(figures["clock_ms"], 1),
        "memory": round(figures["growth_bytes"] / started["limit"], 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", type=int, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("--only", action="append", help="a payload's name (may be repeated)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.serve is not None:
        uvloop.run(serve_proxy(options.serve))
        return 0
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    upstream = multiprocessing.get_context("fork").Process(target=serve_upstream, args=(listener,), daemon=True)
    upstream.start()
    results = []
    try:
        for name, build in PAYLOADS.items():
            if options.only and name not in options.only:
                continue
            result = measure(name, build(), listener.getsockname()[1])
            results.append(result)
            if not options.json:
                print(
                    f"{name:32} {result['bytes'] / 1e6:6.1f} MB  {result['status']} {result['error'] or '-':20}"
                    f" {result['seconds']:7.2f} s  stall {result['stall_ms']:6.1f} ms (clock {result['clock_ms']:6.1f})"
                    f"  memory {result['memory']:5.2f} x limit",
                    flush=True,
                )
    finally:
        upstream.terminate()
    good = all(result["stall_ms"] < STALL_MS and result["memory"] <= MEMORY for result in results)
    if options.json:
        print(json.dumps({"good": good, "cores": os.cpu_count(), "results": results}, indent=2))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
