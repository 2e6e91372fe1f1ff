"""What is past its lifetime: found by who asks for it, kept as long as it says, then gone."""

from collections.abc import AsyncIterator, Callable
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
GRACE_S = 60.0
FRESH = Entry(
    id="id-a",
    key="a" * 64,
    tenant="t",
    partition="p",
    surface="chat",
    model="m",
    served_by="up/m",
    mode="json",
    status=200,
    content_type="application/json",
    body=b"body",
    created_s=NOW - 100,
    expires_s=NOW,
    vector=b"\x01\x02",
    kept_until_s=NOW + GRACE_S,
    snapshot="m-1",
)


class Rig:
    def __init__(self, directory: Path) -> None:
        self.engine = make_engine(f"sqlite+aiosqlite:///{directory}/test.db")
        self.writer = Writer(spool := Spool(directory / "spool"), self.engine)
        self.sql = SqlStore(self.engine, spool.append, self.writer.flush)
        self.writer.add_handler(KIND, self.sql.handler)
        self.tiers = Tiered(MemoryStore(), self.sql)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(tmp_path)
    await lifecycle.upgrade(made.engine)
    made.tiers.put(FRESH)
    assert await made.writer.flush(10)
    yield made
    made.sql.close()
    await made.writer.close()
    await made.engine.dispose()


def only_memory(rig: Rig) -> object:
    return rig.tiers.memory


def only_database(rig: Rig) -> object:
    return rig.sql


def both(rig: Rig) -> object:
    return rig.tiers


@pytest.mark.parametrize("of", [only_memory, only_database, both])
async def test_a_stale_entry_is_found_by_who_asks_for_it(rig: Rig, of: Callable[[Rig], Tiered]) -> None:
    store = of(rig)
    assert await store.get(FRESH.key, NOW - 0.1) == FRESH
    assert await store.get(FRESH.key, NOW) is None
    assert await store.get(FRESH.key, NOW + 30 - GRACE_S) == FRESH
    # to ask for the fresh one did not take the stale one away
    assert await store.get(FRESH.key, NOW + 30) is None
    assert await store.get(FRESH.key, NOW + 30 - GRACE_S) == FRESH


@pytest.mark.parametrize("of", [only_memory, only_database, both])
async def test_a_stale_entry_is_no_neighbour(rig: Rig, of: Callable[[Rig], Tiered]) -> None:
    store = of(rig)
    assert await store.by_id(FRESH.id, NOW - 1) == FRESH
    assert await store.by_id(FRESH.id, NOW + 1) is None
    assert [found async for found in store.scan(NOW + 1)] == []


async def test_memory_lets_it_go_when_it_need_not_be_kept(rig: Rig) -> None:
    memory = rig.tiers.memory
    assert memory.peek(FRESH.key, NOW + GRACE_S - 1) is None
    assert len(memory) == 1
    assert memory.peek(FRESH.key, NOW + GRACE_S) is None
    assert len(memory) == 0
    assert memory.bytes == 0


async def test_the_database_lets_it_go_when_it_need_not_be_kept(rig: Rig) -> None:
    short = msgspec.structs.replace(FRESH, id="id-b", key="b" * 64, kept_until_s=0.0)
    rig.tiers.put(short)
    assert await rig.writer.flush(10)
    assert await rig.sql.vacuum(NOW + 1) == 1
    assert await rig.sql.get(FRESH.key, NOW - 1) == FRESH
    assert await rig.sql.vacuum(NOW + GRACE_S) == 1
    assert await rig.sql.get(FRESH.key, NOW - 1) is None


async def test_a_purge_takes_stale_entries_too(rig: Rig) -> None:
    assert await rig.tiers.purge(PurgeFilter(tenant="t"), NOW + 1) == 1
    assert await rig.tiers.get(FRESH.key, NOW - 50) is None


async def test_a_record_of_an_older_version_is_read(rig: Rig) -> None:
    """A spool that a former version left has neither of the two new fields."""
    old = msgspec.to_builtins(FRESH, builtin_types=(bytes,))
    del old["kept_until_s"], old["snapshot"]
    old |= {"id": "id-c", "key": "c" * 64}
    async with rig.engine.begin() as connection:
        await rig.sql.handler(connection, [msgspec.msgpack.encode(old)])
    found = await rig.sql.get("c" * 64, NOW - 1)
    assert found is not None
    assert (found.kept_until_s, found.snapshot) == (0.0, "")
