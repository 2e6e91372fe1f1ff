"""What is measured: the proxy of a checkout, the bare server, the raw upstream; each a process of its own."""

import tomllib
from pathlib import Path

from loadtest.processes import LOOPBACK, Process, free_port

CHECKOUT = Path(__file__).resolve().parent.parent

_PLAIN = """
[server]
listen = "{host}:{port}"
admin = "{host}:{admin}"
[store]
url = "sqlite+aiosqlite:///{store}/halfpenny.db"
[telemetry]
log_level = "warning"
[cache.semantic]
enabled = {semantic}
[[backends]]
name = "up"
kind = "openai"
base_url = "http://{host}:{upstream}"
"""
_LOCAL_MODEL = """
[[backends]]
name = "small"
kind = "llamacpp"
model = "smollm2-135m-instruct"
[[routes]]
name = "default"
policy = "fixed"
large = "up"
small = "small"
"""


class Server(Process):
    """A process that listens on one port."""

    def __init__(
        self, name: str, arguments: list[str], port: int, *, core: int, folder: Path, path: Path = CHECKOUT
    ) -> None:
        self.address = (LOOPBACK, port)
        super().__init__(name, arguments, core=core, log=folder / f"{name}.log", folder=folder, path=path)


def bare(kind: str, *, core: int, folder: Path, upstream_port: int = 0) -> Server:
    """A control: `server`, `application` or `relay` (which needs the upstream's port)."""
    port = free_port()
    arguments = ["-m", "loadtest.bare", str(port), kind, str(upstream_port)]
    return Server(f"bare-{kind}", arguments, port, core=core, folder=folder)


def upstream(*, core: int, folder: Path) -> Server:
    port = free_port()
    return Server("upstream", ["-m", "loadtest.upstream", str(port)], port, core=core, folder=folder)


class Proxy(Server):
    """`halfpenny serve` of a checkout. Without `models`: no semantic cache and no model in the process."""

    def __init__(
        self, name: str, upstream_port: int, *, core: int, folder: Path, checkout: Path = CHECKOUT, models: bool = False
    ) -> None:
        port, admin = free_port(), free_port()
        self.admin = (LOOPBACK, admin)
        config = folder / f"{name}.toml"
        store = folder / f"{name}.store"
        store.mkdir(exist_ok=True)
        text = _PLAIN + (_LOCAL_MODEL if models else "")
        config.write_text(
            text.format(
                host=LOOPBACK,
                port=port,
                admin=admin,
                store=store,
                semantic="true" if models else "false",
                upstream=upstream_port,
            )
        )
        arguments = ["-m", "halfpenny", "serve", "--config", str(config)]
        path = package_of(checkout, folder / f"{name}.path")
        super().__init__(name, arguments, port, core=core, folder=folder, path=path)


def package_of(checkout: Path, into: Path) -> Path:
    """A folder for PYTHONPATH in which `halfpenny` is that checkout's, whatever checkout is installed."""
    tables = tomllib.loads((checkout / "pyproject.toml").read_text())["tool"]["setuptools"]["package-dir"]
    package = into / "halfpenny"
    package.mkdir(parents=True, exist_ok=True)
    links = {file.name: file for file in (checkout / "halfpenny").glob("*.py")}
    links |= {name.removeprefix("halfpenny."): checkout / place for name, place in tables.items()}
    for name, target in links.items():
        link = package / name
        link.unlink(missing_ok=True)
        link.symlink_to(target.resolve())
    return into
