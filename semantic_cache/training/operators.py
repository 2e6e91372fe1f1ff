"""The pair verifier, trained on an operator's pairs beside the generated ones. Needs the extra `models` (torch).

A few hundred pairs of one kind of traffic cannot teach a verifier to read; so it is trained anew on generated prompts,
as `build.py` does it, with the operator's pairs among them often enough to be a fifth of what it sees.
"""

from collections.abc import Sequence

import numpy as np

from halfpenny.semantic_cache.decision.tensors import Tensors
from halfpenny.semantic_cache.embedders.tokens import TokenEmbedder
from halfpenny.semantic_cache.evaluation.rows import Pair, class_codes
from halfpenny.semantic_cache.training import verifier
from halfpenny.semantic_cache.training.generators import stream
from halfpenny.semantic_cache.training.reading import raw_prompts

GENERATED = 16_000
"""Prompts. Embedding them takes about a minute of CPU, the training several."""
OWN_SHARE = 0.2
MOST_REPEATS = 10


def retrained_verifier(
    embedder: TokenEmbedder, pairs: Sequence[Pair], *, generated: int = GENERATED, seed: int = 11
) -> Tensors:
    """Weights for `Verifier`. The same pairs and seed give the same weights on the same machine."""
    made = stream(seed, generated, language="both")
    prompts = raw_prompts(embedder, [one.text for one in made])
    vectors = np.stack([prompt.vector for prompt in prompts])
    strict = class_codes([f"{one.language}|{one.cls}" for one in made])
    coarse = class_codes([f"{one.language}|{one.family}" for one in made])
    taught = verifier.lessons(vectors, strict, coarse, np.random.default_rng(seed))
    numbers = {text: len(prompts) + at for at, text in enumerate(dict.fromkeys(t for p in pairs for t in (p.a, p.b)))}
    prompts += raw_prompts(embedder, list(numbers))
    own = [verifier.Pair(numbers[pair.a], numbers[pair.b], pair.y == 1, verifier.STRICT) for pair in pairs]
    wanted = round(len(taught) * OWN_SHARE / (1 - OWN_SHARE))
    repeats = min(MOST_REPEATS, max(1, wanted // max(len(own), 1)))
    return verifier.train(prompts, [*taught, *own * repeats], seed=seed)
