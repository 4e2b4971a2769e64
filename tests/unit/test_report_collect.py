"""What is collected for a report from a real store, as known at one moment."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from decay_reports import weekly
from decay_reports.facts.report import FeatureFacts, to_json
from decay_reports.layout.rendering import render
from decayd.config import Settings
from store.database import Store
from tests.report_rows import (
    FIRST,
    WEEK,
    close,
    request,
    week_rows,
    write_baseline,
    write_incident,
    write_weeks,
)

STEADY: list[float | None] = [0.70, 0.71, 0.69, 0.70, 0.70, 0.71]


def collected(store: Store, as_of: datetime, settings: Settings) -> FeatureFacts:
    feature = weekly.collect(store, as_of, settings).feature("chat")
    assert feature is not None
    return feature


def configured(settings: Settings, **sections: Any) -> Settings:
    return settings.model_copy(update=sections)


def test_a_steady_feature_names_both_weeks_and_their_figures(
    store: Store, settings: Settings
) -> None:
    as_of = write_weeks(store, STEADY)
    write_baseline(store)

    feature = collected(store, as_of, settings)

    assert (feature.verdict, feature.words) == ("steady", "steady")
    assert (feature.confirmed.week, feature.confirmed.success.value) == (FIRST + 4 * WEEK, 0.70)
    assert (feature.provisional.week, feature.provisional.success.value) == (FIRST + 5 * WEEK, 0.71)
    assert feature.baseline is not None
    assert feature.baseline.success.value == 0.7
    assert feature.infrastructure.state == "green"
    assert feature.infrastructure.latency_p95_before_ms.value == 1900.0
    assert feature.signals.friction_before.n == 4000
    assert feature.methods.arrived_by_day["F0_3"] == 0.8


def test_the_trend_ends_hollow_and_keeps_what_was_printed_first(
    store: Store, settings: Settings
) -> None:
    as_of = write_weeks(store, [0.7, 0.7])
    store.append("weekly_figures", week_rows(FIRST + 2 * WEEK, 0, 0.6))
    store.append("weekly_figures", week_rows(FIRST + 2 * WEEK, 1, 0.65))
    as_of = close(FIRST + 3 * WEEK)
    store.append("weekly_figures", week_rows(FIRST + 3 * WEEK, 0, 0.7))

    points = collected(store, as_of, settings).trend

    assert [point.week for point in points] == [FIRST + WEEK * k for k in range(4)]
    restated = points[2]
    assert restated.success is not None
    assert restated.first is not None
    assert (restated.success.value, restated.first.value, restated.restated) == (0.65, 0.6, True)
    assert points[3].success is None
    assert points[0].restated is False


def test_an_open_incident_is_a_fall_with_its_onset(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, [*STEADY, 0.6, 0.55, 0.52, 0.5])
    write_baseline(store)
    write_incident(store, as_of - WEEK, FIRST + 6 * WEEK)

    facts = weekly.collect(store, as_of, settings)
    feature = facts.features[0]

    assert feature.words == "falling since about 13 Jul 2026"
    assert (feature.incident_id, feature.alarm_day) == ("I-1", (as_of - WEEK).date())
    assert facts.headline.startswith("chat is falling.")


def test_what_became_known_later_changes_nothing(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, STEADY)
    write_baseline(store)
    before = to_json(weekly.collect(store, as_of, settings))

    store.append("weekly_figures", week_rows(FIRST + 5 * WEEK, 1, 0.4))
    store.append("weekly_figures", week_rows(FIRST + 6 * WEEK, 0, 0.3))
    write_incident(store, as_of + WEEK, FIRST + 5 * WEEK)
    store.append("requests", [request(1, as_of - WEEK, available_at=as_of + WEEK)])
    store.append("changes", [change(as_of - WEEK, available_at=as_of + WEEK)])

    assert to_json(weekly.collect(store, as_of, settings)) == before


def change(ts: datetime, **values: Any) -> dict[str, Any]:
    return {
        "event_id": "c", "event_key": 1, "day": ts.date(), "ts": ts, "available_at": ts,
        "duplicate": False, "artifact": "prompt", "name": "p", "from": "v1", "to": "v2",
    } | values  # fmt: skip


def test_the_ledger_holds_the_features_own_changes_and_those_of_all(
    store: Store, settings: Settings
) -> None:
    as_of = write_weeks(store, STEADY)
    onset = FIRST + 4 * WEEK
    write_incident(store, as_of, onset)
    moment = datetime.combine(onset, datetime.min.time())
    store.append("changes", [
        change(moment - timedelta(days=2), feature="chat"),
        change(moment + timedelta(days=1), feature=None, name="gateway"),
        change(moment, feature="other", name="elsewhere"),
    ])  # fmt: skip

    ledger = collected(store, as_of, settings).changes

    assert [(c.name, c.everywhere, c.days_from_onset) for c in ledger] == [
        ("p", False, -2),
        ("gateway", True, 1),
    ]


def test_few_outcomes_are_not_measurable_and_say_why(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, [*STEADY, None, None])
    write_baseline(store)

    feature = collected(store, as_of, settings)

    assert feature.words == "not measurable: too few"
    assert feature.confirmed.success.why_not == "too few"


def test_a_late_outcome_feed_is_told_before_anything_else(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, STEADY[:-1])
    late = "outcomes are late: 3 of 40 expected have arrived"
    details = json.dumps({"own_labels": 3, "withheld": True, "full_week": True})
    rows = week_rows(FIRST + 5 * WEEK, 0, None, why_not=late, details=details)
    store.append("weekly_figures", rows)
    as_of += WEEK

    facts = weekly.collect(store, as_of, settings)

    assert facts.features[0].health.gate_fires
    assert facts.features[0].health.gate_words == late
    assert "headline withheld" in render(facts, "markdown")


def test_slow_answers_turn_the_row_from_green_to_worse(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, STEADY)
    write_baseline(store)
    rows = week_rows(FIRST + 6 * WEEK, 0, 0.7)
    slow = [r | {"value": 4000.0} if r["metric"] == "latency_p95_ms" else r for r in rows]
    store.append("weekly_figures", slow)

    feature = collected(store, as_of + WEEK, settings)

    assert feature.infrastructure.state == "worse"


def test_a_feature_in_its_first_week_has_nothing_to_compare_with(
    store: Store, settings: Settings
) -> None:
    as_of = write_weeks(store, [0.7])

    feature = collected(store, as_of, settings)

    assert feature.verdict == "learning"
    assert feature.infrastructure.state == "unknown"
    assert feature.signals.friction_before.value is None


def test_a_feature_that_fell_silent_leaves_the_report(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, [0.7])

    assert weekly.collect(store, as_of + 9 * WEEK, settings).features == ()


def test_the_newest_version_of_a_set_is_ready_with_its_command(
    store: Store, settings: Settings
) -> None:
    as_of = write_weeks(store, STEADY)
    store.append("datasets", [
        dataset("fixes", "0.1.0", as_of - WEEK), dataset("fixes", "0.2.0", as_of),
        dataset("fixes", "0.3.0", as_of + WEEK), dataset("others", "0.1.0", as_of, ["other"]),
        dataset("gone", "0.1.0", as_of - WEEK),
        dataset("gone", "0.1.0", as_of) | {"state": "withdrawn"},
    ])  # fmt: skip

    (ready,) = collected(store, as_of, settings).datasets

    assert ready.command == "decayd datasets pull fixes@0.2.0 --candidate --format trl-sft -o DIR"
    assert (ready.n_rows, ready.n_failures, ready.weeks) == (12, 40, 8)
    assert [(r.name, r.n, r.next_step) for r in ready.rejects] == [
        ("no consent", 28, "set features.chat.lawful_basis")
    ]


def dataset(
    name: str, version: str, as_of: datetime, features: list[str] | None = None
) -> dict[str, Any]:
    manifest = {
        "config": {"features": ["chat"] if features is None else features, "weeks": 8},
        "counts": {"failures": 40, "failures_by_type": {"unknown": 40}, "by_failure_type": {}},
        "rejects": [
            {"n": 28, "words": "no consent", "change": "set features.FEATURE.lawful_basis"}
        ],
    }
    return {
        "name": name, "version": version, "state": "candidate", "as_of": as_of,
        "manifest_sha256": "", "manifest": json.dumps(manifest), "n_rows": 12,
    }  # fmt: skip


def test_examples_of_a_new_topic_are_masked_and_the_size_is_the_last_weeks(
    store: Store, settings: Settings
) -> None:
    as_of = write_weeks(store, STEADY)
    week = FIRST + 5 * WEEK
    store.append("topics", [{
        "feature": "chat", "topic_id": "n1", "version": 1, "model_id": "m", "as_of": as_of,
        "label": "pay by\u202e link", "words": ["pay"], "centroid": [1.0], "reference_share": 0.0,
        "examples": ["write to ann@example.org", "call +49 30 1234567", "pay", "a fourth"],
        "first_week": week, "state": "emerging",
    }])  # fmt: skip
    share = week_rows(week, 0, None)[0] | {
        "metric": "topic_share", "cell": "topic=n1", "n": 1000, "total": 71.0, "value": 0.071,
        "low": 0.06, "high": 0.08, "why_not": "",
    }  # fmt: skip
    store.append("weekly_figures", [share])

    (topic,) = collected(store, as_of, settings).emerged

    assert topic.examples == ("write to [EMAIL]", "call [PHONE]", "pay")
    assert (topic.label, topic.n, topic.share_now.value) == ("pay by link", 71, 0.071)


def test_failed_requests_are_counted_by_what_says_so(store: Store, settings: Settings) -> None:
    as_of = write_weeks(store, STEADY)
    ts = as_of - timedelta(days=3)
    store.append("requests", [request(number, ts) for number in (1, 2, 3, 4)])
    store.append("outcomes", [
        {**_about(1, ts), "outcome": "ticket", "success": False},
        {**_about(2, ts), "outcome": "resolved", "success": True},
    ])  # fmt: skip
    store.append("signals", [{**_about(3, ts), "signal": "thumbs_down"}])

    failed = collected(store, as_of, settings).failures

    counts = {count.name: count.n for count in failed}
    assert counts == {"the outcome says so": 1, "only signals say so": 1}


def _about(key: int, ts: datetime) -> dict[str, Any]:
    return {
        "event_id": f"e{key}", "event_key": key, "day": ts.date(), "ts": ts, "available_at": ts,
        "duplicate": False, "request_id": f"r{key}", "request_key": key,
    }  # fmt: skip


def test_the_weeks_intake_counts_events_gaps_and_dead_letters(
    store: Store, settings: Settings
) -> None:
    as_of = write_weeks(store, STEADY)
    ts = as_of - timedelta(hours=5)
    store.append("requests", [request(1, ts), request(2, ts - 2 * WEEK)])
    store.append("dead_letters", [
        {"dead_letter_id": 1, "reason": "invalid", "available_at": ts, "state": "new"},
        {"dead_letter_id": 2, "reason": "invalid", "available_at": ts - WEEK, "state": "new"},
    ])  # fmt: skip
    store.append("gaps", [{"topic": "t", "partition": 0, "available_at": ts, "reason": "expired"}])

    intake = weekly.collect(store, as_of, settings).intake

    assert (intake.n_requests, intake.n_gaps, intake.n_dead_letters) == (1, 1, 1)
    assert intake.newest_event == ts


def test_fields_that_nobody_sends_are_named_with_what_they_unlock(
    store: Store, settings: Settings
) -> None:
    as_of = write_weeks(store, STEADY)
    ts = as_of - timedelta(hours=5)
    store.append("requests", [request(n, ts, user_id=None, region="eu") for n in (1, 2, 3)])

    said = collected(store, as_of, settings).not_measured

    assert any("`user_id` absent in 100% of requests" in line for line in said)
    assert not any("region" in line for line in said)


def test_names_from_events_are_cleaned_before_they_are_kept(
    store: Store, settings: Settings
) -> None:
    rows = [row | {"feature": "chat\u202e\x07\nbot"} for row in week_rows(FIRST, 0, 0.7)]
    store.append("weekly_figures", rows)

    facts = weekly.collect(store, close(FIRST), settings)

    assert [feature.name for feature in facts.features] == ["chat bot"]


@pytest.mark.parametrize(
    ("zone", "as_of", "week"),
    [
        ("UTC", datetime(2026, 6, 8), date(2026, 6, 1)),  # noqa: DTZ001
        ("Europe/Berlin", datetime(2026, 6, 7, 22), date(2026, 6, 1)),  # noqa: DTZ001
    ],
)
def test_the_week_is_that_of_the_reports_time_zone(
    store: Store, settings: Settings, zone: str, as_of: datetime, week: date
) -> None:
    local = configured(settings, report=settings.report.model_copy(update={"timezone": zone}))

    facts = weekly.collect(store, as_of, local)

    assert (facts.week, facts.confirmed_week) == (week, week - WEEK)
