"""The writer: everything arrives, in order within a segment, whatever a database or a record does."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from halfpenny.storage import frames
from halfpenny.storage.engine import make_engine, reading, writing
from halfpenny.storage.spool import Spool
from halfpenny.storage.writer import BATCH, Writer


class Table:
    """A handler over a real table; `refuse` makes it fail as told."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.batches: list[int] = []
        self.refuse: Exception | None = None

    async def create(self) -> None:
        async with writing(self.engine) as connection:
            await connection.execute(text("CREATE TABLE t (n INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT)"))

    async def store(self, connection: AsyncConnection, payloads: list[bytes]) -> None:
        if self.refuse is not None:
            raise self.refuse
        for payload in payloads:
            await connection.execute(text("INSERT INTO t (v) VALUES (:v)"), {"v": payload.decode()})
        self.batches.append(len(payloads))

    async def rows(self) -> list[str]:
        async with reading(self.engine) as connection:
            return list((await connection.execute(text("SELECT v FROM t ORDER BY n"))).scalars())


@pytest.fixture
async def table(tmp_path: Path) -> AsyncIterator[Table]:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    made = Table(engine)
    await made.create()
    yield made
    await engine.dispose()


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    made = Spool(tmp_path / "spool", segment_bytes=2000)
    yield made
    made.close()


@pytest.fixture
async def writer(spool: Spool, table: Table) -> AsyncIterator[Writer]:
    made = Writer(spool, table.engine, {"t": table.store}, linger_s=0)
    yield made
    await made.close(timeout_s=1)


async def test_flush_brings_everything_over_in_order(spool: Spool, table: Table, writer: Writer) -> None:
    written = [f"row {number}" for number in range(300)]
    for row in written:
        spool.append("t", row.encode())
    assert writer.lag > 0
    assert await writer.flush(10)
    assert await table.rows() == written
    assert (writer.lag, repr(writer)) == (0, "<Writer 0 bytes behind>")


async def test_a_batch_is_bounded(tmp_path: Path, table: Table) -> None:
    spool = Spool(tmp_path / "large")
    writer = Writer(spool, table.engine, {"t": table.store})
    for number in range(BATCH + 1):
        spool.append("t", b"%d" % number)
    assert await writer.close()
    assert table.batches == [BATCH, 1]


async def test_run_wakes_on_append_and_ends_on_close(spool: Spool, table: Table, writer: Writer) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.run())
        await asyncio.sleep(0)
        spool.append("t", b"one")
        async with asyncio.timeout(5):
            while writer.lag:
                await asyncio.sleep(0.001)
        assert await table.rows() == ["one"]
        assert await writer.close()
    assert list(spool.directory.iterdir()) == []


async def test_an_outage_loses_nothing_and_is_told_once(
    spool: Spool, table: Table, writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    table.refuse = OperationalError("INSERT", {}, Exception("the disk is on fire"))
    spool.append("t", b"one")
    with caplog.at_level(logging.WARNING):
        assert not await writer.flush(0.3)
        spool.append("t", b"two")
        assert "on fire" in writer.degraded
        assert "degraded" in repr(writer)
        table.refuse = None
        assert await writer.flush(5)
    assert await table.rows() == ["one", "two"]
    assert writer.degraded == ""
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


async def test_a_bug_in_a_handler_keeps_the_records(spool: Spool, table: Table, writer: Writer) -> None:
    table.refuse = AttributeError("a bug")
    spool.append("t", b"one")
    assert not await writer.flush(0.1)
    assert (writer.rejected, bool(writer.degraded)) == (0, True)
    table.refuse = None
    assert await writer.flush(5)
    assert await table.rows() == ["one"]


async def test_a_poison_record_is_set_aside_and_the_rest_arrives(spool: Spool, table: Table, writer: Writer) -> None:
    for number in range(20):
        spool.append("t", b"\xff" if number == 7 else b"%d" % number)
    assert await writer.flush(5)
    assert await table.rows() == [str(number) for number in range(20) if number != 7]
    assert (writer.rejected, writer.degraded) == (1, "")
    (kept,) = spool.directory.glob("*.rejected")
    parsed = frames.parse(kept.read_bytes(), final=True, limit=10)
    assert [(frame.kind, frame.payload) for frame in parsed.frames] == [("t", b"\xff")]


async def test_a_record_of_an_unknown_kind_is_set_aside(spool: Spool, table: Table, writer: Writer) -> None:
    spool.append("from the future", b"?")
    spool.append("t", b"one")
    assert await writer.flush(5)
    assert await table.rows() == ["one"]
    assert writer.rejected == 1


async def test_damage_is_counted_and_the_rest_arrives(spool: Spool, table: Table, writer: Writer) -> None:
    for number in range(10):
        spool.append("t", b"row %d" % number)
    (segment,) = spool.directory.glob("*.seg")
    data = bytearray(segment.read_bytes())
    data[data.index(b"row 4") + 4] ^= 1
    segment.write_bytes(bytes(data))
    assert await writer.flush(5)
    assert await table.rows() == [f"row {number}" for number in range(10) if number != 4]
    assert writer.damaged == 1


async def test_a_segment_that_vanished_does_not_block_the_others(spool: Spool, table: Table, writer: Writer) -> None:
    for number in range(60):
        spool.append("t", b"%050d" % number)
    first, *_ = sorted(spool.directory.glob("*.seg"))
    first.unlink()
    assert await writer.flush(5)
    rows = await table.rows()
    assert 0 < len(rows) < 60
    assert rows[-1] == f"{59:050d}"
    assert writer.damaged == 1


async def test_what_could_not_be_flushed_stays_for_the_next_start(tmp_path: Path, table: Table) -> None:
    first = Spool(tmp_path / "spool")
    writer = Writer(first, table.engine, {"t": table.store})
    table.refuse = OperationalError("INSERT", {}, Exception("down"))
    first.append("t", b"one")
    assert not await writer.close(timeout_s=0.1)
    table.refuse = None
    second = Spool(tmp_path / "spool")
    writer = Writer(second, table.engine, {"t": table.store})
    assert await writer.close()
    assert await table.rows() == ["one"]
    assert list((tmp_path / "spool").iterdir()) == []
