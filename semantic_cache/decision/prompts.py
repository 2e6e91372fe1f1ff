"""A prompt as the pair verifier sees it: its vector, the states of its tokens, and which words they belong to."""

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.embedders.tokens import TokenStates

MAX_TOKENS = 48
"""Tokens that the verifier reads. Words past them must be equal (`tails_agree`)."""

_WORD = re.compile(r"\w[\w\u0300-\u036f]*")
"""With the combining marks of decomposed text (NFD): without them "bán" and "bắn" would both be pieces "ba", "n"."""

_MAX_SCALE = 1e6
"""States are about 1 in size; larger ones are damage, and their squares would overflow."""


class Word(msgspec.Struct, frozen=True):
    """`plain`: lower case; `bare`: without diacritics as well."""

    plain: str
    bare: str
    capital: bool
    digit: bool


class Prompt(msgspec.Struct, frozen=True, eq=False):
    """`vector`: shape (dimensions,), length 1. `states`: shape (t, width), float32, projected by the verifier. `words`:
    for each of the t tokens the number of its word in `spoken`, -1 for none. `tail`: the words past the last token.
    `said`: the states of the tokens that belong to words, shape (w, width), each of length 1. `foreign`: the share of
    the words, 0..1, that are written with letters beyond ASCII.
    """

    text: str
    vector: Vector
    states: NDArray[np.float32]
    ids: tuple[int, ...]
    words: tuple[int, ...]
    spoken: tuple[Word, ...]
    tail: tuple[str, ...]
    plain: frozenset[str]
    bare: frozenset[str]
    said: NDArray[np.float32]
    foreign: float


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """What of a prompt is kept in the store beside its text and vector."""

    scale: float
    states: bytes
    width: int
    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]


def make_prompt(text: str, vector: Vector, states: NDArray[np.float32], ids: Any, offsets: Any) -> Prompt:
    """`states` already projected, shape (t, width); `ids` and `offsets` of the same t tokens."""
    count = min(len(ids), MAX_TOKENS)
    spoken: list[Word] = []
    spans: list[tuple[int, int]] = []
    for match in _WORD.finditer(text):
        spans.append(match.span())
        plain = unicodedata.normalize("NFC", match.group()).lower()
        spoken.append(Word(plain, bare(plain), match.group()[0].isupper(), any(c.isdigit() for c in plain)))
    words: list[int] = []
    at = 0
    for begin, end in offsets[:count]:
        while at < len(spans) and spans[at][1] <= begin:
            at += 1
        inside = end > begin and at < len(spans) and spans[at][0] <= begin
        words.append(at if inside else -1)
    # what the tokenizer cut, or the verifier does not read
    cut_at = max((word for word in words), default=-1) + 1
    tail = tuple(word.plain for word in spoken[cut_at:]) if len(ids) >= MAX_TOKENS else ()
    return Prompt(
        text=text,
        vector=vector,
        states=np.asarray(states[:count], dtype=np.float32),
        ids=tuple(int(one) for one in ids[:count]),
        words=tuple(words),
        spoken=tuple(spoken),
        tail=tail,
        plain=frozenset(word.plain for word in spoken),
        bare=frozenset(word.bare for word in spoken),
        said=_said(states, words),
        foreign=sum(not word.plain.isascii() for word in spoken) / len(spoken) if spoken else 0.0,
    )


def with_states(prompt: Prompt, states: NDArray[np.float32]) -> Prompt:
    """The same prompt with other token states, shape (t, width)."""
    return msgspec.structs.replace(prompt, states=states, said=_said(states, prompt.words))


def alike(one: Prompt, other: Prompt) -> float:
    """How near the word that fits least comes to any word of the other prompt: a cosine, -1..1; 0 without words."""
    if not len(one.said) or not len(other.said):
        return 0.0
    cosines = one.said @ other.said.T
    return float(min(cosines.max(axis=1).min(), cosines.max(axis=0).min()))


def pack(tokens: TokenStates, projected: NDArray[np.float32]) -> bytes:
    """States and tokens in about 70 bytes a token: 8 bits for each state. Raises ValueError if they are not finite."""
    count = min(len(tokens.ids), MAX_TOKENS)
    states = projected[:count]
    scale = float(np.abs(states).max(initial=1e-6)) / 127.0
    if not math.isfinite(scale):
        raise ValueError("the states of the tokens are not finite")
    small = np.clip(np.rint(states / scale), -127, 127).astype(np.int8)
    width = states.shape[1] if states.ndim == 2 else 0
    # one token past the last that is read tells that there was more
    ids = tuple(tokens.ids[: MAX_TOKENS + 1])
    return msgspec.msgpack.encode(_Kept(scale, small.tobytes(), width, ids, tuple(tokens.offsets[: len(ids)])))


def unpack(text: str, vector: Vector, kept: bytes) -> Prompt:
    """The prompt from what `pack` kept. Raises ValueError for anything else."""
    try:
        found = msgspec.msgpack.decode(kept, type=_Kept)
        small = np.frombuffer(found.states, dtype=np.int8).reshape(-1, max(found.width, 1))
    except (msgspec.DecodeError, ValueError) as error:
        raise ValueError(f"not a kept prompt: {error}") from error
    if not 0 < found.scale < _MAX_SCALE:  # nor NaN
        raise ValueError("not a kept prompt: its scale is out of range")
    if len(small) != min(len(found.ids), MAX_TOKENS) or len(found.offsets) != len(found.ids):
        raise ValueError("not a kept prompt: its parts differ in length")
    return make_prompt(text, vector, small.astype(np.float32) * np.float32(found.scale), found.ids, found.offsets)


def bare(word: str) -> str:
    """Without diacritics: what an uncased English tokenizer makes of it."""
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFD", word)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("đ", "d")


def _said(states: NDArray[np.float32], words: Sequence[int]) -> NDArray[np.float32]:
    spoken = np.asarray(states, dtype=np.float32)[[at for at, word in enumerate(words[: len(states)]) if word >= 0]]
    lengths = np.sqrt(np.vecdot(spoken, spoken))[:, None]
    return np.asarray(spoken / np.maximum(lengths, np.float32(1e-9)))


def tails_agree(one: Prompt, other: Prompt) -> bool:
    """Whether the two say the same where the verifier does not look."""
    return one.tail == other.tail
