"""Attribution read from a store: it reconciles with the figures that were printed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decay_reports.attribution import Attribution, explain
from decay_reports.run import run
from decayd.config import StoreSettings
from store.database import Store
from tests.event_rows import select
from tests.stored_worlds import close, fill, headlines, monday, settings
from tests.worlds import World, world

FEATURE, WEEKS, SETTINGS = "assistant", 12, settings()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return a store whose topics 0 to 9 lose 20 points in week 8, and topic 10 and 11 appear."""
    path = tmp_path_factory.mktemp("explain") / "s.duckdb"
    one = world(31, weeks=WEEKS, per_day=110, outcome_share=0.4, logit=lambda d: -1.0 * (d >= 49))
    with Store.open(StoreSettings(path=path, threads=1)) as opened:
        fill(opened, one)
        opened.append("request_topics", topics(opened, one))
        for week in range(1, WEEKS + 1):
            run(opened, close(week), SETTINGS)
        yield opened


def topics(store: Store, one: World) -> list[dict[str, Any]]:
    codes = np.where(one.day >= 49, one.topic, one.topic % 10)
    asked = select(store, "SELECT request_key, request_id, day FROM requests")
    return [
        {
            "request_key": key, "feature": FEATURE, "day": day,
            "topic_id": f"t{codes[int(request_id.removeprefix(FEATURE + '-'))]}",
            "version": 1, "model_id": "m", "similarity": 0.9, "as_of": close(1),
        }
        for key, request_id, day in asked
    ]  # fmt: skip


def mean_of(store: Store, weeks: range) -> float:
    """Return the mean of the newest headline figures of some weeks, by their requests."""
    newest = {row["week"]: row for row in headlines(store)}
    chosen = [newest[week] for week in weeks]
    return float(sum(row["total"] for row in chosen) / sum(row["n"] for row in chosen))


def gap(found: Attribution, parts: float) -> float:
    assert found.total.value is not None
    return abs(found.total.value - parts)


def test_both_levels_are_the_means_of_the_printed_figures(store: Store) -> None:
    found = explain(store, FEATURE, close(WEEKS), SETTINGS)
    assert found is not None
    assert found.before_weeks == tuple(monday(week) for week in (1, 2, 3, 4))
    assert found.after_weeks == tuple(monday(week) for week in (8, 9, 10, 11))
    assert found.before.value == pytest.approx(mean_of(store, range(1, 5)), abs=1e-12)
    assert found.after.value == pytest.approx(mean_of(store, range(8, 12)), abs=1e-12)
    assert gap(found, sum(part.value for part in found.parts)) < 1e-9
    assert gap(found, sum(topic.contribution for topic in found.topics)) < 1e-9


def test_the_fall_is_within_topics_and_new_topics_are_told_apart(store: Store) -> None:
    found = explain(store, FEATURE, close(WEEKS), SETTINGS)
    assert found is not None
    assert found.causes[0] == "within_topic"
    assert {topic.topic_id for topic in found.topics if topic.kind == "new"} == {"t10", "t11"}
    assert sum(topic.n_now for topic in found.topics) == found.n_now
    assert np.isclose(sum(topic.share_now for topic in found.topics), 1.0)


def test_before_there_are_weeks_to_compare_there_is_nothing_to_explain(store: Store) -> None:
    assert explain(store, FEATURE, close(4), SETTINGS) is None
    assert explain(store, "nobody", close(WEEKS), SETTINGS) is None


def test_weeks_that_were_measured_again_since_are_not_explained_from_the_past(
    store: Store,
) -> None:
    assert explain(store, FEATURE, close(WEEKS - 2), SETTINGS) is None


def test_requests_without_a_topic_are_a_row_of_their_own(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as bare:
        fill(bare, world(32, weeks=8, per_day=60, outcome_share=0.4))
        for week in range(1, 9):
            run(bare, close(week), SETTINGS)
        found = explain(bare, FEATURE, close(8), SETTINGS)
        assert found is not None
        assert [topic.topic_id for topic in found.topics] == ["unembedded"]
        assert gap(found, found.topics[0].contribution) < 1e-9
