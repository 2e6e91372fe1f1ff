"""Halfpenny: a transparent caching proxy with routing for LLM calls.

The code lives in the sub-packages `proxy` (the front), `semantic_cache` (has it been answered before?),
`router` (which model next?), `backends` (how a model is reached), `ledger` (what it cost and saved) and
`storage` (the spool and the database under both).
"""

from halfpenny.version import VERSION

__version__ = VERSION

__all__ = ["__version__"]
