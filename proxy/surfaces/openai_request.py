"""What requests of OpenAI's surfaces have in common."""

from typing import Any

from halfpenny.proxy.surfaces.pieces import joined_names

SERVERS_OWN_NOISE = frozenset({"request_id", "priority", "session_id", "stream_interval"})
"""vLLM's own fields: delivery and scheduling, not the answer."""
ACCOUNT_NOISE = SERVERS_OWN_NOISE | {
    "stream",
    "stream_options",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "service_tier",
}
"""Fields about delivery, accounting and the provider's own prompt cache."""
OWN_TOOLS = frozenset({"function", "custom"})
"""Tools that the caller runs. Every other type runs at the provider and sees the world."""


def end_user_of(document: dict[str, Any]) -> str:
    """All that names the person behind the application."""
    metadata = document.get("metadata")
    user = metadata.get("user_id") if isinstance(metadata, dict) else None
    return joined_names([document.get("safety_identifier"), document.get("user"), user])
