"""The record format: what goes in comes out, and damage costs only what it hit."""

from hypothesis import given
from hypothesis import strategies as st

from halfpenny.storage import frames

records = st.lists(st.tuples(st.sampled_from(["ledger", "entry", "é"]), st.binary(max_size=60)), max_size=8)


@given(records)
def test_what_goes_in_comes_out(written: list[tuple[str, bytes]]) -> None:
    data = b"".join(frames.encode(kind, payload) for kind, payload in written)
    parsed = frames.parse(data, final=True, limit=100)
    assert [(frame.kind, frame.payload) for frame in parsed.frames] == written
    assert (parsed.consumed, parsed.damaged) == (len(data), 0)


@given(records, st.data())
def test_a_cut_tail_is_waited_for_and_then_skipped(written: list[tuple[str, bytes]], data: st.DataObject) -> None:
    whole = b"".join(frames.encode(kind, payload) for kind, payload in written)
    last = frames.encode("ledger", b"the last one")
    cut = data.draw(st.integers(1, len(last) - 1))
    torn = whole + last[:cut]
    waiting = frames.parse(torn, final=False, limit=100)
    assert len(waiting.frames) == len(written)
    assert (waiting.consumed, waiting.damaged) == (len(whole), 0)
    final = frames.parse(torn, final=True, limit=100)
    assert len(final.frames) == len(written)
    assert (final.consumed, final.damaged) == (len(torn), 1)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8), st.data())
def test_one_flipped_bit_costs_one_record(payloads: list[bytes], data: st.DataObject) -> None:
    pieces = [frames.encode("ledger", payload) for payload in payloads]
    hit = data.draw(st.integers(0, len(pieces) - 1))
    bit = data.draw(st.integers(0, len(pieces[hit]) * 8 - 1))
    broken = bytearray(pieces[hit])
    broken[bit // 8] ^= 1 << (bit % 8)
    stream = b"".join([*pieces[:hit], bytes(broken), *pieces[hit + 1 :]])
    parsed = frames.parse(stream, final=True, limit=100)
    assert [frame.payload for frame in parsed.frames] == payloads[:hit] + payloads[hit + 1 :]
    assert (parsed.consumed, parsed.damaged) == (len(stream), 1)


@given(st.binary(max_size=300))
def test_noise_never_raises_and_is_consumed(noise: bytes) -> None:
    assert frames.parse(noise, final=True, limit=100).consumed == len(noise)


def test_a_payload_that_looks_like_records_is_one_record() -> None:
    inner = frames.encode("entry", b"inner")
    parsed = frames.parse(frames.encode("entry", inner * 3), final=True, limit=100)
    assert [frame.payload for frame in parsed.frames] == [inner * 3]


def test_the_limit_stops_between_records() -> None:
    one = frames.encode("ledger", b"x")
    parsed = frames.parse(one * 5, final=True, limit=2)
    assert (len(parsed.frames), parsed.consumed) == (2, 2 * len(one))
