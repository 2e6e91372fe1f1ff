"""Answer groups: one answer, and all the prompts that earned it.

A miss whose fresh answer equals a stored one joins that answer's group. What is learnt of one prompt then speaks for
all of its group, which is what spares every single entry a cold start of its own.
"""

import math

import numpy as np

from halfpenny.semantic_cache.base import Vector

_USUAL_COSINE, _USUAL_PAIRS = 0.4, 2.0
"""Of two prompts with one answer, and what that counts beside the pairs that are there."""


class Group:
    """`total`: the sum of the members' vectors, shape (d,), never changed in place: of one member it is its vector.
    `right` and `wrong`: how its re-asked hits came out."""

    __slots__ = ("count", "right", "total", "wrong")

    def __init__(self, vector: Vector) -> None:
        self.total: Vector = np.asarray(vector, dtype=np.float32)
        self.count = 1
        self.right = 0
        self.wrong = 0

    def belongs(self, vector: Vector, centre: Vector) -> float:
        """How much nearer `vector`, shape (d,), is to the members than these are to one another, in cosines from
        `centre` (the mean of all prompts), times the log of what is known of them; about -2..2."""
        moved, total, count = vector - centre, self.total - self.count * centre, self.count
        norms = math.sqrt(float(moved @ moved))
        # the sum of |x - centre|^2 over members x of length 1
        squares = count * (1.0 + float(centre @ centre)) - 2.0 * float(self.total @ centre)
        if norms <= 0.0 or squares <= 0.0:
            return 0.0
        near = float(moved @ total) / (count * norms * math.sqrt(squares / count))
        among = (float(total @ total) * count / squares - count) / count  # times count - 1 pairs of each
        usual = (among + _USUAL_COSINE * _USUAL_PAIRS) / (count - 1 + _USUAL_PAIRS)
        return min(max((near - usual) * math.log(count + 1.0), -2.0), 2.0)


class Groups:
    """The groups of one partition, by id. A group of one prompt is not held until something is known of it: most
    prompts never get company, and their vectors are in the index already."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}

    def __len__(self) -> int:
        return len(self._groups)

    def get(self, group_id: str, vector: Vector) -> Group:
        """The group; one that is not held is the single prompt with `vector`."""
        return self._groups.get(group_id) or Group(vector)

    def join(self, group_id: str, first: Vector, vector: Vector) -> None:
        """A prompt with `vector` joins the group, which began with the prompt `first`; not if it is not finite."""
        if not np.isfinite(vector).all():
            return
        group = self._groups.get(group_id)
        if group is None:
            group = self._groups[group_id] = Group(first)
        group.total = group.total + vector
        group.count += 1

    def record(self, group_id: str, vector: Vector, *, right: bool) -> None:
        """A re-asked hit on this group came out so."""
        group = self._groups.get(group_id)
        if group is None:
            group = self._groups[group_id] = Group(np.array(vector))  # kept, so not the caller's own
        if right:
            group.right += 1
        else:
            group.wrong += 1

    def drop(self, group_id: str) -> None:
        self._groups.pop(group_id, None)
