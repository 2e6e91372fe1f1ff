"""The endpoints beside generation, and the odder answers, byte by byte: direct, miss and exact hit are the same body.

Only the call's number in an answer's id is left out, which differs between two direct calls too.
"""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.clients.matrix import Bench, bench

pytestmark = pytest.mark.model
ANTHROPIC = {"anthropic-version": "2023-06-01", "x-api-key": "k"}
GEMINI = {"x-goog-api-key": "k"}
BEARER = {"Authorization": "Bearer k"}
CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "What is green"}]}
CONTENT = {"parts": [{"text": "What is green"}]}
LOGPROBS = {"responseLogprobs": True, "logprobs": 2, "candidateCount": 2}

REQUESTS: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "chat, several choices": ("/v1/chat/completions", {**CHAT, "n": 3}, BEARER),
    "chat, several choices, stream": ("/v1/chat/completions", {**CHAT, "n": 3, "stream": True}, BEARER),
    "chat, logprobs": ("/v1/chat/completions", {**CHAT, "logprobs": True, "top_logprobs": 2}, BEARER),
    "chat, logprobs, stream": ("/v1/chat/completions", {**CHAT, "logprobs": True, "stream": True}, BEARER),
    "chat, json schema": (
        "/v1/chat/completions",
        {
            **CHAT,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "c", "schema": {"type": "object", "properties": {"hue": {"type": "integer"}}}},
            },
        },
        BEARER,
    ),
    "completions": ("/v1/completions", {"model": "m", "prompt": "What is green", "n": 2, "logprobs": 2}, BEARER),
    "completions, stream": ("/v1/completions", {"model": "m", "prompt": "What is green", "stream": True}, BEARER),
    "embeddings": ("/v1/embeddings", {"model": "e", "input": ["red", "blue"]}, BEARER),
    "embeddings, base64": ("/v1/embeddings", {"model": "e", "input": "red", "encoding_format": "base64"}, BEARER),
    "moderations": ("/v1/moderations", {"model": "o", "input": ["red", "violence"]}, BEARER),
    "responses, logprobs": (
        "/v1/responses",
        {"model": "m", "input": "What is green", "store": False, "include": ["message.output_text.logprobs"]},
        BEARER,
    ),
    "azure chat, stream": (
        "/openai/deployments/d/chat/completions?api-version=2024-10-21",
        {"messages": CHAT["messages"], "stream": True},
        {"api-key": "k"},
    ),
    "azure embeddings": (
        "/openai/deployments/d/embeddings?api-version=2024-10-21",
        {"input": ["red"]},
        {"api-key": "k"},
    ),
    "count_tokens": ("/v1/messages/count_tokens", {"model": "c", "messages": CHAT["messages"]}, ANTHROPIC),
    "gemini, candidates and logprobs": (
        "/v1beta/models/g:generateContent",
        {"contents": [CONTENT], "generationConfig": LOGPROBS},
        GEMINI,
    ),
    "gemini, stream, key in the query": (
        "/v1beta/models/g:streamGenerateContent?alt=sse&key=k",
        {"contents": [CONTENT]},
        {},
    ),
    "gemini embedContent": ("/v1beta/models/e:embedContent", {"content": CONTENT}, GEMINI),
    "gemini batchEmbedContents": (
        "/v1beta/models/e:batchEmbedContents",
        {"requests": [{"model": "models/e", "content": CONTENT}]},
        GEMINI,
    ),
    "gemini countTokens": ("/v1/models/g:countTokens", {"contents": [CONTENT]}, GEMINI),
}
PUT_TOGETHER = ("embeddings",)
"""A hit on several inputs is put together from their entries: the same JSON, written anew."""
NEVER_STORED: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "responses that are stored there": ("/v1/responses", {"model": "m", "input": "What is green"}, BEARER),
    "a refusal": (
        "/v1/chat/completions",
        {"model": "m", "messages": [{"role": "user", "content": "Name it [[refusal]]"}]},
        BEARER,
    ),
    "a refusal at Anthropic": (
        "/v1/messages",
        {"model": "c", "max_tokens": 50, "messages": [{"role": "user", "content": "Name it [[refusal]]"}]},
        ANTHROPIC,
    ),
    "safety at Gemini": (
        "/v1beta/models/g:generateContent",
        {"contents": [{"parts": [{"text": "Name it [[refusal]]"}]}]},
        GEMINI,
    ),
    "an error with status 200": (
        "/v1/messages",
        {"model": "c", "max_tokens": 50, "messages": [{"role": "user", "content": "Name it [[200error]]"}]},
        ANTHROPIC,
    ),
    "an error with status 200 at Gemini": (
        "/v1beta/models/g:generateContent",
        {"contents": [{"parts": [{"text": "Name it [[200error]]"}]}]},
        GEMINI,
    ),
    "an incomplete response": (
        "/v1/responses",
        {"model": "m", "input": "Name it [[length]]", "store": False, "stream": True},
        BEARER,
    ),
    "a failed response": (
        "/v1/responses",
        {"model": "m", "input": "Name it [[failed=2]]", "store": False, "stream": True},
        BEARER,
    ),
}


@pytest.fixture
async def running() -> AsyncIterator[Bench]:
    async with bench() as made:
        yield made


def of_its_own(name: str, request: tuple[str, dict[str, Any], dict[str, str]]) -> Any:
    """The request with texts of its own: two forms of one request would share an entry, as they should."""
    path, body, headers = request
    return (
        path,
        json.loads(json.dumps(body).replace("What is green", f"Name {name}").replace('"red"', f'"{name}"')),
        headers,
    )


def without_nulls(value: Any) -> Any:
    """What a stream does not say cannot be null in the answer made from it."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


async def post(origin: str, request: tuple[str, dict[str, Any], dict[str, str]]) -> tuple[int, Any, bytes]:
    path, body, headers = request
    headers = {"Content-Type": "application/json", **headers}
    async with (
        aiohttp.ClientSession() as session,
        session.post(origin + path, data=json.dumps(body), headers=headers) as reply,
    ):
        return reply.status, reply.headers, await reply.read()


def numberless(body: bytes) -> bytes:
    return re.sub(rb"\b(chatcmpl|cmpl|resp|msg|modr|req)([-_])\d+", rb"\1\2N", body)


async def test_direct_miss_and_hit_are_the_same_bytes(running: Bench) -> None:
    different = []
    for name, shared in REQUESTS.items():
        request = of_its_own(name, shared)
        calls = len(running.behind.calls)
        direct = await post(running.direct.origin, request)
        miss = await post(running.proxy, request)
        hit = await post(running.proxy, request)
        seen = {name: numberless(reply[2]) for name, reply in (("direct", direct), ("miss", miss), ("hit", hit))}
        if name in PUT_TOGETHER:
            assert json.loads(miss[2]) == json.loads(hit[2])
            seen["hit"] = seen["miss"]
        statuses = [reply[1].get("Cache-Status", "") for reply in (miss, hit)]
        upstream = len(running.behind.calls) - calls
        good = statuses[0].startswith("halfpenny; fwd=uri-miss") and statuses[1].startswith("halfpenny; hit")
        if len(set(seen.values())) != 1 or not good or upstream != 1 or direct[0] != 200:
            different.append((name, statuses, upstream, seen))
    assert different == []


async def test_what_is_never_stored_is_passed_on_as_it_is(running: Bench) -> None:
    different = []
    for name, request in NEVER_STORED.items():
        calls = len(running.behind.calls)
        direct = await post(running.direct.origin, request)
        replies = [await post(running.proxy, request) for _ in range(2)]
        bodies = {numberless(reply[2]) for reply in (direct, *replies)}
        statuses = [reply[1].get("Cache-Status", "") for reply in replies]
        upstream = len(running.behind.calls) - calls
        if len(bodies) != 1 or upstream != 2 or any("hit" in status for status in statuses):
            different.append((name, statuses, upstream, bodies))
    assert different == []


@pytest.mark.parametrize("stored_as", ["whole", "stream"])
async def test_several_choices_with_logprobs_survive_the_other_form(running: Bench, stored_as: str) -> None:
    asked = {**CHAT, "n": 3, "logprobs": True, "top_logprobs": 2}
    forms = {"whole": asked, "stream": {**asked, "stream": True, "stream_options": {"include_usage": True}}}
    other = "stream" if stored_as == "whole" else "whole"

    def requested(form: str) -> tuple[str, dict[str, Any], dict[str, str]]:
        return "/v1/chat/completions", forms[form], BEARER

    await post(running.proxy, requested(stored_as))
    hit = await post(running.proxy, requested(other))
    assert hit[1]["Cache-Status"].startswith("halfpenny; hit")
    whole = json.loads((await post(running.direct.origin, requested("whole")))[2])
    if other == "whole":
        got = json.loads(hit[2])
        assert without_nulls(got["choices"]) == without_nulls(whole["choices"])
        assert got["usage"] == whole["usage"]
    else:
        chunks = [json.loads(line[6:]) for line in hit[2].split(b"\n") if line.startswith(b"data: {")]
        for choice in whole["choices"]:
            mine = [c for chunk in chunks for c in chunk["choices"] if c["index"] == choice["index"]]
            assert "".join(c["delta"].get("content") or "" for c in mine) == choice["message"]["content"]
            tokens = [token for c in mine for token in (c["logprobs"] or {}).get("content") or ()]
            assert tokens == choice["logprobs"]["content"]
            for c in mine:
                said = "".join(token["token"] for token in (c["logprobs"] or {}).get("content") or ())
                assert said == (c["delta"].get("content") or "")
            assert mine[-1]["finish_reason"] == "stop"
        assert [chunk["usage"] for chunk in chunks if chunk.get("usage")] == [whole["usage"]]
