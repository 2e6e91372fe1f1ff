"""What a namespace that has seen nothing would serve: one stored prompt, one asked."""

from random import Random

from halfpenny.semantic_cache.decision.engine import Decision
from halfpenny.semantic_cache.decision.evidence import Near, weigh
from halfpenny.semantic_cache.decision.groups import Groups
from halfpenny.semantic_cache.decision.model import Model
from halfpenny.semantic_cache.decision.prompts import Prompt


def first_decision(model: Model, asked: Prompt, stored: Prompt, *, bound: float = 0.01) -> Decision:
    """The decision on `asked` in a fresh namespace that holds `stored` alone; nothing is re-asked."""
    namespace = model.namespace(bound, reasked=0.0)
    near = Near("stored", "stored", stored, float(asked.vector @ stored.vector))
    candidates = weigh(asked, [near], Groups(), namespace.metric, model.verifier, namespace.wording)
    return namespace.decide(candidates, Random(0))


def serves(model: Model, asked: Prompt, stored: Prompt, *, bound: float = 0.01) -> bool:
    """Whether `asked` would get the answer of `stored`."""
    return first_decision(model, asked, stored, bound=bound).served
