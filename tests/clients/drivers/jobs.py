"""The loop of a Python driver: jobs come as JSON lines on stdin, results go as JSON lines to stdout.

Runs inside a client's own environment, so it uses the standard library alone. A job:

    {"id": 7, "api": "chat", "base": "http://127.0.0.1:8080", "key": "sk-x", "model": "m", "prompt": "Hello",
     "stream": true, "tools": false, "retries": 0}

`tools` offers the one tool `TOOL`. A result holds what the client gave its caller, and nothing else:

    {"id": 7, "text": "...", "pieces": ["...", ...], "calls": [{"name": ..., "arguments": {...}, "id": ...}],
     "reasoning": "...", "finish": "stop", "usage": {...}, "error": null or {"class": ..., "status": ..., "message": ...},
     "cache": the Cache-Status header, or null where the client does not show headers}

`pieces` are the texts of the streamed chunks in order; what had arrived before an error is kept beside the error.
Jobs run at the same time.
"""

import contextlib
import fcntl
import json
import os
import signal
import sys
import tempfile
import threading
import traceback

TOOL = {
    "name": "get_weather",
    "description": "The weather of the coming days.",
    "schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
        "additionalProperties": False,
    },
}


class Result:
    """What one job has brought so far."""

    def __init__(self):
        self.pieces = []
        self.calls = []
        self.reasoning = ""
        self.finish = None
        self.usage = None
        self.cache = None
        self.error = None
        self.more = {}

    def add(self, text):
        """A streamed piece of text, or the whole text; None and "" add nothing."""
        if text:
            self.pieces.append(text)

    def reason(self, text):
        """A piece of reasoning, where the client shows it."""
        self.reasoning += text or ""

    def call(self, name, arguments, id=None):
        """A finished tool call; arguments as an object or as JSON text."""
        with contextlib.suppress(ValueError):
            arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
        self.calls.append({"name": name, "arguments": arguments, "id": id})

    def count(self, usage):
        """Usage as the client shows it: any object of the usual kinds, or None."""
        self.usage = plain(usage)

    def headers(self, headers):
        self.cache = {name.lower(): value for name, value in headers.items()}.get("cache-status")

    def failed(self, error):
        status = getattr(error, "status_code", None)
        if status is None and isinstance(getattr(error, "code", None), int):
            status = error.code
        self.error = {"class": type(error).__name__, "status": status, "message": str(error)}
        response = getattr(error, "response", None)
        if self.cache is None and getattr(response, "headers", None) is not None:
            self.headers(response.headers)

    def as_json(self):
        return {
            "text": "".join(self.pieces),
            "pieces": self.pieces,
            "reasoning": self.reasoning,
            "calls": self.calls,
            "finish": self.finish,
            "usage": self.usage,
            "cache": self.cache,
            "error": self.error,
            **self.more,
        }


def plain(value):
    """Objects of pydantic and the like as JSON values, without the empty fields."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items() if item is not None}
    return value


def serve(handle):
    """Run `handle(job, result)` for every line until stdin ends, each on a thread. An exception is the result's error."""
    write = _results()
    threads = []
    for line in sys.stdin:
        threads.append(threading.Thread(target=_one, args=(handle, json.loads(line), write), daemon=True))
        threads[-1].start()
        threads = [thread for thread in threads if thread.is_alive()]
    for thread in threads:
        thread.join()


def serve_forked(handle):
    """The same with a fork of this process, which must have no threads, for every job."""
    write = _results()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            with contextlib.suppress(BaseException):
                _one(handle, json.loads(line), write)
            os._exit(0)


def _results():
    # What a client prints must not end up between the results.
    out = os.dup(1)
    os.dup2(2, 1)
    lock = threading.Lock()
    guard = tempfile.NamedTemporaryFile()  # noqa: SIM115

    def write(value):
        # the lock is between threads, the lock of a file opened anew between processes
        with lock, open(guard.name) as mine:
            fcntl.flock(mine, fcntl.LOCK_EX)
            data = json.dumps(value).encode() + b"\n"
            while data:
                data = data[os.write(out, data) :]

    write({"ready": True})
    return write


def _one(handle, job, write):
    result = Result()
    try:
        handle(job, result)
    except Exception as error:
        if os.environ.get("DRIVER_TRACE"):
            traceback.print_exc()
        result.failed(error)
    write({"id": job["id"], **result.as_json()})
