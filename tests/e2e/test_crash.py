"""Two of the kills of `python -m benchmarks.crash`, so that CI notices a loss; the full loop is run by hand."""

from benchmarks.crash import lost, run


async def test_nothing_acknowledged_is_lost() -> None:
    totals = await run(2)
    assert not lost(totals), totals
    assert totals["entries_checked"] > 50
    assert totals["requests_acknowledged"] > 100
