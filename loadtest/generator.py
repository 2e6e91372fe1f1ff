"""The load generator: keep-alive connections on plain protocols, requests built beforehand.

Two modes. `saturate` (closed loop): every connection sends its next request as soon as it has an answer; gives
requests per second. `paced` (open loop): requests are due at times drawn beforehand and a latency counts from the time
that the request was due, so a stall is charged to all who waited in it.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import cast

import msgspec

from loadtest.http1 import Message, Reader

Address = tuple[str, int]
Check = Callable[[Message], str]
"""Says what is wrong with an answer; empty if nothing is."""

_LONGEST_WAIT_S = 30.0


class LoadError(Exception):
    """An answer was wrong or did not come: the figures of this run mean nothing."""


class Load(msgspec.Struct, frozen=True):
    """What a closed loop did."""

    requests: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


class Connection(asyncio.Protocol):
    """One keep-alive connection; `answered` is called with itself and each answer."""

    __slots__ = ("answered", "due_s", "lost", "reader", "transport")

    def __init__(self, answered: "Callable[[Connection, Message], None]") -> None:
        self.answered = answered
        self.reader = Reader()
        self.transport: asyncio.Transport | None = None
        self.lost = False
        self.due_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop\'s transports are no subclass of it
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        for message in self.reader.feed(data):
            self.answered(self, message)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def send(self, request: bytes) -> None:
        assert self.transport is not None
        self.transport.write(request)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()


async def connect(address: Address, count: int, answered: Callable[[Connection, Message], None]) -> list[Connection]:
    """Raises OSError."""
    loop = asyncio.get_running_loop()
    connections = []
    for _ in range(count):
        _, connection = await loop.create_connection(lambda: Connection(answered), *address)
        connections.append(connection)
    return connections


async def saturate(
    address: Address, requests: Iterator[bytes], *, connections: int, seconds: float, check: Check
) -> Load:
    """As many requests as the other side takes in `seconds`. Raises `LoadError`."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    count = pending = 0
    stop_at = 0.0
    clock = time.perf_counter

    def answered(connection: Connection, message: Message) -> None:
        nonlocal count, pending
        problem = check(message)
        if problem and not done.done():
            done.set_exception(LoadError(problem))
            return
        count += 1
        if clock() < stop_at:
            connection.send(next(requests))
            return
        pending -= 1
        if not pending and not done.done():
            done.set_result(None)

    opened = await connect(address, connections, answered)
    try:
        started = clock()
        stop_at = started + seconds
        pending = connections
        for connection in opened:
            connection.send(next(requests))
        await _in_time(done, seconds, opened)
        return Load(count, clock() - started)
    finally:
        for connection in opened:
            connection.close()


def schedule(rate: float, seconds: float, seed: int) -> list[float]:
    """Due times in seconds from the start: Poisson arrivals, the same for the same seed."""
    rng = random.Random(seed)
    due, times = 0.0, []
    while (due := due + rng.expovariate(rate)) < seconds:
        times.append(due)
    return times


async def paced(
    address: Address, requests: Iterator[bytes], *, due_s: list[float], connections: int, check: Check
) -> list[float]:
    """Latency of each request in seconds, from its due time to its whole answer. Raises `LoadError`.

    Run it on an event loop whose timers are finer than the latencies (`precise_loop`).
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    latencies: list[float] = []
    waiting: deque[float] = deque()

    def answered(connection: Connection, message: Message) -> None:
        latencies.append(loop.time() - connection.due_s)
        problem = check(message)
        if problem and not done.done():
            done.set_exception(LoadError(problem))
        if waiting:
            issue(connection, waiting.popleft())
        else:
            idle.append(connection)
        if len(latencies) == len(due_s) and not done.done():
            done.set_result(None)

    def issue(connection: Connection, due: float) -> None:
        connection.due_s = due
        connection.send(next(requests))

    def fall_due(due: float) -> None:
        if idle:
            issue(idle.pop(), due)
        else:
            waiting.append(due)

    opened = await connect(address, connections, answered)
    idle = list(opened)
    timers: list[asyncio.TimerHandle] = []
    try:
        start = loop.time() + 0.01
        timers = [loop.call_at(start + offset, fall_due, start + offset) for offset in due_s]
        await _in_time(done, due_s[-1], opened)
        return latencies
    finally:
        for timer in timers:
            timer.cancel()
        for connection in opened:
            connection.close()


async def one_each(address: Address, requests: Iterator[bytes], *, connections: int, check: Check) -> list[Connection]:
    """Open connections and let each do one request; they stay open. Raises `LoadError`."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    left = connections

    def answered(connection: Connection, message: Message) -> None:
        nonlocal left
        problem = check(message)
        left -= 1
        if problem and not done.done():
            done.set_exception(LoadError(problem))
        if not left and not done.done():
            done.set_result(None)

    opened = await connect(address, connections, answered)
    try:
        for connection in opened:
            connection.send(next(requests))
        await _in_time(done, 0.0, opened)
    except BaseException:
        for connection in opened:
            connection.close()
        raise
    return opened


async def ask(address: Address, request: bytes) -> Message:
    """One request on a connection of its own. Raises OSError or `LoadError`."""
    answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

    def answered(connection: Connection, message: Message) -> None:
        if not answer.done():
            answer.set_result(message)

    opened = await connect(address, 1, answered)
    try:
        opened[0].send(request)
        await _in_time(answer, 0.0, opened)
        return answer.result()
    finally:
        opened[0].close()


async def _in_time(done: Awaitable[object], seconds: float, opened: list[Connection]) -> None:
    try:
        await asyncio.wait_for(done, seconds + _LONGEST_WAIT_S)
    except TimeoutError:
        lost = sum(connection.lost for connection in opened)
        raise LoadError(f"answers are missing; {lost} of {len(opened)} connections were closed") from None
