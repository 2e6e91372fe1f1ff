"""Exact hits against a bare aiohttp server, both saturated on one core, turn about."""

from collections import defaultdict
from itertools import islice
from pathlib import Path

from loadtest import checks
from loadtest.generator import Check, LoadError, ask, saturate
from loadtest.loops import run_fast
from loadtest.payloads import CHAT, repeated
from loadtest.report import Figure, Section
from loadtest.rig import Rig, rig, rotated
from loadtest.stats import Spread, ratios
from loadtest.subjects import Server

KEYS = 100
CONNECTIONS = 32
SLICE_S = 1.0
_WARM_S = 0.3
BAR = 0.6


def measure(rounds: int, against: Path | None = None) -> Section:
    with rig(against) as running:
        return _measure(running, rounds)


def _measure(running: Rig, rounds: int) -> Section:
    proxies = running.proxies()
    servers = {"server": running.bare("server"), "application": running.bare("application"), **proxies}
    expected = dict.fromkeys(servers, checks.BARE) | dict.fromkeys(proxies, checks.HIT)
    for name, server in servers.items():
        if name in proxies:
            run_fast(_store(server))
        _load(server, expected[name], _WARM_S)
    calls = running.upstream_calls()
    per_second: dict[str, list[float]] = defaultdict(list)
    cpu_us: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds):
        for name in rotated(list(servers), number):
            server = servers[name]
            server.settle()
            before = server.cpu_s()
            count, rate = _load(server, expected[name], SLICE_S)
            server.settle()
            per_second[name].append(rate)
            cpu_us[name].append((server.cpu_s() - before) / count * 1e6)
    if running.upstream_calls() != calls:
        raise LoadError("the upstream was called during a run of hits")
    ceiling = _load(running.raw(), checks.BARE, SLICE_S)[1]
    return Section(
        title=f"hit: {CONNECTIONS} connections, {KEYS} keys, {SLICE_S:g} s a slice",
        figures=_figures(list(proxies), per_second, cpu_us, ceiling),
        checked="every answer's status, body and Cache-Status; 0 upstream calls during the rounds",
    )


async def _store(server: Server) -> None:
    """Ask everything once, so that the rounds find it stored."""
    for request in islice(repeated(server.address, CHAT, KEYS), KEYS):
        if problem := checks.MISS(await ask(server.address, request)):
            raise LoadError(problem)


def _load(server: Server, check: Check, seconds: float) -> tuple[int, float]:
    """(answers, answers per second)"""
    requests = repeated(server.address, CHAT, KEYS)
    load = run_fast(saturate(server.address, requests, connections=CONNECTIONS, seconds=seconds, check=check))
    return load.requests, load.per_second


def _figures(
    proxies: list[str], per_second: dict[str, list[float]], cpu_us: dict[str, list[float]], ceiling: float
) -> list[Figure]:
    figures = []
    for name in proxies:
        rate, cost = per_second[name], cpu_us[name]
        figures += [
            Figure(
                name=f"{name}: hits/s over bare web.Server's",
                unit="x",
                value=ratios(rate, per_second["server"]),
                bar=BAR,
                sense="at least",
            ),
            Figure(
                name=f"{name}: hits/s over bare web.Application's",
                unit="x",
                value=ratios(rate, per_second["application"]),
            ),
            Figure(
                name=f"{name}: CPU per hit over bare web.Server's, ledger included",
                unit="x",
                value=ratios(cost, cpu_us["server"]),
            ),
        ]
    for name in per_second:
        figures.append(Figure(name=f"{name}: answers", unit="1/s", value=Spread.of(per_second[name]), digits=0))
        figures.append(Figure(name=f"{name}: CPU per answer", unit="us", value=Spread.of(cpu_us[name]), digits=1))
    ceiling_figure = Figure(name="generator against the raw upstream", unit="1/s", value=Spread.of([ceiling]), digits=0)
    return [*figures, ceiling_figure]
