"""The record format of the spool: `magic, crc32, payload length, kind length, kind, payload`.

The CRC covers all that follows it, so a flipped bit in a length is found too. The magic lets a reader find
the next record behind a damaged one; it is only believed when the CRC behind it is right.
"""

import struct
import zlib

import msgspec

MAGIC = b"\xc5hp\x01"
_HEAD = struct.Struct("<4sIIB")
_MARK = struct.Struct("<4sI")
_TAIL = struct.Struct("<IB")
HEAD_BYTES = _HEAD.size


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One intact record."""

    kind: str
    payload: bytes


class Parsed(msgspec.Struct, frozen=True):
    """What `parse` made of a buffer: the records, how far it got (bytes), how many damaged places it
    skipped."""

    frames: list[Frame]
    consumed: int
    damaged: int


def encode(kind: str, payload: bytes) -> bytes:
    """One record. `kind` is 1..255 bytes."""
    name = kind.encode()
    covered = _TAIL.pack(len(payload), len(name)) + name
    crc = zlib.crc32(payload, zlib.crc32(covered))
    return b"".join((_MARK.pack(MAGIC, crc), covered, payload))


def parse(data: bytes, *, final: bool, limit: int) -> Parsed:
    """Read up to `limit` records from the start of `data`.

    `final` says that no more bytes will follow: a record that is cut or damaged is then skipped and counted.
    Without it, parsing stops before the first record that is not whole and sound: the caller reads more and
    tries again.
    """
    frames: list[Frame] = []
    at = damaged = 0
    while at < len(data) and len(frames) < limit:
        frame, end = _frame_at(data, at)
        if frame is not None:
            frames.append(frame)
        elif not final:
            break
        else:
            damaged += 1
            end = _next_sound(data, at + 1)
        at = end
    return Parsed(frames, at, damaged)


def _frame_at(data: bytes, at: int) -> tuple[Frame | None, int]:
    if at + HEAD_BYTES > len(data):
        return None, at
    magic, crc, size, name_size = _HEAD.unpack_from(data, at)
    start = at + HEAD_BYTES
    end = start + name_size + size
    if magic != MAGIC or end > len(data) or zlib.crc32(memoryview(data)[at + 8 : end]) != crc:
        return None, at
    return Frame(data[start : start + name_size].decode(), data[start + name_size : end]), end


def _next_sound(data: bytes, start: int) -> int:
    """Where the next intact record begins; the end of the data if there is none."""
    at = data.find(MAGIC, start)
    while at != -1:
        if _frame_at(data, at)[0] is not None:
            return at
        at = data.find(MAGIC, at + 1)
    return len(data)
