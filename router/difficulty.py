"""How likely is it that the small model is not good enough? A hand-made, documented, monotone lexical score.

`score = 1 / (1 + exp(-(BIAS + sum(weight * feature))))` over the features of `features.py`. It is a weighted
checklist, not a trained model, and its number is not a calibrated probability: a score learned from one
benchmark's outcomes is a coin toss on another (docs/routing.md has the figures). What it does reliably is
tell a greeting from a proof. It abstains, which means "large", where it does not understand the prompt.
"""

import math
from typing import NamedTuple

import numpy as np

from halfpenny.router.base import Prompt
from halfpenny.router.features import NAMES, extract

# When the weights were last set, looking at the half "tune" of tests/unit/router/difficulty_prompts.jsonl.
CHECKED = "2026-11-22"
BIAS = -1.0  # a prompt that shows no sign of either kind scores 0.27: just easy at the default floor

# Log-odds towards "large" of a feature at its full value. The sign is fixed by the reason beside it; the size
# is a round number, on purpose. Features that are not listed weigh nothing: they are kept for a trained head.
WEIGHTS: dict[str, float] = {
    # signs of an easy task: the answer is short, known by heart or already in the prompt
    "greeting": -1.5,
    "short_fact": -1.0,
    "short_task": -1.5,
    "short_plain": -0.5,
    # code: wrong in one place is wrong altogether
    "code_noun": 1.5,
    "build": 1.5,
    "fault": 1.5,
    "complexity": 2.0,
    "code_fence": 1.5,
    "code_marks": 1.0,
    "code_lines": 2.0,
    # mathematics and logic: an error in one step spoils the rest
    "proof": 3.0,
    "maths": 2.5,
    "maths_marks": 1.5,
    "word_problem": 2.5,
    "quantity": 0.5,
    "numbers": 0.5,
    "logic": 2.5,
    "choices": 1.0,
    # long or many-sided work
    "analysis": 2.5,
    "planning": 2.0,
    "limits": 1.5,
    "steps": 1.5,
    "deep": 1.5,
    "long_output": 2.5,
    "words": 0.5,
    "list_items": 1.0,
    "sentences": 0.5,
    "question_marks": 0.5,
    "output_tokens": 1.0,
    # fields in which a wrong answer is dear
    "law": 2.5,
    "medicine": 2.5,
    "science": 1.5,
    "finance": 2.0,
    "security": 1.5,
    # the whole conversation: length, tools, and what "do it" refers to
    "input_tokens": 3.0,
    "turns": 1.0,
    "tool_turns": 2.0,
    "has_tools": 1.0,
    "has_images": 0.5,
    "wants_schema": 0.3,
    "earlier_work": 1.5,
    "earlier_code": 1.0,
    "work_goes_on": 2.0,
}

_WEIGHT_VECTOR = np.array([WEIGHTS.get(name, 0.0) for name in NAMES])

KNOWN_SHARE = 0.3  # of the words must be in the lexicon, or the language is taken for another one
LATIN_SHARE = 0.7
FLOOR_POWER = 12


class Rating(NamedTuple):
    """`score` is in 0..1; `abstained` says why it is a plain 1.0, if it is.

    `contributions` are (feature, value, log-odds), the largest first.
    """

    score: float
    abstained: str
    contributions: tuple[tuple[str, float, float], ...]


def rate(prompt: Prompt) -> Rating:
    """The difficulty of a prompt. Pure; a fraction of a millisecond."""
    features = extract(prompt)
    parts = _WEIGHT_VECTOR * features.values
    contributions = tuple(
        (NAMES[at], float(features.values[at]), float(parts[at]))
        for at in sorted(np.flatnonzero(parts).tolist(), key=lambda at: -abs(parts[at]))
    )
    if not features.words:
        return Rating(1.0, "there is no text to judge", contributions)
    if features.latin < LATIN_SHARE:
        return Rating(1.0, "the script is not one that the score understands", contributions)
    if features.known < KNOWN_SHARE:
        return Rating(
            1.0, "too few known words: another language, or text unlike anything listed", contributions
        )
    return Rating(_sigmoid(BIAS + float(parts.sum())), "", contributions)


def threshold_for(quality_floor: float) -> float:
    """Scores below this go to the small model: `1 - floor ** 12`, falling from 1 (floor 0) to 0 (floor 1).

    0.99 -> 0.11, 0.97 -> 0.31, 0.95 -> 0.46, 0.90 -> 0.72. The power is an operating point, chosen so that a
    prompt without any sign of difficulty is just easy at the default 0.97. It is *not* a proof that the floor
    is kept: that takes measured pairs from the operator's own traffic.
    """
    if not 0.0 <= quality_floor <= 1.0:
        raise ValueError(f"quality_floor must be between 0 and 1, not {quality_floor}")
    return 1.0 - quality_floor**FLOOR_POWER


def _sigmoid(log_odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-log_odds))
