"""Arguments and exit codes: 0 good, 1 the thing asked for failed, 2 usage or configuration error."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from halfpenny.proxy.config import Config, ConfigError, load
from halfpenny.version import VERSION

Command = Callable[[argparse.Namespace], int]
DEFAULT_FILE = Path("config.toml")


def run(arguments: Sequence[str]) -> int:
    """The command. Returns the exit code; argparse itself exits with 2 for usage errors."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not hasattr(options, "command"):
        parser.print_help()
        return 2
    try:
        command: Command = options.command
        return command(options)
    except ConfigError as error:
        return _fail(options, str(error), code=2)
    except KeyboardInterrupt:
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="halfpenny", description="A transparent caching proxy with routing for LLM calls."
    )
    parser.add_argument("--version", action="version", version=f"halfpenny {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    serve = _add(commands, "serve", "run the proxy", _serve)
    serve.add_argument("--listen", metavar="H:P", help="data plane, instead of server.listen")
    serve.add_argument("--admin", metavar="H:P", help="admin plane, instead of server.admin")
    serve.add_argument("--workers", type=int, default=1, metavar="N", help="processes that share the port (default 1)")
    serve.add_argument("--worker-number", type=int, help=argparse.SUPPRESS)

    _add(commands, "check", "validate the configuration without starting", _check)
    _add(commands, "doctor", "check backends, keys, models, store and disk; say how to mend them", _doctor)

    report = _add(commands, "report", "spend, savings, hit rates", _report)
    report.add_argument("--since", default="24h", metavar="24h", help="how far back (default 24h)")
    report.add_argument("--by", choices=["model", "route", "tenant", "tag"], help="break the figures down")

    explain = _add(commands, "explain", "why a request was served as it was", _explain)
    explain.add_argument("request_id", metavar="REQUEST_ID")

    route = _add(commands, "route", "dry run of one request through the router", _route)
    route.add_argument("--explain", required=True, type=Path, metavar="FILE", help="a JSON request body")

    _evaluate_parsers(commands)

    cache = _add(commands, "cache", "inspect and purge the cache, retrain its decision", _cache)
    cache.add_argument("action", choices=["stats", "list", "purge", "train"])
    cache.add_argument("--key", help="purge: the exact key")
    cache.add_argument("--entry", help="purge: the entry's id")
    cache.add_argument("--tenant", help="purge: one tenant's entries")
    cache.add_argument("--model", help="purge: entries of a model")
    cache.add_argument("--tag", help="purge: entries with this label (k or k=v)")
    cache.add_argument("--older-than", metavar="6h", help="purge: entries stored longer ago")
    cache.add_argument("--all", action="store_true", help="purge: everything")
    cache.add_argument("--limit", type=int, default=50, help="list: at most so many (default 50)")
    cache.add_argument("--labels", type=Path, metavar="FILE", help="train: pairs {a, b, y} or a stream {id, text, cls}")
    cache.add_argument("--out", type=Path, metavar="FILE", help="train: the model to write")
    cache.add_argument(
        "--base", type=Path, metavar="FILE", help="train: the model to begin from (default: the bundled)"
    )
    cache.add_argument(
        "--verifier", action="store_true", help="train: the pair verifier, too (needs the extra `models`)"
    )

    db = _add(commands, "db", "the store's life cycle", _db)
    db.add_argument("action", choices=["upgrade", "backup", "restore", "verify"])
    db.add_argument("file", nargs="?", type=Path, metavar="FILE", help="backup, restore: the copy")
    return parser


def _evaluate_parsers(commands: Any) -> None:
    text = "quality on labelled data"
    evaluate = commands.add_parser("evaluate", help=text, description=text[0].upper() + text[1:] + ".")
    kinds = evaluate.add_subparsers(title="what", metavar="WHAT", dest="what", required=True)

    semantic = _add(kinds, "semantic", "hits and false hits of the semantic cache on a stream or on pairs", _evaluate)
    semantic.add_argument("--max-false-hit-rate", type=float, metavar="R", help="the bound (default: the configured)")
    semantic.add_argument("--warm", type=Path, metavar="FILE", help="a stream that fills the cache first")
    semantic.add_argument("--seeds", type=int, default=1, metavar="N", help="means of N runs (default 1)")
    semantic.add_argument("--order", choices=["file", "shuffle"], default="file", help="of arrival (default file)")
    semantic.add_argument("--label-noise", type=float, default=0.0, metavar="P", help="share of labels that are wrong")
    semantic.add_argument("--controls", action="store_true", help="static thresholds and vCache's rule in the same run")
    semantic.add_argument("--plot", type=Path, metavar="FILE.png", help="draw hits against false hits")
    semantic.add_argument("--pairs", action="store_true", help="rows are pairs: a is stored, b is asked")
    semantic.add_argument("--gate", action="store_true", help="pairs: keep volatile prompts out, as the proxy does")
    conversations = _add(kinds, "conversations", "pairs of whole conversations", _evaluate)
    volatile = _add(kinds, "volatile", "precision and recall of the gate for volatile prompts", _evaluate)
    for parser in (semantic, conversations, volatile):
        parser.add_argument("file", type=Path, metavar="FILE", help="JSON Lines, .gz allowed")
        parser.add_argument("--limit", type=int, metavar="N", help="the first N rows")
    for parser in (semantic, conversations):
        parser.add_argument(
            "--model", type=Path, metavar="FILE", help="a model of `cache train` (default: the bundled)"
        )


def _add(commands: Any, name: str, text: str, command: Command) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.add_argument("--config", type=Path, metavar="FILE", help="default: ./config.toml, else built-in defaults")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(command=command)
    return parser


def config_path(options: argparse.Namespace) -> Path | None:
    """The file to read: the one named, else ./config.toml if it is there, else none (built-in defaults)."""
    if options.config is not None:
        given: Path = options.config
        return given
    return DEFAULT_FILE if DEFAULT_FILE.exists() else None


def _load(options: argparse.Namespace) -> Config:
    return load(config_path(options))


def _fail(options: argparse.Namespace, message: str, *, code: int = 1) -> int:
    if getattr(options, "json", False):
        _print_json({"error": message})
    print(f"halfpenny: {message}", file=sys.stderr)
    return code


def _print_json(value: Any) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def _serve(options: argparse.Namespace) -> int:
    from halfpenny.proxy.serving import serve

    return serve(options, _load(options), config_path(options))


def _check(options: argparse.Namespace) -> int:
    from halfpenny.proxy.inspecting import describe

    config = _load(options)
    shown = describe(config)
    if options.json:
        _print_json(shown.document)
    else:
        source = config_path(options)
        print(f"{source if source is not None else 'built-in defaults'}: valid")
        print("\n".join(shown.lines))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from halfpenny.proxy.inspecting import examine

    findings = asyncio.run(examine(_load(options)))
    broken = [finding for finding in findings if not finding.ok]
    if options.json:
        _print_json({"ok": not broken, "findings": findings})
    else:
        for finding in findings:
            print(f"{'ok  ' if finding.ok else 'FAIL'} {finding.part}: {finding.text}")
    return 1 if broken else 0


def _report(options: argparse.Namespace) -> int:
    from halfpenny.proxy.offline import report_command

    return report_command(options, _load(options), _print_json, _fail)


def _explain(options: argparse.Namespace) -> int:
    from halfpenny.proxy.offline import explain_command

    return explain_command(options, _load(options), _print_json, _fail)


def _route(options: argparse.Namespace) -> int:
    from halfpenny.proxy.inspecting import dry_run

    return dry_run(options, _load(options), _print_json, _fail)


def _evaluate(options: argparse.Namespace) -> int:
    from halfpenny.proxy.evaluating import evaluate_command

    return evaluate_command(options, _load(options), _print_json, _fail)


def _cache(options: argparse.Namespace) -> int:
    if options.action == "train":
        from halfpenny.proxy.retraining import train_command

        return train_command(options, _load(options), _print_json, _fail)
    from halfpenny.proxy.offline import cache_command

    return cache_command(options, _load(options), _print_json, _fail)


def _db(options: argparse.Namespace) -> int:
    from halfpenny.proxy.offline import db_command

    return db_command(options, _load(options), _print_json, _fail)
