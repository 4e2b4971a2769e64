"""Reviews that are overdue: what counts as one, and that every form of the report opens with it."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from decay_reports import weekly
from decay_reports.facts.reviews import overdue
from decay_reports.layout import page_one
from decay_reports.layout.rendering import render
from decayd.config import Settings
from store.database import Store
from store.findings import append_findings
from tests.delivery_rows import MONDAY, WEEK, closed, finding
from tests.golden.report_sample import quiet
from tests.report_rows import write_baseline, write_weeks

AS_OF = MONDAY + 3 * WEEK


def asked(store: Store, **feature: Any) -> list[tuple[str, int, date | None]]:
    settings = Settings.model_validate({"features": {"chat": feature}})
    return [(r.finding_id, r.days, r.until) for r in overdue(store, AS_OF, settings)]


def find(store: Store, *findings: Any) -> None:
    with store.transaction() as tx:
        append_findings(tx, findings)


def answer(store: Store, day: int, action: str = "fix", until: date | None = None) -> None:
    store.append("acknowledgements", [{
        "finding_id": "F-1", "ts": MONDAY + timedelta(days=day), "action": action, "actor": "ann",
        "until": until, "note": "",
    }])  # fmt: skip


def test_a_finding_that_nobody_answered_for_longer_than_the_cadence_is_overdue(
    store: Store,
) -> None:
    find(store, finding(), finding(MONDAY + WEEK, finding_id="F-2", severity="warning"),
         finding(MONDAY + 2 * WEEK, finding_id="F-3"),
         finding(finding_id="F-4", severity="info"))  # fmt: skip
    assert asked(store) == [("F-1", 21, None), ("F-2", 14, None)]
    assert asked(store, review_days=14) == [("F-1", 21, None)]
    assert asked(store, review_days=21) == []
    assert [name for name, *_ in asked(store, review_days=6)] == ["F-1", "F-2", "F-3"]


def test_an_answer_ends_it_and_a_day_that_passed_brings_it_back(store: Store) -> None:
    find(store, finding())
    answer(store, 1, "defer", date(2026, 10, 26))
    assert asked(store) == [("F-1", 21, date(2026, 10, 26))]  # today
    answer(store, 2, "defer", date(2026, 10, 27))
    assert asked(store) == []
    answer(store, 3, "accept", date(2026, 10, 20))
    assert asked(store) == [("F-1", 21, date(2026, 10, 20))]
    answer(store, 4)
    assert asked(store) == []


def test_what_is_over_is_not_overdue_and_what_began_again_needs_a_new_answer(
    store: Store,
) -> None:
    find(store, finding(), closed())
    assert asked(store) == []
    answer(store, 1)
    find(store, finding(MONDAY + 2 * WEEK - timedelta(days=2)))
    assert asked(store) == [("F-1", 9, None)]


def test_an_answer_that_came_later_is_not_known_yet(store: Store) -> None:
    find(store, finding())
    answer(store, 22)
    assert asked(store) == [("F-1", 21, None)]


@pytest.mark.parametrize("form", ["html", "markdown", "facts_json"])
def test_every_form_says_it_before_anything_of_a_feature(
    store: Store, settings: Settings, form: str
) -> None:
    as_of = write_weeks(store, [0.7] * 6)
    write_baseline(store)
    find(store, finding(as_of - 3 * WEEK), finding(as_of - 2 * WEEK, finding_id="F-2", feature=""))
    known = settings.model_copy(
        update={"features": Settings.model_validate(
            {"features": {"chat": {"owner": "chat <team>", "reviewers": ["ann", "b*b"]}}}
        ).features}
    )  # fmt: skip
    facts = weekly.collect(store, as_of, known)

    text = render(facts, form)

    if form == "facts_json":
        said = msgspec.json.decode(text)["reviews"]
        assert [(r["finding_id"], r["days"], r["reviewers"]) for r in said] == [
            ("F-1", 21, ["ann", "b*b"]), ("F-2", 14, []),
        ]  # fmt: skip
        return
    assert text.count("review overdue") == 2
    assert text.index("review overdue") < text.index("measurement")
    assert "open for 21 days, nobody acknowledged it" in text
    assert "decayd findings ack F-1" in text
    assert "<team>" not in text
    assert weekly.only(facts, "chat").reviews == facts.reviews[:1]


def test_of_many_the_oldest_three_are_named(store: Store) -> None:
    find(store, *(finding(finding_id=f"F-{n}") for n in range(1, 6)))
    facts = msgspec.structs.replace(quiet(), reviews=overdue(store, AS_OF, Settings()))
    (line,) = page_one.review_lines(facts)
    assert line.text.startswith("chat: F-1 (critical) open for 21 days, nobody acknowledged it;")
    assert line.text.endswith("; 2 more · owner nobody")
    assert line.command == "decayd findings ack F-1 --action fix --author NAME --reason WHY"


def test_a_week_without_overdue_reviews_says_nothing_of_them() -> None:
    assert page_one.review_lines(quiet()) == []
    assert "overdue" not in render(quiet(), "markdown")
