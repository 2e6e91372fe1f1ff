"""Which snapshot answers now: names in answers, changes, returns, names that say nothing."""

from pathlib import Path

import msgspec
import pytest

from halfpenny.semantic_cache.base import Entry
from halfpenny.semantic_cache.snapshots import (
    MAX_MODELS,
    MAX_NAMES,
    RETURN_AFTER,
    Change,
    Snapshots,
    snapshot_in,
)
from halfpenny.semantic_cache.stores.memory import MemoryStore
from halfpenny.semantic_cache.stores.sql import SqlStore
from halfpenny.semantic_cache.stores.tiered import Tiered
from halfpenny.storage import lifecycle
from halfpenny.storage.engine import make_engine

OLD, NEW = "gpt-4o-2024-08-06", "gpt-4o-2024-11-20"
BY = "up/gpt-4o"


def entry(snapshot: str, served_by: str = BY) -> Entry:
    return Entry(
        id=f"id-{snapshot}",
        key=f"key-{snapshot}",
        tenant="t",
        partition="p",
        surface="chat",
        model="gpt-4o",
        served_by=served_by,
        mode="json",
        status=200,
        content_type="application/json",
        body=b"{}",
        created_s=1.0,
        expires_s=1e12,
        snapshot=snapshot,
    )


@pytest.mark.parametrize(
    ("body", "mode", "name"),
    [
        (b'{"id": "1", "model": "gpt-4o-2024-08-06", "choices": []}', "json", OLD),
        (b'{"candidates": [{"functionCall": {"args": {"model": "car"}}}], "modelVersion": "gemini-2.0"}', "json", "gemini-2.0"),
        (b'{"content": [{"type": "tool_use", "input": {"model": "x"}}], "model": "claude-1"}', "json", "claude-1"),
        (b'data: {"model": "gpt-4o-2024-08-06"}\n\ndata: [DONE]\n\n', "sse", OLD),
        (b'event: message_start\r\ndata: {"type": "message_start", "message": {"model": "claude-1"}}\r\n\r\n', "sse", "claude-1"),
        (b'event: response.created\ndata: {"type": "response.created", "response": {"model": "o3"}}\n\n', "sse", "o3"),
        (b': ping\n\ndata: {"candidates": []}\n\ndata: {"modelVersion": "gemini-2.0"}\n\n', "sse", "gemini-2.0"),
        (b'data: {"choices": [{"delta": {"content": "{\\"model\\": \\"fake\\"}"}}]}\n\n', "sse", ""),
        (b'{"model": 7}', "json", ""),
        (b'{"model": null, "message": "text"}', "json", ""),
        (b"[]", "json", ""),
        (b"", "json", ""),
        (b"\xff\xfe", "json", ""),
        (b"data: \xff\n\n", "sse", ""),
        (b'{"model": "' + b"x" * 201 + b'"}', "json", ""),
        (b"[" * 100_000, "json", ""),
    ],
)  # fmt: skip
def test_the_name_is_read_where_each_dialect_puts_it(body: bytes, mode: str, name: str) -> None:
    assert snapshot_in(body, mode) == name


def test_an_odd_field_does_not_raise() -> None:
    assert Snapshots().read(BY, b'{"message": "text", "model": "m"}', "json", 1.0) in ("", "m")


def test_a_new_name_ends_the_old_one() -> None:
    known = Snapshots()
    assert known.note(BY, OLD, 10.0)
    assert known.present(BY) == OLD
    assert not known.outdated(entry(OLD))
    assert known.note(BY, NEW, 20.0)
    assert known.outdated(entry(OLD))
    assert not known.outdated(entry(NEW))
    assert [(change.snapshot, change.since_s) for change in known.changes] == [(OLD, 10.0), (NEW, 20.0)]


def test_what_names_no_snapshot_is_never_outdated() -> None:
    known = Snapshots()
    known.note(BY, OLD, 10.0)
    assert not known.note(BY, "", 20.0)
    assert not known.outdated(entry(""))
    assert not known.outdated(entry(OLD, served_by="other/gpt-4o"))


def test_the_name_that_was_asked_for_says_nothing_until_there_is_another() -> None:
    known = Snapshots()
    assert not known.note(BY, "gpt-4o", 10.0)
    assert known.changes == []
    assert not known.outdated(entry("gpt-4o"))
    assert known.note(BY, NEW, 20.0)
    assert known.outdated(entry("gpt-4o"))


def test_old_and_new_may_take_turns_while_machines_are_moved() -> None:
    known = Snapshots()
    for at in range(200):
        known.note(BY, (OLD, NEW)[at % 2], float(at))
    assert known.present(BY) == NEW
    assert len(known.changes) == 2


def test_an_old_name_returns_after_a_run_of_answers() -> None:
    known = Snapshots()
    known.note(BY, OLD, 1.0)
    known.note(BY, NEW, 2.0)
    turns = [known.note(BY, OLD, 3.0 + at) for at in range(RETURN_AFTER)]
    assert turns == [False] * (RETURN_AFTER - 1) + [True]
    assert known.present(BY) == OLD
    assert known.outdated(entry(NEW))


def test_a_clock_that_goes_back_hides_no_change() -> None:
    known = Snapshots()
    known.note(BY, OLD, 100.0)
    assert known.note(BY, NEW, 50.0)
    assert known.present(BY) == NEW
    again = Snapshots()
    for change in known.changes:
        again.learn(change)
    assert again.present(BY) == NEW


def test_names_that_change_all_the_time_are_not_followed() -> None:
    known = Snapshots()
    for at in range(500):
        known.note(BY, f"gpt-4o-{at}", float(at))
    assert len(known.changes) == MAX_NAMES
    assert known.present(BY) == ""
    assert not known.outdated(entry("gpt-4o-0"))


def test_models_that_callers_make_up_take_bounded_room() -> None:
    known = Snapshots()
    for at in range(MAX_MODELS + 100):
        known.note(f"up/m{at}", "snapshot", 1.0)
    assert len(known.changes) == MAX_MODELS
    assert repr(known) == f"<Snapshots of {MAX_MODELS} models>"


def test_what_is_learnt_in_any_order_is_the_same() -> None:
    changes = [Change(BY, OLD, 1.0), Change(BY, NEW, 2.0), Change(BY, OLD, 3.0)]
    for order in (changes, changes[::-1]):
        known = Snapshots()
        for change in order:
            known.learn(change)
        assert known.present(BY) == OLD
        assert known.changes == []


async def test_the_database_keeps_them_and_neighbours_are_read_by_them(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/test.db")
    await lifecycle.upgrade(engine)

    async def flush(timeout_s: float) -> bool:
        return True

    stores = [SqlStore(engine, lambda kind, payload: True, flush) for _ in range(2)]
    one, two = (Tiered(MemoryStore(), store) for store in stores)
    one.put(entry(OLD))
    one.snapshots.note(BY, OLD, 10.0)
    await one.refresh()
    assert await one.by_id(f"id-{OLD}", 5.0) == entry(OLD)
    one.snapshots.note(BY, NEW, 20.0)
    assert await one.by_id(f"id-{OLD}", 5.0) is None
    assert await one.get(f"key-{OLD}", 5.0) == entry(OLD)
    await one.refresh()
    assert one.snapshots.changes == []
    await two.load()
    assert two.snapshots.present(BY) == NEW
    two.snapshots.learn(Change(BY, "newer", 30.0))
    await two.sql.save_snapshots([Change(BY, "newer", 30.0), Change(BY, NEW, 5.0)])
    await one.refresh()
    assert one.snapshots.present(BY) == "newer"
    assert [msgspec.structs.astuple(change) for change in await one.sql.snapshots_since(0.0)] == [
        (BY, OLD, 10.0),
        (BY, NEW, 20.0),
        (BY, "newer", 30.0),
    ]
    for store in stores:
        store.close()
    await engine.dispose()
