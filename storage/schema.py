"""The tables. Times of `ledger` are Unix microseconds, those of all others Unix seconds, all UTC.

Money is `<what>_micros` (micro-dollars) plus `<what>_pico_rest` (0..999,999 pico-dollars), as in
`ledger.base`. `tags`, `usage_raw` and `why` are JSON text. `purges` remembers what was purged, so that an
entry still waiting in a spool (of this or another process, alive or dead) cannot come back. The newest row of `epochs`
for a tenant ("" is everybody) is its epoch. The newest row of `snapshots` for a `served_by` (`backend/model`) names the
model snapshot that it answers with now. `semantic_labels` and `semantic_state` hold what the semantic cache has learnt
of each namespace (`semantic_cache/stores/learnt.py`).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

# The newest file in migrations/versions; a test compares.
HEAD = "0003"
metadata = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, default="", server_default="")


def _integer(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, default=0, server_default="0")


entries = Table(
    "entries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    _text("tenant"),
    _text("partition"),
    _text("surface"),
    _text("model"),
    _text("served_by"),
    _text("mode"),
    _integer("status"),
    _text("content_type"),
    Column("body", LargeBinary, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("created_s", Double, nullable=False),
    Column("expires_s", Double, nullable=False),
    _text("text"),
    Column("vector", LargeBinary, nullable=False),
    _text("embedder"),
    _integer("input_tokens"),
    _integer("output_tokens"),
    _integer("cost_micros"),
    _integer("cost_pico_rest"),
    _text("tags"),
    _integer("size_bytes"),
    # past `expires_s` an entry is stale and may be kept for a while; 0: it goes when it expires
    Column("kept_until_s", Double, nullable=False, default=0.0, server_default="0"),
    _text("snapshot"),
    # token states of the prompt as the pair verifier keeps them; empty: not judged by it
    Column("prompt", LargeBinary, nullable=False, default=b"", server_default=""),
    # the entry that began the answer group of several prompts; empty: a group of its own
    _text("answer_group"),
    _text("namespace"),
    Index("entries_key", "key", unique=True),
    Index("entries_expires", "expires_s"),
    Index("entries_created", "created_s", "id"),
    Index("entries_tenant", "tenant"),
    Index("entries_partition", "partition"),
    Index("entries_group", "answer_group"),
    Index("entries_namespace", "namespace", "created_s"),
)

purges = Table(
    "purges",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at_s", Double, nullable=False),
    _text("what"),
    Index("purges_at", "at_s"),
)

epochs = Table(
    "epochs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _text("tenant"),
    Column("at_s", Double, nullable=False),
    Index("epochs_tenant", "tenant"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("served_by", Text, primary_key=True),
    Column("snapshot", Text, primary_key=True),
    Column("since_s", Double, nullable=False),
    Index("snapshots_since", "since_s"),
)

semantic_labels = Table(
    "semantic_labels",
    metadata,
    Column("id", Text, primary_key=True),
    _text("namespace"),
    _integer("created_us"),
    _text("kind"),
    Column("features", LargeBinary, nullable=False),
    # 0..1: the probability that the candidate's answer is right, how far to trust that, and what was predicted
    Column("correct", Double, nullable=False),
    Column("weight", Double, nullable=False),
    Column("predicted", Double, nullable=False),
    _text("answer_group"),
    Column("words", LargeBinary, nullable=False),
    _integer("requests"),
    _integer("hits"),
    _integer("reasks"),
    Column("spent", Double, nullable=False),
    Index("semantic_labels_namespace", "namespace", "id"),
)

semantic_state = Table(
    "semantic_state",
    metadata,
    Column("namespace", Text, primary_key=True),
    _integer("at_us"),
    _integer("requests"),
    _integer("hits"),
    # wrong hits over requests: estimate and 95 % upper bound
    Column("estimate", Double, nullable=False),
    Column("upper", Double, nullable=False),
    Column("state", LargeBinary, nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Text, primary_key=True),
    _text("request_id"),
    _text("kind"),
    Column("outcome", Text),
    _text("state"),
    _integer("at_us"),
    _integer("settled_at_us"),
    _text("tenant"),
    _text("surface"),
    _text("route"),
    _text("backend"),
    _text("model"),
    _text("requested_model"),
    Column("stream", Boolean, nullable=False),
    _integer("attempt"),
    _integer("status"),
    _text("error"),
    Column("client_gone", Boolean, nullable=False),
    _integer("input_tokens"),
    _integer("output_tokens"),
    _integer("cached_input_tokens"),
    _integer("cache_write_tokens"),
    _integer("reasoning_tokens"),
    _text("usage_raw"),
    _text("price_source"),
    _text("price_date"),
    _integer("cost_micros"),
    _integer("cost_pico_rest"),
    _integer("saved_micros"),
    _integer("saved_pico_rest"),
    Column("saved_by", Text),
    Column("similarity", Double),
    _text("entry_id"),
    _integer("ttft_us"),
    _integer("duration_us"),
    _text("tags"),
    _text("why"),
    _integer("input_tokens_estimate"),
    _integer("estimate_micros"),
    _integer("estimate_pico_rest"),
    Index("ledger_request", "request_id"),
    Index("ledger_at", "at_us"),
    Index("ledger_state", "state"),
)
