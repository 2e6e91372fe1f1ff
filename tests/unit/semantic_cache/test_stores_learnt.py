"""What is learnt, on its way through the spool into the database and back; groups and prompts of entries."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from halfpenny.semantic_cache.base import Entry
from halfpenny.semantic_cache.decision.prompts import make_prompt
from halfpenny.semantic_cache.kept import Kept, KeptPrompts, weight_bytes
from halfpenny.semantic_cache.stores import learnt as module
from halfpenny.semantic_cache.stores.learnt import KIND, LabelRow, LearntStore, StateRow
from halfpenny.semantic_cache.stores.sql import KIND as ENTRY
from halfpenny.semantic_cache.stores.sql import SqlStore
from halfpenny.storage.engine import make_engine
from halfpenny.storage.lifecycle import upgrade
from halfpenny.storage.spool import Spool
from halfpenny.storage.writer import Writer

NOW = time.time()


class Parts:
    def __init__(self, tmp_path: Path) -> None:
        self.engine = make_engine(f"sqlite+aiosqlite:///{tmp_path}/t.db")
        self.spool = Spool(tmp_path / "spool")
        self.learnt = LearntStore(self.engine, self.spool.append)
        self.sql = SqlStore(self.engine, self.spool.append, self.flush)
        self.writer = Writer(self.spool, self.engine, {KIND: self.learnt.handler, ENTRY: self.sql.handler})

    async def flush(self, timeout_s: float) -> bool:
        return await self.writer.flush(timeout_s)


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    made = Parts(tmp_path)
    await upgrade(made.engine)
    yield made
    assert await made.writer.close()
    made.sql.close()
    await made.engine.dispose()


def label(at: int, namespace: str = "n") -> LabelRow:
    return LabelRow(f"l-{at:06d}", namespace, at, "miss", b"\0" * 64, 1.0, 0.5, 0.9, "g", b"", at, 1, 0, 0.25)


def entry(name: str, at_s: float, **more: object) -> Entry:
    fields = {
        "id": name,
        "key": name,
        "tenant": "t",
        "partition": "p",
        "surface": "chat",
        "model": "m",
        "served_by": "b/m",
        "mode": "json",
        "status": 200,
        "content_type": "c",
        "body": b"{}",
        "created_s": at_s,
        "expires_s": at_s + 1000,
        "text": name,
        "vector": b"\0\0",
        "prompt": b"kept",
        "namespace": "n",
        **more,
    }
    return msgspec.convert(fields, Entry)


async def test_labels_come_back_in_order_and_only_the_newest(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_LABELS", 10)
    assert parts.learnt.put(labels=tuple(label(at) for at in range(25)))
    assert parts.learnt.put(labels=(label(3), label(99, "other")))  # the same record twice counts once
    assert await parts.flush(5)
    assert await parts.learnt.labels("n") == [label(at) for at in range(15, 25)]
    assert await parts.learnt.prune() == 15
    assert await parts.learnt.prune() == 0
    assert await parts.learnt.labels("n") == [label(at) for at in range(15, 25)]
    assert await parts.learnt.labels("other") == [label(99, "other")]


async def test_the_newest_state_counts(parts: Parts) -> None:
    new, old = StateRow("n", 2, 7, 3, 0.1, 0.2, b"new"), StateRow("n", 1, 5, 2, 0.3, 0.4, b"old")
    parts.learnt.put(states=(new,))
    assert await parts.flush(5)
    parts.learnt.put(states=(old,))
    assert await parts.flush(5)
    assert await parts.learnt.state("n") == new
    assert await parts.learnt.state("unknown") is None


async def test_groups_are_kept_and_withdrawn_entries_are_no_neighbours(parts: Parts) -> None:
    # in one batch, the word on the group before the entry of another
    parts.sql.put(entry("e-1", NOW))
    parts.sql.regroup("e-1", "e-1")
    parts.sql.put(entry("e-2", NOW + 1))
    parts.sql.regroup("e-2", "e-1")
    parts.sql.put(entry("e-3", NOW + 2))
    assert await parts.flush(5)
    assert sorted(await parts.sql.group_members("e-1")) == ["e-1", "e-2"]
    kept = await parts.sql.prompts(["e-2", "e-3", "e-9"], NOW + 2)
    assert {name: (one.prompt, one.group, one.text) for name, one in kept.items()} == {
        "e-2": (b"kept", "e-1", "e-2"),
        "e-3": (b"kept", "", "e-3"),
    }
    assert [one.group async for one in parts.sql.scan(NOW + 2)] == ["e-1", "e-1", ""]
    assert [[one.entry_id for one in page] async for page in parts.learnt.members("n", NOW + 2, 2)] == [["e-3", "e-2"]]
    parts.sql.regroup("e-1", "", withdrawn=True)
    assert await parts.flush(5)
    assert [one.id async for one in parts.sql.scan(NOW + 2)] == ["e-2", "e-3"]
    found = await parts.sql.get("e-1", NOW + 2)
    assert found is not None
    assert (found.body, found.vector, found.prompt) == (b"{}", b"", b"")


def kept(text: str, group: str) -> Kept:
    vector = np.zeros(384, np.float32)
    return Kept("p", make_prompt(text, vector, np.zeros((4, 64), np.float32), [1] * 4, [(0, 1)] * 4), group)


def test_kept_prompts_are_bounded_by_their_bytes() -> None:
    one = kept("some words of a prompt", "g")
    held = KeptPrompts(5 * weight_bytes(one))
    for at in range(5):
        held.put(f"e-{at}", one)
    assert held.get("e-0") is one
    held.put("e-5", one)
    assert (len(held), held.get("e-1"), held.get("e-0")) == (5, None, one)
    held.regroup("e-5", "other")
    held.regroup("e-1", "other")
    assert held.members("other") == ["e-5"]
    for at in range(6):
        held.drop(f"e-{at}")
    assert (len(held), held.bytes) == (0, 0)
