"""The life of a request as pure states: each `next()` takes what happened and returns what is to be done.

No state does I/O. `pipeline.py` performs the states of a client's side (`LookUpExact`, `JoinOrLead`, `Replay`,
`Follow`, `Refuse`); `fetch.py`, in a task of its own, performs those of a flight (`LookUpSemantic`, `ChoosePlan`,
`Attempt`, `Relay`). docs/life-of-a-request.md draws them; the words are those of its glossary.
"""

from typing import Literal

import msgspec

from halfpenny.proxy.errors import ProxyError
from halfpenny.router.base import NoPlan, Plan, Step
from halfpenny.semantic_cache.admission import Allowed
from halfpenny.semantic_cache.base import Entry, ExactHit, SemanticHit

_STATUS_OF_NO_PLAN = {
    "model_not_found": 404,
    "no_route": 404,
    "no_backend": 503,
    "constraint": 400,
    "denied": 403,
}


def no_plan_error(plan: NoPlan) -> ProxyError:
    """The router's refusal in the caller's terms."""
    param = "model" if plan.code == "model_not_found" else None
    return ProxyError(_STATUS_OF_NO_PLAN.get(plan.code, 400), plan.code, plan.message, param=param)


class Refuse(msgspec.Struct, frozen=True):
    """Answer with an error of ours."""

    error: ProxyError


class Grace(msgspec.Struct, frozen=True):
    """How long past its lifetime an exact answer may be used, in seconds (RFC 5861): at once, while it is refreshed;
    and in place of a failure."""

    while_revalidate_s: float = 0.0
    if_error_s: float = 0.0

    @property
    def longest_s(self) -> float:
        return max(self.while_revalidate_s, self.if_error_s)


NO_GRACE = Grace()


def grace_for(
    while_revalidate_s: float, if_error_s: float, *, max_age_s: int | None, max_stale_s: float | None
) -> Grace:
    """What the configuration grants, narrowed by the caller. RFC 9111 section 5.2.1.1: who gives `max-age` takes no
    stale answer, unless `max-stale` is there too; section 5.2.1.2: and then none that is staler."""
    if max_stale_s is None:
        return NO_GRACE if max_age_s is not None else Grace(while_revalidate_s, if_error_s)
    return Grace(min(while_revalidate_s, max_stale_s), min(if_error_s, max_stale_s))


class Replay(msgspec.Struct, frozen=True):
    """Answer from a stored entry. `refresh`: it is stale, and a new answer is to be fetched behind it."""

    hit: ExactHit | SemanticHit
    refresh: bool = False


class Follow(msgspec.Struct, frozen=True):
    """Read from a flight: one that was under way (`collapsed`), or the one just started."""

    collapsed: bool


class JoinOrLead(msgspec.Struct, frozen=True):
    """Look for a flight of the same key; start one if there is none. If it fails, `stale` is the answer."""

    allowed: Allowed
    stale: Entry | None = None

    def next(self, *, joined: bool) -> Follow:
        return Follow(collapsed=joined)


class LookUpExact(msgspec.Struct, frozen=True):
    """Ask the cache for the exact key, stale answers within `grace` included. RFC 9111 section 5.2.1: `max-age`,
    `only-if-cached`; RFC 5861 section 3: `stale-while-revalidate`, section 4: `stale-if-error`."""

    allowed: Allowed
    only_if_cached: bool = False
    max_age_s: int | None = None
    grace: Grace = NO_GRACE

    def next(self, entry: Entry | None, now_s: float) -> Replay | JoinOrLead | Refuse:
        young = entry is not None and (self.max_age_s is None or now_s - entry.created_s <= self.max_age_s)
        if entry is not None and young:
            stale_s = now_s - entry.expires_s
            if stale_s < 0:
                return Replay(ExactHit(entry))
            if stale_s < self.grace.while_revalidate_s:
                # who asks for what is cached and no more does not want an upstream called for it
                return Replay(ExactHit(entry), refresh=not self.only_if_cached)
            if stale_s < self.grace.if_error_s and not self.only_if_cached:
                return JoinOrLead(self.allowed, entry)
        if self.only_if_cached:
            return Refuse(ProxyError(504, "not_cached", "the answer is not cached, and only-if-cached was asked for"))
        return JoinOrLead(self.allowed)


def begin(
    allowed: Allowed, *, only_if_cached: bool, max_age_s: int | None, grace: Grace = NO_GRACE
) -> LookUpExact | JoinOrLead | Refuse:
    """The first state of a request that a surface has read."""
    if allowed.look_up:
        return LookUpExact(allowed, only_if_cached, max_age_s, grace)
    if only_if_cached:
        return Refuse(
            ProxyError(504, "not_cached", f"not looked up ({allowed.reason}), and only-if-cached was asked for")
        )
    return JoinOrLead(allowed)


class Relay(msgspec.Struct, frozen=True):
    """The head of a reply is here: pass it on, record, store after the terminal marker."""

    step: Step
    storable: bool


class Attempt(msgspec.Struct, frozen=True):
    """Call this step. `number` counts the calls of the whole request from 1, `tries` those to this backend."""

    plan: Plan
    index: int
    number: int
    tries: int = 1
    delay_s: float = 0.0

    @property
    def step(self) -> Step:
        return self.plan.steps[self.index]

    def next(self, verdict: "Verdict", error: ProxyError | None = None) -> "Attempt | Relay | Refuse":
        """What follows when the call has a head (`good`, `final`) or failed before its first content byte."""
        match verdict.kind:
            case "good":
                # an answer that only a failure made us take from elsewhere must not be stored under this key
                return Relay(self.step, storable=self.index == 0)
            case "again":
                return Attempt(self.plan, self.index, self.number + 1, self.tries + 1, verdict.delay_s)
            case "elsewhere" if self.index + 1 < len(self.plan.steps):
                return Attempt(self.plan, self.index + 1, self.number + 1)
            case _:
                if error is not None:
                    return Refuse(error)
                return Relay(self.step, storable=False)


class Verdict(msgspec.Struct, frozen=True):
    """What to make of a call: `good` relay it; `again` same backend after `delay_s`; `elsewhere` the next candidate if
    there is one; `final` the upstream's own error, passed through."""

    kind: Literal["good", "again", "elsewhere", "final"]
    delay_s: float = 0.0


class ChoosePlan(msgspec.Struct, frozen=True):
    """Ask the router."""

    def next(self, plan: Plan | NoPlan) -> Attempt | Refuse:
        if isinstance(plan, NoPlan):
            return Refuse(no_plan_error(plan))
        return Attempt(plan, 0, 1)


class LookUpSemantic(msgspec.Struct, frozen=True):
    """Ask for neighbours in the partition and for the verdict on them."""

    def next(self, hit: SemanticHit | None) -> Replay | ChoosePlan:
        return ChoosePlan() if hit is None else Replay(hit)


def take_off(allowed: Allowed, *, has_partition: bool) -> LookUpSemantic | ChoosePlan:
    """The first state of a flight."""
    return LookUpSemantic() if allowed.semantic and has_partition else ChoosePlan()
