"""The evaluation files: JSON Lines, also gzipped, checked field by field.

Unknown fields are ignored and blank lines skipped; everything else that is not as expected is a `RowsError` that names
file, line and field. Whether a file is gzipped is read from its first two bytes.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Annotated, Any, Literal, TypeVar, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

MAX_LINE_BYTES = 16 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Scalar = str | int | float | bool | None


class RowsError(ValueError):
    """An evaluation file cannot be used. `line` counts from 1 and is 0, `field` is empty, where none is at fault."""

    def __init__(self, path: Path, problem: str, *, line: int = 0, field: str = "") -> None:
        where = f"{path}:{line}" if line else str(path)
        super().__init__(f"{where}: field `{field}`: {problem}" if field else f"{where}: {problem}")
        self.path = path
        self.line = line
        self.field = field
        self.problem = problem


class StreamRow(msgspec.Struct, frozen=True):
    """One request, in order of arrival. Rows of equal `cls` may share an answer."""

    id: str | int
    text: str
    cls: Scalar


class Pair(msgspec.Struct, frozen=True):
    """`a` is stored, `b` is asked; `y` is 1 if the answer may be shared."""

    a: str
    b: str
    y: Literal[0, 1]


class Message(msgspec.Struct, frozen=True):
    """One message of a conversation; `content` is text or a list of content parts, as in the chat API."""

    role: str
    content: str | list[dict[str, Any]]


Messages = Annotated[tuple[Message, ...], msgspec.Meta(min_length=1)]


class ConversationPair(msgspec.Struct, frozen=True):
    """As `Pair`, with whole conversations; the last message is the prompt."""

    a: Messages
    b: Messages
    y: Literal[0, 1]


class VolatileRow(msgspec.Struct, frozen=True):
    """`y` is 1 if the answer depends on now, on the caller or on the outside world and must not be stored."""

    text: str
    y: Literal[0, 1]


Row = TypeVar("Row", bound=msgspec.Struct)


def read_stream_rows(path: Path, limit: int | None = None) -> list[StreamRow]:
    """The first `limit` rows (None: all). Raises RowsError; lines behind the limit are not looked at."""
    return read_rows(path, StreamRow, limit)


def read_pairs(path: Path, limit: int | None = None) -> list[Pair]:
    """As `read_stream_rows`."""
    return read_rows(path, Pair, limit)


def read_conversations(path: Path, limit: int | None = None) -> list[ConversationPair]:
    """As `read_stream_rows`."""
    return read_rows(path, ConversationPair, limit)


def read_volatile(path: Path, limit: int | None = None) -> list[VolatileRow]:
    """As `read_stream_rows`."""
    return read_rows(path, VolatileRow, limit)


def class_codes(classes: Sequence[Scalar]) -> NDArray[np.int64]:
    """A number for each class, shape (n,): equal number, same class. 1 is 1.0, but neither is "1" or true."""
    codes: dict[tuple[str, Scalar], int] = {}
    return np.array([codes.setdefault((_kind(value), value), len(codes)) for value in classes], dtype=np.int64)


def _kind(value: Scalar) -> str:
    if value is None or isinstance(value, str | bool):
        return type(value).__name__
    return "number"


def read_rows(path: Path, form: type[Row], limit: int | None) -> list[Row]:
    if limit is not None and limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    found: list[Row] = []
    for number, line in _lines(path):
        found.append(_row(path, number, line, form))
        if len(found) == limit:
            break
    if not found:
        raise RowsError(path, "the file has no rows")
    return found


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number from 1, content) of every line that is not blank."""
    number = 0
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP_MAGIC
            raw.seek(0)
            source = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw
            while line := source.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise RowsError(path, f"longer than {MAX_LINE_BYTES} bytes", line=number)
                if number == 1:
                    line = line.removeprefix(_BYTE_ORDER_MARK)
                if line.strip():
                    yield number, line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise RowsError(path, f"the gzip stream is damaged: {error}", line=number + 1) from error
    except OSError as error:
        raise RowsError(path, f"cannot be read: {error.strerror or error}") from error


def _row(path: Path, number: int, line: bytes, form: type[Row]) -> Row:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RowsError(path, f"not UTF-8 at byte {error.start} of the line", line=number) from error
    try:
        row = msgspec.json.decode(line, type=form)
    except msgspec.ValidationError as error:
        field, problem = _field_and_problem(str(error))
        raise RowsError(path, problem, line=number, field=field) from error
    except msgspec.DecodeError as error:
        raise RowsError(path, f"not JSON: {error}", line=number) from error
    except RecursionError as error:
        raise RowsError(path, "nested too deeply", line=number) from error
    for name in row.__struct_fields__:
        if isinstance(value := getattr(row, name), str) and not _is_unicode(value):
            # No tokenizer takes it, and no caller can send it as UTF-8.
            raise RowsError(path, "holds half of a surrogate pair", line=number, field=name)
    return row


def _field_and_problem(message: str) -> tuple[str, str]:
    """msgspec ends a message with the path of the value, or names the missing field in it."""
    if missing := re.fullmatch(r"Object missing required field `([^`]+)`(?: - at `\$\.([^`]+)`)?", message):
        return ".".join(filter(None, (missing[2], missing[1]))), "is missing"
    if found := re.fullmatch(r"(.*) - at `\$\.([^`]+)`", message, re.DOTALL):
        return found[2], found[1]
    return "", message


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
