"""Turns the facts of a report into its files: one for each module in `formats`."""

from pathlib import Path

from decay_reports import formats
from decay_reports.facts.report import ReportFacts
from decayd import plugins
from decayd.files import write_atomic


def render(facts: ReportFacts, form: str) -> str:
    """Return the report in one format: `html`, `markdown` or `facts-json`."""
    return str(plugins.load(formats, form).render(facts))


def folder_name(facts: ReportFacts) -> str:
    """Name the folder of a report's files by its newest week.

    It is the ISO year and week, such as ``2026-W42``.
    """
    year, number, _ = facts.week.isocalendar()
    return f"{year}-W{number:02d}"


def write(facts: ReportFacts, folder: Path) -> int:
    """Write the report in every format; return how many files that made.

    Raises
    ------
    OSError
        When the folder can't be written.
    """
    names = plugins.names(formats)
    for name in names:
        path = folder / folder_name(facts) / f"report.{plugins.load(formats, name).SUFFIX}"
        write_atomic(path, render(facts, name))
    return len(names)
