"""`make_engine`: one async engine for SQLite and PostgreSQL, and the two kinds of transaction on it.

On SQLite every transaction is `BEGIN IMMEDIATE` unless it is opened by `reading`: a deferred transaction that
reads and then writes fails with SQLITE_BUSY at once, whatever the busy timeout, when another process wrote in
between.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from halfpenny.storage import sqlite
from halfpenny.storage.sqlite import StorageError

_READING = "halfpenny_reading"


def make_engine(
    url: str,
    *,
    durable: bool = False,
    pool_size: int = 5,
    busy_timeout_s: float = sqlite.BUSY_TIMEOUT_S,
) -> AsyncEngine:
    """An engine for `sqlite+aiosqlite:///path` or `postgresql+asyncpg://...`.

    `busy_timeout_s` is how long a SQLite transaction waits for another process's. `durable` makes a SQLite
    commit survive the loss of power, at some milliseconds a commit. Raises StorageError for a URL of another
    kind, for a SQLite library that can corrupt, and when the PostgreSQL driver is not installed.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StorageError(f"not a database URL: {error}") from error
    if parsed.drivername in ("sqlite+aiosqlite", sqlite.DRIVERNAME):
        return _sqlite_engine(parsed, sqlite.pragmas(durable, busy_timeout_s), pool_size=pool_size)
    if parsed.drivername == "postgresql+asyncpg":
        return _postgres_engine(parsed, pool_size=pool_size)
    raise StorageError(
        f"store.url: `{parsed.drivername}` is not supported; use sqlite+aiosqlite:///FILE or postgresql+asyncpg://HOST/DB"
    )


def sqlite_path(engine: AsyncEngine) -> Path | None:
    """The database file, or None when the engine is not SQLite."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    return Path(engine.url.database)


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection that only reads; it never waits for a writer."""
    async with engine.connect() as connection:
        await connection.execution_options(**{_READING: True})
        yield connection


@asynccontextmanager
async def writing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A write transaction: committed at the end, rolled back by an exception."""
    async with engine.begin() as connection:
        yield connection


def _sqlite_engine(url: URL, pragmas: tuple[str, ...], *, pool_size: int) -> AsyncEngine:
    sqlite.check_version(sqlite.dbapi.sqlite_version_info)
    if not url.database or url.database == ":memory:":
        raise StorageError("store.url: a SQLite database needs a file, as in sqlite+aiosqlite:///halfpenny.db")
    sqlite.claim_file(Path(url.database))
    engine = create_async_engine(
        url.set(drivername=sqlite.DRIVERNAME),
        pool_size=pool_size,
        # isolation_level None: the driver opens no transaction of its own, the listener below does.
        connect_args={"isolation_level": None},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Connection) -> None:
        deferred = connection.get_execution_options().get(_READING, False)
        connection.exec_driver_sql("BEGIN DEFERRED" if deferred else "BEGIN IMMEDIATE")

    return engine


def _postgres_engine(url: URL, *, pool_size: int) -> AsyncEngine:
    try:
        return create_async_engine(url, pool_size=pool_size, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise StorageError(
            "store.url names PostgreSQL but its driver is missing: pip install 'halfpenny[postgres]'"
        ) from error
