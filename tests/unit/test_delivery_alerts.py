"""Alertmanager hears what is open for as long as it is, and once that it is over."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from decay_reports.notify.deliver import Courier, summary
from decayd.clock import ManualClock
from decayd.config import Settings
from drift.editing.acknowledge import acknowledge
from drift.editing.base import Author
from store.database import Store
from tests.delivery_rows import MONDAY, WEEK, attempts, closed, finding, set_time, tell, telling
from tests.receiver import Answer, Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def pager(settings: Settings, receiver: Receiver) -> Settings:
    return telling(settings, {"kind": "alertmanager", "url": receiver.url})


def test_an_active_alert_is_told_again_and_then_resolved_once(
    store: Store, pager: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    tell(store, finding(), finding(finding_id="F-2", kind="outcomes_late", severity="warning"))
    courier = Courier(store, pager, clock)
    assert courier.deliver() == {"new": 1, "sent": 1}
    clock.advance(59)
    assert courier.deliver() == {}
    clock.advance(1)
    assert courier.deliver() == {"sent": 1}
    tell(store, closed())
    set_time(clock, MONDAY + WEEK + timedelta(hours=1))
    assert courier.deliver() == {"new": 1, "sent": 1}
    clock.advance(600)
    assert courier.deliver() == {}

    first, again, last = (got.json[0] for got in receiver.got)
    assert {got.path for got in receiver.got} == {"/api/v2/alerts"}
    assert first["labels"] == again["labels"] == last["labels"]
    assert first["labels"].items() >= {
        "alertname": "decayd_success_fell", "feature": "chat", "severity": "critical",
        "incident": "I-1", "finding": "F-1",
    }.items()  # fmt: skip
    assert first["annotations"].keys() >= {"summary", "cause", "size", "requests", "command"}
    assert (first["startsAt"], first["endsAt"]) == (
        "2026-10-05T00:00:00.000Z", "2026-10-05T16:00:00.000Z",
    )  # fmt: skip
    assert again["endsAt"] == "2026-10-05T16:01:00.000Z"
    assert last["endsAt"] == "2026-10-12T01:00:00.000Z"  # now: resolved
    assert [state for _, _, state in attempts(store)] == ["waiting", "sent", "waiting", "sent"]


def test_an_active_alert_is_told_again_after_a_restart(
    store: Store, pager: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    tell(store, finding())
    Courier(store, pager, clock).deliver()

    assert Courier(store, pager, clock).deliver() == {"sent": 1}
    assert receiver.got[0].body == receiver.got[1].body


def test_an_alert_that_ended_before_it_was_told_pages_nobody(
    store: Store, pager: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    tell(store, finding(), closed())
    set_time(clock, MONDAY + WEEK + timedelta(hours=1))

    assert Courier(store, pager, clock).deliver() == {"new": 2, "superseded": 2}
    assert receiver.got == []


def test_an_alert_whose_first_answer_got_lost_is_resolved_all_the_same(
    store: Store, pager: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [Answer(500), Answer(200)]
    tell(store, finding())
    courier = Courier(store, pager, clock)
    courier.deliver()
    tell(store, closed())
    set_time(clock, MONDAY + WEEK + timedelta(hours=1))

    assert courier.deliver() == {"new": 1, "superseded": 1, "sent": 1}
    assert receiver.got[-1].json[0]["endsAt"] == "2026-10-12T01:00:00.000Z"


def test_an_alert_that_opens_again_is_not_ended_by_its_first_end(
    store: Store, pager: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    tell(store, finding(MONDAY - WEEK * 5), closed(MONDAY - WEEK * 4), finding())
    courier = Courier(store, pager, clock)
    courier.deliver()
    tell(store, finding(finding_id="F-2", feature="search"))

    assert courier.deliver() == {"new": 1, "sent": 1}
    assert [got.json[0]["labels"]["finding"] for got in receiver.got] == ["F-1", "F-2"]


def test_a_page_that_becomes_a_hint_is_resolved_once_and_pages_when_it_rises_again(
    store: Store, pager: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    courier = Courier(store, pager, clock)
    rows = [("critical", "open"), ("info", "open"), ("info", "open"), ("critical", "open")]
    for week, (severity, state) in enumerate([*rows, ("info", "closed")]):
        as_of = MONDAY + WEEK * week
        tell(store, finding(as_of, severity=severity, state=state))
        set_time(clock, as_of + timedelta(hours=12))
        courier.deliver()

    told = [got.json[0] for got in receiver.got]
    assert {alert["labels"]["severity"] for alert in told} == {"critical"}
    ends = [alert["endsAt"][:13] for alert in told]
    assert ends == ["2026-10-05T16", "2026-10-12T12", "2026-10-26T16", "2026-11-02T12"]


def test_one_refused_copy_of_an_alert_does_not_end_it(
    store: Store, pager: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [Answer(200), Answer(401), Answer(200)]
    tell(store, finding())
    courier = Courier(store, pager, clock)
    courier.deliver()
    clock.advance(60)

    assert courier.deliver() == {"failed": 1}
    assert summary(store, pager)[0]["failed"] == 1
    clock.advance(5)
    assert courier.deliver() == {"sent": 1}


def test_an_end_is_not_held_up_by_the_wait_of_its_beginning(
    store: Store, pager: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [Answer(500, {"retry-after": "86400"}), Answer(200)]
    set_time(clock, MONDAY + WEEK)
    tell(store, finding())
    courier = Courier(store, pager, clock)
    courier.deliver()
    tell(store, closed())

    assert courier.deliver() == {"new": 1, "superseded": 1, "sent": 1}


def test_a_resend_that_fails_is_on_record_and_goes_on(
    store: Store, pager: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [Answer(200), Answer(503), Answer(200)]
    tell(store, finding())
    courier = Courier(store, pager, clock)
    courier.deliver()
    clock.advance(60)
    assert courier.deliver() == {"unreachable": 1}
    clock.advance(5)
    assert courier.deliver() == {"sent": 1}
    clock.advance(60)
    assert courier.deliver() == {"sent": 1}
    assert [state for _, _, state in attempts(store)] == ["waiting", "sent", "unreachable", "sent"]


def test_what_somebody_answered_is_not_told_again_until_it_is_over(
    store: Store, pager: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    tell(store, finding())
    courier = Courier(store, pager, clock)
    courier.deliver()
    acknowledge(store, "F-1", "fix", Author("ann", "on it"))
    clock.advance(600)
    assert courier.deliver() == {}
    assert Courier(store, pager, clock).deliver() == {}

    tell(store, closed())
    set_time(clock, MONDAY + WEEK + timedelta(hours=1))
    assert courier.deliver() == {"new": 1, "sent": 1}
    assert [got.json[0]["endsAt"] for got in receiver.got][1:] == ["2026-10-12T01:00:00.000Z"]


def test_what_was_put_off_is_told_again_from_its_day_on(
    store: Store, pager: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    tell(store, finding())
    courier = Courier(store, pager, clock)
    courier.deliver()
    acknowledge(store, "F-1", "defer", Author("ann", "after the sale"), until="2026-10-08")
    set_time(clock, MONDAY + timedelta(days=2, hours=23))
    assert courier.deliver() == {}
    set_time(clock, MONDAY + timedelta(days=3))
    assert courier.deliver() == {"sent": 1}
    assert len(receiver.got) == 2


def test_an_answer_to_what_was_over_does_not_mute_what_begins_again(
    store: Store, pager: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    tell(store, finding())
    courier = Courier(store, pager, clock)
    courier.deliver()
    acknowledge(store, "F-1", "accept", Author("ann", "as every autumn"))
    tell(store, closed(), finding(MONDAY + 2 * WEEK))
    set_time(clock, MONDAY + 2 * WEEK + timedelta(hours=1))
    courier.deliver()
    told = len(receiver.got)
    clock.advance(60)
    assert courier.deliver() == {"sent": 1}
    assert len(receiver.got) == told + 1
