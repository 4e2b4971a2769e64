"""A person holds a feature's success against other weeks, after a look at what that changes."""

from pathlib import Path

import pytest

from decay_reports.figures import baseline
from decay_reports.figures.accepting import accept
from decay_reports.run import run
from decayd.config import StoreSettings
from decayd.errors import UsageError
from drift.editing.base import Author
from store.database import Store
from tests.event_rows import select
from tests.stored_worlds import close, fill, monday, settings
from tests.worlds import world

BY = Author("ann", "new pricing")
SETTINGS = settings()


def test_success_is_held_against_accepted_weeks_after_a_preview(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        fill(store, world(5, weeks=5, per_day=60))
        for week in range(1, 6):
            run(store, close(week), SETTINGS)
        span = f"{monday(2)}..{monday(4)}"
        looked = accept(store, "assistant", BY, SETTINGS, weeks=span, preview=True)
        rows = select(store, "SELECT count(*) FROM baselines")
        said = accept(store, "assistant", BY, SETTINGS, weeks=span)
        assert said["now"] == looked["now"]
        assert (looked["accepted"], said["accepted"]) == (False, True)
        assert select(store, "SELECT count(*) FROM baselines")[0][0] == rows[0][0] + 1
        now = baseline.newest(store, "assistant", close(6))
        assert now is not None
        assert (now.accepted_by, now.reason, now.version) == ("ann", "new pricing", said["version"])
        assert now.weeks == tuple(monday(week) for week in (2, 3, 4))
        assert baseline.newest(store, "assistant", close(5)) != now
        for weeks, words in ((f"{monday(5)}..{monday(6)}", "no closed"), ("soon", "no span")):
            with pytest.raises(UsageError, match=words):
                accept(store, "assistant", BY, SETTINGS, weeks=weeks)
