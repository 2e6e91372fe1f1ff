"""Which snapshot of a model answers now, by the model's own name for itself in its answers.

A provider replaces what stands behind a name (`gpt-4o` answers as `gpt-4o-2024-08-06`, one day as
`gpt-4o-2024-11-20`). From the first answer of a snapshot never seen before, entries of the earlier ones count as
outdated: they are no neighbours any more, and no exact hits where the configuration says so. While a provider moves its
machines, old and new names take turns: a name seen before takes over again only after `RETURN_AFTER` answers in a row.

Snapshots are kept by `served_by` (`backend/model`) and not by the model asked for, which a route may give to several.
"""

import logging

import msgspec

from halfpenny.semantic_cache.base import Entry

log = logging.getLogger(__name__)

RETURN_AFTER = 20
"""Answers in a row under a name seen before until that name counts as the present one again."""
MAX_NAMES = 32
"""Names of one model; with more than these the name says nothing of a snapshot, and is not followed."""
MAX_MODELS = 4096
"""Models followed. Their names may come from callers."""
NAME_CHARS = 200
_HEAD_BYTES = 1 << 16


class Change(msgspec.Struct, frozen=True):
    """From `since_s` (Unix seconds) on, `served_by` answers as `snapshot`."""

    served_by: str
    snapshot: str
    since_s: float


class _Model:
    __slots__ = ("erratic", "present", "run", "since")

    def __init__(self) -> None:
        self.present = ""
        self.since: dict[str, float] = {}
        self.run = 0
        self.erratic = False


class Snapshots:
    """What is known of each model. One thread. `changes` is what the database has not been told yet."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._models: dict[str, _Model] = {}

    def __repr__(self) -> str:
        return f"<Snapshots of {len(self._models)} models>"

    def read(self, served_by: str, body: bytes, mode: str, now_s: float) -> str:
        """The snapshot that a whole answer names, "" if none; it is noted. Never raises."""
        try:
            name = snapshot_in(body, mode)
            self.note(served_by, name, now_s)
        except Exception:
            log.exception("the snapshot of an answer cannot be read")
            return ""
        return name

    def note(self, served_by: str, snapshot: str, now_s: float) -> bool:
        """An answer came under this name; True if that makes entries of another snapshot outdated."""
        if not snapshot:
            return False
        model = self._models.get(served_by)
        if model is None:
            if snapshot == served_by.partition("/")[2] or len(self._models) >= MAX_MODELS:
                # the name that was asked for says nothing (yet)
                return False
            self._turn(Change(served_by, snapshot, now_s))
            return True
        if snapshot == model.present:
            model.run = 0
            return False
        if snapshot in model.since:
            model.run += 1
            if model.run < RETURN_AFTER:
                return False
        elif model.erratic or len(model.since) >= MAX_NAMES:
            if not model.erratic:
                log.warning("%s answers under more than %d names: they are not followed", served_by, MAX_NAMES)
            model.erratic = True
            return False
        log.info("%s answers as %s now, and no longer as %s", served_by, snapshot, model.present)
        self._turn(Change(served_by, snapshot, now_s))
        return True

    def learn(self, change: Change) -> None:
        """What the database knows, from an earlier start or from another process."""
        model = self._models.get(change.served_by)
        if model is None:
            if len(self._models) >= MAX_MODELS:
                return
            model = self._models[change.served_by] = _Model()
        model.since[change.snapshot] = max(change.since_s, model.since.get(change.snapshot, 0.0))
        present = max(model.since, key=lambda name: model.since[name])
        if present != model.present:
            model.present, model.run = present, 0

    def present(self, served_by: str) -> str:
        """The snapshot that `served_by` answers with now, "" if that is not known."""
        model = self._models.get(served_by)
        return "" if model is None or model.erratic else model.present

    def outdated(self, entry: Entry) -> bool:
        """Whether another snapshot answers now than the one that this entry came from."""
        model = self._models.get(entry.served_by)
        if model is None or model.erratic or not entry.snapshot:
            return False
        return entry.snapshot != model.present

    def _turn(self, change: Change) -> None:
        # never earlier than what is known, or a clock that went back would hide the change
        model = self._models.get(change.served_by)
        latest = max(model.since.values(), default=0.0) if model is not None else 0.0
        if change.since_s <= latest:
            change = msgspec.structs.replace(change, since_s=latest + 0.001)
        self.learn(change)
        self.changes.append(change)


class _Named(msgspec.Struct):
    """Where the dialects put it: OpenAI `model`, Gemini `modelVersion`, Anthropic's first event `message.model`, that
    of OpenAI's Responses `response.model`."""

    model: str = ""
    version: str = msgspec.field(name="modelVersion", default="")
    message: "_Inner | None" = None
    response: "_Inner | None" = None


class _Inner(msgspec.Struct):
    model: str = ""


_decode = msgspec.json.Decoder(_Named).decode


def snapshot_in(body: bytes, mode: str) -> str:
    """The model's name for itself in an answer (`Entry.body`, `Entry.mode`); "" if there is none, or an odd one."""
    if mode != "sse":
        return _name_in(body)
    for line in body[:_HEAD_BYTES].splitlines():
        if line.startswith(b"data:") and (name := _name_in(line[5:])):
            return name
    return ""


def _name_in(document: bytes) -> str:
    try:
        found = _decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    inner = found.message or found.response
    name = found.model or found.version or (inner.model if inner is not None else "")
    return name if len(name) <= NAME_CHARS else ""
