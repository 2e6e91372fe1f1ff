"""The command. Exit codes: 0 measured, 1 a wrong answer or (with --enforce) a bar that was missed, 2 usage."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from loadtest import hit, machine, memory, passthrough, start
from loadtest.generator import LoadError
from loadtest.processes import StartError, go_first
from loadtest.report import Report, Section

_CASES = ("hit", "passthrough", "memory", "start")
_ROUNDS = {"hit": 9, "passthrough": 5, "memory": 3, "start": 5}
MOST_ROUNDS = 50


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="loadtest", description="What the proxy costs beside a bare server.")
    parser.add_argument("case", choices=[*_CASES, "all"])
    parser.add_argument("--rounds", type=int, metavar="N", help=f"default: {_ROUNDS}")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--against", type=Path, metavar="DIR", help="measure this checkout's proxy too, turn about")
    parser.add_argument("--realtime", action="store_true", help="run before other work of a shared machine (SCHED_RR)")
    parser.add_argument("--enforce", action="store_true", help="exit with 1 if a bar is missed")
    options = parser.parse_args(arguments)
    if options.rounds is not None and not 1 <= options.rounds <= MOST_ROUNDS:
        parser.error(f"--rounds: expected 1 to {MOST_ROUNDS}, got {options.rounds}")
    if options.against is not None and not (options.against / "pyproject.toml").is_file():
        parser.error(f"--against: {options.against} is not a checkout")
    return options


def _measure(case: str, rounds: int, against: Path | None) -> Section:
    match case:
        case "hit":
            return hit.measure(rounds, against)
        case "passthrough":
            return passthrough.measure(rounds, against)
        case "memory":
            return memory.measure(rounds, against)
        case _:
            return start.measure(rounds)


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    where = machine.here()
    if options.realtime:
        try:
            go_first()
        except PermissionError:
            print("loadtest: --realtime needs CAP_SYS_NICE", file=sys.stderr)
            return 2
    sections = []
    failed = False
    for case in _CASES if options.case == "all" else (options.case,):
        try:
            sections.append(_measure(case, options.rounds or _ROUNDS[case], options.against))
        except (LoadError, StartError) as error:
            failed = True
            print(f"loadtest: {case}: {error}", file=sys.stderr)
    report = Report(command=f"python -m loadtest {shlex.join(arguments)}", machine=where, sections=sections)
    if options.json:
        sys.stdout.write(msgspec.json.encode(report.document()).decode() + "\n")
    else:
        print(report.text())
    return 1 if failed or (options.enforce and report.missed) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
