"""What every policy must do, run over the table of policies."""

import random
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfpenny.router import Policy, Prompt, Step
from halfpenny.router.policies import POLICIES, load_policy
from halfpenny.router.policies.weighted import Weighted

OPTIONS: dict[str, Any] = {
    "small": "small",
    "large": "large",
    "quality_floor": 0.97,
    "fallback": True,
    "weights": {"small": 3.0, "large": 1.0},
}
PAIR = (Step(backend="large", model="gpt", role="large"), Step(backend="small", model="smol", role="small"))
steps = st.lists(
    st.builds(
        Step,
        backend=st.text("abc", min_size=1, max_size=3),
        model=st.just("m"),
        role=st.sampled_from(["small", "large", "only"]),
    ),
    max_size=5,
    unique_by=lambda step: step.backend,
).map(tuple)


def prompt(text: str, **given: Any) -> Prompt:
    return Prompt(
        surface="openai_chat", path="/", model="m", messages=(("user", text),), last_user=text, **given
    )


@pytest.fixture(params=sorted(POLICIES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("name", sorted(POLICIES))
@settings(deadline=None)  # the machine may be busy
@given(text=st.text(max_size=200), eligible=steps, fallback=st.booleans())
def test_the_order_holds_some_of_the_steps_once_each_and_adds_none(
    name: str, text: str, eligible: tuple[Step, ...], fallback: bool
) -> None:
    ordered, why = load_policy(name, **{**OPTIONS, "fallback": fallback}).order(prompt(text), eligible)
    assert len(set(ordered)) == len(ordered)
    assert set(ordered) <= set(eligible)
    assert isinstance(why, dict)
    if fallback:
        assert set(ordered) == set(eligible)


@pytest.mark.parametrize("name", sorted(POLICIES))
@settings(deadline=None)  # the machine may be busy
@given(text=st.text(max_size=200), eligible=steps)
def test_the_same_request_is_ordered_the_same_way(name: str, text: str, eligible: tuple[Step, ...]) -> None:
    one, other = (load_policy(name, **OPTIONS).order(prompt(text), eligible)[0] for _ in range(2))
    assert one == other


def test_nothing_to_choose_from_is_no_error(name: str) -> None:
    assert load_policy(name, **OPTIONS).order(prompt("hello"), ())[0] == ()


def test_a_policy_needs_no_options(name: str) -> None:
    policy: Policy = load_policy(name)
    assert len(policy.order(prompt("hello"), PAIR)[0]) == 2


def test_a_megabyte_is_ordered_in_bounded_time(name: str) -> None:
    """Loose on purpose: the caps are tested where they are; this only catches work that grows with the
    text.
    """
    policy = load_policy(name, **OPTIONS)
    long = prompt("prove (a+)+$ that " * 60_000)
    began = time.process_time()
    for _ in range(10):
        policy.order(long, PAIR)
    assert time.process_time() - began < 1.0


def test_an_unknown_policy_is_an_error() -> None:
    with pytest.raises(KeyError):
        load_policy("magic")


# --- what is particular to one policy ---


@pytest.mark.parametrize("rng", [None, random.Random(5)])
def test_weighted_shares_traffic_by_weight(rng: random.Random | None) -> None:
    policy = Weighted(weights={"small": 3.0, "large": 1.0}, rng=rng)
    first = [policy.order(prompt(f"question {n}"), PAIR)[0][0].backend for n in range(4_000)]
    assert first.count("small") / len(first) == pytest.approx(0.75, abs=0.03)


def test_weighted_keeps_a_conversation_where_it_began() -> None:
    policy = Weighted(weights={"small": 1.0, "large": 1.0})
    for n in range(50):
        start = ("user", f"question {n}")
        later = Prompt(
            surface="s", path="/", model="m", messages=(start, ("assistant", "a"), ("user", "more"))
        )
        first = Prompt(surface="s", path="/", model="m", messages=(start,))
        assert policy.order(first, PAIR)[0] == policy.order(later, PAIR)[0]


def test_weighted_moves_only_the_traffic_of_a_backend_that_is_gone() -> None:
    policy = Weighted()
    three = (*PAIR, Step(backend="third", model="m"))
    for n in range(100):
        whole = policy.order(prompt(str(n)), three)[0]
        assert policy.order(prompt(str(n)), PAIR)[0] == tuple(s for s in whole if s.backend != "third")


def test_weight_zero_is_a_fallback_only() -> None:
    policy = Weighted(weights={"large": 0.0, "small": 1.0})
    assert all(policy.order(prompt(str(n)), PAIR)[0][-1].backend == "large" for n in range(200))


def test_fixed_and_weighted_without_fallback_try_one_backend() -> None:
    for name in ("fixed", "weighted"):
        assert len(load_policy(name, **{**OPTIONS, "fallback": False}).order(prompt("hi"), PAIR)[0]) == 1


def test_difficulty_falls_back_upwards_always_and_downwards_only_where_allowed() -> None:
    for text, fallback, expected in (
        ("What is the capital of Portugal?", False, ["small", "large"]),
        ("What is the capital of Portugal?", True, ["small", "large"]),
        ("Prove the theorem by induction.", True, ["large", "small"]),
        ("Prove the theorem by induction.", False, ["large"]),
    ):
        ordered, _ = load_policy("difficulty", **{**OPTIONS, "fallback": fallback}).order(prompt(text), PAIR)
        assert [step.backend for step in ordered] == expected
