"""Anthropic's usage object, whole or in the pieces that a stream sends."""

from typing import Any

from halfpenny.proxy.surfaces.base import Reported
from halfpenny.proxy.surfaces.reading import as_count


def read_usage(usage: Any) -> Reported:
    """All input is `input_tokens` + `cache_read_input_tokens` + `cache_creation_input_tokens` (SDK 2.12, `Usage`)."""
    if not isinstance(usage, dict) or "input_tokens" not in usage or "output_tokens" not in usage:
        return Reported()
    read = as_count(usage.get("cache_read_input_tokens"))
    written = as_count(usage.get("cache_creation_input_tokens"))
    details = usage.get("output_tokens_details")
    return Reported(
        input_tokens=as_count(usage["input_tokens"]) + read + written,
        output_tokens=as_count(usage["output_tokens"]),
        cached_input_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=as_count(details.get("thinking_tokens")) if isinstance(details, dict) else 0,
        raw=usage,
        known=True,
    )


def merged_usage(start: dict[str, Any], later: Any) -> dict[str, Any]:
    """Usage after one more event. Its counts are totals so far and replace the earlier ones; null replaces nothing."""
    if not isinstance(later, dict):
        return start
    return {**later, **start, **{name: value for name, value in later.items() if value is not None}}
