"""The run: every client directly and through the proxy, side by side.

Two scripted upstreams of the same kind: one for the direct calls, one behind the proxy. Every lane (client, shape, mode,
state) has a model name of its own, so that its upstream calls and its ledger rows can be told from all others.
"""

import asyncio
import contextlib
import dataclasses
import itertools
import re
import tempfile
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from sqlalchemy import select

from halfpenny.proxy.app import App
from halfpenny.proxy.config import parse
from halfpenny.storage.schema import ledger
from tests.clients.cells import MODES, SHAPES, Cell, Client, Mode, Shape, cells_of, senseless
from tests.clients.process import Driver, DriverError, Json
from tests.upstream import ScriptedUpstream

QUESTION = "What is the capital of France?"
REPHRASED = "What's the capital city of France?"
MARKERS: dict[Shape, str] = {
    "text": "",
    "reasoning": " [[reason=3]]",
    "tools": " [[tools=2]]",
    "error": " [[status=400 code=bad_thing]]",
    "cut": " [[cut=2]]",
    "error event": " [[sse_error=2]]",
}
WHOLE: tuple[Shape, ...] = ("text", "reasoning", "tools")
"""The shapes that end well."""
HOLD_S = (0.4, 2.0, 8.0)
"""How long the upstream holds the first call so that the second can join it; the longer ones on a busy machine."""
CONCURRENT_LANES = 8
CALL_NUMBER = re.compile(r"\b(req|resp|msg|fc|rs|chatcmpl)[_-]\d+(_\d+)?")
SEQUENCE_NUMBER = re.compile(r"""(["']sequence_number["']: ?)\d+""")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one cell: empty `wrong` is green."""

    cell: Cell
    wrong: str = ""
    reason: str = ""
    """why the cell is not there"""

    @property
    def mark(self) -> str:
        return "n/a" if self.reason else "red" if self.wrong else "green"


class WrongError(Exception):
    """A cell that is not as it should be; the text says expected and got."""


@dataclasses.dataclass
class Bench:
    """The proxy under test, its upstream, and the other upstream for the direct calls."""

    app: App
    behind: ScriptedUpstream
    direct: ScriptedUpstream

    @property
    def proxy(self) -> str:
        host, port = self.app.data_address
        return f"http://{host}:{port}"

    def calls(self, model: str) -> int:
        """Calls for a model that reached the upstream behind the proxy."""
        return sum(call.model == model for call in self.behind.calls)

    async def outcomes(self, model: str) -> list[str]:
        """The outcome of every request for a model in the ledger, oldest first."""
        if not await self.app.writer.flush(10):
            raise WrongError("the ledger was not written in time")
        asked = select(ledger.c.request_id, ledger.c.outcome).where(ledger.c.requested_model == model)
        async with self.app.engine.connect() as connection:
            rows = (await connection.execute(asked.order_by(ledger.c.at_us))).all()
        return [row.outcome for row in rows if row.outcome is not None]


def configuration(behind: ScriptedUpstream, folder: Path, more: str = "") -> str:
    """The proxy of the matrix: everything at its defaults, the bundled embedder included."""
    return textwrap.dedent(f"""
        [server]
        listen = "127.0.0.1:0"
        admin = "127.0.0.1:0"
        [store]
        url = "sqlite+aiosqlite:///{folder}/halfpenny.db"
        [[backends]]
        name = "up"
        kind = "openai"
        base_url = "{behind.base_url}"
    """) + textwrap.dedent(more)


@contextlib.asynccontextmanager
async def bench(more: str = "") -> AsyncIterator[Bench]:
    """Both upstreams and the proxy, on free ports of this loop; `more` is added to the configuration."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            ScriptedUpstream() as behind,
            ScriptedUpstream() as direct,
            started(configuration(behind, Path(folder), more)) as app,
        ):
            yield Bench(app, behind, direct)


@contextlib.asynccontextmanager
async def started(text: str) -> AsyncIterator[App]:
    """The proxy with this configuration, ready for semantic hits."""
    app = App(parse(text), None, None)
    await app.start()
    try:
        assert app.services.neighbours is not None
        async with asyncio.timeout(60):
            await app.services.neighbours.wait_ready()
        yield app
    finally:
        await app.stop()


class Lane:
    """The cells of one client in one shape and mode."""

    def __init__(self, client: Client, shape: Shape, mode: Mode, driver: Driver, bench: Bench, numbers: Iterable[int]):
        self.client = client
        self.shape = shape
        self.mode = mode
        self._driver = driver
        self._bench = bench
        self._numbers = iter(numbers)
        self._marker = MARKERS[shape]
        self._recovers = bool(client.retries_by_itself) and shape in ("cut", "error event")
        """the fault goes away after the first call, and the client asks again until it does"""
        if shape == "tools" and not client.parallel_tools:
            self._marker = ""
        if self._recovers:
            self._marker = self._marker.replace("]]", " times=1]]")

    async def run(self) -> AsyncIterator[Outcome]:
        checks: dict[str, Callable[[], Awaitable[None]]] = {
            "miss": self._miss,
            "exact hit": self._exact,
            "semantic hit": self._semantic,
            "coalesced": self._coalesced,
        }
        for cell in cells_of(self.client):
            if (cell.shape, cell.mode) != (self.shape, self.mode):
                continue
            reason = senseless(self.client, cell)
            wrong = ""
            if not reason:
                try:
                    await checks[cell.state]()
                except (WrongError, DriverError) as error:
                    wrong = str(error)
            yield Outcome(cell, wrong, reason)

    # the states

    async def _miss(self) -> None:
        model, prompt = self._model(), QUESTION + self._marker
        expected = await self._direct(model, prompt)
        self._is_what_was_asked_for(expected)
        got = await self._proxied(model, prompt)
        self._same(expected, got, pieces=True)
        calls = self._bench.calls(model)
        if self.shape in WHOLE:
            self._equal("upstream calls", 1, calls)
            await self._ended(model, "miss")
            self._status(got, r"halfpenny; fwd=uri-miss; stored")
            if self.shape == "tools":
                await self._rephrased_goes_upstream(model)
        elif self._recovers:
            if calls < 2:
                raise WrongError(f"one call failed and one went well: expected 2 upstream calls or more, got {calls}")
        else:
            again = await self._proxied(model, prompt)
            self._same(expected, again, pieces=True)
            if self._bench.calls(model) <= calls:
                raise WrongError("the repeat of a failed request did not go upstream")
            await self._nothing_from_the_cache(model)

    async def _nothing_from_the_cache(self, model: str) -> None:
        outcomes = await self._bench.outcomes(model)
        if {"exact", "semantic"} & set(outcomes):
            raise WrongError(f"a failed answer was served from the cache: {outcomes}")

    async def _rephrased_goes_upstream(self, model: str) -> None:
        await self._proxied(model, REPHRASED + self._marker)
        self._equal("upstream calls after a re-phrased request with tools", 2, self._bench.calls(model))

    async def _exact(self) -> None:
        for stored_as in (self.mode, "whole" if self.mode == "stream" else "stream"):
            model = self._model()
            expected = await self._direct(model, QUESTION + self._marker)
            await self._proxied(model, QUESTION + self._marker, mode=stored_as)
            got = await self._proxied(model, QUESTION + self._marker)
            if self._bench.calls(model) == 2 and stored_as != self.mode and self._asks_otherwise(model):
                continue
            # an answer stored in the other form is cut into pieces by the proxy itself
            self._same(expected, got, pieces=stored_as == self.mode)
            self._equal(f"upstream calls, stored as {stored_as}", 1, self._bench.calls(model))
            await self._ended(model, "miss", "exact")
            self._status(got, r"halfpenny; hit; detail=exact.*")

    def _asks_otherwise(self, model: str) -> bool:
        """True if the client's two requests differ by more than streaming: then they are two keys, as they must be."""
        first, second = (call.json() for call in self._bench.behind.calls if call.model == model)
        for name in ("stream", "stream_options"):
            first.pop(name, None), second.pop(name, None)
        return bool(first != second)

    async def _semantic(self) -> None:
        model = self._model()
        expected = await self._direct(model, QUESTION + self._marker)
        await self._proxied(model, QUESTION + self._marker)
        got = await self._proxied(model, REPHRASED + self._marker)
        self._same(expected, got, pieces=True)
        self._equal("upstream calls", 1, self._bench.calls(model))
        await self._ended(model, "miss", "semantic")
        self._status(got, r"halfpenny; hit; detail=semantic.*")

    async def _coalesced(self) -> None:
        for delay_s in HOLD_S:
            model = self._model()
            prompt = f"{QUESTION}{self._marker} [[delay={delay_s}]]"
            expected = await self._direct(model, prompt)
            both = await asyncio.gather(self._proxied(model, prompt), self._proxied(model, prompt))
            for got in both:
                self._same(expected, got, pieces=True)
            if self._recovers:
                break
            if self.shape not in WHOLE:
                await self._nothing_from_the_cache(model)
                break
            self._equal("upstream calls", 1, self._bench.calls(model))
            if sorted(await self._bench.outcomes(model)) == ["exact", "miss"] and delay_s != HOLD_S[-1]:
                continue  # on a busy machine the second client came too late to join
            await self._ended(model, "coalesced", "miss", in_order=False)
            if self.client.shows_headers:
                seen = sorted(str(got["cache"]) for got in both)
                wanted = ["halfpenny; fwd=uri-miss; collapsed", "halfpenny; fwd=uri-miss; stored"]
                self._equal("Cache-Status of both", wanted, seen)
            break

    # one call

    async def _direct(self, model: str, prompt: str) -> Json:
        return await self._call(self._bench.direct.origin, model, prompt, self.mode)

    async def _proxied(self, model: str, prompt: str, *, mode: str | None = None) -> Json:
        return await self._call(self._bench.proxy, model, prompt, mode or self.mode)

    async def _call(self, base: str, model: str, prompt: str, mode: str) -> Json:
        return await self._driver.run(
            client=self.client.driver_name,
            api=self.client.api,
            base=base,
            key="sk-of-the-matrix",
            model=model,
            prompt=prompt,
            stream=mode == "stream",
            tools=self.shape == "tools",
        )

    def _model(self) -> str:
        return self.client.model(next(self._numbers))

    # comparing

    def _is_what_was_asked_for(self, result: Json) -> None:
        """The direct call itself shows the shape, so that equal does not mean equally empty."""
        failed = self.shape in ("error", "cut", "error event") and not self._recovers
        if failed and result["error"] is None:
            raise WrongError(f"the direct call did not fail: {result}")
        if not failed and result["error"] is not None:
            raise WrongError(f"the direct call failed: {result['error']}")
        if self.shape in ("text", "reasoning") and not result["text"]:
            raise WrongError("the direct call brought no text")
        if self.shape == "reasoning" and self.client.shows_reasoning and not result["reasoning"]:
            raise WrongError("the direct call brought no reasoning")
        if self.shape == "tools" and len(result["calls"]) != (2 if self.client.parallel_tools else 1):
            raise WrongError(f"the direct call brought tool calls {result['calls']}")

    def _same(self, expected: Json, got: Json, *, pieces: bool) -> None:
        left, right = normal(expected), normal(got)
        if self.client.counts_tokens_itself:
            del left["usage"], right["usage"]
        if not pieces:
            del left["pieces"], right["pieces"]
        if self.shape == "cut":
            # The proxy says what happened in the dialect's own error; directly the connection just breaks. Both raise.
            left["error"], right["error"] = expected["error"] is not None, got["error"] is not None
            if self.mode == "whole":
                left.pop("usage", None), right.pop("usage", None)
        for name in sorted(left.keys() | right.keys()):
            if left.get(name) != right.get(name):
                raise WrongError(f"{name}: direct {left.get(name)!r}, through the proxy {right.get(name)!r}")

    def _equal(self, what: str, expected: object, got: object) -> None:
        if expected != got:
            raise WrongError(f"{what}: expected {expected!r}, got {got!r}")

    async def _ended(self, model: str, *expected: str, in_order: bool = True) -> None:
        got = await self._bench.outcomes(model)
        self._equal("outcomes in the ledger", list(expected), got if in_order else sorted(got))

    def _status(self, got: Json, pattern: str) -> None:
        if self.client.shows_headers and not re.fullmatch(pattern, str(got["cache"])):
            raise WrongError(f"Cache-Status: expected {pattern!r}, got {got['cache']!r}")


def normal(result: Json) -> Json:
    """A result without what differs between two direct calls too: ids by call number, and the cache's header."""

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return SEQUENCE_NUMBER.sub(r"\1N", CALL_NUMBER.sub(r"\1_N", value))
        if isinstance(value, dict):
            return {name: clean(item) for name, item in value.items()}
        return [clean(item) for item in value] if isinstance(value, list) else value

    return {name: clean(value) for name, value in result.items() if name not in ("id", "cache")}


class Drivers:
    """The running drivers, one for each file and environment, started when first asked for."""

    def __init__(self) -> None:
        self._stack = contextlib.AsyncExitStack()
        self._running: dict[tuple[str, str], Driver] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._stack.aclose()

    async def of(self, client: Client) -> Driver:
        place = (client.driver, client.environment)
        if place not in self._running:
            self._running[place] = await self._stack.enter_async_context(Driver(*place))
        return self._running[place]


async def run_cells(
    clients: Sequence[Client],
    drivers: Drivers,
    *,
    shapes: Iterable[Shape] = SHAPES,
    progress: Callable[[Outcome], None] = lambda _outcome: None,
) -> dict[Cell, Outcome]:
    """The outcomes of all cells of these clients."""
    found: dict[Cell, Outcome] = {}
    gate = asyncio.Semaphore(CONCURRENT_LANES)
    numbers = itertools.count(1)

    async def lane(made: Lane) -> None:
        async with gate:
            async for outcome in made.run():
                found[outcome.cell] = outcome
                progress(outcome)

    async with bench() as running, asyncio.TaskGroup() as group:
        # the slowest to start and to run first
        for client in reversed(clients):
            for shape in shapes:
                for mode in MODES:
                    made = Lane(client, shape, mode, await drivers.of(client), running, numbers)
                    group.create_task(lane(made), name=f"{client.name} {shape} {mode}")
    return found
