"""The newest rows of numbers, always as one array: nothing is stacked when they are looked at."""

import numpy as np

from halfpenny.semantic_cache.decision.logistic import Floats

_FIRST = 64


class Window:
    """At most `most` rows of `width` numbers; the oldest go first. It takes room as rows come, and a quarter more than
    it shows, so that the rows move rarely."""

    def __init__(self, most: int, width: int) -> None:
        self._most = most
        self._kept: Floats = np.empty((min(_FIRST, most), width))
        self._begin = self._end = 0

    def __len__(self) -> int:
        return self._end - self._begin

    @property
    def rows(self) -> Floats:
        """Shape (n, width), oldest first; a view, good until the next `append`."""
        return self._kept[self._begin : self._end]

    def append(self, *parts: Floats | float) -> None:
        """One row, from left to right."""
        if self._end == len(self._kept):
            self._make_room()
        row, at = self._kept[self._end], 0
        for part in parts:
            size = part.size if isinstance(part, np.ndarray) else 1
            row[at : at + size] = part
            at += size
        self._end += 1
        self._begin = max(self._begin, self._end - self._most)

    def _make_room(self) -> None:
        rows = self.rows
        if self._begin == 0:
            self._kept = np.empty((min(2 * len(rows), self._most + self._most // 4 + 1), rows.shape[1]))
        self._kept[: len(rows)] = rows
        self._begin, self._end = 0, len(rows)
