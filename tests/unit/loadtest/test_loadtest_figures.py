"""What a run's figures are made of: order statistics, schedules, bars, what /proc says."""

import pytest

from loadtest import machine
from loadtest.generator import schedule
from loadtest.processes import Memory, memory_of
from loadtest.report import Figure, Report, Section
from loadtest.rig import rotated
from loadtest.stats import Spread, differences, median, percentile, ratios

MACHINE = machine.Machine(
    processor="P", cores=2, memory_gib=1.0, kernel="6", python="3.11", versions={}, load=0.0, at="2026-11-22 12:00 UTC"
)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1), (0.5, 5), (0.51, 6), (0.9, 9), (0.99, 10), (1.0, 10)])
def test_a_percentile_is_the_nearest_rank(share: float, expected: int) -> None:
    assert percentile([7, 3, 9, 1, 5, 10, 2, 8, 4, 6], share) == expected


def test_percentiles_of_nothing_and_of_no_share_are_refused() -> None:
    with pytest.raises(ValueError):
        percentile([], 0.5)
    with pytest.raises(ValueError):
        percentile([1.0], 1.5)
    with pytest.raises(ValueError):
        median([])


def test_the_median_of_an_even_number_lies_between() -> None:
    assert median([4, 1, 3]) == 3
    assert median([4, 1, 3, 2]) == 2.5


def test_ratios_are_taken_round_by_round() -> None:
    # the machine was half as fast in the second round; the ratio does not see it
    assert ratios([60, 30, 66], [100, 50, 100]) == Spread(0.6, 0.6, 0.66, 3)
    assert differences([3, 5], [1, 4]) == Spread(1.5, 1, 2, 2)


def test_rounds_of_unequal_number_are_refused() -> None:
    with pytest.raises(ValueError):
        ratios([1.0], [1.0, 2.0])


def test_arrivals_are_the_same_for_a_seed_and_have_the_rate() -> None:
    due = schedule(100.0, 20.0, seed=3)
    assert due == schedule(100.0, 20.0, seed=3) != schedule(100.0, 20.0, seed=4)
    assert due == sorted(due)
    assert 0.0 < due[0] <= due[-1] < 20.0
    assert len(due) == pytest.approx(2000, rel=0.1)


def test_each_round_starts_with_another() -> None:
    assert [rotated(["a", "b", "c"], number)[0] for number in range(4)] == ["a", "b", "c", "a"]
    assert rotated(["a", "b", "c"], 1) == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("sense", "median_", "met"), [("at least", 0.6, True), ("at least", 0.59, False), ("at most", 0.7, False)]
)
def test_a_bar_is_met_or_missed_by_the_median(sense: str, median_: float, met: bool) -> None:
    figure = Figure(name="f", unit="x", value=Spread(median_, 0.0, 9.0, 3), bar=0.6, sense=sense)  # type: ignore[arg-type]
    assert figure.met is met
    assert ("met" if met else "MISSED") in figure.line()


def test_a_report_names_what_it_missed() -> None:
    shown = Figure(name="shown", unit="us", value=Spread.of([1.0]))
    missed = Figure(name="slow", unit="ms", value=Spread.of([3.0]), bar=2.0)
    section = Section(title="t", figures=[shown, missed], checked="c")
    report = Report(command="python -m loadtest hit", machine=MACHINE, sections=[section])
    assert report.missed == [missed]
    assert report.document()["missed"] == ["slow"]
    assert "[at most 2: MISSED]" in report.text()
    assert shown.met is None


def test_memory_is_read_in_kib() -> None:
    status = "Name:\tpython\nVmRSS:\t  101204 kB\nRssAnon:\t   73000 kB\nRssFile:\t 28204 kB\n"
    assert memory_of(status) == Memory(resident=101_204, anonymous=73_000)


def test_the_processor_is_named() -> None:
    assert machine.processor("processor\t: 0\nmodel name\t: Some CPU @ 2.6GHz\n") == "Some CPU @ 2.6GHz"
    assert machine.processor("processor : 0\n") == ""
