"""The figures of the semantic cache beside its controls: `make bench-semantic`.

    python -m benchmarks.semantic_report --data ../shared/data/semantic --document docs/semantic-cache.md
        [--limit 5000,qqp=10000] [--seeds 5] [--order shuffle] [--label-noise 0.0] [--model FILE] [--leave-out]
        [--cache FOLDER] [--plots FOLDER] [--gptcache]

Every file `NAME_stream_*.jsonl[.gz]` of the folder goes through every rule; every `NAME_pairs_*`, `NAME_prompts_*`
(volatile) and `NAME_conversations_*` through its evaluation; the section between the two markers of the document is
written anew. All rates are per request. The bound is measured after the warm-up.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks import gptcache, streams
from halfpenny.proxy.config import Config, ConfigError
from halfpenny.proxy.evaluating import Parts, conversation_case, judge_cases, load_parts, say, text_case
from halfpenny.semantic_cache.decision.calibrator import Prior
from halfpenny.semantic_cache.decision.tensors import ModelFileError
from halfpenny.semantic_cache.evaluation.controls import Curve, StaticThreshold, static_in_hindsight
from halfpenny.semantic_cache.evaluation.embedding import KeptPrompts
from halfpenny.semantic_cache.evaluation.pairs import PairsFound, read_pair_cases, read_raw_conversations, run_volatile
from halfpenny.semantic_cache.evaluation.plots import PlotsUnavailableError, Point, draw
from halfpenny.semantic_cache.evaluation.rows import RowsError, Scalar, class_codes, read_volatile
from halfpenny.semantic_cache.evaluation.streams import WARM_UP, Order, Rule, Stream, load_stream, run_rule, run_seeds
from halfpenny.semantic_cache.evaluation.vcache import VCache
from halfpenny.semantic_cache.evaluation.vectors import embed_texts
from halfpenny.semantic_cache.training import priors
from halfpenny.semantic_cache.volatile import load_gate

BEGIN = "<!-- bench-semantic: begin; written by benchmarks/semantic_report.py -->"
END = "<!-- bench-semantic: end -->"
BOUNDS = (0.01, 0.02, 0.05)
STATIC = (0.8, 0.9, 0.95)
DEFAULT_LIMIT = 5000
TRACED_BOUND = 0.02

Figures = dict[str, float]


class Family(msgspec.Struct, frozen=True):
    """A rule that takes a bound, and how to make it."""

    name: str
    make: Callable[[float], Rule]


CONTROLS: tuple[Family, ...] = (Family("vCache", VCache),)
"""Rules that take a bound. Ours joins them in `main`; the static thresholds take none."""
OURS = "halfpenny"

LoadParts = Callable[[Path | None], Parts]


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


class Limits(msgspec.Struct, frozen=True):
    """How many rows of each file: `by_name`, else `default`."""

    default: int
    by_name: dict[str, int]

    def of(self, name: str) -> int:
        return self.by_name.get(name, self.default)

    @classmethod
    def parse(cls, text: str) -> "Limits":
        """`5000`, or `5000,banking77=3000`. Raises ArgumentTypeError."""
        default, by_name = DEFAULT_LIMIT, {}
        for part in text.split(","):
            name, equals, number = part.rpartition("=")
            if equals:
                by_name[name] = _positive(number)
            else:
                default = _positive(number)
        return cls(default, by_name)


class Rows(msgspec.Struct, frozen=True):
    """The rows of a stream file, without vectors."""

    texts: list[str]
    classes: list[Scalar]


class Ours:
    """Our rule over the streams of a folder; each text is embedded once."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._kept: dict[str, KeptPrompts] = {}

    def stream(self, name: str, rows: Rows) -> Stream:
        kept = self._kept[name] = self.parts.prompts(rows.texts)
        return Stream(rows.texts, rows.classes, kept.vectors_of(rows.texts))

    def family(self, name: str, texts: Sequence[str]) -> Family:
        return Family(OURS, lambda bound: self.parts.rule(bound, self._kept[name], texts))

    def left_out(self, name: str, traces: Mapping[str, priors.Trace], texts: Sequence[str]) -> Family:
        """Our rule with a prior that was learnt on every stream but this one."""
        prior = priors.learn([trace for other, trace in traces.items() if other != name])
        parts = self._with_prior(prior)
        return Family(OURS, lambda bound: parts.rule(bound, self._kept[name], texts))

    def trace(self, name: str, stream: Stream) -> priors.Trace:
        """What one stream says of the prior: the rule runs over it with a wide one."""
        rule = self._with_prior(priors.wide_prior()).rule(TRACED_BOUND, self._kept[name], stream.texts)
        run_rule(rule, stream)
        codes = class_codes(stream.classes)
        right = [float(codes[asked] == codes[nearest]) for _, _, asked, nearest in rule.trace]
        return np.array([features for features, *_ in rule.trace]), np.array(right)

    def _with_prior(self, prior: Prior) -> Parts:
        return Parts(msgspec.structs.replace(self.parts.model, prior=prior), self.parts.embedder)


def read_streams(folder: Path, limits: Limits) -> dict[str, Rows]:
    """Every stream file of the folder, by name. Raises RowsError."""
    files = streams.stream_files(folder) if folder.is_dir() else {}
    return {name: Rows(*load_stream(path, limits.of(name))) for name, path in files.items()}


def leave_out_table(ours: Ours, played: Mapping[str, Stream], settings: Settings) -> tuple[list[str], dict[str, Any]]:
    """The markdown and the figures of our rule with a prior from all streams but the tested one."""
    traces = {name: ours.trace(name, stream) for name, stream in played.items()}
    figures: dict[str, Any] = {}
    lines = [
        "",
        "The same with a prior that was learnt on the other streams only:",
        "",
        "| stream | " + " | ".join(f"{100 * bound:g} %" for bound in settings.bounds) + " |",
        "| --- | " + " | ".join("---" for _ in settings.bounds) + " |",
    ]
    for name, stream in played.items():
        family = ours.left_out(name, traces, stream.texts)
        say(f"{name}: without a prior from it")
        figures[name] = {
            bound: run_seeds(
                family.make(bound),
                stream,
                seeds=settings.seeds,
                order=settings.order,
                label_noise=settings.label_noise,
            )
            for bound in settings.bounds
        }
        lines.append(f"| {name} | " + " | ".join(_rates(figures[name][b]) for b in settings.bounds) + " |")
    return lines, figures


def other_tables(folder: Path, parts: Parts, limits: Limits) -> tuple[list[str], dict[str, Any]]:
    """Pairs, conversations and volatile prompts: the markdown and the figures. Raises RowsError."""
    gate = load_gate()
    pairs: dict[str, PairsFound] = {}
    for name, path in _files(folder, "pairs"):
        cases = [text_case(case, gate=None) for case in read_pair_cases(path, limits.of(f"{name}_pairs"))]
        pairs[name] = judge_cases(cases, parts)
    for name, path in _files(folder, "conversations"):
        rows = read_raw_conversations(path, limits.of(f"{name}_conversations"))
        pairs[f"{name} conversations"] = judge_cases([conversation_case(row, gate=gate) for row in rows], parts)
    lines: list[str] = []
    if pairs:
        lines += ["", "Pairs, each in a namespace without labels: served of all.", ""]
        lines += ["| pairs | kind | may share | may not share |", "| --- | --- | --- | --- |"]
        for name, found in pairs.items():
            for kind, tally in [*found.by_kind.items(), ("all", found.total)]:
                same = tally.true_hits + tally.missed
                other = tally.pairs - same
                may = f"{tally.true_hits}/{same}" if same else "-"
                lines.append(f"| {name} | {kind} | {may} | {f'{tally.false_hits}/{other}' if other else '-'} |")
    figures: dict[str, Any] = {name: found.document() for name, found in pairs.items()}
    for name, path in _files(folder, "prompts"):
        said = run_volatile(read_volatile(path, limits.of(f"{name}_prompts")), gate.reason)
        figures[f"{name} prompts"] = said.document()
        lines += [
            "",
            f"Gate, {name} prompts ({said.rows}): precision {said.precision:.3f}, recall {said.recall:.3f}.",
        ]
    return lines, figures


def _files(folder: Path, kind: str) -> Iterator[tuple[str, Path]]:
    """(NAME, file) of every `NAME_KIND[_...].jsonl[.gz]`, by name."""
    form = re.compile(rf"(?P<name>.+)_{kind}(?:_.*)?\.jsonl(?:\.gz)?")
    for path in sorted(folder.iterdir()):
        if found := form.fullmatch(path.name):
            yield found["name"], path


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


def _plots(found: dict[str, Found], folder: Path) -> Iterator[tuple[str, Path]]:
    for stream in found:
        yield stream, folder / f"semantic-{stream}.png"


def _link(plot: Path, document: Path | None) -> str:
    """As the document refers to it."""
    return os.path.relpath(plot, document.parent if document is not None else Path())


def draw_all(found: dict[str, Found], folder: Path) -> None:
    """One PNG per stream."""
    folder.mkdir(parents=True, exist_ok=True)
    for stream, path in _plots(found, folder):
        one = found[stream]
        rules = {
            name: [
                Point(f["false_hit_rate_after_warmup"], f["hit_rate"], f"{100 * bound:g} %")
                for bound, f in by_bound.items()
            ]
            for name, by_bound in one.families.items()
        }
        draw(path, f"{stream}, {one.requests} requests", rules=rules, curve=one.curve)


def as_json(found: dict[str, Found]) -> dict[str, Any]:
    return {
        name: {field: getattr(one, field) for field in one.__struct_fields__ if field != "curve"}
        | {"curve": {field: np.asarray(getattr(one.curve, field)).tolist() for field in one.curve.__struct_fields__}}
        for name, one in found.items()
    }


def main(
    arguments: Sequence[str] | None = None, families: Sequence[Family] = CONTROLS, load: LoadParts | None = None
) -> int:
    """0: measured; 1: a file cannot be used; 0 with a word where there is no data. `families`: the rules to compare;
    `load` reads our own model, whose rule then comes first, and without which only the controls run."""
    options = _options(arguments)
    settings = Settings(seeds=options.seeds, order=options.order, label_noise=options.label_noise)
    try:
        rows = read_streams(options.data, options.limit)
        if not rows:
            print(f"skipped: no streams in {options.data}")
            return 0
        ours = None if load is None else Ours(load(options.model))
        return _report(options, settings, rows, families, ours, arguments)
    except (RowsError, ModelFileError, ConfigError, PlotsUnavailableError) as error:
        print(error, file=sys.stderr)
        return 1


def _report(
    options: argparse.Namespace,
    settings: Settings,
    rows: Mapping[str, Rows],
    families: Sequence[Family],
    ours: Ours | None,
    arguments: Sequence[str] | None,
) -> int:
    embedder = streams.load_embedder("onnx") if ours is None else None
    played: dict[str, Stream] = {}
    found: dict[str, Found] = {}
    for name, one in rows.items():
        say(f"{name}: {len(one.texts)} requests")
        if ours is not None:
            stream = ours.stream(name, one)
            rules: tuple[Family, ...] = (ours.family(name, one.texts), *families)
        else:
            assert embedder is not None
            stream = Stream(one.texts, one.classes, embed_texts(embedder, one.texts, options.cache))
            rules = tuple(families)
        played[name] = stream
        found[name] = measure(stream, rules, settings)
        say(f"{name}: measured in {found[name].seconds:.0f} s")
    extra: list[str] = []
    more: dict[str, Any] = {}
    if ours is not None:
        if options.leave_out and len(played) > 1:
            lines, more["leave_out"] = leave_out_table(ours, played, settings)
            extra += lines
        lines, more["pairs"] = other_tables(options.data, ours.parts, options.limit)
        extra += lines
    if options.gptcache:
        said = "GPTCache 0.1.44 (SQLite, faiss, our vectors; in the file's order, false hits over all requests):"
        extra += ["", said, "", *gptcache.table(gptcache.measure_all(played))]
    if options.plots:
        extra += ["", *(f"![{name}]({_link(path, options.document)})" for name, path in _plots(found, options.plots))]
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = shlex.join(["python", "-m", "benchmarks.semantic_report", *given])
    text = section(found, settings, command=command, extra=extra)
    if options.document:
        write_between_markers(options.document, text)
    else:
        print(text)
    if options.json:
        options.json.write_text(json.dumps({**as_json(found), **more}, indent=1), encoding="utf-8")
    if options.plots:
        draw_all(found, options.plots)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.semantic_report")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/semantic"))
    parser.add_argument(
        "--limit",
        type=Limits.parse,
        default=Limits(DEFAULT_LIMIT, {}),
        metavar="N[,NAME=N...]",
        help=f"rows of each file (default {DEFAULT_LIMIT})",
    )
    parser.add_argument("--seeds", type=_positive, default=5)
    parser.add_argument("--order", choices=["file", "shuffle"], default="shuffle")
    parser.add_argument("--label-noise", type=float, default=0.0, metavar="P")
    parser.add_argument("--model", type=Path, help="a model of `cache train` (default: the bundled)")
    parser.add_argument("--leave-out", action="store_true", help="priors without the tested source, too")
    parser.add_argument("--document", type=Path, help="write the section into this file, else print it")
    parser.add_argument(
        "--cache", type=Path, help="folder in which vectors are kept between runs of the controls alone"
    )
    parser.add_argument("--plots", type=Path, help="folder for one PNG per stream")
    parser.add_argument("--gptcache", action="store_true", help="run GPTCache too (in an environment of its own)")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    if not 0 <= options.label_noise < 1:
        parser.error("--label-noise: expected 0 <= P < 1")
    if options.plots and find_spec("matplotlib") is None:
        parser.error("--plots: needs matplotlib: pip install 'halfpenny[plots]'")
    return options


def load_ours(model: Path | None) -> Parts:
    """The model, with the embedder of the default configuration."""
    return load_parts(Config(), model)


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {text}")
    return number


if __name__ == "__main__":
    sys.exit(main(load=load_ours))
