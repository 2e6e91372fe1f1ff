"""Usage times dated price. The prices are those bundled with `genai-prices`; the network is never asked.

An unknown model costs "unknown" and never a guess. Amounts are integers of pico-dollars, computed exactly: a
price per million tokens with up to six decimals gives a whole number of pico-dollars for one token.
"""

import logging
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from halfpenny.ledger.base import PICO_PER_USD, Usage

_log = logging.getLogger(__name__)
_CACHE_SIZE = 4096
_MAX_MODEL_NAME = 256
_PER_MTOK = Decimal(PICO_PER_USD) / 10**6
_PER_THOUSAND = Decimal(PICO_PER_USD) / 10**3
_TOKENS = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")
_DATE = re.compile(r"20\d\d-[01]\d-[0-3]\d")


class PriceError(ValueError):
    """An override that is not a price; the message names model and field."""


class Override(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A price that the operator states. `model` is a pattern with `*` and `?`, compared without regard to
    case.

    Prices are decimal strings in USD per million tokens. Without a cached price, cached input costs as input
    does.
    """

    model: str
    input_usd_per_mtok: str
    output_usd_per_mtok: str
    cached_input_usd_per_mtok: str | None = None
    source: str = "configuration"
    date: str = ""


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """`pico` pico-dollars; `source` and `date` of the price. Not `known`: the model has no price, `pico` is
    0."""

    pico: int
    source: str
    date: str
    known: bool


IN_PROCESS = Cost(pico=0, source="in process", date="", known=True)
UNKNOWN = Cost(pico=0, source="", date="", known=False)


class _Rates(msgspec.Struct, frozen=True):
    """USD per million tokens, as plain decimals."""

    fresh: Decimal
    output: Decimal
    cached: Decimal
    written: Decimal


class _Stated(msgspec.Struct, frozen=True):
    """An override, read."""

    pattern: str
    rates: _Rates
    source: str
    date: str


class _Listed(msgspec.Struct, frozen=True):
    """A model found in the price data, and where."""

    provider: str
    model: Any


class PriceBook:
    """Overrides first, in their order; then the bundled data.

    Raises PriceError for an override that is not a price. `warm` loads the data (a quarter of a second);
    without it the first cost does.
    """

    def __init__(self, overrides: Sequence[Override] = ()) -> None:
        self._stated = [_read_override(override) for override in overrides]
        self._found: dict[tuple[str, str], _Stated | _Listed | None] = {}
        self._data: Any = None
        self._version = ""
        self._newest = ""

    @property
    def remembered(self) -> int:
        """How many names were looked up and are kept."""
        return len(self._found)

    def warm(self) -> None:
        """Load the price data. Blocking; for a worker thread at start."""
        if self._data is not None:
            return
        # Imported late: it costs a quarter of a second, which `halfpenny check` and friends need not pay.
        import genai_prices
        from genai_prices.data import providers
        from genai_prices.data_snapshot import DataSnapshot

        self._version = genai_prices.__version__
        self._newest = _newest_date(providers)
        # Our own snapshot: one that somebody set for the whole process must not change our books.
        self._data = DataSnapshot(providers=providers, from_auto_update=False)

    def cost(self, backend_url: str | None, model: str, usage: Usage, at: datetime) -> Cost:
        """What the usage cost at that moment (aware, or naive UTC).

        `backend_url` None means a model in this process: free. Else the provider is the one whose API address
        it is; at any other address only a provider whose own rule claims the model's name.
        """
        if backend_url is None:
            return IN_PROCESS
        try:
            return self._cost(backend_url, model, usage, at)
        except Exception:
            # a number that no arithmetic takes, a rule that no data fits: unknown, and the answer goes out all the same
            _log.exception("the price of %.60s cannot be computed", model)
            return UNKNOWN

    def _cost(self, backend_url: str, model: str, usage: Usage, at: datetime) -> Cost:
        found = self._find(backend_url, model)
        if isinstance(found, _Stated):
            return Cost(pico=_by_rates(found.rates, usage), source=found.source, date=found.date, known=True)
        if found is None:
            return UNKNOWN
        return self._by_data(found, usage, at)

    def _find(self, backend_url: str, model: str) -> _Stated | _Listed | None:
        name = model.lower()
        place = (backend_url, name)
        try:
            return self._found[place]
        except KeyError:
            pass
        found = self._look_up(backend_url, name) if 0 < len(name) <= _MAX_MODEL_NAME else None
        if len(self._found) >= _CACHE_SIZE:
            self._found.clear()  # names come from callers: without a bound they could fill the memory
        self._found[place] = found
        return found

    def _look_up(self, backend_url: str, name: str) -> _Stated | _Listed | None:
        for stated in self._stated:
            if fnmatchcase(name, stated.pattern):
                return stated
        self.warm()
        try:
            provider = self._data.find_provider(None, None, backend_url)
        except LookupError:
            try:
                provider = self._data.find_provider(name, None, None)
            except LookupError:
                return None
        model = provider.find_model(name, all_providers=self._data.providers)
        return None if model is None else _Listed(provider.id, model)

    def _by_data(self, found: _Listed, usage: Usage, at: datetime) -> Cost:
        price = found.model.get_prices(at)
        # `__dict__`: its attribute access for a price that is not there searches a table of units.
        prices, total = price.__dict__, usage.input_tokens
        fresh, output, cached, written = (_tier(prices.get(name), total) for name in _TOKENS)
        if (fresh is None and output is None) or (fresh is None and total) or (output is None and usage.output_tokens):
            return UNKNOWN
        paid = _Rates(
            fresh or Decimal(0),
            output or Decimal(0),
            _or_else(cached, fresh),
            _or_else(written, fresh),
        )
        pico = _by_rates(paid, usage)
        fee = _tier(prices.get("requests_kcount"), total)
        if fee is not None:
            pico += _whole(fee * _PER_THOUSAND)
        return Cost(
            pico=pico,
            source=f"genai-prices {self._version}: {found.provider}/{found.model.id}",
            date=_active_since(found.model, at) or self._newest,
            known=True,
        )


def _by_rates(rates: _Rates, usage: Usage) -> int:
    cached, written = usage.cached_input_tokens, usage.cache_write_tokens
    fresh = max(0, usage.input_tokens - cached - written)
    usd_mtok = (
        rates.fresh * fresh + rates.cached * cached + rates.written * written + rates.output * usage.output_tokens
    )
    return _whole(usd_mtok * _PER_MTOK)


def _whole(pico: Decimal) -> int:
    return int(pico.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def _tier(price: Any, total_input_tokens: int) -> Any:
    """The rate that applies: above a threshold *all* tokens cost the tier's rate, as the providers bill
    it."""
    if price is None or isinstance(price, Decimal):
        return price
    rate = price.base
    for tier in price.tiers:
        if total_input_tokens > tier.start:
            rate = tier.price
    return rate


def _or_else(rate: Any, otherwise: Any) -> Decimal:
    chosen: Decimal | None = otherwise if rate is None else rate
    return Decimal(0) if chosen is None else chosen


def _active_since(model: Any, at: datetime) -> str:
    """The day from which the price in force at `at` holds; empty if the data does not say."""
    if not isinstance(model.prices, list):
        return ""
    for conditional in reversed(model.prices):
        if conditional.constraint is None:
            return ""
        if conditional.constraint.active(at):
            start = getattr(conditional.constraint, "start_date", None)
            return "" if start is None else str(start.isoformat())
    return ""


def _newest_date(providers: Sequence[Any]) -> str:
    """The newest day on which the data says that somebody looked: a lower bound of its age."""
    texts = (model.price_comments or "" for provider in providers for model in provider.models)
    checked = (text for text in texts if "verified on" in text)
    return max((day for text in checked for day in re.findall(rf"verified on ({_DATE.pattern})", text)), default="")


def _read_override(override: Override) -> _Stated:
    fresh = _decimal(override, "input_usd_per_mtok", override.input_usd_per_mtok)
    output = _decimal(override, "output_usd_per_mtok", override.output_usd_per_mtok)
    stated = override.cached_input_usd_per_mtok
    cached = fresh if stated is None else _decimal(override, "cached_input_usd_per_mtok", stated)
    return _Stated(override.model.lower(), _Rates(fresh, output, cached, fresh), override.source, override.date)


def _decimal(override: Override, field: str, text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        raise PriceError(f'price of {override.model!r}: {field}: expected a decimal like "0.15", got {text!r}')
    return price
