"""Vectors for an evaluation: each text embedded once, kept, and never trusted blindly."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.evaluation.nearest import StoredPrompts, arriving_cosines
from halfpenny.semantic_cache.evaluation.vectors import embed_texts, unit_vectors


class Counting:
    """One vector per text, from its length; remembers what it was asked."""

    dimensions = 2

    def __init__(self, name: str = "counting") -> None:
        self.name = name
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vector:
        self.asked += texts
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)


def test_equal_texts_are_embedded_once_and_in_place() -> None:
    embedder = Counting()
    found = embed_texts(embedder, ["aa", "", "aa", "b"])
    assert embedder.asked == ["aa", "", "b"]
    assert found[:, 0].tolist() == [2, 0, 2, 1]
    assert embed_texts(embedder, []).shape == (0, 2)


def test_kept_vectors_are_used_for_the_same_texts_and_embedder_only(tmp_path: Path) -> None:
    texts = ["a", "bb"]
    first = embed_texts(Counting(), texts, tmp_path / "kept")
    again = Counting()
    assert np.array_equal(embed_texts(again, texts, tmp_path / "kept"), first)
    assert again.asked == []
    for embedder, other in ((Counting("another"), texts), (Counting(), ["ab", "b"]), (Counting(), ["bb", "a"])):
        embed_texts(embedder, other, tmp_path / "kept")
        assert embedder.asked == other


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00v\x00{'descr': '|O', "])
def test_a_damaged_file_is_made_anew(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    first = embed_texts(Counting(), ["a"], tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(content)
    embedder = Counting()
    assert np.array_equal(embed_texts(embedder, ["a"], tmp_path), first)
    assert embedder.asked == ["a"]
    assert "made anew" in caplog.text
    assert np.array_equal(np.load(kept), first), "the damaged file was replaced"


def test_a_file_of_another_shape_is_made_anew(tmp_path: Path) -> None:
    embed_texts(Counting(), ["a"], tmp_path)
    (kept,) = tmp_path.iterdir()
    np.save(kept, np.zeros((3, 2), dtype=np.float32))
    assert embed_texts(Counting(), ["a"], tmp_path).tolist() == [[1, 1]]


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    assert embed_texts(Counting(), ["a"], tmp_path / "file").shape == (1, 2)
    assert "not kept" in caplog.text


def test_unit_vectors_name_the_rows_that_cannot_be_used() -> None:
    raw = np.array([[3, 4], [np.nan, 1], [0, 0], [np.inf, 0], [1e30, 1e30], [1e-30, 0]], dtype=np.float32)
    scaled, usable = unit_vectors(raw)
    assert usable.tolist() == [True, False, False, False, True, True]
    assert np.allclose(np.linalg.norm(scaled, axis=1), usable)
    assert scaled[0].tolist() == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize("rows", [1, 5, 700])
def test_arriving_cosines_are_those_to_all_that_came_before(rows: int) -> None:
    vectors, _ = unit_vectors(np.random.default_rng(0).normal(size=(rows, 8)).astype(np.float32))
    order = np.random.default_rng(1).permutation(rows)
    found = list(arriving_cosines(vectors, order))
    assert [len(row) for row in found] == list(range(rows))
    for at in {rows - 1, rows // 2, min(256, rows - 1)}:
        expected = vectors[order[:at]] @ vectors[order[at]]
        assert np.allclose(found[at], expected, atol=1e-6)


def test_the_nearest_stored_prompt_is_the_one_a_plain_search_finds() -> None:
    """Over several blocks, with new prompts stored inside a block and nothing stored at first."""
    rng = np.random.default_rng(4)
    vectors, _ = unit_vectors(rng.normal(size=(900, 6)).astype(np.float32))
    order = rng.permutation(900)
    prompts = StoredPrompts(vectors, order)
    stored: list[int] = []
    for at in range(900):
        place, cosine = prompts.nearest(at)
        if stored:
            cosines = vectors[order[stored]] @ vectors[order[at]]
            assert place == stored[int(cosines.argmax())]
            assert cosine == pytest.approx(float(cosines.max()), abs=1e-6)
        else:
            assert (place, cosine) == (-1, -2.0)
        if rng.random() < 0.4:
            prompts.store(at)
            stored.append(at)
    assert len(stored) > 300
