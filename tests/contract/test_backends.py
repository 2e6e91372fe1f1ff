"""The backend contract, over every entry of `BACKENDS`: a new backend is tested by being listed there."""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncIterator

import pytest

from halfpenny.backends import BACKENDS, load_backend
from halfpenny.backends.base import Backend, BackendUnavailable, Call, Reply, Timeouts
from halfpenny.proxy.config import NETWORK_KINDS
from tests.upstream import ScriptedUpstream

OPTIONS: dict[str, dict[str, object]] = {"llamacpp": {"context_tokens": 512, "parallel": 2}, "echo": {"gap_s": 0.01}}
MODEL = "gpt-4o-mini"

KINDS = [pytest.param(kind, marks=[pytest.mark.model] if kind == "llamacpp" else []) for kind in BACKENDS]


async def made(kind: str, up: ScriptedUpstream) -> Backend:
    options = {"base_url": up.base_url} if kind in NETWORK_KINDS else OPTIONS.get(kind, {})
    return load_backend(kind, name="under-test", **options)


@pytest.fixture
async def up() -> AsyncIterator[ScriptedUpstream]:
    async with ScriptedUpstream() as upstream:
        yield upstream


@pytest.fixture(params=KINDS)
async def backend(request: pytest.FixtureRequest, up: ScriptedUpstream) -> AsyncIterator[Backend]:
    backend = await made(request.param, up)
    yield backend
    await backend.close()


def post(path: str, **fields: object) -> Call:
    return Call(
        method="POST",
        target=path,
        headers=(("Content-Type", "application/json"), ("Authorization", "Bearer caller")),
        body=json.dumps({"model": MODEL, **fields}).encode(),
        timeouts=Timeouts(first_byte_s=60, idle_s=30, total_s=90),
    )


def chat(text: str = "Say hello.", **fields: object) -> Call:
    return post("/v1/chat/completions", messages=[{"role": "user", "content": text}], max_tokens=8, **fields)


async def body_of(reply: Reply) -> bytes:
    body = b"".join([chunk async for chunk in reply.chunks()])
    await reply.close()
    return body


def header(reply: Reply, name: str) -> str:
    return next((value for key, value in reply.headers if key.lower() == name), "")


async def test_named_and_printable(backend: Backend) -> None:
    assert backend.name == "under-test"
    assert BACKENDS[backend.kind]
    assert "under-test" in repr(backend)


async def test_chat(backend: Backend) -> None:
    reply = await backend.call(chat())
    assert reply.status == 200
    assert header(reply, "content-type").startswith("application/json")
    answer = json.loads(await body_of(reply))
    assert answer["object"] == "chat.completion"
    assert answer["choices"][0]["message"]["role"] == "assistant"
    assert answer["choices"][0]["message"]["content"]
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    assert ".gguf" not in json.dumps(answer), "a path of this machine is shown"


async def test_chat_stream(backend: Backend) -> None:
    reply = await backend.call(chat(stream=True, stream_options={"include_usage": True}))
    assert reply.status == 200
    assert header(reply, "content-type").startswith("text/event-stream")
    lines = [line for line in (await body_of(reply)).decode().split("\n\n") if line]
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    chunks = [json.loads(line[6:]) for line in lines[:-1]]
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    assert text
    assert [c["choices"][0]["finish_reason"] for c in chunks if c["choices"]][-1] in ("stop", "length")
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] > 0


async def test_completions(backend: Backend) -> None:
    answer = json.loads(await body_of(await backend.call(post("/v1/completions", prompt="Once", max_tokens=4))))
    assert answer["object"] == "text_completion"
    assert answer["choices"][0]["text"]


async def test_embeddings(backend: Backend) -> None:
    def call(form: str) -> Call:
        return post("/v1/embeddings", input=["one", "two"], encoding_format=form)

    floats = json.loads(await body_of(await backend.call(call("float"))))
    packed = json.loads(await body_of(await backend.call(call("base64"))))
    assert floats["object"] == "list"
    assert [row["index"] for row in floats["data"]] == [0, 1]
    assert floats["usage"]["prompt_tokens"] > 0
    vector = floats["data"][1]["embedding"]
    assert sum(x * x for x in vector) == pytest.approx(1, abs=1e-3)
    raw = base64.b64decode(packed["data"][1]["embedding"])
    assert list(struct.unpack(f"<{len(raw) // 4}f", raw)) == pytest.approx(vector, abs=2e-2)


async def test_models(backend: Backend) -> None:
    reply = await backend.call(Call(method="GET", target="/v1/models", headers=(), body=b""))
    listed = json.loads(await body_of(reply))
    assert listed["object"] == "list"
    assert listed["data"][0]["id"]


async def test_bad_body_is_a_4xx(backend: Backend) -> None:
    call = Call(method="POST", target="/v1/chat/completions", headers=(), body=b"{}")
    reply = await backend.call(call)
    assert 400 <= reply.status < 500
    assert json.loads(await body_of(reply))["error"]["message"]


async def test_close_mid_stream(backend: Backend) -> None:
    reply = await backend.call(chat("[[chunks=50 gap=0.05]] tell a story", stream=True))
    async for _ in reply.chunks():
        break
    await reply.close()
    await reply.close()
    # The backend still works.
    assert (await body_of(await backend.call(chat()))).startswith(b"{")


async def test_cancel_while_waiting(backend: Backend) -> None:
    task = asyncio.create_task(backend.call(chat("[[delay=20]]")))
    await asyncio.sleep(0.05)
    task.cancel()
    results = await asyncio.gather(task, return_exceptions=True)
    if isinstance(results[0], BaseException):
        assert isinstance(results[0], asyncio.CancelledError)
    else:
        await results[0].close()
    assert (await backend.call(Call(method="GET", target="/v1/models", headers=(), body=b""))).status == 200


async def test_check_and_warm(backend: Backend) -> None:
    assert await backend.check() is None
    await asyncio.gather(*(backend.warm() for _ in range(5)))
    assert getattr(backend, "loads", 1) == 1


async def test_after_close(backend: Backend) -> None:
    await backend.close()
    await backend.close()
    with pytest.raises(BackendUnavailable):
        await backend.call(chat())
    with pytest.raises(BackendUnavailable):
        await backend.warm()


def test_unknown_kind() -> None:
    with pytest.raises(KeyError):
        load_backend("nonsense")
