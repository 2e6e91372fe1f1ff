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
    asks_stream: bool = False
    """Whether the target itself asks for a stream."""


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
RESPONSES_ANSWER: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "model": "m",
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "hi there", "annotations": [], "logprobs": []}],
        }
    ],
    "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
}
_RESPONSES = Case(
    target="/v1/responses",
    body={"model": "m", "input": "hello", "store": False},
    answer=RESPONSES_ANSWER,
    unreadable=(b'{"model": ""}', b'{"model": 5}'),
    good_end=b"}\n\n",
)
MESSAGES_ANSWER: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "hi there"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
_MESSAGES = Case(
    target="/v1/messages",
    body={"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]},
    answer=MESSAGES_ANSWER,
    unreadable=(*NO_MODEL, b'{"model": "m"}', b'{"model": "m", "messages": "x"}'),
    good_end=b'event: message_stop\ndata: {"type":"message_stop"}\n\n',
)
GENERATE_ANSWER: dict[str, Any] = {
    "candidates": [{"content": {"parts": [{"text": "hi there"}], "role": "model"}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5},
    "modelVersion": "m-001",
    "responseId": "r1",
}
_GEMINI = "/v1beta/models/m"
_GEMINI_CONTENT = {"role": "user", "parts": [{"text": "hello"}]}
_GENERATE = Case(
    target=f"{_GEMINI}:generateContent",
    body={"contents": [_GEMINI_CONTENT]},
    answer=GENERATE_ANSWER,
    usage_at="usageMetadata",
    unreadable=(b"{}", b'{"contents": "x"}'),
    good_end=b"}\r\n\r\n",
)
_STREAM_GENERATE = dataclasses.replace(_GENERATE, target=f"{_GEMINI}:streamGenerateContent?alt=sse", asks_stream=True)
_GEMINI_EMBED = Case(
    target=f"{_GEMINI}:embedContent",
    body={"content": _GEMINI_CONTENT},
    answer={"embedding": {"values": [0.5, 0.25]}, "usageMetadata": {"promptTokenCount": 3}},
    usage_at="usageMetadata",
    tokens=(3, 0),
    unreadable=(b"{}", b'{"content": "hello"}'),
    streamed=False,
)
_AZURE = "/openai/deployments/d1"


def _on_azure(case: Case, path: str, *unreadable: bytes) -> Case:
    body = {name: value for name, value in case.body.items() if name != "model"}
    return dataclasses.replace(
        case, target=f"{_AZURE}/{path}?api-version=2024-10-21", body=body, model="d1", unreadable=unreadable
    )


CASES: dict[str, Case] = {
    "/v1/chat/completions": _CHAT,
    "/openai/v1/chat/completions": dataclasses.replace(_CHAT, target="/openai/v1/chat/completions"),
    "/v1/completions": _COMPLETIONS,
    "/v1/responses": _RESPONSES,
    "/openai/v1/responses": dataclasses.replace(_RESPONSES, target="/openai/v1/responses"),
    "/v1/embeddings": _EMBEDDINGS,
    "/openai/v1/embeddings": dataclasses.replace(_EMBEDDINGS, target="/openai/v1/embeddings"),
    "/v1/moderations": Case(
        target="/v1/moderations",
        body={"model": "m", "input": "hello"},
        model="",
        answer={"id": "1", "model": "m", "results": [{"flagged": False, "categories": {}}]},
        usage_at="",
        tokens=(0, 0),
        unreadable=(b"{}", b'{"model": "m"}'),
        streamed=False,
    ),
    "/openai/deployments/{model}/chat/completions": _on_azure(_CHAT, "chat/completions", b"{}"),
    "/openai/deployments/{model}/completions": _on_azure(_COMPLETIONS, "completions"),
    "/openai/deployments/{model}/embeddings": _on_azure(_EMBEDDINGS, "embeddings", b"{}"),
    "/v1/messages": _MESSAGES,
    "/v1/messages/count_tokens": dataclasses.replace(
        _MESSAGES,
        target="/v1/messages/count_tokens?beta=true",
        answer={"input_tokens": 14},
        usage_at="",
        tokens=(0, 0),
        streamed=False,
    ),
    "/{version}/models/{model}:generateContent": _GENERATE,
    "/{version}/models/{model}:streamGenerateContent?alt=sse": _STREAM_GENERATE,
    "/{version}/models/{model}:embedContent": _GEMINI_EMBED,
    "/{version}/models/{model}:batchEmbedContents": dataclasses.replace(
        _GEMINI_EMBED,
        target=f"{_GEMINI}:batchEmbedContents",
        body={"requests": [{"model": "models/m", "content": _GEMINI_CONTENT}]},
        answer={"embeddings": [{"values": [0.5, 0.25]}], "usageMetadata": {"promptTokenCount": 3}},
        unreadable=(b"{}", b'{"requests": {}}'),
    ),
    "/{version}/models/{model}:countTokens": dataclasses.replace(
        _GENERATE,
        target=f"{_GEMINI}:countTokens",
        answer={"totalTokens": 14},
        usage_at="",
        tokens=(0, 0),
        streamed=False,
    ),
    "/{version}/tunedModels/{model}:generateContent": dataclasses.replace(
        _GENERATE, target="/v1beta/tunedModels/t:generateContent", model="tunedModels/t"
    ),
    "/{version}/tunedModels/{model}:streamGenerateContent?alt=sse": dataclasses.replace(
        _STREAM_GENERATE, target="/v1beta/tunedModels/t:streamGenerateContent?alt=sse", model="tunedModels/t"
    ),
}
