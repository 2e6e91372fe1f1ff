"""Two tiers: memory answers first, the database fills it, a purge wins every race."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from halfpenny.semantic_cache.base import Entry, PurgeFilter
from halfpenny.semantic_cache.stores.memory import MemoryStore
from halfpenny.semantic_cache.stores.sql import KIND, SqlStore
from halfpenny.semantic_cache.stores.tiered import Tiered
from halfpenny.storage import lifecycle
from halfpenny.storage.engine import make_engine
from halfpenny.storage.spool import Spool
from halfpenny.storage.writer import Writer

NOW = 1_000_000.0
ENTRY = Entry(
    id="id-a",
    key="key-a",
    tenant="t",
    partition="p",
    surface="openai_chat",
    model="gpt-4o",
    served_by="large/gpt-4o",
    mode="json",
    status=200,
    content_type="application/json",
    body=b"body",
    created_s=NOW - 10,
    expires_s=NOW + 100,
)


class Refusing:
    """An `append` that can be told to refuse."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.full = False

    def append(self, kind: str, payload: bytes) -> bool:
        return not self.full and self.spool.append(kind, payload)


class Rig:
    def __init__(self, directory: Path) -> None:
        self.engine = make_engine(f"sqlite+aiosqlite:///{directory}/test.db")
        self.spool = Refusing(Spool(directory / "spool"))
        self.writer = Writer(self.spool.spool, self.engine)
        self.sql = SqlStore(self.engine, self.spool.append, self.writer.flush)
        self.writer.add_handler(KIND, self.sql.handler)
        self.tiers = Tiered(MemoryStore(), self.sql)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(tmp_path)
    await lifecycle.upgrade(made.engine)
    yield made
    made.sql.close()
    await made.writer.close()
    await made.engine.dispose()


async def test_an_entry_is_served_from_memory_before_the_database_has_it(rig: Rig) -> None:
    assert rig.tiers.put(ENTRY)
    assert rig.tiers.peek("key-a", NOW) == ENTRY
    assert await rig.sql.get("key-a", NOW) is None


async def test_after_a_restart_the_database_fills_memory(rig: Rig) -> None:
    rig.tiers.put(ENTRY)
    assert await rig.writer.flush(5)
    restarted = Tiered(MemoryStore(), rig.sql)
    assert restarted.peek("key-a", NOW) is None
    assert await restarted.get("key-a", NOW) == ENTRY
    assert restarted.peek("key-a", NOW) == ENTRY


async def test_an_id_is_found_in_the_database_and_kept(rig: Rig) -> None:
    rig.tiers.put(ENTRY)
    assert await rig.writer.flush(5)
    restarted = Tiered(MemoryStore(), rig.sql)
    assert await restarted.by_id("id-a", NOW) == ENTRY
    assert restarted.peek("key-a", NOW) == ENTRY


async def test_what_the_disk_refuses_is_served_from_memory_and_said_to_be_lost(rig: Rig) -> None:
    rig.spool.full = True
    assert not rig.tiers.put(ENTRY)
    assert rig.tiers.peek("key-a", NOW) == ENTRY


async def test_a_read_that_a_purge_overtakes_is_neither_served_nor_kept(rig: Rig) -> None:
    tiers = Tiered(MemoryStore(), rig.sql)
    for step in range(20):
        now = NOW + step
        rig.sql.put(msgspec.structs.replace(ENTRY, created_s=now))
        assert await rig.writer.flush(5)
        found, removed = await asyncio.gather(tiers.get("key-a", now), tiers.purge(PurgeFilter(key="key-a"), now))
        assert (found, removed) == (None, 1)
        assert tiers.peek("key-a", now) is None


async def test_it_says_what_it_holds(rig: Rig) -> None:
    assert repr(rig.tiers).startswith("<Tiered <MemoryStore 0 entries")
