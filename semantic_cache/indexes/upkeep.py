"""Upkeep of an index (training, moving vectors) beside its daily work: neither a search nor the event loop waits."""

import ctypes
import mmap
import sys
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

_Number = TypeVar("_Number", np.float32, np.uint8)
_OWN_PAGES = 1 << 16


class Chore(Protocol):
    """A bounded piece of upkeep. `work` may take seconds, runs in a thread of its own and touches nothing that the
    index uses meanwhile; it may end early when `stopped()` says so. `finish` then runs in the index's thread
    (milliseconds), always: with the error if `work` raised or was stopped, else with None. It makes the result
    effective.
    """

    def work(self, stopped: Callable[[], bool]) -> None: ...

    def finish(self, error: BaseException | None) -> None: ...


@runtime_checkable
class Upkept(Protocol):
    """An index that has chores. An index without the method (brute force, a database) needs none."""

    def chore(self) -> Chore | None:
        """What is due next, if anything; None while a chore runs. In the index's thread, milliseconds."""
        ...


class StoppedError(Exception):
    """A chore ended early because it was asked to."""


def scratch(rows: int, columns: int, dtype: type[_Number]) -> NDArray[_Number]:
    """A large array for a while, in pages of its own: they go back to the system when the array is dropped, while the
    allocator would keep them at the end of the thread's heap.
    """
    size = rows * columns * np.dtype(dtype).itemsize
    return np.frombuffer(mmap.mmap(-1, max(size, 1)), dtype=dtype, count=rows * columns).reshape(rows, columns)


class Table:
    """A two-dimensional array that grows at its end, `array` of shape (rows, columns). Belongs to one thread.

    From 64 KB on it lies in pages of its own: they are moved, not copied, when it grows, and leave no hole behind. In
    the allocator's heap growing arrays left a quarter of its memory in holes. Where pages cannot be moved (other
    systems than Linux, or somebody keeps a view of `array`) it is copied, and the view shows what was.
    """

    __slots__ = ("_pages", "array")

    def __init__(self, columns: int, dtype: type[np.uint8] | type[np.int64]) -> None:
        self.array: NDArray[Any] = np.empty((0, columns), dtype=dtype)
        self._pages: mmap.mmap | None = None

    def grow(self, rows: int) -> None:
        """Room for `rows` in all, not fewer than before."""
        held, columns, dtype = len(self.array), self.array.shape[1], self.array.dtype
        size = rows * columns * dtype.itemsize
        if sys.platform != "linux" or size < _OWN_PAGES:
            larger = np.empty((rows, columns), dtype=dtype)
            larger[:held] = self.array
            self.array = larger
        else:
            held_bytes = self.array.nbytes
            old = self.array if self._pages is None else None
            self.array = np.empty((0, columns), dtype=dtype)  # pages that are looked at cannot be moved
            self._pages = _larger(self._pages, held_bytes, size)
            self.array = np.frombuffer(self._pages, dtype=dtype).reshape(rows, columns)
            if old is not None:
                self.array[:held] = old


def _larger(pages: mmap.mmap | None, held: int, size: int) -> mmap.mmap:
    """`size` bytes that begin with the `held` first ones of `pages`."""
    if pages is not None:
        try:
            pages.resize(size)
        except BufferError:  # a traceback somewhere keeps the frame that looked at it
            old, pages = pages, mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
            memoryview(pages)[:held] = memoryview(old)[:held]
        return pages
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def give_memory_back() -> None:
    """Ask the C library to return what is free to the system: glibc keeps freed memory of threads for ever, and
    building an index frees as much as it keeps. Some milliseconds; from any thread. Other allocators are left alone.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
