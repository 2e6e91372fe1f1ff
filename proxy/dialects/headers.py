"""A caller's headers as the spoken dialect wants them: the credential moves, what is of the caller's dialect goes."""

from halfpenny.proxy.dialects.base import Asked, Spoken

Headers = tuple[tuple[str, str], ...]

ANTHROPIC_VERSION = "2023-06-01"
_KEYS = ("x-api-key", "x-goog-api-key", "api-key")
_OWN_KEY: dict[Asked, str] = {"messages": "x-api-key", "generate": "x-goog-api-key"}
# What each vendor's client says to its own API: no other understands it, some refuse it.
_DROPPED = ("anthropic-", "openai-", "x-goog-", "x-stainless-", "x-server-timeout")


def convert_headers(headers: Headers, asked: Asked, spoken: Spoken) -> Headers:
    """An `Authorization` that is not a bearer token is left as it is: it is not the dialect's own."""
    key = _credential(headers, asked)
    kept = [
        (name, value)
        for name, value in headers
        if not name.lower().startswith(_DROPPED)
        and name.lower() not in _KEYS
        and not (name.lower() == "authorization" and _bearer(value))
    ]
    if key and spoken == "openai":
        kept.append(("Authorization", f"Bearer {key}"))
    elif key:
        kept.append(("x-api-key" if spoken == "anthropic" else "x-goog-api-key", key))
    if spoken == "anthropic":
        kept.append(("anthropic-version", ANTHROPIC_VERSION))
    return tuple(kept)


def _credential(headers: Headers, asked: Asked) -> str:
    """The caller's key, from the header of their own dialect first."""
    found: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        if lower == "authorization" and _bearer(value):
            found.setdefault(lower, _bearer(value))
        elif lower in _KEYS:
            found.setdefault(lower, value.strip())
    for name in (_OWN_KEY.get(asked, "authorization"), "authorization", *_KEYS):
        if found.get(name):
            return found[name]
    return ""


def _bearer(value: str) -> str:
    kind, _, key = value.strip().partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""
