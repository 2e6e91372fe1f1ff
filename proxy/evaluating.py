"""The commands `evaluate semantic`, `evaluate conversations` and `evaluate volatile`: quality on labelled files.

What decides is what serves: the configured embedder, the surfaces that read bodies, the keys, the decision of
`semantic_cache/decision`. Files, errors in them and scoring are those of `semantic_cache/evaluation`.
"""

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from halfpenny.proxy.config import Config, ConfigError
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.runtime import gate_of
from halfpenny.proxy.surfaces.base import Ask
from halfpenny.proxy.surfaces.openai_chat import OpenAIChat
from halfpenny.proxy.surfaces.reading import is_partial, read_ask
from halfpenny.semantic_cache.base import Embedder, Vector
from halfpenny.semantic_cache.decision.model import Model, load_model
from halfpenny.semantic_cache.decision.tensors import ModelFileError
from halfpenny.semantic_cache.embedders import configured_embedder
from halfpenny.semantic_cache.embedders.errors import EmbedderError
from halfpenny.semantic_cache.evaluation.controls import Curve, StaticThreshold, static_in_hindsight
from halfpenny.semantic_cache.evaluation.embedding import KeptPrompts
from halfpenny.semantic_cache.evaluation.learned import Learned
from halfpenny.semantic_cache.evaluation.pairs import (
    BOUND,
    Case,
    PairsFound,
    RawConversations,
    kind_text,
    read_pair_cases,
    read_raw_conversations,
    run_pairs,
    run_volatile,
)
from halfpenny.semantic_cache.evaluation.plots import PlotsUnavailableError, Point, draw
from halfpenny.semantic_cache.evaluation.rows import RowsError, read_volatile
from halfpenny.semantic_cache.evaluation.streams import Answers, Outcome, Rule, Stream, load_stream, run_seeds
from halfpenny.semantic_cache.evaluation.vcache import VCache
from halfpenny.semantic_cache.key import exact_key, partition_key
from halfpenny.semantic_cache.volatile import Gate

PrintJson = Callable[[Any], None]
Fail = Callable[..., int]

STATIC = (0.8, 0.9, 0.95)
PLOTTED = (0.01, 0.02, 0.05)
"""Bounds at which our rule is run for a plot, beside the one that was asked for."""

_COUNTS = ("requests", "hits", "false_hits", "labels_used", "unusable_vectors")
_PROGRESS_S = 2.0
_SURFACE = OpenAIChat()
_BASE = (b"evaluate",)
"""What keys hold beside the body; the same for all of a file: one tenant, one target."""


class Parts(msgspec.Struct, frozen=True, eq=False):
    """What decides: the model and the embedder that it was trained on."""

    model: Model
    embedder: Embedder

    def prompts(self, texts: Iterable[str]) -> KeptPrompts:
        """The prompts of these texts, with progress on stderr."""
        return KeptPrompts(self.embedder, self.model.verifier, texts, Progress("embedded"))

    def rule(self, bound: float, prompts: KeptPrompts, texts: Sequence[str]) -> Learned:
        """Our rule over rows with these texts."""
        model = self.model
        return Learned("halfpenny", lambda: model.namespace(bound), prompts.rows(texts), model.verifier)


class Progress:
    """Says `embedded 512 of 5000` on stderr, every other second and at the end."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._said_s = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        now_s = time.monotonic()
        if done < total and now_s < self._said_s + _PROGRESS_S:
            return
        self._said_s = now_s
        say(f"{self._verb} {done} of {total}")


class Announced:
    """A rule that says on stderr which of its runs begins."""

    def __init__(self, rule: Rule, name: str, runs: int) -> None:
        self.name = rule.name
        self._rule, self._said, self._runs, self._run = rule, name, runs, 0

    def run(
        self,
        texts: Sequence[str],
        answers: Answers,
        vectors: Vector,
        order: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> Outcome:
        """See `Rule.run`."""
        self._run += 1
        say(f"{self._said}: run {self._run} of {self._runs}")
        return self._rule.run(texts, answers, vectors, order, rng)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def evaluate_command(options: argparse.Namespace, config: Config, print_json: PrintJson, fail: Fail) -> int:
    """0: measured. Raises ConfigError for a file, a model or an option that cannot be used."""
    _check(options)
    try:
        if options.what == "volatile":
            return _volatile(options, gate_of(config), print_json)
        if options.what == "conversations" or options.pairs:
            return _pairs(options, config, print_json)
        return _stream(options, config, print_json)
    except (RowsError, ModelFileError) as error:
        raise ConfigError(str(error)) from error
    except (EmbedderError, PlotsUnavailableError, OSError) as error:
        return fail(options, str(error))


def load_parts(config: Config, model_file: Path | None) -> Parts:
    """The model of `model_file`, else the configured, else the bundled one. Slow: reads files. Raises ModelFileError,
    EmbedderError, and ConfigError if model and embedder do not belong together."""
    configured = config.cache.semantic.model
    model = load_model(model_file or (Path(configured) if configured else None))
    embedder = configured_embedder(config.cache.semantic.embedder)
    if embedder.name != model.embedder or embedder.dimensions != len(model.centre):
        raise ConfigError(
            f"cache.semantic.embedder: the decision model {model.name!r} was trained on {model.embedder!r}, "
            f"not on {embedder.name!r}: configure that embedder, or train a model (`cache train`)"
        )
    return Parts(model, embedder)


def bound_of(options: argparse.Namespace, config: Config) -> float:
    """Wrong hits per request: the one that was given, else the configured."""
    given: float | None = getattr(options, "max_false_hit_rate", None)
    return config.cache.semantic.max_false_hit_rate if given is None else given


def _check(options: argparse.Namespace) -> None:
    if options.limit is not None and options.limit < 1:
        raise ConfigError("--limit: expected 1 or more")
    if options.what != "semantic":
        return
    if options.seeds < 1:
        raise ConfigError("--seeds: expected 1 or more")
    if not 0 <= options.label_noise < 1:
        raise ConfigError("--label-noise: expected 0 <= P < 1")
    bound = options.max_false_hit_rate
    if bound is not None and not 0 <= bound < 1:
        raise ConfigError("--max-false-hit-rate: expected 0 <= R < 1")
    stream_only = {"--warm": options.warm, "--plot": options.plot, "--controls": options.controls}
    for name, given in stream_only.items():
        if options.pairs and given:
            raise ConfigError(f"{name}: not with --pairs, which has no stream")
    if options.gate and not options.pairs:
        raise ConfigError("--gate: only with --pairs")
    if options.plot is not None:
        if find_spec("matplotlib") is None:
            raise ConfigError("--plot: needs matplotlib: pip install 'halfpenny[plots]'")
        if not options.plot.parent.is_dir():
            raise ConfigError(f"--plot: there is no folder {options.plot.parent}")


# streams


def _stream(options: argparse.Namespace, config: Config, print_json: PrintJson) -> int:
    texts, classes = load_stream(options.file, options.limit)
    warm_texts, warm_classes = load_stream(options.warm) if options.warm is not None else ([], [])
    parts = load_parts(config, options.model)
    prompts = parts.prompts([*warm_texts, *texts])
    stream = Stream(texts, classes, prompts.vectors_of(texts))
    warm = Stream(warm_texts, warm_classes, prompts.vectors_of(warm_texts)) if warm_texts else None
    bound = bound_of(options, config)
    runner = Runner(options.seeds, options.order, options.label_noise, stream, warm)
    ours = {
        one: runner.run(parts.rule(one, prompts, [*warm_texts, *texts]), f"halfpenny at {100 * one:g} %")
        for one in dict.fromkeys([bound, *(PLOTTED if options.plot else ())])
    }
    document: dict[str, Any] = {
        **ours[bound],
        "max_false_hit_rate": bound,
        "seeds": options.seeds,
        "order": options.order,
        "label_noise": options.label_noise,
        "model": parts.model.name,
        "embedder": parts.embedder.name,
    }
    if options.controls:
        document["controls"] = runner.controls(bound)
    if options.plot:
        drawn = {"halfpenny": ours}
        if options.controls and bound > 0:
            drawn["vCache"] = {
                one: document["controls"]["vcache"] if one == bound else runner.run(VCache(one), f"vCache {one:g}")
                for one in ours
                if one > 0
            }
        _plot(options.plot, options.file.name, drawn, runner.curve())
    if options.json:
        print_json(document)
    else:
        _print_stream(options, document, len(warm_texts))
    return 0


class Runner:
    """Runs rules over one stream, each with the same seeds, order, noise and warm rows."""

    def __init__(self, seeds: int, order: Any, label_noise: float, stream: Stream, warm: Stream | None) -> None:
        self._seeds, self._order, self._noise = seeds, order, label_noise
        self._stream, self._warm = stream, warm

    def run(self, rule: Rule, name: str) -> dict[str, Any]:
        """`mean_summary`, with whole numbers where they are whole."""
        found = run_seeds(
            Announced(rule, name, self._seeds),
            self._stream,
            seeds=self._seeds,
            order=self._order,
            label_noise=self._noise,
            warm=self._warm,
        )
        return {
            key: int(value) if key in _COUNTS and float(value).is_integer() else float(value)
            for key, value in found.items()
        }

    def controls(self, bound: float) -> dict[str, Any]:
        """The rules that ours is compared with. Hindsight knows no warm cache and is left out where there is one."""
        found: dict[str, Any] = {}
        if self._warm is None:
            found["static_in_hindsight"] = self._hindsight(bound)
        for threshold in STATIC:
            found[f"static_{threshold:g}"] = self.run(StaticThreshold(threshold), f"static {threshold:g}")
        if bound > 0:
            found["vcache"] = self.run(VCache(bound), f"vCache at {100 * bound:g} %")
        return found

    def curve(self) -> Curve:
        """Every static threshold that is worth trying, in the order of the first seed."""
        return static_in_hindsight(self._stream, PLOTTED, order=self._order, seed=0)[1]

    def _hindsight(self, bound: float) -> dict[str, Any]:
        # in the file's order every seed gives the same: a static rule draws nothing
        seeds = range(self._seeds if self._order == "shuffle" else 1)
        say(f"static in hindsight: {len(seeds)} runs")
        played = [static_in_hindsight(self._stream, [bound], order=self._order, seed=seed)[0][0] for seed in seeds]
        kept = [one.threshold for one in played if math.isfinite(one.threshold)]
        rates = ("hit_rate", "false_hit_rate", "false_hit_rate_after_warmup")
        return {
            "requests": played[0].requests,
            **{name: float(np.mean([getattr(one, name) for one in played])) for name in rates},
            **{f"worst_{name}": max(getattr(one, name) for one in played) for name in rates[1:]},
            "threshold": float(np.mean(kept)) if kept else None,
        }


def _plot(path: Path, title: str, drawn: dict[str, dict[float, Any]], curve: Curve) -> None:
    rules = {
        name: [
            Point(one["false_hit_rate_after_warmup"], one["hit_rate"], f"{100 * bound:g} %")
            for bound, one in sorted(by_bound.items())
        ]
        for name, by_bound in drawn.items()
    }
    draw(path, title, rules=rules, curve=curve, bounds=sorted(next(iter(drawn.values()))))
    say(f"drawn: {path}")


_COLUMNS = (
    ("hits %", "hit_rate", 100.0, 1),
    ("false %", "false_hit_rate", 100.0, 2),
    ("after warm-up %", "false_hit_rate_after_warmup", 100.0, 2),
    ("worst %", "worst_false_hit_rate_after_warmup", 100.0, 2),
    ("precision", "precision", 1.0, 4),
    ("re-asked %", "reasked_rate", 100.0, 1),
    ("net %", "net_rate", 100.0, 1),
    ("labels", "labels_used", 1.0, 0),
    ("p50 ms", "p50_ms", 1.0, 3),
    ("p99 ms", "p99_ms", 1.0, 3),
)


def _print_stream(options: argparse.Namespace, document: dict[str, Any], warm: int) -> None:
    noise = f", {100 * options.label_noise:g} % of the labels wrong" if options.label_noise else ""
    before = f", after {warm} rows of {options.warm.name}" if warm else ""
    print(
        f"{options.file}: {document['requests']} requests, {options.order} order, {options.seeds} "
        f"{'seed' if options.seeds == 1 else 'seeds'}{before}{noise}; bound {100 * document['max_false_hit_rate']:g} % "
        f"of the requests; {document['model']}, {document['embedder']}"
    )
    rows = {"halfpenny": document, **document.get("controls", {})}
    table = [["rule", *(title for title, *_ in _COLUMNS)]]
    for name, one in rows.items():
        cells = [
            f"{scale * one[key]:.{digits}f}" if one.get(key) is not None else "-" for _, key, scale, digits in _COLUMNS
        ]
        table.append([name.replace("_", " "), *cells])
    print_table(table)


def print_table(table: Sequence[Sequence[str]]) -> None:
    """The first column to the left, the others to the right."""
    widths = [max(len(row[at]) for row in table) for at in range(len(table[0]))]
    for row in table:
        others = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        print("  ".join([row[0].ljust(widths[0]), *others]))


# pairs and conversations


def _pairs(options: argparse.Namespace, config: Config, print_json: PrintJson) -> int:
    structured, volatile = config.cache.semantic.structured, gate_of(config)
    if options.what == "conversations":
        rows = read_raw_conversations(options.file, options.limit)
        cases = [conversation_case(row, gate=volatile, structured=structured) for row in rows]
    else:
        gate = volatile if options.gate else None
        cases = [
            text_case(case, gate=gate, structured=structured) for case in read_pair_cases(options.file, options.limit)
        ]
    found = judge_cases(cases, load_parts(config, options.model), bound_of(options, config))
    document = found.document()
    if options.what == "semantic":
        reason = volatile.reason
        document["volatile"] = sum(bool(reason(case.a) or reason(case.b)) for case in cases)
    if options.json:
        print_json(document)
    else:
        print(f"{options.file}: each pair in a namespace without labels")
        _print_pairs(found)
        if "volatile" in document and not options.gate:
            print(f"the volatile gate (--gate) would keep {document['volatile']} pairs out of the cache")
    return 0


def judge_cases(cases: Sequence[Case], parts: Parts, bound: float = BOUND) -> PairsFound:
    """Every case by itself. Only the texts of pairs that could be served are embedded."""
    asked = [case for case in cases if case.together and not case.identical]
    prompts = parts.prompts(text for case in asked for text in (case.a, case.b))
    return run_pairs(cases, parts.model, prompts, bound=bound)


def text_case(case: Case, *, gate: Gate | None, structured: bool = False) -> Case:
    """A pair of texts, each as the only message of a chat."""
    a, b = ([{"role": "user", "content": text}] for text in (case.a, case.b))
    return _case(_side(a, gate, structured), _side(b, gate, structured), case.y, case.kind)


def conversation_case(row: RawConversations, *, gate: Gate | None, structured: bool = False) -> Case:
    """A pair of conversations: their last messages, and whether all before them is one partition."""
    return _case(_side(row.a, gate, structured), _side(row.b, gate, structured), row.y, kind_text(row.kind))


class Side(msgspec.Struct, frozen=True):
    """One request as the proxy reads it. `withheld`: why it is not stored at all; `apart`: why it takes no part in
    similarity; both empty if nothing stands against it."""

    text: str
    key: str
    partition: str = ""
    withheld: str = ""
    apart: str = ""


def _case(a: Side, b: Side, y: int, kind: str) -> Case:
    why = a.withheld or b.withheld or a.apart or b.apart
    if not why and a.partition != b.partition:
        why = "another context"
    identical = a.key == b.key and not a.withheld
    return Case(a.text, b.text, y, kind, identical=identical, together=not why, why=why)


def _side(messages: list[dict[str, Any]], gate: Gate | None, structured: bool) -> Side:
    """The body goes through the surface; keys and partition are made as `pipeline.py` makes them."""
    body = msgspec.json.encode({"model": "evaluated", "temperature": 0, "messages": messages})
    try:
        ask = read_ask(_SURFACE, body, _SURFACE.path)
    except ProxyError as error:
        return Side("", body.decode(), withheld=str(error), apart=str(error))
    if is_partial(ask):
        return Side("", body.decode(), withheld=ask.stateful, apart=ask.exact_only)
    key = exact_key(_BASE, ask.keyed or ask.document, ask.noise)
    withheld = ask.stateful or _volatile_reason(ask, gate)
    if ask.frame is None or not ask.may_be_semantic(structured=structured):
        return Side(ask.text, key, withheld=withheld, apart=ask.exact_only or "exact only")
    return Side(ask.text, key, partition_key(_BASE, ask.frame, ask.noise, ask.end_user), withheld)


def _volatile_reason(ask: Ask, gate: Gate | None) -> str:
    """As `fetch.py` asks the gate: of the last message alone."""
    last = ask.messages[-1][1] if ask.messages else ""
    reason = gate.reason(last) if gate is not None and last else None
    return f"volatile: {reason}" if reason else ""


def _print_pairs(found: PairsFound) -> None:
    table = [["kind", "pairs", "true hits", "false hits", "missed", "same served %", "other served %"]]
    for name, tally in [*found.by_kind.items(), ("all", found.total)]:
        same = tally.true_hits + tally.missed
        rates = tally.rates()
        table.append(
            [
                name,
                *(str(n) for n in (tally.pairs, tally.true_hits, tally.false_hits, tally.missed)),
                f"{100 * rates['served_same']:.1f}" if same else "-",
                f"{100 * rates['served_other']:.1f}" if tally.pairs > same else "-",
            ]
        )
    print_table(table)
    for why, count in sorted(found.apart.items(), key=lambda item: -item[1]):
        print(f"not comparable ({why}): {count}")


# volatile


def _volatile(options: argparse.Namespace, gate: Gate, print_json: PrintJson) -> int:
    rows = read_volatile(options.file, options.limit)
    found = run_volatile(rows, gate.reason)
    document = found.document()
    if options.json:
        print_json(document)
        return 0
    print(
        f"{options.file}: {found.rows} prompts, precision {found.precision:.3f}, recall {found.recall:.3f} "
        f"(refused rightly {found.true_positives}, wrongly {document['false_positives']}, "
        f"passed wrongly {document['false_negatives']})"
    )
    for at in found.passed_wrongly:
        print(f"passed: {rows[at].text!r}")
    for at in found.refused_wrongly:
        print(f"refused ({gate.reason(rows[at].text)}): {rows[at].text!r}")
    return 0
