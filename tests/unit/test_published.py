"""The Parquet files beside the training sets: whole, repeatable, as of a moment, without texts."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from decay_reports import weekly
from decay_reports.layout.published import publish
from decayd.config import Settings
from decayd.results import Estimate, Finding
from store.database import Store
from store.findings import append_findings
from tests.report_rows import FIRST, WEEK, close, write_weeks

FILES = ["findings.parquet", "topics.parquet", "weekly_figures.parquet"]
SECRET = "my card 4111 was stolen"  # noqa: S105 - what a user wrote


def topic(as_of: datetime, label: str) -> dict[str, Any]:
    return {
        "feature": "chat", "topic_id": "n1", "version": 1, "model_id": "m", "as_of": as_of,
        "label": label, "words": ["card"], "examples": [SECRET], "centroid": [1.0],
        "reference_share": 0.01, "first_week": FIRST, "state": "emerging",
    }  # fmt: skip


def finding(as_of: datetime) -> Finding:
    return Finding(
        finding_id="F-1", kind="topic_emerged", feature="chat", as_of=as_of, week=FIRST,
        title="new topic", topic_id="n1", now=Estimate(0.07, 0.06, 0.08, n=500),
        member_request_ids=("r1", "r2"), details={"examples": [SECRET]},
    )  # fmt: skip


@pytest.fixture
def filled(store: Store) -> datetime:
    as_of = write_weeks(store, [0.7, 0.7, 0.7])
    store.append("topics", [topic(as_of - WEEK, "card"), topic(as_of, "stolen card")])
    with store.transaction() as transaction:
        append_findings(transaction, [finding(as_of - WEEK), finding(as_of)])
    return as_of


def read(folder: Path) -> dict[str, pa.Table]:
    return {path.name: pq.read_table(path) for path in sorted(folder.glob("*.parquet"))}


def test_the_weekly_run_publishes_three_files(
    store: Store, settings: Settings, filled: datetime
) -> None:
    assert weekly.run(store, filled, settings)["published"] == 3

    tables = read(settings.publish.folder)
    assert list(tables) == FILES
    assert tables["topics.parquet"]["label"].to_pylist() == ["stolen card"]
    assert tables["findings.parquet"]["now_value"].to_pylist() == [0.07, 0.07]
    assert tables["findings.parquet"]["n_members"].to_pylist() == [2, 2]
    success = [m for m in tables["weekly_figures.parquet"]["metric"].to_pylist() if m == "success"]
    assert len(success) == 5


def test_the_same_moment_gives_the_same_bytes(
    store: Store, settings: Settings, filled: datetime
) -> None:
    folder = settings.publish.folder
    publish(store, filled, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    publish(store, filled, folder)

    assert sorted(before) == FILES  # and nothing half written beside them
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_became_known_later_is_not_in_them(
    store: Store, settings: Settings, filled: datetime
) -> None:
    publish(store, filled - WEEK, settings.publish.folder)

    tables = read(settings.publish.folder)
    assert tables["topics.parquet"]["label"].to_pylist() == ["card"]
    assert tables["findings.parquet"].num_rows == 1
    assert max(tables["weekly_figures.parquet"]["as_of"].to_pylist()) == filled - WEEK


def test_nothing_that_a_user_wrote_and_no_request_id_is_in_them(
    store: Store, settings: Settings, filled: datetime
) -> None:
    publish(store, filled, settings.publish.folder)

    for table in read(settings.publish.folder).values():
        said = str(table.to_pylist())
        assert SECRET not in said
        assert "r1" not in said


def test_a_folder_that_cannot_be_written_costs_nothing_else(
    store: Store, settings: Settings, filled: datetime
) -> None:
    settings.publish.folder.write_text("a file, no folder")

    done = weekly.run(store, filled, settings)

    assert (done["published"], done["stored"]) == (0, 1)


def test_an_empty_store_publishes_tables_without_rows(store: Store, settings: Settings) -> None:
    assert publish(store, close(FIRST), settings.publish.folder) == 3

    assert {table.num_rows for table in read(settings.publish.folder).values()} == {0}
