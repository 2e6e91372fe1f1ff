"""Plots: the PNG is one and is drawn from the points; without matplotlib the message says what to install."""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from halfpenny.semantic_cache.evaluation.controls import Curve
from halfpenny.semantic_cache.evaluation.plots import PlotsUnavailableError, Point, draw

CURVE = Curve(
    thresholds=np.array([0.3, 0.6, 0.9]),
    hit_rate=np.array([0.9, 0.6, 0.2]),
    false_hit_rate=np.array([0.3, 0.04, 0.0]),
    false_hit_rate_after_warmup=np.array([0.25, 0.03, 0.0]),
    requests=100,
)
OURS = [Point(0.004, 0.2, "0.5 %"), Point(0.009, 0.4, "1 %")]


def png_size(path: Path) -> tuple[int, int]:
    """Width and height; checks the signature and the first chunk's checksum."""
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">I", data[29:33])[0] == zlib.crc32(data[12:29])
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_a_png_is_drawn_from_rules_and_curve(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    draw(tmp_path / "one.png", "a $tream_1", rules={"ours": OURS, "vCache": [Point(0.01, 0.1)]}, curve=CURVE)
    assert png_size(tmp_path / "one.png") == (840, 600)
    draw(tmp_path / "same.png", "a $tream_1", rules={"ours": OURS, "vCache": [Point(0.01, 0.1)]}, curve=CURVE)
    draw(tmp_path / "other.png", "a $tream_1", rules={"ours": OURS[:1], "vCache": [Point(0.01, 0.1)]}, curve=CURVE)
    draw(tmp_path / "points.png", "points only", rules={"ours": OURS})
    draw(tmp_path / "curve.png", "curve only", rules={}, curve=CURVE)
    one, same, other = ((tmp_path / f"{name}.png").read_bytes() for name in ("one", "same", "other"))
    assert one == same
    assert one != other


def test_nothing_to_draw_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        draw(tmp_path / "x.png", "empty", rules={"ours": []})


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(PlotsUnavailableError, match=r"halfpenny\[plots\]"):
        draw(tmp_path / "x.png", "t", rules={"ours": OURS})
    assert not (tmp_path / "x.png").exists()
