"""llama-index with OpenAILike. It shows no headers."""

from jobs import TOOL, plain, serve
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike


def get_weather(city: str, days: int) -> str:
    """The weather of the coming days."""
    return f"{city} {days}"


def handle(job, result):
    model = OpenAILike(
        api_base=job["base"] + "/v1",
        api_key=job["key"],
        model=job["model"],
        temperature=0,
        is_chat_model=True,
        is_function_calling_model=True,
        context_window=8192,
        max_retries=job.get("retries", 0),
        timeout=60,
    )
    tool = FunctionTool.from_defaults(fn=get_weather, name=TOOL["name"])
    if job["tools"] and job["stream"]:
        answers = list(model.stream_chat_with_tools([tool], user_msg=job["prompt"], allow_parallel_tool_calls=True))
        answer = answers[-1]
    elif job["tools"]:
        answer = model.chat_with_tools([tool], user_msg=job["prompt"], allow_parallel_tool_calls=True)
    elif job["stream"]:
        answer = None
        for answer in model.stream_chat([ChatMessage(role="user", content=job["prompt"])]):
            result.add(answer.delta)
    else:
        answer = model.chat([ChatMessage(role="user", content=job["prompt"])])
        result.add(answer.message.content)
    if job["tools"]:
        for call in model.get_tool_calls_from_response(answer, error_on_no_tool_call=False):
            result.call(call.tool_name, call.tool_kwargs, call.tool_id)
    raw = plain(answer.raw) if answer is not None else {}
    choices = raw.get("choices") or [{}]
    result.finish = choices[0].get("finish_reason")
    result.count(raw.get("usage"))
    result.more = {"model": raw.get("model")}


serve(handle)
