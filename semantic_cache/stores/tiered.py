"""Memory in front of the database: what is asked twice is answered at once, what is asked tomorrow is still
there."""

import asyncio
import logging
from collections.abc import AsyncIterator

import msgspec

from halfpenny.semantic_cache.base import Entry, PurgeFilter, Store
from halfpenny.semantic_cache.snapshots import Snapshots
from halfpenny.semantic_cache.stores.epochs import Epochs
from halfpenny.semantic_cache.stores.known import KnownKeys
from halfpenny.semantic_cache.stores.memory import MemoryStore
from halfpenny.semantic_cache.stores.sql import SqlStore

log = logging.getLogger(__name__)
_CHUNK = 1000
_OVERLAP_US = 3_000_000
_SNAPSHOT_OVERLAP_S = 60.0


class Tiered:
    """`get` asks memory, then the database, and keeps in memory what it found there; `put` writes to both.

    `by_id` is how neighbours are read: it does not find an entry of an outdated model snapshot. `epochs` and
    `snapshots` are what this process knows of them; `load` at the start, `refresh` from then on.
    """

    def __init__(self, memory: MemoryStore, sql: SqlStore) -> None:
        self.memory = memory
        self.sql = sql
        self.epochs = Epochs(sql.engine)
        self.snapshots = Snapshots()
        self._snapshots_read_s = 0.0
        self._mark: tuple[object, ...] | None = None
        self._known: KnownKeys | None = None
        self._known_complete = False
        self._newest_id = ""
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
        if self._known_complete and self._known is not None and not self._known.may_hold(key):
            return None
        generation = self._generation
        return self._promote(await self.sql.get(key, now_s), generation)

    async def by_id(self, entry_id: str, now_s: float) -> Entry | None:
        found = await self.memory.by_id(entry_id, now_s)
        if found is None:
            generation = self._generation
            found = self._promote(await self.sql.by_id(entry_id, now_s), generation)
        return None if found is None or self.snapshots.outdated(found) else found

    def put(self, entry: Entry) -> bool:
        """True if it is durable. It is served from memory even when it is not."""
        # its prompt is asked for by `SqlStore.prompts`, not held twice
        self.memory.put(msgspec.structs.replace(entry, prompt=b"") if entry.prompt else entry)
        if self._known is not None:
            self._known.add(entry.key)
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

    async def load(self) -> None:
        """Read epochs and snapshots; before the first request. A failure is logged: nothing is found then (every key is
        of an unknown epoch) until a `refresh` succeeds."""
        try:
            await self._follow()
        except Exception:
            log.exception("epochs cannot be read: nothing stored is served until they are")

    async def _follow(self) -> None:
        """Epochs and snapshots, both ways."""
        told = tuple(self.snapshots.changes)
        if told:
            await self.sql.save_snapshots(told)
            del self.snapshots.changes[: len(told)]
        mark = await self.sql.mark()
        if mark == self._mark:
            return
        await self.epochs.refresh()
        for change in await self.sql.snapshots_since(self._snapshots_read_s - _SNAPSHOT_OVERLAP_S):
            self.snapshots.learn(change)
            self._snapshots_read_s = max(self._snapshots_read_s, change.since_s)
        self._mark = mark

    async def learn_keys(self) -> int:
        """Read which keys the database holds; from then on a `get` of any other does not ask it. Keys must be digests.

        Call it once, then `refresh` about once a second: so late another process's entry may be found. Raises what the
        database raises.
        """
        self._known = KnownKeys()
        count = await self._learn("")
        self._known_complete = True
        return count

    async def _learn(self, after: str) -> int:
        assert self._known is not None
        found = await self.sql.keys_after(after)
        for at, (_, key) in enumerate(found, start=1):
            self._known.add(key)
            if at % _CHUNK == 0:
                await asyncio.sleep(0)
        if found:
            self._newest_id = max(self._newest_id, found[-1][0])
        return len(found)

    async def refresh(self) -> int:
        """Apply to memory what other processes purged meanwhile; say how many entries went. Follow epochs and
        snapshots.

        To be called about once a second where several processes share the database: that is how long a purge
        made in one may still be served by another. Raises what the database raises.
        """
        if self._known_complete:
            await self._learn(_some_time_before(self._newest_id))
        self._last_purge, purged = await self.sql.purges_after(self._last_purge)
        if purged:
            self._generation += 1
        gone = sum(self.memory.purge_now(what, at_s) for at_s, what in purged)
        await self._follow()
        return gone

    def scan(self, now_s: float) -> AsyncIterator[Entry]:
        return self.sql.scan(now_s)

    def _promote(self, entry: Entry | None, generation: int) -> Entry | None:
        # Read before a purge and returned after it: it may be one of the purged, so it is neither kept nor
        # served.
        if entry is None or generation != self._generation:
            return None
        self.memory.put(entry)
        return entry


def _some_time_before(entry_id: str) -> str:
    """An id from `_OVERLAP_US` earlier: entries reach the database a little out of the order of their ids, which begin
    with their time (`e-` and 14 hex digits of microseconds). Any other id, or none, is returned as it is."""
    try:
        at_us = int(entry_id[2:16], 16)
    except ValueError:
        return entry_id
    return f"{entry_id[:2]}{max(0, at_us - _OVERLAP_US):014x}"


_fits: type[Store] = Tiered
