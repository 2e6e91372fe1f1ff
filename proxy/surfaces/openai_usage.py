"""OpenAI's usage object, shared by its surfaces."""

from typing import Any

from halfpenny.proxy.surfaces.base import Reported
from halfpenny.proxy.surfaces.reading import as_count


def read_usage(usage: Any) -> Reported:
    """`usage` of a chat, completions or embeddings answer. Cached and reasoning tokens are parts of the totals."""
    if not isinstance(usage, dict) or "prompt_tokens" not in usage:
        return Reported()
    prompt_details = usage.get("prompt_tokens_details")
    output_details = usage.get("completion_tokens_details")
    return Reported(
        input_tokens=as_count(usage.get("prompt_tokens")),
        output_tokens=as_count(usage.get("completion_tokens")),
        cached_input_tokens=as_count(prompt_details.get("cached_tokens")) if isinstance(prompt_details, dict) else 0,
        reasoning_tokens=as_count(output_details.get("reasoning_tokens")) if isinstance(output_details, dict) else 0,
        raw=usage,
        known=True,
    )
