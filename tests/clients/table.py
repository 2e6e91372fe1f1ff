"""`docs/clients.md`, written from a run. What a run measures (date, machine, call counts) is kept apart from what is
fixed (clients, versions, cells, reasons), so that a test can tell a stale document from one of another day."""

import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from tests.clients.cells import CLIENTS, MODES, SHAPES, STATES, Cell, Client, senseless
from tests.clients.environments import node_path
from tests.clients.matrix import Outcome
from tests.clients.retries import IGNORES_SHOULD_RETRY, KINDS, NO_SWITCH
from tests.clients.run import Run

COMMAND = "python -m tests.clients --write docs/clients.md"
HEAD = """# Clients

Written by `{command}`; do not edit. tests/clients/test_matrix.py runs it again and fails if this page is out of date.

Every field compares one call through the proxy with the same call made directly, as the client's own caller sees it:
text and its pieces, reasoning, tool calls with ids and arguments, the finish reason, usage, the model, or the error's class, status
and message. Also checked: the outcome in the ledger, the number of calls that reached the upstream, and `Cache-Status`
where the client shows headers. The upstream is the scripted one (tests/upstream.py).

| | |
| --- | --- |
| miss | the first request; its answer is stored |
| exact hit | the same request again, once stored whole and once stored from a stream; no call upstream. Where the client sends another body when it streams (Vercel's and instructor's tools), only the same form counts |
| semantic hit | a re-phrased question, answered from the neighbour with the bundled embedder; no call upstream |
| coalesced | the same request twice at once; one call upstream |
| reasoning | text after reasoning: `reasoning_content`, a thinking block with its signature, a thought part, or a reasoning item |
| tools | two tool calls in one answer |
| error | the upstream refuses with status 400 |
| cut | the upstream closes the connection after two words (stream) or in the middle of the body (whole). Both calls must fail, and the text until then must be equal; the error may differ: the proxy says in the dialect what happened |
| error event | the upstream sends its dialect's error event after two words |

"""


def render(run: Run) -> str:
    """The whole document."""
    return HEAD.format(command=COMMAND) + _measured(run) + fixed(run.cells) + _retries(run) + _modelled(run)


def fixed(cells: dict[Cell, Outcome]) -> str:
    """The clients' tables: they depend on the code alone as long as every cell is green."""
    reasons = list(dict.fromkeys(senseless(client, cell) for client, cell in _all() if senseless(client, cell)))
    out = ["## Cells\n", "Not there, and why:\n"]
    out += [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    for client in CLIENTS:
        out += ["", f"### {client.name}", "", f"{client.version}, `{client.path}`"]
        if not client.shows_headers:
            out[-1] += "; shows no headers, so its state is checked in the ledger and at the upstream"
        if not client.shows_reasoning:
            out[-1] += "; does not show reasoning"
        if not client.parallel_tools:
            out[-1] += "; takes one tool call at a time"
        if client.counts_tokens_itself:
            out[-1] += "; counts tokens itself, so usage is not compared"
        if client.retries_by_itself:
            out[-1] += (
                f"; {client.retries_by_itself}, so the fault goes away after the first call and the end is compared"
            )
        out += ["", f"| | {' | '.join(STATES)} |", "| --- |" + " --- |" * len(STATES)]
        for shape in SHAPES:
            for mode in MODES:
                marks = [_mark(client, cells, Cell(client.name, state, mode, shape), reasons) for state in STATES]
                out.append(f"| {shape}, {mode} | {' | '.join(marks)} |")
    return "\n".join(out) + "\n"


def all_green() -> dict[Cell, Outcome]:
    """The outcomes of a run without a red cell."""
    return {cell: Outcome(cell, reason=senseless(client, cell)) for client, cell in _all()}


def fixed_part_of(document: str) -> str:
    """The same part of a written document."""
    return document[document.index("## Cells") : document.index("## Retries")].strip() + "\n"


def listed_in(document: str, heading: str) -> list[str]:
    """The first column of the table below a heading."""
    part = document[document.index(f"## {heading}") :].partition("\n## ")[0]
    return [row for row in re.findall(r"^\| ([^|]+?) \|", part, re.MULTILINE) if row not in ("client", "---")]


def _all() -> list[tuple[Client, Cell]]:
    return [
        (client, Cell(client.name, state, mode, shape))
        for client in CLIENTS
        for shape in SHAPES
        for mode in MODES
        for state in STATES
    ]


def _mark(client: Client, cells: dict[Cell, Outcome], cell: Cell, reasons: list[str]) -> str:
    reason = senseless(client, cell)
    if reason:
        return f"n/a ({reasons.index(reason) + 1})"
    outcome = cells.get(cell)
    if outcome is None:
        return "not run"
    return f"**red**: {outcome.wrong.replace('|', '/')[:200]}" if outcome.wrong else "green"


def _measured(run: Run) -> str:
    marks = [outcome.mark for outcome in run.cells.values()]
    node = subprocess.run([str(node_path()), "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return (
        f"Run on {datetime.date.today():%Y-%m-%d}: {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {sys.version.partition(' ')[0]}, node {node}; {run.seconds:.0f} s. "
        f"{marks.count('green')} green, {marks.count('red')} red, {marks.count('n/a')} not there.\n\n"
    )


def _retries(run: Run) -> str:
    out = [
        "\n## Retries",
        "",
        "A 429 with Retry-After, once and then for ever; the client is allowed two retries. Calls that reached the",
        "upstream, directly and through the proxy; the end (text, or error class and status) is the same. The proxy tries",
        "again itself and then says `x-should-retry: false`.",
        "",
        "| client | 429 once | 429 for ever | |",
        "| --- | --- | --- | --- |",
    ]
    for client in CLIENTS:
        rows = {row.kind: row for row in run.retries if row.client == client.name}
        note = IGNORES_SHOULD_RETRY.get(client.name) or NO_SWITCH.get(client.name, "")
        said = []
        for kind in KINDS:
            row = rows.get(kind)
            if row is None:
                said.append("not run")
            elif row.reason:
                said.append("n/a")
            else:
                said.append(f"**red**: {row.wrong}" if row.wrong else f"{row.direct_calls}, {row.proxied_calls}")
        out.append(f"| {client.name} | {said[0]} | {said[1]} | {note} |")
    return "\n".join(out) + "\n"


def _modelled(run: Run) -> str:
    out = [
        "\n## Real model",
        "",
        "The same comparison against llama.cpp's server with SmolLM2-135M-Instruct: a server of its own for the direct",
        'calls, the backend `kind = "llamacpp"` behind the proxy; text, finish reason, model and token counts.',
        "",
        "| client | miss, whole | exact hit, whole | miss, stream | exact hit, stream |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in dict.fromkeys(row.client for row in run.modelled):
        rows = [row for row in run.modelled if row.client == name]
        out.append(f"| {name} | {' | '.join(f'**red**: {row.wrong}' if row.wrong else 'green' for row in rows)} |")
    return "\n".join(out) + "\n"


def write(run: Run, path: Path) -> None:
    path.write_text(render(run))
