"""The child process that writes a report's files: one order a line on stdin, one answer a line."""

import select
import signal
import sys
from pathlib import Path

import msgspec

from decay_reports.facts import report as facts
from decay_reports.layout.rendering import write

_PATIENCE_S = 60.0  # without an order; then the process ends and gives its memory back


class Order(msgspec.Struct, frozen=True):
    """The facts of a report, as they are kept, and the folder of all reports."""

    folder: str
    facts: str


class Made(msgspec.Struct, frozen=True):
    """How many files an order made, or what kept it from making them."""

    files: int
    problem: str = ""


def main() -> None:
    """Take orders until none came for a minute, or the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent says when to end
    while select.select([sys.stdin.buffer], [], [], _PATIENCE_S)[0]:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        made = _make(msgspec.json.decode(line, type=Order))
        sys.stdout.buffer.write(msgspec.json.encode(made) + b"\n")
        sys.stdout.buffer.flush()


def _make(order: Order) -> Made:
    try:
        return Made(write(facts.from_json(order.facts), Path(order.folder)))
    except msgspec.ValidationError as error:
        return Made(0, f"kept facts have another form: {error}")
    except Exception as error:  # noqa: BLE001 - the parent logs it; the next order may be fine
        return Made(0, f"{type(error).__name__}: {error}")
