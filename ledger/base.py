"""The nouns of the ledger: one row for every upstream attempt, hit and refusal, and for every judgement of an answer.

An attempt is written twice: `Opened` before the call goes out (the intent), `Settled` when it is known what
came of it. Hits, coalesced answers and refusals are `Settled` alone. Both are idempotent: applying one twice
changes nothing. A row still open when its process is gone is closed as `estimated`.

Money is exact. A row's cost is an integer of micro-dollars plus a remainder in pico-dollars (1e-12 USD, below
one micro-dollar), because one token often costs less than a micro-dollar: sums over rows stay equal to the
provider's bill.
"""

from typing import Any, Literal

import msgspec

Kind = Literal["attempt", "hit", "refusal", "feedback"]
Outcome = Literal["exact", "semantic", "coalesced", "miss", "bypass", "error"]
State = Literal["open", "final", "estimated"]
Mechanism = Literal["exact", "semantic", "coalesced", "routed"]

PICO_PER_USD = 10**12
PICO_PER_MICRO = 10**6


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens as the provider reported them.

    `cached_input_tokens` (read from the provider's prompt cache) and `cache_write_tokens` (written to it,
    dearer at some providers) are parts of `input_tokens`; `reasoning_tokens` is a part of `output_tokens`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag="opened"):
    """The intent of one upstream call. Times are Unix microseconds, UTC."""

    id: str
    request_id: str
    at_us: int
    tenant: str
    surface: str
    route: str
    backend: str
    model: str
    requested_model: str
    stream: bool
    attempt: int
    tags: dict[str, str] = {}
    input_tokens_estimate: int = 0
    cost_estimate_pico: int = 0


class Settled(msgspec.Struct, frozen=True, kw_only=True, tag="settled"):
    """What came of an attempt, a hit or a refusal.

    `outcome` is set on the one row that concluded its request and None on attempts that were tried again or
    replaced. `usage_raw` is the provider's own usage object, unchanged. `why` is what `explain` prints.
    """

    id: str
    request_id: str
    kind: Kind
    outcome: Outcome | None
    state: State
    at_us: int
    settled_at_us: int
    tenant: str
    surface: str
    route: str
    backend: str = ""
    model: str = ""
    requested_model: str = ""
    stream: bool = False
    attempt: int = 1
    status: int = 0
    error: str = ""
    client_gone: bool = False
    usage: Usage = Usage()
    usage_raw: Any = None
    price_source: str = ""
    price_date: str = ""
    cost_pico: int = 0
    saved_pico: int = 0
    saved_by: Mechanism | None = None
    similarity: float | None = None
    entry_id: str = ""
    ttft_us: int = 0
    duration_us: int = 0
    tags: dict[str, str] = {}
    why: dict[str, Any] = {}


Event = Opened | Settled


def micro_dollars(pico: int) -> tuple[int, int]:
    """Split pico-dollars into (micro-dollars, remainder); the remainder is in 0..999,999 also for negative
    amounts."""
    return divmod(pico, PICO_PER_MICRO)


def decimal_usd(pico: int) -> str:
    """A decimal string with six places, rounded half to even on the exact amount: `1234567 -> "0.000001"`."""
    micros, rest = divmod(pico, PICO_PER_MICRO)
    if rest * 2 > PICO_PER_MICRO or (rest * 2 == PICO_PER_MICRO and micros % 2):
        micros += 1
    sign = "-" if micros < 0 else ""
    whole, part = divmod(abs(micros), 10**6)
    return f"{sign}{whole}.{part:06d}"
