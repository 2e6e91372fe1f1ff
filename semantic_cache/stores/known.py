"""Which keys the database may hold: a Bloom filter, so that a miss need not ask the database to be told so.

B. Bloom, "Space/time trade-offs in hash coding with allowable errors" (1970). Keys are SHA-256 digests, so their own
digits are as good as any hash. With 2^23 bits (1 MiB) and 4 probes, 1 in 200,000 unknown keys is asked for in vain at a
hundred thousand entries, 1 in 50 at a million. Nothing is ever taken out: a key that was removed costs a look-up, no
more.
"""

_BITS = 23
_PROBES = 4
_MASK = (1 << _BITS) - 1


class KnownKeys:
    """`may_hold` answers False only for a key that was never added."""

    __slots__ = ("_bits", "count")

    def __init__(self) -> None:
        self._bits = bytearray(1 << (_BITS - 3))
        self.count = 0

    def __repr__(self) -> str:
        return f"<KnownKeys {self.count} added>"

    def add(self, key: str) -> None:
        """`key`: hex digits, at least 23 of them."""
        digits = int(key[:_BITS], 16)
        for _ in range(_PROBES):
            at = digits & _MASK
            self._bits[at >> 3] |= 1 << (at & 7)
            digits >>= _BITS
        self.count += 1

    def may_hold(self, key: str) -> bool:
        digits = int(key[:_BITS], 16)
        for _ in range(_PROBES):
            at = digits & _MASK
            if not self._bits[at >> 3] & (1 << (at & 7)):
                return False
            digits >>= _BITS
        return True
