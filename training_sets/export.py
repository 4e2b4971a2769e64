"""Turns canonical rows into the lines of one format, checked on the way out."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from decayd import plugins
from decayd.errors import DatasetError, DatasetNotFound, UsageError
from training_sets import formats
from training_sets.canonical import encode_line
from training_sets.columns import Column
from training_sets.lint import problems
from training_sets.rows import Row


class Format(Protocol):
    """An export format; `convert` is pure and gives a line its columns in a fixed order."""

    KINDS: Sequence[str]
    COLUMNS: Mapping[str, Column]

    def convert(self, row: Row) -> dict[str, Any]:
        """Return one line of the file."""
        ...


def load(name: str) -> Format:
    """Return a format by its file's name; hyphens may stand for underscores.

    Raises
    ------
    DatasetNotFound
        When there is no such format; the hint lists those that exist.
    """
    try:
        return cast("Format", plugins.load(formats, name))
    except UsageError as error:
        raise DatasetNotFound(f"there is no export format {name!r}", hint=error.hint) from error


def taken(rows: Iterable[Row], form: Format) -> list[Row]:
    """Return the rows of the kinds that a format takes, in their order."""
    return [row for row in rows if row.kind in form.KINDS]


def export(rows: Iterable[Row], form: Format) -> bytes:
    """Return the file's content: JSON lines in UTF-8, one per row that the format takes.

    Raises
    ------
    DatasetError
        When a line would teach nothing or harm: see `training_sets.lint`.
    """
    return b"".join(_line(row, form) for row in taken(rows, form))


def _line(row: Row, form: Format) -> bytes:
    line = form.convert(row)
    found = problems(line)
    if found:
        raise DatasetError(f"example {row.example_id} can't be exported: {found[0]}")
    return encode_line(line)
