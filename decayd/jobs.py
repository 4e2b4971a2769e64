"""The job table, and the one runner that live, `once` and `replay` share.

A job is a function of (store, as_of). An `as_of` is the end of a day or week in the report's time
zone; it is due once the watermark has passed it, so wall time never decides what a job sees.
"""

import importlib
import json
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from decayd import log
from decayd.clock import Clock
from decayd.config import Settings
from decayd.errors import DecaydError, StoreUnavailable
from decayd.metrics import Metrics
from decayd.weeks import closes_week, day_closes
from store.database import Store

_log = log.get("jobs")
QUIET = timedelta(days=42)  # the longest look back of a job: lag 4, a pooled week, and a margin
CLOSE = "close"  # marks in `job_runs` that every job of an as_of has had its turn


class Job(msgspec.Struct, frozen=True):
    """One row of the job table; jobs of later days may run while one that is `beside` does."""

    name: str
    every: Literal["day", "week"]
    module: str
    answers: str
    beside: bool = False

    def run(self, store: Store, as_of: datetime, settings: Settings) -> dict[str, Any]:
        """Import the job's module and run it."""
        work: Callable[..., dict[str, Any]] = importlib.import_module(self.module).run
        return work(store, as_of, settings)


JOBS = (
    Job("duplicates", "day", "collector.duplicates", "marks an event id that came on two days"),
    Job("schema_change", "day", "collector.schema_change", "says when many records can't be read"),
    Job("derive", "day", "collector.derive", "finds retries and abandoned sessions"),
    Job("topics", "week", "drift.run", "embeds queries, assigns topics, scans for new ones"),
    Job("rephrase", "week", "drift.rephrase", "finds questions asked again in other words"),
    Job("figures", "week", "decay_reports.run", "success, satisfaction, friction, alarms"),
    Job(
        "parts", "week", "decay_reports.part_run", "says when a segment fell or a version is worse"
    ),
    Job("aspects", "week", "decay_reports.aspects_run", "routes, regions, components and the like"),
    Job(
        "changes",
        "day",
        "decay_reports.change_run",
        "says when signals moved after a change",
    ),
    Job("datasets", "week", "training_sets.run", "builds the configured training sets"),
    Job("report", "week", "decay_reports.weekly", "keeps the facts of the weekly report"),
    Job("pages", "week", "decay_reports.pages", "writes the report's files", beside=True),
)


class JobRun(msgspec.Struct, frozen=True):
    """What one run of a job did."""

    job: str
    as_of: datetime
    state: Literal["done", "failed"]
    seconds: float
    details: dict[str, Any]


def run_due(
    store: Store, settings: Settings, clock: Clock, metrics: Metrics | None = None
) -> Iterator[JobRun]:
    """Run every job whose as_of the watermark has passed, oldest first.

    Weeks before the first live record are back-filled: they are run once, at their last close.
    A job that fails is logged and recorded; the others go on, and nothing is lost. The runs of an
    as_of are recorded together once all of its jobs had their turn; broken off, it is run again.

    Raises
    ------
    StoreUnavailable
        When the disk is full or fails: no job of this as_of counts as run, so all are run again.
    """
    context = (settings, clock)
    with ThreadPoolExecutor(1) as beside:
        open_: deque[_Close] = deque()
        for as_of in due(store, settings.report.timezone):
            close = _Close(as_of)
            open_.append(close)
            for job in JOBS:
                if job.every == "week" and not closes_week(as_of, settings.report.timezone):
                    continue
                if job.beside:
                    close.beside.append(beside.submit(_run, job, store, as_of, context))
                else:
                    yield close.ran(_run(job, store, as_of, context), clock, metrics)
            while open_ and open_[0].is_done:
                yield from open_.popleft().finish(store, clock, metrics)
        while open_:
            yield from open_.popleft().finish(store, clock, metrics)


@dataclass(frozen=True)
class _Close:
    """The jobs of one as_of: the rows of those that ran, and those that run beside later ones."""

    as_of: datetime
    rows: list[dict[str, Any]] = field(default_factory=list)
    beside: list[Future[JobRun]] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        """Tell whether nothing has to be waited for."""
        return all(future.done() for future in self.beside)

    def ran(self, run: JobRun, clock: Clock, metrics: Metrics | None) -> JobRun:
        """Take down a run."""
        if metrics:
            metrics.job_seconds.labels(run.job).set(run.seconds)
        self.rows.append(_row(run, clock.now()))
        return run

    def finish(self, store: Store, clock: Clock, metrics: Metrics | None) -> Iterator[JobRun]:
        """Wait for what runs beside, and record that every job had its turn."""
        for future in self.beside:
            yield self.ran(future.result(), clock, metrics)
        closed = JobRun(CLOSE, self.as_of, "done", 0.0, {})
        store.append("job_runs", [*self.rows, _row(closed, clock.now())])


def due(store: Store, timezone: str) -> list[datetime]:
    """List the closes that the watermark has passed and that no run has dealt with."""
    span = store.rows("job_span", close=CLOSE)[0]
    if span["first_ts"] is None or span["watermark"] is None:
        return []
    after = span["last_close"] or span["first_ts"]
    closes = list(day_closes(after, span["watermark"], timezone))
    live_from = span["first_live_at"] or span["watermark"]
    filled_in = [c for c in closes if c <= live_from and closes_week(c, timezone)]
    live = [c for c in closes if live_from < c < span["watermark"]]
    return filled_in[-1:] + _busy(store, live)


def _busy(store: Store, closes: list[datetime]) -> list[datetime]:
    """Leave out closes after long silence: one record of 1970 must not run 20,000 days of jobs."""
    if not closes:
        return []
    days = [row["day"] for row in store.rows("job_active_days", since=closes[0] - QUIET)]
    kept = []
    for close in closes:
        nearest = bisect_right(days, close.date()) - 1
        if nearest >= 0 and close.date() - days[nearest] <= QUIET:
            kept.append(close)
    return kept


def check_requirements(settings: Settings) -> None:
    """Stop early when a job could not run at all, or somebody could never be told.

    Raises
    ------
    ModelMissing
        When the embedding model is not there.
    ConfigError
        When a target of `[delivery]` lacks what its kind needs.
    """
    from decay_reports.notify.deliver import check_targets
    from drift.model_files import find_model

    find_model(settings.topics.model)
    check_targets(settings)


def _run(job: Job, store: Store, as_of: datetime, context: tuple[Settings, Clock]) -> JobRun:
    settings, clock = context
    began = clock.monotonic()
    try:
        details, state = job.run(store, as_of, settings), "done"
    except StoreUnavailable:
        raise
    except DecaydError as error:
        details, state = {"error": str(error), "hint": error.hint}, "failed"
        _log.error("job failed", job=job.name, as_of=as_of.isoformat(), **details)
    except Exception as error:  # noqa: BLE001 - a job's fault must not stop the daemon
        details, state = {"error": f"{type(error).__name__}: {error}"}, "failed"
        _log.exception("job failed", job=job.name, as_of=as_of.isoformat())
    seconds = clock.monotonic() - began
    run = JobRun(job.name, as_of, "done" if state == "done" else "failed", seconds, details)
    _log.debug("job ran", job=job.name, as_of=as_of.isoformat(), state=state, details=details)
    return run


def _row(run: JobRun, finished: datetime) -> dict[str, Any]:
    finished = finished.astimezone(UTC).replace(tzinfo=None)
    details = json.dumps(run.details | {"seconds": round(run.seconds, 3)}, default=str)
    return {
        "job": run.job,
        "as_of": run.as_of,
        "started_at": finished - timedelta(seconds=run.seconds),
        "finished_at": finished,
        "state": run.state,
        "details": details,
    }
