"""One feature at one close: figures, pseudo-outcomes, baseline, alarm, findings, all or none."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from decay_reports.alarms import announce, confirmed, signal_baseline, signal_run
from decay_reports.alarms.members import request_ids
from decay_reports.alarms.signal_run import SignalClose
from decay_reports.figures import baseline
from decay_reports.figures.baseline import Acceptance, SuccessBaseline
from decay_reports.figures.closing import FeatureClose, MeasuredWeek
from decay_reports.figures.feature_weeks import Known
from decay_reports.figures.frame import Bools, Frame
from decay_reports.figures.infrastructure import Traffic
from decay_reports.figures.maturity import HALF
from decay_reports.figures.periods import measure_period
from decay_reports.figures.plan import FeaturePlan
from decayd.config import Settings
from decayd.events import epoch_us
from decayd.weeks import week_bounds
from store.database import Store, Transaction

_LAUNCH_REASON = "first four full weeks with enough outcomes"


def run_feature(
    store: Store, settings: Settings, planned: FeaturePlan, frame: Frame, traffic: Traffic,
    *, joins_fail: bool,
) -> int:  # fmt: skip
    """Measure a feature's weeks and write everything that follows; return the number of figures.

    While `joins_fail`, signals lack their requests and change no alarm.
    """
    timezone = settings.report.timezone
    accepted = baseline.newest(store, planned.feature, planned.as_of)
    close = FeatureClose(
        frame, planned, accepted, configured=settings.feature(planned.feature), timezone=timezone
    )
    weeks = []
    for key in planned.keys:
        start, end = week_bounds(key.week, timezone)
        of_week = traffic.between(epoch_us(start), epoch_us(end))
        if len(of_week.ts_us):
            weeks.append(close.measure(key, of_week))
    rows = [figure.row(week.key) for week in weeks for figure in week.figures]
    with store.transaction() as tx:
        tx.append("weekly_figures", rows)
        _replace_pseudo_outcomes(tx, weeks)
        accepted = accepted or _launch(tx, store, settings, planned)
        days = signal_run.record(tx, settings, weeks, accepted)
        signal_baseline.launch(tx, planned.feature, planned.as_of)
        for week in weeks:
            _announce(tx, settings, week, accepted, close)
        signal_run.watch(tx, SignalClose(settings, accepted, days, joins_fail), weeks)
    return len(rows)


def _replace_pseudo_outcomes(tx: Transaction, weeks: Sequence[MeasuredWeek]) -> None:
    """Keep the newest psi of each request; weeks whose number is withheld keep what they had."""
    tables = [table for week in weeks if (table := _pseudo_outcomes(week)) is not None]
    if tables:
        measured = [week.key.week for week in weeks if week.stands]
        tx.run("pseudo_delete", feature=weeks[0].key.feature, weeks=measured)
        tx.append("pseudo_outcomes", pa.concat_tables(tables))


def _pseudo_outcomes(week: MeasuredWeek) -> pa.Table | None:
    if week.known is None or week.week is None or week.week.result is None or not week.stands:
        return None
    frame, result = week.known.frame, week.week.result
    own = week.week.own_rows
    n_rows = own.stop - own.start
    return pa.table({
        "request_key": pa.array(frame.request_key[own], pa.uint64()),
        "feature": pa.array([week.key.feature] * n_rows),
        "week": pa.array([week.key.week] * n_rows),
        "topic_id": pa.array(np.array(frame.topics)[frame.topic[own]].tolist(), pa.string()),
        "psi": result.psi[-n_rows:],
        "influence": result.influence[-n_rows:] * result.n,
        "labelled": result.labelled[-n_rows:],
        "as_of": pa.array([week.key.as_of] * n_rows, pa.timestamp("us")),
    })  # fmt: skip


def _launch(
    tx: Transaction, store: Store, settings: Settings, planned: FeaturePlan
) -> SuccessBaseline | None:
    """Accept the launch baseline once four full weeks carry enough labels."""
    as_of = planned.as_of
    chosen = baseline.launch_weeks(baseline.candidate_weeks(tx, planned.feature, as_of))
    period = chosen and measure_period(store, planned.feature, chosen, as_of, settings)
    if not period:
        return None
    accepted = baseline.of_period(period, 1, Acceptance(baseline.LAUNCH, _LAUNCH_REASON, as_of))
    tx.append("baselines", [baseline.row(planned.feature, accepted)])
    return accepted


def _announce(
    tx: Transaction, settings: Settings, week: MeasuredWeek, accepted: SuccessBaseline | None,
    close: FeatureClose,
) -> None:  # fmt: skip
    """Let the alarm and the gates speak; weeks that were filled in raise nothing."""
    if week.key.back_filled or week.known is None:
        return
    known, key = week.known, week.key
    if key.lag == 0 and close.gate is not None:
        missing = known.expected.eligible & ~known.frame.arrived & close.gate.fired
        members = request_ids(tx, week, missing, key.week, settings.report.timezone)
        announce.outcomes_late(tx, key, close.gate, members)
    figure = week.figure("success")
    if key.lag != 1 or accepted is None or figure is None:
        return
    turn = confirmed.take_turn(tx, key, figure, accepted, settings.alarms)
    since = turn.incident.onset if turn.incident else key.week
    failed = _failed(known) & (turn.incident is not None)
    members = request_ids(tx, week, failed, since, settings.report.timezone)
    announce.success(tx, key, turn, figure, accepted, members)


def _failed(known: Known) -> Bools:
    """Tell which requests failed; a silent one has failed once it is old enough to be sure."""
    failed = known.labels.member & (known.labels.target < HALF)
    if known.expected.silence_is_failure:
        failed &= known.frame.age_days(known.as_of_us) > known.expected.matured_after_days()
    return failed
