"""What the parts of one flight's work share: the request that leads it, the flight, and what was found on the way."""

import asyncio
from dataclasses import dataclass

from halfpenny.ledger.base import Outcome
from halfpenny.proxy.coalesce import Flight
from halfpenny.proxy.exchange import Exchange
from halfpenny.proxy.prompts import estimate_tokens
from halfpenny.proxy.runtime import Runtime, Services
from halfpenny.proxy.semantic import Read, Ticket
from halfpenny.proxy.surfaces.base import Ask, Reported, Surface
from halfpenny.semantic_cache.base import Vector


@dataclass(slots=True)
class Job:
    """Mutable, owned by the flight's task. `item_keys` are the keys of the inputs in `body`, where an answer is stored
    by input and not as a whole."""

    services: Services
    runtime: Runtime
    exchange: Exchange
    flight: Flight
    surface: Surface
    ask: Ask
    body: bytes
    item_keys: tuple[str, ...] = ()
    read: Read | None = None
    reading: "asyncio.Task[Read | None] | None" = None
    ticket: Ticket | None = None
    asked_usage: bool = False

    @property
    def vector(self) -> Vector | None:
        """The embedding of the prompt, shape (dimensions,), if it was made."""
        return None if self.read is None else self.read.vector

    async def await_vector(self) -> None:
        """The reading that was begun beside the upstream call; None if it failed or took too long."""
        if self.reading is not None:
            self.read = await self.reading
            self.reading = None

    def lifetime_s(self) -> float:
        """How long the answer will be fresh: what its route says, else the configuration."""
        own = self.exchange.caching.ttl_s
        return self.runtime.config.cache.ttl if own is None else own

    def estimated(self, chunks: int, answer_bytes: int) -> Reported:
        if not self.surface.charged:
            return Reported(known=True)
        return Reported(
            input_tokens=estimate_tokens(self.ask.input_bytes),
            output_tokens=chunks or estimate_tokens(answer_bytes),
        )

    def plain_outcome(self) -> Outcome:
        return "miss" if self.exchange.allowed.store else "bypass"
