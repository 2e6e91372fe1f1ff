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


class SemanticRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says of semantic hits, as it holds for one route.

    `max_false_hit_rate` is the share of requests that may get a wrong answer, `ttl_s` the age in seconds up to which
    an answer may be served to another prompt. `structured` lets answers of a given schema be shared, `shared_users`
    answers between the end users of a tenant (without it the end user is a part of the partition).
    """

    enabled: bool = True
    max_false_hit_rate: float = 0.01
    ttl_s: float = 6 * 3600
    structured: bool = False
    shared_users: bool = False


class RouteRules(msgspec.Struct, frozen=True, kw_only=True):
    """What one route says of it; None: nothing. See `stricter`."""

    semantic: bool | None = None
    max_false_hit_rate: float | None = None
    ttl_s: float | None = None
    structured: bool | None = None
    shared_users: bool | None = None


def stricter(base: SemanticRules, route: RouteRules) -> SemanticRules:
    """`base` as narrowed by the route. What would be looser than `base` changes nothing (`looser` names it), and no
    comparison lets a number through that is none (NaN)."""
    return SemanticRules(
        enabled=base.enabled and route.semantic is not False,
        max_false_hit_rate=_least(base.max_false_hit_rate, route.max_false_hit_rate),
        ttl_s=_least(base.ttl_s, route.ttl_s),
        structured=base.structured and route.structured is not False,
        shared_users=base.shared_users and route.shared_users is not False,
    )


def looser(base: SemanticRules, route: RouteRules) -> tuple[str, ...]:
    """The fields in which the route asks for more than `base` allows: a configuration with any should be refused."""
    switches = {"semantic": (base.enabled, route.semantic)}
    switches |= {name: (getattr(base, name), getattr(route, name)) for name in ("structured", "shared_users")}
    wide = [name for name, (allowed, asked) in switches.items() if asked and not allowed]
    for name in ("max_false_hit_rate", "ttl_s"):
        asked = getattr(route, name)
        if asked is not None and not asked <= getattr(base, name):
            wide.append(name)
    return tuple(wide)


def _least(base: float, route: float | None) -> float:
    return route if route is not None and route < base else base


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
