"""What the semantic cache has learnt, in the SQL database: labels, and the state of each namespace.

Written through the spool like the entries, so what was learnt survives the death of the process; read when a namespace
is used for the first time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from halfpenny.storage.bulk import Bulk
from halfpenny.storage.engine import reading, writing
from halfpenny.storage.schema import entries, semantic_labels, semantic_state

KIND = "semantic"
KEPT_LABELS = 1500
"""Labels of a namespace that `prune` leaves: the newest."""
_PAGE = 1000


class LabelRow(msgspec.Struct, frozen=True, array_like=True):
    """A label as it was learnt; `id` sorts by time.

    `features`: float32 bytes. `right`, `weight`, `predicted` in 0..1. `kind`: "reask" (the candidate that would have
    been served), "miss" (another comparison of answers) or "feedback". `group`: the candidate's answer group. `words`:
    the vocabulary as it was after this label (`decision.state`). The rest are the namespace's counts at that time.
    """

    id: str
    namespace: str
    created_us: int
    kind: str
    features: bytes
    right: float
    weight: float
    predicted: float
    group: str
    words: bytes
    requests: int
    hits: int
    reasks: int
    spent: float


class StateRow(msgspec.Struct, frozen=True, array_like=True):
    """The state of a namespace at a time; the newest counts. `estimate` and `upper`: wrong hits over requests."""

    namespace: str
    at_us: int
    requests: int
    hits: int
    estimate: float
    upper: float
    state: bytes


class Member(msgspec.Struct, frozen=True):
    """A stored prompt of a namespace: its entry, its answer group ("": its own) and its vector as float16 bytes."""

    entry_id: str
    group: str
    vector: bytes


class _Record(msgspec.Struct, frozen=True, array_like=True):
    labels: tuple[LabelRow, ...]
    states: tuple[StateRow, ...]


class LearntStore:
    """`append` is the spool's. Reads raise what the database raises."""

    def __init__(self, engine: AsyncEngine, append: Callable[[str, bytes], bool]) -> None:
        self.engine = engine
        self._append = append
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(_Record).decode
        self._labels = Bulk(semantic_labels, lambda insert: insert.on_conflict_do_nothing(index_elements=["id"]))
        self._states = Bulk(semantic_state, _newest_wins)

    def put(self, labels: tuple[LabelRow, ...] = (), states: tuple[StateRow, ...] = ()) -> bool:
        """Append without awaiting; False if it could not be kept (the spool counts and logs it)."""
        return self._append(KIND, self._encode(_Record(labels, states)))

    async def handler(self, connection: AsyncConnection, payloads: list[bytes]) -> None:
        """Apply a batch inside the writer's transaction; idempotent."""
        records = [self._decode(payload) for payload in payloads]
        labels = [msgspec.structs.astuple(row) for record in records for row in record.labels]
        states: dict[str, StateRow] = {}
        for row in (row for record in records for row in record.states):
            known = states.get(row.namespace)
            if known is None or known.at_us <= row.at_us:
                states[row.namespace] = row
        await self._labels.execute(connection, labels)
        await self._states.execute(connection, [msgspec.structs.astuple(states[name]) for name in sorted(states)])

    async def labels(self, namespace: str) -> list[LabelRow]:
        """The newest `KEPT_LABELS` of a namespace, oldest first."""
        query = (
            select(semantic_labels)
            .where(semantic_labels.c.namespace == namespace)
            .order_by(semantic_labels.c.id.desc())
            .limit(KEPT_LABELS)
        )
        async with reading(self.engine) as connection:
            rows = (await connection.execute(query)).all()
        return [LabelRow(*row) for row in reversed(rows)]

    async def state(self, namespace: str) -> StateRow | None:
        query = select(semantic_state).where(semantic_state.c.namespace == namespace)
        async with reading(self.engine) as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else StateRow(*row)

    async def members(self, namespace: str, now_s: float, most: int) -> AsyncIterator[list[Member]]:
        """The newest `most` live prompts of a namespace with a vector, in pages, newest first."""
        query = (
            select(entries.c.id, entries.c.answer_group, entries.c.vector)
            .where(entries.c.namespace == namespace, entries.c.expires_s > now_s, entries.c.vector != b"")
            .order_by(entries.c.created_s.desc(), entries.c.id)
        )
        for start in range(0, most, _PAGE):
            async with reading(self.engine) as connection:
                rows = (await connection.execute(query.limit(min(_PAGE, most - start)).offset(start))).all()
            if rows:
                yield [Member(*row) for row in rows]
            if len(rows) < _PAGE:
                return

    async def prune(self) -> int:
        """Delete all but the newest `KEPT_LABELS` of each namespace, and say how many went. Raises what the database
        raises. To be called now and then."""
        removed = 0
        async with reading(self.engine) as connection:
            names = (await connection.execute(select(semantic_labels.c.namespace).distinct())).scalars().all()
        for name in names:
            oldest = (
                select(semantic_labels.c.id)
                .where(semantic_labels.c.namespace == name)
                .order_by(semantic_labels.c.id.desc())
                .offset(KEPT_LABELS)
                .limit(1)
            )
            async with writing(self.engine) as connection:
                last = (await connection.execute(oldest)).scalar_one_or_none()
                if last is not None:
                    of_name = semantic_labels.c.namespace == name
                    gone = delete(semantic_labels).where(of_name, semantic_labels.c.id <= last)
                    removed += (await connection.execute(gone)).rowcount
            await asyncio.sleep(0)
        return removed


def _newest_wins(insert: Any) -> Any:
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[semantic_state.c.namespace],
        set_={column.name: new[column.name] for column in semantic_state.columns if column.name != "namespace"},
        where=new.at_us >= semantic_state.c.at_us,
    )
