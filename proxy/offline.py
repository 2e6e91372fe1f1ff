"""The commands that read or change the store: `report`, `explain`, `cache`, `db`.

They work with and without a running proxy. What a running proxy must know at once (a purge) goes through its admin
plane; if none answers, it is done in the database itself.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.ledger.book import KIND as LEDGER_KIND
from halfpenny.ledger.book import Ledger
from halfpenny.ledger.report import explain, render, report
from halfpenny.proxy.admin import since
from halfpenny.proxy.config import Config, ConfigError, host_port
from halfpenny.proxy.units import Seconds
from halfpenny.semantic_cache.base import Entry, PurgeFilter
from halfpenny.semantic_cache.stores.learnt import KIND as LEARNT_KIND
from halfpenny.semantic_cache.stores.learnt import LearntStore
from halfpenny.semantic_cache.stores.sql import KIND as ENTRY_KIND
from halfpenny.semantic_cache.stores.sql import PurgeError, SqlStore
from halfpenny.storage.engine import make_engine
from halfpenny.storage.lifecycle import backup, restore, schema_version, upgrade, verify
from halfpenny.storage.spool import Spool
from halfpenny.storage.sqlite import StorageError, dbapi
from halfpenny.storage.writer import Writer

PrintJson = Callable[[Any], None]
Fail = Callable[..., int]
_ADMIN_TIMEOUT_S = 5.0


class CommandError(Exception):
    """What was asked for could not be done; `str()` says why."""


def database_file(config: Config) -> Path | None:
    """The SQLite file of the configuration; None for another database. (An engine would make the file.)"""
    try:
        url = make_url(config.store.url)
    except ArgumentError as error:
        raise ConfigError("store.url: not a database URL") from error
    return Path(url.database) if url.drivername.startswith("sqlite") and url.database else None


def report_command(options: argparse.Namespace, config: Config, print_json: PrintJson, fail: Fail) -> int:
    try:
        begin = since(options.since)
    except ValueError as error:
        raise ConfigError(f"--since: {error}") from error

    async def work(engine: AsyncEngine) -> Any:
        return await report(engine, begin, datetime.now(UTC), by=options.by)

    try:
        found = _with_store(config, work)
    except CommandError as error:
        return fail(options, str(error))
    if options.json:
        print_json(found)
    else:
        print(render(found))
    return 0


def explain_command(options: argparse.Namespace, config: Config, print_json: PrintJson, fail: Fail) -> int:
    async def work(engine: AsyncEngine) -> Any:
        return await explain(engine, options.request_id)

    try:
        rows = _with_store(config, work)
    except CommandError as error:
        return fail(options, str(error))
    if not rows:
        return fail(options, f"no request {options.request_id} in the ledger")
    if options.json:
        print_json({"request_id": options.request_id, "rows": rows})
    else:
        for row in rows:
            print(
                msgspec.json.format(
                    msgspec.json.encode({k: v for k, v in row.items() if v not in (None, "", {}, 0)})
                ).decode()
            )
    return 0


def cache_command(options: argparse.Namespace, config: Config, print_json: PrintJson, fail: Fail) -> int:
    if options.action == "purge":
        return _purge(options, config, print_json, fail)
    if options.limit < 1:
        raise ConfigError("--limit: expected 1 or more")

    async def work(engine: AsyncEngine) -> Any:
        store = _reading_store(engine)
        now_s = time.time()
        try:
            if options.action == "stats":
                return msgspec.to_builtins(await store.stats(now_s))
            return [_shown(entry, now_s) for entry in await store.listing(now_s, options.limit)]
        finally:
            store.close()

    try:
        found = _with_store(config, work)
    except CommandError as error:
        return fail(options, str(error))
    if options.json:
        print_json(found if isinstance(found, dict) else {"entries": found})
    elif isinstance(found, dict):
        print(f"{found['entries']} live entries, {found['bytes']} bytes")
    else:
        for entry in found:
            print(" ".join(f"{name}={value}" for name, value in entry.items()))
    return 0


def _purge(options: argparse.Namespace, config: Config, print_json: PrintJson, fail: Fail) -> int:
    try:
        older = None if options.older_than is None else float(Seconds.parse(options.older_than))
    except ValueError as error:
        raise ConfigError(f"--older-than: {error}") from error
    what = PurgeFilter(
        key=options.key,
        entry_id=options.entry,
        tenant=options.tenant,
        model=options.model,
        tag=options.tag,
        older_than_s=older,
        all=options.all,
    )
    if what == PurgeFilter():
        raise ConfigError(
            "cache purge: name what to purge (--key, --entry, --tenant, --model, --tag, --older-than) or --all"
        )
    purged = asyncio.run(_ask_running(config, what))

    if purged is None:

        async def work(engine: AsyncEngine) -> Any:
            store = _reading_store(engine)
            try:
                return await store.purge(what, time.time())
            finally:
                store.close()

        try:
            purged = _with_store(config, work)
        except CommandError as error:
            return fail(options, str(error))
    if options.json:
        print_json({"purged": purged})
    else:
        print(f"{purged} entries purged")
    return 0


def _reading_store(engine: AsyncEngine) -> SqlStore:
    """The store without a spool: it reads and deletes, and keeps nothing new."""

    async def nothing_to_flush(timeout_s: float) -> bool:
        return True

    return SqlStore(engine, lambda kind, payload: False, nothing_to_flush)


def _shown(entry: Entry, now_s: float) -> dict[str, Any]:
    return {
        "id": entry.id,
        "key": entry.key,
        "tenant": entry.tenant,
        "model": entry.model,
        "served_by": entry.served_by,
        "surface": entry.surface,
        "mode": entry.mode,
        "age_s": int(now_s - entry.created_s),
        "ttl_s": int(entry.expires_s - now_s),
        "tags": entry.tags,
    }


async def _ask_running(config: Config, what: PurgeFilter) -> int | None:
    """The number purged by the running proxy, or None if none runs."""
    host, port = host_port(config.server.admin)
    headers = {}
    if config.server.admin_token_env:
        headers["Authorization"] = f"Bearer {os.environ.get(config.server.admin_token_env, '')}"
    body = {name: value for name, value in msgspec.structs.asdict(what).items() if value not in (None, False)}
    timeout = aiohttp.ClientTimeout(total=_ADMIN_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(
                f"http://{host}:{port}/api/cache/purge", data=msgspec.json.encode(body), headers=headers
            ) as reply,
        ):
            if reply.status != 200:
                return None
            return int((await reply.json())["purged"])
    except (aiohttp.ClientError, OSError, TimeoutError, KeyError, ValueError):
        return None


def db_command(options: argparse.Namespace, config: Config, print_json: PrintJson, fail: Fail) -> int:
    action, file = options.action, options.file
    if action in ("backup", "restore") and file is None:
        raise ConfigError(f"db {action}: name the file")

    async def work() -> Any:
        if action in ("backup", "verify"):
            _require_database(config)
        engine = make_engine(config.store.url)
        try:
            if action == "upgrade":
                return {"schema": await upgrade(engine)}
            if action == "backup":
                await backup(engine, file)
                return {"backup": str(file)}
            if action == "restore":
                await restore(engine, file)
                return {"restored": str(file), "schema": await schema_version(engine)}
            return await verify(engine)
        finally:
            await engine.dispose()

    try:
        done = asyncio.run(work())
    except (StorageError, SQLAlchemyError, dbapi.Error, OSError) as error:
        return fail(options, f"db {action}: {_reason(error)}")
    good = getattr(done, "ok", True)
    if options.json:
        print_json(done)
    else:
        print(msgspec.json.format(msgspec.json.encode(done)).decode())
    return 0 if good else 1


def _with_store(config: Config, work: Callable[[AsyncEngine], Awaitable[Any]]) -> Any:
    """Run `work` on the store, after what a crashed proxy left in the spool was carried over.

    Raises `ConfigError` if there is no database, `CommandError` if it cannot be used.
    """
    file = _require_database(config)

    async def main() -> Any:
        engine = make_engine(config.store.url)
        try:
            await upgrade(engine)
            await _drain_orphans(config, engine, file)
            return await work(engine)
        finally:
            await engine.dispose()

    try:
        return asyncio.run(main())
    except (StorageError, SQLAlchemyError, PurgeError, OSError) as error:
        raise CommandError(f"store: {_reason(error)}") from error


def _require_database(config: Config) -> Path | None:
    file = database_file(config)
    if file is not None and not file.exists():
        raise ConfigError(f"store.url: there is no database {file} yet: start the proxy once")
    return file


def _reason(error: Exception) -> str:
    """In one line; SQLAlchemy adds the statement and a link, the driver's own words are enough."""
    return str(getattr(error, "orig", None) or error)


async def _drain_orphans(config: Config, engine: AsyncEngine, file: Path | None) -> None:
    folder = Path(config.store.spool or (f"{file}.spool" if file is not None else "halfpenny.spool"))
    if not await asyncio.to_thread(folder.is_dir):
        return
    spool = Spool(folder)
    ledger = Ledger(spool.append)
    sql = _reading_store(engine)
    learnt = LearntStore(engine, spool.append)
    writer = Writer(spool, engine, {LEDGER_KIND: ledger.handler, ENTRY_KIND: sql.handler, LEARNT_KIND: learnt.handler})
    await writer.close()
    sql.close()
