import pytest

from halfpenny.proxy.units import Bytes, Seconds, Usd


@pytest.mark.parametrize(("text", "seconds"), [("250ms", 0.25), ("30s", 30), ("24h", 86400), ("1.5m", 90), ("7d", 604800)])
def test_durations(text: str, seconds: float) -> None:
    assert Seconds.parse(text) == seconds


@pytest.mark.parametrize(("text", "size"), [("512MB", 512_000_000), ("1KiB", 1024), ("10B", 10), ("2GiB", 2 << 30)])
def test_sizes(text: str, size: int) -> None:
    assert Bytes.parse(text) == size


@pytest.mark.parametrize("bad", ["5", 5, "", "5 parsecs", "-1s", None, True])
def test_a_unit_is_demanded(bad: object) -> None:
    with pytest.raises(ValueError, match="expected a duration"):
        Seconds.parse(bad)
    with pytest.raises(ValueError, match="expected a size"):
        Bytes.parse(bad)


@pytest.mark.parametrize("bad", ["-1", "NaN", 0.1, "ten", True])
def test_money_is_a_decimal_string(bad: object) -> None:
    with pytest.raises(ValueError, match="expected a decimal amount"):
        Usd.parse(bad)
    assert str(Usd.parse("0.15")) == "0.15"
