"""The tables, read once and kept."""

from functools import cache

import msgspec

from halfpenny.semantic_cache.training.generators import words_en, words_vi
from halfpenny.semantic_cache.training.generators.grammar import Family, read_families, read_lexicons
from halfpenny.semantic_cache.training.generators.quantities import english, vietnamese
from halfpenny.semantic_cache.training.generators.surface import Manner
from halfpenny.semantic_cache.training.generators.tasks_en_assistant import TASKS as EN_ASSISTANT
from halfpenny.semantic_cache.training.generators.tasks_en_daily import TASKS as EN_DAILY
from halfpenny.semantic_cache.training.generators.tasks_en_more import TASKS as EN_MORE
from halfpenny.semantic_cache.training.generators.tasks_en_support import TASKS as EN_SUPPORT
from halfpenny.semantic_cache.training.generators.tasks_en_tech import TASKS as EN_TECH
from halfpenny.semantic_cache.training.generators.tasks_en_world import TASKS as EN_WORLD
from halfpenny.semantic_cache.training.generators.tasks_vi_daily import TASKS as VI_DAILY
from halfpenny.semantic_cache.training.generators.tasks_vi_more import TASKS as VI_MORE
from halfpenny.semantic_cache.training.generators.tasks_vi_world import TASKS as VI_WORLD

_TABLES = {
    "en": (EN_DAILY, EN_WORLD, EN_TECH, EN_SUPPORT, EN_ASSISTANT, EN_MORE),
    "vi": (VI_DAILY, VI_WORLD, VI_MORE),
}


class Speech(msgspec.Struct, frozen=True):
    """What a language adds to any task: manner, and format requests (the first is none, the rest lists of aliases)."""

    manner: Manner
    formats: tuple[tuple[str, ...], ...]


@cache
def speech(language: str) -> Speech:
    if language == "vi":
        return Speech(manner=words_vi.MANNER, formats=words_vi.FORMATS)
    return Speech(manner=words_en.MANNER, formats=words_en.FORMATS)


@cache
def families(language: str) -> tuple[Family, ...]:
    """Every family of "en" or "vi". Raises KeyError for another language, ValueError for a fault in a table."""
    tables = _TABLES[language]
    if language == "vi":
        lexicons, macros = read_lexicons(words_vi.WORDS) | vietnamese(), words_vi.MACROS
    else:
        lexicons, macros = read_lexicons(words_en.WORDS) | english(), words_en.MACROS
    return tuple(f for table in tables for f in read_families(table, language, lexicons, macros))
