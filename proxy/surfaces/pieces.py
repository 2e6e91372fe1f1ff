"""Text cut into the pieces in which a stream delivers it, and lenient readers of parts of a body.

"Lenient" means: what the upstream should judge never raises here. It only makes an answer less shareable.
"""

import re
from typing import Any

# Possessive throughout: a long word without blanks (a URL, base64, CJK text) must not make it backtrack.
_PIECE = re.compile(r"(?:\s*+\S++){1,6}+(?:\s*+\Z)?+|\s++")

_MOST_PIECES = 400
"""More of them would take longer to write than anybody could tell them apart."""

SEMANTIC_TEXT_LIMIT = 1200
"""Characters. The embedder reads 256 tokens: what lies past that would be invisible to it."""


def pieces_of(text: str) -> list[str]:
    """Text in pieces of a few words, as a stream would bring it; joined they are the text. Empty for an empty text."""
    pieces: list[str] = _PIECE.findall(text)
    size = -(-len(pieces) // _MOST_PIECES)
    return pieces if size <= 1 else ["".join(pieces[at : at + size]) for at in range(0, len(pieces), size)]


def size_of(text: str) -> int:
    """Bytes of UTF-8. A lone surrogate (which JSON can spell) counts as three."""
    return len(text.encode("utf-8", "surrogatepass"))


def objects_in(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; a single object counts as a list of one, anything else as none."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def unfit(text: str) -> str:
    """Why a user's text is not one that similarity may be judged on; empty if it is."""
    if not text.strip():
        return "empty"
    if len(text) > SEMANTIC_TEXT_LIMIT:
        return "too long"
    return "code" if "```" in text else ""
