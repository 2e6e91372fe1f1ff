"""Bad input, over raw sockets: refused in the caller's dialect, or passed on untouched for the upstream to judge; never
stored, never in the way of the next request."""

import asyncio
import base64
import contextlib
import dataclasses
import gzip
import json
import time
import zlib
from typing import Any

import msgspec
import pytest

from tests.conftest import Proxy, Serve, one_backend
from tests.upstream import ScriptedUpstream

CHAT = "/v1/chat/completions"
EMBEDDINGS = "/v1/embeddings"
MESSAGES = "/v1/messages"
GEMINI = "/v1beta/models/gpt-4o-mini:generateContent"
RESPONSES = "/v1/responses"
AZURE = "/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21"
UNKNOWN = "/v1/nobody/has/heard/of/this"
PATHS = (CHAT, EMBEDDINGS, MESSAGES, GEMINI, RESPONSES, AZURE, UNKNOWN)
MODEL_IN_BODY = (CHAT, EMBEDDINGS, MESSAGES, RESPONSES)
CORES = {
    CHAT: b'"messages":[{"role":"user","content":"hi"}]',
    EMBEDDINGS: b'"input":"hi"',
    MESSAGES: b'"max_tokens":9,"messages":[{"role":"user","content":"hi"}]',
    GEMINI: b'"contents":[{"role":"user","parts":[{"text":"hi"}]}]',
    RESPONSES: b'"store":false,"input":"hi"',
    AZURE: b'"messages":[{"role":"user","content":"hi"}]',
    UNKNOWN: b'"anything":1',
}
SUBSTANCE = {
    CHAT: ("messages",),
    EMBEDDINGS: ("input",),
    MESSAGES: ("messages",),
    GEMINI: ("contents",),
    RESPONSES: ("input", "prompt", "conversation", "previous_response_id"),
    AZURE: ("messages",),
}
"""What is asked: without any of it a request is refused here."""
JSON_TYPE = b"Content-Type: application/json\r\n"
PASSES = "passes"


@pytest.fixture
async def proxy(serve: Serve, upstream: ScriptedUpstream) -> Proxy:
    """Without retries: an upstream that fails on such input would be asked again, and that is another matter."""
    running: Proxy = await serve(one_backend(upstream, "[retry]\nattempts = 0\n"))
    return running


@dataclasses.dataclass
class Reply:
    """One answer read from a raw connection. `rest` is what came behind it before the server closed or fell silent."""

    status: int
    headers: dict[str, str]
    body: bytes
    rest: bytes = b""

    @property
    def error(self) -> str:
        return self.headers.get("halfpenny-error", "")

    def json(self) -> Any:
        return json.loads(self.body)


async def exchange(
    proxy: Proxy, data: bytes, *, then: bytes = b"", listen_on: bool = False, timeout_s: float = 10
) -> Reply:
    """Send these bytes on a connection of its own (and `then`, a moment later) and read one answer. Bytes that the
    server does not want to take any more (it answered and closed) are no error."""
    reader, writer = await asyncio.open_connection(*proxy.app.data_address)
    try:
        writer.write(data)
        if then:
            await asyncio.sleep(0.05)
            writer.write(then)
        async with asyncio.timeout(timeout_s):
            with contextlib.suppress(ConnectionError):
                await writer.drain()
            reply = await read_reply(reader)
            if listen_on:
                with contextlib.suppress(ConnectionError, TimeoutError):
                    async with asyncio.timeout(0.5):
                        while piece := await reader.read(65536):
                            reply.rest += piece
            return reply
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    status = int(line.split()[1])
    if "content-length" in headers:
        return Reply(status, headers, await reader.readexactly(int(headers["content-length"])))
    body = b""
    if headers.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            body += await reader.readexactly(size)
            await reader.readexactly(2)
        await reader.readexactly(2)
    return Reply(status, headers, body)


def request(
    path: str,
    body: bytes,
    *,
    headers: bytes = JSON_TYPE,
    method: str = "POST",
) -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + headers + b"\r\n" + body


def check_dialect(path: str, reply: Reply) -> None:
    """An error of ours has the shape that the path's clients read."""
    document = reply.json()
    assert reply.headers["content-type"].startswith("application/json")
    if path.startswith("/v1/messages"):
        assert document["type"] == "error"
        assert set(document["error"]) >= {"type", "message"}
    elif path.startswith("/v1beta/"):
        assert document["error"]["code"] == reply.status
        assert isinstance(document["error"]["status"], str)
    else:
        assert set(document["error"]) == {"message", "type", "param", "code"}
        assert document["error"]["code"] == reply.error
    assert reply.error


async def nothing_is_stored(proxy: Proxy) -> None:
    assert await proxy.app.writer.flush(5)
    assert (await proxy.app.sql.stats(time.time())).entries == 0


async def next_request_works(proxy: Proxy) -> None:
    answer = await proxy.chat("Still there?", headers={"Cache-Control": "no-store"})
    assert answer.status == 200
    assert answer.text


async def check_body(
    proxy: Proxy, upstream: ScriptedUpstream, path: str, body: bytes, headers: bytes, expected: str
) -> None:
    """Twice the same: both refused, or both passed on to the byte. `expected` holds where the body names the model."""
    for turn in range(2):
        before = len(upstream.calls)
        reply = await exchange(proxy, request(path, body, headers=headers), timeout_s=30)
        if reply.error:
            check_dialect(path, reply)
            if reply.error == "missing_required_parameter":
                # without what is asked there is nothing to pass on, and the answer says which field that is
                assert not any(f'"{name}"'.encode() in body for name in SUBSTANCE[path])
                assert any(name in reply.json()["error"]["message"] for name in SUBSTANCE[path])
                continue
            assert path in MODEL_IN_BODY
            assert reply.error == expected
            assert len(upstream.calls) == before
        else:
            assert "hit" not in reply.headers["cache-status"], turn
            assert upstream.calls[-1].body == body
            assert upstream.calls[-1].target == path
            assert len(upstream.calls) == before + 1
            assert expected == PASSES or path not in (CHAT, EMBEDDINGS)
    await nothing_is_stored(proxy)
    await next_request_works(proxy)


def named(core: bytes, more: bytes) -> bytes:
    return b'{"model":"gpt-4o-mini",' + core + b"," + more + b"}"


JSON_CASES: dict[str, tuple[Any, str]] = {
    "duplicate key": (lambda core: named(core, b'"temperature":0,"temperature":1'), PASSES),
    "duplicate key, deep": (lambda core: named(core, b'"metadata":{"a":[{"b":1,"\\u0062":2}]}'), PASSES),
    "the model twice, the same": (lambda core: named(core, b'"model":"gpt-4o-mini"'), PASSES),
    "two models": (lambda core: named(core, b'"mod\\u0065l":"gpt-4o"'), "ambiguous_model"),
    "100,000 levels": (lambda core: named(core, b'"x":' + b"[" * 100_000 + b"]" * 100_000), PASSES),
    "100,000 levels, open": (lambda core: b'{"model":"gpt-4o-mini","x":' + b"[" * 100_000, "invalid_json"),
    "600 levels of objects": (lambda core: named(core, b'"x":' + b'{"a":' * 600 + b"1" + b"}" * 600), PASSES),
    "NaN": (lambda core: named(core, b'"temperature":NaN'), PASSES),
    "-Infinity": (lambda core: named(core, b'"temperature":-Infinity'), PASSES),
    "1e400": (lambda core: named(core, b'"temperature":1e400'), PASSES),
    "5,000 digits": (lambda core: named(core, b'"seed":' + b"7" * 5000), PASSES),
    "2,000 numbers of 4,000 digits": (
        lambda core: named(core, b'"x":[' + b",".join([b"7" * 4000] * 2000) + b"]"),
        PASSES,
    ),
    "a leading zero": (lambda core: named(core, b'"seed":007'), PASSES),
    "a comment": (lambda core: b'{/*x*/"model":"gpt-4o-mini",' + core + b"}", "invalid_json"),
    "invalid UTF-8": (lambda core: named(core, b'"user":"\xff\xfe"'), PASSES),
    "an encoded surrogate": (lambda core: named(core, b'"user":"\xed\xa0\x80"'), PASSES),
    "a lone surrogate escape": (lambda core: named(core, b'"user":"\\ud800"'), PASSES),
    "a raw NUL in a string": (lambda core: named(core, b'"user":"a\0b"'), PASSES),
    "a raw tab in a string": (lambda core: named(core, b'"user":"a\tb"'), PASSES),
    "a NUL behind": (lambda core: b'{"model":"gpt-4o-mini",' + core + b"}\0", "invalid_json"),
    "a byte order mark": (lambda core: b'\xef\xbb\xbf{"model":"gpt-4o-mini",' + core + b"}", PASSES),
    "UTF-16": (lambda core: ('{"model":"gpt-4o-mini",' + core.decode() + "}").encode("utf-16"), "invalid_json"),
    "two documents": (lambda core: b'{"model":"gpt-4o-mini"}{"model":"gpt-4o"}', "invalid_json"),
    "cut short": (lambda core: b'{"model":"gpt-4o-mini",' + core, "invalid_json"),
    "nothing": (lambda core: b"", "invalid_json"),
    "an array": (lambda core: b"[1]", "invalid_json"),
    "no JSON": (lambda core: b"model=gpt-4o-mini&prompt=hi", "invalid_json"),
    "the model is a number": (lambda core: b'{"model":4,' + core + b"}", "invalid_type"),
    "a line break in the model": (lambda core: b'{"model":"gpt-4o\\r\\nX-Evil: 1",' + core + b"}", "invalid_value"),
    "no model": (lambda core: b"{" + core + b"}", PASSES),
    "odd types": (lambda core: b'{"model":"gpt-4o-mini","messages":{"a":1},"input":{"b":2},"stream":"yes"}', PASSES),
    "an object as content": (
        lambda core: b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":{"t":1}}],"input":{"b":2}}',
        PASSES,
    ),
    "only the model": (lambda core: b'{"model":"gpt-4o-mini"}', PASSES),
    "1,000,000 empty objects": (lambda core: named(core, b'"x":[' + b",".join([b"{}"] * 1_000_000) + b"]"), PASSES),
    "4,000,000 short numbers": (lambda core: named(core, b'"x":[' + b",".join([b"1"] * 4_000_000) + b"]"), PASSES),
    "12 MB of brackets": (lambda core: named(core, b'"x":[' + b"[[[[]]]]," * 1_300_000 + b"1]"), "body_too_complex"),
}


ABOUT_THE_MODEL = ("the model is a number", "no model", "a line break in the model")
LARGE = ("1,000,000", "2,000 numbers", "4,000,000", "12 MB")


@pytest.mark.parametrize("case", JSON_CASES)
async def test_odd_json_is_refused_or_passed_on_to_the_byte(
    proxy: Proxy, upstream: ScriptedUpstream, case: str
) -> None:
    build, expected = JSON_CASES[case]
    paths = (CHAT, UNKNOWN) if case.startswith(LARGE) else PATHS
    for path in paths if case not in ABOUT_THE_MODEL else (*MODEL_IN_BODY, UNKNOWN):
        await check_body(proxy, upstream, path, build(CORES[path]), JSON_TYPE, expected)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x-nonsense", "gzip, gzip"])
async def test_encoded_bodies_are_the_upstreams_to_read(
    proxy: Proxy, upstream: ScriptedUpstream, coding: str
) -> None:
    for path in PATHS:
        plain = b'{"model":"gpt-4o-mini",' + CORES[path] + b"}"
        body = {"gzip": gzip.compress, "deflate": zlib.compress}.get(coding, bytes)(plain)
        headers = JSON_TYPE + f"Content-Encoding: {coding}\r\n".encode()
        await check_body(proxy, upstream, path, body, headers, PASSES)
        if path == UNKNOWN:
            encoded = next(call for call in upstream.calls if call.target == UNKNOWN)
            assert encoded.header("content-encoding") == coding


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "no/such; thing=\xe9"]
)
async def test_the_content_type_is_for_the_upstream_to_judge(
    proxy: Proxy, upstream: ScriptedUpstream, content_type: str | None
) -> None:
    body = b'{"model":"gpt-4o-mini",' + CORES[CHAT] + b"}"
    headers = b"" if content_type is None else f"Content-Type: {content_type}\r\n".encode()
    reply = await exchange(proxy, request(CHAT, body, headers=headers))
    assert reply.status == 200
    assert upstream.calls[0].body == body
    given = upstream.calls[0].header("content-type")
    if content_type is not None:
        assert given is not None
        assert given.encode("latin-1").decode() == content_type
    other = await exchange(proxy, request(CHAT, body))
    assert "hit" not in other.headers["cache-status"], "who says that it is something else gets an answer of its own"


# large and good


async def test_tens_of_megabytes_of_pictures_go_through(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    picture = base64.b64encode(bytes(range(256)) * (22 * 4096)).decode()
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{picture}"}},
    ]
    body = msgspec.json.encode(
        {"model": "gpt-4o-mini", "max_tokens": 5, "stream": True, "messages": [{"role": "user", "content": parts}]}
    )
    assert 30_000_000 < len(body) < proxy.app.runtime.config.server.body_limit
    for path in (CHAT, AZURE):
        reply = await exchange(proxy, request(path, body), timeout_s=60)
        assert reply.status == 200
        assert reply.headers["content-type"].startswith("text/event-stream")
        assert upstream.calls[-1].body == body
    plain = body.replace(b'"stream":true', b'"stream":false')
    reply = await exchange(proxy, request(CHAT, plain), timeout_s=60)
    assert reply.json()["choices"][0]["message"]["content"]
    rows = await proxy.rows(reply.headers["halfpenny-request-id"])
    assert rows[0]["model"] == "gpt-4o-mini"
    assert rows[0]["output_tokens"] > 0, "what the upstream reported is in the ledger"


async def test_a_large_body_goes_to_the_model_that_the_rule_names(serve: Serve, upstream: ScriptedUpstream) -> None:
    more = """
        model = "gpt-4o"
    """
    text = one_backend(upstream).replace('name = "up"', 'name = "up"' + more)
    proxy = await serve(text)
    body = b'{"messages":[{"role":"user","content":"' + b"long " * 2_000_000 + b'"}], "model" : "gpt-4o"}'
    reply = await exchange(proxy, request(CHAT, body), timeout_s=60)
    assert reply.status == 200
    assert upstream.calls[-1].body == body


async def test_many_and_long_inputs_are_embedded(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    texts = msgspec.json.encode({"model": "text-embedding-3-small", "input": [f"text {at}" for at in range(2048)]})
    reply = await exchange(proxy, request(EMBEDDINGS, texts), timeout_s=60)
    assert len(reply.json()["data"]) == 2048
    tokens = msgspec.json.encode({"model": "text-embedding-3-small", "input": list(range(1_000_000))})
    reply = await exchange(proxy, request(EMBEDDINGS, tokens), timeout_s=60)
    assert len(reply.json()["data"]) == 1
    assert upstream.calls[-1].json()["input"][-1] == 999_999


@pytest.mark.parametrize("path", [CHAT, EMBEDDINGS, AZURE])
async def test_a_line_of_100_mb_is_too_large(proxy: Proxy, upstream: ScriptedUpstream, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n".encode()
    reply = await exchange(proxy, head + b'{"model":"gpt-4o-mini","x":"' + b"A" * 2_000_000)
    assert (reply.status, reply.error) == (413, "body_too_large")
    check_dialect(path, reply)
    piece = b"10000\r\n" + b"A" * 65536 + b"\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    reply = await exchange(proxy, head + piece * 600, timeout_s=30)
    assert (reply.status, reply.error) == (413, "body_too_large")
    assert upstream.calls == []
    await next_request_works(proxy)


# heads and framing

GOOD = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]}'
LENGTH = b"Content-Length: %d\r\n" % len(GOOD)
SMUGGLED = b"GET /v1/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
ONE_CHUNK = b"%x\r\n%s\r\n" % (len(GOOD), GOOD)


def head(*fields: bytes, path: str = CHAT, end: bytes = b"\r\n") -> bytes:
    return end.join((f"POST {path} HTTP/1.1".encode(), b"Host: x", *fields)) + end + end


def chunked(body: bytes) -> bytes:
    return head(b"Transfer-Encoding: chunked") + body


MALFORMED: dict[str, tuple[bytes, int, str]] = {
    "a request line of 100 KB": (b"GET /v1/" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 431, "head_too_large"),
    "10,000 headers": (head(*(b"X-%d: 1" % at for at in range(10_000))), 431, "head_too_large"),
    "a header of 1 MB": (head(b"X-Big: " + b"a" * 1_000_000), 431, "head_too_large"),
    "a chunk size of letters": (chunked(b"zz\r\nabc\r\n0\r\n\r\n"), 400, "malformed_request"),
    "a negative chunk size": (chunked(b"-3\r\nabc\r\n0\r\n\r\n"), 400, "malformed_request"),
    "a chunk size with 0x": (chunked(b"0x3\r\nabc\r\n0\r\n\r\n"), 400, "malformed_request"),
    "a chunk size that overflows": (chunked(b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n"), 400, "malformed_request"),
    "a chunk size and a blank": (chunked(b"3 \r\nabc\r\n0\r\n\r\n"), 400, "malformed_request"),
    "no chunk size": (chunked(b"\r\nabc\r\n0\r\n\r\n"), 400, "malformed_request"),
    "a line break in a chunk extension": (chunked(b"3;a\nb\r\nabc\r\n0\r\n\r\n"), 400, "malformed_request"),
    "a chunk longer than it says": (chunked(b"3\r\nabcd\r\n0\r\n\r\n"), 400, "malformed_request"),
    "chunks with bare line feeds": (chunked(b"3\nabc\n0\n\n"), 400, "malformed_request"),
    "a length among the trailers": (
        chunked(ONE_CHUNK + b"0\r\nContent-Length: 5\r\n\r\n" + SMUGGLED),
        400,
        "malformed_request",
    ),
    "two equal lengths": (head(LENGTH.strip(), LENGTH.strip()) + GOOD, 400, "malformed_request"),
    "two lengths": (head(LENGTH.strip(), b"Content-Length: 5") + GOOD, 400, "malformed_request"),
    "a list of lengths": (head(b"Content-Length: 67, 67") + GOOD, 400, "malformed_request"),
    "a negative length": (head(b"Content-Length: -5") + GOOD, 400, "malformed_request"),
    "a length with a plus": (head(b"Content-Length: +67") + GOOD, 400, "malformed_request"),
    "a length with a blank": (head(b"Content-Length: 6 7") + GOOD, 400, "malformed_request"),
    "a length with an underscore": (head(b"Content-Length: 6_7") + GOOD, 400, "malformed_request"),
    "a length in hex": (head(b"Content-Length: 0x43") + GOOD, 400, "malformed_request"),
    "an empty length": (head(b"Content-Length:") + GOOD, 400, "malformed_request"),
    "a length that overflows": (head(b"Content-Length: 99999999999999999999") + GOOD, 400, "malformed_request"),
    "length and chunks": (
        head(LENGTH.strip(), b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + SMUGGLED,
        400,
        "malformed_request",
    ),
    "two codings": (head(b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", 400, "invalid_framing"),
    "a coding twice": (
        head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
        400,
        "malformed_request",
    ),
    "identity": (head(b"Transfer-Encoding: identity", LENGTH.strip()) + GOOD, 400, "malformed_request"),
    "a coding that looks alike": (
        head(b"Transfer-Encoding: xchunked", LENGTH.strip()) + GOOD,
        400,
        "malformed_request",
    ),
    "a coding behind a vertical tab": (
        head(b"Transfer-Encoding: \x0bchunked") + b"0\r\n\r\n",
        400,
        "malformed_request",
    ),
    "a coding with a parameter": (head(b"Transfer-Encoding: chunked;q=1") + b"0\r\n\r\n", 400, "malformed_request"),
    "a blank before the coding's colon": (
        head(b"Transfer-Encoding : chunked") + b"0\r\n\r\n",
        400,
        "malformed_request",
    ),
    "a folded header": (head(b"X-A: a\r\n b", LENGTH.strip()) + GOOD, 400, "malformed_request"),
    "a folded first header": (head(b" X-A: a", LENGTH.strip()) + GOOD, 400, "malformed_request"),
    "bare line feeds": (head(LENGTH.strip(), end=b"\n") + GOOD, 400, "malformed_request"),
    "a line feed in a value": (head(b"X-A: a\nX-Evil: b", LENGTH.strip()) + GOOD, 400, "malformed_request"),
    "a carriage return in a value": (head(b"X-A: a\rb", LENGTH.strip()) + GOOD, 400, "malformed_request"),
    "a NUL in a value": (head(b"X-A: a\0b", LENGTH.strip()) + GOOD, 400, "malformed_request"),
    "a NUL in a name": (head(b"X-\0A: b", LENGTH.strip()) + GOOD, 400, "malformed_request"),
    "a blank before a colon": (head(b"X-A : b", LENGTH.strip()) + GOOD, 400, "malformed_request"),
    "a header without a colon": (head(b"X-A", LENGTH.strip()) + GOOD, 400, "malformed_request"),
    "a header without a name": (head(b": b", LENGTH.strip()) + GOOD, 400, "malformed_request"),
    "no host": (b"GET /v1/x HTTP/1.1\r\n\r\n", 400, "malformed_request"),
    "two hosts": (head(b"Host: y", LENGTH.strip()) + GOOD, 400, "malformed_request"),
    "HTTP/0.9": (b"GET /v1/x\r\n\r\n", 400, "invalid_version"),
    "HTTP/1.2": (b"GET /v1/x HTTP/1.2\r\nHost: x\r\n\r\n", 400, "malformed_request"),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 400, "malformed_request"),
    "a TLS hello": (bytes.fromhex("16030100c8010000c40303") + b"\x11" * 190, 400, "malformed_request"),
    "CONNECT": (b"CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n\r\n", 405, "method_not_allowed"),
    "CONNECT to a path": (b"CONNECT /v1/x HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"),
    "an absolute target": (b"GET http://evil/v1/x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_target"),
    "an absolute target of a surface": (
        b"POST https://evil/v1/chat/completions HTTP/1.1\r\nHost: x\r\n" + LENGTH + b"\r\n" + GOOD,
        400,
        "invalid_target",
    ),
    "an authority as target": (b"GET evil:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
    "a blank in the target": (b"GET /v1/x y HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
    "raw UTF-8 in the target": ("GET /v1/é HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 400, "malformed_request"),
    "a method in lower case": (b"get /v1/x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
}


@pytest.mark.parametrize(
    ("case", "split"),
    [
        (case, split)
        for case, (data, _, _) in MALFORMED.items()
        for split in (False, True)
        if not split or data.partition(b"\r\n\r\n")[2]
    ],
)
async def test_unsafe_framing_is_refused_and_nothing_goes_upstream(
    proxy: Proxy, upstream: ScriptedUpstream, case: str, split: bool
) -> None:
    data, status, code = MALFORMED[case]
    first, _, rest = data.partition(b"\r\n\r\n")
    reply = await exchange(proxy, first + b"\r\n\r\n", then=rest) if split else await exchange(proxy, data)
    assert (reply.status, reply.error) == (status, code)
    check_dialect("/", reply)
    assert upstream.calls == []
    await next_request_works(proxy)
    await nothing_is_stored(proxy)


@pytest.mark.parametrize("path", PATHS)
async def test_a_malformed_request_is_answered_in_the_dialect_of_its_path(proxy: Proxy, path: str) -> None:
    reply = await exchange(proxy, head(b"X-A : b", LENGTH.strip(), path=path) + GOOD)
    assert (reply.status, reply.error) == (400, "malformed_request")
    check_dialect(path, reply)
    assert "X-A" not in reply.body.decode(), "what was sent is not repeated"


@pytest.mark.parametrize("path", [CHAT, UNKNOWN])
async def test_a_chunk_that_breaks_later_ends_the_request(proxy: Proxy, upstream: ScriptedUpstream, path: str) -> None:
    """The head is good and on its way; aiohttp alone would wait for the rest of that body until the client left."""
    reader, writer = await asyncio.open_connection(*proxy.app.data_address)
    try:
        writer.write(head(b"Transfer-Encoding: chunked", path=path) + b"5\r\nhello\r\n")
        await asyncio.sleep(0.1)
        writer.write(b"nonsense\r\n" + SMUGGLED)
        async with asyncio.timeout(5):
            reply = await read_reply(reader)
            rest = await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
    assert (reply.status, reply.error) == (400, "malformed_request")
    assert rest == b"", "one answer, then the end"
    assert [call for call in upstream.calls if "smuggled" in call.target] == []
    await next_request_works(proxy)
    assert proxy.app.pipeline.in_flight == 0


async def test_what_follows_a_body_is_a_request_of_its_own(proxy: Proxy, upstream: ScriptedUpstream) -> None:
    reply = await exchange(proxy, head(LENGTH.strip()) + GOOD + SMUGGLED, listen_on=True)
    assert reply.status == 200
    assert reply.rest.startswith(b"HTTP/1.1 200")
    assert [call.target for call in upstream.calls] == [CHAT, "/v1/smuggled"]
    assert upstream.calls[0].body == GOOD


@pytest.mark.parametrize(
    "body",
    [
        b"%x;name=value\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD),
        ONE_CHUNK + b"0\r\nX-Trailer: 1\r\n\r\n",
        b"".join(b"1\r\n%c\r\n" % byte for byte in GOOD) + b"0\r\n\r\n",
    ],
    ids=["extension", "trailer", "bytes"],
)
async def test_good_chunks_are_put_together(proxy: Proxy, upstream: ScriptedUpstream, body: bytes) -> None:
    reply = await exchange(proxy, chunked(body))
    assert reply.status == 200
    assert upstream.calls[0].body == GOOD
    assert upstream.calls[0].header("x-trailer") is None


@pytest.mark.parametrize(
    "target",
    [
        "//evil/v1/x",
        "//user@evil:99/v1/x?y=//z",
        "/v1/../../etc/passwd",
        "/v1/./x/..",
        "/v1/%2e%2e/%2F%00%zz%C3%A9;p?a=%0d%0aX:y&b=%%&",
        "/v1/x\\y",
        '/v1/x"<>^`{|}',
        "/v1/x?a=b?c#".rstrip("#"),
    ],
)
async def test_odd_targets_go_upstream_as_they_are(proxy: Proxy, upstream: ScriptedUpstream, target: str) -> None:
    reply = await exchange(proxy, f"GET {target} HTTP/1.1\r\nHost: a/b@c\r\n\r\n".encode())
    assert reply.status == 200
    assert [call.target for call in upstream.calls] == [target]


@pytest.mark.parametrize(
    "header", ["Halfpenny-Tags: nonsense", "Halfpenny-Cache: maybe", "Halfpenny-Max-False-Hit-Rate: 7"]
)
async def test_headers_of_ours_that_say_nothing_are_refused(
    proxy: Proxy, upstream: ScriptedUpstream, header: str
) -> None:
    for path in PATHS:
        reply = await exchange(proxy, request(path, GOOD, headers=f"{header}\r\n".encode()))
        assert reply.status == 400
        check_dialect(path, reply)
    assert upstream.calls == []


async def test_a_body_made_to_take_long_holds_nobody_up(proxy: Proxy) -> None:
    """`python -m benchmarks.bad_input` measures many such bodies, each in a process of its own."""
    body = named(CORES[CHAT], b'"x":[' + b"[[[[]]]]," * 1_300_000 + b"1]")
    stall_s = 0.0

    async def beat() -> None:
        nonlocal stall_s
        while True:
            before, used = time.perf_counter(), time.process_time()
            await asyncio.sleep(0.001)
            # the processor's time too: on a busy machine the clock runs while others have the cores
            stall_s = max(stall_s, min(time.perf_counter() - before, time.process_time() - used))

    heart = asyncio.create_task(beat())
    try:
        reply = await exchange(proxy, request(CHAT, body), timeout_s=30)
    finally:
        heart.cancel()
    assert reply.error == "body_too_complex"
    assert stall_s < 0.1
