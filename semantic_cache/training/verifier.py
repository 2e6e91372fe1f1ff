"""Training of the pair verifier (`decision/verifier.py`) with torch: needs the extra `models`.

The data are pairs of prompts, each text with the token states that the served embedder gives. Two outputs are trained
together: `strict` on whether two prompts share an answer, `coarse` on whether they ask for the same kind of thing.
"""

import logging
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from halfpenny.semantic_cache.decision.prompts import Prompt
from halfpenny.semantic_cache.decision.tensors import Tensors
from halfpenny.semantic_cache.decision.verifier import FLAGS, HEADS, token_flags

_log = logging.getLogger(__name__)

STRICT, COARSE = 0, 1
WIDTH = 64
LAYERS = 2
_BATCH = 256
_BUCKETS = 20
_ANCHORS = 5000


class Pair(msgspec.Struct, frozen=True):
    """Numbers of two prompts, whether they are the same for this output, and the output: STRICT or COARSE."""

    one: int
    other: int
    same: bool
    output: int


class Network(nn.Module):
    """What `Verifier` computes with numpy; parameters have the names that it expects."""

    def __init__(self, dimensions: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.ln = nn.LayerNorm(dimensions)
        self.proj = nn.Linear(dimensions, WIDTH)
        self.fl = nn.Linear(FLAGS, WIDTH)
        self.seg = nn.Embedding(2, WIDTH)
        layer = nn.TransformerEncoderLayer(
            WIDTH, HEADS, 2 * WIDTH, dropout, "gelu", batch_first=True, norm_first=True
        )
        self.enc = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(WIDTH)
        self.pv = nn.Linear(dimensions, WIDTH)
        self.out = nn.Sequential(
            nn.Linear(6 * WIDTH + 1, 2 * WIDTH), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * WIDTH, 2)
        )

    def forward(self, batch: "Batch") -> torch.Tensor:
        """Logits, shape (pairs, 2)."""
        hidden = self.proj(self.ln(batch.states)) + self.fl(batch.flags) + self.seg(batch.side)
        hidden = self.norm(self.enc(hidden, src_key_padding_mask=~batch.real))
        first = (batch.real & (batch.side == 0))[..., None]
        second = (batch.real & (batch.side == 1))[..., None]
        left = (hidden * first).sum(1) / first.sum(1)
        right = (hidden * second).sum(1) / second.sum(1)
        top = hidden.masked_fill(~batch.real[..., None], -9).max(1).values
        u = self.pv(batch.vectors)
        cosine = (batch.vectors[:, 0] * batch.vectors[:, 1]).sum(1, keepdim=True)
        joined = torch.cat(
            [(left - right).abs(), left * right, left + right, top, (u[:, 0] - u[:, 1]).abs(), u[:, 0] * u[:, 1],
             10 * (cosine - 0.8)], 1,
        )
        logits: torch.Tensor = self.out(joined)
        return logits


class Batch(msgspec.Struct, frozen=True, eq=False):
    """Padded pairs: `states` (n, t, dimensions), `flags` (n, t, FLAGS), `side` (n, t) of 0 and 1, `real` (n, t),
    `vectors` (n, 2, dimensions)."""

    states: Any
    flags: Any
    side: Any
    real: Any
    vectors: Any


def train(
    prompts: Sequence[Prompt], pairs: Sequence[Pair], *, seed: int = 0, epochs: int = 1, rate: float = 2e-3
) -> Tensors:
    """Weights for `Verifier`, matrices as float16. `prompts` hold the embedder's own token states, not projected ones.

    The same prompts, pairs and seed give the same weights on the same machine and number of threads. Raises ValueError
    for fewer pairs than one batch: nothing would be learnt.
    """
    if len(pairs) < _BATCH:
        raise ValueError(f"at least {_BATCH} pairs are needed to train on, got {len(pairs)}")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network(prompts[0].states.shape[1])
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=0.01)
    steps = epochs * (len(pairs) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.1)
    running = 0.0
    for step, rows in enumerate(_batches(prompts, pairs, rng, epochs)):
        chosen = [pairs[row] if rng.random() < 0.5 else _turned(pairs[row]) for row in rows]
        batch = collate([(prompts[pair.one], prompts[pair.other]) for pair in chosen])
        wanted = torch.tensor([0.99 if pair.same else 0.01 for pair in chosen])
        output = torch.tensor([pair.output for pair in chosen])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(batch)
        loss = nn.functional.binary_cross_entropy_with_logits(logits.float().gather(1, output[:, None])[:, 0], wanted)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if step < steps:
            schedule.step()
        running = loss.item() if not step else 0.98 * running + 0.02 * loss.item()
        if step % 50 == 0:
            _log.info("step %d of %d: loss %.4f", step, steps, running)
    network.eval()
    return {
        name: value.detach().numpy().astype(np.float16 if value.ndim == 2 else np.float32)
        for name, value in network.state_dict().items()
    }


def collate(pairs: Sequence[tuple[Prompt, Prompt]]) -> Batch:
    """Padded to the longest pair."""
    counts = [(len(one.states), len(other.states)) for one, other in pairs]
    longest, dimensions = max(a + b for a, b in counts), pairs[0][0].states.shape[1]
    states = np.zeros((len(pairs), longest, dimensions), dtype=np.float32)
    flags = np.zeros((len(pairs), longest, FLAGS), dtype=np.float32)
    side = np.zeros((len(pairs), longest), dtype=np.int64)
    real = np.zeros((len(pairs), longest), dtype=np.bool_)
    for at, (one, other) in enumerate(pairs):
        a, b = counts[at]
        states[at, :a], states[at, a : a + b] = one.states, other.states
        flags[at, :a], flags[at, a : a + b] = token_flags(one, other), token_flags(other, one)
        side[at, a : a + b] = 1
        real[at, : a + b] = True
    vectors = np.stack([np.stack([one.vector, other.vector]) for one, other in pairs])
    return Batch(*(torch.from_numpy(part) for part in (states, flags, side, real, vectors)))


def lessons(
    vectors: NDArray[np.float32], strict: NDArray[np.int64], coarse: NDArray[np.int64], rng: np.random.Generator
) -> list[Pair]:
    """Pairs for both outputs from prompts of two classes each: the one that decides the answer, and the kind of task.
    `vectors`: shape (n, dimensions), length 1."""
    near = mine(vectors, strict, rng, output=STRICT)
    kinds = [Pair(one.one, one.other, bool(coarse[one.one] == coarse[one.other]), COARSE) for one in near]
    some = rng.permutation(len(kinds))[: len(kinds) // 4]
    return [*near, *(kinds[at] for at in some), *mine(vectors, coarse, rng, output=COARSE, anchors=_ANCHORS)]


def mine(
    vectors: NDArray[np.float32], classes: NDArray[np.int64], rng: np.random.Generator, *, output: int,
    anchors: int | None = None,
) -> list[Pair]:
    """Pairs that teach: for each prompt its two nearest of the same class and one more of it, its two nearest of other
    classes and two more near ones. `vectors`: shape (n, dimensions), length 1."""
    rows = np.arange(len(classes))
    if anchors is not None and anchors < len(rows):
        rows = rng.choice(rows, anchors, replace=False)
    members: dict[int, NDArray[np.int64]] = {
        int(one): np.flatnonzero(classes == one) for one in np.unique(classes[rows])
    }
    found: list[Pair] = []
    for begin in range(0, len(rows), 512):
        block = rows[begin : begin + 512]
        cosines = vectors[block] @ vectors.T
        cosines[np.arange(len(block)), block] = -2
        near = np.argpartition(-cosines, min(60, len(classes) - 1), axis=1)[:, :60]
        for at, row in enumerate(block.tolist()):
            nearest = near[at][np.argsort(-cosines[at, near[at]])]
            same = nearest[classes[nearest] == classes[row]]
            different = nearest[classes[nearest] != classes[row]]
            others = members[int(classes[row])]
            picked = [*same[:2].tolist(), *([int(rng.choice(others))] if len(others) > 1 else [])]
            far = different[2:12]
            apart = [*different[:2].tolist(), *rng.choice(far, min(2, len(far)), replace=False).tolist()]
            found += [Pair(row, one, True, output) for one in picked if one != row]
            found += [Pair(row, one, False, output) for one in apart]
    return found


def _batches(
    prompts: Sequence[Prompt], pairs: Sequence[Pair], rng: np.random.Generator, epochs: int
) -> Any:
    """Row numbers batch by batch, pairs of like length together."""
    lengths = np.array([len(prompts[pair.one].states) + len(prompts[pair.other].states) for pair in pairs])
    for _ in range(epochs):
        order = rng.permutation(len(pairs))
        for begin in range(0, len(order) - _BATCH + 1, _BATCH * _BUCKETS):
            bucket = order[begin : begin + _BATCH * _BUCKETS]
            bucket = bucket[np.argsort(lengths[bucket], kind="stable")]
            starts = np.arange(0, len(bucket) - _BATCH + 1, _BATCH)
            for start in rng.permutation(starts):
                yield bucket[start : start + _BATCH]


def _turned(pair: Pair) -> Pair:
    return Pair(pair.other, pair.one, pair.same, pair.output)
