"""Evaluation files: what is read, and what is refused with file, line and field."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from halfpenny.semantic_cache.evaluation.rows import (
    MAX_LINE_BYTES,
    Message,
    Pair,
    RowsError,
    StreamRow,
    VolatileRow,
    class_codes,
    read_conversations,
    read_pairs,
    read_stream_rows,
    read_volatile,
)

GOOD = b'{"id": 1, "text": "a", "cls": "x"}\n'


def written(tmp_path: Path, content: bytes, name: str = "rows.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_streams_take_any_scalar_class_and_ignore_other_fields(tmp_path: Path) -> None:
    lines = [
        b'{"id": 7, "text": "a", "cls": 1, "lang": {"deep": [1]}}',
        b'{"id": "q-8", "text": "", "cls": null}',
        b'{"id": 9, "text": "c\\u1ec3", "cls": true}',
        b'{"id": 10, "text": "d", "cls": 2.5}',
    ]
    rows = read_stream_rows(written(tmp_path, b"\n".join(lines)))
    assert rows == [
        StreamRow(7, "a", 1),
        StreamRow("q-8", "", None),
        StreamRow(9, "cể", True),
        StreamRow(10, "d", 2.5),
    ]


def test_blank_lines_windows_ends_and_a_byte_order_mark_are_no_rows(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n") + b"\n  \n" + GOOD + b"\n"
    assert len(read_stream_rows(written(tmp_path, content))) == 2


@pytest.mark.parametrize("name", ["rows.jsonl.gz", "named-otherwise.jsonl"])
def test_gzip_is_seen_by_its_content(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, gzip.compress(GOOD * 3), name)
    assert len(read_stream_rows(path)) == 3


def test_the_limit_stops_before_later_lines_are_judged(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD * 2 + b"not json\n")
    assert len(read_stream_rows(path, limit=2)) == 2
    with pytest.raises(RowsError):
        read_stream_rows(path, limit=3)
    with pytest.raises(ValueError, match="limit"):
        read_stream_rows(path, limit=0)


def test_the_other_three_forms(tmp_path: Path) -> None:
    assert read_pairs(written(tmp_path, b'{"a": "p", "b": "q", "y": 0, "kind": "number"}')) == [Pair("p", "q", 0)]
    assert read_volatile(written(tmp_path, b'{"text": "now?", "y": 1}')) == [VolatileRow("now?", 1)]
    (found,) = read_conversations(
        written(
            tmp_path,
            b'{"a": [{"role": "user", "content": "x", "name": "n"}], '
            b'"b": [{"role": "user", "content": [{"type": "text", "text": "x"}]}], "y": 1}',
        )
    )
    assert found.a == (Message("user", "x"),)
    assert found.b == (Message("user", [{"type": "text", "text": "x"}]),)


BAD: list[tuple[Callable[[Path], Any], bytes, int, str, str]] = [
    (read_stream_rows, GOOD + b'{"id": 1, "cls": 1}', 2, "text", "missing"),
    (read_stream_rows, GOOD + b'\n{"id": 1, "text": "a"}', 3, "cls", "missing"),
    (read_stream_rows, b'{"text": "a", "cls": 1}', 1, "id", "missing"),
    (read_stream_rows, b'{"id": 1, "text": 5, "cls": 1}', 1, "text", "Expected `str`, got `int`"),
    (read_stream_rows, b'{"id": 1, "text": null, "cls": 1}', 1, "text", "null"),
    (read_stream_rows, b'{"id": 1, "text": "a", "cls": ["x"]}', 1, "cls", "array"),
    (read_stream_rows, b'{"id": 1, "text": "a", "cls": {"x": 1}}', 1, "cls", "object"),
    (read_stream_rows, b'{"id": 1.5, "text": "a", "cls": 1}', 1, "id", "float"),
    (read_stream_rows, b'{"id": 1, "text": "a", "cls": 1e999}', 1, "cls", "range"),
    (read_stream_rows, b'{"id": 1, "text": "a", "cls": NaN}', 1, "", "not JSON"),
    (read_stream_rows, b'{"id": 1, "text": "\\udc00", "cls": 1}', 1, "", "not JSON|surrogate"),
    (read_stream_rows, b'["a"]', 1, "", "Expected `object`"),
    (read_stream_rows, b'{"id": 1, "text": "a", "cls": 1', 1, "", "not JSON"),
    (read_stream_rows, GOOD + b'{"id": 1, "text": "a\xff", "cls": 1}', 2, "", "not UTF-8 at byte 20"),
    (read_stream_rows, b'{"id": 1, "text": "a", "cls": 1, "x": ' + b"[" * 100_000, 1, "", "too deeply"),
    (read_stream_rows, b'{"id": 1, "text": "' + b"a" * MAX_LINE_BYTES + b'"', 1, "", "longer than"),
    (read_stream_rows, b"", 0, "", "no rows"),
    (read_stream_rows, b"\n \n", 0, "", "no rows"),
    (read_stream_rows, gzip.compress(b""), 0, "", "no rows"),
    (read_stream_rows, gzip.compress(GOOD * 2000)[:60], 1, "", "gzip stream is damaged"),
    (read_stream_rows, b"\x1f\x8b" + GOOD, 1, "", "gzip stream is damaged"),
    (read_pairs, b'{"a": "p", "b": "q", "y": 2}', 1, "y", "2"),
    (read_pairs, b'{"a": "p", "b": "q", "y": true}', 1, "y", "bool"),
    (read_pairs, b'{"a": "p", "y": 1}', 1, "b", "missing"),
    (read_volatile, b'{"text": "p", "y": "1"}', 1, "y", "str"),
    (read_conversations, b'{"a": [], "b": [{"role": "u", "content": "x"}], "y": 1}', 1, "a", "length"),
    (read_conversations, b'{"a": [{"role": "u"}], "b": [], "y": 1}', 1, "a[0].content", "missing"),
    (read_conversations, b'{"a": [{"role": "u", "content": 3}], "b": [], "y": 1}', 1, "a[0].content", "int"),
]


@pytest.mark.parametrize(("read", "content", "line", "field", "problem"), BAD, ids=range(len(BAD)))
def test_bad_input_names_file_line_and_field(
    tmp_path: Path, read: Callable[[Path], Any], content: bytes, line: int, field: str, problem: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(RowsError, match=problem) as caught:
        read(path)
    assert (caught.value.path, caught.value.line, caught.value.field) == (path, line, field)
    assert str(path) in str(caught.value)
    assert not line or f":{line}:" in str(caught.value)
    assert not field or f"`{field}`" in str(caught.value)


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(RowsError, match="cannot be read"):
        read_stream_rows(tmp_path / name)


def test_classes_are_equal_only_within_their_kind() -> None:
    codes = class_codes(["1", 1, 1.0, True, None, "None", False, 0, "1", True])
    assert codes.tolist() == [0, 1, 1, 2, 3, 4, 5, 6, 0, 2]
