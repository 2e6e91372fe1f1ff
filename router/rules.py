"""What the operator wrote: routes, matches and rules as data, and their compiled form.

The structs are decoded from the configuration by the proxy. Names are matched with shell-style patterns (`*`,
`?`, `[...]`), the prompt with RE2, which has neither back-references nor look-around and therefore takes
linear time.
"""

import fnmatch
from collections.abc import Callable
from typing import Any

import msgspec
import re2

from halfpenny.router.base import Caching, Prompt, SemanticRules

PROMPT_PATTERN_CHARS = 1_000  # a longer pattern is a mistake or an attack on the compiler's memory
# half from the start and half from the end of the conversation; bounds the work per rule
PROMPT_MATCH_CHARS = 65_536
NAME_CHARS = 2_048  # names come from callers; a longer one fits no pattern but "*"

Patterns = str | tuple[str, ...]
Test = Callable[[Prompt], bool]


class RouteError(ValueError):
    """The router's configuration is wrong. The message starts with the key: `routes.default.small: ...`."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions on a request. All those given must hold; none given fits everything.

    `model`, `path`, `tenant`, `surface` and the values of `tag` and `header` are shell-style patterns,
    case-sensitive; of a list of patterns one must fit. `prompt` is searched for in the whole conversation, at
    most `PROMPT_MATCH_CHARS` of it. `input_tokens` is `">4000"`, `">=4000"`, `"<500"`, `"<=500"`, `"=1"` or
    `"1000..8000"` (both included).
    """

    model: Patterns | None = None
    path: Patterns | None = None
    tenant: Patterns | None = None
    surface: Patterns | None = None
    tag: dict[str, Patterns] = {}
    header: dict[str, Patterns] = {}
    prompt: str | None = None
    input_tokens: str | None = None
    has_tools: bool | None = None
    has_images: bool | None = None
    wants_schema: bool | None = None
    stream: bool | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First match wins, before any score. One of `use` (this backend, no other) and `deny` (the reason)."""

    name: str = ""
    match: Match = Match()
    use: str | None = None
    deny: str | None = None


class Route(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which backends, in what order, for which requests.

    `difficulty` needs `small` and `large`; `fixed` and `weighted` read `backends` (`fixed` without it takes
    `large` and then `small` where they are given, else every backend in the order of the configuration).
    `quality_floor` is the least share of the large model's quality to keep, 0..1. `fallback = false` keeps a
    step from being tried after one that it is not a match for in quality (docs/routing.md). `allow_pin` lets
    a caller's header choose this route, or a model on it.
    `sampled` says whether answers to requests with a temperature above zero are stored on this route; None leaves it to
    `cache.sampled`. With `convert` a request may be served by a backend that speaks another API dialect; what cannot be
    expressed there is refused.

    `ttl`, `semantic_ttl` (seconds), `semantic`, `max_false_hit_rate`, `structured` and `epoch` are what `Caching` and
    `SemanticRules` say.
    """

    name: str
    match: Match = Match()
    policy: str = "fixed"
    backends: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    small: str | None = None
    large: str | None = None
    quality_floor: float = 0.97
    fallback: bool = True
    allow_pin: bool = True
    sampled: bool | None = None
    ttl: float | None = None
    semantic_ttl: float | None = None
    semantic: bool = True
    max_false_hit_rate: float | None = None
    structured: bool | None = None
    epoch: str = ""
    convert: bool = False
    rules: tuple[Rule, ...] = ()

    def decides(self) -> str:
        """All that may change who answers, as text. What is only about keeping answers is not in it."""
        fields = ((name, getattr(self, name)) for name in self.__struct_fields__ if name not in _KEEPING)
        return repr(tuple(fields))

    def caching(self) -> "Caching":
        semantic = SemanticRules(
            enabled=self.semantic,
            ttl_s=self.semantic_ttl,
            max_false_hit_rate=self.max_false_hit_rate,
            structured=self.structured,
        )
        return Caching(ttl_s=self.ttl, sampled=self.sampled, epoch=self.epoch, semantic=semantic)


_KEEPING = ("sampled", "ttl", "semantic_ttl", "semantic", "max_false_hit_rate", "structured", "epoch")


def fits_name(patterns: Patterns, name: str) -> bool:
    """Does a shell-style pattern (or one of several) fit the whole name?"""
    several = (patterns,) if isinstance(patterns, str) else patterns
    if len(name) > NAME_CHARS:
        return "*" in several
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in several)


def compile_match(match: Match, key: str) -> Test:
    """The test that a request must pass. Raises `RouteError` that names the key below `key`."""
    tests: list[Test] = []
    for field in ("model", "path", "tenant", "surface"):
        patterns = getattr(match, field)
        if patterns is not None:
            tests.append(_name_test(field, patterns))
    for tag, patterns in match.tag.items():
        tests.append(_item_test("tags", tag, patterns))
    for header, patterns in match.header.items():
        tests.append(_item_test("headers", header.lower(), patterns))
    for field in ("has_tools", "has_images", "wants_schema", "stream"):
        wanted = getattr(match, field)
        if wanted is not None:
            tests.append(_flag_test(field, wanted))
    if match.input_tokens is not None:
        low, high = _token_range(match.input_tokens, f"{key}.input_tokens")
        tests.append(lambda prompt: low <= prompt.input_tokens <= high)
    if match.prompt is not None:  # last: the dearest
        tests.append(_prompt_test(match.prompt, f"{key}.prompt"))
    return lambda prompt: all(test(prompt) for test in tests)


def prompt_text(prompt: Prompt) -> str:
    """What `match.prompt` is searched in: the conversation, or its start and end where it is too long."""
    text = "\n".join(text for _, text in prompt.messages) if prompt.messages else prompt.last_user
    if len(text) <= PROMPT_MATCH_CHARS:
        return text
    half = PROMPT_MATCH_CHARS // 2
    return text[:half] + "\n" + text[-half:]


def _name_test(field: str, patterns: Patterns) -> Test:
    return lambda prompt: fits_name(patterns, getattr(prompt, field))


def _item_test(field: str, item: str, patterns: Patterns) -> Test:
    def test(prompt: Prompt) -> bool:
        value = getattr(prompt, field).get(item)
        return value is not None and fits_name(patterns, value)

    return test


def _flag_test(field: str, wanted: bool) -> Test:
    return lambda prompt: getattr(prompt, field) is wanted


def _prompt_test(pattern: str, key: str) -> Test:
    if len(pattern) > PROMPT_PATTERN_CHARS:
        raise RouteError(
            key, f"the pattern has {len(pattern)} characters; at most {PROMPT_PATTERN_CHARS} are allowed"
        )
    options: Any = re2.Options()
    options.log_errors = False  # or RE2 prints to stderr what the error says anyway
    options.never_capture = True  # only yes or no is asked, and that is RE2's fastest case
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        detail = error.args[0].decode("utf-8", "replace") if isinstance(error.args[0], bytes) else str(error)
        hint = "RE2 has no back-references and no look-around"
        raise RouteError(key, f"{detail} in {pattern!r} ({hint})") from error

    def test(prompt: Prompt) -> bool:
        # Bytes, because RE2 works on them anyway and a lone surrogate from a JSON escape must not raise.
        return compiled.search(prompt_text(prompt).encode("utf-8", "replace")) is not None

    return test


def _token_range(comparison: str, key: str) -> tuple[float, float]:
    """`">4000"` -> (4001, inf). Token counts are whole numbers, so strict bounds become inclusive ones."""
    text = comparison.replace(" ", "").replace("_", "")
    low, dots, high = text.partition("..")
    try:
        if dots:
            span = (float(int(low)), float(int(high)))
        elif text.startswith(">="):
            span = (float(int(text[2:])), float("inf"))
        elif text.startswith("<="):
            span = (0.0, float(int(text[2:])))
        elif text.startswith(">"):
            span = (float(int(text[1:]) + 1), float("inf"))
        elif text.startswith("<"):
            span = (0.0, float(int(text[1:]) - 1))
        else:
            exact = float(int(text.removeprefix("=")))
            span = (exact, exact)
    except ValueError as error:
        raise RouteError(
            key, f'{comparison!r} is not a comparison such as ">4000" or "1000..8000"'
        ) from error
    if span[0] > span[1]:
        raise RouteError(key, f"{comparison!r} fits no number of tokens")
    return span
