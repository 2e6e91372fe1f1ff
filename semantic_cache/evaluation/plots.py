"""Hit rate against false-hit rate, as a PNG. Needs matplotlib, which the extra `plots` brings."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from halfpenny.semantic_cache.evaluation.controls import Curve

_MARKERS = "osD^vP*X"
_BEYOND = 1.5
"""How far the axis goes on behind the widest bound."""


class PlotsUnavailableError(RuntimeError):
    """matplotlib is not installed, or does not load."""


class Point(msgspec.Struct, frozen=True):
    """One run of a rule: both rates are shares of the requests (0..1); `label` stands beside the point."""

    false_hit_rate: float
    hit_rate: float
    label: str = ""


def draw(
    path: Path,
    title: str,
    *,
    rules: Mapping[str, Sequence[Point]],
    curve: Curve | None = None,
    bounds: Sequence[float] = (0.005, 0.01, 0.02, 0.05),
    after_warm_up: bool = True,
) -> None:
    """Write the PNG: one marked line per rule (a point for each bound), the static curve over its thresholds, and a
    vertical line per bound.

    `after_warm_up` says which false-hit rate of the curve is drawn; give the points in the same measure. Raises
    PlotsUnavailableError without matplotlib, ValueError where there is nothing to draw, OSError if `path` cannot be
    written.
    """
    if curve is None and not any(rules.values()):
        raise ValueError("nothing to draw: no point and no curve")
    figure_class, canvas_class = _matplotlib()
    figure: Any = figure_class(figsize=(7, 5), layout="constrained")
    canvas_class(figure)
    axes = figure.add_subplot()
    if curve is not None:
        wrong = curve.false_hit_rate_after_warmup if after_warm_up else curve.false_hit_rate
        axes.plot(100 * wrong, 100 * curve.hit_rate, color="0.5", linewidth=1, label="static threshold, each one tried")
    for number, (name, points) in enumerate(rules.items()):
        xs, ys = [100 * point.false_hit_rate for point in points], [100 * point.hit_rate for point in points]
        marker = _MARKERS[number % len(_MARKERS)]
        axes.plot(xs, ys, marker=marker, linewidth=1, linestyle="--", label=_plain(name))
        for point, x, y in zip(points, xs, ys, strict=True):
            axes.annotate(_plain(point.label), (x, y), textcoords="offset points", xytext=(5, -9), fontsize=7)
    for bound in bounds:
        axes.axvline(100 * bound, color="tab:red", linewidth=0.7, linestyle=":")
    widest = 100 * max([*bounds, *(p.false_hit_rate for points in rules.values() for p in points), 0.001])
    axes.set(
        title=_plain(title),
        xlabel="false hits, % of requests" + (", after the warm-up" if after_warm_up else ""),
        ylabel="hits, % of requests",
        xlim=(0, _BEYOND * widest),
        ylim=(0, 100),
    )
    axes.grid(linewidth=0.3)
    axes.legend(fontsize=8)
    # The software's name and version would make equal figures differ as files.
    figure.savefig(path, format="png", dpi=120, metadata={"Software": None})


def _plain(text: str) -> str:
    """matplotlib reads $...$ as a formula; names of files and rules are no formulas."""
    return text.replace("$", r"\$")


def _matplotlib() -> tuple[Any, Any]:
    """The classes of figure and canvas. Not pyplot: that keeps figures in global state and may look for a screen."""
    try:
        return (
            import_module("matplotlib.figure").Figure,
            import_module("matplotlib.backends.backend_agg").FigureCanvasAgg,
        )
    except ImportError as error:
        raise PlotsUnavailableError(f"plots need matplotlib ({error}): pip install 'halfpenny[plots]'") from error
