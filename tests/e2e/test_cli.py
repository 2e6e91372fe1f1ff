"""The installed command as its users run it: real processes, real sockets, exit codes, one JSON object on stdout."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.upstream import ScriptedUpstream, answer_to

READY_S = 30.0
EXIT_S = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON object that it must be."""
        decoder = json.JSONDecoder()
        value, end = decoder.raw_decode(self.out)
        assert self.out[end:] == "\n", "stdout holds more than one JSON object"
        assert isinstance(value, dict)
        return value


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_TOKEN"))}
    return {**kept, **more}


async def halfpenny(*arguments: str | Path, folder: Path, **more: str) -> Done:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "halfpenny",
        *map(str, arguments),
        cwd=folder,
        env=environment(**more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


class Server:
    """`halfpenny serve` in a folder of its own, with that folder's config.toml."""

    def __init__(self, folder: Path, session: aiohttp.ClientSession, port: int, admin: int) -> None:
        self.folder = folder
        self.session = session
        self.port = port
        self.admin_port = admin
        self.process: asyncio.subprocess.Process | None = None
        self.log = folder / "stderr.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    async def start(self, *arguments: str, **more: str) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "halfpenny",
                "serve",
                *arguments,
                cwd=self.folder,
                env=environment(**more),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        async with asyncio.timeout(READY_S):
            while not await self._ready():
                assert self.process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.05)

    async def _ready(self) -> bool:
        try:
            async with self.session.get(self.admin + "/readyz") as reply:
                return reply.status == 200 and "not ready" not in await reply.text()
        except aiohttp.ClientError:
            return False

    async def chat(self, text: str, **headers: str) -> tuple[int, str, dict[str, str]]:
        """(status, text, headers), on a connection of its own so that any worker may take it."""
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}]}
        given = {"Authorization": "Bearer caller", "Connection": "close"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.post(self.url + "/v1/chat/completions", json=body, headers=given) as reply:
            document = await reply.json()
            answer = document["choices"][0]["message"]["content"] if reply.status == 200 else ""
            return reply.status, answer, dict(reply.headers)

    def children(self) -> set[int]:
        """The workers' process ids."""
        assert self.process is not None
        number = self.process.pid
        return {int(child) for child in Path(f"/proc/{number}/task/{number}/children").read_text().split()}

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal the process that was started here, and wait. Nothing may have been written to its stdout."""
        assert self.process is not None
        process, self.process = self.process, None
        if process.returncode is None:
            process.send_signal(number)
        async with asyncio.timeout(EXIT_S):
            out, _ = await process.communicate()
        assert out == b""
        assert process.returncode is not None
        return process.returncode


def configure(folder: Path, upstream: ScriptedUpstream, port: int, admin: int, more: str = "") -> None:
    (folder / "config.toml").write_text(
        textwrap.dedent(f"""
            [server]
            listen = "127.0.0.1:{port}"
            admin = "127.0.0.1:{admin}"
            [cache.semantic]
            embedder = "hashing"
            index = "brute_force"
            [[backends]]
            name = "up"
            kind = "openai"
            base_url = "{upstream.base_url}"
            [[prices]]
            model = "gpt-4o-mini"
            input_usd_per_mtok = "0.15"
            output_usd_per_mtok = "0.60"
        """)
        + textwrap.dedent(more)
    )


@pytest.fixture
async def upstream() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as running:
        yield running


@pytest.fixture
async def server(tmp_path: Path, upstream: ScriptedUpstream) -> AsyncIterator[Server]:
    """Not started yet; ended at the end, whatever happened."""
    async with aiohttp.ClientSession() as session:
        made = Server(tmp_path, session, free_port(), free_port())
        configure(tmp_path, upstream, made.port, made.admin_port)
        yield made
        if made.process is not None and made.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                made.process.terminate()
            try:
                async with asyncio.timeout(10):
                    await made.process.wait()
            except TimeoutError:
                made.process.kill()
                await made.process.wait()


async def eventually(done: Callable[[], Any], what: str, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            while not await done():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"never came true: {what}") from None


REPORT_KEYS = {
    "since",
    "until",
    "requests",
    "outcomes",
    "spend_usd",
    "saved_usd",
    "saved_low_usd",
    "saved_high_usd",
    "own_cost_usd",
    "saved_by",
    "false_hit_rate",
    "false_hit_rate_upper",
    "estimated_rows",
}


# serve


async def test_a_day_in_the_life(server: Server, upstream: ScriptedUpstream) -> None:
    """Start, miss, hit, every reading command beside it, stop, every reading command without it, start again, hit."""
    folder = server.folder
    await server.start()
    status, text, first = await server.chat("What is a halfpenny?", Halfpenny_Tags="team=blue")
    assert (status, text) == (200, answer_to("What is a halfpenny?"))
    assert first["Cache-Status"] == "halfpenny; fwd=uri-miss; stored"
    _, again, hit = await server.chat("What is a halfpenny?", Halfpenny_Tags="team=blue")
    assert again == text
    assert "detail=exact" in hit["Cache-Status"]
    assert len(upstream.calls) == 1

    async def reading() -> list[Any]:
        asked = (
            ("report", "--json", "--by", "tag"),
            ("explain", hit["Halfpenny-Request-Id"], "--json"),
            ("cache", "list", "--json"),
        )
        return [done.json for done in await asyncio.gather(*(halfpenny(*words, folder=folder) for words in asked))]

    while_running = await reading()
    assert await server.stop() == 0
    stopped = await reading()
    for report, explained, listed in (while_running, stopped):
        assert set(report) == {*REPORT_KEYS, "by"}
        assert (report["requests"], report["outcomes"]["miss"], report["outcomes"]["exact"]) == (2, 1, 1)
        assert report["saved_usd"] == report["spend_usd"] == hit["Halfpenny-Saved-Usd"]
        assert report["by"]["team=blue"]["requests"] == 2
        assert explained["request_id"] == hit["Halfpenny-Request-Id"]
        assert [row["outcome"] for row in explained["rows"]] == ["exact"]
        (entry,) = listed["entries"]
        assert (entry["model"], entry["served_by"]) == ("gpt-4o-mini", "up/gpt-4o-mini")

    assert list((folder / "halfpenny.db.spool").iterdir()) == []
    await server.start()
    _, kept, after = await server.chat("What is a halfpenny?")
    assert kept == text
    assert "detail=exact" in after["Cache-Status"]
    assert len(upstream.calls) == 1
    # the running proxy is told at once; nothing is served that was purged
    purged = await halfpenny("cache", "purge", "--tag", "team=blue", "--json", folder=folder)
    assert (purged.code, purged.json) == (0, {"purged": 1})
    _, _, fresh = await server.chat("What is a halfpenny?")
    assert "fwd=uri-miss" in fresh["Cache-Status"]
    assert await server.stop() == 0
    alone = await halfpenny("cache", "purge", "--all", "--json", folder=folder)
    assert (alone.code, alone.json) == (0, {"purged": 1})
    for line in server.log.read_text().splitlines():
        assert {"at", "level", "logger", "message"} <= set(json.loads(line)), line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_a_running_stream_finish(
    server: Server, upstream: ScriptedUpstream, number: signal.Signals
) -> None:
    await server.start()
    text = "Finish [[chunks=20 gap=0.05]]"
    body = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": text}]}
    async with server.session.post(server.url + "/v1/chat/completions", json=body) as reply:
        got = await reply.content.readuntil(b"\n\n")
        stopping = asyncio.create_task(server.stop(number))
        got += await reply.read()
    assert await stopping == 0
    assert got.endswith(b"data: [DONE]\n\n")
    events = [json.loads(line[6:]) for line in got.splitlines() if line.startswith(b"data: {")]
    assert "".join(c["delta"].get("content") or "" for e in events for c in e["choices"]) == answer_to(text, 20)
    assert list((server.folder / "halfpenny.db.spool").iterdir()) == []
    if number == signal.SIGINT:
        return
    # it was stored, too: the next start serves it without a call
    await server.start()
    async with server.session.post(server.url + "/v1/chat/completions", json=body) as reply:
        assert "detail=exact" in reply.headers["Cache-Status"]
        await reply.read()
    assert len(upstream.calls) == 1


@pytest.mark.parametrize("arguments", [[], ["--workers", "2"]], ids=["one process", "two workers"])
async def test_drain_over_http_ends_it_well(server: Server, arguments: list[str]) -> None:
    await server.start(*arguments)
    async with server.session.post(server.admin + "/api/drain") as reply:
        assert reply.status == 200
    assert server.process is not None
    async with asyncio.timeout(EXIT_S):
        await server.process.wait()
    assert await server.stop() == 0


async def test_two_workers_share_a_port_and_see_each_others_purges(server: Server, upstream: ScriptedUpstream) -> None:
    await server.start("--workers", "2")
    served: set[int] = set()

    async def both_have_served() -> bool:
        # each worker has its own connection to the upstream: two client ports at least
        await server.chat(f"Who serves {len(upstream.calls)}?", Cache_Control="no-store")
        served.update(call.client_port for call in upstream.calls)
        return len(served) >= 2

    await eventually(both_have_served, "both workers serve", 10)
    for _ in range(12):  # so that both have it in memory
        status, _, _ = await server.chat("Keep this")
        assert status == 200
    purged = await halfpenny("cache", "purge", "--all", "--json", folder=server.folder)
    assert purged.json["purged"] >= 1
    await asyncio.sleep(1.5)  # the promise is about this very time: one poll a second
    answers = [await server.chat("Keep this", Cache_Control="only-if-cached") for _ in range(12)]
    assert {status for status, _, _ in answers} == {504}
    report = (await halfpenny("report", "--json", folder=server.folder)).json
    assert report["outcomes"]["bypass"] >= 2
    # one of them dies: it is started again, and its port is served meanwhile
    before = server.children()
    os.kill(max(before), signal.SIGKILL)

    async def there_are_two_again() -> bool:
        serving = server.log.read_text().count("serving on http://")
        return serving == 3 and len(server.children() - {max(before)}) == 2

    await eventually(there_are_two_again, "the dead worker was replaced", 10)
    assert (await server.chat("Still there?"))[0] == 200
    assert await server.stop() == 0
    with pytest.raises(aiohttp.ClientConnectorError):
        await server.chat("Anybody there?")
    assert list((server.folder / "halfpenny.db.spool").iterdir()) == []


async def test_a_taken_port_is_said(server: Server) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        done = await halfpenny("serve", folder=server.folder)
    assert done.code == 1
    assert done.out == ""
    last = json.loads(done.err.splitlines()[-1])
    assert last["message"].startswith("cannot start: ")
    assert str(server.port) in last["message"]


# check


async def test_check_names_file_line_key_and_suggestion(server: Server) -> None:
    file = server.folder / "config.toml"
    file.write_text(file.read_text().replace("base_url", "bsae_url"))
    line = 1 + next(n for n, text in enumerate(file.read_text().splitlines()) if "bsae_url" in text)
    done = await halfpenny("check", "--config", file, folder=server.folder)
    assert (done.code, done.out) == (2, "")
    expected = f"halfpenny: {file}:{line}: unknown key 'backends[0].bsae_url'; did you mean 'backends[0].base_url'?\n"
    assert done.err == expected


# reading commands


async def test_database_life_cycle(server: Server) -> None:
    folder = server.folder
    await server.start()
    await server.chat("Back me up")
    backed = await halfpenny("db", "backup", "copy.db", "--json", folder=folder)
    assert (backed.code, backed.json) == (0, {"backup": "copy.db"})
    assert (folder / "copy.db").stat().st_mode & 0o777 == 0o600
    verified = await halfpenny("db", "verify", "--json", folder=folder)
    assert verified.code == 0
    assert (verified.json["ok"], verified.json["entries"], verified.json["ledger_rows"]) == (True, 1, 1)
    busy = await halfpenny("db", "restore", "copy.db", "--json", folder=folder)
    assert busy.code == 1
    assert "in use" in busy.json["error"]
    assert await server.stop() == 0
    await halfpenny("cache", "purge", "--all", folder=folder)
    restored = await halfpenny("db", "restore", "copy.db", "--json", folder=folder)
    assert (restored.code, restored.json["restored"]) == (0, "copy.db")
    assert (await halfpenny("cache", "stats", "--json", folder=folder)).json["entries"] == 1


async def test_doctor(server: Server, upstream: ScriptedUpstream) -> None:
    well = await halfpenny("doctor", "--json", folder=server.folder)
    assert well.code == 0, well.out
    assert well.json["ok"] is True
    parts = {finding["part"] for finding in well.json["findings"]}
    assert {"sqlite", "http parser", "embedder", "store", "disk", "server.listen", "backend up"} <= parts
    assert not (server.folder / "halfpenny.db").exists()
    await upstream.stop()
    ill = await halfpenny("doctor", "--json", folder=server.folder)
    assert ill.code == 1
    (broken,) = [finding for finding in ill.json["findings"] if not finding["ok"]]
    assert broken["part"] == "backend up"
    assert "check base_url and the network" in broken["text"]


async def test_usage_errors_exit_with_2(tmp_path: Path) -> None:
    for arguments in (["nonesuch"], ["serve", "--wrokers", "2"]):
        done = await halfpenny(*arguments, folder=tmp_path)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("usage: halfpenny")
