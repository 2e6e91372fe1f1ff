"""Which event loop runs which kind of load."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

_T = TypeVar("_T")


def run_fast(main: Coroutine[Any, Any, _T]) -> _T:
    """On uvloop: the least CPU time per request. Its timers tick in milliseconds."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def run_precise(main: Coroutine[Any, Any, _T]) -> _T:
    """On `select`, whose timeout has microseconds where epoll and libuv have milliseconds: for paced load."""
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        return runner.run(main)
