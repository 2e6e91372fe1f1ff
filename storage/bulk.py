"""Many rows by one statement, at little cost per row on the event loop.

SQLAlchemy compiles the statement once; the rows go to the driver as tuples, past its per-row processing.
Every `CHUNK` rows the loop gets its turn.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

CHUNK = 100


def insert_for(dialect_name: str, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT; SQLite and PostgreSQL spell it alike."""
    return postgresql.insert(table) if dialect_name == "postgresql" else sqlite.insert(table)


class Bulk:
    """One INSERT ... ON CONFLICT statement over all columns of a table, in the order of `columns`."""

    def __init__(self, table: Table, refine: Callable[[Any], Any]) -> None:
        self.columns: tuple[str, ...] = tuple(column.name for column in table.columns)
        self._table = table
        self._refine = refine
        self._sql = cache(self._compile)

    async def execute(self, connection: AsyncConnection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows are tuples of driver values in the order of `columns`. Raises what SQLAlchemy raises."""
        sql = self._sql(connection.dialect)
        for start in range(0, len(rows), CHUNK):
            await connection.exec_driver_sql(sql, list(rows[start : start + CHUNK]))

    def _compile(self, dialect: Dialect) -> str:
        statement = self._refine(insert_for(dialect.name, self._table))
        compiled = statement.compile(dialect=dialect, column_keys=list(self.columns))
        order = tuple(compiled.positiontup or ())
        if order != self.columns:
            raise AssertionError(f"{self._table.name}: parameters in an unexpected order: {order}")
        return str(compiled)
