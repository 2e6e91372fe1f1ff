"""What an answer must be: a fast wrong answer is no figure."""

from loadtest.generator import Check
from loadtest.http1 import Message
from loadtest.payloads import ANSWER


def expect(cache_status: str = "") -> Check:
    """An answer with status 200, the one body there is, and a `Cache-Status` that begins so (empty: not looked at)."""
    mark = f"\r\nCache-Status: {cache_status}".encode() if cache_status else b""

    def check(message: Message) -> str:
        if message.body == ANSWER and mark in message.head and message.head.startswith(b"HTTP/1.1 200 "):
            return ""
        return f"expected 200 with the stored body and {cache_status or 'any Cache-Status'!r}, got {_shown(message)}"

    return check


BARE = expect()
HIT = expect("halfpenny; hit")
MISS = expect("halfpenny; fwd=uri-miss; stored")
BYPASS = expect("halfpenny; fwd=bypass")


def _shown(message: Message) -> str:
    return f"{message.head.decode('latin-1')!r} and {len(message.body)} bytes"
