"""semantic_cache/decision/unseen.py: served prompts that lie together, away from what is stored."""

import numpy as np

from halfpenny.semantic_cache.decision.unseen import KEPT, Unseen

KIND, OTHER = np.eye(8, dtype=np.float32)[:2]


def beside(vector: np.ndarray, seed: int) -> np.ndarray:
    moved = vector + 0.1 * np.random.default_rng(seed).standard_normal(len(vector)).astype(np.float32)
    return moved / np.linalg.norm(moved)


def test_before_the_first_there_is_no_crowd_and_no_room_taken() -> None:
    found = Unseen()
    assert found.crowd(KIND, 0.1) == 0
    found.fetched(KIND, 0.1)
    assert len(found) == 0
    assert found._vectors is None


def test_those_that_are_nearer_than_the_neighbour_are_counted() -> None:
    found = Unseen()
    for seed in range(5):
        found.add(beside(KIND, seed))
    found.add(OTHER)
    assert found.crowd(KIND, 0.5) == 5
    assert found.crowd(OTHER, 0.5) == 1
    assert found.crowd(KIND, 0.99) == 0  # what is stored is as near


def test_a_fetch_dissolves_its_crowd_and_no_other() -> None:
    found = Unseen()
    for seed in range(5):
        found.add(beside(KIND, seed))
        found.add(beside(OTHER, seed))
    found.fetched(KIND, 0.5)
    assert found.crowd(KIND, 0.5) == 0
    assert found.crowd(OTHER, 0.5) == 5


def test_the_oldest_go_first() -> None:
    found = Unseen()
    found.add(KIND)
    for _ in range(KEPT):
        found.add(OTHER)
    assert len(found) == KEPT
    assert found.crowd(KIND, 0.5) == 0
    assert found.crowd(OTHER, 0.5) == KEPT


def test_an_unusable_vector_is_no_crowd() -> None:
    found = Unseen()
    found.add(np.full(8, np.nan, dtype=np.float32))
    found.add(KIND)
    assert found.crowd(KIND, 0.5) == 1
    assert found.crowd(np.full(8, np.nan, dtype=np.float32), 0.5) == 0
