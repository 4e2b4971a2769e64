"""Feature traffic with known truth: users, topics, signals that follow success, late outcomes.

`World` is the truth, `World.frame` what the statistics may see of it at an instant.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from decay_reports.figures.feature_weeks import Known, Span, know
from decay_reports.figures.frame import DAY_US, SIGNALS, Bools, Floats, Frame, Ints
from decayd.config import FeatureSettings

MONDAY_US = 1_767_571_200_000_000  # 5 January 2026
WEEK_US = 7 * DAY_US
FAILURE_DAYS, SUCCESS_DAYS = 1.1, 3.5  # median delays
N_TOPICS = 12
_RATES = {  # of a signal after a success and after a failure
    "retry": (0.03, 0.16), "rephrase": (0.04, 0.20), "copy": (0.30, 0.12),
    "accept": (0.25, 0.08), "edit": (0.05, 0.10), "escalate": (0.01, 0.10),
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What a world is like; `logit` is added to the log odds of success on a day (fractional)."""

    seed: int
    weeks: int = 20
    per_day: int = 340
    base: float = 0.72
    outcome_share: float = 0.23
    slower: float = 1.0
    slower_from_day: float = 0.0
    conversions: bool = False
    failures_come_late: bool = False
    paused_weeks: tuple[int, ...] = ()
    buttons_until_day: float = np.inf
    logit: Callable[[Floats], Floats] = np.zeros_like


@dataclass(frozen=True)
class World:
    """One row per request, by time, with what really became of it."""

    plan: Plan
    day: Floats
    user: Ints
    topic: Ints
    tenure: Ints
    success: Bools
    expects: Bools
    delay_days: Floats
    signals: Floats
    log_dwell: Floats

    @property
    def ts_us(self) -> Ints:
        return MONDAY_US + (self.day * DAY_US).astype(np.int64)

    def frame(self, week: int) -> Frame:
        """Return what is known at the end of a week (counted from 1) of the last 20 weeks."""
        end = 7.0 * week
        seen = (self.day < end) & (self.day >= end - 140)
        day = self.day[seen]
        gets_one = self.expects & (self.success if self.plan.conversions else True)
        arrived = (gets_one & (self.day + self.delay_days <= end))[seen]
        n, delay = len(day), np.where(arrived, self.delay_days[seen], np.nan)
        stated = self.expects[seen] & self.plan.conversions
        nothing = np.zeros(n, bool)
        return Frame(
            request_key=np.flatnonzero(seen).astype(np.uint64), ts_us=self.ts_us[seen],
            cluster=self.user[seen], topic=self.topic[seen], tenure=self.tenure[seen],
            signals=self.signals[seen], refused=nothing, log_length=np.full(n, np.nan),
            log_dwell=self.log_dwell[seen], rated=nothing, friction=nothing, gave_rating=nothing,
            y=np.where(arrived, self.success[seen], np.nan), delay_days=delay,
            first_delay_days=delay, stated=stated, silence_fails=np.where(stated, 1.0, np.nan),
            window_days=np.where(stated, 28.0, np.nan),
            topics=tuple(f"t{k}" for k in range(N_TOPICS)),
        )  # fmt: skip

    def known(self, week: int) -> Known:
        """Return what can be made of the labels at the end of a week."""
        at_us = MONDAY_US + week * WEEK_US
        return know(self.frame(week), FeatureSettings(), at_us, at_us)

    def truth(self, known: Known, rows: slice) -> float:
        """Return the true success rate of rows of the frame."""
        return float(self.success[known.frame.request_key[rows].astype(np.int64)].mean())


def span(week: int) -> Span:
    """Return the bounds of a week counted from 1."""
    return MONDAY_US + (week - 1) * WEEK_US, MONDAY_US + week * WEEK_US


def spans(last: int, n: int) -> list[Span]:
    """Return the bounds of `n` weeks up to `last`."""
    return [span(week) for week in range(last - n + 1, last + 1)]


def world(seed: int = 1, **plan: Any) -> World:
    """Draw a world."""
    return draw(Plan(seed, **plan))


def draw(plan: Plan) -> World:
    """Draw a world; clustered users, noisy days, topics that differ in all there is."""
    rng = np.random.default_rng(plan.seed)
    n_days = 7 * plan.weeks
    paused = np.isin(np.arange(n_days) // 7 + 1, plan.paused_weeks)
    n_asked = np.where(paused, 0, rng.poisson(plan.per_day, n_days))
    starts = np.repeat(np.arange(n_days, dtype=float), n_asked)
    day: Floats = np.sort(starts + rng.random(len(starts)))
    n, n_users = len(day), max(4 * plan.per_day, 2)
    activity = rng.gamma(1.0, size=n_users)
    user = rng.choice(n_users, n, p=activity / activity.sum())
    topic = rng.choice(N_TOPICS, n, p=rng.dirichlet(np.full(N_TOPICS, 3.0)))
    logit = np.log(plan.base / (1 - plan.base)) + rng.normal(0, 0.5, n_users)[user]
    logit += rng.normal(0, 0.12, n_days)[day.astype(int)] + rng.normal(0, 0.5, N_TOPICS)[topic]
    success = rng.random(n) < 1 / (1 + np.exp(-logit - plan.logit(day)))
    chance = plan.outcome_share * rng.uniform(0.6, 1.4, N_TOPICS)[topic]
    return World(
        plan, day, user, topic, rng.choice(4, n, p=(0.3, 0.3, 0.3, 0.1)), success,
        rng.random(n) < chance, _delays(plan, rng, day, success),
        *_reactions(plan, rng, day, success),
    )  # fmt: skip


def _delays(plan: Plan, rng: np.random.Generator, day: Floats, success: Bools) -> Floats:
    early, late = (SUCCESS_DAYS, FAILURE_DAYS) if plan.failures_come_late else (
        FAILURE_DAYS, SUCCESS_DAYS
    )  # fmt: skip
    median = np.where(success, late, early)
    median = np.where(day >= plan.slower_from_day, plan.slower, 1.0) * median
    return np.asarray(np.minimum(median * np.exp(rng.normal(0, 0.9, len(day))), 27.9), float)


def _reactions(
    plan: Plan, rng: np.random.Generator, day: Floats, success: Bools
) -> tuple[Floats, Floats]:
    n = len(success)
    signals = np.zeros((n, len(SIGNALS)))
    for name, (after_success, after_failure) in _RATES.items():
        chance = np.where(success, after_success, after_failure)
        signals[:, SIGNALS.index(name)] = rng.random(n) < chance
    for button in ("copy", "accept"):
        signals[day >= plan.buttons_until_day, SIGNALS.index(button)] = 0.0
    rates = rng.random(n) < np.where(success, 0.005, 0.024)
    signals[:, SIGNALS.index("thumbs_up")] = rates & success
    signals[:, SIGNALS.index("thumbs_down")] = rates & ~success
    dwell = np.log1p(rng.gamma(2.0, 10 + 5.0 * success))
    return signals, np.where(rng.random(n) < 0.5, dwell, np.nan)
