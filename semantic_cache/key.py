"""Canonical request -> scope, exact key, partition.

The rule: the whole body less a short, reviewed list of noise fields is in the key, so a field that we have never heard
of can only cause a miss, never a wrong answer. Object keys are sorted; array order, types and text stay as sent.
All digests are SHA-256 over length-prefixed parts (two different requests never join to the same bytes).
"""

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="sorted")
_VERSION = b"halfpenny-key-1"


def canonical(document: dict[str, Any], noise: frozenset[str]) -> bytes:
    """The document without its noise fields, object keys sorted at every depth, as compact JSON."""
    if noise.isdisjoint(document):
        return _encoder.encode(document)
    return _encoder.encode({name: value for name, value in document.items() if name not in noise})


def digest(parts: Iterable[bytes]) -> str:
    """SHA-256 over the parts, each prefixed by its length: 64 hex digits."""
    joined = bytearray(_VERSION)
    for part in parts:
        joined += b"%d:" % len(part)
        joined += part
    return hashlib.sha256(joined).hexdigest()


def exact_key(base: tuple[bytes, ...], document: dict[str, Any], noise: frozenset[str]) -> str:
    """`base` holds what is not in the body: tenant, method, target, dialect, key headers, pins, backends."""
    return digest((*base, canonical(document, noise)))


def namespace_key(base: tuple[bytes, ...], namespace: dict[str, Any], noise: frozenset[str]) -> str:
    """What all conversations of one app have in common: what is learnt of errors is kept for each."""
    return digest((b"namespace", *base, canonical(namespace, noise)))


def partition_key(base: tuple[bytes, ...], frame: dict[str, Any], noise: frozenset[str], end_user: str) -> str:
    """Everything but the text that similarity is judged on. The end user is in it: personal prompts stay personal."""
    return digest((b"partition", *base, end_user.encode("utf-8", "surrogatepass"), canonical(frame, noise)))
