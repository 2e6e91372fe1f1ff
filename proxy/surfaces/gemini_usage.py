"""Gemini's `usageMetadata`."""

from typing import Any

from halfpenny.proxy.surfaces.base import Reported
from halfpenny.proxy.surfaces.reading import as_count


def read_usage(usage: Any) -> Reported:
    """`promptTokenCount` holds the cached tokens; what tools added to the prompt is counted beside it, and thoughts
    beside `candidatesTokenCount` (SDK 3.4, `GenerateContentResponseUsageMetadata`). Zeros are left out on the wire."""
    if not isinstance(usage, dict) or "promptTokenCount" not in usage:
        return Reported()
    thoughts = as_count(usage.get("thoughtsTokenCount"))
    return Reported(
        input_tokens=as_count(usage["promptTokenCount"]) + as_count(usage.get("toolUsePromptTokenCount")),
        output_tokens=as_count(usage.get("candidatesTokenCount")) + thoughts,
        cached_input_tokens=as_count(usage.get("cachedContentTokenCount")),
        reasoning_tokens=thoughts,
        raw=usage,
        known=True,
    )
