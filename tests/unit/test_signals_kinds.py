"""A removed button is no worse answer: satisfaction waits, and it is said which signal is gone."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from decay_reports.alarms.signal_kinds import PRAISE, gone
from decay_reports.figures.frame import SIGNALS
from decay_reports.run import run
from decayd.config import StoreSettings
from store.database import Store
from store.findings import findings_at
from tests.event_rows import select
from tests.stored_worlds import close, fill, settings
from tests.worlds import world

REMOVED_DAY, WEEKS = 45.5, 9  # at noon of a Thursday
SETTINGS = settings()


@pytest.fixture(scope="module", params=[0.0, 0.3], ids=["paged_by_signals", "with_outcomes"])
def removed(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Store a feature that stays as good as it is and loses its copy and accept buttons."""
    path = tmp_path_factory.mktemp("kinds") / "s.duckdb"
    with Store.open(StoreSettings(path=path, threads=1)) as store:
        fill(store, world(
            7, weeks=WEEKS, per_day=150, outcome_share=request.param, buttons_until_day=REMOVED_DAY
        ))  # fmt: skip
        for week in range(1, WEEKS + 1):
            run(store, close(week), SETTINGS)
        yield store


def test_satisfaction_does_not_fall_when_buttons_are_removed(removed: Store) -> None:
    rows = select(removed, "SELECT kind FROM findings WHERE kind = 'satisfaction_fell'")
    assert rows == []
    assert select(removed, "SELECT stream FROM incidents") == []


def test_one_finding_says_which_signals_are_gone_and_lasts(removed: Store) -> None:
    found = findings_at(removed, close(WEEKS), kind="signal_kind_gone")
    assert [f.state for f in found] == ["open"]
    assert found[0].details == {"signals": ["accept", "copy"]}
    assert found[0].title.startswith("accept and copy are hardly sent any more")
    first = findings_at(removed, close(7), kind="signal_kind_gone")
    assert [f.finding_id for f in first] == [found[0].finding_id]
    assert findings_at(removed, close(6), kind="signal_kind_gone") == []


def test_a_real_fall_takes_no_kind_away_and_few_requests_prove_nothing() -> None:
    usual = {"n": 4000, "copy": 1000, "accept": 800, "thumbs_up": 16}
    assert gone({"n": 300, "copy": 30, "accept": 25, "thumbs_up": 0}, usual) == []
    assert gone({"n": 20, "copy": 0, "accept": 0, "thumbs_up": 0}, usual) == []
    assert gone({"n": 300, "copy": 0, "accept": 60, "thumbs_up": 0}, usual) == ["copy"]
    assert gone(dict.fromkeys(("n", *PRAISE), 0), dict.fromkeys(("n", *PRAISE), 0)) == []


def test_every_kind_of_praise_is_a_signal_that_the_frame_knows() -> None:
    assert np.isin(PRAISE, SIGNALS).all()
