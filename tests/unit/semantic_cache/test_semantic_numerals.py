"""Numbers in words and digits."""

import pytest

from halfpenny.semantic_cache.numerals import numerals


@pytest.mark.parametrize(
    ("spoken", "values"),
    [
        ("5 miles", ["5"]),
        ("five miles", ["5"]),
        ("twenty five miles", ["25"]),
        ("two hundred and five miles", ["205"]),
        ("three thousand two hundred", ["3200"]),
        ("a hundred and one", ["101"]),
        ("five six", ["5", "6"]),
        ("twenty thirty", ["20", "30"]),
        ("1,000 users", ["1000"]),
        ("1,000,000.50", ["1000000.50"]),
        ("10 k", ["10000"]),
        ("5 million", ["5000000"]),
        ("version 3.1", ["3.1"]),
        ("version 3.10", ["3.10"]),
        ("the 2 nd try", ["#2"]),
        ("the second try", ["#2"]),
        ("half an hour", ["1/2"]),
        ("twice a day", ["2"]),
        ("-5 degrees", ["-5"]),
        ("9:15 train", ["9:15"]),
        ("05", ["5"]),
        ("007", ["007"]),
        ("one egg", ["1"]),
        ("this one", []),
        ("which one is it", []),
        ("one of them", []),
        ("no numbers and none", []),
        ("", []),
    ],
)
def test_english(spoken: str, values: list[str]) -> None:
    assert [found.value for found in numerals(spoken.split())] == values


def test_vietnamese_words_count_and_the_ambiguous_ones_do_not() -> None:
    words = "hai quả trứng năm nay một".split()  # noqa: SIM905
    assert [found.value for found in numerals(words, vietnamese=True)] == ["2"]


def test_the_span_covers_every_word_of_the_number() -> None:
    (found,) = numerals("about two hundred and five miles".split())  # noqa: SIM905
    assert (found.start, found.end) == (1, 5)
