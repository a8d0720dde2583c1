"""The service's log: one line a request, answer, ingestion and job, as JSON or as text; never what was asked, never a secret."""

import json
import logging
import logging.handlers
import os
import re
import sqlite3
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

from app.operations.options import Form, Operating
from app.operations.request import CURRENT
from ingest.errors import InputError, PolicyQAError

ROTATE_BYTES, ROTATE_KEPT = 20_000_000, 5  # of a log file; files kept beside the present one
HIDDEN = "***"
_log = logging.getLogger("policyqa")
_SECRET = re.compile(r"KEY|SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|OTLP_(?:TRACES_)?HEADERS")
_MIN_SECRET = 6  # characters: a shorter value would hide ordinary words
_PLAIN = re.compile(r"[^\s\"=\x00-\x1f\x7f-\x9f]+")


def say(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Write one line: what happened, with its fields; None is left out."""
    if _log.isEnabledFor(level):
        _log.log(level, event, extra={"fields": {name: value for name, value in fields.items() if value is not None}})


def set_up_logs(operating: Operating, form: Form) -> list[logging.Handler]:
    """Send every library's warnings and our lines to stderr, and to a file where one is set; return the handlers.

    `form` holds where none is set. Raises InputError for a file that cannot be written.
    """
    form = operating.log or form
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)] if form in {"json", "text"} else []
    if operating.log_file is not None:
        handlers.append(_file(operating))
    hidden = secrets_in(os.environ)
    for handler in handlers:
        handler.setFormatter(Lines(form == "json", hidden, operating.log_questions))
        logging.getLogger().addHandler(handler)
    _log.setLevel(operating.log_level.upper() if handlers else logging.CRITICAL + 1)
    return handlers


def _file(operating: Operating) -> logging.Handler:
    assert operating.log_file is not None
    try:
        operating.log_file.parent.mkdir(parents=True, exist_ok=True)
        return logging.handlers.RotatingFileHandler(
            operating.log_file, maxBytes=ROTATE_BYTES, backupCount=ROTATE_KEPT, encoding="utf-8"
        )
    except OSError as error:
        raise InputError(
            f"无法写入日志文件 {operating.log_file}：{error.strerror}", "检查目录与权限，或去掉 POLICYQA_LOG_FILE"
        ) from error


def secrets_in(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values that must never be written, by the names of their variables; the longest first."""
    found = {value for name, value in env.items() if _SECRET.search(name.upper()) and len(value) >= _MIN_SECRET}
    return tuple(sorted(found, key=len, reverse=True))


class Lines(logging.Formatter):
    """One line a record, whatever its message holds."""

    def __init__(self, as_json: bool, hidden: tuple[str, ...] = (), questions: bool = False) -> None:
        super().__init__()
        self._as_json, self._hidden, self._questions = as_json, hidden, questions

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = dict(self._fields(record))
        text = json.dumps(fields, ensure_ascii=False, default=str) if self._as_json else _as_text(fields)
        for secret in self._hidden:
            text = text.replace(secret, HIDDEN)
        return text.encode("utf-8", "backslashreplace").decode()

    def _fields(self, record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        yield "time", f"{seconds}.{int(record.msecs):03d}Z"
        yield "level", record.levelname.lower()
        own = getattr(record, "fields", None)
        if own is None:
            yield "event", "log"
            yield "logger", record.name
            yield "message", self._message(record)
        else:
            yield "event", record.getMessage()
        request = CURRENT.get()
        if request is not None and "request_id" not in (own or {}):
            yield "request_id", request.id
        yield from (own or {}).items()
        if record.exc_info and record.exc_info[1] is not None:
            yield "error", self._error(record.exc_info[1])
            yield "trace", _frames(record.exc_info[1])

    def _message(self, record: logging.LogRecord) -> str:
        """A library's message; an error among its arguments is told as `_error` does."""
        if isinstance(record.args, tuple):
            args = tuple(self._error(each) if isinstance(each, BaseException) else each for each in record.args)
            try:
                return str(record.msg) % args if args else str(record.msg)
            except (TypeError, ValueError):
                return str(record.msg)
        return record.getMessage()

    def _error(self, error: BaseException) -> str:
        """The kind of an error, with its words only where those cannot be what somebody asked or wrote."""
        plain = isinstance(error, OSError | sqlite3.Error) or (
            isinstance(error, PolicyQAError) and not isinstance(error, InputError)
        )
        return f"{type(error).__name__}: {error}" if plain or self._questions else type(error).__name__


def _frames(error: BaseException) -> str:
    """Where an error came from, innermost last; the lines of code are left out."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)


def _as_text(fields: Mapping[str, Any]) -> str:
    moment, level, event = (str(fields[name]) for name in ("time", "level", "event"))
    rest = " ".join(
        f"{name}={_word(value)}" for name, value in fields.items() if name not in {"time", "level", "event"}
    )
    return f"{moment} {level:<7} {event:<7} {rest}".rstrip()


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        value = ",".join(f"{key}:{each}" for key, each in value.items())
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
