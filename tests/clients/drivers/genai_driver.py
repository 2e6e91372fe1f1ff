"""google-genai: generateContent and streamGenerateContent. Other Google switches are left at their defaults."""

import functools

from google import genai
from google.genai import types
from jobs import TOOL, serve


@functools.cache
def client_of(base, key, retries):
    options = types.HttpRetryOptions(attempts=retries + 1, initial_delay=0.1) if retries else None
    return genai.Client(
        api_key=key, http_options=types.HttpOptions(base_url=base, timeout=60_000, retry_options=options)
    )


def handle(job, result):
    client = client_of(job["base"], job["key"], job.get("retries", 0))
    declared = types.FunctionDeclaration(
        name=TOOL["name"], description=TOOL["description"], parameters_json_schema=TOOL["schema"]
    )
    config = types.GenerateContentConfig(
        temperature=0,
        tools=[types.Tool(function_declarations=[declared])] if job["tools"] else None,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )
    if job["stream"]:
        for chunk in client.models.generate_content_stream(model=job["model"], contents=job["prompt"], config=config):
            take(chunk, result)
    else:
        take(client.models.generate_content(model=job["model"], contents=job["prompt"], config=config), result)


def take(answer, result):
    if answer.sdk_http_response is not None and answer.sdk_http_response.headers:
        result.headers(answer.sdk_http_response.headers)
    for candidate in answer.candidates or ():
        for part in (candidate.content.parts if candidate.content else None) or ():
            result.reason(part.text) if part.thought else result.add(part.text)
            if part.function_call is not None:
                result.call(part.function_call.name, part.function_call.args, part.function_call.id)
        if candidate.finish_reason is not None:
            result.finish = str(candidate.finish_reason.value)
    if answer.usage_metadata is not None:
        result.count(answer.usage_metadata)
    result.more = {"model": answer.model_version}


serve(handle)
