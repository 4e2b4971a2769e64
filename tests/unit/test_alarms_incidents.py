"""A feature that falls and comes back: one page, one incident, one onset, a verdict each week."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decay_reports.alarms.verdicts import Verdict, verdict
from decay_reports.causes.attribution import explain
from decay_reports.figures import baseline
from decay_reports.figures.baseline import Acceptance
from decay_reports.run import run
from decayd.config import StoreSettings
from decayd.errors import UsageError
from store.database import Store
from tests.event_rows import select
from tests.stored_worlds import (
    close,
    fill,
    headlines,
    monday,
    settings,
    verdicts_by_week,
    week_number,
)
from tests.worlds import World, world

WEEKS, FALL, BACK = 20, 9, 14  # success is 20 points lower from week 9 up to week 13
FEATURE = "assistant"
SETTINGS = settings()
KEPT = (  # everything that the runs append, as_of first
    "SELECT as_of, * EXCLUDE (as_of) FROM weekly_figures ORDER BY ALL",
    "SELECT as_of, * EXCLUDE (as_of) FROM daily_figures ORDER BY ALL",
    "SELECT as_of, * EXCLUDE (as_of) FROM baselines ORDER BY ALL",
    "SELECT as_of, * EXCLUDE (as_of) FROM alarm_states ORDER BY ALL",
    "SELECT as_of, * EXCLUDE (as_of) FROM incidents ORDER BY ALL",
    "SELECT as_of, * EXCLUDE (as_of) FROM findings ORDER BY ALL",
)


def dip(day: np.ndarray) -> np.ndarray:
    return np.where((day >= 7 * (FALL - 1)) & (day < 7 * (BACK - 1)), -0.9, 0.0)


@pytest.fixture(scope="module")
def dipping() -> World:
    return world(21, weeks=WEEKS, per_day=100, outcome_share=0.5, logit=dip)


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory, dipping: World
) -> Iterator[tuple[Store, dict[int, Verdict]]]:
    """Return the store after 20 weekly runs and the verdict of each week's report."""
    path = tmp_path_factory.mktemp("incidents") / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        fill(store, dipping)
        yield store, verdicts_by_week(store, SETTINGS, FEATURE, WEEKS)


def test_the_first_four_weeks_are_learned_and_become_the_baseline(told: Any) -> None:
    _, verdicts = told
    states = [(v.state, v.learning_weeks, v.reason) for v in list(verdicts.values())[:4]]
    assert states == [("learning", k, f"week {k} of 4") for k in (1, 2, 3, 4)]
    accepted = verdicts[5].baseline
    assert verdicts[5].state == "steady"
    assert accepted.weeks == tuple(monday(week) for week in (1, 2, 3, 4))
    assert (accepted.accepted_by, accepted.version) == ("decayd", 1)
    assert verdicts[WEEKS].baseline == accepted


def test_the_fall_is_paged_once_within_four_weeks_with_its_onset(told: Any) -> None:
    store, verdicts = told
    opened = select(store, "SELECT incident_id, as_of, onset FROM incidents WHERE state = 'opened'")
    assert len(opened) == 1
    incident_id, as_of, onset = opened[0]
    assert incident_id == "I-1"
    assert FALL + 1 <= (as_of - close(0)).days // 7 <= FALL + 4
    assert abs(week_number(onset) - FALL) <= 1
    falling = verdicts[(as_of - close(0)).days // 7]
    assert (falling.state, falling.onset, falling.since) == ("falling", onset, as_of)
    assert falling.alarm.statistic > falling.alarm.threshold == 260.0


def test_it_recovers_and_closes_and_is_steady_again(told: Any) -> None:
    store, verdicts = told
    states = [verdicts[week].state for week in range(5, WEEKS + 1)]
    order = ["steady", "falling", "recovering", "steady"]
    assert [s for k, s in enumerate(states) if k == 0 or s != states[k - 1]] == order
    closed = select(store, "SELECT as_of, details FROM incidents WHERE state = 'closed'")
    assert len(closed) == 1
    assert "back at its baseline" in closed[0][1]
    assert verdicts[WEEKS].incident_id is None
    assert verdicts[WEEKS].alarm.statistic < 260


def test_the_finding_keeps_its_id_names_failing_requests_and_closes(told: Any) -> None:
    store, _ = told
    rows = select(
        store,
        "SELECT finding_id, state, len(member_request_ids) FROM findings"
        " WHERE kind = 'success_fell' ORDER BY as_of",
    )
    assert len({finding_id for finding_id, *_ in rows}) == 1
    assert [state for _, state, _ in rows] == ["open"] * (len(rows) - 1) + ["closed"]
    assert rows[0][2] > 50
    failed = select(
        store,
        "SELECT bool_and(NOT o.success) FROM (SELECT unnest(member_request_ids) AS request_id"
        " FROM findings WHERE kind = 'success_fell') JOIN outcomes o USING (request_id)",
    )
    assert failed == [(True,)]
    recovered = select(store, "SELECT state, title FROM findings WHERE kind = 'success_recovered'")
    assert len(recovered) == 1


def test_signals_of_a_feature_with_outcomes_are_hints_and_never_page(told: Any) -> None:
    store, _ = told
    assert {stream for (stream,) in select(store, "SELECT stream FROM incidents")} == {"success"}
    hints = select(
        store,
        "SELECT DISTINCT kind, severity, incident_id FROM findings"
        " WHERE kind IN ('friction_rose', 'satisfaction_fell', 'success_may_fall') ORDER BY kind",
    )
    assert ("friction_rose", "info", None) in hints
    assert {(severity, incident_id) for _, severity, incident_id in hints} == {("info", None)}


def test_the_alarm_sees_every_live_week_after_the_baseline_once(told: Any) -> None:
    store, _ = told
    weeks = select(store, "SELECT week FROM alarm_states WHERE stream = 'success' ORDER BY as_of")
    assert [week_number(week) for (week,) in weeks] == list(range(5, WEEKS))


def test_a_verdict_of_the_past_does_not_know_the_future(told: Any) -> None:
    store, verdicts = told
    for week in (4, 12, WEEKS):
        assert verdict(store, FEATURE, close(week)) == verdicts[week]


def test_replaying_the_same_events_gives_the_same_states_bit_for_bit(
    told: Any, dipping: World, tmp_path: Path
) -> None:
    store, _ = told
    path = tmp_path / "again.duckdb"
    for week in range(1, 11):  # as if the daemon were restarted after every close
        with Store.open(StoreSettings(path=path, threads=2)) as again:
            if week == 1:
                fill(again, dipping)
            run(again, close(week), SETTINGS)
    with Store.open(StoreSettings(path=path)) as again:
        for query in KEPT:
            known = [row for row in select(store, query) if row[0] <= close(10)]
            assert select(again, query) == known


def test_a_person_may_accept_a_lower_baseline_which_closes_the_incident(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        lower = world(
            22, weeks=13, per_day=100, outcome_share=0.5, logit=lambda d: -0.9 * (d >= 42)
        )
        fill(store, lower)
        for week in range(1, 12):
            run(store, close(week), SETTINGS)
        assert verdict(store, FEATURE, close(11)).state == "falling"
        weeks = [monday(week) for week in range(7, 10)]
        by = Acceptance("ann", "new pricing", close(11))
        accepted = baseline.accept(store, FEATURE, weeks, SETTINGS, by)
        for week in (12, 13):
            run(store, close(week), SETTINGS)
        after = verdict(store, FEATURE, close(13))
        assert after.baseline is not None
        assert (after.state, after.baseline.version) == ("steady", 2)
        assert (after.baseline.accepted_by, after.baseline.reason) == ("ann", "new pricing")
        assert after.baseline.value == accepted.value < 0.6
        closed = select(store, "SELECT details FROM incidents WHERE state = 'closed'")
        assert "a new baseline was accepted" in closed[0][0]
        with pytest.raises(UsageError):
            baseline.accept(store, "nobody", weeks, SETTINGS, by)


def test_a_feature_that_gets_neither_outcomes_nor_20_requests_is_not_measurable(
    tmp_path: Path,
) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        fill(store, world(23, weeks=6, per_day=1, outcome_share=0.0))
        states = []
        for week in range(1, 7):
            run(store, close(week), SETTINGS)
            found = verdict(store, FEATURE, close(week))
            states.append((found.state, found.reason))
        assert states[0] == ("learning", "week 0 of 4")
        assert states[-1] == ("not_measurable", "0 outcomes this week (needs 20)")
        assert explain(store, FEATURE, close(6), SETTINGS) is None


def test_a_late_feed_withholds_the_headline_and_leaves_the_alarm_alone(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        late = world(24, weeks=11, per_day=200, outcome_share=0.4, slower=4.0, slower_from_day=56)
        fill(store, late)
        for week in range(1, 12):
            run(store, close(week), SETTINGS)
        late_weeks = [row for row in headlines(store) if row["why_not"].startswith("outcomes are")]
        fired = {row["week"] for row in late_weeks if row["lag"] == 0}
        assert 9 in fired
        assert {row["week"] + 1 for row in late_weeks if row["lag"] == 1} == fired
        entered = select(store, "SELECT week FROM alarm_states WHERE stream = 'success'")
        assert {week_number(week) + 1 for (week,) in entered}.isdisjoint(fired)
        found = verdict(store, FEATURE, close(9))
        assert found.state == "not_measurable"
        assert found.reason.startswith("outcomes are late")
        assert [w.withheld for w in (found.confirmed, found.provisional) if w] == [True, True]
        kinds = select(
            store, "SELECT kind, max(len(member_request_ids)) FROM findings GROUP BY kind"
        )
        assert kinds == [("outcomes_late", 500)]
        assert not select(store, "SELECT 1 FROM incidents")


def test_weeks_filled_in_count_for_the_baseline_and_never_page(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        fallen = world(21, weeks=12, per_day=100, outcome_share=0.5, logit=dip)
        fill(store, fallen, live=False)
        run(store, close(12), SETTINGS)
        found = verdict(store, FEATURE, close(12))
        assert found.baseline is not None
        assert found.baseline.weeks == tuple(monday(week) for week in (1, 2, 3, 4))
        assert not select(store, "SELECT 1 FROM incidents UNION ALL SELECT 1 FROM findings")
