"""Gemini's event stream: recording it, and converting it from and to the JSON answer.

`data: {GenerateContentResponse}\\r\\n\\r\\n`, each with the next parts of its candidates; there is no terminator. A
stream is whole if its body ended cleanly and every candidate has a `finishReason` (or the prompt was blocked); nothing
short of the body's end says that an event is the last.

Parts: the first part of an event goes on with the last part before it if both are text of one kind (thought or not) and
that one was not closed by a `thoughtSignature`. Parts within one event are parts of their own.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from halfpenny.proxy.surfaces.base import Reported, has_error
from halfpenny.proxy.surfaces.gemini_usage import read_usage
from halfpenny.proxy.surfaces.pieces import objects_in, pieces_of
from halfpenny.proxy.surfaces.recording import EventRecorder
from halfpenny.proxy.surfaces.sse import EventSplitter, data_of

_UNSET = "FINISH_REASON_UNSPECIFIED"
_TEXT_FIELDS = frozenset({"text", "thought", "thoughtSignature"})
_FIRST_COUNTS = ("modelVersion", "responseId", "createTime", "modelStatus")
"""Fields of every event that name the same thing; a clock in one of them may differ."""
_LAST_COUNTS = ("finishReason", "finishMessage", "tokenCount", "safetyRatings")
"""Fields of a candidate whose last value is the whole one."""
_SLICE_BYTES = 8192
_decoder = msgspec.json.Decoder()


class CandidateRecorder(EventRecorder):
    """`Recorder` for `:streamGenerateContent`. `candidates` is how many were asked for."""

    def __init__(self, *, candidates: int = 1) -> None:
        super().__init__()
        self._expected = candidates
        self._blocked = False
        self._finishes: dict[int, str] = {}
        self._with_content: set[int] = set()
        self._usage: Any = None

    @property
    def admissible(self) -> bool:
        stopped = all(finish == "STOP" for finish in self._finishes.values())
        return self._good and not self._blocked and stopped and self._with_content == set(self._finishes) != set()

    def finish(self) -> bool:
        """There is no marker of the end: a clean one, and a reason for every candidate, is all that can be asked."""
        super().finish()
        ended = not self._lost and not self.error and all(index in self._finishes for index in self._seen())
        self.closed = self._lost or (ended and (self._blocked or bool(self._finishes)))
        self.complete = ended and (self._blocked or len(self._finishes) >= self._expected)
        return self.complete

    def reported(self) -> Reported:
        """What was reported last; in a stream that did not end, at least a token for every event with content."""
        reported = read_usage(self._usage)
        if self.complete or not reported.known:
            return reported
        return msgspec.structs.replace(reported, output_tokens=max(reported.output_tokens, self.content_chunks))

    def _seen(self) -> set[int]:
        return self._with_content | set(self._finishes)

    def _event(self, document: dict[str, Any]) -> None:
        self._see_chunk(document)

    def _see_chunk(self, chunk: dict[str, Any]) -> None:
        if chunk.get("usageMetadata") is not None:
            self._usage = chunk["usageMetadata"]
        feedback = chunk.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            self._blocked = True
        for candidate in objects_in(chunk.get("candidates")):
            index = _index_of(candidate)
            content = candidate.get("content")
            parts = objects_in(content.get("parts")) if isinstance(content, dict) else []
            if any(len(part) for part in parts):
                self.content_chunks += 1
            if any(has_content(part) for part in parts):
                self._with_content.add(index)
            if candidate.get("continuationToken") is not None:
                self._good = False
            finish = candidate.get("finishReason")
            if finish is not None and finish != _UNSET:
                self._finishes[index] = str(finish)


def has_content(part: dict[str, Any]) -> bool:
    """Whether this part says something to the user: a thought, a signature and an empty text do not."""
    if part.get("thought"):
        return False
    return bool(part.get("text")) or any(
        value is not None for name, value in part.items() if name not in _TEXT_FIELDS and name != "partMetadata"
    )


def stream_of(document: Any) -> bytes:
    """A whole JSON answer as events. Raises ValueError for one that events cannot carry."""
    candidates = document.get("candidates") if isinstance(document, dict) else None
    if not isinstance(candidates, list) or not candidates or len(objects_in(candidates)) != len(candidates):
        raise ValueError("no candidates")
    indexes = [_index_of(candidate) for candidate in candidates]
    if indexes != list(range(len(candidates))):
        raise ValueError("candidates out of order")
    head = {name: value for name, value in document.items() if name in _FIRST_COUNTS}
    once = {name: value for name, value in document.items() if name not in (*head, "candidates", "usageMetadata")}
    chunks: list[dict[str, Any]] = []
    for candidate in candidates:
        chunks += [{"candidates": [piece], **head} for piece in _pieces_of_candidate(candidate)]
    chunks[0] |= once
    if "usageMetadata" in document:
        chunks[-1]["usageMetadata"] = document["usageMetadata"]
    return b"".join(b"data: %b\r\n\r\n" % msgspec.json.encode(chunk) for chunk in chunks)


def document_of(stream: bytes) -> dict[str, Any]:
    """A whole event stream as the JSON answer. Raises ValueError for a stream that is cut or not fully understood."""
    document: dict[str, Any] = {}
    candidates: dict[int, _Candidate] = {}
    for raw in _events_of(stream):
        data = data_of(raw)
        if not data:
            continue
        chunk = _decoded(data)
        if not isinstance(chunk, dict) or has_error(chunk):
            raise ValueError("an event that is not an answer")
        for name, value in chunk.items():
            if name == "candidates":
                for candidate in _all_objects(value):
                    candidates.setdefault(_index_of(candidate), _Candidate()).add(candidate)
            else:
                _merge(document, name, value, first=_FIRST_COUNTS, last=("usageMetadata",))
    if not _blocked(document) and not candidates:
        raise ValueError("the stream holds no answer")
    if candidates:
        document = {"candidates": [candidates[index].whole() for index in sorted(candidates)], **document}
    return document


def _events_of(stream: bytes) -> Iterator[bytes]:
    """The raw events of a whole stream, cut slice by slice: the splitter looks for a blank line of the other kind of
    line end through all that it was given, which for CRLF means once through the whole answer for every event."""
    splitter = EventSplitter()
    for at in range(0, len(stream), _SLICE_BYTES):
        yield from splitter.feed(stream[at : at + _SLICE_BYTES])
    if splitter.rest.strip():
        yield splitter.rest


class _Candidate:
    """One candidate while its events come in."""

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}
        self._content: dict[str, Any] | None = None
        self._parts: list[dict[str, Any]] | None = None
        self._texts: list[str] = []
        """The last part's text in the pieces that came: joined once, for a long answer has thousands."""

    def add(self, candidate: dict[str, Any]) -> None:
        for name, value in candidate.items():
            if name == "content":
                self._add_content(value)
            elif name == "logprobsResult" and isinstance(value, dict):
                self._fields[name] = _joined_lists(self._fields.get(name) or {}, value)
            else:
                _merge(self._fields, name, value, last=_LAST_COUNTS)

    def whole(self) -> dict[str, Any]:
        if self._fields.get("finishReason") in (None, _UNSET):
            raise ValueError("a candidate that has not ended")
        if self._content is None:
            return self._fields
        self._join()
        parts = self._parts
        if len([part for part in parts or () if _is_sound(part)]) > 1:
            raise ValueError("sound in several pieces")
        return {"content": self._content if parts is None else {"parts": parts, **self._content}, **self._fields}

    def _add_content(self, content: Any) -> None:
        if content is None:
            return
        if not isinstance(content, dict):
            raise ValueError("a content that is not an object")
        self._content = self._content if self._content is not None else {}
        for name, value in content.items():
            if name != "parts":
                _merge(self._content, name, value)
        if "parts" in content:
            self._parts = self._parts if self._parts is not None else []
            for at, part in enumerate(_all_objects(content["parts"])):
                self._add_part(part, goes_on=at == 0)

    def _add_part(self, part: dict[str, Any], *, goes_on: bool) -> None:
        parts = self._parts
        assert parts is not None
        call = part.get("functionCall")
        if isinstance(call, dict) and ("partialArgs" in call or "willContinue" in call):
            raise ValueError("a function call in pieces")
        if goes_on and parts and _goes_on(parts[-1], part):
            parts[-1] |= part
        else:
            self._join()
            parts.append(dict(part))
        if _is_text(part):
            self._texts.append(part["text"])

    def _join(self) -> None:
        if self._parts and self._texts:
            self._parts[-1]["text"] = "".join(self._texts)
        self._texts = []


def _goes_on(before: dict[str, Any], part: dict[str, Any]) -> bool:
    """Whether the first part of an event continues the last part of the events before it."""
    return (
        _is_text(before)
        and _is_text(part)
        and "thoughtSignature" not in before
        and bool(before.get("thought")) == bool(part.get("thought"))
    )


def _is_text(part: dict[str, Any]) -> bool:
    return isinstance(part.get("text"), str) and part.keys() <= _TEXT_FIELDS


def _is_sound(part: dict[str, Any]) -> bool:
    data = part.get("inlineData")
    return isinstance(data, dict) and str(data.get("mimeType")).startswith("audio/")


def _pieces_of_candidate(candidate: dict[str, Any]) -> list[dict[str, Any]]:
    """The candidate in as many pieces as it takes; the last has `finishReason` and all that is said once."""
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(parts, list) or not parts:
        return [candidate]
    groups: list[list[dict[str, Any]]] = []
    for part in _all_objects(parts):
        first, *rest = _pieces_of_part(part)
        if groups and _goes_on(groups[-1][-1], first):
            groups[-1].append(first)  # in one event, else it would read as the same part going on
        else:
            groups.append([first])
        groups += [[piece] for piece in rest]
    shown = {name: candidate[name] for name in ("index",) if name in candidate}
    role = {name: value for name, value in content.items() if name != "parts"}
    pieces = [{"content": {"parts": group, **role}, **shown} for group in groups]
    pieces[-1] |= {name: value for name, value in candidate.items() if name != "content"}
    return pieces


def _pieces_of_part(part: dict[str, Any]) -> list[dict[str, Any]]:
    """A text in pieces, its signature at the last one; any other part whole."""
    texts = pieces_of(part["text"]) if _is_text(part) else []
    if len(texts) < 2:
        return [part]
    kind = {name: value for name, value in part.items() if name == "thought"}
    pieces = [{"text": text, **kind} for text in texts]
    pieces[-1] = {**part, "text": texts[-1]}
    return pieces


def _merge(
    into: dict[str, Any], name: str, value: Any, *, first: tuple[str, ...] = (), last: tuple[str, ...] = ()
) -> None:
    """One field of one more event. Raises ValueError for two values of which neither is known to be the whole one."""
    before = into.get(name)
    if before is None or name in last:
        into[name] = value if value is not None else before
    elif value is not None and value != before and name not in first:
        raise ValueError(f"two values of {name}")


def _joined_lists(before: dict[str, Any], later: dict[str, Any]) -> dict[str, Any]:
    joined = dict(before)
    for name, value in later.items():
        if isinstance(value, list) and isinstance(joined.get(name), list):
            joined[name] = [*joined[name], *value]
        else:
            _merge(joined, name, value)
    return joined


def _all_objects(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or len(objects_in(value)) != len(value):
        raise ValueError("a list that holds something else than objects")
    return value


def _blocked(document: dict[str, Any]) -> bool:
    feedback = document.get("promptFeedback")
    return isinstance(feedback, dict) and bool(feedback.get("blockReason"))


def _index_of(candidate: dict[str, Any]) -> int:
    """Zero is left out on the wire."""
    index = candidate.get("index")
    return index if isinstance(index, int) else 0


def _decoded(data: bytes) -> Any:
    """The JSON value; None for what is none."""
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
