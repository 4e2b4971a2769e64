"""The daemon's work without the daemon: drain and exit, back-fill, replay."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from collector.files import FileOptions, Totals, replay_batches
from collector.files import ingest as ingest_files
from decayd.clock import Clock
from decayd.config import Kind, Settings
from decayd.jobs import JobRun, check_requirements, run_due
from decayd.metrics import Metrics
from store.database import Store
from store.pseudonyms import Pseudonyms

Progress = Callable[[float], None]


def options(fmt: str, kind: Kind | None, progress: Progress | None = None) -> FileOptions:
    """Return how files are read; `progress` is called with the share that is read."""
    if progress is None:
        return FileOptions(kind, fmt)
    return FileOptions(kind, fmt, lambda done, total: progress(done / max(total, 1)))


def ingest(
    files: Sequence[Path], settings: Settings, clock: Clock, how: FileOptions
) -> dict[str, Any]:
    """Back-fill files; no job is run."""
    with Store.open(settings.store) as store:
        pseudonyms = Pseudonyms.for_store(store, settings.privacy)
        return ingest_files(store, files, settings, clock, pseudonyms, how).counted()


def replay(
    files: Sequence[Path], settings: Settings, clock: Clock, how: FileOptions
) -> dict[str, Any]:
    """Ingest files and run every job as soon as its as_of is due."""
    check_requirements(settings)
    with Store.open(settings.store) as store:
        pseudonyms = Pseudonyms.for_store(store, settings.privacy)
        totals = Totals()
        runs: list[JobRun] = []
        for so_far in replay_batches(store, files, settings, clock, pseudonyms, how):
            totals = so_far
            runs += run_due(store, settings, clock)
        store.checkpoint()
        return totals.counted() | sum_up(runs)


def drain_and_run(settings: Settings, clock: Clock) -> dict[str, Any]:
    """Read what Kafka holds now, run the jobs that are due."""
    check_requirements(settings)
    with Store.open(settings.store) as store:
        totals = Totals()
        if settings.kafka.enabled:
            from collector.consumer import Collector

            pseudonyms = Pseudonyms.for_store(store, settings.privacy)
            totals = Collector(store, settings, clock, pseudonyms, Metrics()).drain()
        runs = list(run_due(store, settings, clock))
        store.checkpoint()
        return totals.counted() | sum_up(runs)


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
