"""Where a collector starts to read: the store's offsets, the group's, gaps."""

from pathlib import Path

import pytest

from collector.source import Committed
from decayd.config import Settings
from decayd.errors import ConfigError
from store.database import Store
from tests.collector_world import A, B, World, expected, values, world
from tests.event_rows import select

__all__ = ["world"]  # a fixture of another file


def test_everything_there_is_drained_and_committed_with_the_store_id(world: World) -> None:
    world.log.append(B, values(3, start=5))
    world.drain()
    assert world.ids() == expected(8)
    assert world.offsets() == {A: 5, B: 3}
    assert world.log.committed == {A: Committed(5, world.store.id), B: Committed(3, world.store.id)}
    assert world.sources[-1].closed


def test_the_next_run_goes_on_where_the_store_is(world: World) -> None:
    world.drain()
    world.log.append(A, values(4, start=5))
    assert world.drain().status()["n_records"] == 4
    assert world.ids() == expected(9)


def test_a_store_that_fell_behind_its_commit_reads_again_what_it_lacks(
    world: World, tmp_path: Path, settings: Settings
) -> None:
    world.drain()
    world.store.checkpoint()
    backup = tmp_path / "backup.duckdb"
    backup.write_bytes(settings.store.path.read_bytes())
    world.log.append(A, values(4, start=5))
    world.drain()
    with Store.open(settings.store.model_copy(update={"path": backup})) as restored:
        world.store = restored
        assert world.log.committed[A].offset == 9
        world.drain()
        assert world.ids() == expected(9)


def test_a_new_store_does_not_guess_when_its_group_has_read_on_with_another(world: World) -> None:
    world.log.committed[A] = Committed(3, "another-store")
    with pytest.raises(ConfigError) as caught:
        world.drain()
    assert "on_foreign_offsets" in caught.value.hint
    assert world.ids() == []


@pytest.mark.parametrize(("policy", "n"), [("continue", 2), ("replay", 5)])
def test_a_new_store_does_as_it_is_told_with_offsets_of_another(
    world: World, policy: str, n: int
) -> None:
    world.log.committed[A] = Committed(3, "another-store")
    world.drain(on_foreign_offsets=policy)
    assert world.ids() == expected(n, start=5 - n)


def test_after_another_store_read_on_the_later_offset_is_right(world: World) -> None:
    world.drain()
    world.log.append(A, values(4, start=5))
    world.log.committed[A] = Committed(8, "another-store")
    world.drain()
    assert world.ids() == [*expected(5), "r0008"]


def test_a_commit_of_our_own_that_the_store_does_not_know_means_reading_from_the_start(
    world: World,
) -> None:
    world.log.committed[A] = Committed(4, world.store.id)
    world.drain()
    assert world.ids() == expected(5)


def test_records_that_are_no_longer_kept_are_a_recorded_gap(world: World) -> None:
    world.drain()
    world.log.append(A, values(10, start=5))
    world.log.drop(A, before=9)
    world.drain()
    assert world.ids() == expected(5) + expected(6, start=9)
    rows = select(world.store, "SELECT topic, partition, from_offset, to_offset FROM gaps")
    assert rows == [(*A, 5, 9)]
    assert world.offsets() == {A: 15}


@pytest.mark.parametrize("n_new", [2, 5, 12])
def test_a_topic_that_was_made_anew_is_a_gap_and_is_read_from_its_start(
    world: World, n_new: int
) -> None:
    world.drain()
    world.log.make_anew(A[0], "second")
    world.log.append(A, values(n_new, start=100))
    world.drain()
    assert world.ids() == expected(5) + expected(n_new, start=100)
    rows = select(world.store, "SELECT from_offset, to_offset, reason FROM gaps")
    assert rows == [(5, 0, "topic made anew")]
    assert world.offsets() == {A: n_new}
    world.drain()
    assert select(world.store, "SELECT count(*) FROM gaps") == [(1,)]
