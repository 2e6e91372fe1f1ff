"""Append-only segment files between the event loop and the database.

`append` is one unbuffered `write()`: what it acknowledged survives `kill -9` of the process (the bytes are
the kernel's), not the loss of power. It never awaits and never raises.

Several processes may share the directory. Each is an *owner* with a name; it holds a lock on `OWNER.lock` as
long as it lives and writes `OWNER.NNNNNN.seg`. Whoever gets the lock of an owner that died adopts its
segments. Open a spool after forking: a lock is shared with forked children. All methods belong to one thread.
"""

import fcntl
import logging
import os
import secrets
from collections import deque
from collections.abc import Callable
from pathlib import Path

from halfpenny.storage import frames

SEGMENT_BYTES = 4 * 1024 * 1024
MAX_BYTES = 512 * 1000 * 1000
_log = logging.getLogger(__name__)


class Segment:
    """One file: `size` bytes are whole records, `done` of them are in the database. `sealed`: nothing will
    follow."""

    __slots__ = ("done", "lock", "path", "sealed", "size")

    def __init__(self, path: Path, size: int, *, sealed: bool, lock: "Lock") -> None:
        self.path = path
        self.size = size
        self.done = 0
        self.sealed = sealed
        self.lock = lock

    def __repr__(self) -> str:
        return f"<{self.path.name} {self.done}/{self.size}{' sealed' if self.sealed else ''}>"


class Lock:
    """The lock of one owner, and how many of its segments are left."""

    __slots__ = ("descriptor", "left", "path")

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor
        self.left = 0

    def release(self) -> None:
        """Unlink, then unlock: in this order nobody can lock a file that is about to go."""
        self.path.unlink(missing_ok=True)
        os.close(self.descriptor)


class Spool:
    """The segments of this process, and those it adopted.

    `max_bytes` bounds what is not in the database yet; beyond it `append` answers False. `refused` counts
    those answers, `failing` says why (empty while appends succeed).
    """

    def __init__(self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES, max_bytes: int = MAX_BYTES) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory = directory
        self.refused = 0
        self.failing = ""
        self.appended_bytes = 0
        self.committed_bytes = 0
        self.appended_records = 0
        self._segment_bytes = segment_bytes
        self._max_bytes = max_bytes
        self._segments: deque[Segment] = deque()
        self._listener: Callable[[], None] | None = None
        self._descriptor = -1
        self._active: Segment | None = None
        self._count = 0
        self._closed = False
        self._lock = _own_lock(directory)
        self.owner = self._lock.path.stem
        self.adopt()

    def __repr__(self) -> str:
        state = f", failing: {self.failing}" if self.failing else ""
        return f"<Spool {self.lag_bytes} bytes in {len(self._segments)} segments{state}>"

    @property
    def lag_bytes(self) -> int:
        """Bytes acknowledged and not yet in the database."""
        return self.appended_bytes - self.committed_bytes

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this after every successful append. One listener; it must be quick and must not raise."""
        self._listener = listener

    def append(self, kind: str, payload: bytes) -> bool:
        """Write one record. True: it survives the death of the process. False: it was not kept (counted,
        logged)."""
        data = frames.encode(kind, payload)
        size = len(data)
        active = self._active
        if self.lag_bytes + size > self._max_bytes:
            return self._refuse(f"the spool holds {self.lag_bytes} bytes that the database has not taken")
        if self._closed:
            return self._refuse("the spool is closed")
        try:
            if active is None or active.size >= self._segment_bytes:
                active = self._next_segment()
            written = os.write(self._descriptor, data)
        except OSError as error:
            if active is not None:
                self._cut_back(active)
            return self._refuse(f"{error.strerror or error}")
        if written != size:
            self._cut_back(active)
            return self._refuse(f"only {written} of {size} bytes could be written")
        active.size += size
        self.appended_bytes += size
        self.appended_records += 1
        if self.failing:
            self._recover()
        if self._listener is not None:
            self._listener()
        return True

    def adopt(self) -> int:
        """Take over the segments of owners that are gone; say how many. Owners that live keep theirs."""
        adopted = 0
        names = {path.name.partition(".")[0] for path in self.directory.iterdir() if _is_ours(path)}
        for owner in sorted(names - {self.owner} - {segment.lock.path.stem for segment in self._segments}):
            lock = _try_lock(self.directory / f"{owner}.lock")
            if lock is None:
                continue
            for path in sorted(self.directory.glob(f"{owner}.*.seg")):
                segment = Segment(path, path.stat().st_size, sealed=True, lock=lock)
                lock.left += 1
                self.appended_bytes += segment.size
                self._segments.append(segment)
                adopted += 1
            if not lock.left:
                lock.release()
        return adopted

    def oldest(self) -> Segment | None:
        """The segment to read next, or None when the database has everything."""
        for segment in self._segments:
            if segment.done < segment.size:
                return segment
        return None

    def commit(self, segment: Segment, done: int) -> None:
        """The database has everything of the segment before `done`."""
        self.committed_bytes += done - segment.done
        segment.done = done

    def finished(self) -> list[Segment]:
        """Take the sealed segments that the database has in full off the list.

        The caller unlinks their files (that blocks) and then calls `forget`.
        """
        gone = [segment for segment in self._segments if segment.sealed and segment.done >= segment.size]
        for segment in gone:
            self._segments.remove(segment)
        return gone

    def forget(self, segments: list[Segment]) -> None:
        """The files of these finished segments are gone; with its last one an adopted owner goes too."""
        for segment in segments:
            segment.lock.left -= 1
            if not segment.lock.left and segment.lock is not self._lock:
                segment.lock.release()

    def close(self) -> None:
        """Close the active segment; unlink what the database has, leave the rest to the next process."""
        if self._closed:
            return
        self._closed = True
        self._seal()
        gone = self.finished()
        for segment in gone:
            segment.path.unlink(missing_ok=True)
        self.forget(gone)
        left = {segment.lock for segment in self._segments}
        for lock in left:
            os.close(lock.descriptor)
        if self._lock not in left:
            self._lock.release()
        self._segments.clear()

    def _next_segment(self) -> Segment:
        path = self.directory / f"{self.owner}.{self._count:06d}.seg"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        self._seal()
        self._count += 1
        self._descriptor = descriptor
        self._active = Segment(path, 0, sealed=False, lock=self._lock)
        self._lock.left += 1
        self._segments.append(self._active)
        return self._active

    def _seal(self) -> None:
        if self._active is not None:
            os.close(self._descriptor)
            self._active.sealed = True
            self._active = None
            self._descriptor = -1

    def _cut_back(self, active: Segment) -> None:
        """Remove a torn tail; where even that fails, leave the segment: readers stop at `size`."""
        try:
            os.ftruncate(self._descriptor, active.size)
        except OSError:
            self._seal()

    def _refuse(self, reason: str) -> bool:
        self.refused += 1
        if not self.failing:
            _log.error("spool: records are being refused: %s", reason)
        self.failing = reason
        return False

    def _recover(self) -> None:
        _log.warning("spool: records are kept again; %d were refused so far", self.refused)
        self.failing = ""


def read(segment_path: Path, start: int, end: int, *, limit: int, chunk_bytes: int = 1 << 20) -> frames.Parsed:
    """Up to `limit` records of a segment between two offsets; blocking, for a worker thread.

    Everything before `end` is known to be final, so what is damaged there is skipped and counted. `consumed`
    of the answer counts from `start`. Raises OSError.
    """
    descriptor = os.open(segment_path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        wanted = min(end - start, chunk_bytes)
        data = os.pread(descriptor, wanted, start)
        final = wanted == end - start or len(data) < wanted
        parsed = frames.parse(data, final=final, limit=limit)
        if not parsed.consumed and not final:
            # A record larger than the chunk, or a damaged one: only the rest of the segment can tell.
            wanted = end - start
            data = os.pread(descriptor, wanted, start)
            parsed = frames.parse(data, final=True, limit=limit)
    finally:
        os.close(descriptor)
    if len(data) < wanted and parsed.consumed == len(data):
        # The file is shorter than what was acknowledged: somebody truncated it. There is nothing behind this.
        return frames.Parsed(parsed.frames, end - start, parsed.damaged + 1)
    return parsed


def _is_ours(path: Path) -> bool:
    return path.suffix in (".seg", ".lock")


def _own_lock(directory: Path) -> Lock:
    while True:
        lock = _try_lock(directory / f"{os.getpid()}-{secrets.token_hex(6)}.lock")
        if lock is not None:
            return lock


def _try_lock(path: Path) -> Lock | None:
    """Lock the file, making it if need be; None if another process has it or removed it in between."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(descriptor).st_ino:
            return Lock(path, descriptor)
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
