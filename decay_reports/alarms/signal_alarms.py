"""Satisfaction and friction at a week's close: seven daily updates, a page or a hint."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import msgspec

from decay_reports.alarms import incidents
from decay_reports.alarms.confirmed import close_incident
from decay_reports.alarms.day_stream import DayStream, Margin, fresh
from decay_reports.alarms.incidents import Incident
from decay_reports.alarms.signal_baseline import SignalBaseline
from decay_reports.figures.day_levels import Day
from decay_reports.figures.figure import FigureKey
from decay_reports.figures.signal_days import FRICTION, SATISFACTION
from decayd.weeks import monday
from store.database import Store, Transaction

_OTHER = {FRICTION: SATISFACTION, SATISFACTION: FRICTION}


@dataclass(frozen=True)
class SignalTurn:
    """Where a stream stands after a close; `onset` is None while nothing is wrong.

    An incident pages; without one it is a hint. `closed_because` says why either ended just now.
    """

    onset: date | None = None
    incident: Incident | None = None
    closed_because: str = ""


def take_turn(
    tx: Transaction, key: FigureKey, days: Sequence[Day], baseline: SignalBaseline,
    margin: Margin, *, pages: bool,
) -> SignalTurn:  # fmt: skip
    """Feed a live week's days to the stream and keep its state and incident.

    `pages` is for features without a success figure. `days` is empty while a gate fires.
    """
    stream = stream_of(tx, key.feature, baseline.kind, key.as_of, baseline.version)
    incident = incidents.find_open(tx, key.feature, baseline.kind, key.as_of)
    why = _outdated(incident, baseline, pages=pages)
    if incident and why:
        stream = stream.restarted()
        keep(tx, key, baseline.kind, stream)
        return _end(tx, key, SignalTurn(incident.onset, incident), why)
    mine = [day for day in days if monday(day.day) not in baseline.weeks]
    stream = stream.updated(mine, baseline.level, margin)
    turn = SignalTurn(incident.onset if incident else stream.onset, incident)
    if turn.onset and stream.recovered(baseline.level, margin.tolerance, turn.onset):
        keep(tx, key, baseline.kind, stream.restarted())
        return _end(tx, key, turn, f"{baseline.kind} is back at its baseline")
    if turn.onset is None and stream.detector.alarms:
        turn = _begin(tx, key, stream, baseline, pages=pages)
        stream = msgspec.structs.replace(stream, onset=None if pages else turn.onset)
    keep(tx, key, baseline.kind, stream)
    return turn


def stream_of(
    source: Store | Transaction, feature: str, stream: str, as_of: datetime, version: int
) -> DayStream:
    """Return a stream's state; fresh when it was kept against another baseline."""
    rows = source.rows("alarm_state", feature=feature, stream=stream, as_of=as_of)
    if not rows:
        return fresh(version)
    kept = DayStream.from_json(rows[0]["state"])
    if kept.detector.baseline_version == version:
        return kept
    return fresh(version, kept.last_day)


def keep(tx: Transaction, key: FigureKey, stream: str, state: DayStream) -> None:
    """Append a stream's state."""
    tx.append("alarm_states", [{
        "feature": key.feature, "stream": stream, "as_of": key.as_of, "week": key.week,
        "state": state.to_json(),
    }])  # fmt: skip


def onset_week(stream: DayStream, otherwise: date) -> date:
    """Return the Monday of the week in which the fall began most likely."""
    return monday(stream.detector.onset() or otherwise)


def _outdated(incident: Incident | None, baseline: SignalBaseline, *, pages: bool) -> str:
    if incident is None:
        return ""
    if incident.details["baseline_version"] != baseline.version:
        return "a new baseline was accepted"
    return "" if pages else "success can be measured now"


def _begin(
    tx: Transaction, key: FigureKey, stream: DayStream, baseline: SignalBaseline, *, pages: bool
) -> SignalTurn:
    onset = onset_week(stream, key.week)
    if not pages:
        return SignalTurn(onset)
    day = stream.detector.onset() or onset
    other = incidents.find_open(tx, key.feature, _OTHER[baseline.kind], key.as_of)
    incident = Incident(
        incident_id=incidents.new_id(tx), feature=key.feature, stream=baseline.kind,
        opened_at=key.as_of, onset=onset,
        details={
            "baseline_version": baseline.version, "statistic": stream.detector.statistic,
            "onset_day": day.isoformat(), "beside": other.incident_id if other else "",
        },
    )  # fmt: skip
    tx.append("incidents", [incident.row("opened", key.as_of)])
    return SignalTurn(onset, incident)


def _end(tx: Transaction, key: FigureKey, turn: SignalTurn, because: str) -> SignalTurn:
    if turn.incident:
        close_incident(tx, turn.incident, key.as_of, because)
    return SignalTurn(turn.onset, turn.incident, because)
