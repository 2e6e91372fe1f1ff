"""Token counts as a caller's dialect shows them; their reading is that of the surfaces.

OpenAI and Google count cached input within the input, Anthropic beside it; Google counts thoughts beside the output,
the others within it.
"""

from collections.abc import Callable
from typing import Any

from halfpenny.proxy.surfaces import anthropic_usage, gemini_usage, openai_usage
from halfpenny.proxy.surfaces.base import Reported

_READERS: dict[str, tuple[str, Callable[[Any], Reported]]] = {
    "openai": ("usage", openai_usage.read_usage),
    "anthropic": ("usage", anthropic_usage.read_usage),
    "gemini": ("usageMetadata", gemini_usage.read_usage),
}


def reported(spoken: str, document: Any) -> Reported:
    """Usage of a whole answer of a spoken dialect; not `known` if there is none. Raises ValueError for other names."""
    if spoken not in _READERS:
        raise ValueError(f"no such dialect: {spoken}")
    name, read = _READERS[spoken]
    return read(document.get(name)) if isinstance(document, dict) else Reported()


def for_chat(usage: Reported) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
    }


def for_messages(usage: Reported) -> dict[str, Any]:
    """All zero if nothing is known: the object is required there."""
    beside = usage.cached_input_tokens + usage.cache_write_tokens
    written: dict[str, Any] = {
        "input_tokens": max(0, usage.input_tokens - beside),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_input_tokens,
        "output_tokens": usage.output_tokens,
    }
    if usage.reasoning_tokens:
        written["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return written


def for_generate(usage: Reported) -> dict[str, Any]:
    written = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": max(0, usage.output_tokens - usage.reasoning_tokens),
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
    }
    if usage.cached_input_tokens:
        written["cachedContentTokenCount"] = usage.cached_input_tokens
    if usage.reasoning_tokens:
        written["thoughtsTokenCount"] = usage.reasoning_tokens
    return written


def for_responses(usage: Reported) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
