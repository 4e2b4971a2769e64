"""The store on a disk that is full, and after errors that DuckDB calls fatal."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from decayd.config import StoreSettings
from decayd.errors import StoreError, StoreUnavailable
from store.database import Store
from tests.event_rows import request, select, write
from tests.small_disk import SmallDisk, small_disk

__all__ = ["small_disk"]  # a fixture of another file

MB = 2**20


@pytest.fixture
def tight(small_disk: SmallDisk) -> Iterator[Store]:
    """A store on the small disk that does not look at what is free."""
    path = small_disk.folder / "s.duckdb"
    settings = StoreSettings(path=path, threads=1, memory_limit="256MB", min_free_mb=0)
    with Store.open(settings) as opened:
        yield opened


def write_some(store: Store, n: int, first: int = 0) -> None:
    """Write requests whose text does not get smaller by compression."""
    noise = random.Random(first)  # noqa: S311
    write(store, *(
        request(f"r{i}", i, query=noise.randbytes(1_000).hex()) for i in range(first, first + n)
    ))  # fmt: skip


def ids(store: Store) -> list[int]:
    rows = select(store, "SELECT request_id FROM requests")
    return sorted(int(name[1:]) for (name,) in rows)


def test_a_disk_that_fills_up_in_a_transaction_loses_nothing(
    tight: Store, small_disk: SmallDisk
) -> None:
    write_some(tight, 100)
    small_disk.fill(leave=100_000)
    with pytest.raises(StoreUnavailable, match="No space left") as caught:
        write_some(tight, 1_000, first=100)
    assert "disk space" in caught.value.hint
    assert ids(tight) == list(range(100))
    small_disk.empty()
    write_some(tight, 1_000, first=100)
    assert ids(tight) == list(range(1_100))


def test_a_disk_that_fills_up_in_a_checkpoint_loses_nothing(
    tight: Store, small_disk: SmallDisk
) -> None:
    write_some(tight, 1_000)
    small_disk.fill()
    with pytest.raises(StoreUnavailable, match="No space left"):
        tight.checkpoint()
    assert ids(tight) == list(range(1_000))  # DuckDB itself refuses until it is opened again
    small_disk.empty()
    write_some(tight, 100, first=1_000)
    tight.checkpoint()
    assert ids(tight) == list(range(1_100))
    assert tight.wal_bytes() == 0


def test_a_store_is_opened_again_only_when_nobody_uses_what_was_lost(
    tight: Store, small_disk: SmallDisk
) -> None:
    write_some(tight, 1_000)
    small_disk.fill()

    def hold_and_ask() -> None:
        with tight.transaction():
            with pytest.raises(StoreUnavailable, match="No space left"):
                tight.checkpoint()
            tight.info("store_id")

    with pytest.raises(StoreUnavailable, match="about to be opened again"):
        hold_and_ask()
    assert tight.info("store_id") == tight.id
    small_disk.empty()


def test_what_is_written_on_a_full_disk_survives_the_process(
    small_disk: SmallDisk,
) -> None:
    settings = StoreSettings(path=small_disk.folder / "s.duckdb", threads=1, min_free_mb=0)
    with Store.open(settings) as store:
        write_some(store, 1_000)
        small_disk.fill()
    with Store.open(settings) as store:
        assert ids(store) == list(range(1_000))
        small_disk.empty()


def test_too_little_memory_is_said_and_is_no_full_disk(store_settings: StoreSettings) -> None:
    few = store_settings.model_copy(update={"memory_limit": "30MB"})
    with Store.open(few) as store, pytest.raises(StoreError, match="memory") as caught:
        select(store, "SELECT list(range || 'a long text') FROM range(3_000_000)")
    assert "store.memory_limit" in caught.value.hint
    assert not isinstance(caught.value, StoreUnavailable)


def test_a_store_says_how_much_space_is_missing(store_settings: StoreSettings) -> None:
    with Store.open(store_settings) as store:
        free_mb = (store.free_bytes() or 0) // MB
    needed = free_mb + 10_000
    for min_free_mb, words in ((0, ""), (1, ""), (needed, f"needs {needed}")):
        settings = store_settings.model_copy(update={"min_free_mb": min_free_mb})
        with Store.open(settings) as store:
            assert store.shortage().endswith(words)
            assert bool(store.shortage()) == bool(words)


def test_after_a_shortage_a_little_more_than_the_minimum_is_wanted(
    small_disk: SmallDisk,
) -> None:
    path = small_disk.folder / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1, min_free_mb=5)) as store:
        assert store.shortage() == ""
        assert "needs 69" in store.shortage(was_short=True)


def test_a_folder_that_holds_no_store_yet_can_be_short_too(tmp_path: Path) -> None:
    settings = StoreSettings(path=tmp_path / "a" / "s.duckdb", threads=1, min_free_mb=10**9)
    with Store.open(settings) as store:
        assert "needs 1000000000" in store.shortage()
