"""What was acknowledged is there after `kill -9`, a full disk, a locked database; with a real database on disk.

The children are real processes. A child names an id on its standard output after the append returned, so the parent
knows exactly what was acknowledged when it kills it.
"""

import asyncio
import os
import random
import select as polling
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
from sqlalchemy import func, select, text

from halfpenny.ledger.book import KIND as LEDGER
from halfpenny.ledger.book import Ledger, close_open_rows
from halfpenny.semantic_cache.stores.sql import KIND as ENTRY
from halfpenny.semantic_cache.stores.sql import SqlStore
from halfpenny.storage import lifecycle
from halfpenny.storage.engine import make_engine, reading
from halfpenny.storage.schema import ledger
from halfpenny.storage.spool import Spool
from halfpenny.storage.writer import Writer

ROOT = Path(__file__).parents[2]
NOW = 1_000_000.0

CHILD = """
import asyncio, os, resource, sys
from pathlib import Path
from halfpenny.ledger.base import Opened, Settled
from halfpenny.ledger.book import KIND as LEDGER, Ledger
from halfpenny.semantic_cache.base import Entry
from halfpenny.semantic_cache.stores.sql import KIND as ENTRY, SqlStore
from halfpenny.storage import lifecycle
from halfpenny.storage.engine import make_engine
from halfpenny.storage.spool import Spool
from halfpenny.storage.writer import Writer

mode, directory = sys.argv[1], Path(sys.argv[2])

def say(line):
    os.write(1, line.encode() + b"\\n")

def opened(id):
    return Opened(id=id, request_id=id, at_us=1, tenant="t", surface="s", route="r", backend="b", model="m",
                  requested_model="m", stream=False, attempt=1, cost_estimate_pico=7)

def settled(id):
    return Settled(id=id, request_id=id, kind="attempt", outcome="miss", state="final", at_us=1, settled_at_us=2,
                   tenant="t", surface="s", route="r", cost_pico=5)

def entry(id):
    return Entry(id=id, key="key-" + id, tenant="t", partition="p", surface="s", model="m", served_by="b/m",
                 mode="json", status=200, content_type="c", body=id.encode() * 100, created_s=1.0,
                 expires_s=2e6, vector=b"v")

async def main(name, count):
    engine = make_engine(f"sqlite+aiosqlite:///{directory}/test.db")
    await lifecycle.upgrade(engine)
    spool = Spool(directory / "spool", segment_bytes=100_000)
    writer = Writer(spool, engine, linger_s=0.005)
    book = Ledger(spool.append)
    store = SqlStore(engine, spool.append, writer.flush)
    writer.add_handler(LEDGER, book.handler)
    writer.add_handler(ENTRY, store.handler)

    async def load(count):
        for number in range(count):
            id = f"{name}-{number}"
            if book.opened(opened(id)):
                say("o " + id)
            if book.settled(settled(id)):
                say("s " + id)
            if number % 4 == 0 and store.put(entry(id)):
                say("e " + id)
            if number % 10 == 0:
                await asyncio.sleep(0.001)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.run())
        await load(count)
        store.close()
        assert await writer.close(30)
    await engine.dispose()

def disk_full():
    spool = Spool(directory / "spool")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_050, limit[1]))
    for number in range(200):
        if spool.append("t", f"a{number} ".encode() + b"x" * 1000):
            say(f"a{number}")
    say(f"refused {spool.refused} {bool(spool.failing)}")
    resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    for number in range(10):
        if spool.append("t", f"b{number} ".encode() + b"x" * 1000):
            say(f"b{number}")
    say(f"failing {bool(spool.failing)}")

def fork(name):
    pid = os.fork()
    if pid == 0:
        asyncio.run(main(name, 10**9))
        os._exit(1)
    return pid

if mode == "disk full":
    disk_full()
elif mode == "fork":
    # Imports take longer than the work of one round, so they are done once and inherited.
    for line in sys.stdin:
        pids = [fork(line.strip() + letter) for letter in "ab"]
        say("p " + " ".join(map(str, pids)))
        for pid in pids:
            os.waitpid(pid, 0)
        say("done")
else:
    asyncio.run(main(sys.argv[3], int(mode)))
"""


@contextmanager
def child(mode: str, directory: Path, name: str = "") -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, mode, str(directory), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def acknowledged(process: "subprocess.Popen[bytes]") -> list[str]:
    """Everything the child named, up to its end; a last line that was cut was not acknowledged."""
    assert process.stdout is not None
    lines = process.stdout.read().decode().split("\n")
    return lines[:-1]


class Parts:
    """A freshly started process on what the dead ones left."""

    def __init__(self, directory: Path) -> None:
        self.engine = make_engine(f"sqlite+aiosqlite:///{directory}/test.db", busy_timeout_s=0.1)
        self.spool = Spool(directory / "spool")
        self.writer = Writer(self.spool, self.engine)
        self.book = Ledger(self.spool.append)
        self.store = SqlStore(self.engine, self.spool.append, self.writer.flush)
        self.writer.add_handler(LEDGER, self.book.handler)
        self.writer.add_handler(ENTRY, self.store.handler)


@asynccontextmanager
async def started(directory: Path) -> AsyncIterator[Parts]:
    parts = Parts(directory)
    await lifecycle.upgrade(parts.engine)
    yield parts
    parts.store.close()
    assert await parts.writer.close(30)
    await parts.engine.dispose()


def kill_under_load(parent: "subprocess.Popen[bytes]", round_: int, seed: random.Random) -> list[str]:
    """Two processes on one database and one spool directory, both killed somewhere in the middle of their work."""
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(b"%d\n" % round_)
    parent.stdin.flush()
    said = b""
    pids: list[int] = []
    due = [0.0, 0.0]
    while not said.endswith(b"\ndone\n"):
        if polling.select([parent.stdout], [], [], 0.01)[0]:
            said += os.read(parent.stdout.fileno(), 65536)
        if not pids and all(f"o {round_}{letter}-0\n".encode() in said for letter in "ab") and b"p " in said:
            (line,) = (line for line in said.split(b"\n") if line.startswith(b"p "))
            pids = [int(pid) for pid in line.split()[1:]]
            due = [time.monotonic() + seed.uniform(0.02, 0.25) for _ in pids]
        for place, pid in enumerate(pids):
            if time.monotonic() >= due[place]:
                due[place] = float("inf")
                os.kill(pid, signal.SIGKILL)
    # The last word of a process may be cut; it was not acknowledged then.
    return [line for line in said.decode().split("\n") if line[:2] in ("o ", "s ", "e ")]


async def test_kill_9_under_load_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """Twenty kills, in ten rounds of two processes; every round also replays what the round before left."""
    seed = random.Random(20)
    names: list[str] = []
    with child("fork", tmp_path) as parent:
        for round_ in range(10):
            names += kill_under_load(parent, round_, seed)
            assert lifecycle.quick_check(tmp_path / "test.db") == []
    expected = {kind: {name[2:] for name in names if name[0] == kind} for kind in "ose"}
    assert min(map(len, expected.values())) > 100
    async with started(tmp_path) as parts:
        assert await parts.writer.flush(30)
        await close_open_rows(parts.engine, alive_before_us=10)
        async with reading(parts.engine) as connection:
            found = (await connection.execute(select(ledger.c.id, ledger.c.state, ledger.c.cost_pico_rest))).all()
        assert len({row.id for row in found}) == len(found)
        rows = {row.id: (row.state, row.cost_pico_rest) for row in found}
        assert expected["o"] - rows.keys() == set()
        assert [name for name in expected["s"] if rows[name] != ("final", 5)] == []
        assert set(rows.values()) <= {("final", 5), ("estimated", 7)}
        stored = {entry.id async for entry in parts.store.scan(NOW)}
        assert expected["e"] - stored == set()
        for name in seed.sample(sorted(expected["e"]), 50):
            entry = await parts.store.get(f"key-{name}", NOW)
            assert entry is not None
            assert entry.body == name.encode() * 100
        verdict = await lifecycle.verify(parts.engine)
        assert (verdict.ok, verdict.problems) == (True, [])
        assert (parts.writer.damaged, parts.writer.rejected) == (0, 0)
    assert list((tmp_path / "spool").iterdir()) == []


async def test_two_processes_write_one_database_to_the_last_row(tmp_path: Path) -> None:
    with child("800", tmp_path, "a") as one, child("800", tmp_path, "b") as two:
        named = len(acknowledged(one)) + len(acknowledged(two))
        assert (one.wait(), two.wait()) == (0, 0)
    assert named == 2 * (800 + 800 + 200)
    assert list((tmp_path / "spool").iterdir()) == []
    async with started(tmp_path) as parts:
        async with reading(parts.engine) as connection:
            query = select(ledger.c.state, func.count(), func.sum(ledger.c.cost_pico_rest))
            assert (await connection.execute(query.group_by(ledger.c.state))).all() == [("final", 1600, 8000)]
        assert (await parts.store.stats(NOW)).entries == 400


async def test_a_full_disk_refuses_and_recovers_without_a_restart(tmp_path: Path) -> None:
    """A file size limit cuts one write short (100,050 bytes hold no whole number of records), then refuses."""
    with child("disk full", tmp_path) as process:
        said = acknowledged(process)
        assert process.wait() == 0
    kept = [line for line in said if line[0] in "ab"]
    refused = next(line for line in said if line.startswith("refused"))
    assert refused == f"refused {200 - sum(line[0] == 'a' for line in said)} True"
    assert kept[-10:] == [f"b{number}" for number in range(10)]
    assert said[-1] == "failing False"
    found: list[str] = []

    async def keep(_connection: object, payloads: list[bytes]) -> None:
        found.extend(payload.decode().split()[0] for payload in payloads)

    async with started(tmp_path) as parts:
        parts.writer.add_handler("t", keep)
        assert await parts.writer.flush(10)
        assert parts.writer.damaged == 0
    assert found == kept


LOCKER = """
import sys, time
from pysqlite3 import dbapi2
connection = dbapi2.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
connection.execute("COMMIT")
connection.close()
"""


async def test_a_locked_database_delays_and_loses_nothing(tmp_path: Path) -> None:
    async with started(tmp_path) as parts:
        locker = subprocess.Popen(
            [sys.executable, "-c", LOCKER, str(tmp_path / "test.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert locker.stdout is not None
            assert locker.stdout.readline() == b"locked\n"
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(parts.writer.run())
                for number in range(2000):
                    assert parts.spool.append(LEDGER, opened(f"x{number}"))
                assert not await parts.writer.flush(1.0)
                assert "locked" in parts.writer.degraded
                assert parts.writer.lag > 0
                locker.communicate(timeout=10)
                assert await parts.writer.flush(10)
                assert (parts.writer.degraded, parts.writer.lag) == ("", 0)
                async with reading(parts.engine) as connection:
                    assert (await connection.execute(text("SELECT count(*) FROM ledger"))).scalar_one() == 2000
                assert await parts.writer.close()
        finally:
            locker.kill()
            locker.wait()


def opened(name: str) -> bytes:
    event = {
        "type": "opened",
        "id": name,
        "request_id": name,
        "at_us": 1,
        "tenant": "t",
        "surface": "s",
        "route": "r",
        "backend": "b",
        "model": "m",
        "requested_model": "m",
        "stream": False,
        "attempt": 1,
    }
    return msgspec.msgpack.encode(event)


async def test_processes_that_start_together_on_a_new_file_all_start(tmp_path: Path) -> None:
    """Switching a new file to WAL is refused at once while another process does the same."""
    script = (
        "import asyncio, sys\n"
        "from halfpenny.storage.engine import make_engine\n"
        "from halfpenny.storage.lifecycle import upgrade\n"
        "async def main():\n"
        "    engine = make_engine(sys.argv[1])\n"
        "    await upgrade(engine)\n"
        "    await engine.dispose()\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "asyncio.run(main())\n"
    )
    for turn in range(3):
        url = f"sqlite+aiosqlite:///{tmp_path}/new-{turn}.db"
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", script, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            for _ in range(4)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        codes = []
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            process.communicate(timeout=60)
            codes.append(process.returncode)
        assert codes == [0, 0, 0, 0]
