"""What a token-level model says of a text: the states of its tokens beside the pooled vector.

An embedder may offer this (`TokenEmbedder`) or not; ask with `isinstance`. The pooled vectors are the ones that
`embed` gives, from the same run of the model, so a caller that wants both pays once.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Embedder, Vector


class Tokens(msgspec.Struct, frozen=True):
    """The t tokens of a text, those that the model adds at both ends ([CLS], [SEP]) included.

    `offsets` are the first character and the one past the last, in the text as it was given; (0, 0) for added tokens.
    A text longer than the model reads is cut: its tokens end early.
    """

    ids: list[int]
    offsets: list[tuple[int, int]]


class TokenStates(msgspec.Struct, frozen=True, eq=False):
    """`pooled`: shape (dimensions,), float32, length 1. `states`: the last hidden states, shape (t, dimensions),
    float32, not scaled. `ids` and `offsets`: as in `Tokens`, t of each.
    """

    pooled: Vector
    states: NDArray[np.float32]
    ids: list[int]
    offsets: list[tuple[int, int]]


@runtime_checkable
class TokenEmbedder(Embedder, Protocol):
    """An embedder that shows its tokens. Called from one worker thread, as `Embedder` is; `tokenize` from any."""

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenStates]:
        """One for each text, in their order."""
        ...

    def tokenize(self, text: str) -> Tokens:
        """Without running the model: about 0.03 ms for a short text."""
        ...
