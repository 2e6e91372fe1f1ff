"""An operator's own labels move the calibrator's prior: what a new namespace starts from.

The shipped prior stands for many kinds of traffic, the labels for one of them. The new prior is Laplace's approximation
of the posterior (mode, and inverse of the negative Hessian of the log posterior), in which all labels together count as
`TRUSTED` whole ones at most: thousands of labels say much of the traffic they come from, and nothing of the next.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.decision.calibrator import Calibrator, Prior
from halfpenny.semantic_cache.decision.engine import Namespace
from halfpenny.semantic_cache.decision.evidence import Near, weigh
from halfpenny.semantic_cache.decision.groups import Groups
from halfpenny.semantic_cache.decision.logistic import Floats, posterior_mode
from halfpenny.semantic_cache.decision.model import Model
from halfpenny.semantic_cache.decision.prompts import Prompt
from halfpenny.semantic_cache.evaluation.learned import Learned
from halfpenny.semantic_cache.evaluation.streams import Stream, run_rule

TRUSTED = 400.0
LEAST_LABELS = 40
HELD_OUT = 0.2


class TooFewLabelsError(ValueError):
    """The labels do not say enough to learn from; `str()` says what is missing."""


class Labels(msgspec.Struct, frozen=True, eq=False):
    """n comparisons: `features` of shape (n, k), `right` of shape (n,) in 0..1, `weight` of shape (n,)."""

    features: Floats
    right: Floats
    weight: Floats

    def part(self, which: NDArray[np.bool_]) -> "Labels":
        return Labels(self.features[which], self.right[which], self.weight[which])


class Refit(msgspec.Struct, frozen=True, eq=False):
    """The prior to write, learnt from all labels, and what one learnt from the first part did on the held-out part.

    `before`, `after`: mean log-loss in nats of the held-out labels, of the prior that was there and of the new one.
    """

    prior: Prior
    labels: int
    held_out: int
    before: float
    after: float


def refit(prior: Prior, labels: Labels, held_out: NDArray[np.bool_]) -> Refit:
    """Raises TooFewLabelsError. `held_out`, shape (n,): the labels to measure on."""
    for part, name in ((~held_out, "to learn from"), (held_out, "held out")):
        if part.sum() < LEAST_LABELS // 4 or len(np.unique(labels.right[part] >= 0.5)) < 2:
            raise TooFewLabelsError(
                f"too few labels: of those {name} ({int(part.sum())}) at least {LEAST_LABELS // 4} are needed, "
                "some with the same answer and some with another"
            )
    if len(labels.right) < LEAST_LABELS:
        raise TooFewLabelsError(f"too few labels: {len(labels.right)}, at least {LEAST_LABELS} are needed")
    learnt = posterior(prior, labels.part(~held_out))
    rest = labels.part(held_out)
    return Refit(
        prior=posterior(prior, labels),
        labels=len(labels.right),
        held_out=int(held_out.sum()),
        before=log_loss(prior, rest),
        after=log_loss(learnt, rest),
    )


def posterior(prior: Prior, labels: Labels) -> Prior:
    """The prior, moved by labels that count as at most `TRUSTED` together."""
    trust = labels.weight * min(1.0, TRUSTED / max(float(labels.weight.sum()), 1e-9))
    precision: Floats = np.linalg.inv(prior.covariance).astype(np.float64)
    weights, information = posterior_mode(labels.features, labels.right, trust, prior.mean, precision)
    covariance = np.linalg.inv(information)
    return Prior(weights, (covariance + covariance.T) / 2)


def log_loss(prior: Prior, labels: Labels) -> float:
    """Mean over the labels by their weight, in nats, of the probabilities without caution."""
    p = np.clip(Calibrator(prior).probability(labels.features, caution=0.0), 1e-9, 1 - 1e-9)
    losses = -(labels.right * np.log(p) + (1 - labels.right) * np.log(1 - p))
    return float((labels.weight * losses).sum() / labels.weight.sum())


def labels_of_pairs(model: Model, pairs: Sequence[tuple[Prompt, Prompt, int]]) -> Labels:
    """(stored, asked, right) each in an empty namespace."""
    features = []
    for stored, asked, _ in pairs:
        namespace = model.namespace(0.0)
        near = Near("0", "0", stored, float(stored.vector @ asked.vector))
        (candidate,) = weigh(asked, [near], Groups(), namespace.metric, model.verifier, namespace.wording)
        features.append(candidate.features)
    right = np.array([float(right) for _, _, right in pairs])
    return Labels(np.array(features).reshape(len(pairs), -1), right, np.ones(len(pairs)))


def labels_of_stream(model: Model, stream: Stream, prompts: Sequence[Prompt]) -> Labels:
    """All comparisons with the candidates as the stream goes by in the file's order and nothing is served."""
    namespace = model.namespace(0.0)
    namespace.budget.threshold = float("inf")
    kept = _Kept(model.prior)
    namespace.calibrator = kept

    def make() -> Namespace:
        return namespace

    run_rule(Learned("labels", make, prompts, model.verifier), stream)
    if not kept.added:
        raise TooFewLabelsError("too few labels: no row has a neighbour")
    features, right, weight = zip(*kept.added, strict=True)
    return Labels(np.stack(features), np.array(right, dtype=np.float64), np.array(weight, dtype=np.float64))


class _Kept(Calibrator):
    """A calibrator that forgets no label, and does not move: what is measured is the prior's."""

    def __init__(self, prior: Prior) -> None:
        super().__init__(prior)
        self.added: list[tuple[Floats, float, float]] = []

    def add(self, features: Floats, right: float, weight: float = 1.0) -> None:
        self.added.append((features, right, weight))
        self.labels += 1

    def fit(self) -> None:
        """Nothing: the weights stay the prior's."""
