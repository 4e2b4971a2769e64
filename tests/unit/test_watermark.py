"""The watermark: what holds it, what doesn't, and that batch boundaries change nothing."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.source import Partition
from collector.watermark import Watermark

MINUTE = 60_000_000
HOUR = 60 * MINUTE
A, B, C = ("requests", 0), ("requests", 1), ("signals", 0)


def mark(*partitions: Partition, grace: int = 0, value: int | None = None) -> Watermark:
    watermark = Watermark(grace, value)
    for partition in partitions:
        watermark.assign(partition, None)
    return watermark


def test_nothing_is_known_before_the_first_record() -> None:
    assert mark(A).value_us is None


def test_one_partition_gives_its_largest_time_minus_the_grace() -> None:
    watermark = mark(A, grace=2 * HOUR)
    watermark.pass_record(A, 10 * HOUR, more=True)
    watermark.pass_record(A, 9 * HOUR, more=True)
    assert watermark.value_us == 8 * HOUR


def test_an_unread_partition_from_which_nothing_came_holds_it() -> None:
    watermark = mark(A, B)
    watermark.pass_record(A, 10 * HOUR, more=True)
    assert watermark.value_us is None
    watermark.pass_record(B, 3 * HOUR, more=True)
    assert watermark.value_us == 3 * HOUR


def test_an_idle_partition_more_than_an_hour_behind_does_not_hold_it() -> None:
    watermark = mark(A, B)
    watermark.pass_record(B, 3 * HOUR, more=False)
    watermark.pass_record(A, 4 * HOUR, more=True)
    assert watermark.value_us == 3 * HOUR
    watermark.pass_record(A, 4 * HOUR + 1, more=True)
    assert watermark.value_us == 4 * HOUR + 1


def test_an_unread_partition_holds_it_however_far_behind_it_is() -> None:
    watermark = mark(A, B)
    watermark.pass_record(B, 3 * HOUR, more=True)
    watermark.pass_record(A, 90 * HOUR, more=True)
    assert watermark.value_us == 3 * HOUR
    watermark.set_unread([A])
    assert watermark.value_us == 90 * HOUR


def test_it_never_goes_back() -> None:
    watermark = mark(A, value=50 * HOUR)
    watermark.pass_record(A, 10 * HOUR, more=True)
    watermark.assign(B, 20 * HOUR)
    watermark.pass_record(B, 21 * HOUR, more=True)
    assert watermark.value_us == 50 * HOUR


def test_a_late_record_becomes_available_at_the_watermark_before_it() -> None:
    watermark = mark(A, grace=2 * HOUR)
    assert watermark.pass_record(A, 10 * HOUR, more=True) == 10 * HOUR
    assert watermark.pass_record(A, 1 * HOUR, more=True) == 8 * HOUR
    assert watermark.pass_record(A, 9 * HOUR, more=True) == 9 * HOUR


def test_a_record_without_a_time_ends_a_partition_too() -> None:
    watermark = mark(A, B)
    watermark.pass_record(A, 10 * HOUR, more=True)
    watermark.pass_record(B, None, more=False)
    assert watermark.value_us == 10 * HOUR


def test_a_partition_that_moves_away_no_longer_holds_it() -> None:
    watermark = mark(A, B)
    watermark.pass_record(B, 3 * HOUR, more=True)
    watermark.pass_record(A, 9 * HOUR, more=True)
    watermark.revoke([B])
    assert watermark.value_us == 9 * HOUR


def test_a_restart_goes_on_where_it_stood() -> None:
    before = mark(A, B, grace=HOUR)
    before.pass_record(A, 9 * HOUR, more=True)
    before.pass_record(B, 8 * HOUR, more=True)
    after = Watermark(HOUR, before.value_us)
    for partition in (A, B):
        after.assign(partition, before.largest_us(partition))
    for watermark in (before, after):
        watermark.pass_record(A, 12 * HOUR, more=True)
        watermark.pass_record(B, 11 * HOUR, more=True)
    assert after.value_us == before.value_us == 10 * HOUR


Step = tuple[Partition, int | None]
steps = st.lists(
    st.tuples(
        st.sampled_from([A, B, C]),
        st.one_of(st.none(), st.integers(0, 400).map(lambda m: m * MINUTE)),
    ),
    max_size=60,
)


def run(script: Sequence[Step], cuts: Iterable[int], watermark: Watermark) -> list[int]:
    """Pass a script in batches, as a source that knows what is still to come."""
    available = []
    bounds = [0, *sorted(c % (len(script) + 1) for c in cuts), len(script)]
    for start, stop in pairwise(bounds):
        watermark.set_unread({p for p, _ in script[start:]})
        for i in range(start, stop):
            partition, ts = script[i]
            more = any(p == partition for p, _ in script[i + 1 :])
            available.append(watermark.pass_record(partition, ts, more=more))
    return available


@given(steps, st.lists(st.integers(0, 100), max_size=8))
def test_batch_boundaries_change_nothing(script: list[Step], cuts: list[int]) -> None:
    one, many = mark(A, B, C, grace=30 * MINUTE), mark(A, B, C, grace=30 * MINUTE)
    assert run(script, [], one) == run(script, cuts, many)
    assert one.value_us == many.value_us


@given(steps)
def test_it_is_what_its_definition_says_after_every_record(script: list[Step]) -> None:
    watermark = mark(A, B, C, grace=30 * MINUTE)
    largest: dict[Partition, int] = {}
    expected: int | None = None
    watermark.set_unread({p for p, _ in script})
    for i, (partition, ts) in enumerate(script):
        available = watermark.pass_record(
            partition, ts, more=any(p == partition for p, _ in script[i + 1 :])
        )
        if ts is not None:
            assert available == max(ts, expected if expected is not None else ts)
            largest[partition] = max(ts, largest.get(partition, 0))
        unread = {p for p, _ in script[i + 1 :]}
        newest = max(largest.values(), default=0)
        active = unread | {p for p, t in largest.items() if t >= newest - HOUR}
        if active and all(p in largest for p in active):
            candidate = min(largest[p] for p in active) - 30 * MINUTE
            expected = candidate if expected is None else max(expected, candidate)
        assert watermark.value_us == expected


@pytest.mark.parametrize("n_partitions", [1, 40])
def test_many_partitions_give_the_same_rule(n_partitions: int) -> None:
    partitions = [("requests", i) for i in range(n_partitions)]
    watermark = mark(*partitions)
    for i, partition in enumerate(partitions):
        watermark.pass_record(partition, (i + 1) * MINUTE, more=True)
    assert watermark.value_us == MINUTE
