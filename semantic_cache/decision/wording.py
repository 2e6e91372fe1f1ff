"""Which words are wording, and which are content, in this namespace?

Two prompts with the same answer differ in wording only; two with different answers differ in some word of content. Each
label says so of the words that only one of its two prompts has, so every namespace learns its own vocabulary: "am" and
"pm" matter to alarms, "please" to nobody. Logistic regression over the differing words, with the calibrator's log-odds
as offset: it learns what the rest of the evidence does not explain. Weights have a normal prior around 0; each is kept
with its own precision (a diagonal Laplace approximation, updated label by label).
"""

import math
from collections import OrderedDict
from collections.abc import Mapping

from halfpenny.semantic_cache.decision.prompts import Prompt

MAX_WORDS = 20_000
_PRIOR_PRECISION = 1.5
_BOUND = 3.0


class Wording:
    """Weights of words; the least recently learnt go beyond `MAX_WORDS`."""

    def __init__(self) -> None:
        self._weights: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._weights)

    def log_odds(self, one: Prompt, other: Prompt) -> float:
        """How much the differing words speak for the same answer, -3..3; 0 where nothing is known of them."""
        known = [kept[0] for kept in map(self._weights.get, one.plain ^ other.plain) if kept is not None]
        # exact, so that the order of a set, which differs from process to process, does not show
        return min(_BOUND, max(-_BOUND, math.fsum(known)))

    def of(self, one: Prompt, other: Prompt) -> dict[str, tuple[float, float]]:
        """What is known of the differing words: weight and precision of each, for `restore`."""
        return {word: self._weights[word] for word in one.plain ^ other.plain if word in self._weights}

    def restore(self, weights: Mapping[str, tuple[float, float]]) -> None:
        self._weights.update(weights)

    def learn(self, one: Prompt, other: Prompt, residual: float, slope: float) -> None:
        """A label. `residual`: right less the probability that was predicted; `slope`: p (1 - p) of the prediction."""
        words = one.plain ^ other.plain
        if not words or not math.isfinite(residual) or not math.isfinite(slope):
            return
        for word in words:
            weight, precision = self._weights.pop(word, (0.0, _PRIOR_PRECISION))
            precision += slope
            self._weights[word] = (weight + (residual - 0.01 * weight) / precision / len(words) ** 0.5, precision)
        while len(self._weights) > MAX_WORDS:
            self._weights.popitem(last=False)
