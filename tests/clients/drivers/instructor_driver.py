"""instructor over openai: a typed answer by a forced tool, and plain completions. It shows no headers."""

import functools

import instructor
import openai
from jobs import TOOL, serve
from pydantic import BaseModel


class Weather(BaseModel):
    """The weather of the coming days."""

    city: str
    days: int


@functools.cache
def client_of(base, key, retries):
    plain = openai.OpenAI(base_url=base + "/v1", api_key=key, max_retries=retries, timeout=60)
    return instructor.from_openai(plain, mode=instructor.Mode.TOOLS)


def handle(job, result):
    client = client_of(job["base"], job["key"], job.get("retries", 0))
    asked = {
        "model": job["model"],
        "messages": [{"role": "user", "content": job["prompt"]}],
        "temperature": 0,
        "max_retries": 0,
    }
    if job["tools"] and job["stream"]:
        *_, last = client.chat.completions.create_partial(response_model=Weather, **asked)
        result.call(TOOL["name"], last.model_dump())
    elif job["tools"]:
        value, answer = client.chat.completions.create_with_completion(response_model=Weather, **asked)
        result.call(TOOL["name"], value.model_dump())
        result.count(answer.usage)
        result.finish = answer.choices[0].finish_reason
    elif job["stream"]:
        del asked["max_retries"]
        for chunk in client.chat.completions.create(response_model=None, stream=True, **asked):
            for choice in chunk.choices:
                result.add(choice.delta.content)
                result.reason((choice.delta.model_extra or {}).get("reasoning_content"))
                result.finish = choice.finish_reason or result.finish
    else:
        answer = client.chat.completions.create(response_model=None, **asked)
        result.add(answer.choices[0].message.content)
        result.reason((answer.choices[0].message.model_extra or {}).get("reasoning_content"))
        result.finish = answer.choices[0].finish_reason
        result.count(answer.usage)


serve(handle)
