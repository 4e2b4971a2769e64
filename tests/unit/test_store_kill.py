"""Kill −9 in the middle of a checkpoint: what was committed is there, whole, and once."""

import random
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from decayd.clock import SystemClock
from decayd.config import StoreSettings
from store.database import Store
from tests.command import environment
from tests.event_rows import select

# Writes batches of 2,000 requests, each with a checkpoint, for ever, and says what it does.
WRITE = """
import random, sys
from pathlib import Path
from decayd.config import StoreSettings
from store.database import Store
from tests.event_rows import request, select, write
with Store.open(StoreSettings(path=Path(sys.argv[1]), threads=1)) as store:
    while True:
        first = select(store, "SELECT count(*) FROM requests")[0][0]
        text = [random.randbytes(1_000).hex() for _ in range(2_000)]
        write(store, *(request(f"r{first + i}", i, query=q) for i, q in enumerate(text)))
        print("stored", first + 2_000, flush=True)
        print("begin", flush=True)
        store.checkpoint()
        print("end", flush=True)
"""


def wait_for(output: IO[str], word: str) -> str:
    """Read lines up to one that begins with a word; return what follows it."""
    for line in output:
        if line.startswith(word):
            return line.removeprefix(word).strip()
    raise AssertionError("the writer ended")


def kill_in_checkpoint(path: Path, chance: random.Random) -> tuple[int, bool]:
    """Let a process write, kill it; return how many rows it had stored, and if it was inside."""
    clock = SystemClock()
    with subprocess.Popen(
        [sys.executable, "-c", WRITE, str(path)],
        stdout=subprocess.PIPE, text=True, env=environment(),
    ) as writer:  # fmt: skip
        assert writer.stdout is not None
        wait_for(writer.stdout, "begin")
        began = clock.monotonic()
        wait_for(writer.stdout, "end")
        usual_s = clock.monotonic() - began
        n_stored = int(wait_for(writer.stdout, "stored"))
        wait_for(writer.stdout, "begin")
        try:
            writer.wait(chance.uniform(0, 0.9) * usual_s)
        except subprocess.TimeoutExpired:
            writer.kill()
        rest = writer.stdout.read()
    return n_stored, "end" not in rest


@pytest.mark.timeout(180)
def test_a_kill_in_the_middle_of_a_checkpoint_loses_nothing(tmp_path: Path) -> None:
    path, chance, n_inside = tmp_path / "s.duckdb", random.Random(20261124), 0  # noqa: S311
    for _ in range(12):
        n_stored, inside = kill_in_checkpoint(path, chance)
        n_inside += inside
        with Store.open(StoreSettings(path=path, threads=1)) as store:
            counts = "SELECT count(*), count(DISTINCT request_id), min(length(query)) FROM requests"
            ((n_rows, n_distinct, shortest),) = select(store, counts)
            assert n_rows == n_distinct
            assert n_rows >= n_stored
            assert shortest == 2_000
        if n_inside == 3:
            break
    assert n_inside
