"""The fuzz targets: a bounded run over all of them, and the proof that the search finds, shrinks and repeats."""

import random
import time
from pathlib import Path

import pytest

from benchmarks import fuzz
from benchmarks.fuzz_targets import Broken, Target, _changed, _comparable, targets

EXECUTIONS = 8000
SECONDS = 8.0
ALL = targets()


def test_nothing_is_found_in_a_short_run() -> None:
    done, found = fuzz.search(ALL, 1, range(EXECUTIONS), until=time.monotonic() + SECONDS)
    assert done >= 20 * len(ALL), "the machine is too slow for this to say anything"
    assert [(item.target, item.where, item.data) for item in found] == []


def test_every_surface_and_both_common_parts_are_targets() -> None:
    names = {target.name for target in ALL}
    assert {"events", "key", "json", "recorder:/v1/chat/completions", "body:/v1/embeddings"} <= names


def test_an_execution_is_the_same_input_every_time() -> None:
    for number in range(3 * len(ALL)):
        first, data = fuzz.made(ALL, 7, number)
        again, same = fuzz.made(targets(), 7, number)
        assert (first.name, data) == (again.name, same)
    assert fuzz.made(ALL, 8, 0)[1] != fuzz.made(ALL, 7, 0)[1]


class Planted:
    """A target with a bug of its own: it fails on a `!` anywhere behind a `?`."""

    name = "planted"

    def make(self, rng: random.Random) -> bytes:
        return bytes(rng.choice(b"abc?!") for _ in range(30))

    def check(self, data: bytes) -> None:
        if b"!" in data.partition(b"?")[2]:
            raise Broken("planted: found")


class Slow(Planted):
    def check(self, data: bytes) -> None:
        if data.count(b"!") > 9:
            until = time.thread_time() + 0.02
            while time.thread_time() < until:
                pass


def test_a_planted_bug_is_found_once_and_made_small() -> None:
    _, found = fuzz.search([Planted()], 1, range(100))
    assert [item.data for item in found] == [b"?!"]
    assert "planted" in found[0].why


def test_what_is_slow_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "SLOW_S", 0.01)
    _, found = fuzz.search([Slow()], 1, range(200))
    assert [item.where.partition(" ")[0] for item in found] == ["TooSlowError"]
    assert found[0].data.count(b"!") > 9


def test_what_was_saved_fails_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planted: Target = Planted()
    monkeypatch.setattr(fuzz, "targets", lambda: [planted])
    path = fuzz.save(fuzz.Finding("planted", 5, "why", "where", b"?!"), tmp_path / "new")
    assert fuzz.main(["--replay", str(path)]) == 1
    assert "planted: found" in capsys.readouterr().err
    path.write_bytes(b"planted\n!?")
    assert fuzz.main(["--replay", str(path)]) == 0


def test_a_change_changes_the_meaning() -> None:
    rng = random.Random(1)
    document = {"a": [1, 1.0, "1", None, {"b": [True, []]}], "c": 0.0, "d": {}}
    for _ in range(500):
        changed, how = _changed(document, rng)
        assert _comparable(changed) != _comparable(document), how
