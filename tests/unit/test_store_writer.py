"""One transaction per batch: identity, conflicts, dead letters, offsets."""

from datetime import datetime
from typing import Any

import pytest

from decayd.events import epoch_us
from store.batch import Batch, DeadLetter, Gap, Position, Rows, Written
from store.database import Store
from store.redaction import KEPT_BYTES
from store.writer import write_batch
from tests.event_rows import PSEUDONYMS, SEEN, START, decoded, request, select, signal, write

DAY = 86_400


def letter(value: bytes = b"{", offset: int = 3) -> DeadLetter:
    return DeadLetter(
        topic="t", partition=0, offset=offset, reason="malformed", field="$", message="cut off",
        value=value, kind="request", size_bytes=len(value),
    )  # fmt: skip


def test_an_event_is_stored_with_its_times_and_keys(store: Store) -> None:
    written = write(store, request(session_id="s", latency_ms=12.5))
    assert written == Written({"request": 1}, 0, 0, 0)
    found = select(
        store,
        "SELECT event_id, request_id, day, ts, v, duplicate, latency_ms, response IS NULL,"
        " request_key = md5_number_lower('r1') FROM requests",
    )
    naive = START.replace(tzinfo=None)
    assert found == [("r1", "r1", naive.date(), naive, 1, False, 12.5, True, True)]


def test_the_same_event_twice_is_stored_once(store: Store) -> None:
    write(store, request())
    assert write(store, request()) == Written({"request": 0}, 1, 0, 0)
    assert select(store, "SELECT count(*) FROM requests") == [(1,)]


def test_the_same_event_twice_in_one_batch_is_stored_once(store: Store) -> None:
    assert write(store, request(), request(), request()) == Written({"request": 1}, 2, 0, 0)
    assert select(store, "SELECT count(*) FROM requests") == [(1,)]


def test_when_an_event_became_available_is_not_its_content(store: Store) -> None:
    write(store, request())
    us = epoch_us(START)
    late = Rows([request()], [us], [us + 9])
    assert write_batch(store, Batch(rows={"request": late}), PSEUDONYMS, SEEN).n_duplicates == 1
    assert select(store, "SELECT available_at = ts FROM requests") == [(True,)]


def test_the_same_id_with_other_content_keeps_the_first(store: Store) -> None:
    write(store, request(query="first", user_id="alice"))
    assert write(store, request(query="second", user_id="alice")) == Written(
        {"request": 0}, 0, 1, 1
    )
    assert select(store, "SELECT query FROM requests") == [("first",)]
    letters = store.rows("dead_letters_list", state="new", limit=9)
    assert [(row["reason"], row["field"], row["kind"]) for row in letters] == [
        ("conflict", "$.event_id", "request")
    ]
    kept = bytes(store.rows("dead_letter_show", dead_letter_id=1)[0]["value"])
    assert b"second" in kept
    assert b"alice" not in kept


def test_a_conflict_inside_one_batch_keeps_the_first(store: Store) -> None:
    written = write(store, request(query="first"), request(query="second"), request(query="first"))
    assert written == Written({"request": 1}, 1, 1, 1)
    assert select(store, "SELECT query FROM requests") == [("first",)]


def test_a_conflict_delivered_again_adds_no_dead_letter(store: Store) -> None:
    write(store, request(query="first"))
    write(store, request(query="second"), request(query="second"))
    write(store, request(query="second"))
    assert select(store, "SELECT count(*) FROM dead_letters") == [(1,)]


@pytest.mark.parametrize(
    "change",
    [
        {"query": "where is  it"},
        {"status": "refused"},
        {"segments": {"plan": "pro"}},
        {"user_id": "bob"},
        {"latency_ms": 1.0},
        {"probe": True},
        {"extra": {"x": 1}},
        {"v": 2},
        {"second": 0.001},
    ],
)
def test_any_field_is_content(store: Store, change: dict[str, Any]) -> None:
    write(store, request())
    assert write(store, request(**change)).n_conflicts == 1


def test_the_order_of_keys_in_maps_is_not_content(store: Store) -> None:
    write(store, request(segments={"plan": "pro", "locale": "de"}, extra={"a": {"b": 1, "c": 2}}))
    again = request(segments={"locale": "de", "plan": "pro"}, extra={"a": {"c": 2, "b": 1}})
    assert write(store, again).n_duplicates == 1


def test_the_same_id_on_another_day_is_left_to_the_nightly_check(store: Store) -> None:
    write(store, request())
    assert write(store, request(second=DAY)) == Written({"request": 1}, 0, 0, 0)
    assert select(store, "SELECT count(*) FROM requests") == [(2,)]


def test_a_batch_over_several_days_finds_what_each_holds(store: Store) -> None:
    days = [request(f"r{n}", second=n * DAY) for n in range(4)]
    write(store, days[0], days[3])
    assert write(store, *days) == Written({"request": 2}, 2, 0, 0)


def test_kinds_have_ids_of_their_own(store: Store) -> None:
    assert write(store, request(), signal("copy", event_id="r1")).n_new == {
        "request": 1,
        "signal": 1,
    }


def test_events_without_an_id_are_known_by_their_content(store: Store) -> None:
    up = signal("thumbs_up", 0)
    later = signal("thumbs_up", 1)
    assert write(store, up, up, later).n_new == {"signal": 2}
    assert write(store, later, up).n_duplicates == 2
    assert select(store, "SELECT DISTINCT length(event_id) FROM signals") == [(64,)]


def test_the_time_zone_that_a_time_was_sent_in_is_not_content(store: Store) -> None:
    write(
        store, decoded(b'{"ts":"2026-10-01T09:00:00Z","signal":"copy","request_id":"r"}', "signal")
    )
    same = decoded(b'{"ts":"2026-10-01T11:00:00+02:00","signal":"copy","request_id":"r"}', "signal")
    assert write(store, same).n_duplicates == 1


def test_an_empty_batch_changes_nothing(store: Store) -> None:
    assert write(store) == Written({}, 0, 0, 0)
    assert write_batch(store, Batch(rows={"request": Rows([], [], [])}), PSEUDONYMS, SEEN) == (
        Written({}, 0, 0, 0)
    )


def test_the_same_dead_letter_from_the_same_place_is_kept_once(store: Store) -> None:
    write(store, dead_letters=[letter(), letter()])
    write(store, dead_letters=[letter()])
    write(store, dead_letters=[letter(offset=4)])
    ids = select(store, 'SELECT dead_letter_id, "offset" FROM dead_letters ORDER BY ALL')
    assert [offset for _, offset in ids] == [3, 4]
    assert len({number for number, _ in ids}) == 2


def test_a_dead_letter_that_was_dealt_with_does_not_come_back(store: Store) -> None:
    write(store, dead_letters=[letter()])
    with store.transaction() as tx:
        tx.run("dead_letter_set_state", state="dropped", dead_letter_id=1)
    write(store, dead_letters=[letter()])
    assert store.rows("dead_letters_list", state="new", limit=9) == []


def test_long_dead_letters_are_cut_and_keep_their_size(store: Store) -> None:
    write(store, dead_letters=[letter(b"x" * (KEPT_BYTES + 1))])
    row = store.rows("dead_letter_show", dead_letter_id=1)[0]
    assert (len(row["value"]), row["size_bytes"]) == (KEPT_BYTES, KEPT_BYTES + 1)


def test_offsets_gaps_and_facts_travel_with_the_rows(store: Store) -> None:
    first = [Position("t", 0, 5, 1_000_000), Position("t", 1, 2, None)]
    write(store, request(), positions=first, info={"watermark": "2026-10-01T00:00:00"})
    write(store, positions=[Position("t", 0, 9, 2_000_000)], gaps=[Gap("t", 1, 2, 7, "expired")])
    found = select(
        store, "SELECT topic, partition, next_offset, epoch_us(max_ts) FROM offsets ORDER BY ALL"
    )
    assert found == [("t", 0, 9, 2_000_000), ("t", 1, 2, None)]
    assert select(store, "SELECT from_offset, to_offset FROM gaps") == [(2, 7)]
    assert store.info("watermark") == "2026-10-01T00:00:00"


def test_a_batch_that_fails_leaves_neither_rows_nor_offsets(store: Store) -> None:
    broken = letter()
    with pytest.raises(Exception, match=r".+"):
        write(
            store,
            request(),
            positions=[Position("t", 0, 2**80, None)],
            dead_letters=[broken],
            info={"watermark": "2026-10-01T00:00:00"},
        )
    for table in ("requests", "dead_letters", "offsets"):
        assert select(store, f'SELECT count(*) FROM "{table}"') == [(0,)]  # noqa: S608
    assert store.info("watermark") is None
    assert write(store, request()).n_new == {"request": 1}


def test_a_value_that_is_no_number_equals_itself(store: Store) -> None:
    nan = signal("judge", event_id="s", value=float("nan"))
    write(store, nan)
    assert write(store, nan).n_duplicates == 1


def test_eval_items_are_registered_once(store: Store) -> None:
    value = (
        b'{"event_id":"e1","ts":"2026-10-01T09:00:00Z","suite":"s","suite_version":3,"feature":"f",'
        b'"items":[{"item_id":"1","input":"Where is it?","expected":"here"},'
        b'{"item_id":"2","input":"And now"}]}'
    )
    other = value.replace(b'"e1"', b'"e2"')
    write(store, decoded(value, "eval"), decoded(other, "eval"))
    write(store, decoded(value, "eval"))
    write(store, decoded(other.replace(b"e2", b"e3"), "eval"))
    items = store.rows("eval_items_known", as_of=datetime(2026, 11, 1))  # noqa: DTZ001
    assert [(row["suite_version"], row["item_id"], row["expected"]) for row in items] == [
        ("3", "1", "here"),
        ("3", "2", None),
    ]
