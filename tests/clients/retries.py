"""What a client's retries come to through the proxy: a 429 that passes, and one that lasts.

Both the clients and the proxy try again. They must not multiply: the proxy marks an error on which it has spent its own
attempts with `x-should-retry: false`, and clients that know this header stop there.
"""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import aiohttp

from tests.clients.cells import Client
from tests.clients.matrix import QUESTION, Bench, Drivers, bench
from tests.clients.process import Driver, Json

Kind = Literal["429 once", "429 for ever"]
KINDS: tuple[Kind, ...] = ("429 once", "429 for ever")
MARKERS: dict[Kind, str] = {"429 once": " [[retry_after=0.05 times=1]]", "429 for ever": " [[retry_after=0.05]]"}
CLIENT_RETRIES = 2
FULL_BUDGET = """
[retry]
budget = 1.0
"""
CALLS_THAT_FILL_THE_BUDGET = 6
IGNORES_SHOULD_RETRY = {
    "google-genai": "knows no x-should-retry; by default it does not retry at all",
    "vercel openai": "knows no x-should-retry",
    "vercel compatible": "knows no x-should-retry",
    "vercel anthropic": "knows no x-should-retry",
}
"""Clients whose retries multiply with the proxy's on a lasting 429, and why."""
NO_SWITCH = {"aider": "aider repeats a refused call for a minute and offers no switch"}


@dataclasses.dataclass(frozen=True)
class Retried:
    """What one client did: upstream calls directly and through the proxy."""

    client: str
    kind: Kind
    direct_calls: int = 0
    proxied_calls: int = 0
    wrong: str = ""
    reason: str = ""


async def retried(client: Client, kind: Kind, driver: Driver, bench: Bench, number: int) -> Retried:
    """Both calls, compared: the same end, and no more upstream calls than directly (unless the client is known)."""
    if client.name in NO_SWITCH:
        return Retried(client.name, kind, reason=NO_SWITCH[client.name])
    model = client.model(number)

    async def ask(base: str) -> Json:
        return await driver.run(
            client=client.driver_name,
            api=client.api,
            base=base,
            key="sk-of-the-matrix",
            model=model,
            prompt=QUESTION + MARKERS[kind],
            stream=False,
            tools=False,
            retries=CLIENT_RETRIES,
        )

    direct, proxied = await ask(bench.direct.origin), await ask(bench.proxy)
    direct_calls = sum(call.model == model for call in bench.direct.calls)
    proxied_calls = bench.calls(model)
    seen = Retried(client.name, kind, direct_calls, proxied_calls)

    def end(result: Json) -> object:
        return result["text"], (result["error"] or {}).get("class"), (result["error"] or {}).get("status")

    if (direct["error"] is None) != (kind == "429 once"):
        return dataclasses.replace(seen, wrong=f"directly: {direct['error']}")
    if end(direct) != end(proxied):
        return dataclasses.replace(seen, wrong=f"directly {end(direct)}, through the proxy {end(proxied)}")
    if proxied_calls > direct_calls and not (kind == "429 for ever" and client.name in IGNORES_SHOULD_RETRY):
        said = f"{direct_calls} upstream calls directly, {proxied_calls} through the proxy"
        return dataclasses.replace(seen, wrong=said)
    return seen


async def run_retries(clients: Sequence[Client], drivers: Drivers) -> list[Retried]:
    """One after the other, each with a full retry budget: an empty one is another matter."""
    found = []
    async with bench(FULL_BUDGET) as running, aiohttp.ClientSession() as session:
        for number, client in enumerate(clients):
            for at, kind in enumerate(KINDS):
                for filler in range(CALLS_THAT_FILL_THE_BUDGET):
                    body = {"model": "filler", "messages": [{"role": "user", "content": f"{number} {at} {filler}"}]}
                    async with session.post(f"{running.proxy}/v1/chat/completions", json=body) as reply:
                        assert reply.status == 200, await reply.text()
                driver = await drivers.of(client)
                found.append(await retried(client, kind, driver, running, number * len(KINDS) + at))
    return found
