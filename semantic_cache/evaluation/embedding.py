"""The prompts of an evaluation: every text embedded once, kept small, and made into a `Prompt` when it is asked for.

Of 100,000 short prompts the vectors take 150 MB and the projected states in half precision as much; whole `Prompt`
objects would take three times that, so only those used last are held.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Embedder, Vector
from halfpenny.semantic_cache.decision.prompts import MAX_TOKENS, Prompt, make_prompt
from halfpenny.semantic_cache.decision.verifier import Verifier
from halfpenny.semantic_cache.embedders.tokens import TokenEmbedder
from halfpenny.semantic_cache.evaluation.vectors import unit_vectors

CHUNK = 256
HELD_PROMPTS = 20_000

Progress = Callable[[int, int], None]
"""Called with how many texts are done, and of how many."""

_Small = tuple[NDArray[np.float16], NDArray[np.int32], NDArray[np.int32]]


class KeptPrompts:
    """The prompts of `texts`, by text. With an embedder that shows no tokens the verifier has no opinion of them.

    `vectors`: shape (distinct texts, dimensions), rows of length 1; a row without a usable vector is all zeros.
    """

    def __init__(
        self, embedder: Embedder, verifier: Verifier, texts: Iterable[str], progress: Progress | None = None
    ) -> None:
        self._numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        self._texts = list(self._numbers)
        self._small: list[_Small | None] = [None] * len(self._texts)
        self._held: OrderedDict[int, Prompt] = OrderedDict()
        self._width = verifier.width
        found = np.zeros((len(self._texts), embedder.dimensions), dtype=np.float32)
        # texts of like length go through the model together: padding is paid in full
        by_length = sorted(range(len(self._texts)), key=lambda at: len(self._texts[at]))
        for start in range(0, len(by_length), CHUNK):
            rows = by_length[start : start + CHUNK]
            chunk = [self._texts[row] for row in rows]
            if isinstance(embedder, TokenEmbedder):
                for row, tokens in zip(rows, embedder.embed_tokens(chunk), strict=True):
                    found[row] = tokens.pooled
                    self._small[row] = (
                        verifier.project(tokens.states[:MAX_TOKENS]).astype(np.float16),
                        # one past the last that is read tells that there was more
                        np.array(tokens.ids[: MAX_TOKENS + 1], dtype=np.int32),
                        np.array(tokens.offsets[: MAX_TOKENS + 1], dtype=np.int32).reshape(-1, 2),
                    )
            else:
                found[rows] = embedder.embed(chunk)
            # chunk by chunk: the arithmetic takes several times the room of the vectors
            found[rows] = unit_vectors(found[rows])[0]
            if progress is not None:
                progress(start + len(rows), len(by_length))
        self.vectors = found

    def __len__(self) -> int:
        return len(self._texts)

    def of(self, text: str) -> Prompt:
        """Raises KeyError for a text that was not given."""
        return self._prompt(self._numbers[text])

    def rows(self, texts: Sequence[str]) -> "PromptRows":
        """The prompts of these texts, in their order."""
        return PromptRows(self._prompt, [self._numbers[text] for text in texts])

    def vectors_of(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), dimensions)."""
        numbers = [self._numbers[text] for text in texts]
        return self.vectors if numbers == list(range(len(self._texts))) else self.vectors[numbers]

    def _prompt(self, number: int) -> Prompt:
        prompt = self._held.get(number)
        if prompt is not None:
            self._held.move_to_end(number)
            return prompt
        small = self._small[number]
        if small is None:
            nothing = np.empty((0, self._width), dtype=np.float32)
            prompt = make_prompt(self._texts[number], self.vectors[number], nothing, (), ())
        else:
            states, ids, offsets = small
            prompt = make_prompt(self._texts[number], self.vectors[number], states.astype(np.float32), ids, offsets)
        self._held[number] = prompt
        if len(self._held) > HELD_PROMPTS:
            self._held.popitem(last=False)
        return prompt


class PromptRows(Sequence[Prompt]):
    """Prompts by row number, made when they are asked for."""

    def __init__(self, make: Callable[[int], Prompt], numbers: Sequence[int]) -> None:
        self._make = make
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> Prompt: ...
    @overload
    def __getitem__(self, at: slice) -> "PromptRows": ...
    def __getitem__(self, at: int | slice) -> "Prompt | PromptRows":
        if isinstance(at, slice):
            return PromptRows(self._make, self._numbers[at])
        return self._make(self._numbers[at])

    def __iter__(self) -> Iterator[Prompt]:
        return map(self._make, self._numbers)
