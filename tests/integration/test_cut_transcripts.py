"""A recorded answer of every dialect, cut at every byte, in every way that a connection can end: never stored, never
reported as a success, and never a clean end for the client.

The transcripts are recorded from the scripted upstream (which shares no code with the proxy), then played back by a
server that stops after so many bytes. What counts as whole is decided here, by the bytes alone.
"""

import asyncio
import dataclasses
import os
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
from yarl import URL

from tests.conftest import Proxy, Serve, one_backend
from tests.raw_upstream import RawUpstream
from tests.upstream import ScriptedUpstream

WAYS = ("clean", "tcp", "close")
"""Chunked with its terminator; chunked and cut off; neither length nor chunks, ended by closing the connection."""
_ORDER = re.compile(rb"cut=(\d+) way=([a-z]+)")
_AT_ONCE = 16
STEP = int(os.environ.get("HALFPENNY_CUT_STEP", "23"))
"""A clean end is tried at every byte; the other ways at every so many (1: at every byte, for about ten minutes)."""


@dataclasses.dataclass(frozen=True)
class Transcript:
    name: str
    path: str
    body: dict[str, Any]
    """The request; `TEXT` in it stands for the prompt."""
    whole_after: bytes = b""
    """Streams: nothing of the answer is missing after the event that starts with these bytes. Empty: only at the end."""

    def request(self, text: str) -> bytes:
        return msgspec.json.encode(self.body).replace(b"TEXT", text.encode())


def chat(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "TEXT"}], **fields}


def message(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": "TEXT"}], **fields}


CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "TEXT"}]}]}
RESPONSE = {"model": "m", "input": "TEXT", "store": False}
TRANSCRIPTS = [
    Transcript("chat", "/v1/chat/completions", chat()),
    Transcript("chat stream", "/v1/chat/completions", chat(stream=True), b'"finish_reason": "stop"'),
    Transcript("azure", "/openai/deployments/m/chat/completions?api-version=1", chat()),
    Transcript("completions", "/v1/completions", {"model": "m", "prompt": "TEXT"}),
    Transcript(
        "completions stream",
        "/v1/completions",
        {"model": "m", "prompt": "TEXT", "stream": True},
        b'"finish_reason": "stop"',
    ),
    Transcript("embeddings", "/v1/embeddings", {"model": "m", "input": ["TEXT"]}),
    Transcript("moderations", "/v1/moderations", {"model": "m", "input": "TEXT"}),
    Transcript("responses", "/v1/responses", RESPONSE),
    Transcript("responses stream", "/v1/responses", {**RESPONSE, "stream": True}, b"event: response.completed"),
    Transcript("messages", "/v1/messages", message()),
    Transcript("messages stream", "/v1/messages", message(stream=True), b"event: message_stop"),
    Transcript("count_tokens", "/v1/messages/count_tokens", message()),
    Transcript("generate", "/v1beta/models/m:generateContent", CONTENTS),
    Transcript("generate stream", "/v1beta/models/m:streamGenerateContent?alt=sse", CONTENTS, b'"finishReason"'),
    Transcript("embedContent", "/v1beta/models/m:embedContent", {"content": {"parts": [{"text": "TEXT"}]}}),
    Transcript("countTokens", "/v1beta/models/m:countTokens", CONTENTS),
]
HEADERS = {
    "Content-Type": "application/json",
    "Authorization": "Bearer k",
    "anthropic-version": "2023-06-01",
    "Accept-Encoding": "identity",
}


class Cutter(RawUpstream):
    """Plays a recorded answer back as far as the prompt says."""

    def __init__(self, kind: bytes, recorded: bytes) -> None:
        super().__init__(self._play)
        self.kind = kind
        self.recorded = recorded

    async def _play(self, body: bytes, writer: asyncio.StreamWriter) -> None:
        order = _ORDER.search(body)
        assert order is not None, body
        part, way = self.recorded[: int(order[1])], order[2]
        top = b"HTTP/1.1 200 OK\r\nContent-Type: " + self.kind + b"\r\nConnection: close\r\n"
        if way == b"close":
            writer.write(top + b"\r\n" + part)
            return
        writer.write(top + b"Transfer-Encoding: chunked\r\n\r\n")
        if part:
            writer.write(b"%x\r\n%s\r\n" % (len(part), part))
        if way == b"clean":
            writer.write(b"0\r\n\r\n")


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_AT_ONCE), auto_decompress=False
    ) as running:
        yield running


def whole_from(transcript: Transcript, answer: bytes) -> int:
    """The least number of bytes that make a whole answer."""
    if not transcript.whole_after:
        return len(answer.rstrip())
    at = answer.rindex(transcript.whole_after)
    end = re.compile(rb"\r?\n\r?\n").search(answer, at)
    # an event without its blank line is whole if its data is
    return len(answer) if end is None else end.start()


async def ask(
    session: aiohttp.ClientSession, proxy: Proxy, transcript: Transcript, text: str, **headers: str
) -> tuple[int, bytes, bool]:
    """(status, body, whether the body ended cleanly)."""
    url = URL(proxy.url + transcript.path, encoded=True)
    async with session.post(url, data=transcript.request(text), headers={**HEADERS, **headers}) as reply:
        body = bytearray()
        try:
            async for piece in reply.content.iter_any():
                body += piece
        except (aiohttp.ClientPayloadError, aiohttp.ClientConnectionError):
            return reply.status, bytes(body), False
        return reply.status, bytes(body), True


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)
async def test_cut_at_every_byte(
    transcript: Transcript, serve: Serve, upstream: ScriptedUpstream, session: aiohttp.ClientSession
) -> None:
    # the same length of prompt as in the playback, so that the recording fits
    async with session.post(
        URL(upstream.base_url.removesuffix("/v1") + transcript.path, encoded=True),
        data=transcript.request("[[chunks=2]] hello"),
        headers=HEADERS,
    ) as reply:
        kind, answer = reply.headers["Content-Type"].encode(), await reply.read()
        assert reply.status == 200, answer
    whole = whole_from(transcript, answer)
    assert 0 < whole <= len(answer)

    async with Cutter(kind, answer) as cutter:
        proxy: Proxy = await serve(one_backend(upstream).replace(upstream.base_url, cutter.base_url) + "[retry]\nattempts = 0\n")
        limit = asyncio.Semaphore(_AT_ONCE)
        wrong: list[tuple[int, str, str]] = []

        async def once(cut: int, way: str) -> None:
            text = f"cut={cut} way={way}"
            async with limit:
                status, body, clean = await ask(session, proxy, transcript, text)
                if status == 200 and clean and b"error" not in body:
                    wrong.append((cut, way, "a clean end"))

        cuts = [(cut, way) for cut in range(whole) for way in WAYS if way == "clean" or cut % STEP == 0]
        await asyncio.gather(*(once(cut, way) for cut, way in cuts))
        assert wrong[:5] == []
        assert len(proxy.app.services.cache.memory) == 0
        outcomes = (await proxy.report()).outcomes
        assert outcomes["miss"] == outcomes["exact"] == outcomes["semantic"] == outcomes["bypass"] == 0, outcomes
        assert cutter.calls == len(cuts)

        # and the control: the whole transcript is a success, and is stored
        for way in ("clean", "close"):
            text = f"cut={len(answer)} way={way}"
            assert await ask(session, proxy, transcript, text) == (200, answer, True)
            status, again, clean = await ask(session, proxy, transcript, text, **{"Cache-Control": "only-if-cached"})
            assert (status, clean) == (200, True)
            assert again == answer or transcript.name == "embeddings"
