"""The confirmed alarm of one feature at one close: update, page once, close on recovery."""

from dataclasses import dataclass
from datetime import date, datetime

from decay_reports.alarms import detector as alarms
from decay_reports.alarms import incidents
from decay_reports.alarms.detector import Detector, Step
from decay_reports.alarms.incidents import Incident
from decay_reports.figures.baseline import SuccessBaseline
from decay_reports.figures.figure import Figure, FigureKey
from decayd.config import AlarmSettings
from decayd.weeks import WEEK
from store.database import Transaction

STREAM = "success"


@dataclass(frozen=True)
class Turn:
    """What happened to a feature's incident at a close; `incident` is the one it is about."""

    incident: Incident | None = None
    opened: bool = False
    closed_because: str = ""


def take_turn(
    tx: Transaction, key: FigureKey, figure: Figure, baseline: SuccessBaseline,
    settings: AlarmSettings,
) -> Turn:  # fmt: skip
    """Feed a live week's lag-1 figure to the alarm and keep its state and incident.

    The week is passed over when it has no number (too few outcomes, outcomes late), or when it
    pools weeks that the alarm has seen or that belong to the baseline.
    """
    detector = detector_of(tx, key.feature, key.as_of, baseline.version)
    incident = incidents.find_open(tx, key.feature, STREAM, key.as_of)
    if incident and incident.details["baseline_version"] != baseline.version:
        turn = _close(tx, incident, key.as_of, "a new baseline was accepted")
        incident = None
    else:
        turn = Turn(incident)
    span = _span(key.week, figure.pooled_weeks)
    if figure.value is None or figure.se is None or _seen(detector, span, baseline):
        return turn
    d = alarms.fall(baseline.value, baseline.se, settings.tolerance, figure.value)
    step = Step(key.week, d, alarms.weekly_variance(figure.se))
    detector = detector.update(step, _threshold(tx, key.as_of, settings))
    if incident is None and detector.alarms:
        turn = _open(tx, key, detector, baseline)
    elif incident and _is_back(tx, key, incident, baseline, settings.tolerance):
        turn = _close(tx, incident, key.as_of, "success is back at its baseline")
        detector = detector.restarted()
    _keep(tx, key, detector)
    return turn


def detector_of(tx: Transaction, feature: str, as_of: datetime, version: int) -> Detector:
    """Return the alarm's state; fresh when it was kept against another baseline."""
    rows = tx.rows("alarm_state", feature=feature, stream=STREAM, as_of=as_of)
    if not rows:
        return Detector(version)
    kept = Detector.from_json(rows[0]["state"])
    return kept if kept.baseline_version == version else Detector(version, last_week=kept.last_week)


def _span(week: date, pooled_weeks: int) -> tuple[date, ...]:
    return tuple(week - WEEK * back for back in reversed(range(pooled_weeks)))


def _seen(detector: Detector, span: tuple[date, ...], baseline: SuccessBaseline) -> bool:
    entered = detector.last_week is not None and span[0] <= detector.last_week
    return entered or not set(span).isdisjoint(baseline.weeks)


def n_streams(tx: Transaction, as_of: datetime) -> int:
    """Return how many streams share the budget of false pages at a close."""
    return int(tx.rows("baseline_streams", as_of=as_of)[0]["n_streams"])


def _threshold(tx: Transaction, as_of: datetime, settings: AlarmSettings) -> float:
    return alarms.threshold(n_streams(tx, as_of), settings.false_pages_per_year)


def _open(tx: Transaction, key: FigureKey, detector: Detector, baseline: SuccessBaseline) -> Turn:
    incident = Incident(
        incident_id=incidents.new_id(tx), feature=key.feature, stream=STREAM,
        opened_at=key.as_of, onset=detector.onset() or key.week,
        details={"baseline_version": baseline.version, "statistic": detector.statistic},
    )  # fmt: skip
    tx.append("incidents", [incident.row("opened", key.as_of)])
    return Turn(incident, opened=True)


def close_incident(tx: Transaction, incident: Incident, as_of: datetime, because: str) -> None:
    """Append that an incident is over."""
    tx.append("incidents", [incident.row("closed", as_of, reason=because)])


def _close(tx: Transaction, incident: Incident, as_of: datetime, because: str) -> Turn:
    close_incident(tx, incident, as_of, because)
    return Turn(incident, closed_because=because)


def _is_back(
    tx: Transaction, key: FigureKey, incident: Incident, baseline: SuccessBaseline,
    tolerance: float,
) -> bool:  # fmt: skip
    weeks = tx.rows("alarm_levels", feature=key.feature, since=incident.onset, as_of=key.as_of)
    values = [week["value"] for week in weeks]
    return alarms.recovered(values, baseline.value, baseline.se, tolerance)


def _keep(tx: Transaction, key: FigureKey, detector: Detector) -> None:
    tx.append("alarm_states", [{
        "feature": key.feature, "stream": STREAM, "as_of": key.as_of, "week": key.week,
        "state": detector.to_json(),
    }])  # fmt: skip
