"""The one batched writer of a process: spool files -> database.

It reads the files and not a queue, so memory stays bounded while the database is away: what is not committed
waits on disk. A record is applied at least once; handlers are idempotent.
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import TypeVar

import msgspec
from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from halfpenny.storage import frames, spool
from halfpenny.storage.engine import writing
from halfpenny.storage.frames import Frame
from halfpenny.storage.spool import Segment, Spool

Handler = Callable[[AsyncConnection, list[bytes]], Awaitable[None]]
BATCH = 1000
LINGER_S = 0.05
MAX_BACKOFF_S = 1.0
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class UnknownKindError(Exception):
    """A record of a kind that no handler stores: another version of the program wrote it."""


class Writer:
    """Applies what is in the spool, up to 1,000 records a transaction, in order within a segment.

    `handlers` maps a record's kind to what stores a list of its payloads; it is called inside the transaction
    and must be idempotent. `run` is the loop that the application owns; `flush` also works without it.

    `degraded` is why the database does not take records (empty: it does). `damaged` counts places in the
    spool that could not be read, `rejected` records that the database refused for what they are (kept in
    `OWNER.rejected`).
    """

    def __init__(
        self,
        spool_: Spool,
        engine: AsyncEngine,
        handlers: Mapping[str, Handler] = MappingProxyType({}),
        *,
        linger_s: float = LINGER_S,
    ) -> None:
        self.degraded = ""
        self.damaged = 0
        self.rejected = 0
        self._spool = spool_
        self._engine = engine
        self._handlers = dict(handlers)
        self._linger_s = linger_s
        self._appended = asyncio.Event()
        self._hurry = asyncio.Event()
        self._busy = asyncio.Lock()
        self._closing = False
        self._backoff_s = 0.0
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="halfpenny-spool")
        self._rejects = spool_.directory / f"{spool_.owner}.rejected"
        spool_.listen(self.notify)

    def __repr__(self) -> str:
        return f"<Writer {self.lag} bytes behind{', degraded: ' + self.degraded if self.degraded else ''}>"

    def add_handler(self, kind: str, handler: Handler) -> None:
        """Register what stores a kind; before anything is carried over. For parts that themselves need the
        writer."""
        self._handlers[kind] = handler

    @property
    def lag(self) -> int:
        """Bytes in the spool that the database does not have yet."""
        return self._spool.lag_bytes

    def notify(self) -> None:
        """Something was appended. Cheap, for the event loop's thread."""
        self._appended.set()

    async def run(self) -> None:
        """Carry records over until `close`. The first batch is what an earlier process left."""
        while True:
            if not self._spool.oldest():
                await self._appended.wait()
                # A short wait makes one commit out of many; `flush` and `close` cut it short.
                await _wait(self._hurry, self._linger_s)
            self._appended.clear()
            self._hurry.clear()
            if self._closing:
                return
            if not await self._step():
                await _wait(self._hurry, self._backoff_s)

    async def flush(self, timeout_s: float) -> bool:
        """True when everything appended before the call is in the database; False when the time was not
        enough."""
        target = self._spool.appended_bytes
        deadline = time.monotonic() + timeout_s
        try:
            async with asyncio.timeout(timeout_s):
                self._hurry.set()
                while self._spool.committed_bytes < target and time.monotonic() < deadline:
                    if not await self._step():
                        await asyncio.sleep(min(self._backoff_s, max(0.0, deadline - time.monotonic())))
        except TimeoutError:
            pass
        return self._spool.committed_bytes >= target

    async def close(self, timeout_s: float = 10.0) -> bool:
        """Flush, end `run`, remove this process's segments. False: something is left in them, for the next
        start."""
        done = await self.flush(timeout_s)
        self._closing = True
        self._hurry.set()
        self._appended.set()
        async with self._busy:
            self._spool.close()
        self._pool.shutdown(wait=True)
        return done

    async def _step(self) -> bool:
        """Carry one batch over; False if the database or the disk refused it."""
        async with self._busy:
            segment = self._spool.oldest()
            if segment is None or self._closing:
                return True
            start, end = segment.done, segment.size
            try:
                parsed = await self._read(segment, start, end)
                await self._apply(parsed.frames)
            except Exception as error:
                self._fail(error)
                return False
            if parsed.damaged:
                self.damaged += parsed.damaged
                _log.error("spool: %s: skipped %d damaged places", segment.path, parsed.damaged)
            self._spool.commit(segment, start + parsed.consumed)
            self._recover()
            await self._remove_finished()
            return True

    async def _read(self, segment: Segment, start: int, end: int) -> frames.Parsed:
        try:
            return await self._in_thread(lambda: spool.read(segment.path, start, end, limit=BATCH))
        except FileNotFoundError:
            _log.error("spool: %s is gone; its %d bytes are lost", segment.path, end - start)
            return frames.Parsed([], end - start, 1)

    async def _apply(self, batch: list[Frame]) -> None:
        """Commit the batch; halve it around a record that the database refuses, and set that record aside."""
        if not batch:
            return
        try:
            async with writing(self._engine) as connection:
                for kind, payloads in _by_kind(batch).items():
                    await self._handler(kind)(connection, payloads)
        except Exception as error:
            if not _blames_data(error, self._engine.dialect.name):
                raise
            if len(batch) == 1:
                await self._reject(batch[0], error)
                return
            half = len(batch) // 2
            await self._apply(batch[:half])
            await self._apply(batch[half:])

    def _handler(self, kind: str) -> Handler:
        try:
            return self._handlers[kind]
        except KeyError:
            raise UnknownKindError(f"no part of this version stores records of kind {kind!r}") from None

    async def _reject(self, frame: Frame, error: Exception) -> None:
        self.rejected += 1
        reason = f"{type(error).__name__}: {error}".partition("\n")[0][:200]
        if self.rejected & (self.rejected - 1) == 0:  # the 1st, 2nd, 4th, ...: a flood must not fill the log
            told = (self.rejected, frame.kind, self._rejects, reason)
            _log.error("spool: record no. %d (%s) is set aside in %s: %s", *told)
        await self._in_thread(lambda: self._keep(frame))

    def _keep(self, frame: Frame) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._rejects, flags, 0o600)
        try:
            os.write(descriptor, frames.encode(frame.kind, frame.payload))
        finally:
            os.close(descriptor)

    async def _remove_finished(self) -> None:
        gone = self._spool.finished()
        if gone:
            await self._in_thread(lambda: _unlink(gone))
            self._spool.forget(gone)

    def _fail(self, error: Exception) -> None:
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
        if not self.degraded:
            _log.error("database: records wait in the spool: %s", reason)
        self.degraded = reason
        self._backoff_s = min(MAX_BACKOFF_S, max(0.02, self._backoff_s * 2))

    def _recover(self) -> None:
        if self.degraded:
            _log.warning("database: records are stored again; %d bytes to catch up", self.lag)
        self.degraded = ""
        self._backoff_s = 0.0

    async def _in_thread(self, call: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)


def _by_kind(batch: list[Frame]) -> dict[str, list[bytes]]:
    """In order within a kind; kinds do not depend on one another."""
    grouped: dict[str, list[bytes]] = {}
    for frame in batch:
        grouped.setdefault(frame.kind, []).append(frame.payload)
    return grouped


def _blames_data(error: Exception, dialect: str) -> bool:
    """Would these very records be refused again, by a database that is well and code that is right?

    In doubt the answer is no: a record that waits in the spool can still be stored, one set aside cannot.
    """
    if isinstance(error, exc.DBAPIError):
        if error.connection_invalidated:
            return False
        if isinstance(error, exc.IntegrityError | exc.DataError):
            return True
        if isinstance(error, exc.InterfaceError):
            return dialect == "sqlite"
        # asyncpg's data errors arrive as exactly this class.
        return type(error) is exc.DBAPIError
    return isinstance(error, UnknownKindError | msgspec.DecodeError | ValueError | OverflowError)


def _unlink(segments: list[Segment]) -> None:
    for segment in segments:
        try:
            segment.path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("spool: %s is done but cannot be removed: %s", segment.path, error)


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        pass
