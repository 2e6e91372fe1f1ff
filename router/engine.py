"""From a request to a plan: route, known model, rules, constraints, policy. The order is the point."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from halfpenny.router.base import (
    NO_CACHING,
    Caching,
    Candidate,
    NoPlan,
    Plan,
    Policy,
    Prompt,
    SemanticRules,
    Step,
)
from halfpenny.router.constraints import claims, foreign, is_embedding, lacks, off
from halfpenny.router.policies import POLICIES, load_policy
from halfpenny.router.rules import Match, Route, RouteError, Rule, Test, compile_match

_log = logging.getLogger(__name__)
_KNOWN_SHOWN = 20  # names in a "model not found" message
_NAME_SHOWN = 200  # characters of a name that a caller made up

Role = Literal["small", "large", "only"]


class _Rule(NamedTuple):
    rule: Rule
    name: str
    fits: Test


class _Route(NamedTuple):
    """A checked route. `pool` is in the order of preference; pinned requests too must pass `tenant_fits`."""

    route: Route
    fits: Test
    tenant_fits: Test
    rules: tuple[_Rule, ...]
    pool: tuple[Candidate, ...]
    policy: Policy
    caching: Caching


class _Choice(NamedTuple):
    """Where a request may go, where it may not and why, and remarks for `explain`.

    `settled`: a rule, a pin, the model's own name or the nature of vectors has decided, so small and large
    mean nothing.
    """

    candidates: tuple[Candidate, ...]
    settled: bool
    excluded: dict[str, list[str]]
    notes: tuple[str, ...]


class Router:
    """Plans requests over fixed routes and candidates. Immutable: a new configuration is a new router.

    Without routes there is one, "default", that fits everything and takes every candidate in order. Raises
    `RouteError`, naming the key, where routes and candidates do not fit together. `warnings` are for the
    operator.
    """

    def __init__(self, routes: Sequence[Route], candidates: Sequence[Candidate]) -> None:
        self._candidates = {candidate.name: candidate for candidate in candidates}
        if len(self._candidates) != len(candidates):
            raise RouteError("backends", "two backends have the same name")
        self._routes: dict[str, _Route] = {}
        for route in routes or (Route(name="default"),):
            if route.name in self._routes:
                raise RouteError(f"routes.{route.name}", "two routes have this name")
            self._routes[route.name] = self._compile(route)
        listed = {candidate.name for compiled in self._routes.values() for candidate in compiled.pool}
        forced = {rule.rule.use for compiled in self._routes.values() for rule in compiled.rules}
        self._unlisted = tuple(c for c in candidates if c.name not in listed)
        self.warnings = tuple(
            f"backend {c.name!r} is in no route: only a request for its own model {c.model!r} can reach it"
            for c in self._unlisted
            if c.name not in forced
        )

        matches = [m for r in self._routes.values() for m in (r.route.match, *(rule.match for rule in r.route.rules))]
        self._tags = sorted({tag for match in matches for tag in match.tag})
        self._headers = sorted({header.lower() for match in matches for header in match.header})
        self._streams = any(match.stream is not None for match in matches)
        self.reads_prompts = any(match.prompt is not None for match in matches)
        """Whether a route or rule looks into the text of requests."""
        self.reads_more = bool(self._tags or self._headers or self._streams)
        self.sets_caching = any(r.caching != NO_CACHING for r in self._routes.values())
        """Whether a route says anything of keeping answers: if not, `caching` need not be asked."""

    def key_parts(self, tags: Mapping[str, str], headers: Mapping[str, str], *, stream: bool) -> tuple[object, ...]:
        """What routes and rules read of a request besides its body and path: it belongs into a cache key, or an answer
        would be served to a request that goes elsewhere. `headers` have lower-case names. Empty if they read nothing.
        """
        parts: list[object] = [(tag, tags.get(tag)) for tag in self._tags]
        parts += [(header, headers.get(header)) for header in self._headers]
        if self._streams:
            parts.append(stream)
        return tuple(parts)

    def caching(
        self, prompt: Prompt, *, pinned_route: str | None = None, pinned_model: str | None = None
    ) -> Caching:
        """What the route that `plan` would choose says of keeping answers; nothing where there is none."""
        if not self.sets_caching:
            return NO_CACHING
        asked = msgspec.structs.replace(prompt, model=pinned_model) if pinned_model else prompt
        compiled, _ = self._route_for(asked, pinned_route, {})
        if compiled is not None and pinned_model and not compiled.route.allow_pin:
            compiled, _ = self._route_for(prompt, pinned_route, {})
        return compiled.caching if compiled is not None else NO_CACHING

    def semantic_of(
        self, prompt: Prompt, *, pinned_route: str | None = None, pinned_model: str | None = None
    ) -> SemanticRules:
        """The same of semantic hits alone."""
        return self.caching(prompt, pinned_route=pinned_route, pinned_model=pinned_model).semantic

    def converts(self, route: str) -> bool:
        """Whether requests of this route may be put to backends in another dialect."""
        compiled = self._routes.get(route)
        return compiled is not None and compiled.route.convert

    def plan(
        self,
        prompt: Prompt,
        *,
        pinned_route: str | None = None,
        pinned_model: str | None = None,
        small_is_ready: bool = True,
    ) -> Plan | NoPlan:
        """The steps to try, in order, or why there are none. Never raises for any prompt.

        Pins are the caller's (`Halfpenny-Route`, `Halfpenny-Model`). They are ignored, and `why` says so,
        where the route does not allow them, and a pinned route where a rule of the route that fits by itself
        has spoken. With `small_is_ready` false (its model is still loading) the small backend is tried last.
        """
        why: dict[str, Any] = {}
        asked = msgspec.structs.replace(prompt, model=pinned_model) if pinned_model else prompt
        compiled, rule = self._route_for(asked, pinned_route, why)
        if compiled is not None and pinned_model and not compiled.route.allow_pin:
            why["pinned_model"] = f"{pinned_model!r} ignored: route {compiled.route.name!r} allows no pins"
            asked, pinned_model = prompt, None
            compiled, rule = self._route_for(asked, pinned_route, why)
        if compiled is None:
            return NoPlan(code="no_route", message="no route fits this request", why=why)
        why |= {"route": compiled.route.name, "model": asked.model, "rule": rule.name if rule else None}
        if asked.model and not any(claims(c, asked.model) for c in self._candidates.values()):
            message = f"model {asked.model[:_NAME_SHOWN]!r} is not served here; known: {self._known_models()}"
            return NoPlan(code="model_not_found", message=message, why=why)
        if rule is not None and rule.rule.deny is not None:
            message = f"refused by rule {rule.name!r}: {rule.rule.deny}"
            return NoPlan(code="denied", message=message, why=why)

        choice = self._choose(asked, compiled, rule, pinned=bool(pinned_model))
        why["excluded"] = choice.excluded
        if choice.notes:
            why["notes"] = list(choice.notes)
        if not choice.candidates:
            return _nothing_left(compiled.route, choice.excluded, why)
        eligible = tuple(_step(c, compiled.route, asked, settled=choice.settled) for c in choice.candidates)
        steps = eligible if choice.settled and len(eligible) == 1 else _order(asked, compiled, eligible, why)
        if not small_is_ready and any(step.role == "small" for step in steps):
            steps = tuple(sorted(steps, key=lambda step: step.role == "small"))
            why["small"] = "not ready yet: tried last"
        if not steps:
            return _nothing_left(compiled.route, choice.excluded, why)
        why["order"] = [f"{step.backend}/{step.model}" for step in steps]
        return Plan(route=compiled.route.name, steps=steps, why=why)

    def _route_for(
        self, prompt: Prompt, pinned: str | None, why: dict[str, Any]
    ) -> tuple[_Route | None, _Rule | None]:
        """The route, and its rule that fits. A caller's pin cannot escape an operator's rule."""
        natural = next((route for route in self._routes.values() if route.fits(prompt)), None)
        rule = _first_rule(natural, prompt) if natural else None
        if pinned is None or (natural and pinned == natural.route.name):
            return natural, rule
        target = self._routes.get(pinned)
        if target is None:
            ignored = "there is no such route"
        elif not target.route.allow_pin or not target.tenant_fits(prompt):
            ignored = "it may not be pinned by this caller"
        elif natural and rule:
            ignored = f"rule {rule.name!r} of route {natural.route.name!r} holds"
        else:
            why["pinned_route"] = pinned
            return target, _first_rule(target, prompt)
        why["pinned_route"] = f"{pinned!r} ignored: {ignored}"
        return natural, rule

    def _choose(self, prompt: Prompt, compiled: _Route, rule: _Rule | None, *, pinned: bool) -> _Choice:
        """Rule, then what the requested model means, then constraints."""
        pool = compiled.pool
        excluded: dict[str, list[str]] = {}
        notes: list[str] = []
        if rule is not None and rule.rule.use is not None:
            pool = (self._candidates[rule.rule.use],)
            notes.append(f"rule {rule.name!r} forces {rule.rule.use!r}")
        else:
            meant = [c for c in self._candidates.values() if prompt.model and c.model == prompt.model]
            if meant:
                here = tuple(c for c in meant if c in pool or c in self._unlisted)
                pool = here or tuple(c for c in pool if claims(c, prompt.model))
                excluded |= {
                    c.name: [f"route: {compiled.route.name!r} does not use it"] for c in meant if not here
                }
                notes.append(f"{prompt.model!r} is what {meant[0].name!r} serves: nothing stands in for it")
            elif pinned:
                pool = tuple(c for c in pool if claims(c, prompt.model))
                notes.append(f"{prompt.model!r} is pinned: nothing stands in for it")
            elif is_embedding(prompt) and prompt.model:
                pool, note = _same_vectors(pool, tuple(self._candidates.values()), prompt)
                notes.append(note)
        usable: list[Candidate] = []
        for candidate in pool:
            reasons = list(lacks(prompt, candidate, convert=compiled.route.convert))
            if prompt.model and candidate.model is None and not claims(candidate, prompt.model):
                reasons.insert(0, f"model: it does not serve {prompt.model!r}")
            if switched_off := off(candidate):
                reasons.insert(0, switched_off)
            if reasons:
                excluded[candidate.name] = reasons
            else:
                usable.append(candidate)
        if compiled.route.convert:
            strangers = {c.name: foreign(prompt, c) for c in usable if foreign(prompt, c)}
            if len(strangers) < len(usable):
                usable = [c for c in usable if c.name not in strangers]
                excluded |= {name: [reason] for name, reason in strangers.items()}
        return _Choice(tuple(usable), bool(notes), excluded, tuple(notes))

    def _compile(self, route: Route) -> _Route:
        key = f"routes.{route.name}"
        if route.policy not in POLICIES:
            raise RouteError(f"{key}.policy", f"{route.policy!r} is not one of {', '.join(POLICIES)}")
        if not 0.0 <= route.quality_floor <= 1.0:
            raise RouteError(f"{key}.quality_floor", f"must be between 0 and 1, not {route.quality_floor}")
        if route.max_false_hit_rate is not None and not 0.0 <= route.max_false_hit_rate <= 1.0:
            raise RouteError(f"{key}.max_false_hit_rate", f"must be between 0 and 1, not {route.max_false_hit_rate}")
        pool = tuple(self._named(name, where) for name, where in self._pool_names(route, key))
        rules = tuple(self._compile_rule(rule, f"{key}.rules[{at}]") for at, rule in enumerate(route.rules))
        policy = load_policy(
            route.policy,
            small=route.small,
            large=route.large,
            quality_floor=route.quality_floor,
            fallback=route.fallback,
            weights=dict(zip(route.backends, route.weights, strict=False)),
        )
        return _Route(
            route=route,
            fits=compile_match(route.match, f"{key}.match"),
            tenant_fits=compile_match(Match(tenant=route.match.tenant), f"{key}.match"),
            rules=rules,
            pool=pool,
            policy=policy,
            caching=route.caching(),
        )

    def _compile_rule(self, rule: Rule, key: str) -> _Rule:
        if (rule.use is None) == (rule.deny is None):
            raise RouteError(key, "needs exactly one of `use` and `deny`")
        if rule.use is not None:
            self._named(rule.use, f"{key}.use")
        return _Rule(rule, rule.name or key, compile_match(rule.match, f"{key}.match"))

    def _pool_names(self, route: Route, key: str) -> list[tuple[str, str]]:
        """(backend, the key that names it), in the order of preference."""
        pair = [
            (name, f"{key}.{part}") for part, name in (("large", route.large), ("small", route.small)) if name
        ]
        listed = [(name, f"{key}.backends[{at}]") for at, name in enumerate(route.backends)]
        if route.weights and route.policy != "weighted":
            raise RouteError(f"{key}.weights", "is read by the policy 'weighted' only")
        if route.policy == "difficulty":
            if len(pair) != 2 or route.small == route.large:
                raise RouteError(
                    f"{key}", "the policy 'difficulty' needs `small` and `large`, two different backends"
                )
            if listed:
                raise RouteError(
                    f"{key}.backends", "is not read by the policy 'difficulty': use `small` and `large`"
                )
            return pair
        if pair and listed:
            raise RouteError(f"{key}.backends", "stands beside `small` or `large`: give one or the other")
        if len(set(route.backends)) != len(route.backends):
            raise RouteError(f"{key}.backends", "names a backend twice")
        if route.policy == "weighted":
            if not listed or len(route.weights) not in (0, len(listed)):
                raise RouteError(
                    f"{key}.weights", "needs `backends`, and one weight for each of them or none at all"
                )
            if not all(weight >= 0 for weight in route.weights) or (route.weights and not sum(route.weights)):
                raise RouteError(
                    f"{key}.weights", "must not be negative, and one of them must be more than 0"
                )
        return listed or pair or [(name, "backends") for name in self._candidates]

    def _named(self, name: str, key: str) -> Candidate:
        candidate = self._candidates.get(name)
        if candidate is None:
            raise RouteError(
                key, f"there is no backend {name!r}; known: {', '.join(self._candidates) or 'none'}"
            )
        return candidate

    def _known_models(self) -> str:
        names = [
            name for c in self._candidates.values() for name in (*c.models, *((c.model,) if c.model else ()))
        ]
        shown = ", ".join(dict.fromkeys(names[:_KNOWN_SHOWN])) or "none"
        return f"{shown}, ..." if len(names) > _KNOWN_SHOWN else shown


def _first_rule(compiled: _Route, prompt: Prompt) -> _Rule | None:
    return next((rule for rule in compiled.rules if rule.fits(prompt)), None)


def _order(
    prompt: Prompt, compiled: _Route, eligible: tuple[Step, ...], why: dict[str, Any]
) -> tuple[Step, ...]:
    """What the policy says. A policy that fails costs money and not the request: large first."""
    route = compiled.route
    why["policy"] = route.policy
    try:
        steps, because = compiled.policy.order(prompt, eligible)
    except Exception as error:  # docs/life-of-a-request.md, "What fails open"
        _log.exception("policy %s of route %s failed", route.policy, route.name)
        why["error"] = f"{type(error).__name__}: {error}"
        safe = sorted(eligible, key=lambda step: step.role == "small")
        return tuple(step for step in safe if route.fallback or step.role != "small")
    why |= because
    return steps


def _same_vectors(
    pool: tuple[Candidate, ...], everyone: Sequence[Candidate], prompt: Prompt
) -> tuple[tuple[Candidate, ...], str]:
    """Who may embed: those that serve the model asked for. Only where all of those are off, on any route,
    may another model answer, and then one and the same each time: vectors of different models cannot be
    compared.
    """
    claimants = tuple(c for c in pool if claims(c, prompt.model))
    if any(c.enabled and claims(c, prompt.model) for c in everyone):
        return claimants, "embedding: only what serves the model asked for, no other model's vectors"
    stand_in = next((c for c in pool if c.model and c.enabled and not lacks(prompt, c)), None)
    if stand_in is None:
        return claimants, "embedding: what serves the model asked for is off, and nothing stands in"
    note = f"embedding: what serves {prompt.model!r} is off; {stand_in.model!r} answers with its own vectors"
    return (*claimants, stand_in), note


def _step(candidate: Candidate, route: Route, prompt: Prompt, *, settled: bool) -> Step:
    """The name to send: the one asked for where the candidate serves it, else its own."""
    role: Role = "only"
    if not settled and route.policy == "difficulty" and candidate.name in (route.small, route.large):
        role = "small" if candidate.name == route.small else "large"
    named = not prompt.model or not claims(candidate, prompt.model)
    return Step(backend=candidate.name, model=(candidate.model or "") if named else prompt.model, role=role)


def _nothing_left(route: Route, excluded: dict[str, list[str]], why: dict[str, Any]) -> NoPlan:
    """`no_backend` where what could serve is only off; `constraint` where the request asks too much."""
    if not excluded:
        text = why.get("fallback", "no backend of the route serves this model")
        return NoPlan(
            code="no_backend", message=f"route {route.name!r} has no backend for this: {text}", why=why
        )
    able = any(len(reasons) == 1 and reasons[0].startswith(("off", "route")) for reasons in excluded.values())
    code = "no_backend" if able or "fallback" in why else "constraint"
    details = "; ".join(f"{name} ({', '.join(reasons)})" for name, reasons in excluded.items())
    if "fallback" in why:
        details += f"; {why['fallback']}"
    return NoPlan(
        code=code, message=f"route {route.name!r} has no backend for this request: {details}", why=why
    )
