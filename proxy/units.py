"""Durations, sizes and money as the configuration writes them: `"250ms"`, `"24h"`, `"512MB"`, `"0.15"`."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|KiB|MiB|GiB)")
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


class Seconds(float):
    """A duration in seconds, written as a string with a unit."""

    @classmethod
    def parse(cls, value: Any) -> "Seconds":
        match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise ValueError(f'expected a duration such as "250ms", "30s" or "24h", got {value!r}')
        return cls(float(match[1]) * _SECONDS[match[2]])


class Bytes(int):
    """A size in bytes, written as a string with a unit (MB = 10^6, MiB = 2^20)."""

    @classmethod
    def parse(cls, value: Any) -> "Bytes":
        match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise ValueError(f'expected a size such as "64KB" or "512MB", got {value!r}')
        return cls(float(match[1]) * _BYTES[match[2]])


class Usd(Decimal):
    """An amount of US dollars, written as a decimal string."""

    @classmethod
    def parse(cls, value: Any) -> "Usd":
        try:
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise InvalidOperation
            amount = cls(value)
            if not amount.is_finite() or amount < 0:
                raise InvalidOperation
        except InvalidOperation:
            raise ValueError(f'expected a decimal amount of USD such as "0.15", got {value!r}') from None
        return amount


def decode_unit(wanted: type, value: Any) -> Any:
    """The hook that msgspec calls for a type of this module."""
    if wanted in (Seconds, Bytes, Usd):
        return wanted.parse(value)
    raise NotImplementedError(f"no decoder for {wanted}")
