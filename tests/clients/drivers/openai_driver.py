"""openai for Python (1.x, 2.x and 3.x): chat, Responses and Azure."""

import functools

import openai
from jobs import TOOL, plain, serve

FUNCTION = {"name": TOOL["name"], "description": TOOL["description"], "parameters": TOOL["schema"]}


@functools.cache
def client_of(azure, base, key, retries):
    common = {"api_key": key, "max_retries": retries, "timeout": 60}
    if azure:
        return openai.AzureOpenAI(azure_endpoint=base, api_version="2024-10-21", **common)
    return openai.OpenAI(base_url=base + "/v1", **common)


def handle(job, result):
    client = client_of(job["api"] == "azure", job["base"], job["key"], job.get("retries", 0))
    if job["api"] == "responses":
        responses(client, job, result)
    else:
        chat(client, job, result)


def chat(client, job, result):
    more = {"tools": [{"type": "function", "function": FUNCTION}]} if job["tools"] else {}
    if job["stream"]:
        more |= {"stream": True, "stream_options": {"include_usage": True}}
    messages = [{"role": "user", "content": job["prompt"]}]
    raw = client.chat.completions.with_raw_response.create(
        model=job["model"], messages=messages, temperature=0, **job.get("fields", {}), **more
    )
    result.headers(raw.headers)
    answer = raw.parse()
    if not job["stream"]:
        choice = answer.choices[0]
        result.add(choice.message.content)
        result.reason((choice.message.model_extra or {}).get("reasoning_content"))
        for call in choice.message.tool_calls or ():
            result.call(call.function.name, call.function.arguments, call.id)
        result.finish = choice.finish_reason
        result.count(answer.usage)
        result.more = {"model": answer.model}
        return
    calls = {}
    for chunk in answer:
        if chunk.usage is not None:
            result.count(chunk.usage)
        for choice in chunk.choices:
            result.add(choice.delta.content)
            result.reason((choice.delta.model_extra or {}).get("reasoning_content"))
            for part in choice.delta.tool_calls or ():
                call = calls.setdefault(part.index, {"id": part.id, "name": part.function.name, "arguments": ""})
                call["arguments"] += part.function.arguments or ""
            result.finish = choice.finish_reason or result.finish
        result.more = {"model": chunk.model}
    for call in calls.values():
        result.call(call["name"], call["arguments"], call["id"])


def responses(client, job, result):
    more = {"tools": [{"type": "function", **FUNCTION, "strict": True}]} if job["tools"] else {}
    raw = client.responses.with_raw_response.create(
        model=job["model"], input=job["prompt"], temperature=0, store=False, stream=job["stream"], **more
    )
    result.headers(raw.headers)
    answer = raw.parse()
    if job["stream"]:
        whole = None
        numbers = []
        for event in answer:
            numbers.append(event.sequence_number)
            if event.type == "response.output_text.delta":
                result.add(event.delta)
            elif event.type in ("response.completed", "response.incomplete"):
                whole = event.response
            elif event.type in ("error", "response.failed"):
                result.error = {"class": event.type, "status": None, "message": str(plain(event))}
        if numbers != sorted(set(numbers)):
            result.more["sequence"] = f"not rising: {numbers}"
        if whole is None:
            return
        answer = whole
    else:
        result.add(answer.output_text)
    for item in answer.output:
        if item.type == "reasoning":
            result.reason("".join(part.text for part in item.summary))
        elif item.type == "function_call":
            result.call(item.name, item.arguments, item.call_id)
    result.finish = answer.status
    result.count(answer.usage)
    result.more["model"] = answer.model


serve(handle)
