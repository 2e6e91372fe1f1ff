"""SQLite as we use it: the library bundled in the `pysqlite3` wheel, with our pragmas, behind SQLAlchemy's
aiosqlite.

Why not the interpreter's own: up to 3.51.2 two connections that write or checkpoint at the same instant can
corrupt a WAL database (https://sqlite.org/wal.html#walresetbug), and distributions ship older ones.
"""

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
from pysqlite3 import dbapi2
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.util.concurrency import await_

dbapi: Any = dbapi2
FIRST_SAFE = (3, 51, 3)
DRIVERNAME = "sqlite+halfpenny"
BUSY_TIMEOUT_S = 5.0
_NAMES = (
    "DatabaseError",
    "Error",
    "IntegrityError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "sqlite_version",
    "sqlite_version_info",
    "PARSE_COLNAMES",
    "PARSE_DECLTYPES",
    "Binary",
)


class StorageError(Exception):
    """The database cannot be used as configured; the message says what to do."""


def check_version(version: tuple[int, ...]) -> None:
    """Refuse a SQLite library inside the WAL-reset corruption bug."""
    if version < FIRST_SAFE:
        found, need = (".".join(map(str, v)) for v in (version, FIRST_SAFE))
        raise StorageError(
            f"SQLite {found} can corrupt a database in WAL mode (sqlite.org/wal.html#walresetbug); "
            f"{need} or newer is needed: install a current `pysqlite3` wheel"
        )


class _Dbapi(AsyncAdapt_aiosqlite_dbapi):
    """aiosqlite's threads around the bundled library; the exception classes are the bundled library's too."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, dbapi)

    def _init_dbapi_attributes(self) -> None:
        for name in _NAMES:
            setattr(self, name, getattr(self.sqlite, name))

    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        connection = aiosqlite.Connection(partial(dbapi.connect, *arg, **kw), iter_chunk_size=64)
        # A forgotten connection must not keep the process from ending.
        connection._thread.daemon = True
        driver: Any = connection
        return AsyncAdapt_aiosqlite_connection(self, await_(driver))


class BundledDialect(SQLiteDialect_aiosqlite):
    """`sqlite+halfpenny://`: what `sqlite+aiosqlite://` means in our configuration."""

    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> AsyncAdapt_aiosqlite_dbapi:
        return _Dbapi()


registry.register("sqlite.halfpenny", __name__, "BundledDialect")


def pragmas(durable: bool, busy_timeout_s: float) -> tuple[str, ...]:
    """What every connection says first.

    NORMAL survives the death of the process, FULL (`durable`) also the loss of power. mmap is off because an
    I/O error then is a signal and not an error code. `secure_delete` overwrites what a purge removed.
    """
    return (
        f"PRAGMA busy_timeout = {int(busy_timeout_s * 1000)}",
        "PRAGMA journal_mode = WAL",
        f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}",
        "PRAGMA mmap_size = 0",
        "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = ON",
        "PRAGMA journal_size_limit = 67108864",
    )


def claim_file(path: Path) -> None:
    """Make the file exist with mode 0600 before SQLite opens it; WAL and SHM files inherit the mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)


def ensure_wal(path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
    """Switch the file to WAL once, before any pool opens it; the mode stays in the file.

    Two processes that switch a new file at the same moment get SQLITE_BUSY at once, whatever the busy timeout
    (sqlite.org/rescode.html#busy: waiting could deadlock them). So it is tried again here. Blocking, for a thread at
    the start. What else is wrong with the file is for the first query to say.
    """
    deadline = time.monotonic() + busy_timeout_s
    while time.monotonic() < deadline:
        connection = connect(path)
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
            return
        except dbapi.OperationalError:
            time.sleep(0.02)
        except dbapi.DatabaseError:
            return
        finally:
            connection.close()


def connect(path: Path, *, read_only: bool = False) -> Any:
    """A plain blocking connection, for threads of our own (backup, verify, restore)."""
    check_version(dbapi.sqlite_version_info)
    mode = "ro" if read_only else "rwc"
    return dbapi.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_S,
        check_same_thread=False,
    )
