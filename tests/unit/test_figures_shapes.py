"""The whole path from stored events to headline figures, for the shapes that emitters send."""

from pathlib import Path

import pytest

from decay_reports.run import run
from decayd.config import Settings, StoreSettings
from store.database import Store
from tests.event_rows import select
from tests.stored_worlds import Shape, close, fill, monday, settings
from tests.worlds import World, world

WEEKS = 9


def headline(store: Store, week: int, lag: int) -> tuple[float, float, int, int]:
    rows = select(
        store,
        "SELECT value, se, n, n_labels FROM weekly_figures"
        f" WHERE metric = 'success' AND cell = '' AND week = '{monday(week)}' AND lag = {lag}",
    )
    assert len(rows) == 1
    return rows[0]


def truth(one: World, week: int) -> tuple[float, int]:
    rows = (one.day >= 7 * (week - 1)) & (one.day < 7 * week)
    return float(one.success[rows].mean()), int(rows.sum())


def figured(folder: Path, one: World, shape: Shape, configured: Settings) -> Store:
    store = Store.open(StoreSettings(path=folder / "s.duckdb", threads=1))
    fill(store, one, shape)
    for week in range(1, WEEKS + 1):
        run(store, close(week), configured)
    return store


SHAPES = {
    "everything": (Shape(), {}),
    "no users": (Shape(users=False), {}),
    "neither users nor sessions": (Shape(users=False, sessions=False), {}),
    "no signals": (Shape(signals=False), {}),
    "outcomes by session only": (Shape(by_session=True), {}),
    "the outcomes map": (Shape(names=("reopened", "resolved")), {"outcomes": {"reopened": 0, "resolved": 1}}),
    "no responses": (Shape(extra={"response": None}), {}),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_the_headline_holds_the_truth(name: str, tmp_path: Path) -> None:
    shape, sections = SHAPES[name]
    one = world(11, weeks=WEEKS, per_day=120, outcome_share=0.4)
    with figured(tmp_path, one, shape, settings(**sections)) as store:
        for week in range(3, WEEKS - 3):
            for lag in (0, 1, 4):
                value, se, n, n_labels = headline(store, week, lag)
                expected, n_true = truth(one, week)
                assert n == n_true
                assert abs(value - expected) < 3.5 * se
                assert n_labels > 100
                assert 0.01 < se < (0.06 if lag == 0 else 0.04)


def test_conversions_alone_hold_the_truth_when_silence_is_failure(tmp_path: Path) -> None:
    one = world(12, weeks=WEEKS, per_day=120, outcome_share=0.4, conversions=True)
    with figured(tmp_path, one, Shape(), settings()) as store:
        for week in range(3, WEEKS - 3):
            for lag in (0, 1, 4):
                value, se, *_ = headline(store, week, lag)
                assert abs(value - truth(one, week)[0]) < 3.5 * se


def test_conversions_alone_are_not_measurable_while_silence_says_nothing(tmp_path: Path) -> None:
    one = world(12, weeks=WEEKS, per_day=120, outcome_share=0.4, conversions=True)
    silent = Shape(extra={"expected_outcome": None})
    with figured(tmp_path, one, silent, settings()) as store:
        rows = select(
            store,
            "SELECT DISTINCT value, left(why_not, 26) FROM weekly_figures WHERE metric = 'success'"
            f" AND week > '{monday(1)}'",
        )
        assert rows == [(None, "only successes have arrive")]


def test_few_labels_pool_weeks_and_hold_the_truth(tmp_path: Path) -> None:
    one = world(13, weeks=WEEKS, per_day=40, outcome_share=0.2)
    with figured(tmp_path, one, Shape(), settings()) as store:
        rows = select(
            store,
            "SELECT week, value, se, pooled_weeks, n FROM weekly_figures WHERE metric = 'success'"
            " AND cell = '' AND lag = 4 AND value IS NOT NULL",
        )
        assert any(pooled > 1 for *_, pooled, _ in rows)
        for week, value, se, pooled, n in rows:
            last = (week - monday(1)).days // 7 + 1
            pool = (one.day >= 7 * (last - pooled)) & (one.day < 7 * last)
            assert n == pool.sum()
            assert abs(value - one.success[pool].mean()) < 3.5 * se


def test_without_outcomes_satisfaction_and_friction_still_speak(tmp_path: Path) -> None:
    one = world(14, weeks=WEEKS, per_day=60, outcome_share=0.0)
    with figured(tmp_path, one, Shape(), settings()) as store:
        rows = select(
            store,
            "SELECT metric, count(*), min(value), max(value) FROM weekly_figures"
            f" WHERE lag = 0 AND week > '{monday(2)}' GROUP BY metric ORDER BY metric",
        )
        found = {metric: values for metric, *values in rows}
        assert found["success"] == [WEEKS - 2, None, None]
        assert found["satisfaction"][0] == found["friction"][0] == WEEKS - 2
        assert 0.3 < found["satisfaction"][1] < found["satisfaction"][2] < 0.9
        assert 0.05 < found["friction"][1] < found["friction"][2] < 0.4
