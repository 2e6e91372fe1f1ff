"""Cases made from the public specification, directly and through the proxy.

`python -m tests.differential.schemas [--examples 20] [--seed 1] [--operation "POST /v1/x"]...`: every operation, or
those named. Prints the report as JSON; exit code 1 if anything differs. What is compared is in `inside/schema_cases.py`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.differential.material import INSIDE, Material, fetch
from tests.differential.outcomes import SuiteError
from tests.differential.servers import mock, proxy

COMMON = (
    *("POST /v1/chat/completions", "POST /v1/completions", "POST /v1/embeddings", "POST /v1/responses"),
    *("POST /v1/moderations", "GET /v1/models", "GET /v1/models/{model}", "POST /v1/audio/speech"),
)
"""The operations of the slice that CI runs."""
_RUN_S = 3000


def run_cases(
    material: Material, direct: str, proxied: str, folder: Path, *, operations: Sequence[str], examples: int, seed: int
) -> dict[str, Any]:
    """The report: counts of `cases`, `equal`, `refused`, `different`; `skipped` operations; `differences`.

    `direct` and `proxied` are addresses ending in /v1. The same seed makes the same cases.
    """
    settings, report = folder / "settings.json", folder / "report.json"
    given = {
        "spec": str(material.spec),
        "direct": direct.removesuffix("/v1"),
        "proxied": proxied.removesuffix("/v1"),
        "operations": list(operations),
        "examples": examples,
        "seed": seed,
    }
    settings.write_text(json.dumps(given))
    done = subprocess.run(
        [str(material.python), str(INSIDE / "schema_cases.py"), str(settings), str(report)],
        env=material.environment(),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_RUN_S,
        check=False,
    )
    if done.returncode or not report.is_file():
        raise SuiteError(f"the cases could not be run (exit code {done.returncode}):\n{done.stderr[-4000:]}")
    result: dict[str, Any] = json.loads(report.read_text())
    return result


def shown(report: dict[str, Any]) -> list[str]:
    """One line for each difference; the whole of it is in the command's output."""
    return [
        f"{item['operation']} ({item['mode']}): {item['direct']['status']} directly, {item['proxied']['status']} "
        f"{item['proxied']['error'] or item['proxied']['content_type']} through the proxy"
        f"{', new failures ' + ' '.join(item['new_failures']) if item['new_failures'] else ''}; body {item['body'][:200]}"
        for item in report["differences"]
    ]


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.differential.schemas")
    parser.add_argument("--examples", type=int, default=20, help="cases for each operation and mode")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--operation", action="append", default=[], help='such as "POST /v1/embeddings"; default: all')
    arguments = parser.parse_args(given)
    material = fetch()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with mock(material, folder) as upstream, proxy(upstream, folder / "proxy") as through:
            report = run_cases(
                material,
                upstream,
                through.url,
                folder,
                operations=arguments.operation,
                examples=arguments.examples,
                seed=arguments.seed,
            )
            print(json.dumps({**report, "outcomes": through.outcomes()}, indent=1))
    return 1 if report["differences"] else 0


if __name__ == "__main__":
    sys.exit(main())
