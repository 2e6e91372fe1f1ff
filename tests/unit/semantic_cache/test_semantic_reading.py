"""What is read out of one prompt."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from halfpenny.semantic_cache.lexicon import MONTHS, TIMES, WEEKDAYS
from halfpenny.semantic_cache.reading import _LITERALS, Reading, fold, topic

_PIECES = st.sampled_from([
    *"$%#@&<>=+*^~|-'\"`.:;,!?()[]\\/_ \n\t\r\x0b\x0c\x1c0179azAZ", "don't", "it's", "C++", "c#", ".NET", "-5", " -5.5", "(-3",
    "1,000", "12:30", "10gb", "US", "the us", "www.a.b", "x://y", "a@b.c", "f()", "a.b", "a_b", "a - b", "1-2", "Monday's",
])  # fmt: skip
ASCII = st.lists(_PIECES, max_size=30).map("".join)
LATIN = st.lists(st.one_of(_PIECES, st.characters(max_codepoint=0x20AF)), max_size=30).map("".join)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is the capital of France?", "en"),
        ("python sort list", "en"),
        ("", "en"),
        ("12345 !!", "en"),
        ("Where can I find a café in Zürich?", "en"),
        ("Thủ đô của Pháp là gì?", "vi"),
        ("Cách bán xe", "vi"),
        ("Cách bắn xe", "vi"),
        ("lam sao de nau com", "vi-plain"),
        ("Quelle est la capitale de la France ?", "fr"),
        ("Was ist die Hauptstadt von Frankreich?", "de"),
        ("¿Cuál es la capital de Francia?", "es"),
        ("Какая столица Франции?", "cyrillic"),
        ("法国的首都是哪里", "cjk"),
        ("ما هي عاصمة فرنسا", "arabic"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert Reading(text).language == language


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Do it", 0),
        ("Don't do it", 1),
        ("Don’t do it", 1),
        ("You cannot and will not", 2),
        ("neither a nor b", 1),
        ("can't", 1),
        ("Ăn trứng có an toàn không?", 0),
        ("Không ăn trứng có an toàn không?", 1),
        ("Bạn đã ăn chưa?", 0),
        ("Đừng ăn trứng", 1),
    ],
)
def test_negations(text: str, count: int) -> None:
    assert Reading(text).negations == count


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Who wrote it?", "who"),
        ("What time is it?", "when"),
        ("What time zone is it?", "what"),
        ("How come it rains?", "why"),
        ("How long is it?", "duration"),
        ("How many are there?", "quantity"),
        ("How do I do it?", "how"),
        ("How do A and B differ?", "what"),
        ("Is there a way to do it?", "how"),
        ("Is it safe?", "yes or no"),
        ("Can you do it", ""),
        ("Can I do it", "may it"),
        ("Should I do it", "should it"),
        ("Please do it", ""),
    ],
)
def test_kind_of_question(text: str, kind: str) -> None:
    assert Reading(text).kind == kind


def test_names_are_capitals_inside_a_sentence() -> None:
    assert set(Reading("Does Alice know NASA or iPhone prices? Perhaps.").names) == {"alic", "nasa", "iphon"}
    assert not Reading("HOW DO I GET TO ROME").names
    assert not Reading("How To Cook Rice In A Pressure Cooker").names


def test_literals_keep_case_and_are_found_once() -> None:
    found = Reading(
        'Why does "Foo bar" fail in `x.y` at https://a.example/B?c=1 for ann@b.example in /tmp/A.txt'
    ).literals
    assert set(found) == {'"Foo bar"', "`x.y`", "https://a.example/B?c=1", "ann@b.example", "/tmp/A.txt"}
    assert set(found.values()) == {1}


def test_dates() -> None:
    assert Reading("On Mondays in Sept at 7 pm").dates == {"monday": 1, "september": 1, "pm": 1}
    assert not Reading("may I march on").dates
    assert not Reading("In what year did it end?").dates


def test_topics_are_stems_without_frames_numbers_and_negations() -> None:
    assert Reading("Please tell me how I don't buy 2 cars").topics == ["buy", "car"]
    assert Reading("How do I purchase automobiles?").topics == ["buy", "car"]


def test_units_follow_their_numbers() -> None:
    assert Reading("is 10kg more than 3 of the miles").units == [("10", "kg"), ("3", "mi")]


def test_vietnamese_courtesies_do_not_count() -> None:
    assert Reading("Bạn ơi, cho hỏi cách nấu cơm ạ").plain_words == ["cách", "nấu", "cơm"]


def test_fold_and_topic() -> None:
    assert (fold("đường"), fold("bắn")) == ("duong", "ban")
    assert topic("telephones") == topic("phone")


@pytest.mark.parametrize(
    "text",
    ["a'" * 5000, '"' * 10_000, "`" * 10_000, "a.b_" * 3000, "1,2" * 3000, "-" * 10_000, "\U0001f642" * 4000],
)
def test_hostile_texts_take_no_longer_than_others(text: str) -> None:
    reading = Reading(text)
    begin = time.process_time()
    assert reading.literals is not None
    assert reading.numbers == reading.numbers
    assert reading.names is not None
    assert time.process_time() - begin < 1.0


@given(st.one_of(ASCII, LATIN))
def test_words_are_the_same_with_and_without_other_letters_behind_them(text: str) -> None:
    """Latin texts are read by a pattern of their own."""
    assert [*Reading(text).tokens, "я"] == Reading(text + " я").tokens


@pytest.mark.parametrize("begin", [0, 0x100, 0x200, 0x300, 0x1E00, 0x1E80, 0x2000, 0x20A0])
def test_every_latin_character_is_read_alike_before_another_script(begin: int) -> None:
    for code in range(begin, begin + 0x100):
        text = f"a{chr(code)}b {chr(code)} 1{chr(code)}2"
        assert [*Reading(text).tokens, "я"] == Reading(text + " я").tokens, hex(code)


@given(ASCII, st.sampled_from(["", "÷", "“a”", "«b»", "‘c’", "x − y"]))
def test_no_literal_lacks_what_is_looked_for_first(text: str, more: str) -> None:
    for pattern, needed in _LITERALS:
        for match in pattern.finditer(text + more):
            assert any(one in match.group() for one in needed), match.group()


@given(ASCII)
def test_a_name_is_capitalised_where_no_sentence_begins(text: str) -> None:
    """As a walk over all characters finds it."""
    begins, fresh = set(), True
    for at, character in enumerate(text):
        if character.isalnum():
            begins |= {at} if fresh else set()
            fresh = False
        elif character in '.?!:\n;"(':
            fresh = True
    found = Reading(f"{text} Zanzibar and then some more words").names
    at = len(text) + 1
    assert ("zanzibar" in found) == (at not in begins | {0} and not fresh)


@pytest.mark.parametrize("word", sorted({*WEEKDAYS, *TIMES, *MONTHS} - {"may", "march"}))
def test_every_date_is_found_in_each_of_its_forms(word: str) -> None:
    plain = Reading(f"come there {word} if it rains").dates
    assert plain.total() == 1
    assert Reading(f"come there {word}'s if it rains").dates == plain
    if word not in MONTHS:
        assert Reading(f"come there {word}s if it rains").dates.total() == 1
