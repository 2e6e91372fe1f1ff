"""A few cells against a real model: llama.cpp's server, directly and in process behind the proxy.

It speaks OpenAI chat, Responses and Anthropic messages. What it cannot express at will (tool calls, errors, cut streams)
is the scripted upstream's part.
"""

import asyncio
import contextlib
import dataclasses
import tempfile
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from halfpenny.backends.weights import BUNDLED_MODEL, locate
from tests.clients.cells import CLIENTS, MODES, Client, Mode
from tests.clients.matrix import Drivers, started

NAMES = ("openai 3", "openai node", "openai 3 responses", "anthropic 2", "anthropic node")
PROMPT = "Say hello."
KEY = "sk-of-the-direct-server"
STATES = ("miss", "exact hit")


@dataclasses.dataclass(frozen=True)
class Modelled:
    """One cell against the real model: empty `wrong` is green."""

    client: str
    state: str
    mode: Mode
    wrong: str = ""


def clients() -> list[Client]:
    return [client for client in CLIENTS if client.name in NAMES]


@contextlib.contextmanager
def llama_server() -> Iterator[str]:
    """The address of a llama.cpp server with the bundled model, for the direct calls."""
    import xllamacpp

    path, _ = locate(BUNDLED_MODEL)
    parameters: Any = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.model_alias = {BUNDLED_MODEL}
    parameters.n_ctx = 4096
    parameters.n_parallel = 2
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.cpuparams.poll = parameters.cpuparams_batch.poll = 0
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [KEY]
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)
    yield server.listening_address
    del server


async def run_model(wanted: Sequence[Client], drivers: Drivers) -> list[Modelled]:
    """Miss and exact hit, whole and streamed, of each client: the direct server's text, end and token counts."""
    found: list[Modelled] = []
    with tempfile.TemporaryDirectory() as folder, llama_server() as address:
        text = textwrap.dedent(f"""
            [server]
            listen = "127.0.0.1:0"
            admin = "127.0.0.1:0"
            [store]
            url = "sqlite+aiosqlite:///{folder}/halfpenny.db"
            [[backends]]
            name = "small"
            kind = "llamacpp"
            model = "{BUNDLED_MODEL}"
        """)
        async with started(text) as app:
            host, port = app.data_address
            for client in wanted:
                driver = await drivers.of(client)
                for mode in MODES:
                    asked: dict[str, Any] = {
                        "client": client.driver_name,
                        "api": client.api,
                        "model": BUNDLED_MODEL,
                        "prompt": PROMPT,
                        "stream": mode == "stream",
                        "tools": False,
                    }
                    direct = await driver.run(base=address, key=KEY, **asked)
                    # a key of its own for each mode: the second mode would hit what the first one stored
                    for state in STATES:
                        got = await driver.run(base=f"http://{host}:{port}", key=f"sk-{client.name}-{mode}", **asked)
                        found.append(Modelled(client.name, state, mode, _difference(direct, got, state)))
    return found


def _difference(direct: dict[str, Any], got: dict[str, Any], state: str) -> str:
    if direct["error"] is not None or not direct["text"]:
        return f"the direct call failed: {direct}"
    expected = "halfpenny; hit; detail=exact" if state == "exact hit" else "halfpenny; fwd=uri-miss; stored"
    if not str(got["cache"]).startswith(expected):
        return f"Cache-Status: expected {expected!r}, got {got['cache']!r}; error {got['error']}"
    for name in ("text", "finish", "error", "model"):
        if direct.get(name) != got.get(name):
            return f"{name}: direct {direct.get(name)!r}, through the proxy {got.get(name)!r}"
    left, right = _counts(direct["usage"]), _counts(got["usage"])
    return "" if left == right else f"usage: direct {left}, through the proxy {right}"


def _counts(usage: dict[str, Any] | None) -> dict[str, int]:
    """Tokens in and out; how many of them llama.cpp found in its own prompt cache depends on what ran before."""
    usage = usage or {}
    names = ("prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens")
    counts = {name: usage[name] for name in names if name in usage}
    if "cache_read_input_tokens" in usage:
        counts["input_tokens"] += usage["cache_read_input_tokens"]
    return counts


def main() -> None:
    """For trying out: `python -m tests.clients.model`."""

    async def run() -> None:
        async with Drivers() as drivers:
            for row in await run_model(clients(), drivers):
                print(row)

    asyncio.run(run())


if __name__ == "__main__":
    main()
