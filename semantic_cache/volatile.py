"""The gate for prompts whose answer must not be kept: it depends on now, on the talk so far, on chance, on the caller's
own affairs or on the outside world.

A wrong refusal costs a miss, a wrong pass serves yesterday's weather. "My" alone is no reason: help desks are asked
"how do I block my card" all day and one answer serves all; only questions about the caller's own state are refused.
A command ("turn on the lights", "send an email to John") is no reason either: the model's answer is a text that can be
shared; whoever really acts on it uses tools, and those are never semantic.

What a language says lies in its file (`languages/`). Patterns run on RE2 (linear time, no backtracking) over the words
of the text in lower case, framed by single blanks, with `.` or `?` at the end of each sentence. Every language is tried
on every text: people mix them.
"""

import re
import unicodedata
from pathlib import Path
from typing import Any

import re2

from halfpenny.semantic_cache.languages import REASONS, Reason, Rules, load_rules

MAX_CHARS = 4000
_BARE_WORDS = 40  # no phrase that is a whole prompt by itself is as long, courtesies included
_NOT_OF_STATEMENTS = frozenset({"time", "world"})
"""Reasons that a mere statement cannot give: "My card was declined today." asks for nothing of today."""
_QUOTED = re2.compile(r"```[^`]*```|`[^`\n]+`|\"[^\"\n]+\"|“[^”\n]+”|«[^»\n]+»|„[^“”\n]+[“”]")
_QUOTES = frozenset('`"“«„')
# RE2's findall makes Python objects by hand, ten times slower than `re`; single classes repeated cannot backtrack.
_ASCII_TOKEN = re.compile(r"[a-z]+|[0-9]+|[?!;\n]|\.(?=\s|$)")
_TOKEN = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f])+|[0-9]+|[?!;\n？！。]|\.(?=\s|$)")
_SENTENCE = re.compile(rb"[^.?]+[.?]")
_CLOSED = (" .", ".", "?")
_ENDS = {"?": "?", "？": "?", ".": ".", "!": ".", ";": ".", "\n": ".", "！": ".", "。": "."}


class Gate:
    """Judges prompts by the rules of its languages. Immutable, safe in threads."""

    def __init__(self, rules: tuple[Rules, ...]) -> None:
        self._rules = rules
        self.languages = tuple(one.language for one in rules)

    def reason(self, text: str) -> Reason | None:
        """Why the answer must not be stored; None if it may be.

        Only the first and the last `MAX_CHARS` / 2 characters are read.
        """
        if len(text) > MAX_CHARS:
            text = f"{text[: MAX_CHARS // 2]}\n{text[-MAX_CHARS // 2 :]}"
        spoken = unicodedata.normalize("NFC", text).lower()
        if "’" in spoken:
            spoken = spoken.replace("’", "'")
        if not _QUOTES.isdisjoint(spoken):
            spoken = _QUOTED.sub(" quotation ", spoken)
        tokens = (_ASCII_TOKEN if spoken.isascii() else _TOKEN).findall(spoken)
        words, said = _framed(tokens)
        for rules in self._rules:
            reason = _reason_in(rules, words, said)
            if reason:
                return reason
        return None


_BUNDLED = Gate(load_rules())
"""Built on import: reading files and compiling them is nothing for the event loop."""


def load_gate(extra: Path | None = None) -> Gate:
    """The gate of the bundled languages and those in the folder `extra`. Raises `LanguageError` for a broken file.

    With a folder it reads files and takes some 100 ms: to be called when a configuration is loaded, not for a request.
    """
    return _BUNDLED if extra is None else Gate(load_rules(extra))


def volatile_reason(text: str) -> Reason | None:
    """What the gate of the bundled languages says."""
    return _BUNDLED.reason(text)


def _framed(tokens: list[str]) -> tuple[list[str], bytes]:
    """The words, and the text as patterns see it: ` . what is the time ? thanks . `, each sentence with its end."""
    words: list[str] = []
    parts = [" ."]
    for token in tokens:
        end = _ENDS.get(token)
        if end is None:
            words.append(token)
            parts.append(token)
        elif parts[-1] not in _CLOSED:
            parts.append(end)
    if parts[-1] not in _CLOSED or len(parts) == 1:
        parts.append(".")
    return words, f"{' '.join(parts)} ".encode("utf-8", "replace")


def _reason_in(rules: Rules, words: list[str], said: bytes) -> Reason | None:
    if len(words) <= _BARE_WORDS:
        core = [word for word in words if word not in rules.courtesies]
        if " ".join(core) in rules.bare or " ".join(words) in rules.bare:
            return "context"
    if rules.openers is not None:
        said = rules.openers.sub(_first_end, said)
    found = rules.reasons.Match(said)
    if not found:
        return None
    # Only now: taking harmless phrases and statements out can only take a reason away.
    if rules.harmless is not None:
        spoken = rules.harmless.sub(_gap, said)
        if spoken != said:
            said, found = spoken, rules.reasons.Match(spoken)
    reasons = [REASONS[at] for at in sorted(found or ())]
    if reasons and _NOT_OF_STATEMENTS.issuperset(reasons):
        asked = _without_statements(rules, said)
        if asked != said:
            reasons = [REASONS[at] for at in sorted(rules.reasons.Match(asked) or ())]
    return reasons[0] if reasons else None


def _first_end(found: Any) -> bytes:
    """The sentence end that an opener follows."""
    return b"%c " % found.group()[0]


def _gap(found: Any) -> bytes:
    """What is left of a harmless phrase: two blanks, which no pattern spans, and the ends of its sentence."""
    phrase: bytes = found.group()
    start = b"%c  " % phrase[0] if phrase[0] in b".?" else b"  "
    return start + b" " + phrase[-1:] if phrase[-1] in b".?" else start


def _without_statements(rules: Rules, said: bytes) -> bytes:
    """Less the sentences by which the caller only tells something: they begin so, ask nothing, and end in no `?`."""
    if rules.statements is None or rules.statements.search(said) is None:
        return said
    kept = [b" ."]
    for sentence in _SENTENCE.findall(said[2:]):
        framed = b" .%b " % sentence
        told = (
            sentence.endswith(b".")
            and rules.statements.search(framed) is not None
            and (rules.requests is None or rules.requests.search(framed) is None)
        )
        kept.append(b"   ." if told else sentence)
    return b"%b " % b"".join(kept)
