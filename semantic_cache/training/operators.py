"""The pair verifier, trained on an operator's pairs beside the generated ones. Needs the extra `models` (torch).

A few hundred pairs of one kind of traffic cannot teach a verifier to read; so it is trained anew on generated prompts,
as `build.py` does it, with the operator's pairs among them often enough to be a fifth of what it sees.
"""

from collections.abc import Sequence

import numpy as np

from halfpenny.semantic_cache.decision.prompts import Prompt, make_prompt
from halfpenny.semantic_cache.decision.tensors import Tensors
from halfpenny.semantic_cache.embedders.tokens import TokenEmbedder
from halfpenny.semantic_cache.evaluation.rows import Pair, class_codes
from halfpenny.semantic_cache.training import verifier
from halfpenny.semantic_cache.training.generators import stream

GENERATED = 16_000
"""Prompts. Embedding them takes about a minute of CPU, the training several."""
OWN_SHARE = 0.2
MOST_REPEATS = 10
_CHUNK = 256


def retrained_verifier(
    embedder: TokenEmbedder, pairs: Sequence[Pair], *, generated: int = GENERATED, seed: int = 11
) -> Tensors:
    """Weights for `Verifier`. The same pairs and seed give the same weights on the same machine."""
    made = stream(seed, generated, language="both")
    prompts = raw_prompts(embedder, [one.text for one in made])
    vectors = np.stack([prompt.vector for prompt in prompts])
    rng = np.random.default_rng(seed)
    strict = class_codes([f"{one.language}|{one.cls}" for one in made])
    coarse = class_codes([f"{one.language}|{one.family}" for one in made])
    taught = verifier.mine(vectors, strict, rng, output=verifier.STRICT)
    taught += verifier.mine(vectors, coarse, rng, output=verifier.COARSE, anchors=generated // 4)
    numbers = {text: len(prompts) + at for at, text in enumerate(dict.fromkeys(t for p in pairs for t in (p.a, p.b)))}
    prompts += raw_prompts(embedder, list(numbers))
    own = [verifier.Pair(numbers[pair.a], numbers[pair.b], pair.y == 1, verifier.STRICT) for pair in pairs]
    wanted = round(len(taught) * OWN_SHARE / (1 - OWN_SHARE))
    repeats = min(MOST_REPEATS, max(1, wanted // max(len(own), 1)))
    return verifier.train(prompts, [*taught, *own * repeats], seed=seed)


def raw_prompts(embedder: TokenEmbedder, texts: Sequence[str]) -> list[Prompt]:
    """Prompts with the embedder's own token states, as the training wants them: 18 KB for one of twelve tokens."""
    prompts: list[Prompt] = []
    for begin in range(0, len(texts), _CHUNK):
        chunk = texts[begin : begin + _CHUNK]
        prompts += [
            make_prompt(text, found.pooled, found.states, found.ids, found.offsets)
            for text, found in zip(chunk, embedder.embed_tokens(chunk), strict=True)
        ]
    return prompts
