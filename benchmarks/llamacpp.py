"""The bundled small model in process: `python -m benchmarks.llamacpp [--rounds 2]`.

Tokens per second of 1 and of 4 requests at once, for 1 and 2 threads, turn about in one run; load time and the resident
memory of the process before, loaded and closed. Nothing else should run beside it.
"""

import argparse
import asyncio
import statistics
import sys
import time

import msgspec

from halfpenny.backends.base import Call
from halfpenny.backends.llamacpp import LlamaCpp

THREADS = (1, 2)
AT_ONCE = (1, 4)
TOKENS = 64


def resident_mib() -> float:
    """VmRSS of this process."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def generate(backend: LlamaCpp, number: int) -> int:
    """One answer of at most TOKENS tokens; how many there were."""
    body = {
        "model": "smollm2-135m-instruct",
        "messages": [{"role": "user", "content": f"Write a long story about penny number {number}."}],
        "max_tokens": TOKENS,
        "temperature": 0,
    }
    headers = (("Content-Type", "application/json"),)
    call = Call(method="POST", target="/v1/chat/completions", headers=headers, body=msgspec.json.encode(body))
    reply = await backend.call(call)
    answer = b"".join([chunk async for chunk in reply.chunks()])
    return int(msgspec.json.decode(answer)["usage"]["completion_tokens"])


async def rate(backend: LlamaCpp, at_once: int, start: int) -> float:
    """Tokens per second of `at_once` requests together."""
    begun = time.perf_counter()
    counts = await asyncio.gather(*(generate(backend, start + number) for number in range(at_once)))
    return sum(counts) / (time.perf_counter() - begun)


async def measure(rounds: int) -> None:
    rates: dict[tuple[int, int], list[float]] = {}
    loads = []
    before = resident_mib()
    for round_ in range(rounds):
        for threads in THREADS:
            backend = LlamaCpp(threads=threads)
            begun = time.perf_counter()
            await backend.warm()
            loads.append(time.perf_counter() - begun)
            loaded = resident_mib()
            for at_once in AT_ONCE:
                rates.setdefault((threads, at_once), []).append(await rate(backend, at_once, 100 * round_))
            await backend.close()
    print(f"load {statistics.median(loads):.2f} s (least {min(loads):.2f}, most {max(loads):.2f})")
    print(f"resident: {before:.0f} MiB before, {loaded:.0f} loaded (last), {resident_mib():.0f} closed")
    for (threads, at_once), found in sorted(rates.items()):
        shown = f"{statistics.median(found):5.1f} tok/s ({min(found):.1f}-{max(found):.1f})"
        print(f"{threads} threads, {at_once} at once: {shown}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    asyncio.run(measure(parser.parse_args().rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
