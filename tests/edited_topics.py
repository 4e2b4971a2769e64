"""A store with two emerged topics to edit: closed weeks of queries, copied for each test."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from decayd.config import Settings, StoreSettings
from drift.editing.base import Author
from store.database import Store
from tests.topic_streams import START, Clouds, run_weeks, week_rows

BY = Author("ann", "the same question")
CLOSED = 8  # weeks that are closed when a test begins
LAST = 10  # weeks whose queries are there
N = 200  # queries a week
NEW = 24  # of each of two groups that nobody asked before, from week 6 and 7 on


def fill(store: Store, step: int = 1) -> None:
    """Insert all weeks: eleven groups, then a twelfth and a thirteenth one."""
    clouds = Clouds(3)
    clouds.fill(store)
    store.set_info(first_live_at=START.isoformat())
    rows = []
    for week in range(1, LAST + 1):
        asked = clouds.ask(N, groups=11)
        for group, first in ((12, 6), (11, 7)):
            if week >= first:
                texts = clouds.texts[group]
                asked += [texts[clouds.rng.integers(len(texts))] for _ in range(NEW)]
        rows += week_rows(week, [asked[n] for n in clouds.rng.permutation(len(asked))])
    store.append("requests", rows[::step])


@pytest.fixture(scope="module")
def closed_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store whose first weeks were run at their closes."""
    path = tmp_path_factory.mktemp("edited") / "decayd.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        fill(store)
        run_weeks(store, Settings(), range(1, CLOSED + 1))
        store.checkpoint()
    return path


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        yield store


@pytest.fixture
def closed(closed_file: Path, tmp_path: Path) -> Iterator[Store]:
    """A store of its own for each test."""
    with opened(Path(shutil.copy(closed_file, tmp_path / "decayd.duckdb"))) as store:
        yield store
