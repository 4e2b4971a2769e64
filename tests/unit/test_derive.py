"""Retries and abandons are found by their rules, once, and never when somebody sent them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from collector import derive
from decayd.config import Settings
from store.database import Store
from tests.event_rows import START, request, select, signal, write

MINUTE = 60
AS_OF = datetime(2026, 10, 2)  # noqa: DTZ001 - the store's times are naive UTC
NEXT = AS_OF + timedelta(days=1)
HOUR_OF_START = START.replace(tzinfo=None)


def ask(request_id: str, minute: float, query: str = "where is it", **fields: Any) -> Any:
    return request(request_id, minute * MINUTE, **({"query": query, "session_id": "s1"} | fields))


def found(store: Store, name: str) -> list[str]:
    return [
        row[0]
        for row in select(
            store,
            "SELECT request_id FROM signals WHERE source = 'derived'"  # noqa: S608
            f" AND signal = '{name}' ORDER BY request_id",
        )
    ]


def derived(store: Store, settings: Settings, *events: Any, as_of: datetime = AS_OF) -> list[str]:
    """Store events, derive, return the requests that were retried."""
    write(store, *events)
    derive.run(store, as_of, settings)
    return found(store, "retry")


def test_the_same_text_within_ten_minutes_speaks_of_the_earlier_answer(
    store: Store, settings: Settings
) -> None:
    assert derived(store, settings, ask("r1", 0), ask("r2", 10)) == ["r1"]


def test_a_second_later_than_ten_minutes_is_no_retry(store: Store, settings: Settings) -> None:
    assert derived(store, settings, ask("r1", 0), ask("r2", 10 + 1 / 60)) == []


@pytest.mark.parametrize("again", ["Where is  it", " where is it\n", "WHERE IS IT"])
def test_case_and_spacing_make_no_difference(store: Store, settings: Settings, again: str) -> None:
    assert derived(store, settings, ask("r1", 0), ask("r2", 1, again)) == ["r1"]


@pytest.mark.parametrize(
    "other",
    [
        {"query": "where was it"},
        {"session_id": "s2"},
        {"session_id": None},
        {"feature": "draft"},
        {"probe": True},
        {"source_kind": "synthetic"},
        {"route": {"parent_request_id": "r1"}},
    ],
    ids=lambda other: next(iter(other)),
)
def test_no_retry_when_the_second_is(
    store: Store, settings: Settings, other: dict[str, Any]
) -> None:
    assert derived(store, settings, ask("r1", 0), ask("r2", 1, **other)) == []


def test_requests_without_a_session_are_left_alone(store: Store, settings: Settings) -> None:
    events = [ask("r1", 0, session_id=None), ask("r2", 1, session_id=None)]
    assert derived(store, settings, *events) == []
    assert found(store, "abandon") == []


def test_an_empty_text_is_never_the_same(store: Store, settings: Settings) -> None:
    assert derived(store, settings, ask("r1", 0, ""), ask("r2", 1, "  ")) == []


def test_an_answer_that_failed_is_not_spoken_of(store: Store, settings: Settings) -> None:
    assert derived(store, settings, ask("r1", 0, status="timeout"), ask("r2", 1)) == []


def test_asking_again_counts_even_when_that_fails(store: Store, settings: Settings) -> None:
    assert derived(store, settings, ask("r1", 0), ask("r2", 1, status="error")) == ["r1"]


def test_another_question_between_does_not_matter(store: Store, settings: Settings) -> None:
    events = [ask("r1", 0), ask("r2", 1, "and the price"), ask("r3", 2)]
    assert derived(store, settings, *events) == ["r1"]


def test_three_times_the_same_is_two_retries(store: Store, settings: Settings) -> None:
    assert derived(store, settings, ask("r1", 0), ask("r2", 1), ask("r3", 2)) == ["r1", "r2"]


def test_a_retry_that_was_sent_is_not_derived_again(store: Store, settings: Settings) -> None:
    sent = signal("retry", 61, "r1")
    assert derived(store, settings, ask("r1", 0), ask("r2", 1), sent) == []


def test_a_retry_is_dated_when_it_happened_and_known_when_it_was_found(
    store: Store, settings: Settings
) -> None:
    derived(store, settings, ask("r1", 0), ask("r2", 4))
    rows = select(
        store,
        "SELECT event_id, ts, available_at, session_id, source_id, duplicate, day FROM signals"
        " WHERE signal = 'retry'",
    )
    ts = HOUR_OF_START + timedelta(minutes=4)
    assert rows == [("derived:retry:r1", ts, AS_OF, "s1", "decayd", False, ts.date())]


def test_running_it_again_changes_nothing(store: Store, settings: Settings) -> None:
    derived(store, settings, ask("r1", 0), ask("r2", 4))
    before = select(store, "SELECT event_id, ts, available_at FROM signals ORDER BY 1")
    assert derive.run(store, AS_OF, settings) == {"retry": 0, "abandon": 0}
    assert derive.run(store, AS_OF - timedelta(hours=1), settings)["retry"] == 0
    assert select(store, "SELECT event_id, ts, available_at FROM signals ORDER BY 1") == before


def test_what_is_not_available_yet_is_not_looked_at(store: Store, settings: Settings) -> None:
    assert derived(store, settings, ask("r1", 0), as_of=HOUR_OF_START) == []
    write(store, ask("r2", 4), late=86_400)
    assert derive.run(store, AS_OF, settings)["retry"] == 0
    assert derive.run(store, NEXT, settings)["retry"] == 1


def test_a_request_that_comes_late_is_paired_with_its_neighbours(
    store: Store, settings: Settings
) -> None:
    assert derived(store, settings, ask("r1", 0), ask("r3", 12)) == []
    write(store, ask("r2", 6), late=86_400)
    derive.run(store, NEXT, settings)
    assert found(store, "retry") == ["r1", "r2"]


def test_the_last_answer_of_a_session_is_abandoned_after_thirty_minutes(
    store: Store, settings: Settings
) -> None:
    derived(store, settings, ask("r1", 0), ask("r2", 5, "and the price"))
    assert found(store, "abandon") == ["r2"]
    ((ts, available_at),) = select(
        store, "SELECT ts, available_at FROM signals WHERE signal = 'abandon'"
    )
    assert (ts, available_at) == (HOUR_OF_START + timedelta(minutes=35), AS_OF)


def test_a_session_that_is_not_closed_yet_waits_for_the_next_run(
    store: Store, settings: Settings
) -> None:
    at_29 = HOUR_OF_START + timedelta(minutes=29, seconds=59)
    derived(store, settings, ask("r1", 0), as_of=at_29)
    assert found(store, "abandon") == []
    derive.run(store, at_29 + timedelta(seconds=1), settings)
    assert found(store, "abandon") == ["r1"]


def test_a_pause_of_more_than_thirty_minutes_begins_the_session_anew(
    store: Store, settings: Settings
) -> None:
    derived(store, settings, ask("r1", 0), ask("r2", 30, "b"), ask("r3", 60.1, "c"))
    assert found(store, "abandon") == ["r2", "r3"]


@pytest.mark.parametrize(
    ("name", "fields", "abandoned"),
    [
        ("thumbs_up", {}, False),
        ("copy", {}, False),
        ("rating", {"value": 5}, False),
        ("copy", {"request_id": None, "session_id": "s1"}, False),
        ("rating", {"value": 2}, True),
        ("thumbs_down", {}, True),
        ("shrug", {}, True),
    ],
)
def test_only_a_positive_signal_keeps_an_answer_from_being_abandoned(
    store: Store, settings: Settings, name: str, fields: dict[str, Any], *, abandoned: bool
) -> None:
    derived(store, settings, ask("r1", 0), signal(name, 30, **fields))
    assert found(store, "abandon") == (["r1"] if abandoned else [])


def test_an_accept_that_was_undone_is_not_positive(store: Store, settings: Settings) -> None:
    derived(store, settings, ask("r1", 0), signal("accept", 10), signal("undo", 30))
    assert found(store, "abandon") == ["r1"]


def test_a_session_that_ends_in_an_error_abandons_no_answer(
    store: Store, settings: Settings
) -> None:
    derived(store, settings, ask("r1", 0), ask("r2", 5, "b", status="error"))
    assert found(store, "abandon") == []


def test_an_abandon_that_was_sent_is_not_derived_again(store: Store, settings: Settings) -> None:
    derived(store, settings, ask("r1", 0), signal("abandon", 1800))
    assert found(store, "abandon") == []


def test_a_session_over_midnight_is_closed_on_the_next_day(
    store: Store, settings: Settings
) -> None:
    late = (AS_OF - HOUR_OF_START) / timedelta(minutes=1) - 10
    derived(store, settings, ask("r1", late))
    assert found(store, "abandon") == []
    derive.run(store, NEXT, settings)
    assert found(store, "abandon") == ["r1"]


def test_a_run_a_day_finds_what_one_run_over_all_finds(
    store: Store, settings: Settings, tmp_path: Any
) -> None:
    texts = ("a", "b", "c")
    events = [
        ask(f"r{i}", i * 7.3, texts[i * i % 3], session_id=f"s{i % 5 // 2}") for i in range(900)
    ] + [signal("copy", i * 3000, f"r{i * 7}") for i in range(100)]
    write(store, *events)
    for day in range(8):
        derive.run(store, AS_OF + timedelta(days=day), settings)
    with Store.open(settings.store.model_copy(update={"path": tmp_path / "b.duckdb"})) as other:
        write(other, *events)
        derive.run(other, AS_OF + timedelta(days=7), settings)
        assert found(store, "retry") == found(other, "retry") != []
        assert found(store, "abandon") == found(other, "abandon") != []
