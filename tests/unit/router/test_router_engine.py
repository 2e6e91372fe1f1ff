"""The engine: which route, which model, which backends, in what order, and why."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfpenny.router import Candidate, Match, NoPlan, Plan, Prompt, Route, RouteError, Router, Rule
from halfpenny.router.constraints import lacks

LARGE = Candidate(name="large", models=("gpt-*",))
SMALL = Candidate(name="small", model="smollm2-135m-instruct", context_tokens=2048, tools=False, vision=False)
OFF = Candidate(name="large", models=("gpt-*",), enabled=False, off_reason="OPENAI_API_KEY is not set")
DIFFICULTY = Route(name="default", match=Match(model="*"), policy="difficulty", small="small", large="large")
EASY = "What is the capital of Portugal?"
HARD = "Prove that there are infinitely many primes congruent to 3 modulo 4."


def prompt(text: str = EASY, **given: Any) -> Prompt:
    return Prompt(
        **{
            "surface": "openai_chat",
            "path": "/v1/chat/completions",
            "model": "gpt-4o",
            "messages": (("user", text),),
            "last_user": text,
            "input_tokens": len(text) // 4,
            **given,
        }
    )


def order(plan: Plan | NoPlan) -> list[str]:
    assert isinstance(plan, Plan), plan
    return [f"{step.backend}/{step.model}" for step in plan.steps]


def refused(plan: Plan | NoPlan) -> str:
    assert isinstance(plan, NoPlan), plan
    return plan.code


# --- the default configuration ---


def test_easy_goes_to_small_and_hard_to_large_each_under_the_right_name() -> None:
    router = Router([DIFFICULTY], [LARGE, SMALL])
    assert order(router.plan(prompt(EASY))) == ["small/smollm2-135m-instruct", "large/gpt-4o"]
    assert order(router.plan(prompt(HARD))) == ["large/gpt-4o", "small/smollm2-135m-instruct"]


def test_without_a_key_everything_eligible_goes_to_small_and_says_so() -> None:
    plan = Router([DIFFICULTY], [OFF, SMALL]).plan(prompt(HARD))
    assert order(plan) == ["small/smollm2-135m-instruct"]
    assert plan.why["excluded"] == {"large": ["off: OPENAI_API_KEY is not set"]}
    assert plan.why["verdict"] == "hard"


def test_without_a_key_what_small_cannot_do_is_refused_with_every_reason() -> None:
    plan = Router([DIFFICULTY], [OFF, SMALL]).plan(prompt(has_tools=True))
    assert refused(plan) == "no_backend"
    assert isinstance(plan, NoPlan)
    assert "OPENAI_API_KEY is not set" in plan.message
    assert "cannot call tools" in plan.message


def test_why_explains_the_choice() -> None:
    why = Router([DIFFICULTY], [LARGE, SMALL]).plan(prompt(HARD)).why
    assert why["route"] == "default"
    assert why["policy"] == "difficulty"
    assert why["score"] > why["threshold"]
    assert why["features"][0].keys() == {"name", "value", "contribution"}
    assert why["order"] == ["large/gpt-4o", "small/smollm2-135m-instruct"]


def test_no_routes_means_every_backend_in_order() -> None:
    router = Router([], [LARGE, SMALL])
    plan = router.plan(prompt())
    assert order(plan) == ["large/gpt-4o", "small/smollm2-135m-instruct"]
    assert isinstance(plan, Plan)
    assert plan.route == "default"
    assert {step.role for step in plan.steps} == {"only"}


def test_small_is_tried_last_until_it_is_ready() -> None:
    router = Router([DIFFICULTY], [LARGE, SMALL])
    assert order(router.plan(prompt(EASY), small_is_ready=False))[0] == "large/gpt-4o"
    assert order(Router([DIFFICULTY], [OFF, SMALL]).plan(prompt(EASY), small_is_ready=False))


def test_without_fallback_a_hard_prompt_never_reaches_small() -> None:
    strict = Route(name="default", policy="difficulty", small="small", large="large", fallback=False)
    assert order(Router([strict], [LARGE, SMALL]).plan(prompt(HARD))) == ["large/gpt-4o"]
    assert order(Router([strict], [LARGE, SMALL]).plan(prompt(EASY)))[1] == "large/gpt-4o"
    assert refused(Router([strict], [OFF, SMALL]).plan(prompt(HARD))) == "no_backend"


# --- the requested model ---


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    plan = Router([DIFFICULTY], [OFF, SMALL]).plan(prompt(model="gtp-4o"))
    assert refused(plan) == "model_not_found"
    assert isinstance(plan, NoPlan)
    assert plan.message == "model 'gtp-4o' is not served here; known: gpt-*, smollm2-135m-instruct"


def test_a_made_up_name_of_a_megabyte_is_not_repeated_in_full() -> None:
    plan = Router([DIFFICULTY], [LARGE, SMALL]).plan(prompt(model="x" * 1_000_000))
    assert isinstance(plan, NoPlan)
    assert len(plan.message) < 500


def test_naming_the_small_model_means_it_and_nothing_else() -> None:
    router = Router([DIFFICULTY], [LARGE, SMALL])
    assert order(router.plan(prompt(HARD, model=SMALL.model))) == ["small/smollm2-135m-instruct"]
    assert refused(router.plan(prompt(model=SMALL.model, has_tools=True))) == "constraint"


def test_a_rule_may_say_otherwise() -> None:
    route = Route(name="r", rules=(Rule(match=Match(model="smol*"), use="large"),))
    claude = Candidate(name="large", model="claude")
    assert order(Router([route], [claude, SMALL]).plan(prompt(model=SMALL.model))) == ["large/claude"]


def test_a_large_backend_that_does_not_claim_the_model_is_not_eligible() -> None:
    other = Candidate(name="other", models=("claude-*",))
    plan = Router([DIFFICULTY], [LARGE, SMALL, other]).plan(prompt(HARD, model="claude-5"))
    assert order(plan) == ["small/smollm2-135m-instruct"]
    assert plan.why["excluded"]["large"] == ["model: it does not serve 'claude-5'"]


def test_a_backend_in_no_route_is_reached_by_its_own_model_name_only() -> None:
    spare = Candidate(name="spare", model="spare-1")
    router = Router([DIFFICULTY], [LARGE, SMALL, spare])
    assert order(router.plan(prompt(model="spare-1"))) == ["spare/spare-1"]
    assert "spare" in router.warnings[0]
    assert not Router([DIFFICULTY], [LARGE, SMALL]).warnings


def test_a_model_that_only_another_route_serves_gets_no_stand_in() -> None:
    spare = Candidate(name="spare", model="spare-1")
    routes = [DIFFICULTY, Route(name="vip", backends=("spare",))]
    plan = Router(routes, [LARGE, SMALL, spare]).plan(prompt(model="spare-1"))
    assert refused(plan) == "no_backend"
    assert isinstance(plan, NoPlan)
    assert "'default' does not use it" in plan.message


def test_a_request_without_a_model_goes_by_the_route() -> None:
    plan = Router([], [LARGE, SMALL]).plan(prompt(model="", surface="passthrough", path="/v1/files"))
    assert order(plan) == ["large/", "small/smollm2-135m-instruct"]


# --- embeddings ---


VECTORS = {"surface": "openai_embeddings", "path": "/v1/embeddings", "model": "text-embedding-3-small"}
REMOTE = Candidate(name="remote", models=("text-embedding-*", "gpt-*"))
LOCAL = Candidate(name="local", model="minilm")


def test_embeddings_never_fall_back_to_another_model() -> None:
    assert order(Router([], [LOCAL, REMOTE]).plan(prompt(**VECTORS))) == ["remote/text-embedding-3-small"]
    short = Candidate(name="remote", models=("text-*",), context_tokens=1)
    assert refused(Router([], [LOCAL, short]).plan(prompt(**VECTORS))) == "constraint"


def test_embeddings_are_never_routed_by_difficulty() -> None:
    route = Route(name="r", policy="difficulty", small="local", large="remote")
    for text in (EASY, HARD):
        plan = Router([route], [LOCAL, REMOTE]).plan(prompt(text, **VECTORS))
        assert order(plan) == ["remote/text-embedding-3-small"]
        assert "score" not in plan.why


def test_another_model_embeds_only_when_all_that_serve_it_are_off_and_why_says_so() -> None:
    off = Candidate(name="remote", models=("text-*",), enabled=False)
    second = Candidate(name="second", model="other-embedder")
    plan = Router([], [off, LOCAL, second]).plan(prompt(**VECTORS))
    assert order(plan) == ["local/minilm"]
    assert "its own vectors" in plan.why["notes"][0]
    elsewhere = [Route(name="a", backends=("local",)), Route(name="b", backends=("remote",))]
    assert refused(Router(elsewhere, [REMOTE, LOCAL]).plan(prompt(**VECTORS))) == "no_backend"


# --- routes, pins and rules ---


ROUTES = [
    Route(name="law", match=Match(tenant="law"), backends=("small",)),
    Route(name="locked", match=Match(path="/locked"), backends=("large",), allow_pin=False),
    Route(name="default", backends=("large", "small")),
]


def test_the_first_route_that_fits_is_taken() -> None:
    router = Router(ROUTES, [LARGE, SMALL])
    assert router.plan(prompt(tenant="law")).why["route"] == "law"
    assert router.plan(prompt()).why["route"] == "default"
    assert refused(Router(ROUTES[:1], [LARGE, SMALL]).plan(prompt())) == "no_route"


def test_a_pinned_route_is_taken_where_it_is_allowed() -> None:
    router = Router(ROUTES, [LARGE, SMALL])
    assert router.plan(prompt(tenant="law"), pinned_route="default").why["route"] == "default"
    for pin in ("law", "locked", "nowhere"):
        why = router.plan(prompt(), pinned_route=pin).why
        assert why["route"] == "default"
        assert f"'{pin}' ignored" in why["pinned_route"]


@pytest.mark.parametrize("rule", [{"deny": "no"}, {"use": "small"}])
def test_a_pin_cannot_escape_a_rule(rule: dict[str, str]) -> None:
    guarded = Route(name="guarded", rules=(Rule(name="g", match=Match(prompt="secret"), **rule),))
    router = Router([guarded, Route(name="free")], [LARGE, SMALL])
    plan = router.plan(prompt("my secret"), pinned_route="free")
    assert plan.why["rule"] == "g"
    assert plan.why["route"] == "guarded"
    assert router.plan(prompt("hello"), pinned_route="free").why["route"] == "free"


def test_a_pinned_model_is_asked_for_and_nothing_stands_in() -> None:
    router = Router([DIFFICULTY], [LARGE, SMALL])
    assert order(router.plan(prompt(EASY), pinned_model="gpt-5")) == ["large/gpt-5"]
    assert refused(Router([DIFFICULTY], [OFF, SMALL]).plan(prompt(), pinned_model="gpt-5")) == "no_backend"
    assert refused(router.plan(prompt(), pinned_model="nothing")) == "model_not_found"


def test_a_pinned_model_is_ignored_where_the_route_allows_no_pins() -> None:
    router = Router([Route(name="r", allow_pin=False)], [LARGE, SMALL])
    plan = router.plan(prompt(), pinned_model="gpt-5")
    assert order(plan)[0] == "large/gpt-4o"
    assert "ignored" in plan.why["pinned_model"]


def test_the_first_rule_that_fits_wins_and_deny_says_why() -> None:
    route = Route(
        name="r",
        rules=(
            Rule(name="long", match=Match(input_tokens=">1000"), use="large"),
            Rule(name="ban", match=Match(prompt="(?i)weapon"), deny="not for this"),
            Rule(name="all", use="small"),
        ),
    )
    router = Router([route], [LARGE, SMALL])
    plan = router.plan(prompt("a Weapon"))
    assert refused(plan) == "denied"
    assert isinstance(plan, NoPlan)
    assert plan.message == "refused by rule 'ban': not for this"
    assert order(router.plan(prompt("a Weapon", input_tokens=2000))) == ["large/gpt-4o"]
    assert order(router.plan(prompt())) == ["small/smollm2-135m-instruct"]


def test_a_rule_cannot_force_what_a_constraint_forbids() -> None:
    route = Route(name="r", rules=(Rule(name="all", use="small"),))
    assert refused(Router([route], [LARGE, SMALL]).plan(prompt(has_images=True))) == "constraint"


def test_a_policy_that_fails_costs_money_and_not_the_request(caplog: pytest.LogCaptureFixture) -> None:
    """Fails open: a message that is not text is a bug of ours, and the large backend answers."""
    broken = prompt(messages=(("user", 7),), last_user="")
    plan = Router([DIFFICULTY], [LARGE, SMALL]).plan(broken)
    assert order(plan)[0] == "large/gpt-4o"
    assert "error" in plan.why
    assert "policy difficulty" in caplog.text


# --- wrong configurations ---


@pytest.mark.parametrize(
    ("route", "key"),
    [
        ({"policy": "magic"}, "routes.r.policy"),
        ({"policy": "difficulty", "small": "small"}, "routes.r"),
        ({"policy": "difficulty", "small": "smal", "large": "large"}, "routes.r.small"),
        (
            {"policy": "difficulty", "small": "small", "large": "large", "backends": ("large",)},
            "routes.r.backends",
        ),
        ({"backends": ("large", "lager")}, "routes.r.backends[1]"),
        ({"backends": ("large", "large")}, "routes.r.backends"),
        ({"backends": ("large",), "small": "small"}, "routes.r.backends"),
        ({"weights": (1.0,)}, "routes.r.weights"),
        ({"policy": "weighted", "backends": ("large", "small"), "weights": (1.0,)}, "routes.r.weights"),
        ({"policy": "weighted", "backends": ("large",), "weights": (-1.0,)}, "routes.r.weights"),
        ({"policy": "weighted", "backends": ("large",), "weights": (float("nan"),)}, "routes.r.weights"),
        ({"policy": "weighted", "backends": ("large",), "weights": (0.0,)}, "routes.r.weights"),
        ({"quality_floor": 1.5}, "routes.r.quality_floor"),
        ({"match": Match(prompt="(")}, "routes.r.match.prompt"),
        ({"rules": (Rule(),)}, "routes.r.rules[0]"),
        ({"rules": (Rule(use="large", deny="no"),)}, "routes.r.rules[0]"),
        ({"rules": (Rule(use="lager"),)}, "routes.r.rules[0].use"),
        (
            {"rules": (Rule(deny="no", match=Match(input_tokens="?")),)},
            "routes.r.rules[0].match.input_tokens",
        ),
    ],
)
def test_a_wrong_route_is_refused_and_names_its_key(route: dict[str, Any], key: str) -> None:
    with pytest.raises(RouteError) as caught:
        Router([Route(name="r", **route)], [LARGE, SMALL])
    assert caught.value.key == key


def test_names_must_differ() -> None:
    with pytest.raises(RouteError, match="backends"):
        Router([], [LARGE, LARGE])
    with pytest.raises(RouteError, match=r"routes\.default"):
        Router([DIFFICULTY, DIFFICULTY], [LARGE, SMALL])


def test_fixed_without_backends_takes_large_then_small() -> None:
    route = Route(name="r", small="small", large="large")
    assert order(Router([route], [SMALL, LARGE]).plan(prompt()))[0] == "large/gpt-4o"


# --- properties ---


prompts = st.builds(
    prompt,
    st.text(max_size=60) | st.sampled_from([EASY, HARD]),
    model=st.sampled_from(["gpt-4o", "smollm2-135m-instruct", "claude-5", "fixed-3", ""]),
    surface=st.sampled_from(["openai_chat", "openai_embeddings"]),
    input_tokens=st.integers(0, 10_000),
    max_output_tokens=st.integers(0, 10_000),
    has_tools=st.booleans(),
    has_images=st.booleans(),
    wants_schema=st.booleans(),
    tenant=st.sampled_from(["", "acme"]),
)
candidates = st.lists(
    st.builds(
        Candidate,
        name=st.sampled_from("abcd"),
        models=st.sampled_from([(), ("gpt-*",), ("claude-*", "gpt-*"), ("*",)]),
        model=st.sampled_from([None, "smollm2-135m-instruct", "fixed-3"]),
        enabled=st.booleans(),
        context_tokens=st.sampled_from([0, 100, 5000]),
        tools=st.booleans(),
        vision=st.booleans(),
        json_schema=st.booleans(),
        surfaces=st.sampled_from([(), ("openai_chat",)]),
    ),
    min_size=2,
    max_size=4,
    unique_by=lambda candidate: candidate.name,
)


def any_route(seed: int, pool: list[Candidate], floor: float, rules: tuple[Rule, ...]) -> Route:
    policy = random.Random(seed).choice(["fixed", "weighted", "difficulty"])
    names = tuple(candidate.name for candidate in pool)
    if policy == "difficulty":
        return Route(
            name="r", policy=policy, small=names[0], large=names[1], quality_floor=floor, rules=rules
        )
    return Route(name="r", policy=policy, backends=names, quality_floor=floor, rules=rules)


@settings(deadline=None)  # the machine may be busy
@given(prompts, candidates, st.integers(0, 99), st.floats(0, 1), st.booleans(), st.booleans())
def test_no_plan_ever_breaks_a_constraint(
    asked: Prompt, pool: list[Candidate], seed: int, floor: float, forced: bool, ready: bool
) -> None:
    rules = (Rule(match=Match(tenant="acme"), use=pool[-1].name),) if forced else ()
    plan = Router([any_route(seed, pool, floor, rules)], pool).plan(asked, small_is_ready=ready)
    if isinstance(plan, NoPlan):
        assert plan.message
        return
    named = {candidate.name: candidate for candidate in pool}
    backends = [step.backend for step in plan.steps]
    assert backends
    assert len(set(backends)) == len(backends)
    for step in plan.steps:
        candidate = named[step.backend]
        assert candidate.enabled
        assert lacks(asked, candidate) == ()
        assert step.model in (asked.model, candidate.model)
    assert not set(backends) & plan.why["excluded"].keys()


@settings(deadline=None)  # the machine may be busy
@given(
    prompts,
    candidates,
    st.integers(0, 99),
    st.sampled_from([None, "r", "x"]),
    st.sampled_from([None, "gpt-5"]),
)
def test_deny_wins_over_everything(
    asked: Prompt, pool: list[Candidate], seed: int, route: str | None, model: str | None
) -> None:
    denying = any_route(seed, pool, 0.9, (Rule(deny="never"),))
    router = Router([denying, Route(name="x")], pool)
    assert isinstance(router.plan(asked, pinned_route=route, pinned_model=model), NoPlan)


@settings(deadline=None)  # the machine may be busy
@given(prompts, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_floor_never_moves_a_prompt_from_large_to_small(
    asked: Prompt, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    first = []
    for floor in (low, high):
        route = Route(name="r", policy="difficulty", small="small", large="large", quality_floor=floor)
        plan = Router([route], [LARGE, SMALL]).plan(asked)
        first.append(plan.steps[0].backend if isinstance(plan, Plan) else "none")
    assert first != ["large", "small"]
