"""Commands about records that could not be stored."""

from typing import Annotated, Any, Literal

import typer

from decayd.cli.base import Json, columns, emit, plain, state

app = typer.Typer(help="Records that could not be stored, and what to do with them.")
LetterState = Literal["new", "retried", "dropped", "all"]
Ids = Annotated[list[int], typer.Argument(help="Ids as `dead-letters list` prints them.")]


@app.command("list")
def list_letters(
    context: typer.Context,
    which: Annotated[
        LetterState, typer.Option("--state", help="How they were dealt with.")
    ] = "new",
    limit: Annotated[int, typer.Option(min=0, max=1_000_000, help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List dead letters with reason and field, newest first.

    Example: decayd dead-letters list --state all --json
    """
    found = state(context).call("dead_letters", state=which, limit=limit)
    names = ["dead_letter_id", "topic", "partition", "offset", "reason", "field", "message"]
    emit(found, as_json=as_json, text=columns(found, names, empty="no dead letters"))


@app.command()
def show(context: typer.Context, dead_letter_id: int, as_json: Json = False) -> None:
    """Show one dead letter with what was kept of it: user ids hidden, personal text masked.

    Example: decayd dead-letters show 12
    """
    found: dict[str, Any] = state(context).call("dead_letter", dead_letter_id=dead_letter_id)
    text = "\n".join(f"{key}: {plain(value)}" for key, value in found.items())
    emit(found, as_json=as_json, text=text)


@app.command()
def retry(context: typer.Context, ids: Ids, as_json: Json = False) -> None:
    """Decode dead letters again and store those that are good now.

    What was masked or cut is read again from Kafka or its file; when that is gone it stays bad.

    Example: decayd dead-letters retry 12 13
    """
    found = state(context).call("dead_letters_retry", ids=ids)
    bad = found["still_bad"]
    lines = [f"stored {found['stored']}, still bad {len(bad)}"]
    lines += [f"{one['id']}: {plain(one['field'])}: {plain(one['message'])}" for one in bad]
    emit(found, as_json=as_json, text="\n".join(lines))


@app.command()
def drop(context: typer.Context, ids: Ids, as_json: Json = False) -> None:
    """Mark dead letters as dealt with.

    Example: decayd dead-letters drop 12
    """
    found = state(context).call("dead_letters_drop", ids=ids)
    emit(found, as_json=as_json, text=f"dropped {found['dropped']}")
