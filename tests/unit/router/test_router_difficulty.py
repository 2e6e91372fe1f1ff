"""The difficulty score: right on the obvious, monotone, and silent where it does not understand.

`difficulty_prompts.jsonl` is labelled by hand. The weights were set looking at its half "tune" only; the half
"held" was looked at once, after that. Both halves and the lexicon have one author, so the figures say "no
obvious case is wrong" and not "it will be as good on your traffic" (docs/routing.md).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from halfpenny.router import Prompt
from halfpenny.router.difficulty import BIAS, WEIGHTS, rate, threshold_for
from halfpenny.router.features import NAMES

PROMPTS = Path(__file__).with_name("difficulty_prompts.jsonl")
THRESHOLD = threshold_for(0.97)


def prompt(*messages: tuple[str, str], **more: Any) -> Prompt:
    tokens = sum(len(text) for _, text in messages) // 4
    return Prompt(
        surface="openai_chat", path="/", model="m", **{"messages": messages, "input_tokens": tokens, **more}
    )


def half(name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rows = [json.loads(line) for line in PROMPTS.read_text().splitlines()]
    rows = [row for row in rows if row["half"] == name]
    score = [
        rate(prompt(*map(tuple, row["messages"]), has_tools=row.get("has_tools", False))).score
        for row in rows
    ]
    return np.array(score), np.array([bool(row["hard"]) for row in rows])


def auc(hard: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    above, below = score[hard], score[~hard]
    return float((above[:, None] > below).mean() + 0.5 * (above[:, None] == below).mean())


@pytest.mark.parametrize("name", ["tune", "held"])
def test_the_hand_labelled_prompts_are_told_apart(name: str) -> None:
    score, hard = half(name)
    assert hard.sum() >= 30
    assert (~hard).sum() >= 30
    assert ((score >= THRESHOLD) == hard).mean() >= 0.85
    assert auc(hard, score) >= 0.9


def test_shuffled_labels_are_not_told_apart() -> None:
    """The control: were this high, the measure would be broken."""
    score, hard = half("held")
    rng = np.random.default_rng(7)
    assert np.mean([auc(rng.permutation(hard), score) for _ in range(200)]) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("text", ["", "   ", "!!! ??", "今日はとても良い天気ですね", "Привет, как дела?"])
def test_it_abstains_where_it_cannot_read(text: str) -> None:
    rating = rate(prompt(("user", text)))
    assert rating.score == 1.0
    assert rating.abstained


def test_it_abstains_on_another_latin_language() -> None:
    assert rate(prompt(("user", "Wie spät ist es gerade bei euch zuhause?"))).abstained
    assert not rate(prompt(("user", "Xin chào, bạn khỏe không?"))).abstained


def test_do_it_is_as_hard_as_what_it_refers_to() -> None:
    """vLLM semantic-router issue 1458: a router that reads only the last message sends "commit it" to the
    small model.
    """
    alone = rate(prompt(("user", "ok, do it")))
    after_work = rate(
        prompt(
            ("user", "Refactor the parser and fix the failing tests."),
            ("assistant", "Here is the patch."),
            ("user", "ok, do it"),
        )
    )
    assert alone.score < THRESHOLD <= after_work.score
    assert after_work.contributions[0][0] == "work_goes_on"


def test_a_long_context_is_hard() -> None:
    assert rate(prompt(("user", "What is the colour of the car?"), input_tokens=20)).score < THRESHOLD
    assert rate(prompt(("user", "What is the colour of the car?"), input_tokens=8_000)).score >= THRESHOLD


@settings(deadline=None)  # the machine may be busy
@given(st.integers(0, 200_000), st.integers(0, 200_000), st.booleans())
def test_more_context_or_tools_never_lower_the_score(one: int, other: int, images: bool) -> None:
    less, more = sorted((one, other))
    message = ("user", "What is the capital of Portugal?")
    low = rate(prompt(message, input_tokens=less)).score
    high = rate(prompt(message, input_tokens=more, has_tools=True, has_images=images)).score
    assert low <= high


def test_contributions_explain_the_whole_score() -> None:
    rating = rate(prompt(("user", "Prove that the series converges, step by step.")))
    log_odds = BIAS + sum(part for _, _, part in rating.contributions)
    assert rating.score == pytest.approx(1 / (1 + np.exp(-log_odds)))
    sizes = [abs(part) for _, _, part in rating.contributions]
    assert sizes == sorted(sizes, reverse=True)


def test_every_weight_belongs_to_a_feature() -> None:
    assert set(WEIGHTS) <= set(NAMES)


@settings(deadline=None)  # the machine may be busy
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_floor_never_sends_more_to_the_small_model(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert threshold_for(low) >= threshold_for(high)


def test_the_ends_of_the_floor_mean_always_and_never() -> None:
    assert threshold_for(1.0) == 0.0
    assert threshold_for(0.0) == 1.0
    for bad in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="quality_floor"):
            threshold_for(bad)
