"""The hash that `body_sha256` holds."""

import hashlib


def body_digest(body: bytes) -> bytes:
    """SHA-256 of a stored body, 32 bytes."""
    return hashlib.sha256(body).digest()
