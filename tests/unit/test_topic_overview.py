"""What is said of each topic: shares, success, alarms, eval coverage; and what people decided."""

from datetime import date
from pathlib import Path

import pytest

from decayd.config import Settings
from decayd.errors import UsageError
from drift.editing.acknowledge import acknowledge
from drift.editing.base import Author, signed
from drift.overview import TopicRow, overview
from drift.topic_card import cards
from store.database import Store
from store.findings import findings_at
from tests.edited_topics import BY, CLOSED, closed, closed_file, opened
from tests.topic_streams import FEATURE, Clouds, close, run_weeks, week_rows
from tests.topics_job import LATER, incidents, query, states

__all__ = ["closed", "closed_file"]  # fixtures of another file

SETTINGS = Settings()


def topics(store: Store) -> dict[str, TopicRow]:
    return {row.topic_id: row for row in overview(store, SETTINGS)}


def test_shares_are_of_the_newest_closed_week_and_add_up(closed: Store) -> None:
    rows = overview(closed, SETTINGS)
    assert {row.week for row in rows} == {close(CLOSED - 1).date()}
    assert sum(row.now.value or 0 for row in rows) == pytest.approx(1)
    assert sum(row.before.value or 0 for row in rows) == pytest.approx(1)
    assert all(row.now.low <= row.now.value <= row.now.high for row in rows)  # type: ignore[operator]


def test_each_channel_says_what_it_made_of_a_topic(closed: Store) -> None:
    found = topics(closed)
    assert found["n1"].channels == {"emerging": "alarm"}
    assert found["t1"].channels == {"shares": "quiet"}


def test_an_older_moment_is_shown_as_it_was_then(closed: Store) -> None:
    then = overview(closed, SETTINGS, as_of=close(5))
    assert {row.week for row in then} == {close(4).date()}
    assert not [row for row in then if row.topic_id.startswith("n")]
    assert overview(closed, SETTINGS, as_of=close(3)) == []


def test_success_of_a_topic_stands_beside_the_rest(closed: Store) -> None:
    assert topics(closed)["n1"].success.why_not.startswith("not measured")
    rows = closed.rows("topic_members", feature=FEATURE, as_of=LATER, topic_id="n1",
                       since=close(0), rows=9)  # fmt: skip
    failed = {row["request_key"] for row in rows}
    asked = query(closed, "SELECT request_key FROM requests WHERE ts >= '2026-02-23'")
    closed.append("pseudo_outcomes", [
        {
            "request_key": each["request_key"], "feature": FEATURE, "week": date(2026, 2, 23),
            "topic_id": "", "psi": float(each["request_key"] not in failed), "influence": 0.0,
            "labelled": True, "as_of": close(CLOSED),
        }
        for each in asked
    ])  # fmt: skip
    found = topics(closed)["n1"]
    assert (found.success.n, found.rest.value) == (found.n_requests, 1)
    assert found.success.value == pytest.approx(1 - 9 / found.n_requests)
    assert found.rest.low == found.rest.high == 1
    assert (found.success.low or 0) < (found.success.value or 0)


def test_the_rest_has_the_error_of_its_own_people(closed: Store) -> None:
    asked = query(closed, "SELECT request_key FROM requests WHERE ts >= '2026-02-23' ORDER BY ALL")
    closed.append("pseudo_outcomes", [
        {
            "request_key": each["request_key"], "feature": FEATURE, "week": date(2026, 2, 23),
            "topic_id": "", "psi": float(n % 3 == 0), "influence": 0.0, "labelled": True,
            "as_of": close(CLOSED),
        }
        for n, each in enumerate(asked)
    ])  # fmt: skip
    for row in closed.rows("topic_success", feature=FEATURE, as_of=LATER):
        one_by_one = [
            row["rest_value"] * (1 - row["rest_value"]) / row["rest_n"],
            row["value"] * (1 - row["value"]) / row["n"],
        ]
        assert row["rest_se"] ** 2 == pytest.approx(one_by_one[0])
        assert row["se"] ** 2 == pytest.approx(one_by_one[1])


def test_eval_coverage_is_how_much_is_near_a_registered_item(closed: Store) -> None:
    assert topics(closed)["n1"].coverage.why_not.startswith("not measured: no eval items")
    text = Clouds(3).texts[12][0]
    at = {"suite": "s", "suite_version": "1", "feature": FEATURE, "available_at": close(1)}
    keys = query(closed, f"SELECT md5_number_lower('{text}') AS input_key")[0]
    closed.append("eval_items", [at | {"item_id": "i", "input": text, "expected": ""} | keys])
    found = topics(closed)
    assert (found["n1"].coverage.value or 0) > 0.5
    assert found["t1"].coverage.value == 0


def test_eval_items_are_embedded_at_the_next_close(closed: Store) -> None:
    at = {"suite": "s", "suite_version": "1", "feature": FEATURE, "available_at": close(1)}
    item = {"item_id": "i", "input": "where is my parcel", "expected": "", "input_key": 77}
    closed.append("eval_items", [at | item])
    run_weeks(closed, SETTINGS, [CLOSED + 1])
    assert query(closed, "SELECT text_key FROM vectors WHERE text_key = 77")


def test_a_card_has_weeks_versions_findings_and_requests(closed: Store) -> None:
    card = cards(closed, SETTINGS, "n1", requests=3)[0]
    assert [week.week for week in card.weeks][-1] == close(CLOSED - 1).date()
    assert sum(week.n_requests for week in card.weeks) == card.n_requests
    assert [version["version"] for version in card.versions] == [1]
    assert [finding["kind"] for finding in card.findings] == ["topic_emerged"]
    assert len(card.requests) == 3
    assert card.commands[0] == "decayd topics show n1 --feature assistant --requests 100 --json"
    with pytest.raises(UsageError, match="no topic"):
        cards(closed, SETTINGS, "n7")


def test_a_feature_name_is_quoted_in_commands(closed: Store) -> None:
    name = "x; rm -rf ~"
    for table in ("topics", "requests", "request_topics"):
        closed.append(table, closed_rows(closed, table, name))
    card = cards(closed, SETTINGS, "t1", feature=name)[0]
    assert "--feature 'x; rm -rf ~'" in card.commands[0]


def closed_rows(store: Store, table: str, feature: str) -> list[dict[str, object]]:
    rows = query(store, f"SELECT * FROM {table} WHERE feature = 'assistant' LIMIT 1")  # noqa: S608
    days = {"ts", "available_at", "as_of"}
    return [
        {
            key: None if key in days | {"day", "first_week"} else value
            for key, value in (row | {"feature": feature, "topic_id": "t1"}).items()
            if key in row
        }
        | ({"as_of": close(1)} if "as_of" in row else {"available_at": close(1)})
        for row in rows
    ]


def test_an_accepted_topic_is_announced_again_when_its_share_doubles(tmp_path: Path) -> None:
    with opened(tmp_path / "known.duckdb") as store:
        store.set_info(first_live_at=close(0).isoformat())
        clouds = Clouds(1)
        clouds.fill(store)
        new = {5: 20, 13: 20, 14: 60}
        for week in range(1, 15):
            asked = clouds.ask(160, new=new.get(week, 0))
            store.append("requests", week_rows(week, asked))
        run_weeks(store, SETTINGS, range(1, 6))
        finding = next(f for f in findings_at(store, LATER) if f.topic_id == "n1")
        said = acknowledge(store, finding.finding_id, "accept", BY)
        assert (said["actor"], said["note"]) == (BY.name, BY.reason)
        run_weeks(store, SETTINGS, range(6, 14))
        of_n1 = [each[2] for each in incidents(store) if each[1] == "topic:n1"]
        assert of_n1 == ["opened", "closed"]
        assert states(store)[-1]["topics"] == {}
        assert topics(store)["n1"].channels == {"emerging": "accepted as known"}
        run_weeks(store, SETTINGS, [14])
        assert incidents(store)[-1] == (14, "topic:n1", "opened")


@pytest.mark.parametrize(
    ("finding_id", "action", "until", "words"),
    [
        ("F-99", "fix", "", "no finding"),
        ("F-1", "defer", "", "until a day"),
        ("F-1", "fix", "2026-12-01", "goes with defer"),
        ("F-1", "defer", "soon", "is no day"),
        ("F-1", "defer", "2026-01-01", "has passed"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(
    closed: Store, finding_id: str, action: str, until: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        acknowledge(closed, finding_id, action, BY, until=until)  # type: ignore[arg-type]
    assert query(closed, "SELECT * FROM acknowledgements") == []


def test_a_finding_that_was_put_off_is_open_again_after_that_day(closed: Store) -> None:
    acknowledge(closed, "F-1", "defer", BY, until="2026-04-01")
    known = [closed.rows("report_acknowledged", as_of=close(week)) for week in (9, 14)]
    assert [len(each) for each in known] == [1, 0]


@pytest.mark.parametrize(("author", "reason"), [("", "x"), ("ann", " "), ("a\x00n", "x")])
def test_an_edit_needs_an_author_and_a_reason(author: str, reason: str) -> None:
    assert signed(" ann  lee ", "y") == Author("ann lee", "y")
    with pytest.raises(UsageError):
        signed(author, reason)
