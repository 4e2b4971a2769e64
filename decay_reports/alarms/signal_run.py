"""The signals of one feature at one close: daily figures, baselines, streams and what they say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from decay_reports.alarms import (
    announce,
    early,
    incidents,
    signal_alarms,
    signal_announce,
    signal_baseline,
    signal_kinds,
)
from decay_reports.alarms.confirmed import STREAM, n_streams
from decay_reports.alarms.day_stream import Margin, threshold
from decay_reports.alarms.early import EarlyTurn, Outcomes
from decay_reports.alarms.members import request_ids
from decay_reports.alarms.signal_announce import Told
from decay_reports.figures import signal_days
from decay_reports.figures.baseline import SuccessBaseline
from decay_reports.figures.closing import MeasuredWeek
from decay_reports.figures.day_levels import Day
from decay_reports.figures.feature_weeks import Known
from decay_reports.figures.figure import Figure
from decay_reports.figures.frame import Bools
from decay_reports.figures.gates import MAX_Z
from decay_reports.figures.signal_days import FRICTION, METRICS, PROMISE, SATISFACTION
from decay_reports.figures.signal_model import SignalModel
from decayd.config import Settings
from decayd.events import epoch_us
from decayd.weeks import WEEK, week_bounds
from store.database import Transaction

_FRESH_LAGS = (0, 1)
_ASKED_OTHERWISE = 2.0  # ratings are that many times as common, or as rare, as they were

WeekDays = dict[str, list[Day]]


@dataclass(frozen=True)
class SignalClose:
    """What the streams of a feature need to know of a close; `days` are by week, then metric."""

    settings: Settings
    accepted: SuccessBaseline | None
    days: dict[date, WeekDays]
    joins_fail: bool

    @property
    def timezone(self) -> str:
        """Return the time zone in which days begin."""
        return self.settings.report.timezone


def record(
    tx: Transaction, settings: Settings, weeks: Sequence[MeasuredWeek],
    accepted: SuccessBaseline | None,
) -> dict[date, WeekDays]:  # fmt: skip
    """Append the days of weeks that have none yet, and return them."""
    made = {}
    model = _model(accepted)
    for week in weeks:
        key = week.key
        if week.known is None or not (key.back_filled or key.lag in _FRESH_LAGS):
            continue
        if tx.rows(
            "daily_days", feature=key.feature, start=key.week, until=key.week + WEEK,
            as_of=key.as_of,
        ):  # fmt: skip
            continue
        start, end = week_bounds(key.week, settings.report.timezone)
        frame = week.known.frame
        asked = frame.take(frame.between(epoch_us(start), epoch_us(end)))
        f = model.predict(asked) if model and not key.back_filled else None
        made[key.week] = signal_days.days_of(asked, settings.report.timezone, f)
        tx.append("daily_figures", list(signal_days.figures(key, made[key.week])))
    return made


def watch(tx: Transaction, close: SignalClose, weeks: Sequence[MeasuredWeek]) -> None:
    """Feed a close's live weeks to the streams, and say what they found."""
    live = [week for week in weeks if not week.key.back_filled and week.known is not None]
    if not live:
        return
    budget = close.settings.alarms
    limit = threshold(n_streams(tx, live[0].key.as_of), budget.false_pages_per_year)
    margin = Margin(budget.tolerance, limit)
    newest = next((week for week in live if week.key.lag == 0), None)
    older = next((week for week in live if week.key.lag == 1), None)
    if newest:
        for metric in METRICS:
            _watch_metric(tx, close, newest, metric, margin)
    stage = _watch_promise(tx, close, (newest, older), margin)
    if older:
        _watch_meaning(tx, close, older, contradicted=stage == "shift")


def _watch_metric(
    tx: Transaction, close: SignalClose, week: MeasuredWeek, metric: str, margin: Margin
) -> None:
    key, known = week.key, week.known
    baseline = signal_baseline.newest(tx, key.feature, metric, key.as_of)
    if baseline is None or known is None:
        return
    days = close.days.get(key.week, {}).get(metric, [])
    if metric == FRICTION:
        signal_announce.signals_missing(tx, Told(key, (), close.timezone), days, baseline)
    if metric == SATISFACTION and not close.joins_fail:
        without = signal_kinds.lacking(tx, key, known.frame, days, baseline, close.timezone)
        days = [day for day in days if day.day not in without]
    gated = close.joins_fail or (metric == SATISFACTION and _asked_otherwise(week))
    turn = signal_alarms.take_turn(
        tx, key, () if gated else days, baseline, margin,
        pages=close.accepted is None,
    )  # fmt: skip
    chosen = _bad(known, metric) & (turn.onset is not None)
    members = request_ids(tx, week, chosen, turn.onset or key.week, close.timezone)
    told = Told(key, members, close.timezone)
    signal_announce.stream_moved(tx, told, turn, week.figure(metric), baseline)


def _watch_promise(
    tx: Transaction, close: SignalClose, pair: tuple[MeasuredWeek | None, MeasuredWeek | None],
    margin: Margin,
) -> str:  # fmt: skip
    newest, older = pair
    week, accepted = newest or older, close.accepted
    level = early.level_of(accepted)
    if week is None or accepted is None or level is None:
        return ""
    key = week.key
    days = close.days.get(newest.key.week, {}).get(PROMISE, []) if newest else []
    open_one = incidents.find_open(tx, key.feature, STREAM, key.as_of)
    turn = early.take_turn(
        tx, key, () if close.joins_fail else days, accepted, margin,
        Outcomes(
            older.figure("success") if older else None, open_one.incident_id if open_one else ""
        ),
    )  # fmt: skip
    members = _promising_little(tx, close, week, turn, level.value)
    signal_announce.early_hint(tx, Told(key, members, close.timezone), turn, days, level)
    return turn.stage


def _watch_meaning(
    tx: Transaction, close: SignalClose, week: MeasuredWeek, *, contradicted: bool
) -> None:
    shift, success, known = week.figure("signal_shift"), week.figure("success"), week.known
    if shift is None or success is None or known is None:
        return
    moved = known.labels.member & (shift.details["fired"] or contradicted)
    members = request_ids(tx, week, moved, week.key.week, close.timezone)
    announce.signals_moved(tx, week.key, shift, success, members, contradicted=contradicted)


def _bad(known: Known, metric: str) -> Bools:
    if metric == FRICTION:
        return known.frame.friction
    return known.frame.rated & (known.frame.score < 0)


def _promising_little(
    tx: Transaction, close: SignalClose, week: MeasuredWeek, turn: EarlyTurn, usual: float
) -> list[str]:
    model = _model(close.accepted)
    if turn.stage != "hint" or turn.onset is None or model is None or week.known is None:
        return []
    low = model.predict(week.known.frame) < usual
    return request_ids(tx, week, low, turn.onset, close.timezone)


def _asked_otherwise(week: MeasuredWeek) -> bool:
    """Tell whether ratings are so much more or less common that others give them."""
    ratings: Figure | None = week.figure("rating_share")
    if ratings is None or ratings.value is None:
        return False
    usual = float(ratings.details["usual"])
    times = ratings.value / usual if usual > 0 else 1.0
    apart = times >= _ASKED_OTHERWISE or times <= 1.0 / _ASKED_OTHERWISE
    return apart and abs(float(ratings.details["z"])) > MAX_Z


def _model(accepted: SuccessBaseline | None) -> SignalModel | None:
    frozen = accepted.details.get("signals") if accepted else None
    return SignalModel.from_json(frozen["model"]) if frozen else None
