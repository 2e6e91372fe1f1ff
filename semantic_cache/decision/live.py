"""One namespace at work: the engine's decision, steered by what is known of the promise, and what is learnt from
answers.

Everything here belongs to one thread (`proxy/semantic.py` gives it one); there is no I/O and no clock.

How the promise is kept
-----------------------
*At the start* nothing is known: the upper bound is as high as the share of hits, by lack of evidence alone. That
switches nothing off. Until `engine.COLD_LABELS` comparisons of answers were made, a hit needs more than the
calibrator's word: no guard refuses and the fixed rule (`verdict.judge`) accepts as well. The first `FREE_HITS` of
these are not asked again; they are the warm-up, counted as requests and not as hits that the bound covers. From then
on every would-be hit is asked again with a known probability of at least `EPS`, and `LiveBound` counts it.

*Alert.* A re-asked hit that came out wrong raises the probability for the next ones to `ALERT`, fading by `CALM` with
each would-be hit: whether it was one bad pair or a changed world is known after a few.

*Tighten.* When the calm estimate of wrong hits over requests is above the promised rate while the bound does not
exclude that it is broken, hits must be surer (`TIGHTENED` of the rate is spent). It ends when the estimate is well
under it.

*Off.* Nothing is served, every would-be hit is asked again: when the lower bound is above the promised rate, or when
the last re-asks came out wrong far more often than the calibrator expected (`_surprise`), which is what a changed
world looks like before the bound has the evidence. It ends when the hits that would have been served since then would
have kept the promise: the Clopper-Pearson bound (95 %) on wrong ones over requests is at most the promised rate, so
after about 3 / rate requests at the earliest. Then it is "tighten", and the window that it is judged by begins anew.

Known wrong answers count against at least `WARM_UP` requests: the promise begins behind them.
"""

import math
from collections import OrderedDict, deque
from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import numpy as np

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.decision.bound import Alarm, ClopperPearson, LiveBound, alarm
from halfpenny.semantic_cache.decision.engine import REASKED, Decision, Label, Namespace
from halfpenny.semantic_cache.decision.evidence import FEATURES, Near, weigh
from halfpenny.semantic_cache.decision.groups import Groups
from halfpenny.semantic_cache.decision.logistic import likelihood
from halfpenny.semantic_cache.decision.model import Model
from halfpenny.semantic_cache.decision.prompts import Prompt

EPS = REASKED
"""No would-be hit behind the warm-up is asked again with a smaller probability."""
WARM_UP = 200
FREE_HITS = 5
ALERT = 0.5
CALM = 0.93
TIGHTENED = 0.3
WINDOW_HITS = 2000
ASSESS_EVERY = 25
RESOLVED = 0.3
"""Least weight of a judgement that tells how a re-ask came out."""
WRONG_WEIGHT = 0.5
JOIN_SAME, JOIN_WEIGHT = 0.8, 0.5
MIN_METRIC = 50
"""Prompts that a namespace has before it gets a metric of its own."""
_DROPPED = 1024
_SURPRISES, _SURPRISE_P, _SURPRISE_WRONG = 30, 1e-4, 4
_TEXT_CHARS = 240


class Wanted(msgspec.Struct, frozen=True):
    """`bound`: the promised rate of wrong hits over requests; `strict`: this request's own, at most as high. `floor`:
    least cosine of any hit."""

    bound: float
    strict: float
    floor: float = -1.0


class Ruled(msgspec.Struct, frozen=True, eq=False):
    """A decision as it stands after all of this. `free`: a hit of the warm-up. `why` is for `explain`."""

    prompt: Prompt
    decision: Decision
    why: dict[str, Any]
    free: bool = False


class Judged(msgspec.Struct, frozen=True):
    """The fresh answer against one candidate's: `same` and `weight` in 0..1 (`judge.Judgement`)."""

    same: float
    weight: float


class Taught(msgspec.Struct, frozen=True):
    """A label as the calibrator took it: features of shape (k,), right, weight and predicted in 0..1 (without caution
    for the candidate that was chosen)."""

    kind: str
    features: np.ndarray
    right: float
    weight: float
    predicted: float
    group: str
    words: bytes = b""


class Lesson(msgspec.Struct, frozen=True):
    """What came of a fresh answer. `group`: the answer group that its entry joined, "" for none. `beginner`: the entry
    that this group began with, if it had been alone. `dropped`: the group that is withdrawn. `wrong`: how a re-ask
    came out."""

    taught: tuple[Taught, ...] = ()
    group: str = ""
    beginner: str = ""
    dropped: str = ""
    wrong: bool | None = None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A namespace for people. Rates are wrong hits over requests; `upper` and `lower` are 95 % bounds at any time."""

    namespace: str
    alarm: Alarm
    bound: float
    requests: int
    hits: int
    reasked: int
    labels: int
    threshold: float
    estimate: float
    upper: float
    lower: float
    spent: float
    correction: float
    groups: int
    own_metric: bool
    weights: tuple[float, ...]


class Live:
    """One namespace. `digest` is its whole name."""

    def __init__(self, digest: str, model: Model, bound: float) -> None:
        self.digest = digest
        self.model = model
        self.namespace: Namespace = model.namespace(bound)
        self.groups = Groups()
        self.bound = LiveBound(eps=EPS, window_hits=WINDOW_HITS)
        self.steer = LiveBound(eps=EPS, window_hits=WINDOW_HITS)
        self.alarm: Alarm = "ok"
        self.alert = 0.0
        self.free = 0
        self.off_requests = self.off_wrong = 0
        self.surprises: deque[tuple[float, bool]] = deque(maxlen=_SURPRISES)
        self.waiting: list[Vector] = []
        self.own_metric = False
        self.dirty = False
        self._dropped: OrderedDict[str, None] = OrderedDict()
        self.figures = self._figures()

    # deciding

    def decide(self, prompt: Prompt, near: Sequence[Near], wanted: Wanted, rng: Random) -> Ruled:
        """Count a request and decide. Whether a served answer really went out is told by `confirm`."""
        self.dirty = True
        namespace = self.namespace
        namespace.budget.bound = wanted.bound
        strict = min(wanted.strict, wanted.bound * TIGHTENED) if self.alarm == "tighten" else wanted.strict
        near = [one for one in near if one.group not in self._dropped]
        candidates = weigh(
            prompt, near, self.groups, namespace.metric, self.model.verifier, namespace.wording
        )
        cold = namespace.cold
        decision = namespace.consider(candidates, vector=prompt.vector, bound=strict, floor=wanted.floor)
        ruled = self._ruled(prompt, decision, rng, cold=cold)
        if not ruled.decision.served and not ruled.decision.reasked:
            self.bound.missed()
            self.steer.missed()
        if self.alarm == "off":
            self.off_requests += 1
        if namespace.requests % ASSESS_EVERY == 0:
            self.assess()
        return ruled

    def count_miss(self, wanted: Wanted, rng: Random) -> None:
        """A request whose partition holds nothing: there is nothing to decide."""
        self.dirty = True
        self.namespace.budget.bound = wanted.bound
        self.namespace.decide([], rng)
        self.bound.missed()
        self.steer.missed()
        if self.alarm == "off":
            self.off_requests += 1
        if self.namespace.requests % ASSESS_EVERY == 0:
            self.assess()

    def confirm(self, ruled: Ruled, *, served: bool) -> None:
        """What became of a decision to serve: the answer went out, or its entry was gone."""
        p_wrong = 1.0 - ruled.decision.p_right
        if not served:
            self.namespace.withdraw(ruled.decision)
        for bound in (self.bound, self.steer):
            if served and not ruled.free:
                bound.served(p_wrong)
            else:
                bound.missed()

    def _ruled(self, prompt: Prompt, decision: Decision, rng: Random, *, cold: bool) -> Ruled:
        if decision.best is None:
            return Ruled(prompt, decision, {})
        free = decision.able and cold and self.free < FREE_HITS and self.alarm == "ok" and self.alert < 0.01
        explored = decision.explored
        if free:
            self.free += 1
            explored = 0.0
        elif decision.able:
            more = 1.0 if self.alarm == "off" else self.alert
            explored += (1.0 - explored) * more
            self.alert *= CALM
        decision = self.namespace.conclude(decision, explored, rng, vector=prompt.vector)
        return Ruled(prompt, decision, self._why(decision, "cold" if cold else "learned", free=free), free)

    # learning

    def learn(self, ruled: Ruled, judged: Sequence[Judged | None]) -> tuple[Lesson, str]:
        """The fresh answer was compared with those of the candidates (None: that could not be done). Beside the
        lesson: the group of the candidate whose answer is the same, or ""."""
        self.dirty = True
        decision = ruled.decision
        before = self.namespace.calibrator.labels
        labels = [
            Label(at, one.same, one.weight)
            for at, one in enumerate(judged)
            if one is not None and one.weight > 0
        ]
        self.namespace.learn(ruled.prompt, decision, labels)
        added = self.namespace.calibrator.labels - before
        taught = []
        for label, row in zip(labels, self.namespace.calibrator.newest(added), strict=True):
            near = decision.candidates[label.candidate].near
            chosen = label.candidate == decision.chosen
            kind = "other" if not chosen else "reask" if decision.reasked else "miss"
            words = msgspec.msgpack.encode(self.namespace.wording.of(ruled.prompt, near.prompt))
            predicted = likelihood(decision.log_odds) if chosen else decision.probabilities[label.candidate]
            taught.append(Taught(kind, row[0], row[1], row[2], predicted, near.group, words))
        wrong, dropped = self._came_out(decision, judged) if decision.reasked else (None, "")
        sure = [
            (one.same, at)
            for at, one in enumerate(judged)
            if one is not None and one.same >= JOIN_SAME and one.weight >= JOIN_WEIGHT
        ]
        same = decision.candidates[max(sure)[1]].near.group if sure else ""
        return Lesson(tuple(taught), dropped=dropped, wrong=wrong), same

    def _came_out(self, decision: Decision, judged: Sequence[Judged | None]) -> tuple[bool | None, str]:
        """Count a re-ask: whether the stored answer was wrong (None: cannot be told), and the group to withdraw."""
        found = judged[decision.chosen]
        best = decision.best
        assert best is not None
        if found is None or found.weight < RESOLVED:
            self.bound.missed()
            self.steer.missed()
            return None, ""
        wrong = found.same < 0.5
        for bound in (self.bound, self.steer):
            bound.reasked(wrong, decision.explored, 1.0 - decision.p_right)
        self.groups.record(best.near.group, best.near.prompt.vector, right=not wrong)
        self.surprises.append((1.0 - decision.p_right, wrong))
        dropped = ""
        if wrong:
            self.off_wrong += 1
            self.alert = ALERT
            if found.weight >= WRONG_WEIGHT:
                dropped = best.near.group
                self.drop(dropped)
        self.assess()
        return wrong, dropped

    def join(self, group: str, first: Vector, vector: Vector) -> None:
        self.groups.join(group, first, vector)

    def drop(self, group: str) -> None:
        """This group answers nobody any more."""
        self.groups.drop(group)
        self._dropped[group] = None
        if len(self._dropped) > _DROPPED:
            self._dropped.popitem(last=False)

    def is_dropped(self, group: str) -> bool:
        return group in self._dropped

    def told(self, features: np.ndarray, predicted: float, group: str, *, right: bool, free: bool) -> Taught:
        """Feedback on a served answer."""
        self.dirty = True
        self.namespace.calibrator.add(features, float(right))
        if not right:
            if not free:
                self.bound.known_wrong()
                self.steer.known_wrong()
            self.alert = ALERT
            self.drop(group)
            self.assess()
        return Taught("feedback", features, float(right), 1.0, predicted, group)

    def stored(self, vector: Vector, *, may_own: bool) -> None:
        """A prompt was stored. `may_own`: there is room for a metric of its own."""
        if self.own_metric:
            self.namespace.metric.learn(vector)
            return
        self.waiting.append(vector)
        if len(self.waiting) >= MIN_METRIC:
            if may_own:
                self.namespace.metric.learn_many(np.stack(self.waiting))
                self.own_metric = True
                self.waiting = []
            else:
                del self.waiting[:-MIN_METRIC]

    # the promise

    def assess(self) -> None:
        """Look at the promise again: sets `alarm` and `figures`."""
        rate = self.namespace.budget.bound
        if rate > 0:
            if self.alarm == "off":
                if self.off_requests and self.off_wrong < self.off_requests:
                    would_be = ClopperPearson(self.off_wrong, self.off_requests).upper()
                    if would_be <= rate:
                        self._begin("tighten")
            else:
                recent = self.steer.recent()
                # known wrong ones weigh against the requests of a warm-up at least
                scale = recent.requests / max(recent.requests, WARM_UP)
                self._begin(
                    "off"
                    if self._surprise()
                    else alarm(
                        recent.upper,
                        0.8 * scale * recent.steady,
                        rate,
                        lower=scale * recent.lower,
                        before=self.alarm,
                    )
                )
        self.figures = self._figures()

    def _begin(self, new: Alarm) -> None:
        if new == self.alarm:
            return
        if "off" in (new, self.alarm):
            self.off_requests = self.off_wrong = 0
            self.surprises.clear()
            self.steer = LiveBound(eps=EPS, window_hits=WINDOW_HITS)
        if new == "ok":  # what came out in the alarm, and before it, says nothing of what is stored since
            self.namespace.budget.forget()
        self.alarm = new

    def _surprise(self) -> bool:
        """Whether the last re-asks were wrong so often as twice what was expected makes as good as impossible."""
        wrong = sum(came_out for _, came_out in self.surprises)
        if wrong < _SURPRISE_WRONG:
            return False
        expected = 0.2 + 2.0 * sum(p_wrong for p_wrong, _ in self.surprises)
        tail = 1.0 - sum(math.exp(-expected + k * math.log(expected) - math.lgamma(k + 1)) for k in range(wrong))
        return tail < _SURPRISE_P

    def _figures(self) -> Figures:
        namespace, budget = self.namespace, self.namespace.budget
        return Figures(
            namespace=self.digest[:12],
            alarm=self.alarm,
            bound=budget.bound,
            requests=self.bound.requests,
            hits=namespace.hits,
            reasked=namespace.reasks,
            labels=namespace.calibrator.labels,
            threshold=budget.threshold if math.isfinite(budget.threshold) else 1.0,
            estimate=self.bound.steady(),
            upper=self.bound.upper(),
            lower=self.bound.lower(),
            spent=budget.spent,
            correction=budget.correction,
            groups=len(self.groups),
            own_metric=self.own_metric,
            weights=tuple(round(float(weight), 6) for weight in namespace.calibrator.weights),
        )

    def _why(self, decision: Decision, rule: str, *, free: bool) -> dict[str, Any]:
        best = decision.best
        assert best is not None
        namespace, near = self.namespace, best.near
        group = self.groups.get(near.group, near.prompt.vector)
        weights = namespace.calibrator.weights
        what = "served" if decision.served else "asked again" if decision.reasked else "fetched"
        figures = self.figures
        found: dict[str, Any] = {
            "namespace": self.digest[:12],
            "decision": what,
            "rule": rule,
            "neighbour": {
                "entry": near.entry_id,
                "text": near.prompt.text[:_TEXT_CHARS],
                "similarity": round(near.cosine, 4),
            },
            "features": {
                name: [round(value, 4), round(value * weight, 3)]
                for name, value, weight in zip(FEATURES, best.features.tolist(), weights.tolist(), strict=True)
            },
            "refusals": list(best.refusals),
            "p_right": round(decision.p_right, 5),
            "p_right_without_caution": round(decision.expected, 5),
            "threshold": round(min(decision.threshold, 2.0), 5),
            "explored": round(decision.explored, 4),
            "budget": {
                "bound": namespace.budget.bound,
                "requests": namespace.requests,
                "spent": round(namespace.budget.spent, 3),
                "correction": round(namespace.budget.correction, 3),
            },
            "group": {"id": near.group, "size": group.count, "right": group.right, "wrong": group.wrong},
            "live": {
                "state": self.alarm,
                "upper": round(figures.upper, 5),
                "estimate": round(figures.estimate, 5),
                "labels": namespace.calibrator.labels,
            },
        }
        if decision.vetoed:
            found["vetoed"] = decision.vetoed
        if free:
            found["warm_up"] = True
        others = [
            [one.near.entry_id, round(p, 4)]
            for at, (one, p) in enumerate(zip(decision.candidates, decision.probabilities, strict=True))
            if at != decision.chosen
        ]
        if others:
            found["others"] = others
        return found
