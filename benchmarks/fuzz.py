"""Fuzzing of what reads foreign bytes: `python -m benchmarks.fuzz --executions 10000000 [--processes 2]`.

The targets and what must hold for them are in `benchmarks.fuzz_targets`. Each process runs every target in turn.
Execution `n` of seed `s` is always the same input, so a process that hangs can be killed and its last input made again.
Anything found is made smaller and written to `--save`; `--replay FILE` runs such a file again. Exit code 1 if anything
was found.

An execution fails if it raises, if it takes more than a second of processor time, or if nothing happens for `--hang`
seconds (then the process is killed and goes on behind that execution).
"""

import argparse
import multiprocessing
import os
import random
import sys
import time
import traceback
from multiprocessing.queues import SimpleQueue
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.fuzz_targets import Target, targets

SLOW_S = 1.0
_SMALLER_TRIES = 3000
_STRIDE = 1 << 40
"""Executions of one seed; the next seed's inputs are others."""


class Finding(msgspec.Struct, frozen=True):
    """One input that broke something. `why` ends in the exception's last line; `where` tells findings apart."""

    target: str
    number: int
    why: str
    where: str
    data: bytes


class TooSlowError(Exception):
    """One execution took more than `SLOW_S` seconds of processor time."""


def made(all_targets: list[Target], seed: int, number: int) -> tuple[Target, bytes]:
    """The input of one execution."""
    target = all_targets[number % len(all_targets)]
    return target, target.make(random.Random(seed * _STRIDE + number))


def attempt(target: Target, data: bytes) -> None:
    """One execution. Raises what the target raises, or TooSlowError."""
    before = time.thread_time()
    target.check(data)
    taken = time.thread_time() - before
    if taken > SLOW_S:
        raise TooSlowError(f"{taken:.1f} s of processor time for {len(data)} bytes")


def search(
    all_targets: list[Target], seed: int, numbers: range, *, until: float = float("inf"), progress: Any = None
) -> tuple[int, list[Finding]]:
    """Run these executions until `until` (of `time.monotonic`). Returns how many were run and one finding per place."""
    found: dict[tuple[str, str], Finding] = {}
    done = 0
    for number in numbers:
        if progress is not None:
            progress.value = number
        if done % 256 == 0 and time.monotonic() > until:
            break
        target, data = made(all_targets, seed, number)
        try:
            attempt(target, data)
        except Exception as error:
            where = place(error)
            if (target.name, where) not in found:
                small = data if isinstance(error, TooSlowError) else smaller(target, data, where)
                found[target.name, where] = Finding(target.name, number, reason(error), where, small)
        done += 1
    return done, list(found.values())


def place(error: BaseException) -> str:
    """Type and line of the exception: two inputs that fail alike are one finding."""
    frames = traceback.extract_tb(error.__traceback__)
    inner = [frame for frame in frames if "fuzz" not in frame.filename] or frames
    named = f" {str(error).partition(':')[0]}" if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} at {Path(inner[-1].filename).name}:{inner[-1].lineno}{named[:60]}"


def reason(error: BaseException) -> str:
    return "".join(traceback.format_exception(error)[-4:])


def smaller(target: Target, data: bytes, where: str) -> bytes:
    """The input with all that can be left out taken out, as long as it fails at the same place."""
    tries = 0
    size = max(1, len(data) // 2)
    until = time.monotonic() + 10
    while size and tries < _SMALLER_TRIES and time.monotonic() < until:
        at = 0
        while at < len(data) and tries < _SMALLER_TRIES:
            shorter = data[:at] + data[at + size :]
            tries += 1
            if fails_at(target, shorter) == where:
                data = shorter
            else:
                at += size
        size //= 2
    return data


def fails_at(target: Target, data: bytes) -> str:
    try:
        attempt(target, data)
    except Exception as error:
        return place(error)
    return ""


Found = tuple[int, list[Finding]]


def work(
    seed: int, numbers: range, until: float, progress: "Synchronized[int]", out: "SimpleQueue[Found]"
) -> None:
    os.nice(5)
    out.put(search(targets(), seed, numbers, until=until, progress=progress.get_obj()))


class Worker:
    """A process that runs a share of the executions: those `first`, `first + step`, ... below `last`."""

    def __init__(self, seed: int, numbers: range, until: float) -> None:
        self.seed = seed
        self.numbers = numbers
        self.until = until
        self.done = 0
        self.found: list[Finding] = []
        self._context = multiprocessing.get_context("spawn")
        self._start()

    def _start(self) -> None:
        self.progress = self._context.Value("q", -1)
        self._out = self._context.SimpleQueue()
        self._seen = (-1, time.monotonic())
        arguments = (self.seed, self.numbers, self.until, self.progress, self._out)
        self.process = self._context.Process(target=work, args=arguments, daemon=True)
        self.process.start()

    def over(self, hang_s: float) -> bool:
        """Whether it has ended. A process that stands still or died is a finding and is started again behind it."""
        if not self._out.empty():
            done, found = self._out.get()
            self.process.join()
            self.done += done
            self.found += found
            return True
        at = self.progress.value
        if at != self._seen[0] or at < 0:
            self._seen = (at, time.monotonic())
            if at >= 0 or self.process.is_alive():
                return False
        dead = not self.process.is_alive()
        if not dead and time.monotonic() - self._seen[1] < hang_s:
            return False
        self.process.kill()
        self.process.join()
        if at < 0:
            raise RuntimeError("a fuzzing process ended before it began")
        why = f"the process ended with {self.process.exitcode}" if dead else f"nothing happened for {hang_s:.0f} s"
        target, data = made(targets(), self.seed, at)
        self.found.append(Finding(target.name, at, why, why, data))
        position = self.numbers.index(at)
        self.done += position + 1
        self.numbers = self.numbers[position + 1 :]
        self._start()
        return False


def run(arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    until = began + arguments.seconds if arguments.seconds else float("inf")
    step = arguments.processes
    workers = [Worker(arguments.seed, range(first, arguments.executions, step), until) for first in range(step)]
    running = list(workers)
    said = began
    while running:
        time.sleep(0.2)
        running = [worker for worker in running if not worker.over(arguments.hang)]
        if time.monotonic() - said > 60:
            said = time.monotonic()
            at = max(worker.progress.value for worker in workers)
            print(f"{said - began:6.0f} s: about {at} executions", file=sys.stderr, flush=True)
    found = {(item.target, item.where): item for worker in workers for item in worker.found}
    saved = [save(item, arguments.save) for item in found.values()]
    summary = {
        "executions": sum(worker.done for worker in workers),
        "seconds": round(time.monotonic() - began, 1),
        "seed": arguments.seed,
        "targets": len(targets()),
        "findings": [{"target": i.target, "where": i.where, "number": i.number} for i in found.values()],
    }
    for item, path in zip(found.values(), saved, strict=True):
        print(f"{item.target}, execution {item.number}: {path}\n{item.why}", file=sys.stderr)
    print(msgspec.json.format(msgspec.json.encode(summary), indent=2).decode())
    return 1 if found else 0


def save(item: Finding, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{item.target.replace('/', '_').replace(':', '-')}-{item.number}"
    path.write_bytes(item.target.encode() + b"\n" + item.data)
    return path


def replay(path: Path) -> int:
    name, _, data = path.read_bytes().partition(b"\n")
    target = next(target for target in targets() if target.name == name.decode())
    try:
        attempt(target, data)
    except Exception:
        traceback.print_exc()
        return 1
    print(f"{target.name}: {len(data)} bytes, nothing found")
    return 0


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=0.0, help="stop by then; 0: no limit")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--hang", type=float, default=30.0, help="seconds without progress that count as a hang")
    parser.add_argument("--save", type=Path, default=Path("build/fuzz"), help="folder for inputs that broke something")
    parser.add_argument("--replay", type=Path, help="run one saved input again")
    arguments = parser.parse_args(given)
    return replay(arguments.replay) if arguments.replay else run(arguments)


if __name__ == "__main__":
    sys.exit(main())
