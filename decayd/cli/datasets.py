"""Commands about training sets: build, list, show, pull."""

import base64
import json
from pathlib import Path
from typing import Annotated

import typer

from decayd.cli.base import Json, columns, emit, state
from decayd.files import write_atomic

app = typer.Typer(help="Failures as labelled, consent-checked candidate training sets.")


@app.command()
def build(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A [datasets.NAME] of the config.")],
    as_of: Annotated[str | None, typer.Option(help="As known at this time (UTC).")] = None,
    as_json: Json = False,
) -> None:
    """Build a candidate version; says by reason what was left out and what would change it.

    Example: decayd datasets build refund-fixes
    """
    found = state(context).call("datasets_build", name=name, as_of=as_of)
    emit(found, as_json=as_json, text=found["text"])


@app.command("list")
def list_sets(context: typer.Context, as_json: Json = False) -> None:
    """List sets and versions.

    Example: decayd datasets list
    """
    found = state(context).call("datasets_list")
    names = ["name", "version", "state", "n_rows", "as_of"]
    emit(found, as_json=as_json, text=columns(found, names, empty="no sets have been built"))


@app.command()
def show(context: typer.Context, name: str, as_json: Json = False) -> None:
    """Print a version's manifest, which is JSON with and without --json.

    Example: decayd datasets show refund-fixes@0.1.0
    """
    found = state(context).call("datasets_show", name=name)
    emit(found, as_json=as_json, text=json.dumps(found, indent=2))


@app.command()
def pull(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="NAME, NAME@1.2.0, NAME@^1 or NAME@latest.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write into.")],
    fmt: Annotated[
        str, typer.Option("--format", help="A file in training_sets/formats, such as trl-sft.")
    ] = "trl-sft",
    job_id: Annotated[str, typer.Option(help="Your training job, for the lineage.")] = "",
    candidate: Annotated[
        bool, typer.Option(help="Take versions that are not released; all are, until then.")
    ] = True,
    as_json: Json = False,
) -> None:
    """Write a version's rows in a trainer's format, checked against consent and checksums.

    Example: decayd datasets pull refund-fixes --format trl-dpo -o train
    """
    del candidate
    found = state(context).call("datasets_pull", name=name, fmt=fmt, job_id=job_id)
    for path, content in found.pop("files").items():
        write_atomic(out / path, base64.b64decode(content))
    what = f"{found['name']}@{found['version']} ({found['state']}): {found['n_rows']} rows"
    emit(found, as_json=as_json, text=f"{what} in {out}")


@app.command()
def verify(folder: Path, as_json: Json = False) -> None:
    """Check a pulled folder against its lock.json, offline.

    Example: decayd datasets verify train
    """
    from training_sets.verify import verify as verify_folder

    checked = verify_folder(folder)
    emit({"files": checked}, as_json=as_json, text=f"{folder}: {checked} files match lock.json")
