"""Weekly figures are appended at their close, once, and never changed."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decay_reports.figures.plan import plan
from decay_reports.run import run, with_frames
from decayd.config import StoreSettings
from store.database import Store
from tests.event_rows import select
from tests.stored_worlds import Shape, close, figures, fill, headlines, settings, week_number
from tests.worlds import world

WEEKS = 7
SETTINGS = settings()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as opened:
        yield opened


def everything(store: Store) -> list[tuple[Any, ...]]:
    return select(store, "SELECT * FROM weekly_figures ORDER BY ALL")


def labels_of(store: Store) -> list[tuple[int, int, bool]]:
    """Return (week, lag, back-filled) of every success headline."""
    return [(row["week"], row["lag"], row["back_filled"]) for row in headlines(store)]


def test_each_close_adds_every_week_at_its_next_lag(store: Store) -> None:
    fill(store, world(1, weeks=WEEKS, per_day=40))
    for week in range(1, WEEKS + 1):
        run(store, close(week), SETTINGS)
    expected = [
        (week, lag, False) for week in range(1, WEEKS + 1) for lag in range(min(5, 8 - week))
    ]
    assert labels_of(store) == expected


def test_a_second_run_at_the_same_close_changes_nothing(store: Store) -> None:
    fill(store, world(1, weeks=WEEKS, per_day=40))
    for week in range(1, WEEKS + 1):
        run(store, close(week), SETTINGS)
    before = everything(store)
    counts = "SELECT (SELECT count(*) FROM pseudo_outcomes), (SELECT count(*) FROM alarm_states)"
    n_before = select(store, counts)
    assert run(store, close(WEEKS), SETTINGS) == {"features": 0, "figures": 0}
    assert everything(store) == before
    assert select(store, counts) == n_before


def test_later_rows_restate_by_appending_and_leave_old_figures_alone(store: Store) -> None:
    fill(store, world(1, weeks=WEEKS, per_day=40))
    run(store, close(WEEKS - 1), SETTINGS)
    before = everything(store)
    run(store, close(WEEKS), SETTINGS)
    assert set(before) <= set(everything(store))


def test_weeks_filled_in_later_are_measured_once_at_the_lag_they_have(store: Store) -> None:
    fill(store, world(2, weeks=WEEKS, per_day=40), live=False)
    run(store, close(WEEKS), SETTINGS)
    assert labels_of(store) == [(w, min(WEEKS - w, 4), True) for w in range(1, WEEKS + 1)]
    final = [row for row in headlines(store) if row["lag"] == 4]
    assert [row["value"] is not None for row in final] == [True] * (WEEKS - 4)
    run(store, close(WEEKS + 1), SETTINGS)
    again = [label for label in labels_of(store) if label[0] <= WEEKS - 4]
    assert again == [(w, 4, True) for w in range(1, WEEKS - 3)]


def test_the_delay_of_an_outcome_filled_in_later_is_when_it_happened(store: Store) -> None:
    fill(store, world(2, weeks=WEEKS, per_day=200), live=False)
    run(store, close(WEEKS), SETTINGS)
    newest = next(row for row in headlines(store) if row["lag"] == 0)
    curve = json.loads(newest["details"])["curve"]
    failures, successes = curve["failures"], curve["successes"]
    assert 0.35 < failures[0] < 0.6
    assert 0.05 < successes[0] < 0.2


def test_a_week_without_requests_has_no_row(store: Store) -> None:
    one = world(3, weeks=WEEKS, per_day=40, paused_weeks=(3, 4))
    fill(store, one)
    for week in range(1, WEEKS + 1):
        run(store, close(week), SETTINGS)
    assert {week for week, *_ in labels_of(store)} == {1, 2, 5, 6, 7}


def test_errors_alone_make_infrastructure_figures_and_no_success(store: Store) -> None:
    fill(store, world(4, weeks=1, per_day=40), Shape(extra={"status": "error"}))
    run(store, close(1), SETTINGS)
    rows = select(store, "SELECT metric, n, value FROM weekly_figures WHERE feature <> ''")
    found = {metric: (n, value) for metric, n, value in rows}
    n = found["requests"][0]
    assert found["error_share"] == (n, 1.0)
    assert found["latency_p95_ms"][1] == pytest.approx(895, abs=5)
    assert "success" not in found


@pytest.mark.parametrize("extra", [{"source_kind": "eval"}, {"probe": True}])
def test_what_is_no_user_traffic_leaves_no_trace(extra: dict[str, Any], store: Store) -> None:
    fill(store, world(4, weeks=1, per_day=40), Shape(extra=extra))
    run(store, close(1), SETTINGS)
    assert select(store, "SELECT DISTINCT feature FROM weekly_figures") == [("",)]


def test_topic_cells_and_pseudo_outcomes_reconcile_with_the_headline(store: Store) -> None:
    one = world(5, weeks=3, per_day=150)
    fill(store, one)
    store.append("request_topics", [
        {
            "request_key": key, "feature": "assistant", "day": day, "topic_id": f"t{key % 5}",
            "version": 1, "model_id": "m", "similarity": 0.9, "as_of": close(1),
        }
        for key, day in select(store, "SELECT request_key, day FROM requests")
        if key % 7
    ])  # fmt: skip
    for week in (1, 2, 3):
        run(store, close(week), SETTINGS)
    sums = select(
        store,
        "SELECT sum(total) FILTER (cell = '') = sum(total) FILTER (cell <> ''),"
        " sum(n) FILTER (cell = '') = sum(n) FILTER (cell <> ''), count(*) - 1"
        " FROM weekly_figures WHERE metric = 'success' AND value IS NOT NULL GROUP BY week, lag",
    )
    assert sums == [(True, True, 6)] * 6
    psi = dict(select(store, "SELECT week, sum(psi) FROM pseudo_outcomes GROUP BY week"))
    newest = {row["week"]: row["total"] for row in headlines(store)}
    assert {week_number(week): total for week, total in psi.items()} == newest
    cells = select(store, "SELECT DISTINCT cell FROM weekly_figures WHERE metric = 'topic_share'")
    assert ("topic=unembedded",) in cells


def test_a_large_store_is_read_by_feature_and_gives_the_same_frames(store: Store) -> None:
    for seed, feature in enumerate(("chat", "search", "voice")):
        fill(store, world(seed, weeks=2, per_day=20), Shape(feature=feature))
    plans = plan(store, close(2), SETTINGS, close(0))
    once = dict(with_frames(store, close(2), SETTINGS, plans))
    apart = dict(with_frames(store, close(2), SETTINGS, plans, rows_at_once=10))
    assert [p.feature for p in once] == [p.feature for p in apart] == ["chat", "search", "voice"]
    for planned, frame in once.items():
        other = apart[planned]
        assert (frame.request_key == other.request_key).all()
        assert (frame.cluster == other.cluster).all()
        assert np.array_equal(frame.delay_days, other.delay_days, equal_nan=True)


def test_weeks_are_cut_in_the_reports_time_zone(store: Store) -> None:
    one = world(6, weeks=2, per_day=40)
    fill(store, one)
    configured = settings(report={"timezone": "Asia/Tokyo"})
    run(store, close(1) - timedelta(hours=9), configured)
    counted = [row for row in figures(store, "requests") if row["week"] == 1]
    before = one.day < 7 - 9 / 24
    assert [row["n"] for row in counted] == [before.sum()]


def test_orphan_signals_lower_the_join_rate_and_are_a_finding(store: Store) -> None:
    fill(store, world(7, weeks=2, per_day=40))
    orphan = "UPDATE signals SET request_key = 1 WHERE event_key % 5 = 0"
    with store.transaction() as tx:
        tx.query(orphan)
    run(store, close(1), SETTINGS)
    share = select(store, "SELECT value FROM weekly_figures WHERE metric = 'join_share'")[0][0]
    assert 0.75 < share < 0.92
    found = select(store, "SELECT kind, feature, state FROM findings")
    assert found == [("join_rate_low", "", "open")]
