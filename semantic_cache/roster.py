"""The table of indexed entries: about 50 bytes each, where Python objects would take several hundred.

A row holds the entry's id as 16 bytes, the number under which its index knows it, the number of its partition, and what
it is worth. Ids are found by open addressing with linear probing and backward-shift deletion (D. Knuth, The Art of
Computer Programming, volume 3, section 6.4, algorithms L and R), so nothing is left behind by removals.

What an entry is worth: `weight` (what one answer from it saves, per byte that it takes) times its uses, each use
counting half as much after `half_life_s`; arriving counts as one use. With forward decay (G. Cormode and others,
"Forward Decay", ICDE 2009) the logarithm of that never has to be refreshed: log2(weight) + log2(sum over the uses of
2^(t/half_life)). So of two entries of equal weight and equal use the older goes first, and one use outweighs
`half_life_s` of age.
"""

import hashlib
import math
from array import array

import numpy as np

_ROW_BITS = 25
MAX_ROWS = 1 << _ROW_BITS
_ROW_MASK = MAX_ROWS - 1
_KEY = 16
_EXACT_BELOW = 4096
_SAMPLE = 16
_LEAST_WEIGHT = 1e-30


class Roster:
    """At most `most` entries (1 to 33 million). Belongs to one thread.

    Numbers grow with every `put` and are never given twice: 38 bits of count, 25 bits of row.
    """

    def __init__(self, most: int, *, half_life_s: float = 6 * 3600.0) -> None:
        if not 0 < most <= MAX_ROWS:
            raise ValueError(f"a roster holds 1 to {MAX_ROWS} entries, not {most}")
        self._most = most
        self._half_life_s = half_life_s
        slots = 8
        while 2 * slots < 3 * most:
            slots *= 2
        self._mask = slots - 1
        # zero = empty, so that untouched pages of a large table cost no memory; rows are stored plus one
        self._slots = np.zeros(slots, dtype=np.int32)
        self._keys = bytearray()
        self._numbers = array("q")  # -1: the row is free
        self._partitions = array("i")
        self._weights = array("f")  # log2
        self._worth = array("d")  # log2
        self._free = array("i")
        self._odd: dict[int, str] = {}  # ids of another form than ours, by row
        self._count = 0
        self._puts = 0
        self._random = np.random.default_rng(0)

    def __len__(self) -> int:
        return self._count

    def put(self, entry_id: str, partition: int, weight: float, at_s: float) -> int:
        """The new entry's number. `entry_id` must not be here, and there must be room."""
        key, odd = _packed(entry_id)
        row = self._free.pop() if self._free else self._append()
        number = self._puts << _ROW_BITS | row
        self._puts += 1
        self._keys[_KEY * row : _KEY * row + _KEY] = key
        self._numbers[row] = number
        self._partitions[row] = partition
        self._weights[row] = math.log2(weight if weight > _LEAST_WEIGHT else _LEAST_WEIGHT)
        self._worth[row] = self._weights[row] + at_s / self._half_life_s
        if odd:
            self._odd[row] = entry_id
        at = self._home(key)
        slots, mask = self._slots, self._mask
        while slots[at]:
            at = (at + 1) & mask
        slots[at] = row + 1
        self._count += 1
        return number

    def find(self, entry_id: str) -> tuple[int, int] | None:
        """(number, partition); None if it is not here."""
        at = self._slot(_packed(entry_id)[0])
        if at < 0:
            return None
        row = int(self._slots[at]) - 1
        return self._numbers[row], self._partitions[row]

    def drop(self, entry_id: str) -> tuple[int, int] | None:
        """Remove it: what `find` would have said."""
        at = self._slot(_packed(entry_id)[0])
        return None if at < 0 else self._vacate(at)

    def drop_number(self, number: int) -> tuple[int, int] | None:
        """The same by the number."""
        row = number & _ROW_MASK
        if row >= len(self._numbers) or self._numbers[row] != number:
            return None
        return self._vacate(self._slot(bytes(self._keys[_KEY * row : _KEY * row + _KEY])))

    def entry_id(self, number: int) -> str | None:
        """The id behind a number; None if that entry is gone."""
        row = number & _ROW_MASK
        if row >= len(self._numbers) or self._numbers[row] != number:
            return None
        odd = self._odd.get(row)
        return _unpacked(self._keys[_KEY * row : _KEY * row + _KEY]) if odd is None else odd

    def touch(self, entry_id: str, at_s: float) -> None:
        """Count a use; an unknown id is ignored."""
        at = self._slot(_packed(entry_id)[0])
        if at < 0:
            return
        row = int(self._slots[at]) - 1
        use, worth = self._weights[row] + at_s / self._half_life_s, self._worth[row]
        self._worth[row] = max(use, worth) + math.log2(1.0 + 2.0 ** -abs(use - worth))

    def least(self, count: int) -> list[int]:
        """The numbers of the `count` entries that are worth least: of all while there are few, else among a random
        sample 16 times as large (as Redis samples for its LRU), so that the cost does not grow with the table.
        """
        high = len(self._numbers)
        if high <= max(_EXACT_BELOW, 2 * _SAMPLE * count):
            rows = np.arange(high)
        else:
            rows = np.unique(self._random.integers(0, high, _SAMPLE * count))
        # Fancy indexing copies, so no view outlives its line: an array cannot grow while numpy looks into it.
        numbers = np.frombuffer(self._numbers, dtype=np.int64)[rows]
        worth = np.frombuffer(self._worth, dtype=np.float64)[rows]
        worth[numbers < 0] = np.inf
        order = np.lexsort((numbers, worth))[:count]  # of equal worth: the one that came first
        return [int(number) for number in numbers[order] if number >= 0]

    def _append(self) -> int:
        if len(self._numbers) >= self._most:
            raise ValueError("the roster is full")
        self._keys.extend(bytes(_KEY))
        self._numbers.append(-1)
        self._partitions.append(0)
        self._weights.append(0.0)
        self._worth.append(0.0)
        return len(self._numbers) - 1

    def _home(self, key: bytes) -> int:
        # The last bytes are random in our own ids and a digest in others.
        return int.from_bytes(key[8:], "little") & self._mask

    def _slot(self, key: bytes) -> int:
        """Where the row of this key is noted; -1 if nowhere."""
        at = self._home(key)
        slots, mask, keys = self._slots, self._mask, self._keys
        while row := int(slots[at]):
            if keys[_KEY * row - _KEY : _KEY * row] == key:
                return at
            at = (at + 1) & mask
        return -1

    def _vacate(self, at: int) -> tuple[int, int]:
        row = int(self._slots[at]) - 1
        found = self._numbers[row], self._partitions[row]
        slots, mask = self._slots, self._mask
        hole = at
        while other := int(slots[at := (at + 1) & mask]):
            home = self._home(bytes(self._keys[_KEY * other - _KEY : _KEY * other]))
            # it may move into the hole unless its home lies past the hole (cyclically)
            if (at - home) & mask >= (at - hole) & mask:
                slots[hole] = other
                hole = at
        slots[hole] = 0
        self._numbers[row] = -1
        self._odd.pop(row, None)
        self._free.append(row)
        self._count -= 1
        return found


def _packed(entry_id: str) -> tuple[bytes, bool]:
    """16 bytes, and whether the id cannot be read back from them.

    Ours are "e-" and 30 hex digits (`proxy.exchange.new_id`): kind 1 and 15 bytes. Others: kind 2 and 120 bits of
    BLAKE2, where two ids collide with a probability of 10^-24 among a million.
    """
    if len(entry_id) == 32 and entry_id.startswith("e-"):
        try:
            digits = bytes.fromhex(entry_id[2:])
        except ValueError:
            digits = b""
        if len(digits) == 15 and digits.hex() == entry_id[2:]:
            return b"\x01" + digits, False
    digest = hashlib.blake2b(entry_id.encode("utf-8", "surrogatepass"), digest_size=_KEY - 1).digest()
    return b"\x02" + digest, True


def _unpacked(key: bytearray) -> str:
    return "e-" + key[1:].hex()
