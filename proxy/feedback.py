"""`POST /halfpenny/feedback`: a caller says that an answer was right or wrong. A wrong one is evicted at once.

Only the tenant that made a request can speak of it; to anybody else it is unknown.
"""

import asyncio
import re
import time
from typing import Annotated, Any, Protocol

import msgspec
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from halfpenny.ledger.feedback import Answered, Opinion, answered, judged
from halfpenny.ledger.report import explain
from halfpenny.proxy.answers import WholeAnswer
from halfpenny.proxy.errors import ProxyError, bad_request
from halfpenny.proxy.exchange import Exchange
from halfpenny.proxy.headers import cache_status_forward, read_head
from halfpenny.proxy.replay import JSON_TYPE
from halfpenny.proxy.runtime import Runtime, Services
from halfpenny.proxy.server import read_body
from halfpenny.semantic_cache.base import PurgeFilter
from halfpenny.semantic_cache.stores.sql import PurgeError

PATH = "/halfpenny/feedback"
BODY_BYTES = 16 * 1024
COMMENT_CHARS = 2_000
_FLUSH_S = 5.0
_POLLS = 6
_POLL_S = 0.2
"""A request that another process served reaches the database a moment after its answer."""
_FIELD = re.compile(r"`\$\.(\w+)|field `(\w+)`")


class FeedbackSink(Protocol):
    """What learns from feedback. Each request's verdict is told once, as long as it does not change.

    `entry_id` is the entry that served the request or that its answer was stored as, "" if there is none; `text_hint`
    the prompt that this entry is the answer to, "" if it is gone or not known. Both raise `PurgeError` where nothing
    may be promised yet: the caller is then asked to say it again.
    """

    async def wrong(self, tenant: str, entry_id: str, request_id: str, text_hint: str) -> int:
        """Evict the entry and all that rests on it, durably and in every process; how many entries went."""
        ...

    async def right(self, tenant: str, entry_id: str, request_id: str, text_hint: str) -> None: ...


class Evicting:
    """The plain sink: a wrong entry goes, and nothing is learnt."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def wrong(self, tenant: str, entry_id: str, request_id: str, text_hint: str) -> int:
        if not entry_id:
            return 0
        if self.services.neighbours is not None:
            self.services.neighbours.remove([entry_id])
        return await self.services.cache.purge(PurgeFilter(entry_id=entry_id, tenant=tenant), time.time())

    async def right(self, tenant: str, entry_id: str, request_id: str, text_hint: str) -> None:
        """Nothing to do: the ledger has it."""


class Learning(Evicting):
    """A wrong answer goes with its whole answer group; either verdict on a semantic hit is a label."""

    async def wrong(self, tenant: str, entry_id: str, request_id: str, text_hint: str) -> int:
        semantic = self.services.semantic
        if semantic is None or not entry_id:
            return await super().wrong(tenant, entry_id, request_id, text_hint)
        return await semantic.judged_wrong(tenant, entry_id, await self._why(request_id, tenant))

    async def right(self, tenant: str, entry_id: str, request_id: str, text_hint: str) -> None:
        semantic = self.services.semantic
        why = await self._why(request_id, tenant)
        if semantic is not None and entry_id and why:
            await semantic.judged_right(entry_id, why)

    async def _why(self, request_id: str, tenant: str) -> dict[str, Any]:
        """What the decision on this semantic hit rested on; {} for another answer."""
        rows = await explain(self.services.cache.sql.engine, request_id)
        hits = (row for row in rows if row["outcome"] == "semantic" and row["tenant"] == tenant)
        hit = next(hits, None)
        found = None if hit is None else hit["why"].get("semantic")
        return found if isinstance(found, dict) else {}


_fits: type[FeedbackSink] = Evicting


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of the request."""

    request_id: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,100}$")]
    verdict: Opinion
    comment: Annotated[str, msgspec.Meta(max_length=COMMENT_CHARS)] = ""


class Feedback:
    """Serves the path. `sink` may be replaced before the first request."""

    def __init__(self, services: Services, sink: FeedbackSink | None = None) -> None:
        self.services = services
        self.sink: FeedbackSink = sink or Evicting(services)
        self._one_at_a_time = asyncio.Lock()

    async def serve(self, request: web.BaseRequest, exchange: Exchange, runtime: Runtime) -> web.StreamResponse:
        """Raises `ProxyError`: 400 naming the field, 404 unknown to this caller, 413, 415, 503 try again."""
        exchange.head = read_head(exchange.raw_headers, runtime.tenant_headers, exchange.target)
        if exchange.head.content_encoding:
            raise ProxyError(415, "unsupported_encoding", "feedback is read plain, without Content-Encoding")
        body = await read_body(request, limit=BODY_BYTES, idle_s=runtime.config.server.body_idle_timeout)
        given = read(body)
        try:
            done = await self._take(given, exchange.head.tenant)
        except PurgeError as error:
            raise _again("the answer is not evicted for good yet") from error
        except (SQLAlchemyError, OSError) as error:
            raise _again("the store does not answer") from error
        exchange.outcome = "bypass"
        exchange.row_written = True
        headers = [
            ("Content-Type", JSON_TYPE),
            ("Cache-Status", cache_status_forward("bypass")),
            ("Halfpenny-Request-Id", exchange.request_id),
            ("Halfpenny-Served-By", "halfpenny/feedback"),
        ]
        return WholeAnswer(200, headers, msgspec.json.encode(done))

    async def _take(self, given: Given, tenant: str) -> dict[str, Any]:
        """Evict before it is written down: who dies in between is told again, and the eviction is not lost."""
        if await self._look_up(given.request_id, tenant) is None:
            raise ProxyError(404, "request_not_found", "there is no such request of yours", param="request_id")
        async with self._one_at_a_time:
            # once more, for what was said while this waited
            of = await self._find(given.request_id, tenant)
            assert of is not None
            done: dict[str, Any] = {"request_id": given.request_id, "verdict": given.verdict, "evicted": 0}
            if of.opinion == given.verdict:
                return {**done, "repeated": True}
            arguments = (tenant, of.entry_id, of.request_id, await self._text_of(of))
            if given.verdict == "wrong":
                done["evicted"] = await self.sink.wrong(*arguments)
            else:
                await self.sink.right(*arguments)
            if not self.services.ledger.settled(judged(of, given.verdict, given.comment, done["evicted"])):
                raise _again("the ledger does not take it")
            return {**done, "repeated": False}

    async def _look_up(self, request_id: str, tenant: str) -> Answered | None:
        for poll in range(_POLLS):
            if poll:
                await asyncio.sleep(_POLL_S)
            found = await self._find(request_id, tenant)
            if found is not None:
                return found
        return None

    async def _find(self, request_id: str, tenant: str) -> Answered | None:
        if not await self.services.cache.sql.flush(_FLUSH_S):
            raise _again("the store does not take records")
        return await answered(self.services.cache.sql.engine, request_id, tenant)

    async def _text_of(self, of: Answered) -> str:
        entry = await self.services.cache.by_id(of.entry_id, time.time()) if of.entry_id else None
        return entry.text if entry is not None and entry.tenant == of.tenant else ""


def read(body: bytes) -> Given:
    """Raises `ProxyError` (400) that names the field."""
    try:
        return msgspec.json.decode(body, type=Given)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        found = _FIELD.search(str(error))
        field = (found[1] or found[2]) if found else None
        raise bad_request(f"feedback: {error}", code="invalid_feedback", param=field) from error


def _again(why: str) -> ProxyError:
    return ProxyError(503, "store_unavailable", f"{why}: please say it again later", retry_after_s=1)
