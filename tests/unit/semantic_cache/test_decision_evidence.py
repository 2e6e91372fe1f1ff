"""semantic_cache/decision/evidence.py: what speaks for each group; and nothing broken speaks at all."""

import numpy as np
import pytest
from numpy.typing import NDArray

from halfpenny.semantic_cache.decision.classifier import Metric
from halfpenny.semantic_cache.decision.evidence import CANDIDATES, FEATURES, Candidate, Near, weigh
from halfpenny.semantic_cache.decision.groups import Groups
from halfpenny.semantic_cache.decision.model import load_model
from halfpenny.semantic_cache.decision.prompts import Prompt, make_prompt
from halfpenny.semantic_cache.decision.wording import Wording
from halfpenny.semantic_cache.embedders.hashing import HashingEmbedder

MODEL = load_model()
EMBEDDER = HashingEmbedder(384)


def prompt(text: str, vector: NDArray[np.float32] | None = None) -> Prompt:
    return make_prompt(text, EMBEDDER.embed([text])[0] if vector is None else vector, np.empty((0, 64)), [], [])


def near(asked: Prompt, *stored: tuple[str, str]) -> list[Near]:
    """Neighbours from (text, group), best first."""
    found = []
    for at, (text, group) in enumerate(stored):
        one = prompt(text)
        found.append(Near(f"e{at}", group, one, float(asked.vector @ one.vector)))
    return sorted(found, key=lambda one: -one.cosine)


def weighed(
    asked: Prompt, neighbours: list[Near], groups: Groups | None = None, words: Wording | None = None
) -> list[Candidate]:
    return weigh(
        asked, neighbours, groups or Groups(), Metric(MODEL.inverse, MODEL.centre), MODEL.verifier, words or Wording()
    )


def feature(candidate: Candidate, name: str) -> float:
    return float(candidate.features[FEATURES.index(name)])


ASKED = prompt("how do I boil an egg for ten minutes")


def test_without_neighbours_there_are_no_candidates() -> None:
    assert weighed(ASKED, []) == []


def test_a_candidate_for_each_group_nearest_first() -> None:
    neighbours = near(
        ASKED,
        ("how do I boil an egg for ten minutes please", "a"),
        ("how do I boil eggs for ten minutes", "b"),
        ("how to boil an egg for ten minutes", "a"),
        ("boil a potato", "c"),
        ("play some music", "d"),
    )
    found = weighed(ASKED, neighbours)
    assert len(found) == CANDIDATES
    assert [one.near.group for one in found][:2] == list(dict.fromkeys(one.group for one in neighbours))[:2]
    assert found[0].near is neighbours[0]
    for one in found:
        assert one.features.shape == (len(FEATURES),)
        assert np.isfinite(one.features).all()
        assert feature(one, "one") == 1.0
    shares = [feature(one, "share") + 0.5 for one in found]
    assert 0.9 < sum(shares) <= 1 + 1e-9
    assert feature(found[0], "cosine") == pytest.approx((neighbours[0].cosine - 0.8) * 5)
    assert feature(found[0], "cosine_margin") > 0 > feature(found[-1], "cosine_margin")


def test_the_group_that_the_classifier_prefers_is_among_them() -> None:
    neighbours = near(ASKED, *((f"how do I boil an egg for ten minutes {w}", w) for w in ("a", "b", "c")), ("eggs", "far"))
    groups = Groups()
    for _ in range(40):
        groups.join("far", ASKED.vector, ASKED.vector)
    found = weighed(ASKED, neighbours, groups)
    assert [one.near.group for one in found][-1] == "far"
    assert feature(found[-1], "class_margin") > 0
    assert feature(found[-1], "size") == pytest.approx(np.log(41) / 3)


def test_records_and_words_are_evidence() -> None:
    neighbours = near(ASKED, ("how do I boil an egg for ten minutes please", "a"))
    groups, words = Groups(), Wording()
    for right in (True, True, True, False):
        groups.record("a", neighbours[0].prompt.vector, right=right)
    for _ in range(20):
        words.learn(prompt("please x"), prompt("x"), 0.5, 0.25)
    plain = weighed(ASKED, neighbours)[0]
    found = weighed(ASKED, neighbours, groups, words)[0]
    assert feature(plain, "record") == feature(plain, "wording") == 0.0
    assert feature(found, "record") == pytest.approx(np.log(4 / 2))
    assert feature(found, "wording") > 0.5
    assert feature(found, "words") == pytest.approx(1 / 10)


@pytest.mark.parametrize(
    ("asked", "stored", "name"),
    [
        ("boil an egg for 10 minutes", "boil an egg for 12 minutes", "numbers"),
        ("wake me on monday at seven", "wake me on friday at seven", "numbers"),
        ("turn the kitchen lights on", "turn the kitchen lights off", "opposed"),
        ("is it safe to eat raw eggs", "is it not safe to eat raw eggs", "opposed"),
        ("Cách bán xe", "Cách bắn xe", "opposed"),
    ],
)
def test_rules_that_refuse_are_evidence_and_keep_a_cold_namespace_from_it(asked: str, stored: str, name: str) -> None:
    mine = prompt(asked)
    found = weighed(mine, [Near("e", "g", prompt(stored), 0.99)])[0]
    assert feature(found, name) == feature(found, "refused") == 1.0
    assert found.refusals
    assert found.cold_refusal


def test_other_words_where_the_verifier_does_not_look_refuse() -> None:
    def long(end: str) -> Prompt:
        ids = list(range(60))
        text = "a " * 60 + end
        offsets = [(2 * at, 2 * at + 1) for at in range(60)]
        return make_prompt(text, ASKED.vector, np.empty((0, 64)), ids, offsets)

    same, other = long("end"), long("start")
    assert "tail" not in weighed(same, [Near("e", "g", long("end"), 1.0)])[0].refusals
    found = weighed(same, [Near("e", "g", other, 1.0)])[0]
    assert found.refusals[-1] == "tail"
    assert found.cold_refusal == "tail"
    assert feature(found, "numbers") == 1.0


BROKEN = np.full(384, np.nan, dtype=np.float32)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_broken_vector_of_the_asked_prompt_has_no_candidates(value: float) -> None:
    vector = ASKED.vector.copy()
    vector[7] = value
    stored = near(ASKED, (ASKED.text, "a"))
    assert weighed(prompt(ASKED.text, vector), stored) == []


def test_a_neighbour_without_a_similarity_is_left_out() -> None:
    sound = near(ASKED, ("how do I boil an egg", "a"))
    for cosine in (np.nan, np.inf):
        found = weighed(ASKED, [Near("x", "b", ASKED, float(cosine)), *sound])
        assert [one.near.group for one in found] == ["a"]
    assert weighed(ASKED, [Near("x", "b", ASKED, float("nan"))]) == []


def test_a_broken_stored_prompt_never_becomes_a_candidate() -> None:
    sound = near(ASKED, ("how do I boil an egg", "a"))
    broken = Near("x", "b", prompt(ASKED.text, BROKEN), 0.999)
    with np.errstate(all="ignore"):
        assert all(one.near.group == "a" for one in weighed(ASKED, [broken, *sound]))
    states = np.full((3, 64), np.nan, dtype=np.float32)
    mute = make_prompt(ASKED.text, ASKED.vector, states, [101, 5, 102], [(0, 0), (0, 3), (0, 0)])
    with np.errstate(all="ignore"):
        assert weighed(mute, [Near("x", "b", mute, 0.999)]) == []


@pytest.mark.parametrize(
    "text",
    ["", " ", "\x00", "🙂" * 400, "法国 Paris Москва \u202e abc", "a" * 5000, "1 " * 500, "\u0301\u0301", "{}[]()\"'`"],
)
def test_odd_prompts_do_not_raise(text: str) -> None:
    vector = ASKED.vector
    mine = prompt(text, vector)
    for stored in ("what is the capital of France", text, text + " not 7"):
        found = weighed(mine, [Near("e", "g", prompt(stored, vector), 0.99)])
        assert len(found) == 1
        assert np.isfinite(found[0].features).all()
        if stored != text:
            assert found[0].cold_refusal, (text, stored)
