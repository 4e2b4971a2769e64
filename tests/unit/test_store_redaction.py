"""What is kept of a bad record names nobody, whatever the record looks like."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from collector.formats import native
from collector.source import Defaults
from decayd.errors import DecodeError
from store.batch import DeadLetter
from store.redaction import KEPT_BYTES, Redacted, redact
from tests.event_rows import PSEUDONYMS
from tests.samples import RECORDS

CARD = "4111 1111 1111 1111"


def redacted(value: bytes | str, message: str = "") -> Redacted:
    raw = value.encode() if isinstance(value, str) else value
    letter = DeadLetter("t", 0, 1, "invalid", "$", message, raw, size_bytes=len(raw))
    return redact(letter, PSEUDONYMS)


def kept(value: bytes | str | Any) -> str:
    raw = value if isinstance(value, bytes | str) else json.dumps(value)
    return redacted(raw).value.decode()


@pytest.mark.parametrize(
    "value",
    [
        '{"user_id": ["carola.m", {"id": "carola.m"}]}',
        '{"messages": [{"meta": {"actor_id": "carola.m"}}]}',
        '{"user\\u005fid": "carola.m"}',
        '{"\\u0075\\u0073er_id": "c\\u0061rola.m"}',
        '{"user": {"name": "carola.m"}, "userId": "carola.m"}',
        '{"query": "{\\"user_id\\": \\"carola.m\\"}"}',
        '{"query": "{\\"user\\\\u005fid\\": \\"c\\\\u0061rola.m\\"}"}',
        '{"user_id": "carola.m", "query": "I am carola.m", "session_id": "carola.m-7"}',
        '{"query": "I am car\\u006fla.m", "user_id": "carola.m"}',
        '{"user_id": "carola.m", "by": {"carola.m": true}}',
        '{"request_id": "r1", "user_id": "carola.m", "query": "cut o',
        '{"request_id": "r1", "user_id": "carola.m',
        '{"user_id" "carola.m"}',
        '{"user_id: "carola.m", "query": "q"}',
        '{"a": "x"", "user\\u005fid": "carola.m"}',
        "{'user_id': 'carola.m', 'query': None}",
        "{user_id: carola.m}",
        "user_id=carola.m request_id=r1",
        "<user_id>carola.m</user_id>",
        '[{"user_id": "carola.m"}]',
        '{"user_id": "carola.m"}{"user_id": "carola.m"}',
    ],
)
def test_no_user_id_is_left(value: str) -> None:
    assert "carola" not in kept(value)
    assert PSEUDONYMS.of("carola.m") in kept(value)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_another_encoding_hides_no_user_id(encoding: str) -> None:
    out = redacted('{"user_id": "carola.m", "query": "q"}'.encode(encoding))
    assert b"carola" not in out.value.replace(b"\0", b"")
    assert out.altered


@pytest.mark.parametrize("field", ["query", "response", "text", "final_text", "corrected_text"])
def test_free_text_is_masked_and_the_rest_stays(field: str) -> None:
    text = f"mail ann@example.org or +49 171 1234567, card {CARD}, from 192.168.0.7"
    assert kept({field: text, "status": "okay", "ts": "2026-10-01T09:00:00Z"}) == (
        f'{{"{field}": "mail [EMAIL] or [PHONE], card [CARD], from [IP]", "status": "okay", '
        '"ts": "2026-10-01T09:00:00Z"}'
    )


@pytest.mark.parametrize(
    "value",
    [
        {"messages": [{"role": "user", "content": "ann@example.org"}]},
        {"items": [{"item_id": "i", "input": "ann@example.org", "expected": "ann@example.org"}]},
        {"extra": {"ann@example.org": 1}},
    ],
)
def test_text_is_masked_at_any_depth(value: dict[str, Any]) -> None:
    assert "example" not in kept(value)


@pytest.mark.parametrize(
    "value",
    [
        '{"query": "ann\\u0040example.org',
        "ann@example.org wrote",
        '{"query": "x"", "response": "mail ann@example.org"}',
        f'{{"card": {CARD.replace(" ", "")}}}',
        '{"password": "ann@example.org"}',
    ],
)
def test_text_that_is_no_json_is_masked_too(value: str) -> None:
    out = kept(value)
    assert "example" not in out
    assert "4111" not in out


def test_what_names_nobody_keeps_its_bytes() -> None:
    value = (
        b'{"request_id" :"r-1764711000",\n"latency_ms":8.125e2,"ts":1764711000000,"x":"\\u00e9"}'
    )
    assert redacted(value) == Redacted(value, "", altered=False)


def test_a_talk_in_a_text_stays_readable() -> None:
    value = b'{"query": "User: where is it\\nAssistant: on its way", "role": "user"}'
    assert redacted(value) == Redacted(value, "", altered=False)


def test_only_an_id_that_the_store_would_replace_so_leaves_a_record_as_sent() -> None:
    assert not redacted('{"user_id": "alice", "query": 5}').altered
    for value in (
        '{"user_id": 4711}', '{"user_id": ["alice"]}', '{"m": {"user_id": "alice"}}',
        '{"user": "alice"}', f'{{"user_id": "{"a" * 1025}"}}', '{"user_id": "\\ud800"}',
        '{"user_id": "alice", "query": "alice"}',
    ):  # fmt: skip
        assert redacted(value).altered, value
    assert redacted(b'{"user_id": "bo\xffb"}').altered


def test_an_id_in_the_message_is_replaced() -> None:
    out = redacted('{"user_id": "alice"}', "request 'alice-1' was stored before")
    assert out.message == f"request '{PSEUDONYMS.of('alice')}-1' was stored before"


def test_a_record_with_thousands_of_ids_keeps_no_text() -> None:
    value = {"user_id": [f"person-{i}" for i in range(1000)], "query": "person-7 asks"}
    assert "person" not in kept(value)


def test_an_id_behind_what_is_kept_is_hidden_before_it() -> None:
    out = redacted(json.dumps({"query": f"carola.m {'x' * 100_000}", "user_id": "carola.m"}))
    assert b"carola" not in out.value
    assert len(out.value) == KEPT_BYTES
    assert out.altered


def test_an_address_that_the_cut_would_split_is_not_kept_in_part() -> None:
    for shift in (0, 5, 18):
        value = json.dumps({"query": "x" * (KEPT_BYTES - shift) + " carola@example.org " * 300})
        assert b"carola" not in redacted(value).value


def escaped(text: str, choices: list[int]) -> str:
    """Return a JSON string in which some characters are written as escapes."""
    out = ""
    for i, char in enumerate(json.dumps(text)[1:-1] if "\\" in text or '"' in text else text):
        wants = choices[i % len(choices)] == 0 and char.isascii() and char.isalnum()
        out += f"\\u{ord(char):04x}" if wants and "\\" not in text and '"' not in text else char
    return f'"{out}"'


def written(value: Any, choices: list[int]) -> str:
    """Return JSON with odd white space and escapes in keys and strings."""
    space = " " * (choices[-1] % 3)
    if isinstance(value, dict):
        pairs = (
            f"{space}{escaped(k, choices)}{space}:{space}{written(v, choices)}"
            for k, v in value.items()
        )
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(each, choices) for each in value) + "]"
    return escaped(value, choices) if isinstance(value, str) else json.dumps(value)


PERSON = st.text("abcdefghijklmnopqrstuvwxyzß-._@ ", min_size=4, max_size=20).map(
    lambda text: f"qzx{text}xzq"
)
KEY = st.sampled_from(["user_id", "actor_id", "annotator"])
CHOICES = st.lists(st.integers(0, 3), min_size=1, max_size=12)


def around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    key = st.sampled_from(["query", "messages", "extra", "items", "a b", ""])
    return (
        st.lists(inner, min_size=1, max_size=2)
        | st.dictionaries(key, inner, min_size=1, max_size=2)
        | inner.map(lambda value: {"payload": json.dumps(value)})
    )


@st.composite
def records(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return a user id and a record that has it somewhere."""
    person, key, choices = draw(PERSON), draw(KEY), draw(CHOICES)
    held = draw(st.sampled_from([person, [person], {"id": person}, [{"x": [person]}]]))
    leaf = st.sampled_from([{key: held, "n": 1}, {"n": None, key: held}])
    tree = draw(st.recursive(leaf, around, max_leaves=3))
    base = draw(st.sampled_from(RECORDS))
    if draw(st.booleans()):  # of a record that breaks off the id itself may be what is missing
        whole = written(base | {"more": tree}, choices).encode()
        return person, whole[: draw(st.integers(1, len(whole)))]
    mentioned = {"query": f"I, {person}, ask"} if draw(st.booleans()) else {}
    return person, written(mentioned | base | mentioned | {"more": tree}, choices).encode()


@hypothesis_settings(max_examples=150)
@given(records())
def test_no_nesting_escape_or_truncation_brings_a_user_id_into_the_store(
    made: tuple[str, bytes],
) -> None:
    person, value = made
    out = redacted(value).value
    assert person.encode() not in out
    assert b"qzx" not in out


@hypothesis_settings(max_examples=200)
@given(st.binary(max_size=300) | st.text('{}[]:,"\\u0 user_id@.=<>\ud800', max_size=200).map(
    lambda text: text.encode("utf-8", "surrogatepass")
))  # fmt: skip
def test_any_bytes_can_be_kept_and_decoded_without_an_error(value: bytes) -> None:
    out = redacted(value)
    assert len(out.value) <= KEPT_BYTES
    try:
        native.decode(value, Defaults(kind="request"))
    except DecodeError as error:
        reason = error.reason
    else:
        reason = "kind"
    assert reason in {"malformed", "invalid", "kind"}


@pytest.mark.parametrize(
    "value",
    [
        b'{"user_id":' * 20_000, b'"\\' * 200_000, b"[" * 500_000, b'"user:' * 50_000,
        b'{"a":"' + b"user_id=" * 60_000, b"1 " * 200_000, b"a" * 1_000_000, b"\x00" * 100_000,
    ],
    ids=range(8),
)  # fmt: skip
@pytest.mark.timeout(30)
def test_hostile_shapes_are_read_in_linear_time(value: bytes) -> None:
    assert len(redacted(value).value) <= KEPT_BYTES
