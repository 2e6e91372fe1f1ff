"""langchain-openai: ChatOpenAI over chat completions and over Responses."""

from jobs import TOOL, serve
from langchain_openai import ChatOpenAI

FUNCTION = {"name": TOOL["name"], "description": TOOL["description"], "parameters": TOOL["schema"]}


def handle(job, result):
    more = {"use_responses_api": True, "store": False} if job["api"] == "responses" else {}
    model = ChatOpenAI(
        base_url=job["base"] + "/v1",
        api_key=job["key"],
        model=job["model"],
        temperature=0,
        max_retries=job.get("retries", 0),
        stream_usage=True,
        include_response_headers=True,
        timeout=60,
        **more,
    )
    runnable = model.bind_tools([{"type": "function", "function": FUNCTION}]) if job["tools"] else model
    if not job["stream"]:
        take(runnable.invoke(job["prompt"]), result)
        return
    whole = None
    for chunk in runnable.stream(job["prompt"]):
        result.add(text_of(chunk))
        whole = chunk if whole is None else whole + chunk
    take(whole, result, streamed=True)


def take(message, result, *, streamed=False):
    if not streamed:
        result.add(text_of(message))
    for part in message.content if isinstance(message.content, list) else ():
        if part.get("type") == "reasoning":
            result.reason("".join(item["text"] for item in part.get("summary") or ()))
    for call in message.tool_calls:
        result.call(call["name"], call["args"], call["id"])
    about = message.response_metadata
    result.finish = about.get("finish_reason") or about.get("status")
    result.count(message.usage_metadata)
    result.headers(about.get("headers") or {})
    result.more = {"model": about.get("model_name")}


def text_of(message):
    if isinstance(message.content, str):
        return message.content
    return "".join(part.get("text", "") for part in message.content if part.get("type") in ("text", "output_text"))


serve(handle)
