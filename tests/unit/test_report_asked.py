"""What people ask, collected from a real store: shares, tests, findings, and their words."""

import json
from datetime import datetime, timedelta

import numpy as np
import pytest

from decay_reports import weekly
from decay_reports.facts.asked_facts import AskedFacts, AskedTopic
from decay_reports.layout.rendering import render
from decayd.config import Settings
from decayd.results import Estimate
from decayd.text import text_key
from store.database import Store
from tests.asked_rows import NEWEST, finding, share, success, topic, week_state, write
from tests.report_rows import FIRST, WEEK, close, request, write_baseline, write_weeks
from tests.topic_streams import model_id, store_vectors

STEADY: list[float | None] = [0.70, 0.71, 0.69, 0.70, 0.70, 0.71]


@pytest.fixture
def as_of(store: Store) -> datetime:
    return write_weeks(store, STEADY)


def asked(store: Store, as_of: datetime, settings: Settings) -> AskedFacts:
    feature = weekly.collect(store, as_of, settings).feature("chat")
    assert feature is not None
    assert feature.asked is not None
    return feature.asked


def said(store: Store, as_of: datetime, settings: Settings) -> str:
    text = render(weekly.collect(store, as_of, settings), "markdown")
    return text.partition("### What people ask")[2].partition("### ")[0]


def test_a_feature_without_topics_has_no_such_section(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    store.append("weekly_figures", [share("unembedded", NEWEST, 1000)])
    feature = weekly.collect(store, as_of, settings).features[0]

    assert feature.asked is None
    assert "What people ask" not in render(weekly.collect(store, as_of, settings), "html")


def test_shares_stand_beside_those_of_the_baselines_weeks(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    store.append("topics", [topic("t1"), topic("t2"), topic("n1", "emerging")])
    store.append("weekly_figures", [share("t1", NEWEST, 930), share("n1", NEWEST, 70)])
    weeks = [FIRST, FIRST + WEEK]
    store.append(
        "baselines",
        [
            {
                "feature": "chat",
                "kind": "topics",
                "version": 1,
                "weeks": weeks,
                "as_of": close(FIRST),
            }
        ],
    )
    start = datetime.combine(FIRST, datetime.min.time())
    store.append("requests", [request(n, start + timedelta(days=n)) for n in range(10)])
    placed = [
        {
            "request_key": n,
            "feature": "chat",
            "day": (start + timedelta(days=n)).date(),
            "topic_id": "t1" if n < 6 else "t2",
            "as_of": start,
        }
        for n in range(9)
    ]
    store.append("request_topics", placed)

    topics = {each.topic_id: each for each in asked(store, as_of, settings).topics}

    shares = {
        name: (each.share_now.value, each.share_before.value) for name, each in topics.items()
    }
    assert shares == {
        "n1": (0.07, 0.0), "t1": (0.93, 0.6), "t2": (0.0, 0.3), "unembedded": (0.0, 0.1)
    }  # fmt: skip
    assert topics["t1"].share_before.n == 10
    assert [*topics] == ["n1", "t1", "t2", "unembedded"]


def test_success_of_a_topic_stands_beside_that_of_all_others(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    store.append("topics", [topic("t1")])
    store.append("weekly_figures", [share("t1", NEWEST, 500), success("t1", 400, 200.0, 0.04)])

    (found,) = asked(store, as_of, settings).topics

    assert found.success.value == 0.5
    assert found.success_rest.value == pytest.approx((700 - 200) / 600)
    assert found.success_rest.n == 600
    half = 1.96 * (1000 * 0.02 + 400 * 0.04) / 600
    assert found.success_rest.low == pytest.approx(500 / 600 - half)


def test_only_a_few_topics_are_drawn_and_those_a_finding_is_about_come_first(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    ids = [f"t{n}" for n in range(1, 11)]
    store.append("topics", [topic(each) for each in ids])
    for week in (NEWEST - WEEK, NEWEST):
        store.append("weekly_figures", [share(each, week, 10 * int(each[1:])) for each in ids])
    write(store, finding(as_of, topic_id="t1", kind="topic_shifted"))

    facts = asked(store, as_of, settings)

    drawn = [each for each in facts.topics if each.weekly]
    assert [each.topic_id for each in drawn] == ["t1", "t10", "t9", "t8", "t7", "t6"]
    assert [point.week for point in drawn[0].weekly] == [NEWEST - WEEK, NEWEST]


def test_an_alarm_says_since_when_without_a_pause(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    states = {
        2: ("shares", 1, "alarm", 1e-6), 3: ("shares", 1, "quiet", 0.3),
        4: ("shares", 1, "alarm", 1e-6), 5: ("shares", 1, "alarm", 1e-7),
    }  # fmt: skip
    rows = [
        week_state(FIRST + WEEK * n, channel, ("style", 4, "quiet", 0.5))
        for n, channel in states.items()
    ]
    store.append("alarm_states", rows)

    shares, style = asked(store, as_of, settings).channels

    assert (shares.state, shares.since, shares.p) == ("alarm", FIRST + 4 * WEEK, 1e-7)
    assert (shares.n, shares.n_reference) == (500, 2000)
    assert (style.state, style.since) == ("quiet", None)
    assert "alarm since 29 Jun 2026 | <0.0001 | 500 beside 2,000" in said(
        store, as_of, settings
    ).replace("&lt;", "<")


@pytest.mark.parametrize(
    "why", ["uncalibrated: run it", "not enough data: 90 votes", "back-filled"]
)
def test_an_untested_week_says_why(
    store: Store, settings: Settings, as_of: datetime, why: str
) -> None:
    store.append("alarm_states", [week_state(NEWEST, why_not=why)])

    assert f"Not tested for drift in week 28: {why}." in said(store, as_of, settings)


def test_a_week_after_the_last_test_says_that_none_was_made(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    store.append("alarm_states", [week_state(NEWEST - WEEK, ("shares", 1, "quiet", 0.4))])

    assert asked(store, as_of, settings).channels == ()
    assert "Not tested for drift in week 28: no test was made of it." in said(
        store, as_of, settings
    )


def test_a_finding_stands_in_the_report_once(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    store.append("alarm_states", [week_state(NEWEST)])
    write(store, finding(as_of), finding(as_of, finding_id="F-2", kind="outcomes_late"))

    text = render(weekly.collect(store, as_of, settings), "markdown")
    listed = text.partition("### Findings")[2].partition("### ")[0]
    assert "F-2" in listed
    assert "F-1" not in listed
    assert "F-1" in said(store, as_of, settings)


def test_a_quiet_week_says_so(store: Store, settings: Settings, as_of: datetime) -> None:
    store.append("alarm_states", [week_state(NEWEST, ("shares", 1, "quiet", 0.4))])

    assert "No test of week 28 says that people ask for other things." in said(
        store, as_of, settings
    )


def test_a_change_without_a_fall_of_success_is_information(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    write_baseline(store)
    store.append("alarm_states", [week_state(NEWEST, ("emerging", 1, "alarm", 1e-9))])
    write(store, finding(as_of))

    text = said(store, as_of, settings)

    assert "1 change in what people ask. Success did not fall with it." in text
    assert "This is information, not an alarm." in text
    assert "7.1% (5.0–9.0, n 500); before 0.1% (0.0–0.3, n 2,000)" in text


def test_lower_success_of_the_members_is_said_with_both_numbers(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    write_baseline(store)
    store.append("alarm_states", [week_state(NEWEST, ("emerging", 1, "alarm", 1e-9))])
    measured = {
        "members": Estimate(0.3, 0.2, 0.4, 71, 20), "rest": Estimate(0.7, 0.67, 0.73, 929, 220),
        "weeks": [f"{NEWEST - WEEK}"],
    }  # fmt: skip
    write(store, finding(as_of, details={"success": measured}))

    text = said(store, as_of, settings)

    assert "Success is lower there than elsewhere: n1." in text
    assert "30% (20–40, n 71, 20 outcomes); elsewhere 70% (67–73, n 929, 220 outcomes)" in text


def test_examples_are_masked_and_numbers_that_lack_say_why(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    store.append("alarm_states", [week_state(NEWEST)])
    lacking = {"members": Estimate(None, why_not="not measured: 3 requests")}
    details = {"examples": ["pay ann@example.org"], "success": lacking}
    write(store, finding(as_of, details=details))

    text = said(store, as_of, settings)

    assert "ann@example.org" not in text
    assert "success: not measured (3 requests)" in text


def test_a_finding_that_closed_at_this_report_is_told_a_last_time(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    store.append("alarm_states", [week_state(NEWEST)])
    write(store, finding(as_of - WEEK), finding(as_of, state="closed"))
    write(store, finding(as_of - 2 * WEEK, finding_id="F-2", state="closed"))

    facts = asked(store, as_of, settings)

    assert [(each.finding_id, each.state) for each in facts.changes] == [("F-1", "closed")]


def test_what_became_known_later_changes_nothing(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    store.append("topics", [topic("t1")])
    store.append("weekly_figures", [share("t1", NEWEST, 500)])
    before = asked(store, as_of, settings)

    store.append("weekly_figures", [share("t1", NEWEST + WEEK, 700)])
    store.append("alarm_states", [week_state(NEWEST + WEEK, ("shares", 1, "alarm", 1e-9))])
    write(store, finding(as_of + WEEK))

    assert asked(store, as_of, settings) == before


def test_topics_beyond_the_table_are_summed(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    ids = [f"t{n}" for n in range(1, 21)]
    store.append("topics", [topic(each) for each in ids])
    store.append("weekly_figures", [share(each, NEWEST, 50) for each in ids])

    text = said(store, as_of, settings)

    assert "| 8 other rows | 40.0% (37.0–43.1, n 1,000) |" in text
    assert sum(isinstance(each, AskedTopic) for each in asked(store, as_of, settings).topics) == 20


def test_eval_coverage_is_by_topic_and_over_all_votes(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    store.append("topics", [topic("t1"), topic("t2")])
    store.append("weekly_figures", [share("t1", NEWEST, 500), share("t2", NEWEST, 500)])
    store.append("baselines", [{
        "feature": "chat", "kind": "topics", "version": 1, "weeks": [FIRST], "as_of": close(FIRST),
        "details": json.dumps({"model_id": model_id()}),
    }])  # fmt: skip
    store_vectors(store, ["near", "far", "item"], np.eye(3, dtype=np.float32)[[0, 1, 0]])
    item = {"feature": "chat", "item_id": "i", "suite": "s", "input_key": text_key("item")}
    store.append("eval_items", [item | {"available_at": close(FIRST)}])
    ts = as_of - timedelta(days=2)
    asked_for = {1: "near", 2: "near", 3: "far", 4: "far"}
    store.append("requests", [
        request(n, ts, text_key=text_key(text), user_id=f"u{n}") for n, text in asked_for.items()
    ])  # fmt: skip
    placed = {1: "t1", 2: "t1", 3: "t1", 4: "t2"}
    store.append("request_topics", [
        {"request_key": n, "feature": "chat", "day": ts.date(), "topic_id": topic_id, "as_of": ts}
        for n, topic_id in placed.items()
    ])  # fmt: skip

    facts = asked(store, as_of, settings)

    covered = {each.topic_id: each.covered for each in facts.topics}
    assert covered["t1"].value == pytest.approx(2 / 3)
    assert (covered["t1"].n, covered["t2"].value, covered["t2"].n) == (3, 0.0, 1)
    assert (facts.covered.value, facts.covered.n) == (0.5, 4)
    assert "Eval coverage: 50% (15–85, n 4) of the week's votes" in said(store, as_of, settings)


def test_eval_coverage_without_items_is_not_measured(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    store.append("topics", [topic("t1")])
    store.append("weekly_figures", [share("t1", NEWEST, 500)])
    store.append("baselines", [{
        "feature": "chat", "kind": "topics", "version": 1, "weeks": [FIRST], "as_of": close(FIRST),
        "details": json.dumps({"model_id": model_id()}),
    }])  # fmt: skip

    text = said(store, as_of, settings)

    assert "Eval coverage: not measured (no eval items of this feature are registered)." in text
    assert "Near an eval item" not in text


def test_a_topic_that_somebody_renamed_has_its_new_name(
    store: Store, settings: Settings, as_of: datetime
) -> None:
    store.append("topics", [topic("t1", label="old words")])
    store.append("weekly_figures", [share("t1", NEWEST, 500)])
    edit = {"feature": "chat", "topic_id": "t1", "action": "rename", "value": "Refunds"}
    store.append("topic_edits", [edit | {"edit_id": "E-1", "as_of": as_of - timedelta(days=1)}])

    (found,) = asked(store, as_of, settings).topics

    assert found.label == "Refunds"
