"""Memory in front of the database: what is asked twice is answered at once, what is asked tomorrow is still
there."""

from collections.abc import AsyncIterator

from halfpenny.semantic_cache.base import Entry, PurgeFilter, Store
from halfpenny.semantic_cache.stores.memory import MemoryStore
from halfpenny.semantic_cache.stores.sql import SqlStore


class Tiered:
    """`get` asks memory, then the database, and keeps in memory what it found there; `put` writes to both."""

    def __init__(self, memory: MemoryStore, sql: SqlStore) -> None:
        self.memory = memory
        self.sql = sql
        self._generation = 0
        self._last_purge = 0

    def __repr__(self) -> str:
        return f"<Tiered {self.memory!r} over SQL>"

    def peek(self, key: str, now_s: float) -> Entry | None:
        """What memory has, at once: no await, constant time. None says nothing about the database."""
        return self.memory.peek(key, now_s)

    async def get(self, key: str, now_s: float) -> Entry | None:
        found = self.memory.peek(key, now_s)
        if found is not None:
            return found
        generation = self._generation
        return self._promote(await self.sql.get(key, now_s), generation)

    async def by_id(self, entry_id: str, now_s: float) -> Entry | None:
        found = await self.memory.by_id(entry_id, now_s)
        if found is not None:
            return found
        generation = self._generation
        return self._promote(await self.sql.by_id(entry_id, now_s), generation)

    def put(self, entry: Entry) -> bool:
        """True if it is durable. It is served from memory even when it is not."""
        self.memory.put(entry)
        return self.sql.put(entry)

    async def purge(self, what: PurgeFilter, now_s: float) -> int:
        """Remove from both; the number is of entries, each counted once. Raises PurgeError as
        `SqlStore.purge` does.

        Memory is purged first, so this process serves none of them even if the database fails.
        """
        self._generation += 1
        in_memory = self.memory.purge_now(what, now_s)
        try:
            in_sql = await self.sql.purge(what, now_s)
        finally:
            self._generation += 1
        return max(in_memory, in_sql)

    async def refresh(self) -> int:
        """Apply to memory what other processes purged meanwhile; say how many entries went.

        To be called about once a second where several processes share the database: that is how long a purge
        made in one may still be served by another. Raises what the database raises.
        """
        self._last_purge, purged = await self.sql.purges_after(self._last_purge)
        if purged:
            self._generation += 1
        return sum(self.memory.purge_now(what, at_s) for at_s, what in purged)

    def scan(self, now_s: float) -> AsyncIterator[Entry]:
        return self.sql.scan(now_s)

    def _promote(self, entry: Entry | None, generation: int) -> Entry | None:
        # Read before a purge and returned after it: it may be one of the purged, so it is neither kept nor
        # served.
        if entry is None or generation != self._generation:
            return None
        self.memory.put(entry)
        return entry


_fits: type[Store] = Tiered
