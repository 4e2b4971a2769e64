"""Satisfaction and friction of whole features: who is paged, who is hinted, what a verdict says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decay_reports.alarms.verdicts import Verdict, verdict
from decay_reports.run import run
from decayd.config import StoreSettings
from decayd.events import Change, Event, Signal
from store.database import Store
from tests.event_rows import select, write
from tests.stored_worlds import close, fill, monday, settings, verdicts_by_week, week_number
from tests.worlds import MONDAY_US, WEEK_US, World, world

WEEKS, FALL = 14, 9
FEATURE = "assistant"
SETTINGS = settings()
KEPT = (
    "SELECT * FROM daily_figures ORDER BY ALL",
    "SELECT * FROM baselines ORDER BY ALL",
    "SELECT * FROM alarm_states ORDER BY ALL",
    "SELECT * FROM incidents ORDER BY ALL",
    "SELECT * FROM findings ORDER BY ALL",
)


def worse(day: np.ndarray) -> np.ndarray:
    return np.where(day >= 7 * (FALL - 1), -1.1, 0.0)


def new_buttons() -> Event:
    ts = (MONDAY_US + (FALL - 1) * WEEK_US) // 1000 + 3_600_000
    return Change(ts=ts, artifact="component", name="feedback buttons", feature=FEATURE)


@pytest.fixture(scope="module")
def silent() -> World:
    """Return a feature that gets no outcomes; its users have more trouble from week 9 on."""
    return world(31, weeks=WEEKS, per_day=120, outcome_share=0.0, logit=worse)


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory, silent: World
) -> Iterator[tuple[Store, dict[int, Verdict]]]:
    path = tmp_path_factory.mktemp("signals") / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        fill(store, silent)
        write(store, new_buttons())
        yield store, verdicts_by_week(store, SETTINGS, FEATURE, WEEKS)


def test_a_feature_without_outcomes_is_judged_by_its_signals_and_told_so(told: Any) -> None:
    _, verdicts = told
    steady, falling = verdicts[8], verdicts[WEEKS]
    assert (steady.state, steady.measure) == ("steady", "friction and satisfaction")
    assert "signals and not success" in steady.reason
    assert [verdicts[week].state for week in range(5, FALL)] == ["steady"] * 4
    assert falling.state == "falling"
    assert falling.measure in {"friction", "satisfaction"}
    assert falling.confirmed is not None
    assert not falling.confirmed.estimate.measured


def test_its_rise_of_friction_is_paged_within_three_weeks_with_the_onset(told: Any) -> None:
    store, verdicts = told
    opened = select(store, "SELECT stream, as_of, onset FROM incidents ORDER BY ALL")
    assert {stream for stream, *_ in opened} == {"friction", "satisfaction"}
    for _, as_of, onset in opened:
        assert close(FALL) <= as_of <= close(FALL + 2)
        assert abs(week_number(onset) - FALL) <= 1
    assert verdicts[WEEKS].onset in {onset for *_, onset in opened}
    assert verdicts[WEEKS].alarm.statistic > verdicts[WEEKS].alarm.threshold == 365 * 2 / 0.2


def test_one_fall_pages_once_and_names_its_requests(
    told: Any,
) -> None:
    store, _ = told
    found = select(store, "SELECT kind, severity, state, len(member_request_ids) FROM findings")
    assert {row[:3] for row in found} == {
        ("friction_rose", "critical", "open"), ("satisfaction_fell", "warning", "open"),
    }  # fmt: skip
    assert all(n > 100 for *_, n in found)
    others = select(
        store,
        "SELECT unnest(member_request_ids) FROM findings WHERE kind = 'friction_rose'"
        " EXCEPT SELECT request_id FROM signals WHERE signal IN ('retry', 'rephrase', 'escalate')"
        " UNION ALL"
        " (SELECT unnest(member_request_ids) FROM findings WHERE kind = 'satisfaction_fell'"
        " EXCEPT SELECT request_id FROM signals"
        " WHERE signal IN ('retry', 'rephrase', 'escalate', 'thumbs_down', 'edit'))",
    )
    assert not others


def test_a_change_of_the_interface_near_the_onset_is_told_in_the_finding(told: Any) -> None:
    store, _ = told
    titles = select(store, "SELECT title, body FROM findings WHERE kind = 'friction_rose'")
    for title, body in titles:
        assert "component feedback buttons" in title
        assert "can move signals by itself" in title
        assert '"artifact":"component"' in body


def test_replay_with_a_restart_after_every_close_gives_the_same_bytes(
    told: Any, silent: World, tmp_path: Path
) -> None:
    store, _ = told
    path = tmp_path / "again.duckdb"
    for week in range(1, WEEKS + 1):
        with Store.open(StoreSettings(path=path, threads=2)) as again:
            if week == 1:
                fill(again, silent)
                write(again, new_buttons())
            run(again, close(week), SETTINGS)
            run(again, close(week), SETTINGS)  # a second run finds nothing to do
    with Store.open(StoreSettings(path=path)) as again:
        for query in KEPT:
            assert select(again, query) == select(store, query)


def test_a_recovery_closes_the_incident_and_the_feature_is_steady_again(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        back = world(
            32, weeks=17, per_day=120, outcome_share=0.0,
            logit=lambda day: np.where((day >= 42) & (day < 70), -1.4, 0.0),
        )  # fmt: skip
        fill(store, back)
        states = []
        for week in range(1, 18):
            run(store, close(week), SETTINGS)
            states.append(verdict(store, FEATURE, close(week)).state)
        assert "falling" in states
        assert states[-1] == "steady"
        closed = select(store, "SELECT stream, details FROM incidents WHERE state = 'closed'")
        assert {stream for stream, _ in closed} == {"friction", "satisfaction"}
        assert all("is back at its baseline" in details for _, details in closed)
        last = select(store, "SELECT arg_max(state, as_of) FROM findings GROUP BY finding_id")
        assert set(last) == {("closed",)}


def test_lost_signals_are_a_finding_and_move_no_alarm(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        lost = world(33, weeks=8, per_day=120, outcome_share=0.0)
        lost.signals[lost.day >= 35] = 0.0
        fill(store, lost)
        for week in range(1, 9):
            run(store, close(week), SETTINGS)
        streams = select(store, "SELECT stream, week, state FROM alarm_states ORDER BY ALL")
        assert all('"updates":7' in s for _, week, s in streams if week >= monday(5))
        found = select(store, "SELECT DISTINCT kind FROM findings")
        assert found == [("signals_missing",)]
        now = verdict(store, FEATURE, close(8))
        assert now.state == "not_measurable"
        assert now.reason.startswith("signals are missing")


def test_a_week_whose_signals_do_not_join_changes_no_stream(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        fill(store, world(34, weeks=7, per_day=60, outcome_share=0.0))
        ms = (MONDAY_US + 5 * WEEK_US) // 1000
        orphans = [Signal(ts=ms + k, signal="copy", request_id=f"nobody-{k}") for k in range(200)]
        write(store, *orphans)
        for week in range(1, 8):
            run(store, close(week), SETTINGS)
        states = select(store, "SELECT week, state FROM alarm_states WHERE stream = 'friction'")
        updates = {week_number(week): state for week, state in states}
        assert updates[6] == updates[5]
        assert '"updates":14' in updates[7]


def test_weeks_filled_in_are_a_baseline_and_never_page(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        fill(store, world(31, weeks=12, per_day=60, outcome_share=0.0, logit=worse), live=False)
        run(store, close(12), SETTINGS)
        baselines = select(store, "SELECT kind, weeks FROM baselines ORDER BY kind")
        first = [monday(week) for week in (1, 2, 3, 4)]
        assert baselines == [("friction", first), ("satisfaction", first)]
        assert not select(store, "SELECT 1 FROM incidents UNION ALL SELECT 1 FROM findings")
