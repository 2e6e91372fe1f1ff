"""When Python's garbage collector may look through everything.

A full collection holds the interpreter, and so the event loop and every other thread, for about a millisecond per
thousand objects that were made since the start: 25 to 35 ms after 1,000 semantic requests, more as more is kept in
memory. It finds next to nothing, since requests leave no cycles behind. So it is left to quiet moments; the collections
of young objects (1 to 2 ms) go on as they are.
"""

import asyncio
import gc
import time
from collections.abc import Callable

_YOUNG = 700
_MIDDLE = 5
"""Collections of the young ones to one that looks at what they left as well: 2 ms instead of 4 at Python's 10."""
_NEVER = 1 << 30


def settle() -> None:
    """What the start made stays, and is not looked through again; nor is all the rest, but by `collect_when_quiet`."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)


async def collect_when_quiet(busy: Callable[[], bool], *, every_s: float = 60.0, latest_s: float = 3600.0) -> None:
    """Every `every_s` a full collection, put off while `busy()`, but not for longer than `latest_s`."""
    last_s = time.monotonic()
    while True:
        await asyncio.sleep(every_s)
        if not busy() or time.monotonic() - last_s >= latest_s:
            gc.collect()
            last_s = time.monotonic()
