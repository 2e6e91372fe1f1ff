"""What the field walks of all dialects share: is each field of a request in the cache key?

A table (`Walk.fields`) says of every field what it is. It is reviewed by hand; a field that a new SDK brings fails the
walk until somebody has decided:

- key: it can change the answer. Any change of its value must change the key.
- stateful: the answer may not be stored at all when it says so (and it is in the key as well).
- noise: delivery, accounting, or the provider's own prompt cache. No value of it may change the key.
- representation: the same answer in another form. Not in the key; `Ask.form` has it.
- header: an argument of the SDK that leaves as a header. No part of the body.

The checks raise AssertionError in words of their own. A walk that cannot fail proves nothing, so `check_a_loss` and
`check_a_gain` break the product's noise list on purpose and demand that the walk names exactly the field concerned.
"""

import dataclasses
import importlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Literal, cast

import msgspec
import pytest

from halfpenny.proxy.surfaces import load_surfaces
from halfpenny.proxy.surfaces.base import Ask, Itemised, Surface
from halfpenny.semantic_cache.key import exact_key, partition_key

Kind = Literal["key", "stateful", "noise", "representation", "header"]
SURFACES = load_surfaces()


@dataclasses.dataclass(frozen=True)
class Field:
    """`values` are other values than that of the body walked (most fields are absent from it)."""

    kind: Kind
    values: tuple[Any, ...]

    @property
    def in_key(self) -> bool:
        return self.kind in ("key", "stateful")


@dataclasses.dataclass(frozen=True)
class Walk:
    """A body and the fields around it. A name with dots is a path: `generationConfig.topK`, `requests.0.title`."""

    path: str
    """The request target."""
    body: dict[str, Any]
    fields: dict[str, Field]
    module: str = ""
    """The module of `halfpenny.proxy.surfaces` whose NOISE the surface goes by; empty if it has none."""
    params: tuple[Any, ...] = ()
    """The SDK's types, for the tests that read field names from them."""
    others: tuple[str, ...] = ()
    """Noise that is not in the table: of compatible servers, or of the same list's other endpoints."""
    old: tuple[str, ...] = ()
    """Fields of the table that the SDK of today no longer has."""
    text: str = ""
    """The field that similarity is judged on: a change of it keeps the partition."""


def key(*values: Any) -> Field:
    return Field("key", values)


def noise(*values: Any) -> Field:
    return Field("noise", values)


def stateful(*values: Any) -> Field:
    return Field("stateful", values)


def representation(*values: Any) -> Field:
    return Field("representation", values)


def header(*values: Any) -> Field:
    return Field("header", values)


def losses(walks: Mapping[str, Walk]) -> list[tuple[str, str]]:
    """(walk, field) of all that must be in a key: the cases of `check_a_loss`."""
    return [(name, field) for name in sorted(walks) for field, entry in walks[name].fields.items() if entry.in_key]


def gains(walks: Mapping[str, Walk]) -> list[tuple[str, str]]:
    """(walk, field) of all noise: the cases of `check_a_gain`."""
    return [
        (name, field) for name in sorted(walks) for field, entry in walks[name].fields.items() if entry.kind == "noise"
    ]


def surface_of(walk: Walk) -> Surface:
    found = SURFACES.find(walk.path)
    assert found is not None, f"{walk.path} is no surface"
    return found


def asked(walk: Walk, body: dict[str, Any]) -> Ask:
    return surface_of(walk).read(json.dumps(body).encode(), walk.path)


def _base(walk: Walk, ask: Ask) -> tuple[bytes, ...]:
    return (b"tenant", b"POST", (ask.scope or walk.path).encode())


def key_of(walk: Walk, ask: Ask) -> str:
    """As the pipeline computes it; of a surface that answers each input by itself, the keys of all inputs."""
    base = _base(walk, ask)
    if not ask.items:
        return exact_key(base, ask.keyed or ask.document, ask.noise)
    itemised = cast("Itemised", surface_of(walk))
    return " ".join(exact_key(base, itemised.item_document(ask, item), ask.noise) for item in ask.items)


def put(holder: Any, path: str, value: Any) -> Any:
    """A copy of the JSON value with `value` at the path. Missing objects on the way are made."""
    name, _, rest = path.partition(".")
    if isinstance(holder, list):
        at = int(name)
        return [*holder[:at], put(holder[at], rest, value) if rest else value, *holder[at + 1 :]]
    return {**holder, name: put(holder.get(name, {}), rest, value) if rest else value}


def cut(holder: Any, path: str) -> Any:
    """A copy of the JSON value without what is at the path."""
    name, _, rest = path.partition(".")
    if isinstance(holder, list):
        at = int(name)
        return [*holder[:at], *([cut(holder[at], rest)] if rest else []), *holder[at + 1 :]]
    if not isinstance(holder, dict) or name not in holder:
        return holder
    return {**holder, name: cut(holder[name], rest)} if rest else {k: v for k, v in holder.items() if k != name}


def problems(walk: Walk) -> list[tuple[str, str]]:
    """(field, what is wrong with it) for every field that is not what the table says."""
    plain = asked(walk, walk.body)
    found = []
    for name, entry in walk.fields.items():
        if entry.kind == "header":
            continue
        asks = [asked(walk, put(walk.body, name, value)) for value in entry.values]
        keys = [key_of(walk, ask) for ask in (plain, *asks)]
        if len(set(keys)) != (len(keys) if entry.in_key else 1):
            found.append((name, "not in the key" if entry.in_key else "in the key"))
        if entry.kind == "stateful" and not all(ask.stateful for ask in asks):
            found.append((name, "may be stored"))
        if entry.kind == "representation" and len({plain.form, *(ask.form for ask in asks)}) != len(keys):
            found.append((name, "not in the form"))
    return found


def check_reviewed(name: str, reviewed: Iterable[str], known: Iterable[str], old: Iterable[str] = ()) -> None:
    """Every field that the SDK knows is in the table, and no other."""
    unknown = sorted(set(known) - set(reviewed))
    assert not unknown, f"{name}: nobody has reviewed {', '.join(unknown)}: is each a part of the cache key?"
    gone = sorted(set(reviewed) - set(known) - set(old))
    assert not gone, f"{name}: the SDK no longer has {', '.join(gone)}"


def check_walk(walk: Walk) -> None:
    """The body may be stored (else the walk would walk what is never looked up), every field has values to walk, and
    is what the table says."""
    assert asked(walk, walk.body).stateful == ""
    assert [name for name, entry in walk.fields.items() if not entry.values] == []
    found = problems(walk)
    assert not found, f"{walk.path}: {found}"


def check_noise(walk: Walk) -> None:
    """The surface's noise is that of the table and no more."""
    reviewed = {name for name, entry in walk.fields.items() if entry.kind in ("noise", "representation")}
    given = asked(walk, walk.body).noise
    assert given == reviewed | set(walk.others), f"{walk.path}: {sorted(given ^ (reviewed | set(walk.others)))}"


def check_a_loss(walk: Walk, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that is gone from the key: the walk reports it, and nothing else."""
    if walk.module and "." not in field:
        _change_noise(walk, monkeypatch, more={field})
    else:
        _lose(walk, field, monkeypatch)
    found = problems(walk)
    assert found == [(field, "not in the key")], f"{walk.path}: the walk found {found}"


def check_a_gain(walk: Walk, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise that got into the key: the walk reports it, and nothing else."""
    _change_noise(walk, monkeypatch, less={field})
    found = problems(walk)
    assert found == [(field, "in the key")], f"{walk.path}: the walk found {found}"


def _change_noise(
    walk: Walk, monkeypatch: pytest.MonkeyPatch, *, more: Iterable[str] = (), less: Iterable[str] = ()
) -> None:
    module = importlib.import_module(f"halfpenny.proxy.surfaces.{walk.module}")
    monkeypatch.setattr(module, "NOISE", (module.NOISE | set(more)) - set(less))


def _lose(walk: Walk, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the surface took this field for noise that sits deeper than its top level."""
    surface = surface_of(walk)
    read = surface.read

    def forgetful(body: bytes, target: str) -> Ask:
        ask = read(body, target)
        return msgspec.structs.replace(ask, keyed=put(ask.keyed or ask.document, field, None))

    monkeypatch.setattr(surface, "read", forgetful)


def check_partition(walk: Walk) -> None:
    """A semantic hit is possible only where every key field but the text is equal."""
    plain = asked(walk, walk.body)
    assert plain.frame is not None, f"{walk.path}: no text to judge by"

    def home(ask: Ask) -> str:
        assert ask.frame is not None
        return partition_key(_base(walk, ask), ask.frame, ask.noise, "")

    compared = 0
    for name, entry in walk.fields.items():
        if name == walk.text or entry.kind == "header":
            continue
        for value in entry.values:
            ask = asked(walk, put(walk.body, name, value))
            if ask.exact_only or ask.stateful:
                continue
            compared += 1
            assert (home(ask) == home(plain)) == (entry.kind == "noise"), (name, value)
    assert compared > len(walk.fields) / 4, f"{walk.path}: only {compared} values were compared"
