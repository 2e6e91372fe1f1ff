"""The configured order, whatever is asked."""

from typing import Any

from halfpenny.router.base import Policy, Prompt, Step


class Fixed:
    """The first backend, and the others behind it if `fallback`."""

    def __init__(self, *, fallback: bool = True, **_others: object) -> None:
        self._fallback = fallback

    def order(self, prompt: Prompt, eligible: tuple[Step, ...]) -> tuple[tuple[Step, ...], dict[str, Any]]:
        return (eligible if self._fallback else eligible[:1]), {}


_fits: type[Policy] = Fixed
