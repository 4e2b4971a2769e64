"""The infrastructure row: latency and errors of the newest week against the weeks before."""

import math
from collections.abc import Sequence
from datetime import date
from typing import Literal

from decay_reports.facts.material import Material, Row
from decay_reports.facts.report import InfrastructureFacts
from decay_reports.facts.system import NOTHING
from decayd.results import Estimate
from decayd.weeks import WEEK

_Z95 = 1.96
_WEEKS_BEFORE = 4
_MORE_ERRORS = 0.01  # one point of requests: below it nobody is called on Monday
_SLOWER = 1.25  # times the earlier p95; smaller moves are within a week's usual load


def before_weeks(material: Material, name: str, baseline: Sequence[date]) -> tuple[date, ...]:
    """Return what the newest week is held against: the baseline's weeks, else the last four."""
    earlier = [material.week - WEEK * back for back in range(_WEEKS_BEFORE, 0, -1)]
    weeks = baseline or earlier
    return tuple(
        week for week in weeks if week != material.week and material.lags(name, week, "requests")
    )


def infrastructure(material: Material, name: str, before: Sequence[date]) -> InfrastructureFacts:
    """Describe the newest closed week's traffic of every status."""
    week = material.week
    requests = material.lags(name, week, "requests")
    p95 = material.newest(name, week, "latency_p95_ms")
    errors = material.newest(name, week, "error_share")
    timeouts = material.newest(name, week, "timeout_share")
    p95_before = pooled(material, name, before, "latency_p95_ms")
    errors_before = pooled(material, name, before, "error_share")
    timeouts_before = pooled(material, name, before, "timeout_share")
    worse = (
        _above(p95, p95_before, times=_SLOWER),
        _above(errors, errors_before, plus=_MORE_ERRORS),
        _above(timeouts, timeouts_before, plus=_MORE_ERRORS),
    )
    return InfrastructureFacts(
        week=week,
        n_requests=requests[max(requests)]["n"] if requests else 0,
        latency_p50_ms=material.newest(name, week, "latency_p50_ms"),
        latency_p95_ms=p95,
        error_share=errors,
        timeout_share=timeouts,
        refusal_share=material.newest(name, week, "refusal_share"),
        latency_p95_before_ms=p95_before,
        error_share_before=errors_before,
        timeout_share_before=timeouts_before,
        state=_state(worse),
    )


def pooled(material: Material, name: str, weeks: Sequence[date], metric: str) -> Estimate:
    """Return a metric's mean over weeks, each counted by its n.

    The interval takes the weeks as independent; it is left out where a week has no SE.
    """
    rows = [_newest(material, name, week, metric) for week in weeks]
    known = [row for row in rows if row is not None and row["value"] is not None and row["n"]]
    n = sum(row["n"] for row in known)
    if not n:
        return NOTHING
    value = sum(row["value"] * row["n"] for row in known) / n
    if any(row["se"] is None for row in known):
        return Estimate(value, n=n)
    half = _Z95 * math.sqrt(sum((row["se"] * row["n"] / n) ** 2 for row in known))
    return Estimate(value, value - half, value + half, n=n)


def _newest(material: Material, name: str, week: date, metric: str) -> Row | None:
    by_lag = material.lags(name, week, metric)
    return by_lag[max(by_lag)] if by_lag else None


def _above(
    now: Estimate, before: Estimate, *, times: float = 1.0, plus: float = 0.0
) -> bool | None:
    """Tell whether the whole interval lies above what was usual; None without both numbers."""
    surely = now.low if now.low is not None else now.value
    if surely is None or before.value is None:
        return None
    return surely > before.value * times + plus


def _state(worse: Sequence[bool | None]) -> Literal["green", "worse", "unknown"]:
    if any(worse):
        return "worse"
    return "unknown" if all(each is None for each in worse) else "green"
