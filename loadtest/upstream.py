"""The raw upstream: answers every request at once with the same bytes, and counts them.

python -m loadtest.upstream PORT
"""

import asyncio
import sys
from typing import cast

from loadtest import http1
from loadtest.loops import run_fast
from loadtest.payloads import ANSWER, CALLS, UPSTREAM_HEADERS

_ANSWER = http1.response(200, UPSTREAM_HEADERS, ANSWER)


class Upstream(asyncio.Protocol):
    calls = 0

    def __init__(self) -> None:
        self._reader = http1.Reader()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop\'s transports are no subclass of it
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        for request in self._reader.feed(data):
            if request.head.startswith(b"GET " + CALLS.encode()):
                self._transport.write(http1.response(200, (), b"%d" % Upstream.calls))
            else:
                Upstream.calls += 1
                self._transport.write(_ANSWER)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    run_fast(_serve(int(sys.argv[1])))
