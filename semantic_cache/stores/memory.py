"""Entries in memory: the hot path of exact hits. Gone with the process."""

import sys
from collections import OrderedDict
from collections.abc import AsyncIterator

import msgspec

from halfpenny.semantic_cache.base import Entry, PurgeFilter, Store
from halfpenny.semantic_cache.stores.purging import is_empty, matches

MAX_BYTES = 256 * 1000 * 1000
# An entry's own object, its slots in two dicts and the list node, measured on CPython 3.11.
_OBJECTS_BYTES = 600


class MemoryStore:
    """At most `max_bytes` of entries; the least recently used goes first. One thread.

    `evicted` counts what went for room. What is too large for the whole store is not kept.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self.evicted = 0
        self._by_key: OrderedDict[str, Entry] = OrderedDict()
        self._key_of: dict[str, str] = {}
        # Kept, because a string's size can change: CPython caches its UTF-8 form in it.
        self._weight_of: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def __repr__(self) -> str:
        return f"<MemoryStore {len(self)} entries, {self.bytes} of {self.max_bytes} bytes>"

    def peek(self, key: str, now_s: float) -> Entry | None:
        """The live entry of a key, at once: no await, constant time."""
        entry = self._by_key.get(key)
        if entry is None:
            return None
        if entry.expires_s <= now_s:
            if entry.kept_until_s <= now_s:
                self._drop(entry)
            return None
        self._by_key.move_to_end(key)
        return entry

    async def get(self, key: str, now_s: float) -> Entry | None:
        return self.peek(key, now_s)

    async def by_id(self, entry_id: str, now_s: float) -> Entry | None:
        key = self._key_of.get(entry_id)
        return None if key is None else self.peek(key, now_s)

    def put(self, entry: Entry) -> bool:
        """Keep it in place of an older one of the same key; False if it is too large or older than what is
        there."""
        old = self._by_key.get(entry.key)
        if old is not None:
            if old.created_s > entry.created_s:
                return False
            self._drop(old)
        if entry.id in self._key_of:
            self._drop(self._by_key[self._key_of[entry.id]])
        size = weight_bytes(entry)
        if size > self.max_bytes:
            return False
        self._by_key[entry.key] = entry
        self._key_of[entry.id] = entry.key
        self._weight_of[entry.id] = size
        self.bytes += size
        while self.bytes > self.max_bytes:
            self._drop(next(iter(self._by_key.values())))
            self.evicted += 1
        return True

    async def purge(self, what: PurgeFilter, now_s: float) -> int:
        return self.purge_now(what, now_s)

    def purge_now(self, what: PurgeFilter, now_s: float) -> int:
        """Remove what the filter means, and say how many; no await."""
        if is_empty(what):
            return 0
        gone = [entry for entry in self._candidates(what) if matches(entry, what, now_s)]
        for entry in gone:
            self._drop(entry)
        return len(gone)

    async def scan(self, now_s: float) -> AsyncIterator[Entry]:
        live = [entry for entry in self._by_key.values() if entry.vector and entry.expires_s > now_s]
        for entry in sorted(live, key=lambda entry: (entry.created_s, entry.id)):
            if self._key_of.get(entry.id) == entry.key:  # it may have gone while the reader was busy
                yield msgspec.structs.replace(entry, body=b"")

    def _candidates(self, what: PurgeFilter) -> list[Entry]:
        key = what.key if what.key is not None else self._key_of.get(what.entry_id or "")
        if what.key is None and what.entry_id is None:
            return list(self._by_key.values())
        entry = None if key is None else self._by_key.get(key)
        return [] if entry is None else [entry]

    def _drop(self, entry: Entry) -> None:
        del self._by_key[entry.key]
        del self._key_of[entry.id]
        self.bytes -= self._weight_of.pop(entry.id)


def weight_bytes(entry: Entry) -> int:
    """What the entry occupies, by the interpreter's own account of its parts."""
    parts = (
        entry.id,
        entry.key,
        entry.tenant,
        entry.partition,
        entry.surface,
        entry.model,
        entry.served_by,
        entry.content_type,
        entry.body,
        entry.text,
        entry.vector,
        entry.embedder,
        entry.snapshot,
        entry.prompt,
        entry.group,
        entry.namespace,
        *entry.tags.keys(),
        *entry.tags.values(),
    )
    return sum(map(sys.getsizeof, parts)) + sys.getsizeof(entry.tags) + _OBJECTS_BYTES


_fits: type[Store] = MemoryStore
