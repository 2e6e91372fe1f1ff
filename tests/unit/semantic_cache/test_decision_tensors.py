"""semantic_cache/decision/tensors.py: what was written is read, and nothing else is."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from halfpenny.semantic_cache.decision.tensors import ModelFileError, read_tensors, sha256_of, write_tensors

ARRAYS = {
    "b.half": np.arange(6, dtype=np.float16).reshape(2, 3),
    "a.single": np.linspace(-1, 1, 5, dtype=np.float32),
    "c.small": np.array([[-128, 127]], dtype=np.int8),
    "d.whole": np.array([1 << 40], dtype=np.int64),
    "e.none": np.empty((0, 4), dtype=np.float32),
}


def file_of(path: Path, header: Any, data: bytes = b"") -> Path:
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + data)
    return path


def one(**changes: Any) -> dict[str, Any]:
    return {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


def test_round_trip(tmp_path: Path) -> None:
    digest = write_tensors(tmp_path / "model", ARRAYS, {"name": "Ünï"})
    found, metadata = read_tensors(tmp_path / "model", sha256=digest)
    assert metadata == {"name": "Ünï"}
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
        assert found[name].shape == array.shape


def test_arrays_that_lie_scattered_in_memory_are_written_in_their_order(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T[::2]
    write_tensors(tmp_path / "model", {"x": array}, {})
    assert np.array_equal(read_tensors(tmp_path / "model")[0]["x"], array)


def test_the_same_arrays_give_the_same_bytes_in_whatever_order(tmp_path: Path) -> None:
    one = write_tensors(tmp_path / "one", ARRAYS, {"name": "n"})
    other = write_tensors(tmp_path / "other", dict(reversed(ARRAYS.items())), {"name": "n"})
    assert one == other == sha256_of((tmp_path / "other").read_bytes())


def test_one_flipped_bit_is_another_model(tmp_path: Path) -> None:
    path = tmp_path / "model"
    digest = write_tensors(path, ARRAYS, {})
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="not the expected model"):
        read_tensors(path, sha256=digest)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model"
    write_tensors(path, ARRAYS, {})
    content = path.read_bytes()
    for size in range(len(content)):
        path.write_bytes(content[:size])
        with pytest.raises(ModelFileError):
            read_tensors(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_what_is_not_finite_is_refused(tmp_path: Path, value: float, dtype: type) -> None:
    write_tensors(tmp_path / "model", {"x": np.array([1, value], dtype=dtype)}, {})
    with pytest.raises(ModelFileError, match="not finite"):
        read_tensors(tmp_path / "model")


def test_the_least_file_of_another_writer_is_read(tmp_path: Path) -> None:
    found, metadata = read_tensors(file_of(tmp_path / "model", one(), np.ones(2, "<f4").tobytes()))
    assert found["x"].tolist() == [1.0, 1.0]
    assert metadata == {}


@pytest.mark.parametrize(
    "header",
    [
        one(data_offsets=[0, 16]),
        one(data_offsets=[-8, 0]),
        one(data_offsets=[8, 0]),
        one(data_offsets=[0, 4]),
        one(data_offsets=[1, 9]),
        one(data_offsets=[0]),
        one(data_offsets="08"),
        one(data_offsets=[1 << 70, (1 << 70) + 8]),
        one(shape=[3]),
        one(shape=[-1]),
        one(shape=[-1, -2]),
        one(shape=[1 << 32, 1 << 32], data_offsets=[0, 0]),
        one(shape="2"),
        one(shape=None),
        one(dtype="F64"),
        one(dtype=["F32"]),
        {"x": None},
        {"x": {}},
        {"__metadata__": 3},
        {"__metadata__": {"name": 3}},
        [],
        3,
        None,
        b"{}}",
        b"\xff\xfe",
        b"{",
        b"",
    ],
)  # fmt: skip
def test_a_header_that_lies_is_refused(tmp_path: Path, header: Any) -> None:
    with pytest.raises(ModelFileError):
        read_tensors(file_of(tmp_path / "model", header, np.ones(2, "<f4").tobytes()))


def test_a_header_longer_than_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes((1 << 60).to_bytes(8, "little") + b"{}")
    with pytest.raises(ModelFileError):
        read_tensors(tmp_path / "model")


class _Trap:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("the pickle was run",))


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(pickle.dumps(_Trap()))
    with pytest.raises(ModelFileError):
        read_tensors(tmp_path / "model")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(ModelFileError, match="cannot read"):
            read_tensors(path)
