"""Runs the topics job over a stream as a user gets it: a real store, every week at its close."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.drift.data import Cache, distinct
from benchmarks.drift.scenarios import BASELINE_WEEKS, EMERGED, FOUR_WEEKS, KINDS, ONSET
from benchmarks.drift.streams import Stream
from decayd.config import Settings, StoreSettings
from decayd.results import Finding
from drift.run import run
from drift.state import load_past
from drift.topics import Centroids
from store.database import Store
from store.findings import findings_at
from tests.topic_streams import FEATURE, START, WEEK_S, close, row, store_vectors

_EVERYTHING = 1_000_000  # rows


@dataclass(frozen=True)
class Alarm:
    """A finding as it was when it was new or came back."""

    week: int
    finding: Finding


@dataclass(frozen=True)
class Course:
    """What decayd said about a stream.

    `weekly` are the requests of each emerged topic by week, as placed at that week's close; `later`
    are the first emerged topic's four weeks after it was found, from its first week on. `cpu_s` are
    the job's CPU seconds at each close after the baseline.
    """

    stream: Stream
    alarms: tuple[Alarm, ...]
    weekly: dict[int, dict[str, frozenset[str]]]
    later: frozenset[str]
    cpu_s: tuple[float, ...]
    frozen: Centroids


def request_ids(stream: Stream, first: int, last: int) -> frozenset[str]:
    """Return the ids of the planted requests of weeks `first` to `last`."""
    return frozenset(
        _request_id(week, n)
        for week in range(first, last + 1)
        for n, query in enumerate(stream.weeks[week - 1])
        if query.planted
    )


def first_emerged(alarms: Sequence[Alarm]) -> Alarm | None:
    """Return the first finding of an emerged topic from the beginning of the drift on."""
    later = (each for each in alarms if each.week >= ONSET and each.finding.kind in EMERGED)
    return next(later, None)


def first_week(alarm: Alarm) -> int:
    """Return the number, from 1, of the first week that the finding's topic was seen in."""
    day = date.fromisoformat(alarm.finding.details["first_week"])
    return (day - START.date()).days // 7 + 1


def replay(stream: Stream, cache: Cache) -> Course:
    """Fill a store with a stream and run the job at every close."""
    with TemporaryDirectory(prefix="decayd-") as folder:
        path = Path(folder) / "stream.duckdb"
        with Store.open(StoreSettings(path=path, threads=1)) as store:
            store.set_info(first_live_at=START.isoformat())
            _fill(store, stream, cache)
            return _course(store, stream)


def _fill(store: Store, stream: Stream, cache: Cache) -> None:
    texts = distinct(stream)
    store_vectors(store, texts, cache.of(texts))
    for week, queries in enumerate(stream.weeks, start=1):
        step = WEEK_S / len(queries)
        rows = [
            row(
                _request_id(week, n),
                close(week - 1) + timedelta(seconds=int(n * step)),
                query.text,
                user_id=query.user,
            )
            for n, query in enumerate(queries)
        ]
        store.append("requests", rows)


def _course(store: Store, stream: Stream) -> Course:
    settings, n_weeks, cpu_s = Settings(), len(stream.weeks), []
    alarms: list[Alarm] = []
    states: dict[str, str] = {}
    for week in range(1, n_weeks + 1):
        began = time.process_time()
        run(store, close(week), settings)
        cpu_s.append(time.process_time() - began)
        for finding in findings_at(store, close(week)):
            known = states.get(finding.finding_id)
            if finding.kind in KINDS and finding.state == "open" and known != "open":
                alarms.append(Alarm(week, finding))
            states[finding.finding_id] = finding.state
    weekly, later = {}, frozenset[str]()
    found = first_emerged(alarms)
    if found is not None and stream.scenario.plant == "new":
        since, until = first_week(found), min(found.week + FOUR_WEEKS, n_weeks)
        later = _members(store, found.finding.topic_id, since, until)
        weekly = {week: _weekly(store, alarms, week) for week in range(found.week, n_weeks + 1)}
    frozen = load_past(store, FEATURE, close(n_weeks)).centroids(frozen=True)
    return Course(stream, tuple(alarms), weekly, later, tuple(cpu_s[BASELINE_WEEKS:]), frozen)


def _weekly(store: Store, alarms: Sequence[Alarm], week: int) -> dict[str, frozenset[str]]:
    """Return the requests of a week by emerged topic, as placed at its close."""
    names = {a.finding.topic_id for a in alarms if a.week <= week and a.finding.kind in EMERGED}
    return {str(name): _members(store, name, week, week) for name in sorted(map(str, names))}


def _members(store: Store, topic_id: str | None, since: int, until: int) -> frozenset[str]:
    """Return a topic's requests of weeks `since` to `until`, as placed at the last one's close."""
    rows = store.rows(
        "topic_members",
        feature=FEATURE,
        as_of=close(until),
        topic_id=topic_id,
        since=close(since - 1),
        rows=_EVERYTHING,
    )
    return frozenset(row["request_id"] for row in rows)


def _request_id(week: int, n: int) -> str:
    return f"r{week}-{n}"
