"""One fetch shared by identical requests in flight.

A `Flight` is owned by a task of its own (so no client's cancellation reaches the upstream call while anybody else still
waits) and read by subscribers. What is published stays until the flight ends, so a late joiner gets the prefix and then
the live bytes. When the last subscriber leaves, the task is cancelled, which closes the upstream connection.

Mutable state: `Flight._chunks`, `_waiters`, `subscribers` and the fields set once by the owner; `Flights._by_key`,
`_by_item` and `_refreshes`.
"""

import asyncio
from collections.abc import Iterator

import msgspec

from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.headers import Pairs
from halfpenny.semantic_cache.base import SemanticHit


class FlightKey(msgspec.Struct, frozen=True):
    """Who may share a fetch: the same exact key and mode, and the same limits on a semantic hit, which the flight may
    turn out to be answered from."""

    key: str
    stream: bool
    limits: tuple[object, ...] = ()


class ReplyHead(msgspec.Struct, frozen=True, kw_only=True):
    """The head of the upstream's reply as subscribers see it."""

    status: int
    headers: Pairs
    served_by: str
    storing: bool
    whole: bool
    """The body was read to its end before the head was published: `stored` and the cost are facts, not intents."""
    usage_shown: bool = False
    """The stream holds the usage event because somebody asked for it: to be hidden from subscribers who did not."""
    cost_pico: int | None = None
    spent_retries: bool = False


class Flight:
    """Single-loop. The owner calls `publish_*` and `end`; subscribers `wait_head` and `read`."""

    def __init__(self, key: FlightKey | None, *, max_ahead_bytes: int = 1 << 20) -> None:
        self.key = key
        self.head: ReplyHead | None = None
        self.hit: SemanticHit | None = None
        self.refusal: ProxyError | None = None
        self.broken: ProxyError | None = None
        self.ended = False
        self.whole = False
        """The streamed answer reached its terminal marker: only then may it be shown in another form."""
        self.subscribers = 0
        self.cost_pico = 0
        self.good = True
        """False once the upstream said, under whatever status, that it failed."""
        self.keys: tuple[str, ...] = ()
        """The keys of the inputs that it fetches, where each is answered by itself."""
        self.items: dict[str, bytes] = {}
        """Answers by the key of their input, where the answer was taken apart."""
        self.item_costs: dict[str, int] = {}
        self.entry_id = ""
        """What its answer is stored as, where it is stored as one entry."""
        self.task: asyncio.Task[None] | None = None
        self._chunks: list[bytes] = []
        self._dropped = 0
        self._published_bytes = 0
        self._most_read_bytes = 0
        self._max_ahead_bytes = max_ahead_bytes
        self._waiters: list[asyncio.Future[None]] = []
        self._room: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        state = "ended" if self.ended else "head" if self.head else "waiting"
        return f"<Flight {state}, {self.subscribers} subscribed, {self._published_bytes} bytes>"

    @property
    def failed(self) -> bool:
        """True if it ended badly before any content: its followers may try once more between them."""
        return (self.refusal is not None and self.refusal.status >= 500) or (
            self.head is not None and self.head.whole and (self.head.status >= 500 or self.head.status == 429)
        )

    @property
    def failure(self) -> int | None:
        """The status of a failure that a stale answer may stand in for (RFC 5861 section 4): the upstream's own 5xx, or
        0 where there was no answer at all. None: no such failure before the first byte of content."""
        if self.refusal is not None:
            return 0 if self.refusal.status >= 500 else None
        if self.head is not None and self.head.whole and self.head.status >= 500:
            return self.head.status
        return None

    def body(self) -> bytes:
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    # the owner's side

    def publish_head(self, head: ReplyHead) -> None:
        self.head = head
        self._wake()

    async def publish(self, chunk: bytes) -> None:
        """Hand on one chunk; waits while even the fastest subscriber is too far behind (back-pressure)."""
        self._chunks.append(chunk)
        self._published_bytes += len(chunk)
        self._wake()
        while self._published_bytes - self._most_read_bytes > self._max_ahead_bytes and self.subscribers:
            self._room = asyncio.get_running_loop().create_future()
            await self._room

    def publish_whole(self, head: ReplyHead, body: bytes) -> None:
        self._chunks.append(body)
        self._published_bytes += len(body)
        self.publish_head(head)

    def answer_from(self, hit: SemanticHit) -> None:
        self.hit = hit
        self.end()

    def refuse(self, error: ProxyError) -> None:
        self.refusal = error
        self.end()

    def break_off(self, error: ProxyError) -> None:
        """The reply broke after its head was published."""
        self.broken = error
        self.end()

    def end(self) -> None:
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    # the subscribers' side

    async def _changed(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    async def wait_head(self) -> None:
        """Until there is a head, a hit, or a refusal."""
        while self.head is None and not self.ended:
            await self._changed()

    async def wait_end(self) -> None:
        while not self.ended:
            self._read_up_to(self._published_bytes)
            await self._changed()

    async def read(self, at: int) -> bytes | None:
        """Chunk number `at`, or None at the end (then look at `broken`)."""
        while at - self._dropped >= len(self._chunks):
            if self.ended:
                return None
            await self._changed()
        chunk = self._chunks[at - self._dropped]
        if self.key is None:
            # nobody can join: what its one reader has taken is needed no more
            del self._chunks[: at - self._dropped + 1]
            self._dropped = at + 1
        return chunk

    def close_to_joiners(self) -> None:
        """Too large to be kept for late joiners. Call it before a second subscriber came, or it changes nothing."""
        if self.subscribers <= 1:
            self.key = None

    def _read_up_to(self, count: int) -> None:
        if count > self._most_read_bytes:
            self._most_read_bytes = count
            if self._room is not None and not self._room.done():
                self._room.set_result(None)

    def delivered(self, count: int) -> None:
        """A subscriber has passed on `count` bytes in all."""
        self._read_up_to(count)

    def leave(self) -> bool:
        """One subscriber fewer; True if that was the last of a flight that is still under way (it is cancelled)."""
        self.subscribers -= 1
        if self.subscribers == 0 and self._room is not None and not self._room.done():
            self._room.set_result(None)
        if self.subscribers > 0 or self.ended or self.task is None:
            return False
        self.task.cancel()
        return True


class Flights:
    """The flights that may be joined."""

    def __init__(self) -> None:
        self._by_key: dict[FlightKey, Flight] = {}
        self._by_item: dict[str, Flight] = {}
        self._refreshes: dict[str, Flight] = {}

    def __len__(self) -> int:
        flights = (*self._by_key.values(), *self._by_item.values(), *self._refreshes.values())
        return len({id(flight) for flight in flights})

    def __iter__(self) -> Iterator[Flight]:
        return iter(list(self._by_key.values()))

    def __repr__(self) -> str:
        return f"<Flights {len(self._by_key)} joinable>"

    def join(self, wanted: FlightKey) -> Flight | None:
        """A flight that this request can read from. A non-streaming request can also be served by a streamed flight;
        the reverse would keep a streaming caller waiting for the whole answer, so it is not done."""
        flight = self._by_key.get(wanted)
        if flight is None and not wanted.stream:
            flight = self._by_key.get(msgspec.structs.replace(wanted, stream=True))
        if flight is None or flight.failed or flight.broken is not None:
            return None
        return flight

    def register(self, flight: Flight) -> None:
        if flight.key is not None:
            self._by_key[flight.key] = flight

    @property
    def refreshing(self) -> int:
        """How many stale answers are being refreshed."""
        return len(self._refreshes)

    def fetches(self, wanted: FlightKey) -> bool:
        """Whether a new answer for this key is on its way already, in this or in another mode."""
        return wanted.key in self._refreshes or self.join(wanted) is not None

    def register_refresh(self, flight: Flight) -> None:
        """A flight that nobody waits for: one at a time per exact key. It may be joined like any other."""
        assert flight.key is not None
        self.register(flight)
        self._refreshes[flight.key.key] = flight

    def join_item(self, key: str) -> Flight | None:
        """A flight under way that fetches the input of this key."""
        flight = self._by_item.get(key)
        return None if flight is None or flight.failed or flight.broken is not None else flight

    def register_items(self, flight: Flight) -> None:
        for key in flight.keys:
            self._by_item[key] = flight

    def forget(self, flight: Flight) -> None:
        """No more joiners. Idempotent, and leaves a newer flight of the same key alone."""
        if flight.key is not None and self._by_key.get(flight.key) is flight:
            del self._by_key[flight.key]
        if flight.key is not None and self._refreshes.get(flight.key.key) is flight:
            del self._refreshes[flight.key.key]
        for key in flight.keys:
            if self._by_item.get(key) is flight:
                del self._by_item[key]
