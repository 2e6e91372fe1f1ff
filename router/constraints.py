"""What a backend must be able to do for a request. No rule, score or pin gets around these."""

from halfpenny.router.base import Candidate, Prompt
from halfpenny.router.rules import fits_name

_EMBEDDING_METHODS = ("/embeddings", ":embedContent", ":batchEmbedContents")


def lacks(prompt: Prompt, candidate: Candidate, *, convert: bool = False) -> tuple[str, ...]:
    """Why this candidate cannot serve this prompt; empty if it can. `enabled` is not looked at: see `off`."""
    reasons = []
    needed = prompt.input_tokens + prompt.max_output_tokens
    if candidate.context_tokens and needed > candidate.context_tokens:
        reasons.append(
            f"context: about {prompt.input_tokens} input + {prompt.max_output_tokens} output tokens"
            f" exceed its {candidate.context_tokens}"
        )
    if prompt.has_tools and not candidate.tools:
        reasons.append("tools: it cannot call tools")
    if prompt.has_images and not candidate.vision:
        reasons.append("vision: it cannot read images")
    if prompt.wants_schema and not candidate.json_schema:
        reasons.append("schema: it cannot be held to a JSON schema")
    served = (*candidate.surfaces, *candidate.convertible) if convert else candidate.surfaces
    if candidate.surfaces and prompt.surface not in served:
        reasons.append(f"surface: it does not serve {prompt.surface}")
    return tuple(reasons)


def foreign(prompt: Prompt, candidate: Candidate) -> str:
    """On a route that converts: why the candidate can neither take the request nor have it converted; empty if it can.

    Asked only where another candidate can: else the conversion says best what is not expressible.
    """
    if not candidate.native or prompt.surface in (*candidate.native, *candidate.convertible):
        return ""
    return f"surface: {prompt.surface} is not of its dialect, and cannot be converted"


def off(candidate: Candidate) -> str:
    """Why the candidate is switched off; empty if it is on."""
    return "" if candidate.enabled else f"off: {candidate.off_reason or 'disabled'}"


def claims(candidate: Candidate, model: str) -> bool:
    """Does it serve this model under this very name? (Standing in for others is no claim.)"""
    return candidate.model == model or any(fits_name(pattern, model) for pattern in candidate.models)


def is_embedding(prompt: Prompt) -> bool:
    """Does the answer consist of vectors? Those of different models cannot be compared with one another."""
    return "embed" in prompt.surface.lower() or prompt.path.endswith(_EMBEDDING_METHODS)
