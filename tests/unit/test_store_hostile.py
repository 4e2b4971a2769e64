"""What must not get out and what must not break: user ids, odd characters, huge values."""

import hashlib

import pytest

from decayd.events import Request
from store.batch import DeadLetter
from store.database import Store
from tests.event_rows import PSEUDONYMS, decoded, outcome, request, select, signal, write


def letter(value: bytes = b"{", offset: int = 3) -> DeadLetter:
    return DeadLetter(
        topic="t", partition=0, offset=offset, reason="malformed", field="$", message="cut off",
        value=value, kind="request", size_bytes=len(value),
    )  # fmt: skip


def test_user_ids_of_every_kind_join_by_their_pseudonym(store: Store) -> None:
    write(
        store,
        request(user_id="alice"),
        signal("copy", actor_id="alice"),
        outcome("resolved", actor_id="alice"),
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
    assert people == [(PSEUDONYMS.of("alice"),)]
    assert people[0][0].startswith("u-")


def test_a_user_id_in_a_kind_that_has_no_such_field_is_replaced_too(store: Store) -> None:
    write(store, signal("copy", extra={"user_id": "alice", "annotator": 4711, "n": 1}))
    extra = select(store, "SELECT extra->>'user_id', extra->>'annotator', extra->'n' FROM signals")
    assert extra == [(PSEUDONYMS.of("alice"), PSEUDONYMS.of("4711"), "1")]


def test_a_plain_user_id_is_nowhere_in_the_file(store: Store) -> None:
    write(
        store,
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
def test_user_ids_of_dead_letters_are_replaced(store: Store, value: bytes, plain: bytes) -> None:
    write(store, dead_letters=[letter(value)])
    kept = bytes(store.rows("dead_letter_show", dead_letter_id=1)[0]["value"])
    assert plain not in kept
    assert b'"u-' in kept


def test_a_replaced_id_is_the_one_that_the_record_would_have_had(store: Store) -> None:
    write(store, dead_letters=[letter(b'{"user_id": "ali\\u0063e"}')])
    kept = bytes(store.rows("dead_letter_show", dead_letter_id=1)[0]["value"])
    assert kept == b'{"user_id": "' + PSEUDONYMS.of("alice").encode() + b'"}'


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
def test_hostile_values_survive_unchanged(store: Store, name: str) -> None:
    value = HOSTILE[name] + b',"ts":"2026-10-01T09:00:00Z","feature":"f","status":"ok"}'
    event = decoded(value)
    assert write(store, event).n_new == {"request": 1}
    assert write(store, decoded(value)).n_duplicates == 1
    assert isinstance(event, Request)
    found = select(store, "SELECT request_id, md5(query), length(query) FROM requests")
    digest = hashlib.md5(event.query.encode(), usedforsecurity=False).hexdigest()
    assert found == [(event.request_id, digest, len(event.query))]


def test_ids_that_differ_after_a_nul_are_two(store: Store) -> None:
    assert write(store, request("a\0b"), request("a\0c"), request("a")).n_new == {"request": 3}
    assert select(store, "SELECT count(DISTINCT request_key) FROM requests") == [(3,)]
