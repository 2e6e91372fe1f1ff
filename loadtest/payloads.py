"""What is sent and answered: sizes as a chat with a system prompt has them (body 3.2 KB, answer 1.7 KB)."""

import json
from collections.abc import Iterator
from itertools import count

from loadtest import http1

CHAT = "/v1/chat/completions"
UNKNOWN = "/v1/loadtest/unknown"
CALLS = "/loadtest/calls"
"""On the raw upstream: how many calls it answered."""

_RULE = "Rule {:02d}: answer from the handbook of the harbour office, name the page, and say so when it is silent."
_SYSTEM = "\n".join(["You are the assistant of a harbour office.", *(_RULE.format(at) for at in range(1, 31))])
_SENTENCE = "Vessels berth by draught and by cargo, see page {:03d}. "
_MARK = "0000000000"

SDK_HEADERS = (
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip, deflate"),
    ("User-Agent", "OpenAI/Python 2.8.1"),
    ("X-Stainless-Lang", "python"),
    ("X-Stainless-Package-Version", "2.8.1"),
    ("X-Stainless-OS", "Linux"),
    ("X-Stainless-Arch", "x64"),
    ("X-Stainless-Runtime", "CPython"),
    ("X-Stainless-Runtime-Version", "3.11.7"),
    ("Authorization", "Bearer loadtest"),
    ("X-Stainless-Async", "async:asyncio"),
    ("X-Stainless-Retry-Count", "0"),
    ("X-Stainless-Read-Timeout", "600"),
    ("Content-Type", "application/json"),
)
"""As an official SDK sends them: their number is part of the cost."""

UPSTREAM_HEADERS = (
    ("Date", "Sun, 22 Nov 2026 12:00:00 GMT"),
    ("Content-Type", "application/json"),
    ("openai-processing-ms", "1"),
    ("openai-version", "2020-10-01"),
    ("x-request-id", "req_0123456789abcdef"),
)

HIT_HEADERS = (
    ("Content-Type", "application/json"),
    ("Cache-Status", "halfpenny; hit; ttl=86399; detail=exact"),
    ("Age", "0"),
    ("Halfpenny-Request-Id", "hp-00000000000000000000000000000"),
    ("x-request-id", "hp-00000000000000000000000000000"),
    ("Halfpenny-Served-By", "up/gpt-4o-mini"),
    ("Halfpenny-Cost-Usd", "0.000000"),
    ("Halfpenny-Saved-Usd", "0.000217"),
)
"""What the proxy sends with a hit; the bare server sends as many, so that only the work differs."""


def _answer() -> bytes:
    text = "".join(_SENTENCE.format(page) for page in range(1, 25))
    message = {"role": "assistant", "content": text, "refusal": None}
    document = {
        "id": "chatcmpl-loadtest",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 700, "completion_tokens": 300, "total_tokens": 1000},
    }
    return json.dumps(document).encode()


ANSWER = _answer()


def chat_body(mark: str = _MARK) -> bytes:
    """A chat request; bodies of equally long marks are equally long."""
    question = f"Question {mark}: where does a vessel with a draught of nine metres berth?"
    messages = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": question}]
    return json.dumps({"model": "gpt-4o-mini", "temperature": 0, "messages": messages}).encode()


def post(address: tuple[str, int], target: str, body: bytes) -> bytes:
    """A whole request as the SDK would send it."""
    return http1.request("POST", target, (("Host", f"{address[0]}:{address[1]}"), *SDK_HEADERS), body)


def repeated(address: tuple[str, int], target: str, keys: int) -> Iterator[bytes]:
    """`keys` different requests, round and round."""
    requests = [post(address, target, chat_body(f"{at:010d}")) for at in range(keys)]
    while True:
        yield from requests


def different(address: tuple[str, int], target: str, first: int) -> Iterator[bytes]:
    """Every request with a body of its own, numbered from `first` (below 10^10)."""
    before, _, after = post(address, target, chat_body()).partition(_MARK.encode())
    for number in count(first):
        yield before + b"%010d" % number + after
