"""semantic_cache/decision/groups.py: what is learnt of one prompt speaks for its group."""

import math

import numpy as np
import pytest

from halfpenny.semantic_cache.decision.groups import Groups

A, B, C = np.eye(3, dtype=np.float32)


def test_a_group_that_is_not_held_is_one_prompt() -> None:
    groups = Groups()
    found = groups.get("g", A)
    assert (found.count, found.right, found.wrong) == (1, 0, 0)
    assert np.array_equal(found.total, A)
    assert len(groups) == 0


def test_joining_adds_to_the_first() -> None:
    groups = Groups()
    groups.join("g", A, B)
    groups.join("g", C, C)  # the first is known by now
    found = groups.get("g", C)
    assert found.count == 3
    assert np.array_equal(found.total, A + B + C)
    assert np.array_equal(A, np.eye(3)[0])  # the caller's vector is not added to


def test_half_precision_vectors_are_summed_in_single() -> None:
    groups = Groups()
    for _ in range(3000):
        groups.join("g", A.astype(np.float16), A.astype(np.float16))
    assert groups.get("g", A).total[0] == 3001


def test_records_are_kept_for_each_group_and_dropped_with_it() -> None:
    groups = Groups()
    groups.record("g", A, right=True)
    groups.record("g", A, right=False)
    groups.record("h", B, right=False)
    found = groups.get("g", A)
    assert (found.right, found.wrong, found.count) == (1, 1, 1)
    groups.drop("g")
    groups.drop("never was")
    assert len(groups) == 1
    assert groups.get("g", A).wrong == 0
    assert groups.get("h", B).wrong == 1


def test_what_is_kept_is_not_the_callers_own() -> None:
    groups, vector = Groups(), A.copy()
    groups.record("g", vector, right=True)
    groups.join("h", vector, vector)
    vector[:] = 7
    assert np.array_equal(groups.get("g", B).total, A)
    assert np.array_equal(groups.get("h", B).total, 2 * A)


def test_a_vector_that_is_not_finite_does_not_join() -> None:
    groups = Groups()
    groups.join("g", A, B)
    groups.join("g", A, C * np.float32(np.nan))
    found = groups.get("g", A)
    assert found.count == 2
    assert np.isfinite(found.total).all()


@pytest.mark.parametrize("count", [1, 2, 7])
def test_belonging_is_the_cosine_to_the_members_less_theirs_to_one_another(count: int) -> None:
    rng = np.random.default_rng(count)
    centre = rng.standard_normal(16).astype(np.float32) / 20
    members = rng.standard_normal((count, 16)).astype(np.float32) + 2
    members /= np.linalg.norm(members, axis=1, keepdims=True)
    asked = members[0] + 0.3 * rng.standard_normal(16).astype(np.float32)
    asked /= np.linalg.norm(asked)
    groups = Groups()
    for one in members[1:]:
        groups.join("g", members[0], one)
    moved = members - centre
    scale = math.sqrt((moved**2).sum() / count)  # one length for all members
    near = float(np.mean(moved @ (asked - centre))) / scale / float(np.linalg.norm(asked - centre))
    pairs = [moved[a] @ moved[b] / scale**2 for a in range(count) for b in range(count) if a != b]
    usual = ((np.mean(pairs) if pairs else 0.0) * (count - 1) + 0.4 * 2) / (count - 1 + 2)
    found = groups.get("g", members[0]).belongs(asked, centre)
    assert found == pytest.approx((near - usual) * math.log(count + 1), abs=1e-4)


def test_belonging_is_no_opinion_at_the_centre() -> None:
    assert Groups().get("g", A).belongs(B, B) == 0.0
