"""OpenAI's usage objects, shared by its surfaces."""

from typing import Any

from halfpenny.proxy.surfaces.base import Reported
from halfpenny.proxy.surfaces.reading import as_count


def read_usage(usage: Any) -> Reported:
    """`usage` of a chat, completions or embeddings answer. Cached and reasoning tokens are parts of the totals."""
    return _read(usage, "prompt", "completion")


def read_response_usage(usage: Any) -> Reported:
    """`usage` of a response object: the same counts under the names of the Responses API."""
    return _read(usage, "input", "output")


def _read(usage: Any, put_in: str, got_out: str) -> Reported:
    if not isinstance(usage, dict) or f"{put_in}_tokens" not in usage:
        return Reported()
    return Reported(
        input_tokens=as_count(usage.get(f"{put_in}_tokens")),
        output_tokens=as_count(usage.get(f"{got_out}_tokens")),
        cached_input_tokens=_detail(usage, put_in, "cached_tokens"),
        cache_write_tokens=_detail(usage, put_in, "cache_write_tokens"),
        reasoning_tokens=_detail(usage, got_out, "reasoning_tokens"),
        raw=usage,
        known=True,
    )


def _detail(usage: dict[str, Any], side: str, name: str) -> int:
    details = usage.get(f"{side}_tokens_details")
    return as_count(details.get(name)) if isinstance(details, dict) else 0
