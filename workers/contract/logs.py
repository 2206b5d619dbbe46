"""Structured logs of every process: one JSON object a line on standard error, with the ids that tie lines together."""

import json
import logging
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

_context: ContextVar[dict[str, Any] | None] = ContextVar("log_context", default=None)


@contextmanager
def log_context(**fields: Any) -> Iterator[None]:
    """Give every record that is logged inside these fields; those that are None are left out."""
    token = _context.set({name: value for name, value in fields.items() if value is not None})
    try:
        yield
    finally:
        _context.reset(token)


def add_log_fields(**fields: Any) -> None:
    """Give the records of the innermost `log_context` further fields, also those logged by whoever called."""
    if (known := _context.get()) is not None:
        known.update(fields)


def log_field(name: str) -> Any:
    """A field of the innermost `log_context`, or None."""
    return (_context.get() or {}).get(name)


class JsonFormatter(logging.Formatter):
    """Format a record as one JSON object; a dict given as `extra={"fields": ...}` becomes keys of it."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry.update(_context.get() or {})
        entry.update(getattr(record, "fields", {}))
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configure_logging(level: str) -> None:
    """Send every log record and warning of the process, libraries' included, to standard error as JSON."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JsonFormatter}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            # Warns about every malformed body, which the client gets as a problem and the access log counts.
            "loggers": {"python_multipart": {"level": "ERROR"}},
            "root": {"handlers": ["stderr"], "level": level.upper()},
        }
    )
    logging.captureWarnings(capture=True)
