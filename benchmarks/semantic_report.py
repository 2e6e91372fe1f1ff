"""The figures of the semantic cache beside its controls: `make bench-semantic`.

    python -m benchmarks.semantic_report --data ../shared/data/semantic --document docs/semantic-cache.md
        [--limit 5000] [--seeds 5] [--order shuffle] [--label-noise 0.0] [--cache FOLDER] [--plots FOLDER] [--gptcache]

Every file `NAME_stream_*.jsonl[.gz]` of the folder goes through every rule; the section between the two markers of the
document is written anew. All rates are per request. The bound is measured after the warm-up.
"""

import argparse
import datetime
import json
import os
import platform
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks import gptcache
from benchmarks.streams import load_streams
from halfpenny.semantic_cache.evaluation.controls import Curve, StaticThreshold, static_in_hindsight
from halfpenny.semantic_cache.evaluation.plots import PlotsUnavailableError, Point, draw
from halfpenny.semantic_cache.evaluation.rows import RowsError
from halfpenny.semantic_cache.evaluation.streams import WARM_UP, Order, Rule, Stream, run_seeds
from halfpenny.semantic_cache.evaluation.vcache import VCache

BEGIN = "<!-- bench-semantic: begin; written by benchmarks/semantic_report.py -->"
END = "<!-- bench-semantic: end -->"
BOUNDS = (0.005, 0.01, 0.02, 0.05)
STATIC = (0.8, 0.9, 0.95)

Figures = dict[str, float]


class Family(msgspec.Struct, frozen=True):
    """A rule that takes a bound, and how to make it."""

    name: str
    make: Callable[[float], Rule]


CONTROLS: tuple[Family, ...] = (Family("vCache", VCache),)
"""Rules that take a bound. Ours joins them in `main`; the static thresholds take none."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    seeds: int = 5
    order: Order = "shuffle"
    label_noise: float = 0.0
    bounds: tuple[float, ...] = BOUNDS
    static: tuple[float, ...] = STATIC


class Found(msgspec.Struct, frozen=True):
    """What one stream gave: per family one `mean_summary` per bound; static thresholds; hindsight per bound.

    `hindsight_requests` is less than `requests` where only the first arrivals were taken.
    """

    requests: int
    best_possible: float
    families: dict[str, dict[float, Figures]]
    static: dict[float, Figures]
    hindsight: dict[float, Figures]
    hindsight_requests: int
    curve: Curve
    seconds: float


def measure(stream: Stream, families: Sequence[Family], settings: Settings) -> Found:
    """Everything but GPTCache, on one stream."""
    start = time.perf_counter()
    common: dict[str, Any] = {"seeds": settings.seeds, "order": settings.order, "label_noise": settings.label_noise}
    static = {t: run_seeds(StaticThreshold(t), stream, **common) for t in settings.static}
    # In the file's order every seed gives the same: a static rule draws nothing.
    seeds = range(settings.seeds if settings.order == "shuffle" else 1)
    played = [static_in_hindsight(stream, settings.bounds, order=settings.order, seed=seed) for seed in seeds]
    hindsight = {
        bound: {
            key: float(np.mean([getattr(best[at], key) for best, _ in played]))
            for key in ("hit_rate", "false_hit_rate", "false_hit_rate_after_warmup")
        }
        for at, bound in enumerate(settings.bounds)
    }
    return Found(
        requests=len(stream.texts),
        best_possible=1 - len(set(map(repr, stream.classes))) / len(stream.texts),
        families={f.name: {b: run_seeds(f.make(b), stream, **common) for b in settings.bounds} for f in families},
        static=static,
        hindsight=hindsight,
        hindsight_requests=played[0][1].requests,
        curve=played[0][1],
        seconds=time.perf_counter() - start,
    )


def section(found: dict[str, Found], settings: Settings, *, command: str, extra: Sequence[str] = ()) -> str:
    """The markdown between the markers. Deterministic but for the machine, the date and the times."""
    order = "each seed with an order of its own" if settings.order == "shuffle" else "in the file's order"
    noise = f", labels wrong with probability {settings.label_noise:g}" if settings.label_noise else ""
    lines = [
        f"{machine()}, {datetime.datetime.now(datetime.UTC):%Y-%m-%d}: `{command}`.",
        "",
        f"Means of {settings.seeds} seeds, {order}{noise}. Hits / false hits in per cent of all requests; false hits "
        f"are counted after the first {WARM_UP} requests, the worst seed in brackets. The cache starts empty. "
        '"Static in hindsight" is the best threshold on that very stream and order: an upper limit for static rules.',
        "",
        *_bounded_table(found, settings),
        "",
        *_cost_table(found, settings),
        "",
        *_static_table(found, settings),
        *extra,
    ]
    short = [name for name, one in found.items() if one.hindsight_requests < one.requests]
    if short:
        lines += ["", f"Hindsight was taken over the first arrivals only: {', '.join(short)}."]
    return "\n".join(lines)


def _bounded_table(found: dict[str, Found], settings: Settings) -> list[str]:
    names = _families(found)
    lines = [
        "| stream (requests, best possible hits) | bound | " + " | ".join([*names, "static in hindsight"]) + " |",
        "| --- | --- | " + " | ".join("---" for _ in range(len(names) + 1)) + " |",
    ]
    for stream, one in found.items():
        for bound in settings.bounds:
            cells = [_rates(one.families[name][bound]) for name in names] + [_rates(one.hindsight[bound])]
            head = f"{stream} ({one.requests}, {100 * one.best_possible:.1f} %)" if bound == settings.bounds[0] else ""
            lines.append(f"| {head} | {100 * bound:g} % | " + " | ".join(cells) + " |")
    return lines


def _cost_table(found: dict[str, Found], settings: Settings) -> list[str]:
    lines = [
        "| stream | bound | rule | precision | re-asked % | net % | labels used | decision p50 / p99 ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for stream, one in found.items():
        for bound in settings.bounds:
            for name in _families(found):
                f = one.families[name][bound]
                lines.append(
                    f"| {stream} | {100 * bound:g} % | {name} | {f['precision']:.3f} | {100 * f['reasked_rate']:.1f} "
                    f"| {100 * f['net_rate']:.1f} | {f['labels_used']:.0f} | {f['p50_ms']:.2f} / {f['p99_ms']:.2f} |"
                )
    return lines


def _static_table(found: dict[str, Found], settings: Settings) -> list[str]:
    lines = [
        "| stream | " + " | ".join(f"static {t:g}" for t in settings.static) + " |",
        "| --- | " + " | ".join("---" for _ in settings.static) + " |",
    ]
    for stream, one in found.items():
        lines.append(f"| {stream} | " + " | ".join(_rates(one.static[t]) for t in settings.static) + " |")
    return lines


def _families(found: dict[str, Found]) -> list[str]:
    return list(next(iter(found.values())).families)


def _rates(figures: Figures) -> str:
    said = f"{100 * figures['hit_rate']:.1f} / {100 * figures['false_hit_rate_after_warmup']:.2f}"
    worst = figures.get("worst_false_hit_rate_after_warmup")
    return said if worst is None else f"{said} ({100 * worst:.2f})"


def write_between_markers(document: Path, content: str) -> None:
    """Replace what stands between the markers; without them the section is added at the end.

    Raises ValueError if there is only one marker, or they stand in the wrong order: then nothing is written.
    """
    text = document.read_text(encoding="utf-8")
    begin, end = text.find(BEGIN), text.find(END)
    block = f"{BEGIN}\n\n{content}\n\n{END}"
    if begin < 0 and end < 0:
        new = f"{text.rstrip()}\n\n## Measured against the controls\n\n{block}\n"
    elif 0 <= begin < end and text.count(BEGIN) == text.count(END) == 1:
        new = text[:begin] + block + text[end + len(END) :]
    else:
        raise ValueError(f"{document}: expected one {BEGIN} and after it one {END}")
    scratch = document.with_name(f".{document.name}.new")
    scratch.write_text(new, encoding="utf-8")
    scratch.replace(document)


def machine() -> str:
    """The processor, how many cores this process may use, and the interpreter."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = models[0] if models else name
    return f"{name}, {cores} cores, Python {platform.python_version()}"


def draw_all(found: dict[str, Found], folder: Path) -> None:
    """One PNG per stream."""
    folder.mkdir(parents=True, exist_ok=True)
    for stream, one in found.items():
        rules = {
            name: [
                Point(f["false_hit_rate_after_warmup"], f["hit_rate"], f"{100 * bound:g} %")
                for bound, f in by_bound.items()
            ]
            for name, by_bound in one.families.items()
        }
        draw(folder / f"semantic-{stream}.png", f"{stream}, {one.requests} requests", rules=rules, curve=one.curve)


def as_json(found: dict[str, Found]) -> dict[str, Any]:
    return {
        name: {field: getattr(one, field) for field in one.__struct_fields__ if field != "curve"}
        | {"curve": {field: np.asarray(getattr(one.curve, field)).tolist() for field in one.curve.__struct_fields__}}
        for name, one in found.items()
    }


def main(arguments: Sequence[str] | None = None, families: Sequence[Family] = CONTROLS) -> int:
    """0: measured; 1: a file cannot be used; 0 with a word where there is no data. `families`: the rules to compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.semantic_report")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/semantic"))
    parser.add_argument("--limit", type=_positive, default=5000, help="rows of each file (default 5000)")
    parser.add_argument("--seeds", type=_positive, default=5)
    parser.add_argument("--order", choices=["file", "shuffle"], default="shuffle")
    parser.add_argument("--label-noise", type=float, default=0.0, metavar="P")
    parser.add_argument("--document", type=Path, help="write the section into this file, else print it")
    parser.add_argument("--cache", type=Path, help="folder in which vectors are kept between runs")
    parser.add_argument("--plots", type=Path, help="folder for one PNG per stream")
    parser.add_argument("--gptcache", action="store_true", help="run GPTCache too (in an environment of its own)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    if not 0 <= options.label_noise < 1:
        parser.error("--label-noise: expected 0 <= P < 1")
    settings = Settings(seeds=options.seeds, order=options.order, label_noise=options.label_noise)
    try:
        streams = load_streams(options.data, limit=options.limit, cache=options.cache)
    except RowsError as error:
        print(error, file=sys.stderr)
        return 1
    if not streams:
        print(f"skipped: no streams in {options.data}")
        return 0
    found: dict[str, Found] = {}
    for name, stream in streams.items():
        found[name] = measure(stream, families, settings)
        print(f"{name}: measured in {found[name].seconds:.0f} s", file=sys.stderr, flush=True)
    extra: list[str] = []
    if options.gptcache:
        said = "GPTCache 0.1.44 (SQLite, faiss, our vectors; in the file's order, false hits over all requests):"
        extra = ["", said, "", *gptcache.table(gptcache.measure_all(streams))]
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = shlex.join(["python", "-m", "benchmarks.semantic_report", *given])
    text = section(found, settings, command=command, extra=extra)
    if options.document:
        write_between_markers(options.document, text)
    else:
        print(text)
    if options.json:
        options.json.write_text(json.dumps(as_json(found), indent=1), encoding="utf-8")
    if options.plots:
        try:
            draw_all(found, options.plots)
        except PlotsUnavailableError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {number}")
    return number


if __name__ == "__main__":
    sys.exit(main())
