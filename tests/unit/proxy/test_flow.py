"""proxy/flow.py: the life of a request, told without I/O."""

import pytest

from halfpenny.proxy import flow
from halfpenny.proxy.errors import ProxyError
from halfpenny.router.base import NoPlan, Plan, Step
from halfpenny.semantic_cache.admission import Allowed
from halfpenny.semantic_cache.base import Entry, ExactHit, SemanticHit

ALL = Allowed()
NOTHING = Allowed(look_up=False, store=False, semantic=False, coalesce=False, reason="no-store")
ENTRY = Entry(
    id="e",
    key="k",
    tenant="t",
    partition="p",
    surface="chat",
    model="m",
    served_by="up/m",
    mode="json",
    status=200,
    content_type="application/json",
    body=b"{}",
    created_s=100.0,
    expires_s=1000.0,
)
SMALL, LARGE = Step(backend="s", model="s", role="small"), Step(backend="l", model="l", role="large")
PLAN = Plan(route="r", steps=(SMALL, LARGE))


def begin(allowed: Allowed, *, only_if_cached: bool = False, max_age_s: int | None = None) -> object:
    return flow.begin(allowed, only_if_cached=only_if_cached, max_age_s=max_age_s)


def test_a_hit_is_replayed_and_a_miss_joins_or_leads() -> None:
    state = begin(ALL)
    assert isinstance(state, flow.LookUpExact)
    assert state.next(ENTRY, 150.0) == flow.Replay(ExactHit(ENTRY))
    assert state.next(None, 150.0) == flow.JoinOrLead(ALL)


def test_max_age_makes_an_old_entry_no_hit() -> None:
    """RFC 9111 5.2.1.1: the client does not want an answer older than that."""
    state = begin(ALL, max_age_s=10)
    assert isinstance(state, flow.LookUpExact)
    assert isinstance(state.next(ENTRY, 110.0), flow.Replay)
    assert isinstance(state.next(ENTRY, 110.5), flow.JoinOrLead)


@pytest.mark.parametrize("allowed", [ALL, NOTHING])
def test_only_if_cached_never_goes_upstream(allowed: Allowed) -> None:
    """RFC 9111 5.2.1.7: a stored answer, or 504."""
    state = begin(allowed, only_if_cached=True)
    if isinstance(state, flow.LookUpExact):
        state = state.next(None, 150.0)
    assert isinstance(state, flow.Refuse)
    assert state.error.status == 504


def test_what_is_withheld_is_not_looked_up() -> None:
    assert begin(NOTHING) == flow.JoinOrLead(NOTHING)


def test_a_flight_looks_for_neighbours_only_in_a_partition() -> None:
    assert flow.take_off(ALL, has_partition=True) == flow.LookUpSemantic()
    assert flow.take_off(ALL, has_partition=False) == flow.ChoosePlan()
    assert flow.take_off(NOTHING, has_partition=True) == flow.ChoosePlan()
    hit = SemanticHit(ENTRY, 0.97)
    assert flow.LookUpSemantic().next(hit) == flow.Replay(hit)
    assert flow.LookUpSemantic().next(None) == flow.ChoosePlan()


@pytest.mark.parametrize(
    ("code", "status"), [("model_not_found", 404), ("no_backend", 503), ("constraint", 400), ("denied", 403)]
)
def test_no_plan_is_refused_in_words(code: str, status: int) -> None:
    state = flow.ChoosePlan().next(NoPlan(code=code, message="because"))
    assert isinstance(state, flow.Refuse)
    assert (state.error.status, state.error.code, state.error.message) == (status, code, "because")


def test_the_first_candidates_answer_is_storable() -> None:
    attempt = flow.ChoosePlan().next(PLAN)
    assert attempt == flow.Attempt(PLAN, 0, 1)
    assert isinstance(attempt, flow.Attempt)
    assert attempt.next(flow.Verdict("good")) == flow.Relay(SMALL, storable=True)


def test_again_counts_calls_and_tries_and_elsewhere_starts_the_tries_anew() -> None:
    second = flow.Attempt(PLAN, 0, 1).next(flow.Verdict("again", 0.5))
    assert second == flow.Attempt(PLAN, 0, 2, 2, 0.5)
    assert isinstance(second, flow.Attempt)
    third = second.next(flow.Verdict("elsewhere"))
    assert third == flow.Attempt(PLAN, 1, 3, 1)
    assert isinstance(third, flow.Attempt)
    assert third.step == LARGE


def test_a_fallbacks_answer_is_not_storable() -> None:
    assert flow.Attempt(PLAN, 1, 2).next(flow.Verdict("good")) == flow.Relay(LARGE, storable=False)


def test_the_last_candidates_failure_is_passed_on() -> None:
    last = flow.Attempt(PLAN, 1, 2)
    assert last.next(flow.Verdict("elsewhere")) == flow.Relay(LARGE, storable=False)
    assert last.next(flow.Verdict("final")) == flow.Relay(LARGE, storable=False)
    error = ProxyError(502, "upstream_unreachable", "x")
    assert last.next(flow.Verdict("elsewhere"), error) == flow.Refuse(error)
