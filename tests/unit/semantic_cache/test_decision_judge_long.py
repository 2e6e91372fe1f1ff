"""The judge on long answers: 12 questions, each answered in three wordings of 105 to 145 words (prose and lists), and the
third wording with one number, name, negation or step changed, four times (`long_answers.jsonl`).

The rules were written with the half "seen" in view. The half "held" was judged once, when they were done:

|                                | seen, before | seen, now | held, before | held, now |
| same, called same              | 6 of 18      | 6         | 3 of 18      | 5         |
| same, called different         | 0            | 0         | 1            | 1         |
| changed, called different      | 4 of 48      | 24        | 7 of 48      | 25        |
| changed, called same           | 8            | 1         | 5            | 4         |

What is still called the same: two things that exchanged their roles ("with thumbs and not with levers"), in two of the
changes of the held half, and one negated sentence beside a wording that has no negation there. No changed number (of 42)
and no missing step (of 10) is.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from halfpenny.semantic_cache.decision.answer_facts import AnswerFacts
from halfpenny.semantic_cache.decision.judge import judge
from halfpenny.semantic_cache.decision.live import JOIN_SAME, RESOLVED
from halfpenny.semantic_cache.decision.long_answers import first_difference
from halfpenny.semantic_cache.embedders.onnx import OnnxEmbedder

ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (Path(__file__).parent / "long_answers.jsonl").read_text(encoding="utf-8").splitlines()
]


def pairs(half: str) -> list[tuple[str, str, str, str]]:
    """(what differs: "" for nothing, question, one answer, the other)."""
    found = []
    for row in (row for row in ROWS if row["half"] == half):
        a, b, c = row["wordings"]
        found += [("", row["question"], one, other) for one, other in ((a, b), (a, c), (b, c))]
        for change in row["changes"]:
            changed = c.replace(change["old"], change["new"])
            found += [(change["kind"], row["question"], one, changed) for one in (a, b)]
    return found


@pytest.fixture(scope="module")
def told() -> dict[str, Counter[tuple[str, str]]]:
    """How often what was called what, for each half."""
    embedder = OnnxEmbedder()
    counts: dict[str, Counter[tuple[str, str]]] = {}
    for half in ("seen", "held"):
        counts[half] = Counter()
        for kind, question, one, other in pairs(half):
            first, second = (embedder.embed([text[:1200]])[0] for text in (one, other))
            ruling = judge(one, other, similarity=float(first @ second), a_prompt=question, b_prompt=question)
            resolved = "unsure" if ruling.weight < RESOLVED else "same" if ruling.same >= JOIN_SAME else "different"
            counts[half][kind, resolved] += 1
    return counts


@pytest.mark.model
@pytest.mark.parametrize(("half", "found_same", "found_different", "wrong"), [("seen", 6, 24, 1), ("held", 5, 25, 4)])
def test_long_answers(
    told: dict[str, Counter[tuple[str, str]]], half: str, found_same: int, found_different: int, wrong: int
) -> None:
    counts = told[half]
    changed = [(kind, resolved) for kind, resolved in counts if kind]
    assert counts["", "same"] >= found_same
    assert counts["", "different"] <= 1
    assert sum(counts[one] for one in changed if one[1] == "different") >= found_different
    assert sum(counts[one] for one in changed if one[1] == "same") <= wrong
    assert counts["number", "same"] == counts["step", "same"] == 0


ONE = "Boil the eggs for 11 minutes. Then move them into ice water at once. Never leave them in the hot pot."


@pytest.mark.parametrize(
    ("other", "contradicts"),
    [
        ("The eggs need to boil for 7 minutes. Move them into ice water at once. Never leave them in the hot pot.", True),
        ("Boil the eggs for 11 minutes. Never leave them in the hot pot.", False),
        ("Boil the eggs for 11 minutes. Then move them into ice water at once. Leave them in the hot pot.", False),
        ("Boil the eggs for 11 minutes in 2 l of water. Then move them into ice water. Never leave them in the hot pot.", False),
    ],
)
def test_a_difference_is_a_contradiction_only_where_each_says_something_else(other: str, contradicts: bool) -> None:
    one, another = AnswerFacts(ONE), AnswerFacts(other)
    for found in (first_difference(one, another, ()), first_difference(another, one, ())):
        assert found is not None
        assert found.contradicts == contradicts


def test_layout_and_order_are_no_difference() -> None:
    other = "1. Never leave them in the hot pot.\n2. Boil the eggs for 11 minutes.\n3. Then move them into ice water."
    assert first_difference(AnswerFacts(ONE), AnswerFacts(other), ()) is None
