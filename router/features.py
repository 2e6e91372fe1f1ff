"""Prompt -> about fifty numbers in 0..1, cheap enough for every request.

Input is capped (`ASK_CHARS` of the last user message, `EARLIER_CHARS` of what stands before it, half from
either end), and everything is splitting and counting, so the time is bounded; docs/routing.md has the cost.
Every feature saturates: ten times the keyword does not say ten times as much.
"""

import math
import re
import unicodedata
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.router.base import Prompt
from halfpenny.router.lexicon import KNOWN, LEXICON, TELLING

ASK_CHARS = 1_600
EARLIER_CHARS = 600
OCCURRENCES = 3  # of one word that are looked at
EARLIER_MESSAGES = 40  # newest first; older ones are not looked at

# What is not part of a word becomes a space: `translate` and `split` are linear, and faster than a pattern.
_NOT_WORDS = str.maketrans(
    {chr(code): " " for code in range(128) if not chr(code).isalpha() and chr(code) != "'"}
    | dict.fromkeys("“”„«»‘…–—−·•¿¡、。，！？：；（）「」\u00a0\u200b", " ")
    | {"’": "'"}
)
_NUMBERS = re.compile(r"\d+")
_CODE_MARKS = "{}[]();=<>_\\|&"
_MATHS_MARKS = "∫∑√≤≥≠∞∂πθλ^±"
_CODE_LINES = (
    "\ndef ",
    "\nclass ",
    "\nimport ",
    "\n    ",
    "\n\t",
    "};",
    ");",
    "=>",
    "->",
    "::",
    "!=",
    "==",
    "</",
)
_SQL = ("SELECT ", " FROM ", " WHERE ", " JOIN ", "INSERT INTO", "CREATE TABLE")

_EARLIER_HARD = (
    "code_noun", "build", "fault", "complexity", "proof", "maths", "logic", "analysis", "planning", "limits",
    "long_output", "law", "medicine", "science", "finance", "security",
)  # fmt: skip
_EASY_TASKS = ("translate", "classify", "extract", "rewrite", "define", "convert", "small_text")
_HARD_WORK = (
    "build",
    "fault",
    "complexity",
    "proof",
    "logic",
    "analysis",
    "planning",
    "law",
    "medicine",
    "long_output",
)
_SHAPE = (
    "words",            # of the last user message, log scale, 1 = 400
    "lines",            # of it, log scale, 1 = 30
    "sentences",        # of it, 1 = 12
    "list_items",       # lines that begin with "-", "*" or a number, 1 = 6
    "question_marks",   # beyond the first, 1 = 3
    "numbers",          # runs of digits, 1 = 8
    "code_fence",       # ``` in it
    "code_marks",       # share of {}[]();=<>_ and the like, 1 = 12 %
    "code_lines",       # things that only code has (=>, ->, ==, an indented line, SELECT ... FROM), 1 = 3
    "maths_marks",      # ∫ √ ≤ ^ \frac and the like, 1 = 3
    "word_problem",     # numbers together with words of quantity: arithmetic of several steps
    "choices",          # lines "A. ..." to "D. ...", a multiple-choice question
    "short_fact",       # a short question for a fact, with no sign of hard work
    "short_task",       # a short easy task (translate, classify, extract, ...), with no sign of hard work
    "short_plain",      # at most 12 words and no sign of hard work
    "input_tokens",     # of the whole request, log scale from 300 (0) to 8,000 (1)
    "output_tokens",    # the limit that the caller set, log scale from 500 (0) to 8,000 (1)
    "turns",            # user messages beyond the first, 1 = 10
    "tool_turns",       # messages of the role tool (or function), 1 = 4
    "has_tools",        # tools are offered
    "has_images",
    "wants_schema",
    "refers_back",      # a short last message to a conversation ("do it", "and why?", "commit it")
    "earlier_work",     # groups of hard words in what stands before, 1 = 3
    "earlier_code",     # code in what stands before
    "work_goes_on",     # refers_back x earlier_work: the "do it" after a hard task
)  # fmt: skip

NAMES: tuple[str, ...] = (*TELLING, *_SHAPE)


class Features(msgspec.Struct, frozen=True):
    """`values` in the order of `NAMES`, and what abstention needs.

    `known` is the share of words in the lexicon, `latin` the share of letters that are Latin (1 without
    letters).
    """

    values: NDArray[np.float64]
    words: int
    known: float
    latin: float


def extract(prompt: Prompt) -> Features:
    """All features of a prompt. Pure; looks at a bounded part of the text."""
    ask = _clip(_last_user(prompt), ASK_CHARS)
    earlier = _earlier(prompt)
    words = _words(ask)
    counts, known = _count(words)
    values = {group: _saturate(counts[group], 2) for group in TELLING}
    values |= _shape(ask, words, counts)
    values |= _conversation(prompt, words, earlier)
    return Features(
        np.fromiter((values[name] for name in NAMES), np.float64, len(NAMES)),
        words=len(words),
        known=known / len(words) if words else 0.0,
        latin=1.0 if ask.isascii() else _latin_share(words),
    )


def _shape(ask: str, words: Sequence[str], counts: dict[str, int]) -> dict[str, float]:
    code_lines = sum(mark in ask for mark in _CODE_LINES) + sum(mark in ask for mark in _SQL)
    code_marks = sum(map(ask.count, _CODE_MARKS)) / len(ask) if ask else 0.0
    maths_marks = sum(map(ask.count, _MATHS_MARKS)) + ask.count("\\frac") + ask.count("$$")
    numbers = len(_NUMBERS.findall(ask))
    lines = ask.split("\n")
    starts = [line.lstrip()[:2] for line in lines]
    items = (
        sum(start[:1] in ("-", "*", "•") or start[:1].isdigit() for start in starts) if len(lines) > 1 else 0
    )
    work = sum(counts[group] > 0 for group in _HARD_WORK) + (code_lines > 1) + (maths_marks > 1)
    light = work == 0 and counts["code_noun"] < 2 and counts["maths"] < 2 and counts["limits"] < 2
    task = any(counts[group] for group in _EASY_TASKS)
    short = len(words)
    return {
        "words": _log_scale(len(words), 0, 400),
        "lines": _log_scale(len(lines) - 1, 0, 30),
        "sentences": min(1.0, (ask.count(". ") + ask.count("? ") + ask.count("! ")) / 12),
        "list_items": min(1.0, items / 6),
        "question_marks": min(1.0, max(0, ask.count("?") - 1) / 3),
        "numbers": min(1.0, numbers / 8),
        "code_fence": float("```" in ask),
        "code_marks": min(1.0, code_marks / 0.12),
        "code_lines": min(1.0, code_lines / 3),
        "maths_marks": min(1.0, maths_marks / 3),
        "word_problem": min(1.0, numbers / 3) * min(1.0, counts["quantity"] / 3),
        "choices": float(all(start in starts for start in ("A.", "B.", "C."))),
        "short_fact": float(light and 0 < short <= 14 and counts["fact_head"] > 0 and counts["deep"] == 0),
        "short_task": float(light and short <= 60 and task),
        "short_plain": float(light and 0 < short <= 12 and counts["deep"] == 0),
    }


def _conversation(prompt: Prompt, words: Sequence[str], earlier: str) -> dict[str, float]:
    users = sum(role == "user" for role, _ in prompt.messages)
    tools = sum(role in ("tool", "function") for role, _ in prompt.messages)
    before, _ = _count(_words(earlier))
    work = min(1.0, sum(before[group] > 0 for group in _EARLIER_HARD) / 3)
    refers = float(bool(earlier) and len(words) <= 12)
    code = float("```" in earlier or sum(mark in earlier for mark in _CODE_LINES) > 1)
    return {
        "input_tokens": _log_scale(prompt.input_tokens, 300, 8_000),
        "output_tokens": _log_scale(prompt.max_output_tokens, 500, 8_000),
        "turns": min(1.0, max(0, users - 1) / 10),
        "tool_turns": min(1.0, tools / 4),
        "has_tools": float(prompt.has_tools),
        "has_images": float(prompt.has_images),
        "wants_schema": float(prompt.wants_schema),
        "refers_back": refers,
        "earlier_work": work,
        "earlier_code": code,
        "work_goes_on": refers * work,
    }


def _words(text: str) -> list[str]:
    plain = text if text.isascii() else unicodedata.normalize("NFC", text)
    return plain.lower().translate(_NOT_WORDS).split()


def _count(words: list[str]) -> tuple[dict[str, int], int]:
    """Hits per group, and how many words are known.

    At each word the longest phrase that fits counts, alone. Features saturate, so the first `OCCURRENCES` of
    a word are enough: that bounds the work on a text that repeats itself.
    """
    counts = dict.fromkeys(TELLING, 0)
    for word in LEXICON.keys() & set(words):
        entries = LEXICON[word]
        at = -1
        for _ in range(min(words.count(word), OCCURRENCES)):
            at = words.index(word, at + 1)
            longest = 0
            for tail, group in entries:  # longest first
                length = len(tail)
                if length < longest:
                    break
                if length and words[at + 1 : at + 1 + length] != tail:
                    continue
                longest = length
                counts[group] += 1
    return counts, sum(map(KNOWN.__contains__, words))


def _last_user(prompt: Prompt) -> str:
    if prompt.last_user:
        return prompt.last_user
    return next((text for role, text in reversed(prompt.messages) if role == "user"), "")


def _earlier(prompt: Prompt) -> str:
    """What stands before the last user message, newest first, without system messages: those are
    boilerplate.
    """
    last = next((at for at in range(len(prompt.messages) - 1, -1, -1) if prompt.messages[at][0] == "user"), 0)
    parts: list[str] = []
    room = EARLIER_CHARS
    window = range(last - 1, max(-1, last - 1 - EARLIER_MESSAGES), -1)
    for at in window:
        role, text = prompt.messages[at]
        if role in ("system", "developer") or room <= 0:
            continue
        piece = _clip(text, min(room, EARLIER_CHARS // 2))
        parts.append(piece)
        room -= len(piece)
    return "\n".join(parts)


def _clip(text: str, chars: int) -> str:
    """Both ends of a long text: the instruction stands at one of them."""
    if len(text) <= chars:
        return text
    half = chars // 2
    return text[:half] + "\n" + text[-half:]


def _latin_share(words: Sequence[str]) -> float:
    """Of letters, by the first letter of each word: Latin with its extensions, Vietnamese included."""
    letters = sum(map(len, words))
    latin = sum(len(word) for word in words if word[0] < "\u0250" or "\u1e00" <= word[0] <= "\u1eff")
    return latin / letters if letters else 1.0


def _saturate(count: int, full: int) -> float:
    return min(1.0, count / full)


def _log_scale(value: float, zero: float, one: float) -> float:
    """0 up to `zero`, 1 from `one` on, logarithmic between."""
    return min(1.0, max(0.0, math.log((1 + value) / (1 + zero)) / math.log((1 + one) / (1 + zero))))
