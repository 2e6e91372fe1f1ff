"""What the proxy adds to a call that goes upstream: latency at a modest rate, CPU when saturated."""

from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from loadtest import checks
from loadtest.generator import Check, LoadError, paced, saturate, schedule
from loadtest.loops import run_fast, run_precise
from loadtest.payloads import CHAT, UNKNOWN, different
from loadtest.report import Figure, Section
from loadtest.rig import Rig, rig, rotated
from loadtest.stats import Spread, differences, percentile
from loadtest.subjects import Server

RATE = 100.0
SLICE_S = 4.0
SATURATED_S = 1.0
CONNECTIONS = 32
BAR_MS = 2.0
_BODIES_A_RUN = 10_000_000


class _Path(NamedTuple):
    server: Server
    target: str
    check: Check


def measure(rounds: int, against: Path | None = None) -> Section:
    with rig(against) as running:
        return _measure(running, rounds)


def _measure(running: Rig, rounds: int) -> Section:
    paths = {
        "direct": _Path(running.upstream, CHAT, checks.BARE),
        "bare aiohttp relay": _Path(running.bare("relay"), CHAT, checks.BARE),
    }
    for name, proxy in running.proxies().items():
        paths[f"{name}, miss"] = _Path(proxy, CHAT, checks.MISS)
        paths[f"{name}, unknown path"] = _Path(proxy, UNKNOWN, checks.BYPASS)
    latency_ms: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    cpu_us: dict[str, list[float]] = defaultdict(list)
    runs = 0
    for name in paths:
        _saturate(running, paths[name], runs := runs + 1, 0.3)
    for number in range(rounds):
        for name in rotated(list(paths), number):
            latencies = _pace(running, paths[name], runs := runs + 1, seed=number)
            for share in (0.5, 0.99):
                latency_ms[name][share].append(percentile(latencies, share) * 1e3)
    for number in range(rounds):
        for name in rotated(list(paths), number):
            cpu_us[name].append(_saturate(running, paths[name], runs := runs + 1, SATURATED_S))
    return Section(
        title=f"passthrough: {RATE:g} requests/s due at random times, {SLICE_S:g} s a slice; then saturated",
        figures=_figures(latency_ms, cpu_us),
        checked="every answer's status, body and Cache-Status; one upstream call for each request",
    )


def _pace(running: Rig, path: _Path, run: int, *, seed: int) -> list[float]:
    due = schedule(RATE, SLICE_S, seed)
    requests = different(path.server.address, path.target, run * _BODIES_A_RUN)
    path.server.settle()
    calls = running.upstream_calls()
    latencies = run_precise(paced(path.server.address, requests, due_s=due, connections=CONNECTIONS, check=path.check))
    _compare(running.upstream_calls() - calls, len(latencies))
    return latencies


def _saturate(running: Rig, path: _Path, run: int, seconds: float) -> float:
    """CPU time of the server per request, in microseconds, what it does afterwards (database) included."""
    requests = different(path.server.address, path.target, run * _BODIES_A_RUN)
    path.server.settle()
    calls, before = running.upstream_calls(), path.server.cpu_s()
    load = run_fast(saturate(path.server.address, requests, connections=CONNECTIONS, seconds=seconds, check=path.check))
    path.server.settle()
    used = path.server.cpu_s() - before
    _compare(running.upstream_calls() - calls, load.requests)
    return used / load.requests * 1e6


def _compare(calls: int, requests: int) -> None:
    if calls != requests:
        raise LoadError(f"{requests} requests made {calls} upstream calls")


def _figures(latency_ms: dict[str, dict[float, list[float]]], cpu_us: dict[str, list[float]]) -> list[Figure]:
    direct = latency_ms["direct"]
    figures = []
    for name, latencies in latency_ms.items():
        if name == "direct":
            continue
        bar = None if name.startswith("bare") else BAR_MS
        added, tail = (differences(latencies[share], direct[share]) for share in (0.5, 0.99))
        figures.append(Figure(name=f"{name}: added p50", unit="ms", value=added, digits=3, bar=bar))
        figures.append(Figure(name=f"{name}: added p99", unit="ms", value=tail, digits=3))
        figures.append(
            Figure(name=f"{name}: CPU per request, saturated", unit="us", value=Spread.of(cpu_us[name]), digits=1)
        )
    for share, text in ((0.5, "p50"), (0.99, "p99")):
        figures.append(Figure(name=f"direct: {text}", unit="ms", value=Spread.of(direct[share]), digits=3))
    return figures
