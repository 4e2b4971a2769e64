"""What every command shares: settings, the way to the store, and how values are printed."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from decayd.clock import SystemClock
from decayd.errors import DecaydError

if TYPE_CHECKING:
    from decayd.config import Loaded

Json = Annotated[bool, typer.Option("--json", help="Print JSON, a documented contract.")]


class State:
    """The settings of this call, read when the first command needs them."""

    def __init__(self, config: Path | None, store: Path | None) -> None:
        self._config = config
        self._store = store

    @cached_property
    def loaded(self) -> "Loaded":
        """Return the merged settings; logs go to stderr from here on."""
        from decayd import log
        from decayd.config import load

        loaded = load(self._config, {"store": {"path": self._store}} if self._store else None)
        log.configure(loaded.settings.log)
        return loaded

    def call(self, operation: str, /, **arguments: Any) -> Any:
        """Perform one operation: by the daemon when one runs, else on the store itself."""
        from dashboards.operations import OPERATIONS, Context, perform
        from decayd.cli.client import ask, running
        from store.database import Store

        settings = self.loaded.settings
        daemon = running(settings.store.path)
        if daemon:
            return ask(daemon, operation, arguments)
        with Store.open(settings.store, read_only=not OPERATIONS[operation].writes) as store:
            return perform(Context(store, settings, SystemClock()), operation, arguments)


def state(context: typer.Context) -> State:
    """Return this call's state."""
    found = context.find_object(State)
    return found or State(None, None)


def emit(value: Any, *, as_json: bool, text: str) -> None:
    """Print a result: JSON for programs, else `text`."""
    typer.echo(
        json.dumps(value, indent=2, default=_jsonable, ensure_ascii=False) if as_json else text
    )


def columns(rows: list[dict[str, Any]], names: list[str], *, empty: str) -> str:
    """Lay rows out as a plain table; control characters are shown, never sent to the terminal.

    >>> print(columns([{"a": 1, "b": "x"}], ["a", "b"], empty="none"))
    a  b
    1  x
    """
    if not rows:
        return empty
    cells = [names, *([plain(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def plain(value: Any) -> str:
    """Return a value as one printable line of at most 80 characters."""
    text = "-" if value is None else str(value)
    shown = "".join(c if c.isprintable() else "�" for c in text)
    return shown if len(shown) <= 80 else shown[:79] + "…"  # noqa: PLR2004


def fail(error: DecaydError) -> NoReturn:
    """Say what went wrong and what to try, and exit with the error's code."""
    typer.echo(f"error: {error}", err=True)
    if error.hint:
        typer.echo(f"hint: {error.hint}", err=True)
    sys.exit(error.exit_code)


@contextmanager
def progress(words: str) -> Iterator[Any]:
    """Show a bar on a terminal; yields a function that takes the share that is done."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(words, total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _jsonable(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
