"""How long `halfpenny serve` takes until it serves, with the database of an earlier run already there."""

import asyncio
import time
from collections import defaultdict

from loadtest import checks, http1, subjects
from loadtest.generator import LoadError, ask
from loadtest.loops import run_fast
from loadtest.payloads import CHAT, chat_body, post
from loadtest.report import Figure, Section
from loadtest.rig import Rig, rig
from loadtest.stats import Spread

BAR_S = 5.0
_LONGEST_S = 60.0
_LIVE = http1.request("GET", "/livez", (("Host", "loopback"),))
_READY = http1.request("GET", "/readyz", (("Host", "loopback"),))
_VARIANTS = {"without models": False, "with embedder and local model": True}


def measure(rounds: int) -> Section:
    values: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in (*_VARIANTS, "bare web.Server")}
    with rig() as running:
        for name, models in _VARIANTS.items():
            run_fast(_first_start(running, name, models))
        for _ in range(rounds):
            for name, models in _VARIANTS.items():
                for what, value in run_fast(_start(running, name, models)).items():
                    values[name][what].append(value)
            with subjects.bare("server", core=running.core, folder=running.folder) as control:
                values["bare web.Server"]["listening"].append(control.wait_listening(control.address[1]))
                values["bare web.Server"]["CPU"].append(control.cpu_s())
    return Section(
        title="start: a second `halfpenny serve`, from spawn",
        figures=[
            Figure(
                name=f"{name}: {what}",
                unit="MB" if what.startswith("resident") else "s",
                value=Spread.of(found),
                bar=BAR_S if what == "cached answer" else None,
            )
            for name, by_what in values.items()
            for what, found in by_what.items()
        ],
        checked="/livez says 200; the first answer is a hit with the body stored by the earlier process",
    )


def _proxy(running: Rig, name: str, models: bool) -> subjects.Proxy:
    port = running.upstream.address[1]
    return subjects.Proxy(name.replace(" ", "-"), port, core=running.core, folder=running.folder, models=models)


async def _first_start(running: Rig, name: str, models: bool) -> None:
    """Makes the database and leaves one answer in it."""
    with _proxy(running, name, models) as proxy:
        proxy.wait_listening(proxy.address[1])
        answer = await ask(proxy.address, post(proxy.address, CHAT, chat_body()))
        if problem := checks.MISS(answer):
            raise LoadError(problem)


async def _start(running: Rig, name: str, models: bool) -> dict[str, float]:
    """Seconds from spawn, CPU seconds, resident memory in MB."""
    found = {}
    with _proxy(running, name, models) as proxy:
        found["listening"] = proxy.wait_listening(proxy.address[1])
        await _until_200(proxy, _LIVE)
        found["live"] = time.perf_counter() - proxy.started_s
        answer = await ask(proxy.address, post(proxy.address, CHAT, chat_body()))
        found["cached answer"] = time.perf_counter() - proxy.started_s
        found["CPU until then"] = proxy.cpu_s()
        if problem := checks.HIT(answer):
            raise LoadError(problem)
        if models:
            await _until_200(proxy, _READY, wanted=b'"degraded":[]')
            found["all models loaded"] = time.perf_counter() - proxy.started_s
            found["CPU until loaded"] = proxy.cpu_s()
            found["resident, loaded"] = proxy.memory().resident * 1024 / 1e6
    return found


async def _until_200(proxy: subjects.Proxy, request: bytes, *, wanted: bytes = b"") -> None:
    """Until the admin plane answers 200 with `wanted` in its body. Raises `LoadError` after a minute."""
    status = "nothing"
    while time.perf_counter() - proxy.started_s < _LONGEST_S:
        try:
            answer = await ask(proxy.admin, request)
        except OSError as error:
            status = type(error).__name__
        else:
            if answer.status == 200 and wanted in answer.body:
                return
            status = answer.body.decode(errors="replace")
        await asyncio.sleep(0.01)
    raise LoadError(f"{request.split()[1].decode()} does not answer 200: {status}")
