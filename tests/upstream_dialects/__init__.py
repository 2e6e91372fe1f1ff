"""The dialects of the scripted upstream (`tests/upstream.py`): request in, whole answer and stream out, no I/O.

Written from the providers' documents and client libraries and sharing nothing with the proxy's own surfaces, so that
one can be held against the other. `find` names the endpoint of a path:

| path | dialect |
| --- | --- |
| `/v1/chat/completions`, `/v1/completions`, `/v1/embeddings`, `/v1/moderations`, `/v1/responses` | OpenAI |
| the same under `/openai/v1/`; under `/openai/deployments/{model}/` all but responses and moderations | Azure |
| `/v1/messages`, `/v1/messages/count_tokens` | Anthropic |
| `/v1beta/models/{model}:generateContent` and its family, also under `/v1/` and `/v1alpha/` | Gemini |
"""

import re

from tests.upstream_dialects import anthropic, gemini, openai, responses
from tests.upstream_dialects.base import Endpoint

_CHAT, _COMPLETIONS, _EMBEDDINGS = openai.Chat(), openai.Completions(), openai.Embeddings()
_OPENAI: dict[str, Endpoint] = {
    "chat/completions": _CHAT,
    "completions": _COMPLETIONS,
    "embeddings": _EMBEDDINGS,
    "moderations": openai.Moderations(),
    "responses": responses.Responses(),
}
PATHS: dict[str, Endpoint] = {
    **{f"/v1/{path}": endpoint for path, endpoint in _OPENAI.items()},
    **{f"/openai/v1/{path}": endpoint for path, endpoint in _OPENAI.items()},
    "/v1/messages": anthropic.Messages(),
    "/v1/messages/count_tokens": anthropic.CountTokens(),
}
_DEPLOYMENT = re.compile(r"/openai/deployments/[^/]+/(chat/completions|completions|embeddings)")
_GEMINI = re.compile(r"/(?:v1|v1beta|v1alpha)/models/[^/:]+:(\w+)")
METHODS: dict[str, Endpoint] = {
    "generateContent": gemini.GenerateContent(streams=False),
    "streamGenerateContent": gemini.GenerateContent(streams=True),
    "embedContent": gemini.EmbedContent(),
    "batchEmbedContents": gemini.BatchEmbedContents(),
    "countTokens": gemini.CountTokens(),
}


def find(path: str) -> Endpoint | None:
    """The endpoint of a POST path; None if this server does not speak it."""
    if (deployment := _DEPLOYMENT.fullmatch(path)) is not None:
        return _OPENAI[deployment[1]]
    if (method := _GEMINI.fullmatch(path)) is not None:
        return METHODS.get(method[1])
    return PATHS.get(path)
