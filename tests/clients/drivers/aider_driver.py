"""aider, by its own command line. It is imported once; every job is a fork of this process with a home of its own.

aider asks for text and edits files by itself: it offers no tools to the model and shows no headers.
"""

import contextlib
import functools
import importlib.resources
import io
import os
import re
import tempfile
from pathlib import Path

import json5
import networkx  # noqa: F401
import numpy  # noqa: F401
import openai.resources  # noqa: F401
import prompt_toolkit.shortcuts  # noqa: F401
import tiktoken_ext.openai_public  # noqa: F401
from aider.llm import litellm
from aider.main import main
from jobs import serve_forked


def handle(job, result):
    with tempfile.TemporaryDirectory() as home:
        printed = run(job, home)
        history = Path(home, "llm.history")
        said = history.read_text() if history.exists() else ""
    answers = re.findall(r"^ASSISTANT (.*)$", said.rpartition("LLM RESPONSE")[2], re.MULTILINE)
    result.add("\n".join(answers))
    failure = re.search(r"^litellm\.(\w+): (.*)$", printed, re.MULTILINE)
    if failure:
        status = {"BadRequestError": 400, "RateLimitError": 429}.get(failure[1])
        result.error = {"class": failure[1], "status": status, "message": failure[2]}
    elif not answers:
        result.error = {"class": "NoAnswer", "status": None, "message": printed[-2000:]}
    usage = re.search(r"Tokens: (\S+) sent, (\S+) received", printed)
    result.usage = {"sent": usage[1], "received": usage[2]} if usage else None


def run(job, home):
    """What aider printed."""
    os.chdir(home)
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "AIDER_"))]:
        del os.environ[name]
    os.environ |= {"HOME": home, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "COLUMNS": "400"}
    arguments = ["--model", f"openai/{job['model']}", "--openai-api-base", f"{job['base']}/v1"]
    arguments += ["--openai-api-key", job["key"], "--message", job["prompt"], "--chat-mode", "ask"]
    arguments += ["--stream" if job["stream"] else "--no-stream", "--llm-history-file", f"{home}/llm.history"]
    arguments += ["--no-git", "--no-check-update", "--no-show-release-notes", "--no-show-model-warnings", "--no-pretty"]
    arguments += ["--analytics-disable", "--yes-always", "--map-tokens", "0", "--timeout", "60"]
    printed = io.StringIO()
    streams = contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed)
    with contextlib.suppress(SystemExit), streams[0], streams[1]:
        main(arguments)
    return printed.getvalue()


def warm():
    """What every fork would do anew otherwise: importing, and reading a large table of models with a slow parser."""
    litellm._load_litellm()
    importlib.import_module("litellm.litellm_core_utils.default_encoding")
    json5.loads = functools.cache(json5.loads)
    table = importlib.resources.files("aider.resources").joinpath("model-metadata.json")
    json5.loads(table.read_text())


warm()
serve_forked(handle)
