"""A secret that does not show itself in logs, tracebacks or reprs."""

from typing import final


@final
class Secret:
    """Wraps a credential. Only `reveal()` gives the text; `repr`, `str` and formatting give `***`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The credential itself. Call it where the bytes are sent and nowhere else."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> tuple[object, ...]:
        # Pickling would write the text out.
        raise TypeError("a Secret is not serialised")
