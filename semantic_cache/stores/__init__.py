"""The stores that a configuration may name; a new one is a file here and a line in `STORES`.

They are loaded by name so that a heavy library loads only when it is used.
"""

STORES = {
    "memory": "halfpenny.semantic_cache.stores.memory:MemoryStore",
    "sql": "halfpenny.semantic_cache.stores.sql:SqlStore",
}
