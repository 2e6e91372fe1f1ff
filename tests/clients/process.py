"""A running driver: a client's own process that takes jobs and gives results."""

import asyncio
import itertools
import json
import os
from pathlib import Path
from typing import Any, Self

from tests.clients.environments import PLACE, ROOT, node_path, python_of

DRIVERS = Path(__file__).parent / "drivers"
START_LIMIT_S = 90.0
JOB_LIMIT_S = 90.0
Json = dict[str, Any]


class DriverError(Exception):
    """The driver itself failed: it ended, or a job brought no result in time."""


class Driver:
    """`driver` is a file of drivers/, `environment` a folder of .clients/. Jobs may run at the same time."""

    def __init__(self, driver: str, environment: str) -> None:
        self._driver = DRIVERS / driver
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._numbers = itertools.count(1)
        self._ready = asyncio.Event()
        self._log: list[bytes] = []

    async def __aenter__(self) -> Self:
        if self._driver.suffix == ".mjs":
            command = [str(node_path()), str(self._driver), str(PLACE / self._environment)]
        else:
            command = [str(python_of(self._environment)), str(self._driver)]
        environment = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG", "DRIVER_TRACE") if name in os.environ
        }
        environment["OPENBLAS_NUM_THREADS"] = "1"  # a process with threads cannot be forked safely
        self._process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT / ".clients",
            env=environment,
            limit=1 << 24,
        )
        self._reader = asyncio.get_running_loop().create_task(self._read(), name=f"driver {self._environment}")
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        if self._reader is not None:
            await self._reader

    async def run(self, **job: Any) -> Json:
        """One job's result. Raises DriverError."""
        assert self._process is not None
        assert self._process.stdin is not None
        async with asyncio.timeout(START_LIMIT_S):
            await self._ready.wait()
        number = next(self._numbers)
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        if self._process.returncode is not None:
            raise DriverError(self._said())
        self._process.stdin.write(json.dumps({"id": number, **job}).encode() + b"\n")
        try:
            async with asyncio.timeout(JOB_LIMIT_S):
                return await future
        except TimeoutError:
            raise DriverError(f"no result within {JOB_LIMIT_S:g} s for {job}; {self._said()}") from None
        finally:
            self._waiting.pop(number, None)

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        errors = asyncio.get_running_loop().create_task(self._collect(self._process.stderr), name="driver errors")
        async for line in self._process.stdout:
            result = json.loads(line)
            if "ready" in result:
                self._ready.set()
            elif (future := self._waiting.get(result["id"])) is not None and not future.done():
                future.set_result(result)
        await errors
        self._ready.set()
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(DriverError(self._said()))

    async def _collect(self, stream: asyncio.StreamReader) -> None:
        while data := await stream.read(65536):
            self._log = [*self._log[-20:], data]

    def _said(self) -> str:
        return f"driver {self._driver.name} in {self._environment}: {b''.join(self._log).decode()[-3000:]}"
