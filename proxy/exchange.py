"""One client's request while it is being served: what was read, and what the ledger must know at the end."""

import asyncio
import random
import time
from typing import Any

import msgspec

from halfpenny.ledger.base import Outcome, Settled
from halfpenny.proxy.answers import StreamedAnswer
from halfpenny.proxy.headers import ANONYMOUS, NO_WISHES, Head, RawHeaders, Wishes
from halfpenny.proxy.surfaces.base import Ask, Surface
from halfpenny.router.base import NO_CACHING
from halfpenny.semantic_cache.admission import Allowed
from halfpenny.semantic_cache.base import Entry

NO_HEAD = Head(tenant=ANONYMOUS, wishes=NO_WISHES, key_headers=(), content_encoding="")


def new_id(prefix: str, at_us: int) -> str:
    """Sortable by time, unique across processes: microseconds and 64 random bits."""
    return f"{prefix}{at_us:014x}{random.getrandbits(64):016x}"


class Exchange:
    """Mutable, owned by the handler of one request (and read by the flight that it leads)."""

    __slots__ = (
        "allowed",
        "answer",
        "ask",
        "at_us",
        "background",
        "caching",
        "deferred",
        "form",
        "head",
        "item_keys",
        "key",
        "left",
        "limit",
        "memo_key",
        "method",
        "model",
        "namespace",
        "outcome",
        "partition",
        "path",
        "raw_headers",
        "request_id",
        "route",
        "row_written",
        "stale",
        "stands_in_for",
        "started",
        "streams",
        "surface",
        "target",
        "upstream_s",
        "wants_usage",
        "why",
    )

    def __init__(self, method: str, target: str, raw_headers: RawHeaders) -> None:
        self.started = time.perf_counter()
        self.at_us = time.time_ns() // 1000
        self.request_id = new_id("hp-", self.at_us)
        self.method = method
        self.target = target
        self.path = target.partition("?")[0]
        self.raw_headers = raw_headers
        self.head = NO_HEAD
        self.surface: Surface | None = None
        self.ask: Ask | None = None
        self.model = ""
        self.key = ""
        self.item_keys: tuple[str, ...] = ()
        self.form = ""
        self.partition: str | None = None
        self.namespace = ""
        self.allowed = Allowed(look_up=False, store=False, semantic=False, coalesce=False)
        self.route = ""
        self.outcome: Outcome = "error"
        self.upstream_s = 0.0
        self.row_written = False
        self.left = False
        self.limit: asyncio.Timeout | None = None
        """`server.total_timeout`, running."""
        self.memo_key: Any = None
        self.answer: StreamedAnswer | None = None
        self.caching = NO_CACHING
        """What the request's route says of keeping answers."""
        self.background = False
        """No client waits: a stale answer is being refreshed. The request that it served was concluded by that."""
        self.stale: Entry | None = None
        """The stored answer that is past its lifetime: served all the same, or kept in hand in case of a failure."""
        self.stands_in_for: int | None = None
        """`stale` is served in place of a failure: of this status, or 0 where there was no answer."""
        self.deferred = False
        """A call failed and did not conclude the request, since `stale` may stand in for it."""
        self.wants_usage = False
        self.streams = False
        self.why: dict[str, Any] = {}

    def behind(self) -> "Exchange":
        """The same request once more, for a refresh behind the stale answer that it is being served. Its calls go under
        the same id, and conclude nothing."""
        made = Exchange(self.method, self.target, self.raw_headers)
        made.request_id, made.head, made.surface, made.ask = self.request_id, self.head, self.surface, self.ask
        made.model, made.key, made.partition, made.form = self.model, self.key, self.partition, self.form
        made.namespace = self.namespace
        made.caching, made.wants_usage, made.streams = self.caching, self.wants_usage, self.streams
        # as with `no-cache`: whatever is stored, a new answer is wanted
        made.allowed = msgspec.structs.replace(self.allowed, look_up=False)
        made.background = made.row_written = True
        made.why = {"refresh": "behind a stale answer"}
        return made

    @property
    def wishes(self) -> Wishes:
        return self.head.wishes

    @property
    def surface_name(self) -> str:
        return self.surface.name if self.surface is not None else "passthrough"

    def why_left(self) -> tuple[str, bool]:
        """Why nobody waits for the answer any more, and whether it was the client's doing."""
        if self.limit is not None and self.limit.expired():
            return "server.total_timeout", False
        return "the client left", True

    def elapsed_us(self) -> int:
        return int((time.perf_counter() - self.started) * 1e6)

    def row(self, **fields: Any) -> Settled:
        """A ledger row about this request with its common fields filled in."""
        elapsed_us = self.elapsed_us()
        head = self.head
        common: Any = fields
        return Settled(
            id=new_id("", self.at_us),
            request_id=self.request_id,
            at_us=self.at_us,
            settled_at_us=self.at_us + elapsed_us,
            tenant=head.tenant,
            surface=self.surface_name,
            route=self.route,
            requested_model=self.model,
            duration_us=elapsed_us,
            tags=head.wishes.tags,
            state="final",
            **common,
        )
