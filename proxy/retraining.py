"""The command `cache train`: an operator's own labels move what the semantic cache starts from."""

import argparse
import hashlib
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.proxy.config import Config, ConfigError
from halfpenny.proxy.evaluating import Fail, Parts, PrintJson, load_parts, print_table, say
from halfpenny.semantic_cache.decision.calibrator import Prior
from halfpenny.semantic_cache.decision.evidence import FEATURES
from halfpenny.semantic_cache.decision.model import BUNDLED, Model, save_model
from halfpenny.semantic_cache.decision.tensors import ModelFileError, Tensors, read_tensors
from halfpenny.semantic_cache.decision.verifier import Verifier
from halfpenny.semantic_cache.embedders.errors import EmbedderError
from halfpenny.semantic_cache.evaluation.rows import Pair, RowsError, read_pairs, read_rows
from halfpenny.semantic_cache.evaluation.streams import Stream, load_stream
from halfpenny.semantic_cache.training.refit import (
    HELD_OUT,
    Labels,
    Refit,
    TooFewLabelsError,
    labels_of_pairs,
    labels_of_stream,
    refit,
)

DEFAULT_OUT = Path("halfpenny-decision.safetensors")
_VERIFIER = "verifier."


class TrainingUnavailableError(RuntimeError):
    """This installation cannot train what was asked for; `str()` says what is missing."""


class _First(msgspec.Struct, frozen=True):
    cls: Any = msgspec.UNSET


def train_command(options: argparse.Namespace, config: Config, print_json: PrintJson, fail: Fail) -> int:
    """0: the model is written; 1: it would be worse on the held-out labels, or cannot be trained here; nothing is
    written then. Raises ConfigError for files and options that cannot be used."""
    if options.labels is None:
        raise ConfigError("cache train: name the labels (--labels FILE): pairs {a, b, y} or a stream {id, text, cls}")
    out = options.out or DEFAULT_OUT
    if not out.parent.is_dir():
        raise ConfigError(f"--out: there is no folder {out.parent}")
    if out.resolve() == BUNDLED.resolve():
        raise ConfigError("--out: the bundled model is not overwritten")
    try:
        return _train(options, config, out, print_json, fail)
    except (RowsError, ModelFileError) as error:
        raise ConfigError(str(error)) from error
    except TooFewLabelsError as error:
        raise ConfigError(f"{options.labels}: {error}") from error
    except (EmbedderError, TrainingUnavailableError, OSError) as error:
        return fail(options, str(error))


def _train(options: argparse.Namespace, config: Config, out: Path, print_json: PrintJson, fail: Fail) -> int:
    is_stream = read_rows(options.labels, _First, 1)[0].cls is not msgspec.UNSET
    pairs = [] if is_stream else read_pairs(options.labels)
    if options.verifier and is_stream:
        raise ConfigError("--verifier: learns from pairs {a, b, y}, not from a stream")
    train = _verifier_training() if options.verifier else None
    parts = load_parts(config, options.base)
    tensors = _tensors_of(options.base)
    before = parts.model.prior
    labels, held_out = _of_stream(parts, options.labels) if is_stream else _of_pairs(parts, pairs)
    found = refit(before, labels, held_out)
    if train is not None:
        say("training the verifier: some minutes")
        weights = train(parts.embedder, [pair for pair, out in zip(pairs, held_out, strict=True) if not out])
        parts, tensors = _with_verifier(parts, tensors, weights, options.labels)
        anew = refit(before, _of_pairs(parts, pairs)[0], held_out)
        # before: the old verifier with the old prior
        found = msgspec.structs.replace(anew, before=found.before)
    document = _document(found, parts.model, is_stream=is_stream, verifier=train is not None)
    if found.after > found.before:
        message = f"the held-out log-loss rose from {found.before:.4f} to {found.after:.4f}: nothing is written"
        return fail(options, message)
    digest = save_model(out, tensors, found.prior, name=parts.model.name, embedder=parts.model.embedder)
    if options.json:
        print_json({**document, "out": str(out), "sha256": digest})
        return 0
    print(
        f"{options.labels}: {found.labels} labels, {found.held_out} of them held out; "
        f"log-loss {found.before:.4f} -> {found.after:.4f} nats"
    )
    _print_changes(before, found.prior)
    print(f"written: {out} (SHA-256 {digest})")
    return 0


def _of_pairs(parts: Parts, pairs: Sequence[Pair]) -> tuple[Labels, NDArray[np.bool_]]:
    """Held out are the pairs of a fifth of the texts `a`, so that no such text is on both sides."""
    prompts = parts.prompts(text for pair in pairs for text in (pair.a, pair.b))
    labels = labels_of_pairs(parts.model, [(prompts.of(pair.a), prompts.of(pair.b), pair.y) for pair in pairs])
    share = [hashlib.sha256(pair.a.encode()).digest()[0] / 256 for pair in pairs]
    return labels, np.array(share) < HELD_OUT


def _of_stream(parts: Parts, file: Path) -> tuple[Labels, NDArray[np.bool_]]:
    """Held out is the last fifth: what is learnt must hold for what comes later."""
    texts, classes = load_stream(file)
    prompts = parts.prompts(texts)
    say(f"comparing {len(texts)} rows")
    stream = Stream(texts, classes, prompts.vectors_of(texts))
    labels = labels_of_stream(parts.model, stream, prompts.rows(texts))
    count = len(labels.right)
    return labels, np.arange(count) >= round((1 - HELD_OUT) * count)


def _tensors_of(base: Path | None) -> Tensors:
    """All but the prior, as they are in the file (which `load_model` has checked against its digest)."""
    tensors, _ = read_tensors(BUNDLED if base is None else base)
    return {name: value for name, value in tensors.items() if not name.startswith("prior.")}


def _verifier_training() -> Any:
    """`training.operators.retrained_verifier`, which needs torch. Raises TrainingUnavailableError."""
    try:
        return import_module("halfpenny.semantic_cache.training.operators").retrained_verifier
    except ImportError as error:
        raise TrainingUnavailableError(
            f"--verifier: cannot be trained here ({error}): pip install 'halfpenny[models]'"
        ) from error


def _with_verifier(parts: Parts, tensors: Tensors, weights: Tensors, labels: Path) -> tuple[Parts, Tensors]:
    """The model with these weights of the verifier, under a new name: what was kept of prompts under the old one does
    not fit them. (With the old verifier the name stays, and what is kept goes on to be used.)"""
    name = f"{parts.model.name}+{hashlib.sha256(labels.read_bytes()).hexdigest()[:8]}"
    model = msgspec.structs.replace(parts.model, name=name, verifier=Verifier(weights, name=name))
    rest = {key: value for key, value in tensors.items() if not key.startswith(_VERIFIER)}
    return Parts(model, parts.embedder), {**rest, **{_VERIFIER + key: value for key, value in weights.items()}}


def _document(found: Refit, model: Model, *, is_stream: bool, verifier: bool) -> dict[str, Any]:
    return {
        "rows": "stream" if is_stream else "pairs",
        "trained": ["verifier", "prior"] if verifier else ["prior"],
        "model": model.name,
        "labels": found.labels,
        "held_out": found.held_out,
        "log_loss_before": found.before,
        "log_loss_after": found.after,
        "features": list(FEATURES),
        "mean_before": model.prior.mean.tolist(),
        "mean_after": found.prior.mean.tolist(),
    }


def _print_changes(before: Prior, after: Prior) -> None:
    spread_before, spread_after = np.sqrt(np.diag(before.covariance)), np.sqrt(np.diag(after.covariance))
    table = [["evidence", "weight", "was", "spread", "was"]]
    for at, name in enumerate(FEATURES):
        numbers = (after.mean[at], before.mean[at], spread_after[at], spread_before[at])
        table.append([name, *(f"{number:.2f}" for number in numbers)])
    print_table(table)
