"""Which model next? The values that the router reads and returns. Decisions only, no I/O."""

from typing import Any, Literal, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the router sees it. Built by a surface; costs nothing that the proxy has not already
    computed.

    `messages` holds (role, text) of the whole conversation in order; `last_user` the last user text.
    `input_tokens` is an estimate; `max_output_tokens` 0 means that the caller set no limit. `has_tools`,
    `has_images` and `wants_schema` are hard requirements. Header names are lower case. `model` is empty on
    surfaces that name none. `vector` is the semantic cache's embedding, if any.
    """

    surface: str
    path: str
    model: str
    messages: tuple[tuple[str, str], ...] = ()
    last_user: str = ""
    input_tokens: int = 0
    max_output_tokens: int = 0
    has_tools: bool = False
    has_images: bool = False
    wants_schema: bool = False
    stream: bool = False
    tenant: str = ""
    tags: dict[str, str] = {}
    headers: dict[str, str] = {}
    vector: NDArray[np.float32] | None = None


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A backend as the router sees it: what it can do, not how it is reached.

    `models` are shell-style patterns of model names that it serves under the name asked for; `model` is the
    one name that it serves whatever was asked. `context_tokens` 0 means unknown (not checked); empty
    `surfaces` means all. Routes with `convert` also look at `native`, what it takes as it is (empty: not known), and at
    `convertible`, what can be put to it in its own dialect. `off_reason` says why it is
    not `enabled` ("OPENAI_API_KEY is not set").
    """

    name: str
    models: tuple[str, ...] = ()
    model: str | None = None
    enabled: bool = True
    off_reason: str = ""
    context_tokens: int = 0
    tools: bool = True
    vision: bool = True
    json_schema: bool = True
    surfaces: tuple[str, ...] = ()
    native: tuple[str, ...] = ()
    convertible: tuple[str, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One call that the router wants made: which backend, under which model name. `why` is printed by
    `explain`.
    """

    backend: str
    model: str
    role: Literal["small", "large", "only"] = "only"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Steps in the order in which to try them (the rest are fallbacks), and why."""

    route: str
    steps: tuple[Step, ...]
    why: dict[str, Any] = {}


class NoPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing can serve this; `message` says why, for the caller.

    `code` is `model_not_found` (no backend knows the name), `no_route` (no route fits), `denied` (an
    operator's rule), `constraint` (every backend of the route lacks something that the request needs) or
    `no_backend` (those that could serve it are off).
    """

    code: str
    message: str
    why: dict[str, Any] = {}


class SemanticRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a route says of semantic hits, which can only be stricter than the configuration. None: nothing, so that the
    configuration's own value holds.

    `max_false_hit_rate` is in 0..1, `ttl_s` the lifetime as a neighbour; `structured` False keeps requests for
    structured output out.
    """

    enabled: bool = True
    ttl_s: float | None = None
    max_false_hit_rate: float | None = None
    structured: bool | None = None

    def rate(self, configured: float, wished: float | None = None) -> float:
        """The strictest of what the configuration, the route and the caller ask for."""
        return min(rate for rate in (configured, self.max_false_hit_rate, wished) if rate is not None)

    def lifetime_s(self, configured_s: float) -> float:
        return configured_s if self.ttl_s is None else min(configured_s, self.ttl_s)


class Caching(msgspec.Struct, frozen=True, kw_only=True):
    """What a route says of keeping answers. None: nothing, so that `[cache]` holds.

    `ttl_s` replaces `cache.ttl`. Another `epoch` is another cache: what was stored under the former one is not found
    any more, and found again if the former one returns.
    """

    ttl_s: float | None = None
    sampled: bool | None = None
    epoch: str = ""
    semantic: SemanticRules = SemanticRules()


NO_CACHING = Caching()


class Policy(Protocol):
    """Orders the eligible candidates of a route. One method; must be pure and fast (under 1 ms)."""

    def order(self, prompt: Prompt, eligible: tuple[Step, ...]) -> tuple[tuple[Step, ...], dict[str, Any]]:
        """The same steps, best first, and what to print about the choice.

        A step may be left out where trying it would lower quality or break the operator's wish; none may be
        added. `eligible` already satisfies every hard constraint and is in the configured order.
        """
        ...
