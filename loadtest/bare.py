"""The controls: aiohttp with nothing of ours behind it.

    python -m loadtest.bare PORT server|application|relay [UPSTREAM_PORT]

`server` (aiohttp's low-level `web.Server`) and `application` (`web.Application` with one route) read the body and send
the bytes and headers of a hit. `relay` sends the request on with aiohttp's client, buffered both ways.
"""

import asyncio
import sys

import aiohttp
from aiohttp import web
from aiohttp.web_runner import BaseRunner

from loadtest.loops import run_fast
from loadtest.payloads import ANSWER, HIT_HEADERS

_FRAMING = ("host", "content-length", "transfer-encoding", "connection")


async def answer(request: web.BaseRequest) -> web.Response:
    await request.read()
    return web.Response(body=ANSWER, headers=list(HIT_HEADERS))


class Relay:
    """What a pass-through proxy on aiohttp costs at the least."""

    def __init__(self, upstream_port: int) -> None:
        self._base = f"http://127.0.0.1:{upstream_port}"
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())
        body = await request.read()
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _FRAMING]
        url = self._base + request.path_qs
        async with self._session.request(request.method, url, data=body, headers=headers) as reply:
            returned = [(name, value) for name, value in reply.headers.items() if name.lower() not in _FRAMING]
            return web.Response(status=reply.status, body=await reply.read(), headers=returned)


def _runner(kind: str, upstream_port: int) -> BaseRunner:
    if kind == "application":
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", answer)
        return web.AppRunner(application, access_log=None)
    handler = Relay(upstream_port) if kind == "relay" else answer
    return web.ServerRunner(web.Server(handler, access_log=None))


async def _serve(port: int, kind: str, upstream_port: int) -> None:
    runner = _runner(kind, upstream_port)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    run_fast(_serve(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0))
