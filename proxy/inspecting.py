"""`check`, `doctor` and `route --explain`: what would run, what is wrong, where a request would go."""

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from halfpenny.proxy.admin import admin_token, shown
from halfpenny.proxy.app import port_is_free
from halfpenny.proxy.config import Config, ConfigError, host_port
from halfpenny.proxy.errors import ProxyError
from halfpenny.proxy.offline import database_file
from halfpenny.proxy.prompts import with_ask
from halfpenny.proxy.runtime import Slot, build, config_sha
from halfpenny.proxy.surfaces.openai_chat import OpenAIChat
from halfpenny.router.base import NoPlan, Prompt
from halfpenny.storage.engine import make_engine
from halfpenny.storage.lifecycle import schema_version
from halfpenny.storage.sqlite import StorageError

PrintJson = Callable[[Any], None]
_FREE_BYTES = 500 * 1000 * 1000


class Described(msgspec.Struct, frozen=True):
    """What `check` prints: a JSON document, and the same as lines."""

    document: dict[str, Any]
    lines: list[str]


class Finding(msgspec.Struct, frozen=True):
    """One line of `doctor`: the part, whether it is good, and what it is or how to mend it."""

    part: str
    ok: bool
    text: str


def describe(config: Config) -> Described:
    """What a start with this configuration would run. Raises `ConfigError`."""
    admin_token(config)
    runtime = build(config)
    lines, backends = [], []
    for slot in runtime.slots.values():
        section = slot.section
        models = section.model or ", ".join(section.models or ("*",))
        state = f"off: {slot.off_reason}" if slot.off_reason else "on"
        lines.append(f"backend {section.name} ({section.kind}, {models}): {state}")
        backends.append(
            {"name": section.name, "kind": section.kind, "on": not slot.off_reason, "reason": slot.off_reason}
        )
    on = [slot for slot in runtime.slots.values() if not slot.off_reason]
    if not on:
        lines.append("no backend is on: every request would be refused")
    elif all(slot.local for slot in on):
        lines.append("every answer comes from the model in this process until a remote backend is switched on")
    for route in config.routes:
        lines.append(f"route {route.name}: {route.policy}")
    semantic = config.cache.semantic
    lines.append(f"exact cache: {'on' if config.cache.exact.enabled else 'off'}, ttl {config.cache.ttl:g} s")
    rule = decision_rule(config)
    lines.append(f"semantic cache: {'on' if semantic.enabled else 'off'}, embedder {semantic.embedder}, {rule}")
    lines.append(f"listens on {config.server.listen}, admin on {config.server.admin}")
    lines += [f"warning: {warning}" for warning in runtime.router.warnings]
    document = {
        "valid": True,
        "sha": config_sha(config),
        "backends": backends,
        "routes": [route.name for route in config.routes],
        "warnings": list(runtime.router.warnings),
        "semantic_rule": rule,
        "config": shown(config),
    }
    return Described(document, lines)


def decision_rule(config: Config) -> str:
    """Which rule decides semantic hits, as far as that can be told without loading the embedder."""
    from halfpenny.semantic_cache.decision.model import load_model
    from halfpenny.semantic_cache.decision.tensors import ModelFileError

    section = config.cache.semantic
    try:
        model = load_model(None if section.model is None else Path(section.model))
    except (ModelFileError, OSError) as error:
        return f"fixed rule: {error}"
    # the bundled embedder is called onnx in the configuration
    name = "all-MiniLM-L6-v2" if section.embedder == "onnx" else section.embedder
    if name.rpartition("/")[2] != model.embedder:
        return f"fixed rule: the decision model {model.name!r} was trained for the embedder {model.embedder!r}"
    return f"learned rule, decision model {model.name!r}"


async def examine(config: Config) -> list[Finding]:
    """Look at every part. Never costs money: backends are asked for their model list at most."""
    findings = [_sqlite(), _c_parser(), _embedder(config)]
    findings.append(await _store(config))
    findings.append(_disk(config))
    findings += _ports(config)
    findings.append(_token(config))
    slots = build(config).slots.values()
    for slot in slots:
        findings.append(await _backend(slot))
    if all(slot.off_reason for slot in slots):
        findings.append(Finding("backends", False, "none is on: set a key, or add a backend that needs none"))
    return findings


def _token(config: Config) -> Finding:
    try:
        token = admin_token(config)
    except ConfigError as error:
        return Finding("admin token", False, str(error))
    return Finding("admin token", True, "set" if token else "none: the admin plane answers on loopback only")


async def _backend(slot: Slot) -> Finding:
    part = f"backend {slot.section.name}"
    if slot.backend is None:
        return Finding(part, True, f"off: {slot.off_reason}")
    try:
        problem = await slot.backend.check()
    finally:
        await slot.backend.close()
    return Finding(part, problem is None, problem or "can serve")


def _sqlite() -> Finding:
    from halfpenny.storage.sqlite import dbapi

    return Finding("sqlite", True, f"bundled version {dbapi.sqlite_version}")


def _c_parser() -> Finding:
    from halfpenny.proxy.server import require_c_parser

    try:
        require_c_parser()
    except RuntimeError as error:
        return Finding("http parser", False, str(error))
    return Finding("http parser", True, "aiohttp's C parser")


def _embedder(config: Config) -> Finding:
    name = config.cache.semantic.embedder
    if not config.cache.semantic.enabled:
        return Finding("embedder", True, "semantic cache is off")
    from halfpenny.semantic_cache.embedders import configured_embedder

    try:
        embedder = configured_embedder(name)
        embedder.embed(["ready?"])
    except Exception as error:
        return Finding("embedder", False, f"{name}: {error}; the semantic cache would stay off, the rest serves")
    return Finding("embedder", True, f"{embedder.name}, {embedder.dimensions} dimensions")


async def _store(config: Config) -> Finding:
    file = database_file(config)
    if file is not None and not file.exists():
        folder = _existing(file)
        if not os.access(folder, os.W_OK):
            return Finding("store", False, f"{folder} is not writable: change its owner, or set store.url")
        return Finding("store", True, f"{file} will be made at the first start")
    try:
        engine = make_engine(config.store.url)
    except (StorageError, OSError) as error:
        return Finding("store", False, f"{error}; set store.url")
    try:
        version = await schema_version(engine)
        return Finding("store", True, f"schema {version or 'none yet: made at the first start'}")
    except Exception as error:
        reason = f"{type(error).__name__}: {getattr(error, 'orig', None) or error}"[:300]
        return Finding("store", False, f"{reason}; see `halfpenny db verify`, `db restore`")
    finally:
        await engine.dispose()


def _disk(config: Config) -> Finding:
    file = database_file(config)
    folder = _existing(file) if file is not None else Path.cwd()
    free = shutil.disk_usage(folder).free
    enough = free > _FREE_BYTES
    mend = "" if enough else f": free some, {_FREE_BYTES // 10**6} MB are wanted, or lower store.max_size"
    return Finding("disk", enough, f"{free // 10**6} MB free in {folder}{mend}")


def _existing(file: Path) -> Path:
    """The nearest folder above the file that is there: the rest is made at the first start."""
    return next(folder for folder in file.absolute().parents if folder.is_dir())


def _ports(config: Config) -> list[Finding]:
    findings = []
    for key in ("listen", "admin"):
        host, port = host_port(getattr(config.server, key))
        free = port_is_free(host, port)
        text = (
            f"{host}:{port} is free"
            if free
            else f"{host}:{port} is taken: a proxy may run already, or set server.{key}"
        )
        findings.append(Finding(f"server.{key}", True, text))
    return findings


def dry_run(options: argparse.Namespace, config: Config, print_json: PrintJson, fail: Callable[..., int]) -> int:
    """`route --explain FILE`: the plan for a chat request body, without sending anything."""
    try:
        body = sys.stdin.buffer.read() if str(options.explain) == "-" else options.explain.read_bytes()
        ask = OpenAIChat().read(body, OpenAIChat.path)
    except OSError as error:
        return fail(options, f"{options.explain}: {error.strerror}", code=2)
    except ProxyError as error:
        return fail(options, f"{options.explain}: {error.message}", code=2)
    prompt = with_ask(Prompt(surface="chat", path="/v1/chat/completions", model=ask.model), ask)
    plan = build(config).router.plan(prompt)
    if options.json:
        print_json(msgspec.to_builtins(plan))
    elif isinstance(plan, NoPlan):
        print(f"no plan: {plan.message}")
    else:
        print(f"route {plan.route}")
        for step in plan.steps:
            print(f"  {step.role}: {step.backend}/{step.model}")
        print(msgspec.json.format(msgspec.json.encode(plan.why)).decode())
    return 1 if isinstance(plan, NoPlan) else 0
