"""proxy/coalesce.py: one fetch, many readers."""

import asyncio

from halfpenny.proxy.coalesce import Flight, FlightKey, Flights, ReplyHead
from halfpenny.proxy.errors import ProxyError

HEAD = ReplyHead(status=200, headers=(), served_by="up/m", storing=True, whole=False)


async def read_all(flight: Flight) -> bytes:
    await flight.wait_head()
    got, at = b"", 0
    while (chunk := await flight.read(at)) is not None:
        got += chunk
        at += 1
        flight.delivered(len(got))
    return got


async def test_late_joiners_get_the_prefix_and_then_live_bytes() -> None:
    flight = Flight(FlightKey("k", True))
    flight.subscribers = 2
    first = asyncio.create_task(read_all(flight))
    flight.publish_head(HEAD)
    await flight.publish(b"one ")
    await asyncio.sleep(0)
    late = asyncio.create_task(read_all(flight))
    await asyncio.sleep(0)
    await flight.publish(b"two")
    flight.end()
    assert await asyncio.gather(first, late) == [b"one two", b"one two"]
    assert flight.body() == b"one two"


async def test_the_task_ends_only_when_the_last_subscriber_leaves() -> None:
    flight = Flight(FlightKey("k", True))
    flight.subscribers = 3
    flight.task = asyncio.create_task(asyncio.sleep(60))
    assert not flight.leave()
    assert not flight.leave()
    assert flight.leave()
    await asyncio.wait([flight.task])
    assert flight.task.cancelled()


async def test_leaving_after_the_end_cancels_nothing() -> None:
    flight = Flight(FlightKey("k", True))
    flight.subscribers = 1
    flight.task = asyncio.create_task(asyncio.sleep(0))
    flight.end()
    assert not flight.leave()
    await flight.task


async def test_the_owner_waits_for_the_fastest_reader() -> None:
    flight = Flight(FlightKey("k", True), max_ahead_bytes=10)
    flight.subscribers = 2
    flight.publish_head(HEAD)
    await flight.publish(b"x" * 10)
    blocked = asyncio.create_task(flight.publish(b"y" * 5))
    await asyncio.sleep(0.01)
    assert not blocked.done()
    flight.delivered(10)
    await blocked
    stuck = asyncio.create_task(flight.publish(b"z" * 20))
    await asyncio.sleep(0.01)
    assert not stuck.done()
    flight.leave()
    flight.leave()
    await stuck


def test_a_streaming_caller_never_waits_for_a_whole_answer() -> None:
    flights = Flights()
    streamed, whole = Flight(FlightKey("a", True)), Flight(FlightKey("b", False))
    flights.register(streamed)
    flights.register(whole)
    assert flights.join(FlightKey("a", False)) is streamed
    assert flights.join(FlightKey("b", False)) is whole
    assert flights.join(FlightKey("b", True)) is None
    flights.forget(streamed)
    assert flights.join(FlightKey("a", True)) is None
    assert repr(flights) == "<Flights 1 joinable>"


def test_forgetting_leaves_a_newer_flight_alone() -> None:
    flights = Flights()
    old, new = Flight(FlightKey("k", True)), Flight(FlightKey("k", True))
    flights.register(old)
    flights.register(new)
    flights.forget(old)
    assert flights.join(FlightKey("k", True)) is new


def test_a_private_flight_is_never_joined() -> None:
    flights = Flights()
    flights.register(Flight(None))
    assert len(flights) == 0


def test_failing_before_content_is_told_apart() -> None:
    refused = Flight(FlightKey("k", True))
    refused.refuse(ProxyError(502, "upstream_unreachable", "x"))
    assert refused.failed
    denied = Flight(FlightKey("k", True))
    denied.refuse(ProxyError(404, "model_not_found", "x"))
    assert not denied.failed
    error = Flight(FlightKey("k", False))
    error.publish_whole(ReplyHead(status=503, headers=(), served_by="", storing=False, whole=True), b"")
    assert error.failed
    flights = Flights()
    flights.register(refused)
    assert flights.join(FlightKey("k", True)) is None


def test_a_narrower_wish_does_not_join_a_wider_flight() -> None:
    flights = Flights()
    flights.register(Flight(FlightKey("k", True, (True, None, None))))
    assert flights.join(FlightKey("k", True, (True, None, None))) is not None
    assert flights.join(FlightKey("k", True, (False, None, None))) is None
    assert flights.join(FlightKey("k", False, (True, 0.001, None))) is None


async def test_what_nobody_can_join_is_not_kept() -> None:
    flight = Flight(None)
    flight.subscribers = 1
    flight.publish_head(HEAD)
    for number in range(3):
        await flight.publish(b"%d" % number)
    assert [await flight.read(at) for at in range(3)] == [b"0", b"1", b"2"]
    assert flight.body() == b""
    flight.end()
    assert await flight.read(3) is None
