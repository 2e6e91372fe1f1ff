"""The word lists do not contradict one another."""

from halfpenny.semantic_cache.lexicon import (
    FILLERS,
    FRAME_WORDS,
    FUNCTION_WORDS,
    NEGATIONS,
    OPPOSITES,
    OPPOSITES_VI,
    SYNONYMS,
)
from halfpenny.semantic_cache.reading import topic


def test_opposites_are_two_words_and_no_synonyms() -> None:
    for one, other in OPPOSITES + OPPOSITES_VI:
        assert one
        assert other
        assert one != other
        assert SYNONYMS.get(one, one) != SYNONYMS.get(other, other)
        assert topic(one) != topic(other)


def test_a_word_is_in_one_synonym_group() -> None:
    heads = set(SYNONYMS.values())
    assert all(SYNONYMS[head] == head for head in heads)


def test_negations_and_synonyms_are_not_dropped_as_frames() -> None:
    dropped = FRAME_WORDS | FUNCTION_WORDS
    assert not NEGATIONS & dropped
    assert not SYNONYMS.keys() & (FUNCTION_WORDS | FILLERS)
