"""What every store promises (`semantic_cache.base.Store`), run over the table and over the two tiers
together."""

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from halfpenny.semantic_cache.base import Entry, PurgeFilter, Store
from halfpenny.semantic_cache.stores import STORES
from halfpenny.semantic_cache.stores.memory import MemoryStore
from halfpenny.semantic_cache.stores.sql import KIND, SqlStore
from halfpenny.semantic_cache.stores.tiered import Tiered
from halfpenny.storage import lifecycle
from halfpenny.storage.engine import make_engine
from halfpenny.storage.spool import Spool
from halfpenny.storage.writer import Writer

NOW = 1_000_000.0


def entry(name: str, **changes: Any) -> Entry:
    """A live entry; `name` is the start of its id and key."""
    fields: dict[str, Any] = {
        "id": f"id-{name}",
        "key": f"key-{name}",
        "tenant": "t",
        "partition": "p",
        "surface": "openai_chat",
        "model": "gpt-4o",
        "served_by": "large/gpt-4o",
        "mode": "sse",
        "status": 200,
        "content_type": "text/event-stream",
        "body": b"data: \x00\xff\r\n\r\n",
        "created_s": NOW - 10,
        "expires_s": NOW + 100.5,
        "text": "wie geht's? \N{HOT BEVERAGE}",
        "vector": b"\x01\x02",
        "embedder": "e",
        "input_tokens": 3,
        "output_tokens": 4,
        "cost_pico": 5_000_001,
        "tags": {"team": "blue"},
    }
    return Entry(**{**fields, **changes})


class Bench:
    """A store, and `settle`: what was put is then where a reader of the store finds it."""

    def __init__(self, store: Store, settle: Callable[[], Awaitable[None]]) -> None:
        self.store = store
        self.settle = settle
        self.epoch_s = NOW

    async def put(self, *entries: Entry) -> None:
        for one in entries:
            assert self.store.put(one)
        await self.settle()

    async def keys(self) -> list[str]:
        return [found.key async for found in self.store.scan(NOW)]


@asynccontextmanager
async def bench(name: str, directory: Path) -> AsyncIterator[Bench]:
    async def nothing() -> None:
        pass

    if name == "memory":
        yield Bench(load("memory")(), nothing)
        return
    engine = make_engine(f"sqlite+aiosqlite:///{directory}/test.db")
    await lifecycle.upgrade(engine)
    spool = Spool(directory / "spool")
    writer = Writer(spool, engine)
    sql: SqlStore = load("sql")(engine, spool.append, writer.flush)
    writer.add_handler(KIND, sql.handler)

    async def flush() -> None:
        assert await writer.flush(10)

    yield Bench(sql if name == "sql" else Tiered(MemoryStore(), sql), flush)
    sql.close()
    await writer.close()
    await engine.dispose()


def load(name: str) -> Any:
    module, _, attribute = STORES[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


@pytest.fixture(params=[*STORES, "tiered"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(request.param, tmp_path) as made:
        yield made


async def test_what_was_put_comes_back_whole(stores: Bench) -> None:
    await stores.put(entry("a"))
    assert await stores.store.get("key-a", NOW) == entry("a")
    assert await stores.store.by_id("id-a", NOW) == entry("a")
    assert await stores.store.get("key-b", NOW) is None
    assert await stores.store.by_id("key-a", NOW) is None


async def test_an_expired_entry_is_not_served(stores: Bench) -> None:
    await stores.put(entry("a"))
    assert await stores.store.get("key-a", NOW + 100.4) is not None
    assert await stores.store.get("key-a", NOW + 100.5) is None
    assert await stores.store.by_id("id-a", NOW + 100.5) is None
    assert [found async for found in stores.store.scan(NOW + 100.5)] == []


async def test_the_newest_entry_of_a_key_stays(stores: Bench) -> None:
    newer = entry("b", key="key-a", created_s=NOW - 5, body=b"newer")
    await stores.put(entry("a"), newer)
    assert await stores.store.get("key-a", NOW) == newer
    assert await stores.store.by_id("id-a", NOW) is None
    stores.store.put(entry("a"))
    await stores.settle()
    assert await stores.store.get("key-a", NOW) == newer


async def test_scan_goes_from_old_to_new_without_bodies_and_without_the_exact_only(stores: Bench) -> None:
    await stores.put(
        entry("c", created_s=NOW - 1),
        entry("a", created_s=NOW - 3),
        entry("exact-only", vector=b""),
        entry("b", created_s=NOW - 2),
    )
    found = [one async for one in stores.store.scan(NOW)]
    assert [one.key for one in found] == ["key-a", "key-b", "key-c"]
    assert found[0] == msgspec.structs.replace(entry("a", created_s=NOW - 3), body=b"")


async def test_scan_is_complete_over_many_pages(stores: Bench) -> None:
    await stores.put(*(entry(f"{number:04d}", created_s=NOW - 50 + number // 7) for number in range(450)))
    assert await stores.keys() == [f"key-{number:04d}" for number in range(450)]


@pytest.mark.parametrize(
    ("what", "left"),
    [
        (PurgeFilter(), "abc"),
        (PurgeFilter(all=True), ""),
        (PurgeFilter(key="key-a"), "bc"),
        (PurgeFilter(entry_id="id-b"), "ac"),
        (PurgeFilter(key="id-a"), "abc"),
        (PurgeFilter(tenant="u"), "ac"),
        (PurgeFilter(model="small"), "ab"),
        (PurgeFilter(tag="team"), "c"),
        (PurgeFilter(tag="team=red"), "ac"),
        (PurgeFilter(older_than_s=15), "bc"),
        (PurgeFilter(older_than_s=15, tenant="u"), "abc"),
        (PurgeFilter(all=True, tenant="u"), "ac"),
    ],
)
async def test_purge_removes_what_the_filter_means(stores: Bench, what: PurgeFilter, left: str) -> None:
    await stores.put(
        entry("a", created_s=NOW - 20),
        entry("b", tenant="u", tags={"team": "red"}),
        entry("c", model="small", tags={}),
    )
    assert await stores.store.purge(what, NOW) == 3 - len(left)
    for name in "abc":
        found = await stores.store.get(f"key-{name}", NOW), await stores.store.by_id(f"id-{name}", NOW)
        assert (found != (None, None)) == (name in left)
    assert sorted(await stores.keys()) == [f"key-{name}" for name in left]


async def test_what_was_purged_right_after_it_was_put_does_not_come_back(stores: Bench) -> None:
    assert stores.store.put(entry("a"))
    assert await stores.store.purge(PurgeFilter(tenant="t"), NOW) == 1
    await stores.settle()
    assert await stores.store.get("key-a", NOW) is None


async def test_a_purge_does_not_touch_what_is_stored_later(stores: Bench) -> None:
    await stores.store.purge(PurgeFilter(tenant="t"), NOW)
    later = entry("a", created_s=NOW + 1)
    await stores.put(later)
    assert await stores.store.get("key-a", NOW + 2) == later


operations = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 4), st.integers(0, 30)),
        st.tuples(st.just("purge"), st.integers(0, 4), st.integers(0, 0)),
        st.tuples(st.just("purge tenant"), st.integers(0, 1), st.integers(0, 0)),
    ),
    max_size=12,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(operations)
async def test_it_answers_as_a_dictionary_would(stores: Bench, steps: list[tuple[str, int, int]]) -> None:
    """Against a model: key -> newest entry. Each example is later than the one before, so they share a
    store."""
    stores.epoch_s += 1000
    await stores.store.purge(PurgeFilter(all=True), stores.epoch_s)
    clock, model = stores.epoch_s, dict[str, Entry]()
    for step, number, lifetime in steps:
        clock += 1
        if step == "put":
            made = entry(str(number), tenant=f"t{number % 2}", created_s=clock, expires_s=clock + lifetime)
            stores.store.put(made)
            model[made.key] = made
        elif step == "purge":
            await stores.store.purge(PurgeFilter(key=f"key-{number}"), clock)
            model.pop(f"key-{number}", None)
        else:
            await stores.store.purge(PurgeFilter(tenant=f"t{number}"), clock)
            model = {key: one for key, one in model.items() if one.tenant != f"t{number}"}
    await stores.settle()
    live = {key: one for key, one in model.items() if one.expires_s > clock}
    for number in range(5):
        assert await stores.store.get(f"key-{number}", clock) == live.get(f"key-{number}")
    assert {found.key async for found in stores.store.scan(clock)} == set(live)
