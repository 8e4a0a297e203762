"""How a line of the log looks: when (with its zone), how grave, from where, what; one event, one line."""

import datetime
import logging
import re

#: What could end a line, move the cursor of a terminal, or hide the rest: C0, DEL, C1, the line ends of Unicode.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """The text with every control character written out, such as `\\n`, so that it stays within its line."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class LineFormatter(logging.Formatter):
    """`2026-01-31T08:00:00.000+08:00 WARNING qipan.security refused status=403`; a trace follows, indented.

    Nothing that a stranger sent can begin a line of its own.
    """

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.datetime.fromtimestamp(record.created).astimezone()
        when = moment.isoformat(timespec="milliseconds")
        line = f"{when} {record.levelname} {record.name} {plain(record.getMessage())}"
        trace = [self.formatException(record.exc_info)] if record.exc_info else []
        trace += [self.formatStack(record.stack_info)] if record.stack_info else []
        return "\n".join([line, *(f"  {plain(each)}" for text in trace for each in text.split("\n"))])
