"""Worlds as events in a store: the same truth in the shapes in which emitters send it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from decay_reports.alarms.verdicts import Verdict, verdict
from decay_reports.figures.frame import DAY_US, SIGNALS
from decay_reports.run import run
from decayd.config import Settings
from decayd.events import Event, ExpectedOutcome, Outcome, Request, Signal
from store.batch import Batch
from store.database import Store
from store.writer import write_batch
from tests.event_rows import PSEUDONYMS, SEEN, rows_of, select
from tests.worlds import MONDAY_US, World

MONDAY = date(2026, 1, 5)


@dataclass(frozen=True)
class Shape:
    """What an emitter sends of a world; outcomes carry `success` unless `names` maps them."""

    feature: str = "assistant"
    users: bool = True
    sessions: bool = True
    signals: bool = True
    by_session: bool = False
    names: tuple[str, str] | None = None  # of a failure and a success, without `success`
    extra: Mapping[str, Any] = field(default_factory=dict)


def close(week: int) -> datetime:
    """Return the end of a week counted from 1 (naive UTC), which closes it."""
    start = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    return start + timedelta(microseconds=MONDAY_US) + timedelta(weeks=week)


def monday(week: int) -> date:
    """Return the Monday of a week counted from 1."""
    return MONDAY + timedelta(weeks=week - 1)


def settings(**sections: Any) -> Settings:
    return Settings.model_validate(sections)


def fill(store: Store, world: World, shape: Shape = Shape(), *, live: bool = True) -> None:
    """Store a world; filled in afterwards unless `live`."""
    events = list(_events(world, shape))
    end_us = MONDAY_US + world.plan.weeks * 7 * DAY_US
    rows = rows_of(events)
    if not live:
        for kind in rows.values():
            kind.available_us[:] = [max(us, end_us) for us in kind.ts_us]
    info = {"first_live_at": close(0).isoformat()} if live else {}
    write_batch(store, Batch(rows=rows, info=info), PSEUDONYMS, SEEN)


def figures(store: Store, metric: str = "success") -> list[dict[str, Any]]:
    """Return every figure of a metric by week, lag and cell, with `week` counted from 1."""
    names = ("week", "lag", "cell", "value", "se", "n", "n_labels", "total", "why_not",
             "pooled_weeks", "back_filled", "details")  # fmt: skip
    rows = select(
        store,
        "SELECT metric, week, lag, cell, value, se, n, n_labels, total, why_not, pooled_weeks,"
        " back_filled, details FROM weekly_figures ORDER BY week, lag, cell",
    )
    found = [dict(zip(names, row[1:], strict=True)) for row in rows if row[0] == metric]
    return [row | {"week": week_number(row["week"])} for row in found]


def headlines(store: Store) -> list[dict[str, Any]]:
    """Return every headline of success by week and lag."""
    return [row for row in figures(store) if not row["cell"]]


def week_number(day: date) -> int:
    """Return the week of a Monday, counted from 1."""
    return (day - MONDAY).days // 7 + 1


def _events(world: World, shape: Shape) -> Iterator[Event]:
    for k in range(len(world.day)):
        yield _request(world, shape, k)
        arrives = world.success[k] or not world.plan.conversions
        if world.expects[k] and arrives:
            yield _outcome(world, shape, k)
        if shape.signals:
            for j in np.flatnonzero(world.signals[k]):
                yield Signal(ts=_ms(world, k, 0.01), signal=SIGNALS[j], request_id=_id(shape, k))


def _request(world: World, shape: Shape, k: int) -> Request:
    expected = None
    if world.plan.conversions and world.expects[k]:
        expected = ExpectedOutcome(kind="converted", window_days=28, silence="failure")
    values: dict[str, Any] = {
        "query": f"question {world.topic[k]}", "response": "answer", "status": "ok",
        "user_id": f"u{world.user[k]}" if shape.users else None,
        "session_id": f"{shape.feature}-s{k}" if shape.sessions else None,
        "latency_ms": 800.0 + k % 100, "expected_outcome": expected,
    } | dict(shape.extra)  # fmt: skip
    return Request(ts=_ms(world, k), request_id=_id(shape, k), feature=shape.feature, **values)


def _outcome(world: World, shape: Shape, k: int) -> Outcome:
    success = bool(world.success[k])
    target: dict[str, Any] = (
        {"session_id": f"{shape.feature}-s{k}"} if shape.by_session
        else {"request_id": _id(shape, k)}
    )  # fmt: skip
    said = {"outcome": "done", "success": success} if shape.names is None else {
        "outcome": shape.names[success]
    }  # fmt: skip
    return Outcome(ts=_ms(world, k, float(world.delay_days[k])), **target, **said)


def _id(shape: Shape, k: int) -> str:
    return f"{shape.feature}-{k}"


def _ms(world: World, k: int, later_days: float = 0.0) -> int:
    return int((MONDAY_US + (world.day[k] + later_days) * DAY_US) // 1000)


def verdicts_by_week(
    store: Store, settings: Settings, feature: str, weeks: int
) -> dict[int, Verdict]:
    """Run the figures at each close of weeks 1 to `weeks`; return what each report would say."""
    verdicts = {}
    for week in range(1, weeks + 1):
        run(store, close(week), settings)
        verdicts[week] = verdict(store, feature, close(week))
    return verdicts
