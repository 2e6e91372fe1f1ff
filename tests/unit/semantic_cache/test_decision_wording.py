"""semantic_cache/decision/wording.py: a namespace learns which words matter to it."""

import numpy as np
import pytest

from halfpenny.semantic_cache.decision import wording
from halfpenny.semantic_cache.decision.prompts import Prompt, make_prompt
from halfpenny.semantic_cache.decision.wording import Wording


def prompt(text: str) -> Prompt:
    return make_prompt(text, np.zeros(2, np.float32), np.empty((0, 2), np.float32), [], [])


def test_nothing_is_known_at_first() -> None:
    assert Wording().log_odds(prompt("wake me at six am"), prompt("wake me at six pm")) == 0.0


def test_it_learns_which_words_matter() -> None:
    learnt = Wording()
    rng = np.random.default_rng(0)
    tasks = [f"task{at}" for at in range(8)]
    for at in range(200):
        task = tasks[int(rng.integers(8))]
        p = 0.5
        if at % 2:
            learnt.learn(prompt(f"{task} am"), prompt(f"{task} pm"), 0 - p, p * (1 - p))
        else:
            learnt.learn(prompt(f"please {task}"), prompt(task), 1 - p, p * (1 - p))
    assert learnt.log_odds(prompt("new thing am"), prompt("new thing pm")) < -1
    assert learnt.log_odds(prompt("please do it"), prompt("do it")) > 1
    assert learnt.log_odds(prompt("do it"), prompt("please do it")) > 1
    assert learnt.log_odds(prompt("am please"), prompt("am please")) == 0.0


def test_weights_are_bounded_and_the_first_labels_move_most() -> None:
    learnt = Wording()
    one, other = prompt("x am"), prompt("x")
    steps = [0.0]
    for _ in range(300):
        learnt.learn(one, other, -0.5, 0.25)
        steps.append(learnt.log_odds(one, other))
    assert steps[1] - steps[0] < steps[20] - steps[19] < 0
    assert min(steps) == -3.0


def test_the_same_words_teach_nothing() -> None:
    learnt = Wording()
    learnt.learn(prompt("a b"), prompt("B, a!"), -0.5, 0.25)
    assert len(learnt) == 0


@pytest.mark.parametrize("residual", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_teach_nothing(residual: float) -> None:
    learnt = Wording()
    learnt.learn(prompt("a"), prompt("b"), residual, 0.25)
    learnt.learn(prompt("a"), prompt("b"), 0.5, residual)
    assert len(learnt) == 0


def test_the_least_recently_learnt_words_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "MAX_WORDS", 4)
    learnt = Wording()
    for at in (0, 1, 2, 3, 0, 4):
        learnt.learn(prompt(f"w{at}"), prompt(""), -0.5, 0.25)
    assert len(learnt) == 4
    assert learnt.log_odds(prompt("w1"), prompt("")) == 0.0
    assert learnt.log_odds(prompt("w0"), prompt("")) < 0


def test_the_order_of_words_does_not_show() -> None:
    learnt = Wording()
    words = [f"w{at}" for at in range(40)]
    for at, word in enumerate(words):
        learnt.learn(prompt(word), prompt(""), 0.1 / (at + 1) * (-1) ** at, 0.1)
    whole = learnt.log_odds(prompt(" ".join(words)), prompt(""))
    assert whole == learnt.log_odds(prompt(" ".join(reversed(words))), prompt(""))
    assert whole == learnt.log_odds(prompt(""), prompt(" ".join(words)))
