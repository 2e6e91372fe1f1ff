"""From the head of a good reply to a settled ledger row: pass the bytes on, record them, store what is whole."""

import asyncio
import json
import logging
import time
from typing import Any

import msgspec

from halfpenny.backends.base import BackendError, Reply
from halfpenny.ledger.base import Outcome, State
from halfpenny.proxy.attempt import OpenAttempt
from halfpenny.proxy.bodies import MAX_WHOLE_BYTES, decoded
from halfpenny.proxy.coalesce import ReplyHead
from halfpenny.proxy.converting import usage_as_converted
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.exchange import new_id
from halfpenny.proxy.headers import Pairs, content_encoding, header_value, is_event_stream, returned
from halfpenny.proxy.job import Job
from halfpenny.proxy.surfaces.base import Recorder, Reported, has_error, itemised
from halfpenny.semantic_cache.base import Entry

log = logging.getLogger(__name__)

_PUTS_AT_ONCE = 64


class Relay:
    """Relays one reply to a flight. `storable` is False for an answer that must not stand under the request's key."""

    def __init__(self, job: Job, opened: OpenAttempt, *, storable: bool) -> None:
        assert opened.reply is not None
        self.job = job
        self.opened = opened
        self.storable = storable
        self.reply: Reply = opened.reply

    async def run(self) -> None:
        """Relay, settle, end the flight. Raises only the cancellation of a flight that everybody left."""
        opened, flight = self.opened, self.job.flight
        streamed = self.job.ask.stream and is_event_stream(self.reply.headers) and self.reply.status == 200
        try:
            if streamed:
                await self._stream()
            else:
                await self._whole()
        except asyncio.CancelledError:
            await opened.abandon("the client left", client_gone=True)
            raise
        except BackendError as error:
            if opened.settled:
                # only the end of a connection whose answer is complete was lost
                flight.end()
                return
            opened.slot.breaker.failure()
            opened.error = error
            opened.settle("estimated", "error", status=self.reply.status)
            worded = ProxyError(error.status_hint, error.code, str(error))
            if flight.head is None:
                flight.refuse(worded)
            else:
                flight.break_off(worded)
        finally:
            opened.close_open_row()
            await self.reply.close()

    # a whole answer

    async def _whole(self) -> None:
        job, opened, reply = self.job, self.opened, self.reply
        body = bytearray(opened.error_body or opened.first)
        async for chunk in opened.rest():
            body += chunk
            if len(body) > MAX_WHOLE_BYTES:
                await self._huge(bytes(body))
                return
        raw = bytes(body)
        plain = decoded(raw, reply.headers, MAX_WHOLE_BYTES)
        document = _json(plain) if plain is not None else None
        if reply.status == 200 and document is None and plain is not None and _is_cut_json(reply.headers, plain):
            # a clean end is no proof of a whole answer: half a JSON document under 200 is a failure, and said to be one
            opened.slot.breaker.failure()
            opened.settle("estimated", "error", status=reply.status, error="the answer ended before it was complete")
            job.flight.refuse(
                ProxyError(502, "upstream_truncated", "the upstream ended its answer before it was complete")
            )
            return
        # a 200 whose body is an error (gateways do that) is an error: it costs nothing and is never stored
        good = reply.status == 200 and not has_error(document)
        job.flight.good = good
        reported = self._reported(job.surface.reported(document))
        state_of_row: State = "final"
        if good and not reported.known:
            state_of_row = "estimated"
            reported = job.estimated(0, len(plain or raw))
        entries: list[Entry] = []
        if good and plain is not None and not job.surface.admissible(document) and not self._is_cut_by_limit(reported):
            entries = await self._understood(document, plain, reported)
        # said of the answer only if all of its parts are kept
        stored = self._store_all(entries[:_PUTS_AT_ONCE]) and len(entries) == max(1, len(job.item_keys))
        outcome: Outcome = "error" if not good else job.plain_outcome()
        cost_pico = opened.settle(state_of_row, outcome, status=reply.status, reported=reported if good else None)
        stored = await self._store_rest(entries) and stored
        job.flight.publish_whole(
            ReplyHead(
                status=reply.status,
                headers=tuple(returned(reply.headers)),
                served_by=opened.served_by,
                storing=stored,
                whole=True,
                cost_pico=cost_pico if good else None,
                spent_retries=opened.state.number > 1 and not good,
            ),
            raw,
        )
        job.flight.cost_pico = cost_pico
        job.flight.end()
        if stored and not job.item_keys:
            self._index(entries[0])

    async def _understood(self, document: Any, plain: bytes, reported: Reported) -> list[Entry]:
        """`_entries`; nothing if that fails: what is not understood is passed on and not stored."""
        try:
            return await self._entries(document, plain, reported)
        except Exception:
            log.exception("an answer cannot be understood", extra={"request_id": self.job.exchange.request_id})
            return []

    async def _entries(self, document: Any, plain: bytes, reported: Reported) -> list[Entry]:
        """What of a good whole answer is to be stored. Answers by input are handed to the flight as well."""
        job, opened = self.job, self.opened
        kind = header_value(self.reply.headers, "content-type")
        if not job.item_keys:
            if not self._may_store(len(plain)):
                return []
            await job.await_vector()
            return [self._entry(job.exchange.key, "json", plain, kind, reported, opened.price(reported).pico)]
        surface = itemised(job.surface)
        if job.ask.form and not self._has_form(plain, job.ask.form):
            return []
        parts = surface.taken_apart(job.ask, document)
        if parts is None:
            return []
        answers = [plain] if len(parts) == 1 else [msgspec.json.encode(part) for part in parts]
        job.flight.items = dict(zip(job.item_keys, answers, strict=True))
        entries: list[Entry] = []
        whole_pico = opened.price(reported).pico
        spent = 0
        for at, (key, part, answer) in enumerate(zip(job.item_keys, parts, answers, strict=True)):
            own = job.surface.reported(part)
            # the last one takes what rounding left, so that the parts add up to what was paid
            share = own.input_tokens / reported.input_tokens if reported.input_tokens else 1 / len(parts)
            cost = whole_pico - spent if at + 1 == len(parts) else int(whole_pico * share)
            spent += cost
            job.flight.item_costs[key] = cost
            if self._may_store(len(answer)):
                entries.append(self._entry(key, "json", answer, kind, own, cost))
        return entries

    def _has_form(self, plain: bytes, wanted: str) -> bool:
        """Whether this answer is in one known form, be it another than was wanted: which its slot remembers."""
        came = itemised(self.job.surface).form_of(plain)
        if not came:
            return False
        if came != wanted:
            try:
                self.job.surface.in_form(plain, wanted)
            except ValueError:
                return False
        _, _, model = self.opened.served_by.partition("/")
        self.opened.slot.learn_form(model, wanted=wanted, came=came)
        return True

    def _is_cut_by_limit(self, reported: Reported) -> bool:
        most = self.job.ask.max_output_tokens
        return self.job.surface.limit_is_silent and 0 < most <= reported.output_tokens

    def _store_all(self, entries: list[Entry]) -> bool:
        kept = [self._store(entry) for entry in entries]
        return bool(kept) and all(kept)

    async def _store_rest(self, entries: list[Entry]) -> bool:
        """Many small entries are appended in slices, so that other requests are served in between. False if one of
        them was not kept."""
        kept = True
        for at in range(_PUTS_AT_ONCE, len(entries), _PUTS_AT_ONCE):
            await asyncio.sleep(0)
            kept = self._store_all(entries[at : at + _PUTS_AT_ONCE]) and kept
        return kept

    async def _huge(self, begun: bytes) -> None:
        """Too large to hold: pass it on as it comes, understood no further."""
        job, opened, flight = self.job, self.opened, self.job.flight
        job.services.flights.forget(flight)
        flight.close_to_joiners()
        flight.publish_head(self._head(storing=False))
        size = len(begun)
        await flight.publish(begun)
        async for chunk in opened.rest():
            size += len(chunk)
            await flight.publish(chunk)
        opened.settle("estimated", job.plain_outcome(), status=self.reply.status, reported=job.estimated(0, size))
        flight.end()

    # a stream

    async def _stream(self) -> None:
        job, opened, flight = self.job, self.opened, self.job.flight
        recorder = opened.recorder = job.surface.recorder(job.ask)
        limit = job.runtime.config.cache.max_entry
        plain = content_encoding(self.reply.headers) == ""
        recording = bytearray() if plain and self._may_store(0) else None
        flight.publish_head(self._head(storing=recording is not None))
        concluded = False
        async for chunk in self._chunks():
            if plain and not self._watched(recorder, chunk):
                plain, recording = False, None
            if recording is not None and not concluded:
                recording += chunk
                if len(recording) > limit:
                    recording = None
            if recorder.complete and not concluded:
                await job.await_vector()
                # stored before its last bytes go out: who has the whole answer can rely on it being kept
                self._conclude(recorder, recording, whole=True, plain=plain)
                concluded = True
            await flight.publish(chunk)
        whole = (concluded or recorder.finish()) and plain
        if not concluded:
            await job.await_vector()
            self._conclude(recorder, recording, whole=whole, plain=plain)
        flight.whole = whole
        if whole or not plain or recorder.error or recorder.closed:
            # With `recorder.error`, an error event of the upstream's own has gone by: the dialect ended as a failure.
            # With `closed`, the upstream said that this is all: odd, but what the caller would have got without us.
            flight.end()
        else:
            opened.slot.breaker.failure()
            flight.break_off(
                ProxyError(502, "upstream_truncated", "the upstream ended its answer before it was complete")
            )

    def _watched(self, recorder: Recorder, chunk: bytes) -> bool:
        """False if the recorder failed: what it does not understand is passed on like any unread answer."""
        try:
            recorder.feed(chunk)
        except Exception:
            log.exception("a stream cannot be understood", extra={"request_id": self.job.exchange.request_id})
            return False
        return True

    async def _chunks(self) -> Any:
        if self.opened.first:
            yield self.opened.first
        async for chunk in self.opened.rest():
            yield chunk

    def _conclude(self, recorder: Recorder, recording: bytearray | None, *, whole: bool, plain: bool) -> None:
        job, opened = self.job, self.opened
        reported = self._reported(recorder.reported())
        row_state: State = "final" if reported.known and whole else "estimated"
        if not reported.known:
            reported = job.estimated(recorder.content_chunks, 0)
        entry = None
        if whole and recorder.admissible and recording is not None:
            cost = opened.price(reported).pico
            kind = header_value(self.reply.headers, "content-type")
            entry = self._entry(job.exchange.key, "sse", bytes(recording), kind, reported, cost)
        stored = entry is not None and self._store(entry)
        ended = whole or not plain or (recorder.closed and not recorder.error)
        outcome: Outcome = job.plain_outcome() if ended else "error"
        error = "" if ended else (recorder.error or "ended before it was complete")
        job.flight.whole = whole
        job.flight.good = ended and not recorder.error
        job.flight.cost_pico = opened.settle(row_state, outcome, status=200, reported=reported, error=error)
        if stored and entry is not None:
            self._index(entry)

    def _head(self, *, storing: bool) -> ReplyHead:
        headers = self.reply.headers
        shown = (self.job.asked_usage or self.job.ask.wants_usage) and not content_encoding(headers)
        drop = {"content-length"} if shown else set()
        return ReplyHead(
            status=self.reply.status,
            headers=tuple((n, v) for n, v in returned(headers) if n.lower() not in drop),
            served_by=self.opened.served_by,
            storing=storing,
            whole=False,
            usage_shown=shown,
        )

    def _reported(self, read: Reported) -> Reported:
        """Usage as the upstream's own dialect told it, where the answer was converted: that one has all of it."""
        return usage_as_converted(self.reply) or read

    # store

    def _may_store(self, size: int) -> bool:
        return (
            self.storable
            and self.job.exchange.allowed.store
            and size <= self.job.runtime.config.cache.max_entry
            and self.reply.status == 200
        )

    def _entry(
        self, key: str, mode: str, body: bytes, content_type: str, reported: Reported, cost_pico: int
    ) -> Entry:
        job, exchange, now_s = self.job, self.job.exchange, time.time()
        semantic = exchange.allowed.semantic and exchange.partition and job.services.semantic is not None
        read = job.read if semantic else None
        vector = None if read is None else read.vector
        stale_s = now_s + job.lifetime_s()
        job.flight.entry_id = new_id("e-", time.time_ns() // 1000)
        return Entry(
            id=job.flight.entry_id,
            key=key,
            tenant=exchange.head.tenant,
            partition=exchange.partition or "",
            surface=job.surface.name,
            model=job.ask.model,
            served_by=self.opened.served_by,
            mode="sse" if mode == "sse" else "json",
            status=200,
            content_type=content_type or ("text/event-stream" if mode == "sse" else "application/json"),
            body=body,
            created_s=now_s,
            expires_s=stale_s,
            kept_until_s=stale_s + job.runtime.config.cache.longest_stale_s,
            snapshot=job.services.cache.snapshots.read(self.opened.served_by, body, mode, now_s),
            # without a vector it is read later (`Semantic.unread`)
            text=job.ask.text if semantic else "",
            vector=vector.astype("float16").tobytes() if vector is not None else b"",
            embedder="" if read is None else read.embedder,
            input_tokens=reported.input_tokens,
            output_tokens=reported.output_tokens,
            cost_pico=cost_pico,
            tags=exchange.wishes.tags,
            prompt=b"" if read is None else read.kept,
            namespace=exchange.namespace if semantic else "",
        )

    def _store(self, entry: Entry) -> bool:
        try:
            return self.job.services.cache.put(entry)
        except Exception:
            log.exception("an answer could not be stored", extra={"request_id": self.job.exchange.request_id})
            return False

    def _index(self, entry: Entry) -> None:
        read, semantic = self.job.read, self.job.services.semantic
        if not entry.text or semantic is None:
            return
        try:
            if read is None or not entry.vector:
                semantic.unread(entry)
            else:
                semantic.stored(entry, read, self.job.ticket)
        except Exception:
            log.exception("an answer could not be indexed", extra={"request_id": self.job.exchange.request_id})


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        # ValueError: not JSON, or not UTF-8
        return None


def _is_cut_json(headers: Pairs, body: bytes) -> bool:
    """Whether this is meant to be JSON and is not, by the most tolerant reading (Python's takes NaN and Infinity, which
    some servers write into log-probabilities)."""
    if "json" not in header_value(headers, "content-type").lower():
        return False
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return True
    return False
