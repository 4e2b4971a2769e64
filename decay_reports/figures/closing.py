"""What one feature's weeks measure at one close: values only, nothing is written here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from decay_reports.figures import infrastructure, signal_shift, success_figures
from decay_reports.figures.baseline import SuccessBaseline, is_full
from decay_reports.figures.feature_weeks import (
    FeatureWeek,
    Known,
    Span,
    know,
    measure,
    measure_rows,
)
from decay_reports.figures.figure import Figure, FigureKey
from decay_reports.figures.frame import Frame
from decay_reports.figures.gates import Gate, completeness
from decay_reports.figures.infrastructure import Traffic
from decay_reports.figures.periods import FINAL_LAG
from decay_reports.figures.plan import FeaturePlan
from decay_reports.figures.success import MAX_POOLED_WEEKS
from decayd.config import FeatureSettings
from decayd.events import epoch_us
from decayd.weeks import WEEK, week_bounds, week_of

_FRESH_LAGS = (0, 1)  # where the gate rules; signals and latencies are complete then
_WEEKS_BEFORE = 5  # that a week's health is held against
_MONTH = 4  # weeks
_POOL = range(MAX_POOLED_WEEKS - 1, -1, -1)


@dataclass(frozen=True)
class MeasuredWeek:
    """One week's figures; `known` and `week` are None without user requests."""

    key: FigureKey
    figures: tuple[Figure, ...]
    known: Known | None = None
    week: FeatureWeek | None = None

    def figure(self, metric: str) -> Figure | None:
        """Return the headline of a metric, when it was figured."""
        found = [f for f in self.figures if f.metric == metric and not f.cell]
        return found[0] if found else None

    @property
    def stands(self) -> bool:
        """Tell whether the week has a success figure that was not withheld."""
        success = self.figure("success")
        return success is not None and success.value is not None


class FeatureClose:
    """One feature at one close; what all its weeks share is worked out once."""

    def __init__(
        self, frame: Frame, planned: FeaturePlan, baseline: SuccessBaseline | None,
        *, configured: FeatureSettings, timezone: str,
    ) -> None:  # fmt: skip
        self._as_of = planned.as_of
        self._first_request = planned.first_request
        self._timezone = timezone
        self._configured = configured
        self._frame = frame
        self._frozen = baseline.details.get("signals") if baseline else None
        self._baseline = baseline
        self._known: dict[datetime, Known] = {}

    def measure(self, key: FigureKey, traffic: Traffic) -> MeasuredWeek:
        """Measure one week; without user requests only its infrastructure.

        `traffic` is the week's own; the frame reaches back as far as the week needs.
        """
        fresh = key.back_filled or key.lag in _FRESH_LAGS
        infra = infrastructure.figures(traffic)
        made = infra if fresh else infra[:1]
        rows = self._frame.between(*self._span(key.week))
        if rows.start == rows.stop:
            return MeasuredWeek(key, tuple(made))
        known = self._know(min(self._as_of, self._end(key.week) + FINAL_LAG))
        week = measure(known, [self._span(key.week - WEEK * back) for back in _POOL])
        gate = self.gate if key.lag in _FRESH_LAGS else None
        full_week = is_full(week_bounds(key.week, self._timezone)[0], self._first_request)
        made += success_figures.success(known, week, gate, full_week=full_week)
        if fresh:
            made += self._signals(key.week, rows)
        if gate is not None and key.lag == 0:
            made.append(success_figures.arrived(gate))
        measured = MeasuredWeek(key, tuple(made), known, week)
        shift = self._shift(measured) if key.lag == 1 else None
        return replace(measured, figures=(*made, shift)) if shift else measured

    @cached_property
    def gate(self) -> Gate | None:
        """The completeness gate of the newest closed week; None when it had no user requests."""
        newest = week_of(self._as_of, self._timezone) - WEEK
        weeks = [self._span(newest - WEEK * back) for back in range(_WEEKS_BEFORE, -1, -1)]
        rows = self._frame.between(*weeks[-1])
        if rows.start == rows.stop:
            return None
        known = self._know(self._as_of)
        return completeness(self._frame, known.expected, known.maturity, weeks)

    def _signals(self, week: date, rows: slice) -> Iterator[Figure]:
        start, end = self._span(week - WEEK * _WEEKS_BEFORE)[0], self._span(week)[0]
        before = self._frame.between(start, end)
        usual = int(self._frame.gave_rating[before].sum()), before.stop - before.start
        requests = self._frame.take(rows)
        yield from success_figures.signals(requests, usual)
        yield from success_figures.topic_shares(requests)

    def _shift(self, measured: MeasuredWeek) -> Figure | None:
        base, known, week = self._baseline, measured.known, measured.week
        if not measured.stands or base is None or self._frozen is None:
            return None
        if known is None or week is None or week.result is None:
            return None
        month = [measured.key.week - WEEK * back for back in range(_MONTH)]
        since = [w for w in month if w > max(base.weeks)]
        scales = {1: week.result}
        if len(since) > 1:
            rows = self._frame.between(self._span(since[-1])[0], self._span(since[0])[1])
            scales[len(since)] = measure_rows(known, rows)
        return signal_shift.figure(known, scales, self._frozen, base)

    def _know(self, until: datetime) -> Known:
        if until not in self._known:
            self._known[until] = know(
                self._frame, self._configured, epoch_us(self._as_of), epoch_us(until)
            )
        return self._known[until]

    def _span(self, week: date) -> Span:
        start, end = week_bounds(week, self._timezone)
        return epoch_us(start), epoch_us(end)

    def _end(self, week: date) -> datetime:
        return week_bounds(week, self._timezone)[1]
