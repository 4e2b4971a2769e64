"""The job `pages`: writes the files of a kept report, in a child process.

Drawing holds Python's one lock for most of a second and needs 100 MB for good; in a child the
daemon's other jobs go on meanwhile, and the memory goes back when it ends.
"""

import atexit
import os
import subprocess
import sys
import threading
from datetime import datetime
from functools import cache
from typing import IO, Any

import msgspec

from decay_reports.layout.pages_child import Made, Order
from decayd import log
from decayd.config import Settings
from store.database import Store

_log = log.get("decay_reports")
_CHILD = "import sys, decayd; from decay_reports.layout.pages_child import main; main()"
_ATTEMPTS = 2  # a child that had waited too long ends while it gets its order


def run(store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:
    """Write the files of the report kept at `as_of`; running it again writes the same bytes.

    What can't be written is logged: the facts are kept, and `decayd report --out` writes them
    elsewhere. Facts of another decayd's form are left alone.
    """
    kept = store.rows("report_stored", since=as_of, until=as_of, excluding=None)
    if not kept:
        return {"files": 0}
    folder = settings.report.folder.absolute()
    made = _press().make(Order(str(folder), kept[0]["facts"]))
    if made.problem:
        _log.warning("report not written", folder=str(folder), error=made.problem)
    return {"files": made.files}


class _Press:
    """The child, started at the first order; it ends by itself once there are no more."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def make(self, order: Order) -> Made:
        """Hand the order to the child and wait for what became of it."""
        with self._one_at_a_time:
            for _ in range(_ATTEMPTS):
                answer = self._ask(msgspec.json.encode(order) + b"\n")
                if answer:
                    return msgspec.json.decode(answer, type=Made)
                self.end()
        return Made(0, "the process that draws the pages ended")

    def _ask(self, line: bytes) -> bytes:
        try:
            orders, answers = self._streams()
            orders.write(line)
            orders.flush()
            return answers.readline()
        except OSError as error:
            _log.debug("no page process", error=str(error))
            return b""

    def _streams(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._child is None:
            self._child = subprocess.Popen(  # noqa: S603 - our own code
                [sys.executable, "-c", _CHILD],
                env={"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        if self._child.stdin is None or self._child.stdout is None:
            raise OSError("no pipe")
        return self._child.stdin, self._child.stdout

    def end(self) -> None:
        """End the child; the next order starts another."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


@cache
def _press() -> _Press:
    press = _Press()
    atexit.register(press.end)
    return press
