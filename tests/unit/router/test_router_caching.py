"""What routes say of keeping answers, and that it changes nothing about who answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfpenny.router import Caching, Candidate, Match, Prompt, Route, RouteError, Router, SemanticRules
from halfpenny.router.base import NO_CACHING

BIG = Candidate(name="big", models=("*",))
STRICT = Route(
    name="strict",
    match=Match(model="gpt-*"),
    ttl=600.0,
    semantic_ttl=60.0,
    semantic=False,
    max_false_hit_rate=0.002,
    structured=True,
    epoch="e1",
    sampled=False,
)


def prompt(model: str = "gpt-4o", **fields: object) -> Prompt:
    return Prompt(surface="chat", path="/v1/chat/completions", model=model, **fields)  # type: ignore[arg-type]


def test_the_route_that_fits_speaks() -> None:
    router = Router([STRICT, Route(name="rest")], [BIG])
    rules = SemanticRules(enabled=False, ttl_s=60.0, max_false_hit_rate=0.002, structured=True)
    assert router.caching(prompt()) == Caching(ttl_s=600.0, sampled=False, epoch="e1", semantic=rules)
    assert router.semantic_of(prompt()) == rules
    assert router.caching(prompt("claude")) == NO_CACHING
    assert router.semantic_of(prompt("claude")) == SemanticRules()


def test_where_no_route_says_anything_nothing_need_be_asked() -> None:
    assert not Router([Route(name="a"), Route(name="b")], [BIG]).sets_caching
    assert not Router([], [BIG]).sets_caching
    assert Router([STRICT], [BIG]).sets_caching
    assert Router([STRICT], [BIG]).caching(prompt("nothing fits")) == NO_CACHING


@pytest.mark.parametrize("field", ["ttl", "semantic_ttl", "max_false_hit_rate"])
def test_zero_is_something(field: str) -> None:
    assert Router([Route(name="a", **{field: 0.0})], [BIG]).sets_caching  # type: ignore[arg-type]


def test_a_pin_that_holds_brings_its_own_rules() -> None:
    shut = Route(name="shut", match=Match(model="never"), ttl=1.0, allow_pin=False)
    open_ = Route(name="open", match=Match(model="never"), ttl=2.0)
    router = Router([Route(name="first", ttl=3.0), shut, open_], [BIG])
    for pin, expected in ((None, 3.0), ("open", 2.0), ("shut", 3.0), ("none", 3.0), ("first", 3.0)):
        assert router.caching(prompt(), pinned_route=pin).ttl_s == expected, pin
        plan = router.plan(prompt(), pinned_route=pin)
        assert plan.why["route"] == {3.0: "first", 2.0: "open"}[expected]


def test_a_pinned_model_chooses_the_route_that_it_fits() -> None:
    routes = [
        Route(name="a", match=Match(model="a"), ttl=1.0),
        Route(name="b", match=Match(model="b"), ttl=2.0, allow_pin=False),
        Route(name="c", match=Match(model="c"), ttl=3.0),
    ]
    router = Router(routes, [BIG])
    assert router.caching(prompt("a"), pinned_model="c").ttl_s == 3.0
    assert router.caching(prompt("a"), pinned_model="b").ttl_s == 1.0  # as `plan` ignores it, too


def test_the_strictest_rate_holds() -> None:
    assert SemanticRules().rate(0.01) == 0.01
    assert SemanticRules(max_false_hit_rate=0.002).rate(0.01) == 0.002
    assert SemanticRules(max_false_hit_rate=0.05).rate(0.01) == 0.01
    assert SemanticRules(max_false_hit_rate=0.002).rate(0.01, 0.001) == 0.001
    assert SemanticRules(max_false_hit_rate=0.0).rate(0.01, 0.5) == 0.0


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_that_is_no_share_is_refused(rate: float) -> None:
    with pytest.raises(RouteError, match=r"routes\.a\.max_false_hit_rate: must be between 0 and 1"):
        Router([Route(name="a", max_false_hit_rate=rate)], [BIG])


def test_the_shorter_lifetime_holds() -> None:
    assert SemanticRules().lifetime_s(60.0) == 60.0
    assert SemanticRules(ttl_s=5.0).lifetime_s(60.0) == 5.0
    assert SemanticRules(ttl_s=500.0).lifetime_s(60.0) == 60.0


def test_keeping_is_no_part_of_who_answers() -> None:
    plain = Route(name="strict", match=Match(model="gpt-*"))
    assert STRICT.decides() == plain.decides()
    for other in (
        Route(name="other", match=Match(model="gpt-*")),
        Route(name="strict", match=Match(model="gpt-4*")),
        Route(name="strict", match=Match(model="gpt-*"), convert=True),
        Route(name="strict", match=Match(model="gpt-*"), large="x"),
    ):
        assert other.decides() != plain.decides()


RATES = st.none() | st.floats()


@given(st.floats(0, 1), RATES, RATES, st.floats(0, 1e6), st.none() | st.floats())
def test_nobody_is_ever_looser_than_the_configuration(
    configured: float, own: float | None, wished: float | None, configured_s: float, own_s: float | None
) -> None:
    """Not even with a number that is none."""
    rules = SemanticRules(max_false_hit_rate=own, ttl_s=own_s)
    assert rules.rate(configured, wished) <= configured
    assert rules.lifetime_s(configured_s) <= configured_s
