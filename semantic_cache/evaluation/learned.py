"""Our own rule as the evaluation runs it: the decision of the proxy (`decision/engine.py`) over a stream.

The labels stand for what the proxy finds by comparing answers: whether a fresh answer is that of a candidate.
"""

import time
from collections.abc import Callable, Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.decision.engine import Label, Namespace
from halfpenny.semantic_cache.decision.evidence import Near, weigh
from halfpenny.semantic_cache.decision.groups import Groups
from halfpenny.semantic_cache.decision.prompts import Prompt
from halfpenny.semantic_cache.decision.verifier import Verifier
from halfpenny.semantic_cache.evaluation.streams import Answers, Outcome

NEIGHBOURS = 10


class Learned:
    """`make_namespace` gives a fresh namespace for each run; `prompts` the prompts of the rows by number."""

    def __init__(
        self,
        name: str,
        make_namespace: Callable[[], Namespace],
        prompts: Sequence[Prompt],
        verifier: Verifier,
        neighbours: int = NEIGHBOURS,
    ) -> None:
        self.name = name
        self._make_namespace = make_namespace
        self._prompts = prompts
        self._verifier = verifier
        self._neighbours = neighbours
        self.trace: list[tuple[NDArray[np.float64], float, int, int]] = []

    def run(
        self,
        texts: Sequence[str],
        answers: Answers,
        vectors: Vector,
        order: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> Outcome:
        namespace, groups = self._make_namespace(), Groups()
        chance = Random(int(rng.integers(1 << 62)))
        stored = np.empty((len(order), vectors.shape[1]), dtype=np.float32)
        rows: list[int] = []
        group_of: dict[int, str] = {}
        first_of: dict[str, int] = {}
        by_answer: dict[int, str] = {}
        times: list[float] = []
        self.trace = []
        for request in order.tolist():
            prompt = self._prompts[request]
            near = self._nearest(stored[: len(rows)], rows, vectors[request], group_of)
            begun = time.thread_time()
            candidates = weigh(prompt, near, groups, namespace.metric, self._verifier, namespace.wording)
            decision = namespace.decide(candidates, chance, vector=prompt.vector)
            times.append(1000 * (time.thread_time() - begun))
            best = decision.best
            if best is not None:
                self.trace.append((best.features, decision.p_right, request, int(best.near.entry_id)))
            if decision.served and best is not None:
                answers.serve(request, int(best.near.entry_id))
                continue
            answers.fetch(request, explored=decision.reasked)
            labels = [
                Label(at, float(answers.agrees(request, int(one.near.entry_id))))
                for at, one in enumerate(decision.candidates)
            ]
            namespace.learn(prompt, decision, labels)
            if decision.reasked and best is not None:
                groups.record(best.near.group, best.near.prompt.vector, right=labels[decision.chosen].right >= 0.5)
            # an answer is found again by its digest anywhere in the namespace, or among the candidates by comparison
            group = next((decision.candidates[label.candidate].near.group for label in labels if label.right), None)
            if group is None:
                group = by_answer.get(answers.ask(request))
            if group is None:
                group = str(request)
                by_answer[answers.ask(request)] = group
                first_of[group] = request
            else:
                groups.join(group, vectors[first_of[group]], vectors[request])
            group_of[request] = group
            stored[len(rows)] = vectors[request]
            rows.append(request)
            namespace.metric.learn(vectors[request])
        return answers.outcome(times)

    def _nearest(
        self, stored: Vector, rows: list[int], vector: Vector, group_of: dict[int, str]
    ) -> list[Near]:
        if not rows:
            return []
        cosines = stored @ vector
        count = min(self._neighbours, len(rows))
        top = np.argpartition(-cosines, count - 1)[:count]
        top = top[np.argsort(-cosines[top], kind="stable")]
        return [
            Near(str(rows[at]), group_of[rows[at]], self._prompts[rows[at]], float(cosines[at])) for at in top.tolist()
        ]
