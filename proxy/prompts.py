"""A request as the router sees it, built from what the surfaces and the headers said."""

import msgspec

from halfpenny.proxy.exchange import Exchange
from halfpenny.proxy.surfaces.base import Ask
from halfpenny.router.base import Prompt
from halfpenny.semantic_cache.base import Vector

BYTES_PER_TOKEN = 4
"""The usual rule of thumb for an estimate where a provider reported nothing; rows that rest on it are `estimated`."""


def estimate_tokens(size_bytes: int) -> int:
    return -(-size_bytes // BYTES_PER_TOKEN)


def build_prompt(exchange: Exchange, vector: Vector | None = None) -> Prompt:
    """A passed-through request has no ask: the router then knows path, headers and tags alone."""
    ask = exchange.ask
    bare = Prompt(
        surface=exchange.surface_name,
        path=exchange.path,
        model=exchange.wishes.model or "",
        tenant=exchange.head.tenant,
        tags=exchange.wishes.tags,
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in exchange.raw_headers},
    )
    return bare if ask is None else with_ask(bare, ask, vector)


def with_ask(bare: Prompt, ask: Ask, vector: Vector | None = None) -> Prompt:
    """The prompt with what a surface read from the body."""
    return msgspec.structs.replace(
        bare,
        model=ask.model,
        messages=ask.messages,
        last_user=next((text for role, text in reversed(ask.messages) if role == "user"), ""),
        input_tokens=estimate_tokens(ask.input_bytes),
        max_output_tokens=ask.max_output_tokens,
        has_tools=ask.has_tools,
        has_images=ask.has_images,
        wants_schema=ask.wants_schema,
        stream=ask.stream,
        vector=vector,
    )
