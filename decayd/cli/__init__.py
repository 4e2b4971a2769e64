"""The `decayd` command: a thin skin over library calls. Results on stdout, logs on stderr."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from decayd import __version__
from decayd.cli import calibration, datasets, dead_letters, intake, reading, topics
from decayd.cli.base import State, fail
from decayd.errors import DecaydError, UsageError

app = typer.Typer(
    name="decayd",
    help="Watch AI features decay: Kafka in; weekly report, alarms and training sets out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Exit codes: 0 fine, 1 finding above --fail-on, 2 usage or settings, 3 unreachable.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"decayd {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="Config file; default config.toml here, if there is one.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="The DuckDB file; wins over the config.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Read the settings once, for every command."""
    del version
    context.obj = State(config, store)


for _group in (intake, reading, calibration):
    _group.register(app)
app.add_typer(datasets.app, name="datasets")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(reading.findings_app, name="findings")
app.add_typer(topics.topics_app, name="topics")
app.add_typer(topics.baseline_app, name="baseline")


def main() -> None:
    """Run the command and turn errors that decayd raises on purpose into a message and a code."""
    try:
        app()
    except DecaydError as error:
        fail(error)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        fail(UsageError(f"{where}{error.strerror or error}"))
