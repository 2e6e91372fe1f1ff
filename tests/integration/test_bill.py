"""`report` equals the upstream's own bill to the micro-dollar, over 1,000 mixed requests with disconnects and faults."""

import asyncio
import contextlib
import random
from collections import Counter
from decimal import Decimal
from typing import Any

import msgspec

from tests.conftest import Proxy, Serve, one_backend
from tests.integration.test_disconnects import body, raw_client, until
from tests.upstream import PICO_USD, ScriptedUpstream

REQUESTS = 1000
AT_ONCE = 16
KINDS = {
    "json": 25,
    "stream": 25,
    "repeat": 20,
    "embedding": 5,
    "refused": 3,
    "status": 4,
    "flaky": 4,
    "200error": 3,
    "cut": 4,
    "end": 2,
    "sse_error": 2,
    "length": 3,
    "leave_streaming": 5,
    "leave_waiting": 3,
}


async def one(proxy: Proxy, upstream: ScriptedUpstream, kind: str, number: int, rng: random.Random) -> None:
    """One request of a kind; what it answers is no concern here, only what it costs."""
    text = f"Question {number} of kind {kind} for {'many ' * rng.randrange(20)}pennies"
    match kind:
        case "json":
            await proxy.chat(text)
        case "stream":
            await proxy.chat(text, stream=True)
        case "repeat":
            await proxy.chat(f"Repeat {number % 20}", stream=rng.random() < 0.5)
        case "embedding":
            await proxy.post(
                "/v1/embeddings", msgspec.json.encode({"model": "text-embedding-3-small", "input": text})
            )
        case "refused":
            await proxy.post("/v1/chat/completions", b'{"model": ')
        case "status" | "flaky" | "200error" | "length":
            marker = {"status": "[[status=503]]", "flaky": "[[flaky=1]]", "200error": "[[200error]]", "length": "[[length]]"}
            await proxy.chat(f"{text} {marker[kind]}", stream=kind != "200error" and rng.random() < 0.5)
        case "cut" | "end" | "sse_error":
            await proxy.chat(f"{text} [[{kind}={rng.randrange(1, 4)}]]", stream=True)
        case "leave_streaming":
            chunks = rng.randrange(1, 4)
            async with raw_client(proxy) as client:
                await client.send(body(f"{text} [[stall={chunks}]]", stream=True))
                for _ in range(chunks):
                    await client.read_until(b'"content": "')
        case "leave_waiting":
            async with raw_client(proxy) as client:
                await client.send(body(f"{text} [[delay=30]]", stream=rng.random() < 0.5))
                await until(lambda: any(call.body and text.encode() in call.body for call in upstream.calls))


async def test_the_report_equals_the_upstreams_bill(serve: Serve, upstream: ScriptedUpstream) -> None:
    prices = '[[prices]]\nmodel = "text-embedding-3-small"\ninput_usd_per_mtok = "0.02"\noutput_usd_per_mtok = "0"\n'
    proxy = await serve(one_backend(upstream, prices + "[retry]\nattempts = 1\nbudget = 1.0\n"))
    rng = random.Random(20261122)
    kinds = rng.choices(list(KINDS), weights=list(KINDS.values()), k=REQUESTS)
    room = asyncio.Semaphore(AT_ONCE)

    async def run(number: int, kind: str) -> None:
        async with room:
            with contextlib.suppress(Exception):
                await one(proxy, upstream, kind, number, rng)

    await asyncio.gather(*(run(number, kind) for number, kind in enumerate(kinds)))
    await until(lambda: proxy.app.pipeline.in_flight == 0 and len(proxy.app.services.tasks) == 0)
    report = await proxy.report()

    assert Decimal(report.spend_usd) == (Decimal(upstream.billed_pico_usd) / PICO_USD).quantize(Decimal("1e-6"))
    assert Decimal(report.spend_usd) > 0
    assert report.requests == REQUESTS == sum(report.outcomes.values())
    counted = Counter(kinds)
    assert report.outcomes["exact"] + report.outcomes["coalesced"] >= counted["repeat"] - 20 - 16
    assert report.estimated_rows >= counted["leave_streaming"] + counted["leave_waiting"] + counted["cut"] + counted["end"]
    attempts = await attempt_rows(proxy)
    assert len(attempts) == len(upstream.calls)
    assert Counter(row["state"] for row in attempts)["open"] == 0


async def attempt_rows(proxy: Proxy) -> list[dict[str, Any]]:
    from sqlalchemy import select

    from halfpenny.storage.engine import reading
    from halfpenny.storage.schema import ledger

    async with reading(proxy.app.engine) as connection:
        rows = await connection.execute(select(ledger).where(ledger.c.kind == "attempt"))
        return [dict(row) for row in rows.mappings()]
