"""Hand-offs: the times of each step as a calculation by hand gives them, and what waits longest."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from decay_reports.aspects import handoffs
from decay_reports.facts.aspect import Look, Question
from decay_reports.figures.handoff_times import STEPS, Course, medians
from decayd.config import Settings
from decayd.events import Change, Label
from decayd.results import Finding
from drift.editing.base import Author
from store.database import Store
from store.findings import append_findings
from tests.event_rows import SEEN, outcome, request, write

AS_OF = datetime(2026, 11, 30)  # noqa: DTZ001 - the store's times are naive UTC; a Monday
FOUND = datetime(2026, 10, 5)  # noqa: DTZ001
DAY = timedelta(days=1)
BY = Author("ann", "on it")
SETTINGS = Settings.model_validate(
    {"features": {"chat": {"owner": "chat team"}, "search": {"owner": "search team"}}}
)


def asked(store: Store) -> Look:
    week = (AS_OF - 7 * DAY).date()
    return handoffs.look(Question(store, "", AS_OF, week, SETTINGS))


def find(
    store: Store, number: int, day: float, members: Sequence[str], feature: str = "chat",
    state: str = "open",
) -> None:  # fmt: skip
    as_of = FOUND + day * DAY
    with store.transaction() as tx:
        append_findings(tx, [Finding(
            finding_id=f"F-{number}", kind="success_fell", feature=feature, as_of=as_of,
            week=(as_of - 7 * DAY).date(), title=f"fall {number}", severity="critical",
            state=state, member_request_ids=tuple(members),
        )])  # fmt: skip


def acknowledge(store: Store, number: int, day: float) -> None:
    store.append("acknowledgements", [{
        "finding_id": f"F-{number}", "ts": FOUND + day * DAY, "action": "fix", "actor": "ann",
        "until": None, "note": "on it",
    }])  # fmt: skip


def label(request_id: str, day: float) -> Label:
    return Label(ts=_utc(day), request_id=request_id, annotator="ann", label="wrong_answer",
                 guideline="1")  # fmt: skip


def build(store: Store, version: str, day: float, members: Sequence[str]) -> None:
    store.append("datasets", [{
        "name": "fixes", "version": version, "state": "candidate", "as_of": FOUND + day * DAY,
        "manifest_sha256": "", "manifest": "{}", "n_rows": 1,
    }])  # fmt: skip
    store.append("dataset_rows", [{
        "name": "fixes", "version": version, "example_id": f"e{version}", "kind": "sft",
        "row_sha256": "", "request_ids": list(members), "subjects": [], "row": "{}",
    }])  # fmt: skip


def deploy(day: float, datasets: Any) -> Change:
    return Change(ts=_utc(day), artifact="adapter", name="a", details={"datasets": datasets})


def _utc(day: float) -> datetime:
    return (FOUND + day * DAY).replace(tzinfo=SEEN.tzinfo)


def rows_of(look: Look) -> dict[str, tuple[str, ...]]:
    return {row[0]: row[1:] for row in look.tables[0].rows}


@pytest.mark.parametrize(
    "named",
    ["fixes@0.1.0", ["fixes@0.1.0"], "fixes", [{"name": "fixes", "version": "0.1.0"}]],
    ids=["text", "list", "bare", "map"],
)
def test_the_median_of_each_step_is_as_by_hand_for_each_team(store: Store, named: Any) -> None:
    for number, day, answered in ((1, 0, 1), (2, 7, 9), (3, 7, 13)):  # 1, 2 and 6 days
        find(store, number, day, [f"r{number}"])
        acknowledge(store, number, answered)
    write(store, label("r1", 4), label("r2", 19))  # 3 and 10 days after the acknowledgement
    build(store, "0.1.0", 21, ["r1", "r2"])  # 17 and 2 days after the labels
    write(store, deploy(24.5, named))  # 3.5 days after the build
    find(store, 4, 0, ["r9"], feature="search")

    found = rows_of(asked(store))

    assert found["chat team"] == (
        "3", "2.0 (n 3)", "6.5 (n 2)", "9.5 (n 2)", "3.5 (n 2)", "17.5 (n 2)", "21.0 (n 2)"
    )  # fmt: skip
    assert found["search team"] == ("1", *["–"] * 6)


def test_a_step_that_was_done_before_its_turn_took_no_time() -> None:
    reached = {
        "found": FOUND, "labelled": FOUND + 2 * DAY, "acknowledged": FOUND + 5 * DAY,
        "exported": FOUND + 9 * DAY,
    }  # fmt: skip
    found = medians([Course("F-1", "t", "chat", "", is_open=True, reached=reached)])
    assert [found[step].days for step in STEPS] == [5, 0, 4, None, 9, None]


def test_what_was_there_before_the_finding_is_no_answer_to_it(store: Store) -> None:
    build(store, "0.1.0", -3, ["r1"])
    write(store, label("r1", -2), deploy(-1, ["fixes@0.1.0"]))
    acknowledge(store, 1, -1)
    find(store, 1, 0, ["r1"])
    assert rows_of(asked(store))["chat team"] == ("1", *["–"] * 6)


def test_a_set_of_other_requests_and_a_deploy_of_another_version_are_no_fix(store: Store) -> None:
    find(store, 1, 0, ["r1"])
    find(store, 2, 0, ["r2"], feature="search")
    build(store, "0.1.0", 7, ["r1"])
    build(store, "0.2.0", 14, ["r5"])
    write(store, deploy(20, ["fixes@0.2.0", "others"]), deploy(3, ["fixes@0.1.0"]))
    found = rows_of(asked(store))
    assert found["chat team"][3:] == ("–", "–", "7.0 (n 1)", "–")
    assert found["search team"][3:] == ("–", "–", "–", "–")


def test_the_open_finding_that_waits_longest_comes_first_with_what_moves_it_on(
    store: Store,
) -> None:
    find(store, 1, 0, ["r1"])
    acknowledge(store, 1, 20)
    find(store, 2, 7, ["r2"], feature="search")
    find(store, 3, 0, ["r3"])
    find(store, 3, 7, ["r3"], state="closed")

    found = asked(store)

    assert found.lines[0] == (
        "F-2 of search (search team) waits longest: 49 days to be acknowledged."
    )
    assert [row[0] for row in found.tables[1].rows] == ["F-2 fall 2", "F-1 fall 1"]
    assert found.tables[1].rows[1][3:5] == ("labelled", "36 days")


def test_failures_older_than_thirty_days_that_no_set_used_are_counted(store: Store) -> None:
    old = [request(f"r{n}", n) for n in range(6)]  # 1 October, 60 days before
    write(store, *old, *(outcome("reopened", n + 1, f"r{n}", success=n >= 5) for n in range(6)))
    late = 40 * 86_400.0  # twenty days before
    write(store, request("late", late), outcome("reopened", late + 1, "late", success=False))
    build(store, "0.1.0", 14, ["r0", "r1"])

    (line,) = asked(store).lines

    assert line == (
        "No training set used 3 of 5 failures that are older than 30 days, back to 1 Oct 2026:"
        " search 3."
    )


def test_a_store_without_findings_says_so(store: Store) -> None:
    assert asked(store).missing.startswith("nothing was found since")


def test_a_feature_without_an_owner_is_nobody_s(store: Store) -> None:
    find(store, 1, 0, [], feature="returns")
    assert list(rows_of(asked(store))) == ["no owner"]
