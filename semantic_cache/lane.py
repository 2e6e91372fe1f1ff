"""A thread that does one job after another.

Why not a `ThreadPoolExecutor`: Python waits for its threads when the process ends, so a model that hangs would keep the
proxy from stopping. A daemon thread is left behind.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

_T = TypeVar("_T")
_Job = tuple["Future[Any]", Callable[[], Any]]


class Lane:
    """Jobs run in the order in which they were submitted. The thread starts with the first job.

    `nice` lowers its share of the CPU (0..19, Linux only). `submit` after `shut` gives a cancelled future.
    """

    def __init__(self, name: str, *, nice: int = 0) -> None:
        self._name = name
        self._nice = nice
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._closed = False
        self._began_s: float | None = None

    def submit(self, work: Callable[[], _T]) -> "Future[_T]":
        """Queue `work`; from any thread."""
        future: Future[_T] = Future()
        if self._closed:
            future.cancel()
            return future
        self._jobs.put((future, work))
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                    self._thread.start()
        return future

    def busy_s(self) -> float:
        """For how long the running job has been running; 0.0 if none is."""
        began_s = self._began_s
        return 0.0 if began_s is None else time.monotonic() - began_s

    def shut(self) -> None:
        """Cancel what waits and let the thread end after its running job. Does not wait."""
        self._closed = True
        with contextlib.suppress(Empty):
            while True:
                job = self._jobs.get_nowait()
                if job is not None:
                    job[0].cancel()
        self._jobs.put(None)

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread to end; whether it has. Call `shut` first."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return self._thread is None or not self._thread.is_alive()

    def _run(self) -> None:
        if self._nice and sys.platform == "linux":
            with contextlib.suppress(OSError):  # on Linux this number names one thread, not the process
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), self._nice)
        while True:
            job = self._jobs.get()
            if job is None:
                return
            future, work = job
            if not future.set_running_or_notify_cancel():
                continue
            self._began_s = time.monotonic()
            try:
                result = work()
            except BaseException as error:  # whoever holds the future learns of it
                future.set_exception(error)
            else:
                future.set_result(result)
            finally:
                self._began_s = None
            del job, future, work  # a job may hold a large chunk: not until the next one comes
