"""What a route may narrow, and what a volatile prompt may not have."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfpenny.semantic_cache.admission import (
    Allowed,
    RouteRules,
    SemanticRules,
    allow,
    looser,
    stricter,
    without_volatile,
)

BASE = SemanticRules(max_false_hit_rate=0.01, ttl_s=3600, structured=True, shared_users=True)
RULES = st.builds(
    SemanticRules,
    enabled=st.booleans(),
    max_false_hit_rate=st.floats(0, 1),
    ttl_s=st.floats(0, 1e6),
    structured=st.booleans(),
    shared_users=st.booleans(),
)
ROUTES = st.builds(
    RouteRules,
    semantic=st.none() | st.booleans(),
    max_false_hit_rate=st.none() | st.floats(),
    ttl_s=st.none() | st.floats(),
    structured=st.none() | st.booleans(),
    shared_users=st.none() | st.booleans(),
)


def test_a_route_that_says_nothing_changes_nothing() -> None:
    assert stricter(BASE, RouteRules()) == BASE


@pytest.mark.parametrize(
    ("route", "changed"),
    [
        ({"semantic": False}, {"enabled": False}),
        ({"max_false_hit_rate": 0.002}, {"max_false_hit_rate": 0.002}),
        ({"ttl_s": 60.0}, {"ttl_s": 60.0}),
        ({"structured": False}, {"structured": False}),
        ({"shared_users": False}, {"shared_users": False}),
        ({"max_false_hit_rate": 0.0}, {"max_false_hit_rate": 0.0}),
    ],
)
def test_a_route_narrows(route: dict[str, Any], changed: dict[str, Any]) -> None:
    narrowed = stricter(BASE, RouteRules(**route))
    assert {name: getattr(narrowed, name) for name in BASE.__struct_fields__} == {
        **{name: getattr(BASE, name) for name in BASE.__struct_fields__},
        **changed,
    }
    assert looser(BASE, RouteRules(**route)) == ()


@pytest.mark.parametrize(
    ("base", "route", "named"),
    [
        ({"enabled": False}, {"semantic": True}, "semantic"),
        ({}, {"max_false_hit_rate": 0.02}, "max_false_hit_rate"),
        ({}, {"max_false_hit_rate": math.nan}, "max_false_hit_rate"),
        ({}, {"ttl_s": 1e9}, "ttl_s"),
        ({}, {"structured": True}, "structured"),
        ({}, {"shared_users": True}, "shared_users"),
    ],
)
def test_a_route_never_widens_and_is_told_so(base: dict[str, Any], route: dict[str, Any], named: str) -> None:
    rules = SemanticRules(**base)
    assert stricter(rules, RouteRules(**route)) == rules
    assert looser(rules, RouteRules(**route)) == (named,)


@given(RULES, ROUTES)
def test_no_route_is_ever_looser_than_its_base(base: SemanticRules, route: RouteRules) -> None:
    narrowed = stricter(base, route)
    assert narrowed.enabled <= base.enabled
    assert narrowed.structured <= base.structured
    assert narrowed.shared_users <= base.shared_users
    assert narrowed.max_false_hit_rate <= base.max_false_hit_rate
    assert narrowed.ttl_s <= base.ttl_s
    assert stricter(narrowed, route) == narrowed


def test_a_volatile_prompt_is_neither_looked_up_nor_stored() -> None:
    assert without_volatile(Allowed(), "What time is it?") == Allowed(
        look_up=False, store=False, semantic=False, reason="volatile"
    )


def test_a_prompt_that_leans_on_the_conversation_keeps_the_exact_cache() -> None:
    assert without_volatile(Allowed(), "Can you repeat that?") == Allowed(semantic=False, reason="context")


@pytest.mark.parametrize("text", ["How do I block my card?", ""])
def test_a_stable_prompt_keeps_everything(text: str) -> None:
    assert without_volatile(Allowed(), text) == Allowed()


def test_what_is_withheld_anyway_is_not_looked_at() -> None:
    nothing = Allowed(look_up=False, store=False, semantic=False, coalesce=False, reason="no-store")
    assert without_volatile(nothing, "What time is it?") is nothing


GRANTED: dict[str, Any] = {
    "exact_enabled": True,
    "semantic_enabled": True,
    "sampled_allowed": True,
    "sampled": False,
    "stateful": "",
    "wish": "semantic",
    "no_cache": False,
    "no_store": False,
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"exact_enabled": False}, "off"),
        ({"wish": "off"}, "request"),
        ({"no_store": True}, "no-store"),
        ({"stateful": "store"}, "stateful"),
        ({"sampled": True, "sampled_allowed": False}, "sampled"),
    ],
)
def test_what_withholds_everything(change: dict[str, Any], reason: str) -> None:
    allowed = allow(**GRANTED | change)
    assert (allowed.look_up, allowed.store, allowed.semantic, allowed.reason) == (False, False, False, reason)


@pytest.mark.parametrize("change", [{"semantic_enabled": False}, {"wish": "exact"}])
def test_what_withholds_similarity_alone(change: dict[str, Any]) -> None:
    allowed = allow(**GRANTED | change)
    assert (allowed.look_up, allowed.store, allowed.semantic) == (True, True, False)
    assert allow(**GRANTED).semantic
