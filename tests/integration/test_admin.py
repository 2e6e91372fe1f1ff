"""The admin plane over real sockets: health, metrics, reports, purges, the configuration, and who may ask."""

import asyncio
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from halfpenny.proxy.config import ConfigError, parse
from tests.conftest import Answer, Proxy, Serve, one_backend
from tests.upstream import ScriptedUpstream

TOKEN = "a-token-of-24-characters"
WITH_TOKEN = 'admin_token_env = "HP_TEST_ADMIN"'
CANARY = "sk-canary-7d1f0a9c"


async def call(proxy: Proxy, method: str, path: str, body: Any = None, **headers: str) -> Answer:
    data = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with proxy.session.request(method, proxy.admin + path, data=data, headers=named) as reply:
        return Answer(reply.status, dict(reply.headers), await reply.read())


# health


async def test_live_and_ready(proxy: Proxy) -> None:
    live = await proxy.get("/livez", admin=True)
    assert (live.status, live.json()["status"]) == (200, "live")
    ready = await proxy.get("/readyz", admin=True)
    assert ready.status == 200
    assert ready.json() == {"status": "ready", "degraded": [], "config": proxy.app.runtime.sha}


async def test_ready_lists_what_is_degraded(serve: Serve, upstream: ScriptedUpstream) -> None:
    off = '[[backends]]\nname = "later"\nkind = "openai"\nbase_url = "http://127.0.0.1:9"\napi_key_env = "HP_NOT_SET"\n'
    proxy = await serve(one_backend(upstream, off), environment={})
    ready = await proxy.get("/readyz", admin=True)
    assert ready.status == 200
    assert ready.json()["degraded"] == ["backend later: the environment variable HP_NOT_SET is not set"]


async def test_not_ready_without_a_backend(serve: Serve, upstream: ScriptedUpstream) -> None:
    text = one_backend(upstream).replace('kind = "openai"', 'kind = "openai"\napi_key_env = "HP_NOT_SET"')
    proxy = await serve(text, environment={})
    ready = await proxy.get("/readyz", admin=True)
    assert (ready.status, ready.json()["status"]) == (503, "no backend is on")


async def test_drain_makes_it_unready_and_alive(proxy: Proxy) -> None:
    drained = await call(proxy, "POST", "/api/drain")
    assert drained.json() == {"draining": True}
    ready = await proxy.get("/readyz", admin=True)
    assert (ready.status, ready.json()["status"]) == (503, "draining")
    assert (await proxy.get("/livez", admin=True)).status == 200
    async with asyncio.timeout(2):
        await proxy.app.wait_drain()


# metrics


def samples(text: str) -> dict[str, set[str]]:
    """Metric name -> the label names of its samples."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        match = re.match(r"(halfpenny_\w+?)(?:_bucket|_sum|_count|_created)?(?:\{(.*)\})? ", line)
        if match is not None:
            found.setdefault(match[1], set()).update(set(re.findall(r'(\w+)="', match[2] or "")) - {"le"})
    return found


async def test_metrics_have_the_promised_names_and_labels(proxy: Proxy) -> None:
    await proxy.chat("Count this")
    await proxy.chat("Count this")
    await proxy.chat("Count [[status=400]] that")
    answer = await proxy.get("/metrics", admin=True)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    text = answer.body.decode()
    found = samples(text)
    promised = {
        "halfpenny_requests_total": {"outcome", "route", "surface"},
        "halfpenny_overhead_seconds": set(),
        "halfpenny_time_to_first_token_seconds": set(),
        "halfpenny_upstream_attempts_total": {"backend", "status"},
        "halfpenny_spend_usd_total": set(),
        "halfpenny_saved_usd_total": {"by"},
        "halfpenny_event_loop_lag_seconds": set(),
        "halfpenny_ledger_queue": set(),
        "halfpenny_config_info": {"sha"},
        "halfpenny_config_rejected_total": set(),
    }
    assert {name: found.get(name) for name in promised} == promised
    # the eleventh has no series until it is measured
    assert "# TYPE halfpenny_false_hit_rate_upper gauge" in text
    assert "halfpenny_false_hit_rate_upper{" not in text
    for line in (
        'halfpenny_requests_total{outcome="miss",route="default",surface="chat"} 1.0',
        'halfpenny_requests_total{outcome="exact",route="none",surface="chat"} 1.0',
        'halfpenny_upstream_attempts_total{backend="up",status="200"} 1.0',
        'halfpenny_upstream_attempts_total{backend="up",status="400"} 1.0',
        f'halfpenny_config_info{{sha="{proxy.app.runtime.sha}"}} 1.0',
    ):
        assert line in text, line


async def test_no_caller_can_add_label_values(proxy: Proxy) -> None:
    for number in range(20):
        await proxy.post(f"/v1/nonesuch/{number}", b"{}", headers={"Halfpenny-Tags": f"t={number}"})
        await proxy.chat("Many models", model=f"model-{number}")
    text = (await proxy.get("/metrics", admin=True)).body.decode()
    series = [line for line in text.splitlines() if line.startswith("halfpenny_requests_total{")]
    assert 0 < len(series) < 8
    assert "nonesuch" not in text
    assert "model-1" not in text


# reports


async def test_report_requests_and_explain(proxy: Proxy) -> None:
    first = await proxy.chat("Report me", headers={"Halfpenny-Tags": "team=blue"})
    hit = await proxy.chat("Report me")
    report = (await proxy.get("/api/report?since=1h&by=tag", admin=True)).json()
    assert report["outcomes"] == {"exact": 1, "semantic": 0, "coalesced": 0, "miss": 1, "bypass": 0, "error": 0}
    assert report["saved_usd"] == report["spend_usd"] == first.headers["Halfpenny-Cost-Usd"]
    assert report["by"]["team=blue"]["requests"] == 1
    listed = (await proxy.get("/api/requests?limit=5", admin=True)).json()["requests"]
    assert [row["request_id"] for row in listed] == [hit.request_id, first.request_id]
    shown = (await proxy.get(f"/api/explain/{hit.request_id}", admin=True)).json()
    assert shown["request_id"] == hit.request_id
    assert [row["outcome"] for row in shown["rows"]] == ["exact"]
    assert (await proxy.get("/api/explain/hp-nonesuch", admin=True)).status == 404


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/report?since=yesterday", "expected a duration"),
        ("/api/report?since=99999999999d", "calendar"),
        ("/api/report?by=colour", "expected model, route, tenant or tag"),
        ("/api/requests?limit=0", "from 1 to 1000"),
        ("/api/requests?limit=many", "from 1 to 1000"),
        ("/api/requests?limit=%C2%B2", "from 1 to 1000"),
    ],
)
async def test_bad_questions_are_told_what_is_expected(proxy: Proxy, path: str, words: str) -> None:
    answer = await proxy.get(path, admin=True)
    assert answer.status == 400
    assert words in answer.json()["error"]


async def test_unknown_paths_and_methods_answer_json(proxy: Proxy) -> None:
    unknown = await proxy.get("/api/nonesuch", admin=True)
    assert (unknown.status, unknown.json()) == (404, {"error": "Not Found"})
    wrong = await call(proxy, "POST", "/api/report")
    assert wrong.status == 405
    assert "GET" in wrong.headers["Allow"]


# purges


async def fill(proxy: Proxy) -> dict[str, Answer]:
    kept = {
        "mini": await proxy.chat("Purge one", headers={"Halfpenny-Tags": "team=red"}),
        "big": await proxy.chat("Purge two", model="gpt-4o", headers={"Halfpenny-Tags": "team=blue"}),
        "other": await proxy.chat("Purge three", headers={"Authorization": "Bearer other-key"}),
    }
    assert all("stored" in answer.cache for answer in kept.values())
    assert await proxy.app.writer.flush(5)
    return kept


async def left(proxy: Proxy) -> set[str]:
    """Which of the three is still served, from whatever tier."""
    asked = {
        "mini": {"text": "Purge one"},
        "big": {"text": "Purge two", "model": "gpt-4o"},
        "other": {"text": "Purge three", "headers": {"Authorization": "Bearer other-key"}},
    }
    found = set()
    for name, fields in asked.items():
        headers = {"Cache-Control": "only-if-cached", **fields.pop("headers", {})}  # type: ignore[dict-item]
        answer = await proxy.chat(**fields, headers=headers)  # type: ignore[arg-type]
        if answer.status == 200:
            found.add(name)
    return found


@pytest.mark.parametrize(
    ("what", "kept"),
    [
        ("key", {"big", "other"}),
        ("entry_id", {"big", "other"}),
        ("tenant", {"mini", "big"}),
        ("model", {"mini", "other"}),
        ("tag", {"mini", "other"}),
        ("older_than_s", {"mini", "big", "other"}),
        ("all", set()),
    ],
)
async def test_purge_by_each_filter(proxy: Proxy, what: str, kept: set[str]) -> None:
    await fill(proxy)
    assert await left(proxy) == {"mini", "big", "other"}
    entries = [entry async for entry in proxy.app.services.cache.scan(0.0)]
    tenant = next(entry.tenant for entry in entries if entry.model == "gpt-4o")
    stored = {"other" if e.tenant != tenant else "big" if e.model == "gpt-4o" else "mini": e for e in entries}
    value: Any = {
        "key": stored["mini"].key,
        "entry_id": stored["mini"].id,
        "tenant": stored["other"].tenant,
        "model": "gpt-4o",
        "tag": "team=blue",
        "older_than_s": 3600,
        "all": True,
    }[what]
    answer = await call(proxy, "POST", "/api/cache/purge", {what: value})
    assert (answer.status, answer.json()) == (200, {"purged": 3 - len(kept)})
    assert await left(proxy) == kept
    assert (await proxy.get("/api/cache", admin=True)).json()["stored_entries"] == len(kept)


@pytest.mark.parametrize("body", [b"{}", b"nonsense", b'{"modle": "x"}', b'{"all": false}', b'{"older_than_s": -1}'])
async def test_a_purge_that_names_nothing_removes_nothing(proxy: Proxy, body: bytes) -> None:
    await fill(proxy)
    assert (await call(proxy, "POST", "/api/cache/purge", body)).status == 400
    assert await left(proxy) == {"mini", "big", "other"}


async def test_cache_figures(proxy: Proxy) -> None:
    await fill(proxy)
    figures = (await proxy.get("/api/cache", admin=True)).json()
    assert figures["memory_entries"] == figures["stored_entries"] == 3
    assert figures["memory_bytes"] > 3000


# configuration


async def test_routes(serve: Serve, upstream: ScriptedUpstream) -> None:
    proxy = await serve(one_backend(upstream, '[[routes]]\nname = "all"\nbackends = ["up"]\n'))
    shown = (await proxy.get("/api/routes", admin=True)).json()
    assert [route["name"] for route in shown["routes"]] == ["all"]
    (backend,) = shown["backends"]
    assert (backend["name"], backend["kind"], backend["on"], backend["ready"]) == ("up", "openai", True, True)


async def test_no_answer_shows_a_secret(serve: Serve, upstream: ScriptedUpstream, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(CANARY + "-file")
    text = one_backend(upstream).replace(
        'kind = "openai"', f'kind = "openai"\napi_key_file = "{tmp_path}/key"'
    ) + (
        '[[backends]]\nname = "second"\nkind = "openai"\nbase_url = "http://127.0.0.1:9"\napi_key_env = "HP_KEY"\n'
    )
    environment = {"HP_KEY": CANARY + "-env", "HP_TEST_ADMIN": TOKEN}
    proxy = await serve(text.replace("[server]", f"[server]\n{WITH_TOKEN}"), environment=environment)
    await proxy.chat("Ask with the key")
    apis = [f"/api/{name}" for name in ("config", "routes", "requests", "report", "cache")]
    for path in (*apis, "/metrics", "/readyz", "/"):
        answer = await call(proxy, "GET", path, Authorization=f"Bearer {TOKEN}")
        assert answer.status == 200, path
        assert CANARY.encode() not in answer.body, path
        assert TOKEN.encode() not in answer.body, path
    config = (await call(proxy, "GET", "/api/config", Authorization=f"Bearer {TOKEN}")).json()
    assert config["sha"] == proxy.app.runtime.sha
    assert [backend["api_key_env"] for backend in config["config"]["backends"]] == [None, "HP_KEY"]


async def test_the_password_of_a_database_url_is_masked(proxy: Proxy) -> None:
    text = f'[store]\nurl = "postgresql+asyncpg://me:{CANARY}@db/x?password={CANARY}"\n'
    answer = await call(proxy, "POST", "/api/config/validate", text.encode())
    assert answer.status == 200
    assert CANARY.encode() not in answer.body
    assert answer.json()["config"]["store"]["url"] == "postgresql+asyncpg://me:***@db/x"


async def test_validate(proxy: Proxy) -> None:
    before = proxy.app.runtime
    good = await call(proxy, "POST", "/api/config/validate", b'[cache]\nttl = "1h"\n')
    assert (good.status, good.json()["valid"], good.json()["config"]["cache"]["ttl"]) == (200, True, "3600s")
    bad = await call(proxy, "POST", "/api/config/validate", b'[cache]\ntll = "1h"\n')
    assert (bad.status, bad.json()["valid"]) == (400, False)
    assert "posted:2: unknown key 'cache.tll'; did you mean 'cache.ttl'?" in bad.json()["error"]
    binary = await call(proxy, "POST", "/api/config/validate", b"\xff\xfe")
    assert binary.status == 400
    assert proxy.app.runtime is before


async def test_reload_on_request(serve: Serve, upstream: ScriptedUpstream, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    proxy = await serve(one_backend(upstream), path=file)
    before = proxy.app.runtime.sha
    file.write_text(file.read_text() + "[retry]\nattempts = 0\n")
    answer = await call(proxy, "POST", "/api/config/reload")
    assert answer.status == 200
    assert answer.json()["applied"] is True
    assert answer.json()["sha"] == proxy.app.runtime.sha != before
    assert answer.json()["needs_restart"] == []
    file.write_text(file.read_text() + "attempt = 1\n")
    refused = await call(proxy, "POST", "/api/config/reload")
    assert (refused.status, refused.json()["applied"]) == (400, False)
    assert "'retry.attempt'; did you mean 'retry.attempts'?" in refused.json()["error"]


# who may ask


async def test_the_token_is_required_where_one_is_configured(serve: Serve, upstream: ScriptedUpstream) -> None:
    text = one_backend(upstream).replace("[server]", f"[server]\n{WITH_TOKEN}")
    proxy = await serve(text, environment={"HP_TEST_ADMIN": TOKEN})
    for path in ("/", "/metrics", "/api/report", "/api/requests", "/api/config", "/api/nonesuch"):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}, {"Authorization": "Bearer é"}):
            refused = await call(proxy, "GET", path, **headers)
            assert refused.status == 401, (path, headers)
            assert refused.headers["WWW-Authenticate"] == "Bearer"
        if path != "/api/nonesuch":
            assert (await call(proxy, "GET", path, Authorization=f"Bearer {TOKEN}")).status == 200
    for path in ("/api/cache/purge", "/api/drain", "/api/config/reload"):
        assert (await call(proxy, "POST", path, {"all": True})).status == 401
    assert not proxy.app.draining
    for path in ("/livez", "/readyz"):
        assert (await call(proxy, "GET", path)).status == 200


@pytest.mark.parametrize("environment", [{}, {"HP_TEST_ADMIN": "short"}])
async def test_it_does_not_start_without_its_token(
    serve: Serve, upstream: ScriptedUpstream, environment: dict[str, str]
) -> None:
    from halfpenny.proxy.admin import admin_token

    config = parse(one_backend(upstream).replace("[server]", f"[server]\n{WITH_TOKEN}"))
    with pytest.raises(ConfigError, match="HP_TEST_ADMIN must be set, and hold at least 16 characters"):
        admin_token(config, environment)


@pytest.mark.parametrize("address", ["0.0.0.0:0", "192.0.2.1:8081", "[::]:8081", "example.com:8081"])
def test_outside_loopback_a_token_is_needed(address: str) -> None:
    with pytest.raises(ConfigError, match="outside loopback needs"):
        parse(f'[server]\nadmin = "{address}"\n')
    assert parse(f'[server]\nadmin = "{address}"\nadmin_token_env = "HP_TEST_ADMIN"\n').server.admin == address


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
async def test_another_sites_page_cannot_post(proxy: Proxy, headers: dict[str, str]) -> None:
    for path in ("/api/drain", "/api/cache/purge", "/api/config/reload", "/api/config/validate"):
        assert (await call(proxy, "POST", path, {"all": True}, **headers)).status == 403
    assert not proxy.app.draining


async def test_its_own_page_can_post(proxy: Proxy) -> None:
    own = await call(proxy, "POST", "/api/cache/purge", {"all": True}, Origin=proxy.admin, Sec_Fetch_Site="same-origin")
    assert own.status == 200


async def test_a_foreign_name_for_loopback_is_refused(proxy: Proxy) -> None:
    """DNS rebinding: a page of evil.example whose name now resolves to 127.0.0.1 is same-origin with itself."""
    for host in ("evil.example", "evil.example:8081", "127.0.0.1.evil.example"):
        answer = await call(proxy, "GET", "/api/requests", Host=host)
        assert answer.status == 403, host
    for host in ("localhost:8081", "LOCALHOST", "127.0.0.1", "[::1]:8081"):
        assert (await call(proxy, "GET", "/api/requests", Host=host)).status == 200, host
    assert (await call(proxy, "GET", "/livez", Host="halfpenny.svc")).status == 200


# the page


@pytest.mark.parametrize("where", ["model", "tag", "route"])
async def test_the_page_escapes_what_callers_send(proxy: Proxy, where: str) -> None:
    evil = "<script>alert(1)</script>\"'&"
    if where == "model":
        await proxy.chat("Cross me", model=evil)
    elif where == "tag":
        await proxy.chat("Cross me", headers={"Halfpenny-Tags": f"team={evil}"})
    else:
        await proxy.chat("Cross me", headers={"Halfpenny-Route": evil})
    page = await proxy.get("/", admin=True)
    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert b"<script" not in page.body
    if where == "model":
        assert b"&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;" in page.body
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    for path in ("/api/requests", "/api/report?by=model", "/api/report?by=tag"):
        answer = await proxy.get(path, admin=True)
        assert answer.headers["Content-Type"].startswith("application/json")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_page_shows_the_figures(proxy: Proxy) -> None:
    await proxy.chat("Show me")
    await proxy.chat("Show me")
    page = (await proxy.get("/", admin=True)).body.decode()
    report = await proxy.report()
    assert f"<th>saved_usd</th><td>{report.saved_usd}</td>" in page
    assert f"<th>gpt-4o-mini</th><td>2</td><td>{report.spend_usd}</td><td>{report.saved_usd}</td>" in page
    assert "<li>nothing</li>" in page
