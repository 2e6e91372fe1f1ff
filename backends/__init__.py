"""How models are reached. `base.py` has the protocol; every other backend is one file and one line in
`BACKENDS`."""

from importlib import import_module
from typing import Any, cast

from halfpenny.backends.base import Backend

BACKENDS: dict[str, str] = {
    "openai": "halfpenny.backends.openai_compatible:OpenAICompatible",
    "anthropic": "halfpenny.backends.anthropic:Anthropic",
    "gemini": "halfpenny.backends.gemini:Gemini",
    "llamacpp": "halfpenny.backends.llamacpp:LlamaCpp",
    "echo": "halfpenny.backends.echo:Echo",
}
"""Kind -> "module:Class". A module is imported only when a configuration names its kind."""


def load_backend(kind: str, **options: Any) -> Backend:
    """The backend of this kind, made with `options`; no I/O yet.

    Raises KeyError for an unknown kind, and TypeError or ValueError for options that the backend does not
    take.
    """
    module, _, name = BACKENDS[kind].partition(":")
    return cast("Backend", getattr(import_module(module), name)(**options))
