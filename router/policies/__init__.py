"""The table of policies. A new one is a file here and a line below; the contract tests run over the table.

A policy is built from the options of its route, all given by keyword: `small`, `large` (names of backends or
None), `quality_floor` (0..1), `fallback` (may a step follow one that is better than it?) and `weights`
({backend: share}). It takes those that it knows and lets the rest pass.
"""

import importlib

from halfpenny.router.base import Policy

POLICIES = {
    "fixed": "halfpenny.router.policies.fixed:Fixed",
    "weighted": "halfpenny.router.policies.weighted:Weighted",
    "difficulty": "halfpenny.router.policies.difficulty:Difficulty",
}


def load_policy(name: str, **options: object) -> Policy:
    """The named policy, imported only now. An unknown name raises `KeyError`."""
    module, _, attribute = POLICIES[name].partition(":")
    policy: Policy = getattr(importlib.import_module(module), attribute)(**options)
    return policy
