"""Findings get numbers that stay, and come back as they were appended."""

from datetime import date, datetime, timedelta

import msgspec

from decayd.results import Estimate, Finding
from store.database import Store
from store.findings import append_findings, findings_at

AS_OF = datetime(2026, 1, 12)  # noqa: DTZ001 - the store keeps naive UTC
DRAFT = Finding(
    finding_id="",
    kind="topic_emerged",
    feature="search",
    as_of=AS_OF,
    week=date(2026, 1, 5),
    title="new topic “pay by link”",
    topic_id="n1",
    incident_id="I-1",
    now=Estimate(0.1, 0.07, 0.13, n=500),
    before=Estimate(None, why_not="no queries"),
    member_request_ids=("r1", "r2"),
    next_step="read the examples",
    details={"p": 1e-12, "words": ["pay", "link"]},
)


def append(store: Store, *drafts: Finding) -> list[str]:
    with store.transaction() as transaction:
        return append_findings(transaction, drafts)


def test_findings_are_numbered_in_the_order_of_discovery(store: Store) -> None:
    assert append(store, DRAFT, DRAFT) == ["F-1", "F-2"]
    assert append(store, DRAFT) == ["F-3"]


def test_the_number_after_nine_is_ten(store: Store) -> None:
    append(store, *[DRAFT] * 9)
    assert append(store, DRAFT, DRAFT) == ["F-10", "F-11"]


def test_a_finding_that_goes_on_keeps_its_number(store: Store) -> None:
    append(store, DRAFT)
    later = msgspec.structs.replace(DRAFT, finding_id="F-1", as_of=AS_OF + timedelta(weeks=1))
    assert append(store, DRAFT, later, DRAFT) == ["F-2", "F-1", "F-3"]


def test_a_finding_comes_back_as_it_was(store: Store) -> None:
    append(store, DRAFT)
    assert findings_at(store, AS_OF) == [msgspec.structs.replace(DRAFT, finding_id="F-1")]


def test_a_finding_is_read_as_it_was_known(store: Store) -> None:
    append(store, DRAFT)
    closed = msgspec.structs.replace(
        DRAFT, finding_id="F-1", as_of=AS_OF + timedelta(weeks=4), state="closed"
    )
    append(store, closed)
    assert [each.state for each in findings_at(store, AS_OF)] == ["open"]
    assert [each.state for each in findings_at(store, closed.as_of)] == ["closed"]
    assert findings_at(store, AS_OF - timedelta(1)) == []


def test_nothing_to_append_is_fine(store: Store) -> None:
    assert append(store) == []
