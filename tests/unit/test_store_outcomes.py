"""Which outcome of a request is its label, at each as_of."""

import json
from datetime import datetime
from typing import Any

import pytest

from store.database import Store
from tests.event_rows import at, outcome, request, select, write

LATER = datetime(2026, 12, 1)  # noqa: DTZ001 - the store's times are naive UTC
VALUES = {"resolved": 1, "reopened": 0, "partly": 0.5}


def naive(seconds: float) -> datetime:
    return at(seconds).replace(tzinfo=None)


def labels(store: Store, as_of: datetime = LATER) -> list[tuple[Any, ...]]:
    return select(
        store,
        "SELECT r.request_id, o.y, o.outcome"  # noqa: S608
        f" FROM request_outcomes('{as_of}', '{json.dumps(VALUES)}') o"
        " JOIN requests r USING (request_key) ORDER BY 1",
    )


def test_the_latest_outcome_wins_at_each_as_of(store: Store) -> None:
    write(store, request(), outcome("resolved", 10))
    write(store, outcome("reopened", 20), late=100)
    assert labels(store, naive(9)) == []
    assert labels(store, naive(60)) == [("r1", 1.0, "resolved")]
    assert labels(store) == [("r1", 0.0, "reopened")]


def test_an_older_outcome_that_arrives_later_does_not_win(store: Store) -> None:
    write(store, request(), outcome("reopened", 20))
    write(store, outcome("resolved", 10), late=100)
    assert labels(store) == [("r1", 0.0, "reopened")]


def test_success_wins_over_the_configured_value(store: Store) -> None:
    write(store, request(), outcome("resolved", 1, success=False))
    assert labels(store) == [("r1", 0.0, "resolved")]


def test_configured_values_may_be_shares(store: Store) -> None:
    write(store, request(), outcome("partly", 1))
    assert labels(store) == [("r1", 0.5, "partly")]


def test_an_outcome_without_a_value_is_no_label(store: Store) -> None:
    write(store, request(), outcome("resolved", 1), outcome("viewed", 2))
    assert labels(store) == [("r1", 1.0, "resolved")]


def test_a_session_outcome_belongs_to_the_latest_request_before_it(store: Store) -> None:
    write(
        store,
        request("r1", 0, session_id="s"),
        request("r2", 10, session_id="s"),
        outcome("resolved", 5, None, session_id="s"),
        outcome("reopened", 50, None, session_id="s"),
    )
    assert labels(store) == [("r1", 1.0, "resolved"), ("r2", 0.0, "reopened")]


def test_without_configured_values_only_success_is_a_label(store: Store) -> None:
    write(store, request(), outcome("resolved", 1), outcome("ticket", 2, success=False))
    rows = select(store, f"SELECT y, outcome FROM request_outcomes('{LATER}', '{{}}')")  # noqa: S608
    assert rows == [(0.0, "ticket")]


@pytest.mark.parametrize("order", [("r1", "r2"), ("r2", "r1")])
def test_two_requests_at_the_same_instant_are_told_apart_the_same_way(
    store: Store, order: tuple[str, str]
) -> None:
    for request_id in order:
        write(store, request(request_id, 0, session_id="s"))
    write(store, outcome("resolved", 5, None, session_id="s"))
    largest = select(store, "SELECT arg_max(request_id, request_key) FROM requests")[0][0]
    assert labels(store) == [(largest, 1.0, "resolved")]


def test_an_outcome_that_is_marked_as_a_duplicate_does_not_count(store: Store) -> None:
    write(store, request(), outcome("resolved"))
    select(store, "UPDATE outcomes SET duplicate = true")
    assert labels(store) == []
