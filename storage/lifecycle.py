"""The life cycle of the database: upgrade, backup, restore, verify (the CLI's `db` commands)."""

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.storage import sqlite
from halfpenny.storage.digest import body_digest
from halfpenny.storage.engine import reading, sqlite_path, writing
from halfpenny.storage.schema import HEAD, entries, ledger
from halfpenny.storage.sqlite import StorageError

MIGRATIONS = Path(__file__).parent / "migrations"
_log = logging.getLogger(__name__)
_T = TypeVar("_T")
# Any constant does, as long as every Halfpenny process uses the same: it serialises upgrades on PostgreSQL.
_UPGRADE_LOCK = 0x68616C66
_PAGE = 200


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify` found. `problems` is empty when all is well."""

    ok: bool
    problems: list[str]
    entries: int
    ledger_rows: int
    schema: str | None


async def upgrade(engine: AsyncEngine, scripts: Path = MIGRATIONS) -> str:
    """Bring the tables to this code's schema and return its revision.

    One transaction under the write lock, so several processes may call it at once. An existing SQLite
    database is copied beside itself (`NAME.SCHEMA.TIME.backup`) before anything changes. Raises StorageError
    for a newer database.
    """
    file = sqlite_path(engine)
    if file is not None:
        await _in_thread(lambda: sqlite.ensure_wal(file))
    found = await schema_version(engine)
    head = _check_known(found, scripts)
    if found == head:
        return head
    path = sqlite_path(engine)
    if found is not None and path is not None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        target = path.with_name(f"{path.name}.{found}.{stamp}.backup")
        await backup(engine, target)
        _log.warning("database schema %s -> %s; the old database is kept as %s", found, head, target)
    async with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        await connection.run_sync(_run_migrations, scripts)
    return head


async def schema_version(engine: AsyncEngine) -> str | None:
    """The revision that the database is at; None for an empty one."""
    async with reading(engine) as connection:
        return await connection.run_sync(_current)


async def backup(engine: AsyncEngine, path: Path) -> None:
    """Copy the live SQLite database to `path` (mode 0600), checked and whole or not there at all."""
    source = _require_sqlite(engine, "backup: use pg_dump for PostgreSQL")
    await _in_thread(lambda: _copy_to_new(source, path))


async def restore(engine: AsyncEngine, path: Path) -> None:
    """Replace the contents of the SQLite database by those of the backup `path`, in one transaction.

    Raises StorageError when the backup is damaged or newer than this code, or when the database is in use.
    """
    target = _require_sqlite(engine, "restore: use pg_restore for PostgreSQL")
    await engine.dispose()
    await _in_thread(lambda: _copy_over(path, target))


async def verify(engine: AsyncEngine) -> Verdict:
    """Read everything: SQLite's `quick_check`, the hash of every stored body, the schema revision."""
    problems: list[str] = []
    found = await schema_version(engine)
    try:
        head = _check_known(found)
        if found != head:
            problems.append(f"schema is {found or 'empty'}, not {head}: run `halfpenny db upgrade`")
    except StorageError as error:
        problems.append(str(error))
    if found is None:
        return Verdict(ok=False, problems=problems, entries=0, ledger_rows=0, schema=None)
    path = sqlite_path(engine)
    if path is not None:
        problems += await _in_thread(lambda: quick_check(path))
    entry_count, bad = await _check_bodies(engine)
    problems += [f"entry {entry_id}: the body does not match its hash" for entry_id in bad]
    async with reading(engine) as connection:
        rows = (await connection.execute(select(func.count()).select_from(ledger))).scalar_one()
    return Verdict(ok=not problems, problems=problems, entries=entry_count, ledger_rows=rows, schema=found)


async def _check_bodies(engine: AsyncEngine) -> tuple[int, list[str]]:
    count, last = 0, ""
    bad: list[str] = []
    columns = (entries.c.id, entries.c.body, entries.c.body_sha256)
    while True:
        query = select(*columns).where(entries.c.id > last).order_by(entries.c.id).limit(_PAGE)
        async with reading(engine) as connection:
            page = (await connection.execute(query)).all()
        if not page:
            return count, bad
        bad += [row.id for row in page if body_digest(row.body) != row.body_sha256]
        count += len(page)
        last = page[-1].id


def _check_known(found: str | None, scripts: Path = MIGRATIONS) -> str:
    if found == HEAD and scripts == MIGRATIONS:
        return HEAD  # the usual start: Alembic, a tenth of a second to import, is not needed
    script = _scripts(scripts)
    head = script.get_current_head()
    if head is None:
        raise StorageError("this installation has no migrations: reinstall halfpenny")
    if found is not None and found not in {revision.revision for revision in script.walk_revisions()}:
        raise StorageError(
            f"the database has schema {found}, newer than this code's {head}: use a newer halfpenny or restore a backup"
        )
    return str(head)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return None if found is None else str(found)


def _config(scripts: Path) -> Any:
    from alembic.config import Config

    config = Config()
    # `%` would be read as interpolation by the configuration parser underneath.
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts(scripts: Path) -> Any:
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config(scripts))


def _run_migrations(connection: Connection, scripts: Path) -> None:
    from alembic import command

    config = _config(scripts)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _require_sqlite(engine: AsyncEngine, otherwise: str) -> Path:
    path = sqlite_path(engine)
    if path is None:
        raise StorageError(otherwise)
    return path


async def _in_thread(call: Callable[[], _T]) -> _T:
    """On a thread of its own: the shared default pool can be full of name look-ups that hang."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="halfpenny-db") as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, call)


def _copy_to_new(source: Path, path: Path) -> None:
    if path.exists():
        raise StorageError(f"backup: {path} exists already")
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    sqlite.claim_file(partial)
    try:
        _copy(source, partial)
        problems = quick_check(partial)
        if problems:
            raise StorageError(f"backup: the copy is damaged: {problems[0]}")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _copy_over(source: Path, target: Path) -> None:
    if not source.is_file():
        raise StorageError(f"restore: no such file: {source}")
    problems = quick_check(source)
    if problems:
        raise StorageError(f"restore: {source} is damaged: {problems[0]}")
    connection = sqlite.connect(source, read_only=True)
    try:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" not in tables:
            raise StorageError(f"restore: {source} is not a Halfpenny database")
        (found,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    finally:
        connection.close()
    _check_known(found)
    sqlite.claim_file(target)
    try:
        _copy(source, target)
    except sqlite.dbapi.OperationalError as error:
        raise StorageError(f"restore: {target} is in use or cannot be written: {error}") from error


def _copy(source: Path, target: Path) -> None:
    reader, writer = sqlite.connect(source, read_only=True), sqlite.connect(target)
    try:
        # Fails when another connection has the target open, before anything is changed.
        writer.execute("PRAGMA journal_mode = DELETE")
        reader.backup(writer)
        # One self-contained file: the copy took over the mark "WAL" of its source.
        writer.execute("PRAGMA journal_mode = DELETE")
    finally:
        reader.close()
        writer.close()


def quick_check(path: Path) -> list[str]:
    """The problems of a SQLite file, as `PRAGMA quick_check` names them; none is a sound file. Blocking."""
    connection: Any = sqlite.connect(path, read_only=True)
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA quick_check")]
    except sqlite.dbapi.DatabaseError as error:
        found = [str(error)]
    finally:
        connection.close()
    return [] if found == ["ok"] else [f"quick_check: {line}" for line in found]
