"""Telling receivers: once, in order, as often as it takes, and nothing that is old."""

import hashlib
import hmac
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from decay_reports.notify.deliver import Courier, silence, summary
from decayd.clock import ManualClock
from decayd.config import Settings
from decayd.errors import StoreUnavailable
from decayd.metrics import Metrics
from decayd.results import Estimate
from store.database import Store
from store.findings import append_findings
from tests.delivery_rows import MONDAY, WEEK, attempts, closed, finding, set_time, tell, telling
from tests.receiver import Answer, Receiver, receiving
from tests.small_disk import SmallDisk, small_disk

__all__ = ["small_disk"]  # a fixture of another file

HOOK = {"kind": "webhook", "secret": "s3cret", "reports": False}
OPENED = "F-1/opened/2026-10-05T00:00:00"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def hook(settings: Settings, receiver: Receiver) -> Settings:
    return telling(settings, HOOK | {"url": receiver.url})


def test_a_finding_is_told_with_cause_size_examples_and_its_rows(
    store: Store, settings: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    told = telling(settings, HOOK | {"url": receiver.url}, base_url="https://decayd.example.org/")
    asked = {"feature": "chat", "available_at": MONDAY, "query": "where is ann@example.org"}
    store.append("requests", [asked | {"request_id": "r1"}])
    tell(store, finding())

    assert Courier(store, told, clock).deliver() == {"new": 1, "sent": 1}

    said = receiver.got[0].json
    assert said["title"] == "chat: success fell from 70.0% to 58.0%"
    assert said["cause"].startswith("not separated yet")
    assert said["size"].startswith("70% (68–72, n 9,000, 2,000 outcomes) → 58% (55–61, n 2,412")
    assert said["examples"] == ["where is [EMAIL]"]
    assert said["request_ids"] == ["r1", "r2"]
    assert said["link"] == "https://decayd.example.org/findings/F-1"
    assert said["command"] == "decayd findings show F-1 --json"


def test_the_signature_is_that_of_time_and_body(
    store: Store, hook: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    tell(store, finding())

    Courier(store, hook, clock).deliver()

    got = receiver.got[0]
    signed = got.headers["x-decayd-timestamp"].encode() + b"." + got.body
    digest = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert got.headers["x-decayd-signature"] == f"sha256={digest}"
    assert got.headers["x-decayd-timestamp"] == str(int(clock.now().timestamp()))


def test_what_was_sent_is_not_sent_again_after_a_restart(
    store: Store, hook: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    tell(store, finding())
    Courier(store, hook, clock).deliver()

    assert Courier(store, hook, clock).deliver() == {}
    assert len(receiver.got) == 1


def test_a_fault_is_tried_again_after_its_wait_with_the_same_id(
    store: Store, hook: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [Answer(500, body=b"database away"), Answer(200)]
    tell(store, finding())
    courier = Courier(store, hook, clock)

    assert courier.deliver() == {"new": 1, "retry": 1}
    clock.advance(3)
    assert courier.deliver() == {}
    clock.advance(2)
    assert courier.deliver() == {"sent": 1}

    assert attempts(store) == [(OPENED, 0, "waiting"), (OPENED, 1, "retry"), (OPENED, 2, "sent")]
    first, second = receiver.got
    assert first.headers["x-decayd-delivery"] == second.headers["x-decayd-delivery"]
    assert first.body == second.body
    assert summary(store, hook)[0]["last_error"] == "HTTP 500: database away"


def test_a_restart_between_two_tries_goes_on_where_it_was(
    hook: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [Answer(502), Answer(200)]
    with Store.open(hook.store) as store:
        tell(store, finding())
        Courier(store, hook, clock).deliver()
    with Store.open(hook.store) as store:
        assert Courier(store, hook, clock).deliver() == {}  # the wait holds over a restart
        clock.advance(5)
        assert Courier(store, hook, clock).deliver() == {"sent": 1}
    with Store.open(hook.store) as store:
        clock.advance(5)
        assert Courier(store, hook, clock).deliver() == {}
    ids = {got.headers["x-decayd-delivery"] for got in receiver.got}
    assert (len(receiver.got), len(ids)) == (2, 1)


@pytest.mark.parametrize(
    ("asked", "wait_s"), [("120", 120), ("Mon, 05 Oct 2026 12:10:00 GMT", 600)]
)
def test_a_receiver_that_asks_to_wait_is_left_alone(
    store: Store, hook: Settings, clock: ManualClock, receiver: Receiver, asked: str, wait_s: int
) -> None:
    receiver.answers = [Answer(429, {"retry-after": asked}), Answer(200)]
    tell(store, finding(), finding(finding_id="F-2", kind="outcomes_late"))
    courier = Courier(store, hook, clock)

    assert courier.deliver() == {"new": 2, "unreachable": 1}
    clock.advance(wait_s - 1)
    assert courier.deliver() == {}
    clock.advance(1)
    assert courier.deliver() == {"sent": 2}


@pytest.mark.parametrize("status", [400, 403, 404, 301])
def test_a_refusal_is_final_and_shown_until_a_restart(
    store: Store, hook: Settings, clock: ManualClock, receiver: Receiver, status: int
) -> None:
    receiver.answers = [Answer(status, {"location": f"{receiver.url}/other"}, b"no such hook")]
    tell(store, finding())
    metrics = Metrics()
    courier = Courier(store, hook, clock, metrics)

    assert courier.deliver() == {"new": 1, "failed": 1}
    assert b'decayd_undelivered_messages{target="ops"} 1.0' in metrics.text()
    clock.advance(100_000)
    assert courier.deliver() == {}
    shown = summary(store, hook)[0]
    assert (shown["failed"], shown["waiting"]) == (1, 0)
    assert str(status) in str(shown["last_error"])
    receiver.answers = [Answer(200)]
    assert Courier(store, hook, clock).deliver() == {"sent": 1}
    assert [got.path for got in receiver.got] == ["/", "/"]


def test_nobody_listening_costs_one_try_a_wait_and_loses_nothing(
    store: Store, settings: Settings, clock: ManualClock
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    hook = telling(settings, HOOK | {"url": f"http://127.0.0.1:{port}/hidden-path"})
    tell(store, finding(), finding(finding_id="F-2", kind="outcomes_late"))
    courier = Courier(store, hook, clock)

    assert courier.deliver() == {"new": 2, "unreachable": 1}
    assert courier.deliver() == {}
    for _ in range(3):
        clock.advance(900)
        assert courier.deliver() == {"unreachable": 1}
    assert "refused" in str(summary(store, hook)[0]["last_error"])
    assert "hidden-path" not in str(store.rows("deliver_newest"))
    clock.advance(900)
    with receiving(port) as receiver:
        assert courier.deliver() == {"sent": 2}
    assert [got.json["subject"] for got in receiver.got] == ["F-1", "F-2"]


def test_a_receiver_that_hangs_is_given_up_after_the_timeout(
    store: Store, settings: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [Answer(hangs=True)]
    hook = telling(settings, HOOK | {"url": receiver.url}, timeout_s=0.2)
    tell(store, finding())

    assert Courier(store, hook, clock).deliver() == {"new": 1, "unreachable": 1}


def test_a_message_that_makes_the_receiver_hang_holds_up_no_other(
    store: Store, settings: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [Answer(hangs=True), Answer(200), Answer(hangs=True)]
    hook = telling(settings, HOOK | {"url": receiver.url}, timeout_s=0.2)
    tell(store, finding(), finding(finding_id="F-2", kind="outcomes_late"))
    courier = Courier(store, hook, clock)

    courier.deliver()
    clock.advance(5)
    assert courier.deliver() == {"sent": 1, "unreachable": 1}
    assert [got.json["subject"] for got in receiver.got] == ["F-1", "F-2", "F-1"]


def test_an_end_never_overtakes_its_beginning(
    store: Store, hook: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    receiver.answers = [Answer(500), Answer(200)]
    tell(store, finding())
    courier = Courier(store, hook, clock)
    courier.deliver()
    tell(store, closed())
    set_time(clock, MONDAY + WEEK + timedelta(hours=1))

    assert courier.deliver() == {"new": 1, "sent": 2}
    assert [got.json["change"] for got in receiver.got] == ["opened", "opened", "closed"]
    assert receiver.got[-1].json["title"].startswith("over (it recovered): chat: success fell")


def test_a_finding_that_goes_on_is_told_again_only_when_its_value_left_the_interval(
    store: Store, hook: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    courier = Courier(store, hook, clock)
    for week, value in enumerate((0.58, 0.57, 0.50, 0.51)):
        as_of = MONDAY + WEEK * week
        tell(store, finding(as_of, now=Estimate(value, value - 0.03, value + 0.03, 2412)))
        set_time(clock, as_of + timedelta(hours=12))
        courier.deliver()

    told = [(got.json["change"], got.json["as_of"]) for got in receiver.got]
    assert told == [("opened", "2026-10-05T00:00:00"), ("changed", "2026-10-19T00:00:00")]


@pytest.mark.parametrize(
    ("live", "days_later"),
    [
        (MONDAY, 0),  # back-filled: closed when live traffic began
        (MONDAY - WEEK, 15),  # known long ago by the clock
    ],
)
def test_old_news_is_told_to_nobody(
    store: Store, hook: Settings, clock: ManualClock, live: datetime, days_later: int
) -> None:
    tell(store, finding(), live=live)
    clock.advance(86_400 * days_later)

    assert Courier(store, hook, clock).deliver() == {}
    assert attempts(store) == []


def test_what_lies_far_behind_the_newest_events_is_told_to_nobody(
    store: Store, hook: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    tell(store, finding(MONDAY - WEEK * 3), closed(MONDAY), live=MONDAY - WEEK * 9)

    assert Courier(store, hook, clock).deliver() == {}
    assert receiver.got == []


def test_a_replay_is_told_to_nobody_and_what_comes_after_it_is(
    store: Store, hook: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    tell(store, finding())
    silence(store, clock)

    assert Courier(store, hook, clock).deliver() == {}
    tell(store, finding(MONDAY + WEEK, finding_id="F-2", kind="outcomes_late"))
    set_time(clock, MONDAY + WEEK + timedelta(hours=1))
    assert Courier(store, hook, clock).deliver() == {"new": 1, "sent": 1}
    assert [got.json["subject"] for got in receiver.got] == ["F-2"]


def test_history_is_told_to_who_asks_for_it(
    store: Store, settings: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    tell(store, finding(MONDAY - WEEK * 20), live=MONDAY)
    silence(store, clock)
    hook = telling(settings, HOOK | {"url": receiver.url}, history=True)

    assert Courier(store, hook, clock).deliver() == {"new": 1, "sent": 1}


def test_nothing_is_told_before_all_jobs_of_its_close_had_their_turn(
    store: Store, hook: Settings, clock: ManualClock
) -> None:
    tell(store, finding(MONDAY - WEEK), live=MONDAY - WEEK * 2)
    set_time(clock, MONDAY + timedelta(hours=12))
    courier = Courier(store, hook, clock)
    courier.deliver()
    with store.transaction() as tx:
        append_findings(tx, [closed(MONDAY)])

    assert courier.deliver() == {}
    store.append("job_runs", [{"job": "close", "as_of": MONDAY, "state": "done"}])
    assert courier.deliver() == {"new": 1, "sent": 1}


def test_a_target_hears_of_its_features_and_severities_only(
    store: Store, settings: Settings, clock: ManualClock, receiver: Receiver
) -> None:
    target = HOOK | {"url": receiver.url, "severity": "warning", "features": ["chat"]}
    tell(
        store,
        finding(severity="info"),
        finding(finding_id="F-2", severity="warning"),
        finding(finding_id="F-3", feature="search"),
        finding(finding_id="F-4", feature="", kind="schema_change", severity="warning"),
    )

    Courier(store, telling(settings, target), clock).deliver()

    assert sorted(got.json["subject"] for got in receiver.got) == ["F-2", "F-4"]


def test_on_a_full_disk_nothing_more_is_sent_and_no_attempt_is_forgotten(
    settings: Settings, clock: ManualClock, receiver: Receiver, small_disk: SmallDisk
) -> None:
    receiver.answers = [Answer(500)]
    hook = telling(settings, HOOK | {"url": receiver.url})
    path = small_disk.folder / "s.duckdb"
    with Store.open(hook.store.model_copy(update={"path": path, "min_free_mb": 0})) as store:
        tell(store, finding())
        courier = Courier(store, hook, clock)
        courier.deliver()
        small_disk.fill()

        def go_on() -> None:
            for _ in range(200):
                clock.advance(900)
                courier.deliver()

        with pytest.raises(StoreUnavailable):
            go_on()
        n_sent = len(receiver.got)
        with pytest.raises(StoreUnavailable):
            go_on()
        assert len(receiver.got) == n_sent

        small_disk.empty()
        assert courier.deliver() == {"retry": 1}
        assert [n for _, n, _ in attempts(store)] == list(range(n_sent + 2))
