"""proxy/logs.py: one JSON object a line; what a foreign exception says is not in it."""

import io
import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from halfpenny.proxy.logs import JsonFormatter


def line(record: logging.LogRecord) -> Any:
    text = JsonFormatter().format(record)
    assert "\n" not in text
    return json.loads(text)


def record(message: str, *arguments: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("halfpenny.test", logging.WARNING, "file.py", 7, message, arguments, None)
    made.__dict__.update(more)
    return made


def test_a_line_has_time_level_logger_and_message() -> None:
    shown = line(record("served %d", 3))
    assert shown.pop("at").endswith("+00:00")
    assert shown == {"level": "warning", "logger": "halfpenny.test", "message": "served 3"}


def test_known_fields_are_shown_and_others_are_not() -> None:
    shown = line(record("x", request_id="hp-1", outcome="miss", body="secret", headers={"Authorization": "secret"}))
    assert (shown["request_id"], shown["outcome"]) == ("hp-1", "miss")
    assert "secret" not in json.dumps(shown)


@pytest.mark.parametrize("message", ["two\nlines", "\x1b[31mred\x00", 'a "quote"', "\u2028 é \U0001f600", "\ud800"])
def test_a_message_cannot_forge_a_line(message: str) -> None:
    if message == "\ud800":
        # not text: the line must still be written, whatever stands for it
        shown = JsonFormatter().format(record("%r", message))
        assert json.loads(shown)["message"] == "'\\ud800'"
    else:
        assert line(record("%s", message))["message"] == message


def test_an_exception_is_shown_by_type_and_place_and_never_by_its_words() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    log = logging.Logger("halfpenny.test")
    log.addHandler(handler)

    def fails() -> None:
        raise ValueError("cannot read b'the caller asked about sk-canary'")

    try:
        fails()
    except ValueError:
        log.exception("it failed")
    shown = json.loads(stream.getvalue())
    assert (shown["message"], shown["error"]) == ("it failed", "ValueError")
    assert shown["where"][-1].startswith("test_logs.py:")
    assert shown["where"][-1].endswith(" fails")
    assert "sk-canary" not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "text"])
def test_all_logging_goes_to_stderr(form: str) -> None:
    code = (
        "import logging; from halfpenny.proxy.logs import set_up\n"
        f"set_up('info', {form!r}); set_up('info', {form!r})\n"
        "log = logging.getLogger('any'); log.info('shown'); log.debug('hidden')\n"
        "logging.getLogger('aiohttp.access').info('hidden')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == ""
    (only,) = done.stderr.splitlines()
    assert "shown" in only
    if form == "json":
        assert json.loads(only)["logger"] == "any"
