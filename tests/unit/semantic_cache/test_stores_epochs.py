"""Epochs: raised once, known to all processes, never lower again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.semantic_cache.stores.epochs import EpochError, Epochs
from halfpenny.storage import lifecycle
from halfpenny.storage.engine import make_engine, reading, writing
from halfpenny.storage.schema import epochs


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = make_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db", busy_timeout_s=0.2)
    await lifecycle.upgrade(made)
    yield made
    await made.dispose()


async def known(engine: AsyncEngine) -> Epochs:
    made = Epochs(engine)
    await made.refresh()
    return made


async def test_without_any_there_is_nothing_to_put_into_a_key(engine: AsyncEngine) -> None:
    assert (await known(engine)).of("t") == ""


async def test_before_they_are_known_every_key_is_new(engine: AsyncEngine) -> None:
    one, two = Epochs(engine), Epochs(engine)
    assert one.of("t") != two.of("t") != ""
    assert one.of("t") == one.of("u") == one.of("t")


async def test_each_scope_has_its_own(engine: AsyncEngine) -> None:
    made = await known(engine)
    await made.raise_("t")
    assert made.of("u") == ""
    own = made.of("t")
    assert own
    await made.raise_()
    assert made.of("u") != ""
    assert made.of("t") not in ("", own)
    assert made.number() == int(made.of("u").partition(".")[0])


async def test_numbers_only_rise_and_rows_do_not_pile_up(engine: AsyncEngine) -> None:
    made = await known(engine)
    numbers = [await made.raise_(tenant) for tenant in ("", "t", "", "t", "t", "")]
    assert numbers == sorted(set(numbers))
    assert len({made.of("t") for _ in range(3)}) == 1
    async with reading(engine) as connection:
        assert (await connection.execute(select(func.count()).select_from(epochs))).scalar_one() == 2


async def test_other_processes_and_later_starts_follow(engine: AsyncEngine) -> None:
    one, two = await known(engine), await known(engine)
    await one.raise_()
    await one.raise_("t")
    assert two.of("t") == ""
    await two.refresh()
    assert two.of("t") == one.of("t") == (await known(engine)).of("t")
    await two.raise_("t")
    await one.refresh()
    assert one.of("t") == two.of("t")


async def test_a_database_that_refuses_is_said_so_and_nothing_changes(engine: AsyncEngine) -> None:
    made = await known(engine)
    other = make_engine(str(engine.url).replace("sqlite+halfpenny", "sqlite+aiosqlite"), busy_timeout_s=0.2)
    async with writing(other) as connection:
        await connection.execute(epochs.insert().values(tenant="x", at_s=0.0))
        with pytest.raises(EpochError):
            await made.raise_()
    await other.dispose()
    assert made.of("t") == ""
    assert await made.raise_() > 0
