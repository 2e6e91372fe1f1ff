"""What ships, or what an operator trained: verifier, prior of the calibrator and shipped metric, in one file.

A safetensors file with the metadata `name`, `embedder` (of which it reads token states and vectors) and `features` (the
calibrator's inputs in their order). The bundled file is checked by its SHA-256; an operator's own has a digest beside
it (`<file>.sha256`), written by the training.
"""

from pathlib import Path

import msgspec
import numpy as np

from halfpenny.semantic_cache.decision.calibrator import Prior
from halfpenny.semantic_cache.decision.classifier import Metric
from halfpenny.semantic_cache.decision.engine import REASKED, Namespace
from halfpenny.semantic_cache.decision.evidence import FEATURES
from halfpenny.semantic_cache.decision.tensors import ModelFileError, Tensors, read_tensors, write_tensors
from halfpenny.semantic_cache.decision.verifier import Verifier

BUNDLED = Path(__file__).parent / "data" / "decision.safetensors"
BUNDLED_SHA256 = "20b5cfa8952d573c120434d44b723f24555d6e5ef37e265b23e71e3d7afef857"

_VERIFIER = "verifier."


class Model(msgspec.Struct, frozen=True, eq=False):
    """`embedder`: the name of the embedder that it was trained on; vectors of another mean nothing to it."""

    name: str
    embedder: str
    verifier: Verifier
    prior: Prior
    inverse: np.ndarray
    centre: np.ndarray

    def namespace(self, bound: float, *, reasked: float = REASKED) -> Namespace:
        """A namespace that has seen nothing. `bound`: promised share of wrong hits per request, 0..1."""
        return Namespace(self.prior, Metric(self.inverse, self.centre), bound, reasked=reasked)


def load_model(path: Path | None = None) -> Model:
    """The bundled model, or the operator's at `path`. Raises ModelFileError."""
    if path is None:
        return _model(*read_tensors(BUNDLED, sha256=BUNDLED_SHA256))
    digest = path.with_name(path.name + ".sha256")
    try:
        expected = digest.read_text(encoding="ascii").split()[0]
    except (OSError, ValueError, IndexError) as error:
        raise ModelFileError(f"cannot read the digest {digest} of the model: {error}") from error
    return _model(*read_tensors(path, sha256=expected))


def save_model(path: Path, model_tensors: Tensors, prior: Prior, *, name: str, embedder: str) -> str:
    """Write a model and its digest; the SHA-256. `model_tensors`: the verifier's weights under `verifier.`, and
    `metric.inverse`, `metric.centre`."""
    tensors = {
        **model_tensors,
        "prior.mean": prior.mean.astype(np.float32),
        "prior.covariance": prior.covariance.astype(np.float32),
    }
    metadata = {"name": name, "embedder": embedder, "features": " ".join(FEATURES)}
    digest = write_tensors(path, tensors, metadata)
    path.with_name(path.name + ".sha256").write_text(f"{digest}  {path.name}\n", encoding="ascii")
    return digest


def _model(tensors: Tensors, metadata: dict[str, str]) -> Model:
    if metadata.get("features") != " ".join(FEATURES):
        raise ModelFileError("the model was trained for other features than this version computes: train it again")
    try:
        mean = tensors["prior.mean"].astype(np.float64)
        covariance = tensors["prior.covariance"].astype(np.float64)
        inverse = tensors["metric.inverse"].astype(np.float32)
        centre = tensors["metric.centre"].astype(np.float32)
    except KeyError as error:
        raise ModelFileError(f"the model lacks {error}") from error
    if mean.shape != (len(FEATURES),) or covariance.shape != (len(FEATURES),) * 2 or inverse.shape != centre.shape * 2:
        raise ModelFileError("the model's parts do not fit together")
    if float(np.linalg.eigvalsh(covariance).min()) <= 0:
        raise ModelFileError("the model's prior has a covariance that is not positive definite")
    name = metadata.get("name", "")
    weights = {key.removeprefix(_VERIFIER): value for key, value in tensors.items() if key.startswith(_VERIFIER)}
    verifier = Verifier(weights, name=name)
    if centre.shape != (verifier.dimensions,):
        raise ModelFileError("the model's verifier and metric are for vectors of different length")
    return Model(name, metadata.get("embedder", ""), verifier, Prior(mean, covariance), inverse, centre)
