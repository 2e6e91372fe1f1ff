"""Small first when the prompt looks easy enough, else large first."""

from typing import Any

from halfpenny.router.base import Policy, Prompt, Step
from halfpenny.router.difficulty import rate, threshold_for

_TOP_FEATURES = 5


class Difficulty:
    """Compares the difficulty score with the threshold that `quality_floor` maps to.

    Large always stands behind small. Small stands behind large only if `fallback`: answering a hard prompt
    with the small model because the large one failed lowers quality without telling anybody.
    """

    def __init__(self, *, quality_floor: float = 0.97, fallback: bool = True, **_others: object) -> None:
        self._threshold = threshold_for(quality_floor)
        self._fallback = fallback

    def order(self, prompt: Prompt, eligible: tuple[Step, ...]) -> tuple[tuple[Step, ...], dict[str, Any]]:
        rating = rate(prompt)
        easy = rating.score < self._threshold
        small = tuple(step for step in eligible if step.role == "small")
        rest = tuple(step for step in eligible if step.role != "small")
        why: dict[str, Any] = {
            "verdict": "easy" if easy else "hard",
            "score": round(rating.score, 4),
            "threshold": round(self._threshold, 4),
            "features": [
                {"name": name, "value": round(value, 3), "contribution": round(part, 3)}
                for name, value, part in rating.contributions[:_TOP_FEATURES]
            ],
        }
        if rating.abstained:
            why["abstained"] = rating.abstained
        if easy:
            return small + rest, why
        if not self._fallback:
            why["fallback"] = "off: small may not answer what looks hard"
            return rest, why
        return rest + small, why


_fits: type[Policy] = Difficulty
