"""The comparison of outcomes, and that nothing but what was pinned is used."""

from pathlib import Path

import pytest

from tests.differential import material
from tests.differential.inside.outcome_log import _exception
from tests.differential.outcomes import differences, summary

DIRECT = {"a": "passed", "b": "failed: NotFoundError", "c": "skipped", "d": "passed"}


def test_the_same_lists_have_no_difference() -> None:
    assert differences(DIRECT, dict(reversed(DIRECT.items()))) == []
    assert summary(DIRECT) == "2 passed, 1 failed, 1 skipped"


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"a": "failed: APIConnectionError"}, "a: passed directly, failed: APIConnectionError through the proxy"),
        ({"b": "passed"}, "b: failed: NotFoundError directly, passed through the proxy"),
        ({"b": "failed: BadRequestError"}, "b: failed: NotFoundError directly, failed: BadRequestError through the proxy"),
        ({"c": "passed"}, "c: skipped directly, passed through the proxy"),
        ({"e": "passed"}, "e: not run directly, passed through the proxy"),
    ],
)
def test_every_other_end_is_a_difference(changed: dict[str, str], line: str) -> None:
    assert differences(DIRECT, {**DIRECT, **changed}) == [line]


def test_a_test_that_was_not_run_is_a_difference() -> None:
    assert differences(DIRECT, {name: end for name, end in DIRECT.items() if name != "d"}) == [
        "d: passed directly, not run through the proxy"
    ]


def test_a_failure_without_a_place_has_a_name_too() -> None:
    assert _exception("only text") == "?"


def test_a_part_is_made_once_for_the_same_pins(tmp_path: Path) -> None:
    made = []

    def make(part: Path) -> None:
        part.mkdir()
        made.append(part)

    part = tmp_path / "part"
    for pins in ("1", "1", "2"):
        assert material._part(part, pins, make) == part
    assert len(made) == 2


def test_a_part_that_failed_is_made_again(tmp_path: Path) -> None:
    def fail(part: Path) -> None:
        part.mkdir()
        raise material.FetchError("no network")

    with pytest.raises(material.FetchError):
        material._part(tmp_path / "part", "1", fail)
    material._part(tmp_path / "part", "1", lambda part: part.mkdir())
    assert (tmp_path / "part").is_dir()


def test_a_command_that_fails_says_what_it_printed() -> None:
    with pytest.raises(material.FetchError, match="exit code 1\nno such thing"):
        material._run("sh", "-c", "echo no such thing >&2; exit 1")
    with pytest.raises(material.FetchError, match="no-such-program"):
        material._run("no-such-program")


def test_another_specification_is_refused(tmp_path: Path) -> None:
    published = tmp_path / "env/lib/python3/site-packages" / material._PUBLISHED
    published.parent.mkdir(parents=True)
    published.write_text("openapi: 3.1.0")
    with pytest.raises(material.FetchError, match="not the pinned one"):
        material._spec(tmp_path, tmp_path / "env/bin/python")
