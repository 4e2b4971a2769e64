"""Which requests count as a user's, and what each signal weighs."""

from datetime import date, datetime
from typing import Any

import pytest

from decayd.events import Signal
from store.database import Store
from tests.event_rows import at, request, select, signal, write

LATER = datetime(2026, 12, 1)  # noqa: DTZ001 - the store's times are naive UTC


def naive(seconds: float) -> datetime:
    return at(seconds).replace(tzinfo=None)


def users(store: Store, as_of: datetime = LATER) -> list[str]:
    rows = select(store, f"SELECT request_id FROM user_requests('{as_of}') ORDER BY 1")  # noqa: S608
    return [row[0] for row in rows]


def weights(store: Store, as_of: datetime = LATER) -> list[tuple[str, str, float]]:
    return select(
        store,
        "SELECT r.request_id, s.signal, round(s.weight, 9)"  # noqa: S608
        f" FROM request_signals('{as_of}') s JOIN requests r USING (request_key)"
        " ORDER BY s.ts, s.signal, r.request_id",
    )


def score(store: Store, column: str = "round(score, 9)", as_of: datetime = LATER) -> Any:
    rows = select(store, f"SELECT {column} FROM signal_scores('{as_of}')")  # noqa: S608
    return rows[0][0] if rows else None


def test_only_production_answers_to_users_count(store: Store) -> None:
    write(
        store,
        request("ok"),
        request("refused", status="refused"),
        request("fallback", status="fallback"),
        request("error", status="error"),
        request("timeout", status="timeout"),
        request("probe", probe=True),
        request("eval", source_kind="eval"),
        request("internal", source_kind="internal"),
    )
    assert users(store) == ["fallback", "ok", "refused"]


def test_attempts_of_a_routed_request_do_not_count(store: Store) -> None:
    write(
        store,
        request("parent", route={"policy": "cascade", "parent_request_id": None}),
        request("child", route={"parent_request_id": "parent"}),
    )
    assert users(store) == ["parent"]


def test_a_request_counts_from_when_it_became_available(store: Store) -> None:
    write(store, request(second=0), late=60)
    assert users(store, naive(59)) == []
    assert users(store, naive(60)) == ["r1"]


def test_events_that_are_marked_as_duplicates_do_not_count(store: Store) -> None:
    write(store, request(), signal("copy"))
    for table in ("requests", "signals"):
        select(store, f"UPDATE {table} SET duplicate = true")  # noqa: S608
    assert (users(store), weights(store)) == ([], [])


@pytest.mark.parametrize(
    ("name", "value", "weight"),
    [
        ("thumbs_up", None, 0.8),
        ("thumbs_down", None, -0.8),
        ("report", None, -1),
        ("accept", None, 0.5),
        ("copy", None, 0.3),
        ("regenerate", None, -0.5),
        ("retry", None, -0.5),
        ("rephrase", None, -0.6),
        ("correction", None, -0.6),
        ("escalate", None, -0.9),
        ("abandon", None, -0.3),
        ("frustration", None, -0.4),
        ("gratitude", None, 0.4),
        ("model_switch", None, -0.4),
        ("dismiss", None, -0.2),
        ("bypass", None, -0.7),
        ("feature_off", None, -0.7),
        ("stop", None, -0.4),
        ("rating", 5, 0.8),
        ("rating", 3, 0),
        ("rating", 1, -0.8),
        ("rating", 0, 0),
        ("rating", 6, 0),
        ("rating", None, 0),
        ("edit", 0, 0.3),
        ("edit", 0.3, -0.2),
        ("edit", 0.6, -0.7),
        ("edit", 4, -0.7),
        ("edit", -1, 0.3),
        ("edit", None, 0),
        ("judge", 0.9, 0),
        ("dwell", 30, 0),
        ("made_up", 1, 0),
        ("undo", None, 0),
    ],
)
def test_a_signal_weighs_its_prior(
    store: Store, name: str, value: float | None, weight: float
) -> None:
    write(store, request(), signal(name, value=value))
    assert weights(store) == [("r1", name, weight)]


def test_an_undo_within_30_seconds_cancels_the_accept(store: Store) -> None:
    write(store, request(), signal("accept", 10), signal("undo", 40))
    assert weights(store) == [("r1", "accept", 0), ("r1", "undo", -0.8)]
    assert score(store) == -0.8


def test_an_undo_after_30_seconds_says_nothing(store: Store) -> None:
    write(store, request(), signal("insert", 10), signal("undo", 40.001))
    assert weights(store) == [("r1", "insert", 0.5), ("r1", "undo", 0)]
    assert score(store) == 0.5
    assert score(store, "friction") is False


def test_an_undo_before_the_accept_says_nothing(store: Store) -> None:
    write(store, request(), signal("undo", 10), signal("accept", 11))
    assert score(store) == 0.5


def test_an_undo_of_another_request_cancels_nothing(store: Store) -> None:
    write(store, request(), request("r2"), signal("accept", 10), signal("undo", 11, "r2"))
    assert weights(store) == [("r1", "accept", 0.5), ("r2", "undo", 0)]


def test_accepting_again_after_an_undo_counts(store: Store) -> None:
    write(store, request(), signal("accept", 10), signal("undo", 20), signal("accept", 60))
    assert weights(store)[-1] == ("r1", "accept", 0.5)
    assert score(store) == -0.3


def test_a_session_signal_belongs_to_the_latest_request_before_it(store: Store) -> None:
    write(
        store,
        request("r1", 0, session_id="s"),
        request("r2", 10, session_id="s"),
        request("other", 11, session_id="t"),
        signal("copy", 5, None, session_id="s"),
        signal("share", 10, None, session_id="s"),
        signal("report", 99, None, session_id="s"),
    )
    assert weights(store) == [("r1", "copy", 0.3), ("r2", "share", 0.3), ("r2", "report", -1)]


def test_a_session_signal_before_the_first_request_joins_nothing(store: Store) -> None:
    write(store, request("r1", 10, session_id="s"), signal("copy", 9, None, session_id="s"))
    assert weights(store) == []


def test_a_request_id_wins_over_the_session(store: Store) -> None:
    write(
        store,
        request("r1", 0, session_id="s"),
        request("r2", 1, session_id="s"),
        signal("copy", 5, "r1", session_id="s"),
    )
    assert weights(store) == [("r1", "copy", 0.3)]


@pytest.mark.parametrize("order", [("r1", "r2"), ("r2", "r1")])
def test_two_requests_at_the_same_instant_are_told_apart_the_same_way(
    store: Store, order: tuple[str, str]
) -> None:
    for request_id in order:
        write(store, request(request_id, 0, session_id="s"))
    write(store, signal("copy", 5, None, session_id="s"))
    largest = select(store, "SELECT arg_max(request_id, request_key) FROM requests")[0][0]
    assert weights(store) == [(largest, "copy", 0.3)]


def test_a_session_signal_waits_for_its_request(store: Store) -> None:
    write(store, signal("copy", 5, None, session_id="s"))
    write(store, request("r1", 0, session_id="s"), late=100)
    assert weights(store, naive(50)) == []
    assert weights(store, naive(100)) == [("r1", "copy", 0.3)]


def test_a_preference_speaks_for_one_and_against_the_other(store: Store) -> None:
    write(
        store,
        request("r1"),
        request("r2"),
        signal("preference", 5, None, chosen="r1", rejected="r2"),
    )
    assert weights(store) == [("r1", "preference_chosen", 0.5), ("r2", "preference_rejected", -0.5)]


def test_each_kind_of_signal_counts_once_and_the_newest_wins(store: Store) -> None:
    write(
        store,
        request(),
        *(signal("copy", second) for second in range(1, 9)),
        signal("rating", 1, value=5),
        signal("rating", 2, value=2),
    )
    assert score(store) == -0.1
    assert score(store, "thumbs_up") is False


def test_an_edit_without_a_ratio_hides_an_older_one(store: Store) -> None:
    write(store, request(), signal("edit", 1, value=0.9), signal("edit", 2))
    assert (score(store), score(store, "edit_ratio"), score(store, "edit")) == (0, None, True)
    assert not score(store, "friction")


def test_the_score_stays_between_minus_one_and_one(store: Store) -> None:
    write(store, request(), signal("report"), signal("escalate"), signal("thumbs_down"))
    assert score(store) == -1


def test_an_abandoned_session_is_a_flag_and_no_score(store: Store) -> None:
    write(store, request(), signal("abandon"))
    assert (score(store), score(store, "abandon"), score(store, "rated")) == (0, True, False)


@pytest.mark.parametrize(
    ("given", "friction"),
    [
        (signal("retry"), True),
        (signal("rephrase"), True),
        (signal("regenerate"), True),
        (signal("escalate"), True),
        (signal("edit", value=0.6), True),
        (signal("edit", value=0.59), False),
        (signal("thumbs_down"), False),
        (signal("undo"), False),
    ],
)
def test_friction_is_having_to_try_again(store: Store, given: Signal, friction: bool) -> None:
    write(store, request(), given)
    assert score(store, "friction") is friction


def test_the_newest_topic_at_an_as_of_counts(store: Store) -> None:
    for day, topic in ((1, "t1"), (8, "n1")):
        at = datetime(2026, 10, day)  # noqa: DTZ001
        row = {"request_key": 7, "day": date(2026, 9, 30), "topic_id": topic, "as_of": at}
        store.append("request_topics", [row])
    text = "SELECT topic_id FROM latest_topics('2026-10-{}')"
    assert select(store, text.format("07")) == [("t1",)]
    assert select(store, text.format("08")) == [("n1",)]
    since = "SELECT topic_id FROM latest_topics_since('{} 12:00'::TIMESTAMP, '2026-10-08')"
    assert select(store, since.format("2026-09-30")) == [("n1",)]
    assert select(store, since.format("2026-10-01")) == []
