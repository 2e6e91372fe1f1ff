"""The published specification (YAML) -> what the mock serves (JSON): `served_spec.py OPENAPI.yml OUT.json`.

Three changes, none of them to what a request must look like:

1. Every path begins with /v1, as in the address that clients use (the published file says so in `servers`).
2. The answers named in `ANSWERS` are given as examples. Without, the mock makes random ones that no cache may keep (a
   `finish_reason` of `content_filter`, a refusal), or repeats an example that is older than the SDK. So hits are real.
3. Dates become text, which is what JSON has.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

_TEXT = "A good day to you."
_RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1760000000,
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "metadata": {},
    "model": "gpt-5.4",
    "output": [
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": _TEXT, "annotations": [], "logprobs": []}],
        }
    ],
    "parallel_tool_calls": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "usage": {
        "input_tokens": 8,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 6,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 14,
    },
}
ANSWERS: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/chat/completions"): {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1760000000,
        "model": "gpt-5.4",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": _TEXT, "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 8, "completion_tokens": 6, "total_tokens": 14},
    },
    ("post", "/completions"): {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": 1760000000,
        "model": "gpt-3.5-turbo-instruct",
        "choices": [{"index": 0, "text": _TEXT, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 8, "completion_tokens": 6, "total_tokens": 14},
    },
    ("post", "/embeddings"): {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 0.125]}],
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
    },
    ("post", "/responses"): _RESPONSE,
    ("get", "/responses/{response_id}"): _RESPONSE,
    ("post", "/responses/{response_id}/cancel"): _RESPONSE,
}


def served(published: dict[str, Any]) -> dict[str, Any]:
    for (method, path), answer in ANSWERS.items():
        media = published["paths"][path][method]["responses"]["200"]["content"]["application/json"]
        media.pop("examples", None)
        media["example"] = answer
    paths = {f"/v1{path}": item for path, item in published["paths"].items()}
    return {**published, "servers": [{"url": "/"}], "paths": paths}


def main() -> None:
    source, out = map(Path, sys.argv[1:])
    published = yaml.load(source.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    out.write_text(json.dumps(served(published), default=str), encoding="utf-8")


if __name__ == "__main__":
    main()
