"""`POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent?alt=sse` (Google's Gemini API).

One surface for both methods: they answer the same question, so they share a key and one entry serves both. Without
`alt=sse` the streaming method answers with a JSON array; that passes through.
"""

from typing import Any

from halfpenny.proxy.errors import Dialect, bad_request
from halfpenny.proxy.surfaces.base import STRUCTURED, Ask, Plain, Reported, Surface, has_error
from halfpenny.proxy.surfaces.gemini_request import (
    NOISE,
    all_parts,
    contents_of,
    first,
    given,
    has_file,
    moved,
    parts_of,
    read_target,
    representation,
    text_of,
    whole_number,
)
from halfpenny.proxy.surfaces.gemini_stream import CandidateRecorder, document_of, has_content, stream_of
from halfpenny.proxy.surfaces.gemini_usage import read_usage
from halfpenny.proxy.surfaces.pieces import objects_in, size_of, unfit
from halfpenny.proxy.surfaces.reading import json_type, read_object

_CALLS = ("functionCall", "functionResponse", "toolCall", "toolResponse", "executableCode", "codeExecutionResult")
_DECLARATIONS = ("functionDeclarations", "function_declarations")
_EXACT_ONLY = ("seed", "responseLogprobs", "logprobs", "speechConfig", "imageConfig", "audioTranscriptionConfig")
_SCHEMA_FIELDS = ("responseMimeType", "responseSchema", "responseJsonSchema", "responseFormat")
_ROLES = {"model": "assistant", "user": "user", "function": "tool", "tool": "tool"}


class GeminiGenerate(Plain):
    name = "gemini_generate"
    dialect: Dialect = "gemini"
    path = "/v1beta/models/{model}:generateContent"
    model_in_body = False

    def read(self, body: bytes, target: str) -> Ask:
        document = read_object(body)
        asked = read_target(target)
        contents = required_contents(document)
        parts = list(all_parts([*contents, *given(document, "systemInstruction")]))
        config = objects_in(given(document, "generationConfig"))
        tools = bool(given(document, "tools")) or any(given(part, name) for part in parts for name in _CALLS)
        blobs = any(given(part, name) for part in parts for name in ("inlineData", "fileData"))
        schema = _wants_schema(config)
        exact_only = _exact_only(document, contents, config, tools=tools, blobs=blobs, schema=schema)
        semantic = exact_only in ("", STRUCTURED)
        text, frame = _split(document, contents) if semantic else ("", None)
        said = _said(document, contents)
        temperatures = [value for part in config for value in given(part, "temperature")]
        return Ask(
            document=document,
            model=asked.model,
            stream=asked.method == "streamGenerateContent",
            wants_usage=True,
            noise=NOISE,
            stateful=representation(asked) or _stateful(document, parts),
            exact_only=exact_only,
            text=text,
            frame=frame,
            namespace=_namespace(document, config) if semantic else None,
            messages=said,
            input_bytes=sum(size_of(text) for _, text in said),
            max_output_tokens=max((whole_number(first(part, "maxOutputTokens")) for part in config), default=0),
            has_tools=tools,
            has_images=blobs,
            wants_schema=schema,
            sampled=not temperatures or any(value != 0 for value in temperatures),
            scope=asked.scope,
        )

    def retarget(self, target: str, model: str) -> str:
        return moved(target, model)

    def reported(self, document: Any) -> Reported:
        return read_usage(document.get("usageMetadata")) if isinstance(document, dict) else Reported()

    def admissible(self, document: Any) -> str:
        if not isinstance(document, dict) or has_error(document):
            return "an error in the body"
        feedback = document.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            return "a blocked prompt"
        candidates = document.get("candidates")
        if not isinstance(candidates, list) or not candidates or len(objects_in(candidates)) != len(candidates):
            return "no candidates"
        for candidate in candidates:
            if candidate.get("finishReason") != "STOP":
                return f"finishReason {candidate.get('finishReason')}"
            if candidate.get("continuationToken") is not None:
                return "server state"
            if not any(has_content(part) for part in parts_of(candidate.get("content"))):
                return "an empty answer"
        return ""

    def recorder(self, ask: Ask) -> CandidateRecorder:
        config = objects_in(given(ask.document, "generationConfig"))
        wanted = [whole_number(value) for part in config for value in given(part, "candidateCount")]
        return CandidateRecorder(candidates=max(wanted, default=0) or 1)

    def to_stream(self, document: Any, *, include_usage: bool) -> bytes:
        """Raises ValueError for an answer that the dialect's stream cannot carry. Usage is always a part of it."""
        return stream_of(document)

    def to_document(self, stream: bytes) -> dict[str, Any]:
        """Raises ValueError for a stream that is not whole or holds what we do not understand."""
        return document_of(stream)


_fits: type[Surface] = GeminiGenerate


def required_contents(document: dict[str, Any]) -> list[dict[str, Any]]:
    """`contents`, the objects in it. Raises `ProxyError` (400) if there are none or they are no list."""
    values = given(document, "contents")
    if not values:
        raise bad_request("missing required parameter: 'contents'", code="missing_required_parameter", param="contents")
    for value in values:
        if not isinstance(value, list | dict):
            raise bad_request(
                f"'contents' must be an array, not {json_type(value)}", code="invalid_type", param="contents"
            )
    return contents_of(document)


def stateful_parts(document: dict[str, Any], parts: list[dict[str, Any]]) -> str:
    """Why an answer to this may not be stored, whatever is asked: it depends on what the provider keeps."""
    if given(document, "cachedContent"):
        return "cachedContent"
    return "remote content" if has_file(iter(parts)) else ""


def _stateful(document: dict[str, Any], parts: list[dict[str, Any]]) -> str:
    if any(value is not False for value in given(document, "store")):
        return "store"
    for name in ("continuationToken", "outputConfig"):
        # the latter has the provider write into the caller's bucket
        if given(document, name):
            return name
    for tools in given(document, "tools"):
        for tool in objects_in(tools):
            # whatever is not a declared function runs at the provider, or we have never heard of it
            if any(tool[name] is not None for name in tool if name not in _DECLARATIONS):
                return "hosted tool"
    return stateful_parts(document, parts)


def _wants_schema(config: list[dict[str, Any]]) -> bool:
    for part in config:
        if any(value != "text/plain" for value in given(part, "responseMimeType")):
            return True
        if any(given(part, name) for name in _SCHEMA_FIELDS[1:]):
            return True
    return False


def _exact_only(
    document: dict[str, Any],
    contents: list[dict[str, Any]],
    config: list[dict[str, Any]],
    *,
    tools: bool,
    blobs: bool,
    schema: bool,
) -> str:
    if tools:
        return "tools"
    if blobs:
        return "not only text"
    for part in config:
        if any(value not in (1, "1") for value in given(part, "candidateCount")):
            return "candidateCount"
        if any(value != ["TEXT"] for value in given(part, "responseModalities")):
            return "responseModalities"
        for name in _EXACT_ONLY:
            if any(value is not False for value in given(part, name)):
                return name
    if not contents or [contents] != given(document, "contents"):
        return "odd contents"
    for content in contents:
        for part in parts_of(content):
            if given(part, "thoughtSignature") or part.get("thought"):
                return "thinking"
        if _plain_text(content) is None:
            return "not only text"
    if contents[-1].get("role") not in (None, "user"):
        return "the last message is not the user's"
    return unfit(_plain_text(contents[-1]) or "") or (STRUCTURED if schema else "")


def _plain_text(content: dict[str, Any]) -> str | None:
    """The text of a content that is nothing but text; None for every other."""
    parts = content.get("parts")
    if not isinstance(parts, list):
        return None
    texts = [part["text"] for part in parts if isinstance(part, dict) and part.keys() == {"text"}]
    texts = [text for text in texts if isinstance(text, str)]
    return "\n".join(texts) if len(texts) == len(parts) else None


def _split(document: dict[str, Any], contents: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    *earlier, last = contents
    return _plain_text(last) or "", {**document, "contents": [*earlier, {**last, "parts": None}]}


def _namespace(document: dict[str, Any], config: list[dict[str, Any]]) -> dict[str, Any]:
    """What all conversations of one app have in common: system instruction, tools, schema. The path has the model."""
    schema = {name: [value for part in config for value in given(part, name)] for name in _SCHEMA_FIELDS}
    shared = {name: given(document, name) for name in ("systemInstruction", "tools", "toolConfig")}
    return {name: values for name, values in (shared | schema).items() if values}


def _said(document: dict[str, Any], contents: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """(role, text) of the system instruction and of every turn, roles in the words of the other dialects."""
    system = [("system", text_of(value)) for value in given(document, "systemInstruction")]
    return (*system, *((_role(content), text_of(content)) for content in contents))


def _role(content: dict[str, Any]) -> str:
    role = content.get("role")
    return _ROLES.get(role, role) if isinstance(role, str) else "user"
