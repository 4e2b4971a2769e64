"""Another embedding model: topics are made again with it, under their ids, and nothing is mixed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from decayd.config import Settings, StoreSettings
from drift.calibrate import calibrate
from drift.embedding import Encoder
from drift.model_files import find_model
from drift.state import load_past
from drift.vectors import Embedder
from store.database import Store
from store.findings import findings_at
from tests.second_model import PACKAGE, queries, raised_model, vector_rows
from tests.topic_streams import FEATURE, START, close, run_weeks, week_rows
from tests.topics_job import LATER, everything, query, states

N = 160  # queries a week
NEW = 24  # of them about what nobody asked before, from week 7 on
SWITCH = 9  # the first week that is closed with the second model
LAST = 12


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return raised_model(tmp_path_factory.mktemp("model") / "raised")


def with_model(model: Path) -> Settings:
    return Settings.model_validate({"topics": {"model": str(model)}})


@pytest.fixture(scope="module")
def vectors(second: Path) -> pa.Table:
    """Rows of `vectors` for every query under both models, so that they are embedded once."""
    return pa.concat_tables([vector_rows(PACKAGE), vector_rows(str(second))])


def fill(store: Store, last: int, step: int = 1) -> None:
    """Insert weeks of queries about 12 subjects, from week 7 on about a 13th as well."""
    rng, texts = np.random.default_rng(3), queries()
    store.set_info(first_live_at=START.isoformat())
    rows = []
    for week in range(1, last + 1):
        new = NEW if week >= 7 else 0
        asked = [*rng.integers(0, 12, N - new).tolist(), *[12] * new]
        rows += week_rows(week, [texts[n][rng.integers(24)] for n in asked])
    store.append("requests", rows[::step])


def live(store: Store, second: Path) -> None:
    """Run every close: with the installed model, then with the second one, calibrated at once."""
    run_weeks(store, Settings(), range(1, SWITCH))
    run_weeks(store, with_model(second), [SWITCH])
    calibrate(store, close(SWITCH), with_model(second).topics)
    run_weeks(store, with_model(second), range(SWITCH + 1, LAST + 1))


@pytest.fixture(scope="module")
def changed(
    tmp_path_factory: pytest.TempPathFactory, second: Path, vectors: pa.Table
) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("changed") / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        store.append("vectors", vectors)
        fill(store, LAST)
        live(store, second)
        yield store


def test_every_topic_gets_a_new_version_under_its_id(changed: Store, second: Path) -> None:
    history = query(
        changed, "SELECT DISTINCT topic_id, version, model_id, as_of, label FROM topics"
    )
    old = {each["topic_id"]: each["label"] for each in history if each["version"] == 1}
    new = {each["topic_id"]: each["label"] for each in history if each["version"] == 2}
    assert "n1" in old
    assert new == old
    models = {each["version"]: each["model_id"] for each in history}
    assert models == {v: find_model(m).model_id for v, m in ((1, PACKAGE), (2, str(second)))}
    assert {each["version"] for each in history if each["as_of"] >= str(close(SWITCH))} == {2}


def test_the_baseline_keeps_its_votes_and_weeks(changed: Store) -> None:
    rows = query(changed, "SELECT version, weeks, details, reason FROM baselines ORDER BY version")
    assert [each["version"] for each in rows] == [1, 2]
    assert rows[0]["weeks"] == rows[1]["weeks"]
    assert rows[0]["details"].split('"votes"')[1] == rows[1]["details"].split('"votes"')[1]
    assert "topics.model changed" in rows[1]["reason"]


def test_vectors_of_two_models_are_never_compared(changed: Store) -> None:
    sizes = query(changed, "SELECT DISTINCT version, len(centroid) AS d FROM topics ORDER BY ALL")
    assert sizes == [{"version": 1, "d": 384}, {"version": 2, "d": 256}]
    placed = query(
        changed,
        "SELECT model_id, min(as_of) AS first, max(as_of) AS last FROM request_topics"
        " GROUP BY model_id ORDER BY first",
    )
    assert placed[0]["last"] == str(close(SWITCH - 1))
    assert placed[1]["first"] == str(close(SWITCH))


def test_an_emerged_topic_goes_on_under_its_id(changed: Store) -> None:
    rows = query(
        changed,
        "SELECT as_of, topic_id FROM request_topics JOIN requests USING (request_key)"
        " WHERE contains(query, 'solar')",
    )
    after = [each["topic_id"] for each in rows if each["as_of"] > str(close(SWITCH))]
    assert after.count("n1") > 0.9 * len(after)
    assert "n1" in states(changed)[-1]["topics"]
    assert {each["topic_id"] for each in query(changed, "SELECT topic_id FROM topics")
            if each["topic_id"].startswith("n")} == {"n1"}  # fmt: skip


def test_queries_keep_their_topics_across_the_models(changed: Store) -> None:
    rows = query(
        changed,
        "SELECT version, query, topic_id FROM request_topics JOIN requests USING (request_key)"
        " WHERE NOT contains(query, 'solar')",
    )
    before, now = ({r["query"]: r["topic_id"] for r in rows if r["version"] == v} for v in (1, 2))
    both = before.keys() & now.keys()
    assert sum(before[each] == now[each] for each in both) > 0.8 * len(both) > 100


def test_the_change_is_a_finding_that_closes(changed: Store) -> None:
    found = [each for each in findings_at(changed, LATER) if each.kind == "topic_model_changed"]
    assert [(each.state, each.severity) for each in found] == [("closed", "info")]
    at_switch = [f for f in findings_at(changed, close(SWITCH)) if f.kind == "topic_model_changed"]
    assert at_switch[0].state == "open"
    assert "topics were made again" in at_switch[0].title


def test_nothing_is_announced_while_the_model_is_uncalibrated(changed: Store) -> None:
    state = next(s for s in states(changed) if s["week"] == close(SWITCH - 1).date().isoformat())
    assert state["why_not"].startswith("uncalibrated")
    assert state["topics"] == {}
    later = [each for each in states(changed) if each["week"] >= close(SWITCH).date().isoformat()]
    assert [each["why_not"] for each in later] == [""] * (LAST - SWITCH)


def test_replay_in_another_order_gives_the_same_rows(
    changed: Store, tmp_path: Path, second: Path, vectors: pa.Table
) -> None:
    with Store.open(StoreSettings(path=tmp_path / "again.duckdb", threads=1)) as store:
        store.append("vectors", vectors)
        fill(store, LAST, step=-1)
        live(store, second)
        run_weeks(store, with_model(second), [SWITCH, LAST])
        assert everything(store) == everything(changed)


def test_a_run_that_was_killed_while_it_embedded_gives_the_same_rows(
    changed: Store, tmp_path: Path, second: Path, vectors: pa.Table
) -> None:
    with Store.open(StoreSettings(path=tmp_path / "killed.duckdb", threads=1)) as store:
        store.append("vectors", vectors.slice(0, vectors.num_rows // 2))  # none of the second model
        fill(store, LAST)
        run_weeks(store, Settings(), range(1, SWITCH))
        embedder = Embedder(store, Encoder(str(second)), close(SWITCH))
        embedder.waiting([FEATURE], 1000, 7)
        baseline = load_past(store, FEATURE, close(SWITCH)).accepted
        assert embedder.these(baseline.votes.tolist()) > 100
        run_weeks(store, with_model(second), [SWITCH])
        until = str(close(SWITCH))
        for table in ("topics", "request_topics", "baselines"):
            wanted = [each for each in everything(changed)[table] if each["as_of"] <= until]
            assert everything(store)[table] == wanted


def test_topics_whose_baseline_texts_are_gone_are_left_alone(
    tmp_path: Path, second: Path, vectors: pa.Table
) -> None:
    with Store.open(StoreSettings(path=tmp_path / "gone.duckdb", threads=1)) as store:
        store.append("vectors", vectors.slice(0, vectors.num_rows // 2))  # none of the second model
        fill(store, 4)
        run_weeks(store, Settings(), range(1, 5))
        with store.transaction() as transaction:
            transaction.query("DELETE FROM requests")
        for week in (5, 6):
            store.append("requests", week_rows(week, ["a question of another kind"] * 3))
        before = everything(store)["topics"]
        counts = run_weeks(store, with_model(second), [5, 6])
        assert everything(store)["topics"] == before
        assert [each["placed"] for each in counts] == [0, 0]
        found = findings_at(store, LATER)
        assert [(each.kind, each.state) for each in found] == [("topic_model_changed", "open")]
        assert "topics.model" in found[0].next_step
