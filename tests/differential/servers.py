"""The mock upstream and a proxy in front of it, as processes of their own on loopback."""

import contextlib
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.differential.material import Material

_READY_S = 60.0
_STOP_S = 20.0
_FORMATS = (
    # how the SDK writes lists and objects in queries and forms
    *("--validator-query-array-format=brackets", "--validator-query-object-format=brackets"),
    *("--validator-form-array-format=brackets", "--validator-form-object-format=brackets"),
)


@dataclass(frozen=True)
class Proxy:
    url: str
    """Where clients send their calls; ends in /v1, as does the mock's."""
    admin: str

    def outcomes(self) -> Counter[str]:
        """Requests so far by outcome (exact, miss, bypass, ...), from the proxy's own metrics."""
        text = _get(f"{self.admin}/metrics").decode()
        counts: Counter[str] = Counter()
        for line in text.splitlines():
            found = re.match(r'halfpenny_requests_total\{.*outcome="(\w+)".*\} ([0-9.e+]+)', line)
            if found:
                counts[found[1]] += int(float(found[2]))
        return counts


@contextlib.contextmanager
def mock(material: Material, folder: Path) -> Iterator[str]:
    """The mock's address. It answers a request twice with the same bytes."""
    port = _free_port()
    command = (str(material.mock), "-p", str(port), "--host", "127.0.0.1", "-q", "--no-color", *_FORMATS)
    url = f"http://127.0.0.1:{port}/v1"
    with _running((*command, str(material.spec)), folder / "mock.log", folder, lambda: _get(f"{url}/models")):
        yield url


@contextlib.contextmanager
def proxy(upstream: str, folder: Path) -> Iterator[Proxy]:
    """A proxy with everything on and a fresh store, whose only backend is `upstream`."""
    folder.mkdir(parents=True, exist_ok=True)
    data, admin = _free_port(), _free_port()
    (folder / "config.toml").write_text(f"""
[server]
listen = "127.0.0.1:{data}"
admin = "127.0.0.1:{admin}"
[cache.semantic]
embedder = "hashing"
[telemetry]
log_level = "warning"
[[backends]]
name = "mock"
kind = "openai"
base_url = "{upstream}"
""")
    command = (sys.executable, "-m", "halfpenny", "serve", "--config", str(folder / "config.toml"))
    running = Proxy(f"http://127.0.0.1:{data}/v1", f"http://127.0.0.1:{admin}")
    with _running(command, folder / "proxy.log", folder, lambda: _get(f"{running.admin}/readyz")):
        yield running


@contextlib.contextmanager
def _running(command: Sequence[str], log: Path, folder: Path, probe: Callable[[], bytes]) -> Iterator[None]:
    """A process that is up when `probe` answers. Raises RuntimeError with its log if it does not come up."""
    with log.open("wb") as out, subprocess.Popen(command, cwd=folder, stdout=out, stderr=out) as process:
        try:
            until = time.monotonic() + _READY_S
            while not _answers(probe):
                if process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"{command[0]} did not start:\n{log.read_text()[-3000:]}")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _answers(probe: Callable[[], bytes]) -> bool:
    try:
        probe()
    except (urllib.error.URLError, ConnectionError):
        return False
    return True


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
        return body


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
