"""Logging of the service's processes: a line of JSON for each event, or text where a person watches.

Whatever `extra` a log call gives becomes a field. People are told by their opaque id, never by name or address, and
a request by its route, because a path may hold a sign-in link.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")  # of the request that this line is about

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_QUIET = ("alembic", "httpx2", "httpcore2")  # their news are not ours


def start(form: str | None = None) -> None:
    """Everything that this process logs goes to stderr.

    `form`: "text" or "json"; by default GRADMARK_LOG_FORMAT, or what suits who reads it.
    """
    chosen = form or os.environ.get("GRADMARK_LOG_FORMAT") or ("text" if sys.stderr.isatty() else "json")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(AsJson() if chosen == "json" else AsText())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class AsJson(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line: dict[str, object] = {
            "time": at,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= fields(record)
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)  # ASCII: no terminal runs what is in a message


class AsText(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        told = "".join(f" {name}={value}" for name, value in fields(record).items())
        line = f"{at} {record.levelname.lower():7} {record.getMessage()}{told}"
        shown = "".join(one if one.isprintable() else repr(one)[1:-1] for one in line)  # one line, and no escape code
        return f"{shown}\n{self.formatException(record.exc_info)}" if record.exc_info else shown


def fields(record: logging.LogRecord) -> dict[str, object]:
    """Return the fields that a log call gave beside its message, and the request that it belongs to."""
    given = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    if request := request_id.get():
        given.setdefault("request", request)
    return given
