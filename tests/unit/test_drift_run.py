"""The weekly topics job over synthetic vectors with known groups, through a real store."""

from datetime import date, timedelta

from decayd.config import Settings
from store.database import Store
from store.findings import findings_at
from tests.topic_streams import (
    START,
    close,
    run_weeks,
    week_rows,
)
from tests.topics_job import Fill, N, emerged, fill, query, states, story

__all__ = ["fill", "story"]  # fixtures of another file


def test_a_feature_learns_until_four_full_weeks(
    store: Store, settings: Settings, fill: Fill
) -> None:
    fill(4)
    counts = run_weeks(store, settings, range(1, 5))
    assert [each["learning"] for each in counts] == [1, 1, 1, 0]


def test_the_launch_baseline_is_accepted_once(story: Store) -> None:
    accepted = query(story, "SELECT kind, version, n, accepted_by, reason FROM baselines")
    assert [tuple(each.values()) for each in accepted] == [
        ("topics", 1, 4 * N, "decayd", "launch baseline")
    ]


def test_frozen_topics_are_written_once(story: Store) -> None:
    rows = query(story, "SELECT topic_id FROM topics WHERE state = 'frozen'")
    assert len(rows) == len({each["topic_id"] for each in rows}) == 17
    assert all(each["topic_id"].startswith("t") for each in rows)


def test_a_frozen_topic_is_labelled_with_its_groups_word(story: Store) -> None:
    for topic in query(story, "SELECT words, examples FROM topics WHERE state = 'frozen'"):
        assert topic["words"][0] == topic["examples"][0].split()[0]
        assert len(topic["examples"]) == 3


def test_every_request_is_placed(story: Store) -> None:
    missing = "SELECT request_id FROM requests ANTI JOIN request_topics USING (request_key)"
    assert query(story, missing) == []


def test_a_request_is_placed_again_only_by_a_takeover(story: Store) -> None:
    rows = query(
        story,
        "SELECT last(topic_id ORDER BY as_of) AS topic_id FROM request_topics"
        " GROUP BY request_key HAVING count(*) > 1",
    )
    assert {each["topic_id"] for each in rows} <= {"n1"}


def test_requests_of_a_group_share_their_topics(story: Store) -> None:
    rows = query(
        story,
        "SELECT DISTINCT split_part(query, ' ', 1) AS named, topic_id FROM requests"
        " JOIN request_topics USING (request_key) WHERE topic_id <> 'other'",
    )
    groups: dict[str, set[str]] = {}
    for each in rows:
        groups.setdefault(each["topic_id"], set()).add(each["named"])
    assert all(len(names) == 1 for names in groups.values())


def test_a_new_group_is_found_in_its_first_week_and_keeps_its_id(story: Store) -> None:
    assert [(each.finding_id, each.topic_id) for each in emerged(story)] == [("F-1", "n1")]
    assert [sorted(each["topics"]) for each in states(story)] == [[]] * 4 + [["n1"]] * 5


def test_both_windows_that_show_a_new_group_say_alarm(story: Store) -> None:
    said = [each for each in states(story)[-1]["channels"] if each["channel"] == "emerging"]

    assert [(each["weeks"], each["state"]) for each in said] == [(1, "alarm"), (4, "alarm")]


def test_a_finding_names_the_topic_and_its_first_week(story: Store) -> None:
    details = findings_at(story, close(8))[0].details
    assert details["first_week"] == close(7).date().isoformat()
    assert details["words"][0] == "group12"
    assert findings_at(story, close(8))[0].title.startswith("new topic “group12")


def test_a_finding_lists_the_requests_of_its_topic(story: Store) -> None:
    asked = query(story, "SELECT request_id FROM requests WHERE starts_with(query, 'group12')")
    members, truth = emerged(story)[0].member_request_ids, {each["request_id"] for each in asked}
    assert len(truth & set(members)) >= 0.95 * len(truth)
    assert len(truth & set(members)) >= 0.95 * len(members)


def test_a_finding_says_how_much_with_an_interval(story: Store) -> None:
    first = findings_at(story, close(8))[0]
    assert first.now is not None
    assert first.before is not None
    assert first.now.low is not None
    assert first.now.high is not None
    assert first.now.low < 20 / N < first.now.high
    assert (first.before.value, first.before.n) == (0, 4 * N)


def test_a_week_that_began_before_the_feature_is_no_baseline_week(
    store: Store, settings: Settings, fill: Fill
) -> None:
    clouds = fill(0)
    late = [r | {"ts": r["ts"] + timedelta(days=2)} for r in week_rows(1, clouds.ask(200))]
    store.append("requests", [r | {"available_at": r["ts"]} for r in late if r["ts"] < close(1)])
    for week in range(2, 6):
        store.append("requests", week_rows(week, clouds.ask(N)))
    counts = run_weeks(store, settings, range(1, 6))
    assert [each["learning"] for each in counts] == [1, 1, 1, 1, 0]


def test_a_thin_week_does_not_count_for_the_baseline(
    store: Store, settings: Settings, fill: Fill
) -> None:
    clouds = fill(0)
    for week, n in enumerate((N, 149, N, N, N), start=1):
        store.append("requests", week_rows(week, clouds.ask(n)))
    run_weeks(store, settings, range(1, 6))
    weeks = query(store, "SELECT weeks FROM baselines")[0]["weeks"]
    days = [(date.fromisoformat(week) - START.date()).days for week in weeks]
    assert [n // 7 + 1 for n in days] == [1, 3, 4, 5]
