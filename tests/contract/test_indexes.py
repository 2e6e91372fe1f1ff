"""Every registered index keeps `base.Index`; the brute-force one says what is right."""

import numpy as np
import pytest

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.indexes import INDEXES, load_index

DIMENSIONS = 32
# Eight bits per dimension move a cosine by less than this: at so few dimensions one counts for much.
TOLERANCE = 6e-3


def unit_vectors(count: int, seed: int) -> Vector:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def numbers(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@pytest.fixture(params=sorted(INDEXES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_empty(name: str) -> None:
    index = load_index(name, DIMENSIONS)
    assert len(index) == 0
    assert index.search(unit_vectors(1, 0)[0], 3) == []
    index.remove(numbers(1, 2))
    assert len(index) == 0


def test_finds_what_was_added_under_its_id_up_to_63_bits(name: str) -> None:
    index = load_index(name, DIMENSIONS)
    vectors = unit_vectors(3, 1)
    index.add(numbers(7, 2**62, 2**63 - 1), vectors)
    for number, vector in zip((7, 2**62, 2**63 - 1), vectors, strict=True):
        (found, cosine), *_ = index.search(vector, 1)
        assert found == number
        assert cosine == pytest.approx(1.0, abs=TOLERANCE)


def test_k_bounds_the_answer_and_the_best_come_first(name: str) -> None:
    index = load_index(name, DIMENSIONS)
    index.add(numbers(*range(10)), unit_vectors(10, 2))
    cosines = [cosine for _, cosine in index.search(unit_vectors(1, 3)[0], 4)]
    assert len(cosines) == 4
    assert cosines == sorted(cosines, reverse=True)
    assert len(index.search(unit_vectors(1, 3)[0], 99)) == 10
    assert index.search(unit_vectors(1, 3)[0], 0) == []


def test_removed_ids_are_never_found_again(name: str) -> None:
    index = load_index(name, DIMENSIONS)
    vectors = unit_vectors(5, 4)
    index.add(numbers(10, 11, 12, 13, 14), vectors)
    index.remove(numbers(11, 13, 99))
    assert len(index) == 3
    assert {found for found, _ in index.search(vectors[1], 5)} == {10, 12, 14}


def test_an_id_added_again_replaces_its_vector(name: str) -> None:
    index = load_index(name, DIMENSIONS)
    old, new = unit_vectors(2, 5)
    index.add(numbers(1), old[None, :])
    index.add(numbers(1), new[None, :])
    assert len(index) == 1
    assert index.search(new, 1)[0][1] == pytest.approx(1.0, abs=TOLERANCE)


def test_agrees_with_brute_force_under_random_use(name: str) -> None:
    random = np.random.default_rng(6)
    index, oracle = load_index(name, DIMENSIONS), load_index("brute_force", DIMENSIONS)
    pool = unit_vectors(400, 7)
    for _ in range(60):
        ids = random.choice(400, size=random.integers(1, 8), replace=False).astype(np.int64)
        for each in (index, oracle):
            if random_is_even(ids):
                each.add(ids, pool[ids])
            else:
                each.remove(ids)
        assert len(index) == len(oracle)
        query = pool[random.integers(400)]
        mine, right = index.search(query, 5), oracle.search(query, 5)
        assert [cosine for _, cosine in mine] == pytest.approx([c for _, c in right], abs=TOLERANCE)


def random_is_even(ids: np.ndarray) -> bool:
    """Decides add or remove from the ids alone, so that both indexes do the same; two adds for one removal."""
    return int(ids.sum()) % 3 != 0


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(ValueError, match="brute_force"):
        load_index("hnsw", DIMENSIONS)
