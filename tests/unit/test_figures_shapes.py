"""The whole path from stored events to headline figures, for the shapes that emitters send."""

from pathlib import Path
from typing import Any

import pytest

from decay_reports.run import run
from decayd.config import StoreSettings
from store.database import Store
from tests.stored_worlds import Shape, close, figures, fill, headlines, settings
from tests.worlds import World, world

WEEKS = 7
MAPPED = {"outcomes": {"reopened": 0, "resolved": 1}}
SHAPES: dict[str, tuple[Shape, dict[str, Any]]] = {
    "everything": (Shape(), {}),
    "no users": (Shape(users=False), {}),
    "neither users nor sessions": (Shape(users=False, sessions=False), {}),
    "no signals": (Shape(signals=False), {}),
    "outcomes by session only": (Shape(by_session=True), {}),
    "the outcomes map": (Shape(names=("reopened", "resolved")), MAPPED),
    "no responses": (Shape(extra={"response": None}), {}),
}


def figured(folder: Path, one: World, shape: Shape, **sections: Any) -> Store:
    """Return a store after a run at each of the weeks' closes."""
    store = Store.open(StoreSettings(path=folder / "s.duckdb", threads=1))
    fill(store, one, shape)
    for week in range(1, WEEKS + 1):
        run(store, close(week), settings(**sections))
    return store


def misses(store: Store, one: World) -> list[dict[str, Any]]:
    """Return the headlines from week 3 on whose truth lies beyond 3.5 standard errors."""
    missed = []
    for row in headlines(store):
        if row["week"] < 3 or row["value"] is None:
            continue
        rows = one.day >= 7 * (row["week"] - row["pooled_weeks"])
        rows &= one.day < 7 * row["week"]
        assert row["n"] == rows.sum()
        if abs(row["value"] - one.success[rows].mean()) > 3.5 * row["se"]:
            missed.append(row)
    return missed


@pytest.mark.parametrize("name", SHAPES)
def test_the_headline_holds_the_truth(name: str, tmp_path: Path) -> None:
    shape, sections = SHAPES[name]
    one = world(11, weeks=WEEKS, per_day=90, outcome_share=0.5)
    with figured(tmp_path, one, shape, **sections) as store:
        measured = [row for row in headlines(store) if row["week"] >= 3]
        assert [row["lag"] for row in measured if row["week"] == 3] == [0, 1, 2, 3, 4]
        assert all(0.01 < row["se"] < 0.07 for row in measured)
        assert misses(store, one) == []


def test_conversions_alone_hold_the_truth_when_silence_is_failure(tmp_path: Path) -> None:
    one = world(12, weeks=WEEKS, per_day=90, outcome_share=0.5, conversions=True)
    with figured(tmp_path, one, Shape()) as store:
        assert all(row["value"] is not None for row in headlines(store) if row["week"] >= 3)
        assert misses(store, one) == []


def test_conversions_alone_are_not_measurable_while_silence_says_nothing(tmp_path: Path) -> None:
    one = world(12, weeks=WEEKS, per_day=90, outcome_share=0.5, conversions=True)
    with figured(tmp_path, one, Shape(extra={"expected_outcome": None})) as store:
        said = {(row["value"], row["why_not"][:26]) for row in headlines(store) if row["week"] > 1}
        assert said == {(None, "only successes have arrive")}


def test_few_labels_pool_weeks_and_hold_the_truth(tmp_path: Path) -> None:
    one = world(13, weeks=WEEKS, per_day=40, outcome_share=0.2)
    with figured(tmp_path, one, Shape()) as store:
        assert any(row["pooled_weeks"] > 1 for row in headlines(store))
        assert misses(store, one) == []


def test_without_outcomes_satisfaction_and_friction_still_speak(tmp_path: Path) -> None:
    one = world(14, weeks=WEEKS, per_day=60, outcome_share=0.0)
    with figured(tmp_path, one, Shape()) as store:
        assert {row["value"] for row in headlines(store)} == {None}
        newest = [row for row in figures(store, "satisfaction") if row["lag"] == 0]
        assert [row["week"] for row in newest] == list(range(1, WEEKS + 1))
        assert all(0.3 < row["value"] < 0.9 for row in newest)
        friction = [row for row in figures(store, "friction") if row["lag"] == 0]
        assert all(0.05 < row["value"] < 0.4 and row["n"] > 300 for row in friction)
