"""OpenAI's `POST /v1/responses`: whole, or as named events with sequence numbers (specification of 2026-08).

The stream ends after `response.completed`, `.incomplete` or `.failed`; there is no [DONE].
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.upstream_dialects.base import (
    CREATED,
    Choice,
    Piece,
    Received,
    Reply,
    Script,
    Wanted,
    alternatives,
    choices_of,
    count_tokens,
    logprob_of,
    sse,
    texts,
)
from tests.upstream_dialects.openai import OpenAI, function_tools


class Responses(OpenAI):
    """One output message, or function calls; a reasoning item before them where the script asks for one."""

    def prompt(self, received: Received) -> str:
        body = received.body
        given = body["input"]
        found = list(texts([body.get("instructions") or ""]))
        if isinstance(given, str):
            found.append(given)
        else:
            for item in given:
                found += texts([item.get("content"), item.get("output")])
        return "\n".join(text for text in found if text)

    def reply(self, received: Received, prompt: str, script: Script) -> Reply:
        body = received.body
        (choice,) = choices_of(self._wanted(body, prompt), script)
        prompt_tokens = count_tokens(prompt)
        items = list(self._items(choice, received))
        status = "incomplete" if choice.finish in ("length", "filter") else "completed"
        reason = {"length": "max_output_tokens", "filter": "content_filter"}.get(choice.finish)
        started = {**self._head(body, received), "status": "in_progress", "output": [], "usage": None}
        usage = {
            "input_tokens": prompt_tokens,
            "input_tokens_details": {"cached_tokens": min(script.cached, prompt_tokens), "cache_write_tokens": 0},
            "output_tokens": choice.tokens,
            "output_tokens_details": {"reasoning_tokens": len(choice.reasoning)},
            "total_tokens": prompt_tokens + choice.tokens,
        }
        document = {
            **started,
            "status": status,
            "incomplete_details": {"reason": reason} if reason else None,
            "output": items,
            "usage": usage,
        }
        pieces = list(_events(started, document, choice)) if body.get("stream") else None
        # It may come after any event; clients do not check its number.
        error = {"type": "error", "code": "server_error", "message": "the model stopped", "param": None}
        failure = {"code": "server_error", "message": "the model stopped"}
        failed = {**started, "status": "failed", "error": failure}
        return Reply(
            document,
            prompt_tokens,
            choice.tokens,
            pieces,
            sse({**error, "sequence_number": 9999}, "error"),
            sse({"type": "response.failed", "sequence_number": 9999, "response": failed}, "response.failed"),
        )

    def _wanted(self, body: Mapping[str, Any], prompt: str) -> Wanted:
        tools = function_tools(body)
        given = body["input"]
        answered = isinstance(given, list) and bool(given) and given[-1].get("type") == "function_call_output"
        form = (body.get("text") or {}).get("format") or {}
        schema = None
        if form.get("type") == "json_schema":
            schema = form.get("schema") or {}
        elif form.get("type") == "json_object":
            schema = {}
        logprobs = "message.output_text.logprobs" in (body.get("include") or ())
        return Wanted(
            prompt=prompt,
            limit=body.get("max_output_tokens"),
            tools=tools,
            calls_tool=bool(tools) and body.get("tool_choice") != "none" and not answered,
            schema=schema,
            logprobs=int(body.get("top_logprobs") or 0) if logprobs else None,
        )

    def _head(self, body: Mapping[str, Any], received: Received) -> dict[str, Any]:
        return {
            "id": f"resp_{received.number}",
            "object": "response",
            "created_at": CREATED,
            "error": None,
            "incomplete_details": None,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "model": self.model(received),
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "previous_response_id": body.get("previous_response_id"),
            "reasoning": body.get("reasoning") or {"effort": None, "summary": None},
            "store": body.get("store", True),
            "temperature": body.get("temperature", 1.0),
            "text": body.get("text") or {"format": {"type": "text"}},
            "tool_choice": body.get("tool_choice") or "auto",
            "tools": body.get("tools") or [],
            "top_p": body.get("top_p", 1.0),
            "truncation": body.get("truncation") or "disabled",
            "user": body.get("user"),
            "metadata": body.get("metadata") or {},
        }

    def _items(self, choice: Choice, received: Received) -> Iterator[dict[str, Any]]:
        number = received.number
        if choice.reasoning:
            summary = [{"type": "summary_text", "text": "".join(choice.reasoning)}]
            yield {"id": f"rs_{number}", "type": "reasoning", "summary": summary}
        for at, call in enumerate(choice.calls):
            yield {
                "id": f"fc_{number}_{at}",
                "type": "function_call",
                "status": "completed",
                "call_id": call.id,
                "name": call.name,
                "arguments": call.arguments,
            }
        if not choice.calls:
            wanted = self._wanted(received.body, self.prompt(received))
            part: dict[str, Any] = {"type": "output_text", "text": choice.text, "annotations": [], "logprobs": []}
            if choice.refused:
                part = {"type": "refusal", "refusal": choice.text}
            elif wanted.logprobs is not None:
                part["logprobs"] = [_token(piece, wanted.logprobs) for piece in choice.pieces]
            status = "incomplete" if choice.finish in ("length", "filter") else "completed"
            yield {
                "id": f"msg_{number}",
                "type": "message",
                "status": status,
                "role": "assistant",
                "content": [part],
            }


def _token(piece: str, count: int) -> dict[str, Any]:
    def entry(token: str, logprob: float) -> dict[str, Any]:
        return {"token": token, "bytes": list(token.encode()), "logprob": logprob}

    others = [entry(*pair) for pair in alternatives(piece, count)]
    return {**entry(piece, logprob_of(piece)), "top_logprobs": others}


def _events(started: dict[str, Any], document: dict[str, Any], choice: Choice) -> Iterator[Piece]:
    for number, (event, tokens) in enumerate(_numbered(started, document, choice)):
        numbered = {"type": event["type"], "sequence_number": number, **event}
        yield Piece(sse(numbered, event["type"]), tokens)


def _numbered(
    started: dict[str, Any], document: dict[str, Any], choice: Choice
) -> Iterator[tuple[dict[str, Any], int]]:
    yield {"type": "response.created", "response": started}, 0
    yield {"type": "response.in_progress", "response": started}, 0
    calls = iter(choice.calls)
    for at, item in enumerate(document["output"]):
        yield from _item_events(at, item, choice, calls)
    yield {"type": f"response.{document['status']}", "response": document}, 0


def _item_events(
    at: int, item: dict[str, Any], choice: Choice, calls: Iterator[Any]
) -> Iterator[tuple[dict[str, Any], int]]:
    where = {"item_id": item["id"], "output_index": at}
    match item["type"]:
        case "reasoning":
            yield {"type": "response.output_item.added", "output_index": at, "item": {**item, "summary": []}}, 0
            part = {**where, "summary_index": 0}
            empty = {"type": "summary_text", "text": ""}
            yield {"type": "response.reasoning_summary_part.added", **part, "part": empty}, 0
            for piece in choice.reasoning:
                yield {"type": "response.reasoning_summary_text.delta", **part, "delta": piece}, 1
            text = item["summary"][0]["text"]
            yield {"type": "response.reasoning_summary_text.done", **part, "text": text}, 0
            yield {"type": "response.reasoning_summary_part.done", **part, "part": item["summary"][0]}, 0
        case "function_call":
            empty_call = {**item, "status": "in_progress", "arguments": ""}
            yield {"type": "response.output_item.added", "output_index": at, "item": empty_call}, 0
            for piece in next(calls).pieces:
                yield {"type": "response.function_call_arguments.delta", **where, "delta": piece}, 1
            yield {"type": "response.function_call_arguments.done", **where, "arguments": item["arguments"]}, 0
        case _:
            yield (
                {
                    "type": "response.output_item.added",
                    "output_index": at,
                    "item": {**item, "status": "in_progress", "content": []},
                },
                0,
            )
            (part,) = item["content"]
            kind = "refusal" if choice.refused else "output_text"
            field = "refusal" if choice.refused else "text"
            inside = {**where, "content_index": 0}
            more: dict[str, Any] = {} if choice.refused else {"logprobs": []}
            yield {"type": "response.content_part.added", **inside, "part": {**part, field: "", **more}}, 0
            for number, piece in enumerate(choice.pieces):
                if part.get("logprobs"):
                    more = {"logprobs": [part["logprobs"][number]]}
                yield {"type": f"response.{kind}.delta", **inside, "delta": piece, **more}, 1
            whole = {} if choice.refused else {"logprobs": part["logprobs"]}
            yield {"type": f"response.{kind}.done", **inside, field: part[field], **whole}, 0
            yield {"type": "response.content_part.done", **inside, "part": part}, 0
    yield {"type": "response.output_item.done", "output_index": at, "item": item}, 0
