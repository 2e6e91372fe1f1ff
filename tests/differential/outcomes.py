"""Running the SDK's own tests against an address, and comparing what came out."""

import json
import subprocess
from collections import Counter
from pathlib import Path

from tests.differential.material import Material

Outcomes = dict[str, str]
"""Test id -> "passed", "skipped" or "failed: ExceptionType"."""
EVERYTHING = ("tests/api_resources",)
LEFT_OUT = ("tests/api_resources/admin",)
"""In CI: 2,500 tests of plain JSON calls that manage an organisation, one like the other; the command runs them too."""
_RUN_S = 900


class SuiteError(Exception):
    """The SDK's tests could not be run at all."""


def run_suite(
    material: Material,
    address: str,
    log: Path,
    *,
    paths: tuple[str, ...] = EVERYTHING,
    left_out: tuple[str, ...] = (),
    processes: int = 2,
) -> Outcomes:
    """The outcomes of the SDK's tests in `paths` with `address` as the API. What pytest printed goes to `log`.

    `processes` 0: in one process, which starts sooner.
    """
    result = log.with_suffix(".json")
    command = [
        *(str(material.python), "-m", "pytest", "-q", "-p", "outcome_log", "-p", "no:cacheprovider", "-n", str(processes)),
        *paths,
        *(f"--ignore={path}" for path in left_out),
    ]
    with log.open("wb") as out:
        code = subprocess.run(
            command,
            cwd=material.sdk,
            env={**material.environment(), "TEST_API_BASE_URL": address, "OUTCOME_LOG": str(result)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=_RUN_S,
            check=False,
        ).returncode
    if code not in (0, 1) or not result.is_file():
        raise SuiteError(f"the SDK's tests did not run (exit code {code}):\n{log.read_text()[-4000:]}")
    outcomes: dict[str, str] = json.loads(result.read_text())
    return outcomes


def differences(direct: Outcomes, proxied: Outcomes) -> list[str]:
    """One line for each test that ended otherwise, or was run on one side only. Empty: the lists are the same."""
    return [
        f"{name}: {direct.get(name, 'not run')} directly, {proxied.get(name, 'not run')} through the proxy"
        for name in sorted({*direct, *proxied})
        if direct.get(name) != proxied.get(name)
    ]


def summary(outcomes: Outcomes) -> str:
    counts = Counter(outcome.partition(":")[0] for outcome in outcomes.values())
    return ", ".join(f"{counts[kind]} {kind}" for kind in ("passed", "failed", "skipped"))
