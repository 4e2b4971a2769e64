"""What the weekly topics job must not be moved by, and how its incidents run."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from decayd.config import Settings, StoreSettings
from drift.run import run
from store.database import Store
from store.findings import findings_at
from tests.topic_streams import (
    START,
    Clouds,
    close,
    row,
    run_weeks,
    week_rows,
)
from tests.topics_job import (
    LATER,
    Fill,
    N,
    emerged,
    everything,
    fill,
    incidents,
    insert,
    query,
    states,
    story,
)

__all__ = ["fill", "story"]  # fixtures of another file


def test_still_traffic_has_no_finding(store: Store, settings: Settings, fill: Fill) -> None:
    fill(12)
    run_weeks(store, settings, range(1, 13))
    assert findings_at(store, LATER) == []
    assert [bool(each["why_not"]) for each in states(store)] == [True] + [False] * 8


def test_running_a_close_again_changes_nothing(
    store: Store, settings: Settings, fill: Fill
) -> None:
    fill(9, new={8: 20, 9: 20})
    run_weeks(store, settings, range(1, 10))
    before = everything(store)
    run_weeks(store, settings, [9, 8, 4, 9])
    assert everything(store) == before


def test_the_order_of_arrival_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    results = []
    for name, step in (("ordered", 1), ("backwards", -1)):
        with Store.open(StoreSettings(path=tmp_path / f"{name}.duckdb", threads=1)) as store:
            store.set_info(first_live_at=START.isoformat())
            clouds = Clouds(1)
            clouds.fill(store)
            rows = [r for week in range(1, 10) for r in week_rows(week, clouds.ask(N, new=20))]
            store.append("requests", rows[::step])
            run_weeks(store, settings, range(1, 10))
            results.append(everything(store))
    assert results[0] == results[1]


def test_rows_that_come_later_do_not_change_what_was_said(
    store: Store, settings: Settings, fill: Fill
) -> None:
    clouds = fill(8, new={8: 20})
    late = [row(f"late {n}", close(7), text) for n, text in enumerate(clouds.ask(100, new=100))]
    store.append("requests", [each | {"available_at": close(8) + timedelta(1)} for each in late])
    run_weeks(store, settings, range(1, 9))
    assert emerged(store)[0].now is not None
    assert not any(name.startswith("late") for name in emerged(store)[0].member_request_ids)


def test_back_filled_weeks_make_a_baseline_but_no_finding(
    store: Store, settings: Settings, fill: Fill
) -> None:
    fill(10, new=dict.fromkeys(range(8, 11), 60))
    store.set_info(first_live_at=close(10).isoformat())
    run_weeks(store, settings, [10])
    assert findings_at(store, LATER) == []
    assert states(store)[0]["why_not"] == "back-filled"
    assert len(query(store, "SELECT * FROM baselines")) == 1


def test_a_store_without_live_records_raises_no_finding(store: Store, settings: Settings) -> None:
    insert(store, 9, {9: 60})
    run_weeks(store, settings, range(1, 10))
    assert findings_at(store, LATER) == []


def test_one_user_with_many_queries_is_not_a_new_topic(
    store: Store, settings: Settings, fill: Fill
) -> None:
    clouds = fill(7)
    store.append("requests", week_rows(8, clouds.ask(N)))
    burst = [row(f"b{n}", close(7), text, user_id="one") for n, text in enumerate(clouds.texts[-1])]
    store.append("requests", burst)
    run_weeks(store, settings, range(1, 9))
    assert emerged(store) == []


def test_copies_of_one_text_by_nobody_are_not_a_new_topic(
    store: Store, settings: Settings, fill: Fill
) -> None:
    clouds = fill(7)
    store.append("requests", week_rows(8, clouds.ask(N), user_id=None))
    same = [row(f"b{n}", close(7), clouds.texts[-1][0], user_id=None) for n in range(100)]
    store.append("requests", same)
    run_weeks(store, settings, range(1, 9))
    assert emerged(store) == []


def test_an_incident_opens_once_and_closes_after_four_quiet_weeks(
    store: Store, settings: Settings, fill: Fill
) -> None:
    fill(16, new={8: 24, 9: 24})
    run_weeks(store, settings, range(1, 17))
    history = incidents(store)
    assert history[0] == (8, "topic:n1", "opened")
    assert [each[2] for each in history] == ["opened", "closed"]
    last_alarm = max(n for n, each in enumerate(states(store), start=4) if each["topics"])
    assert history[1][0] == last_alarm + 4
    assert emerged(store)[0].state == "closed"


def test_a_doubled_share_is_announced_again(store: Store, settings: Settings, fill: Fill) -> None:
    fill(10, new={8: 18, 9: 20, 10: 60})
    run_weeks(store, settings, range(1, 11))
    assert incidents(store) == [(8, "topic:n1", "opened"), (10, "topic:n1", "changed")]


def test_a_topic_that_comes_back_keeps_its_id(store: Store, settings: Settings, fill: Fill) -> None:
    fill(14, new={8: 24, 14: 24})
    run_weeks(store, settings, range(1, 15))
    assert [each[1:] for each in incidents(store)] == [
        ("topic:n1", "opened"),
        ("topic:n1", "closed"),
        ("topic:n1", "opened"),
    ]
    assert [each.topic_id for each in emerged(store)] == ["n1"]
    assert emerged(store)[0].state == "open"


def test_a_new_topic_takes_over_earlier_requests_of_the_last_weeks(
    store: Store, settings: Settings, fill: Fill
) -> None:
    fill(8, new={7: 2, 8: 24})
    run_weeks(store, settings, range(1, 9))
    rows = query(
        store,
        "SELECT DISTINCT topic_id, as_of FROM request_topics JOIN requests USING (request_key)"
        " WHERE starts_with(query, 'group12') AND starts_with(request_id, 'r7-') ORDER BY as_of",
    )
    assert rows[-1]["topic_id"] == "n1"
    assert rows[0]["topic_id"] != "n1"


def test_queries_unlike_the_baseline_belong_to_other(
    store: Store, settings: Settings, fill: Fill
) -> None:
    fill(5, new={5: 4})
    run_weeks(store, settings, range(1, 6))
    rows = query(
        store,
        "SELECT DISTINCT topic_id FROM request_topics JOIN requests USING (request_key)"
        " WHERE starts_with(query, 'group12')",
    )
    assert rows == [{"topic_id": "other"}]


def test_too_few_votes_in_a_week_are_said(store: Store, settings: Settings, fill: Fill) -> None:
    clouds = fill(4)
    store.append("requests", week_rows(5, clouds.ask(60)))
    run_weeks(store, settings, range(1, 6))
    assert states(store)[-1]["why_not"] == "not enough data: 60 votes, a test needs 150"


@pytest.mark.parametrize(
    "fields",
    [{"source_kind": "synthetic"}, {"probe": True}, {"status": "error"}, {"duplicate": True}],
    ids=["synthetic", "probe", "error", "duplicate"],
)
def test_only_user_requests_count(
    store: Store, settings: Settings, fill: Fill, fields: dict[str, Any]
) -> None:
    clouds = fill(8)
    others = [row(f"x{n}", close(7), text, **fields) for n, text in enumerate(clouds.texts[-1])]
    store.append("requests", others)
    run_weeks(store, settings, range(1, 9))
    assert emerged(store) == []


def test_features_are_kept_apart(store: Store, settings: Settings, fill: Fill) -> None:
    clouds = fill(8)
    for week in range(1, 9):
        rows = week_rows(week, clouds.ask(N, new=20 if week == 8 else 0), feature="second")
        store.append("requests", [_renamed(each) for each in rows])
    run_weeks(store, settings, range(1, 9))
    assert [each.feature for each in emerged(store)] == ["second"]


def test_a_store_without_requests_has_nothing_to_do(store: Store, settings: Settings) -> None:
    assert run(store, close(1), settings)["features"] == 0


def _renamed(each: dict[str, Any]) -> dict[str, Any]:
    name = f"second {each['request_id']}"
    return row(name, each["ts"], each["query"], feature="second")


def test_weeks_follow_the_reports_time_zone(settings: Settings, store: Store) -> None:
    zone = settings.model_copy(
        update={"report": settings.report.model_copy(update={"timezone": "Europe/Berlin"})}
    )
    insert(store, 5, {})
    closes: Sequence[datetime] = [close(week) - timedelta(hours=1) for week in range(1, 6)]
    counts = [run(store, as_of, zone) for as_of in closes]
    assert counts[-1]["learning"] == 0
    weeks = query(store, "SELECT weeks FROM baselines")[0]["weeks"]
    assert all(date.fromisoformat(week).weekday() == 0 for week in weeks)
