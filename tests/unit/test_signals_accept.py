"""A person holds satisfaction or friction against other weeks: looked at first, then for good."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dashboards.context import Context
from dashboards.operations import perform
from decay_reports.alarms import signal_baseline
from decay_reports.alarms.signal_accepting import accept
from decay_reports.alarms.verdicts import verdict
from decay_reports.run import run
from decayd.clock import ManualClock
from decayd.config import StoreSettings
from decayd.errors import UsageError
from drift.editing.base import Author
from store.database import Store
from tests.event_rows import SEEN as SEEN_AT
from tests.event_rows import select
from tests.stored_worlds import close, fill, monday, settings
from tests.worlds import world

FEATURE, FALL, SEEN, LAST = "assistant", 6, 10, 12
BY = Author("ann", "the new form asks more")
SETTINGS = settings()
WEEKS = f"{monday(7)}..{monday(10)}"
STATES = (
    "SELECT stream, arg_max(state, as_of), arg_max(details, as_of) FROM incidents"
    " GROUP BY stream ORDER BY stream"
)


def worse(day: np.ndarray) -> np.ndarray:
    return np.where(day >= 7 * (FALL - 1), -1.3, 0.0)


@pytest.fixture
def fallen(tmp_path: Path) -> Iterator[Store]:
    """A feature without outcomes whose signals got worse in week 6, closed up to week 10."""
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        fill(store, world(31, weeks=LAST, per_day=120, outcome_share=0.0, logit=worse))
        for week in range(1, SEEN + 1):
            run(store, close(week), SETTINGS)
        # so far and no further: an edit counts just after the newest of what is known
        store.set_info(watermark=close(SEEN).isoformat())
        yield store


def test_a_look_stores_nothing_and_says_what_accepting_then_does(fallen: Store) -> None:
    before = select(fallen, "SELECT count(*) FROM baselines")
    looked = accept(fallen, FEATURE, "friction", BY, weeks=WEEKS, preview=True)
    assert select(fallen, "SELECT count(*) FROM baselines") == before

    said = accept(fallen, FEATURE, "friction", BY, weeks=WEEKS)

    assert (said["now"], said["version"]) == (looked["now"], 2)
    assert said["before"]["weeks"] == [monday(week) for week in (1, 2, 3, 4)]
    assert said["now"]["friction"].value > said["before"]["friction"].value
    kept = signal_baseline.newest(fallen, FEATURE, "friction", close(LAST))
    assert kept is not None
    assert (kept.accepted_by, kept.reason) == ("ann", "the new form asks more")
    assert kept.weeks == tuple(monday(week) for week in (7, 8, 9, 10))


@pytest.mark.parametrize("kind", ["friction", "satisfaction"])
def test_an_open_incident_closes_at_the_next_close_and_only_that_of_its_stream(
    fallen: Store, kind: str
) -> None:
    assert {state for _, state, _ in select(fallen, STATES)} == {"opened"}
    accept(fallen, FEATURE, kind, BY, weeks=WEEKS)
    for week in range(SEEN + 1, LAST + 1):
        run(fallen, close(week), SETTINGS)

    states = {stream: (state, said) for stream, state, said in select(fallen, STATES)}
    assert {stream for stream, (state, _) in states.items() if state == "closed"} == {kind}
    found = [
        (state, body)
        for name, state, body in select(
            fallen,
            "SELECT arg_max(kind, as_of), arg_max(state, as_of), arg_max(body, as_of)"
            " FROM findings GROUP BY finding_id",
        )
        if name.startswith(kind)
    ]
    assert [state for state, _ in found] == ["closed"]
    assert "a new baseline was accepted" in found[0][1]


def test_with_both_accepted_the_feature_is_steady_again(fallen: Store) -> None:
    for kind in ("friction", "satisfaction"):
        accept(fallen, FEATURE, kind, BY, weeks=WEEKS)
    for week in range(SEEN + 1, LAST + 1):
        run(fallen, close(week), SETTINGS)

    assert verdict(fallen, FEATURE, close(LAST)).state == "steady"
    assert len(select(fallen, "SELECT DISTINCT incident_id FROM incidents")) == 2


@pytest.mark.parametrize(
    ("weeks", "words"),
    [
        ("soon", "no span"),
        (f"{monday(10)}..{monday(11)}", "no closed whole week"),
    ],
)
def test_other_weeks_are_refused(fallen: Store, weeks: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        accept(fallen, FEATURE, "satisfaction", BY, weeks=weeks)


def test_weeks_without_ratings_are_no_baseline_of_satisfaction(tmp_path: Path) -> None:
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        fill(store, world(5, weeks=5, per_day=2))
        for week in range(1, 6):
            run(store, close(week), SETTINGS)
        store.set_info(watermark=close(5).isoformat())
        with pytest.raises(UsageError, match="can't be measured"):
            accept(store, FEATURE, "satisfaction", BY, weeks=f"{monday(2)}..{monday(4)}")


def test_the_operation_knows_the_kinds_of_signals(fallen: Store) -> None:
    fallen.append("job_runs", [{"job": "close", "as_of": close(SEEN), "state": "done"}])
    context = Context(fallen, SETTINGS, ManualClock(SEEN_AT))
    asked = {"feature": FEATURE, "kind": "friction", "weeks": WEEKS}

    looked = perform(context, "baseline_preview", asked)

    assert (looked["kind"], looked["accepted"]) == ("friction", False)
    assert looked["now"]["friction"]["value"] > looked["before"]["friction"]["value"]
