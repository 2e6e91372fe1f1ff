"""Features: bounded, of fixed length, blind to what lies beyond the caps."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from halfpenny.router import Prompt
from halfpenny.router.features import ASK_CHARS, EARLIER_CHARS, NAMES, extract
from halfpenny.router.lexicon import GROUPS, LEXICON

ROLES = ("system", "developer", "user", "assistant", "tool")


def prompt(*messages: tuple[str, str], **more: Any) -> Prompt:

    return Prompt(surface="openai_chat", path="/", model="m", messages=messages, **more)


def value(asked: Prompt, name: str) -> float:
    return float(extract(asked).values[NAMES.index(name)])


def test_names_are_unique_and_forty_or_more() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 40


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(st.tuples(st.sampled_from(ROLES), st.text(max_size=400)), max_size=8),
    st.integers(min_value=0, max_value=10**7),
    st.integers(min_value=0, max_value=10**6),
    st.booleans(),
)
def test_every_feature_is_within_0_and_1_whatever_the_text(
    messages: list[tuple[str, str]], tokens: int, limit: int, tools: bool
) -> None:
    features = extract(prompt(*messages, input_tokens=tokens, max_output_tokens=limit, has_tools=tools))
    assert features.values.shape == (len(NAMES),)
    assert np.isfinite(features.values).all()
    assert (features.values >= 0).all()
    assert (features.values <= 1).all()
    assert 0 <= features.known <= 1
    assert 0 <= features.latin <= 1
    assert not math.isnan(features.known)


@pytest.mark.parametrize("filler", ["x ", "prove ", "a1b2 ", "((((", "```", "ế", "\n- "])
def test_a_megabyte_costs_no_more_than_the_cap(filler: str) -> None:
    """Only both ends are looked at, so what stands between them changes nothing: a bound on work, not on
    time.
    """
    ends = filler * ASK_CHARS
    long = ends + "prove theorem " * 70_000 + ends
    short = ends + ends
    assert np.array_equal(
        extract(prompt(("user", long))).values,
        extract(prompt(("user", short))).values,
    )


def test_earlier_messages_are_capped_and_system_messages_are_not_read() -> None:
    work = ("user", "prove the theorem, debug the code")
    assert value(prompt(work, ("assistant", "ok"), ("user", "do it")), "earlier_work") > 0
    assert value(prompt(work, ("assistant", "x" * EARLIER_CHARS), ("user", "do it")), "earlier_work") > 0
    assert value(prompt(("system", work[1]), ("user", "do it")), "earlier_work") == 0
    old = [work] + [("assistant", "x" * EARLIER_CHARS)] * 3
    assert value(prompt(*old, ("user", "do it")), "earlier_work") == 0


def test_the_longest_phrase_counts_alone() -> None:
    assert value(prompt(("user", "Fix the grammar")), "build") == 0
    assert value(prompt(("user", "Fix the grammar")), "rewrite") > 0
    assert value(prompt(("user", "Fix the loader")), "build") > 0


def test_the_last_user_text_is_found_in_the_messages() -> None:
    given_apart = prompt(("user", "Prove it"), last_user="Prove it")
    assert np.array_equal(extract(given_apart).values, extract(prompt(("user", "Prove it"))).values)


def test_the_lexicon_is_clean() -> None:
    for group, text in GROUPS.items():
        phrases = [phrase.split() for phrase in text.split(",")]
        assert all(phrases), group
        assert text == text.lower(), group
    assert all(entries for entries in LEXICON.values())
