"""The decision: serve a neighbour's answer, ask again to learn, or fetch.

```
neighbours -> evidence (verifier, classifier, groups, guards) -> probability (calibrator) -> threshold (budget)
                                                                              served | re-asked | fetched
a fetched answer, compared with the candidates' answers -> labels -> calibrator, groups, budget, live bound
```
Pure and synchronous: no I/O, no clock, chance comes in as a generator. One `Namespace` holds everything that is learnt
of one kind of traffic; it is owned by one thread.
"""

import math
from collections import deque
from collections.abc import Sequence
from random import Random

import msgspec
import numpy as np

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.decision.budget import RECENT, Budget
from halfpenny.semantic_cache.decision.calibrator import Calibrator, Prior
from halfpenny.semantic_cache.decision.classifier import Metric
from halfpenny.semantic_cache.decision.evidence import Candidate
from halfpenny.semantic_cache.decision.logistic import Floats
from halfpenny.semantic_cache.decision.prompts import Prompt
from halfpenny.semantic_cache.decision.unseen import Unseen
from halfpenny.semantic_cache.decision.wording import Wording

FIT_EVERY = 25
"""Requests between two fits of the calibrator and settings of the threshold."""
COLD_LABELS = 50
"""Until then only what `verdict.judge` accepts is served: its rules are measured, a threshold is not there yet."""
COLD_THRESHOLD = 0.5
REASKED = 0.015
"""Least share of the hits whose answer is fetched anew."""
_OTHERS_WEIGHT = 0.5
"""Trust in the label of a candidate that would not have been chosen: it is one of the same request's."""
_EARLY = 2.5
_CROWD, _MOST_CROWD = 0.08, 0.5
"""Probability of re-asking for each served prompt that is nearer than the stored neighbour, and at most."""
_PER_REQUEST = 0.01
_MOST_USUAL = 0.05
_UNREAD = frozenset({"tail", "length", "signs", "scripts", "marks", "order_added", "telling_added"})
"""Where the two differ, or may, in words that neither embedder nor verifier reads, or in an order of its own beside the
same question, which honest traffic has too little of to learn from: no evidence speaks of those."""


class Decision(msgspec.Struct, frozen=True, eq=False):
    """What was decided, and everything that `explain` shows.

    `able`: the chosen candidate may answer. `served`: it does. `reasked`: its answer is fetched anew instead, which
    happens with probability `explored`, to learn from it. `vetoed`: why it must not, whatever its probability.
    `probabilities` are cautious. `log_odds`: the chosen one's without caution; `expected`: its probability by what such
    log-odds came out as, which is what a hit costs the budget.
    """

    candidates: tuple[Candidate, ...]
    probabilities: tuple[float, ...] = ()
    chosen: int = -1
    log_odds: float = 0.0
    expected: float = 0.0
    threshold: float = 1.0
    able: bool = False
    served: bool = False
    reasked: bool = False
    explored: float = 0.0
    vetoed: str = ""

    @property
    def best(self) -> Candidate | None:
        return self.candidates[self.chosen] if self.chosen >= 0 else None

    @property
    def p_right(self) -> float:
        return self.probabilities[self.chosen] if self.chosen >= 0 else 0.0


NOTHING = Decision(())


class Label(msgspec.Struct, frozen=True):
    """What a comparison of answers said of one candidate: `right` in 0..1, and how far to trust it, 0..1."""

    candidate: int
    right: float
    weight: float = 1.0


class Namespace:
    """Calibrator, budget and metric of one namespace. `bound`: the promised share of wrong hits per request, 0..1.
    `reasked`: the least share of hits whose answer is fetched anew; 0 for never, and then no bound can be measured."""

    def __init__(self, prior: Prior, metric: Metric, bound: float, *, reasked: float = REASKED) -> None:
        self.calibrator = Calibrator(prior)
        self.budget = Budget(bound)
        self.metric = metric
        self.wording = Wording()
        self.reasked_share = reasked
        self.requests = self.hits = self.reasks = 0
        self.unseen = Unseen()
        self.recent: deque[np.ndarray | None] = deque(maxlen=RECENT)
        """Evidence on the best candidate of the last requests, newest last; None where there was none."""

    def decide(
        self, candidates: Sequence[Candidate], rng: Random, *, vector: Vector | None = None, bound: float | None = None
    ) -> Decision:
        """Count a request, decide, and book what becomes of it. `vector`: the prompt's, shape (d,); without it nothing
        is known of what is served beside it. `bound`: a stricter one for this request alone."""
        decision = self.consider(candidates, vector=vector, bound=bound)
        return self.conclude(decision, decision.explored, rng, vector=vector)

    def consider(
        self,
        candidates: Sequence[Candidate],
        *,
        vector: Vector | None = None,
        bound: float | None = None,
        floor: float = -1.0,
    ) -> Decision:
        """Count a request and say whether its best candidate may answer, and with which probability it is asked again
        all the same. `floor`: the least cosine of any hit. `conclude` must follow."""
        self.requests += 1
        self.budget.requests = self.requests
        if self.requests % FIT_EVERY == 0:
            self._settle()
        if not candidates:
            self.recent.append(None)
            return NOTHING
        features = _stacked([one.features for one in candidates])
        found = self.calibrator.probability(features).tolist()
        # no comparison with NaN holds, so it would pass every threshold: it is no probability at all
        probabilities = [0.0 if math.isnan(p) else p for p in found]
        chosen = self._choice(candidates, probabilities)
        self.recent.append(features[chosen])
        p_right = probabilities[chosen]
        log_odds = float(self.calibrator.log_odds(features[chosen]))
        threshold = self._threshold(bound)
        vetoed = "min_similarity" if candidates[chosen].near.cosine < floor else self._veto(candidates[chosen])
        able = not vetoed and p_right >= threshold
        return Decision(
            candidates=tuple(candidates),
            probabilities=tuple(probabilities),
            chosen=chosen,
            log_odds=log_odds,
            expected=self.budget.expected(log_odds),
            threshold=threshold,
            able=able,
            explored=self._exploration(p_right, threshold, vector, candidates[chosen].near.cosine) if able else 0.0,
            vetoed=vetoed,
        )

    def conclude(
        self, decision: Decision, explored: float, rng: Random, *, vector: Vector | None = None
    ) -> Decision:
        """Throw the coin of re-asking, and book a hit or a re-ask."""
        if not decision.able or decision.best is None:
            return decision
        reasked = rng.random() < explored
        if reasked:
            self.reasks += 1
            if vector is not None:
                self.unseen.fetched(vector, decision.best.near.cosine)
        else:
            self.hits += 1
            self.budget.served(decision.expected)
            if vector is not None:
                self.unseen.add(vector)
        return msgspec.structs.replace(decision, served=not reasked, reasked=reasked, explored=explored)

    def withdraw(self, decision: Decision) -> None:
        """A decision to serve came to nothing: its entry was gone."""
        self.hits -= 1
        self.budget.spent -= 1.0 - decision.expected

    def learn(self, prompt: Prompt, decision: Decision, labels: Sequence[Label]) -> None:
        """The answer was fetched and compared with those of the candidates."""
        for label in labels:
            if label.weight <= 0:
                continue
            chosen = label.candidate == decision.chosen
            weight = label.weight * (1.0 if chosen else _OTHERS_WEIGHT)
            p = decision.probabilities[label.candidate]
            self.wording.learn(
                prompt, decision.candidates[label.candidate].near.prompt, label.weight * (label.right - p), p * (1 - p)
            )
            self.calibrator.add(decision.candidates[label.candidate].features, label.right, weight)
            if chosen and decision.reasked:
                self.budget.reasked(
                    decision.log_odds,
                    decision.expected,
                    right=label.right >= 0.5,
                    weight=min(1.0, self._usually() / max(decision.explored, 1e-9)),
                )
            elif chosen:
                self.budget.fetched(decision.log_odds, right=label.right >= 0.5)

    def _settle(self) -> None:
        self.calibrator.fit()
        rows = [one for one in self.recent if one is not None]
        features = _stacked(rows) if rows else np.empty((0, len(self.calibrator.weights)))
        sure, log_odds = self.calibrator.probability(features), self.calibrator.log_odds(features)
        self.budget.update(sure, log_odds, len(self.recent), self.calibrator.labels)

    def _choice(self, candidates: Sequence[Candidate], probabilities: Sequence[float]) -> int:
        """The likeliest; of those that the rules accept, if there are any and nothing has been learnt yet."""
        if self.cold:
            accepted = [at for at, one in enumerate(candidates) if not one.cold_refusal]
            if accepted:
                return max(accepted, key=probabilities.__getitem__)
        return max(range(len(probabilities)), key=probabilities.__getitem__)

    @property
    def cold(self) -> bool:
        return self.calibrator.labels < COLD_LABELS

    def _threshold(self, bound: float | None) -> float:
        """The budget's, or for a stricter bound as much higher as the share of wrong hits is lower."""
        wanted = self.budget.bound if bound is None else min(bound, self.budget.bound)
        if wanted <= 0:
            return math.inf
        own = COLD_THRESHOLD if self.cold else self.budget.threshold
        return 1.0 - (1.0 - own) * wanted / self.budget.bound

    def _veto(self, candidate: Candidate) -> str:
        unread = _UNREAD.intersection(candidate.refusals)
        return min(unread) if unread else candidate.cold_refusal if self.cold else ""

    def _exploration(self, p_right: float, threshold: float, vector: Vector | None, cosine: float) -> float:
        """More at the start, where hits are rare (each must tell more), where being wrong is likelier (there a label is
        worth more and a hit less), and much more where others were served that are nearer than what is stored."""
        if self.reasked_share <= 0 or self.cold:
            return self.reasked_share
        base = self._usually() + _EARLY / (self.requests + 10)
        alone = min(1.0, base * (1.0 + 1.5 * (1.0 - p_right) / max(1.0 - threshold, 1e-3)))
        crowd = self.unseen.crowd(vector, cosine) if vector is not None else 0
        return max(alone, min(_CROWD * crowd, _MOST_CROWD))

    def _usually(self) -> float:
        """The least probability of re-asking a hit by now."""
        hit_rate = (self.hits + self.reasks + 1) / (self.requests + 1)
        return max(self.reasked_share, min(_MOST_USUAL, _PER_REQUEST / hit_rate))


def _stacked(rows: Sequence[Floats]) -> Floats:
    """Rows of one length as an array: `np.stack`, whose time for many small ones is mostly its checks."""
    return np.concatenate(rows).reshape(len(rows), -1)
