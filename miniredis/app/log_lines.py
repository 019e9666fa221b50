"""How a log event becomes a line: Redis's form, logfmt or JSON.

Nothing a user sends is ever a format string: events carry it as values, and a line holds no control characters
but its end, so that nobody can write lines of his own into the log.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from twisted.logger import LogEvent, LogLevel, formatEvent

LEVELS: Final = ("debug", "verbose", "notice", "warning", "nothing")
_SIGNS: Final = {"debug": ".", "verbose": "-", "notice": "*", "warning": "#"}
#: Names of roles in logfmt and JSON.
ROLES: Final = {"M": "primary", "S": "replica", "C": "child", "X": "sentinel"}
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}
#: What the events of others (Twisted, libraries) count as: they tell of every little thing.
_LEVEL_OF: Final = {
    LogLevel.debug: "debug",
    LogLevel.info: "verbose",
    LogLevel.warn: "warning",
    LogLevel.error: "warning",
    LogLevel.critical: "warning",
}


def redis_level(event: LogEvent) -> str:
    """The level of an event in Redis's terms."""
    given = event.get("redis_level")
    if given in _SIGNS:
        return str(given)
    level = event.get("log_level", LogLevel.info)
    if level is LogLevel.info and str(event.get("log_namespace", "")).startswith("miniredis"):
        return "notice"
    return _LEVEL_OF.get(level, "notice")


def event_text(event: LogEvent) -> str:
    """What the event says, without its failure."""
    return formatEvent(event) or ""


def event_failure(event: LogEvent) -> str:
    """The traceback an event carries, or nothing."""
    failure: Any = event.get("log_failure")
    if failure is None:
        return ""
    try:
        return str(failure.getTraceback())
    except Exception as problem:
        return f"(no traceback: {problem!r})"


def _escaped(text: str) -> str:
    return text.translate(_CONTROLS)


def _milliseconds(moment: float) -> int:
    return int(moment * 1000)


def timestamp(moment: float, form: str) -> str:
    """`moment`, Unix time in seconds, as log-timestamp-format says."""
    if form == "milliseconds":
        return str(_milliseconds(moment))
    local = datetime.fromtimestamp(_milliseconds(moment) / 1000).astimezone()
    if form == "iso8601":
        return local.isoformat(timespec="milliseconds")
    return (
        f"{local.day:02} {_MONTHS[local.month - 1]} {local.year} "
        f"{local.hour:02}:{local.minute:02}:{local.second:02}.{local.microsecond // 1000:03}"
    )


def redis_lines(event: LogEvent, level: str, pid: int, role: str, time: str) -> str:
    """`PID:M 22 Nov 2026 23:27:14.123 * text`; what has several lines has this before each."""
    head = f"{pid}:{role} {time} {_SIGNS[level]} "
    text = event_text(event)
    failure = event_failure(event)
    lines = (text + ("\n" + failure if failure else "")).split("\n")
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    return "".join(head + _escaped(line) + "\n" for line in lines)


def logfmt_line(event: LogEvent, level: str, pid: int, role: str, time: str) -> str:
    """`pid=1 role=primary timestamp="..." level=notice message="..."`, as Valkey writes it."""
    failure = event_failure(event)
    parts = [f"pid={pid}", f"role={ROLES[role]}", f"timestamp={_quoted(time)}", f"level={level}"]
    parts.append(f"message={_quoted(event_text(event))}")
    if failure:
        parts.append(f"failure={_quoted(failure)}")
    return " ".join(parts) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).translate(_CONTROLS)


def json_line(event: LogEvent, level: str, pid: int, role: str, time: str) -> str:
    """One object a line: Valkey's members, then the namespace, the client and the traceback where there are any."""
    shown: dict[str, object] = {
        "pid": pid,
        "role": ROLES[role],
        "timestamp": time,
        "level": level,
        "message": event_text(event),
        "namespace": str(event.get("log_namespace", "")),
    }
    if "client_id" in event:
        shown["client"] = event["client_id"]
    failure = event_failure(event)
    if failure:
        shown["failure"] = failure
    return json.dumps(shown, default=repr) + "\n"


FORMATS: Final = {"text": redis_lines, "logfmt": logfmt_line, "json": json_line}
