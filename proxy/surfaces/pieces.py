"""Text cut into the pieces in which a stream delivers it, and lenient readers of parts of a body.

"Lenient" means: what the upstream should judge never raises here. It only makes an answer less shareable.
"""

import re
from typing import Any

# Possessive throughout: a long word without blanks (a URL, base64, CJK text) must not make it backtrack.
_PIECE = re.compile(r"(?:\s*+\S++){1,6}+(?:\s*+\Z)?+|\s++")

_MOST_PIECES = 400
"""More of them would take longer to write than anybody could tell them apart."""

SEMANTIC_TEXT_LIMIT = 1000
"""Characters. The embedder reads 256 tokens: what lies past that would be invisible to it."""
_SEMANTIC_TOKENS = 250
_TOKENISH = re.compile(r"[A-Za-z]{1,7}|[0-9]{1,3}|[\u00c0-\u024f\u1e00-\u1eff]{1,2}|\S")
"""About a token of the bundled embedder each: a text of Chinese or Russian has far more of them than one of English."""


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


def plain_text(content: Any, kinds: frozenset[str]) -> str | None:
    """The text of a content that is a string, or nothing but parts `{"type": one of kinds, "text": "..."}`; else None.

    A part with any other field says something that similarity of the text would not see.
    """
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = []
    for part in content:
        if not isinstance(part, dict) or part.keys() != {"type", "text"}:
            return None
        if part["type"] not in kinds or not isinstance(part["text"], str):
            return None
        texts.append(part["text"])
    return "\n".join(texts)


def members(document: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Those of the named members that are given: not absent, not null."""
    return {name: document[name] for name in names if document.get(name) is not None}


def joined_names(names: list[Any]) -> str:
    """All names of one end user that are given, as one: each narrows who may share an answer."""
    given = [str(name) for name in names if isinstance(name, str | int) and name != ""]
    return "\x1f".join(dict.fromkeys(given))


def unfit(text: str) -> str:
    """Why a user's text is not one that similarity may be judged on; empty if it is."""
    if not text.strip():
        return "empty"
    if len(text) > SEMANTIC_TEXT_LIMIT:
        return "too long"
    # fewer characters than tokens allowed cannot make too many of them
    if len(text) > _SEMANTIC_TOKENS and len(_TOKENISH.findall(text)) > _SEMANTIC_TOKENS:
        return "too long"
    return "code" if "```" in text else ""
