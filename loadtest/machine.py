"""Where and with what a run was made; without it a figure cannot be compared."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

_PACKAGES = ("aiohttp", "uvloop", "msgspec", "sqlalchemy", "aiosqlite")


class Machine(msgspec.Struct, frozen=True):
    processor: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    versions: dict[str, str]
    load: float
    """Processes that wanted a core in the minute before the run: what else was going on."""
    at: str

    def text(self) -> str:
        packages = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return (
            f"{self.at}, {self.cores} x {self.processor}, {self.memory_gib:.0f} GiB, Linux {self.kernel}, "
            f"Python {self.python}, {packages}; load {self.load:.1f} before the run"
        )


def processor(cpuinfo: str) -> str:
    """The model name, from the text of /proc/cpuinfo; empty if it has none."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return ""


def here() -> Machine:
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=processor(Path("/proc/cpuinfo").read_text()) or platform.machine(),
        cores=os.cpu_count() or 1,
        memory_gib=round(pages * size / 2**30, 1),
        kernel=platform.release(),
        python=platform.python_version(),
        versions={name: version(name) for name in _PACKAGES},
        load=os.getloadavg()[0],
        at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
