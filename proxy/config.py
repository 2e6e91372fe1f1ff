"""config.toml -> frozen typed objects. Unknown keys are errors with a suggestion; every error names file, line and key.

A setting has its name, type, default and meaning in one place: here. `docs/configuration.md` is checked against it.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from halfpenny.backends import BACKENDS
from halfpenny.backends.secret import Secret
from halfpenny.proxy.units import Bytes, Seconds, Usd, decode_unit
from halfpenny.router import Route

LogLevel = Literal["debug", "info", "warning", "error"]
MIB = 1 << 20
EPOCH_CHARS = 200
MULTILINGUAL_SIMILARITY = 0.95
DIALECTS = ("openai", "responses", "anthropic", "gemini")
NETWORK_KINDS = ("openai", "anthropic", "gemini")


class ConfigError(Exception):
    """The configuration cannot be used. `str()` names the file, the line where known, the key and what was expected."""


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    listen: str = "127.0.0.1:8080"
    """Where the data plane listens, host:port."""
    admin: str = "127.0.0.1:8081"
    """Where the admin plane listens. Anything but loopback needs `admin_token_env`."""
    admin_token_env: str | None = None
    """Name of the environment variable that holds the admin token."""
    tenant_headers: tuple[str, ...] = ()
    """Names of further headers that tell callers apart: who differs in one of them never shares an answer."""
    body_limit: Bytes = Bytes(32 * MIB)
    """Largest request body; more is answered 413 in the caller's dialect."""
    header_timeout: Seconds = Seconds(10)
    """A request head must be complete within this time."""
    body_idle_timeout: Seconds = Seconds(30)
    """A request body must not pause longer than this."""
    total_timeout: Seconds = Seconds(900)
    """A request is given up after this time, answer included."""
    keep_alive: Seconds = Seconds(75)
    """An idle connection is kept this long."""
    heartbeat: Seconds = Seconds(20)
    """A streaming client that has waited this long for a cold upstream gets the head of its answer and then a heartbeat
    as often, in the form that its dialect tolerates (Gemini's tolerates none). 0: never."""
    drain_timeout: Seconds = Seconds(30)
    """After SIGTERM, requests in flight get this long."""


class StoreSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: str = "sqlite+aiosqlite:///halfpenny.db"
    """SQLAlchemy URL of the database: sqlite+aiosqlite or postgresql+asyncpg."""
    spool: str | None = None
    """Folder of the spool (crash safety). Default: `<database file>.spool`, or `halfpenny.spool`."""
    durable: bool = False
    """fsync at each commit (survives power loss, slower)."""
    memory: Bytes = Bytes(256 * MIB)
    """Memory tier of the exact cache, in bytes of what is really stored."""
    max_size: Bytes = Bytes(4 << 30)
    """Stored answers in the database; the oldest go first."""


class Exact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    enabled: bool = True
    """Answer repeats from the cache."""


class Semantic(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    enabled: bool = True
    """Answer re-phrasings from the cache."""
    max_false_hit_rate: float = 0.01
    """The promised bound on wrong hits as a share of a namespace's requests, measured and held while serving
    (docs/semantic-cache.md). Where the fixed rule decides it only sets the similarity asked for."""
    min_similarity: float | None = None
    """Least cosine of any hit. Unset: none where the learned rule decides, else set from `max_false_hit_rate`."""
    ttl: Seconds = Seconds(6 * 3600)
    """Lifetime of an answer as a semantic neighbour (never longer than `cache.ttl`)."""
    embedder: str = "onnx"
    """onnx (bundled all-MiniLM-L6-v2), multilingual (extra `multilingual`; needs `min_similarity`), hashing (tests), or
    a sentence-transformers model name (extra `models`)."""
    index: str = "faiss"
    """faiss or brute_force."""
    max_entries: int = 100_000
    """Vectors kept in memory."""
    timeout: Seconds = Seconds(2)
    """The embedding must be there by then, or the request goes on without."""
    structured: bool = False
    """Let requests for structured output (JSON mode, a schema) take part."""
    model: str | None = None
    """File of an operator's own decision model, its digest beside it (`<file>.sha256`). Unset: the bundled one. A model
    that cannot be used, or was trained for another embedder, leaves the fixed rule in force."""
    languages: str | None = None
    """Folder of further language files for the volatile gate (semantic_cache/languages/README.md)."""
    shared_users: bool = False
    """Share answers between the end users of one tenant (`user`, `safety_identifier`, ...). Off: each has its own."""


class Cache(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    ttl: Seconds = Seconds(86400)
    """Lifetime of a stored answer."""
    stale_while_revalidate: Seconds = Seconds(0)
    """For so long past its lifetime an answer still serves repeats, while one request fetches a new one behind them
    (RFC 5861). 0: never."""
    stale_if_error: Seconds = Seconds(0)
    """For so long past its lifetime an answer stands in for an upstream that fails (RFC 5861). 0: never."""
    epoch: str = ""
    """Any text. Another one is another cache: what was stored before is not found any more."""
    follow_snapshots: bool = False
    """When a model answers under a new snapshot name, its earlier answers are no exact hits any more. They stop being
    neighbours of other prompts in any case."""
    sampled: bool = True
    """Store answers to requests with a temperature above zero (or none given). Off: only temperature 0 is cached."""
    max_entry: Bytes = Bytes(8 * MIB)
    """Answers larger than this are not stored."""
    replay_rate: float = 0.0
    """Events per second at which a stored answer is streamed, for clients that show text as it is written. 0: at
    once."""
    exact: Exact = Exact()
    semantic: Semantic = Semantic()

    @property
    def longest_stale_s(self) -> float:
        """For so long an answer is kept past its lifetime."""
        return max(self.stale_while_revalidate, self.stale_if_error)


class Retry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    attempts: int = 2
    """Tries after the first, per backend; only before the first content byte."""
    budget: float = 0.1
    """Retries as a share of all calls, over all backends."""


class Telemetry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    log_level: LogLevel = "info"
    log_format: Literal["json", "text"] = "json"
    otlp_endpoint: str | None = None
    """OpenTelemetry collector (extra `otel`). Unset: no spans are made."""


class BackendSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    kind: str
    """openai (any compatible server), anthropic, gemini, llamacpp (in process), echo (tests and the demo)."""
    base_url: str | None = None
    """Address of a network backend, with or without /v1. `anthropic` and `gemini` have their provider's as default."""
    api_key_env: str | None = None
    """Environment variable with the key. Not set in the environment: the backend is off."""
    api_key_file: str | None = None
    """File with the key."""
    key_header: str | None = None
    """Header in which the key is sent. Default: `Authorization: Bearer` (openai), `api-key` (Azure hosts), `x-api-key`
    (anthropic), `x-goog-api-key` (gemini)."""
    dialects: tuple[str, ...] | None = None
    """API dialects that it takes as they are: openai, responses, anthropic, gemini. Default: those of its kind. Other
    requests are converted for it on routes with `convert`."""
    models: tuple[str, ...] | None = None
    """Shell-style patterns of model names that it serves under the name asked for. Default for network kinds: all."""
    model: str | None = None
    """The one model that it serves, whatever was asked for."""
    context_tokens: int = 0
    """Context window; 0: not checked."""
    tools: bool | None = None
    vision: bool | None = None
    json_schema: bool | None = None
    """What it can do. Default: everything for network kinds; no tools and no vision for llamacpp."""
    connect_timeout: Seconds = Seconds(5)
    first_byte_timeout: Seconds = Seconds(120)
    idle_timeout: Seconds = Seconds(60)
    total_timeout: Seconds = Seconds(600)
    usage_in_stream: bool = True
    """Ask for the usage event of streams (and hide it from a caller who did not). Switched off by itself for a backend
    that refuses it."""
    threads: int | None = None
    """llamacpp: threads for generation."""
    parallel: int | None = None
    """llamacpp: requests served at once."""


class RouteSection(Route, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A route as the file writes it: durations have units."""

    ttl: Seconds | None = None
    semantic_ttl: Seconds | None = None


class PriceSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: str
    """Shell-style pattern of model names."""
    input_usd_per_mtok: Usd
    output_usd_per_mtok: Usd
    cached_input_usd_per_mtok: Usd | None = None
    source: str = "config.toml"
    date: str = ""


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    server: Server = Server()
    store: StoreSection = StoreSection()
    cache: Cache = Cache()
    retry: Retry = Retry()
    telemetry: Telemetry = Telemetry()
    backends: tuple[BackendSection, ...] = ()
    routes: tuple[RouteSection, ...] = ()
    prices: tuple[PriceSection, ...] = ()


BUILT_IN_BACKENDS = (
    BackendSection(name="large", kind="openai", base_url="https://api.openai.com/v1", api_key_env="OPENAI_API_KEY"),
    BackendSection(name="small", kind="llamacpp", model="smollm2-135m-instruct"),
)
BUILT_IN_ROUTES = (RouteSection(name="default", policy="difficulty", small="small", large="large"),)


def load(path: Path | None) -> Config:
    """Read and check a file; None gives the built-in defaults. Raises `ConfigError`."""
    if path is None:
        return msgspec.structs.replace(Config(), backends=BUILT_IN_BACKENDS, routes=BUILT_IN_ROUTES)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    return parse(text, str(path))


def parse(text: str, name: str = "config.toml") -> Config:
    """Decode and validate the text of a configuration. Raises `ConfigError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {error}") from error
    for key, known in _unknown_keys(document, Config, ""):
        raise ConfigError(f"{_place(text, name, key)}: unknown key {key!r}{_suggestion(key, known)}")
    try:
        config = msgspec.convert(document, Config, dec_hook=decode_unit)
    except msgspec.ValidationError as error:
        message, key = _split_path(str(error))
        raise ConfigError(f"{_place(text, name, key)}: {key or 'configuration'}: {message}") from error
    if not config.backends:
        config = msgspec.structs.replace(config, backends=BUILT_IN_BACKENDS)
        if not config.routes:
            config = msgspec.structs.replace(config, routes=BUILT_IN_ROUTES)
    for key, problem in _problems(config):
        raise ConfigError(f"{_place(text, name, key)}: {key}: {problem}")
    return config


def host_port(value: str) -> tuple[str, int]:
    """`"127.0.0.1:8080"` or `"[::1]:8080"`. Raises ValueError."""
    host, separator, port = value.rpartition(":")
    if not separator or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"expected host:port such as 127.0.0.1:8080, got {value!r}")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    return host == "localhost" or host.startswith("127.") or host == "::1"


def _problems(config: Config) -> Iterator[tuple[str, str]]:
    for key, value in (("server.listen", config.server.listen), ("server.admin", config.server.admin)):
        try:
            host_port(value)
        except ValueError as error:
            yield key, str(error)
            return
    if not is_loopback(host_port(config.server.admin)[0]) and not config.server.admin_token_env:
        yield "server.admin", "an admin listener outside loopback needs server.admin_token_env"
    if not config.store.url.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
        yield "store.url", "expected sqlite+aiosqlite:///FILE or postgresql+asyncpg://..."
    semantic = config.cache.semantic
    for key, share in (
        ("cache.semantic.max_false_hit_rate", semantic.max_false_hit_rate),
        ("cache.semantic.min_similarity", semantic.min_similarity),
        ("retry.budget", config.retry.budget),
    ):
        if share is not None and not 0.0 <= share <= 1.0:
            yield key, f"expected a share between 0 and 1, got {share}"
    if semantic.embedder == "multilingual" and (semantic.min_similarity or 0.0) < MULTILINGUAL_SIMILARITY:
        # prompts that have nothing in common lie at 0.8 there, which another model takes for the same question
        yield "cache.semantic.min_similarity", f"the multilingual embedder needs at least {MULTILINGUAL_SIMILARITY}"
    if config.cache.replay_rate < 0:
        yield "cache.replay_rate", "expected 0 (at once) or more events per second"
    if config.retry.attempts < 0:
        yield "retry.attempts", "expected 0 or more"
    for key, epoch in (
        ("cache.epoch", config.cache.epoch),
        *((f"routes[{at}].epoch", route.epoch) for at, route in enumerate(config.routes)),
    ):
        if len(epoch) > EPOCH_CHARS:
            yield key, f"expected at most {EPOCH_CHARS} characters, got {len(epoch)}"
    for at, route in enumerate(config.routes):
        rate, ttl = route.max_false_hit_rate, route.semantic_ttl
        if rate is not None and not 0.0 <= rate <= 1.0:
            yield f"routes[{at}].max_false_hit_rate", f"expected a share between 0 and 1, got {rate}"
        elif rate is not None and rate > semantic.max_false_hit_rate:
            yield f"routes[{at}].max_false_hit_rate", f"{rate} is looser than cache.semantic.max_false_hit_rate"
        if ttl is not None and ttl > semantic.ttl:
            yield f"routes[{at}].semantic_ttl", f"{ttl:g} s is longer than cache.semantic.ttl ({semantic.ttl:g} s)"
        if route.structured and not semantic.structured:
            yield f"routes[{at}].structured", "a route cannot allow what cache.semantic.structured does not"
    yield from _backend_problems(config)


def _backend_problems(config: Config) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for at, backend in enumerate(config.backends):
        key = f"backends[{at}]"
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", backend.name):
            yield f"{key}.name", f"expected letters, digits, '.', '_' or '-', got {backend.name!r}"
        if backend.name in seen:
            yield f"{key}.name", f"{backend.name!r} is used twice"
        seen.add(backend.name)
        if backend.kind not in BACKENDS:
            hint = _suggestion(backend.kind, sorted(BACKENDS))
            yield f"{key}.kind", f"{backend.kind!r} is not available in this version{hint}"
        given = backend.base_url or ("" if backend.kind == "openai" else "https://default")
        if backend.kind in NETWORK_KINDS and not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", given):
            yield f"{key}.base_url", f"expected an http(s) URL, got {backend.base_url!r}"
        for at_dialect, dialect in enumerate(backend.dialects or ()):
            if dialect not in DIALECTS:
                yield f"{key}.dialects[{at_dialect}]", f"expected one of {', '.join(DIALECTS)}, got {dialect!r}"
        if backend.kind == "llamacpp" and not backend.model:
            yield f"{key}.model", "a llamacpp backend needs the model that it serves, such as smollm2-135m-instruct"
        if backend.api_key_env and backend.api_key_file:
            yield f"{key}.api_key_file", "give api_key_env or api_key_file, not both"


def _unknown_keys(document: dict[str, Any], wanted: type, prefix: str) -> Iterator[tuple[str, list[str]]]:
    hints = get_type_hints(wanted)
    known = list(wanted.__struct_fields__)  # type: ignore[attr-defined]
    for name, value in document.items():
        key = f"{prefix}{name}"
        if name not in known:
            yield key, [f"{prefix}{field}" for field in known]
            continue
        inner = _struct_in(hints[name])
        if inner is None:
            continue
        if isinstance(value, dict):
            yield from _unknown_keys(value, inner, f"{key}.")
        elif isinstance(value, list):
            for at, item in enumerate(value):
                if isinstance(item, dict):
                    yield from _unknown_keys(item, inner, f"{key}[{at}].")


def _struct_in(hint: Any) -> type | None:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    if get_origin(hint) is dict:
        return None
    for inner in get_args(hint):
        found = _struct_in(inner)
        if found is not None:
            return found
    return None


def _suggestion(key: str, known: list[str]) -> str:
    if key.rpartition(".")[2] == "api_key":
        return "; secrets are never written here: name an environment variable (api_key_env) or a file (api_key_file)"
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"


def _split_path(message: str) -> tuple[str, str]:
    text, _, path = message.rpartition(" - at `$")
    if not text:
        return message, ""
    return text, path.rstrip("`").lstrip(".")


def _place(text: str, name: str, key: str) -> str:
    """`config.toml:12`, as near as a plain search can tell: the table's header, then the key's own line after it."""
    if not key:
        return name
    lines = text.splitlines()
    at = 0
    parts = re.findall(r"([A-Za-z0-9_-]+)(?:\[(\d+)\])?", key)
    path: list[str] = []
    for field, number in parts[:-1]:
        path.append(re.escape(field))
        dotted = r"\s*\.\s*".join(path)
        header = re.compile(rf"\s*\[{{1,2}}\s*{dotted}\s*\]{{1,2}}")
        found = [line for line in range(at, len(lines)) if header.match(lines[line])]
        if found:
            at = found[min(int(number or 0), len(found) - 1)]
    field = re.escape(parts[-1][0]) if parts else ""
    own = re.compile(rf"(?:.*[\s{{,])?[\"']?{field}[\"']?\s*(?:=|\])|\s*\[.*{field}\s*\]")
    for line in range(at, len(lines)):
        if own.match(lines[line]):
            return f"{name}:{line + 1}"
    return f"{name}:{at + 1}" if at else name


def backend_key(backend: BackendSection, environment: dict[str, str] | None = None) -> tuple[Secret | None, str]:
    """The key of a backend and, if it cannot be had, why the backend is off (empty if it is on)."""
    variables: Any = os.environ if environment is None else environment
    if backend.api_key_env:
        value = variables.get(backend.api_key_env, "").strip()
        if not value:
            return None, f"the environment variable {backend.api_key_env} is not set"
        return Secret(value), ""
    if backend.api_key_file:
        try:
            value = Path(backend.api_key_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            return None, f"the key file {backend.api_key_file} cannot be read: {error.strerror}"
        return (Secret(value), "") if value else (None, f"the key file {backend.api_key_file} is empty")
    return None, ""
