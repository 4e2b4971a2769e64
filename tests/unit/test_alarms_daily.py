"""The daily form: its budget under real days, how soon it finds a fall, what it passes over."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pytest

from decay_reports.alarms.day_stream import DayStream, Margin, fresh, threshold
from decay_reports.figures.day_levels import Day, DayBaseline, of_days

FIRST, BASELINE_DAYS = date(2026, 1, 5), 28
TOLERANCE = 0.01
MARGIN = Margin(TOLERANCE, threshold(1, 0.2))
BASE = 0.82  # share of requests without friction
WEEKEND = (5, 6)


class Traffic(NamedTuple):
    """What days are like; `per_user` requests of a day share their user's trouble.

    The level falls by `step` from day `start` on, counted from 0.
    """

    per_day: int = 340
    step: float = 0.0
    wobble: float = 0.02
    ar: float = 0.0
    weekend: float = 0.5
    per_user: int = 3
    start: int = 28


PLAIN = Traffic()


def daily(seed: int, n_days: int, traffic: Traffic = PLAIN) -> list[Day]:
    """Draw days with a weekday pattern, days that wobble, and users who come back within a day.

    With 3 requests a user a day varies by 1.4 times what independent requests would.
    """
    rng = np.random.default_rng(seed)
    pattern, drift, made, ar = rng.normal(0, 0.015, 7), 0.0, [], traffic.ar
    for k in range(n_days):
        drift = ar * drift + np.sqrt(1 - ar * ar) * rng.normal(0, traffic.wobble)
        fall = traffic.step if k >= traffic.start else 0.0
        n = int(rng.poisson(traffic.per_day * (traffic.weekend if k % 7 in WEEKEND else 1.0)))
        p = np.clip(BASE + pattern[k % 7] + drift - fall, 0.01, 0.99)
        good = rng.binomial(1, _of_users(rng, p, n, traffic.per_user)).sum()
        made.append(Day(FIRST + timedelta(days=k), n, float(good / max(n, 1)), n, n // 2))
    return made


def _of_users(rng: np.random.Generator, p: float, n: int, per_user: int) -> np.ndarray:
    """Return each request's chance; the requests of one user have his own."""
    if per_user == 1:
        return np.full(n, p)
    users = rng.beta(p * 4, (1 - p) * 4, n // per_user + 1)
    return users[np.arange(n) // per_user]


def days_to_alarm(seed: int, horizon: int, traffic: Traffic) -> int | None:
    days = daily(seed, BASELINE_DAYS + horizon, traffic)
    baseline, stream = of_days(days[:BASELINE_DAYS]), fresh(1)
    for k, day in enumerate(days[BASELINE_DAYS:]):
        stream = stream.updated([day], baseline, MARGIN)
        if stream.detector.alarms:
            return k + 1
    return None


@pytest.mark.parametrize(("per_day", "ar"), [(20, 0.0), (60, 0.0), (340, 0.0), (340, 0.4)])
def test_a_steady_year_has_a_false_alarm_in_at_most_a_fifth_of_the_streams(
    per_day: int, ar: float
) -> None:
    """The budget of .2 pages a year for one stream, weekday pattern and clustered users in it."""
    alarms = [days_to_alarm(seed, 365, Traffic(per_day, ar=ar)) is not None for seed in range(100)]
    assert np.mean(alarms) <= 0.2


@pytest.mark.parametrize(
    ("step", "per_user", "at_most"), [(0.15, 1, 1), (0.08, 1, 3), (0.08, 3, 4), (0.05, 1, 10)]
)
def test_a_step_at_340_requests_a_day_is_found_in_days(
    step: float, per_user: int, at_most: int
) -> None:
    """It begins after eight quiet weeks, four of them the baseline."""
    traffic = Traffic(step=step, weekend=1.0, per_user=per_user, start=56)
    found = [days_to_alarm(1000 + seed, 150, traffic) for seed in range(100)]
    delays = [day - 28 for day in found if day is not None and day > 28]
    assert len(delays) > 95
    assert np.median(delays) <= at_most


def test_the_onset_of_an_8_point_step_is_dated_within_a_week() -> None:
    errors = []
    for seed in range(30):
        days = daily(2000 + seed, 70, Traffic(step=0.08))
        stream = _after(days[BASELINE_DAYS:], of_days(days[:BASELINE_DAYS]))
        onset = stream.detector.onset()
        assert onset is not None
        errors.append(abs((onset - FIRST).days - BASELINE_DAYS))
    assert np.median(errors) <= 2
    assert np.mean(np.array(errors) <= 7) > 0.85


def test_days_are_put_together_until_they_hold_30_requests() -> None:
    days = daily(1, 58, Traffic(8, weekend=1.0))
    stream = _after(days[BASELINE_DAYS:], of_days(days[:BASELINE_DAYS]))
    asked = sum(day.n for day in days[BASELINE_DAYS:])
    assert 0 < stream.detector.updates <= asked // 30
    assert sum(day.n for day in stream.waiting) < 30


def test_a_day_without_requests_or_with_half_its_signals_missing_is_no_update() -> None:
    days = daily(2, 30)
    baseline = of_days(days[:BASELINE_DAYS])
    before = _after(days[28:29], baseline)
    empty = Day(days[29].day, 0, 0.0, 0, 0)
    silent = Day(days[29].day, 340, 0.0, 340, 40)
    for day in (empty, silent):
        after = before.updated([day], baseline, MARGIN)
        assert (after.detector, after.waiting) == (before.detector, before.waiting)
        assert after.last_day == day.day


def test_a_day_is_taken_once() -> None:
    days = daily(3, 40)
    baseline = of_days(days[:BASELINE_DAYS])
    once = _after(days[28:], baseline)
    assert once.updated(days[28:], baseline, MARGIN) == once


def test_a_restart_in_the_middle_gives_the_same_bytes() -> None:
    days = daily(4, 60, Traffic(40, step=0.06))
    baseline = of_days(days[:BASELINE_DAYS])
    stream = fresh(1)
    for day in days[28:]:
        stream = DayStream.from_json(stream.to_json())
        stream = stream.updated([day], baseline, MARGIN)
    assert stream.to_json() == _after(days[28:], baseline).to_json()


def test_a_recovery_takes_four_whole_weeks_within_the_margin() -> None:
    days = daily(5, 84)
    baseline = of_days(days[:BASELINE_DAYS])
    since = days[28].day
    three, four = _after(days[28:49], baseline), _after(days[28:56], baseline)
    assert not three.recovered(baseline, TOLERANCE, since)
    assert four.recovered(baseline, TOLERANCE, since)
    fallen = daily(6, 84, Traffic(step=0.08))
    assert not _after(fallen[28:], of_days(fallen[:28])).recovered(baseline, TOLERANCE, since)


@pytest.mark.parametrize("wobble", [0.0, 0.03])
def test_the_variance_of_days_is_learned_from_moments(wobble: float) -> None:
    learned = [
        of_days(daily(seed, 56, Traffic(2000, wobble=wobble, weekend=1.0))).day_variance
        for seed in range(30)
    ]
    assert min(learned) >= 0
    assert abs(np.sqrt(np.mean(learned)) - wobble) < 0.012


def test_a_weekday_pattern_is_learned_when_it_is_there_and_not_when_it_is_noise() -> None:
    def of(pattern: Callable[[int], float]) -> DayBaseline:
        rng = np.random.default_rng(7)
        return of_days([
            Day(FIRST + timedelta(days=k), 400, float(rng.binomial(400, BASE + pattern(k)) / 400),
                400, 200)
            for k in range(28)
        ])  # fmt: skip

    weekend = of(lambda k: -0.1 if k % 7 in WEEKEND else 0.0)
    assert weekend.weekday[5] < -0.05 < 0.01 < weekend.weekday[0]
    assert abs(sum(weekend.weekday)) < 1e-9
    assert max(abs(extra) for extra in of(lambda _: 0.0).weekday) < 0.02


def _after(days: list[Day], baseline: DayBaseline) -> DayStream:
    return fresh(1).updated(days, baseline, MARGIN)
