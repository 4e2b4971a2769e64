"""Runs the real jobs over a simulated feature, week by week, and keeps what they said."""

import importlib
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from benchmarks.decay import storing
from benchmarks.decay.baselines import REFERENCE_WEEKS, Rivals
from benchmarks.decay.said import Explained, Level, Page, Said
from benchmarks.decay.traffic import Traffic
from decay_reports import weekly
from decay_reports.alarms.verdicts import verdict
from decay_reports.causes import attribution
from decay_reports.figures import frame
from decay_reports.figures.frame import Frame
from decayd.config import Settings, StoreSettings
from decayd.jobs import JOBS
from decayd.weeks import day_closes
from store.database import Store

_LEFT_OUT = frozenset({"decay_reports.weekly", "decay_reports.pages"})  # they only tell people
_SETTLED_WEEKS = 6  # after the onset, four weeks at lag 1 lie behind it
_LAGS = 5  # weeks that the rivals look back
_ALL_ARRIVED_WEEKS = 4  # no outcome takes longer
_NO_PAGE = "topic:"  # streams that say what is asked, not how well it is answered


@dataclass
class Course:
    """What decayd and its rivals said about one feature; CPU seconds by what was done."""

    traffic: Traffic
    decayd: Said
    rivals: dict[str, Said]
    cpu_s: dict[str, float] = field(default_factory=dict)


def replay(traffic: Traffic, n_streams: int = 1) -> Course:
    """Store a feature and close its weeks.

    `n_streams` is the number of features that share the budget of false pages: the alarm's
    threshold is that of a store with so many.
    """
    budget = Settings().alarms.false_pages_per_year / n_streams
    settings = Settings.model_validate({"alarms": {"false_pages_per_year": budget}})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "benchmark.duckdb"
        with Store.open(StoreSettings(path=path, threads=1)) as store:
            return _replay(store, traffic, settings)


def _replay(store: Store, traffic: Traffic, settings: Settings) -> Course:
    rivals, explained = Rivals(), Explained()
    cpu_s = dict.fromkeys(("store", "jobs", "attribution", "rivals"), 0.0)
    with _timed(cpu_s, "store"):
        storing.fill(store, traffic)
    verdicts: dict[int, str] = {}
    for week in range(1, traffic.scenario.weeks + 1):
        with _timed(cpu_s, "jobs"):
            _run_jobs(store, week, settings)
        with _timed(cpu_s, "attribution"):
            _explain(store, traffic, week, settings, explained)
        with _timed(cpu_s, "rivals"):
            _ask_rivals(store, traffic, week, settings, rivals)
        verdicts[week] = verdict(store, traffic.feature, storing.close(week)).state
    return Course(traffic, _said(store, traffic, explained, verdicts), rivals.said(), cpu_s)


@contextmanager
def _timed(cpu_s: dict[str, float], name: str) -> Iterator[None]:
    began = time.process_time()
    yield
    cpu_s[name] += time.process_time() - began


def _run_jobs(store: Store, week: int, settings: Settings) -> None:
    """Run every job of decay_reports whose close falls into the week, in the table's order."""
    jobs = [
        job
        for job in JOBS
        if job.module.startswith("decay_reports.") and job.module not in _LEFT_OUT
    ]
    for as_of in _day_ends(week):
        for job in jobs:
            if job.every == "day" or as_of == storing.close(week):
                importlib.import_module(job.module).run(store, as_of, settings)


def _day_ends(week: int) -> list[datetime]:
    """Return the ends of a week's days, the last of which closes the week."""
    return [*day_closes(storing.close(week - 1), storing.close(week), "UTC")][-7:]


def _explain(
    store: Store, traffic: Traffic, week: int, settings: Settings, explained: Explained
) -> None:
    """Take the change apart at the first page after the onset, and once it has settled.

    The report is put together then too: it says which forces may be behind the change.
    """
    scenario = traffic.scenario
    onset_week = int(scenario.onset_day // 7) + 1
    settled = min(onset_week + _SETTLED_WEEKS, scenario.weeks)
    paged = explained.at_page is None and any(
        page.as_of == storing.close(week) and page.as_of > storing.close(onset_week - 1)
        for page in pages(store, traffic.feature)
    )
    if not paged and week != settled:
        return
    found = attribution.explain(store, traffic.feature, storing.close(week), settings)
    if paged:
        explained.at_page = found
    if week == settled:
        explained.settled = found
        (facts,) = weekly.collect(store, storing.close(week), settings).features
        explained.forces = tuple(f.force for f in facts.why.forces if f.state == "for")


def _ask_rivals(
    store: Store, traffic: Traffic, week: int, settings: Settings, rivals: Rivals
) -> None:
    def known(at: int, first: int) -> Frame:
        span = {"start": storing.close(max(first, 0)), "until": storing.close(week)}
        seen = frame.load(store, storing.close(at), settings, features=[traffic.feature], **span)
        return seen.get(traffic.feature, frame.nobody())

    rivals.close(week, known(week, week - _LAGS))
    if week == REFERENCE_WEEKS:
        rivals.learn(known(week + _ALL_ARRIVED_WEEKS, 0))


def _said(store: Store, traffic: Traffic, explained: Explained, verdicts: dict[int, str]) -> Said:
    end = storing.close(traffic.scenario.weeks)
    rows = [
        row
        for row in store.rows("published_weekly_figures", as_of=end)
        if row["feature"] == traffic.feature and not row["cell"]
    ]
    levels = [_level(row) for row in rows if row["metric"] == "success"]
    found = store.rows("findings_list", feature=traffic.feature)
    return Said(
        levels=tuple(levels), pages=tuple(pages(store, traffic.feature)),
        findings=tuple(sorted({(row["kind"], row["first_seen"]) for row in found})),
        explained=explained, verdicts=verdicts,
    )  # fmt: skip


def _level(row: dict[str, Any]) -> Level:
    return Level(
        week=storing.week_number(row["week"]), lag=row["lag"], low=row["low"], high=row["high"],
        pooled_weeks=row["pooled_weeks"] or 1, n_labels=row["n_labels"] or 0,
    )  # fmt: skip


def pages(store: Store, feature: str) -> list[Page]:
    """Return a feature's pages, oldest first: the incidents that its paging streams opened."""
    with store.transaction() as tx:
        rows: list[tuple[str, str, datetime, date]] = tx.query(
            "SELECT feature, stream, as_of, onset FROM incidents WHERE state = 'opened'"
            " ORDER BY as_of, stream"
        )
    return [
        Page(stream, as_of, onset)
        for name, stream, as_of, onset in rows
        if name == feature and not stream.startswith(_NO_PAGE)
    ]
