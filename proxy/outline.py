"""Where the top-level members of a JSON object stand in its bytes, without reading what is in them.

For bodies that must not be decoded (megabytes of small values would hold the interpreter's lock for half a second) or
cannot be (`NaN`, a lone surrogate, a hundred thousand levels). It is lenient on purpose: only strings, brackets, commas
and colons count (RFC 8259 section 2); whether the values are good JSON is for their reader to judge.

No call into C looks at more than a slice, so a thread that scans lets the event loop run in between. The work is linear
in the size of the body, and bounded in steps.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

_SLICE_BYTES = 1 << 16
_NAME_BYTES = 256
_MOST_STEPS = 400_000
"""Of one to two microseconds each. What takes more was made to take long."""
_MEMBER_STEPS = 3
# Possessive throughout: nothing here may backtrack.
_SPACE = re.compile(rb"[ \t\r\n]*+")
_LITERAL = re.compile(rb'[^ \t\r\n,:"\[\]{}]*+')
_IN_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_OPENING = re.compile(rb"[\[{]*+")
_CLOSING = re.compile(rb"[\]}]*+")
_PLAIN = rb'[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_LEAF = rb"\{(?:" + _PLAIN + rb")*+\}|\[(?:" + _PLAIN + rb")*+\]"
_TWIG = rb"\{(?:" + _PLAIN + b"|" + _LEAF + rb")*+\}|\[(?:" + _PLAIN + b"|" + _LEAF + rb")*+\]"
_FLAT = re.compile(b"(?:" + _PLAIN + b"|" + _TWIG + b")*+", re.DOTALL)
"""What a nested value may hold before the next bracket or string that has to be looked at by itself."""
_MARK = b"\xef\xbb\xbf"
_QUOTE, _BACKSLASH, _COMMA, _COLON, _OPEN, _CLOSE = b'"\\,:{}'
_OPENS, _CLOSES = b"{[", b"}]"

Span = tuple[int, int]


class _BrokenError(Exception):
    pass


class Outline(msgspec.Struct, frozen=True):
    """`spans` holds, for each wanted name, where its values stand: `body[start:end]`, one for each time it is named.
    `end` is where the closing brace of the object stands; `empty` says that it has no member at all."""

    spans: dict[str, tuple[Span, ...]]
    end: int
    empty: bool


class Partial(dict[str, Any]):
    """Some of a body's top-level members, where the whole was not read. It stands for no request: it may be routed by,
    never converted, keyed or encoded. `outline` is that of the body; None if it has none."""

    def __init__(self, members: dict[str, Any], found: Outline | None) -> None:
        super().__init__(members)
        self.outline = found


def outline(body: bytes, wanted: frozenset[str]) -> Outline | None:
    """The outline of the JSON object in `body`; None if it is none, or if finding out would take too long.

    A byte order mark in front is passed over, as some parsers do.
    """
    try:
        return _Scan(body).outline(wanted)
    except (_BrokenError, IndexError):  # an index past the end: cut short
        return None


class _Scan:
    """One walk over a body. Methods take the place where something begins and return the place behind it; they raise
    `_BrokenError` or IndexError where that something is not there."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.steps = 0

    def outline(self, wanted: frozenset[str]) -> Outline:
        body = self.body
        spans: dict[str, tuple[Span, ...]] = {}
        at = self._run(_SPACE, len(_MARK) if body.startswith(_MARK) else 0)
        at = self._run(_SPACE, self._expect(_OPEN, at))
        if body[at] == _CLOSE:
            self._nothing_behind(at)
            return Outline(spans, at, True)
        for name, start, end in self._members(at):
            if name in wanted:
                spans[name] = (*spans.get(name, ()), (start, end))
            at = end
        at = self._run(_SPACE, at)
        self._nothing_behind(at)
        return Outline(spans, at, False)

    def _members(self, at: int) -> Iterator[tuple[str, int, int]]:
        """(name, start and end of its value) of each member, up to the closing brace."""
        while True:
            self._count(_MEMBER_STEPS)
            end = self._string(self._expect(_QUOTE, at))
            name = self._name(at, end)
            start = self._run(_SPACE, self._expect(_COLON, self._run(_SPACE, end)))
            end = self._value(start)
            yield name, start, end
            at = self._run(_SPACE, end)
            if self.body[at] == _CLOSE:
                return
            at = self._run(_SPACE, self._expect(_COMMA, at))

    def _nothing_behind(self, at: int) -> None:
        if self._run(_SPACE, at + 1) != len(self.body):
            raise _BrokenError

    def _count(self, steps: int) -> None:
        self.steps += steps
        if self.steps > _MOST_STEPS:
            raise _BrokenError

    def _expect(self, byte: int, at: int) -> int:
        if self.body[at] != byte:
            raise _BrokenError
        return at + 1

    def _name(self, start: int, end: int) -> str:
        """A member's name; empty if it is too long or too odd for one that is looked for."""
        if end - start > _NAME_BYTES:
            return ""
        try:
            return msgspec.json.decode(self.body[start:end], type=str)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ""

    def _match(self, pattern: re.Pattern[bytes], at: int) -> int:
        found = pattern.match(self.body, at, at + _SLICE_BYTES)
        assert found is not None  # every pattern here matches the empty string
        return found.end()

    def _run(self, pattern: re.Pattern[bytes], at: int) -> int:
        """A run of bytes of one class, slice by slice."""
        while True:
            end = self._match(pattern, at)
            if end - at < _SLICE_BYTES:
                return end
            at = end

    def _string(self, at: int) -> int:
        """Behind the closing quote of the string whose content begins at `at`."""
        body = self.body
        quote = body.find(b'"', at)
        if quote < 0:
            raise _BrokenError
        if quote == at or body[quote - 1] != _BACKSLASH:
            return quote + 1
        while True:
            end = self._match(_IN_STRING, at)
            if body[end] == _QUOTE:
                return end + 1
            if end == at and end + 1 >= len(body):
                raise _BrokenError  # a backslash is the last byte
            at = end

    def _value(self, at: int) -> int:
        first = self.body[at]
        if first == _QUOTE:
            return self._string(at + 1)
        if first in _OPENS:
            return self._nested(at)
        end = self._run(_LITERAL, at)
        if end == at:
            raise _BrokenError
        return end

    def _nested(self, at: int) -> int:
        body = self.body
        depth = 0
        while True:
            self._count(1)
            byte = body[at]
            if byte in _OPENS:
                end = self._match(_OPENING, at)
                depth += end - at
                at = end
            elif byte in _CLOSES:
                end = self._match(_CLOSING, at)
                if end - at >= depth:
                    return at + depth
                depth -= end - at
                at = end
            elif byte == _QUOTE:
                at = self._string(at + 1)
            at = self._match(_FLAT, at)
