"""Commands that bring events in and run jobs: run, once, ingest, replay, demo."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from decayd.cli.base import Json, emit, progress, state
from decayd.clock import SystemClock
from decayd.errors import UsageError

Files = Annotated[list[Path], typer.Argument(help="JSON Lines files, gzip too.", metavar="FILE...")]
Kind = Literal["request", "signal", "outcome", "change", "eval", "label", "consent"]
Format = Annotated[str, typer.Option("--format", help="Input format, a file in collector/formats.")]
KindOption = Annotated[
    Kind | None, typer.Option("--kind", help="What records are that don't say it.")
]

FromDay = Annotated[
    str | None, typer.Option("--from", metavar="DATE", help="First day whose events are stored.")
]
ToDay = Annotated[
    str | None, typer.Option("--to", metavar="DATE", help="First day whose events are not stored.")
]


def run(context: typer.Context) -> None:
    """Run the daemon: Kafka in, jobs, API on loopback. SIGTERM stops it.

    Example: decayd --config config.toml run
    """
    from decayd.daemon import Daemon

    if not Daemon(state(context).loaded.settings, SystemClock()).run():
        os._exit(0)  # a job outlived the deadline; every job can be run again


def once(context: typer.Context, as_json: Json = False) -> None:
    """Drain Kafka, run the jobs that are due, exit.

    Example: decayd once
    """
    from decayd.batch import drain_and_run

    totals = drain_and_run(state(context).loaded.settings, SystemClock())
    emit(totals, as_json=as_json, text=_sum_up(totals))


def ingest(
    context: typer.Context,
    files: Files,
    fmt: Format = "native",
    kind: KindOption = None,
    as_json: Json = False,
) -> None:
    """Back-fill files through the same path as Kafka records; twice changes nothing.

    Example: decayd ingest requests.jsonl.gz signals.jsonl outcomes.jsonl
    """
    from decayd.batch import ingest as ingest_files
    from decayd.cli.client import ask, running

    settings = state(context).loaded.settings
    daemon = running(settings.store.path)
    if daemon:
        paths = [str(path.resolve()) for path in files]
        totals: dict[str, Any] = ask(daemon, "ingest", {"files": paths, "fmt": fmt, "kind": kind})
    else:
        with progress("ingest") as show:
            totals = ingest_files(files, settings, SystemClock(), fmt=fmt, kind=kind, progress=show)
    emit(totals, as_json=as_json, text=_sum_up(totals))


def replay(
    context: typer.Context,
    files: Files,
    fmt: Format = "native",
    kind: KindOption = None,
    first_day: FromDay = None,
    end_day: ToDay = None,
    as_json: Json = False,
) -> None:
    """Ingest files and run every job at its event time, as the live daemon would have.

    --from and --to are days that begin at midnight in report.timezone. Only events with a time from
    the first (included) to the second (not included) are stored. Earlier ones are left out, so that
    a baseline must be in the store already or come within the range; later ones only tell that the
    range is over, so that its last day and week close.

    Example: decayd --store bug.duckdb replay events.jsonl --from 2026-06-01 --to 2026-09-07
    """
    from decayd.batch import days_us
    from decayd.batch import replay as replay_files
    from decayd.cli.client import running

    settings = state(context).loaded.settings
    within_us = days_us(first_day, end_day, settings.report.timezone)
    if running(settings.store.path):
        raise UsageError(
            f"a daemon owns {settings.store.path}", hint="replay into a store of its own: --store"
        )
    with progress("replay") as show:
        totals = replay_files(
            files, settings, SystemClock(), fmt=fmt, kind=kind, progress=show, within_us=within_us
        )
    emit(totals, as_json=as_json, text=_sum_up(totals))


def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for everything.")] = Path("demo"),
    seed: Annotated[int, typer.Option(help="Another seed, another support assistant.")] = 7,
    weeks: Annotated[int, typer.Option(min=8, help="Weeks to simulate.")] = 26,
    scale: Annotated[
        float, typer.Option(min=0.01, help="1 is 1,200 requests a week per feature.")
    ] = 0.3,
) -> None:
    """Simulate 26 weeks of a decaying assistant, report on it, pull a training set.

    Example: decayd demo --out demo
    """
    from decayd.demo.main import Plan, run_demo

    with progress("demo") as show:
        text = run_demo(Plan(out, seed, weeks, scale), SystemClock(), show)
    typer.echo(text)


def register(app: typer.Typer) -> None:
    """Add these commands to the app."""
    for command in (run, once, ingest, replay, demo):
        app.command()(command)


def _sum_up(totals: dict[str, Any]) -> str:
    stored = (
        ", ".join(f"{n:,} {kind}s" for kind, n in totals["n_new"].items() if n) or "nothing new"
    )
    lines = [f"stored: {stored}"]
    for key, words in (("n_duplicates", "known already"), ("n_dead_letters", "dead letters"),
                       ("n_outside", "outside the range, left out")):  # fmt: skip
        if totals.get(key):
            lines.append(f"{words}: {totals[key]:,}")
    if totals.get("n_dead_letters"):
        lines.append("see them: decayd dead-letters list")
    if totals.get("jobs"):
        lines.append("jobs run: " + ", ".join(f"{n} × {job}" for job, n in totals["jobs"].items()))
    lines += [f"failed: {words}" for words in totals.get("failed", ())]
    return "\n".join(lines)
