"""Everything the weekly report reads, loaded once as known at one moment."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from decay_reports.facts import asked_rows
from decay_reports.facts.asked_rows import AskedRows
from decay_reports.facts.system import NOTHING
from decayd.config import Settings
from decayd.results import Estimate, Finding
from decayd.weeks import WEEK, week_bounds, week_of
from store.database import Store
from store.findings import findings_at

TREND_WEEKS = 26
FAILURE_WEEKS = 4
_SILENT_AFTER = 8 * WEEK  # a feature without traffic for so long is left out
EVERYTHING = ""  # the feature of figures that belong to no single one

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Material:
    """Rows of the store, grouped by feature; `week` is the newest closed one."""

    as_of: datetime
    settings: Settings
    week: date
    figures: Mapping[str, Mapping[tuple[date, str], Mapping[int, Row]]]
    topics: Mapping[str, Mapping[str, Row]]
    topic_figures: Mapping[tuple[date, str, str, str], Row]
    asked: Mapping[str, AskedRows]
    failures: Mapping[str, Row]
    absent: Mapping[str, Row]
    changes: tuple[Row, ...]
    datasets: tuple[Row, ...]
    findings: tuple[Finding, ...]
    findings_since: Mapping[str, date]
    acknowledged: frozenset[str]

    @property
    def confirmed_week(self) -> date:
        """Return the week that verdicts rest on."""
        return self.week - WEEK

    @property
    def features(self) -> list[str]:
        """List the features with traffic in the last weeks, by name."""
        return sorted(
            feature
            for feature, weeks in self.figures.items()
            if feature != EVERYTHING and max(week for week, _ in weeks) > self.week - _SILENT_AFTER
        )

    def lags(self, feature: str, week: date, metric: str) -> Mapping[int, Row]:
        """Return a metric's figures of a week by lag."""
        return self.figures.get(feature, {}).get((week, metric), {})

    def newest(self, feature: str, week: date, metric: str) -> Estimate:
        """Return a metric of a week as it was last figured."""
        by_lag = self.lags(feature, week, metric)
        return estimate(by_lag[max(by_lag)]) if by_lag else NOTHING

    def details(self, feature: str, week: date, metric: str) -> dict[str, Any]:
        """Return the details of a week's newest figure."""
        by_lag = self.lags(feature, week, metric)
        return details(by_lag[max(by_lag)]) if by_lag else {}


def estimate(row: Row) -> Estimate:
    """Return a figure's row as a value."""
    return Estimate(
        row["value"], row["low"], row["high"], row["n"] or 0, row["n_labels"], row["why_not"] or ""
    )


def details(row: Row) -> dict[str, Any]:
    """Return what stands beside a figure."""
    decoded: dict[str, Any] = msgspec.json.decode(row["details"] or "{}")
    return decoded


def newest_close(as_of: datetime, timezone: str) -> datetime:
    """Return the last week's end at or before a moment."""
    return week_bounds(week_of(as_of, timezone), timezone)[0]


def gather(store: Store, as_of: datetime, settings: Settings) -> Material:
    """Read what was known at `as_of`, the end of a week."""
    timezone = settings.report.timezone
    week = week_of(as_of - timedelta(microseconds=1), timezone)
    start = week_bounds(week, timezone)[0]
    trend_start = week - WEEK * (TREND_WEEKS - 1)
    failed_from = week_bounds(week - WEEK * (FAILURE_WEEKS - 1), timezone)[0]
    outcome_values = msgspec.json.encode(settings.outcomes, order="sorted").decode()
    return Material(
        as_of=as_of,
        settings=settings,
        week=week,
        figures=_figures(store, as_of, trend_start),
        topics=_topics(store, as_of),
        topic_figures=_topic_figures(store, as_of, (week, week - WEEK)),
        asked=asked_rows.read(store, as_of, trend_start, timezone),
        failures=_by_feature(
            store.rows(
                "report_failures", as_of=as_of, start=failed_from, outcome_values=outcome_values
            )
        ),
        absent=_by_feature(store.rows("report_absent_fields", as_of=as_of, start=start)),
        changes=tuple(
            store.rows("report_changes", as_of=as_of, since=week_bounds(trend_start, timezone)[0])
        ),
        datasets=tuple(store.rows("report_datasets", as_of=as_of)),
        findings=tuple(findings_at(store, as_of)),
        findings_since={
            row["finding_id"]: row["first_week"]
            for row in store.rows("report_findings_since", as_of=as_of)
        },
        acknowledged=frozenset(
            row["finding_id"] for row in store.rows("report_acknowledged", as_of=as_of)
        ),
    )


def _figures(
    store: Store, as_of: datetime, since: date
) -> dict[str, dict[tuple[date, str], dict[int, Row]]]:
    baselines = store.rows("report_baseline_weeks", as_of=as_of)
    earliest = min([since, *(week for row in baselines for week in row["weeks"])])
    grouped: dict[str, dict[tuple[date, str], dict[int, Row]]] = defaultdict(dict)
    for row in store.rows("report_figures", as_of=as_of, since=earliest):
        of_feature = grouped[row["feature"]]
        of_feature.setdefault((row["week"], row["metric"]), {})[row["lag"]] = row
    return grouped


def _topics(store: Store, as_of: datetime) -> dict[str, dict[str, Row]]:
    grouped: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in store.rows("topics_list", feature="", as_of=as_of):
        grouped[row["feature"]][row["topic_id"]] = row
    return grouped


def _topic_figures(
    store: Store, as_of: datetime, weeks: tuple[date, ...]
) -> dict[tuple[date, str, str, str], Row]:
    return {
        (week, row["feature"], row["metric"], row["topic_id"]): row
        for week in weeks
        for row in store.rows("report_topic_figures", as_of=as_of, week=week)
    }


def _by_feature(rows: list[dict[str, Any]]) -> dict[str, Row]:
    return {row["feature"]: row for row in rows}
