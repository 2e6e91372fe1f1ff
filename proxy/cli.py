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

    cache = _add(commands, "cache", "inspect and purge the cache", _cache)
    cache.add_argument("action", choices=["stats", "list", "purge"])
    cache.add_argument("--key", help="purge: the exact key")
    cache.add_argument("--entry", help="purge: the entry's id")
    cache.add_argument("--tenant", help="purge: one tenant's entries")
    cache.add_argument("--model", help="purge: entries of a model")
    cache.add_argument("--tag", help="purge: entries with this label (k or k=v)")
    cache.add_argument("--older-than", metavar="6h", help="purge: entries stored longer ago")
    cache.add_argument("--all", action="store_true", help="purge: everything")
    cache.add_argument("--limit", type=int, default=50, help="list: at most so many (default 50)")

    db = _add(commands, "db", "the store's life cycle", _db)
    db.add_argument("action", choices=["upgrade", "backup", "restore", "verify"])
    db.add_argument("file", nargs="?", type=Path, metavar="FILE", help="backup, restore: the copy")
    return parser


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


def _cache(options: argparse.Namespace) -> int:
    from halfpenny.proxy.offline import cache_command

    return cache_command(options, _load(options), _print_json, _fail)


def _db(options: argparse.Namespace) -> int:
    from halfpenny.proxy.offline import db_command

    return db_command(options, _load(options), _print_json, _fail)
