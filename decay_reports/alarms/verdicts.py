"""What is said about a feature in one word, and the numbers it rests on, read from the store."""

import json
from datetime import date, datetime
from typing import Any

import msgspec

from decay_reports.alarms import detector as alarms
from decay_reports.alarms import incidents
from decay_reports.alarms.confirmed import STREAM
from decay_reports.alarms.detector import Detector
from decay_reports.alarms.incidents import Incident
from decay_reports.alarms.signal_verdict import State, alarm_state, signal_verdict
from decay_reports.figures import baseline
from decay_reports.figures.baseline import N_WEEKS, SuccessBaseline
from decay_reports.figures.signal_days import FRICTION
from decay_reports.figures.success import ENOUGH_LABELS
from decayd.results import Estimate
from store.database import Store


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
    n_labels: int
    as_of: datetime
    accepted_by: str
    reason: str


class AlarmView(msgspec.Struct, frozen=True, kw_only=True):
    """Where the alarm that pages stands: `statistic` above `threshold` pages.

    `last_week` names the week of its last update, or for signals the day.
    """

    statistic: float
    threshold: float
    updates: int
    last_week: date


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One feature's state; it follows the alarm, never one week's interval.

    `measure` names what it rests on: success, or signals where success has no figure. `reason` says
    why nothing can be said (not_measurable), how far learning is, or that signals speak. `since` is
    the `as_of` at which the open incident was opened, `onset` the Monday of the week it began in.
    `signal_weeks` are the baseline weeks of signals where they speak.
    """

    feature: str
    state: State
    measure: str = STREAM
    reason: str = ""
    onset: date | None = None
    since: datetime | None = None
    incident_id: str | None = None
    learning_weeks: int = 0
    signal_weeks: tuple[date, ...] = ()
    baseline: Baseline | None = None
    confirmed: WeekEstimate | None = None
    provisional: WeekEstimate | None = None
    alarm: AlarmView | None = None


def verdict(store: Store, feature: str, as_of: datetime) -> Verdict:
    """Read a feature's verdict as of a week's close from figures, alarm and incidents.

    Recovering is a fall whose last two confirmed weeks both lie above its lowest one, at 90 %. A
    feature without a success baseline, nor outcomes to learn one from, is judged by its signals.
    """
    accepted = baseline.newest(store, feature, as_of)
    incident = incidents.find_open(store, feature, STREAM, as_of)
    confirmed = _week(store, feature, as_of, lag=1)
    good = baseline.candidate_weeks(store, feature, as_of, min_lag=0)
    if accepted is None and (spoken := _by_signals(store, feature, as_of, learns=bool(good))):
        return msgspec.structs.replace(
            spoken, confirmed=confirmed, provisional=_week(store, feature, as_of, lag=0)
        )
    if incident:
        state, reason = _course(store, feature, as_of, incident), ""
    elif accepted is None:
        state, reason = _before_baseline(store, feature, as_of, [n for _, n in good])
    else:
        state, reason = _at_rest(confirmed)
    return Verdict(
        feature=feature, state=state, reason=reason,
        onset=incident.onset if incident else None,
        since=incident.opened_at if incident else None,
        incident_id=incident.incident_id if incident else None,
        learning_weeks=0 if accepted else min(len(good), N_WEEKS),
        baseline=_baseline(accepted) if accepted else None,
        confirmed=confirmed, provisional=_week(store, feature, as_of, lag=0),
        alarm=_alarm(store, feature, as_of),
    )  # fmt: skip


def _by_signals(store: Store, feature: str, as_of: datetime, *, learns: bool) -> Verdict | None:
    """Return what signals say; while success is still learned only an incident of theirs speaks."""
    n_weeks = len(store.rows("baseline_full_weeks", feature=feature, as_of=as_of))
    found = signal_verdict(store, feature, as_of)
    if found is None or (found.incident is None and (learns or n_weeks < N_WEEKS)):
        return None
    if found.incident is None and _week(store, feature, as_of, lag=1) is None:
        return None
    incident = found.incident
    return Verdict(
        feature=feature, state=found.state, measure=found.measure, reason=found.reason,
        onset=incident.onset if incident else None, since=incident.opened_at if incident else None,
        incident_id=incident.incident_id if incident else None,
        learning_weeks=found.learning_weeks, signal_weeks=found.weeks,
        alarm=_view(alarm_state(store, feature, incident.stream if incident else FRICTION, as_of)),
    )  # fmt: skip


def _course(store: Store, feature: str, as_of: datetime, incident: Incident) -> State:
    weeks = store.rows("alarm_levels", feature=feature, since=incident.onset, as_of=as_of)
    rising = alarms.above_trough([(week["value"], week["se"]) for week in weeks])
    return "recovering" if rising else "falling"


def _before_baseline(
    store: Store, feature: str, as_of: datetime, n_labels: list[int]
) -> tuple[State, str]:
    """Say how far learning is; a feature that had its four weeks and no outcomes won't learn."""
    n_weeks = len(store.rows("baseline_full_weeks", feature=feature, as_of=as_of))
    if n_labels or n_weeks < N_WEEKS:
        reason = f"week {min(len(n_labels), N_WEEKS)} of {N_WEEKS}"
        if len(n_labels) >= N_WEEKS and sum(n_labels[-N_WEEKS:]) < ENOUGH_LABELS:
            reason += f", {sum(n_labels[-N_WEEKS:])} of {ENOUGH_LABELS} outcomes"
        return "learning", reason
    confirmed = _week(store, feature, as_of, lag=1)
    return "not_measurable", confirmed.estimate.why_not if confirmed else "no user requests"


def _at_rest(confirmed: WeekEstimate | None) -> tuple[State, str]:
    if confirmed is None:
        return "not_measurable", "no user requests in the confirmed week"
    if not confirmed.estimate.measured:
        return "not_measurable", confirmed.estimate.why_not
    return "steady", ""


def _week(store: Store, feature: str, as_of: datetime, lag: int) -> WeekEstimate | None:
    """Return the week that reached `lag` at the last close; None when it had no user requests."""
    rows = store.rows("figure_week_at", feature=feature, as_of=as_of, lag=lag)
    if not rows:
        return None
    row = rows[0]
    details: dict[str, Any] = json.loads(row["details"])
    return WeekEstimate(
        week=row["week"], lag=lag,
        estimate=Estimate(
            row["value"], row["low"], row["high"], row["n"], row["n_labels"], row["why_not"]
        ),
        se=row["se"], withheld=details["withheld"], pooled_weeks=row["pooled_weeks"],
        detectable=details.get("detectable"), back_filled=row["back_filled"],
    )  # fmt: skip


def _baseline(accepted: SuccessBaseline) -> Baseline:
    return Baseline(
        version=accepted.version, weeks=accepted.weeks, value=accepted.value, se=accepted.se,
        n=accepted.n, n_labels=accepted.details["n_labels"], as_of=accepted.as_of,
        accepted_by=accepted.accepted_by, reason=accepted.reason,
    )  # fmt: skip


def _alarm(store: Store, feature: str, as_of: datetime) -> AlarmView | None:
    rows = store.rows("alarm_state", feature=feature, stream=STREAM, as_of=as_of)
    return _view(Detector.from_json(rows[0]["state"])) if rows else None


def _view(kept: Detector | None) -> AlarmView | None:
    if kept is None or kept.last_week is None:
        return None
    return AlarmView(
        statistic=kept.statistic, threshold=kept.limit, updates=kept.updates,
        last_week=kept.last_week,
    )  # fmt: skip
