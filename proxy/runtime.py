"""Everything built from one configuration. A reload builds a new runtime and swaps the reference; requests keep theirs.

`Services` outlive reloads: the store, the ledger, the vectors, the metrics.
"""

import asyncio
import hashlib
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from halfpenny.backends import load_backend
from halfpenny.backends.base import Backend, Timeouts
from halfpenny.backends.health import CircuitBreaker
from halfpenny.backends.retry import RetryBudget, RetryPolicy
from halfpenny.backends.secret import Secret
from halfpenny.ledger.book import Ledger
from halfpenny.ledger.prices import Override, PriceBook
from halfpenny.ledger.prompt_cache import PromptCacheWatch
from halfpenny.proxy.coalesce import Flights
from halfpenny.proxy.config import NETWORK_KINDS, BackendSection, Config, ConfigError, backend_key
from halfpenny.proxy.converting import CONVERTIBLE, converted, taken
from halfpenny.proxy.semantic import Semantic
from halfpenny.proxy.surfaces import Surfaces, load_surfaces
from halfpenny.proxy.tasks import TaskOwner
from halfpenny.proxy.telemetry import Metrics, Tracing
from halfpenny.router import Candidate, RouteError, Router
from halfpenny.semantic_cache.languages import LanguageError
from halfpenny.semantic_cache.neighbours import Neighbours
from halfpenny.semantic_cache.stores.tiered import Tiered
from halfpenny.semantic_cache.volatile import Gate, load_gate

LOCAL_SURFACES = ("chat", "completions", "embeddings", "responses", "messages", "count_tokens", "passthrough")
"""What llama.cpp's own server takes (measured: facts of `docs/backends.md`)."""

_OWN_FORMS = 256
_PROVIDERS = {"anthropic": "https://api.anthropic.com", "gemini": "https://generativelanguage.googleapis.com"}
_DIALECTS: dict[str, tuple[str, ...]] = {
    "openai": ("openai", "responses"),
    "anthropic": ("anthropic",),
    "gemini": ("gemini",),
    "llamacpp": ("openai", "responses", "anthropic"),
}


def dialects_of(section: BackendSection) -> tuple[str, ...]:
    """What a backend takes as it is."""
    return section.dialects if section.dialects is not None else _DIALECTS.get(section.kind, ("openai",))


class Uses:
    """How many requests and flights hold something; `wait_idle` is for whoever wants to take it away."""

    def __init__(self) -> None:
        self.count = 0
        self._idle: asyncio.Event | None = None

    def __repr__(self) -> str:
        return f"<Uses {self.count}>"

    def hold(self) -> None:
        self.count += 1

    def release(self) -> None:
        self.count -= 1
        if self.count == 0 and self._idle is not None:
            self._idle.set()

    async def wait_idle(self) -> None:
        while self.count:
            if self._idle is None or self._idle.is_set():
                self._idle = asyncio.Event()
            await self._idle.wait()


class Slot:
    """A configured backend with what is learnt about it at run time (`breaker`, `asks_usage`, `own_forms`)."""

    def __init__(self, section: BackendSection, backend: Backend | None, off_reason: str, key: str = "") -> None:
        self.section = section
        self.key = key
        """A digest of the key, to notice that it was changed; "" where each caller brings a key."""
        self.backend = backend
        self.off_reason = off_reason
        self.breaker = CircuitBreaker(clock=time.monotonic)
        self.asks_usage = section.usage_in_stream and "openai" in dialects_of(section)
        self.dialects = dialects_of(section)
        self.own_forms: dict[str, str] = {}
        """The representation in which a model answers whatever it is asked for (`encoding_format`); a bounded number
        of models, since their names come from callers."""
        self.ready = section.kind != "llamacpp"

    def learn_form(self, model: str, *, wanted: str, came: str) -> None:
        """What an answer of this model came in, and what was asked for."""
        if came != wanted:
            self.own_forms.pop(model, None)
            self.own_forms[model] = came
            if len(self.own_forms) > _OWN_FORMS:
                del self.own_forms[next(iter(self.own_forms))]
        elif self.own_forms.get(model, came) != came:
            del self.own_forms[model]

    @property
    def has_own_key(self) -> bool:
        return bool(self.key) or self.local

    @property
    def local(self) -> bool:
        return self.section.kind in ("llamacpp", "echo")

    @property
    def price_url(self) -> str | None:
        """The address that prices are looked up under; None for what runs in this process."""
        return None if self.local else self.section.base_url or _PROVIDERS.get(self.section.kind)

    def timeouts(self) -> Timeouts:
        section = self.section
        return Timeouts(
            connect_s=section.connect_timeout,
            first_byte_s=section.first_byte_timeout,
            idle_s=section.idle_timeout,
            total_s=section.total_timeout,
        )


@dataclass(frozen=True, slots=True)
class Runtime:
    """One configuration, built."""

    config: Config
    sha: str
    slots: Mapping[str, Slot]
    router: Router
    surfaces: Surfaces
    prices: PriceBook
    retry: RetryPolicy
    tenant_headers: frozenset[str]
    uses: Uses
    """Who still works with this configuration: what it alone holds may be closed when nobody does."""
    gate: Gate
    """What tells volatile prompts."""
    fingerprint: bytes
    """Who could have answered, and by which rules: part of every cache key, so that answers of the small model are not
    served once a large one is switched on, nor what a new rule denies."""

    def form_from(self, served_by: str, wanted: str) -> str:
        """The representation to show a stored answer in: the one wanted, or the one that its model answers in whatever
        is wanted, so that a hit is what a miss was."""
        backend, _, model = served_by.partition("/")
        slot = self.slots.get(backend)
        return wanted if slot is None or not wanted else slot.own_forms.get(model, wanted)


@dataclass(slots=True)
class Services:
    """What outlives a reload."""

    metrics: Metrics
    tracing: Tracing
    ledger: Ledger
    cache: Tiered
    neighbours: Neighbours | None
    semantic: Semantic | None
    retry_budget: RetryBudget
    tasks: TaskOwner
    prompt_cache: PromptCacheWatch
    flights: Flights = field(default_factory=Flights)
    rng: random.Random = field(default_factory=random.Random)


def config_sha(config: Config) -> str:
    return hashlib.sha256(repr(config).encode()).hexdigest()[:12]


def build(config: Config, previous: Runtime | None = None, environment: dict[str, str] | None = None) -> Runtime:
    """Build every part. Backends whose section did not change are kept. Raises `ConfigError`."""
    slots = {
        section.name: _kept(section, previous, environment) or _slot(section, environment)
        for section in config.backends
    }
    try:
        router = Router(config.routes, [_candidate(slot) for slot in slots.values()])
    except RouteError as error:
        raise ConfigError(str(error)) from error
    enabled = sorted(
        f"{slot.section.name}|{slot.section.kind}|{slot.section.base_url}|{slot.section.model}|{slot.dialects}"
        for slot in slots.values()
        if not slot.off_reason
    )
    return Runtime(
        config=config,
        sha=config_sha(config),
        slots=slots,
        router=router,
        surfaces=load_surfaces(),
        prices=PriceBook(
            [
                Override(
                    model=price.model,
                    input_usd_per_mtok=str(price.input_usd_per_mtok),
                    output_usd_per_mtok=str(price.output_usd_per_mtok),
                    cached_input_usd_per_mtok=None
                    if price.cached_input_usd_per_mtok is None
                    else str(price.cached_input_usd_per_mtok),
                    source=price.source,
                    date=price.date,
                )
                for price in config.prices
            ]
        ),
        retry=RetryPolicy(extra_attempts=config.retry.attempts),
        tenant_headers=frozenset(name.lower() for name in config.server.tenant_headers),
        uses=Uses(),
        gate=gate_of(config),
        fingerprint=hashlib.sha256(
            "\n".join([*enabled, *(route.decides() for route in config.routes)]).encode()
        ).digest(),
    )


def gate_of(config: Config) -> Gate:
    """The configured gate for volatile prompts. Raises `ConfigError`."""
    folder = config.cache.semantic.languages
    try:
        return load_gate(None if folder is None else Path(folder))
    except LanguageError as error:
        raise ConfigError(f"cache.semantic.languages: {error}") from error


def _kept(section: BackendSection, previous: Runtime | None, environment: dict[str, str] | None) -> Slot | None:
    old = previous.slots.get(section.name) if previous is not None else None
    key, off_reason = backend_key(section, environment)
    if old is None or old.section != section or old.off_reason != off_reason or old.key != _key_digest(key):
        return None
    return old


def _key_digest(key: Secret | None) -> str:
    return "" if key is None else hashlib.sha256(key.reveal().encode()).hexdigest()


def _slot(section: BackendSection, environment: dict[str, str] | None) -> Slot:
    key, off_reason = backend_key(section, environment)
    if off_reason:
        return Slot(section, None, off_reason)
    options: dict[str, object] = {"name": section.name}
    if section.kind in NETWORK_KINDS:
        options |= {"api_key": key, "key_header": section.key_header}
        if section.base_url is not None:
            options["base_url"] = section.base_url
    elif section.kind == "llamacpp":
        options |= {"model": section.model}
        for name in ("threads", "parallel"):
            value = getattr(section, name)
            if value is not None:
                options[name] = value
        if section.context_tokens:
            options["context_tokens"] = section.context_tokens
    try:
        backend = load_backend(section.kind, **options)
    except ValueError as error:
        raise ConfigError(f"backends: {section.name}: {error}") from error
    return Slot(section, backend, "", _key_digest(key))


def _candidate(slot: Slot) -> Candidate:
    section = slot.section
    local = section.kind == "llamacpp"
    models = section.models
    if models is None:
        models = () if section.model else ("*",)
    context = section.context_tokens
    if not context and local and slot.backend is not None:
        context = getattr(slot.backend, "context_tokens", 0)
    return Candidate(
        name=section.name,
        models=models,
        model=section.model,
        enabled=not slot.off_reason,
        off_reason=slot.off_reason,
        context_tokens=context,
        tools=section.tools if section.tools is not None else not local,
        vision=section.vision if section.vision is not None else not local,
        json_schema=section.json_schema if section.json_schema is not None else True,
        surfaces=LOCAL_SURFACES if local else (),
        native=taken(slot.dialects) if section.kind in NETWORK_KINDS else (),
        convertible=CONVERTIBLE if local else converted(slot.dialects),
    )
