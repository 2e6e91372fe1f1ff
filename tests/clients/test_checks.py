"""The comparison of the matrix can fail: each difference that it is there for is seen."""

from typing import Any

import pytest

from tests.clients.cells import CLIENTS, Client
from tests.clients.matrix import Bench, Lane, WrongError, normal
from tests.clients.process import Driver, DriverError

RESULT: dict[str, Any] = {
    "id": 1,
    "text": "a b",
    "pieces": ["a", " b"],
    "calls": [],
    "reasoning": "",
    "finish": "stop",
    "usage": {"total_tokens": 3},
    "error": None,
    "cache": None,
    "model": "m",
}


class Untouched(Driver):
    """Never started: the comparison alone is asked."""


def lane(shape: Any = "text", mode: Any = "stream", client: Client = CLIENTS[0]) -> Lane:
    nothing: Any = None
    bench: Bench = nothing
    return Lane(client, shape, mode, Untouched("openai_driver.py", "openai-1"), bench, [1])


@pytest.mark.parametrize(
    "change",
    [
        {"text": "a c"},
        {"pieces": ["a b"]},
        {"calls": [{"name": "f", "arguments": {}, "id": "call_x"}]},
        {"finish": "length"},
        {"reasoning": "why"},
        {"usage": {"total_tokens": 4}},
        {"usage": None},
        {"error": {"class": "APIError", "status": None, "message": "x"}},
        {"model": "n"},
        {"extra": 1},
    ],
)
def test_a_difference_is_seen(change: dict[str, Any]) -> None:
    with pytest.raises(WrongError):
        lane()._same(RESULT, {**RESULT, **change}, pieces=True)


def test_what_may_differ() -> None:
    lane()._same(RESULT, {**RESULT, "id": 2, "cache": "halfpenny; hit"}, pieces=True)
    lane()._same(RESULT, {**RESULT, "pieces": ["a b"]}, pieces=False)
    assert normal({"error": {"message": "request_id req_12, resp_7"}}) == normal(
        {"error": {"message": "request_id req_9, resp_1"}}
    )
    assert normal({"text": "12"}) != normal({"text": "13"})


def test_a_cut_call_may_fail_otherwise_but_must_fail() -> None:
    broken = {**RESULT, "error": {"class": "RemoteProtocolError", "status": None, "message": "peer closed"}}
    named = {**RESULT, "error": {"class": "APIError", "status": None, "message": "truncated"}}
    lane("cut")._same(broken, named, pieces=True)
    with pytest.raises(WrongError):
        lane("cut")._same(broken, RESULT, pieces=True)
    with pytest.raises(WrongError):
        lane("error event")._same(broken, named, pieces=True)


@pytest.mark.parametrize(
    ("shape", "result"),
    [
        ("text", {"text": ""}),
        ("tools", {"calls": []}),
        ("tools", {"calls": [{"name": "f"}]}),
        ("reasoning", {}),
        ("error", {}),
        ("cut", {}),
        ("text", {"error": {"class": "E"}}),
    ],
)
def test_a_direct_call_without_the_shape_is_no_comparison(shape: str, result: dict[str, Any]) -> None:
    with pytest.raises(WrongError):
        lane(shape)._is_what_was_asked_for({**RESULT, **result})


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_the_cache_status_is_checked_where_it_is_shown(client: Client) -> None:
    if client.shows_headers:
        with pytest.raises(WrongError):
            lane(client=client)._status({**RESULT, "cache": None}, "halfpenny; hit; detail=exact.*")
    lane(client=client)._status({**RESULT, "cache": "halfpenny; hit; detail=exact"}, "halfpenny; hit; detail=exact.*")


async def test_a_driver_that_ends_is_reported() -> None:
    driver = Driver("jobs.py", "openai-1")  # it has no loop of its own, so it ends at once
    async with driver:
        with pytest.raises((DriverError, ConnectionError)):
            await driver.run(prompt="x")
