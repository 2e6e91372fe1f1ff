"""The generator's own HTTP: messages come together from any cut of the bytes."""

import pytest

from loadtest import http1
from loadtest.http1 import Reader, take

PLAIN = http1.response(200, [("Cache-Status", "halfpenny; hit"), ("Age", "0")], b'{"a": 1}')
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n"


def test_a_response_is_read_whole() -> None:
    taken = take(PLAIN)
    assert taken is not None
    message, end = taken
    assert (message.status, message.body, end) == (200, b'{"a": 1}', len(PLAIN))
    assert message.header("cache-status") == "halfpenny; hit"
    assert message.header("Content-Length") == "8"
    assert message.header("X-Missing") == ""


def test_chunks_are_joined_and_their_extensions_ignored() -> None:
    taken = take(CHUNKED)
    assert taken is not None
    assert taken[0].body == b"hello world"


@pytest.mark.parametrize("whole", [PLAIN, CHUNKED, EMPTY])
def test_every_cut_gives_the_same_message(whole: bytes) -> None:
    expected = take(whole)
    assert expected is not None
    for at in range(1, len(whole)):
        reader = Reader()
        assert reader.feed(whole[:at]) == []
        assert reader.feed(whole[at:]) == [expected[0]]


def test_messages_that_come_together_are_told_apart() -> None:
    reader = Reader()
    bodies = [message.body for message in reader.feed(PLAIN + CHUNKED + EMPTY + PLAIN[:20])]
    assert bodies == [b'{"a": 1}', b"hello world", b""]
    assert [message.body for message in reader.feed(PLAIN[20:])] == [b'{"a": 1}']


def test_the_length_counts_whatever_its_spelling() -> None:
    taken = take(b"HTTP/1.1 200 OK\r\ncontent-LENGTH:3\r\nX: y\r\n\r\nabcdef")
    assert taken is not None
    assert taken[0].body == b"abc"


def test_a_header_that_only_ends_in_the_name_is_not_the_length() -> None:
    taken = take(b"HTTP/1.1 200 OK\r\nX-Content-Length: 9\r\nContent-Length: 1\r\n\r\nabc")
    assert taken is not None
    assert taken[0].body == b"a"


def test_a_length_that_is_no_number_is_an_error() -> None:
    with pytest.raises(ValueError):
        take(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n")


def test_a_request_has_its_length_only_with_a_body() -> None:
    assert http1.request("GET", "/x", [("Host", "h")]) == b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n"
    assert http1.request("POST", "/x", [], b"ab") == b"POST /x HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
