"""The daemon's work without the daemon: drain and exit, back-fill, replay."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Unpack

import msgspec

from collector.files import FileOptions, Totals, replay_batches
from collector.files import ingest as ingest_files
from decay_reports.notify.deliver import Courier, silence
from decayd.clock import Clock
from decayd.config import Settings
from decayd.errors import UsageError
from decayd.jobs import JobRun, check_requirements, run_due
from decayd.metrics import Metrics
from decayd.weeks import day_start
from store.database import Store
from store.pseudonyms import Pseudonyms


def ingest(
    files: Sequence[Path], settings: Settings, clock: Clock, **how: Unpack[FileOptions]
) -> dict[str, Any]:
    """Back-fill files; no job is run."""
    with Store.open(settings.store) as store:
        pseudonyms = Pseudonyms.for_store(store, settings.privacy)
        return counted(ingest_files(store, files, settings, clock, pseudonyms, **how))


def replay(
    files: Sequence[Path], settings: Settings, clock: Clock, **how: Unpack[FileOptions]
) -> dict[str, Any]:
    """Ingest files and run every job as soon as its as_of is due; nobody is told of it."""
    check_requirements(settings)
    with Store.open(settings.store) as store:
        pseudonyms = Pseudonyms.for_store(store, settings.privacy)
        totals = Totals()
        runs: list[JobRun] = []
        for so_far in replay_batches(store, files, settings, clock, pseudonyms, **how):
            totals = so_far
            runs += run_due(store, settings, clock)
        silence(store, clock)
        store.checkpoint()
        return counted(totals) | sum_up(runs)


def days_us(first: str | None, end: str | None, timezone: str) -> range | None:
    """Return the event times of the days from `first` up to, not including, `end`.

    Parameters
    ----------
    first, end
        Dates such as 2026-10-05; None for no bound.
    timezone
        Where the days begin.

    Returns
    -------
    range or None
        Microseconds since 1970; None when there is no bound.

    Raises
    ------
    UsageError
        When one is no date, or nothing lies between them.

    Examples
    --------
    >>> days_us("1970-01-02", "1970-01-03", "UTC")
    range(86400000000, 172800000000)
    """
    if first is None and end is None:
        return None
    start_us = _ANY.start if first is None else _day_us("--from", first, timezone)
    end_us = _ANY.stop if end is None else _day_us("--to", end, timezone)
    if start_us >= end_us:
        raise UsageError(
            f"--from {first} --to {end} is no time at all", hint="--to must be a later day"
        )
    return range(start_us, end_us)


def _day_us(field: str, text: str, timezone: str) -> int:
    try:
        day = date.fromisoformat(text)
        midnight = day_start(day, timezone).replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{field} {text!r} is no day", hint="such as 2026-10-05") from error
    return (midnight - _EPOCH) // timedelta(microseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ANY = range(-(2**62), 2**62)  # beyond any event's time in microseconds


def drain_and_run(settings: Settings, clock: Clock) -> dict[str, Any]:
    """Read what Kafka holds now, run the jobs that are due, send what is to be told."""
    check_requirements(settings)
    with Store.open(settings.store) as store:
        totals = Totals()
        if settings.kafka.enabled:
            from collector.consumer import Collector

            pseudonyms = Pseudonyms.for_store(store, settings.privacy)
            totals = Collector(store, settings, clock, pseudonyms, Metrics()).drain()
        runs = list(run_due(store, settings, clock))
        delivered = Courier(store, settings, clock).deliver()
        store.checkpoint()
        return counted(totals) | sum_up(runs) | {"delivered": delivered}


def counted(totals: Totals) -> dict[str, Any]:
    """Return what was read as plain values."""
    return dict(msgspec.to_builtins(totals))


def sum_up(runs: Iterable[JobRun]) -> dict[str, Any]:
    """Count job runs by job, and list those that failed."""
    runs = list(runs)
    return {
        "jobs": dict(Counter(run.job for run in runs)),
        "failed": [
            f"{run.job} as of {run.as_of}: {run.details.get('error', '')}"
            for run in runs
            if run.state == "failed"
        ],
    }
