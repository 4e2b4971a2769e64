"""From bytes to events: what is taken, what is refused, where the message points."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from collector.decode import Decoder
from collector.source import Record
from decayd.config import CollectorSettings, TopicSettings
from decayd.errors import DecodeError, UsageError
from decayd.events import KINDS, Event
from tests.samples import RECORDS

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
TOPICS = {f"{kind}s": TopicSettings.model_validate({"kind": kind}) for kind in KINDS}
REQUEST: dict[str, Any] = {
    "request_id": "r1", "ts": "2026-10-01T09:00:00Z", "feature": "search", "query": "q",
    "status": "ok",
}  # fmt: skip
SIGNAL: dict[str, Any] = {"ts": 1767225600000, "signal": "copy", "request_id": "r1"}


def decode(value: bytes | None, topic: str = "requests", **settings: Any) -> list[Event]:
    decoder = Decoder(TOPICS, CollectorSettings(**settings))
    record = Record(topic, 0, 0, None, None, value)
    return [event for event, _ in decoder.decode(record, decoder.latest_us(NOW))]


def one(record: dict[str, Any], topic: str = "requests", **settings: Any) -> Any:
    (event,) = decode(json.dumps(record).encode(), topic, **settings)
    return event


def error(
    value: bytes | dict[str, Any], topic: str = "requests", **settings: Any
) -> tuple[str, str, str]:
    with pytest.raises(DecodeError) as caught:
        decode(value if isinstance(value, bytes) else json.dumps(value).encode(), topic, **settings)
    return caught.value.reason, caught.value.field, caught.value.message


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r["kind"])
def test_a_full_record_of_each_kind_is_decoded_whole(record: dict[str, Any]) -> None:
    event = one(record, "mixed")
    assert event.kind == record["kind"]
    assert event.extra is None
    renamed = {"from": "from_"}
    for key, sent in record.items():
        value = getattr(event, renamed.get(key, key))
        if not isinstance(sent, dict | list) and key != "ts":
            assert value == sent


def test_the_kind_of_the_record_wins_over_that_of_the_topic() -> None:
    assert one(SIGNAL | {"kind": "signal"}, "requests").kind == "signal"


def test_without_a_kind_the_topic_decides() -> None:
    assert one(SIGNAL, "signals").kind == "signal"


def test_without_any_kind_the_message_says_where_to_put_one() -> None:
    reason, field, message = error(SIGNAL, "elsewhere")
    assert (reason, field) == ("kind", "$.kind")
    assert "--kind" in message


@pytest.mark.parametrize("kind", ["requests", "", 3, [], {}])
def test_an_unknown_kind_is_refused_with_those_that_exist(kind: Any) -> None:
    reason, field, message = error(REQUEST | {"kind": kind})
    assert (reason, field) == ("kind", "$.kind")
    assert "consent" in message


def test_a_topic_can_say_which_feature_it_carries() -> None:
    topics = {"t": TopicSettings(kind="request", feature="search")}
    decoder = Decoder(topics, CollectorSettings())
    without = {k: v for k, v in REQUEST.items() if k != "feature"}
    record = Record("t", 0, 0, None, None, json.dumps(without).encode())
    ((event, _),) = decoder.decode(record, decoder.latest_us(NOW))
    assert getattr(event, "feature", None) == "search"


def test_unknown_keys_are_kept_as_they_are() -> None:
    sent = {"ticket": {"id": 7, "tags": ["a"]}, "big": 12345678901234567890123, "none": None}
    assert one(REQUEST | sent).extra == sent


def test_unknown_keys_of_nested_objects_are_kept_in_their_place() -> None:
    event = one(
        REQUEST
        | {
            "route": {"policy": "p", "pool": "b"},
            "tool_calls": [{"name": "a"}, {"name": "b", "args": {"x": 1}}],
            "retrieved": [{"doc_id": "d"}],
        }
    )
    assert event.extra == {"route": {"pool": "b"}, "tool_calls": [{}, {"args": {"x": 1}}]}
    assert event.tool_calls[1].name == "b"


def test_a_key_called_extra_is_taken_apart_unless_something_would_be_lost() -> None:
    assert one(REQUEST | {"extra": {"a": 1}}).extra == {"a": 1}
    assert one(REQUEST | {"extra": {"a": 1}, "b": 2}).extra == {"a": 1, "b": 2}
    assert one(REQUEST | {"extra": {"a": 1}, "a": 2}).extra == {"extra": {"a": 1}, "a": 2}
    assert one(REQUEST | {"extra": "text"}).extra == {"extra": "text"}


def test_a_null_is_a_field_that_was_not_sent() -> None:
    event = one(REQUEST | {"source_kind": None, "probe": None, "v": None, "response": None})
    assert (event.source_kind, event.probe, event.v, event.response) == (
        "production",
        False,
        1,
        None,
    )


def test_the_same_event_is_equal_with_and_without_its_kind() -> None:
    assert one(REQUEST) == one(REQUEST | {"kind": "request"})


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r["kind"])
def test_required_fields_are_missed_by_name(record: dict[str, Any]) -> None:
    required = {
        "request": ["request_id", "ts", "feature", "query", "status"], "signal": ["ts", "signal"],
        "outcome": ["ts", "outcome"], "change": ["ts", "artifact", "name"],
        "eval": ["ts", "suite", "suite_version", "feature"],
        "label": ["ts", "request_id", "annotator", "label", "guideline"],
        "consent": ["ts", "user_id", "purpose", "state"],
    }[record["kind"]]  # fmt: skip
    for name in required:
        for without in (
            {k: v for k, v in record.items() if k != name},
            record | {name: None},
        ):
            assert error(without)[:2] == ("invalid", f"$.{name}")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"query": 5}, "$.query"),
        ({"status": "fine"}, "$.status"),
        ({"feature": ""}, "$.feature"),
        ({"request_id": "x" * 1025}, "$.request_id"),
        ({"input_tokens": -1}, "$.input_tokens"),
        ({"input_tokens": 1.5}, "$.input_tokens"),
        ({"input_tokens": 2**60}, "$.input_tokens"),
        ({"latency_ms": "12"}, "$.latency_ms"),
        ({"routing_propensity": 1.5}, "$.routing_propensity"),
        ({"probe": "no"}, "$.probe"),
        ({"source_kind": "prod"}, "$.source_kind"),
        ({"tool_calls": [{"name": "a"}, {"ok": True}]}, "$.tool_calls[1].name"),
        ({"route": {"attempt": "first"}}, "$.route.attempt"),
        ({"expected_outcome": {"window_days": 0}}, "$.expected_outcome.window_days"),
        ({"expected_outcome": {"silence": "loud"}}, "$.expected_outcome.silence"),
        ({"segments": {"plan": ["a"]}}, "$.segments[...]"),
        ({"messages": "hello"}, "$.messages"),
        ({"v": 0}, "$.v"),
        ({"ts": "yesterday"}, "$.ts"),
        ({"ts": True}, "$.ts"),
        ({"ts": -5}, "$.ts"),
        ({"ts": 10**30}, "$.ts"),
        ({"ts": 1.0e300}, "$.ts"),
        ({"ts": "1969-12-31T23:59:59Z"}, "$.ts"),
        ({"ts": "0001-01-01T00:00:00+14:00"}, "$.ts"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(fields: dict[str, Any], path: str) -> None:
    assert error(REQUEST | fields)[:2] == ("invalid", path)


def test_a_message_lists_what_is_allowed_and_never_quotes_what_was_sent() -> None:
    _, _, message = error(REQUEST | {"status": "<script>secret</script>"})
    assert message == "must be one of: ok, error, timeout, refused, fallback"


def test_epoch_seconds_are_told_from_milliseconds() -> None:
    reason, field, message = error(REQUEST | {"ts": 1767225600})
    assert (reason, field) == ("invalid", "$.ts")
    assert "milliseconds" in message
    assert one(REQUEST | {"ts": 1767225600000}).ts == 1767225600000


def test_a_time_far_ahead_of_the_clock_is_refused() -> None:
    assert one(REQUEST | {"ts": "2026-10-05T12:10:00Z"})
    assert error(REQUEST | {"ts": "2026-10-05T12:10:01Z"})[:2] == ("future", "$.ts")
    assert one(REQUEST | {"ts": "2026-10-05T13:00:00Z"}, future_minutes=60)


@pytest.mark.parametrize("topic", ["signals", "outcomes"])
def test_signals_and_outcomes_need_a_request_or_a_session(topic: str) -> None:
    record = {"ts": 1767225600000, "signal": "copy", "outcome": "resolved"}
    assert error(record, topic)[:2] == ("invalid", "$.request_id")
    assert one(record | {"session_id": "s"}, topic)


def test_a_preference_needs_one_of_its_two_sides() -> None:
    preference = {"ts": 1767225600000, "signal": "preference", "request_id": "r1"}
    assert error(preference, "signals")[:2] == ("invalid", "$.chosen")
    assert one(preference | {"rejected": "r0"}, "signals")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b'{"request_id": "r1", "ts"', "truncated"),
        (b"[]", "expected object, got array"),
        (b'"text"', "expected object, got str"),
        (b'{"latency_ms": NaN}', "NaN"),
        (b'{"latency_ms": Infinity}', "send null"),
        (b'{"query": "\xff\xfe"}', ""),
        (b'{"query": "\\ud800"}', ""),
        (b'{"a": 1}{"a": 2}', "trailing"),
        (b"[" * 100_000, ""),
        (b'{"a":' * 100_000, "nested deeper"),
    ],
)
def test_bytes_that_are_no_record_are_malformed(value: bytes, words: str) -> None:
    reason, field, message = error(value)
    assert (reason, field) == ("malformed", "$")
    assert words in message


def test_invalid_utf8_in_any_field_is_malformed() -> None:
    good = json.dumps(REQUEST | {"note": "x"}).encode()
    assert error(good.replace(b'"q"', b'"\xff"'))[0] == "malformed"
    assert error(good.replace(b'"x"', b'"\xff"'))[0] == "malformed"


def test_a_record_over_the_limit_is_refused_before_it_is_parsed() -> None:
    reason, field, message = error(b"{" * 1025, max_record_kib=1)
    assert (reason, field) == ("oversize", "$")
    assert "collector.max_record_kib" in message
    assert one(REQUEST | {"query": "x" * 800}, max_record_kib=1)


def test_a_tombstone_is_no_event() -> None:
    assert decode(None) == []


def test_an_unknown_format_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="yaml"):
        Decoder({"t": TopicSettings(format="yaml")}, CollectorSettings())
