"""`Cache-Status` on every kind of answer, read by an independent parser of structured fields (RFC 8941, RFC 9211)."""

import asyncio
from typing import Any

import http_sf
import msgspec
import pytest

from tests.conftest import Answer, Proxy, Serve, one_backend
from tests.upstream import ScriptedUpstream

FORWARDS = {"bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial"}
"""RFC 9211 section 2.2."""


def parsed(answer: Answer) -> dict[str, Any]:
    """The parameters of the one member, checked against RFC 9211 section 2."""
    members = http_sf.parse(answer.headers["Cache-Status"].encode(), tltype="list")
    assert len(members) == 1
    name, parameters = members[0]
    assert isinstance(name, http_sf.Token)
    assert str(name) == "halfpenny"
    kinds: dict[str, Any] = {
        "hit": bool,
        "fwd": http_sf.Token,
        "ttl": int,
        "stored": bool,
        "collapsed": bool,
        "detail": (str, http_sf.Token),
    }
    assert set(parameters) <= set(kinds)
    for parameter, value in parameters.items():
        assert isinstance(value, kinds[parameter]), (parameter, value)
    assert ("hit" in parameters) != ("fwd" in parameters)
    if "fwd" in parameters:
        assert str(parameters["fwd"]) in FORWARDS
    else:
        assert "stored" not in parameters
        assert "collapsed" not in parameters
        assert parameters["ttl"] >= 0
    return {key: str(value) if isinstance(value, http_sf.Token) else value for key, value in parameters.items()}


async def test_misses_and_hits(proxy: Proxy) -> None:
    assert parsed(await proxy.chat("What is a list?")) == {"fwd": "uri-miss", "stored": True}
    hit = parsed(await proxy.chat("What is a list?"))
    assert hit.pop("ttl") > 86_000
    assert hit == {"hit": True, "detail": "exact"}
    streamed = parsed(await proxy.chat("What is a list?", stream=True))
    assert streamed["hit"] is True


async def test_a_semantic_hit(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream).replace('embedder = "hashing"', 'min_similarity = 0.7\nembedder = "onnx"'))
    await proxy.chat("How do I reverse a list in Python?")
    answer = await proxy.chat("How can I reverse a list in Python?")
    assert parsed(answer)["detail"] == "semantic"
    assert parsed(answer)["hit"] is True
    assert 0.7 <= float(answer.headers["Halfpenny-Similarity"]) <= 1.0


async def test_collapsed_requests(proxy: Proxy) -> None:
    answers = await asyncio.gather(*(proxy.chat("[[delay=0.2]] Together?") for _ in range(3)))
    statuses = [parsed(answer) for answer in answers]
    assert sorted("collapsed" in status for status in statuses) == [False, True, True]


@pytest.mark.parametrize(
    ("headers", "fields", "status"),
    [
        ({"Cache-Control": "no-cache"}, {}, {"fwd": "request", "stored": True}),
        ({"Cache-Control": "no-store"}, {}, {"fwd": "bypass", "detail": "no-store"}),
        ({"Halfpenny-Cache": "off"}, {}, {"fwd": "bypass", "detail": "request"}),
        ({}, {"store": True}, {"fwd": "bypass", "detail": "stateful"}),
    ],
)
async def test_what_is_withheld(
    proxy: Proxy, headers: dict[str, str], fields: dict[str, Any], status: dict[str, Any]
) -> None:
    assert parsed(await proxy.chat("Withhold this?", headers=headers, **fields)) == status


async def test_volatile_errors_and_passthrough(proxy: Proxy) -> None:
    assert parsed(await proxy.chat("What time is it now?")) == {"fwd": "bypass", "detail": "volatile"}
    assert parsed(await proxy.chat("[[status=400]] Fail"))["fwd"] == "uri-miss"
    refused = await proxy.post("/v1/chat/completions", b"{")
    assert parsed(refused)["fwd"] == "bypass"
    assert parsed(await proxy.post("/v1/unheard/of", b"{}"))["fwd"] == "bypass"
    assert parsed(await proxy.get("/v1/models"))["fwd"] == "bypass"
    missing = await proxy.chat("Never asked", headers={"Cache-Control": "only-if-cached"})
    assert missing.status == 504
    assert parsed(missing)["fwd"] == "bypass"


async def test_inputs_of_which_some_are_cached(proxy: Proxy) -> None:
    def body(*texts: str) -> bytes:
        return msgspec.json.encode({"model": "text-embedding-3-small", "input": list(texts)})

    await proxy.post("/v1/embeddings", body("a"))
    partly = parsed(await proxy.post("/v1/embeddings", body("a", "b")))
    assert partly == {"fwd": "partial", "stored": True, "detail": "1 of 2 inputs cached"}
    assert parsed(await proxy.post("/v1/embeddings", body("b", "a")))["hit"] is True
