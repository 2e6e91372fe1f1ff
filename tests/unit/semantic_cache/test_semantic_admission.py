"""What the configuration and the caller allow together, and what a volatile prompt may not have."""

from typing import Any

import pytest

from halfpenny.semantic_cache.admission import Allowed, allow, without_volatile


def test_a_volatile_prompt_is_neither_looked_up_nor_stored() -> None:
    assert without_volatile(Allowed(), "What time is it?") == Allowed(
        look_up=False, store=False, semantic=False, reason="volatile"
    )


def test_a_prompt_that_leans_on_the_conversation_keeps_the_exact_cache() -> None:
    assert without_volatile(Allowed(), "Can you repeat that?") == Allowed(semantic=False, reason="context")


@pytest.mark.parametrize("text", ["How do I block my card?", ""])
def test_a_stable_prompt_keeps_everything(text: str) -> None:
    assert without_volatile(Allowed(), text) == Allowed()


def test_what_is_withheld_anyway_is_not_looked_at() -> None:
    nothing = Allowed(look_up=False, store=False, semantic=False, coalesce=False, reason="no-store")
    assert without_volatile(nothing, "What time is it?") is nothing


GRANTED: dict[str, Any] = {
    "exact_enabled": True,
    "semantic_enabled": True,
    "sampled_allowed": True,
    "sampled": False,
    "stateful": "",
    "wish": "semantic",
    "no_cache": False,
    "no_store": False,
}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"exact_enabled": False}, "off"),
        ({"wish": "off"}, "request"),
        ({"no_store": True}, "no-store"),
        ({"stateful": "store"}, "stateful"),
        ({"sampled": True, "sampled_allowed": False}, "sampled"),
    ],
)
def test_what_withholds_everything(change: dict[str, Any], reason: str) -> None:
    allowed = allow(**GRANTED | change)
    assert (allowed.look_up, allowed.store, allowed.semantic, allowed.reason) == (False, False, False, reason)


@pytest.mark.parametrize("change", [{"semantic_enabled": False}, {"wish": "exact"}])
def test_what_withholds_similarity_alone(change: dict[str, Any]) -> None:
    allowed = allow(**GRANTED | change)
    assert (allowed.look_up, allowed.store, allowed.semantic) == (True, True, False)
    assert allow(**GRANTED).semantic
