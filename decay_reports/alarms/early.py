"""The early hint: a frozen f promises less by day; outcomes confirm or contradict it later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import msgspec

from decay_reports.alarms.day_stream import DayStream, Margin
from decay_reports.alarms.signal_alarms import keep, onset_week, stream_of
from decay_reports.figures.baseline import SuccessBaseline
from decay_reports.figures.day_levels import Day, DayBaseline
from decay_reports.figures.figure import Figure, FigureKey
from decay_reports.figures.signal_days import PROMISE
from decayd.weeks import monday
from store.database import Transaction

Stage = Literal["", "hint", "confirmed", "shift"]
_CONTRADICTED = 2  # lag-1 weeks in a row whose interval contains the baseline


@dataclass(frozen=True)
class EarlyTurn:
    """How far the hint got; `closed_because` says why a hint ended just now, else it is empty."""

    stage: Stage
    onset: date | None = None
    closed_because: str = ""


@dataclass(frozen=True)
class Outcomes:
    """What outcomes say at a close.

    Attributes
    ----------
    confirmed
        Success of the live week that reached lag 1, when one did.
    incident
        Id of the open incident of success, else empty.
    """

    confirmed: Figure | None = None
    incident: str = ""


def level_of(baseline: SuccessBaseline | None) -> DayBaseline | None:
    """Return how f was by day in the baseline weeks; None where no f could be trained."""
    signals: dict[str, Any] | None = baseline.details.get("signals") if baseline else None
    return msgspec.convert(signals["daily"], DayBaseline) if signals else None


def take_turn(
    tx: Transaction, key: FigureKey, days: Sequence[Day], baseline: SuccessBaseline,
    margin: Margin, outcomes: Outcomes,
) -> EarlyTurn:  # fmt: skip
    """Feed a close to the stream and keep its state; it never pages.

    `days` hold the levels of f of the newest week; they are empty when a gate fires.
    """
    level = level_of(baseline)
    if level is None:
        return EarlyTurn("")
    stream = stream_of(tx, key.feature, PROMISE, key.as_of, baseline.version)
    mine = [day for day in days if monday(day.day) not in baseline.weeks]
    stream = stream.updated(mine, level, margin)
    stream, because = _judged(stream, baseline, outcomes)
    if stream.onset and stream.recovered(level, margin.tolerance, stream.onset):
        because = "signals are back at their baseline" if stream.stage == "hint" else because
        stream = stream.restarted()
    elif not stream.stage and stream.detector.alarms:
        stream = msgspec.structs.replace(stream, onset=onset_week(stream, key.week), stage="hint")
    keep(tx, key, PROMISE, stream)
    return EarlyTurn(msgspec.convert(stream.stage, Stage), stream.onset, because)


def _judged(
    stream: DayStream, baseline: SuccessBaseline, outcomes: Outcomes
) -> tuple[DayStream, str]:
    """Confirm a hint by an incident, or count the weeks that contradict it."""
    confirmed, incident = outcomes.confirmed, outcomes.incident
    if stream.stage == "confirmed" and not incident:
        return stream.restarted(), ""
    if incident and stream.stage in {"", "hint"}:
        because = f"confirmed as {incident}" if stream.stage else ""
        return msgspec.structs.replace(stream, stage="confirmed"), because
    if stream.stage != "hint" or confirmed is None:
        return stream, ""
    if confirmed.low is None or confirmed.high is None:
        return stream, ""
    contains = confirmed.low <= baseline.value <= confirmed.high
    n_weeks = stream.contradicted + 1 if contains else 0
    if n_weeks < _CONTRADICTED:
        return msgspec.structs.replace(stream, contradicted=n_weeks), ""
    shifted = msgspec.structs.replace(stream, stage="shift", contradicted=n_weeks)
    return shifted, "signal shift: success stayed at its baseline for two confirmed weeks"
