"""The prompts of entries as the pair verifier reads them, kept for a while: what is asked of often is not unpacked
again."""

from collections import OrderedDict

import msgspec

from halfpenny.semantic_cache.decision.prompts import Prompt

MAX_BYTES = 16 << 20
_WORD_BYTES = 350
_OBJECTS_BYTES = 1500


class Kept(msgspec.Struct, frozen=True, eq=False):
    """`group`: the answer group of the entry, its own id if it has no company."""

    partition: str
    prompt: Prompt
    group: str


class KeptPrompts:
    """At most `max_bytes`, about; the least recently used go first. One thread."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.bytes = 0
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, entry_id: str) -> Kept | None:
        kept = self._kept.get(entry_id)
        if kept is not None:
            self._kept.move_to_end(entry_id)
        return kept

    def put(self, entry_id: str, kept: Kept) -> None:
        self.drop(entry_id)
        self._kept[entry_id] = kept
        self.bytes += weight_bytes(kept)
        while self.bytes > self._max_bytes and self._kept:
            self.bytes -= weight_bytes(self._kept.popitem(last=False)[1])

    def regroup(self, entry_id: str, group: str) -> None:
        kept = self._kept.get(entry_id)
        if kept is not None:
            self._kept[entry_id] = msgspec.structs.replace(kept, group=group)

    def members(self, group: str) -> list[str]:
        return [entry_id for entry_id, kept in self._kept.items() if kept.group == group]

    def drop(self, entry_id: str) -> None:
        kept = self._kept.pop(entry_id, None)
        if kept is not None:
            self.bytes -= weight_bytes(kept)


def weight_bytes(kept: Kept) -> int:
    """What it occupies, about."""
    prompt = kept.prompt
    arrays = int(prompt.states.nbytes) + int(prompt.vector.nbytes) + int(prompt.said.nbytes)
    return arrays + 2 * len(prompt.text) + _WORD_BYTES * len(prompt.spoken) + 60 * len(prompt.ids) + _OBJECTS_BYTES
