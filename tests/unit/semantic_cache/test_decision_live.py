"""How the promise is steered: warm-up, alert, off and back; and that the state survives being written down."""

from random import Random
from typing import cast

import numpy as np
import pytest

from halfpenny.semantic_cache.decision import live as module
from halfpenny.semantic_cache.decision import state as states
from halfpenny.semantic_cache.decision.calibrator import Prior
from halfpenny.semantic_cache.decision.evidence import FEATURES, Candidate, Near
from halfpenny.semantic_cache.decision.live import ALERT, EPS, FREE_HITS, Judged, Live, Wanted
from halfpenny.semantic_cache.decision.model import Model
from halfpenny.semantic_cache.decision.prompts import Prompt, make_prompt
from halfpenny.semantic_cache.decision.verifier import Verifier
from halfpenny.semantic_cache.verdict import judge

WANTED = Wanted(bound=0.05, strict=0.05)
SAME, OTHER = Judged(0.99, 1.0), Judged(0.03, 0.85)
D = 8


def prompt(text: str) -> Prompt:
    vector = np.zeros(D, np.float32)
    vector[0] = 1
    return make_prompt(text, vector, np.zeros((1, 4), np.float32), [1], [(0, len(text))])


def near(entry: str = "e-1", text: str = "How do I reverse a list?") -> Near:
    return Near(entry, entry, prompt(text), 0.97)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> Live:
    """A namespace whose evidence is always strong: one feature that says 0.99."""
    mean = np.zeros(len(FEATURES))
    mean[0] = 4.6
    model = Model(
        "m",
        "e",
        cast("Verifier", None),
        Prior(mean, np.eye(len(FEATURES)) * 1e-4),
        np.eye(D, dtype=np.float32),
        np.zeros(D, np.float32),
    )

    def weigh(asked: Prompt, found: list[Near], *_: object) -> list[Candidate]:
        features = np.zeros(len(FEATURES))
        features[0] = 1.0
        return [Candidate(one, features, (), judge(asked.text, one.prompt.text, 0.97).guard) for one in found]

    monkeypatch.setattr(module, "weigh", weigh)
    return Live("d" * 64, model, 0.05)


def ask(live: Live, rng: Random, answer: Judged, entry: str = "e-1") -> str:
    ruled = live.decide(prompt("How can I reverse a list?"), [near(entry)], WANTED, rng)
    if ruled.decision.served:
        live.confirm(ruled, served=True)
        return "free" if ruled.free else "served"
    live.learn(ruled, [answer])
    return "asked again" if ruled.decision.reasked else "missed"


def test_a_cold_namespace_serves_what_the_fixed_rule_accepts_too(live: Live) -> None:
    assert [ask(live, Random(1), SAME) for _ in range(FREE_HITS)] == ["free"] * FREE_HITS
    assert live.bound.hits == 0
    assert live.bound.requests == FREE_HITS
    far = live.decide(prompt("Delete everything"), [near()], WANTED, Random(1))
    assert not far.decision.served
    assert live.alarm == "ok"


def test_every_would_be_hit_behind_the_warm_up_may_be_asked_again(live: Live) -> None:
    rng = Random(2)
    seen = []
    for _ in range(400):
        ruled = live.decide(prompt("How can I reverse a list?"), [near()], WANTED, rng)
        decision = ruled.decision
        if (decision.served or decision.reasked) and not ruled.free:
            seen.append(decision.explored)
            assert decision.explored >= EPS
        if decision.served:
            live.confirm(ruled, served=True)
        else:
            live.learn(ruled, [SAME])
    assert len(seen) > 300
    assert live.bound.requests == 400
    assert live.namespace.hits + live.namespace.reasks == live.bound.hits + FREE_HITS


def test_a_changed_world_switches_off_and_is_got_over(live: Live) -> None:
    rng = Random(3)
    for _ in range(300):
        ask(live, rng, SAME)
    assert live.alarm == "ok"
    served = 0
    for at in range(200):
        # each answer that comes out wrong goes with its group: the next one is as wrong
        served += ask(live, rng, OTHER, f"e-{at}") == "served"
        if live.alarm == "off":
            break
    assert live.alarm == "off", live.figures
    assert served <= 40
    outcomes = [ask(live, rng, SAME, f"n-{at}") for at in range(20)]
    assert "served" not in outcomes
    spent = 20
    while live.alarm == "off" and spent < 400:
        assert ask(live, rng, SAME, "n-1") != "served"
        spent += 1
    assert live.alarm == "tighten"
    assert 50 <= spent <= 150  # about 3 / 0.05 requests


def test_a_wrong_re_ask_drops_the_group_and_raises_the_alert(live: Live) -> None:
    rng = Random(4)
    while ask(live, rng, SAME) != "asked again":
        pass
    while True:
        ruled = live.decide(prompt("How can I reverse a list?"), [near()], WANTED, rng)
        if ruled.decision.reasked:
            break
        live.confirm(ruled, served=ruled.decision.served)
    lesson, same = live.learn(ruled, [OTHER])
    assert (lesson.wrong, lesson.dropped, same) == (True, "e-1", "")
    assert live.alert == ALERT
    assert not live.decide(prompt("How can I reverse a list?"), [near()], WANTED, rng).decision.candidates


def test_an_unsure_judge_settles_nothing(live: Live) -> None:
    rng = Random(5)
    while True:
        ruled = live.decide(prompt("How can I reverse a list?"), [near()], WANTED, rng)
        if ruled.decision.reasked:
            break
        live.confirm(ruled, served=ruled.decision.served)
    lesson, _ = live.learn(ruled, [Judged(0.4, 0.1)])
    assert (lesson.wrong, lesson.dropped) == (None, "")
    assert not live.is_dropped("e-1")


def test_known_wrong_answers_weigh_against_a_warm_up(live: Live) -> None:
    for _ in range(FREE_HITS + 5):
        ask(live, Random(6), SAME)
    features = np.zeros(len(FEATURES))
    live.told(features, 0.9, "e-9", right=False, free=False)
    assert live.alarm != "off"


def test_the_state_survives_being_written_down(live: Live) -> None:
    rng = Random(7)
    taught = []
    for at in range(300):
        ruled = live.decide(prompt("How can I reverse a list?"), [near()], WANTED, rng)
        if ruled.decision.served:
            live.confirm(ruled, served=True)
        else:
            taught += live.learn(ruled, [SAME if at % 3 else OTHER])[0].taught
    live.assess()
    again = Live(live.digest, live.model, 0.05)
    counts = (live.namespace.requests, live.namespace.hits, live.namespace.reasks, live.namespace.budget.spent)
    states.restore_labels(again, taught, counts)
    states.restore_state(again, states.dump(live))
    live.namespace.calibrator.fit()
    again.assess()
    np.testing.assert_allclose(again.namespace.calibrator.weights, live.namespace.calibrator.weights, atol=1e-4)
    for name in ("requests", "hits", "reasked", "labels", "upper", "lower", "estimate", "threshold", "spent", "alarm"):
        assert getattr(again.figures, name) == pytest.approx(getattr(live.figures, name)), name


@pytest.mark.parametrize("torn", [b"", b"\x90", b"nonsense"])
def test_a_torn_state_is_refused_and_changes_nothing(live: Live, torn: bytes) -> None:
    with pytest.raises(ValueError):
        states.restore_state(live, torn)
    assert live.bound.requests == 0
