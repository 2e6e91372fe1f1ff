"""Which model next? Decisions only: no I/O, and nothing of ours outside this folder is imported.

A *candidate* is a backend as the router sees it. A *route* is the operator's choice of candidates and of a
*policy* that orders them. A *rule* of a route comes before the policy; a *constraint* (context length, tools,
vision, ...) comes before both and cannot be routed around. The result is a `Plan` of steps, or a `NoPlan`
that says why there is none.
"""

from halfpenny.router.base import Caching, Candidate, NoPlan, Plan, Policy, Prompt, SemanticRules, Step
from halfpenny.router.engine import Router
from halfpenny.router.rules import Match, Route, RouteError, Rule

__all__ = [
    "Caching",
    "Candidate",
    "Match",
    "NoPlan",
    "Plan",
    "Policy",
    "Prompt",
    "Route",
    "RouteError",
    "Router",
    "Rule",
    "SemanticRules",
    "Step",
]
