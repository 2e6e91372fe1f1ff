"""One case for every path of the table of surfaces: a request that says "hello" and a whole good answer to it.

A new surface adds a case here; tests/contract/test_surfaces.py runs its checks over all of them.
"""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class Case:
    target: str
    """A concrete request target."""
    body: dict[str, Any]
    answer: dict[str, Any]
    usage_at: str = "usage"
    """The answer's field that holds the provider's usage; "" where nothing is reported because nothing is charged."""
    tokens: tuple[int, int] = (3, 2)
    """Input and output tokens of the answer."""
    unreadable: tuple[bytes, ...] = ()
    """Bodies that this surface must refuse, besides what no surface can read."""
    streamed: bool = True
    model: str = "m"
    good_end: bytes = b""
    """What the stream form must end with."""


NO_MODEL = (b"{}", b'{"model": ""}', b'{"model": null}')
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
CHAT_BODY = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
CHAT_ANSWER: dict[str, Any] = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "hi there"},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": USAGE,
}
COMPLETIONS_ANSWER: dict[str, Any] = {
    "id": "1",
    "object": "text_completion",
    "created": 1,
    "model": "m",
    "choices": [{"text": "hi there", "index": 0, "logprobs": None, "finish_reason": "stop"}],
    "usage": USAGE,
}
EMBEDDINGS_ANSWER: dict[str, Any] = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}],
    "model": "m",
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}
_CHAT = Case(
    target="/v1/chat/completions",
    body=CHAT_BODY,
    answer=CHAT_ANSWER,
    unreadable=NO_MODEL,
    good_end=b"data: [DONE]\n\n",
)
_COMPLETIONS = Case(
    target="/v1/completions",
    body={"model": "m", "prompt": "hello"},
    answer=COMPLETIONS_ANSWER,
    unreadable=NO_MODEL,
    good_end=b"data: [DONE]\n\n",
)
_EMBEDDINGS = Case(
    target="/v1/embeddings",
    body={"model": "m", "input": "hello"},
    answer=EMBEDDINGS_ANSWER,
    tokens=(3, 0),
    unreadable=NO_MODEL,
    streamed=False,
)
_AZURE = "/openai/deployments/d1"


def _on_azure(case: Case, path: str) -> Case:
    body = {name: value for name, value in case.body.items() if name != "model"}
    return dataclasses.replace(
        case, target=f"{_AZURE}/{path}?api-version=2024-10-21", body=body, model="d1", unreadable=(b"{}",)
    )


CASES: dict[str, Case] = {
    "/v1/chat/completions": _CHAT,
    "/openai/v1/chat/completions": dataclasses.replace(_CHAT, target="/openai/v1/chat/completions"),
    "/v1/completions": _COMPLETIONS,
    "/v1/embeddings": _EMBEDDINGS,
    "/openai/v1/embeddings": dataclasses.replace(_EMBEDDINGS, target="/openai/v1/embeddings"),
    "/v1/moderations": Case(
        target="/v1/moderations",
        body={"model": "m", "input": "hello"},
        answer={"id": "1", "model": "m", "results": [{"flagged": False, "categories": {}}]},
        usage_at="",
        tokens=(0, 0),
        unreadable=(b"{}", b'{"model": "m"}'),
        streamed=False,
    ),
    "/openai/deployments/{model}/chat/completions": _on_azure(_CHAT, "chat/completions"),
    "/openai/deployments/{model}/completions": _on_azure(_COMPLETIONS, "completions"),
    "/openai/deployments/{model}/embeddings": _on_azure(_EMBEDDINGS, "embeddings"),
}
