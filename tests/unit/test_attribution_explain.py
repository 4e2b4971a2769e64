"""Attribution read from a store: it reconciles with the figures that were printed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decay_reports.causes.attribution import Attribution, explain
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


def marked(store: Store) -> None:
    """Give requests a locale by user, a model and documents; from week 8 on de at m2 fails."""
    select(
        store,
        """
        UPDATE requests SET
          segments = CASE hash(user_id) % 5
            WHEN 0 THEN '{"locale": "de"}' ELSE '{"locale": "en"}' END,
          model_resolved = CASE hash(request_id) % 2 WHEN 0 THEN 'm1' ELSE 'm2' END,
          retrieved = '[{"doc_id": "d", "doc_updated_at": "2025-12-01T00:00:00Z"}]',
          tenure_days = 40
    """,
    )
    select(
        store,
        """
        UPDATE outcomes SET success = false
        WHERE hash(request_id || 'x') % 4 < 3 AND request_key IN (
          SELECT request_key FROM requests
          WHERE segments ->> '$.locale' = 'de' AND model_resolved = 'm2'
            AND ts >= TIMESTAMP '2026-02-23')
    """,
    )


def test_a_rotten_segment_is_named_with_requests_that_failed(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as one:
        fill(one, world(33, weeks=WEEKS, per_day=220, outcome_share=0.5))
        marked(one)
        for week in range(1, WEEKS + 1):
            run(one, close(week), SETTINGS)
        found = explain(one, FEATURE, close(WEEKS), SETTINGS)
        assert found is not None
        assert [segment.traits for segment in found.segments] == [
            {"version": "model=m2", "locale": "de"}
        ]
        (segment,) = found.segments
        assert segment.of_change is not None
        assert segment.of_change > 0.5
        failed = select(
            one,
            """
            SELECT r.request_id
            FROM requests r JOIN outcomes o USING (request_key)
            WHERE r.segments ->> '$.locale' = 'de' AND r.model_resolved = 'm2' AND NOT o.success
        """,
        )
        assert set(segment.examples) <= {row[0] for row in failed}
        assert len(segment.examples) == 3
        assert found.versions == ("model=m1", "model=m2")
        assert found.documents is not None
        assert found.documents.older
        assert found.documents.before_days == pytest.approx(49.0, abs=1.0)
        assert gap(found, sum(part.value for part in found.parts)) < 1e-9


def test_one_model_in_place_of_another_is_dated_by_its_step(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as one:
        dropped = world(
            34, weeks=WEEKS, per_day=220, outcome_share=0.5, logit=lambda d: -1.2 * (d >= 42)
        )
        fill(one, dropped)
        select(
            one,
            """
            UPDATE requests SET tenure_days = 40, model_resolved = CASE
              WHEN ts >= TIMESTAMP '2026-01-05' + INTERVAL 42 DAY THEN 'm2' ELSE 'm1' END
        """,
        )
        for week in range(1, WEEKS + 1):
            run(one, close(week), SETTINGS)
        found = explain(one, FEATURE, close(WEEKS), SETTINGS)
        assert found is not None
        values = {part.name: part.value for part in found.parts}
        assert found.causes == ("version_mix",)
        assert values["version_mix"] == pytest.approx(found.total.value, abs=0.1)
        assert "one version replaced another for everybody" in found.notes[0]
        assert gap(found, sum(values.values())) < 1e-9


def test_two_new_models_after_the_baseline_are_not_told_apart(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as one:
        fill(one, world(35, weeks=WEEKS, per_day=110, outcome_share=0.5))
        select(
            one,
            """
            UPDATE requests SET tenure_days = 40, model_resolved = CASE
              WHEN ts >= TIMESTAMP '2026-01-05' + INTERVAL 60 DAY THEN 'm3'
              WHEN ts >= TIMESTAMP '2026-01-05' + INTERVAL 42 DAY THEN 'm2' ELSE 'm1' END
        """,
        )
        for week in range(1, WEEKS + 1):
            run(one, close(week), SETTINGS)
        found = explain(one, FEATURE, close(WEEKS), SETTINGS)
        assert found is not None
        assert "version_and_within" in {part.name for part in found.parts}
        assert "not separable: 2 deploys after the baseline" in found.notes[0]
