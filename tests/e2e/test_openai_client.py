"""The official openai client, over a real socket, against the installed command and its real in-process model.

The configuration is the repository's own config.toml without a key: what a newcomer gets from `make serve`.
"""

import concurrent.futures
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

pytestmark = pytest.mark.model
ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """A proxy with the repository's configuration, models loaded: (data port, admin port)."""
    folder = tmp_path_factory.mktemp("serve")
    (folder / "config.toml").write_text((ROOT / "config.toml").read_text())
    data, admin = free_port(), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    command = [sys.executable, "-m", "halfpenny", "serve"]
    addresses = ["--listen", f"127.0.0.1:{data}", "--admin", f"127.0.0.1:{admin}"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command + addresses, cwd=folder, env=environment, stderr=log)
    try:
        wait_ready(admin, process, folder / "log")
        yield data, admin
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, (folder / "log").read_text()


def wait_ready(admin: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the models are loaded: nothing but the missing keys is degraded."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            degraded = get(admin, "/readyz")["degraded"]
        except OSError:
            degraded = ["not listening"]
        if all("_API_KEY is not set" in item for item in degraded):
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def get(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
        return json.load(reply)


@pytest.fixture(scope="module")
def client(ports: tuple[int, int]) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"http://127.0.0.1:{ports[0]}/v1", api_key="any", max_retries=0) as made:
        yield made


def ask(client: openai.OpenAI, text: str, **options: Any) -> tuple[str, str]:
    """(answer, Cache-Status)."""
    raw = client.chat.completions.with_raw_response.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": text}],
        temperature=0,
        max_completion_tokens=60,
        **options,
    )
    content = raw.parse().choices[0].message.content
    assert content
    return content, raw.headers["Cache-Status"]


def ask_streamed(client: openai.OpenAI, text: str, **options: Any) -> tuple[str, str]:
    with client.chat.completions.with_streaming_response.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": text}],
        temperature=0,
        max_completion_tokens=60,
        stream=True,
        **options,
    ) as raw:
        chunks = list(raw.parse())
        status = raw.headers["Cache-Status"]
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices), status


# What the model says depends on nothing but the text at temperature 0; short answers that end by themselves are stored.
QUESTION = "Say hello."


def test_models(client: openai.OpenAI) -> None:
    assert "smollm2-135m-instruct" in [model.id for model in client.models.list()]


def test_a_chat_and_its_repeat(client: openai.OpenAI) -> None:
    first, miss = ask(client, QUESTION)
    second, hit = ask(client, QUESTION)
    assert miss == "halfpenny; fwd=uri-miss; stored"
    assert hit.startswith("halfpenny; hit; detail=exact")
    assert second == first


def test_a_stream_is_served_from_the_whole_entry_and_the_other_way_round(client: openai.OpenAI) -> None:
    whole, _ = ask(client, QUESTION)
    streamed, status = ask_streamed(client, QUESTION)
    assert "detail=exact" in status
    assert streamed == whole
    first, status = ask_streamed(client, "Say good morning.")
    assert "fwd=uri-miss" in status
    again, status = ask(client, "Say good morning.")
    assert "detail=exact" in status
    assert again == first


def test_usage_in_a_stream(client: openai.OpenAI) -> None:
    for _ in range(2):
        with client.chat.completions.create(
            model="gpt-4o-mini",
            messages=[{"role": "user", "content": "Say goodbye."}],
            temperature=0,
            max_completion_tokens=60,
            stream=True,
            stream_options={"include_usage": True},
        ) as stream:
            last = list(stream)[-1]
        assert last.choices == []
        assert last.usage is not None
        assert last.usage.completion_tokens > 0


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_embeddings(client: openai.OpenAI, encoding: str) -> None:
    texts = ["half a penny", "a whole dollar"]
    replies = [
        client.embeddings.with_raw_response.create(
            model="smollm2-135m-instruct",
            input=texts,
            encoding_format=encoding,  # type: ignore[arg-type]
        )
        for _ in range(2)
    ]
    one, two = (reply.parse() for reply in replies)
    assert "detail=exact" in replies[1].headers["Cache-Status"]
    assert [item.embedding for item in one.data] == [item.embedding for item in two.data]
    assert len(one.data) == 2


def test_errors_are_the_clients_own(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.chat.completions.create(model="nonesuch", messages=[{"role": "user", "content": "x"}])
    assert refused.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError, match="messages"):
        client.chat.completions.create(model="gpt-4o-mini", messages=[])


STORED = [
    ("What is the capital of France?", "What's the capital city of France?"),
    ("How do I boil an egg?", "How can I boil an egg?"),
    ("Can you explain what a rainbow is?", "Please explain what a rainbow is."),
]
TWINS = [
    ("What is the capital of France?", "What is the capital of Spain?"),
    ("Name 3 fruits.", "Name 5 fruits."),
    ("Is it good to eat late?", "Is it not good to eat late?"),
    ("Which foods should dogs eat?", "Which foods should dogs not eat?"),
    ("Tell me about Alice Miller.", "Tell me about Alice Cooper."),
]


def first_sentence(client: openai.OpenAI, text: str) -> tuple[str, Any]:
    """(answer, headers). `stop` ends it after one sentence: an answer cut off by its limit would not be stored."""
    raw = client.chat.completions.with_raw_response.create(
        model="gpt-4o-mini",
        messages=[{"role": "user", "content": text}],
        temperature=0,
        stop=[".", "!", "?", "\n", ","],
        max_completion_tokens=200,
    )
    choice = raw.parse().choices[0]
    assert choice.finish_reason == "stop"
    return choice.message.content or "", raw.headers


@pytest.mark.parametrize(("stored", "asked"), STORED)
def test_a_rephrased_question_is_a_semantic_hit(client: openai.OpenAI, stored: str, asked: str) -> None:
    answer, _ = first_sentence(client, stored)
    again, headers = first_sentence(client, asked)
    assert "detail=semantic" in headers["Cache-Status"]
    assert float(headers["Halfpenny-Similarity"]) > 0.7
    assert again == answer


@pytest.mark.parametrize(("stored", "asked"), TWINS)
def test_its_negation_number_or_name_is_not(client: openai.OpenAI, stored: str, asked: str) -> None:
    first_sentence(client, stored)
    _, headers = first_sentence(client, asked)
    assert "fwd=uri-miss" in headers["Cache-Status"]


def test_a_hundred_streams_at_once_are_one_answer(client: openai.OpenAI, ports: tuple[int, int]) -> None:
    text = "Write two sentences about the sea."
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: ask_streamed(client, text), range(100)))
    assert len({answer for answer, _ in answers}) == 1
    statuses = [status for _, status in answers]
    assert sum("fwd=uri-miss" in status and "collapsed" not in status for status in statuses) == 1


def test_the_report_counts_it(ports: tuple[int, int]) -> None:
    report = get(ports[1], "/api/report?since=1h")
    assert report["outcomes"]["exact"] > 0
    assert report["outcomes"]["semantic"] > 0
    assert report["outcomes"]["coalesced"] > 0
    assert report["requests"] == sum(report["outcomes"].values())
    assert report["spend_usd"] == "0.000000"
