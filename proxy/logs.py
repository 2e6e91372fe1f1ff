"""JSON logs: one object a line, a request id where there is one, no bodies, no secrets."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec

_FIELDS = ("request_id", "outcome", "status", "route", "surface", "backend", "model", "duration_ms", "key")


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for field in _FIELDS:
            value = getattr(record, field, None)
            if value is not None:
                line[field] = value
        if record.exc_info and record.exc_info[1] is not None:
            # the message of a foreign exception may quote a body or a URL with a key; its type and place do not
            error = record.exc_info[1]
            line["error"] = type(error).__name__
            line["where"] = _where(record.exc_info[2])
        return msgspec.json.encode(line).decode()


def _where(trace: Any) -> list[str]:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-6:]


def set_up(level: str, form: str) -> None:
    """Route all logging to stderr. Called once, by the command."""
    handler = logging.StreamHandler(sys.stderr)
    if form == "json":
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("aiohttp.access", "aiosqlite", "alembic", "asyncio", "faiss", "faiss.loader"):
        logging.getLogger(noisy).setLevel("WARNING")
