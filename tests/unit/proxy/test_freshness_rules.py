"""Stale answers told without I/O (RFC 5861, RFC 9111); the keys of the configuration; one refresh per key."""

import math
from typing import Any

import pytest

from halfpenny.proxy import flow
from halfpenny.proxy.coalesce import Flight, FlightKey, Flights, ReplyHead
from halfpenny.proxy.config import ConfigError, parse
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.feedback import read
from halfpenny.proxy.headers import cache_status_stale, read_head
from halfpenny.semantic_cache.admission import Allowed
from halfpenny.semantic_cache.base import Entry, ExactHit

ENTRY = Entry(
    id="e",
    key="k",
    tenant="t",
    partition="p",
    surface="chat",
    model="m",
    served_by="up/m",
    mode="json",
    status=200,
    content_type="application/json",
    body=b"{}",
    created_s=100.0,
    expires_s=1000.0,
    kept_until_s=2000.0,
)
ALL = Allowed()
GRACE = flow.Grace(while_revalidate_s=60.0, if_error_s=600.0)


def at(now_s: float, grace: flow.Grace = GRACE, **wishes: Any) -> object:
    state = flow.begin(ALL, grace=grace, **{"only_if_cached": False, "max_age_s": None, **wishes})
    assert isinstance(state, flow.LookUpExact)
    return state.next(ENTRY, now_s)


def test_an_answer_grows_old() -> None:
    """RFC 5861 sections 3 and 4."""
    hit = ExactHit(ENTRY)
    assert at(999.9) == flow.Replay(hit)
    assert at(1000.0) == flow.Replay(hit, refresh=True)
    assert at(1059.9) == flow.Replay(hit, refresh=True)
    assert at(1060.0) == flow.JoinOrLead(ALL, ENTRY)
    assert at(1599.9) == flow.JoinOrLead(ALL, ENTRY)
    assert at(1600.0) == flow.JoinOrLead(ALL)


def test_without_grace_stale_is_a_miss() -> None:
    assert at(1000.0, flow.NO_GRACE) == flow.JoinOrLead(ALL)
    assert flow.NO_GRACE.longest_s == 0


def test_only_if_cached_calls_nobody() -> None:
    assert at(1001.0, only_if_cached=True) == flow.Replay(ExactHit(ENTRY), refresh=False)
    assert isinstance(at(1061.0, only_if_cached=True), flow.Refuse)


def test_an_age_that_was_asked_for_holds_for_stale_answers() -> None:
    assert at(1001.0, max_age_s=901) == flow.Replay(ExactHit(ENTRY), refresh=True)
    assert at(1001.0, max_age_s=900) == flow.JoinOrLead(ALL)


@pytest.mark.parametrize(
    ("control", "expected"),
    [
        ("", flow.Grace(60, 600)),
        ("max-age=5", flow.NO_GRACE),
        ("max-age=5, max-stale", flow.Grace(60, 600)),
        ("max-stale", flow.Grace(60, 600)),
        ("max-stale=100", flow.Grace(60, 100)),
        ("max-stale=0", flow.NO_GRACE),
        ("max-stale=x", flow.NO_GRACE),
        ("max-stale=99999", flow.Grace(60, 600)),
    ],
)
def test_the_caller_narrows_and_never_widens(control: str, expected: flow.Grace) -> None:
    wishes = read_head([(b"cache-control", control.encode())]).wishes
    assert flow.grace_for(60, 600, max_age_s=wishes.max_age_s, max_stale_s=wishes.max_stale_s) == expected
    assert flow.grace_for(0, 0, max_age_s=wishes.max_age_s, max_stale_s=math.inf) == flow.NO_GRACE


def test_a_stand_in_is_no_hit() -> None:
    assert cache_status_stale("exact", -12, 503) == "halfpenny; fwd=stale; fwd-status=503; detail=exact; ttl=-12"
    assert cache_status_stale("exact", -12, 0) == "halfpenny; fwd=stale; detail=exact; ttl=-12"


# flights


def head(status: int, *, whole: bool = True) -> ReplyHead:
    return ReplyHead(status=status, headers=(), served_by="up/m", storing=False, whole=whole)


@pytest.mark.parametrize(("status", "failure"), [(200, None), (404, None), (429, None), (500, 500), (529, 529)])
async def test_which_ends_of_a_flight_are_failures(status: int, failure: int | None) -> None:
    flight = Flight(None)
    assert flight.failure is None
    flight.publish_whole(head(status), b"")
    assert flight.failure == failure


@pytest.mark.parametrize(("status", "failure"), [(400, None), (403, None), (502, 0), (504, 0)])
async def test_which_refusals_are_failures(status: int, failure: int | None) -> None:
    flight = Flight(None)
    flight.refuse(ProxyError(status, "c", "m"))
    assert flight.failure == failure


async def test_a_stream_that_began_is_no_failure_to_be_hidden() -> None:
    flight = Flight(None)
    flight.publish_head(head(200, whole=False))
    flight.break_off(ProxyError(502, "c", "m"))
    assert flight.failure is None


def test_one_refresh_per_key_in_whatever_mode() -> None:
    flights = Flights()
    plain, stream = FlightKey("k", False, (1,)), FlightKey("k", True, (2,))
    refresh = Flight(plain)
    assert not flights.fetches(plain)
    flights.register_refresh(refresh)
    assert flights.fetches(plain)
    assert flights.fetches(stream)
    assert not flights.fetches(FlightKey("other", False))
    assert flights.join(plain) is refresh
    assert (flights.refreshing, len(flights)) == (1, 1)
    flights.forget(refresh)
    assert (flights.refreshing, len(flights)) == (0, 0)
    flights.register(Flight(stream))
    assert flights.fetches(stream)


# configuration

GOOD = """
[cache]
ttl = "1h"
stale_while_revalidate = "10m"
stale_if_error = "2h"
epoch = "2026-11"
follow_snapshots = true
semantic = { structured = true }

[[backends]]
name = "up"
kind = "openai"
base_url = "http://127.0.0.1:9/v1"

[[routes]]
name = "a"
ttl = "10m"
semantic_ttl = "5m"
semantic = false
max_false_hit_rate = 0.002
structured = true
epoch = "x"
"""


def test_the_keys_are_read() -> None:
    config = parse(GOOD)
    cache, route = config.cache, config.routes[0]
    assert (cache.stale_while_revalidate, cache.stale_if_error, cache.longest_stale_s) == (600, 7200, 7200)
    assert (cache.epoch, cache.follow_snapshots) == ("2026-11", True)
    assert (route.ttl, route.semantic_ttl, route.semantic, route.max_false_hit_rate) == (600, 300, False, 0.002)
    assert (route.structured, route.epoch) == (True, "x")


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (('"10m"\nstale', '"soon"\nstale'), 4, ["cache.stale_while_revalidate", "duration"]),
        (('stale_if_error = "2h"', "stale_if_error = 7200"), 5, ["cache.stale_if_error", "duration"]),
        (('stale_if_error = "2h"', 'stale_on_error = "2h"'), 5, ["unknown key", "did you mean 'cache.stale_if_error'"]),
        (('epoch = "2026-11"', "epoch = 2026"), 6, ["cache.epoch", "str"]),
        (('epoch = "2026-11"', f'epoch = "{"x" * 201}"'), 6, ["cache.epoch", "200 characters"]),
        (('ttl = "10m"', "ttl = 600"), 17, ["routes[0].ttl", "duration"]),
        (('semantic_ttl = "5m"', 'semantic_ttl = "-5m"'), 18, ["routes[0].semantic_ttl", "duration"]),
        (("semantic = false", 'semantic = "no"'), 19, ["routes[0].semantic", "bool"]),
        (("= 0.002", "= 2"), 20, ["routes[0].max_false_hit_rate", "between 0 and 1"]),
        (("= 0.002", "= 0.02"), 20, ["routes[0].max_false_hit_rate", "looser"]),
        (('semantic_ttl = "5m"', 'semantic_ttl = "7h"'), 18, ["routes[0].semantic_ttl", "longer"]),
        (("semantic = { structured = true }", ""), 21, ["routes[0].structured", "cannot allow"]),
        (('epoch = "x"', f'epoch = "{"x" * 201}"'), 22, ["routes[0].epoch", "200 characters"]),
    ],
)
def test_bad_values_are_named(change: tuple[str, str], line: int, words: list[str]) -> None:
    broken = GOOD.replace(*change, 1)
    assert broken != GOOD
    with pytest.raises(ConfigError) as refused:
        parse(broken, "some.toml")
    message = str(refused.value)
    assert message.startswith(f"some.toml:{line}: "), message
    assert all(word in message for word in words), message


# feedback


def test_a_good_body_is_read() -> None:
    given = read(b'{"request_id": "hp-1", "verdict": "wrong", "comment": "no\\u0000 \\ud83e\\ude99"}')
    assert (given.request_id, given.verdict, given.comment) == ("hp-1", "wrong", "no\0 \N{COIN}")
