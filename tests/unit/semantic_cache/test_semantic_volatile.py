"""Answers that may not be kept, by reason, and their stable look-alikes."""

import time

import pytest

from halfpenny.semantic_cache.volatile import MAX_CHARS, TABLES, volatile_reason

VOLATILE = [
    ("time", "What happened in Hanoi today?"),
    ("time", "Which shops are open right now?"),
    ("time", "Who is the current mayor of Rome?"),
    ("time", "What is the latest version of Python?"),
    ("time", "What time is it?"),
    ("time", "How many days until Easter?"),
    ("time", "Hôm nay là thứ mấy?"),
    ("time", "Ai là thủ tướng hiện nay?"),
    ("world", "What's the weather like in Paris?"),
    ("world", "Is it raining in London?"),
    ("world", "price of gold"),
    ("world", "What is the exchange rate between dollars and euros?"),
    ("world", "Any news about the election?"),
    ("world", "restaurants near me"),
    ("world", "Thời tiết ở Hà Nội"),
    ("world", "Giá vàng bao nhiêu?"),
    ("context", "What did I just say?"),
    ("context", "Summarise the above"),
    ("context", "Summarize this conversation"),
    ("context", "What's my name?"),
    ("context", "Translate it"),
    ("context", "Continue"),
    ("context", "ok, please continue"),
    ("context", "Can you repeat what you just said?"),
    ("context", "Tôi vừa nói gì?"),
    ("context", "tiếp tục đi"),
    ("random", "Pick a random color"),
    ("random", "Roll a die"),
    ("random", "Generate a UUID"),
    ("random", "Tell me another joke"),
    ("random", "Chọn một số ngẫu nhiên"),
    ("state", "What is my account balance?"),
    ("state", "Show me my unread messages"),
    ("state", "track order 4711"),
    ("state", "Số dư tài khoản của tôi là bao nhiêu?"),
]

STABLE = [
    "How do I block my card?",
    "Why was my payment declined?",
    "Where do I find my order number?",
    "What is weather?",
    "Why does it rain?",
    "What is an alternating current?",
    "How does current flow through a wire?",
    "What is a random forest?",
    "What is the probability of heads when a coin lands?",
    "What does continue do in Python?",
    'Translate "see you today" to French',
    "Explain `continue` and `break`",
    "What is a price index?",
    "How is gold mined?",
    "Who was the first president of France?",
    "What is a weather balloon?",
    "How do I create a password policy?",
    "Tỷ giá hối đoái là gì?",
    "Vì sao vàng có giá trị?",
    "Số ngẫu nhiên là gì?",
    "",
]


@pytest.mark.parametrize(("reason", "text"), VOLATILE)
def test_volatile(reason: str, text: str) -> None:
    assert volatile_reason(text) == reason
    assert volatile_reason(text.upper()) == reason


@pytest.mark.parametrize("text", STABLE)
def test_stable(text: str) -> None:
    assert volatile_reason(text) is None


def test_a_long_text_is_read_at_both_ends() -> None:
    filler = "lorem " * MAX_CHARS
    assert volatile_reason(f"What happened today? {filler}") == "time"
    assert volatile_reason(f"{filler} What happened today?") == "time"


@pytest.mark.parametrize("text", ["tell me " * 5000, "how many a " * 5000, "`" * 50_000, "my " * 20_000])
def test_hostile_texts_are_quick(text: str) -> None:
    begin = time.process_time()
    assert volatile_reason(text) is None
    assert time.process_time() - begin < 0.5


def test_every_reason_is_tested() -> None:
    assert {reason for table in TABLES for reason in table.reasons} == {reason for reason, _ in VOLATILE}


def test_the_set_says_what_its_patterns_say() -> None:
    """The short cut over all patterns must never miss what one of them finds."""
    from halfpenny.semantic_cache.volatile import _COMPILED

    samples = [
        "what is the weather today",
        "tell me a joke",
        "thời tiết hôm nay thế nào",
        "what is a half penny",
        "now",
    ]
    for table in _COMPILED:
        for text in samples:
            said = f" {text} "
            assert bool(table.any_reason.Match(said)) == any(p.search(said) is not None for _, p in table.reasons)
