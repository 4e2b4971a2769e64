"""One transaction per batch: identity, conflicts, dead letters, offsets, user ids."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from collector.formats import native
from collector.source import Defaults
from decayd.events import Event, Outcome, Request, Signal, epoch_us
from store.batch import Batch, DeadLetter, Gap, Position, Rows, Written
from store.database import Store
from store.pseudonyms import Pseudonyms
from store.writer import KEPT_BYTES, write_batch

SEEN = datetime(2026, 10, 5, 12, tzinfo=UTC)
DAY_1 = datetime(2026, 10, 1, 9, tzinfo=UTC)
Write = Callable[..., Written]


@pytest.fixture
def write(store: Store, pseudonyms: Pseudonyms) -> Write:
    def events(*given: Event, **batch: Any) -> Written:
        return write_batch(store, Batch(rows=rows_of(given), **batch), pseudonyms, SEEN)

    return events


def rows_of(events: Sequence[Event]) -> dict[str, Rows]:
    rows: dict[str, Rows] = {}
    for event in events:
        us = epoch_us(event.ts)
        rows.setdefault(event.kind, Rows([], [], [])).add(event, us, us)
    return rows


def request(request_id: str = "r1", query: str = "where is it", **fields: Any) -> Request:
    values: dict[str, Any] = {"ts": DAY_1, "feature": "search", "status": "ok"} | fields
    return Request(request_id=request_id, query=query, **values)


def select(store: Store, text: str) -> list[tuple[Any, ...]]:
    with store.transaction() as tx:
        return tx.query(text)


def decoded(value: bytes, kind: str = "request") -> Event:
    return native.decode(value, Defaults(kind=kind))[0]


def letter(value: bytes = b"{", offset: int = 3) -> DeadLetter:
    return DeadLetter(
        topic="t", partition=0, offset=offset, reason="malformed", field="$", message="cut off",
        value=value, kind="request", size_bytes=len(value),
    )  # fmt: skip


def test_an_event_is_stored_with_its_times_and_keys(store: Store, write: Write) -> None:
    written = write(request(session_id="s", latency_ms=12.5))
    assert written == Written({"request": 1}, 0, 0, 0)
    found = select(
        store,
        "SELECT event_id, request_id, day, ts, v, duplicate, latency_ms, response IS NULL,"
        " request_key = md5_number_lower('r1') FROM requests",
    )
    naive = DAY_1.replace(tzinfo=None)
    assert found == [("r1", "r1", naive.date(), naive, 1, False, 12.5, True, True)]


def test_the_same_event_twice_is_stored_once(store: Store, write: Write) -> None:
    write(request())
    assert write(request()) == Written({"request": 0}, 1, 0, 0)
    assert select(store, "SELECT count(*) FROM requests") == [(1,)]


def test_the_same_event_twice_in_one_batch_is_stored_once(store: Store, write: Write) -> None:
    assert write(request(), request(), request()) == Written({"request": 1}, 2, 0, 0)
    assert select(store, "SELECT count(*) FROM requests") == [(1,)]


def test_when_an_event_became_available_is_not_its_content(
    store: Store, write: Write, pseudonyms: Pseudonyms
) -> None:
    write(request())
    late = Rows([request()], [epoch_us(DAY_1)], [epoch_us(DAY_1) + 9])
    assert write_batch(store, Batch(rows={"request": late}), pseudonyms, SEEN).n_duplicates == 1
    assert select(store, "SELECT available_at = ts FROM requests") == [(True,)]


def test_the_same_id_with_other_content_keeps_the_first(store: Store, write: Write) -> None:
    write(request(query="first", user_id="alice"))
    assert write(request(query="second", user_id="alice")) == Written({"request": 0}, 0, 1, 1)
    assert select(store, "SELECT query FROM requests") == [("first",)]
    letters = store.rows("dead_letters_list", state="new", limit=9)
    assert [(row["reason"], row["field"], row["kind"]) for row in letters] == [
        ("conflict", "$.event_id", "request")
    ]
    kept = bytes(store.rows("dead_letter_show", dead_letter_id=1)[0]["value"])
    assert b"second" in kept
    assert b"alice" not in kept


def test_a_conflict_inside_one_batch_keeps_the_first(store: Store, write: Write) -> None:
    written = write(request(query="first"), request(query="second"), request(query="first"))
    assert written == Written({"request": 1}, 1, 1, 1)
    assert select(store, "SELECT query FROM requests") == [("first",)]


def test_a_conflict_delivered_again_adds_no_dead_letter(store: Store, write: Write) -> None:
    write(request(query="first"))
    write(request(query="second"), request(query="second"))
    write(request(query="second"))
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
        {"ts": DAY_1 + timedelta(milliseconds=1)},
    ],
)
def test_any_field_is_content(write: Write, change: dict[str, Any]) -> None:
    write(request())
    assert write(request(**change)).n_conflicts == 1


def test_the_order_of_keys_in_maps_is_not_content(write: Write) -> None:
    write(request(segments={"plan": "pro", "locale": "de"}, extra={"a": {"b": 1, "c": 2}}))
    again = request(segments={"locale": "de", "plan": "pro"}, extra={"a": {"c": 2, "b": 1}})
    assert write(again).n_duplicates == 1


def test_the_same_id_on_another_day_is_left_to_the_nightly_check(
    store: Store, write: Write
) -> None:
    write(request())
    assert write(request(ts=DAY_1 + timedelta(days=1))) == Written({"request": 1}, 0, 0, 0)
    assert select(store, "SELECT count(*) FROM requests") == [(2,)]


def test_a_batch_over_several_days_finds_what_each_holds(write: Write) -> None:
    days = [request(f"r{n}", ts=DAY_1 + timedelta(days=n)) for n in range(4)]
    write(days[0], days[3])
    assert write(*days) == Written({"request": 2}, 2, 0, 0)


def test_kinds_have_ids_of_their_own(write: Write) -> None:
    signal = Signal(ts=DAY_1, event_id="r1", signal="copy", request_id="r1")
    assert write(request(), signal).n_new == {"request": 1, "signal": 1}


def test_events_without_an_id_are_known_by_their_content(store: Store, write: Write) -> None:
    up = Signal(ts=DAY_1, signal="thumbs_up", request_id="r1")
    later = Signal(ts=DAY_1 + timedelta(seconds=1), signal="thumbs_up", request_id="r1")
    assert write(up, up, later).n_new == {"signal": 2}
    assert write(later, up).n_duplicates == 2
    assert select(store, "SELECT DISTINCT length(event_id) FROM signals") == [(64,)]


def test_the_time_zone_that_a_time_was_sent_in_is_not_content(write: Write) -> None:
    write(decoded(b'{"ts":"2026-10-01T09:00:00Z","signal":"copy","request_id":"r"}', "signal"))
    same = decoded(b'{"ts":"2026-10-01T11:00:00+02:00","signal":"copy","request_id":"r"}', "signal")
    assert write(same).n_duplicates == 1


def test_an_empty_batch_changes_nothing(store: Store, write: Write) -> None:
    assert write() == Written({}, 0, 0, 0)
    assert write_batch(
        store, Batch(rows={"request": Rows([], [], [])}), Pseudonyms(b"k"), SEEN
    ) == (Written({}, 0, 0, 0))


def test_user_ids_of_every_kind_join_by_their_pseudonym(
    store: Store, write: Write, pseudonyms: Pseudonyms
) -> None:
    write(
        request(user_id="alice"),
        Signal(ts=DAY_1, signal="copy", request_id="r1", actor_id="alice"),
        Outcome(ts=DAY_1, outcome="resolved", request_id="r1", actor_id="alice"),
        decoded(
            b'{"ts":"2026-10-01T09:00:00Z","request_id":"r1","annotator":"alice","label":"x",'
            b'"guideline":1}',
            "label",
        ),
        decoded(
            b'{"ts":"2026-10-01T09:00:00Z","user_id":"alice","purpose":"training",'
            b'"state":"granted"}',
            "consent",
        ),
    )
    people = select(
        store,
        "SELECT user_id FROM requests UNION SELECT actor_id FROM signals UNION "
        "SELECT actor_id FROM outcomes UNION SELECT annotator FROM labels UNION "
        "SELECT user_id FROM consents",
    )
    assert people == [(pseudonyms.of("alice"),)]
    assert people[0][0].startswith("u-")


def test_a_plain_user_id_is_nowhere_in_the_file(store: Store, write: Write) -> None:
    write(
        request(user_id="alice@example.com"),
        request(user_id="alice@example.com", query="conflict"),
        dead_letters=[letter(b'{"user_id": "alice@example.com", "request_id": 1}')],
    )
    store.checkpoint()
    assert b"alice@example.com" not in store.path.read_bytes()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (b'{"user_id":"ali\\u0063e"}', b"ali\\u0063e"),
        (b'{"actor_id" :\n "alice"}', b"alice"),
        (b'{"annotator":"a\\"lice"}', b"lice"),
        (b'{"user_id": 4711, "x": 1}', b"4711"),
        (b'{"user_id":"bo\xffb"}', b"bo\xffb"),
        (b'{"user_id":"\\ud800"}', b"ud800"),
        (b'{"query":"q","user_id":"alice', b"alice"),
        (b'{"query":"q","user_id":"alice\\', b"alice"),
    ],
)
def test_user_ids_of_dead_letters_are_replaced(
    store: Store, write: Write, value: bytes, plain: bytes
) -> None:
    write(dead_letters=[letter(value)])
    kept = bytes(store.rows("dead_letter_show", dead_letter_id=1)[0]["value"])
    assert plain not in kept
    assert b'"u-' in kept


def test_a_replaced_id_is_the_one_that_the_record_would_have_had(
    store: Store, write: Write, pseudonyms: Pseudonyms
) -> None:
    write(dead_letters=[letter(b'{"user_id": "ali\\u0063e"}')])
    kept = bytes(store.rows("dead_letter_show", dead_letter_id=1)[0]["value"])
    assert kept == b'{"user_id": "' + pseudonyms.of("alice").encode() + b'"}'


def test_the_same_dead_letter_from_the_same_place_is_kept_once(store: Store, write: Write) -> None:
    write(dead_letters=[letter(), letter()])
    write(dead_letters=[letter()])
    write(dead_letters=[letter(offset=4)])
    ids = select(store, 'SELECT dead_letter_id, "offset" FROM dead_letters ORDER BY ALL')
    assert [offset for _, offset in ids] == [3, 4]
    assert len({number for number, _ in ids}) == 2


def test_a_dead_letter_that_was_dealt_with_does_not_come_back(store: Store, write: Write) -> None:
    write(dead_letters=[letter()])
    with store.transaction() as tx:
        tx.run("dead_letter_set_state", state="dropped", dead_letter_id=1)
    write(dead_letters=[letter()])
    assert store.rows("dead_letters_list", state="new", limit=9) == []


def test_long_dead_letters_are_cut_and_keep_their_size(store: Store, write: Write) -> None:
    write(dead_letters=[letter(b"x" * (KEPT_BYTES + 1))])
    row = store.rows("dead_letter_show", dead_letter_id=1)[0]
    assert (len(row["value"]), row["size_bytes"]) == (KEPT_BYTES, KEPT_BYTES + 1)


def test_offsets_gaps_and_facts_travel_with_the_rows(store: Store, write: Write) -> None:
    first = [Position("t", 0, 5, 1_000_000), Position("t", 1, 2, None)]
    write(request(), positions=first, info={"watermark": "2026-10-01T00:00:00"})
    write(positions=[Position("t", 0, 9, 2_000_000)], gaps=[Gap("t", 1, 2, 7, "expired")])
    found = select(
        store, "SELECT topic, partition, next_offset, epoch_us(max_ts) FROM offsets ORDER BY ALL"
    )
    assert found == [("t", 0, 9, 2_000_000), ("t", 1, 2, None)]
    assert select(store, "SELECT from_offset, to_offset FROM gaps") == [(2, 7)]
    assert store.info("watermark") == "2026-10-01T00:00:00"


def test_a_batch_that_fails_leaves_neither_rows_nor_offsets(store: Store, write: Write) -> None:
    broken = letter()
    with pytest.raises(Exception, match=r".+"):
        write(
            request(),
            positions=[Position("t", 0, 2**80, None)],
            dead_letters=[broken],
            info={"watermark": "2026-10-01T00:00:00"},
        )
    for table in ("requests", "dead_letters", "offsets"):
        assert select(store, f'SELECT count(*) FROM "{table}"') == [(0,)]  # noqa: S608
    assert store.info("watermark") is None
    assert write(request()).n_new == {"request": 1}


HOSTILE = {
    "NUL in an id": b'{"request_id":"a\\u0000b","query":"q"',
    "NUL in a text": b'{"request_id":"n","query":"a\\u0000b"',
    "a number beyond 64 bits": b'{"request_id":"h","query":"q","x":1000000000000000000000000000000',
    "a huge attempt": b'{"request_id":"i","query":"q","route":{"attempt":99999999999999999999999}',
    "emoji and a right-to-left mark": '{"request_id":"e","query":"\u202e\U0001f600'.encode() + b'"',
    "an empty query": b'{"request_id":"m","query":""',
    "a megabyte": b'{"request_id":"l","query":"' + b"a b " * 250_000 + b'"',
    "a noncharacter": '{"request_id":"u","query":"\uffff"'.encode(),
    "quotes and statements": b'{"request_id":"\'; DROP TABLE requests; --","query":"$1 ? :x"',
    "a map with odd keys": b'{"request_id":"k","query":"q","segments":{"":1,"a.b":true,"$":1e-320}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_values_survive_unchanged(store: Store, write: Write, name: str) -> None:
    value = HOSTILE[name] + b',"ts":"2026-10-01T09:00:00Z","feature":"f","status":"ok"}'
    event = decoded(value)
    assert write(event).n_new == {"request": 1}
    assert write(decoded(value)).n_duplicates == 1
    assert isinstance(event, Request)
    found = select(store, "SELECT request_id, md5(query), length(query) FROM requests")
    digest = hashlib.md5(event.query.encode(), usedforsecurity=False).hexdigest()
    assert found == [(event.request_id, digest, len(event.query))]


def test_ids_that_differ_after_a_nul_are_two(store: Store, write: Write) -> None:
    assert write(request("a\0b"), request("a\0c"), request("a")).n_new == {"request": 3}
    assert select(store, "SELECT count(DISTINCT request_key) FROM requests") == [(3,)]


def test_a_value_that_is_no_number_equals_itself(write: Write) -> None:
    nan = Signal(ts=DAY_1, event_id="s", signal="judge", request_id="r", value=float("nan"))
    write(nan)
    assert write(nan).n_duplicates == 1


def test_eval_items_are_registered_once(store: Store, write: Write) -> None:
    value = (
        b'{"event_id":"e1","ts":"2026-10-01T09:00:00Z","suite":"s","suite_version":3,"feature":"f",'
        b'"items":[{"item_id":"1","input":"Where is it?","expected":"here"},'
        b'{"item_id":"2","input":"And now"}]}'
    )
    other = value.replace(b'"e1"', b'"e2"')
    write(decoded(value, "eval"), decoded(other, "eval"))
    write(decoded(value, "eval"))
    write(decoded(other.replace(b"e2", b"e3"), "eval"))
    items = store.rows("eval_items_known", as_of=datetime(2026, 11, 1))  # noqa: DTZ001
    assert [(row["suite_version"], row["item_id"], row["expected"]) for row in items] == [
        ("3", "1", "here"),
        ("3", "2", None),
    ]
