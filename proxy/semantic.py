"""The semantic cache of the running proxy: which stored answer may be served, and what is learnt from every fresh one.

```
event loop                                          threads
read(text)        -> a vector and token states      halfpenny-embed (neighbours.py)
look_up(query)    -> neighbours, their prompts
                     the decision              -->  halfpenny-decide: all that is learnt belongs to this one
served            -> the entry, checked again
stored(entry)     -> behind the answer:
                     the answers compared      -->  halfpenny-judge, low priority
                     labels, groups, the bound -->  halfpenny-decide
```
Nothing here raises towards a request: what fails is a miss, logged and counted by stage. Where the decision model
cannot be had, or was trained for another embedder, the fixed rule of `semantic_cache/lookup.py` decides instead.
"""

import asyncio
import logging
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from halfpenny.proxy.exchange import new_id
from halfpenny.proxy.surfaces.answer_text import answer_text
from halfpenny.semantic_cache.base import Entry, Neighbour, PurgeFilter, SemanticHit, Vector
from halfpenny.semantic_cache.decision import state as states
from halfpenny.semantic_cache.decision.evidence import FEATURES, Near
from halfpenny.semantic_cache.decision.judge import Judgement, judge, normalised_digest
from halfpenny.semantic_cache.decision.live import Figures, Judged, Lesson, Live, Ruled, Taught, Wanted
from halfpenny.semantic_cache.decision.model import Model, load_model
from halfpenny.semantic_cache.decision.prompts import Prompt, make_prompt, pack, unpack
from halfpenny.semantic_cache.decision.tensors import ModelFileError
from halfpenny.semantic_cache.embedders.tokens import TokenStates
from halfpenny.semantic_cache.kept import Kept, KeptPrompts
from halfpenny.semantic_cache.lane import Lane
from halfpenny.semantic_cache.lookup import nearest_accepted, usable
from halfpenny.semantic_cache.neighbours import Neighbours, weight_of
from halfpenny.semantic_cache.stores.learnt import LabelRow, LearntStore, StateRow
from halfpenny.semantic_cache.stores.sql import Unread
from halfpenny.semantic_cache.stores.tiered import Tiered

log = logging.getLogger(__name__)
_T = TypeVar("_T")

NEIGHBOURS = 10
MAX_NAMESPACES = 256
MAX_METRICS = 32
MAX_LEARNING = 64
MEMBERS_READ = 8000
MAX_LATE = 10_000
LATE_PER_S = 20.0
"""Prompts that are read behind their entries, at most: each takes about 10 ms of CPU, of one thread or another."""
SAVE_EVERY_S = 30.0
SHOWN = 50
"""Namespaces that metrics and the admin plane show: those with the most requests."""
_NOT_STARTED = "not started yet"
_ANSWERS = 4096
_ANSWER_CHARS = 1200
_LOAD_AGAIN_S = 10.0
_FLUSH_S = 2.0
_CLOSE_S = 5.0
_LOOK_S = 1.0
_LATE_PAGE = 100


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """What a look-up needs to know of a request. `bound`: the configured rate of wrong hits; `rate`: the strictest of
    that, the route's and the caller's. Times in seconds."""

    namespace: str
    partition: str
    bound: float
    rate: float
    ttl_s: float
    min_similarity: float | None = None
    max_age_s: int | None = None

    @property
    def wanted(self) -> Wanted:
        floor = -1.0 if self.min_similarity is None else self.min_similarity
        return Wanted(self.bound, self.rate, floor)


class Read(msgspec.Struct, frozen=True, eq=False):
    """A prompt read. `prompt` and `kept` (what is stored of it) are there where the learned rule decides."""

    vector: Vector
    embedder: str
    prompt: Prompt | None = None
    kept: bytes = b""


class Ticket(msgspec.Struct, frozen=True, eq=False):
    """A look-up that its fresh answer may teach something; `ruled` is None where there was nothing to compare with."""

    query: Query
    ruled: Ruled | None = None


class Looked(msgspec.Struct, frozen=True, eq=False):
    """What a look-up found: `hit`, else nothing; `why` and `considered` are for `explain`."""

    hit: SemanticHit | None = None
    ticket: Ticket | None = None
    why: dict[str, Any] | None = None
    considered: list[dict[str, Any]] | None = None


class Semantic:
    """One per process. `spawn` makes background tasks; `failed` counts by stage, `dropped` lessons not learnt for lack
    of time. `model_path`: an operator's own decision model."""

    def __init__(
        self,
        neighbours: Neighbours,
        store: Tiered,
        learnt: LearntStore,
        *,
        spawn: Callable[[str, Coroutine[Any, Any, Any]], asyncio.Task[Any]],
        failed: Callable[[str], None],
        model_path: Path | None = None,
        timeout_s: float = 2.0,
        rng: random.Random | None = None,
    ) -> None:
        self.neighbours = neighbours
        self.dropped = 0
        self.reason = _NOT_STARTED
        """Why the fixed rule decides; "" while the learned one does."""
        self._model: Model | None = None
        self._model_path = model_path
        self._store = store
        self._learnt = learnt
        self._spawn = spawn
        self._failed = failed
        self._timeout_s = timeout_s
        self.rng = rng or random.SystemRandom()
        """The coins of re-asking. Callers must not be able to tell what they will show."""
        self._decide = Lane("halfpenny-decide")
        self._judge = Lane("halfpenny-judge", nice=10)
        self._lives: OrderedDict[str, Live] = OrderedDict()
        self._loading: dict[str, asyncio.Task[Live | None]] = {}
        self._not_before_s: dict[str, float] = {}
        self._alarms: dict[str, str] = {}
        self._kept = KeptPrompts()
        self._answers: OrderedDict[tuple[str, bytes], tuple[str, Vector]] = OrderedDict()
        self._late: OrderedDict[str, Unread] = OrderedDict()
        self._late_there = asyncio.Event()
        self._learning = 0
        self._closed = False

    @property
    def started(self) -> bool:
        """Whether it is settled which of the two rules decides."""
        return self.reason != _NOT_STARTED

    @property
    def model(self) -> Model | None:
        return self._model

    async def start(self) -> None:
        """Load the decision model once the embedder is there. One that cannot be used leaves the fixed rule in
        force."""
        try:
            model = await self._in(self._decide, lambda: load_model(self._model_path))
        except Exception as error:
            if not isinstance(error, ModelFileError | OSError):
                self._fail("model")
            self.reason = str(error) or type(error).__name__
        else:
            if model.embedder != self.neighbours.embedder_name:
                self.reason = (
                    f"the decision model {model.name!r} was trained for the embedder {model.embedder!r},"
                    f" not for {self.neighbours.embedder_name!r}"
                )
            else:
                self._model, self.reason = model, ""
        if self.reason:
            log.warning("semantic cache: the fixed rule decides: %s", self.reason)

    # the way of a request

    async def read(self, text: str) -> Read | None:
        """The prompt's vector and tokens; None if they cannot be had in time."""
        if not self.started:
            # what is stored without its tokens is nobody's neighbour where the learned rule decides
            return None
        try:
            tokens, embedder = await self.neighbours.embed_tokens(text), self.neighbours.embedder_name
        except Exception:
            self._fail("embed")
            return None
        if tokens is None:
            self._failed("embed")
            return None
        model = self._model
        if model is None or not len(tokens.ids):
            return Read(tokens.pooled, embedder)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._in(self._decide, lambda: _read(text, tokens, model))
        except Exception:
            self._fail("read")
            return Read(tokens.pooled, embedder)

    async def look_up(self, query: Query, text: str, read: Read) -> Looked:
        """A stored answer that may be served. Never raises but for cancellation."""
        try:
            if self._model is None or read.prompt is None:
                return await self._fixed(query, text, read.vector)
            async with asyncio.timeout(2 * self._timeout_s):
                return await self._learned(query, read.prompt)
        except Exception:
            self._fail("look-up")
            return Looked()

    def served(self, looked: Looked, *, whole: bool = True) -> None:
        """The hit that was looked up went out; `whole` False: it could not be shown after all."""
        ticket = looked.ticket
        if looked.hit is None:
            return
        if whole:
            self.neighbours.touch(looked.hit.entry.id)
        live = None if ticket is None else self._lives.get(ticket.query.namespace)
        if live is not None and ticket is not None and ticket.ruled is not None:
            ruled = ticket.ruled
            self._decide.submit(lambda: live.confirm(ruled, served=whole))

    def nothing_there(self, query: Query) -> Ticket:
        """A request whose partition holds nothing; counted behind it."""
        ticket = Ticket(query)
        if self._model is not None and not self._closed:
            live = self._lives.get(query.namespace)
            if live is not None:
                self._decide.submit(lambda: live.count_miss(query.wanted, self.rng))
            elif len(self._loading) < MAX_LEARNING:
                self._spawn("semantic count", self._count_miss(query))
        return ticket

    def stored(self, entry: Entry, read: Read, ticket: Ticket | None) -> None:
        """A fresh answer was stored: it becomes a neighbour at once; what it teaches is learnt behind the request."""
        weight = weight_of(entry.cost_pico, entry.size_bytes())
        self.neighbours.add(entry.partition, entry.id, entry.text, read.vector, weight=weight)
        if self._model is None or read.prompt is None or not entry.namespace:
            return
        self._kept.put(entry.id, Kept(entry.partition, read.prompt, entry.group or entry.id))
        if self._learning >= MAX_LEARNING or self._closed:
            self.dropped += 1
            self._failed("overload")
            return
        self._learning += 1
        self._spawn("semantic learn", self._learn(entry, read.prompt, ticket))

    def unread(self, entry: Entry) -> None:
        """A fresh answer was stored whose prompt could not be read, because the models were not there yet or had no
        time: `read_late` comes back to it. Beyond `MAX_LATE` the oldest wait for the next start."""
        if entry.namespace and not self._closed and (self._model is not None or not self.started):
            self._late[entry.id] = Unread(
                entry.id, entry.partition, entry.namespace, entry.text, entry.cost_pico, entry.size_bytes()
            )
            if len(self._late) > MAX_LATE:
                self._late.popitem(last=False)
            self._late_there.set()

    async def read_late(self) -> None:
        """Read the prompts of entries that were stored without, so that they become neighbours: first what the
        database has, then what comes, `LATE_PER_S` at most. A task of the application's, once all is started."""
        if self._model is None:
            return
        after, name = "", self.neighbours.embedder_name
        try:
            while page := await self._store.sql.unread(name, after, time.time(), _LATE_PAGE):
                for one in page:
                    self._late.pop(one.id, None)
                    await self._read_late(one)
                after = page[-1].id
        except Exception:
            self._fail("read late")
        while not self._closed:
            await self._late_there.wait()
            self._late_there.clear()
            while self._late:
                await self._read_late(self._late.popitem(last=False)[1])

    async def _read_late(self, one: Unread) -> None:
        await asyncio.sleep(1 / LATE_PER_S)
        read = await self.read(one.text)
        if read is None or read.prompt is None:
            return  # counted; the next start tries again
        vector, prompt = read.vector.astype(np.float16).tobytes(), read.prompt
        if not self._store.sql.read_later(one.id, read.embedder, vector, read.kept):
            return
        weight = weight_of(one.cost_pico, one.size_bytes)
        self.neighbours.add(one.partition, one.id, one.text, read.vector, weight=weight)
        self._kept.put(one.id, Kept(one.partition, prompt, one.id))
        live, may_own = self._lives.get(one.namespace), self._may_own()
        if live is not None:
            self._decide.submit(lambda: live.stored(prompt.vector, may_own=may_own))

    async def _fixed(self, query: Query, text: str, vector: Vector) -> Looked:
        found = await nearest_accepted(
            self.neighbours,
            self._store,
            query.partition,
            text,
            vector,
            max_false_hit_rate=query.rate,
            ttl_s=query.ttl_s,
            min_similarity=query.min_similarity,
            max_age_s=query.max_age_s,
            now_s=time.time(),
        )
        return Looked(found.hit, considered=found.considered)

    async def _learned(self, query: Query, prompt: Prompt) -> Looked:
        found = await self.neighbours.nearest(query.partition, prompt.vector, NEIGHBOURS, texts=False)
        if not found:
            return Looked(ticket=self.nothing_there(query))
        live = await self._live(query.namespace, query.bound)
        if live is None:
            return Looked(why={"decision": "fetched", "vetoed": "what was learnt cannot be read yet"})
        near = await self._near(query.partition, found)
        ruled = await self._in(self._decide, lambda: live.decide(prompt, near, query.wanted, self.rng))
        self._watch(live)
        ticket = Ticket(query, ruled)
        best = ruled.decision.best
        if not ruled.decision.served or best is None:
            return Looked(ticket=ticket, why=ruled.why or None)
        now_s = time.time()
        entry = await self._store.by_id(best.near.entry_id, now_s)
        problem = usable(entry, query.partition, now_s=now_s, ttl_s=query.ttl_s, max_age_s=query.max_age_s)
        if entry is None or problem:
            self._decide.submit(lambda: live.confirm(ruled, served=False))
            if entry is None:
                self.neighbours.remove([best.near.entry_id])
                self._kept.drop(best.near.entry_id)
            why = {**ruled.why, "decision": "fetched", "vetoed": problem or "gone"}
            return Looked(ticket=Ticket(query, _not_served(ruled)), why=why)
        return Looked(SemanticHit(entry, best.near.cosine), ticket, ruled.why)

    async def _near(self, partition: str, found: Sequence[Neighbour]) -> list[Near]:
        """The neighbours with their prompts, from memory or by one query; those without are left out."""
        kept = {one.entry_id: self._kept.get(one.entry_id) for one in found}
        missing = [entry_id for entry_id, one in kept.items() if one is None]
        if missing:
            rows = await self._store.sql.prompts(missing, time.time())
            loaded = await self._in(self._decide, lambda: _unpacked(rows))
            if len(loaded) < len(missing):
                gone = [entry_id for entry_id in missing if entry_id not in rows]
                log.debug("%d neighbours are not in the store (any more)", len(gone))
            for entry_id, one in loaded.items():
                self._kept.put(entry_id, one)
                kept[entry_id] = one
        near = []
        for neighbour in found:
            known = kept[neighbour.entry_id]
            if known is not None and known.partition == partition:
                near.append(Near(neighbour.entry_id, known.group, known.prompt, neighbour.similarity))
        return near

    # namespaces

    async def _live(self, digest: str, bound: float) -> Live | None:
        """The namespace; what was learnt of it is read at the first use. None if that fails or takes too long."""
        live = self._lives.get(digest)
        if live is not None:
            self._lives.move_to_end(digest)
            return live
        task = self._loading.get(digest)
        if task is None:
            if self._not_before_s.get(digest, 0.0) > time.monotonic():
                return None
            task = self._loading[digest] = self._spawn("semantic load", self._load(digest, bound))
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.shield(task)
        except TimeoutError:
            return None

    async def _load(self, digest: str, bound: float) -> Live | None:
        model = self._model
        assert model is not None
        try:
            if not await self._store.sql.flush(_FLUSH_S):
                raise OSError("the store does not take records")
            labels = await self._learnt.labels(digest)
            kept = await self._learnt.state(digest)
            members: list[states.Member] = []
            async for page in self._learnt.members(digest, time.time(), MEMBERS_READ):
                members += await self._in(self._decide, lambda page=page: _members(page, model))  # type: ignore[misc]
            may_own = self._may_own()
            live = await self._in(
                self._decide, lambda: _restored(digest, model, bound, labels, kept, members, may_own=may_own)
            )
        except Exception:
            self._fail("load")
            if len(self._not_before_s) > MAX_NAMESPACES:
                self._not_before_s.clear()
            self._not_before_s[digest] = time.monotonic() + _LOAD_AGAIN_S
            return None
        finally:
            self._loading.pop(digest, None)
        self._lives[digest] = live
        while len(self._lives) > MAX_NAMESPACES:
            _, gone = self._lives.popitem(last=False)
            self._alarms.pop(gone.digest, None)
            await self._save([gone])
        return live

    def _may_own(self) -> bool:
        return sum(live.own_metric for live in self._lives.values()) < MAX_METRICS

    async def _count_miss(self, query: Query) -> None:
        live = await self._live(query.namespace, query.bound)
        if live is not None:
            await self._in(self._decide, lambda: live.count_miss(query.wanted, self.rng))

    def _watch(self, live: Live) -> None:
        """Log a change of the alarm."""
        before = self._alarms.get(live.digest, "ok")
        now = live.alarm
        if now == before:
            return
        self._alarms[live.digest] = now
        figures = live.figures
        told = (live.digest[:12], now, before, figures.estimate, figures.lower, figures.upper, figures.bound)
        level = logging.ERROR if now == "off" else logging.WARNING
        log.log(level, "semantic namespace %s: %s (was %s): estimate %.4f, %.4f to %.4f, promised %.4f", *told)

    # learning

    async def _learn(self, entry: Entry, prompt: Prompt, ticket: Ticket | None) -> None:
        try:
            live = await self._live(entry.namespace, ticket.query.bound if ticket else 0.01)
            if live is None:
                return
            ruled = ticket.ruled if ticket is not None else None
            fresh, digest = await self._in(self._judge, lambda: _answer(entry))
            judged = await self._judged(fresh, ruled) if ruled is not None and ruled.decision.candidates else []
            may_own = self._may_own()
            lesson = await self._in(
                self._decide, lambda: self._taught(live, entry, prompt, ruled, judged, digest, may_own=may_own)
            )
            await self._kept_lesson(live, entry, lesson)
        except Exception:
            self._fail("learn")
        finally:
            self._learning -= 1

    async def _judged(self, fresh: str | None, ruled: Ruled) -> list[Judged | None]:
        """The fresh answer against those of the candidates."""
        now_s = time.time()
        stored = [await self._store.by_id(one.near.entry_id, now_s) for one in ruled.decision.candidates]
        asked = ruled.prompt.text

        def compare() -> list[tuple[str, Judgement] | None]:
            found: list[tuple[str, Judgement] | None] = []
            for entry in stored:
                text = None if entry is None else answer_text(entry.surface, entry.mode, entry.body)
                if entry is None or text is None or not fresh:
                    found.append(None)
                else:
                    found.append((text, judge(fresh, text, a_prompt=asked, b_prompt=entry.text)))
            return found

        compared = await self._in(self._judge, compare)
        vector: Vector | None = None
        judged: list[Judged | None] = []
        for one, entry in zip(compared, stored, strict=True):
            if one is None or entry is None or not fresh:
                judged.append(None)
                continue
            text, found = one
            if found.layer == "unsure":
                if vector is None:
                    vector = await self.neighbours.embed(fresh[:_ANSWER_CHARS])
                other = await self.neighbours.embed(text[:_ANSWER_CHARS])
                if vector is not None and other is not None:
                    cosine, prompt = float(vector @ other), entry.text
                    found = await self._in(
                        self._judge,
                        lambda text=text, cosine=cosine, prompt=prompt: judge(  # type: ignore[misc]
                            fresh, text, similarity=cosine, a_prompt=asked, b_prompt=prompt
                        ),
                    )
            judged.append(Judged(found.same, found.weight))
        return judged

    def _taught(
        self,
        live: Live,
        entry: Entry,
        prompt: Prompt,
        ruled: Ruled | None,
        judged: Sequence[Judged | None],
        digest: bytes,
        *,
        may_own: bool,
    ) -> Lesson:
        """In the deciding thread: labels, re-ask, group, metric."""
        lesson, same = live.learn(ruled, judged) if ruled is not None and judged else (Lesson(), "")
        first: Vector | None = None
        if same and ruled is not None and not live.is_dropped(same):
            first = next(one.near.prompt.vector for one in ruled.decision.candidates if one.near.group == same)
        elif digest:
            same, first = self._answers.get((entry.partition, digest), ("", None))
            if same and live.is_dropped(same):
                same, first = "", None
        if same and first is not None:
            live.join(same, first, prompt.vector)
            beginner = same if live.groups.get(same, first).count == 2 else ""
            lesson = msgspec.structs.replace(lesson, group=same, beginner=beginner)
        if digest:
            self._answers[entry.partition, digest] = (same or entry.id, prompt.vector)
            self._answers.move_to_end((entry.partition, digest))
            if len(self._answers) > _ANSWERS:
                self._answers.popitem(last=False)
        live.stored(prompt.vector, may_own=may_own)
        return lesson

    async def _kept_lesson(self, live: Live, entry: Entry, lesson: Lesson) -> None:
        """Write down what was learnt, then withdraw what was found wrong."""
        sql = self._store.sql
        if lesson.group:
            for entry_id in (lesson.beginner, entry.id):
                if entry_id:
                    self._kept.regroup(entry_id, lesson.group)
                    sql.regroup(entry_id, lesson.group)
        self._put_labels(live, lesson.taught)
        if lesson.wrong is not None:
            await self._save([live])
            self._watch(live)
        if lesson.dropped:
            await self._withdraw(lesson.dropped)

    def _put_labels(self, live: Live, taught: Sequence[Taught]) -> None:
        if not taught:
            return
        namespace, now_us = live.namespace, time.time_ns() // 1000
        counts = (namespace.requests, namespace.hits, namespace.reasks, namespace.budget.spent)
        rows = tuple(
            LabelRow(
                new_id("l-", now_us + at),
                live.digest,
                now_us,
                one.kind,
                one.features.astype(np.float32).tobytes(),
                one.right,
                one.weight,
                one.predicted,
                one.group,
                one.words,
                *counts,
            )
            for at, one in enumerate(taught)
        )
        self._learnt.put(labels=rows)

    async def _members(self, group: str) -> list[str]:
        """The entries of an answer group, the one that began it among them."""
        if not await self._store.sql.flush(_FLUSH_S):
            raise OSError("the store does not take records")
        found = await self._store.sql.group_members(group)
        return list(dict.fromkeys([group, *found, *self._kept.members(group)]))

    async def _withdraw(self, group: str) -> None:
        """The entries of this group are nobody's neighbours any more, here and after a restart."""
        members = [group, *self._kept.members(group)]
        try:
            members = await self._members(group)
        finally:
            self.neighbours.remove(members)
            for entry_id in members:
                self._kept.drop(entry_id)
                self._store.sql.regroup(entry_id, "", withdrawn=True)
        log.info("semantic cache: an answer came out wrong, %d prompts of it are withdrawn", len(members))

    # feedback

    async def judged_wrong(self, tenant: str, entry_id: str, why: Mapping[str, Any]) -> int:
        """A caller says that an answer was wrong: its whole group goes, durably; how many entries went. Raises what
        `Store.purge` raises. `why`: what `explain` has of the hit, {} if it was none."""
        found = (await self._store.sql.prompts([entry_id], time.time())).get(entry_id)
        group = (found.group if found is not None else "") or entry_id
        entry = await self._store.by_id(entry_id, time.time())
        if entry is not None:
            await self._feedback(entry.namespace, why, group, right=False)
        members = await self._members(group) if self._model is not None else [entry_id]
        self.neighbours.remove(members)
        evicted = 0
        for member in members:
            self._kept.drop(member)
            evicted += await self._store.purge(PurgeFilter(entry_id=member, tenant=tenant), time.time())
        return evicted

    async def judged_right(self, entry_id: str, why: Mapping[str, Any]) -> None:
        entry = await self._store.by_id(entry_id, time.time())
        if entry is not None:
            await self._feedback(entry.namespace, why, entry.group or entry_id, right=True)

    async def _feedback(self, namespace: str, why: Mapping[str, Any], group: str, *, right: bool) -> None:
        told = why.get("features")
        if self._model is None or not namespace or not isinstance(told, dict) or told.keys() != set(FEATURES):
            return
        try:
            features = np.array([float(told[name][0]) for name in FEATURES], dtype=np.float64)
            live = await self._live(namespace, float(why["budget"]["bound"]))
            if live is None:
                return
            predicted, free = float(why["p_right"]), bool(why.get("warm_up"))
            taught = await self._in(
                self._decide, lambda: live.told(features, predicted, group, right=right, free=free)
            )
            self._put_labels(live, [taught])
            await self._save([live])
            self._watch(live)
        except Exception:
            self._fail("feedback")

    # keeping

    async def keep_saving(self) -> None:
        """Write the state of what changed every `SAVE_EVERY_S`; a task of the application's."""
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            await self.save()

    async def save(self) -> None:
        await self._save([live for live in self._lives.values() if live.dirty])

    async def _save(self, lives: Sequence[Live]) -> None:
        for live in lives:
            try:
                row = await self._in(self._decide, lambda live=live: _state_row(live))  # type: ignore[misc]
                self._learnt.put(states=(row,))
            except Exception:
                self._fail("save")

    async def figures(self) -> list[Figures]:
        """The namespaces in memory with the most requests."""
        lives = sorted(self._lives.values(), key=lambda live: live.figures.requests, reverse=True)[:SHOWN]
        try:
            async with asyncio.timeout(_LOOK_S):
                for live in lives:
                    if live.dirty and not self._closed:
                        # one by one: decisions go on in between
                        await self._in(self._decide, live.assess)
        except TimeoutError:
            log.warning("the figures of the semantic cache are some requests old: the deciding thread is busy")
        return [live.figures for live in lives]

    async def settle(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything stored so far is learnt; False if it takes longer. For tests and for the end."""
        deadline = time.monotonic() + timeout_s
        while self._learning or self._loading:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(0.005)
        await self._in(self._decide, lambda: None)
        return True

    async def close(self) -> None:
        """Save, then end the threads."""
        if self._closed:
            return
        self._closed = True
        await self.save()
        for task in list(self._loading.values()):
            task.cancel()
        self._decide.shut()
        self._judge.shut()
        for lane in (self._decide, self._judge):
            if not await asyncio.to_thread(lane.join, _CLOSE_S):
                log.error("a decision of the semantic cache hangs; its thread is left behind")

    async def texts(self, entry_ids: Sequence[str]) -> dict[str, str]:
        """The texts of entries for `Neighbours`."""
        rows = await self._store.sql.prompts(entry_ids, time.time())
        return {entry_id: row.text for entry_id, row in rows.items()}

    async def _in(self, lane: Lane, work: Callable[[], _T]) -> _T:
        return await asyncio.wrap_future(lane.submit(work))

    def _fail(self, stage: str) -> None:
        self._failed(stage)
        log.exception("semantic cache: %s failed", stage)


def _read(text: str, tokens: TokenStates, model: Model) -> Read:
    projected = model.verifier.project(tokens.states)
    prompt = make_prompt(text, tokens.pooled, projected, tokens.ids, tokens.offsets)
    return Read(tokens.pooled, model.embedder, prompt, pack(tokens, projected))


def _answer(entry: Entry) -> tuple[str | None, bytes]:
    """The text of its answer, and what equal answers have in common; b"" if there is no text."""
    text = answer_text(entry.surface, entry.mode, entry.body)
    return text, normalised_digest(text) if text else b""


def _unpacked(rows: Mapping[str, Any]) -> dict[str, Kept]:
    found = {}
    for entry_id, row in rows.items():
        if not row.prompt or not row.vector:
            continue  # stored by the fixed rule, or withdrawn
        vector = np.frombuffer(row.vector, dtype=np.float16).astype(np.float32)
        try:
            prompt = unpack(row.text, vector, row.prompt)
        except ValueError as error:
            log.warning("entry %s: %s", entry_id, error)
            continue
        found[entry_id] = Kept(row.partition, prompt, row.group or entry_id)
    return found


def _not_served(ruled: Ruled) -> Ruled:
    return msgspec.structs.replace(ruled, decision=msgspec.structs.replace(ruled.decision, served=False))


def _members(page: Sequence[Any], model: Model) -> list[states.Member]:
    size = 2 * len(model.centre)
    return [
        states.Member(one.entry_id, one.group, np.frombuffer(one.vector, dtype=np.float16).astype(np.float32))
        for one in page
        if len(one.vector) == size
    ]


def _restored(
    digest: str,
    model: Model,
    bound: float,
    labels: Sequence[LabelRow],
    kept: StateRow | None,
    members: Sequence[states.Member],
    *,
    may_own: bool,
) -> Live:
    live = Live(digest, model, bound)
    taught = [
        Taught(
            row.kind,
            np.frombuffer(row.features, dtype=np.float32).astype(np.float64),
            row.right,
            row.weight,
            row.predicted,
            row.group,
            row.words,
        )
        for row in labels
    ]
    if labels:
        last = labels[-1]
        states.restore_labels(live, taught, (last.requests, last.hits, last.reasks, last.spent))
    if kept is not None:
        try:
            states.restore_state(live, kept.state)
        except ValueError as error:
            log.warning("semantic namespace %s: its state cannot be used: %s", digest[:12], error)
    states.restore_members(live, members, taught, may_own=may_own)
    live.assess()
    return live


def _state_row(live: Live) -> StateRow:
    live.dirty = False
    live.assess()
    figures = live.figures
    at_us = time.time_ns() // 1000
    return StateRow(
        live.digest, at_us, figures.requests, figures.hits, figures.estimate, figures.upper, states.dump(live)
    )
