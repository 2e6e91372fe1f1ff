"""The SQL store: failures are misses, purges reach every spool, the size has a bound."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.semantic_cache.base import Entry, PurgeFilter
from halfpenny.semantic_cache.stores.memory import MemoryStore
from halfpenny.semantic_cache.stores.sql import KIND, PurgeError, SqlStore
from halfpenny.semantic_cache.stores.tiered import Tiered
from halfpenny.storage import lifecycle
from halfpenny.storage.engine import make_engine, reading, writing
from halfpenny.storage.schema import purges
from halfpenny.storage.spool import Spool
from halfpenny.storage.writer import Writer

NOW = 1_000_000.0


def entry(name: str, **changes: Any) -> Entry:
    fields: dict[str, Any] = {
        "id": f"id-{name}",
        "key": f"key-{name}",
        "tenant": "t",
        "partition": "p",
        "surface": "openai_chat",
        "model": "gpt-4o",
        "served_by": "large/gpt-4o",
        "mode": "json",
        "status": 200,
        "content_type": "application/json",
        "body": b"body",
        "created_s": NOW - 10,
        "expires_s": NOW + 100,
        "vector": b"\x01\x02",
    }
    return Entry(**{**fields, **changes})


class Process:
    """One process of several on the same database and spool directory."""

    def __init__(self, directory: Path, **options: Any) -> None:
        self.engine: AsyncEngine = make_engine(f"sqlite+aiosqlite:///{directory}/test.db")
        self.spool = Spool(directory / "spool")
        self.writer = Writer(self.spool, self.engine)
        self.sql = SqlStore(self.engine, self.spool.append, self.writer.flush, **options)
        self.writer.add_handler(KIND, self.sql.handler)

    async def close(self) -> None:
        self.sql.close()
        await self.writer.close(timeout_s=1)
        await self.engine.dispose()


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Process]:
    made = Process(tmp_path, max_bytes=5 * entry("x").size_bytes())
    await lifecycle.upgrade(made.engine)
    yield made
    await made.close()


@pytest.fixture
async def other(one: Process, tmp_path: Path) -> AsyncIterator[Process]:
    made = Process(tmp_path)
    yield made
    await made.close()


async def test_what_one_process_stores_another_finds(one: Process, other: Process) -> None:
    one.sql.put(entry("a"))
    assert await one.writer.flush(5)
    assert await other.sql.get("key-a", NOW) == entry("a")


async def test_a_purge_reaches_what_waits_in_another_processs_spool(one: Process, other: Process) -> None:
    other.sql.put(entry("a"))
    other.sql.put(entry("b", tenant="u"))
    assert await one.sql.purge(PurgeFilter(tenant="t"), NOW) == 0
    assert await other.writer.flush(5)
    assert await one.sql.get("key-a", NOW) is None
    assert await one.sql.get("key-b", NOW) is not None


async def test_a_purge_reaches_another_processs_memory(one: Process, other: Process) -> None:
    tiers = Tiered(MemoryStore(), other.sql)
    tiers.put(entry("a"))
    await one.sql.purge(PurgeFilter(key="key-a"), NOW)
    assert tiers.peek("key-a", NOW) is not None
    assert await tiers.refresh() == 1
    assert tiers.peek("key-a", NOW) is None
    assert await tiers.refresh() == 0


async def test_an_older_entry_from_a_late_spool_does_not_replace_a_newer_one(one: Process, other: Process) -> None:
    other.sql.put(entry("old", key="key-a", created_s=NOW - 20))
    one.sql.put(entry("new", key="key-a", created_s=NOW - 10))
    assert await one.writer.flush(5)
    assert await other.writer.flush(5)
    found = await one.sql.get("key-a", NOW)
    assert found is not None
    assert found.id == "id-new"


async def test_a_broken_database_is_a_miss_and_is_told_once(one: Process, caplog: pytest.LogCaptureFixture) -> None:
    async with writing(one.engine) as connection:
        await connection.execute(text("ALTER TABLE entries RENAME TO gone"))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert await one.sql.get("key-a", NOW) is None
        assert await one.sql.by_id("id-a", NOW) is None
        assert [found async for found in one.sql.scan(NOW)] == []
    assert one.sql.failures == 5
    assert len(caplog.records) == 1
    async with writing(one.engine) as connection:
        await connection.execute(text("ALTER TABLE gone RENAME TO entries"))
    one.sql.put(entry("a"))
    assert await one.writer.flush(5)
    assert await one.sql.get("key-a", NOW) is not None


async def test_a_purge_that_the_database_refuses_is_not_claimed(one: Process) -> None:
    async with writing(one.engine) as connection:
        await connection.execute(text("ALTER TABLE purges RENAME TO gone"))
    with pytest.raises(PurgeError, match="refused"):
        await one.sql.purge(PurgeFilter(all=True), NOW)


async def test_a_body_that_was_changed_on_disk_is_not_served(one: Process) -> None:
    one.sql.put(entry("a"))
    assert await one.writer.flush(5)
    async with writing(one.engine) as connection:
        await connection.execute(text("UPDATE entries SET body = x'00'"))
    assert await one.sql.get("key-a", NOW) is None
    assert one.sql.corrupt == 1


async def test_what_the_spool_refuses_is_counted(one: Process) -> None:
    store = SqlStore(one.engine, lambda _kind, _payload: False, one.writer.flush)
    assert not store.put(entry("a"))
    assert store.lost == 1
    store.close()


async def test_vacuum_removes_the_expired_then_the_oldest_above_the_bound(one: Process) -> None:
    one.sql.put(entry("expired", expires_s=NOW))
    for number in range(8):
        one.sql.put(entry(str(number), created_s=NOW - 10 + number))
    assert await one.writer.flush(5)
    assert (await one.sql.stats(NOW)).entries == 8
    assert await one.sql.vacuum(NOW) == 1 + 3
    stats = await one.sql.stats(NOW)
    assert (stats.entries, stats.bytes) == (5, 5 * entry("x").size_bytes())
    assert [found.id for found in await one.sql.listing(NOW, limit=2)] == ["id-3", "id-4"]
    assert await one.sql.vacuum(NOW) == 0


async def test_vacuum_forgets_very_old_purges(one: Process) -> None:
    await one.sql.purge(PurgeFilter(tenant="t"), NOW)
    for later, left in ((86400.0, 1), (91 * 86400.0, 0)):
        await one.sql.vacuum(NOW + later)
        async with reading(one.engine) as connection:
            assert len((await connection.execute(select(purges))).all()) == left


async def test_what_was_not_read_is_found_until_it_is_read(one: Process) -> None:
    """Neither what was read, nor what was withdrawn or has expired, nor what no namespace holds."""
    never = {"text": "x", "namespace": "n", "vector": b"", "embedder": ""}
    fixed = {**never, "vector": b"\x01\x02", "embedder": "e"}
    one.sql.put(entry("1", **never))
    one.sql.put(entry("2", **fixed))
    one.sql.put(entry("3", **{**fixed, "embedder": "another"}))
    one.sql.put(entry("4", **{**fixed, "prompt": b"read"}))
    one.sql.put(entry("5", **fixed))
    one.sql.regroup("id-5", "", withdrawn=True)
    one.sql.put(entry("6", **never, expires_s=NOW - 1))
    one.sql.put(entry("7", **{**never, "namespace": ""}))
    assert await one.writer.flush(5)
    assert [found.id for found in await one.sql.unread("e", "", NOW, 100)] == ["id-1", "id-2"]
    assert [found.id for found in await one.sql.unread("e", "id-1", NOW, 100)] == ["id-2"]
    for name in ("1", "2", "4", "5"):
        one.sql.read_later(f"id-{name}", "e", b"\x03\x04", b"late")
    assert await one.writer.flush(5)
    assert await one.sql.unread("e", "", NOW, 100) == []
    kept = await one.sql.prompts(["id-1", "id-2", "id-4", "id-5"], NOW)
    assert {name: (row.vector, row.prompt) for name, row in kept.items()} == {
        "id-1": (b"\x03\x04", b"late"),
        "id-2": (b"\x03\x04", b"late"),
        "id-4": (b"\x01\x02", b"read"),
        "id-5": (b"", b""),
    }


async def test_an_entry_and_what_was_read_of_it_may_come_in_one_batch(one: Process) -> None:
    one.sql.put(entry("1", text="x", namespace="n", vector=b"", embedder=""))
    one.sql.read_later("id-1", "e", b"\x03\x04", b"late")
    assert await one.writer.flush(5)
    assert (await one.sql.prompts(["id-1"], NOW))["id-1"].prompt == b"late"
