"""The spool: durable, bounded, never raising; its segments outlive their process and are adopted."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from halfpenny.storage import spool as spool_module
from halfpenny.storage.spool import Spool


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(directory: Path) -> Iterator[Spool]:
    made = Spool(directory, segment_bytes=200, max_bytes=2000)
    yield made
    made.close()


def read_all(spool: Spool) -> list[bytes]:
    """Take everything as the writer would, committing each piece."""
    found: list[bytes] = []
    while (segment := spool.oldest()) is not None:
        parsed = spool_module.read(segment.path, segment.done, segment.size, limit=3, chunk_bytes=64)
        found += [frame.payload for frame in parsed.frames]
        spool.commit(segment, segment.done + parsed.consumed)
        gone = spool.finished()
        for finished in gone:
            finished.path.unlink()
        spool.forget(gone)
    return found


def test_appends_come_back_in_order_over_several_segments(spool: Spool, directory: Path) -> None:
    payloads = [f"record {number}".encode() * 3 for number in range(30)]
    assert all(spool.append("ledger", payload) for payload in payloads)
    assert len(list(directory.glob("*.seg"))) > 3
    assert spool.lag_bytes > 0
    assert read_all(spool) == payloads
    assert spool.lag_bytes == 0


def test_segments_are_private_and_removed_once_they_are_in_the_database(spool: Spool, directory: Path) -> None:
    for number in range(30):
        spool.append("ledger", b"x" * 40 + bytes([number]))
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}
    read_all(spool)
    assert len(list(directory.glob("*.seg"))) == 1
    spool.close()
    assert list(directory.iterdir()) == []


def test_beyond_max_bytes_an_append_is_refused_and_taken_again_after_a_commit(spool: Spool) -> None:
    kept = 0
    while spool.append("entry", b"x" * 100):
        kept += 1
    assert kept == len(read_all(spool))
    assert (spool.refused, bool(spool.failing)) == (1, True)
    assert spool.append("entry", b"x" * 100)
    assert spool.failing == ""


def test_a_record_larger_than_a_segment_and_a_chunk_is_kept_whole(directory: Path) -> None:
    spool = Spool(directory, segment_bytes=100)
    assert spool.append("entry", b"a" * 5000)
    assert spool.append("entry", b"b")
    assert read_all(spool) == [b"a" * 5000, b"b"]
    spool.close()


def test_a_listener_hears_of_every_append_that_was_kept(spool: Spool) -> None:
    heard: list[int] = []
    spool.listen(lambda: heard.append(1))
    while spool.append("entry", b"x" * 100):
        pass
    assert len(heard) == spool.appended_records


def test_what_an_ended_process_left_is_adopted(directory: Path) -> None:
    first = Spool(directory)
    first.append("ledger", b"left behind")
    first.close()
    second = Spool(directory)
    assert read_all(second) == [b"left behind"]
    second.close()
    assert list(directory.iterdir()) == []


def test_the_segments_of_a_living_process_are_left_alone(directory: Path) -> None:
    first, second = Spool(directory), Spool(directory)
    first.append("ledger", b"mine")
    assert second.adopt() == 0
    assert read_all(second) == []
    assert read_all(first) == [b"mine"]
    first.close()
    second.close()


def test_a_torn_tail_of_a_dead_process_is_skipped(directory: Path) -> None:
    first = Spool(directory)
    for number in range(5):
        first.append("ledger", bytes([number]) * 50)
    first.close()
    (segment,) = directory.glob("*.seg")
    os.truncate(segment, segment.stat().st_size - 7)
    second = Spool(directory)
    assert read_all(second) == [bytes([number]) * 50 for number in range(4)]
    second.close()


def test_a_segment_that_was_cut_behind_our_back_does_not_stop_the_reader(spool: Spool, directory: Path) -> None:
    for number in range(2):
        spool.append("ledger", bytes([number]) * 50)
    segment = spool.oldest()
    assert segment is not None
    os.truncate(segment.path, segment.size - 60)
    spool.append("ledger", b"next")
    assert read_all(spool)[:1] == [b"\0" * 50]
    assert spool.lag_bytes == 0


def test_a_directory_that_refuses_new_files_refuses_appends_and_recovers(spool: Spool, directory: Path) -> None:
    away = directory.with_name("away")
    directory.rename(away)
    assert not spool.append("ledger", b"lost")
    assert spool.refused == 1
    away.rename(directory)
    assert spool.append("ledger", b"kept")
    assert read_all(spool) == [b"kept"]


def test_a_closed_spool_refuses(spool: Spool) -> None:
    spool.close()
    assert not spool.append("ledger", b"late")
    assert spool.refused == 1


def test_it_says_what_it_holds(spool: Spool) -> None:
    assert repr(spool) == "<Spool 0 bytes in 0 segments>"
