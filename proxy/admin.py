"""The admin plane: health, metrics, reports, the cache, the configuration. Loopback by default, a token otherwise.

Every route states here what it needs; nothing is reachable by default. No probe ever calls a model.
"""

import hmac
import html
import ipaddress
import logging
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from aiohttp import web
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from halfpenny.ledger.report import explain, recent, report
from halfpenny.proxy.config import Config, ConfigError, parse
from halfpenny.proxy.semantic import Semantic
from halfpenny.proxy.units import Bytes, Seconds
from halfpenny.semantic_cache.base import PurgeFilter
from halfpenny.semantic_cache.stores.epochs import EVERYBODY, EpochError
from halfpenny.semantic_cache.stores.sql import PurgeError
from halfpenny.version import VERSION

if TYPE_CHECKING:
    from halfpenny.proxy.app import App

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
TOKEN_CHARS = 16
"""The least length of an admin token."""
_OPEN = frozenset({"/livez", "/readyz"})
"""Answered without the token: an orchestrator asks these."""
_CSP = "default-src 'none'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"


def admin_app(app: "App") -> web.Application:
    """The admin application. Without `server.admin_token_env` it is open to whoever reaches its (loopback) listener."""
    token = admin_token(app.config, app.environment)
    plane = _Plane(app)
    admin = web.Application(middlewares=[_guard(token)], client_max_size=4 * 1024 * 1024)
    admin.add_routes(
        [
            web.get("/livez", plane.live),
            web.get("/readyz", plane.ready),
            web.get("/metrics", plane.metrics),
            web.get("/", plane.overview),
            web.get("/api/report", plane.report),
            web.get("/api/requests", plane.requests),
            web.get("/api/explain/{id}", plane.explain),
            web.get("/api/cache", plane.cache),
            web.post("/api/cache/purge", plane.purge),
            web.post("/api/cache/epoch", plane.epoch),
            web.get("/api/routes", plane.routes),
            web.get("/api/config", plane.config),
            web.post("/api/config/validate", plane.validate),
            web.post("/api/config/reload", plane.reload),
            web.post("/api/drain", plane.drain),
        ]
    )
    return admin


def admin_token(config: Config, environment: Mapping[str, str] | None = None) -> str:
    """The admin token; empty if none is configured. Raises `ConfigError` if one is and it cannot be had."""
    name = config.server.admin_token_env
    if not name:
        return ""
    token = (os.environ if environment is None else environment).get(name, "")
    if len(token) < TOKEN_CHARS:
        raise ConfigError(f"server.admin_token_env: {name} must be set, and hold at least {TOKEN_CHARS} characters")
    return token


def shown(config: Config) -> dict[str, object]:
    """The configuration for people to read, with units as the file writes them.

    Secrets have no place in it but one: the password of a database URL, which is masked.
    """
    document: dict[str, object] = msgspec.to_builtins(config, enc_hook=_written)
    url = config.store.url
    try:
        parsed = make_url(url)
    except ArgumentError:
        url = "***"
    else:
        if parsed.password is not None or parsed.query:
            url = parsed.set(query={}).render_as_string(hide_password=True)
    store = document["store"]
    assert isinstance(store, dict)
    return {**document, "store": {**store, "url": url}}


def _written(value: object) -> str:
    unit = "s" if isinstance(value, Seconds) else "B" if isinstance(value, Bytes) else ""
    return f"{value:g}{unit}" if isinstance(value, Seconds) else f"{value}{unit}"


def _guard(token: str) -> Any:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = _refusal(request, token)
        if response is None:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                response = _json({"error": error.reason}, status=error.status)
                if "Allow" in error.headers:
                    response.headers["Allow"] = error.headers["Allow"]
            except Exception:
                log.exception("admin plane: %s %s failed", request.method, request.path)
                response = _json({"error": "this failed; the log says why"}, status=500)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Security-Policy"] = _CSP
        response.headers["Cache-Control"] = "no-store"
        return response

    return guard


def _refusal(request: web.Request, token: str) -> web.StreamResponse | None:
    if request.path in _OPEN:
        return None
    if token:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        wrong = not hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())
        if scheme.lower() != "bearer" or wrong:
            refused = _json({"error": "the admin token is missing or wrong"}, status=401)
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
    elif not _addressed_by_number(request.host):
        return _json({"error": "without an admin token, only localhost and IP addresses are answered"}, status=403)
    if request.method not in ("GET", "HEAD") and not _same_origin(request):
        return _json({"error": "cross-origin requests are refused"}, status=403)
    return None


def _addressed_by_number(host: str) -> bool:
    """False for a name that somebody else's DNS may have pointed at us (DNS rebinding)."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name.lower() == "localhost":
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _same_origin(request: web.Request) -> bool:
    """A browser on another site can reach loopback, too: it says so in `Origin` or `Sec-Fetch-Site`."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "none")
    return site in ("none", "same-origin") and (origin is None or origin.partition("://")[2] == request.host)


class _Plane:
    def __init__(self, app: "App") -> None:
        self.app = app

    async def live(self, request: web.Request) -> web.Response:
        return _json({"status": "live", "version": VERSION})

    async def ready(self, request: web.Request) -> web.Response:
        """503 only when it cannot serve; what is merely degraded is listed."""
        serving = not self.app.draining and any(not slot.off_reason for slot in self.app.runtime.slots.values())
        body = {
            "status": "ready" if serving else "draining" if self.app.draining else "no backend is on",
            "degraded": self.app.degraded(),
            "config": self.app.runtime.sha,
        }
        return _json(body, status=200 if serving else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        self.app.metrics.cache_bytes.set(self.app.services.cache.memory.bytes)
        semantic = self.app.services.semantic
        if semantic is not None:
            self.app.metrics.semantic_figures([msgspec.to_builtins(one) for one in await semantic.figures()])
        return web.Response(
            body=self.app.metrics.render(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    async def report(self, request: web.Request) -> web.Response:
        since, problem = _since(request.query.get("since", "24h"))
        by = request.query.get("by")
        if problem or by not in (None, "model", "route", "tenant", "tag"):
            return _json({"error": problem or "by: expected model, route, tenant or tag"}, status=400)
        await self.app.writer.flush(2.0)
        return _json(await report(self.app.engine, since, datetime.now(UTC), by=by))  # type: ignore[arg-type]

    async def requests(self, request: web.Request) -> web.Response:
        limit = request.query.get("limit", "50")
        if not (limit.isascii() and limit.isdigit() and len(limit) < 5 and 1 <= int(limit) <= 1000):
            return _json({"error": "limit: expected a number from 1 to 1000"}, status=400)
        await self.app.writer.flush(2.0)
        return _json({"requests": await recent(self.app.engine, int(limit))})

    async def explain(self, request: web.Request) -> web.Response:
        await self.app.writer.flush(2.0)
        rows = await explain(self.app.engine, request.match_info["id"])
        if not rows:
            return _json({"error": "no such request"}, status=404)
        return _json({"request_id": request.match_info["id"], "rows": rows})

    async def cache(self, request: web.Request) -> web.Response:
        services = self.app.services
        return _json(
            {
                "memory_entries": len(services.cache.memory),
                "memory_bytes": services.cache.memory.bytes,
                "stored_entries": (await services.cache.sql.stats(time.time())).entries,
                "vectors": len(services.neighbours) if services.neighbours is not None else 0,
                "epoch": services.cache.epochs.number(),
                "refreshing": services.flights.refreshing,
                "semantic": await _semantic(services.semantic),
            }
        )

    async def purge(self, request: web.Request) -> web.Response:
        """Body: a JSON object with any of key, entry_id, tenant, model, tag, older_than_s, all."""
        try:
            what = msgspec.json.decode(await request.read(), type=_Purge)
        except msgspec.DecodeError as error:
            return _json({"error": str(error)}, status=400)
        if what == _Purge():
            return _json({"error": "name what to purge, or all = true"}, status=400)
        try:
            purged = await purge_everywhere(self.app, PurgeFilter(**msgspec.structs.asdict(what)))
        except PurgeError as error:
            return _json({"error": str(error)}, status=503)
        return _json({"purged": purged})

    async def epoch(self, request: web.Request) -> web.Response:
        """Open the next epoch. Body: empty, or a JSON object that may name a tenant; without one it is everybody's."""
        raw = await request.read()
        try:
            tenant = msgspec.json.decode(raw, type=_Epoch).tenant if raw else None
        except msgspec.DecodeError as error:
            return _json({"error": str(error)}, status=400)
        try:
            number = await self.app.services.cache.epochs.raise_(tenant or EVERYBODY)
        except EpochError as error:
            return _json({"error": str(error)}, status=503)
        return _json({"epoch": number, "tenant": tenant})

    async def routes(self, request: web.Request) -> web.Response:
        slots = self.app.runtime.slots.values()
        return _json(
            {
                "routes": [msgspec.to_builtins(route) for route in self.app.runtime.config.routes],
                "backends": [
                    {
                        "name": slot.section.name,
                        "kind": slot.section.kind,
                        "on": not slot.off_reason,
                        "off_reason": slot.off_reason,
                        "ready": slot.ready,
                        "breaker": repr(slot.breaker),
                    }
                    for slot in slots
                ],
            }
        )

    async def config(self, request: web.Request) -> web.Response:
        return _json({"sha": self.app.runtime.sha, "config": shown(self.app.runtime.config)})

    async def validate(self, request: web.Request) -> web.Response:
        try:
            config: Config = parse((await request.read()).decode(), "posted")
        except (ConfigError, UnicodeDecodeError) as error:
            return _json({"valid": False, "error": str(error)}, status=400)
        return _json({"valid": True, "config": shown(config)})

    async def reload(self, request: web.Request) -> web.Response:
        try:
            pending = await self.app.reload()
        except ConfigError as error:
            return _json({"applied": False, "error": str(error), "sha": self.app.runtime.sha}, status=400)
        return _json({"applied": True, "sha": self.app.runtime.sha, "needs_restart": pending})

    async def drain(self, request: web.Request) -> web.Response:
        self.app.begin_drain()
        return _json({"draining": True})

    async def overview(self, request: web.Request) -> web.Response:
        await self.app.writer.flush(2.0)
        now = datetime.now(UTC)
        found = await report(self.app.engine, now - timedelta(hours=24), now, by="model")
        rows = "".join(
            _row(name, _plain(value))
            for name, value in msgspec.to_builtins(found).items()
            if value is not None and name != "by"
        )
        models = "".join(
            _row(name or "(none)", str(figures.requests), figures.spend_usd, figures.saved_usd)
            for name, figures in (found.by or {}).items()
        )
        degraded = "".join(f"<li>{html.escape(item)}</li>" for item in self.app.degraded())
        page = _PAGE.format(version=VERSION, rows=rows, models=models, degraded=degraded or "<li>nothing</li>")
        return web.Response(text=page, content_type="text/html")


async def _semantic(semantic: Semantic | None) -> dict[str, object]:
    if semantic is None:
        return {"rule": "off", "namespaces": []}
    model = semantic.model
    return {
        "rule": "fixed" if model is None else "learned",
        "reason": semantic.reason,
        "model": "" if model is None else model.name,
        "lessons_dropped": semantic.dropped,
        "namespaces": [msgspec.to_builtins(one) for one in await semantic.figures()],
    }


class _Purge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: str | None = None
    entry_id: str | None = None
    tenant: str | None = None
    model: str | None = None
    tag: str | None = None
    older_than_s: Annotated[float, msgspec.Meta(ge=0)] | None = None
    all: bool = False


class _Epoch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tenant: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None


async def purge_everywhere(app: "App", what: PurgeFilter) -> int:
    """Memory, store and vectors. A vector that stays behind is harmless: its entry is gone when it is looked for."""
    if what.entry_id is not None and app.services.neighbours is not None:
        app.services.neighbours.remove([what.entry_id])
    return await app.services.cache.purge(what, time.time())


def since(text: str) -> datetime:
    """That long ago. Raises ValueError."""
    try:
        return datetime.now(UTC) - timedelta(seconds=Seconds.parse(text))
    except OverflowError:
        raise ValueError(f"{text} is longer ago than the calendar goes") from None


def _since(text: str) -> tuple[datetime, str]:
    try:
        return since(text), ""
    except ValueError as error:
        return datetime.now(UTC), f"since: {error}"


def _row(name: str, *cells: str) -> str:
    shown_cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    return f"<tr><th>{html.escape(name)}</th>{shown_cells}</tr>"


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {amount}" for name, amount in value.items())
    return str(value)


def _json(value: Any, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Halfpenny</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; color: #222 }}
table {{ border-collapse: collapse; width: 100% }}
th, td {{ text-align: left; padding: .35rem .6rem; border-bottom: 1px solid #ddd; font-weight: normal }}
td {{ font-variant-numeric: tabular-nums }}
</style></head><body>
<h1>Halfpenny {version}</h1>
<h2>Last 24 hours</h2>
<table>{rows}</table>
<h2>By model</h2>
<table><tr><th>model</th><th>requests</th><th>spent, USD</th><th>saved, USD</th></tr>{models}</table>
<h2>Degraded</h2>
<ul>{degraded}</ul>
<p>Also here: <a href="/metrics">/metrics</a>, <a href="/readyz">/readyz</a>, <a href="/api/requests">/api/requests</a>,
<a href="/api/cache">/api/cache</a>, <a href="/api/config">/api/config</a>.</p>
</body></html>
"""
