"""The decay benchmark runs the real jobs over a store in which events become known when they do."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.decay import storing, truth
from benchmarks.decay.replay import Course, replay
from benchmarks.decay.scenarios import SCENARIOS
from benchmarks.decay.score import score
from benchmarks.decay.traffic import make
from decay_reports.figures import frame
from decayd.config import Settings, StoreSettings
from store.database import Store

WEEKS = 14


@pytest.fixture(scope="module")
def course() -> Course:
    """Replay a small feature that loses 25 points in week 11."""
    small = SCENARIOS["silent-provider-change"].shortened(WEEKS).scaled(100)
    return replay(make(small, 0))


def test_the_store_shows_what_was_known_at_a_close(tmp_path: Path) -> None:
    made = make(SCENARIOS["slow-outcome-feed"].shortened(WEEKS).scaled(30), 0)
    with Store.open(StoreSettings(path=tmp_path / "s.duckdb", threads=1)) as store:
        storing.fill(store, made)
        for week in (10, 12, WEEKS):
            seen = frame.load(
                store, storing.close(week), Settings(), start=storing.close(0)
            )[made.feature]  # fmt: skip
            known = made.known_day <= 7 * week
            assert len(seen) == (made.day < 7 * week).sum()
            assert seen.arrived.sum() == known.sum()
            assert np.nansum(seen.y) == made.success[known].sum()
            assert seen.topics == tuple(sorted({f"t{code}" for code in made.topic}))


def test_every_week_gets_its_levels_at_the_lags_it_has_reached(course: Course) -> None:
    found = {(level.week, level.lag) for level in course.decayd.levels}
    assert found == {(w, lag) for w in range(1, WEEKS + 1) for lag in range(5) if w + lag <= WEEKS}
    assert [state for week, state in course.decayd.verdicts.items() if week < 5] == ["learning"] * 4


def test_a_rival_sees_the_false_dip_of_the_newest_week(course: Course) -> None:
    scored = {name: score(course.traffic, said) for name, said in course.rivals.items()}
    assert np.mean(scored["naive outcomes"].biases[0]) < -0.05
    assert abs(np.mean(score(course.traffic, course.decayd).biases[0])) < 0.04


def test_the_change_is_taken_apart_and_held_against_the_truth(course: Course) -> None:
    settled = course.decayd.explained.settled
    assert settled is not None
    before, now = (
        truth.level(course.traffic, [storing.week_number(week) for week in weeks])
        for weeks in (settled.before_weeks, settled.after_weeks)
    )
    scored = score(course.traffic, course.decayd).settled
    assert scored is not None
    assert settled.total.value == pytest.approx(now - before, abs=0.06)
    assert len(scored.errors) == len(settled.parts)
