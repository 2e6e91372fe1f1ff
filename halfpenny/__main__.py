"""`python -m halfpenny` and the installed command `halfpenny`."""

import sys


def main() -> None:
    from halfpenny.proxy.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
