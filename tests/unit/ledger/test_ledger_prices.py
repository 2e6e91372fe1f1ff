"""Prices: exact, dated, sourced; unknown is unknown."""

from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest
from genai_prices.data import providers
from hypothesis import given
from hypothesis import strategies as st

from halfpenny.ledger.base import Usage
from halfpenny.ledger.prices import Cost, Override, PriceBook, PriceError

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OWN = "http://127.0.0.1:9000/v1"
BOOK = PriceBook()
USAGE = Usage(input_tokens=1000, output_tokens=50, cached_input_tokens=100)

flat = sorted(
    (provider.id, model.id)
    for provider in providers
    if provider.id in ("openai", "anthropic", "google", "mistral", "groq", "perplexity")
    for model in provider.models
)
urls = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com",
    "mistral": "https://api.mistral.ai/v1",
    "groq": "https://api.groq.com/openai/v1",
    "perplexity": "https://api.perplexity.ai",
}


def theirs(provider: str, model: str, usage: Usage) -> Decimal:
    """The library's own answer, in pico-dollars."""
    counted = genai_prices.Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cached_input_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )
    price = genai_prices.calc_price(counted, model, provider_id=provider, genai_request_timestamp=NOW)
    return price.total_price * 10**12


@given(
    st.sampled_from(flat),
    st.integers(0, 400_000),
    st.integers(0, 100_000),
    st.integers(0, 3000),
    st.integers(0, 3000),
)
def test_costs_equal_the_librarys_to_the_pico_dollar(
    place: tuple[str, str], fresh: int, output: int, cached: int, written: int
) -> None:
    provider, model = place
    usage = Usage(
        input_tokens=fresh + cached + written,
        output_tokens=output,
        cached_input_tokens=cached,
        cache_write_tokens=written,
    )
    cost = BOOK.cost(urls[provider], model, usage, NOW)
    if cost.known:
        assert cost.pico == theirs(provider, model, usage)


def test_tiers_cost_all_tokens_at_the_higher_rate() -> None:
    """Anthropic, over 200,000 input tokens: 6 instead of 3 dollars per million, for every token."""
    url, model = "https://api.anthropic.com", "claude-sonnet-4-5"
    below = BOOK.cost(url, model, Usage(input_tokens=200_000), NOW)
    above = BOOK.cost(url, model, Usage(input_tokens=200_001), NOW)
    assert below.pico == 200_000 * 3_000_000
    assert above.pico == 200_001 * 6_000_000


def test_a_known_name_at_an_own_address_is_priced_as_its_makers() -> None:
    cost = BOOK.cost(OWN, "GPT-4o-mini", USAGE, NOW)
    assert cost.pico == 900 * 150_000 + 100 * 75_000 + 50 * 600_000
    assert cost.source == f"genai-prices {genai_prices.__version__}: openai/gpt-4o-mini"
    assert cost.date.startswith("20")


@pytest.mark.parametrize("model", ["llama-3", "my-model", "", "x" * 300, "gpt-no-such-model"])
def test_an_unknown_model_is_unknown(model: str) -> None:
    assert BOOK.cost(OWN, model, USAGE, NOW) == Cost(pico=0, source="", date="", known=False)


def test_a_model_that_the_provider_of_the_address_does_not_list_is_unknown() -> None:
    assert not BOOK.cost("https://api.openai.com/v1", "claude-sonnet-4-5", USAGE, NOW).known


def test_a_model_in_this_process_is_free() -> None:
    assert BOOK.cost(None, "smollm2", USAGE, NOW) == Cost(pico=0, source="in process", date="", known=True)


def test_the_price_of_the_day_counts() -> None:
    """DeepSeek's prices changed over time; the same usage costs what it cost then."""
    url, model = "https://api.deepseek.com", "deepseek-chat"
    days = [datetime(2024, 12, 1, tzinfo=UTC), NOW]
    costs = [BOOK.cost(url, model, USAGE, day).pico for day in days]
    expected = [
        genai_prices.calc_price(
            genai_prices.Usage(input_tokens=1000, output_tokens=50, cache_read_tokens=100),
            model,
            provider_api_url=url,
            genai_request_timestamp=day,
        ).total_price
        * 10**12
        for day in days
    ]
    assert costs == expected


def test_overrides_come_first_and_are_exact() -> None:
    book = PriceBook(
        [
            Override(
                model="llama-*",
                input_usd_per_mtok="0.10",
                output_usd_per_mtok="0.333333",
                cached_input_usd_per_mtok="0.01",
                source="contract",
                date="2026-05-01",
            ),
            Override(model="gpt-4o-mini", input_usd_per_mtok="1", output_usd_per_mtok="2"),
        ]
    )
    assert book.cost(OWN, "LLaMA-3", USAGE, NOW) == Cost(
        pico=900 * 100_000 + 100 * 10_000 + 50 * 333_333, source="contract", date="2026-05-01", known=True
    )
    assert book.cost("https://api.openai.com/v1", "gpt-4o-mini", USAGE, NOW).pico == 1000 * 10**6 + 50 * 2 * 10**6


def test_below_a_pico_dollar_it_is_rounded_to_the_even_neighbour() -> None:
    book = PriceBook([Override(model="m", input_usd_per_mtok="0.0000005", output_usd_per_mtok="0")])
    assert [book.cost(OWN, "m", Usage(input_tokens=tokens), NOW).pico for tokens in (1, 2, 3)] == [0, 1, 2]


@pytest.mark.parametrize("text", ["free", "-1", "NaN", "Infinity", ""])
def test_an_override_that_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(PriceError, match="input_usd_per_mtok: expected a decimal"):
        PriceBook([Override(model="m", input_usd_per_mtok=text, output_usd_per_mtok="1")])


def test_many_names_do_not_fill_the_memory() -> None:
    book = PriceBook([Override(model="*", input_usd_per_mtok="1", output_usd_per_mtok="1")])
    for number in range(5000):
        book.cost(OWN, f"model-{number}", USAGE, NOW)
    assert book.remembered <= 4096
