"""What is sent: sizes, sameness and difference of bodies; and that a wrong answer is noticed."""

import json
from itertools import islice

import pytest

from loadtest import checks, http1
from loadtest.__main__ import parse
from loadtest.http1 import Message, take
from loadtest.payloads import ANSWER, CHAT, HIT_HEADERS, chat_body, different, repeated

ADDRESS = ("127.0.0.1", 1)


def _bodies(requests: list[bytes]) -> list[bytes]:
    taken = [take(request) for request in requests]
    return [found[0].body for found in taken if found is not None]


def test_sizes_are_those_of_the_method() -> None:
    assert 3000 <= len(chat_body()) <= 3400
    assert 1500 <= len(ANSWER) <= 1800
    assert json.loads(ANSWER)["choices"][0]["finish_reason"] == "stop"


def test_different_requests_have_bodies_of_their_own_and_valid_framing() -> None:
    bodies = _bodies(list(islice(different(ADDRESS, CHAT, 7), 50)))
    assert len(set(bodies)) == len(bodies) == 50
    assert {len(body) for body in bodies} == {len(chat_body())}
    assert "Question 0000000007:" in json.loads(bodies[0])["messages"][1]["content"]


def test_repeated_requests_come_round_again() -> None:
    bodies = _bodies(list(islice(repeated(ADDRESS, CHAT, 3), 7)))
    assert len(set(bodies)) == 3
    assert bodies[0] == bodies[3] == bodies[6]


def _answer(status: int = 200, body: bytes = ANSWER, cache_status: str = "halfpenny; hit; ttl=5") -> Message:
    taken = take(http1.response(status, [("Cache-Status", cache_status)], body))
    assert taken is not None
    return taken[0]


def test_a_hit_passes_its_check_and_nothing_else_does() -> None:
    assert checks.HIT(_answer()) == ""
    assert checks.HIT(_answer(status=500))
    assert checks.HIT(_answer(body=ANSWER[:-1]))
    assert checks.HIT(_answer(cache_status="halfpenny; fwd=uri-miss; stored"))
    assert checks.MISS(_answer(cache_status="halfpenny; fwd=uri-miss; stored")) == ""
    assert checks.BARE(_answer(cache_status="anything")) == ""


def test_the_control_sends_what_a_hit_sends() -> None:
    names = [name for name, _ in HIT_HEADERS]
    assert names[0] == "Content-Type"
    assert "Cache-Status" in names


def test_arguments() -> None:
    options = parse(["hit", "--rounds", "3", "--json"])
    assert (options.case, options.rounds, options.json, options.against) == ("hit", 3, True, None)


@pytest.mark.parametrize(
    "wrong", [["hit", "--rounds", "0"], ["hit", "--rounds", "51"], ["nothing"], ["hit", "--against", "/x"]]
)
def test_arguments_that_cannot_be(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        parse(wrong)
    assert exit_.value.code == 2
    assert "usage" in capsys.readouterr().err
