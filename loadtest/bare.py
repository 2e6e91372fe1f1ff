"""The control: aiohttp with nothing behind it. It reads the body and sends the bytes and headers of a hit.

    python -m loadtest.bare PORT server|application

`server` is aiohttp's low-level `web.Server`, `application` the usual `web.Application` with one route.
"""

import asyncio
import sys

from aiohttp import web

from loadtest.loops import run_fast
from loadtest.payloads import ANSWER, HIT_HEADERS


async def answer(request: web.BaseRequest) -> web.Response:
    await request.read()
    return web.Response(body=ANSWER, headers=list(HIT_HEADERS))


def _application() -> web.AppRunner:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    return web.AppRunner(application, access_log=None)


async def _serve(port: int, kind: str) -> None:
    runner: web.AppRunner | web.ServerRunner
    runner = _application() if kind == "application" else web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    run_fast(_serve(int(sys.argv[1]), sys.argv[2]))
