"""When jobs are due, and that one that fails or a crash in the middle loses nothing."""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from decayd import jobs
from decayd.clock import ManualClock
from decayd.config import Settings
from decayd.errors import ModelMissing, StoreUnavailable
from decayd.jobs import CLOSE, JOBS, Job, JobRun, check_requirements, due, run_due
from decayd.metrics import Metrics
from store.database import Store

# Naive UTC times, like the store's; 5 October 2026 is a Monday.
MODULE = """
def run(store, as_of, settings):
    if as_of.day == {bad_day}:
        raise {error}
    return {{"as_of": as_of.isoformat()}}
"""
Traffic = Callable[..., None]


def time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def days(closes: list[datetime]) -> list[str]:
    return [close.isoformat(" ", "minutes") for close in closes]


@pytest.fixture
def traffic(store: Store) -> Traffic:
    """One request a day from `first` on, and where the watermark and the live traffic stand."""

    def fill(first: str, watermark: str, live: str | None = None) -> None:
        at = time(first)
        while at <= time(watermark):
            store.append("requests", [{"ts": at, "available_at": at}])
            at += timedelta(days=1)
        store.set_info(watermark=watermark, **({"first_live_at": live} if live else {}))

    return fill


@pytest.fixture
def two_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Traffic]:
    """A daily and a weekly job of our own; the daily one fails on one day of the month."""

    def write(bad_day: int = 0, error: str = "ValueError('no good')") -> None:
        (tmp_path / "daily_of_test.py").write_text(MODULE.format(bad_day=bad_day, error=error))
        (tmp_path / "weekly_of_test.py").write_text(MODULE.format(bad_day=0, error="KeyError"))

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(jobs, "JOBS", (
        Job("daily", "day", "daily_of_test", "counts"), Job("weekly", "week", "weekly_of_test", "")
    ))  # fmt: skip
    yield write
    for name in ("daily_of_test", "weekly_of_test"):
        sys.modules.pop(name, None)


def run(store: Store, settings: Settings, clock: ManualClock) -> list[tuple[str, str, str]]:
    return [(r.job, f"{r.as_of:%d %b}", r.state) for r in run_due(store, settings, clock)]


def test_nothing_is_due_in_an_empty_store(store: Store) -> None:
    assert due(store, "UTC") == []


def test_nothing_is_due_before_anything_closed(store: Store, traffic: Traffic) -> None:
    traffic("2026-10-05 09:00", "2026-10-05 23:00", live="2026-10-05 09:00")
    assert due(store, "UTC") == []


def test_without_requests_nothing_is_due(store: Store) -> None:
    store.set_info(watermark="2026-10-20T00:00:00", first_live_at="2026-10-01T00:00:00")
    assert due(store, "UTC") == []


def test_live_days_are_due_once_the_watermark_has_passed_them(
    store: Store, traffic: Traffic
) -> None:
    traffic("2026-10-09 09:00", "2026-10-12 00:00", live="2026-10-09 09:00")
    assert days(due(store, "UTC")) == ["2026-10-10 00:00", "2026-10-11 00:00"]
    store.set_info(watermark="2026-10-12T00:00:00.000001")
    assert days(due(store, "UTC"))[-1] == "2026-10-12 00:00"


def test_a_back_fill_is_run_once_at_its_last_week_close(store: Store, traffic: Traffic) -> None:
    traffic("2026-09-01 09:00", "2026-10-08 09:00")
    assert days(due(store, "UTC")) == ["2026-10-05 00:00"]


def test_a_back_fill_without_a_whole_week_waits(store: Store, traffic: Traffic) -> None:
    traffic("2026-10-06 09:00", "2026-10-09 09:00")
    assert due(store, "UTC") == []


def test_live_days_follow_the_back_fill(store: Store, traffic: Traffic) -> None:
    traffic("2026-09-01 09:00", "2026-10-10 09:00", live="2026-10-07 09:00")
    assert days(due(store, "UTC")) == [
        "2026-10-05 00:00",
        "2026-10-08 00:00",
        "2026-10-09 00:00",
        "2026-10-10 00:00",
    ]


def test_days_start_in_the_time_zone_of_the_report(store: Store, traffic: Traffic) -> None:
    traffic("2026-10-09 09:00", "2026-10-11 09:00", live="2026-10-09 09:00")
    assert days(due(store, "Asia/Kolkata")) == ["2026-10-09 18:30", "2026-10-10 18:30"]


@pytest.mark.parametrize(
    ("timezone", "first", "watermark", "closes"),
    [
        ("Europe/Berlin", "2026-10-24 09:00", "2026-10-27 09:00", "24 22:00, 25 23:00, 26 23:00"),
        ("Europe/Berlin", "2026-03-28 09:00", "2026-03-31 09:00", "28 23:00, 29 22:00, 30 22:00"),
        ("Africa/Cairo", "2026-04-23 09:00", "2026-04-26 09:00", "23 22:00, 24 21:00, 25 21:00"),
        (
            "America/Santiago",
            "2026-04-03 09:00",
            "2026-04-06 09:00",
            "04 03:00, 05 04:00, 06 04:00",
        ),
    ],
)
def test_every_day_closes_once_when_the_clocks_change(
    store: Store, traffic: Traffic, timezone: str, first: str, watermark: str, closes: str
) -> None:
    traffic(first, watermark, live=first)
    assert ", ".join(f"{close:%d %H:%M}" for close in due(store, timezone)) == closes


def test_a_long_silence_is_skipped(store: Store, traffic: Traffic) -> None:
    traffic("1970-01-02 09:00", "1970-01-03 09:00")
    traffic("2026-10-09 09:00", "2026-10-10 09:00", live="1970-01-02 09:00")
    found = due(store, "UTC")
    assert len(found) < 50
    assert days(found)[-1] == "2026-10-10 00:00"


def test_weekly_jobs_run_when_a_week_closes(
    store: Store, settings: Settings, clock: ManualClock, traffic: Traffic, two_jobs: Traffic
) -> None:
    two_jobs()
    traffic("2026-10-10 09:00", "2026-10-13 09:00", live="2026-10-10 09:00")
    assert run(store, settings, clock) == [
        ("daily", "11 Oct", "done"),
        ("daily", "12 Oct", "done"),
        ("weekly", "12 Oct", "done"),
        ("daily", "13 Oct", "done"),
    ]
    assert run(store, settings, clock) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("ValueError('no good')", "ValueError: no good"),
        ("__import__('decayd.errors').errors.UsageError('gone', hint='look')", "gone"),
    ],
)
def test_a_job_that_fails_is_recorded_and_the_others_go_on(
    store: Store, settings: Settings, clock: ManualClock, two_jobs: Traffic, error: str, said: str
) -> None:
    two_jobs(bad_day=12, error=error)
    for day in (10, 11, 12, 13):
        at = datetime(2026, 10, day, 9)  # noqa: DTZ001
        store.append("requests", [{"ts": at, "available_at": at}])
    store.set_info(watermark="2026-10-13 09:00", first_live_at="2026-10-10 09:00")
    states = run(store, settings, clock)
    assert ("daily", "12 Oct", "failed") in states
    assert ("weekly", "12 Oct", "done") in states
    assert ("daily", "13 Oct", "done") in states
    with store.transaction() as tx:
        failed = tx.query("SELECT job, details FROM job_runs WHERE state = 'failed'")
    assert [(job, json.loads(details)["error"]) for job, details in failed] == [("daily", said)]


def test_a_crash_between_two_jobs_runs_the_day_again(
    store: Store, settings: Settings, clock: ManualClock, traffic: Traffic, two_jobs: Traffic
) -> None:
    two_jobs()
    traffic("2026-10-10 09:00", "2026-10-13 09:00", live="2026-10-10 09:00")
    broken_off = run_due(store, settings, clock)
    assert [next(broken_off).job for _ in range(2)] == ["daily", "daily"]
    del broken_off
    assert run(store, settings, clock)[:2] == [
        ("daily", "12 Oct", "done"),
        ("weekly", "12 Oct", "done"),
    ]


def test_runs_are_recorded_with_their_times_and_results(
    store: Store, settings: Settings, clock: ManualClock, traffic: Traffic, two_jobs: Traffic
) -> None:
    two_jobs()
    metrics = Metrics()
    traffic("2026-10-10 09:00", "2026-10-11 09:00", live="2026-10-10 09:00")
    found = list(run_due(store, settings, clock, metrics))
    as_of = time("2026-10-11")
    assert found == [JobRun("daily", as_of, "done", 0.0, {"as_of": as_of.isoformat()})]
    row = store.rows("job_last_runs")[0]
    assert (row["job"], row["as_of"], row["state"], row["n_runs"]) == ("daily", as_of, "done", 1)
    assert row["finished_at"] == clock.now().replace(tzinfo=None)
    assert b'decayd_job_duration_seconds{job="daily"} 0.0' in metrics.text()
    assert store.rows("job_span", close=CLOSE)[0]["last_close"] == as_of


def test_every_job_of_the_table_is_a_module_with_a_run() -> None:
    import importlib

    names = [job.name for job in JOBS]
    assert len(set(names)) == len(names)
    for job in JOBS:
        assert callable(importlib.import_module(job.module).run)
        assert job.answers


def test_a_missing_model_stops_before_anything_runs(settings: Settings) -> None:
    wanted: dict[str, Any] = settings.model_dump() | {"topics": {"model": "no-such-model"}}
    with pytest.raises(ModelMissing, match="no-such-model"):
        check_requirements(Settings.model_validate(wanted))


WAITS = """
import threading
next_day = threading.Event()

def run(store, as_of, settings):
    return {"waited": next_day.wait(30)}
"""
LETS_GO = """
import weekly_of_test

def run(store, as_of, settings):
    if as_of.day == 13:
        weekly_of_test.next_day.set()
    return {}
"""
BREAKS = """
from decayd.errors import StoreUnavailable

def run(store, as_of, settings):
    raise StoreUnavailable("disk")
"""


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, two_jobs: Traffic) -> Traffic:
    """A weekly job of our own that runs beside the daily one of later days."""

    def write(weekly: str, daily: str) -> None:
        (tmp_path / "weekly_of_test.py").write_text(weekly)
        (tmp_path / "daily_of_test.py").write_text(daily)

    two_jobs()
    monkeypatch.setattr(jobs, "JOBS", (
        Job("daily", "day", "daily_of_test", ""),
        Job("weekly", "week", "weekly_of_test", "", beside=True),
    ))  # fmt: skip
    return write


def test_the_jobs_of_the_next_day_run_while_one_runs_beside_them(
    store: Store, settings: Settings, clock: ManualClock, traffic: Traffic, beside: Traffic
) -> None:
    beside(WAITS, LETS_GO)
    traffic("2026-10-11 09:00", "2026-10-14 09:00", live="2026-10-11 09:00")
    runs = {(run.job, run.as_of.day): run for run in run_due(store, settings, clock)}
    assert runs["weekly", 12].details == {"waited": True}
    assert set(runs) == {("daily", 12), ("daily", 13), ("daily", 14), ("weekly", 12)}
    assert due(store, "UTC") == []


def test_a_close_counts_only_once_what_runs_beside_it_is_done(
    store: Store, settings: Settings, clock: ManualClock, traffic: Traffic, beside: Traffic
) -> None:
    beside(BREAKS, "def run(*_):\n    return {}\n")
    traffic("2026-10-11 09:00", "2026-10-14 09:00", live="2026-10-11 09:00")
    with pytest.raises(StoreUnavailable):
        list(run_due(store, settings, clock))
    assert days(due(store, "UTC"))[0] == "2026-10-12 00:00"
