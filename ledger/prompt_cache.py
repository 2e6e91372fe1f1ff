"""Watches the provider's own prompt cache, per app: how much of the input was read from it, and what a fall costs.

Providers bill input that they have seen lately at a fraction of its price. A proxy (or a change in the app) that alters
the start of prompts destroys that without any error. Hence a gauge for each app, and an alarm when the share falls to
half of what it used to be, with the dollars lost since.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable

import msgspec

log = logging.getLogger(__name__)

MIN_INPUT_TOKENS = 1024
"""Shorter prompts are not cached by the providers (OpenAI and Anthropic document 1,024 tokens as the least)."""
_RECENT = 1 / 32
_USUAL = 1 / 512
_SEEN = 64
"""Requests before a share counts as usual."""
_LEAST_USUAL = 0.2
_FALLEN = 0.5
_RECOVERED = 0.8
_ACCEPTED_AFTER = 2048
"""Requests after which a lower share is taken for the new normal."""
_MOST_APPS = 200
_OTHER = "other"


class Shares(msgspec.Struct):
    """One app and model. `recent` and `usual` are moving averages of the cached share, weighted by input tokens;
    `usual` stands still while the alarm is on."""

    seen: int = 0
    recent_input: float = 0.0
    recent_cached: float = 0.0
    usual_input: float = 0.0
    usual_cached: float = 0.0
    alarmed_for: int = 0
    lost_pico: int = 0

    @property
    def recent(self) -> float:
        return self.recent_cached / self.recent_input if self.recent_input else 0.0

    @property
    def usual(self) -> float:
        return self.usual_cached / self.usual_input if self.usual_input else 0.0


class PromptCacheWatch:
    """`set_share(app, share)` and `add_lost(app, pico)` publish; `observe` is called for every priced answer."""

    def __init__(self, set_share: Callable[[str, float], None], add_lost: Callable[[str, int], None]) -> None:
        self._set_share = set_share
        self._add_lost = add_lost
        self._shares: OrderedDict[tuple[str, str], Shares] = OrderedDict()
        self._apps: set[str] = set()

    def alarms(self) -> list[str]:
        """What is wrong now, for people: one sentence for each app and model."""
        return [
            f"prompt cache of app {app!r}, {model}: {shares.recent:.0%} of input cached, usually {shares.usual:.0%};"
            f" {shares.lost_pico / 1e12:.4f} USD lost so far"
            for (app, model), shares in self._shares.items()
            if shares.alarmed_for
        ]

    def observe(
        self, app: str, model: str, input_tokens: int, cached_tokens: int, cost_of_missing: Callable[[int], int]
    ) -> None:
        """One answer's usage. `cost_of_missing(tokens)` is what so many input tokens cost more when they are not read
        from the cache, in pico-dollars; it is asked only while an alarm is on."""
        if input_tokens < MIN_INPUT_TOKENS:
            return
        app = self._bounded(app)
        shares = self._of(app, model)
        shares.seen += 1
        shares.recent_input += _RECENT * (input_tokens - shares.recent_input)
        shares.recent_cached += _RECENT * (cached_tokens - shares.recent_cached)
        self._set_share(app, shares.recent)
        if shares.alarmed_for:
            self._alarmed(app, model, shares, input_tokens, cached_tokens, cost_of_missing)
            return
        # the first requests count in full: an average that starts at nothing would call any start a fall
        weight = max(_USUAL, 1 / shares.seen)
        shares.usual_input += weight * (input_tokens - shares.usual_input)
        shares.usual_cached += weight * (cached_tokens - shares.usual_cached)
        if shares.seen >= _SEEN and shares.usual >= _LEAST_USUAL and shares.recent < _FALLEN * shares.usual:
            shares.alarmed_for = 1
            log.warning(
                "the provider's prompt cache is read less: app %s, model %s: %.0f %% of input, usually %.0f %%",
                app,
                model,
                100 * shares.recent,
                100 * shares.usual,
            )

    def _alarmed(
        self,
        app: str,
        model: str,
        shares: Shares,
        input_tokens: int,
        cached_tokens: int,
        cost_of_missing: Callable[[int], int],
    ) -> None:
        shares.alarmed_for += 1
        missing = int(shares.usual * input_tokens) - cached_tokens
        if missing > 0:
            lost = cost_of_missing(missing)
            shares.lost_pico += lost
            self._add_lost(app, lost)
        recovered = shares.recent >= _RECOVERED * shares.usual
        if recovered or shares.alarmed_for > _ACCEPTED_AFTER:
            log.warning(
                "the provider's prompt cache %s: app %s, model %s; lost %.4f USD meanwhile",
                "is read again" if recovered else "stays as it is",
                app,
                model,
                shares.lost_pico / 1e12,
            )
            shares.alarmed_for, shares.lost_pico = 0, 0
            if not recovered:
                shares.usual_input, shares.usual_cached = shares.recent_input, shares.recent_cached

    def _of(self, app: str, model: str) -> Shares:
        key = (app, model)
        shares = self._shares.get(key)
        if shares is None:
            shares = self._shares[key] = Shares()
            if len(self._shares) > 4 * _MOST_APPS:
                self._shares.popitem(last=False)
        else:
            self._shares.move_to_end(key)
        return shares

    def _bounded(self, app: str) -> str:
        """App names come from callers: the first so many have a series of their own."""
        if app in self._apps or len(self._apps) < _MOST_APPS:
            self._apps.add(app)
            return app
        return _OTHER
