"""Epochs: a number that is part of every key. A higher one opens a new cache without deleting the old.

There is one for everybody and one for each tenant. They are rows of the database, so they survive restarts, and the
processes that share it follow one another's (`refresh`).
"""

import secrets
import time

from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.storage.engine import reading, writing
from halfpenny.storage.schema import epochs

EVERYBODY = ""
# PostgreSQL may show a row before one of a lower number, whose transaction ended later
_OVERLAP = 100


class EpochError(Exception):
    """The epoch could not be raised; it can be asked for again."""


class Epochs:
    """Before the first `refresh` no epoch is known: until then `of` answers one that no entry was ever stored under,
    so that nothing of a closed epoch can be served."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._last = 0
        self._everybody = 0
        self._own: dict[str, int] = {}
        self._common = ""
        self._unknown = f"unknown-{secrets.token_hex(16)}"
        self._is_known = False

    def __repr__(self) -> str:
        return f"<Epochs {self._everybody}, and of {len(self._own)} tenants>"

    def of(self, tenant: str) -> str:
        """What to put into the keys of this tenant; "" while no epoch was ever raised."""
        if not self._is_known:
            return self._unknown
        own = self._own.get(tenant)
        return self._common if own is None else f"{self._everybody}.{own}"

    def number(self, tenant: str = EVERYBODY) -> int:
        """The number of the epoch of everybody, or of one tenant; 0 if it was never raised."""
        return self._everybody if tenant == EVERYBODY else self._own.get(tenant, 0)

    async def raise_(self, tenant: str = EVERYBODY) -> int:
        """Open the next epoch, for everybody or for one tenant; its number. Durable when it returns. Raises
        `EpochError` if the database does not take it."""
        try:
            async with writing(self._engine) as connection:
                made = await connection.execute(epochs.insert().values(tenant=tenant, at_s=time.time()))
                assert made.inserted_primary_key is not None
                number = int(made.inserted_primary_key[0])
                # the newest row is never deleted, so numbers only rise
                await connection.execute(delete(epochs).where(epochs.c.tenant == tenant, epochs.c.id < number))
        except (SQLAlchemyError, OSError) as error:
            raise EpochError(f"the database refused the new epoch: {error}") from error
        self._set(tenant, number)
        return number

    async def refresh(self) -> None:
        """Read what was raised since the last time, here or elsewhere. Raises what the database raises."""
        query = select(epochs.c.id, epochs.c.tenant).where(epochs.c.id > self._last - _OVERLAP)
        async with reading(self._engine) as connection:
            rows = (await connection.execute(query)).all()
        for row in rows:
            self._set(row.tenant, row.id)
            self._last = max(self._last, row.id)
        self._is_known = True

    def _set(self, tenant: str, number: int) -> None:
        if tenant != EVERYBODY:
            self._own[tenant] = max(number, self._own.get(tenant, 0))
        elif number > self._everybody:
            self._everybody, self._common = number, f"{number}.0"
