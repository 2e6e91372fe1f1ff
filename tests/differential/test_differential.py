"""The same requests directly and through the proxy must end alike: the SDK's own tests, and generated cases."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.differential.material import Material, fetch
from tests.differential.outcomes import LEFT_OUT, Outcomes, differences, run_suite, summary
from tests.differential.schemas import COMMON, run_cases, shown
from tests.differential.servers import mock, proxy

CACHED = tuple(
    f"tests/api_resources/{part}"
    for part in (
        "chat",
        "responses",
        "test_completions.py",
        "test_embeddings.py",
        "test_moderations.py",
        "test_responses.py",
    )
)
"""The tests of what is cached: the second run, over a warm cache, is theirs alone."""


@pytest.fixture(scope="module")
def material() -> Material:
    return fetch()


@pytest.fixture(scope="module")
def upstream(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mock(material, tmp_path_factory.mktemp("mock")) as address:
        yield address


def test_the_sdks_own_tests_pass_and_fail_alike(material: Material, upstream: str, tmp_path: Path) -> None:
    direct = run_suite(material, upstream, tmp_path / "direct.log", left_out=LEFT_OUT)
    assert len(direct) > 3000, summary(direct)
    assert sum(outcome == "passed" for outcome in direct.values()) > 0.9 * len(direct), summary(direct)
    with proxy(upstream, tmp_path / "proxy") as through:
        fresh = run_suite(material, through.url, tmp_path / "fresh.log", left_out=LEFT_OUT)
        settle(material, direct, upstream, fresh, through.url, tmp_path)
        before = through.outcomes()
        again = run_suite(material, through.url, tmp_path / "again.log", paths=CACHED)
        hits = through.outcomes()["exact"] - before["exact"]
    print(f"directly {summary(direct)}; fresh {summary(fresh)}; again {summary(again)}, {hits} hits")
    assert_none(differences(direct, fresh))
    repeated = {name: outcome for name, outcome in direct.items() if name.startswith(CACHED)}
    assert_none(differences(repeated, again))
    assert hits > 50, "the second run should have been answered from the cache where it may"


def settle(
    material: Material, direct: Outcomes, upstream: str, fresh: Outcomes, through: str, folder: Path
) -> None:
    """Run the few tests that differ once more on both sides: the mock now and then drops a connection (seen directly,
    on a multipart upload that it refuses). What differs by itself differs again."""
    names = tuple(line.partition(": ")[0] for line in differences(direct, fresh))
    if 0 < len(names) <= 5:
        direct |= run_suite(material, upstream, folder / "direct-again.log", paths=names, processes=0)
        fresh |= run_suite(material, through, folder / "fresh-again.log", paths=names, processes=0)


def test_generated_cases_are_answered_alike(material: Material, upstream: str, tmp_path: Path) -> None:
    with proxy(upstream, tmp_path / "proxy") as through:
        report = run_cases(material, upstream, through.url, tmp_path, operations=COMMON, examples=12, seed=1)
        assert through.outcomes()["exact"] > 0
    print({name: value for name, value in report.items() if name != "differences"})
    assert report["cases"] > 100
    assert report["equal"] > report["cases"] / 3
    assert_none(shown(report))


def assert_none(found: list[str]) -> None:
    if found:
        pytest.fail("\n".join([f"{len(found)} differences", *found[:60]]), pytrace=False)


def test_a_proxy_that_spoils_answers_is_found_out(material: Material, upstream: str, tmp_path: Path) -> None:
    """The proof that the two comparisons above can fail."""
    with _spoiler(upstream) as spoiled:
        paths = ("tests/api_resources/test_models.py", "tests/api_resources/test_moderations.py")
        direct = run_suite(material, upstream, tmp_path / "direct.log", paths=paths, processes=0)
        other = run_suite(material, spoiled, tmp_path / "spoiled.log", paths=paths, processes=0)
        found = differences(direct, other)
        assert found
        assert all("test_models.py" in line and "passed directly, failed" in line for line in found)
        operations = ["GET /v1/models", "POST /v1/moderations"]
        report = run_cases(material, upstream, spoiled, tmp_path, operations=operations, examples=3, seed=1)
        assert {item["operation"] for item in report["differences"]} == {"GET /v1/models"}


@contextmanager
def _spoiler(upstream: str) -> Iterator[str]:
    """A proxy that hands on everything, but spells one word of the answers about models in another way."""
    address = urlsplit(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            there = http.client.HTTPConnection(address.hostname or "", address.port)
            kept = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
            there.request(self.command, self.path, body, kept)
            answer = there.getresponse()
            content = answer.read()
            there.close()
            if self.path.startswith("/v1/models"):
                content = content.replace(b'"id"', b'"ID"').replace(b'"data"', b'"DATA"')
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = forward  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
