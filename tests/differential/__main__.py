"""`python -m tests.differential`: all of the SDK's tests, directly, through a fresh proxy, and once more with its cache.

Prints the counts and every test that ended otherwise; exit code 1 if there is one.
"""

import sys
import tempfile
from pathlib import Path

from tests.differential.material import fetch
from tests.differential.outcomes import differences, run_suite, summary
from tests.differential.servers import mock, proxy


def main() -> int:
    material = fetch()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with mock(material, folder) as upstream:
            direct = run_suite(material, upstream, folder / "direct.log")
            print(f"directly: {summary(direct)}", flush=True)
            worse = []
            with proxy(upstream, folder / "proxy") as through:
                for run in ("fresh", "again"):
                    proxied = run_suite(material, through.url, folder / f"{run}.log")
                    print(f"through the proxy, {run}: {summary(proxied)}; {dict(through.outcomes())}", flush=True)
                    worse += differences(direct, proxied)
    print("\n".join(worse) or "the same list of passes and failures")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
