"""What may be looked up and what may be stored."""

import msgspec

from halfpenny.semantic_cache.volatile import Gate, load_gate

# A prompt that leans on the conversation is harmless to the exact key, which holds the whole conversation.
_CONTEXT = "context"


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration and the caller together allow for one request; `reason` says why something is withheld."""

    look_up: bool = True
    store: bool = True
    semantic: bool = True
    coalesce: bool = True
    reason: str = ""


def allow(
    *,
    exact_enabled: bool,
    semantic_enabled: bool,
    sampled_allowed: bool,
    sampled: bool,
    stateful: str,
    wish: str,
    no_cache: bool,
    no_store: bool,
) -> Allowed:
    """Fold configuration, request and wishes into one answer. The first reason to withhold everything wins."""
    withheld = ""
    if not exact_enabled:
        withheld = "off"
    elif wish == "off":
        withheld = "request"
    elif no_store:
        withheld = "no-store"
    elif stateful:
        withheld = "stateful"
    elif sampled and not sampled_allowed:
        withheld = "sampled"
    if withheld:
        return Allowed(look_up=False, store=False, semantic=False, coalesce=False, reason=withheld)
    return Allowed(
        look_up=not no_cache,
        store=True,
        semantic=semantic_enabled and wish == "semantic",
        coalesce=not no_cache,
        reason="no-cache" if no_cache else "",
    )


def without_volatile(allowed: Allowed, text: str, gate: Gate | None = None) -> Allowed:
    """Withdraw what a prompt that depends on now, on the conversation or on the outside world must not have.

    Asked after the exact lookup missed: what is volatile was never stored, so a hit needs no such question. `gate`
    defaults to that of the bundled languages.
    """
    reason = (gate or load_gate()).reason(text) if allowed.store and text else None
    if reason is None:
        return allowed
    if reason == _CONTEXT:
        return Allowed(look_up=allowed.look_up, semantic=False, coalesce=allowed.coalesce, reason="context")
    return Allowed(look_up=False, store=False, semantic=False, coalesce=allowed.coalesce, reason="volatile")
