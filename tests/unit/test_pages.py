"""The job that writes a report's files in a child process."""

import os
import signal
from pathlib import Path

from decay_reports import pages, weekly
from decayd.config import Settings
from store.database import Store
from tests.report_rows import FIRST, WEEK, write_weeks


def children(parent: int) -> list[int]:
    """Return the ids of a process's page children (Linux)."""
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [
        int(child)
        for child in listed
        if b"pages_child" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


def test_a_child_that_was_killed_is_started_again(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, [0.7, 0.7, 0.7])
    weekly.run(store, as_of, settings)
    assert pages.run(store, as_of, settings) == {"files": 3}
    (first,) = children(os.getpid())

    os.kill(first, signal.SIGKILL)

    assert pages.run(store, as_of, settings) == {"files": 3}
    (second,) = children(os.getpid())
    assert second != first


def test_without_a_kept_report_there_is_nothing_to_write(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, [0.7, 0.7, 0.7])

    assert pages.run(store, as_of, settings) == {"files": 0}
    assert not settings.report.folder.exists()


def test_kept_facts_of_another_form_leave_the_folder_alone(
    store: Store, settings: Settings
) -> None:
    as_of = write_weeks(store, [0.7, 0.7, 0.7])
    row = {"week": FIRST + 2 * WEEK, "as_of": as_of, "facts": '{"version": 0}', "sha256": ""}
    store.append("reports", [row])

    assert pages.run(store, as_of, settings) == {"files": 0}
    assert not settings.report.folder.exists()
