"""Traffic split by weight."""

import hashlib
import math
import random
from typing import Any

from halfpenny.router.base import Policy, Prompt, Step

_HASHED_CHARS = 4_096  # enough to tell conversations apart; bounds the work


class Weighted:
    """Each backend comes first for its share of the conversations; the others follow if `fallback`.

    The draw is a hash of tenant, model and the first user message, so a conversation stays where it began (a
    switch forfeits the upstream's prompt cache) and a repeated request goes to the same place. It is weighted
    rendezvous hashing (Thaler & Ravishankar 1998; weights as in Efraimidis & Spirakis 2006): taking a backend
    away moves only its own traffic. With `rng` the draw is random instead. A backend of weight 0 is a
    fallback only.
    """

    def __init__(
        self,
        *,
        weights: dict[str, float] | None = None,
        fallback: bool = True,
        rng: random.Random | None = None,
        **_others: object,
    ) -> None:
        self._weights = dict(weights or {})
        self._fallback = fallback
        self._rng = rng

    def order(self, prompt: Prompt, eligible: tuple[Step, ...]) -> tuple[tuple[Step, ...], dict[str, Any]]:
        seed = _seed(prompt)
        keys = {step.backend: self._key(seed, step.backend) for step in eligible}
        steps = tuple(sorted(eligible, key=lambda step: keys[step.backend]))
        shares = {step.backend: self._weight(step.backend) for step in eligible}
        return (steps if self._fallback else steps[:1]), {"weights": shares}

    def _weight(self, backend: str) -> float:
        return self._weights.get(backend, 1.0)

    def _key(self, seed: bytes, backend: str) -> float:
        """Exponential with rate `weight`: the smallest of several is backend i with probability w_i /
        sum(w).
        """
        if self._rng is None:
            digest = hashlib.blake2b(seed + backend.encode(), digest_size=8).digest()
            uniform = (int.from_bytes(digest, "big") + 1) / (2**64 + 1)
        else:
            uniform = 1.0 - self._rng.random()
        weight = self._weight(backend)
        return -math.log(uniform) / weight if weight > 0 else math.inf


def _seed(prompt: Prompt) -> bytes:
    first = next((text for role, text in prompt.messages if role == "user"), prompt.last_user)
    parts = (prompt.tenant, prompt.model, first[:_HASHED_CHARS])
    return b"\0".join(part.encode("utf-8", "surrogatepass") for part in parts) + b"\0"


_fits: type[Policy] = Weighted
