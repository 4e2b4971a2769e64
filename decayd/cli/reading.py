"""Commands that read: status, check, report, findings; and what is decided about a finding."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from decayd.cli.base import Json, columns, emit, plain, state
from decayd.errors import UsageError
from decayd.files import write_atomic

Feature = Annotated[str, typer.Option(help="Only this feature.")]
findings_app = typer.Typer(help="What decayd found, with the requests it rests on.")
_FILES = {"html": "report.html", "markdown": "report.md", "facts_json": "report.json"}
_SEVERITIES = ("info", "warning", "critical")


def status(context: typer.Context, as_json: Json = False) -> None:
    """Say what came in, what is connected, and how far each job is.

    Example: decayd status --json
    """
    found = state(context).call("status")
    emit(found, as_json=as_json, text=_status_text(found))


def check(
    context: typer.Context,
    explain: Annotated[
        bool, typer.Option(help="Print every setting and where it is from.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check the settings and that the model is there.

    Example: decayd check --explain
    """
    from decayd.config import flatten
    from decayd.jobs import check_requirements

    loaded = state(context).loaded
    check_requirements(loaded.settings)
    values = flatten(loaded.settings)
    origins = {key: loaded.origins.get(key, "default") for key in values}
    rows = [{"setting": k, "value": v, "from": origins[k]} for k, v in values.items()]
    text = columns(rows, ["setting", "value", "from"], empty="") if explain else ""
    emit(rows, as_json=as_json, text=f"{text}\nsettings are fine".strip())


def report(
    context: typer.Context,
    feature: Feature = "",
    week: Annotated[str | None, typer.Option(help="A Monday, such as 2026-10-12.")] = None,
    as_of: Annotated[str | None, typer.Option(help="As known at this time (UTC).")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Folder to write into.")] = None,
    fail_on: Annotated[
        str | None, typer.Option(help="Exit 1 for an open finding of this severity or above.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Print the weekly decay report as Markdown, or write it in every format.

    Example: decayd report --out reports
    """
    if fail_on is not None and fail_on not in _SEVERITIES:
        raise UsageError(f"--fail-on {fail_on!r}", hint=f"one of: {', '.join(_SEVERITIES)}")
    found = state(context).call("report", as_of=as_of, week=week, feature=feature)
    documents: dict[str, str] = found["documents"]
    if out:
        for form, name in _FILES.items():
            write_atomic(out / name, documents[form])
        typer.echo("\n".join(str(out / name) for name in _FILES.values()))
    else:
        typer.echo(documents["facts_json" if as_json else "markdown"])
    if fail_on and _has(state(context).call("findings", feature=feature), fail_on):
        raise typer.Exit(1)


@findings_app.command("list")
def findings_list(context: typer.Context, feature: Feature = "", as_json: Json = False) -> None:
    """List findings, newest first.

    Example: decayd findings list --feature refund_help
    """
    found = state(context).call("findings", feature=feature)
    names = ["finding_id", "state", "severity", "feature", "week", "kind", "n_members", "title"]
    emit(found, as_json=as_json, text=columns(found, names, empty="no findings"))


@findings_app.command("show")
def findings_show(context: typer.Context, finding_id: str, as_json: Json = False) -> None:
    """Show one finding; with --json also the ids of its requests.

    Example: decayd findings show F-3 --json
    """
    found = state(context).call("finding", finding_id=finding_id)
    members = found["member_request_ids"] or []
    lines = [f"{key}: {plain(found[key])}" for key in ("finding_id", "kind", "feature", "title")]
    lines += [f"state: {found['state']}", f"requests: {len(members)} (--json lists them)"]
    for said in found["acknowledgements"]:
        until = f" until {said['until']}" if said["until"] else ""
        lines.append(f"{said['action']}{until}: {plain(said['actor'])}: {plain(said['note'])}")
    emit(found, as_json=as_json, text="\n".join(lines))


@findings_app.command("ack")
def findings_ack(
    context: typer.Context,
    finding_id: str,
    action: Annotated[
        Literal["fix", "relabel", "accept", "defer"], typer.Option(help="What is done about it.")
    ],
    author: Annotated[str, typer.Option(help="Who says so; kept for ever.")],
    reason: Annotated[str, typer.Option(help="Why; kept for ever.")],
    until: Annotated[str, typer.Option(help="A day; put off or accepted until then.")] = "",
    as_json: Json = False,
) -> None:
    """Record what is done about a finding.

    A topic or style that is accepted as known, or put off, is announced again when its share has
    doubled.

    Example: decayd findings ack F-3 --action accept --author ann --reason "the spring sale"
    """
    found = state(context).call(
        "finding_ack",
        finding_id=finding_id, action=action, author=author, reason=reason, until=until,
    )  # fmt: skip
    emit(
        found,
        as_json=as_json,
        text=f"{plain(finding_id)}: {found['action']} by {plain(found['actor'])}",
    )


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for command in (status, check, report):
        app.command()(command)


def _has(findings: list[dict[str, Any]], severity: str) -> bool:
    above = _SEVERITIES[_SEVERITIES.index(severity) :]
    return any(f["state"] == "open" and f["severity"] in above for f in findings)


def _status_text(found: dict[str, Any]) -> str:
    kafka = ", ".join(f"{key} {plain(value)}" for key, value in found["kafka"].items())
    letters = ", ".join(f"{row['n']} {row['reason']}" for row in found["dead_letters"]) or "none"
    head = [
        f"store: {found['store']['path']} ({found['store']['id']})",
        f"kafka: {kafka}",
        f"closed up to: {found['watermark'] or 'nothing yet'} UTC",
        f"dead letters: {letters}",
    ]
    events = columns(found["events"], ["kind", "n", "newest"], empty="")
    jobs = columns(found["jobs"], ["job", "every", "as_of", "state", "answers"], empty="")
    names = ["target", "kind", "sent", "waiting", "failed", "last_sent_at", "last_error"]
    told = columns(found["deliveries"], names, empty="")
    return "\n".join([*head, "", events, "", jobs, *(["", told] if told else [])])
