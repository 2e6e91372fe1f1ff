"""proxy/headers.py: RFC 9110 7.6.1 (hop-by-hop), RFC 9111 5.2.1 (request directives), RFC 9211 (Cache-Status)."""

import http_sf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.headers import (
    ANONYMOUS,
    NO_WISHES,
    cache_status_forward,
    cache_status_hit,
    forwarded,
    read_head,
    returned,
    tenant_of,
)


def test_forwarded_keeps_order_and_spelling_and_drops_hop_by_hop_and_ours() -> None:
    raw = [
        (b"Host", b"proxy"),
        (b"X-b", b"2"),
        (b"connection", b"close, X-Named"),
        (b"X-Named", b"dropped"),
        (b"Authorization", b"Bearer k"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Halfpenny-Tags", b"a=b"),
        (b"Cache-Control", b"no-cache"),
        (b"x-A", b"1"),
        (b"x-A", b"again"),
    ]
    assert forwarded(raw) == (("X-b", "2"), ("Authorization", "Bearer k"), ("x-A", "1"), ("x-A", "again"))


def test_a_control_character_in_a_value_is_refused() -> None:
    with pytest.raises(ProxyError, match="control character"):
        forwarded([(b"X-Evil", b"a\r\nX-Injected: b")])


def test_returned_drops_what_the_connection_header_names() -> None:
    assert returned([("Connection", "X-Hop"), ("X-Hop", "1"), ("X-Kept", "2"), ("Keep-Alive", "5")]) == [("X-Kept", "2")]


def test_without_credentials_the_caller_is_anonymous_and_has_no_wishes() -> None:
    head = read_head([(b"Content-Type", b"application/json")])
    assert head.tenant == ANONYMOUS
    assert head.wishes is NO_WISHES


@given(st.binary(min_size=1, max_size=40), st.binary(min_size=1, max_size=40))
def test_two_credentials_are_two_tenants(one: bytes, other: bytes) -> None:
    assert (tenant_of({"authorization": one}) == tenant_of({"authorization": other})) == (one == other)


def test_a_credential_moved_between_headers_is_another_tenant() -> None:
    assert tenant_of({"authorization": b"k"}) != tenant_of({"x-api-key": b"k"})
    assert tenant_of({"authorization": b"ab", "x-api-key": b"c"}) != tenant_of({"authorization": b"a", "x-api-key": b"bc"})


def test_request_directives_are_read() -> None:
    wishes = read_head([(b"cache-control", b'no-cache, MAX-AGE="60"'), (b"Cache-Control", b"only-if-cached")]).wishes
    assert wishes.no_cache
    assert wishes.only_if_cached
    assert not wishes.no_store
    assert wishes.max_age_s == 60


def test_an_unreadable_max_age_is_taken_as_zero() -> None:
    assert read_head([(b"Cache-Control", b"max-age=soon")]).wishes.max_age_s == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"Halfpenny-Cache", b"sometimes"),
        (b"Halfpenny-Max-False-Hit-Rate", b"2"),
        (b"Halfpenny-Max-False-Hit-Rate", b"nan"),
        (b"Halfpenny-Tags", b"novalue"),
    ],
)
def test_a_wish_that_cannot_be_understood_is_refused_by_name(name: bytes, value: bytes) -> None:
    with pytest.raises(ProxyError) as refused:
        read_head([(name, value)])
    assert refused.value.status == 400
    assert refused.value.param == name.decode()


def test_tags_are_read() -> None:
    assert read_head([(b"halfpenny-tags", b"team=search, run = 7")]).wishes.tags == {"team": "search", "run": "7"}


@pytest.mark.parametrize(
    "value",
    [
        cache_status_hit("exact", 60),
        cache_status_forward("uri-miss", stored=True, ttl_s=5),
        cache_status_forward("uri-miss", collapsed=True),
        cache_status_forward("bypass", detail="no-store"),
    ],
)
def test_cache_status_is_a_structured_field(value: str) -> None:
    """RFC 9211 section 2: a List whose members are Tokens with parameters; read by an independent parser."""
    (token, parameters), *rest = http_sf.parse(value.encode(), tltype="list")
    assert str(token) == "halfpenny"
    assert ("hit" in parameters) != ("fwd" in parameters)
    assert rest == []
