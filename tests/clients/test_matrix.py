"""The client matrix: every client through the proxy against the same client called directly; and its document."""

import asyncio
from pathlib import Path

import pytest

from tests.clients import table
from tests.clients.cells import CLIENTS, Cell, cells_of, senseless
from tests.clients.environments import ROOT, missing_reason
from tests.clients.model import clients as modelled_clients
from tests.clients.run import Run, run

pytestmark = pytest.mark.model
DOCUMENT = ROOT / "docs" / "clients.md"
CELLS = [cell for client in CLIENTS for cell in cells_of(client) if not senseless(client, cell)]
BY_NAME = {client.name: client for client in CLIENTS}


@pytest.fixture(scope="module")
def matrix(request: pytest.FixtureRequest) -> Run:
    """One run of what the selected tests of this file ask about."""
    chosen = [item for item in request.session.items if item.path == Path(__file__)]
    asked = [item.callspec.params for item in chosen if hasattr(item, "callspec")]
    names = {params["cell"].client for params in asked if "cell" in params} | {
        params["name"] for params in asked if "name" in params
    }
    shapes = list(dict.fromkeys(params["cell"].shape for params in asked if "cell" in params))
    parts = {part for item in chosen if (part := PARTS.get(getattr(item, "originalname", ""))) is not None}
    return asyncio.run(run([client for client in CLIENTS if client.name in names], shapes=shapes, parts=parts))


def not_here(name: str) -> None:
    """Skip a client that this machine cannot have."""
    reason = missing_reason(BY_NAME[name].environment)
    if reason:
        pytest.skip(reason)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_call_through_the_proxy_equals_the_direct_one(matrix: Run, cell: Cell) -> None:
    not_here(cell.client)
    outcome = matrix.cells[cell]
    assert outcome.mark == "green", outcome.wrong


@pytest.mark.parametrize("name", [client.name for client in CLIENTS])
def test_retries_do_not_multiply(matrix: Run, name: str) -> None:
    not_here(name)
    rows = [row for row in matrix.retries if row.client == name]
    assert len(rows) == 2
    assert [row.wrong for row in rows] == ["", ""]


@pytest.mark.parametrize("name", [client.name for client in modelled_clients()])
def test_the_real_model_answers_the_same(matrix: Run, name: str) -> None:
    rows = [row for row in matrix.modelled if row.client == name]
    assert len(rows) == 4
    assert [row.wrong for row in rows] == [""] * 4


PARTS = {
    "test_the_call_through_the_proxy_equals_the_direct_one": "cells",
    "test_retries_do_not_multiply": "retries",
    "test_the_real_model_answers_the_same": "model",
}


# the document


def test_the_document_lists_what_the_run_knows() -> None:
    assert table.fixed_part_of(DOCUMENT.read_text()) == table.fixed(table.all_green()), f"run: {table.COMMAND}"


def test_the_document_names_every_client_of_the_other_tables() -> None:
    document = DOCUMENT.read_text()
    assert table.listed_in(document, "Retries") == [client.name for client in CLIENTS]
    assert table.listed_in(document, "Real model") == [client.name for client in modelled_clients()]
    assert "**red**" not in document
    assert "not run" not in document
    assert document.startswith(table.HEAD.format(command=table.COMMAND))
