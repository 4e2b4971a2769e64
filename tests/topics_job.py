"""Helpers of the topics job's tests: weeks of synthetic queries, and what came of them."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from decayd.config import Settings, StoreSettings
from decayd.results import Finding
from store.database import Store
from store.findings import findings_at
from tests.topic_streams import (
    FEATURE,
    START,
    Clouds,
    run_weeks,
    week_rows,
)

LATER = datetime(2030, 1, 1)  # noqa: DTZ001 - the store keeps naive UTC
N = 160  # queries a week
TABLES = ("topics", "request_topics", "findings", "incidents", "baselines", "alarm_states")
Fill = Callable[..., Clouds]


@pytest.fixture
def fill(store: Store) -> Fill:
    """Insert weeks of 160 queries, so many of them of an unseen group in some weeks."""

    def filled(last: int, new: dict[int, int] | None = None) -> Clouds:
        store.set_info(first_live_at=START.isoformat())
        return insert(store, last, new or {})

    return filled


def insert(store: Store, last: int, new: dict[int, int]) -> Clouds:
    clouds = Clouds(1)
    clouds.fill(store)
    for week in range(1, last + 1):
        store.append("requests", week_rows(week, clouds.ask(N, new=new.get(week, 0))))
    return clouds


def emerged(store: Store) -> list[Finding]:
    return [each for each in findings_at(store, LATER) if each.kind == "topic_emerged"]


def query(store: Store, sql: str) -> list[dict[str, Any]]:
    """Return the rows of any SQL; times and dates are text."""
    with store.transaction() as transaction:
        rows = transaction.query(f"SELECT to_json(t) FROM ({sql}) t")  # noqa: S608
        return [json.loads(each[0]) for each in rows]


def states(store: Store) -> list[dict[str, Any]]:
    rows = store.rows("drift_states", feature=FEATURE, stream="topics")
    return [json.loads(each["state"]) for each in rows]


def incidents(store: Store) -> list[tuple[int, str, str]]:
    rows = query(store, "SELECT as_of, stream, state FROM incidents ORDER BY as_of, stream")
    return [
        ((datetime.fromisoformat(each["as_of"]) - START).days // 7, each["stream"], each["state"])
        for each in rows
    ]


def everything(store: Store) -> dict[str, list[dict[str, Any]]]:
    return {name: query(store, f"SELECT * FROM {name} ORDER BY ALL") for name in TABLES}  # noqa: S608


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Twelve weeks that were run at their closes, with an unseen group from week 8 on."""
    path = tmp_path_factory.mktemp("story") / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        store.set_info(first_live_at=START.isoformat())
        insert(store, 12, dict.fromkeys(range(8, 13), 20))
        run_weeks(store, Settings(), range(1, 13))
        yield store
