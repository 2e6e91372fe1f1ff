"""What a backend must be able to do for a request."""

from typing import Any

import pytest

from halfpenny.router import Candidate, Prompt
from halfpenny.router.constraints import claims, is_embedding, lacks, off


def prompt(**given: Any) -> Prompt:
    return Prompt(**{"surface": "openai_chat", "path": "/v1/chat/completions", "model": "m", **given})


@pytest.mark.parametrize(
    ("given", "able", "reason"),
    [
        ({"input_tokens": 900, "max_output_tokens": 100}, {"context_tokens": 1000}, None),
        (
            {"input_tokens": 900, "max_output_tokens": 101},
            {"context_tokens": 1000},
            "context: about 900 input",
        ),
        ({"input_tokens": 10**9}, {"context_tokens": 0}, None),
        ({"has_tools": True}, {"tools": False}, "tools"),
        ({"has_images": True}, {"vision": False}, "vision"),
        ({"wants_schema": True}, {"json_schema": False}, "schema"),
        ({}, {"surfaces": ("anthropic_messages",)}, "surface: it does not serve openai_chat"),
        ({}, {"surfaces": ()}, None),
    ],
)
def test_each_lack_is_named(given: dict[str, Any], able: dict[str, Any], reason: str | None) -> None:
    reasons = lacks(prompt(**given), Candidate(name="b", **able))
    assert reasons == () if reason is None else reasons[0].startswith(reason)


def test_all_lacks_are_named() -> None:
    reasons = lacks(prompt(has_tools=True, has_images=True), Candidate(name="b", tools=False, vision=False))
    assert len(reasons) == 2


def test_off_says_why() -> None:
    assert off(Candidate(name="b")) == ""
    assert off(Candidate(name="b", enabled=False)) == "off: disabled"
    assert off(Candidate(name="b", enabled=False, off_reason="KEY is not set")) == "off: KEY is not set"


def test_a_fixed_model_claims_its_own_name_only() -> None:
    small = Candidate(name="s", model="smollm2")
    assert claims(small, "smollm2")
    assert not claims(small, "gpt-4o")
    assert claims(Candidate(name="l", models=("gpt-*",)), "gpt-4o")


@pytest.mark.parametrize(
    ("surface", "path", "vectors"),
    [
        ("openai_embeddings", "/v1/embeddings", True),
        ("passthrough", "/openai/deployments/e/embeddings", True),
        ("gemini", "/v1beta/models/e:embedContent", True),
        ("openai_chat", "/v1/chat/completions", False),
    ],
)
def test_embeddings_are_recognised_by_surface_or_path(surface: str, path: str, vectors: bool) -> None:
    assert is_embedding(prompt(surface=surface, path=path)) is vectors
