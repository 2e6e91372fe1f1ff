"""Texts as the training of the verifier reads them."""

import logging
from collections.abc import Sequence

from halfpenny.semantic_cache.decision.prompts import Prompt, make_prompt
from halfpenny.semantic_cache.embedders.tokens import TokenEmbedder

_log = logging.getLogger(__name__)

_CHUNK = 256


def raw_prompts(embedder: TokenEmbedder, texts: Sequence[str]) -> list[Prompt]:
    """Prompts with the embedder's own token states, as the training wants them: 18 KB for one of twelve tokens."""
    prompts: list[Prompt] = []
    for begin in range(0, len(texts), _CHUNK):
        chunk = texts[begin : begin + _CHUNK]
        prompts += [
            make_prompt(text, found.pooled, found.states, found.ids, found.offsets)
            for text, found in zip(chunk, embedder.embed_tokens(chunk), strict=True)
        ]
        if begin % (16 * _CHUNK) == 0:
            _log.info("embedded %d of %d", len(prompts), len(texts))
    return prompts
