"""Language files: what the volatile gate (`volatile.py`) knows of a language. One TOML file each; README.md gives the
format. A file is read and compiled once, when a gate is built; a broken one is refused by `LanguageError`, never
skipped.
"""

import re
import tomllib
import unicodedata
from pathlib import Path
from typing import Any, Literal, NoReturn

import msgspec
import re2

Reason = Literal["time", "world", "context", "random", "state"]
REASONS: tuple[Reason, ...] = ("time", "world", "random", "state", "context")
"""The first that is found is the one named: `context` comes last because it withholds least."""
BUNDLED = Path(__file__).parent
_MOST_BYTES = 1 << 18
_SET_BYTES = 12 << 20
_PATTERN_BYTES = 1 << 22
"""Bounds on what RE2 may take for the set of all reasons and for one of the other lists, its cache of states included;
what it really takes is a fraction (tests hold it to that)."""
_LIST = re.compile(r"<([a-z_]+)>")
_GAP = re.compile(r"~([1-9]) ")
_LAST_BLANK = re.compile(r"\(\\w\+ \)(?:\*|\{\d,\d\})\)*\??\$*$")
_INNER_END = re.compile(r"\$|(?<!\[)\^")
_BROKEN_LETTER = re.compile(r"\[[^]]*[^\x00-\x7f][^]]*\]|[^\x00-\x7f][?*+{]")
_NEVER = b" [.?] [.?] [.?] [.?] "
"""Found in no text: sentences are not empty."""
_NOTHING = b" . . "
_WORD_CLASS = "[^ .?]"
"""One byte of a word: texts are words and sentence ends (`.`, `?`) framed by single blanks. Patterns and texts are
UTF-8 read byte by byte, which makes the automata several times smaller."""


class LanguageError(ValueError):
    """A language file that cannot be used. The message names the file, the key and, where it can be told, the line."""


class Language(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file as written; README.md says what the fields mean."""

    language: str
    reasons: dict[Reason, list[str]]
    lists: dict[str, list[str]] = {}
    openers: list[str] = []
    harmless: list[str] = []
    statements: list[str] = []
    requests: list[str] = []
    bare: list[str] = []
    courtesies: list[str] = []


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """One language, compiled. Patterns are RE2 objects over UTF-8 bytes; None where the file gives none."""

    language: str
    reasons: Any
    """An RE2 set with one member for each of `REASONS`, in that order: one pass over the text says which are found."""
    openers: Any
    harmless: Any
    statements: Any
    requests: Any
    bare: frozenset[str]
    courtesies: frozenset[str]


def load_rules(extra: Path | None = None) -> tuple[Rules, ...]:
    """The bundled languages and those of the folder `extra`, in order of their file names, compiled.

    A file of `extra` replaces the bundled one of the same name. Raises `LanguageError` for a broken file, for a folder
    that cannot be read, and for a folder without any language file (most likely a wrong path).
    """
    files = {path.name: path for path in BUNDLED.glob("*.toml")}
    if extra is not None:
        if not extra.is_dir():
            raise LanguageError(f"{extra}: no folder of language files")
        own = {path.name: path for path in extra.glob("*.toml")}
        if not own:
            raise LanguageError(f"{extra}: no *.toml file in it")
        files |= own
    return tuple(read_rules(files[name]) for name in sorted(files))


def read_rules(path: Path) -> Rules:
    """One language file, checked and compiled. Raises `LanguageError`."""
    try:
        raw = path.read_bytes()
        if len(raw) > _MOST_BYTES:
            raise LanguageError(f"{path}: larger than {_MOST_BYTES} bytes")
        text = unicodedata.normalize("NFC", raw.decode("utf-8"))
        written = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise LanguageError(f"{path}: cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise LanguageError(f"{path}: {error}") from None
    try:
        language = msgspec.convert(written, Language)
    except msgspec.ValidationError as error:
        raise LanguageError(f"{path}: {error}{_line_of(text, _named(str(error)))}") from None
    return _Compiler(path, text, language).rules()


class _Compiler:
    def __init__(self, path: Path, text: str, language: Language) -> None:
        self.path, self.text, self.language = path, text, language
        for name, items in language.lists.items():
            if not _LIST.fullmatch(f"<{name}>"):
                raise self._error(f"lists.{name}", name, "a list's name is made of a-z and _")
            if not items:
                raise self._error(f"lists.{name}", name, "empty")
        self.lists = {name: f"(?:{'|'.join(items)})" for name, items in language.lists.items()}

    def rules(self) -> Rules:
        language = self.language
        if not any(language.reasons.values()):
            raise self._error("reasons", "[reasons]", "no pattern")
        found = re2.Set.SearchSet(_options(_SET_BYTES))
        for reason in REASONS:
            key, patterns = f"reasons.{reason}", language.reasons.get(reason, [])
            try:
                found.Add(self._framed(key, patterns) or _NEVER)
            except re2.error:
                self._blame(key, patterns)
        try:
            found.Compile()
        except re2.error:
            raise LanguageError(f"{self.path}: reasons: too much for RE2") from None
        for at in found.Match(_NOTHING) or ():
            self._blame(f"reasons.{REASONS[at]}", language.reasons[REASONS[at]])
        return Rules(
            language=language.language,
            reasons=found,
            openers=self._compiled("openers", self._openers()),
            harmless=self._compiled("harmless", language.harmless),
            statements=self._compiled("statements", language.statements),
            requests=self._compiled("requests", language.requests),
            bare=frozenset(self._plain("bare", language.bare)),
            courtesies=frozenset(self._plain("courtesies", language.courtesies)),
        )

    def _openers(self) -> list[str]:
        """One pattern for any number of openers in a row."""
        openers = self.language.openers
        for opener in openers:
            self._one("openers", opener)
        return [f"^(?:{'|'.join(openers)})(?: (?:{'|'.join(openers)}))*"] if openers else []

    def _compiled(self, key: str, patterns: list[str]) -> Any:
        if not patterns:
            return None
        try:
            compiled = re2.compile(self._framed(key, patterns), _options(_PATTERN_BYTES))
        except re2.error:
            self._blame(key, patterns)
        if compiled.search(_NOTHING) is not None:
            self._blame(key, patterns)
        return compiled

    def _framed(self, key: str, patterns: list[str]) -> bytes:
        """One alternation of whole-word patterns."""
        return "|".join(self._one(key, pattern) for pattern in patterns).encode()

    def _blame(self, key: str, patterns: list[str]) -> NoReturn:
        """Raise `LanguageError` naming the pattern that is broken. They are tried one by one only here."""
        for pattern in patterns:
            if why := _why_broken(self._one(key, pattern).encode()):
                raise self._error(key, pattern, f"{pattern!r}: {why}")
        raise LanguageError(f"{self.path}: {key}: too much for RE2")

    def _one(self, key: str, pattern: str) -> str:
        if pattern != " ".join(pattern.split()) or not pattern:
            raise self._error(key, pattern, f"{pattern!r}: words are separated by one blank each")
        if pattern != pattern.lower() and "\\" not in pattern:
            raise self._error(key, pattern, f"{pattern!r}: texts are read in lower case")
        for name in _LIST.findall(pattern):
            if name not in self.lists:
                raise self._error(key, pattern, f"{pattern!r}: there is no list {name!r}")
        if _LAST_BLANK.search(pattern) is not None:
            raise self._error(key, pattern, rf"{pattern!r}: ends in a blank: write ( \w+)* there, not (\w+ )*")
        if _BROKEN_LETTER.search(pattern) is not None:
            raise self._error(key, pattern, f"{pattern!r}: letters outside ASCII: write (a|b) not [ab], (a)? not a?")
        start, end = " ", " "
        if pattern.startswith("^"):
            pattern, start = (pattern[2:], "^ [.] ") if pattern.startswith("^^") else (pattern[1:], "[.?] ")
        if pattern.endswith("$"):
            pattern, end = (pattern[:-2], " [.?] $") if pattern.endswith("$$") else (pattern[:-1], " [.?]")
        if _INNER_END.search(pattern) is not None:
            raise self._error(key, pattern, f"{pattern!r}: ^ and $ stand only at the ends of a whole pattern")
        body = _LIST.sub(lambda found: self.lists[found[1]], pattern)
        body = _GAP.sub(lambda found: rf"(?:\w+ ){{0,{found[1]}}}", body)
        return f"{start}(?:{body}){end}".replace(r"\w", _WORD_CLASS)

    def _plain(self, key: str, phrases: list[str]) -> list[str]:
        for phrase in phrases:
            if phrase != " ".join(phrase.lower().split()) or not phrase.replace(" ", "").isalnum():
                raise self._error(key, phrase, f"{phrase!r}: plain words in lower case are wanted here")
        return phrases

    def _error(self, key: str, what: str, message: str) -> LanguageError:
        return LanguageError(f"{self.path}: {key}: {message}{_line_of(self.text, what)}")


def _options(most_bytes: int) -> Any:
    options = re2.Options()
    options.max_mem = most_bytes
    options.encoding = re2.Options.Encoding.LATIN1  # bytes, not characters
    options.never_capture = True  # so that a file may group with plain brackets
    options.log_errors = False
    return options


def _why_broken(framed: bytes) -> str:
    """Why this is no pattern of ours; empty if it is."""
    try:
        compiled = re2.compile(framed, _options(_PATTERN_BYTES))
    except re2.error as error:
        reason = error.args[0]
        return f"no RE2 pattern: {reason.decode(errors='replace') if isinstance(reason, bytes) else reason}"
    return "finds something in an empty text" if compiled.search(_NOTHING) is not None else ""


def _named(message: str) -> str:
    """The name that a message of msgspec's is about: `... unknown field `x``, `... - at `$.reasons[...]``."""
    field = re.search(r"field `(\w+)`", message)
    if field:
        return field[1]
    at = re.search(r"`\$\.(\w+)", message)
    return at[1] if at else ""


def _line_of(text: str, what: str) -> str:
    """ " (line 12)" for the first line that holds `what`; empty if none does."""
    if what:
        for number, line in enumerate(text.splitlines(), 1):
            if what in line or what.replace("\\", "\\\\") in line:
                return f" (line {number})"
    return ""
