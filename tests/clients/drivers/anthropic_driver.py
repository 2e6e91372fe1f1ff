"""anthropic for Python: 0.x (version 2023-06-01, x-api-key) and 2.x (2026-10-21, Bearer)."""

import functools
import inspect

import anthropic
from anthropic.lib.streaming._messages import accumulate_event
from jobs import TOOL, serve


@functools.cache
def client_of(base, key, retries):
    return anthropic.Anthropic(base_url=base, api_key=key, max_retries=retries, timeout=60)


def handle(job, result):
    client = client_of(job["base"], job["key"], job.get("retries", 0))
    tool = {"name": TOOL["name"], "description": TOOL["description"], "input_schema": TOOL["schema"]}
    more = {"tools": [tool]} if job["tools"] else {}
    raw = client.messages.with_raw_response.create(
        model=job["model"],
        max_tokens=job.get("limit", 512),
        messages=[{"role": "user", "content": job["prompt"]}],
        stream=job["stream"],
        # the newer library has no field for it, the API has
        extra_body={"temperature": 0},
        **more,
    )
    result.headers(raw.headers)
    answer = raw.parse()
    if job["stream"]:
        answer = accumulate(answer, result)
        if answer is None:
            return
    else:
        for block in answer.content:
            if block.type == "text":
                result.add(block.text)
    for block in answer.content:
        if block.type == "thinking":
            result.reason(f"{block.thinking} {block.signature}")
        elif block.type == "tool_use":
            result.call(block.name, block.input, block.id)
    result.finish = answer.stop_reason
    result.count(answer.usage)
    result.more = {"model": answer.model}


def accumulate(stream, result):
    """The message that the library's own accumulator makes of the events; None if it never ended."""
    message, ended = None, False
    # the newer library keeps the unfinished JSON of tool calls outside the message
    more = {"json_bufs": {}} if "json_bufs" in inspect.signature(accumulate_event).parameters else {}
    for event in stream:
        message = accumulate_event(event=event, current_snapshot=message, **more)
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            result.add(event.delta.text)
        ended = ended or event.type == "message_stop"
    return message if ended else None


serve(handle)
