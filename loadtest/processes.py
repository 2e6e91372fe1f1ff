"""Processes under test: started pinned to a core, watched through /proc, always ended and waited for."""

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

LOOPBACK = "127.0.0.1"
_READY_S = 60.0
_END_S = 15.0


class StartError(Exception):
    """A process did not come up."""


class Memory(msgspec.Struct, frozen=True):
    """From /proc/PID/status, in KiB. `anonymous` leaves out what is mapped from files and shared between processes."""

    resident: int
    anonymous: int


def memory_of(status: str) -> Memory:
    """Reads the text of /proc/PID/status."""
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return Memory(*(int(fields[name].split()[0]) for name in ("VmRSS", "RssAnon")))


def cores() -> tuple[int, int]:
    """(for the load and the upstream, for what is measured); the same twice on a machine with one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def pin(core: int) -> None:
    os.sched_setaffinity(0, {core})


def go_first() -> None:
    """Real-time scheduling for this process and the children it will have. Raises PermissionError."""
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def allow_connections(count: int) -> None:
    """Raise the soft limit on open files so that `count` connections fit. Raises ValueError if they cannot."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 256
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    if hard < wanted:
        raise ValueError(f"{count} connections need {wanted} open files, this machine allows {hard}")


class Process:
    """A child process pinned to `core`; its output goes to `log`. A context manager that ends it.

    `folder` is its working directory, `path` its PYTHONPATH.
    """

    def __init__(self, name: str, arguments: Sequence[str], *, core: int, log: Path, folder: Path, path: Path) -> None:
        self.name = name
        self._log = log
        environment = dict(os.environ, PYTHONPATH=str(path))
        before = os.sched_getaffinity(0)
        pin(core)  # inherited, so that no thread of the child ever runs elsewhere
        try:
            with log.open("ab") as output:
                self.started_s = time.perf_counter()
                self._process = subprocess.Popen(
                    [sys.executable, *arguments], cwd=folder, env=environment, stdout=output, stderr=output
                )
        finally:
            os.sched_setaffinity(0, before)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_listening(self, port: int) -> float:
        """Until the port takes connections; seconds since the process was started. Raises `StartError`."""
        while time.perf_counter() - self.started_s < _READY_S:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection((LOOPBACK, port), timeout=1).close()
            except OSError:
                time.sleep(0.005)
            else:
                return time.perf_counter() - self.started_s
        last = self._log.read_text(errors="replace").strip().splitlines()[-5:]
        raise StartError(f"{self.name} does not listen on port {port}: {' | '.join(last)}")

    def cpu_s(self) -> float:
        """CPU time of all its threads so far, in seconds (nanosecond clock of the kernel, see clock_getcpuclockid)."""
        return time.clock_gettime((~self.pid << 3) | 2)

    def settle(self, longest_s: float = 20.0) -> None:
        """Wait until it does next to nothing: what it left for later belongs to the load that caused it."""
        until = time.perf_counter() + longest_s
        used = self.cpu_s()
        while time.perf_counter() < until:
            time.sleep(0.1)
            used, before = self.cpu_s(), used
            if used - before < 0.003:
                return

    def memory(self) -> Memory:
        return memory_of(Path(f"/proc/{self.pid}/status").read_text())

    def end(self) -> None:
        """SIGTERM, then SIGKILL after 15 s; always waited for."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
