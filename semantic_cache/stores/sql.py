"""Entries in the SQL database: what survives a restart, shared by the processes on one database.

Writing goes through the spool: `put` is durable against the death of the process when it returns and never
waits for the database; the writer carries the entry over some milliseconds later, and only then `get` finds
it here.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Select, Update, and_, bindparam, delete, func, or_, select, tuple_, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from halfpenny.semantic_cache.base import Entry, PurgeFilter, Store
from halfpenny.semantic_cache.snapshots import Change
from halfpenny.semantic_cache.stores.purging import condition, has_tag, is_empty, matches
from halfpenny.storage.bulk import CHUNK, Bulk, insert_for
from halfpenny.storage.digest import body_digest
from halfpenny.storage.engine import reading, writing
from halfpenny.storage.lookup import Lookup
from halfpenny.storage.schema import entries, epochs, purges, snapshots

KIND = "entry"
_PAGE = 200
_PICO_PER_MICRO = 10**6
# A spool that was left behind longer ago than this could bring back what was purged before.
_PURGES_KEPT_S = 90 * 86400.0
_READ_TIMEOUT_S = 1.0
_FLUSH_TIMEOUT_S = 10.0
_log = logging.getLogger(__name__)


class PurgeError(Exception):
    """The purge could not be carried out in full; it can be asked for again."""


class Regroup(msgspec.Struct, frozen=True, array_like=True):
    """A later word on an entry, in the spool: its answer group, and whether it was withdrawn as a neighbour."""

    entry_id: str
    group: str
    withdrawn: bool = False


class KeptPrompt(msgspec.Struct, frozen=True):
    """Of an entry, what its prompt is judged by; fields as in `Entry`."""

    partition: str
    text: str
    vector: bytes
    prompt: bytes
    group: str


class Unread(msgspec.Struct, frozen=True):
    """A live entry whose prompt was not read when it was stored; fields as in `Entry`."""

    id: str
    partition: str
    namespace: str
    text: str
    cost_pico: int
    size_bytes: int


class ReadLater(msgspec.Struct, frozen=True, array_like=True):
    """In the spool: what was read of the prompt of an entry after it was stored."""

    entry_id: str
    embedder: str
    vector: bytes
    prompt: bytes


class Stats(msgspec.Struct, frozen=True):
    """Live entries of the database and their weight."""

    entries: int
    bytes: int


class SqlStore:
    """`append` is the spool's, `flush` the writer's (seconds -> everything before is stored).

    `max_bytes` bounds the entries by `Entry.size_bytes`; `vacuum` enforces it. `failures` counts reads that
    could not be answered, `lost` entries that the spool refused, `corrupt` bodies that no longer match their
    hash.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        append: Callable[[str, bytes], bool],
        flush: Callable[[float], Awaitable[bool]],
        *,
        max_bytes: int | None = None,
    ) -> None:
        self.failures = 0
        self.lost = 0
        self.corrupt = 0
        self._failing = False
        self.engine = engine
        self._append = append
        self._flush = flush
        self._max_bytes = max_bytes
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Entry).decode
        self._decode_regroup = msgspec.msgpack.Decoder(Regroup).decode
        self._decode_read_later = msgspec.msgpack.Decoder(ReadLater).decode
        self._rows = Bulk(entries, _newest_wins)
        self._lookup = Lookup(engine)
        self._by_key = self._lookup.prepare(_live(entries.c.key))
        self._by_id = self._lookup.prepare(_live(entries.c.id))
        self._mark = self._lookup.prepare(_MARK)

    async def get(self, key: str, now_s: float) -> Entry | None:
        return await self._one(self._by_key, (key, now_s))

    async def by_id(self, entry_id: str, now_s: float) -> Entry | None:
        return await self._one(self._by_id, (entry_id, now_s))

    def put(self, entry: Entry) -> bool:
        kept = self._append(KIND, self._encode(entry))
        if not kept:
            self.lost += 1
        return kept

    async def handler(self, connection: AsyncConnection, payloads: list[bytes]) -> None:
        """Apply a batch inside the writer's transaction: the newest entry of a key stays, purged ones do not
        return."""
        batch: dict[str, Entry] = {}
        regroups: list[Regroup] = []
        read: list[ReadLater] = []
        for payload in payloads:
            if payload[:1] == _ARRAY_OF_FOUR:
                read.append(self._decode_read_later(payload))
                continue
            if payload[:1] in _ARRAYS:
                regroups.append(self._decode_regroup(payload))
                continue
            entry = self._decode(payload)
            known = batch.get(entry.key)
            if known is None or known.created_s <= entry.created_s:
                batch[entry.key] = entry
        oldest_s = min((entry.created_s for entry in batch.values()), default=0.0)
        purged = await _purges_since(connection, oldest_s)
        rows = []
        for count, key in enumerate(sorted(batch), start=1):
            entry = batch[key]
            if not any(matches(entry, what, at_s) for at_s, what in purged):
                rows.append(_row(entry))
            if count % CHUNK == 0:
                await asyncio.sleep(0)  # hashing a full batch takes milliseconds; requests go on in between
        await self._rows.execute(connection, rows)
        # after the entries: what is read or regrouped may have come in this very batch
        for one in read:
            await connection.execute(_read_later(one))
        for regroup in regroups:
            values: dict[str, Any] = {"answer_group": regroup.group}
            if regroup.withdrawn:
                values["vector"] = values["prompt"] = b""
            await connection.execute(update(entries).where(entries.c.id == regroup.entry_id).values(values))

    def regroup(self, entry_id: str, group: str, *, withdrawn: bool = False) -> bool:
        """Note, as durably as `put`, the answer group of an entry; `withdrawn`: it is nobody's neighbour any more."""
        return self._append(KIND, self._encode(Regroup(entry_id, group, withdrawn)))

    async def prompts(self, entry_ids: Sequence[str], now_s: float) -> dict[str, KeptPrompt]:
        """What is kept of the prompts of these live entries, by id; none if the database does not answer."""
        query = _PROMPTS.where(entries.c.id.in_(entry_ids), entries.c.expires_s > now_s)
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S), reading(self.engine) as connection:
                rows = (await connection.execute(query)).all()
        except Exception as error:  # as in `_one`
            self._fail(error)
            return {}
        return {row.id: KeptPrompt(row.partition, row.text, row.vector, row.prompt, row.answer_group) for row in rows}

    def read_later(self, entry_id: str, embedder: str, vector: bytes, prompt: bytes) -> bool:
        """Note, as durably as `put`, what was read of an entry's prompt after it was stored."""
        return self._append(KIND, self._encode(ReadLater(entry_id, embedder, vector, prompt)))

    async def unread(self, embedder: str, after_id: str, now_s: float, limit: int) -> list[Unread]:
        """The next live entries, by id, that have a text and no prompt: those that were never embedded, and those that
        `embedder` embedded for the fixed rule. Raises what the database raises."""
        query = (
            select(entries.c.id, entries.c.partition, entries.c.namespace, entries.c.text,
                   entries.c.cost_micros, entries.c.size_bytes)
            .where(_is_unread(embedder), entries.c.id > after_id, entries.c.expires_s > now_s)
            .order_by(entries.c.id)
            .limit(limit)
        )  # fmt: skip
        async with reading(self.engine) as connection:
            rows = (await connection.execute(query)).all()
        return [
            Unread(row.id, row.partition, row.namespace, row.text, row.cost_micros * _PICO_PER_MICRO, row.size_bytes)
            for row in rows
        ]

    async def group_members(self, group: str) -> list[str]:
        """The ids of all entries of an answer group. Raises what the database raises."""
        query = select(entries.c.id).where(entries.c.answer_group == group)
        async with reading(self.engine) as connection:
            return [row.id for row in (await connection.execute(query)).all()]

    async def purge(self, what: PurgeFilter, now_s: float) -> int:
        """Remove and remember. Raises PurgeError when the database does not take it: nothing may be promised
        then.

        What waits in other processes' spools is dropped when their writers come to it, because the purge is
        remembered in the database.
        """
        if is_empty(what):
            return 0
        if not await self._flush(_FLUSH_TIMEOUT_S):
            raise PurgeError("the database does not take what was stored before; try again when it does")
        try:
            async with writing(self.engine) as connection:
                await connection.execute(purges.insert().values(at_s=now_s, what=msgspec.json.encode(what).decode()))
                return await _delete(connection, what, now_s)
        except (SQLAlchemyError, OSError) as error:
            raise PurgeError(f"the database refused the purge: {error}") from error

    async def scan(self, now_s: float) -> AsyncIterator[Entry]:
        query = _LIGHT.where(func.length(entries.c.vector) > 0)
        async for entry in self._pages(query, now_s):
            yield entry

    async def listing(self, now_s: float, limit: int = 100) -> list[Entry]:
        """The first live entries, oldest first, without their bodies, for `cache list`."""
        found: list[Entry] = []
        async for entry in self._pages(_LIGHT, now_s):
            found.append(entry)
            if len(found) == limit:
                break
        return found

    async def stats(self, now_s: float) -> Stats:
        """Raises what the database raises."""
        query = select(func.count(), func.coalesce(func.sum(entries.c.size_bytes), 0))
        async with reading(self.engine) as connection:
            count, size = (await connection.execute(query.where(entries.c.expires_s > now_s))).one()
        return Stats(int(count), int(size))

    async def vacuum(self, now_s: float) -> int:
        """Delete what expired and need not be kept, then the oldest until `max_bytes` holds; say how many. Raises what
        the database raises.

        To be called now and then, say once a minute.
        """
        async with writing(self.engine) as connection:
            gone = and_(entries.c.expires_s <= now_s, entries.c.kept_until_s <= now_s)
            expired = await connection.execute(delete(entries).where(gone))
            await connection.execute(delete(purges).where(purges.c.at_s < now_s - _PURGES_KEPT_S))
        return expired.rowcount + await self._evict()

    async def purges_after(self, last_id: int) -> tuple[int, list[tuple[float, PurgeFilter]]]:
        """Purges of all processes since the one numbered `last_id`: the newest number, and when and what each
        was."""
        query = select(purges).where(purges.c.id > last_id).order_by(purges.c.id)
        async with reading(self.engine) as connection:
            rows = (await connection.execute(query)).all()
        return (rows[-1].id if rows else last_id), [(row.at_s, _filter(row.what)) for row in rows]

    async def keys_after(self, last_id: str) -> list[tuple[str, str]]:
        """(id, key) of the entries whose id sorts after `last_id`, in that order. Raises what the database raises."""
        query = select(entries.c.id, entries.c.key).where(entries.c.id > last_id).order_by(entries.c.id)
        async with reading(self.engine) as connection:
            return [(row.id, row.key) for row in (await connection.execute(query)).all()]

    async def flush(self, timeout_s: float) -> bool:
        """True when everything appended before the call, to whatever table, is in the database."""
        return await self._flush(timeout_s)

    async def mark(self) -> tuple[Any, ...]:
        """What changes whenever a row of `epochs` or `snapshots` does: cheap enough to be asked for once a second.
        Raises what the database raises."""
        row = await self._lookup.first(self._mark, ())
        return tuple(row or ())

    async def snapshots_since(self, since_s: float) -> list[Change]:
        """Which models changed their snapshot from `since_s` on, in order. Raises what the database raises."""
        query = select(snapshots).where(snapshots.c.since_s >= since_s).order_by(snapshots.c.since_s)
        async with reading(self.engine) as connection:
            rows = (await connection.execute(query)).all()
        return [Change(row.served_by, row.snapshot, row.since_s) for row in rows]

    async def save_snapshots(self, changes: Sequence[Change]) -> None:
        """Idempotent. Raises what the database raises."""
        insert = insert_for(self.engine.dialect.name, snapshots)
        newest = insert.on_conflict_do_update(
            index_elements=[snapshots.c.served_by, snapshots.c.snapshot],
            set_={"since_s": insert.excluded.since_s},
            where=insert.excluded.since_s > snapshots.c.since_s,
        )
        async with writing(self.engine) as connection:
            for change in changes:
                await connection.execute(newest, msgspec.structs.asdict(change))

    async def _evict(self) -> int:
        if self._max_bytes is None:
            return 0
        removed = 0
        while True:
            async with writing(self.engine) as connection:
                total = (await connection.execute(select(func.sum(entries.c.size_bytes)))).scalar_one()
                surplus = int(total or 0) - self._max_bytes
                if surplus <= 0:
                    return removed
                oldest = select(entries.c.id, entries.c.size_bytes).order_by(entries.c.created_s).limit(_PAGE)
                chosen: list[str] = []
                for row in (await connection.execute(oldest)).all():
                    if surplus <= 0:
                        break
                    chosen.append(row.id)
                    surplus -= row.size_bytes
                await connection.execute(delete(entries).where(entries.c.id.in_(chosen)))
                removed += len(chosen)

    async def _one(self, sql: str, parameters: tuple[Any, ...]) -> Entry | None:
        try:
            async with asyncio.timeout(_READ_TIMEOUT_S):
                row = await self._lookup.first(sql, parameters)
            values = None if row is None else dict(zip(_WHOLE, row, strict=True))
            found = None if values is None else _entry(values)
        except Exception as error:  # whatever it is: a broken store is a miss
            self._fail(error)
            return None
        self._failing = False
        if values is None or found is None:
            return None
        if body_digest(found.body) != values["body_sha256"]:
            self.corrupt += 1
            _log.error("entry %s: the stored body does not match its hash; it is not served", found.id)
            return None
        return found

    async def _pages(self, query: Select[Any], now_s: float) -> AsyncIterator[Entry]:
        """By pages, so that no read transaction stays open: it would keep the WAL from being reset."""
        last: tuple[float, str] | None = None
        order = (entries.c.created_s, entries.c.id)
        query = query.where(entries.c.expires_s > now_s).order_by(*order).limit(_PAGE)
        while True:
            page = query if last is None else query.where(tuple_(*order) > last)
            try:
                async with reading(self.engine) as connection:
                    rows: Sequence[Any] = (await connection.execute(page)).all()
                found = [_entry({**row._mapping, "body": b""}) for row in rows]
            except Exception as error:  # as in `_one`
                self._fail(error)
                return
            for entry in found:
                yield entry
            if len(rows) < _PAGE:
                return
            last = (rows[-1].created_s, rows[-1].id)

    def close(self) -> None:
        """End the thread that answers look-ups. Blocking, for the time of one look-up."""
        self._lookup.close()

    def _fail(self, error: Exception) -> None:
        self.failures += 1
        if not self._failing:
            _log.error("store: a read failed, requests go on as misses: %s", error)
        self._failing = True


# A prompt is read by `prompts` alone: nothing else needs it.
_READ = tuple(column for column in entries.columns if column.name != "prompt")
_WHOLE = tuple(column.name for column in _READ)
_LIGHT = select(*(column for column in _READ if column.name not in ("body", "body_sha256")))
_PROMPTS = select(
    entries.c.id, entries.c.partition, entries.c.text, entries.c.vector, entries.c.prompt, entries.c.answer_group
)
# MessagePack: how arrays of three begin. Entries are maps.
_ARRAYS = (b"\x93",)
_ARRAY_OF_FOUR = b"\x94"
_fits: type[Store] = SqlStore
_MARK = select(
    # sums and not maxima: a transaction that ends late may add a lower number
    select(func.sum(epochs.c.id)).scalar_subquery(),
    select(func.count()).select_from(snapshots).scalar_subquery(),
    select(func.sum(snapshots.c.since_s)).scalar_subquery(),
)


def _is_unread(embedder: str) -> ColumnElement[bool]:
    """A withdrawn entry keeps the name of its embedder and has no vector: it stays nobody's neighbour."""
    never = and_(entries.c.embedder == "", entries.c.vector == b"")
    fixed = and_(entries.c.embedder == embedder, entries.c.vector != b"")
    return and_(entries.c.text != "", entries.c.namespace != "", entries.c.prompt == b"", or_(never, fixed))


def _read_later(one: ReadLater) -> Update:
    grown = entries.c.size_bytes + len(one.vector) + len(one.prompt) - func.length(entries.c.vector)
    return (
        update(entries)
        .where(entries.c.id == one.entry_id, _is_unread(one.embedder))
        .values(embedder=one.embedder, vector=one.vector, prompt=one.prompt, size_bytes=grown)
    )


def _live(column: Column[str]) -> Select[Any]:
    """By one column's value and the present time, in this order."""
    return select(*_READ).where(column == bindparam("value"), entries.c.expires_s > bindparam("now_s"))


async def _purges_since(connection: AsyncConnection, since_s: float) -> list[tuple[float, PurgeFilter]]:
    query = select(purges.c.at_s, purges.c.what).where(purges.c.at_s >= since_s)
    return [(row.at_s, _filter(row.what)) for row in (await connection.execute(query)).all()]


async def _delete(connection: AsyncConnection, what: PurgeFilter, now_s: float) -> int:
    wanted = condition(what, now_s)
    if what.tag is None:
        return (await connection.execute(delete(entries).where(wanted))).rowcount
    rows = (await connection.execute(select(entries.c.id, entries.c.tags).where(wanted))).all()
    ids = [row.id for row in rows if has_tag(msgspec.json.decode(row.tags), what.tag)]
    for start in range(0, len(ids), _PAGE):
        await connection.execute(delete(entries).where(entries.c.id.in_(ids[start : start + _PAGE])))
    return len(ids)


def _newest_wins(insert: Any) -> Any:
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=[entries.c.key],
        set_={column.name: new[column.name] for column in entries.columns if column.name != "key"},
        where=new.created_s >= entries.c.created_s,
    )


def _row(entry: Entry) -> tuple[Any, ...]:
    micros, rest = divmod(entry.cost_pico, _PICO_PER_MICRO)
    return (
        entry.id,
        entry.key,
        entry.tenant,
        entry.partition,
        entry.surface,
        entry.model,
        entry.served_by,
        entry.mode,
        entry.status,
        entry.content_type,
        entry.body,
        body_digest(entry.body),
        entry.created_s,
        entry.expires_s,
        entry.text,
        entry.vector,
        entry.embedder,
        entry.input_tokens,
        entry.output_tokens,
        micros,
        rest,
        msgspec.json.encode(entry.tags).decode() if entry.tags else "",
        entry.size_bytes(),
        entry.kept_until_s,
        entry.snapshot,
        entry.prompt,
        entry.group,
        entry.namespace,
    )


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(
        id=row["id"],
        key=row["key"],
        tenant=row["tenant"],
        partition=row["partition"],
        surface=row["surface"],
        model=row["model"],
        served_by=row["served_by"],
        mode=row["mode"],
        status=row["status"],
        content_type=row["content_type"],
        body=row["body"],
        created_s=row["created_s"],
        expires_s=row["expires_s"],
        text=row["text"],
        vector=row["vector"],
        embedder=row["embedder"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        cost_pico=row["cost_micros"] * _PICO_PER_MICRO + row["cost_pico_rest"],
        tags=msgspec.json.decode(row["tags"], type=dict[str, str]) if row["tags"] else {},
        kept_until_s=row["kept_until_s"],
        snapshot=row["snapshot"],
        group=row["answer_group"],
        namespace=row["namespace"],
    )


def _filter(text: str) -> PurgeFilter:
    return msgspec.json.decode(text, type=PurgeFilter)
