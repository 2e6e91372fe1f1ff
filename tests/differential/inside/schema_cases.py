"""Makes requests from the specification with schemathesis, sends each directly and through the proxy, and compares.

`schema_cases.py SETTINGS.json REPORT.json`, run in the suite's own environment. The settings: `spec`, `direct` and
`proxied` (addresses without /v1), `operations` (["POST /v1/x", ...]; empty: all), `examples` (for each operation and
mode), `seed`. Cases come in two modes: as the specification wants them, and broken on purpose. Every case is built once;
the same bytes go to both sides, and to the proxy twice, so that the second answer may come from its cache.

A case is `equal` (status, content type, content encoding and body), `refused` (the proxy says no in its own words to what
was broken on purpose or fails upstream as well), `stricter` (one of `DELIBERATE`) or `different`. Beside that,
schemathesis' own checks are run on both answers, and one that fails through the proxy only is a difference, too.
"""

import base64
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import hypothesis
import requests
import schemathesis
from hypothesis.errors import FailedHealthCheck, Unsatisfiable
from schemathesis import Case, GenerationMode

_TIMEOUT_S = 30
_HEADERS = {"Authorization": "Bearer differential", "Accept-Encoding": "identity"}
_METHODS = ("get", "post", "put", "patch", "delete")
_SHOWN = 400
DELIBERATE = {("invalid_type", "model"), ("invalid_value", "model")}
"""What the specification allows and the proxy refuses all the same: (error code, parameter). It allows a model without
a name, which cannot be routed or priced, and control characters in one, which no header can carry."""


def main() -> None:
    settings, out = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    schema = schemathesis.openapi.from_path(settings["spec"])
    counts: Counter[str] = Counter()
    differences: list[dict[str, Any]] = []
    skipped: dict[str, str] = {}
    with requests.Session() as session:
        session.trust_env = False
        for label in settings["operations"] or _all_operations(settings["spec"]):
            method, path = label.split(" ")
            for mode in GenerationMode:
                try:
                    cases = _cases(schema[path][method], mode, settings["examples"], settings["seed"])
                except (Unsatisfiable, FailedHealthCheck) as error:
                    skipped[f"{label} {mode.value}"] = type(error).__name__
                    continue
                for case in cases:
                    counts["cases"] += 1
                    kind, difference = _compared(session, case, settings["direct"], settings["proxied"])
                    counts[kind] += 1
                    if difference:
                        differences.append({"operation": label, "mode": mode.value, **difference})
    out.write_text(json.dumps({**counts, "skipped": skipped, "differences": differences}, indent=1))


def _all_operations(spec: str) -> list[str]:
    paths = json.loads(Path(spec).read_text())["paths"]
    return [f"{method.upper()} {path}" for path, item in paths.items() for method in _METHODS if method in item]


def _cases(operation: Any, mode: GenerationMode, count: int, seed: int) -> list[Case]:
    """The same cases for the same seed. Raises hypothesis' `Unsatisfiable` where an operation has none of this mode."""
    found: list[Case] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    def collect(case: Case) -> None:
        found.append(case)

    collect()
    return found


def _compared(session: requests.Session, case: Case, direct: str, proxied: str) -> tuple[str, dict[str, Any] | None]:
    try:
        prepared = requests.Request(**case.as_transport_kwargs(base_url=direct, headers=_HEADERS)).prepare()
    except (requests.RequestException, UnicodeError) as error:
        return f"unsendable: {type(error).__name__}", None
    prepared.headers.setdefault("User-Agent", "differential")
    wanted = _sent(session, prepared)
    there = prepared.copy()
    there.url = urlunsplit(urlsplit(str(prepared.url))._replace(netloc=urlsplit(proxied).netloc))
    kind = "equal"
    for _ in range(2):
        got = _sent(session, there)
        kind = _kind(case, wanted, got)
        new = _failed_checks(case, got) - _failed_checks(case, wanted) if kind == "equal" else set()
        if kind == "different" or new:
            return "different", {
                "request": f"{prepared.method} {prepared.url}",
                "headers": dict(prepared.headers),
                "body": _text(_body(prepared)),
                "direct": _shown(wanted),
                "proxied": _shown(got),
                "new_failures": sorted(new),
            }
    return kind, None


def _sent(session: requests.Session, request: requests.PreparedRequest) -> requests.Response:
    """The answer; one of status 0 where the connection was closed without any, or none came in time."""
    try:
        return session.send(request, timeout=_TIMEOUT_S, allow_redirects=False)
    except (requests.ConnectionError, requests.Timeout) as error:
        nothing = requests.Response()
        nothing.status_code = 0
        nothing.headers["Halfpenny-Test"] = repr(error)
        return nothing


def _kind(case: Case, wanted: requests.Response, got: requests.Response) -> str:
    if _seen(wanted) == _seen(got):
        return "equal"
    if "Halfpenny-Error" not in got.headers or not 400 <= got.status_code < 500:
        return "different"
    broken = case.meta is not None and case.meta.generation.mode.is_negative
    if broken or wanted.status_code >= 400:
        return "refused"
    error = got.json().get("error", {})
    return "stricter" if (error.get("code"), error.get("param")) in DELIBERATE else "different"


def _seen(answer: requests.Response) -> tuple[Any, ...]:
    headers = answer.headers
    return answer.status_code, headers.get("Content-Type"), headers.get("Content-Encoding"), answer.content


def _failed_checks(case: Case, answer: requests.Response) -> set[str]:
    if not answer.status_code:
        return set()
    try:
        case.validate_response(answer)
    except BaseExceptionGroup as failures:
        return {type(failure).__name__ for failure in failures.exceptions}
    return set()


def _body(prepared: requests.PreparedRequest) -> bytes:
    body = prepared.body or b""
    return body.encode() if isinstance(body, str) else bytes(body)


def _text(data: bytes) -> str:
    try:
        return data.decode()[:4000]
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(data[:3000]).decode()


def _shown(answer: requests.Response) -> dict[str, Any]:
    return {
        "status": answer.status_code,
        "content_type": answer.headers.get("Content-Type"),
        "cache_status": answer.headers.get("Cache-Status"),
        "error": answer.headers.get("Halfpenny-Error") or answer.headers.get("Halfpenny-Test"),
        "size": len(answer.content or b""),
        "body": _text(answer.content or b"")[:_SHOWN],
    }


if __name__ == "__main__":
    main()
