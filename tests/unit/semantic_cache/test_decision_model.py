"""semantic_cache/decision/model.py: only the model that it should be is loaded."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from halfpenny.semantic_cache.decision.calibrator import Prior
from halfpenny.semantic_cache.decision.evidence import FEATURES
from halfpenny.semantic_cache.decision.model import BUNDLED, BUNDLED_SHA256, load_model, save_model
from halfpenny.semantic_cache.decision.tensors import ModelFileError, Tensors, read_tensors, write_tensors

K = len(FEATURES)
SOUND, METADATA = read_tensors(BUNDLED, sha256=BUNDLED_SHA256)


def written(path: Path, tensors: Tensors, metadata: dict[str, str] | None = None) -> Path:
    """A file with a digest that agrees, whatever is in it."""
    digest = write_tensors(path, tensors, METADATA if metadata is None else metadata)
    path.with_name(path.name + ".sha256").write_text(f"{digest}  {path.name}\n")
    return path


def test_the_bundled_model_is_whole_and_small() -> None:
    model = load_model()
    assert model.embedder == "all-MiniLM-L6-v2"
    assert model.verifier.dimensions == len(model.centre) == 384
    assert np.linalg.eigvalsh(model.inverse.astype(np.float64)).min() > 0
    assert BUNDLED.stat().st_size < 1_000_000


def test_an_operators_model_comes_back(tmp_path: Path) -> None:
    bundled = load_model()
    prior = Prior(np.linspace(-1, 1, K), np.diag(np.linspace(0.5, 2, K)))
    tensors = {name: value for name, value in SOUND.items() if not name.startswith("prior.")}
    path = tmp_path / "own.safetensors"
    digest = save_model(path, tensors, prior, name="own-1", embedder="mine")
    found = load_model(path)
    assert (found.name, found.embedder, found.verifier.name) == ("own-1", "mine", "own-1")
    assert np.allclose(found.prior.mean, prior.mean)
    assert np.allclose(found.prior.covariance, prior.covariance)
    assert np.array_equal(found.inverse, bundled.inverse)
    states = np.random.default_rng(0).normal(size=(3, 384)).astype(np.float32)
    assert np.array_equal(found.verifier.project(states), bundled.verifier.project(states))
    assert (tmp_path / "own.safetensors.sha256").read_text() == f"{digest}  own.safetensors\n"


def test_without_its_digest_or_with_another_it_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "m", SOUND)
    load_model(path)
    digest = tmp_path / "m.sha256"
    for content in (b"", b" \n", b"0" * 64, b"\xff\xfe", BUNDLED_SHA256[:-1].encode()):
        digest.write_bytes(content)
        with pytest.raises(ModelFileError):
            load_model(path)
    digest.unlink()
    with pytest.raises(ModelFileError, match="digest"):
        load_model(path)
    with pytest.raises(ModelFileError):
        load_model(tmp_path / "missing")


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "m", SOUND)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="not the expected model"):
        load_model(path)


@pytest.mark.parametrize("features", [None, "", " ".join(FEATURES[:-1]), " ".join(reversed(FEATURES))])
def test_a_model_for_other_features_is_refused(tmp_path: Path, features: str | None) -> None:
    metadata = {name: value for name, value in METADATA.items() if name != "features"}
    path = written(tmp_path / "m", SOUND, metadata | ({} if features is None else {"features": features}))
    with pytest.raises(ModelFileError, match="other features"):
        load_model(path)


@pytest.mark.parametrize("name", sorted(SOUND))
def test_a_model_that_lacks_a_part_is_refused(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / "m", {key: value for key, value in SOUND.items() if key != name})
    with pytest.raises(ModelFileError, match="lack"):
        load_model(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"prior.mean": np.zeros(K - 1, np.float32)},
        {"prior.covariance": np.eye(K + 1, dtype=np.float32)},
        {"prior.covariance": np.zeros((K, K), np.float32)},
        {"prior.covariance": -np.eye(K, dtype=np.float32)},
        {"metric.centre": np.zeros(383, np.float32)},
        {"metric.inverse": np.eye(383, dtype=np.float32)},
        {"metric.centre": np.zeros(12, np.float32), "metric.inverse": np.eye(12, dtype=np.float32)},
        {"verifier.fl.weight": np.zeros((64, 5), np.float32)},
    ],
)
def test_parts_that_do_not_fit_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(ModelFileError):
        load_model(written(tmp_path / "m", SOUND | changes))


def test_namespaces_share_nothing_that_they_learn() -> None:
    model = load_model()
    before = model.inverse.copy()
    one, other = model.namespace(0.01), model.namespace(0.02)
    vector = np.eye(1, 384, dtype=np.float32)[0]
    one.metric.learn(vector)
    one.calibrator.add(np.ones(K), 0.0)
    one.calibrator.fit()
    assert (one.budget.bound, other.budget.bound) == (0.01, 0.02)
    assert np.array_equal(model.inverse, before)
    assert np.array_equal(other.metric.direction(vector), before @ (vector - model.centre))
    assert np.array_equal(other.calibrator.weights, model.prior.mean)
    assert not np.array_equal(one.calibrator.weights, model.prior.mean)
