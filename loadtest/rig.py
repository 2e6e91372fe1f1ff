"""The processes of one case, started together and ended together."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from loadtest import generator, http1, subjects
from loadtest.loops import run_fast
from loadtest.payloads import CALLS
from loadtest.processes import cores, pin


class Rig:
    """Starts subjects on the measured core, and the upstream beside the generator on the other one.

    `against`: a second checkout whose proxy is measured too, in the same rounds.
    """

    def __init__(self, stack: ExitStack, folder: Path, against: Path | None) -> None:
        self._stack = stack
        self.folder = folder
        self.load_core, self.core = cores()
        pin(self.load_core)
        self.upstream = self._up(subjects.upstream(core=self.load_core, folder=folder))
        self._checkouts = {"proxy": subjects.CHECKOUT} | ({} if against is None else {"against": against})

    def proxies(self) -> dict[str, subjects.Server]:
        return {
            name: self._up(
                subjects.Proxy(name, self.upstream.address[1], core=self.core, folder=self.folder, checkout=checkout)
            )
            for name, checkout in self._checkouts.items()
        }

    def bare(self, kind: str) -> subjects.Server:
        port = self.upstream.address[1]
        return self._up(subjects.bare(kind, core=self.core, folder=self.folder, upstream_port=port))

    def raw(self) -> subjects.Server:
        """The raw upstream's program on the measured core, to see what the generator itself can do."""
        (self.folder / "raw").mkdir()
        return self._up(subjects.upstream(core=self.core, folder=self.folder / "raw"))

    def upstream_calls(self) -> int:
        request = http1.request("GET", CALLS, (("Host", "loopback"),))
        return int(run_fast(generator.ask(self.upstream.address, request)).body)

    def _up(self, server: subjects.Server) -> subjects.Server:
        self._stack.enter_context(server)
        server.wait_listening(server.address[1])
        return server


@contextmanager
def rig(against: Path | None = None) -> Iterator[Rig]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="halfpenny-loadtest-")))
        yield Rig(stack, folder, against)


def rotated(names: list[str], number: int) -> list[str]:
    """The same names in another order each round, so that none is always behind the same one."""
    at = number % len(names)
    return names[at:] + names[:at]
