"""The stemmer joins forms of a word and keeps words apart."""

import pytest

from halfpenny.semantic_cache.stems import stem


@pytest.mark.parametrize(
    "forms",
    [
        "boil boils boiled boiling",
        "cache caches cached caching",
        "stop stops stopped stopping",
        "cancel cancels cancelled canceled cancelling",
        "spell spells spelling",
        "city cities",
        "try tries tried trying",
        "box boxes",
        "child children",
        "buy bought buying",
        "wrote write writing written writes",
    ],
)
def test_forms_of_a_word_agree(forms: str) -> None:
    assert len({stem(word) for word in forms.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("new", "news"), ("us", "use"), ("paris", "pari"), ("ring", "r"), ("bed", "b"), ("bán", "bắn"), ("sing", "sin")],
)
def test_other_words_stay_apart(one: str, other: str) -> None:
    assert stem(one) != stem(other)
