"""Every input format, whatever the bytes: events or a DecodeError, nothing else."""

import json
import math
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from collector import formats
from collector.source import Defaults
from decayd import plugins
from decayd.errors import DecodeError
from decayd.events import KINDS, Event
from tests.samples import SAMPLES

REASONS = {"malformed", "invalid", "kind"}
FORMATS = [plugins.load(formats, name) for name in plugins.names(formats)]
every_format = pytest.mark.parametrize("fmt", FORMATS, ids=plugins.names(formats))
kinds = st.sampled_from([None, *KINDS])
sample = st.sampled_from(SAMPLES)


def check_decoding(fmt: ModuleType, value: bytes, kind: str | None) -> list[Event]:
    """Decode; check what is raised, and that what is returned can be written as JSON."""
    try:
        events = list(fmt.decode(value, Defaults(kind=kind)))
    except DecodeError as error:
        check(error)
        return []
    for event in events:
        assert type(event).kind in KINDS
        msgspec.json.encode(event)
    return events


def check(error: DecodeError) -> None:
    assert error.reason in REASONS
    assert error.field.startswith("$")
    assert 0 < len(error.message) < 1000


@every_format
@given(st.binary(max_size=300), kinds)
@example(b"", None)
@example(b"\x00", "request")
@example(b"\xef\xbb\xbf{}", "request")
def test_random_bytes(fmt: ModuleType, value: bytes, kind: str | None) -> None:
    check_decoding(fmt, value, kind)


@every_format
@given(sample, st.integers(0, 2000), kinds)
def test_truncated_records(fmt: ModuleType, value: bytes, at: int, kind: str | None) -> None:
    check_decoding(fmt, value[: at % len(value)], kind)


@every_format
@given(sample, st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=4), kinds)
def test_records_with_other_bytes(
    fmt: ModuleType, value: bytes, changes: list[tuple[int, int]], kind: str | None
) -> None:
    changed = bytearray(value)
    for at, byte in changes:
        changed[at % len(changed)] = byte
    check_decoding(fmt, bytes(changed), kind)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@every_format
@hypothesis_settings(suppress_health_check=[HealthCheck.too_slow])
@given(sample, st.integers(0, 100), anything, kinds)
@example(SAMPLES[0], 0, math.nan, "request")
@example(SAMPLES[0], 1, 10**400, "request")
@example(SAMPLES[0], 1, 10**5000 // 3, "request")
def test_records_with_other_values(
    fmt: ModuleType, value: bytes, at: int, other: Any, kind: str | None
) -> None:
    record = json.loads(value)
    keys = list(record)
    record[keys[at % len(keys)]] = other
    try:
        text = json.dumps(record)
    except ValueError:  # Python itself refuses a number of more than 4,300 digits
        text = json.dumps(record | {keys[at % len(keys)]: 0}).replace(": 0", ": " + "9" * 5000, 1)
    check_decoding(fmt, text.encode(), kind)


@every_format
@pytest.mark.parametrize("depth", [10, 64, 65, 1_000, 100_000])
@pytest.mark.parametrize("key", ["zzz", "messages", "segments", "details", "ts", "extra", "kind"])
def test_nesting(fmt: ModuleType, depth: int, key: str) -> None:
    nested = b"[" * depth + b"]" * depth
    for value in SAMPLES:
        head = b'{"' + key.encode() + b'":' + nested + b","
        check_decoding(fmt, head + value[1:], None)
    check_decoding(fmt, b"{" * depth, "request")
    check_decoding(fmt, nested, "request")


@every_format
@given(sample, st.text(min_size=1, max_size=30), anything, kinds)
def test_unknown_keys_are_no_error(
    fmt: ModuleType, value: bytes, key: str, other: Any, kind: str | None
) -> None:
    record = json.loads(value)
    if key in record:
        return
    before = check_decoding(fmt, value, kind)
    after = check_decoding(fmt, json.dumps(record | {f"x-{key}": other}).encode(), kind)
    finite = json.dumps(other, default=str).count("NaN") + json.dumps(other).count("Infinity") == 0
    if before and finite:
        assert after
