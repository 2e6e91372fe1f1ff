"""proxy/tasks.py: no task is lost, no error stays behind in one."""

import asyncio
import gc
import logging

import pytest

from halfpenny.proxy.tasks import TaskOwner


async def test_tasks_are_named_and_kept_until_they_end() -> None:
    owner = TaskOwner("app")
    release = asyncio.Event()
    task = owner.spawn("one", release.wait())
    assert task.get_name() == "app:one"
    assert len(owner) == 1
    assert repr(owner) == "<TaskOwner app: 1 running>"
    gc.collect()
    assert not await owner.wait(0.01)
    release.set()
    assert await owner.wait(5)
    assert len(owner) == 0


async def test_what_a_task_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise ValueError("for a reason")

    owner = TaskOwner("app")
    with caplog.at_level(logging.ERROR):
        task = owner.spawn("two", fails())
        assert await owner.wait(5)
    assert isinstance(task.exception(), ValueError)
    (logged,) = caplog.records
    assert logged.getMessage() == "task app:two failed"
    assert logged.exc_info is not None


async def test_close_cancels_what_is_left_and_waits(caplog: pytest.LogCaptureFixture) -> None:
    cleaned = []

    async def works() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append(True)

    owner = TaskOwner("app")
    tasks = [owner.spawn(f"task {number}", works()) for number in range(3)]
    await asyncio.sleep(0)
    await owner.close()
    assert cleaned == [True] * 3
    assert all(task.cancelled() for task in tasks)
    assert len(owner) == 0
    assert caplog.records == []


async def test_nothing_to_wait_for() -> None:
    owner = TaskOwner("app")
    assert await owner.wait(0)
    await owner.close()
    assert len(owner) == 0
