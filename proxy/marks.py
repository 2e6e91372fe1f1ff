"""The headers that Halfpenny adds to an answer."""

import math
import time

from halfpenny.ledger.base import decimal_usd
from halfpenny.proxy.coalesce import ReplyHead
from halfpenny.proxy.exchange import Exchange
from halfpenny.proxy.headers import cache_status_forward, cache_status_hit, cache_status_stale
from halfpenny.semantic_cache.base import Entry

Marks = list[tuple[str, str]]


def forward_status(exchange: Exchange, *, storing: bool, collapsed: bool) -> str:
    """`Cache-Status` of an answer that an upstream was asked for (RFC 9211)."""
    if not exchange.allowed.store:
        return cache_status_forward("bypass", collapsed=collapsed, detail=exchange.allowed.reason)
    reason = "request" if exchange.allowed.reason == "no-cache" else "uri-miss"
    return cache_status_forward(reason, stored=storing and not collapsed, collapsed=collapsed)


def forward_marks(
    exchange: Exchange, head: ReplyHead, *, collapsed: bool, status: str = "", saved_pico: int | None = None
) -> Marks:
    """On an answer relayed from a flight. `status` stands for the usual `Cache-Status`; `saved_pico` is what was saved,
    where it is not what the flight cost."""
    marks = [
        ("Cache-Status", status or forward_status(exchange, storing=head.storing, collapsed=collapsed)),
        ("Halfpenny-Request-Id", exchange.request_id),
        ("Halfpenny-Served-By", head.served_by),
    ]
    if head.cost_pico is not None:
        cost, saved = (0, head.cost_pico) if collapsed else (head.cost_pico, 0)
        marks.append(("Halfpenny-Cost-Usd", decimal_usd(cost)))
        marks.append(("Halfpenny-Saved-Usd", decimal_usd(saved if saved_pico is None else saved_pico)))
    return marks


def whole_headers(head: ReplyHead) -> Marks:
    """The upstream's headers on a whole answer, whose length the server writes; and whether to try again."""
    headers = [(name, value) for name, value in head.headers if name.lower() != "content-length"]
    if head.spent_retries:
        headers.append(("x-should-retry", "false"))
    return headers


def hit_marks(exchange: Exchange, entry: Entry, *, similarity: float | None, saved_pico: int) -> Marks:
    """On an answer from the cache: a fresh request id, nothing of the stored answer's own head."""
    assert exchange.surface is not None
    now_s = time.time()
    detail = "exact" if similarity is None else "semantic"
    # of a stale answer the lifetime left is negative (RFC 9211 section 2.4), and -0.5 s is no 0
    ttl_s = math.floor(entry.expires_s - now_s) if exchange.stale is entry else max(0, int(entry.expires_s - now_s))
    status = (
        cache_status_hit(detail, ttl_s)
        if exchange.stands_in_for is None
        else cache_status_stale(detail, ttl_s, exchange.stands_in_for)
    )
    marks = [
        ("Cache-Status", status),
        ("Age", str(max(0, int(now_s - entry.created_s)))),
        ("Halfpenny-Request-Id", exchange.request_id),
        (exchange.surface.request_id_header, exchange.request_id),
        ("Halfpenny-Served-By", entry.served_by),
        ("Halfpenny-Cost-Usd", "0.000000"),
        ("Halfpenny-Saved-Usd", decimal_usd(saved_pico)),
    ]
    if similarity is not None:
        marks.append(("Halfpenny-Similarity", f"{similarity:.4f}"))
    return marks
