"""Full garbage collections wait for a quiet moment."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from halfpenny.proxy import collecting


@pytest.fixture(autouse=True)
def collector() -> Iterator[list[int]]:
    """The generations collected; the collector is as before afterwards."""
    before, seen = gc.get_threshold(), []

    def note(phase: str, info: dict[str, int]) -> None:
        if phase == "stop":
            seen.append(info["generation"])

    gc.callbacks.append(note)
    yield seen
    gc.callbacks.remove(note)
    gc.set_threshold(*before)
    gc.unfreeze()


def cycles(count: int) -> list[list[object]]:
    kept: list[list[object]] = [[] for _ in range(count)]
    for one in kept:
        one.append(one)
    return kept


def test_allocating_starts_no_full_collection_any_more(collector: list[int]) -> None:
    collecting.settle()
    collector.clear()
    kept = cycles(200_000)
    assert {0, 1} <= set(collector)
    assert 2 not in collector
    assert len(kept) == 200_000


async def test_a_full_collection_waits_until_nothing_is_in_flight(collector: list[int]) -> None:
    busy = True
    task = asyncio.create_task(collecting.collect_when_quiet(lambda: busy, every_s=0.002, latest_s=60.0))
    collecting.settle()
    collector.clear()
    await asyncio.sleep(0.05)
    assert 2 not in collector
    busy = False
    async with asyncio.timeout(5):
        while 2 not in collector:
            await asyncio.sleep(0.002)
    task.cancel()


async def test_it_does_not_wait_for_ever(collector: list[int]) -> None:
    collecting.settle()
    collector.clear()
    task = asyncio.create_task(collecting.collect_when_quiet(lambda: True, every_s=0.002, latest_s=0.02))
    async with asyncio.timeout(5):
        while 2 not in collector:
            await asyncio.sleep(0.002)
    task.cancel()
