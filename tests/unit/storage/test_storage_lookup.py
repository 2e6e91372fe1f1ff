"""Point reads past the stack: they see what others committed, and fail instead of piling up."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.storage import lifecycle
from halfpenny.storage.engine import make_engine, writing
from halfpenny.storage.lookup import MAX_WAITING, Lookup, LookupBusyError
from halfpenny.storage.schema import purges


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = make_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    await lifecycle.upgrade(made)
    yield made
    await made.dispose()


@pytest.fixture
async def lookup(engine: AsyncEngine) -> AsyncIterator[Lookup]:
    made = Lookup(engine)
    yield made
    made.close()


async def test_it_finds_what_was_committed_meanwhile(engine: AsyncEngine, lookup: Lookup) -> None:
    sql = lookup.prepare(select(purges.c.what).where(purges.c.at_s == bindparam("at_s")))
    assert await lookup.first(sql, (1.5,)) is None
    async with writing(engine) as connection:
        await connection.execute(purges.insert().values(at_s=1.5, what="found"))
    assert await lookup.first(sql, (1.5,)) == ("found",)


async def test_it_cannot_write(lookup: Lookup) -> None:
    with pytest.raises(Exception, match="readonly"):
        await lookup.first("DELETE FROM purges", ())


async def test_too_many_at_once_are_refused(lookup: Lookup) -> None:
    async def ask() -> object:
        return await lookup.first(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 300000) SELECT max(i) FROM n",
            (),
        )

    answers = await asyncio.gather(
        *(ask() for _ in range(2)),
        *(lookup.first("SELECT 1", ()) for _ in range(MAX_WAITING)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, LookupBusyError) for answer in answers) == 2
    assert await lookup.first("SELECT 2", ()) == (2,)
