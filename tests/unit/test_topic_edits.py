"""People rename, merge and refit topics: later reads follow, history keeps the ids."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from decayd.config import Settings
from decayd.errors import UsageError
from drift.editing.names import merge, rename
from drift.editing.reference import accept
from drift.editing.refit import refit
from drift.overview import TopicRow, overview
from drift.state import load_past
from drift.topic_card import cards
from store.database import Store
from store.findings import findings_at
from tests.edited_topics import BY, CLOSED, LAST, NEW, N, closed, closed_file, fill, opened
from tests.topic_streams import (
    DIMENSION,
    FEATURE,
    START,
    close,
    run_weeks,
    store_vectors,
    week_rows,
)
from tests.topics_job import LATER, everything, incidents, query, states

__all__ = ["closed", "closed_file"]  # fixtures of another file

SETTINGS = Settings()


def topics(store: Store) -> dict[str, TopicRow]:
    return {row.topic_id: row for row in overview(store, SETTINGS)}


def goes_on(store: Store) -> None:
    run_weeks(store, SETTINGS, range(CLOSED + 1, LAST + 1))


def test_there_are_two_topics_to_edit(closed: Store) -> None:
    found = topics(closed)
    assert {each for each in found if each.startswith("n")} == {"n1", "n2"}
    assert found["n1"].now.value == pytest.approx(NEW / (N + 2 * NEW), abs=0.03)
    assert found["n1"].before.value == 0


def test_a_new_label_stays_and_later_findings_use_it(closed: Store) -> None:
    edit = rename(closed, "n1", "  lost \n parcels ", BY)
    assert (edit["edit_id"], edit["value"]) == ("E-1", "lost parcels")
    assert topics(closed)["n1"].label == "lost parcels"
    goes_on(closed)
    assert topics(closed)["n1"].label == "lost parcels"
    titles = [each.title for each in findings_at(closed, LATER) if each.topic_id == "n1"]
    assert "lost parcels" in titles[-1]


@pytest.mark.parametrize("label", ["", " \u200d", "a\u202eb", "a\x1b[31m", "x" * 81, "\ud800"])
def test_a_label_that_can_not_be_shown_is_refused(closed: Store, label: str) -> None:
    with pytest.raises(UsageError, match="the label"):
        rename(closed, "n1", label, BY)


def test_a_label_belongs_to_one_topic(closed: Store) -> None:
    taken = topics(closed)["t1"].label
    with pytest.raises(UsageError, match="t1 has the label"):
        rename(closed, "n1", taken.upper(), BY)
    rename(closed, "t1", taken, BY)


def test_a_merged_topic_counts_for_the_other_one(closed: Store) -> None:
    before = topics(closed)
    edit = merge(closed, "n2", "n1", BY)
    after = topics(closed)
    assert edit["details"]["n_requests"] >= 0.9 * NEW
    assert (after["n2"].state, after["n2"].merged_into) == ("merged", "n1")
    votes = sum(round((before[each].now.value or 0) * before[each].now.n) for each in ("n1", "n2"))
    assert after["n1"].now.value == votes / after["n1"].now.n


def test_later_requests_go_to_the_topic_that_it_was_merged_into(closed: Store) -> None:
    merge(closed, "n2", "n1", BY)
    goes_on(closed)
    rows = query(
        closed,
        "SELECT as_of, topic_id, query FROM request_topics JOIN requests USING (request_key)"
        " WHERE starts_with(query, 'group11') OR starts_with(query, 'group12')",
    )
    later = [each["topic_id"] for each in rows if each["as_of"] > str(close(CLOSED))]
    assert later.count("n1") > 0.9 * len(later) > NEW
    assert "n2" not in later
    assert any(each["topic_id"] == "n2" for each in rows)  # history keeps the id


def test_the_merged_topic_is_neither_announced_nor_found_again(closed: Store) -> None:
    merge(closed, "n2", "n1", BY)
    before = incidents(closed)
    goes_on(closed)
    assert set(topics(closed)) >= {"n1", "n2"}
    assert "n3" not in topics(closed)
    assert [sorted(each["topics"]) for each in states(closed)[-2:]] == [["n1"], ["n1"]]
    assert [each for each in incidents(closed)[len(before) :] if each[2] == "opened"] == []
    assert (CLOSED, "topic:n2", "closed") in before


def test_the_finding_of_a_merged_topic_is_closed_where_the_other_one_has_its_own(
    closed: Store,
) -> None:
    assert merge(closed, "n2", "n1", BY)["details"]["incident"] == "closed"
    finding = [each for each in findings_at(closed, LATER) if "was merged into" in each.title]
    assert [(each.state, each.topic_id) for each in finding] == [("closed", "n2")]


def test_an_incident_goes_on_under_the_other_topic(closed: Store) -> None:
    closed.set_info(watermark=(close(CLOSED) + timedelta(days=1)).isoformat())
    of_n1 = query(closed, "SELECT incident_id FROM incidents WHERE stream = 'topic:n1'")[0]
    row = {"feature": FEATURE, "stream": "topic:n1", "state": "closed", "details": "{}"}
    at = {"as_of": close(CLOSED) + timedelta(hours=1), "onset": START.date()}
    closed.append("incidents", [row | of_n1 | at])
    assert merge(closed, "n2", "n1", BY)["details"]["incident"] == "changed"
    unclosed = closed.rows("drift_open_incidents", feature=FEATURE, as_of=LATER)
    assert [each["stream"] for each in unclosed] == ["topic:n1"]
    goes_on(closed)
    assert [each[2] for each in incidents(closed) if each[0] > CLOSED] == []


def test_a_topic_that_is_a_part_of_the_baseline_raises_no_alarm(closed: Store) -> None:
    merge(closed, "n1", "t3", BY)
    goes_on(closed)
    assert all("n1" not in each["topics"] for each in states(closed)[-2:])
    placed = query(closed, "SELECT topic_id, as_of FROM request_topics")
    later = {each["topic_id"] for each in placed if each["as_of"] > str(close(CLOSED))}
    assert "n1" not in later
    assert "n3" not in topics(closed)


def test_merged_frozen_topics_are_one_in_shares(closed: Store) -> None:
    before = topics(closed)
    merge(closed, "t2", "t1", BY)
    goes_on(closed)
    after = topics(closed)
    assert after["t2"].state == "merged"
    assert (after["t1"].before.value or 0) > (before["t1"].before.value or 0)
    frozen = load_past(closed, FEATURE, LATER).centroids(frozen=True)
    position, _ = frozen.nearest(frozen.vectors)
    assert position[frozen.ids.index("t2")] == frozen.ids.index("t1")


@pytest.mark.parametrize(
    ("from_id", "into_id", "words"),
    [
        ("n1", "n1", "itself"),
        ("n1", "n9", "no topic"),
        ("x'; DROP TABLE topics", "n1", "no topic"),
        ("other", "n1", "no topic"),
        ("t1", "n1", "a topic of the baseline"),
        ("n2", "n1", "merged into t1"),
        ("n1", "n2", "merged into t1"),
    ],
)
def test_a_merge_that_makes_no_sense_is_refused(
    closed: Store, from_id: str, into_id: str, words: str
) -> None:
    if "t1" in words:
        merge(closed, "n2", "t1", BY)
    rows = query(closed, "SELECT * FROM topic_edits")
    with pytest.raises(UsageError, match=words):
        merge(closed, from_id, into_id, BY)
    assert query(closed, "SELECT * FROM topic_edits") == rows


def test_what_was_merged_before_follows(closed: Store) -> None:
    merge(closed, "n2", "n1", BY)
    assert merge(closed, "n1", "t1", BY)["details"]["followers"] == ["n2"]
    assert load_past(closed, FEATURE, LATER).merged == {"n1": "t1", "n2": "t1"}
    left = query(closed, "SELECT DISTINCT topic_id FROM latest_topics('2030-01-01')")
    assert {"n1", "n2"}.isdisjoint(each["topic_id"] for each in left)


def test_an_edit_counts_from_its_own_time(closed: Store) -> None:
    rename(closed, "t1", "first", BY)
    merge(closed, "n2", "n1", BY)
    past = load_past(closed, FEATURE, close(CLOSED))
    assert (past.merged, past.topics["t1"].label == "first") == ({}, False)
    now = load_past(closed, FEATURE, close(CLOSED + 1))
    assert (now.merged, now.topics["t1"].label) == ({"n2": "n1"}, "first")
    rows = {each["edit_id"]: each["as_of"] for each in query(closed, "SELECT * FROM topic_edits")}
    assert str(close(CLOSED)) < rows["E-1"] < rows["E-2"] < str(close(CLOSED + 1))


def edited(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Make the same edits, close the remaining weeks, and return all rows."""
    rename(store, "n1", "both", BY)
    merge(store, "n2", "n1", BY)
    refit(store, FEATURE, BY, SETTINGS)
    goes_on(store)
    return everything(store) | {"edits": query(store, "SELECT * FROM topic_edits ORDER BY ALL")}


def test_the_same_edits_on_rows_in_another_order_give_the_same_rows(
    closed: Store, tmp_path: Path
) -> None:
    with opened(tmp_path / "again.duckdb") as store:
        fill(store, step=-1)
        run_weeks(store, SETTINGS, range(1, CLOSED + 1))
        again = edited(store)
        run_weeks(store, SETTINGS, range(1, LAST + 1))
        assert everything(store).items() <= again.items()
    assert edited(closed) == again


def test_a_refit_makes_a_version_with_ids_of_its_own(closed: Store) -> None:
    old = {each for each, row in topics(closed).items() if row.state == "frozen"}
    details = refit(closed, FEATURE, BY, SETTINGS)["details"]
    found = topics(closed)
    assert (details["version"], len(details["weeks"])) == (2, 4)
    assert {found[each].state for each in old} == {"replaced"}
    assert [each for each, row in found.items() if row.state == "frozen"][:2] == ["t1@v2", "t2@v2"]
    accepted = query(closed, "SELECT version, accepted_by, reason FROM baselines ORDER BY version")
    assert tuple(accepted[1].values()) == (2, "ann", "the same question")


def test_a_refit_keeps_the_map_from_old_to_new_topics(closed: Store) -> None:
    details = refit(closed, FEATURE, BY, SETTINGS)["details"]
    assert sum(each["n"] for each in details["overlap"]) == details["n_votes"]
    assert all(0 < each["share"] <= 1 for each in details["best"])
    sure = [each for each in details["best"] if each["share"] > 0.8]
    assert len(sure) >= 5
    shown = cards(closed, SETTINGS, sure[0]["new"])[0].edits[-1]["details"]
    assert {each["new"] for each in shown["best"]} == {sure[0]["new"]}


def test_a_refit_covers_emerged_topics_that_are_common_now(closed: Store) -> None:
    details = refit(closed, FEATURE, BY, SETTINGS)["details"]
    assert set(details["covered"]) == {"n1", "n2"}
    found = topics(closed)
    assert found["n1"].merged_into == details["covered"]["n1"]
    assert (found[details["covered"]["n1"]].now.value or 0) > 0.05
    left = query(closed, "SELECT DISTINCT topic_id FROM latest_topics('2030-01-01')")
    assert {"n1", "n2"}.isdisjoint(each["topic_id"] for each in left)


def test_what_was_merged_goes_its_own_way_in_a_refit(closed: Store) -> None:
    merge(closed, "n2", "n1", BY)
    covered = refit(closed, FEATURE, BY, SETTINGS)["details"]["covered"]
    assert covered["n1"] != covered["n2"]
    texts = {
        row.topic_id: row.examples[0].split()[0] for row in topics(closed).values() if row.examples
    }
    assert texts[covered["n1"]] == texts["n1"]
    assert texts[covered["n2"]] == texts["n2"]
    assert closed.rows("drift_open_incidents", feature=FEATURE, as_of=LATER) == []


def test_a_topic_that_emerges_after_a_refit_gets_a_number_of_its_own(closed: Store) -> None:
    refit(closed, FEATURE, BY, SETTINGS)
    asked = [f"a wording of a new group {n}" for n in range(60)]
    rng = np.random.default_rng(1)
    centre, noise = rng.normal(size=DIMENSION), rng.normal(size=(60, DIMENSION))
    vectors = 2 * centre / np.linalg.norm(centre) + noise / np.linalg.norm(noise, axis=1)[:, None]
    vectors /= np.linalg.norm(vectors, axis=1)[:, None]
    store_vectors(closed, asked, vectors.astype(np.float32))
    rows = week_rows(CLOSED + 1, asked)
    closed.append(
        "requests",
        [row | {"request_id": f"new{n}", "request_key": n} for n, row in enumerate(rows)],
    )
    goes_on(closed)
    assert {each for each in topics(closed) if each.startswith("n")} == {"n1", "n2", "n3"}


def test_the_weeks_after_a_refit_are_quiet_under_the_new_ids(closed: Store) -> None:
    refit(closed, FEATURE, BY, SETTINGS)
    goes_on(closed)
    assert [each["topics"] for each in states(closed)[-2:]] == [{}, {}]
    placed = query(closed, "SELECT topic_id, as_of FROM request_topics")
    later = {each["topic_id"] for each in placed if each["as_of"] >= str(close(CLOSED + 1))}
    assert {each for each in later if not each.endswith("@v2")} <= {"other"}
    assert len(later) > 10


def test_a_preview_changes_nothing(closed: Store) -> None:
    before = everything(closed)
    assert refit(closed, FEATURE, BY, SETTINGS, preview=True)["edit_id"] is None
    span = f"{close(2):%Y-%m-%d}..{close(5):%Y-%m-%d}"
    assert not accept(closed, FEATURE, BY, SETTINGS, weeks=span, preview=True)["accepted"]
    assert everything(closed) == before


def test_an_accepted_baseline_keeps_the_topics(closed: Store) -> None:
    span = f"{close(4):%Y-%m-%d}..{close(7):%Y-%m-%d}"
    said = accept(closed, FEATURE, BY, SETTINGS, weeks=span)
    assert (said["version"], said["now"]["n"] > 600) == (2, True)
    past = load_past(closed, FEATURE, LATER)
    assert past.accepted.version == 2
    assert past.accepted.weeks[0].isoformat() == span[:10]
    assert set(past.topics) == set(topics(closed)) - {"other", "unembedded"}
    goes_on(closed)
    assert states(closed)[-1]["why_not"] == ""


@pytest.mark.parametrize(
    ("weeks", "words"),
    [
        ("2026-01-05..2026-01-26..", "no span"),
        ("2026-01-06..2026-01-26", "no Monday"),
        ("2026-01-26..2026-01-05", "before it begins"),
        ("2026-02-09..2026-03-02", "not closed yet"),
        ("2025-12-15..2026-01-05", "no whole week"),
        ("2026-01-05..2026-01-12", "no baseline"),
    ],
)
def test_weeks_that_are_no_baseline_are_refused(closed: Store, weeks: str, words: str) -> None:
    for work in (refit, accept):
        with pytest.raises(UsageError, match=words):
            work(closed, FEATURE, BY, SETTINGS, weeks=weeks)


def test_a_thin_week_is_named_with_its_votes(closed: Store) -> None:
    thick = Settings.model_validate({"topics": {"min_week_votes": 230}})
    with pytest.raises(UsageError, match=r"2026-01-05 has \d+ votes, 230 are needed"):
        refit(closed, FEATURE, BY, thick, weeks="2026-01-05..2026-01-26")


def test_a_feature_without_topics_can_not_be_refitted(store: Store) -> None:
    fill(store)
    with pytest.raises(UsageError, match="the store holds no events yet"):
        refit(store, FEATURE, BY, SETTINGS)
