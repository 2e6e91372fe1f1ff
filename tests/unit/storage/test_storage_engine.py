"""The engine: our SQLite, our pragmas, our transactions, SQLAlchemy's errors."""

import asyncio
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from pysqlite3 import dbapi2
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.storage import sqlite
from halfpenny.storage.engine import make_engine, reading, sqlite_path, writing
from halfpenny.storage.sqlite import StorageError


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = make_engine(f"sqlite+aiosqlite:///{tmp_path}/deep/test.db")
    async with writing(made) as connection:
        await connection.execute(text("CREATE TABLE t (id INTEGER PRIMARY KEY, u INTEGER UNIQUE)"))
    yield made
    await made.dispose()


async def pragma(engine: AsyncEngine, name: str) -> object:
    async with reading(engine) as connection:
        return (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()


async def test_the_bundled_library_runs_with_our_pragmas(engine: AsyncEngine) -> None:
    async with reading(engine) as connection:
        version = (await connection.execute(text("SELECT sqlite_version()"))).scalar_one()
    assert version == dbapi2.sqlite_version
    assert tuple(map(int, version.split("."))) >= (3, 51, 3)
    names = ("journal_mode", "synchronous", "busy_timeout", "mmap_size", "foreign_keys", "secure_delete")
    assert [await pragma(engine, name) for name in names] == ["wal", 1, 5000, 0, 1, 1]


async def test_durable_means_synchronous_full(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/durable.db", durable=True)
    assert await pragma(engine, "synchronous") == 2
    await engine.dispose()


async def test_files_are_private(engine: AsyncEngine) -> None:
    path = sqlite_path(engine)
    assert path is not None
    modes = {found.name: found.stat().st_mode & 0o777 for found in path.parent.iterdir()}
    assert set(modes) == {"test.db", "test.db-wal", "test.db-shm"}
    assert set(modes.values()) == {0o600}


async def test_errors_arrive_as_sqlalchemys(engine: AsyncEngine) -> None:
    async def write(sql: str) -> None:
        async with writing(engine) as connection:
            await connection.execute(text(sql))

    with pytest.raises(IntegrityError):
        await write("INSERT INTO t (u) VALUES (1), (1)")
    with pytest.raises(OperationalError):
        await write("INSERT INTO no_such_table VALUES (1)")


async def test_an_exception_rolls_back(engine: AsyncEngine) -> None:
    async def fail() -> None:
        async with writing(engine) as connection:
            await connection.execute(text("INSERT INTO t (u) VALUES (1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with reading(engine) as connection:
        assert (await connection.execute(text("SELECT count(*) FROM t"))).scalar_one() == 0


async def test_read_then_write_in_many_transactions_at_once_loses_nothing(engine: AsyncEngine) -> None:
    """Deferred transactions would fail here with SQLITE_BUSY; BEGIN IMMEDIATE waits."""
    async with writing(engine) as connection:
        await connection.execute(text("INSERT INTO t (id, u) VALUES (1, 0)"))

    async def increment() -> None:
        for _ in range(10):
            async with writing(engine) as connection:
                value = (await connection.execute(text("SELECT u FROM t"))).scalar_one()
                await connection.execute(text("UPDATE t SET u = :u"), {"u": value + 1})

    await asyncio.gather(*(increment() for _ in range(4)))
    async with reading(engine) as connection:
        assert (await connection.execute(text("SELECT u FROM t"))).scalar_one() == 40


async def test_reading_goes_on_while_a_write_is_open(engine: AsyncEngine) -> None:
    async with writing(engine) as writer:
        await writer.execute(text("INSERT INTO t (u) VALUES (7)"))
        async with reading(engine) as reader:
            assert (await reader.execute(text("SELECT count(*) FROM t"))).scalar_one() == 0


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 2)])
def test_a_library_with_the_wal_reset_bug_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(StorageError, match=r"can corrupt.*3\.51\.3 or newer"):
        sqlite.check_version(version)
    sqlite.check_version((3, 51, 3))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://x/y", "mysql"),
        ("sqlite+aiosqlite://", "needs a file"),
        ("sqlite+aiosqlite:///:memory:", "needs a file"),
        ("no url", "not a database URL"),
    ],
)
def test_other_urls_are_refused(url: str, message: str) -> None:
    with pytest.raises(StorageError, match=message):
        make_engine(url)


@pytest.mark.skipif(find_spec("asyncpg") is not None, reason="asyncpg is installed")
def test_postgresql_without_its_driver_says_what_to_install() -> None:
    with pytest.raises(StorageError, match=r"halfpenny\[postgres\]"):
        make_engine("postgresql+asyncpg://localhost/x")
