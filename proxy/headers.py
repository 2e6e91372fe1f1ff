"""Headers: hop-by-hop rules, the caller's wishes, the caller's tenancy, `Cache-Status`.

RFC 9110 section 7.6.1 names the hop-by-hop fields, RFC 9111 section 5.2.1 the request directives, RFC 9211 the answer.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from halfpenny.backends.base import QUERY_CREDENTIALS
from halfpenny.proxy.errors import ProxyError, bad_request

RawHeaders = Sequence[tuple[bytes, bytes]]
Pairs = tuple[tuple[str, str], ...]
CacheWish = Literal["off", "exact", "semantic"]

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NOT_FORWARDED = _HOP_BY_HOP | {"host", "content-length", "expect", "cache-control"}
_CREDENTIALS = (
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "openai-organization",
    "openai-project",
    "anthropic-workspace-id",
    # of hosts and gateways in front of an upstream: unknown to us is not the same as anonymous
    "cookie",
    "ocp-apim-subscription-key",
    "x-functions-key",
    "x-goog-user-project",
    "cf-aig-authorization",
    "helicone-auth",
    "x-portkey-api-key",
    "modal-key",
    "modal-secret",
    "x-auth-token",
    "x-access-token",
    "x-amz-security-token",
    "cf-access-client-id",
    "cf-access-client-secret",
    "cf-access-token",
)
_CREDENTIAL_SET = frozenset(_CREDENTIALS)
# Gateways and hosts make up names of their own. One taken for a credential that is none costs a hit; one that is none
# to us, and is one, would show an answer to somebody else.
_CREDENTIAL_WORDS = ("key", "token", "secret", "auth", "credential", "cookie", "x-portkey-")
_NO_CREDENTIALS = frozenset({"idempotency-key", "x-idempotency-key", "sec-websocket-key"})
_KEY_HEADERS = frozenset({"anthropic-version", "anthropic-beta", "openai-beta", "content-type"})
_KEY_PREFIX = "x-amzn-sagemaker-"
_END_USER = "anthropic-user-profile-id"
_NAMES_OF_INTEREST = _CREDENTIAL_SET | _KEY_HEADERS | {"cache-control", "content-encoding", _END_USER}

ANONYMOUS = "anonymous"


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller asked of the proxy. Nothing here widens what the configuration allows."""

    no_cache: bool = False
    no_store: bool = False
    only_if_cached: bool = False
    max_age_s: int | None = None
    max_stale_s: float | None = None
    """Takes a stale answer of at most this staleness, where the configuration has any."""
    cache: CacheWish = "semantic"
    max_false_hit_rate: float | None = None
    route: str | None = None
    model: str | None = None
    deadline: str | None = None
    tags: dict[str, str] = {}


NO_WISHES = Wishes()


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What one walk over the request headers finds."""

    tenant: str
    wishes: Wishes
    key_headers: tuple[tuple[str, str], ...]
    content_encoding: str
    end_user: str = ""
    """Who is asking, of an app's own users: answers that are only similar are never shared between them."""


def read_head(raw: RawHeaders, tenant_headers: frozenset[str] = frozenset(), target: str = "") -> Head:
    """Walk the headers once. `tenant_headers` (lower case) tell callers apart besides the known credentials, and so do
    credentials in the query of `target` (Google's `?key=`).

    Raises `ProxyError` (400) for a Halfpenny header that cannot be understood.
    """
    credentials: dict[str, bytes] = {}
    key_headers: list[tuple[str, str]] = []
    ours: dict[str, str] = {}
    encoding = end_user = ""
    for raw_name, value in raw:
        name = _of_interest(raw_name, tenant_headers)
        if name is None:
            continue
        if name in tenant_headers or (not name.startswith("halfpenny-") and _is_credential(name)):
            credentials[name] = credentials[name] + b"\n" + value if name in credentials else value
        elif name in _KEY_HEADERS or name.startswith(_KEY_PREFIX):
            key_headers.append((name, value.decode("latin-1")))
        elif name == "cache-control":
            ours[name] = f"{ours[name]},{value.decode('latin-1')}" if name in ours else value.decode("latin-1")
        elif name == _END_USER:
            end_user = value.decode("latin-1")
        elif name == "content-encoding":
            encoding = value.decode("latin-1").strip().lower()
        else:
            ours[name] = value.decode("latin-1")
    if "?" in target:
        credentials |= _query_credentials(target)
    if len(key_headers) > 1:
        key_headers.sort()
    return Head(
        tenant=_tenant(tuple(credentials.items())) if credentials else ANONYMOUS,
        wishes=_read_wishes(ours) if ours else NO_WISHES,
        key_headers=tuple(key_headers),
        content_encoding="" if encoding == "identity" else encoding,
        end_user=end_user,
    )


def _query_credentials(target: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for item in target.partition("?")[2].split("&"):
        name, _, value = item.partition("=")
        if name.lower() in QUERY_CREDENTIALS:
            found[f"?{name.lower()}"] = value.encode("utf-8", "surrogateescape")
    return found


@lru_cache(maxsize=1024)
def _of_interest(raw_name: bytes, tenant_headers: frozenset[str]) -> str | None:
    """The lower-case name if this header concerns us. Clients spell the same few names in the same way."""
    name = raw_name.lower().decode("latin-1")
    if name in _NAMES_OF_INTEREST or name in tenant_headers or name.startswith(("halfpenny-", _KEY_PREFIX)):
        return name
    return name if _is_credential(name) else None


@lru_cache(maxsize=1024)
def _is_credential(name: str) -> bool:
    if name in _CREDENTIAL_SET:
        return True
    return name not in _NO_CREDENTIALS and any(word in name for word in _CREDENTIAL_WORDS)


@lru_cache(maxsize=1024)
def _tenant(credentials: tuple[tuple[str, bytes], ...]) -> str:
    return tenant_of(dict(credentials))


def tenant_of(credentials: dict[str, bytes]) -> str:
    """A name for whoever holds these credentials: SHA-256 over length-prefixed fields, never a part of a secret."""
    digest = hashlib.sha256(b"halfpenny-tenant-1")
    for name in sorted(credentials):
        value = credentials[name]
        digest.update(b"%s:%d:" % (name.encode(), len(value)))
        digest.update(value)
    return digest.hexdigest()[:32]


def _read_wishes(ours: dict[str, str]) -> Wishes:
    directives = _directives(ours.get("cache-control", ""))
    cache = ours.get("halfpenny-cache", "semantic").strip().lower()
    if cache not in ("off", "exact", "semantic"):
        raise bad_request(f"Halfpenny-Cache: expected off, exact or semantic, got {cache!r}", param="Halfpenny-Cache")
    return Wishes(
        no_cache="no-cache" in directives,
        no_store="no-store" in directives,
        only_if_cached="only-if-cached" in directives,
        max_age_s=_max_age(directives.get("max-age")),
        max_stale_s=_max_stale(directives),
        cache=cache,  # type: ignore[arg-type]
        max_false_hit_rate=_rate(ours.get("halfpenny-max-false-hit-rate")),
        route=ours.get("halfpenny-route"),
        model=ours.get("halfpenny-model"),
        deadline=ours.get("halfpenny-deadline"),
        tags=_tags(ours.get("halfpenny-tags")),
    )


def _directives(text: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for part in text.split(","):
        name, _, value = part.strip().partition("=")
        if name:
            found[name.strip().lower()] = value.strip().strip('"') if value else None
    return found


def _max_age(text: str | None) -> int | None:
    # RFC 9111 section 1.2.2: what cannot be read as delta-seconds is no use to a cache; the strictest reading is 0.
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdigit() else 0


def _max_stale(directives: dict[str, str | None]) -> float | None:
    """RFC 9111 section 5.2.1.2: without a value, a stale answer of any age is taken."""
    if "max-stale" not in directives:
        return None
    text = directives["max-stale"]
    return math.inf if text is None else _max_age(text)


def _rate(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0.0 <= rate <= 1.0:
        raise bad_request(
            f"Halfpenny-Max-False-Hit-Rate: expected a share between 0 and 1, got {text!r}",
            param="Halfpenny-Max-False-Hit-Rate",
        )
    return rate


def _tags(text: str | None) -> dict[str, str]:
    tags: dict[str, str] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, separator, value = part.partition("=")
        if not separator or not name.strip() or len(part) > 256 or len(tags) >= 16:
            raise bad_request(
                f"Halfpenny-Tags: expected at most 16 'name=value' of 256 characters, got {part.strip()[:60]!r}",
                param="Halfpenny-Tags",
            )
        tags[name.strip()] = value.strip()
    return tags


def forwarded(raw: RawHeaders, *, identity: bool = False, keep_length: bool = False) -> Pairs:
    """The request headers that go upstream: same order, same spelling, less hop-by-hop and ours.

    `identity` asks for an answer without content encoding, where it stood what the client asked for: an answer that is
    to be understood, and stored for clients that accept other encodings, must be plain. `keep_length` leaves
    Content-Length where it stood, for a body that is streamed with its own framing.

    Raises `ProxyError` for CR, LF or NUL in a value, which a lenient parser may have let through.
    """
    dropped = _NOT_FORWARDED | _named_by_connection(raw)
    asked = False
    if keep_length:
        dropped = dropped - {"content-length"}
    kept: list[tuple[str, str]] = []
    for raw_name, raw_value in raw:
        name = raw_name.decode("latin-1")
        low = name.lower()
        if low in dropped or low.startswith("halfpenny-"):
            continue
        if identity and low == "accept-encoding":
            if not asked:
                kept.append((name, "identity"))
            asked = True
            continue
        value = raw_value.decode("utf-8", "surrogateescape")
        if "\r" in value or "\n" in value or "\0" in value:
            raise ProxyError(400, "invalid_header", f"header {name!r} has a control character in its value")
        kept.append((name, value))
    if identity and not asked:
        kept.append(("Accept-Encoding", "identity"))
    return tuple(kept)


def returned(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The response headers that go back to the client, less hop-by-hop (framing is ours on this side)."""
    pairs = list(headers)
    named = {
        token.strip().lower() for name, value in pairs if name.lower() == "connection" for token in value.split(",")
    }
    dropped = _HOP_BY_HOP | named
    return [(name, value) for name, value in pairs if name.lower() not in dropped]


def _named_by_connection(raw: RawHeaders) -> set[str]:
    return {
        token.strip().lower().decode("latin-1")
        for name, value in raw
        if name.lower() == b"connection"
        for token in value.split(b",")
    }


def header_value(headers: Iterable[tuple[str, str]], wanted: str) -> str:
    """The value of the first header of this (lower-case) name, or ""."""
    for name, value in headers:
        if name.lower() == wanted:
            return value
    return ""


def content_encoding(headers: Iterable[tuple[str, str]]) -> str:
    """How the body is encoded, "" if it is not. Several headers are one list (RFC 9110 section 5.3)."""
    codings = [value.strip().lower() for name, value in headers if name.lower() == "content-encoding"]
    return ", ".join(coding for coding in codings if coding not in ("", "identity"))


def is_event_stream(headers: Iterable[tuple[str, str]]) -> bool:
    return header_value(headers, "content-type").lower().startswith("text/event-stream")


def cache_status_hit(detail: str, ttl_s: int) -> str:
    return f"halfpenny; hit; detail={detail}; ttl={ttl_s}"


def cache_status_stale(detail: str, ttl_s: int, upstream_status: int) -> str:
    """A stale answer in place of a failure: the upstream was asked, so it is no `hit` (RFC 9211 section 2.2). 0 as
    `upstream_status`: it gave no answer at all."""
    failed = f"; fwd-status={upstream_status}" if upstream_status else ""
    return f"halfpenny; fwd=stale{failed}; detail={detail}; ttl={ttl_s}"


def cache_status_forward(
    reason: str, *, stored: bool = False, collapsed: bool = False, detail: str = "", ttl_s: int | None = None
) -> str:
    parts = ["halfpenny", f"fwd={reason}"]
    if stored:
        parts.append("stored")
    if collapsed:
        parts.append("collapsed")
    if ttl_s is not None and stored:
        parts.append(f"ttl={ttl_s}")
    if detail:
        parts.append(f"detail={detail}")
    return "; ".join(parts)
