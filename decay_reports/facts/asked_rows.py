"""What the store knows of topics and of the tests for drift, for every feature at once."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec

from decayd.results import Estimate
from decayd.weeks import WEEK, week_bounds, week_of
from drift.coverage import Week, coverage
from drift.state import WeekState
from store.database import Store

Row = Mapping[str, Any]


@dataclass(frozen=True)
class AskedRows:
    """Rows of one feature.

    `states` are oldest first; `weekly` are the figures of a topic's share by topic and week;
    `before` counts the requests of the baseline's weeks by topic; `covered` is by topic the share
    of the newest week's votes that are near an eval item, `""` for topics without any.
    """

    states: tuple[WeekState, ...] = ()
    weekly: Mapping[str, Mapping[date, Row]] = field(default_factory=dict)
    baseline_weeks: tuple[date, ...] = ()
    before: Mapping[str, int] = field(default_factory=dict)
    covered: Mapping[str, Estimate] = field(default_factory=dict)

    @property
    def why_not(self) -> str | None:
        """Say why the newest week was not tested, '' when it was; None: no week was closed."""
        return self.states[-1].why_not if self.states else None


def read(store: Store, as_of: datetime, since: date, timezone: str) -> dict[str, AskedRows]:
    """Read what was known at `as_of` of the weeks from `since` on, by feature."""
    states: dict[str, list[WeekState]] = defaultdict(list)
    for row in store.rows("report_topic_states", as_of=as_of, since=since):
        states[row["feature"]].append(msgspec.json.decode(row["state"], type=WeekState))
    weekly: dict[str, dict[str, dict[date, Row]]] = defaultdict(lambda: defaultdict(dict))
    for row in store.rows("report_topic_weeks", as_of=as_of, since=since):
        weekly[row["feature"]][row["topic_id"]][row["week"]] = row
    accepted = store.rows("report_topic_baselines", as_of=as_of)
    baselines = {row["feature"]: tuple(row["weeks"]) for row in accepted}
    week = week_bounds(week_of(as_of, timezone) - WEEK, timezone)
    covered = {
        row["feature"]: coverage(store, Week(row["feature"], *week, as_of, row["model_id"] or ""))
        for row in accepted
    }
    before = _before(store, as_of, baselines, timezone)
    return {
        name: AskedRows(
            states=tuple(states[name]),
            weekly=weekly[name],
            baseline_weeks=baselines.get(name, ()),
            before=before.get(name, {}),
            covered=covered.get(name, {}),
        )
        for name in sorted({*states, *weekly, *baselines})
    }


def _before(
    store: Store, as_of: datetime, baselines: Mapping[str, tuple[date, ...]], timezone: str
) -> dict[str, dict[str, int]]:
    spans = [
        (name, *week_bounds(week, timezone)) for name, weeks in baselines.items() for week in weeks
    ]
    rows = store.rows(
        "report_topics_before",
        as_of=as_of,
        features=[name for name, _, _ in spans],
        starts=[start for _, start, _ in spans],
        stops=[stop for _, _, stop in spans],
    )
    counted: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows:
        counted[row["feature"]][row["topic_id"]] = row["n"]
    return counted
