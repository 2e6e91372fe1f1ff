"""`python -m halfpenny` and the installed command `halfpenny`."""

import os
import sys

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    # Read when numpy is first imported. Its matrices here are small: threads for them only spin, and on a machine whose
    # cores are busy they cost fifty times the work (measured: 90 ms instead of 1.6 ms for one decision). An operator's
    # own setting stays.
    for name in _ONE_THREAD:
        os.environ.setdefault(name, "1")

    from halfpenny.proxy.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
