"""The memory store: bounded by what it holds, the least recently used goes first."""

import gc
import sys
import tracemalloc
from typing import Any

import msgspec

from halfpenny.semantic_cache.base import Entry, PurgeFilter
from halfpenny.semantic_cache.stores.memory import MemoryStore, weight_bytes


def entry(number: int, **changes: Any) -> Entry:
    fields: dict[str, Any] = {
        "id": f"id-{number}-{'i' * 20}",
        "key": f"{number:064x}",
        "tenant": f"tenant-{number}",
        "partition": f"{number:064d}",
        "surface": "openai_chat",
        "model": "gpt-4o",
        "served_by": "large/gpt-4o",
        "mode": "json",
        "status": 200,
        "content_type": "application/json",
        "body": b"%01000d" % number,
        "created_s": 1.0 * number,
        "expires_s": 1000.5 + number,
        "text": f"question {number} " * 5,
        "vector": b"%0768d" % number,
        "tags": {"n": str(number)},
    }
    return Entry(**{**fields, **changes})


def test_it_never_holds_more_than_its_bytes_and_drops_the_least_recently_used() -> None:
    store = MemoryStore(max_bytes=10 * weight_bytes(entry(0)) + 50)
    for number in range(10):
        assert store.put(entry(number))
    assert store.peek(entry(0).key, 0) is not None
    for number in range(10, 15):
        store.put(entry(number))
        assert store.bytes <= store.max_bytes
    assert (len(store), store.evicted) == (10, 5)
    assert [number for number in range(15) if store.peek(entry(number).key, 0)] == [0, 6, 7, 8, 9, *range(10, 15)]


def test_the_account_is_near_what_the_interpreter_really_uses() -> None:
    store = MemoryStore()
    gc.collect()  # clears the free lists too: what is taken from them would not be counted
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(500):
            store.put(entry(number))
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.85 < store.bytes / used < 1.25


def test_the_account_returns_to_zero_even_if_a_string_grew_meanwhile() -> None:
    """CPython keeps the UTF-8 form of a string inside it once somebody asked for it."""
    store = MemoryStore()
    made = entry(1, text="".join(chr(9749) for _ in range(100)))
    store.put(made)
    before = sys.getsizeof(made.text)
    msgspec.json.encode(made)
    assert sys.getsizeof(made.text) >= before
    store.purge_now(PurgeFilter(all=True), 10)
    assert (store.bytes, len(store)) == (0, 0)


def test_what_is_too_large_for_the_whole_store_is_not_kept_and_removes_nothing() -> None:
    store = MemoryStore(max_bytes=5000)
    assert store.put(entry(1))
    assert not store.put(entry(2, body=b"x" * 5000))
    assert store.peek(entry(1).key, 0) == entry(1)


def test_an_expired_entry_makes_room_when_it_is_met() -> None:
    store = MemoryStore()
    store.put(entry(1))
    assert store.peek(entry(1).key, 2000) is None
    assert (len(store), store.bytes) == (0, 0)


def test_an_id_that_moves_to_another_key_leaves_the_old_one() -> None:
    store = MemoryStore()
    store.put(entry(1))
    store.put(entry(2, id=entry(1).id))
    assert store.peek(entry(1).key, 0) is None
    assert len(store) == 1


def test_it_says_what_it_holds() -> None:
    assert repr(MemoryStore(100)) == "<MemoryStore 0 entries, 0 of 100 bytes>"


async def test_an_entry_that_goes_during_a_scan_is_not_shown() -> None:
    store = MemoryStore()
    for number in range(3):
        store.put(entry(number))
    seen = []
    async for found in store.scan(0):
        seen.append(found.key)
        store.purge_now(PurgeFilter(key=entry(1).key), 10)
    assert seen == [entry(0).key, entry(2).key]
