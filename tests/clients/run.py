"""One run of everything: the cells, the retries, the real model."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence

from tests.clients import environments, model, retries
from tests.clients.cells import SHAPES, Cell, Client, Shape
from tests.clients.matrix import Drivers, Outcome, run_cells
from tests.clients.model import Modelled
from tests.clients.retries import Retried


@dataclasses.dataclass(frozen=True)
class Run:
    """What a run found. `seconds` is its wall time without the installation."""

    cells: dict[Cell, Outcome]
    retries: list[Retried]
    modelled: list[Modelled]
    seconds: float = 0.0

    def reds(self) -> list[str]:
        """Every red field with its reason, in words."""
        found = [f"{outcome.cell}: {outcome.wrong}" for outcome in self.cells.values() if outcome.mark == "red"]
        found += [f"{row.client} / {row.kind}: {row.wrong}" for row in self.retries if row.wrong]
        return found + [
            f"{row.client} / real model / {row.state} / {row.mode}: {row.wrong}" for row in self.modelled if row.wrong
        ]


def possible(clients: Iterable[Client]) -> list[Client]:
    """Those whose environment this machine can have."""
    return [client for client in clients if not environments.missing_reason(client.environment)]


async def run(
    clients: Sequence[Client],
    *,
    shapes: Iterable[Shape] = SHAPES,
    parts: Iterable[str] = ("cells", "retries", "model"),
    progress: Callable[[Outcome], None] = lambda _outcome: None,
) -> Run:
    """Install what is missing, then run these parts for these clients."""
    clients = possible(clients)
    environments.ensure(sorted({client.environment for client in clients}))
    begun = time.monotonic()
    modelled = [client for client in clients if client in model.clients()]
    found = Run({}, [], [])
    async with contextlib.AsyncExitStack() as stack:
        drivers = await stack.enter_async_context(Drivers())
        if "cells" in parts:
            cells = await run_cells(clients, drivers, shapes=shapes, progress=progress)
            found = dataclasses.replace(found, cells=cells)
        if "retries" in parts:
            found = dataclasses.replace(found, retries=await retries.run_retries(clients, drivers))
        if "model" in parts and modelled:
            found = dataclasses.replace(found, modelled=await model.run_model(modelled, drivers))
    return dataclasses.replace(found, seconds=time.monotonic() - begun)
