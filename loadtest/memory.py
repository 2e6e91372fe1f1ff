"""Memory at rest: the process by itself, and what an idle keep-alive connection adds."""

import time
from collections import defaultdict
from pathlib import Path

from loadtest import checks
from loadtest.generator import Connection, LoadError, one_each
from loadtest.loops import run_fast
from loadtest.payloads import CHAT, repeated
from loadtest.processes import allow_connections
from loadtest.report import Figure, Section
from loadtest.rig import rig
from loadtest.stats import Spread
from loadtest.subjects import Server

CONNECTIONS = 2000
IDLE_S = 2.0
BAR_MB = 120.0
BAR_KIB = 16.0
_FIRST = 50
"""Connections made before the count begins: the first requests fill pools and caches that are there once."""


def measure(rounds: int, against: Path | None = None) -> Section:
    allow_connections(CONNECTIONS + _FIRST)
    idle: dict[str, list[float]] = defaultdict(list)
    anonymous: dict[str, list[float]] = defaultdict(list)
    warm: dict[str, list[float]] = defaultdict(list)
    added: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        with rig(against) as running:
            servers = {**running.proxies(), "bare web.Server": running.bare("server")}
            time.sleep(IDLE_S)
            for name, server in servers.items():
                now = server.memory()
                idle[name].append(now.resident * 1024 / 1e6)
                anonymous[name].append(now.anonymous * 1024 / 1e6)
                first, connection = run_fast(_connections(server))
                warm[name].append(first * 1024 / 1e6)
                added[name].append(connection)
    figures = []
    for name in idle:
        ours = not name.startswith("bare")
        figures += [
            Figure(
                name=f"{name}: resident, idle (VmRSS)",
                unit="MB",
                value=Spread.of(idle[name]),
                digits=1,
                bar=BAR_MB if ours else None,
            ),
            Figure(name=f"{name}: of it anonymous (RssAnon)", unit="MB", value=Spread.of(anonymous[name]), digits=1),
            Figure(name=f"{name}: resident after {_FIRST} requests", unit="MB", value=Spread.of(warm[name]), digits=1),
            Figure(
                name=f"{name}: an idle connection",
                unit="KiB",
                value=Spread.of(added[name]),
                bar=BAR_KIB if ours else None,
            ),
        ]
    return Section(
        title=f"memory: without models, {IDLE_S:g} s after start; {CONNECTIONS} connections that did one request each",
        figures=figures,
        checked="every answer's status and body; all connections still open when memory was read",
    )


async def _connections(server: Server) -> tuple[float, float]:
    """(resident memory after the first requests, what one idle connection adds to it), in KiB."""
    opened: list[Connection] = []
    requests = repeated(server.address, CHAT, 1)
    try:
        opened += await one_each(server.address, requests, connections=_FIRST, check=checks.BARE)
        server.settle()
        before = server.memory().resident
        opened += await one_each(server.address, requests, connections=CONNECTIONS, check=checks.BARE)
        server.settle()
        after = server.memory().resident
        if any(connection.lost for connection in opened):
            raise LoadError("connections were closed before memory was read")
        return before, (after - before) / CONNECTIONS
    finally:
        for connection in opened:
            connection.close()
