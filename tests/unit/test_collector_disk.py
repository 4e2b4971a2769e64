"""A collector, a back-fill and jobs on a disk that has too little left, or nothing."""

import json
import os
import random
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.files import ingest
from decayd import jobs
from decayd.clock import ManualClock
from decayd.config import Settings, StoreSettings
from decayd.errors import StoreUnavailable
from decayd.jobs import Job, run_due
from decayd.metrics import Metrics
from store.database import Store
from store.pseudonyms import Pseudonyms
from tests.collector_world import A, B, World, expected, values
from tests.command import decayd
from tests.event_rows import select
from tests.memory_source import MemorySource
from tests.small_disk import SmallDisk, small_disk

__all__ = ["small_disk"]  # a fixture of another file

MB = 2**20


class Ballast:
    """A file that takes up space, at once."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def drop(self) -> None:
        self.path.unlink()


def open_store(path: Path, **settings: Any) -> Store:
    return Store.open(StoreSettings(path=path, threads=1, memory_limit="256MB", **settings))


def watch(world: World, stop: threading.Event, at: dict[int, Any], n_polls: int) -> list[str]:
    """Collect the status's reason before every poll; do what `at` says before the n-th."""
    reasons: list[str] = []
    collectors: list[Any] = []

    def arm(source: MemorySource) -> None:
        poll = source.poll

        def watched(timeout_s: float, max_records: int) -> Any:
            world.clock.advance(3)
            reasons.append(collectors[0].status()["reason"])
            at.get(len(reasons), lambda: None)()
            if len(reasons) == n_polls:
                stop.set()
            return poll(timeout_s, max_records)

        source.poll = watched  # type: ignore[method-assign]

    world.on_connect = arm
    collectors.append(world.collector())
    collectors[0].run(stop)
    return reasons


@pytest.fixture
def short(tmp_path: Path, clock: ManualClock) -> Iterator[tuple[World, Ballast]]:
    """A world whose store needs half a gigabyte more than its disk has left."""
    path, size = tmp_path / "s.duckdb", 1_000 * MB
    if os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize < 2 * size:
        pytest.skip("needs 2 GB of free disk space")
    ballast = Ballast(tmp_path / "ballast", size)
    with open_store(path) as store:
        min_free_mb = (store.free_bytes() or 0) // MB + 500
    with open_store(path, min_free_mb=min_free_mb) as store:
        yield made(store, clock), ballast


def made(store: Store, clock: ManualClock) -> World:
    world = World(store, clock)
    world.log.append(A, values(5))
    return world


def gauge(metrics: Metrics, name: str) -> float | None:
    return metrics.registry.get_sample_value(name)


def test_reading_waits_while_the_disk_has_too_little_left(short: tuple[World, Ballast]) -> None:
    world, ballast = short
    metrics = world.metrics
    seen: list[Any] = []

    def look() -> None:
        seen.append((world.ids(), world.sources[0].closed, gauge(metrics, "decayd_reading_waits")))

    reasons = watch(world, threading.Event(), {4: look, 5: ballast.drop}, 12)
    assert reasons[2].startswith("store has ")
    assert reasons[2].endswith(": reading waits")
    assert f"needs {world.store._min_free_mb}: " in reasons[0]  # noqa: SLF001
    assert seen == [([], False, 1.0)]
    assert reasons[-1] == ""
    assert world.ids() == expected(5)
    assert gauge(metrics, "decayd_reading_waits") == 0
    assert (gauge(metrics, "decayd_store_free_bytes") or 0) > MB
    assert len(world.sources) == 1  # never left the group


def test_a_drain_on_a_disk_with_too_little_left_says_so(short: tuple[World, Ballast]) -> None:
    world, _ = short
    with pytest.raises(StoreUnavailable, match="MB free, needs") as caught:
        world.drain()
    assert caught.value.exit_code == 2
    assert world.log.committed == {}


def noise(n: int, start: int = 0) -> list[bytes | None]:
    """Return records that take 2 kB of disk each."""
    chance = random.Random(start)  # noqa: S311
    plain = [json.loads(value or b"") for value in values(n, start)]
    return [json.dumps(r | {"query": chance.randbytes(1_000).hex()}).encode() for r in plain]


@pytest.mark.parametrize(
    ("leave", "broken"), [(0, "commit"), (400_000, "commit"), (3_000_000, "checkpoint")]
)
def test_a_disk_that_is_full_in_the_middle_loses_nothing_and_heals(
    small_disk: SmallDisk, clock: ManualClock, leave: int, broken: str
) -> None:
    with open_store(small_disk.folder / "s.duckdb", min_free_mb=0) as store:
        world = made(store, clock)
        world.settings = Settings.model_validate({"store": {"checkpoint_mb": 1}})

        def more() -> None:
            small_disk.fill(leave)
            world.log.append(A, noise(1_000, 5))

        reasons = watch(world, threading.Event(), {3: more, 8: small_disk.empty}, 16)
        assert any("No space left" in reason and broken in reason.lower() for reason in reasons)
        assert reasons[-1] == ""
        assert world.ids() == expected(1_005)
        assert world.offsets() == {A: 1_005}
        assert world.log.committed[A].offset == 1_005
        assert len(world.sources) == 1
        world.log.append(B, values(3, 2_000))
        world.drain()
        assert world.ids()[-1] == "r2002"


def test_a_back_fill_stops_before_it_writes_and_goes_on_later(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(b"\n".join(value or b"" for value in values(20)))
    done = decayd(tmp_path, "ingest", file.name, settings={"DECAYD_STORE__MIN_FREE_MB": "99999999"})
    assert done.returncode == 2
    assert "MB free, needs 99999999" in done.stderr
    assert "store.min_free_mb" in done.stderr
    assert "Traceback" not in done.stderr
    with open_store(tmp_path / "decayd.duckdb") as store:
        assert select(store, "SELECT count(*) FROM requests") == [(0,)]
    assert decayd(tmp_path, "ingest", file.name).returncode == 0
    with open_store(tmp_path / "decayd.duckdb") as store:
        assert select(store, "SELECT count(*) FROM requests") == [(20,)]


def test_a_back_fill_that_meets_a_full_disk_can_be_run_again(
    small_disk: SmallDisk, tmp_path: Path, settings: Settings, clock: ManualClock
) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_bytes(b"\n".join(value or b"" for value in noise(3_000)))
    parts = ([file], settings, clock, Pseudonyms(b"key"))
    with open_store(small_disk.folder / "s.duckdb", min_free_mb=0) as store:
        small_disk.fill(leave=3_000_000)
        with pytest.raises(StoreUnavailable, match="No space left"):
            ingest(store, *parts)
        small_disk.empty()
        assert ingest(store, *parts).n_new == {"request": 3_000}
        assert store.rows("offset_positions")[0]["next_offset"] == 3_000


def test_jobs_that_meet_a_full_disk_are_run_again(
    store: Store, settings: Settings, clock: ManualClock, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "full_disk_of_test.py").write_text(
        "from pathlib import Path\n"
        "from decayd.errors import StoreUnavailable\n"
        "def run(store, as_of, settings):\n"
        f"    if Path({str(tmp_path / 'full')!r}).exists():\n"
        "        raise StoreUnavailable('no space left on device')\n"
        "    return {}\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(jobs, "JOBS", (Job("daily", "day", "full_disk_of_test", ""),))
    store.append("requests", [{"ts": clock.now(), "available_at": clock.now()}])
    store.set_info(watermark="2026-10-06T00:00:01", first_live_at="2026-10-05T12:00:00")
    (tmp_path / "full").touch()
    with pytest.raises(StoreUnavailable):
        list(run_due(store, settings, clock))
    assert select(store, "SELECT count(*) FROM job_runs") == [(0,)]
    (tmp_path / "full").unlink()
    assert [run.state for run in run_due(store, settings, clock)] == ["done"]
    assert select(store, "SELECT count(*) FROM job_runs WHERE job = 'close'") == [(1,)]
    sys.modules.pop("full_disk_of_test", None)
