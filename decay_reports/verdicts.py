"""What is said about a feature in one word, and the numbers it rests on, read from the store."""

from datetime import date, datetime
from typing import Literal

import msgspec

from decayd.results import Estimate

State = Literal["falling", "recovering", "steady", "learning", "not_measurable"]


class WeekEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """The success rate of one week as it stands in ``weekly_figures`` at one lag.

    `estimate.n` counts the requests of all `pooled_weeks` weeks that end with `week`;
    `detectable` is the smallest change (a share) that such a week would show with 80 % power.
    """

    week: date
    lag: int
    estimate: Estimate
    se: float | None = None
    withheld: bool = False
    pooled_weeks: int = 1
    detectable: float | None = None
    back_filled: bool = False


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The level that later weeks are held against, and who accepted it."""

    version: int
    weeks: tuple[date, ...]
    value: float
    se: float
    n: int
    as_of: datetime
    accepted_by: str
    reason: str


class AlarmView(msgspec.Struct, frozen=True, kw_only=True):
    """Where the confirmed alarm stands: `statistic` above `threshold` pages."""

    statistic: float
    threshold: float
    updates: int
    last_week: date


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One feature's state; it follows the alarm, never one week's interval.

    `reason` says why nothing can be said (not_measurable) or how far learning is. `since` is the
    `as_of` at which the open incident was opened, `onset` the Monday of the week it began in.
    """

    feature: str
    state: State
    reason: str = ""
    onset: date | None = None
    since: datetime | None = None
    incident_id: str | None = None
    learning_weeks: int = 0
    baseline: Baseline | None = None
    confirmed: WeekEstimate | None = None
    provisional: WeekEstimate | None = None
    alarm: AlarmView | None = None
