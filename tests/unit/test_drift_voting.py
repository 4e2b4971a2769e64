"""One vote per person and topic, and samples that don't depend on the order of rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from drift.base import Votes
from drift.voting import Asked, sample, vote

Row = tuple[int, int, int, int]  # week, voter (0: nobody knows), text, topic


def asked(rows: list[Row]) -> Asked:
    weeks, voters, texts, topics = (np.array(column) for column in zip(*rows, strict=True))
    keys = np.arange(len(rows), dtype=np.uint64)
    known = voters > 0
    queries = Votes(
        vectors=np.zeros((len(rows), 1), np.float32),
        keys=keys,
        voters=np.where(known, voters, keys).astype(np.uint64),
        weeks=weeks,
    )
    return Asked(queries, texts.astype(np.uint64), known, topics)


def counted(rows: list[Row], block_weeks: int = 1) -> list[int]:
    return [int(n) for n in vote(asked(rows), block_weeks)]


def test_a_person_votes_once_per_topic_with_the_first_query() -> None:
    assert counted([(0, 7, 1, 3), (0, 7, 2, 3), (0, 7, 3, 4), (0, 8, 1, 3)]) == [0, 2, 3]


def test_a_person_votes_again_in_the_next_block() -> None:
    rows = [(0, 7, 1, 3), (1, 7, 1, 3), (2, 7, 1, 3), (3, 7, 1, 3)]
    assert counted(rows, 1) == [0, 1, 2, 3]
    assert counted(rows, 2) == [0, 2]
    assert counted(rows, 4) == [0]


def test_blocks_are_counted_from_the_newest_week() -> None:
    assert counted([(0, 7, 1, 3), (1, 7, 1, 3), (2, 7, 1, 3)], 2) == [0, 1]


def test_a_text_by_nobody_counts_three_times() -> None:
    assert counted([(0, 0, 9, 3)] * 5 + [(0, 0, 8, 3)]) == [0, 1, 2, 5]


def test_a_person_and_a_text_with_the_same_number_do_not_share_votes() -> None:
    assert counted([(0, 9, 1, 3), (0, 0, 9, 3), (0, 0, 9, 3)]) == [0, 1, 2]


def test_no_queries_give_no_votes() -> None:
    empty = np.empty(0, np.uint64)
    votes = Votes(np.empty((0, 1), np.float32), empty, empty, np.empty(0, np.int64))
    assert len(vote(Asked(votes, empty, np.empty(0, bool), empty), 1)) == 0


numbers = st.integers(0, 3)


@given(st.lists(st.tuples(numbers, numbers, numbers, numbers), min_size=1, max_size=60))
def test_nobody_votes_twice_and_everybody_votes(rows: list[Row]) -> None:
    kept = counted(rows)
    cast = [(rows[n][0], rows[n][1], rows[n][3]) for n in kept if rows[n][1]]
    assert len(cast) == len(set(cast))
    assert set(cast) == {(week, who, topic) for week, who, _, topic in rows if who}
    nameless = [(week, text) for week, who, text, _ in rows if not who]
    for each in set(nameless):
        votes = sum((rows[n][0], rows[n][2]) == each for n in kept if not rows[n][1])
        assert votes == min(3, nameless.count(each))


def test_a_sample_holds_the_same_keys_in_any_order() -> None:
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 2**63, 5000).astype(np.uint64)
    mixed = rng.permutation(keys)
    drawn = set(keys[sample(keys, 700, seed=7)])
    assert drawn == set(mixed[sample(mixed, 700, seed=7)])
    assert len(drawn) == 700


def test_a_sample_stays_when_rows_are_added() -> None:
    keys = np.arange(10_000, dtype=np.uint64)
    first = set(sample(keys[:5000], 1000, seed=7))
    second = set(sample(keys, 1000, seed=7))
    assert second & set(range(5000)) <= first


def test_another_seed_draws_another_sample_of_the_same_size() -> None:
    keys = np.arange(1000, dtype=np.uint64)
    one, two = (set(sample(keys, 100, seed)) for seed in (1, 2))
    assert len(one) == len(two) == 100
    assert one != two


def test_a_sample_is_spread_over_the_rows() -> None:
    keys = np.arange(10_000, dtype=np.uint64)
    assert abs(sample(keys, 2000, seed=7).mean() - 5000) < 4 * 2887 / 2000**0.5
