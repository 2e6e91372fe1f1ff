"""Pairs: `a` is stored in an empty cache of a namespace that has seen nothing, `b` is asked. Is `b` served, rightly?

No labels are seen and nothing is learnt from one pair for the next: this is the rule as a new namespace meets it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

import msgspec

from halfpenny.semantic_cache.decision import cold
from halfpenny.semantic_cache.decision.model import Model
from halfpenny.semantic_cache.decision.prompts import Prompt
from halfpenny.semantic_cache.evaluation.rows import Pair, Scalar, VolatileRow, read_conversations, read_rows

BOUND = 0.01
"""Wrong hits per request, where nothing else is configured."""


class Serves(Protocol):
    """Whether a new namespace that holds `stored` alone serves its answer for `asked`."""

    def __call__(self, model: Model, asked: Prompt, stored: Prompt, *, bound: float) -> bool: ...


class KindedPair(Pair, frozen=True):
    """A pair that may say of what kind it is ("negation", "paraphrase", ...)."""

    kind: Scalar = None


class RawConversations(msgspec.Struct, frozen=True):
    """The two conversations of a row with every field of their messages, as a client would send them."""

    a: Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1)]
    b: Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1)]
    y: Literal[0, 1]
    kind: Scalar = None


class Case(msgspec.Struct, frozen=True):
    """One pair, ready to be judged. `b` may be served from `a` by similarity only if `together` (same partition, both
    eligible); if it is `identical` to `a`, the exact cache answers. `why` says what keeps them apart."""

    a: str
    b: str
    y: int
    kind: str = ""
    identical: bool = False
    together: bool = True
    why: str = ""


class Tally(msgspec.Struct, frozen=True):
    """How many pairs there were, how many with y = 1 were served and not served, how many with y = 0 were served."""

    pairs: int
    true_hits: int
    false_hits: int
    missed: int

    def rates(self) -> dict[str, float]:
        """`served_same`: share of the pairs with y = 1 that were served; `served_other`: of those with y = 0.
        `precision` is 1 where nothing was served."""
        same = self.true_hits + self.missed
        other = self.pairs - same
        hits = self.true_hits + self.false_hits
        return {
            "served_same": self.true_hits / same if same else 0.0,
            "served_other": self.false_hits / other if other else 0.0,
            "precision": self.true_hits / hits if hits else 1.0,
        }


class PairsFound(msgspec.Struct, frozen=True):
    """`served` of length n: which cases were served. `apart`: why cases could not be served by similarity at all."""

    total: Tally
    by_kind: dict[str, Tally]
    apart: dict[str, int]
    served: tuple[bool, ...]

    def document(self) -> dict[str, Any]:
        """The contract's keys, and the rates, the kinds and what kept pairs apart."""
        found: dict[str, Any] = {**msgspec.structs.asdict(self.total), **self.total.rates()}
        if self.by_kind:
            found["by_kind"] = {
                kind: {**msgspec.structs.asdict(tally), **tally.rates()} for kind, tally in self.by_kind.items()
            }
        if self.apart:
            found["apart"] = self.apart
        return found


class Prompts(Protocol):
    """Prompts by their text."""

    def of(self, text: str) -> Prompt: ...


def read_pair_cases(path: Path, limit: int | None = None) -> list[Case]:
    """Pairs of texts as cases. Raises RowsError."""
    rows = read_rows(path, KindedPair, limit)
    return [Case(row.a, row.b, row.y, kind_text(row.kind), identical=row.a == row.b) for row in rows]


def read_raw_conversations(path: Path, limit: int | None = None) -> list[RawConversations]:
    """Checked as `read_conversations` does, and with nothing left out of the messages. Raises RowsError."""
    read_conversations(path, limit)
    return read_rows(path, RawConversations, limit)


def run_pairs(
    cases: Sequence[Case], model: Model, prompts: Prompts, *, bound: float = BOUND, serves: Serves = cold.serves
) -> PairsFound:
    """Judge every case by itself, at a promised share of wrong hits of `bound`. `serves` is the proxy's own rule."""
    served = tuple(
        case.identical or (case.together and serves(model, prompts.of(case.b), prompts.of(case.a), bound=bound))
        for case in cases
    )
    kinds = list(dict.fromkeys(case.kind for case in cases if case.kind))
    apart: dict[str, int] = {}
    for case in cases:
        if not case.together and not case.identical:
            apart[case.why] = apart.get(case.why, 0) + 1
    return PairsFound(
        total=_tally(cases, served, None),
        by_kind={kind: _tally(cases, served, kind) for kind in kinds},
        apart=apart,
        served=served,
    )


class VolatileFound(msgspec.Struct, frozen=True):
    """What the gate said of n texts. `refused_wrongly` and `passed_wrongly` are row numbers."""

    rows: int
    true_positives: int
    refused_wrongly: tuple[int, ...]
    passed_wrongly: tuple[int, ...]

    @property
    def precision(self) -> float:
        """1 where nothing was refused."""
        refused = self.true_positives + len(self.refused_wrongly)
        return self.true_positives / refused if refused else 1.0

    @property
    def recall(self) -> float:
        """1 where nothing had to be refused."""
        volatile = self.true_positives + len(self.passed_wrongly)
        return self.true_positives / volatile if volatile else 1.0

    def document(self) -> dict[str, Any]:
        return {
            "precision": self.precision,
            "recall": self.recall,
            "rows": self.rows,
            "true_positives": self.true_positives,
            "false_positives": len(self.refused_wrongly),
            "false_negatives": len(self.passed_wrongly),
        }


def run_volatile(rows: Sequence[VolatileRow], reason: Callable[[str], str | None]) -> VolatileFound:
    """`reason` says why an answer must not be stored, or None."""
    refused = [reason(row.text) is not None for row in rows]
    return VolatileFound(
        rows=len(rows),
        true_positives=sum(found and row.y == 1 for row, found in zip(rows, refused, strict=True)),
        refused_wrongly=tuple(at for at, row in enumerate(rows) if refused[at] and not row.y),
        passed_wrongly=tuple(at for at, row in enumerate(rows) if not refused[at] and row.y),
    )


def _tally(cases: Sequence[Case], served: Sequence[bool], kind: str | None) -> Tally:
    chosen = [(case.y, hit) for case, hit in zip(cases, served, strict=True) if kind is None or case.kind == kind]
    return Tally(
        pairs=len(chosen),
        true_hits=sum(hit and y == 1 for y, hit in chosen),
        false_hits=sum(hit and y == 0 for y, hit in chosen),
        missed=sum(not hit and y == 1 for y, hit in chosen),
    )


def kind_text(value: Scalar) -> str:
    """A row's `kind` as it is shown; empty for none."""
    return "" if value is None else str(value)
