"""How a model is reached: the protocol, its values, and its errors by blame.

A `Backend` sends one `Call` and gives back one `Reply`. It does not retry, choose, price or record: that is
the caller's work (`halfpenny.proxy.fetch`), so that retries have one owner. Bytes are passed on unaltered: a
reply's chunks are the upstream's body exactly as it came off the wire, content encoding included.
"""

from collections.abc import AsyncIterator
from typing import Literal, Protocol

import msgspec

Headers = tuple[tuple[str, str], ...]
"""Header pairs in the order and the spelling in which they travel."""

QUERY_CREDENTIALS = frozenset({"key", "api_key", "api-key", "apikey", "access_token", "token", "subscription-key"})
"""What callers authenticate with in the query of a target (lower case)."""

Phase = Literal["connect", "first_byte", "idle", "total"]


class BackendError(Exception):
    """Anything that kept a call from being answered. `str()` is safe to show: no secrets, no bodies."""

    status_hint = 502
    code = "upstream_error"


class ConnectError(BackendError):
    """No connection: refused, reset, DNS, TLS. Nothing was sent, so it may be tried again."""

    code = "upstream_unreachable"


class PhaseTimeout(BackendError):  # noqa: N818 - reads as an event, like the rest of this list
    """A phase took longer than its limit."""

    status_hint = 504
    code = "upstream_timeout"

    def __init__(self, phase: Phase, limit_s: float) -> None:
        super().__init__(f"upstream: no progress in phase {phase} within {limit_s:g} s")
        self.phase = phase


class BrokenReply(BackendError):  # noqa: N818
    """The connection ended before the reply did (cut, reset, malformed). Bytes may have been delivered."""

    code = "upstream_broken"


class BackendUnavailable(BackendError):  # noqa: N818
    """The backend cannot serve now: model missing, failed to load, shut down."""

    status_hint = 503
    code = "backend_unavailable"


class BadCall(BackendError):  # noqa: N818
    """The call itself cannot be sent: a target that is no path, a header that HTTP cannot carry. The
    caller's fault."""

    status_hint = 400
    code = "bad_request"


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one call by phase, in seconds. `total_s` covers everything from connect to the last byte."""

    connect_s: float = 5.0
    first_byte_s: float = 120.0
    idle_s: float = 60.0
    total_s: float = 600.0


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request to send.

    `target` is the raw path with its query as the client sent it (`/v1/chat/completions?x=%2F`). `headers`
    are already free of hop-by-hop and Halfpenny headers and carry the client's own credential, if it sent
    one. `body` is bytes (sent with Content-Length) or an async iterator (streamed, chunked unless a
    Content-Length header is in `headers`).
    """

    method: str
    target: str
    headers: Headers
    body: bytes | AsyncIterator[bytes]
    timeouts: Timeouts = Timeouts()


class Reply(Protocol):
    """An answer whose head has arrived.

    `chunks()` yields the body as it comes; it raises `BrokenReply` if the body is cut and `PhaseTimeout` if
    it stalls. A body without framing (close-delimited) ends cleanly even if it was cut: only the dialect's
    terminal marker can tell, and the surface looks for it. `close()` is idempotent; before the end of the
    body it aborts the connection.
    """

    status: int
    headers: Headers

    def chunks(self) -> AsyncIterator[bytes]: ...

    async def close(self) -> None: ...


class Backend(Protocol):
    """A way to reach models. Created cheap: no I/O, no heavy import, before the first `call` or `warm`."""

    name: str
    kind: str

    async def call(self, call: Call) -> Reply:
        """Send and wait for the head of the reply, whatever its status. Raises `BackendError`.

        Cancelling closes the upstream connection at once.
        """
        ...

    async def warm(self) -> None:
        """Make ready (load a model, open a connection). Raises `BackendUnavailable`. Concurrent calls share
        one."""
        ...

    async def check(self) -> str | None:
        """None if it can serve, else what is wrong and how to mend it. Never costs money."""
        ...

    async def close(self) -> None:
        """Release everything. Idempotent."""
        ...
