"""A pytest plug-in for the SDK's own tests: writes each test's outcome to the file named by `OUTCOME_LOG`, as JSON.

`{test id: "passed" | "skipped" | "failed: ExceptionType"}`. An error in a fixture is a failure.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest


class OutcomeLog:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self._outcomes[report.nodeid] = report.outcome
            if report.failed:
                self._outcomes[report.nodeid] = f"failed: {_exception(report.longrepr)}"

    def pytest_sessionfinish(self) -> None:
        self._path.write_text(json.dumps(self._outcomes))


def _exception(longrepr: Any) -> str:
    crash = getattr(longrepr, "reprcrash", None)
    return str(crash.message).partition("\n")[0].partition(":")[0] if crash else "?"


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # with xdist, the one process that sees all reports
        config.pluginmanager.register(OutcomeLog(Path(os.environ["OUTCOME_LOG"])))
