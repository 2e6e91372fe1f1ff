"""semantic_cache/decision/prompts.py: tokens find their words, and what is kept comes back."""

import unicodedata

import msgspec
import numpy as np
import pytest

from halfpenny.semantic_cache.decision.prompts import (
    MAX_TOKENS,
    Prompt,
    alike,
    bare,
    make_prompt,
    pack,
    tails_agree,
    unpack,
    with_states,
)
from halfpenny.semantic_cache.embedders.onnx import load_tokenizer
from halfpenny.semantic_cache.embedders.tokens import TokenStates

TEXTS = [
    "What is the capital of France?",
    "Cách bán xe máy cũ ở Hà Nội?",
    "🙂 two 👩‍👩‍👧 hearts ❤️ and 3 cats",
    "法国的首都是哪里？ Какая столица Франции",
    "price: $1,234.56 (±5%) code_x.y()",
    "antidisestablishmentarianism " * 12,
    "???!!!",
    "",
]
TOKENIZER = load_tokenizer()
VECTOR = np.eye(1, 8, dtype=np.float32)[0]


def tokens(text: str, width: int = 6, seed: int = 0) -> TokenStates:
    found = TOKENIZER.encode(text)
    states = np.random.default_rng(seed).normal(size=(len(found.ids), width)).astype(np.float32)
    return TokenStates(VECTOR, states, list(found.ids), [(int(a), int(b)) for a, b in found.offsets])


def prompt_of(text: str) -> Prompt:
    found = tokens(text)
    return make_prompt(text, found.pooled, found.states, found.ids, found.offsets)


@pytest.mark.parametrize("text", [*TEXTS, *(unicodedata.normalize("NFD", text) for text in TEXTS[1:3])])
def test_what_is_packed_comes_back(text: str) -> None:
    made = tokens(text)
    prompt = make_prompt(text, made.pooled, made.states, made.ids, made.offsets)
    back = unpack(text, VECTOR, pack(made, made.states))
    step = np.abs(prompt.states).max() / 127
    assert np.abs(back.states - prompt.states).max() <= step / 2 + 1e-6
    for name in ("text", "ids", "words", "spoken", "tail", "plain", "bare"):
        assert getattr(back, name) == getattr(prompt, name)


def test_a_kept_prompt_is_small() -> None:
    made = tokens("word " * 400, width=64)
    assert len(pack(made, made.states)) < 75 * (MAX_TOKENS + 1)


@pytest.mark.parametrize("text", TEXTS)
def test_every_token_lies_in_its_word(text: str) -> None:
    for form in ("NFC", "NFD"):
        turned = unicodedata.normalize(form, text)
        made, prompt = tokens(turned), prompt_of(turned)
        assert len(prompt.words) == len(prompt.ids) == len(prompt.states) <= MAX_TOKENS
        for number, (begin, end) in zip(prompt.words, made.offsets, strict=False):
            piece = bare(turned[begin:end].lower())
            if number >= 0:
                assert piece in prompt.spoken[number].bare
            else:
                assert not any(c.isalnum() for c in piece)


def test_words_are_the_same_however_the_marks_are_written() -> None:
    text = "Cách bán xe ở Đà Nẵng"
    composed, decomposed = (prompt_of(unicodedata.normalize(form, text)) for form in ("NFC", "NFD"))
    assert [word.plain for word in composed.spoken] == text.lower().split()
    assert decomposed.spoken == composed.spoken
    assert decomposed.words == composed.words


def test_decomposed_words_that_differ_in_a_mark_are_not_the_same() -> None:
    sell, shoot = (prompt_of(unicodedata.normalize("NFD", text)) for text in ("Cách bán xe", "Cách bắn xe"))
    assert sell.plain ^ shoot.plain == {"bán", "bắn"}
    assert sell.bare == shoot.bare


def test_a_word_is_described() -> None:
    spoken = prompt_of("Set Ärger x2 đường").spoken
    assert [word.plain for word in spoken] == ["set", "ärger", "x2", "đường"]
    assert [word.bare for word in spoken] == ["set", "arger", "x2", "duong"]
    assert [word.capital for word in spoken] == [True, True, False, False]
    assert [word.digit for word in spoken] == [False, False, True, False]
    assert bare("plain") == "plain"


def test_the_tail_begins_where_the_verifier_stops() -> None:
    # 48 tokens with the one in front: 47 words are read
    long = [f"w{'abcdefghij'[at % 10]}" for at in range(5)]
    read = "the " * 47
    assert prompt_of(read.strip()).tail == ()
    prompt = prompt_of(read + " ".join(long))
    assert prompt.tail == tuple(long)
    assert tails_agree(prompt, prompt_of(read.upper() + "  " + ", ".join(long) + "!"))
    assert not tails_agree(prompt, prompt_of(read + " ".join([*long[:-1], "other"])))
    assert not tails_agree(prompt, prompt_of(read.strip()))
    assert tails_agree(prompt_of("one thing"), prompt_of("quite another"))  # the verifier reads all of it


def test_words_past_what_the_embedder_reads_are_in_the_tail() -> None:
    one, other = prompt_of("the " * 1000 + "Paris"), prompt_of("the " * 1000 + "Rome")
    assert one.tail[-1] == "paris"
    assert not tails_agree(one, other)


def test_marks_count_in_the_tail() -> None:
    read = "the " * 60
    one, other = (prompt_of(unicodedata.normalize("NFD", read + word)) for word in ("bán", "bắn"))
    assert not tails_agree(one, other)
    assert tails_agree(one, prompt_of(read + "bán"))


def test_without_tokens_there_is_no_opinion_but_there_are_words() -> None:
    prompt = make_prompt("Hello you", VECTOR, np.empty((0, 6), np.float32), [], [])
    assert prompt.states.shape == (0, 6)
    assert prompt.words == ()
    assert prompt.plain == {"hello", "you"}


@pytest.mark.parametrize("kept", [b"", b"\x00", b"\xff" * 40, b"{}", pack(tokens("a b"), tokens("a b").states) + b"x"])
def test_foreign_bytes_are_refused(kept: bytes) -> None:
    with pytest.raises(ValueError, match="not a kept prompt"):
        unpack("a b", VECTOR, kept)


def test_every_truncation_is_refused() -> None:
    made = tokens("What is it?")
    kept = pack(made, made.states)
    for size in range(len(kept)):
        with pytest.raises(ValueError, match="not a kept prompt"):
            unpack("What is it?", VECTOR, kept[:size])


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, float("nan")),
        (0, float("inf")),
        (0, -1.0),
        (0, 0.0),
        (0, 1e300),
        (0, "1"),
        (1, b"abc"),
        (2, 5),
        (2, 0),
        (2, -6),
        (3, []),
        (3, ["a", "b"]),
        (4, []),
        (4, [[0, 1]]),
    ],
)
def test_parts_that_do_not_fit_are_refused(at: int, value: object) -> None:
    made = tokens("a b")
    parts = msgspec.msgpack.decode(pack(made, made.states))
    parts[at] = value
    with pytest.raises(ValueError, match="not a kept prompt"):
        unpack("a b", VECTOR, msgspec.msgpack.encode(parts))


def test_random_damage_never_raises_anything_else() -> None:
    rng = np.random.default_rng(0)
    made = tokens(TEXTS[1])
    kept = pack(made, made.states)
    refused = 0
    for _ in range(500):
        damaged = bytearray(kept)
        damaged[int(rng.integers(len(kept)))] = int(rng.integers(256))
        try:
            assert np.isfinite(unpack(TEXTS[1], VECTOR, bytes(damaged)).states).all()
        except ValueError:
            refused += 1
    assert 0 < refused < 500


def test_states_that_are_not_finite_are_not_kept() -> None:
    made = tokens("a b")
    for value in (np.nan, np.inf):
        states = made.states.copy()
        states[1, 2] = value
        with pytest.raises(ValueError, match="not finite"):
            pack(made, states)


def test_how_alike_two_prompts_are_is_the_cosine_of_the_word_that_fits_least() -> None:
    one, other = prompt_of("Where do I sell my bike?"), prompt_of("Who buys old motorbikes in Hanoi")
    words = [[at for at, word in enumerate(p.words) if word >= 0] for p in (one, other)]
    cosines = np.array([
        [
            float(one.states[a] @ other.states[b] / np.linalg.norm(one.states[a]) / np.linalg.norm(other.states[b]))
            for b in words[1]
        ]
        for a in words[0]
    ])  # fmt: skip
    wanted = min(min(max(row) for row in cosines), min(max(column) for column in cosines.T))
    assert alike(one, other) == pytest.approx(wanted, abs=1e-5)
    assert alike(one, other) == pytest.approx(alike(other, one), abs=1e-6)
    assert alike(one, one) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("text", ["", "???!!!"])
def test_prompts_without_words_are_no_evidence_of_likeness(text: str) -> None:
    assert alike(prompt_of(text), prompt_of("some words")) == 0.0


@pytest.mark.parametrize(
    ("text", "share"),
    [("plain words", 0.0), ("", 0.0), ("€ 5 only", 0.0), ("vé xe", 0.5), ("bán xe ở Huế", 0.75), ("столица Франции", 1.0)],
)
def test_the_share_of_words_in_other_letters(text: str, share: float) -> None:
    assert prompt_of(text).foreign == share


def test_other_states_of_the_same_prompt() -> None:
    prompt = prompt_of("two words")
    turned = with_states(prompt, -prompt.states)
    assert np.array_equal(turned.states, -prompt.states)
    assert np.array_equal(turned.said, -prompt.said)
    assert turned.words == prompt.words
