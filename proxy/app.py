"""The composition root: builds every part from the configuration, starts and stops it, swaps it on reload."""

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncEngine

from halfpenny.backends.base import BackendError
from halfpenny.backends.retry import RetryBudget
from halfpenny.ledger.book import KIND as LEDGER_KIND
from halfpenny.ledger.book import Ledger, close_open_rows
from halfpenny.ledger.prompt_cache import PromptCacheWatch
from halfpenny.proxy import collecting
from halfpenny.proxy.admin import admin_app
from halfpenny.proxy.config import Config, ConfigError, host_port, load
from halfpenny.proxy.pipeline import Pipeline
from halfpenny.proxy.runtime import Runtime, Services, Slot, build
from halfpenny.proxy.semantic import Semantic
from halfpenny.proxy.server import DataServer, require_c_parser
from halfpenny.proxy.tasks import TaskOwner
from halfpenny.proxy.telemetry import Metrics, Tracing
from halfpenny.semantic_cache.embedders import configured_embedder
from halfpenny.semantic_cache.indexes import load_index
from halfpenny.semantic_cache.neighbours import LoadTexts, Neighbours
from halfpenny.semantic_cache.stores.learnt import KIND as LEARNT_KIND
from halfpenny.semantic_cache.stores.learnt import LearntStore
from halfpenny.semantic_cache.stores.memory import MemoryStore
from halfpenny.semantic_cache.stores.sql import KIND as ENTRY_KIND
from halfpenny.semantic_cache.stores.sql import SqlStore
from halfpenny.semantic_cache.stores.tiered import Tiered
from halfpenny.storage.engine import make_engine, sqlite_path
from halfpenny.storage.lifecycle import upgrade
from halfpenny.storage.spool import Spool
from halfpenny.storage.writer import Writer

log = logging.getLogger(__name__)
_RELOAD_POLL_S = 1.0
_LAG_PROBE_S = 0.1
_VACUUM_S = 60.0
_PURGE_POLL_S = 1.0
_FLUSH_S = 10.0
_RESTART_KEYS = ("server", "store", "telemetry", "cache.semantic")


class App:
    """One process of the proxy. `start`, then `run_until` a signal, then `stop`; tests use `start` and `stop` alone."""

    def __init__(
        self,
        config: Config,
        path: Path | None = None,
        environment: dict[str, str] | None = None,
        adjust: Callable[[Config], Config] = lambda config: config,
    ) -> None:
        """`path` is watched for changes; `adjust` puts the command line's own settings over what the file says."""
        require_c_parser()
        self.adjust = adjust
        self.config = config
        self.path = path
        self.environment = environment
        self.last_reload_error = ""
        self.tasks = TaskOwner("app")
        self.metrics = Metrics()
        self.started_s = time.time()
        self.data_address = ("", 0)
        self.admin_address = ("", 0)
        self._reloading = asyncio.Lock()
        self._past: list[Runtime] = []
        self._draining = asyncio.Event()
        self._stopped = False
        self._sites: list[web.BaseSite] = []
        self._exit = contextlib.AsyncExitStack()
        """What `start` opened, closed in the reverse order by `stop`, or by a start that failed."""

    # start

    async def start(self, *, reuse_port: bool = False, with_admin: bool = True) -> None:
        """Open the store, build the parts, listen. Raises `ConfigError`, `StorageError` or OSError (port taken)."""
        try:
            await self._start(reuse_port=reuse_port, with_admin=with_admin)
        except BaseException:
            await self._exit.aclose()
            raise

    async def _start(self, *, reuse_port: bool, with_admin: bool) -> None:
        close_last = self._exit.push_async_callback
        self.engine = await self._open_store()
        runtime = await asyncio.to_thread(build, self.config, None, self.environment)
        await asyncio.to_thread(runtime.prices.warm)
        self.services = self._services(runtime)
        close_last(self.tasks.close)
        close_last(self._close_writer)
        await self._recover()
        await self.services.cache.load()
        self.pipeline = Pipeline(self.services, runtime)
        self.metrics.set_config(runtime.sha)
        spawn = self.tasks.spawn
        spawn("writer", self.writer.run())
        spawn("loop-lag", self._watch_lag())
        spawn("vacuum", self._vacuum())
        spawn("purges", self._watch_purges())
        if self.services.semantic is not None:
            spawn("semantic", self._start_semantic(self.services.semantic))
        close_last(self._close_semantic)
        close_last(self._close_backends)
        self._warm(runtime)
        if self.path is not None:
            spawn("reload", self._watch_file(self.path))
        await self._listen(reuse_port=reuse_port, with_admin=with_admin)
        self._announce(runtime)

    async def _open_store(self) -> AsyncEngine:
        store = self.config.store
        engine = make_engine(store.url, durable=store.durable)
        self._exit.push_async_callback(engine.dispose)
        await upgrade(engine)
        file = sqlite_path(engine)
        default = f"{file}.spool" if file is not None else "halfpenny.spool"
        self.spool = Spool(Path(store.spool or default))
        return engine

    def _services(self, runtime: Runtime) -> Services:
        store, semantic = self.config.store, self.config.cache.semantic
        ledger = Ledger(self.spool.append)
        sql = SqlStore(self.engine, self.spool.append, self._flush, max_bytes=store.max_size)
        self.learnt = LearntStore(self.engine, self.spool.append)
        handlers = {LEDGER_KIND: ledger.handler, ENTRY_KIND: sql.handler, LEARNT_KIND: self.learnt.handler}
        self.writer = Writer(self.spool, self.engine, handlers)
        self.sql = sql
        self._exit.callback(sql.close)
        tracing = (
            Tracing.to_collector(self.config.telemetry.otlp_endpoint)
            if self.config.telemetry.otlp_endpoint
            else Tracing()
        )
        cache, tasks = Tiered(MemoryStore(store.memory), sql), TaskOwner("flights")
        found = self._semantic(self.config, cache, tasks) if semantic.enabled else None
        return Services(
            metrics=self.metrics,
            tracing=tracing,
            ledger=ledger,
            cache=cache,
            neighbours=None if found is None else found.neighbours,
            semantic=found,
            retry_budget=RetryBudget(share=self.config.retry.budget, clock=time.monotonic),
            tasks=tasks,
            prompt_cache=PromptCacheWatch(self.metrics.cached_share, self.metrics.cache_lost),
        )

    def _semantic(self, config: Config, cache: Tiered, tasks: TaskOwner) -> Semantic:
        section = config.cache.semantic
        # who gives the texts is known only once there is something to give them to
        made: list[Semantic] = []

        async def texts(entry_ids: Sequence[str]) -> Mapping[str, str]:
            return await made[0].texts(entry_ids)

        made.append(
            Semantic(
                _neighbours(config, texts),
                cache,
                self.learnt,
                spawn=tasks.spawn,
                failed=self.metrics.semantic_failed,
                model_path=None if section.model is None else Path(section.model),
                timeout_s=section.timeout,
            )
        )
        return made[0]

    async def _flush(self, timeout_s: float) -> bool:
        return await self.writer.flush(timeout_s)

    async def _recover(self) -> None:
        """Replay what a crashed process left in the spool, then close the rows that nobody is left to settle."""
        if not await self.writer.flush(_FLUSH_S):
            log.warning("the store does not take records yet: serving goes on, the spool keeps them")
            return
        closed = await close_open_rows(self.engine, int(self.started_s * 1e6))
        if closed:
            log.warning("%d ledger rows of an earlier process were closed as estimated", closed)

    async def _start_semantic(self, semantic: Semantic) -> None:
        neighbours = semantic.neighbours
        await neighbours.start()
        if not await neighbours.wait_ready():
            return
        await semantic.start()
        await neighbours.rebuild(self.services.cache.scan(time.time()))
        log.info("semantic cache ready: %r", neighbours)
        self.tasks.spawn("semantic late", semantic.read_late())
        await semantic.keep_saving()

    def _warm(self, runtime: Runtime) -> None:
        for slot in runtime.slots.values():
            if slot.backend is not None and not slot.ready:
                self.tasks.spawn(f"warm {slot.section.name}", _warm(slot))

    async def _listen(self, *, reuse_port: bool, with_admin: bool) -> None:
        server = self.config.server
        data = DataServer(
            self.pipeline.handle,
            header_timeout_s=server.header_timeout,
            keep_alive_s=server.keep_alive,
            quick=self.pipeline,
        )
        self.data_server = data
        runner = web.ServerRunner(data, shutdown_timeout=1.0)
        await runner.setup()
        self._exit.push_async_callback(runner.cleanup)
        host, port = host_port(server.listen)
        site = web.TCPSite(runner, host, port, reuse_port=reuse_port or None, backlog=1024)
        await site.start()
        self._sites.append(site)
        self.data_address = runner.addresses[0][:2]
        if with_admin:
            admin = web.AppRunner(admin_app(self), access_log=None, shutdown_timeout=1.0)
            await admin.setup()
            self._exit.push_async_callback(admin.cleanup)
            host, port = host_port(server.admin)
            await web.TCPSite(admin, host, port).start()
            self.admin_address = admin.addresses[0][:2]

    def _announce(self, runtime: Runtime) -> None:
        host, port = self.data_address
        log.info("serving on http://%s:%d/v1, admin on http://%s:%d/", host, port, *self.admin_address)
        for slot in runtime.slots.values():
            if slot.off_reason:
                log.warning("backend %s is off: %s", slot.section.name, slot.off_reason)
        on = [slot for slot in runtime.slots.values() if not slot.off_reason]
        if on and all(slot.local for slot in on):
            log.warning("every answer comes from the model in this process until a remote backend is switched on")
        for warning in runtime.router.warnings:
            log.warning("%s", warning)

    # run

    @property
    def runtime(self) -> Runtime:
        return self.pipeline.runtime

    def degraded(self) -> list[str]:
        """What is not working, in words; requests are served all the same."""
        found = []
        if self.spool.failing:
            found.append(f"spool: {self.spool.failing}")
        if self.writer.degraded:
            found.append(f"store: {self.writer.degraded}")
        neighbours = self.services.neighbours
        if neighbours is not None and not neighbours.ready:
            found.append("semantic cache: the embedding model is not ready")
        for slot in self.runtime.slots.values():
            if slot.off_reason:
                found.append(f"backend {slot.section.name}: {slot.off_reason}")
            elif not slot.ready:
                found.append(f"backend {slot.section.name}: its model is not loaded")
            elif not slot.breaker.closed:
                found.append(f"backend {slot.section.name}: {slot.breaker!r}")
        found += self.services.prompt_cache.alarms()
        if self.last_reload_error:
            found.append(f"configuration: the changed file was refused: {self.last_reload_error}")
        return found

    @property
    def draining(self) -> bool:
        return self._draining.is_set()

    def begin_drain(self) -> None:
        self._draining.set()

    def catch_signals(self) -> None:
        """From now on SIGTERM and SIGINT begin the drain."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.begin_drain)

    async def wait_drain(self) -> None:
        await self._draining.wait()

    async def apply(self, config: Config) -> list[str]:
        """Swap in a new configuration. Returns the sections that only a restart can change. Raises `ConfigError`."""
        current = self.runtime
        runtime = await asyncio.to_thread(build, config, current, self.environment)
        pending = [key for key in _RESTART_KEYS if _needs_restart(key, self.config, config)]
        self.pipeline.runtime = runtime
        self.metrics.set_config(runtime.sha)
        self._warm(runtime)
        if config.cache.semantic.enabled and self.services.neighbours is None:
            semantic = self.services.semantic = self._semantic(config, self.services.cache, self.services.tasks)
            self.services.neighbours = semantic.neighbours
            self.tasks.spawn("semantic", self._start_semantic(semantic))
        self._past = [past for past in (*self._past, current) if past.uses.count]
        for name, slot in current.slots.items():
            if runtime.slots.get(name) is not slot and slot.backend is not None:
                self.tasks.spawn(f"retire {name}", _retire(slot, [p for p in self._past if slot in p.slots.values()]))
        return pending

    async def reload(self) -> list[str]:
        """Read the file again and apply it; a bad file keeps the old configuration. Raises `ConfigError`."""
        try:
            async with self._reloading:
                pending = await self.apply(self.adjust(await asyncio.to_thread(load, self.path)))
        except ConfigError as error:
            self.last_reload_error = str(error)
            self.metrics.config_rejected.inc()
            log.error("configuration refused, the old one stays: %s", error)
            raise
        self.last_reload_error = ""
        log.info("configuration %s applied", self.runtime.sha)
        for key in pending:
            log.warning("[%s] changed: takes effect at the next start", key)
        return pending

    async def _watch_file(self, path: Path) -> None:
        loop = asyncio.get_running_loop()
        seen = await loop.run_in_executor(None, _stamp, path)
        while True:
            await asyncio.sleep(_RELOAD_POLL_S)
            stamp = await loop.run_in_executor(None, _stamp, path)
            if stamp == seen or stamp is None:
                continue
            seen = stamp
            try:
                await self.reload()
            except ConfigError:
                continue  # said by `reload`; the old one stays
            except Exception:
                log.exception("the changed configuration could not be applied, the old one stays")

    async def _watch_lag(self) -> None:
        metrics = self.metrics
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_LAG_PROBE_S)
            metrics.loop_lag.observe(max(0.0, time.perf_counter() - before - _LAG_PROBE_S))
            metrics.ledger_queue.set(self.writer.lag)
            metrics.dropped.set(self.spool.refused)
            metrics.flights.set(len(self.services.flights))
            metrics.waiting.set(len(self.data_server.connections))

    async def _vacuum(self) -> None:
        while True:
            await asyncio.sleep(_VACUUM_S)
            try:
                await self.sql.vacuum(time.time())
                await self.learnt.prune()
                self.spool.adopt()
            except Exception:
                log.exception("the store could not be vacuumed: tried again in %g s", _VACUUM_S)

    async def _watch_purges(self) -> None:
        """Follow what other processes (a worker, `halfpenny cache purge`) removed from the database."""
        known = False
        while True:
            try:
                if not known:
                    await self.services.cache.learn_keys()
                    known = True
                await self.services.cache.refresh()
            except Exception:
                log.warning("purges of other processes cannot be read: the database does not answer")
            await asyncio.sleep(_PURGE_POLL_S)

    # stop

    async def stop(self) -> None:
        """Drain: refuse new connections, let requests in flight end, flush the ledger, close everything. Idempotent."""
        if self._stopped:
            return
        self._stopped = True
        self._draining.set()
        self.pipeline.draining = True
        for site in self._sites:
            await site.stop()
        self.data_server.pre_shutdown()
        if not await self.pipeline.wait_idle(self.runtime.config.server.drain_timeout):
            log.warning("%d requests were cut at the end of the drain time", self.pipeline.in_flight)
        await self.services.tasks.close()
        await self._exit.aclose()
        self.services.tracing.close()

    async def _close_backends(self) -> None:
        for slot in self.runtime.slots.values():
            if slot.backend is not None:
                await slot.backend.close()

    async def _close_semantic(self) -> None:
        if self.services.semantic is not None:
            await self.services.semantic.close()
            await self.services.semantic.neighbours.close()

    async def _close_writer(self) -> None:
        if not await self.writer.close(_FLUSH_S):
            log.warning("the store did not take everything: the spool keeps it for the next start")


def _neighbours(config: Config, load_texts: LoadTexts) -> Neighbours:
    semantic = config.cache.semantic

    def embedder() -> Any:
        made = configured_embedder(semantic.embedder)
        # the first of each loads libraries and warms caches: not while a request waits for it
        made.embed(["warm up"])
        load_index(semantic.index, made.dimensions)
        return made

    def index(dimensions: int) -> Any:
        return load_index(semantic.index, dimensions)

    return Neighbours(
        embedder, index, max_entries=semantic.max_entries, timeout_s=semantic.timeout, load_texts=load_texts
    )


async def _warm(slot: Slot) -> None:
    assert slot.backend is not None
    try:
        await slot.backend.warm()
    except BackendError as error:
        log.warning("backend %s is not ready: %s", slot.section.name, error)
    else:
        slot.ready = True
        log.info("backend %s ready", slot.section.name)


async def _retire(slot: Slot, holders: list[Runtime]) -> None:
    """Close a backend that no configuration names any more, once the requests of those that did have ended."""
    assert slot.backend is not None
    for runtime in holders:
        await runtime.uses.wait_idle()
    await slot.backend.close()


def _needs_restart(section: str, old: Config, new: Config) -> bool:
    if section == "cache.semantic":
        built_once = ("embedder", "index", "max_entries", "timeout", "model")
        return any(getattr(old.cache.semantic, name) != getattr(new.cache.semantic, name) for name in built_once)
    if section == "server":
        live = {"body_limit", "body_idle_timeout", "total_timeout", "drain_timeout"}
        fixed = [name for name in old.server.__struct_fields__ if name not in live]
        return any(getattr(old.server, name) != getattr(new.server, name) for name in fixed)
    return bool(getattr(old, section) != getattr(new, section))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def run(app: App, *, reuse_port: bool = False, with_admin: bool = True) -> None:
    """Serve on uvloop until SIGTERM or SIGINT."""
    import uvloop

    async def main() -> None:
        app.catch_signals()
        await app.start(reuse_port=reuse_port, with_admin=with_admin)
        collecting.settle()
        app.tasks.spawn("collect", collecting.collect_when_quiet(lambda: len(app.services.flights) > 0))
        try:
            await app.wait_drain()
        finally:
            await app.stop()

    uvloop.run(main())


def open_file_limit() -> None:
    """Raise the soft limit on open files to the hard one: every connection is one."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def port_is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
