"""`halfpenny serve`: one process, or several that share the port."""

import argparse
import logging
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from halfpenny.proxy.admin import admin_token
from halfpenny.proxy.app import App, open_file_limit, run
from halfpenny.proxy.config import Config, ConfigError, host_port, is_loopback
from halfpenny.proxy.logs import set_up
from halfpenny.storage.sqlite import StorageError

log = logging.getLogger(__name__)
_RESTART_PAUSE_S = 1.0


def serve(options: argparse.Namespace, config: Config, path: Path | None) -> int:
    """Exit code 0 after a drain, 1 if it could not start, 2 for a configuration that cannot be used."""

    def adjust(read: Config) -> Config:
        return _with_addresses(read, options.listen, options.admin)

    config = adjust(config)
    admin_token(config)
    if options.workers < 1:
        raise ConfigError("--workers: expected 1 or more")
    if options.workers > 1 and host_port(config.server.listen)[1] == 0:
        raise ConfigError("--workers: several processes share one port, so server.listen must name it (not 0)")
    set_up(config.telemetry.log_level, config.telemetry.log_format)
    if options.workers > 1 and options.worker_number is None:
        return _supervise(options.workers)
    number = options.worker_number or 0
    open_file_limit()
    try:
        # one worker keeps the admin plane; the others are seen through their rows in the shared ledger
        run(App(config, path, adjust=adjust), reuse_port=options.workers > 1, with_admin=number == 0)
    except (OSError, StorageError) as error:
        log.error("cannot start: %s", error)
        return 1
    return 0


def _with_addresses(config: Config, listen: str | None, admin: str | None) -> Config:
    changed = {name: value for name, value in (("listen", listen), ("admin", admin)) if value is not None}
    for name, value in changed.items():
        try:
            host_port(value)
        except ValueError as error:
            raise ConfigError(f"--{name}: {error}") from error
    if admin is not None and not is_loopback(host_port(admin)[0]) and not config.server.admin_token_env:
        raise ConfigError("--admin: an admin listener outside loopback needs server.admin_token_env")
    return msgspec.structs.replace(config, server=msgspec.structs.replace(config.server, **changed))


def _supervise(workers: int) -> int:
    """Start the workers, start again what dies, pass signals on, and end when all have drained."""
    arguments = sys.argv[1:]
    stopping = False
    processes: dict[int, subprocess.Popen[bytes]] = {}

    def start(number: int) -> None:
        processes[number] = subprocess.Popen(
            [sys.executable, "-m", "halfpenny", *arguments, "--worker-number", str(number)]
        )
        if stopping:
            processes[number].send_signal(signal.SIGTERM)

    def stop(signum: int, frame: object) -> None:
        nonlocal stopping
        stopping = True
        for process in processes.values():
            process.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for number in range(workers):
        if not stopping:
            start(number)
    worst = 0
    while processes:
        time.sleep(0.1)
        for number, process in list(processes.items()):
            code = process.poll()
            if code is None:
                continue
            del processes[number]
            if stopping or code in (0, 1, 2):
                # drained through its admin plane, or unable to start, now and the second time: stop them all
                if code != -signal.SIGTERM:  # stopped before it had begun
                    worst = max(worst, code if code >= 0 else 1)
                if not stopping:
                    stop(signal.SIGTERM, None)
                continue
            log.error("worker %d died with %d: starting it again", number, code)
            time.sleep(_RESTART_PAUSE_S)
            if not stopping:
                start(number)
    return worst
