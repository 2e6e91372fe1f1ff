"""Does a purge mean this entry? One rule for memory, for the database and for what still waits in a spool."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, true

from halfpenny.semantic_cache.base import Entry, PurgeFilter
from halfpenny.storage.schema import entries


def is_empty(what: PurgeFilter) -> bool:
    """A filter that names nothing removes nothing, unless it says `all`."""
    return not what.all and all(value is None for value in _fields(what).values())


def matches(entry: Entry, what: PurgeFilter, at_s: float) -> bool:
    """Was the entry there at `at_s` (Unix seconds) and does the filter mean it?"""
    if is_empty(what) or entry.created_s > at_s:
        return False
    older = what.older_than_s
    return (
        (what.key is None or what.key == entry.key)
        and (what.entry_id is None or what.entry_id == entry.id)
        and (what.tenant is None or what.tenant == entry.tenant)
        and (what.model is None or what.model == entry.model)
        and (what.tag is None or has_tag(entry.tags, what.tag))
        and (older is None or entry.created_s < at_s - older)
    )


def condition(what: PurgeFilter, at_s: float) -> ColumnElement[bool]:
    """The same in SQL, but for `tag`, which the caller must check with `has_tag`."""
    older = what.older_than_s
    terms: list[ColumnElement[bool]] = [entries.c.created_s <= at_s]
    for column, wanted in (
        (entries.c.key, what.key),
        (entries.c.id, what.entry_id),
        (entries.c.tenant, what.tenant),
        (entries.c.model, what.model),
    ):
        if wanted is not None:
            terms.append(column == wanted)
    if older is not None:
        terms.append(entries.c.created_s < at_s - older)
    if what.tag is not None:
        terms.append(entries.c.tags != "")
    return and_(true(), *terms)


def has_tag(tags: dict[str, str], wanted: str) -> bool:
    """`wanted` is a tag's name, or `name=value`."""
    name, equals, value = wanted.partition("=")
    return name in tags and (not equals or tags[name] == value)


def _fields(what: PurgeFilter) -> dict[str, Any]:
    fields = msgspec.structs.asdict(what)
    del fields["all"]
    return fields
