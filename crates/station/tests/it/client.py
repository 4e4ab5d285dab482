"""Sends the rows on standard input, one JSON object a line, with PyPI's client of QuestDB.

Its one argument is what the client calls a configuration, such as http::addr=127.0.0.1:9000;
"""

import json
import sys

try:
    from questdb import Sender, TimestampMicros, TimestampNanos
except ImportError:  # Before version 6.
    from questdb.ingress import Sender, TimestampMicros, TimestampNanos

MOMENTS = {"us": TimestampMicros, "ns": TimestampNanos}


def value(sent):
    """A moment is an object of its unit and number; all else is what JSON says."""
    if isinstance(sent, dict):
        ((unit, number),) = sent.items()
        return MOMENTS[unit](number)
    return sent


with Sender.from_conf(sys.argv[1]) as sender:
    for line in sys.stdin:
        row = json.loads(line)
        columns = {name: value(sent) for name, sent in row["columns"].items()}
        at = TimestampNanos(row["at"])
        sender.row(row["table"], symbols=row["symbols"], columns=columns, at=at)
    sender.flush()
