"""Upgrade, backup, restore, verify."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.schema import CreateTable

from halfpenny.storage import lifecycle
from halfpenny.storage.digest import body_digest
from halfpenny.storage.engine import make_engine, reading, writing
from halfpenny.storage.schema import HEAD, metadata
from halfpenny.storage.sqlite import StorageError


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = make_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    yield made
    await made.dispose()


async def add_entry(engine: AsyncEngine, body: bytes) -> None:
    async with writing(engine) as connection:
        await connection.execute(
            text(
                "INSERT INTO entries (id, key, body, body_sha256, created_s, expires_s, vector)"
                " VALUES ('e', 'k', :body, :digest, 1, 2, x'')"
            ),
            {"body": body, "digest": body_digest(b"body")},
        )


async def test_upgrade_makes_the_tables_once(engine: AsyncEngine, tmp_path: Path) -> None:
    assert await lifecycle.schema_version(engine) is None
    head = await lifecycle.upgrade(engine)
    assert await lifecycle.upgrade(engine) == head == await lifecycle.schema_version(engine)
    assert head == HEAD
    assert list(tmp_path.glob("*.backup")) == []


async def test_the_migrations_make_what_the_schema_says(engine: AsyncEngine) -> None:
    await lifecycle.upgrade(engine)

    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with reading(engine) as connection:
        assert await connection.run_sync(differences) == []


def test_the_schema_compiles_for_postgresql() -> None:
    made = [str(CreateTable(table).compile(dialect=postgresql.dialect())) for table in metadata.sorted_tables]
    assert len(made) == 7
    assert "DOUBLE PRECISION" in made[0]


async def test_upgrades_at_the_same_time_do_not_collide(tmp_path: Path) -> None:
    engines = [make_engine(f"sqlite+aiosqlite:///{tmp_path}/same.db") for _ in range(4)]
    heads = await asyncio.gather(*(lifecycle.upgrade(engine) for engine in engines))
    assert len(set(heads)) == 1
    for engine in engines:
        await engine.dispose()


async def test_a_newer_database_is_refused(engine: AsyncEngine) -> None:
    await lifecycle.upgrade(engine)
    async with writing(engine) as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="9999, newer than this code's"):
        await lifecycle.upgrade(engine)
    assert "newer" in (await lifecycle.verify(engine)).problems[0]


async def test_an_existing_database_is_copied_before_it_changes(engine: AsyncEngine, tmp_path: Path) -> None:
    await lifecycle.upgrade(engine)
    await add_entry(engine, b"body")
    scripts = tmp_path / "migrations"
    shutil.copytree(lifecycle.MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "r0004_next.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nrevision = '0004'\ndown_revision = '0003'\n"
        "def upgrade():\n"
        "    with op.batch_alter_table('entries') as batch:\n"
        "        batch.alter_column('model', nullable=True)\n"
        "        batch.add_column(sa.Column('extra', sa.Text()))\n"
    )
    assert await lifecycle.upgrade(engine, scripts) == "0004"
    (kept,) = tmp_path.glob("test.db.0003.*.backup")
    with pytest.raises(StorageError, match="0004, newer than this code's 0003"):
        await lifecycle.upgrade(engine)
    await lifecycle.restore(engine, kept)
    verdict = await lifecycle.verify(engine)
    assert (verdict.ok, verdict.schema, verdict.entries) == (True, "0003", 1)


async def test_a_migration_that_fails_changes_nothing(engine: AsyncEngine, tmp_path: Path) -> None:
    await lifecycle.upgrade(engine)
    scripts = tmp_path / "migrations"
    shutil.copytree(lifecycle.MIGRATIONS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "r0004_next.py").write_text(
        "from alembic import op\nrevision = '0004'\ndown_revision = '0003'\n"
        "def upgrade():\n    op.drop_table('ledger')\n    op.execute('no such statement')\n"
    )
    with pytest.raises(OperationalError):
        await lifecycle.upgrade(engine, scripts)
    assert (await lifecycle.verify(engine)).ok


async def test_backup_and_restore(engine: AsyncEngine, tmp_path: Path) -> None:
    await lifecycle.upgrade(engine)
    await add_entry(engine, b"body")
    copy = tmp_path / "copy.backup"
    await lifecycle.backup(engine, copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    with pytest.raises(StorageError, match="exists already"):
        await lifecycle.backup(engine, copy)
    async with writing(engine) as connection:
        await connection.execute(text("DELETE FROM entries"))
    assert (await lifecycle.verify(engine)).entries == 0
    await lifecycle.restore(engine, copy)
    verdict = await lifecycle.verify(engine)
    assert (verdict.ok, verdict.entries, verdict.problems) == (True, 1, [])
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.backup"]


async def test_restore_refuses_what_is_not_a_sound_backup(engine: AsyncEngine, tmp_path: Path) -> None:
    await lifecycle.upgrade(engine)
    missing, rubbish, foreign = (tmp_path / name for name in ("missing", "rubbish", "foreign"))
    rubbish.write_bytes(b"no database" * 1000)
    other = make_engine(f"sqlite+aiosqlite:///{foreign}")
    async with writing(other) as connection:
        await connection.execute(text("CREATE TABLE t (id INTEGER)"))
    await other.dispose()
    for path, message in ((missing, "no such file"), (rubbish, "damaged"), (foreign, "not a Halfpenny")):
        with pytest.raises(StorageError, match=message):
            await lifecycle.restore(engine, path)
    assert (await lifecycle.verify(engine)).ok


async def test_restore_refuses_while_somebody_writes(engine: AsyncEngine, tmp_path: Path) -> None:
    await lifecycle.upgrade(engine)
    await lifecycle.backup(engine, tmp_path / "copy")
    other = make_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    async with reading(other) as connection:
        await connection.execute(text("SELECT count(*) FROM ledger"))
        with pytest.raises(StorageError, match="in use"):
            await lifecycle.restore(engine, tmp_path / "copy")
    await other.dispose()


async def test_verify_finds_a_changed_body(engine: AsyncEngine) -> None:
    await lifecycle.upgrade(engine)
    await add_entry(engine, b"bodY")
    verdict = await lifecycle.verify(engine)
    assert (verdict.ok, verdict.problems) == (False, ["entry e: the body does not match its hash"])


async def test_verify_finds_a_damaged_file(engine: AsyncEngine, tmp_path: Path) -> None:
    await lifecycle.upgrade(engine)
    await engine.dispose()
    path = tmp_path / "test.db"
    data = bytearray(path.read_bytes())
    data[4096:8192] = b"\xff" * 4096
    path.write_bytes(bytes(data))
    assert lifecycle.quick_check(path) != []


async def test_an_empty_database_is_not_well(engine: AsyncEngine) -> None:
    verdict = await lifecycle.verify(engine)
    assert (verdict.ok, verdict.schema) == (False, None)
