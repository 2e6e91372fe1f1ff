"""ledger/prompt_cache.py: the share of input that a provider reads from its cache, and the alarm when it falls."""

import logging

import pytest

from halfpenny.ledger.prompt_cache import PromptCacheWatch


class Board:
    def __init__(self) -> None:
        self.shares: dict[str, float] = {}
        self.lost: dict[str, int] = {}

    def set_share(self, app: str, share: float) -> None:
        self.shares[app] = share

    def add_lost(self, app: str, pico: int) -> None:
        self.lost[app] = self.lost.get(app, 0) + pico


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def watch(board: Board) -> PromptCacheWatch:
    return PromptCacheWatch(board.set_share, board.add_lost)


def feed(watch: PromptCacheWatch, times: int, cached: int, *, app: str = "shop", total: int = 4000) -> None:
    for _ in range(times):
        watch.observe(app, "gpt-4o", total, cached, lambda tokens: tokens * 10)


def test_the_share_is_published_for_each_app(watch: PromptCacheWatch, board: Board) -> None:
    feed(watch, 200, 3000)
    feed(watch, 200, 0, app="other")
    assert board.shares["shop"] == pytest.approx(0.75, abs=0.01)
    assert board.shares["other"] == 0
    assert board.lost == {}


def test_a_fall_raises_the_alarm_and_counts_what_it_costs(
    watch: PromptCacheWatch, board: Board, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    feed(watch, 200, 3000)
    assert watch.alarms() == []
    feed(watch, 20, 0)
    assert watch.alarms() == []  # not yet half of the usual
    feed(watch, 80, 0)
    [sentence] = watch.alarms()
    assert "'shop'" in sentence
    assert "read less: app shop, model gpt-4o" in caplog.text
    # every request since the alarm would have had about 3,000 tokens cached, at 10 pico-dollars more each
    since = board.lost["shop"] / (10 * 3000)
    assert 60 <= since <= 80
    feed(watch, 100, 3000)
    assert watch.alarms() == []
    assert "is read again" in caplog.text
    settled = board.lost["shop"]
    feed(watch, 100, 3000)
    assert board.lost["shop"] == settled


def test_short_prompts_and_new_apps_raise_nothing(watch: PromptCacheWatch, board: Board) -> None:
    feed(watch, 500, 0, total=1023)
    assert board.shares == {}
    feed(watch, 40, 3000, app="young")
    feed(watch, 20, 0, app="young")
    assert watch.alarms() == []


def test_a_lower_share_that_stays_becomes_the_usual_one(watch: PromptCacheWatch) -> None:
    feed(watch, 200, 3000)
    feed(watch, 2500, 400)
    assert watch.alarms() == []
    feed(watch, 200, 400)
    assert watch.alarms() == []


def test_names_made_up_by_callers_do_not_grow_without_bound(watch: PromptCacheWatch, board: Board) -> None:
    for at in range(1000):
        feed(watch, 1, 100, app=f"app-{at}")
    assert len(board.shares) == 201
    assert "other" in board.shares
