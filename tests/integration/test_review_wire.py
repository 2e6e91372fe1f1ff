"""Upstreams that misbehave on the wire, and what the caller, the other upstreams and the ledger see of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from halfpenny.backends.openai_compatible import OpenAICompatible, without_credentials
from halfpenny.backends.retry import is_out_of_money
from tests.conftest import Serve

EVENT_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
TOOL = {"name": "f", "description": "d", "input_schema": {"type": "object", "properties": {}}}
HARD = "Prove rigorously, step by step, that the algorithm terminates; derive its complexity and refactor the code. " * 30


class Upstream:
    """Answers every request with what `answer(body)` gives: the raw bytes of a whole HTTP response."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.answer = answer
        self.targets: list[str] = []
        self.headers: list[list[tuple[str, str]]] = []
        self.bodies: list[bytes] = []
        self.base_url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                pairs = [(name, value.strip()) for name, colon, value in (f.partition(":") for f in fields) if colon]
                length = next((int(value) for name, value in pairs if name.lower() == "content-length"), 0)
                body = await reader.readexactly(length)
                self.targets.append(line.split(" ")[1])
                self.headers.append(pairs)
                self.bodies.append(body)
                answer = self.answer(body)
                writer.write(answer)
                await writer.drain()
                if b"Connection: close" in answer:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def sent(self) -> str:
        """Everything that came in so far, as text."""
        return repr((self.targets, self.headers, self.bodies))


@asynccontextmanager
async def answering(answer: Callable[[bytes], bytes] | bytes) -> AsyncIterator[Upstream]:
    upstream = Upstream(answer if callable(answer) else lambda _: answer)
    server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0)
    upstream.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()


def whole(document: Any, status: str = "200 OK", more: str = "") -> bytes:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def completion(text: str = "hi", **choice: Any) -> dict[str, Any]:
    only = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"} | choice
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    return {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [only], "usage": usage}


def stream(*deltas: dict[str, Any], ending: str = "stop") -> bytes:
    pieces = [*((delta, None) for delta in deltas), ({}, ending)]
    out = EVENT_STREAM
    for delta, reason in pieces:
        choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
        out += b"data: " + json.dumps(chunk).encode() + b"\n\n"
    return out + b"data: [DONE]\n\n"


def chat(text: str = "x", **fields: Any) -> bytes:
    return json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **fields}).encode()


def messages(text: str = "x", **fields: Any) -> bytes:
    asked = {"model": "claude-x", "max_tokens": 50, "messages": [{"role": "user", "content": text}]}
    return json.dumps(asked | fields).encode()


def backend(name: str, upstream: Upstream, kind: str = "openai", more: str = "") -> str:
    return f'[[backends]]\nname = "{name}"\nkind = "{kind}"\nbase_url = "{upstream.base_url}"\n{more}\n'


HEAD = '[server]\nlisten = "127.0.0.1:0"\nadmin = "127.0.0.1:0"\n[cache.semantic]\nenabled = false\n'


def converting(*backends: str) -> str:
    names = [text.split('name = "')[1].split('"')[0] for text in backends]
    return f'{HEAD}{"".join(backends)}[[routes]]\nname = "default"\nbackends = {json.dumps(names)}\nconvert = true\n'


def by_difficulty(small: Upstream, large: Upstream, kind: str = "openai") -> str:
    route = '[[routes]]\nname = "default"\npolicy = "difficulty"\nsmall = "small"\nlarge = "large"\n'
    return HEAD + backend("small", small, kind, 'model = "tiny"') + backend("large", large, kind) + route


# credentials


@pytest.mark.parametrize(
    ("target", "left"),
    [
        ("/v1/x", "/v1/x"),
        ("/v1/x?", "/v1/x?"),
        ("/v1/x?key=S", "/v1/x"),
        ("/v1/x?a=1&&Api-Key=S&b=%20", "/v1/x?a=1&&b=%20"),
        ("/v1/x?%6bey=S&monkey=1", "/v1/x?monkey=1"),
        ("/v1/x?access_token=S&alt=sse&subscription-key=S", "/v1/x?alt=sse"),
    ],
)
def test_credentials_are_taken_out_of_a_query_and_nothing_else(target: str, left: str) -> None:
    assert without_credentials(target) == left


def test_a_callers_header_of_the_name_of_ours_is_replaced() -> None:
    ours = OpenAICompatible(base_url="http://h", api_key="OURS", key_header="X-Auth-Key")
    assert ours.outgoing((("x-auth-key", "CALLER"), ("A", "b"))) == (("X-Auth-Key", "OURS"), ("A", "b"))
    theirs = OpenAICompatible(base_url="http://h", key_header="X-Auth-Key")
    assert theirs.outgoing((("x-auth-key", "CALLER"),)) == (("x-auth-key", "CALLER"),)


@pytest.mark.parametrize("kind", ["openai", "anthropic", "gemini"])
async def test_beside_our_key_no_credential_of_the_callers_query_goes_out(serve: Serve, kind: str) -> None:
    async with answering(whole({})) as up:
        config = HEAD + backend("up", up, kind, 'api_key_env = "OUR_KEY"')
        proxy = await serve(config, environment={"OUR_KEY": "OURS"})
        await proxy.post("/v1/chat/completions?a=1&api-key=CALLER", chat())
        await proxy.get("/v1/files?access_token=CALLER&limit=2")
        assert up.targets == ["/v1/chat/completions?a=1", "/v1/files?limit=2"]
        up.answer = lambda _: b"HTTP/1.1 403 no\r\nContent-Length: 0\r\n\r\n"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await proxy.session.ws_connect(proxy.url + "/ws/live?key=CALLER&v=1")
        assert up.targets[2] == "/ws/live?v=1"
        assert "CALLER" not in up.sent()


async def test_without_our_key_the_callers_query_goes_as_it_is(serve: Serve) -> None:
    async with answering(whole({})) as up:
        proxy = await serve(HEAD + backend("up", up, "gemini"))
        await proxy.get("/v1beta/files?key=CALLER")
        assert up.targets == ["/v1beta/files?key=CALLER"]


@pytest.mark.parametrize(
    ("header", "gets"),
    [("Authorization", "openai"), ("x-api-key", "anthropic"), ("x-goog-api-key", "gemini")],
)
async def test_the_list_of_models_takes_a_credential_to_its_own_provider_alone(
    serve: Serve, header: str, gets: str
) -> None:
    listed = whole({"object": "list", "data": [{"id": "m", "object": "model"}]})
    async with answering(listed) as a, answering(listed) as b, answering(listed) as c:
        ups = {"openai": a, "anthropic": b, "gemini": c}
        proxy = await serve(HEAD + "".join(backend(kind, up, kind) for kind, up in ups.items()))
        async with proxy.session.get(proxy.url + "/v1/models", headers={header: "Bearer CALLER"}) as answer:
            assert [model["id"] for model in (await answer.json())["data"]] == ["m"]
        assert [kind for kind, up in ups.items() if "CALLER" in up.sent()] == [gets]
        assert all(len(up.targets) == 1 for up in ups.values())


# bytes that are not UTF-8, and what else nobody foresaw


def test_an_error_body_that_is_not_utf8_is_not_about_money() -> None:
    assert not is_out_of_money(b'{"error":{"code":"caf\xe9"}}')
    assert is_out_of_money(b'{"error":{"code":"insufficient_quota"}}')


@pytest.mark.parametrize("status", ["400 Bad", "429 Busy"])
async def test_an_error_that_is_not_utf8_comes_through(serve: Serve, status: str) -> None:
    body = b'{"error":{"message":"m","type":"x","code":"caf\xe9"}}'
    async with answering(whole(body, status, "Retry-After: 100\r\n")) as up:
        proxy = await serve(HEAD + backend("up", up))
        answer = await proxy.chat("x")
        assert (answer.status, answer.body) == (int(status.split()[0]), body)
        assert [row["state"] for row in await proxy.rows(answer.request_id)] == ["final"]


async def test_an_exception_nobody_foresaw_leaves_no_open_row(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    async with answering(whole({}, "500 x")) as up:
        proxy = await serve(HEAD + backend("up", up))
        monkeypatch.setattr(type(proxy.app.runtime.retry), "after_status", broken)
        answer = await proxy.chat("x")
        assert (answer.status, answer.headers["Halfpenny-Error"]) == (500, "internal_error")
        [row] = await proxy.rows(answer.request_id)
        assert (row["state"], row["outcome"]) == ("estimated", "error")


# where a request goes


async def test_a_failure_is_not_hidden_by_a_fallback_that_cannot_express_the_request(serve: Serve) -> None:
    error = {"error": {"message": "overloaded", "type": "server_error"}}
    async with (
        answering(whole(error, "503 x", "Retry-After: 60\r\n")) as first,
        answering(whole({})) as second,
    ):
        proxy = await serve(converting(backend("a", first), backend("b", second, "anthropic")))
        answer = await proxy.post("/v1/chat/completions", chat(logit_bias={"5": 1}))
        assert (answer.status, answer.json()) == (503, error)
        assert second.targets == []
        assert [row["outcome"] for row in await proxy.rows(answer.request_id)] == ["error"]
        await proxy.post("/v1/chat/completions", chat())
        assert second.targets == ["/v1/messages"]


async def test_what_no_dialect_of_a_backend_fits_goes_to_the_one_behind_it(serve: Serve) -> None:
    vectors = {"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [1.0]}]}
    async with answering(whole({}, "404 x")) as first, answering(whole(vectors)) as second:
        proxy = await serve(converting(backend("a", first, "anthropic"), backend("b", second)))
        answer = await proxy.post("/v1/embeddings", b'{"model":"e","input":"a"}')
        assert (answer.status, answer.json()) == (200, vectors)
        assert first.targets == []
        await proxy.post("/v1/chat/completions", chat())
        assert first.targets == ["/v1/messages"], "what can be converted stays in the operator's order"


async def test_without_convert_dialects_do_not_route(serve: Serve) -> None:
    async with answering(whole({}, "404 x")) as first, answering(whole({})) as second:
        config = converting(backend("a", first, "anthropic"), backend("b", second)).replace("convert = true", "")
        answer = await (await serve(config)).post("/v1/embeddings", b'{"model":"e","input":"a"}')
        assert answer.status == 404
        assert (first.targets, second.targets) == (["/v1/embeddings"], [])


async def test_state_stays_with_the_large_backend(serve: Serve) -> None:
    response = whole({"id": "resp_1", "object": "response", "status": "completed", "output": []})
    async with answering(response) as small, answering(response) as large:
        proxy = await serve(by_difficulty(small, large))
        for text in ("hi", HARD):
            await proxy.post("/v1/responses", json.dumps({"model": "gpt-4o", "input": text}).encode())
        assert (len(small.targets), len(large.targets)) == (0, 2)
        easy = {"model": "gpt-4o", "input": "hi", "store": False}
        await proxy.post("/v1/responses", json.dumps(easy).encode())
        assert len(small.targets) == 1


async def test_tokens_are_counted_for_the_model_asked_for(serve: Serve) -> None:
    async with (
        answering(whole({"input_tokens": 1, "totalTokens": 1})) as small,
        answering(whole({"input_tokens": 222, "totalTokens": 222})) as large,
    ):
        proxy = await serve(by_difficulty(small, large, "anthropic"))
        counted = await proxy.post("/v1/messages/count_tokens", messages("hi"))
        assert counted.json()["input_tokens"] == 222
        google = b'{"contents":[{"parts":[{"text":"hi"}]}]}'
        counted = await proxy.post("/v1beta/models/g:countTokens", google)
        assert counted.json()["totalTokens"] == 222
        assert small.targets == []


async def test_a_moderation_keeps_its_model(serve: Serve) -> None:
    async with answering(whole({"id": "x", "model": "omni", "results": [{"flagged": False}]})) as up:
        proxy = await serve(HEAD + backend("up", up, more='model = "gpt-4o"'))
        bodies = [b'{"input":"x","model":"omni-moderation-latest"}', b'{"input":"x"}']
        for body in bodies:
            assert (await proxy.post("/v1/moderations", body)).status == 200
        assert up.bodies == bodies


async def test_a_pinned_deployment_stays_one_segment_of_the_path(serve: Serve) -> None:
    async with answering(whole(completion())) as up:
        proxy = await serve(HEAD + backend("up", up))
        target = "/openai/deployments/dep/chat/completions?api-version=1"
        for pinned in ("../../x?y=1&z=", "a b"):
            await proxy.post(target, chat(), headers={"Halfpenny-Model": pinned})
        assert up.targets == [
            "/openai/deployments/..%2F..%2Fx%3Fy%3D1%26z%3D/chat/completions?api-version=1",
            "/openai/deployments/a%20b/chat/completions?api-version=1",
        ]


# answers that do not convert


@pytest.mark.parametrize("answer", [whole(b"<html>"), whole(b"[1]"), whole({"choices": [1]}), whole(b'"caf\xe9"')])
async def test_an_answer_that_cannot_be_converted_is_paid_once(serve: Serve, answer: bytes) -> None:
    async with answering(answer) as up:
        proxy = await serve(converting(backend("up", up)))
        for count in range(1, 8):
            refused = await proxy.post("/v1/messages", messages(str(count)))
            assert refused.status == 502
            assert refused.headers["x-should-retry"] == "false"
            assert refused.json()["error"]["type"] == "api_error"
            assert len(up.targets) == count, "neither made again nor kept back by the breaker"
        rows = await proxy.rows(refused.request_id)
        assert [(row["state"], row["outcome"]) for row in rows] == [("estimated", "error")]


@pytest.mark.parametrize("stream_asked", [False, True])
async def test_an_error_called_an_answer_is_an_error_for_the_caller(serve: Serve, stream_asked: bool) -> None:
    async with answering(whole({"error": {"message": "boom", "type": "server_error"}})) as up:
        proxy = await serve(converting(backend("up", up)))
        answer = await proxy.post("/v1/messages", messages(stream=stream_asked))
        assert answer.status == 500
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json() == {"type": "error", "error": {"type": "api_error", "message": "boom"}}
        assert len(up.targets) == 1
        assert [row["outcome"] for row in await proxy.rows(answer.request_id)] == ["error"]


CUT = [
    {"id": "s", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}},
    {"id": "t", "type": "function", "function": {"name": "f", "arguments": '{"city": "Par'}},
]


async def test_tool_arguments_cut_by_the_limit_leave_the_ending(serve: Serve) -> None:
    message = {"role": "assistant", "content": "so", "tool_calls": CUT}
    async with answering(whole(completion(message=message, finish_reason="length"))) as up:
        proxy = await serve(converting(backend("up", up)))
        answer = (await proxy.post("/v1/messages", messages(tools=[TOOL]))).json()
        assert answer["stop_reason"] == "max_tokens"
        assert [block.get("input") or block.get("text") for block in answer["content"]] == ["so", {"a": 1}]
        google = {"contents": [{"parts": [{"text": "x"}]}], "tools": [{"functionDeclarations": [{"name": "f"}]}]}
        answer = (await proxy.post("/v1beta/models/g:generateContent", json.dumps(google).encode())).json()
        [candidate] = answer["candidates"]
        assert candidate["finishReason"] == "MAX_TOKENS"
        assert len(candidate["content"]["parts"]) == 2
        assert len(up.targets) == 2
        pieces = [{"tool_calls": [call | {"index": at}]} for at, call in enumerate(CUT)]
        up.answer = lambda _: stream(*pieces, ending="length")
        streamed = await proxy.post("/v1beta/models/g:streamGenerateContent?alt=sse", json.dumps(google).encode())
        assert streamed.body.count(b'"functionCall"') == 1
        assert b'"MAX_TOKENS"' in streamed.body
        assert b'"error"' not in streamed.body


async def test_arguments_that_are_broken_for_another_reason_are_no_answer(serve: Serve) -> None:
    message = {"role": "assistant", "content": None, "tool_calls": CUT}
    async with answering(whole(completion(message=message, finish_reason="tool_calls"))) as up:
        proxy = await serve(converting(backend("up", up)))
        answer = await proxy.post("/v1/messages", messages(tools=[TOOL]))
        assert (answer.status, len(up.targets)) == (502, 1)


async def test_a_converted_stream_does_not_ask_for_usage_where_that_is_off(serve: Serve) -> None:
    async with answering(stream({"role": "assistant", "content": "hi"})) as up:
        proxy = await serve(converting(backend("up", up, more="usage_in_stream = false")))
        answer = await proxy.post("/v1/messages", messages(stream=True))
        assert answer.status == 200
        assert b"message_stop" in answer.body
        assert "stream_options" not in json.loads(up.bodies[0])
        assert json.loads(up.bodies[0])["stream"] is True


async def test_a_quota_used_up_is_not_asked_again_in_another_dialect(serve: Serve) -> None:
    error = {"error": {"message": "quota", "type": "insufficient_quota", "code": "insufficient_quota"}}
    async with answering(whole(error, "429 x")) as up:
        proxy = await serve(converting(backend("up", up)))
        answer = await proxy.post("/v1/messages", messages())
        assert (answer.status, len(up.targets)) == (429, 1)
        assert answer.json()["error"]["type"] == "rate_limit_error"


async def test_a_document_in_place_of_a_stream_is_streamed_to_the_caller(serve: Serve) -> None:
    async with answering(whole(completion("hello"))) as up:
        proxy = await serve(converting(backend("up", up, more='dialects = ["openai"]')))
        for path, body in (
            ("/v1/messages", messages(stream=True)),
            ("/v1/responses", b'{"model":"m","input":"x","store":false,"stream":true}'),
            ("/v1beta/models/g:streamGenerateContent?alt=sse", b'{"contents":[{"parts":[{"text":"x"}]}]}'),
        ):
            answer = await proxy.post(path, body)
            assert answer.status == 200
            assert answer.headers["Content-Type"].startswith("text/event-stream"), path
            assert answer.body.count(b"data: ") >= 1
            assert b"hello" in answer.body
            [row] = await proxy.rows(answer.request_id)
            assert (row["state"], row["input_tokens"]) == ("final", 3)
        assert len(up.targets) == 3
