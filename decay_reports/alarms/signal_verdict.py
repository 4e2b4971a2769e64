"""The verdict of a feature without a success figure: where its satisfaction and friction stand."""

from datetime import date, datetime
from typing import Literal

import msgspec

from decay_reports.alarms import detector as alarms
from decay_reports.alarms import incidents, signal_alarms, signal_baseline
from decay_reports.alarms.incidents import Incident
from decay_reports.figures.baseline import N_WEEKS
from decay_reports.figures.signal_days import FRICTION, METRICS, natural
from decayd.weeks import monday
from store.database import Store
from store.findings import findings_at

State = Literal["falling", "recovering", "steady", "learning", "not_measurable"]
SIGNALS = "friction and satisfaction"


class SignalVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """A state, the measure that it rests on, its baseline's weeks, and the open incident."""

    state: State
    measure: str
    reason: str = ""
    incident: Incident | None = None
    learning_weeks: int = 0
    weeks: tuple[date, ...] = ()


def signal_verdict(store: Store, feature: str, as_of: datetime) -> SignalVerdict | None:
    """Read a verdict from the streams of signals; None where they can say nothing either."""
    accepted = [signal_baseline.newest(store, feature, metric, as_of) for metric in METRICS]
    known = [baseline for baseline in accepted if baseline is not None]
    if not known:
        return _learning(store, feature, as_of)
    for metric in METRICS:
        if incident := incidents.find_open(store, feature, metric, as_of):
            state = _course(store, feature, as_of, incident)
            return SignalVerdict(
                state=state, measure=metric, incident=incident, weeks=known[0].weeks
            )
    measure = " and ".join(baseline.kind for baseline in known)
    missing = _missing(store, feature, as_of)
    return SignalVerdict(
        state="not_measurable" if missing else "steady", measure=measure, weeks=known[0].weeks,
        reason=missing or f"on {measure}, signals and not success",
    )  # fmt: skip


def alarm_state(store: Store, feature: str, metric: str, as_of: datetime) -> alarms.Detector | None:
    """Return the detector of a stream; None before its first update."""
    accepted = signal_baseline.newest(store, feature, metric, as_of)
    if accepted is None:
        return None
    kept = signal_alarms.stream_of(store, feature, metric, as_of, accepted.version).detector
    return kept if kept.last_week is not None else None


def _learning(store: Store, feature: str, as_of: datetime) -> SignalVerdict | None:
    weeks = len(signal_baseline.candidate_weeks(store, feature, FRICTION, as_of))
    if not weeks:
        return None
    reason = f"week {min(weeks, N_WEEKS)} of {N_WEEKS} of {SIGNALS}, signals and not success"
    return SignalVerdict(
        state="learning", measure=SIGNALS, reason=reason, learning_weeks=min(weeks, N_WEEKS)
    )


def _course(store: Store, feature: str, as_of: datetime, incident: Incident) -> State:
    metric, since = incident.stream, monday(incident.onset)
    weeks = store.rows("signal_weeks", feature=feature, metric=metric, as_of=as_of)
    levels = [(natural(metric, w["value"]), w["se"]) for w in weeks if w["week"] >= since]
    return "recovering" if alarms.above_trough(levels) else "falling"


def _missing(store: Store, feature: str, as_of: datetime) -> str:
    for found in findings_at(store, as_of, feature=feature, kind="signals_missing"):
        if found.state == "open":
            return found.title
    return ""
