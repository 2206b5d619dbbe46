"""Structured logs: one JSON object a line on standard error."""

import json
import logging
import logging.config
from datetime import UTC, datetime

from service.request_id import current_request_id


class JsonFormatter(logging.Formatter):
    """Format a record as one JSON object; a dict given as `extra={"fields": ...}` becomes keys of it."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (request_id := current_request_id.get()) is not None:
            entry["request_id"] = request_id
        entry.update(getattr(record, "fields", {}))
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def configure_logging(level: str) -> None:
    """Send every log record of the process, uvicorn's included, to standard error as JSON."""
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
