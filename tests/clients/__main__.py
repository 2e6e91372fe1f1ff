"""`python -m tests.clients [--write FILE] [CLIENT ...]`: run the matrix and print what is red."""

import argparse
import asyncio
import sys
from pathlib import Path

from tests.clients import table
from tests.clients.cells import CLIENTS, SHAPES
from tests.clients.run import run

PARTS = ("cells", "retries", "model")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clients", nargs="*", help="clients by name; default: all", metavar="CLIENT")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the document; needs a run of everything")
    parser.add_argument("--shape", action="append", choices=SHAPES)
    parser.add_argument("--part", action="append", choices=PARTS)
    arguments = parser.parse_args()
    unknown = set(arguments.clients) - {client.name for client in CLIENTS}
    if unknown:
        parser.error(f"unknown clients {sorted(unknown)}; there are {[client.name for client in CLIENTS]}")
    if arguments.write and (arguments.clients or arguments.shape or arguments.part):
        parser.error("--write needs a run of everything")
    wanted = [client for client in CLIENTS if not arguments.clients or client.name in arguments.clients]
    found = asyncio.run(run(wanted, shapes=arguments.shape or SHAPES, parts=arguments.part or PARTS))
    for red in found.reds():
        print(f"RED {red}")
    marks = [outcome.mark for outcome in found.cells.values()]
    counts = ", ".join(f"{marks.count(mark)} {mark}" for mark in ("green", "red", "n/a"))
    print(f"cells: {counts}; retries: {len(found.retries)}; real model: {len(found.modelled)}; {found.seconds:.0f} s")
    if arguments.write:
        table.write(found, arguments.write)
    return 1 if found.reds() else 0


if __name__ == "__main__":
    sys.exit(main())
